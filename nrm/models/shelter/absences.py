"""Alarms of missing people, and people who left on their own."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.absences import Danger, Feared, Ground, Kind, Outcome, Way
from nrm.domain.shelter.corrections import FORMER_RULE, Why
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
        CheckConstraint(f"police_ground = '' OR {one_of('police_ground', Ground)}", name="known_ground"),
        CheckConstraint(
            "(police_ground = 'danger') = (police_danger <> '')"
            f" AND (police_danger = '' OR {one_of('police_danger', Danger)})",
            name="danger_named",
        ),
        CheckConstraint("(police_ground IN ('', 'child')) = (police_asked_by_id IS NULL)", name="ground_by_somebody"),
        CheckConstraint(
            "police_confirmed_by_id IS NULL"
            " OR (police_ground = 'danger' AND police_confirmed_by_id <> police_asked_by_id)",
            name="danger_confirmed_by_another",
        ),
        CheckConstraint(
            "(age_class = 'adult') = (police_ground <> 'child') OR police_ground = ''", name="ground_of_the_age"
        ),
        CheckConstraint(f"mistake_why = '' OR {one_of('mistake_why', Why)}", name="mistake_for_a_reason"),
        CheckConstraint(
            "(outcome = 'mistake') = (mistake_by_id IS NOT NULL)"
            " AND (outcome = 'mistake') = (mistake_on IS NOT NULL) AND (outcome = 'mistake') = (mistake_why <> '')",
            name="mistake_by_somebody",
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
    desk_known_on: Mapped[date | None]  # since when, as long as that can be taken back
    authority_known_on: Mapped[date | None]
    over_on: Mapped[date | None]
    outcome: Mapped[str] = mapped_column(default="")
    police_ground: Mapped[str] = mapped_column(default="")  # why the police, or the prosecution, may be told
    police_danger: Mapped[str] = mapped_column(default="")
    police_asked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    police_confirmed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    # The alarm was a mistake (`outcome` says `mistake`): who struck it, when and why.
    mistake_why: Mapped[str] = mapped_column(default="", server_default="")
    mistake_on: Mapped[date | None]
    mistake_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))


class MissingTold(Model):
    """One telling of a missing person to the police, the prosecution or a child authority: a call, or a share that is
    sealed in the compartment `alarm` of the same id to that organisation alone. Its key is destroyed when it ends."""

    __tablename__ = "missing_told"
    __table_args__ = (
        CheckConstraint(one_of("way", Way), name="known_way"),
        CheckConstraint(
            "(way = 'telephone') = (reached IS NOT NULL) AND (way = 'telephone') = (number <> '')",
            name="call_has_an_end",
        ),
        CheckConstraint("over_on IS NULL OR over_on >= told_on", name="ended_after_it_was_told"),
        Index("ix_missing_told_missing_id", "missing_id"),
        Index("ix_missing_told_organisation_id", "organisation_id", "over_on"),
    )

    id: Mapped[uuid.UUID] = id_column()
    missing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("missing.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    way: Mapped[str]
    told_on: Mapped[date]
    told_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    number: Mapped[str] = mapped_column(default="")  # that was called
    reached: Mapped[bool | None]
    given: Mapped[list[str]] = mapped_column(JSON, default=list)  # the names of the fields, never what they say
    over_on: Mapped[date | None]


class LeftAlone(Model):
    """An adult left on her own, or somebody died: one member recorded it, another confirms; it ends the stay."""

    __tablename__ = "left_alone"
    __table_args__ = (
        CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> recorded_by_id", name="confirmed_by_another"),
        CheckConstraint("confirmed_by_id IS NULL OR withdrawn_on IS NULL", name="confirmed_or_withdrawn"),
        CheckConstraint("struck_on IS NULL OR confirmed_by_id IS NOT NULL", name="struck_after_it_was_confirmed"),
        CheckConstraint(
            f"(doubted_why = '' AND doubted_by_id IS NULL) OR (doubted_why = '{FORMER_RULE}' AND struck_on IS NOT NULL)"
            f" OR ({one_of('doubted_why', Why)} AND doubted_by_id IS NOT NULL AND confirmed_by_id IS NOT NULL)",
            name="doubted_for_a_reason",
        ),
        CheckConstraint(
            f"struck_on IS NULL OR doubted_why = '{FORMER_RULE}'"
            " OR (doubted_by_id IS NOT NULL AND struck_by_id IS NOT NULL AND struck_by_id <> doubted_by_id)",
            name="struck_by_two",
        ),
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
    doubted_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))  # says that it was not so
    doubted_why: Mapped[str] = mapped_column(default="")  # why, or `former_rule`: struck by one member before 0062
    struck_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    struck_on: Mapped[date | None]  # the second said so too, after it was confirmed
    desk_knows: Mapped[bool] = mapped_column(default=False)
    authority_knows: Mapped[bool] = mapped_column(default=False)
    desk_known_on: Mapped[date | None]  # since when, as long as that can be taken back
    authority_known_on: Mapped[date | None]
