"""When a case was closed and opened again, by whom and why: the history stays."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.closings import Debts, Documents, FollowUp, ReopenReason, Way
from nrm.models.accounts.accounts import one_of

_STANDS = text("reopened_on IS NULL")


class Closing(Model):
    """One closing of a case. The answers are empty where none were asked: a letter, or the person's own wish."""

    __tablename__ = "closings"
    __table_args__ = (
        CheckConstraint(one_of("way", tuple(Way)), name="known_way"),
        CheckConstraint(one_of("follow_up", ("", *FollowUp)), name="known_follow_up"),
        CheckConstraint(one_of("documents", ("", *Documents)), name="known_documents"),
        CheckConstraint(one_of("debts", ("", *Debts)), name="known_debts"),
        CheckConstraint(one_of("reason", ("", *ReopenReason)), name="known_reason"),
        CheckConstraint(
            "(way = 'checklist') = (follow_up <> '') AND (way = 'checklist') = (documents <> '')"
            " AND (way = 'checklist') = (debts <> '')",
            name="answered_in_the_checklist",
        ),
        CheckConstraint("closed_by_id IS NOT NULL OR way IN ('before', 'withdrawn')", name="closed_by_somebody"),
        CheckConstraint(
            "(reopened_on IS NULL) = (reopened_by_id IS NULL) AND (reopened_on IS NULL) = (reason = '')",
            name="reopened_by_somebody_for_a_reason",
        ),
        CheckConstraint("reopened_on IS NULL OR reopened_on >= closed_on", name="reopened_after_closing"),
        CheckConstraint("reopened_on IS NULL OR NOT by_her_wish", name="her_wish_stands"),
        CheckConstraint("way NOT IN ('erased', 'withdrawn') OR by_her_wish", name="erased_by_her_wish"),
        Index("uq_closings_standing", "case_id", unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS),
        Index("ix_closings_case_id", "case_id"),
        Index("ix_closings_organisation_id", "organisation_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    way: Mapped[str]
    closed_on: Mapped[date]
    closed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))  # None: `before`, or `tend` did it
    follow_up: Mapped[str] = mapped_column(default="")
    documents: Mapped[str] = mapped_column(default="")
    debts: Mapped[str] = mapped_column(default="")
    by_her_wish: Mapped[bool] = mapped_column(default=False)  # nothing is kept: nobody opens the case again
    reopened_on: Mapped[date | None]
    reopened_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    reason: Mapped[str] = mapped_column(default="")
