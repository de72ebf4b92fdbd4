"""What every table of strikes has."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from nrm.db import Model
from nrm.domain.shelter.strikes import StrikeReason
from nrm.models.accounts.accounts import one_of


class Strike(Model):
    """Who struck what was recorded, when and why; what was recorded stays as it is."""

    __abstract__ = True

    reason: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    struck_at: Mapped[datetime]

    @declared_attr.directive
    def __table_args__(cls) -> tuple[CheckConstraint, ...]:  # noqa: N805 - SQLAlchemy gives the class
        return (CheckConstraint(one_of("reason", tuple(StrikeReason)), name="known_reason"),)
