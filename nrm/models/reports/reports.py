"""Sealed releases, and what the next quarter needs to know of the last."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.reports.contributions import Answer
from nrm.domain.shelter.payment_lines import Basis
from nrm.models.accounts.accounts import one_of


class Release(Model):
    """One report of one quarter, frozen, signed and chained. Never changed, never made again."""

    __tablename__ = "releases"
    __table_args__ = (UniqueConstraint("report", "quarter"), UniqueConstraint("report", "position"))

    id: Mapped[uuid.UUID] = id_column()
    report: Mapped[str]
    quarter: Mapped[str]  # the last one it speaks of
    first_quarter: Mapped[str]  # equal to `quarter` unless several were published together
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
    """What the next quarter must know, sealed: the published figures, and until then who was still there."""

    __tablename__ = "release_memories"

    id: Mapped[uuid.UUID] = id_column()
    release_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("releases.id"), unique=True)
    verdict: Mapped[dict[str, Any]]
    sealed_memory: Mapped[bytes]


class ReleaseDraft(Model):
    """A report that withstood the attack and waits for its two signatures. Its id becomes that of the release."""

    __tablename__ = "release_drafts"
    __table_args__ = (
        UniqueConstraint("report"),  # one at a time: the next quarter follows from the sealed one
        CheckConstraint(
            "(signature IS NULL) = (signed_at IS NULL) AND (signature IS NULL) = (signer_id IS NULL)",
            name="signed_by_somebody_at_some_time",
        ),
    )

    id: Mapped[uuid.UUID] = id_column()
    report: Mapped[str]
    quarter: Mapped[str]
    first_quarter: Mapped[str]
    released_at: Mapped[datetime]
    step: Mapped[str]
    verdict: Mapped[dict[str, Any]]
    sealed_draft: Mapped[bytes]  # the figures as they will be published, and what the next quarter must know
    signature: Mapped[bytes | None]  # the statistician's
    signer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    signed_at: Mapped[datetime | None]


class QuarterPart(Model):
    """What a contributing organisation said of its part of a quarter; said once."""

    __tablename__ = "quarter_parts"
    __table_args__ = (CheckConstraint(one_of("answer", Answer), name="known_answer"),)

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    quarter: Mapped[str] = mapped_column(primary_key=True)
    answer: Mapped[str]
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    answered_at: Mapped[datetime]


class SilentPart(Model):
    """That a quarter is to be closed without a contributor that has not answered: asked for by the statistician,
    confirmed by a duty officer of the Responsible Authority."""

    __tablename__ = "silent_parts"
    __table_args__ = (
        CheckConstraint("(confirmed_by_id IS NULL) = (confirmed_at IS NULL)", name="confirmed_by_somebody"),
        CheckConstraint("confirmed_by_id <> asked_by_id", name="confirmed_by_another"),
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    quarter: Mapped[str] = mapped_column(primary_key=True)
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    asked_at: Mapped[datetime]
    confirmed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    confirmed_at: Mapped[datetime | None]


class PaymentLine(Model):
    """Nights of one shelter in one quarter, frozen when the quarter was closed; names nobody.

    The payment desk sees `payable` alone, and of `withheld` lines not even that.
    """

    __tablename__ = "payment_lines"
    __table_args__ = (CheckConstraint(one_of("basis", Basis), name="known_basis"),)

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    quarter: Mapped[str] = mapped_column(primary_key=True)
    nights: Mapped[int]
    earlier: Mapped[int]  # nights of earlier closed quarters that became known later; negative if there were fewer
    payable: Mapped[int]  # nights to be paid: of stays, with those of earlier quarters, or of places kept
    by_day: Mapped[str | None]  # `ByDay`: what is paid on the days of a contract of now; none from before (ADR 0209)
    basis: Mapped[str]
    frozen_at: Mapped[datetime]
    to_sign: Mapped[bool] = mapped_column(server_default=false())  # not of quarters from before managers signed
    mark: Mapped[bytes | None]  # of what is to be paid: who can write to this database alone changes none (ADR 0196)
