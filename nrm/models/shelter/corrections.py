"""What was corrected of a stay: rows that are appended and never changed."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.corrections import Kind, Why
from nrm.models.accounts.accounts import one_of


class StayCorrection(Model):
    """One entry that strikes another: what stood before, who struck it, when and why (ADR 0066)."""

    __tablename__ = "stay_corrections"
    __table_args__ = (
        UniqueConstraint("stay_id", "position"),
        CheckConstraint(one_of("kind", Kind), name="known_kind"),
        CheckConstraint(one_of("why", Why), name="known_why"),
        CheckConstraint("position >= 1", name="counted_from_one"),
        CheckConstraint("kind <> 'exit' OR was_ended_on IS NOT NULL", name="an_end_was_struck"),
        CheckConstraint("was_ended_on IS NULL OR was_ended_on >= was_admitted_on", name="ended_after_it_began"),
        Index("ix_stay_corrections_known_on", "known_on", "stay_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    stay_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stays.id"))
    position: Mapped[int]  # first, second ... correction of this stay
    kind: Mapped[str]
    why: Mapped[str]
    known_on: Mapped[date]  # the day it was entered: it counts in that quarter
    corrected_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    was_admitted_on: Mapped[date]
    was_ended_on: Mapped[date | None]
    was: Mapped[dict[str, Any]]  # what else the correction struck, as it stood in its columns: codes, days, ids
