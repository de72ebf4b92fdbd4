"""The stored route of a case and whom it was offered to, for steps that saw the case."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Row, exists, func, select

from nrm.db import db
from nrm.domain.agreement.routes import EXCLUSIONS, Exclusion
from nrm.domain.referrals.referrals import (
    Asked,
    DeclineReason,
    ReferralStatus,
    chain_since_holder,
    duty_officer_decides,
)
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Referral, RouteCandidate, RouteExclusion
from nrm.models.shelter.cases import PendingGrant
from nrm.store.rows.shelter import consents as consent_rows


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


def answers(case_id: uuid.UUID) -> dict[str, Asked]:
    """Code -> the last no of a shelter that was asked in this case, or that it did not answer; that it cannot keep the
    person safe stays, whatever it said later. For actions and pages that saw the case already."""
    statement = (
        select(Organisation.code, Referral.status, Referral.decline_reason)
        .join(Organisation, Organisation.id == Referral.receiver_id)
        .where(Referral.case_id == case_id, Referral.status.in_((ReferralStatus.DECLINED, ReferralStatus.EXPIRED)))
        .order_by(Referral.position)
    )
    said: dict[str, Asked] = {}
    for code, status, reason in db.session.execute(statement):
        if code not in said or said[code].reason != DeclineReason.CANNOT_KEEP_SAFE:
            said[code] = Asked(code, ReferralStatus(status), reason)
    return said


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
    return excluded | consent_rows.struck_out(case_id)


def forbidden(case_id: uuid.UUID) -> set[str]:
    """The parties that a clause forbids; nobody sends the person there."""
    return _excluded(case_id, Exclusion.FORBIDDEN)


def _excluded(case_id: uuid.UUID, *why: Exclusion) -> set[str]:
    said = {EXCLUSIONS[each]["en"] for each in why}
    rows = db.session.execute(
        select(RouteExclusion.party, RouteExclusion.reason).where(RouteExclusion.case_id == case_id)
    )
    return {party for party, reason in rows if reason.get("en") in said}


def first_hour(case_id: uuid.UUID, sender_id: uuid.UUID, receiver_id: uuid.UUID) -> datetime | None:
    """By when this receiver had to answer when the same sender asked it first and took that back; for actions that saw
    the case already (ADR 0254)."""
    return db.session.scalar(select(func.min(Referral.due_at)).where(*_withdrawn(case_id, sender_id, receiver_id)))


def has_hour_of_before(referral: Referral) -> bool:
    """Whether the answer is due by the hour of an earlier referral (`first_hour`): what is left of that is no time for
    who is asked next."""
    before = _withdrawn(referral.case_id, referral.sender_id, referral.receiver_id)
    same = exists().where(*before, Referral.position < referral.position, Referral.due_at == referral.due_at)
    return bool(db.session.scalar(select(same)))


def was_promised(case_id: uuid.UUID, sender_id: uuid.UUID, receiver_id: uuid.UUID) -> bool:
    """Whether a promise of this receiver was written down for a referral that the same sender took back, also one that
    was denied; for actions and pages that saw the case already."""
    promised = (*_withdrawn(case_id, sender_id, receiver_id), Referral.promised_by != "")
    return bool(db.session.scalar(select(exists().where(*promised))))


def _withdrawn(case_id: uuid.UUID, sender_id: uuid.UUID, receiver_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    """The referrals that a sender took back; a direction is taken back by the duty desk."""
    return (
        Referral.case_id == case_id,
        Referral.sender_id == sender_id,
        Referral.receiver_id == receiver_id,
        Referral.status == ReferralStatus.WITHDRAWN,
        Referral.assigned.is_(False),
    )


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


def duty_officer_owes(case_id: uuid.UUID) -> bool:
    """Whether the second decline of the chain has been given."""
    return duty_officer_decides([each.status for each in chain(case_id)])
