"""Occasions on which somebody reads words to a colleague. Ids and codes only."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.accounts.words import OccasionStatus, WordPurpose
from nrm.models.accounts.accounts import one_of

_GOES_ON = text("status IN ('waits', 'open')")


class Occasion(Model):
    """Why words are read: who reads them, what for, and who typed them.

    The words are computed from it and from the keys of the member, and stand nowhere. `by_id` let the member begin
    anew, which takes effect at `effective_at`, or with `second_id` at once. Of a lost telephone, `sealed_totp` is the
    secret of the new one until the words are typed, and `session_digest` the session that goes on then.
    """

    __tablename__ = "occasions"
    __table_args__ = (
        CheckConstraint(one_of("purpose", WordPurpose), name="known_purpose"),
        CheckConstraint(one_of("status", OccasionStatus), name="known_status"),
        CheckConstraint("(status = 'typed') = (typed_at IS NOT NULL)", name="typed_at_some_time"),
        CheckConstraint("typed_by_id IS NULL OR typed_by_id <> member_id", name="never_by_oneself"),
        CheckConstraint("status <> 'waits' OR (purpose = 'anew' AND effective_at IS NOT NULL)", name="anew_waits"),
        CheckConstraint("second_id IS NULL OR second_id <> by_id", name="another_second_hand"),
        Index("ix_occasions_member_id_began_at", "member_id", "began_at"),
        Index("uq_occasions_member_id", "member_id", unique=True, sqlite_where=_GOES_ON, postgresql_where=_GOES_ON),
    )

    id: Mapped[uuid.UUID] = id_column()
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    purpose: Mapped[str]
    status: Mapped[str]
    serial: Mapped[int]  # how often the member joined or began anew, this time included
    random: Mapped[bytes]
    head_number: Mapped[int] = mapped_column(BigInteger())  # of the key log, as the session saw it that shows the words
    head_digest: Mapped[bytes]
    began_at: Mapped[datetime]
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    effective_at: Mapped[datetime | None]
    second_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    typed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    typed_at: Mapped[datetime | None]
    session_digest: Mapped[bytes | None]
    sealed_totp: Mapped[bytes | None]
    totp_step: Mapped[int | None] = mapped_column(BigInteger())
    mark: Mapped[bytes]  # a MAC over all of it: nobody types words for a row written by hand
