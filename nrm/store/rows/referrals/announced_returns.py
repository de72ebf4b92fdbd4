"""Announced returns as rows: which exist and which are over."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from nrm.db import db
from nrm.models.referrals.announced_returns import Notice


def is_known(notice_id: uuid.UUID) -> bool:
    """Whether the id is taken, by any organisation."""
    return db.session.scalar(select(Notice.id).where(Notice.id == notice_id)) is not None


def over(day: date, limit: int) -> Sequence[Notice]:
    """Notices whose day was `day` or earlier and is still kept; for `tend`."""
    return db.session.scalars(
        select(Notice).where(Notice.expected_on.is_not(None), Notice.expected_on <= day).limit(limit)
    ).all()
