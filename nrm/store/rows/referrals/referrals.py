"""Referrals that nobody answered and beds that are kept, for what time brings and for counting room."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, ColumnExpressionArgument, exists, func, or_, select, union_all

from nrm.db import db
from nrm.domain.referrals.referrals import ReferralStatus, Terms
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Supplement
from nrm.models.shelter.stays import Stay
from nrm.prepared import Row


class KeptFor(NamedTuple):
    """Whom a bed is kept for."""

    case_id: uuid.UUID
    pseudonym: str


def terms(referral: Referral | Row) -> Terms:
    """What was fixed when it was sent."""
    return Terms(
        sent_at=referral.sent_at,
        answer_within=referral.due_at - referral.sent_at,
        expires_within=referral.expires_at - (referral.promised_at or referral.sent_at),
        must=referral.must,
        assigned=referral.assigned,
        promised_at=referral.promised_at,
        expected_at=referral.expected_at,
    )


def handed_over_urgently() -> ColumnElement[bool]:
    """Whether the case of a statement came the urgent way, as columns that are not sealed say it."""
    supplemented = exists().where(Supplement.case_id == Case.id).correlate(Case)
    return or_(Case.consent == "not_asked_urgent", supplemented)


def unanswered(at: datetime, limit: int) -> list[uuid.UUID]:
    """Referrals whose time has passed without an answer; for `tend`."""
    statement = (
        select(Referral.id)
        .where(Referral.status == ReferralStatus.SENT, Referral.expires_at <= at)
        .order_by(Referral.expires_at)
        .limit(limit)
    )
    return list(db.session.scalars(statement))


def kept_beds(organisation_id: uuid.UUID) -> dict[uuid.UUID, KeptFor]:
    """Beds kept for somebody accepted, and for whom: until the stay begins, or the person does not come."""
    kept = select(Referral.bed_id, Case.id, Case.pseudonym).join(Case, Case.id == Referral.case_id)
    mine = kept.where(Referral.receiver_id == organisation_id, Referral.bed_id.is_not(None))
    accepted = mine.where(Referral.status == ReferralStatus.ACCEPTED)
    arrived = mine.where(
        Case.holder_id == organisation_id, Case.status == "open", Referral.status == ReferralStatus.ARRIVED, ~_begun()
    )
    rows = db.session.execute(union_all(accepted, arrived))
    return {bed: KeptFor(case_id, pseudonym) for bed, case_id, pseudonym in rows if bed is not None}


def beds_held(organisation_id: ColumnExpressionArgument[uuid.UUID]) -> ColumnElement[int]:
    """How many beds referrals hold: from sending to the answer, and from acceptance until the stay begins.

    A part of a statement about `Organisation`. For speed, people who arrived are looked up among those who are there
    now, not among all who ever came.
    """
    asked = select(func.count()).where(
        Referral.receiver_id == organisation_id, Referral.status.in_((ReferralStatus.SENT, ReferralStatus.ACCEPTED))
    )
    arrived = exists().where(
        Referral.case_id == Case.id,
        Referral.receiver_id == Case.holder_id,
        Referral.status == ReferralStatus.ARRIVED,
        ~_begun(),
    )
    waiting = select(func.count()).where(Case.holder_id == organisation_id, Case.status == "open", arrived)
    return asked.correlate(Organisation).scalar_subquery() + waiting.correlate(Organisation).scalar_subquery()


def _begun() -> ColumnElement[bool]:
    return exists().where(Stay.referral_id == Referral.id, Stay.taken_back_on.is_(None))
