"""The key log, and what the second database knows of it."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, ShredModel
from nrm.domain.accounts.key_log_entries import EntryKind
from nrm.models.accounts.accounts import one_of


class KeyLogEntry(Model):
    """One signed entry. The row is a copy: what is believed was verified when it was read (`nrm.vault.keylog`).

    `signer_id` refers to a member, but to no row: the log is older than the rows, and outlives them.
    """

    __tablename__ = "key_log"
    __table_args__ = (
        CheckConstraint(one_of("kind", EntryKind), name="known_kind"),
        CheckConstraint("number >= 1", name="counted_from_one"),
        Index("ix_key_log_number", "number"),  # SQLite counts the entries in it, and reads none of them
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    body: Mapped[bytes]
    signer_id: Mapped[uuid.UUID]
    signature: Mapped[bytes]
    digest: Mapped[bytes]


class KeyLogHead(ShredModel):
    """An end of the key log: announced before the main database commits it, `confirmed` after that."""

    __tablename__ = "keylog_heads"
    __table_args__ = (CheckConstraint("number >= 1", name="counted_from_one"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[bytes]
    confirmed: Mapped[bool]


class KeyLogBefore(ShredModel):
    """An organisation that had a genuine keyring when the key log came: it is sealed to for 60 days without a founding.

    Written once, by `nrm upgrade`. `mark`: a MAC under the store key over all of it.
    """

    __tablename__ = "keylog_before"
    __table_args__ = (CheckConstraint("version >= 1", name="counted_from_one"),)

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    public: Mapped[bytes]
    frozen_at: Mapped[datetime]
    mark: Mapped[bytes]


class KeyLogMemberBefore(ShredModel):
    """A member whose keys were genuine when the key log came. `mark`: a MAC under the store key over all of it."""

    __tablename__ = "keylog_members_before"

    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID]
    role: Mapped[str]
    kem_public: Mapped[bytes]
    sign_public: Mapped[bytes]
    mark: Mapped[bytes]
