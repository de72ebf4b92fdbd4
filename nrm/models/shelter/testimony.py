"""What a victim-witness does in court, as closed codes."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.shelter.testimony import REASONS, LeavingReason, WithdrawalReason, WitnessStatus
from nrm.models.accounts.accounts import one_of

REASON_CODES = ("", *dict.fromkeys(map(str, (*WithdrawalReason, *LeavingReason))))
WITH_REASON = f"({one_of('status', tuple(REASONS))}) = (reason <> '')"
"""The check that a step has a reason exactly if it needs one."""


class Testimony(Model):
    """One step of one case's witness track; the latest one that is not struck is the witness status."""

    __tablename__ = "testimony"
    __table_args__ = (
        UniqueConstraint("case_id", "position"),
        CheckConstraint(one_of("status", tuple(WitnessStatus)), name="known_status"),
        CheckConstraint(one_of("reason", REASON_CODES), name="known_reason"),
        CheckConstraint(WITH_REASON, name="withdrawn_with_reason"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    position: Mapped[int]
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    happened_on: Mapped[date]
    counts_on: Mapped[date | None]  # first day of the quarter that counts it, where that of the step was closed


class TestimonyStrike(Model):
    """Who struck a step, when and why; the step itself stays as it is."""

    __tablename__ = "testimony_strikes"
    __table_args__ = (CheckConstraint(one_of("reason", tuple(StrikeReason)), name="known_reason"),)

    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("testimony.id"), primary_key=True)
    reason: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    struck_at: Mapped[datetime]
