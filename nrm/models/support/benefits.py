"""What the payment desk is asked for: how much, for which months, on which way, and how it stands."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model
from nrm.domain.support.benefits import MOST_MONTHS, Channel, Second, State
from nrm.models.accounts.accounts import one_of


class Benefit(Model):
    """One payment code. Nothing here leads to a case, and nothing of a case leads here: which case it belongs to lies
    under the seal of the holder alone.

    Random code and voucher, months in place of days, no hour, no member. Rows have no order in SQLite; in PostgreSQL
    those that wait are written anew in a random one (`rows.support.benefits.stir`).
    """

    __tablename__ = "benefits"
    __table_args__ = (
        CheckConstraint("amount > 0", name="an_amount"),
        CheckConstraint(f"months BETWEEN 1 AND {MOST_MONTHS}", name="some_months"),
        CheckConstraint(one_of("channel", tuple(Channel)), name="known_channel"),
        CheckConstraint(one_of("state", tuple(State)), name="known_state"),
        CheckConstraint("(channel = 'voucher') = (voucher <> '')", name="a_number_of_a_voucher"),
        CheckConstraint("(state = 'asked') = (settled_month IS NULL)", name="settled_in_a_month"),
        Index("ix_benefits_state", "state"),
        {"sqlite_with_rowid": False},
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))  # whose account or voucher it is
    amount: Mapped[int]  # in the country's currency, whole
    from_month: Mapped[date]
    months: Mapped[int]
    channel: Mapped[str]
    voucher: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default=State.ASKED)
    settled_month: Mapped[date | None]
    # What the desk can take back for a day: how it stood before, and on which day the desk said what became of it. Both
    # stand in the audit chain, too, and go here when the day is over.
    was: Mapped[str] = mapped_column(default="")
    settled_on: Mapped[date | None]
    second: Mapped[str] = mapped_column(default=Second.NONE)  # whether a second member of the house agreed; not who
    # The manager says that nobody of the house knows whose it is, while it waits; afterwards, that nobody has to be
    # told any more what became of it. Who finds the person, or whose it is to be told after all, takes that back.
    nobody_on: Mapped[date | None]
    nobody_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    untold: Mapped[bool] = mapped_column(default=False)  # the house has not said yet that the person knows
    off_unseen: Mapped[bool] = mapped_column(default=False)  # called off, and the manager has not said that she saw it
    mark: Mapped[bytes | None]  # of all of it: who can write to this database alone cannot have money paid (ADR 0192)


class BenefitReview(Model):
    """The manager of a house looked through all that the house asked for and was paid in a month. It names no code."""

    __tablename__ = "benefit_reviews"

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    seen_on: Mapped[date]
