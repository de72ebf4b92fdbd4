"""People who come back together: what all of them share, for one shift."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column


class ReturnGroup(Model):
    """One group: coded facts by question, and numbers. It is deleted after a shift, and nothing that is kept names it.

    `begun`: how many of its people were begun, which is the last draft number; `done`: how many ended or were sent.
    """

    __tablename__ = "return_groups"
    __table_args__ = (
        CheckConstraint("done >= 0 AND done <= begun", name="done_after_begun"),
        Index("ix_return_groups_organisation_id", "organisation_id"),
        Index("ix_return_groups_expires_at", "expires_at"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    questionnaire: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    begun: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    begun_at: Mapped[datetime]
    expires_at: Mapped[datetime]
