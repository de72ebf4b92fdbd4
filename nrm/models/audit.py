"""The audit chain."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model


class AuditEntry(Model):
    """One event: who, which ids, when; each entry's hash covers the one before. No foreign keys, no free text."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_event", "event", "id"),)  # ADR 0274

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    event: Mapped[str]
    at: Mapped[str]  # ISO 8601, UTC, exactly as hashed
    member_id: Mapped[str]
    organisation_id: Mapped[str]
    details: Mapped[str]  # canonical JSON of ids and closed codes
    hash: Mapped[bytes]
