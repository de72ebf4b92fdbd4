"""The steps of a witness who is no victim, of a record that was seen."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import exists, func, select

from nrm.db import db
from nrm.models.shelter.witnesses import WitnessStep, WitnessStepStrike

STANDS = ~exists().where(WitnessStepStrike.step_id == WitnessStep.id)
"""The condition that a step was not struck."""
COUNTS_ON = func.coalesce(WitnessStep.counts_on, WitnessStep.happened_on)
"""The day whose quarter counts a step."""


def rows(witness_id: uuid.UUID) -> list[WitnessStep]:
    """The steps as they happened; without those that were struck."""
    statement = select(WitnessStep).where(WitnessStep.witness_id == witness_id, STANDS)
    return list(db.session.scalars(statement.order_by(WitnessStep.happened_on, WitnessStep.position)))


def with_strikes(witness_id: uuid.UUID) -> list[tuple[WitnessStep, WitnessStepStrike | None]]:
    """Every step as they happened, with who struck it."""
    statement = (
        select(WitnessStep, WitnessStepStrike)
        .outerjoin(WitnessStepStrike, WitnessStepStrike.step_id == WitnessStep.id)
        .where(WitnessStep.witness_id == witness_id)
        .order_by(WitnessStep.happened_on, WitnessStep.position)
    )
    return [(step, strike) for step, strike in db.session.execute(statement)]


def last_position(witness_id: uuid.UUID) -> int:
    """The number of the last step that was written, struck or not; 0 without any."""
    statement = select(func.max(WitnessStep.position)).where(WitnessStep.witness_id == witness_id)
    return db.session.scalar(statement) or 0


def last_status(witness_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What each of them did last."""
    statement = (
        select(WitnessStep.witness_id, WitnessStep.status)
        .where(WitnessStep.witness_id.in_(witness_ids), STANDS)
        .order_by(WitnessStep.happened_on, WitnessStep.position)
    )
    return dict(db.session.execute(statement).all())
