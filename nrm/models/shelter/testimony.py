"""What a victim-witness does in court, as closed codes."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.testimony import REASONS, LeavingReason, WithdrawalReason, WitnessStatus
from nrm.models.accounts.accounts import one_of
from nrm.models.shelter.strikes import Strike

REASON_CODES = ("", *dict.fromkeys(map(str, (*WithdrawalReason, *LeavingReason))))
WITH_REASON = f"({one_of('status', tuple(REASONS))}) = (reason <> '')"
"""The check that a step has a reason exactly if it needs one."""


class Step(Model):
    """What is recorded of a step in the proceedings, whoever the witness is."""

    __abstract__ = True

    id: Mapped[uuid.UUID] = id_column()
    position: Mapped[int]
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    happened_on: Mapped[date]
    counts_on: Mapped[date | None]  # first day of the quarter that counts it, where that of the step was closed


class StepStrike(Strike):
    """Who struck a step."""

    __abstract__ = True

    step_id: Mapped[uuid.UUID]


class Testimony(Step):
    """One step of one case's witness track; the latest one that is not struck is the witness status."""

    __tablename__ = "testimony"
    __table_args__ = (
        UniqueConstraint("case_id", "position"),
        CheckConstraint(one_of("status", tuple(WitnessStatus)), name="known_status"),
        CheckConstraint(one_of("reason", REASON_CODES), name="known_reason"),
        CheckConstraint(WITH_REASON, name="withdrawn_with_reason"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)


class TestimonyStrike(StepStrike):
    """Who struck a step of a case."""

    __tablename__ = "testimony_strikes"

    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("testimony.id"), primary_key=True)
