"""Children who passed a post with their own parent, as the child authority is told of them (ADR 0063)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.interviews.family_notices import DeskAnswer
from nrm.models.accounts.accounts import one_of


class FamilyNotice(Model):
    """The children of one parent: their ages, and nothing else of them. Deleted a day after it was seen (ADR 0063).

    `answer`: what the desk said last, in the system or, to the duty desk, by telephone.
    """

    __tablename__ = "family_notices"
    __table_args__ = (
        CheckConstraint(
            f"{one_of('answer', ('', *DeskAnswer))} AND {one_of('answer_how', ('', 'system', 'telephone'))}",
            name="known_answer",
        ),
        CheckConstraint(
            "(answer = '') = (answered_at IS NULL) AND (answer = '') = (answered_by_id IS NULL) "
            "AND (answer = '') = (answer_how = '')",
            name="answered_by_somebody",
        ),
        Index("ix_family_notices_organisation_id_told_at", "organisation_id", "told_at"),
        Index("ix_family_notices_answer_told_at", "answer", "told_at"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    party: Mapped[str]
    clause: Mapped[str]
    ages: Mapped[list[int]] = mapped_column(JSON)
    told_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(default="")
    answer_how: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
