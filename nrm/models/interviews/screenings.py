"""How often interviews ended in which way, for report (x): numbers alone, no row of a single interview (ADR 0038)."""

from __future__ import annotations

import secrets
from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model
from nrm.domain.interviews.screenings import FAMILIES, FAMILY_CHILDREN, KIND, STEPS
from nrm.models.accounts.accounts import one_of


class ScreeningKind(Model):
    """One combination of codes that report (x) counts, written when it is first met.

    Its number is random: numbers in the order of creation could be matched with entries of the audit chain.
    """

    __tablename__ = "screening_kinds"
    __table_args__ = (
        CheckConstraint(
            "processed <> 'returned_to_family' OR age_class = 'adult'", name="child_never_to_family_at_crossing_point"
        ),
        UniqueConstraint(*KIND, name="uq_screening_kinds_codes"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, default=lambda: secrets.randbits(62))
    citizenship_class: Mapped[str]
    crossing_point: Mapped[str]
    outcome: Mapped[str]
    processed: Mapped[str]
    age_class: Mapped[str]
    gender: Mapped[str]
    returned_from: Mapped[str]
    announced: Mapped[str]
    agency: Mapped[str]  # whether one assisted the return


class ScreeningCount(Model):
    """How many interviews of a quarter were of one kind, with what the indicators and the officer said.

    Each kind finds its own numbers in the index, which holds all that is added up (ADR 0226).
    """

    __tablename__ = "screening_counts"
    __table_args__ = (
        CheckConstraint("number > 0", name="somebody"),
        Index("ix_screening_counts_kind_id", "kind_id", "quarter_on", "number"),
        {"sqlite_with_rowid": False},
    )

    quarter_on: Mapped[date] = mapped_column(primary_key=True)  # its first day
    kind_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("screening_kinds.id"), primary_key=True, autoincrement=False
    )
    profile: Mapped[str] = mapped_column(primary_key=True)  # what the indicators said
    assessment: Mapped[str] = mapped_column(primary_key=True)  # what the officer said
    reason: Mapped[str] = mapped_column(primary_key=True)  # why help was refused
    number: Mapped[int]


class ScreenStep(Model):
    """How many adults a post screened in a quarter, and how many of them came how far: numbers alone (ADR 0055).

    Beside them: how many family notices it wrote, and of how many children.
    """

    __tablename__ = "screen_steps"
    __table_args__ = (
        CheckConstraint("number > 0", name="somebody"),
        CheckConstraint(one_of("step", (*STEPS, FAMILIES, FAMILY_CHILDREN)), name="known_step"),
        {"sqlite_with_rowid": False},
    )

    quarter_on: Mapped[date] = mapped_column(primary_key=True)  # its first day
    crossing_point: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]


class ScreenedLine(Model):
    """An imported line that ended without a case, to know it again. Nothing says which screening it became."""

    __tablename__ = "screened_lines"
    __table_args__ = ({"sqlite_with_rowid": False},)

    mark: Mapped[bytes] = mapped_column(primary_key=True)  # HMAC of the line under a key of the post
