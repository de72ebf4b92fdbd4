"""Where a desk is told that it has a task."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model


class Mailbox(Model):
    """The e-mail address of one organisation's desk. It is not sealed, because it is no person's address.

    `next_at`: no message is sent before this time; `failures`: how many attempts in a row did not reach the server.
    """

    __tablename__ = "mailboxes"
    __table_args__ = (
        CheckConstraint("language <> ''", name="known_language"),
        Index("ix_mailboxes_next_at", "next_at"),
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    address: Mapped[str]
    language: Mapped[str]
    next_at: Mapped[datetime]
    failures: Mapped[int] = mapped_column(default=0)
