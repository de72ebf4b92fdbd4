"""The slips on which people answer, and the box of a house with what was answered. No row is one of an answer."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column


class FeedbackBox(Model):
    """One box for a house, made with its first slips. All answers, which slips were used, and what the house wrote
    about what it did are sealed together in the `feedback` compartment of the same id: always as many bytes, in no
    order."""

    __tablename__ = "feedback_boxes"

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), unique=True)


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
