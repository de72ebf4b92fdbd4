"""The steps of a witness in a case that was seen."""

from __future__ import annotations

import uuid

from sqlalchemy import exists, func, select

from nrm.db import db
from nrm.models.shelter.testimony import Testimony, TestimonyStrike

STANDS = ~exists().where(TestimonyStrike.step_id == Testimony.id)
"""The condition that a step was not struck."""
COUNTS_ON = func.coalesce(Testimony.counts_on, Testimony.happened_on)
"""The day whose quarter counts a step."""


def rows(case_id: uuid.UUID) -> list[Testimony]:
    """The steps of a case that was seen already, as they happened; without those that were struck."""
    statement = select(Testimony).where(Testimony.case_id == case_id, STANDS)
    return list(db.session.scalars(statement.order_by(Testimony.happened_on, Testimony.position)))


def with_strikes(case_id: uuid.UUID) -> list[tuple[Testimony, TestimonyStrike | None]]:
    """Every step of a case that was seen already, as they happened, with who struck it."""
    statement = (
        select(Testimony, TestimonyStrike)
        .outerjoin(TestimonyStrike, TestimonyStrike.step_id == Testimony.id)
        .where(Testimony.case_id == case_id)
        .order_by(Testimony.happened_on, Testimony.position)
    )
    return [(step, strike) for step, strike in db.session.execute(statement)]


def is_witness(case_id: uuid.UUID) -> bool:
    """Whether a step stands."""
    return bool(db.session.scalar(select(exists().where(Testimony.case_id == case_id, STANDS))))


def last_position(case_id: uuid.UUID) -> int:
    """The number of the last step that was written, struck or not; 0 without any."""
    return db.session.scalar(select(func.max(Testimony.position)).where(Testimony.case_id == case_id)) or 0
