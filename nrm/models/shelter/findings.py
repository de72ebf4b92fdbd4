"""What was found of a child's risk, security and family: entries that are added and never changed."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.findings import Found
from nrm.models.accounts.accounts import one_of


class ChildFinding(Model):
    """One finding of one assessment. `subject_id`: the case, or the return that another country asks for."""

    __tablename__ = "child_findings"
    __table_args__ = (
        CheckConstraint(one_of("kind", Assessment), name="known_kind"),
        CheckConstraint(one_of("found", Found), name="known_found"),
        # Older entries, which said only "done", count as not clear yet, and name nobody.
        CheckConstraint(
            "found = 'not_yet_clear' OR (assessor <> '' AND member_id IS NOT NULL)", name="found_by_somebody"
        ),
        UniqueConstraint("subject_id", "kind", "position"),
    )

    id: Mapped[uuid.UUID] = id_column()
    subject_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    position: Mapped[int]  # of this kind, from 1: the last one counts
    found: Mapped[str]
    found_on: Mapped[date]
    assessor: Mapped[str]  # the colleague who looked into it
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))  # who recorded it
