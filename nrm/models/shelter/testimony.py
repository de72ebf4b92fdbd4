"""What a victim-witness does in court, as closed codes."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.testimony import WithdrawalReason, WitnessStatus
from nrm.models.accounts.accounts import one_of


class Testimony(Model):
    """One step of one case's witness track; the latest one is the witness status."""

    __tablename__ = "testimony"
    __table_args__ = (
        UniqueConstraint("case_id", "position"),
        CheckConstraint(one_of("status", tuple(WitnessStatus)), name="known_status"),
        CheckConstraint(one_of("reason", ("", *WithdrawalReason)), name="known_reason"),
        CheckConstraint("(status = 'testimony_withdrawn') = (reason <> '')", name="withdrawn_with_reason"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    position: Mapped[int]
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    happened_on: Mapped[date]
