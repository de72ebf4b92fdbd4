"""Calls to the help line."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.interviews.helpline import Caller, Followed, Outcome, PartOfDay, Topic
from nrm.models.accounts.accounts import one_of


class HelplineCall(Model):
    """One call, in codes. While `noted`, a personal note is sealed in `identity` of the same id.

    After thirty days the note is destroyed, and of the day only the quarter is kept. No row leads to the interview that
    the call began.
    """

    __tablename__ = "helpline_calls"
    __table_args__ = (
        CheckConstraint(f"part = '' OR {one_of('part', PartOfDay)}", name="known_part"),
        CheckConstraint(one_of("caller", Caller), name="known_caller"),
        CheckConstraint(one_of("topic", Topic), name="known_topic"),
        CheckConstraint(one_of("outcome", Outcome), name="known_outcome"),
        CheckConstraint(one_of("followed", ("", *Followed)), name="known_followed"),
        CheckConstraint("called_on IS NOT NULL OR (part = '' AND NOT noted)", name="coarse_once_old"),
        Index("ix_helpline_calls_organisation_id", "organisation_id", "called_on"),
        Index("ix_helpline_calls_called_on", "called_on"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    quarter_on: Mapped[date]
    called_on: Mapped[date | None]
    part: Mapped[str]
    language: Mapped[str]  # one that texts are read out in, or `other`
    caller: Mapped[str]
    topic: Mapped[str]
    outcome: Mapped[str]
    noted: Mapped[bool]
    followed: Mapped[str] = mapped_column(default="", server_default="")  # of an outcome that is done elsewhere
