"""Until when a stay is planned: a row for each time that this changed."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.planned_ends import PlanWhy
from nrm.models.accounts.accounts import one_of


class PlannedEnd(Model):
    """One planned end, and why it took the place of the one before. Appended, never changed."""

    __tablename__ = "planned_ends"
    __table_args__ = (
        UniqueConstraint("stay_id", "position"),
        CheckConstraint(one_of("why", PlanWhy), name="known_why"),
        CheckConstraint("(position = 1) = (why = 'admission')", name="begins_with_the_admission"),
    )

    id: Mapped[uuid.UUID] = id_column()
    stay_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stays.id"))
    position: Mapped[int]
    planned_on: Mapped[date]
    why: Mapped[str]
    entered_on: Mapped[date]
    entered_by_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("members.id")
    )  # None: before there was a history
