"""Versions of the agreement in addition to those of the country's data, who signed them, and contracts with centres."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.agreement.agreement_versions import VersionStatus
from nrm.domain.support.contracts import ChangeState, Why
from nrm.models.accounts.accounts import one_of


class AgreementVersion(Model):
    """One text, which never changes once it was tried; `mark` is a MAC over all that is recorded about it."""

    __tablename__ = "agreement_versions"
    __table_args__ = (
        CheckConstraint(one_of("status", tuple(VersionStatus)), name="known_status"),
        CheckConstraint(
            "status NOT IN ('approved', 'open', 'signed') OR approved_on IS NOT NULL", name="approved_before_it_is_open"
        ),
        Index(
            "uq_agreement_versions_version",
            "version",
            unique=True,
            sqlite_where=text("status <> 'withdrawn'"),
            postgresql_where=text("status <> 'withdrawn'"),
        ),
    )

    id: Mapped[uuid.UUID] = id_column()
    version: Mapped[str]
    text: Mapped[str]  # TOML, as it was handed in
    status: Mapped[str]
    study: Mapped[dict[str, Any]] = mapped_column(JSON)  # what the checks and the comparison found
    simulation: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    approved_on: Mapped[date | None]
    approval_note: Mapped[str] = mapped_column(default="")
    approved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    opened_at: Mapped[datetime | None]
    mark: Mapped[bytes]


class AcceptedWeakening(Model):
    """That a version weakens a safeguard, by its number, and why; rows are added and never changed.

    `mark`: a MAC over all of it and over the text.
    """

    __tablename__ = "accepted_weakenings"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="with_a_reason"),
        UniqueConstraint("version_id", "number"),
    )

    id: Mapped[uuid.UUID] = id_column()
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("agreement_versions.id"))
    number: Mapped[str]
    reason: Mapped[str]
    by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    at: Mapped[datetime]
    mark: Mapped[bytes]


class AgreementSignature(Model):
    """One person's signature for a party over the text, by their own key; the public key is stored with it."""

    __tablename__ = "agreement_signatures"
    __table_args__ = (
        CheckConstraint("place IN (1, 2)", name="two_of_each_party"),
        UniqueConstraint("version_id", "party", "place"),
        UniqueConstraint("version_id", "member_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("agreement_versions.id"))
    party: Mapped[str]
    place: Mapped[int]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    signed_at: Mapped[datetime]
    public: Mapped[bytes]
    signature: Mapped[bytes]
    mark: Mapped[bytes]


class AgreementWithdrawal(Model):
    """That a version was withdrawn, by whom and why; `mark`: a MAC over all of it and over the text."""

    __tablename__ = "agreement_withdrawals"
    __table_args__ = (CheckConstraint("reason <> ''", name="with_a_reason"), UniqueConstraint("version_id"))

    id: Mapped[uuid.UUID] = id_column()
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("agreement_versions.id"))
    reason: Mapped[str]
    by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    at: Mapped[datetime]
    mark: Mapped[bytes]


class WithdrawalRead(Model):
    """That somebody who had signed a version has read that it was withdrawn."""

    __tablename__ = "withdrawals_read"

    withdrawal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("agreement_withdrawals.id"), primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    at: Mapped[datetime]


class Contract(Model):
    """A contract of the state with a centre; it names no person."""

    __tablename__ = "contracts"
    __table_args__ = (
        CheckConstraint("amount > 0", name="an_amount"),
        CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
        CheckConstraint("ended_on IS NULL OR ended_on BETWEEN from_on AND until_on", name="ended_while_it_ran"),
        UniqueConstraint("organisation_id", "number"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    number: Mapped[str]
    subject: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger())  # in the country's currency, whole
    from_on: Mapped[date]
    until_on: Mapped[date]
    ended_on: Mapped[date | None]
    quarter_nights: Mapped[int | None]  # in a whole quarter, for `quarter_amount`; neither: it pays for no nights
    quarter_amount: Mapped[int | None] = mapped_column(BigInteger())
    recorded_at: Mapped[datetime]


class ContractVersion(Model):
    """What a contract said from one moment on, and who wrote it. Rows are added, and never changed.

    Each contract has one at least; `by_id` is empty for what was recorded before versions were kept. `mark`: a MAC
    under the store key over all of it.
    """

    __tablename__ = "contract_versions"
    __table_args__ = (
        UniqueConstraint("contract_id", "position"),
        CheckConstraint("position >= 1", name="counted_from_one"),
    )

    id: Mapped[uuid.UUID] = id_column()
    contract_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contracts.id"))
    position: Mapped[int]
    number: Mapped[str]
    subject: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger())  # in the country's currency, whole
    from_on: Mapped[date]
    until_on: Mapped[date]
    ended_on: Mapped[date | None]
    quarter_nights: Mapped[int | None]  # in a whole quarter, for `quarter_amount`; neither: it pays for no nights
    quarter_amount: Mapped[int | None] = mapped_column(BigInteger())
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    at: Mapped[datetime]
    mark: Mapped[bytes]


class ContractChange(Model):
    """What somebody of the office wants a contract to say, and what became of that. Until a second one agrees, the
    contract says what it said.

    `contract_id` is of no contract yet where a new one is asked for. `position`: of the version that came of it.
    `mark`: a MAC under the store key over all of it, made anew when somebody decides.
    """

    __tablename__ = "contract_changes"
    __table_args__ = (
        CheckConstraint("amount > 0", name="an_amount"),
        CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
        CheckConstraint("ended_on IS NULL OR ended_on BETWEEN from_on AND until_on", name="ended_while_it_ran"),
        CheckConstraint(one_of("why", tuple(Why)), name="known_reason"),
        CheckConstraint("why <> 'other' OR words <> ''", name="a_reason_in_words"),
        CheckConstraint(one_of("state", tuple(ChangeState)), name="known_state"),
        CheckConstraint("(state = 'waits') = (decided_at IS NULL)", name="decided_at_an_hour"),
        CheckConstraint("(state = 'agreed') = (position IS NOT NULL)", name="a_version_of_it"),
        CheckConstraint("state <> 'agreed' OR decided_by_id <> asked_by_id", name="two_people"),
        Index(
            "uq_contract_changes_waits",
            "contract_id",
            unique=True,
            sqlite_where=text("state = 'waits'"),
            postgresql_where=text("state = 'waits'"),
        ),
    )

    id: Mapped[uuid.UUID] = id_column()
    contract_id: Mapped[uuid.UUID]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    number: Mapped[str]
    subject: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger())
    from_on: Mapped[date]
    until_on: Mapped[date]
    ended_on: Mapped[date | None]
    quarter_nights: Mapped[int | None]
    quarter_amount: Mapped[int | None] = mapped_column(BigInteger())
    why: Mapped[str]
    words: Mapped[str]
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    asked_at: Mapped[datetime]
    state: Mapped[str]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    decided_at: Mapped[datetime | None]
    position: Mapped[int | None]
    mark: Mapped[bytes]
