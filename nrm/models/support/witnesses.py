"""Witnesses who are no victims, as the prosecution alone keeps them: closed codes, steps, and a sealed reference."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.cases import GENDERS
from nrm.domain.shelter.testimony import WitnessStatus
from nrm.domain.support.witnesses import AGE_CLASSES
from nrm.models.accounts.accounts import one_of
from nrm.models.shelter.testimony import REASON_CODES, WITH_REASON, Step, StepStrike


class Witness(Model):
    """Somebody who is a witness only: no case, no shelter, no referral. The `witness` compartment has the same id."""

    __tablename__ = "witnesses"
    __table_args__ = (
        CheckConstraint(one_of("gender", GENDERS), name="known_gender"),
        CheckConstraint(one_of("age_class", AGE_CLASSES), name="known_age_class"),
    )

    id: Mapped[uuid.UUID] = id_column()
    code: Mapped[str] = mapped_column(unique=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    gender: Mapped[str]
    age_class: Mapped[str]
    entered_on: Mapped[date]
    over_on: Mapped[date | None]  # the proceedings are over: the sealed reference was destroyed


class RecordedStep(Step):
    """One step of such a witness, as `Testimony` is one of a person with a case."""

    __tablename__ = "witness_steps"
    __table_args__ = (
        UniqueConstraint("witness_id", "position"),
        CheckConstraint(one_of("status", tuple(WitnessStatus)), name="known_status"),
        CheckConstraint(one_of("reason", REASON_CODES), name="known_reason"),
        CheckConstraint(WITH_REASON, name="with_reason"),
    )

    witness_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("witnesses.id"), index=True)


class RecordedStepStrike(StepStrike):
    """Who struck such a step."""

    __tablename__ = "witness_step_strikes"

    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("witness_steps.id"), primary_key=True)
