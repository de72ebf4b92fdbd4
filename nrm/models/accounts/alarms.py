"""Alarms about members who opened or destroyed unusually much, and who looked into them. Counts and ids only."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.accounts.alarms import AlarmKind
from nrm.models.accounts.accounts import one_of


class Alarm(Model):
    """One member opened many different cases, or asked for many to be destroyed, in a short time."""

    __tablename__ = "alarms"
    __table_args__ = (
        CheckConstraint("hours > 0 AND cases > 0", name="counted"),
        CheckConstraint(one_of("kind", AlarmKind), name="known_kind"),
        Index("ix_alarms_organisation_id_raised_at", "organisation_id", "raised_at"),
        Index("ix_alarms_member_id_raised_at", "member_id", "raised_at"),
    )

    id: Mapped[uuid.UUID] = id_column()
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str] = mapped_column(default="openings", server_default="openings")
    hours: Mapped[int]  # the length of the watch
    cases: Mapped[int]  # the most that were counted in that length; of endings, accounts
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    raised_at: Mapped[datetime] = mapped_column(index=True)


class AlarmAcknowledgement(Model):
    """Somebody else than the member looked into it, for their organisation, when it counted so many cases."""

    __tablename__ = "alarm_acknowledgements"
    __table_args__ = (UniqueConstraint("alarm_id", "organisation_id", "cases"),)

    id: Mapped[uuid.UUID] = id_column()
    alarm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alarms.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    cases: Mapped[int]
    acknowledged_at: Mapped[datetime]
