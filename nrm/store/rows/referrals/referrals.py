"""Referrals as rows: what was fixed when one was sent, and those that nobody answered."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select

from nrm.db import db
from nrm.domain.referrals.referrals import ReferralStatus, Terms
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Supplement
from nrm.prepared import Row


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
