"""Temporary Residence Permits: what is known of the procedure, without its file."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.permits import PermitStatus
from nrm.models.accounts.accounts import one_of


class Permit(Model):
    """One case's permit: informed of the options, applied, issued (from, until, ground) or refused."""

    __tablename__ = "permits"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(PermitStatus)), name="known_state"),
        CheckConstraint(
            "state = 'not_informed' OR (informed_on IS NOT NULL AND informed_language <> '')", name="informed_first"
        ),
        CheckConstraint("informed_on IS NULL OR informed_by_id IS NOT NULL", name="informed_by_somebody"),
        CheckConstraint("issued_until IS NULL OR issued_until >= issued_from", name="ends_after_it_began"),
        CheckConstraint("applied_on IS NULL OR informed_on IS NOT NULL", name="informed_before_applied"),
        CheckConstraint("issued_from IS NULL OR applied_on IS NOT NULL", name="applied_before_issued"),
        CheckConstraint("issued_from IS NULL OR ground IN ('legal', 'recuperative')", name="issued_on_a_ground"),
        CheckConstraint("state <> 'issued' OR issued_until IS NOT NULL", name="issued_until_a_day"),
        Index("ix_permits_state_issued_until", "state", "issued_until"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), unique=True)
    state: Mapped[str]
    informed_on: Mapped[date | None]
    informed_language: Mapped[str] = mapped_column(default="")
    informed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    applied_on: Mapped[date | None]
    decided_on: Mapped[date | None]  # of the last decision or withdrawal
    issued_from: Mapped[date | None]
    issued_until: Mapped[date | None]
    ground: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
