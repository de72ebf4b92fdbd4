"""Tables that agencies file for the register: appended, never changed."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.models.accounts.accounts import one_of

SEALED = "sealed"
ANSWERS = ("figures", "zero", "no_report", "not_applicable", SEALED)


class Filing(Model):
    """One table of one quarter as an agency filed and signed it; a correction is another one that names it.

    `sealed`: the table speaks of victims or children. Its figures, zero or not, are the compartment `filed` of the
    pseudo-case with the filing's id, until they are published rounded or replaced.
    """

    __tablename__ = "filings"
    __table_args__ = (
        UniqueConstraint("matrix", "quarter", "position"),
        CheckConstraint(one_of("answer", ANSWERS), name="known_answer"),
        CheckConstraint("(answer = 'figures') = (content IS NOT NULL)", name="figures_in_clear_or_none"),
        CheckConstraint("reason = '' OR answer = 'figures'", name="reason_for_figures_in_clear"),
        CheckConstraint("(position = 1) = (replaces_id IS NULL)", name="corrections_name_what_they_replace"),
    )

    id: Mapped[uuid.UUID] = id_column()
    matrix: Mapped[str]
    quarter: Mapped[str]
    position: Mapped[int]
    replaces_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("filings.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    answer: Mapped[str]
    content: Mapped[str | None]
    reason: Mapped[str] = mapped_column(
        default="", server_default=""
    )  # why figures break a rule; a code of the register
    digest: Mapped[bytes]  # SHA-256 of what was signed: of the figures, or of their sealed bytes
    public: Mapped[bytes]
    signature: Mapped[bytes]
    filed_at: Mapped[datetime]
    mark: Mapped[bytes]
