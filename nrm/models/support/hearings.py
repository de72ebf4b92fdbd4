"""Hearings of witnesses. Court, day and protection are sealed: with them, a list at a court's door gives a name."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.support.hearings import HearingEntryKind
from nrm.models.accounts.accounts import one_of
from nrm.models.shelter.strikes import Strike


class HearingEntry(Model):
    """One entry about one hearing: announced, what was ordered, or that it was called off. Never changed, only struck.

    Sealed under the key of the case's `legal`, or of the `witness` of somebody who is no victim.
    """

    __tablename__ = "hearing_entries"
    __table_args__ = (
        CheckConstraint(one_of("kind", tuple(HearingEntryKind)), name="known_kind"),
        CheckConstraint("(case_id IS NULL) <> (witness_id IS NULL)", name="of_one_person"),
        CheckConstraint("(kind = 'announced') = (hearing_id IS NULL)", name="of_a_hearing"),
    )

    id: Mapped[uuid.UUID] = id_column()
    hearing_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("hearing_entries.id"), index=True)
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"), index=True)
    witness_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("witnesses.id"), index=True)
    kind: Mapped[str]
    epoch: Mapped[int]
    sealed_entry: Mapped[bytes]
    entered_on: Mapped[date]


class HearingStrike(Strike):
    """Who struck an entry."""

    __tablename__ = "hearing_strikes"

    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hearing_entries.id"), primary_key=True)


class KeptHearing(Model):
    """A hearing that an organisation announced itself, kept for it when it stopped reading the case (ADR 0200).

    What it announced and what was ordered lie sealed to it alone in the `kept_hearing` compartment of the same id.
    """

    __tablename__ = "kept_hearings"

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    kept_on: Mapped[date]
