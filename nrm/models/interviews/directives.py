"""Who has read which directive."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column


class DirectiveAcknowledgement(Model):
    """One member read one version of a directive: once, on a day."""

    __tablename__ = "directive_acknowledgements"
    __table_args__ = (
        UniqueConstraint("member_id", "directive", "version"),
        CheckConstraint("version >= 1", name="counted_from_one"),
    )

    id: Mapped[uuid.UUID] = id_column()
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    directive: Mapped[str]
    version: Mapped[int]
    acknowledged_on: Mapped[date]
