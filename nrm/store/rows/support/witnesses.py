"""The steps of a witness who is no victim, of a record that was seen."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import exists, func, select

from nrm.db import db
from nrm.models.support.witnesses import RecordedStep, RecordedStepStrike

STANDS = ~exists().where(RecordedStepStrike.step_id == RecordedStep.id)
"""The condition that a step was not struck."""
COUNTS_ON = func.coalesce(RecordedStep.counts_on, RecordedStep.happened_on)
"""The day whose quarter counts a step."""


def rows(witness_id: uuid.UUID) -> list[RecordedStep]:
    """The steps as they happened; without those that were struck."""
    statement = select(RecordedStep).where(RecordedStep.witness_id == witness_id, STANDS)
    return list(db.session.scalars(statement.order_by(RecordedStep.happened_on, RecordedStep.position)))


def with_strikes(witness_id: uuid.UUID) -> list[tuple[RecordedStep, RecordedStepStrike | None]]:
    """Every step as they happened, with who struck it."""
    statement = (
        select(RecordedStep, RecordedStepStrike)
        .outerjoin(RecordedStepStrike, RecordedStepStrike.step_id == RecordedStep.id)
        .where(RecordedStep.witness_id == witness_id)
        .order_by(RecordedStep.happened_on, RecordedStep.position)
    )
    return [(step, strike) for step, strike in db.session.execute(statement)]


def last_position(witness_id: uuid.UUID) -> int:
    """The number of the last step that was written, struck or not; 0 without any."""
    statement = select(func.max(RecordedStep.position)).where(RecordedStep.witness_id == witness_id)
    return db.session.scalar(statement) or 0


def last_status(witness_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What each of them did last."""
    statement = (
        select(RecordedStep.witness_id, RecordedStep.status)
        .where(RecordedStep.witness_id.in_(witness_ids), STANDS)
        .order_by(RecordedStep.happened_on, RecordedStep.position)
    )
    return dict(db.session.execute(statement).all())
