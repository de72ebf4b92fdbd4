"""Alarms about threats to witnesses, and which desks have seen them. No word of the threat is here."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.support.threats import Acts, Doubt
from nrm.models.accounts.accounts import one_of


class ThreatAlarm(Model):
    """Somebody recorded that a witness is threatened: by a step and its reason, or by saying so."""

    __tablename__ = "threat_alarms"
    __table_args__ = (
        CheckConstraint("(case_id IS NULL) <> (witness_id IS NULL)", name="of_one_person"),
        CheckConstraint("step_id IS NULL OR case_id IS NOT NULL", name="step_of_the_case"),
        CheckConstraint("witness_step_id IS NULL OR witness_id IS NOT NULL", name="step_of_the_witness"),
        CheckConstraint(one_of("doubt", ("", *Doubt)), name="known_doubt"),
        CheckConstraint("(doubt = '') = (doubted_at IS NULL)", name="doubted_at_an_hour"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"), index=True)
    witness_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("witnesses.id"), index=True)
    # The step whose reason told it: when that is struck there is no alarm.
    step_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("testimony.id"))
    witness_step_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("witness_steps.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))  # that recorded it
    told_at: Mapped[datetime]
    doubt: Mapped[str] = mapped_column(default="", server_default="")  # what that organisation says of it since
    doubted_at: Mapped[datetime | None]


class ThreatSeen(Model):
    """One desk has seen the alarm and acts; each desk says it for itself, and can take it back."""

    __tablename__ = "threats_seen"
    __table_args__ = (CheckConstraint(one_of("what", ("", *Acts)), name="known_act"),)

    alarm_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("threat_alarms.id"), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    seen_at: Mapped[datetime]
    what: Mapped[str] = mapped_column(default="", server_default="")  # what is done; empty before that was asked
