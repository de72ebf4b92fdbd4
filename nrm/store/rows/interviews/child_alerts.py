"""What the child authority was told of an interview, for steps that saw the interview."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from nrm.db import db
from nrm.models.referrals.referrals import ChildAlert


def live(interview_id: uuid.UUID) -> ChildAlert | None:
    """The alert about an interview, unless it was taken back; the caller has checked who sees the interview."""
    return db.session.scalar(
        select(ChildAlert)
        .where(ChildAlert.id == interview_id, ChildAlert.withdrawn_at.is_(None))
        .execution_options(populate_existing=True)
    )


def is_told(interview_id: uuid.UUID) -> bool:
    """Whether there ever was an alert about the interview, taken back or not."""
    return db.session.scalar(select(ChildAlert.id).where(ChildAlert.id == interview_id)) is not None
