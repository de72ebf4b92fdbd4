"""The slips on which people answer, and the box of a house with what was answered. No row is one of an answer."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column


class FeedbackBox(Model):
    """One box for a house, made with its first slips. All answers, which slips were used, and what the house wrote
    about what it did are sealed together in the `feedback` compartment of the same id: always as many bytes, in no
    order."""

    __tablename__ = "feedback_boxes"

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), unique=True)
    mark: Mapped[bytes | None]  # a MAC over both: which house it is of
    # Of what the house wrote: how much waits for another reader, who wrote it (nobody where several did), and whether
    # the Responsible Authority alone shows it. Home pages say so; only what is written in the house changes it.
    notes_to_read: Mapped[int] = mapped_column(default=0, server_default="0")
    notes_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    notes_watched: Mapped[bool] = mapped_column(default=False, server_default=false())


class FeedbackSlip(Model):
    """One printed slip: `mark` is a MAC over its number. The row stays as it is when the slip is used.

    Without an order of rows on SQLite: all of a quarter have the same day.
    """

    __tablename__ = "feedback_slips"
    __table_args__ = ({"sqlite_with_rowid": False},)

    mark: Mapped[bytes] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    until_on: Mapped[date] = mapped_column(index=True)
    is_last: Mapped[bool] = mapped_column(default=False)  # of the last PDF, which can be made again when it was lost
