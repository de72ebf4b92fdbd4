"""The steps of a witness who was seen: of a case, or of somebody without one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute

from nrm.db import db
from nrm.models.shelter.testimony import Step, StepStrike, Testimony, TestimonyStrike


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Where steps and strikes lie; `whose`: the column with the id of the case or the witness."""

    step: type[Step]
    strike: type[StepStrike]
    whose: InstrumentedAttribute[uuid.UUID]

    @property
    def stands(self) -> ColumnElement[bool]:
        """The condition that a step was not struck."""
        return ~exists().where(self.strike.step_id == self.step.id)

    @property
    def counts_on(self) -> ColumnElement[date]:
        """The day whose quarter counts a step."""
        return func.coalesce(self.step.counts_on, self.step.happened_on)

    def rows(self, person_id: uuid.UUID) -> list[Step]:
        """The steps as they happened; without those that were struck."""
        statement = select(self.step).where(self.whose == person_id, self.stands)
        return list(db.session.scalars(statement.order_by(self.step.happened_on, self.step.position)))

    def with_strikes(self, person_id: uuid.UUID) -> list[tuple[Step, StepStrike | None]]:
        """Every step as they happened, with who struck it."""
        statement = (
            select(self.step, self.strike)
            .outerjoin(self.strike, self.strike.step_id == self.step.id)
            .where(self.whose == person_id)
            .order_by(self.step.happened_on, self.step.position)
        )
        return [(step, strike) for step, strike in db.session.execute(statement)]

    def last_position(self, person_id: uuid.UUID) -> int:
        """The number of the last step that was written, struck or not; 0 without any."""
        return db.session.scalar(select(func.max(self.step.position)).where(self.whose == person_id)) or 0


OF_CASES = Track(Testimony, TestimonyStrike, Testimony.case_id)


def is_witness(case_id: uuid.UUID) -> bool:
    """Whether a step stands."""
    return bool(db.session.scalar(select(exists().where(Testimony.case_id == case_id, OF_CASES.stands))))
