"""What people agreed to, answer by answer; as codes, so that the program can apply them without a key."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.consents import SAID_OF, Ended, Naming, Narrowing, Topic, Weighed
from nrm.models.accounts.accounts import one_of

_SAID = " OR ".join(f"(topic = '{topic}' AND {one_of('said', tuple(said))})" for topic, said in SAID_OF.items())


class Consent(Model):
    """One answer of one person. What was said is never changed: an answer ends, and another begins."""

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint(_SAID, name="said_fits_topic"),
        CheckConstraint(f"party = '' OR topic = '{Topic.SHARING}'", name="party_of_sharing"),
        CheckConstraint(one_of("weighed", ("", *Weighed)), name="known_weighed"),
        CheckConstraint(f"weighed = '' OR topic = '{Topic.WISH}'", name="only_a_wish_is_weighed"),
        CheckConstraint(f"topic <> '{Topic.WISH}' OR said = 'unsaid' OR weighed <> ''", name="every_wish_is_weighed"),
        CheckConstraint("due_on IS NULL OR said = 'given'", name="only_a_yes_runs_out"),
        CheckConstraint(one_of("ended", ("", *Ended)), name="known_ended"),
        CheckConstraint("(ended = '') = (ended_on IS NULL)", name="ended_on_a_day"),
        CheckConstraint(one_of("narrowing", tuple(Narrowing)), name="known_narrowing"),
        CheckConstraint("narrowing = '' OR ended <> '' OR said = 'refused'", name="narrows_after_a_no"),
        CheckConstraint("(wording = '') = (wording_sha256 = '')", name="wording_with_its_hash"),
        Index(
            "uq_consents_current",
            "case_id",
            "topic",
            "party",
            unique=True,
            sqlite_where=text("ended_on IS NULL"),
            postgresql_where=text("ended_on IS NULL"),
        ),
        Index("ix_consents_case_id_asked_on", "case_id", "asked_on"),
        Index("ix_consents_due_on", "due_on"),
        Index("ix_consents_narrowing_ended", "narrowing", "ended"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    topic: Mapped[str]
    party: Mapped[str] = mapped_column(default="")
    said: Mapped[str]
    weighed: Mapped[str] = mapped_column(default="")
    questionnaire: Mapped[str] = mapped_column(default="")
    wording: Mapped[str] = mapped_column(default="")
    wording_version: Mapped[int] = mapped_column(default=0)
    wording_sha256: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    interpreter: Mapped[str] = mapped_column(default="")
    read_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    read_at_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    asked_on: Mapped[date]
    due_on: Mapped[date | None]
    ended: Mapped[str] = mapped_column(default="")
    ended_on: Mapped[date | None]
    ended_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))  # None: by the program
    narrowing: Mapped[str] = mapped_column(default="")
    mark: Mapped[bytes | None]  # a MAC: by a yes things are sealed, and by what waits to be narrowed they are destroyed


class NamedParty(Model):
    """An organisation on one of the three lists of a person: named to them, struck out by them, told.

    A line is never changed, and taken away only with a share that was a mistake (ADR 0166): who is told anew after a
    strike stands on both lists.
    """

    __tablename__ = "named_parties"
    __table_args__ = (
        CheckConstraint(one_of("naming", tuple(Naming)), name="known_naming"),
        UniqueConstraint("case_id", "party", "naming"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    party: Mapped[str]
    naming: Mapped[str]
    noted_on: Mapped[date]
    member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
