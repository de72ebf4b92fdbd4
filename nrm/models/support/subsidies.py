"""The nights of a quarter as managers of shelters signed them."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model


class NightStatement(Model):
    """A file that a manager signed with her own key. Rows are added, and never changed; the newest one counts.

    It says what the payment desk sees of the quarter, and names nobody.
    """

    __tablename__ = "night_statements"
    __table_args__ = (CheckConstraint("position >= 1", name="counted_from_one"),)

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    quarter: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    signer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    signed_at: Mapped[datetime]
    content: Mapped[bytes]


class NightPayment(Model):
    """What the payment desk recorded as paid for a quarter. Rows are added, and never changed: a wrong one is followed
    by one that takes its amount off again."""

    __tablename__ = "night_payments"
    __table_args__ = (CheckConstraint("position >= 1", name="counted_from_one"),)

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    quarter: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    amount: Mapped[int] = mapped_column(BigInteger)  # below zero where something was taken off
    statement: Mapped[int]  # the number of the signed file by which it was paid
    paid_on: Mapped[date]
    reason: Mapped[str] = mapped_column(default="")  # why it was paid although the contract of now gives another amount
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    mark: Mapped[bytes | None]  # of all of it (ADR 0196)
