"""Interviews under way, and the numbered papers they may be typed in from."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.interviews.endings import HOLD_REASONS, OF_THE_PERSON, Holding
from nrm.models.accounts.accounts import one_of


class Interview(Model):
    """One interview: its answers are sealed in the `draft` compartment of the same id until it is sent.

    `draft`: being filled in, destroyed after seven days. `completed`: imported, waits to be referred. `sent`:
    a case with the same id exists. `held`: ended, still sealed, destroyed at `expires_at` (`Hold`). `ended`: no case;
    only an anonymous screening is left.
    """

    __tablename__ = "interviews"
    __table_args__ = (
        CheckConstraint(one_of("status", ("draft", "completed", "held", "sent", "ended")), name="known_status"),
        # Nothing that is kept says of which group the person was: only a draft has a place in one.
        CheckConstraint(
            "(group_id IS NULL) = (group_number IS NULL) AND (group_id IS NULL OR status = 'draft')",
            name="only_a_draft_in_a_group",
        ),
        UniqueConstraint("organisation_id", "import_mark"),
        Index("ix_interviews_organisation_id_status", "organisation_id", "status"),
        Index("ix_interviews_status_expires_at", "status", "expires_at"),
        # Most interviews have no paper: the index has only those that do.
        Index(
            "ix_interviews_paper_mark",
            "organisation_id",
            "paper_mark",
            sqlite_where=text("paper_mark IS NOT NULL"),
            postgresql_where=text("paper_mark IS NOT NULL"),
        ),
        Index(
            "ix_interviews_group_id",
            "group_id",
            "group_number",
            unique=True,
            sqlite_where=text("group_id IS NOT NULL"),
            postgresql_where=text("group_id IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))  # the interviewer, whose draft it is
    owner_mark: Mapped[bytes | None]  # a MAC over post and interviewer: nobody becomes the interviewer by hand
    questionnaire: Mapped[str]
    status: Mapped[str]
    pseudonym: Mapped[str] = mapped_column(unique=True)
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    import_mark: Mapped[bytes | None]  # HMAC of the imported line under a key of the post
    paper_mark: Mapped[bytes | None]  # HMAC of the number of the paper it was typed in from, under a key of the post
    group_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("return_groups.id"))
    group_number: Mapped[int | None]  # the number of the draft within the group; both go when it is a draft no more


class Hold(Model):
    """An interview that ended and is not destroyed yet (ADR 0057). The row goes when it is destroyed or taken back.

    `member_id`: who ended it; `was`, `kept_until`: its status and `expires_at` before. `official`: an official took
    part, or the person does not know; then colleagues see no line. `desk`: the duty desk may open it.
    """

    __tablename__ = "interview_holds"
    __table_args__ = (
        CheckConstraint(one_of("ending", Holding), name="known_ending"),
        CheckConstraint(one_of("reason", ("", *HOLD_REASONS)), name="known_reason"),
        CheckConstraint(one_of("was", ("draft", "completed")), name="known_status_before"),
        CheckConstraint(f"NOT desk OR NOT {one_of('ending', OF_THE_PERSON)}", name="nobody_opens_a_no"),
    )

    id: Mapped[uuid.UUID] = mapped_column(ForeignKey("interviews.id"), primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    ending: Mapped[str]
    reason: Mapped[str]
    held_at: Mapped[datetime]
    was: Mapped[str]
    kept_until: Mapped[datetime | None]
    official: Mapped[bool]
    desk: Mapped[bool]


class PaperForm(Model):
    """One numbered paper that was printed for a post. Its number is written nowhere but on the paper.

    `used`: what was written on it was sent or counted; nothing here says where it went.
    """

    __tablename__ = "paper_forms"
    __table_args__ = (
        UniqueConstraint("organisation_id", "mark"),
        Index("ix_paper_forms_organisation_id_issued_at", "organisation_id", "issued_at", "block_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    block_id: Mapped[uuid.UUID]
    mark: Mapped[bytes]  # HMAC of its number under a key of the post
    questionnaire: Mapped[str]
    version: Mapped[int]
    staff: Mapped[str]
    spoken: Mapped[str]
    issued_at: Mapped[datetime]
    issued_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    used: Mapped[bool] = mapped_column(default=False)
