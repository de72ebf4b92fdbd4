"""The stored route of a case, whom it was offered to, and who can be asked next."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, exists, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts import SHELTERS, Actor, NotVisible, Permission
from nrm.domain.referrals import (
    Asked,
    ReferralStatus,
    chain_since_holder,
    duty_officer_decides,
)
from nrm.domain.routes import EXCLUSIONS, Exclusion
from nrm.models.accounts import Keyring, Organisation
from nrm.models.cases import PendingGrant
from nrm.models.referrals import Referral, RouteCandidate, RouteExclusion
from nrm.store import consents
from nrm.store.countries import country
from nrm.store.referrals import names


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """A party of the stored route, and whether it was asked since the last holder."""

    organisation_id: uuid.UUID
    code: str
    names: dict[str, str]
    telephone: str
    clause: str
    must: bool
    reason: dict[str, str]
    asked: bool


def chain(case_id: uuid.UUID) -> list[Asked]:
    """The referrals of a case since its last holder, oldest first; for actions that saw the case already."""
    statement = (
        select(Organisation.code, Referral.status, Referral.decline_reason)
        .join(Organisation, Organisation.id == Referral.receiver_id)
        .where(Referral.case_id == case_id)
        .order_by(Referral.position)
    )
    return chain_since_holder(
        [Asked(code, ReferralStatus(status), reason) for code, status, reason in db.session.execute(statement)]
    )


def route_of(case_id: uuid.UUID) -> Sequence[Row[RouteCandidate, str]]:
    """(candidate, code) in order; for actions that saw the case already."""
    statement = (
        select(RouteCandidate, Organisation.code)
        .join(Organisation, Organisation.id == RouteCandidate.organisation_id)
        .where(RouteCandidate.case_id == case_id)
        .order_by(RouteCandidate.position)
    )
    return db.session.execute(statement).all()


def last_of(case_id: uuid.UUID) -> Referral | None:
    """The newest referral of a case; for actions that saw the case already."""
    statement = select(Referral).where(Referral.case_id == case_id).order_by(Referral.position.desc()).limit(1)
    return db.session.scalar(statement.execution_options(populate_existing=True))


def only_with_a_new_yes(case_id: uuid.UUID) -> set[str]:
    """The parties that may be asked only after the person says yes again: struck out then or later, in a region to be
    avoided, or excluded for a withheld reason. This holds for the case, so for every later move too."""
    excluded = _excluded(case_id, Exclusion.STRUCK_OUT, Exclusion.AVOIDED_REGION, Exclusion.WITHHELD)
    return excluded | consents.struck_out(case_id)


def forbidden(case_id: uuid.UUID) -> set[str]:
    """The parties that a clause forbids; nobody sends the person there."""
    return _excluded(case_id, Exclusion.FORBIDDEN)


def _excluded(case_id: uuid.UUID, *why: Exclusion) -> set[str]:
    statement = select(RouteExclusion.party).where(
        RouteExclusion.case_id == case_id, RouteExclusion.reason_en.in_([EXCLUSIONS[each]["en"] for each in why])
    )
    return set(db.session.scalars(statement))


def were_with(case_id: uuid.UUID) -> set[uuid.UUID]:
    """The organisations that had the person before; for actions and pages that saw the case already."""
    had = (Referral.case_id == case_id, Referral.arrived_at.is_not(None))
    return set(db.session.scalars(select(Referral.sender_id).where(*had))) | set(
        db.session.scalars(select(Referral.receiver_id).where(*had))
    )


def has_key_waiting(case_id: uuid.UUID, organisation_id: uuid.UUID) -> bool:
    """Whether the party could open the case by accepting; if not, its holder must send the keys now."""
    return bool(
        db.session.scalar(
            select(exists().where(PendingGrant.case_id == case_id, PendingGrant.organisation_id == organisation_id))
        )
    )


def candidates(case_id: uuid.UUID, *, by: Actor) -> list[CandidateLine]:
    """The stored route of a case; for the duty desk, and for the sender while the case is theirs."""
    if not (by.may(Permission.REFERRAL_DIRECT) or by.may(Permission.REFERRAL_SEND)):
        raise NotVisible
    asked = {each.party for each in chain(case_id)}
    organisations = {each.id: each for each in db.session.scalars(select(Organisation))}
    return [
        CandidateLine(
            candidate.organisation_id,
            code,
            names(organisations[candidate.organisation_id]),
            organisations[candidate.organisation_id].telephone,
            candidate.clause,
            candidate.must,
            {"sq": candidate.reason_sq, "en": candidate.reason_en},
            code in asked,
        )
        for candidate, code in route_of(case_id)
    ]


def shelters_that_signed(at: datetime) -> list[Organisation]:
    """The shelters bound by the agreement at that instant that can open what they are sent, by code."""
    day = clock.day_of(at, country().timezone)
    statement = (
        select(Organisation)
        .where(
            Organisation.kind.in_(SHELTERS),
            Organisation.enabled.is_(True),
            exists().where(Keyring.organisation_id == Organisation.id),
        )
        .order_by(Organisation.code)
    )
    return [each for each in db.session.scalars(statement) if country().binds(each.party, day)]


def duty_officer_owes(case_id: uuid.UUID) -> bool:
    """Whether the second decline of the chain has been given."""
    return duty_officer_decides([each.status for each in chain(case_id)])
