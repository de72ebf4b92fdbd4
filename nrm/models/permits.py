"""Temporary Residence Permits: what is known of the procedure, without its file."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column


class Permit(Model):
    """One case's permit: informed of the options, applied, issued (from, until, ground) or refused."""

    __tablename__ = "permits"
    __table_args__ = (
        CheckConstraint("issued_until IS NULL OR issued_until >= issued_from", name="ends_after_it_began"),
        CheckConstraint("applied_on IS NULL OR informed_on IS NOT NULL", name="informed_before_applied"),
        CheckConstraint("issued_from IS NULL OR applied_on IS NOT NULL", name="applied_before_issued"),
        CheckConstraint("issued_from IS NULL OR ground IN ('legal', 'recuperative')", name="issued_on_a_ground"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), unique=True)
    state: Mapped[str]
    informed_on: Mapped[date | None]
    informed_language: Mapped[str] = mapped_column(default="")
    applied_on: Mapped[date | None]
    issued_from: Mapped[date | None]
    issued_until: Mapped[date | None]
    ground: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
