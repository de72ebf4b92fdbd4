"""Children whose return another country asks for, and the steps taken."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.child_returns import (
    FAMILY,
    MONTHS,
    Asked,
    Direction,
    Escort,
    Finding,
    Guardian,
    Outcome,
    Sex,
    State,
)
from nrm.models.accounts.accounts import one_of


class ChildReturn(Model):
    """A request from abroad. The child's identity is sealed in `identity`, the answer's text in `story`, of the same
    id.

    Thirty days after it is over both are destroyed, and of the days only the quarter is kept; of a child that was
    received, once it is known what became of it after 12 months.
    """

    __tablename__ = "child_returns"
    __table_args__ = (
        CheckConstraint(one_of("asked", Asked), name="known_asked"),
        CheckConstraint(one_of("state", State), name="known_state"),
        CheckConstraint(f"finding = '' OR {one_of('finding', Finding)}", name="known_finding"),
        CheckConstraint(f"guardian = '' OR {one_of('guardian', Guardian)}", name="known_guardian"),
        CheckConstraint(f"escort = '' OR {one_of('escort', Escort)}", name="known_escort"),
        CheckConstraint(
            f"NOT ({one_of('guardian', tuple(sorted(FAMILY)))}) OR finding = 'return_safe'",
            name="family_only_when_safe",
        ),
        CheckConstraint("(received_on IS NULL) = (due_on IS NULL)", name="days_or_quarter"),
        CheckConstraint(one_of("sex", ("", *Sex)), name="known_sex"),
        CheckConstraint(one_of("direction", Direction), name="known_direction"),
        CheckConstraint("returned_month IS NULL OR state = 'received'", name="returned_once_received"),
        Index("ix_child_returns_state", "state", "due_on"),
        Index("ix_child_returns_returned_month", "returned_month"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    country: Mapped[str]  # ISO 3166 alpha-2: which asks
    asked: Mapped[str]
    state: Mapped[str]
    quarter_on: Mapped[date]  # first day of the quarter in which it was received
    received_on: Mapped[date | None]
    due_on: Mapped[date | None]
    finding: Mapped[str] = mapped_column(default="")
    assessments: Mapped[list[Any]] = mapped_column(JSON)
    guardian: Mapped[str] = mapped_column(default="")
    escort: Mapped[str] = mapped_column(default="")
    sex: Mapped[str] = mapped_column(default="", server_default="")  # known at the latest when the child is received
    direction: Mapped[str] = mapped_column(default="here", server_default="here")
    returned_month: Mapped[date | None]  # first day of the month in which the child was received


class ChildReturnStep(Model):
    """One step: when, and by which organisation."""

    __tablename__ = "child_return_steps"
    __table_args__ = (CheckConstraint(one_of("step", State), name="known_step"),)

    return_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child_returns.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[str]
    happened_on: Mapped[date]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))


class ChildReturnOutcome(Model):
    """What became of a returned child after so many months; a later entry of the same months corrects it."""

    __tablename__ = "child_return_outcomes"
    __table_args__ = (
        CheckConstraint(f"months IN ({', '.join(map(str, MONTHS))})", name="known_months"),
        CheckConstraint(one_of("outcome", Outcome), name="known_outcome"),
        Index("ix_child_return_outcomes_quarter_on", "quarter_on"),
    )

    return_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child_returns.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    months: Mapped[int]
    outcome: Mapped[str]
    quarter_on: Mapped[date]  # first day of the quarter in which it was entered
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
