"""Sealed releases, and what the next quarter needs to know of the last."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column


class Release(Model):
    """One report of one quarter, frozen, signed and chained. Never changed, never made again."""

    __tablename__ = "releases"
    __table_args__ = (UniqueConstraint("report", "quarter"), UniqueConstraint("report", "position"))

    id: Mapped[uuid.UUID] = id_column()
    report: Mapped[str]
    quarter: Mapped[str]  # the last one it speaks of
    first_quarter: Mapped[str]  # the same, unless several were published together
    position: Mapped[int]
    released_at: Mapped[datetime]
    step: Mapped[str]  # how far the coarsening ladder went
    previous_hash: Mapped[bytes]
    hash: Mapped[bytes]
    signature: Mapped[bytes]


class ReleaseFile(Model):
    """The bytes of a release in one format; the same address gives the same bytes for ever."""

    __tablename__ = "release_files"
    __table_args__ = (UniqueConstraint("release_id", "format"),)

    id: Mapped[uuid.UUID] = id_column()
    release_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("releases.id"))
    format: Mapped[str]
    content: Mapped[bytes]


class ReleaseMemory(Model):
    """What the next quarter's rounding must know: figures as published, marks of contributors; sealed."""

    __tablename__ = "release_memories"

    id: Mapped[uuid.UUID] = id_column()
    release_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("releases.id"), unique=True)
    verdict: Mapped[dict[str, Any]]
    sealed_memory: Mapped[bytes]
