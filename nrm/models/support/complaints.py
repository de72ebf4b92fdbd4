"""Complaints about people who work in the mechanism, sealed to the Responsible Authority."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column


class Complaint(Model):
    """One complaint. What was written, from which house's page, and on which day is sealed in the `complaint`
    compartment of the same id; there is no hour anywhere. Without an order of rows on SQLite."""

    __tablename__ = "complaints"
    __table_args__ = (
        CheckConstraint("(dealt_on IS NULL) = (dealt_by_id IS NULL)", name="dealt_with_by_somebody"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[uuid.UUID] = id_column()
    dealt_on: Mapped[date | None] = mapped_column(index=True)
    dealt_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    # From the page that everybody can open, and not from that of a house: so many of these can wait, no more.
    without_house: Mapped[bool] = mapped_column(default=False)
    # Marks of those whom it names, among others of nobody: always as many, so that it shows neither whom nor how many.
    not_for: Mapped[bytes | None]
    mark: Mapped[bytes | None]  # a MAC over all of the above


class ComplaintTaken(Model):
    """Who of the desk deals with a complaint, so that a colleague sees it."""

    __tablename__ = "complaints_taken"
    __table_args__ = ({"sqlite_with_rowid": False},)

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaints.id"), primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    mark: Mapped[bytes | None]  # a MAC over both
