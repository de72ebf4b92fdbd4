"""Key workers and deputies, and the shifts for which somebody opened people's parts."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.key_workers import Place, PlaceEnd
from nrm.domain.shelter.shifts import ShiftKind
from nrm.models.accounts.accounts import one_of

_STANDS = text("ended_at IS NULL")


class KeyWorker(Model):
    """One member answers for one person, from an hour until an hour; a row is ended and never changed otherwise."""

    __tablename__ = "key_workers"
    __table_args__ = (
        CheckConstraint(one_of("place", Place), name="known_place"),
        CheckConstraint(f"ended_why = '' OR {one_of('ended_why', PlaceEnd)}", name="known_end"),
        CheckConstraint("(ended_at IS NULL) = (ended_why = '')", name="ended_with_reason"),
        CheckConstraint("ended_at IS NULL OR ended_at >= begun_at", name="ended_after_it_began"),
        Index(
            "uq_key_workers_one_of_a_place",
            *("case_id", "organisation_id", "place"),
            unique=True,
            sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
        Index(
            "uq_key_workers_one_place",
            *("case_id", "organisation_id", "member_id"),
            unique=True,
            sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
        Index("ix_key_workers_member_id_ended_at", "member_id", "ended_at"),
        Index("ix_key_workers_organisation_id_begun_at", "organisation_id", "begun_at"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))  # the holder
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    place: Mapped[str]
    set_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str] = mapped_column(default="")
    ended_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))  # None: what time brought
    mark: Mapped[bytes]  # a MAC over who, of whom, since when and until when: nobody is appointed by hand


class Shift(Model):
    """What one session opened for a shift. It ends with its session, or before."""

    __tablename__ = "shifts"
    __table_args__ = (
        CheckConstraint(one_of("kind", ShiftKind), name="known_kind"),
        CheckConstraint("until_at > begun_at", name="lasts"),
        CheckConstraint("ended_at IS NULL OR (ended_at >= begun_at AND ended_at <= until_at)", name="ends_in_time"),
        CheckConstraint("people >= 0", name="counted"),
        Index("ix_shifts_session_digest", "session_digest"),
        Index("ix_shifts_organisation_id_begun_at", "organisation_id", "begun_at"),
        Index("ix_shifts_member_id_begun_at", "member_id", "begun_at"),
    )

    id: Mapped[uuid.UUID] = id_column()
    session_digest: Mapped[bytes]
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str]
    people: Mapped[int]  # how many it opened when it began
    begun_at: Mapped[datetime]
    until_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    mark: Mapped[bytes]  # a MAC over session, member, kind and hours: a row written by hand opens nothing


class ShiftPage(Model):
    """Whose pages were looked at in a shift; written before anything of them is shown, and nothing opens without it."""

    __tablename__ = "shift_pages"
    __table_args__ = (
        CheckConstraint("pages > 0", name="counted"),
        CheckConstraint("last_at >= first_at", name="in_order"),
        Index("ix_shift_pages_case_id", "case_id"),
    )

    shift_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shifts.id"), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    pages: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
