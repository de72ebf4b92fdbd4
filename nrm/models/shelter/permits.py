"""Temporary Residence Permits: what is known of the procedure, without its file; numbers are sealed in `legal`."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.permit_entries import MarkKind
from nrm.domain.shelter.permits import DECISIONS, GIVEN, PermitEvent
from nrm.domain.shelter.strikes import StrikeReason
from nrm.models.accounts.accounts import one_of

_GIVEN = one_of("event", tuple(sorted(GIVEN)))


class PermitEntry(Model):
    """One thing that happened to one case's permit. It is never changed: marks say what is wrong with it.

    Without an organisation it was written before it was kept who writes.
    """

    __tablename__ = "permit_entries"
    __table_args__ = (
        UniqueConstraint("case_id", "position"),
        CheckConstraint(one_of("event", tuple(PermitEvent)), name="known_event"),
        CheckConstraint(
            "event <> 'inform' OR (language <> '' AND organisation_id IS NOT NULL)", name="informed_in_a_language"
        ),
        CheckConstraint(f"({_GIVEN}) = (issued_until IS NOT NULL)", name="given_until_a_day"),
        CheckConstraint("(issued_from IS NULL) = (issued_until IS NULL)", name="given_from_a_day"),
        CheckConstraint("issued_until >= issued_from", name="ends_after_it_began"),
        CheckConstraint(
            f"(ground = '' AND NOT ({_GIVEN})) OR (ground IN ('legal', 'recuperative') AND {_GIVEN})",
            name="given_on_a_ground",
        ),
        CheckConstraint(
            f"NOT paper OR ({one_of('event', tuple(sorted(DECISIONS)))} AND member_id IS NOT NULL"
            " AND organisation_id IS NOT NULL)",
            name="decided_on_paper",
        ),
        Index("ix_permit_entries_counts_on", "counts_on", "case_id"),
        # `tend` looks for papers that count by silence; there are few of them.
        Index("ix_permit_entries_paper_case_id", "paper", "case_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    position: Mapped[int]
    event: Mapped[str]
    happened_on: Mapped[date]
    counts_on: Mapped[date]  # the day itself, or the first of a later quarter where that one was closed already
    language: Mapped[str] = mapped_column(default="")  # in which the options were explained
    issued_from: Mapped[date | None]
    issued_until: Mapped[date | None]
    ground: Mapped[str] = mapped_column(default="")
    paper: Mapped[bool] = mapped_column(default=False)  # entered by the holder from the unit's paper
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    recorded_at: Mapped[datetime]


class PermitMark(Model):
    """What somebody said of an entry: a second member, the unit whose paper it is, or who struck it and why."""

    __tablename__ = "permit_marks"
    __table_args__ = (
        UniqueConstraint("entry_id", "kind"),
        CheckConstraint(one_of("kind", tuple(MarkKind)), name="known_kind"),
        CheckConstraint(one_of("reason", ("", *StrikeReason)), name="known_reason"),
        CheckConstraint("(kind = 'struck') = (reason <> '')", name="struck_with_reason"),
    )

    id: Mapped[uuid.UUID] = id_column()
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("permit_entries.id"))
    kind: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    marked_at: Mapped[datetime]
