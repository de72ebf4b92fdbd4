"""Calls by which the duty officer hurried something that waits; telling a party is a `Call`."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.models.accounts.accounts import one_of

KINDS = ("answer", "arrival", "owed", "decision", "not_come", "move")


class ReminderCall(Model):
    """Who of the duty desk called which number of which party, when, about what, and whether somebody was reached.

    `subject_id` is the referral (of somebody who did not arrive, and of a late move, too), the obligation or the case.
    """

    __tablename__ = "chases"
    __table_args__ = (
        CheckConstraint(one_of("kind", KINDS), name="known_kind"),
        Index("ix_chases_case_id_subject_id", "case_id", "subject_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    party: Mapped[str]
    telephone: Mapped[str]
    reached: Mapped[bool]
    called_at: Mapped[datetime]
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
