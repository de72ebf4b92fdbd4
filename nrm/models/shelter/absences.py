"""Alarms of missing people, and people who left on their own."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.absences import Feared, Kind, Outcome
from nrm.models.accounts.accounts import one_of

_STANDS = text("outcome = ''")
_HOLDS = text("withdrawn_on IS NULL AND struck_on IS NULL")


class Missing(Model):
    """The alarm that a person did not come back. When it ends the hours are deleted; the days stay, because the nights
    of these days are not counted."""

    __tablename__ = "missing"
    __table_args__ = (
        CheckConstraint(one_of("feared", Feared), name="known_fear"),
        CheckConstraint(one_of("age_class", ("child", "adult", "unsure")), name="known_age_class"),
        CheckConstraint(f"outcome = '' OR {one_of('outcome', Outcome)}", name="known_outcome"),
        CheckConstraint("(outcome = '') = (over_on IS NULL)", name="over_on_a_day"),
        CheckConstraint("(outcome = '') = (since_at IS NOT NULL)", name="hour_while_it_stands"),
        CheckConstraint("over_on IS NULL OR over_on >= since_on", name="over_after_it_began"),
        CheckConstraint(
            "outcome <> 'not_found' OR age_class = 'adult' OR party = '' OR authority_knows",
            name="child_ended_once_the_authority_knows",
        ),
        Index("uq_missing_open_case", "case_id", unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS),
        Index("ix_missing_organisation_id", "organisation_id", "outcome"),
        Index("ix_missing_stay_id", "stay_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    stay_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("stays.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    age_class: Mapped[str]
    feared: Mapped[str]
    party: Mapped[str]  # the child authority that was told; empty for an adult
    since_on: Mapped[date]
    since_at: Mapped[datetime | None]
    reported_on: Mapped[date]  # the day it was raised; the days until it can be ended are counted from it
    reported_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    desk_knows: Mapped[bool] = mapped_column(default=False)
    authority_knows: Mapped[bool] = mapped_column(default=False)
    over_on: Mapped[date | None]
    outcome: Mapped[str] = mapped_column(default="")


class LeftAlone(Model):
    """An adult left on her own, or somebody died: one member recorded it, another confirms; it ends the stay."""

    __tablename__ = "left_alone"
    __table_args__ = (
        CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> recorded_by_id", name="confirmed_by_another"),
        CheckConstraint("confirmed_by_id IS NULL OR withdrawn_on IS NULL", name="confirmed_or_withdrawn"),
        CheckConstraint("struck_on IS NULL OR confirmed_by_id IS NOT NULL", name="struck_after_it_was_confirmed"),
        CheckConstraint(f"{one_of('kind', Kind)} AND (kind <> 'died' OR destination = 'none')", name="known_kind"),
        Index("uq_left_alone_stay", "stay_id", unique=True, sqlite_where=_HOLDS, postgresql_where=_HOLDS),
        Index("ix_left_alone_desk_knows", "desk_knows"),
    )

    id: Mapped[uuid.UUID] = id_column()
    stay_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stays.id"))
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str] = mapped_column(default="left")
    left_on: Mapped[date]  # the day she left or died
    destination: Mapped[str]
    country: Mapped[str]  # `home`, ISO 3166 alpha-2, or `unknown`; empty for a death
    party: Mapped[str] = mapped_column(default="")  # the child authority that is told of a child's death
    recorded_on: Mapped[date]
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    confirmed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    withdrawn_on: Mapped[date | None]
    struck_on: Mapped[date | None]  # a correction said that it was not so, after it was confirmed
    desk_knows: Mapped[bool] = mapped_column(default=False)
    authority_knows: Mapped[bool] = mapped_column(default=False)
