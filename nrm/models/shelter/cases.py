"""Cases, their sealed compartments, and who holds a key to which.

`case_id` is also the id of the draft a case came from: one person's interview and case are one thing, sealed under
different keys.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, ShredModel, id_column
from nrm.models.accounts.accounts import one_of


class Case(Model):
    """One person's way through the system, under a pseudonym. The facts here are closed codes and nothing else."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint(one_of("status", ("referred", "open", "closed")), name="known_status"),
        CheckConstraint(one_of("age_class", ("child", "adult", "unsure")), name="known_age_class"),
        Index("ix_cases_holder_status_month", "holder_id", "status", "adult_month"),
        Index("ix_cases_status", "status"),
        Index("ix_cases_adult_month", "adult_month"),
    )

    id: Mapped[uuid.UUID] = id_column()
    pseudonym: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str]
    source: Mapped[str]  # crossing_point, helpline, or how a self-opened case came
    opened_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    holder_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    registered_month: Mapped[date]  # first day of the month
    questionnaire: Mapped[str]
    age_class: Mapped[str]
    age_band: Mapped[str]
    gender: Mapped[str]
    citizenship: Mapped[str]  # ISO 3166 alpha-2, `stateless`, `unknown`
    citizenship_class: Mapped[str]
    exploited_in: Mapped[str]  # ISO 3166 alpha-2, `several`, `unknown`
    consent: Mapped[str]
    repeat: Mapped[str] = mapped_column(default="not_checked")
    facts: Mapped[dict[str, Any]]  # the other closed codes
    closed_month: Mapped[date | None]
    adult_month: Mapped[date | None]  # first day of the month in which a minor turns 18; the day is under seal


class SealedCompartment(Model):
    """The current revision of one compartment, under the key of its current epoch."""

    __tablename__ = "sealed_compartments"

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    compartment: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    revision: Mapped[int]
    sealed_value: Mapped[bytes]
    # The page of an interview that was saved last, for colleagues; empty for all else, and where only the interviewer
    # may open it.
    step: Mapped[str] = mapped_column(default="", server_default="")


class Grant(Model):
    """A compartment's key, wrapped to the keyring of one organisation."""

    __tablename__ = "grants"
    __table_args__ = (
        Index("ix_grants_keyring", "organisation_id", "keyring_version", "case_id", "compartment"),
        Index("ix_grants_organisation_id_case_id", "organisation_id", "case_id"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    compartment: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    epoch: Mapped[int]
    keyring_version: Mapped[int]
    # The version to which this epoch's key was first wrapped: a former member may have kept the key of an older one.
    since_version: Mapped[int] = mapped_column(server_default=text("1"))
    since_mark: Mapped[bytes | None]  # a MAC over the parts of `mark` and that version; None: older than this column
    sealed_key: Mapped[bytes]
    # A MAC over place, epoch, organisation and `until_on`: grants decide to whom the next epoch is sealed.
    mark: Mapped[bytes]
    until_on: Mapped[date | None]  # the last day of the consent by which it is held; None: by no consent that runs out


class PendingGrant(Model):
    """A grant under a release key: a party of the route that has not accepted opens nothing with its keyring alone."""

    __tablename__ = "pending_grants"
    __table_args__ = (
        Index("ix_pending_grants_keyring", "organisation_id", "keyring_version", "case_id", "compartment"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    compartment: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    epoch: Mapped[int]
    keyring_version: Mapped[int]
    sealed_key: Mapped[bytes]


class MemberGrant(Model):
    """A compartment's key, wrapped to one member: what only the interviewer opens, and no keyring of the post."""

    __tablename__ = "member_grants"
    __table_args__ = (Index("ix_member_grants_member_id", "member_id"),)

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    compartment: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    epoch: Mapped[int]
    sealed_key: Mapped[bytes]
    mark: Mapped[bytes]  # a MAC over place, epoch and member


class Destruction(Model):
    """A key of the shred database that must be destroyed: written in the transaction that ends access."""

    __tablename__ = "destructions"
    __table_args__ = (CheckConstraint(one_of("kind", ("shred", "release")), name="known_kind"),)

    id: Mapped[uuid.UUID] = id_column()
    kind: Mapped[str]
    case_id: Mapped[uuid.UUID]
    compartment: Mapped[str]
    epoch: Mapped[int]
    organisation_id: Mapped[uuid.UUID | None]
    mark: Mapped[bytes | None]  # a MAC over all of it: a line written by hand destroys nothing


class Erasure(Model):
    """A compartment whose keys were destroyed for good; replayed after a restore."""

    __tablename__ = "erasures"

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    compartment: Mapped[str] = mapped_column(primary_key=True)
    erased_at: Mapped[datetime]
    mark: Mapped[bytes | None]  # as in its line outside the databases: a row written by hand gets none


class Opening(Model):
    """Leave for one session to read one compartment for a quarter of an hour; the audit event came first."""

    __tablename__ = "openings"
    __table_args__ = (UniqueConstraint("session_digest", "case_id", "compartment"),)

    id: Mapped[uuid.UUID] = id_column()
    session_digest: Mapped[bytes]
    case_id: Mapped[uuid.UUID]
    compartment: Mapped[str]
    purpose: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    mark: Mapped[bytes]  # a MAC over session, place and hour: leave written by hand is not valid


class Reading(Model):
    """The record that somebody opened a compartment, when and why; kept as long as the case, for its present and
    earlier holders.

    `case_id` is also that of an announced return, which the expecting post holds.
    """

    __tablename__ = "readings"
    __table_args__ = (
        Index("ix_readings_case_id_opened_at", "case_id", "opened_at"),
        Index("ix_readings_holder_id_opened_at", "holder_id", "opened_at"),
        Index("ix_readings_organisation_id_opened_at", "organisation_id", "opened_at"),
        Index("ix_readings_member_id_opened_at", "member_id", "opened_at"),
        Index("ix_readings_opened_at", "opened_at", "member_id", "organisation_id", "case_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID]
    compartment: Mapped[str]
    purpose: Mapped[str]
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    holder_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))  # whose case it was at that time
    opened_at: Mapped[datetime]


class CareNote(Model):
    """A note on the care of a person: appended, never changed; under the key of the `care` compartment."""

    __tablename__ = "care_notes"

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    epoch: Mapped[int]
    sealed_note: Mapped[bytes]


class Supplement(Model):
    """What the sender of an urgent hand-over may still add, once, for 24 hours after it was accepted.

    `waiting` for the acceptance; `open`; `sent` to the holder of that moment, as the case's compartment `supplement`;
    `taken` over into the case, or `filed` as it is; `lapsed`. The hour is deleted as soon as nobody needs it.
    """

    __tablename__ = "supplements"
    __table_args__ = (
        CheckConstraint(one_of("status", ("waiting", "open", "sent", "taken", "filed", "lapsed")), name="known_status"),
        CheckConstraint("(status = 'open') = (open_until IS NOT NULL)", name="open_until_an_hour"),
        UniqueConstraint("case_id"),
        Index("ix_supplements_organisation_id_status", "organisation_id", "status"),
        Index("ix_supplements_status_open_until", "status", "open_until"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    status: Mapped[str]
    open_until: Mapped[datetime | None]
    mark: Mapped[bytes | None]  # while it waits or is open: a MAC over the case, its code, the post and the hour


class Withheld(Model):
    """What a person told who has not said yes, until they are asked or `until` is over.

    The text is sealed under this row's id as the compartment `withheld`.
    """

    __tablename__ = "withheld"
    __table_args__ = (UniqueConstraint("case_id"), Index("ix_withheld_until", "until"))

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    until: Mapped[datetime]
    mark: Mapped[bytes]  # a MAC over the case and the hour: a row that was written by hand destroys and opens nothing


class ShredKey(ShredModel):
    """Half of what opens a compartment's epoch; destroying it ends access in every old backup too."""

    __tablename__ = "shred_keys"

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    compartment: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[bytes]


class ReleaseKey(ShredModel):
    """What turns one party's pending grant into a grant."""

    __tablename__ = "release_keys"

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    compartment: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[bytes]


class LeftKey(ShredModel):
    """Since when nothing in the main database needs a shred key; after some time the key is destroyed."""

    __tablename__ = "left_keys"

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    compartment: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    since: Mapped[datetime]


class EndedGrant(ShredModel):
    """A live grant that was taken back without a new epoch: its row is none if it is put back. It goes with the key."""

    __tablename__ = "ended_grants"

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    compartment: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class CountedAct(ShredModel):
    """That a member destroyed something alone, for the hour in which it counts."""

    __tablename__ = "counted_acts"

    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)  # the case, or the colleague
    kind: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class KnownKeyring(ShredModel):
    """The newest version of an organisation's keyring, by the digest of its public half: nothing is sealed to others.

    It is announced before the main database commits it, and `confirmed` after that; then the older row is deleted.
    """

    __tablename__ = "known_keyrings"
    __table_args__ = (CheckConstraint("version >= 1", name="counted_from_one"),)

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    confirmed: Mapped[bool]
