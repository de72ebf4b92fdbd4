"""Procedure records, negative screens kept for monitoring, draws, samples, scores, and what is to be mended.

Nothing here leads to an interview, a case or a person: ids are random, times are classes, days are quarters, and the
tables have no row numbers that would keep the order of writing.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.interviews.monitoring import RemedyAction, RemedyOutcome, RemedyOwner
from nrm.domain.interviews.procedures import CHILD_TOLD, DURATIONS
from nrm.models.accounts.accounts import one_of

_OUTCOMES = ("", "possible", "suspected", "none")


class ProcedureRecord(Model):
    """How one interview was led. `considered_in`: the quarter whose draw it took part in, None before it did."""

    __tablename__ = "procedure_records"
    __table_args__ = (
        CheckConstraint(one_of("duration", ("", *DURATIONS)), name="known_duration"),
        CheckConstraint(one_of("profile", _OUTCOMES), name="known_profile"),
        CheckConstraint(one_of("assessment", _OUTCOMES), name="known_assessment"),
        CheckConstraint(one_of("in_time", ("yes", "no")), name="yes_or_no_in_time"),
        CheckConstraint(one_of("child_told", CHILD_TOLD), name="known_child_told"),
        Index("ix_procedure_records_considered_in", "considered_in", "organisation_id", "quarter_on"),
        Index("ix_procedure_records_quarter_on", "quarter_on"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    quarter_on: Mapped[date]  # first day of the quarter
    questionnaire: Mapped[str]
    route: Mapped[str]
    language: Mapped[str]  # one that texts are read out in, or `other`
    duration: Mapped[str]
    profile: Mapped[str]
    assessment: Mapped[str]
    in_time: Mapped[str]
    child_told: Mapped[str]
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    wordings: Mapped[list[Any]] = mapped_column(JSON)
    asked: Mapped[list[Any]] = mapped_column(JSON)
    not_asked: Mapped[list[Any]] = mapped_column(JSON)
    pages: Mapped[dict[str, Any]] = mapped_column(JSON)
    considered_in: Mapped[str | None]
    warned: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default="[]")  # ids of warnings seen


class NegativeScreen(Model):
    """The coded answers behind one “no indicator”, without place, hour and person, until `goes_on`."""

    __tablename__ = "negative_screens"
    __table_args__ = ({"sqlite_with_rowid": False},)

    id: Mapped[uuid.UUID] = id_column()
    goes_on: Mapped[date] = mapped_column(index=True)  # a Monday
    questionnaire: Mapped[str]
    profile: Mapped[str]
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)


class MonitoringDraw(Model):
    """The draw of one quarter: the commitment to its seed, later the seed and the posts that judge differently."""

    __tablename__ = "monitoring_draws"
    __table_args__ = (
        CheckConstraint("(seed IS NULL) = (drawn_on IS NULL)", name="seed_shown_once_drawn"),
        CheckConstraint("(seed IS NULL) = (sealed_seed IS NOT NULL)", name="seed_sealed_until_drawn"),
    )

    quarter: Mapped[str] = mapped_column(primary_key=True)
    commitment: Mapped[str]
    committed_on: Mapped[date]
    sealed_seed: Mapped[bytes | None]
    seed: Mapped[str | None]
    drawn_on: Mapped[date | None]
    waiting: Mapped[list[Any] | None] = mapped_column(JSON)  # ids of posts with too few
    differing: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # id of a post -> milder, stricter


class MonitoringSample(Model):
    """One record that was drawn, under an id of its own; `twice`: two people score it."""

    __tablename__ = "monitoring_samples"
    __table_args__ = (Index("ix_monitoring_samples_quarter", "quarter", "organisation_id", "number"),)

    id: Mapped[uuid.UUID] = id_column()
    quarter: Mapped[str] = mapped_column(ForeignKey("monitoring_draws.quarter"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    record_id: Mapped[uuid.UUID] = mapped_column(unique=True)  # the record is deleted earlier than the scores
    number: Mapped[int]  # from 1, in the order of the draw
    twice: Mapped[bool]


class MonitoringScore(Model):
    """What one monitor found of one sample: item -> mark."""

    __tablename__ = "monitoring_scores"
    __table_args__ = (
        CheckConstraint("round IN (1, 2)", name="first_or_second"),
        Index("uq_monitoring_scores_sample_member", "sample_id", "member_id", unique=True),
    )

    sample_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("monitoring_samples.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    scored_on: Mapped[date]
    marks: Mapped[dict[str, Any]] = mapped_column(JSON)


class Remedy(Model):
    """What a post is asked to mend, by when and by which office; and what was found when it was checked."""

    __tablename__ = "remedies"
    __table_args__ = (
        CheckConstraint(one_of("action", RemedyAction), name="known_action"),
        CheckConstraint(one_of("owner", RemedyOwner), name="known_owner"),
        CheckConstraint(f"outcome = '' OR {one_of('outcome', RemedyOutcome)}", name="known_outcome"),
        CheckConstraint("(outcome = '') = (checked_on IS NULL)", name="checked_with_an_outcome"),
        Index("ix_remedies_organisation_id_due_on", "organisation_id", "due_on"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    quarter: Mapped[str]
    item: Mapped[str]
    action: Mapped[str]
    owner: Mapped[str]
    asked_on: Mapped[date]
    due_on: Mapped[date]
    checked_on: Mapped[date | None]
    outcome: Mapped[str] = mapped_column(default="")
