"""Whether people were in the mechanism before: the question to them, their encodings, and what was found."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.matching import Repeat, Said, Word
from nrm.models.accounts.accounts import one_of


class MatchKey(Model):
    """One version of the matching key: the value lies in the compartment `matching` of the same `id`, granted to the
    organisations that take people in."""

    __tablename__ = "match_keys"
    __table_args__ = (CheckConstraint("version >= 1", name="counted_from_one"), UniqueConstraint("id"))

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID]
    made_on: Mapped[date]
    mark: Mapped[bytes]  # a MAC over all of it: nobody makes everybody encode under a key of theirs


class MatchQuestion(Model):
    """What a person answered, and, after a yes, what was found.

    `sealed_pairs` has the same length whatever was found, also nothing, and is written again by each search: nothing
    here says whether anybody was.
    """

    __tablename__ = "match_questions"
    __table_args__ = (
        CheckConstraint(one_of("said", Said), name="known_answer"),
        CheckConstraint(f"word = '' OR {one_of('word', Word)}", name="known_word"),
        CheckConstraint("(said = 'yes') = (sealed_pairs IS NOT NULL)", name="sealed_after_a_yes"),
        CheckConstraint("revision >= 1", name="counted_from_one"),
        Index("ix_match_questions_searched", "said", "searched"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    said: Mapped[str]
    asked_on: Mapped[date]
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    with_guardian: Mapped[bool]
    searched: Mapped[bool]
    word: Mapped[str] = mapped_column(default="", server_default="")
    revision: Mapped[int]
    sealed_pairs: Mapped[bytes | None]


class MatchEncoding(Model):
    """The encoding of one person under one version of the matching key, and under the key file `match`.

    `id` is the record of the encoding: its permanent noise comes from it.
    """

    __tablename__ = "match_encodings"
    __table_args__ = (
        UniqueConstraint("case_id"),
        CheckConstraint("key_version >= 1", name="counted_from_one"),
        Index("ix_match_encodings_key_version", "key_version"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    norm: Mapped[str]
    enc: Mapped[str]
    key_version: Mapped[int]
    sealed_encoding: Mapped[bytes]


class MatchAsked(Model):
    """That a member began a check: for the limit of a day, and for the alarm of a burst."""

    __tablename__ = "match_asked"
    __table_args__ = (Index("ix_match_asked_at", "at"), Index("ix_match_asked_member_id_at", "member_id", "at"))

    id: Mapped[uuid.UUID] = id_column()
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    at: Mapped[datetime]


class SeenByMember(Model):
    """That a member has seen the person of a case that the house opened itself: then a colleague may ask."""

    __tablename__ = "match_seen"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    seen_on: Mapped[date]


class RepeatValue(Model):
    """What is counted of a case from one day on, in report ix: what is confirmed late changes no earlier quarter."""

    __tablename__ = "repeat_values"
    __table_args__ = (CheckConstraint(one_of("value", Repeat), name="known_value"),)

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    from_on: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[str]
