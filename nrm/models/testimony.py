"""What a victim-witness does in court, as closed codes."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column


class Testimony(Model):
    """One step of one case's witness track; the latest one is the witness status."""

    __tablename__ = "testimony"

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    position: Mapped[int]
    status: Mapped[str]
    court: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    happened_on: Mapped[date]
