"""Interviews under way, and the numbered papers they may be typed in from."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.models.accounts.accounts import one_of


class Interview(Model):
    """One interview: its answers are sealed in the `draft` compartment of the same id until it is sent.

    `draft`: being filled in, destroyed after seven days. `completed`: imported, waits to be referred. `sent`:
    a case with the same id exists. `ended`: no case; only an anonymous screening is left.
    """

    __tablename__ = "interviews"
    __table_args__ = (
        CheckConstraint(one_of("status", ("draft", "completed", "sent", "ended")), name="known_status"),
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
