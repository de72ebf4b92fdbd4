"""A shelter's building by date: units, places, and who had which; places out of service, and promised (ADR 0065)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.places import CloseReason, ExtraReason, OutReason


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in sorted(codes))


def _open(*conditions: str) -> dict[str, Any]:
    """A unique index holds for these rows only, on both kinds of database."""
    where = text(" AND ".join(conditions))
    return {"unique": True, "sqlite_where": where, "postgresql_where": where}


_CLOSED = (
    "(until_on IS NULL AND closed_why = '')"
    f" OR (until_on IS NOT NULL AND closed_why IN ({_listed([*CloseReason, 'extra', 'renamed'])}))"
)


class Unit(Model):
    """A room, flat or floor, and for whom it is. Called otherwise or for others from a day on: a new row follows it."""

    __tablename__ = "units"
    __table_args__ = (
        CheckConstraint("until_on IS NULL OR from_on IS NULL OR until_on >= from_on", name="ends_after_it_began"),
        CheckConstraint(_CLOSED, name="closed_with_reason"),
        Index("uq_units_label", "organisation_id", "label", **_open("until_on IS NULL")),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    label: Mapped[str]
    for_whom: Mapped[str]  # a code of the country's list
    from_on: Mapped[date | None]  # None: there from the beginning
    until_on: Mapped[date | None]  # the first day on which it is no longer there
    closed_why: Mapped[str] = mapped_column(default="", server_default="")


class Place(Model):
    """A place to sleep. One that is closed keeps whom it had. Where it stands and its names: `places_in_units`."""

    __tablename__ = "places"
    __table_args__ = (
        UniqueConstraint("organisation_id", "label"),
        CheckConstraint("until_on IS NULL OR from_on IS NULL OR until_on >= from_on", name="ends_after_it_began"),
        CheckConstraint(_CLOSED, name="closed_with_reason"),
        CheckConstraint(
            "(extra_why = '' AND closed_why <> 'extra')"
            f" OR (extra_why IN ({_listed(ExtraReason)}) AND from_on IS NOT NULL AND until_on IS NOT NULL)",
            name="extra_for_some_days",
        ),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    label: Mapped[str]  # the name it has now
    file_label: Mapped[str | None]  # what the country's file calls it; None: its shelter entered it
    from_on: Mapped[date | None]  # None: there from the beginning
    until_on: Mapped[date | None]  # from this day it no longer counts, unless somebody still sleeps in it
    entered_on: Mapped[date | None]  # of one that its shelter entered as there before: from then on it is paid for
    closed_why: Mapped[str] = mapped_column(default="", server_default="")
    extra_why: Mapped[str] = mapped_column(default="", server_default="")  # an extra place: why it was made
    extra_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))


class PlaceInUnit(Model):
    """In which unit a place was from a day on, and what it was called."""

    __tablename__ = "places_in_units"
    __table_args__ = (
        CheckConstraint("until_on IS NULL OR from_on IS NULL OR until_on >= from_on", name="ends_after_it_began"),
        Index("uq_places_in_units_open", "place_id", **_open("until_on IS NULL")),
    )

    id: Mapped[uuid.UUID] = id_column()
    place_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("places.id"), index=True)
    unit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("units.id"), index=True)
    label: Mapped[str]
    from_on: Mapped[date | None]
    until_on: Mapped[date | None]


class OutOfService(Model):
    """Days on which nobody new is put into a place. `when_free`: somebody was in it when it was marked."""

    __tablename__ = "out_of_service"
    __table_args__ = (
        CheckConstraint("until_on IS NULL OR until_on >= from_on", name="ends_after_it_began"),
        CheckConstraint(f"reason IN ({_listed(OutReason)})", name="known_reason"),
        Index("ix_out_of_service_place_id_until_on", "place_id", "until_on"),
    )

    id: Mapped[uuid.UUID] = id_column()
    place_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("places.id"))
    from_on: Mapped[date]
    until_on: Mapped[date | None]  # the day from which it can be used again; None: until somebody says so
    reason: Mapped[str]
    reference: Mapped[str] = mapped_column(default="", server_default="")  # of the order or the letter about it
    when_free: Mapped[bool] = mapped_column(default=False)
    entered_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))


class Occupancy(Model):
    """One stay in one place, from a day to the day of moving or leaving. A wrong row is struck and never deleted.

    A small child that sleeps with its mother has no place: the row names the mother's stay. That no place has two
    people on one night, and no stay two places, is also held by a trigger (migration 0046).
    """

    __tablename__ = "occupancies"
    __table_args__ = (
        CheckConstraint("until_on IS NULL OR until_on >= from_on", name="ends_after_it_began"),
        CheckConstraint("(place_id IS NULL) <> (with_stay_id IS NULL)", name="a_place_or_with_the_mother"),
        CheckConstraint("with_stay_id <> stay_id", name="with_somebody_else"),
        CheckConstraint("(struck_on IS NULL) = (struck_by_id IS NULL)", name="struck_by_somebody"),
        CheckConstraint("replaced_by_id IS NULL OR struck_on IS NOT NULL", name="only_a_struck_one_is_replaced"),
        CheckConstraint("replaced_by_id <> id", name="replaced_by_another"),
        Index("uq_occupancies_open_place", "place_id", **_open("until_on IS NULL", "struck_on IS NULL")),
        Index("uq_occupancies_open_stay", "stay_id", **_open("until_on IS NULL", "struck_on IS NULL")),
        Index("ix_occupancies_place_id_from_on", "place_id", "from_on"),
        Index("ix_occupancies_stay_id_from_on", "stay_id", "from_on"),
        Index("ix_occupancies_with_stay_id", "with_stay_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    stay_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stays.id"))
    place_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("places.id"))
    with_stay_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("stays.id"))
    from_on: Mapped[date]
    until_on: Mapped[date | None]  # the day of moving or leaving, which is not a night
    struck_on: Mapped[date | None]
    struck_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    replaced_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("occupancies.id"))


class Promise(Model):
    """A place that is kept for somebody who is awaited: by a referral that was accepted, or for a code.

    `until_on` is the first day on which it is overdue; who released it, or fulfilled it, ended it (`over_on`).
    """

    __tablename__ = "promises"
    __table_args__ = (
        CheckConstraint("until_on > from_on", name="ends_after_it_began"),
        CheckConstraint("referral_id IS NOT NULL OR code <> ''", name="for_somebody"),
        Index("uq_promises_open_referral", "referral_id", **_open("over_on IS NULL")),
        Index("ix_promises_place_id_over_on", "place_id", "over_on"),
        Index("ix_promises_referral_id", "referral_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    place_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("places.id"))
    referral_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("referrals.id"))
    code: Mapped[str] = mapped_column(default="", server_default="")  # the case's code, where no referral is
    from_on: Mapped[date]
    until_on: Mapped[date]
    made_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    over_on: Mapped[date | None]
    over_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
