"""Announced returns."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.referrals.announced_returns import CHILD, AnnouncedReturnStatus, BackReason, Origin, Said
from nrm.models.accounts.accounts import one_of

_BEGAN = text("interview_id IS NOT NULL")


class AnnouncedReturn(Model):
    """A return announced before it happens; the identity is sealed in the `identity` compartment of the same id.

    The identity is destroyed when the person was handed over, when the duty desk has seen what else became of it, on
    cancelling before its hour, or 30 days after the day. Then only the country, the quarter, whether it is a child,
    which organisation announced it and the outcome are kept.

    `interview_id`: the interview that began with it and goes on, or, where `said` is `ended`, one that had been sent
    before somebody said that it was this person's (ADR 0240); `said`: what somebody said of it last; `untold`: how
    often it was said that the person arrived, and the interview told nothing.
    """

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint(one_of("origin", tuple(Origin)), name="known_origin"),
        CheckConstraint(one_of("status", tuple(AnnouncedReturnStatus)), name="known_status"),
        CheckConstraint(one_of("child", CHILD), name="known_child"),
        CheckConstraint("hour IS NULL OR hour BETWEEN 0 AND 23", name="an_hour"),
        CheckConstraint(
            "status IN ('announced', 'not_come') OR interview_id IS NOT NULL OR said IN ('ended', 'taken_back')"
            " OR (expected_on IS NULL AND hour IS NULL AND companions IS NULL)",
            name="coarse_once_over",
        ),
        CheckConstraint(one_of("said", ("", *Said)), name="known_word"),
        CheckConstraint("(said = '') = (said_at IS NULL)", name="said_at_an_hour"),
        CheckConstraint(one_of("why", ("", *BackReason)), name="known_reason"),
        Index("ix_notices_organisation_id_quarter_on", "organisation_id", "quarter_on"),
        Index("ix_notices_expected_on", "expected_on"),
        Index("ix_notices_quarter_on", "quarter_on"),
        Index("ix_notices_interview_id", "interview_id", unique=True, sqlite_where=_BEGAN, postgresql_where=_BEGAN),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    post_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    origin: Mapped[str]
    country: Mapped[str]  # ISO 3166 alpha-2: where the person returns from
    quarter_on: Mapped[date]  # first day of the quarter of the announced day
    child: Mapped[str]
    status: Mapped[str]
    expected_on: Mapped[date | None]
    hour: Mapped[int | None]
    companions: Mapped[int | None]
    needs: Mapped[list[Any] | None] = mapped_column(JSON)
    interview_id: Mapped[uuid.UUID | None]
    said: Mapped[str] = mapped_column(default="", server_default="")
    said_at: Mapped[datetime | None]
    said_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    why: Mapped[str] = mapped_column(default="", server_default="")  # why it was taken back, where the desk reads it
    untold: Mapped[int] = mapped_column(default=0, server_default="0")
    announced_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
