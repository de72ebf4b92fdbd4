"""Claims for compensation, as closed codes: forum, bands, outcome and quarters; never an amount or a file number."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.claims import GIVEN, ClaimEvent, Forum, Outcome, Paid
from nrm.models.accounts.accounts import one_of


class Claim(Model):
    """One claim of one case; its entries contain what is known about it."""

    __tablename__ = "claims"

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)


class ClaimEntry(Model):
    """One entry of its history, never changed; the last one is the present state of the claim."""

    __tablename__ = "claim_entries"
    __table_args__ = (
        CheckConstraint(one_of("event", tuple(ClaimEvent)), name="known_event"),
        CheckConstraint(one_of("forum", tuple(Forum)), name="known_forum"),
        CheckConstraint(one_of("outcome", tuple(Outcome)), name="known_outcome"),
        CheckConstraint(one_of("paid", ("", *Paid)), name="known_paid"),
        CheckConstraint("(position = 1) = (event = 'ask')", name="asked_first"),
        CheckConstraint("asked <> ''", name="asked_for_something"),
        CheckConstraint(f"(granted <> '') = ({one_of('outcome', GIVEN)})", name="granted_something"),
        CheckConstraint("(granted <> '') = (paid <> '')", name="paid_what_was_granted"),
    )

    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    event: Mapped[str]
    forum: Mapped[str]
    asked: Mapped[str]  # a band of the country, or `not_stated`
    outcome: Mapped[str]
    granted: Mapped[str] = mapped_column(default="")
    paid: Mapped[str] = mapped_column(default="")
    happened_on: Mapped[date]  # first day of the quarter
    counts_on: Mapped[date]  # first day of the quarter that counts it: a later one where that was closed already
