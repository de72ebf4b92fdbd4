"""Who was suspended, by whom, why and until when: the rows stay, so that nobody is suspended again and again."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.accounts.suspensions import SuspensionEnd, SuspensionReason
from nrm.models.accounts.accounts import one_of


class Suspension(Model):
    """A member who opens and signs nothing until `until`, or until somebody ended it."""

    __tablename__ = "suspensions"
    __table_args__ = (
        CheckConstraint(one_of("reason", SuspensionReason), name="known_reason"),
        CheckConstraint(one_of("how_ended", ("", *SuspensionEnd)), name="known_end"),
        CheckConstraint("until > at", name="for_a_time"),
        CheckConstraint("member_id <> by_id", name="by_another"),
        CheckConstraint("(event_id IS NOT NULL) = (reason = 'objected')", name="objected_to_something"),
        CheckConstraint("longer_by_id IS NULL OR longer_by_id NOT IN (by_id, member_id)", name="longer_by_another"),
        CheckConstraint(
            "(ended_at IS NULL) = (ended_by_id IS NULL) AND (ended_at IS NULL) = (how_ended = '')",
            name="ended_by_somebody",
        ),
        CheckConstraint("ended_by_id IS NULL OR ended_by_id <> member_id", name="never_ended_by_them"),
        UniqueConstraint("event_id"),
        Index("ix_suspensions_member_id_until", "member_id", "until"),
        Index("ix_suspensions_organisation_id_until", "organisation_id", "until"),
        Index("ix_suspensions_at", "at"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    by_administrator: Mapped[bool]
    reason: Mapped[str]
    event_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("key_events.id")
    )  # to what a colleague objected, once
    at: Mapped[datetime]
    until: Mapped[datetime]
    longer_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))  # the second hand
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    how_ended: Mapped[str] = mapped_column(default="")
    mark: Mapped[bytes]  # a MAC over all of it: nobody is suspended by a row that was written by hand
