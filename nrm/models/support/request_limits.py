"""How often a network sends something without an account: one row for all workers, always there and always as long."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model


class RequestLimits(Model):
    """The one row. Which networks sent what in the last hour lies under a seal that the program alone opens."""

    __tablename__ = "request_limits"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed_counts: Mapped[bytes]
