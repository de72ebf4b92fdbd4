"""Announced returns as rows: which exist and which are over."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select

from nrm.db import db
from nrm.domain.referrals.announced_returns import Said
from nrm.models.referrals.announced_returns import AnnouncedReturn


def is_known(notice_id: uuid.UUID) -> bool:
    """Whether the id is taken, by any organisation."""
    return db.session.scalar(select(AnnouncedReturn.id).where(AnnouncedReturn.id == notice_id)) is not None


def over(day: date, limit: int) -> Sequence[AnnouncedReturn]:
    """Notices whose day was `day` or earlier and is still kept, and of which no interview goes on; for `tend`."""
    goes_on_no_more = or_(AnnouncedReturn.interview_id.is_(None), AnnouncedReturn.said == Said.ENDED)
    return db.session.scalars(
        select(AnnouncedReturn).where(AnnouncedReturn.expected_on <= day, goes_on_no_more).limit(limit)
    ).all()
