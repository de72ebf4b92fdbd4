"""The supplement of a case that was seen, and those whose time is over."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from nrm.db import db
from nrm.models.shelter.cases import Supplement


def of_case(case_id: uuid.UUID) -> Supplement | None:
    """The supplement of a case, in any state; the caller has checked whose case it is."""
    return db.session.scalar(
        select(Supplement).where(Supplement.case_id == case_id).execution_options(populate_existing=True)
    )


def over(at: datetime, limit: int) -> Sequence[Supplement]:
    """Supplements whose time is over; for `tend`."""
    return db.session.scalars(
        select(Supplement).where(Supplement.status == "open", Supplement.open_until <= at).limit(limit)
    ).all()
