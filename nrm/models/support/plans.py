"""Plans in clear: the day, the owner and the end of a step, and whether a manager has to look; every word is sealed.
And what the holder answers, by codes, of the services of a quarter: that alone is counted."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.support.plans import StepEnd
from nrm.models.accounts.accounts import one_of

_OPEN = text("outcome = ''")


class PlanStep(Model):
    """A next step: by when and whose. What is to be done is the entry of the same id among the notes on her care."""

    __tablename__ = "plan_steps"
    __table_args__ = (
        CheckConstraint(f"outcome = '' OR {one_of('outcome', StepEnd)}", name="known_outcome"),
        CheckConstraint("(outcome = '') = (over_on IS NULL)", name="over_on_a_day"),
        CheckConstraint("(moved_on IS NULL) = (moved_from_on IS NULL)", name="moved_from_a_day"),
        Index("ix_plan_steps_case_id", "case_id"),
        Index("ix_plan_steps_open", "due_on", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    due_on: Mapped[date]
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    outcome: Mapped[str] = mapped_column(default="")
    over_on: Mapped[date | None]
    moved_on: Mapped[date | None]  # the day on which it was moved last, and from which day: to take it back
    moved_from_on: Mapped[date | None]


class PlanLook(Model):
    """Whether a manager has to look at the plan of a case: since when it waits, or that it was confirmed."""

    __tablename__ = "plan_looks"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    waits_since: Mapped[date | None]


class ServiceAnswer(Model):
    """Which services a person received in a quarter, as the holder answers it: codes of `list.services`, or none."""

    __tablename__ = "service_answers"
    __table_args__ = (Index("ix_service_answers_counts_on", "counts_on"),)

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    quarter_on: Mapped[date] = mapped_column(primary_key=True)  # first day of the quarter
    services: Mapped[list[str]] = mapped_column(JSON)
    counts_on: Mapped[date]  # first day of the quarter that counts it: a later one where that was closed already
