"""The audit chain."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model

_ATTEMPTS = text("event IN ('quarter_refused', 'quarter_waits')")
_MONEY = text(
    "event IN ('benefit_settled', 'contract_changed', 'contract_recorded', 'nights_paid', 'nights_signed',"
    " 'release_sealed')"
)


class AuditEntry(Model):
    """One event: who, which ids, when; each entry's hash covers the one before. No foreign keys, no free text."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_attempts", "event", "id", sqlite_where=_ATTEMPTS, postgresql_where=_ATTEMPTS),
        Index("ix_audit_entries_money", "event", "id", sqlite_where=_MONEY, postgresql_where=_MONEY),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    event: Mapped[str]
    at: Mapped[str]  # ISO 8601, UTC, exactly as hashed
    member_id: Mapped[str]
    organisation_id: Mapped[str]
    details: Mapped[str]  # canonical JSON of ids and closed codes
    hash: Mapped[bytes]
