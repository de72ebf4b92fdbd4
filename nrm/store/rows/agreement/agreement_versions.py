"""Versions of the agreement and their signatures as rows, for actions and for taking versions in."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from nrm.db import db
from nrm.domain.agreement.agreement_versions import SIGNERS, VersionStatus
from nrm.domain.agreement.safeguards_beside import Called
from nrm.domain.support.contracts import ChangeState
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.agreement.agreements import (
    AcceptedWeakening,
    AgreementSignature,
    AgreementVersion,
    AgreementWithdrawal,
    Contract,
    ContractChange,
    ContractVersion,
    WithdrawalRead,
)

BINDING = (VersionStatus.OPEN, VersionStatus.SIGNED)
"""What parties see and sign; a proposal is the coordinator's until it was approved."""


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """Who signed for a party, and when."""

    party: str
    name: str
    organisation_code: str
    member_id: uuid.UUID
    signed_at: datetime


def names() -> list[str]:
    """The names that were ever given to a version, withdrawn ones too, each once."""
    return list(db.session.scalars(select(AgreementVersion.version).distinct().order_by(AgreementVersion.version)))


def organisations_called() -> list[Called]:
    """What every organisation is called, by its code."""
    statement = select(Organisation.code, Organisation.party, Organisation.names).order_by(Organisation.code)
    return [Called(code, party or "", called) for code, party, called in db.session.execute(statement)]


def all_of_them() -> Sequence[AgreementVersion]:
    """Every version, withdrawn ones too, as it stands now."""
    statement = select(AgreementVersion).order_by(AgreementVersion.proposed_at)
    return db.session.scalars(statement.execution_options(populate_existing=True)).all()


def open_for_signature() -> Sequence[AgreementVersion]:
    """The versions that wait for signatures, the newest first."""
    statement = select(AgreementVersion).where(AgreementVersion.status == VersionStatus.OPEN)
    return db.session.scalars(statement.order_by(AgreementVersion.opened_at.desc())).all()


def proposer(member_id: uuid.UUID) -> tuple[dict[str, str], str]:
    """(the names of a member's organisation, its code)."""
    of = select(Organisation).join(Member, Member.organisation_id == Organisation.id).where(Member.id == member_id)
    found = db.session.scalars(of).one()
    return found.names, found.code


def withdrawal_of(version_id: uuid.UUID) -> tuple[AgreementWithdrawal, str, dict[str, str]] | None:
    """(the withdrawal of a version, who withdrew it, the names of their organisation); None where there is none."""
    statement = (
        select(AgreementWithdrawal, Member.name, Organisation.names)
        .join(Member, Member.id == AgreementWithdrawal.by_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(AgreementWithdrawal.version_id == version_id)
    )
    found = db.session.execute(statement).one_or_none()
    return None if found is None else (found[0], found[1], found[2])


def withdrawals() -> Sequence[tuple[AgreementWithdrawal, AgreementVersion, str, dict[str, str]]]:
    """(withdrawal, version, who withdrew it, the names of their organisation) of every version that was withdrawn."""
    statement = (
        select(AgreementWithdrawal, AgreementVersion, Member.name, Organisation.names)
        .join(AgreementVersion, AgreementVersion.id == AgreementWithdrawal.version_id)
        .join(Member, Member.id == AgreementWithdrawal.by_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
    )
    return [(row, version, name, names) for row, version, name, names in db.session.execute(statement)]


def signatures(version_id: uuid.UUID) -> Sequence[AgreementSignature]:
    """The signatures of a version, in order."""
    statement = select(AgreementSignature).where(AgreementSignature.version_id == version_id)
    return db.session.scalars(statement.order_by(AgreementSignature.party, AgreementSignature.place)).all()


def accepted_weakenings(version_id: uuid.UUID) -> Sequence[tuple[AcceptedWeakening, str]]:
    """What was accepted of a version, with the name of who did, in the order in which it was."""
    statement = (
        select(AcceptedWeakening, Member.name)
        .join(Member, Member.id == AcceptedWeakening.by_id)
        .where(AcceptedWeakening.version_id == version_id)
        .order_by(AcceptedWeakening.at)
    )
    return [(row, name) for row, name in db.session.execute(statement)]


def signature_lines(version_id: uuid.UUID) -> list[SignatureLine]:
    """The signatures of a version with the names of the signers."""
    statement = (
        select(
            AgreementSignature.party,
            Member.name,
            Organisation.code,
            AgreementSignature.member_id,
            AgreementSignature.signed_at,
        )
        .join(Member, Member.id == AgreementSignature.member_id)
        .join(Organisation, Organisation.id == AgreementSignature.organisation_id)
        .where(AgreementSignature.version_id == version_id)
        .order_by(AgreementSignature.party, AgreementSignature.place)
    )
    return [SignatureLine(*row) for row in db.session.execute(statement)]


def binding() -> list[tuple[AgreementVersion, list[AgreementSignature]]]:
    """Every version that is open or signed with its signatures, on a connection of its own: for the program itself."""
    with Session(db.engine, expire_on_commit=False) as session:
        statement = select(AgreementVersion).where(AgreementVersion.status.in_([str(each) for each in BINDING]))
        found = session.scalars(statement.order_by(AgreementVersion.proposed_at)).all()
        of_version: dict[uuid.UUID, list[AgreementSignature]] = defaultdict(list)
        if found:
            of_all = select(AgreementSignature).where(AgreementSignature.version_id.in_([each.id for each in found]))
            for row in session.scalars(of_all.order_by(AgreementSignature.party, AgreementSignature.place)):
                of_version[row.version_id].append(row)
        session.expunge_all()
        return [(each, of_version[each.id]) for each in found]


def lock_binding(session: Session) -> None:
    """Lock every version that is open or signed, always in the same order."""
    found = select(AgreementVersion.id).where(AgreementVersion.status.in_([str(each) for each in BINDING]))
    session.execute(found.order_by(AgreementVersion.id).with_for_update()).all()


def untold() -> frozenset[uuid.UUID]:
    """Who signed a version that was withdrawn and has not read that yet."""
    statement = (
        select(AgreementSignature.member_id)
        .join(AgreementWithdrawal, AgreementWithdrawal.version_id == AgreementSignature.version_id)
        .where(~_has_read(AgreementSignature.member_id))
    )
    with Session(db.engine) as session:
        return frozenset(session.scalars(statement))


def _has_read(member_id: InstrumentedAttribute[uuid.UUID] | uuid.UUID) -> ColumnElement[bool]:
    return exists().where(WithdrawalRead.withdrawal_id == AgreementWithdrawal.id, WithdrawalRead.member_id == member_id)


def withdrawals_to_tell(
    member_id: uuid.UUID,
) -> Sequence[tuple[AgreementWithdrawal, AgreementVersion, str, dict[str, str]]]:
    """(withdrawal, version, who withdrew it, the names of their organisation) of each that a signer has not read."""
    statement = (
        select(AgreementWithdrawal, AgreementVersion, Member.name, Organisation.names)
        .join(AgreementVersion, AgreementVersion.id == AgreementWithdrawal.version_id)
        .join(AgreementSignature, AgreementSignature.version_id == AgreementWithdrawal.version_id)
        .join(Member, Member.id == AgreementWithdrawal.by_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(AgreementSignature.member_id == member_id, ~_has_read(member_id))
        .order_by(AgreementWithdrawal.at)
    )
    return [(row, version, name, names) for row, version, name, names in db.session.execute(statement)]


def recalled(
    version_ids: Collection[uuid.UUID], besides: uuid.UUID
) -> Sequence[tuple[AgreementWithdrawal, AgreementVersion, str, dict[str, str]]]:
    """As `withdrawals_to_tell`, of these versions that the member `besides` has not signed."""
    signed = select(AgreementSignature.version_id).where(AgreementSignature.member_id == besides)
    statement = (
        select(AgreementWithdrawal, AgreementVersion, Member.name, Organisation.names)
        .join(AgreementVersion, AgreementVersion.id == AgreementWithdrawal.version_id)
        .join(Member, Member.id == AgreementWithdrawal.by_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(AgreementVersion.id.in_(version_ids), AgreementVersion.id.not_in(signed))
        .order_by(AgreementWithdrawal.at)
    )
    return [(row, version, name, names) for row, version, name, names in db.session.execute(statement)]


def withdrawn_since(moment: datetime) -> list[tuple[uuid.UUID, str, str]]:
    """(id, name, text) of each version that was open for signature and was withdrawn since then."""
    statement = (
        select(AgreementVersion.id, AgreementVersion.version, AgreementVersion.text)
        .join(AgreementWithdrawal, AgreementWithdrawal.version_id == AgreementVersion.id)
        .where(AgreementWithdrawal.at >= moment, AgreementVersion.opened_at.is_not(None))
        .order_by(AgreementVersion.id)
    )
    with Session(db.engine) as session:
        return [(version_id, name, text) for version_id, name, text in session.execute(statement)]


def unsigned(waiting: Mapping[str, Collection[str]]) -> set[str]:
    """The parties of whom fewer than two people signed a version that waits for them; `waiting`: version -> parties."""
    statement = (
        select(AgreementVersion.version, AgreementSignature.party, func.count())
        .join(AgreementSignature, AgreementSignature.version_id == AgreementVersion.id)
        .where(AgreementVersion.version.in_(waiting), AgreementVersion.status.in_([str(each) for each in BINDING]))
        .group_by(AgreementVersion.version, AgreementSignature.party)
    )
    signed = {(version, party): number for version, party, number in db.session.execute(statement)}
    pairs = {(version, party) for version, parties in waiting.items() for party in parties}
    return {party for version, party in pairs if signed.get((version, party), 0) < SIGNERS}


def tried_until(last: date) -> int:
    """How many versions, withdrawn ones too, were simulated over quarters that end on that day."""
    found = db.session.scalars(select(AgreementVersion.simulation).where(AgreementVersion.simulation.is_not(None)))
    return sum(each.get("to") == last.isoformat() for each in found if each)


def simulations(*, besides: str) -> list[dict[str, Any]]:
    """Every simulation that was kept, of withdrawn versions too, but those of this text."""
    statement = select(AgreementVersion.simulation).where(
        AgreementVersion.simulation.is_not(None), AgreementVersion.text != besides.replace("\r\n", "\n")
    )
    return [each for each in db.session.scalars(statement.order_by(AgreementVersion.proposed_at)) if each]


def with_text(text: str) -> list[tuple[uuid.UUID, str]]:
    """(id, version) of the versions with exactly this text that were not withdrawn."""
    statement = select(AgreementVersion.id, AgreementVersion.version).where(
        AgreementVersion.text == text, AgreementVersion.status != VersionStatus.WITHDRAWN
    )
    return [(row.id, row.version) for row in db.session.execute(statement)]


def is_there(text: str) -> bool:
    """Whether a version that was not withdrawn has exactly this text now; on a connection of its own."""
    statement = select(AgreementVersion.id).where(
        AgreementVersion.text == text, AgreementVersion.status != VersionStatus.WITHDRAWN
    )
    with Session(db.engine) as session:
        return session.scalar(statement.limit(1)) is not None


def parties_here() -> set[str]:
    """The parties that an organisation of this instance acts as."""
    return set(db.session.scalars(select(Organisation.party).where(Organisation.party != "").distinct()))


def kinds_here() -> dict[str, str]:
    """Code -> kind of every organisation of this instance, and the kind of who acts for a party by the party."""
    found = db.session.execute(select(Organisation.code, Organisation.party, Organisation.kind)).all()
    return {party: kind for _, party, kind in found if party} | {code: kind for code, _, kind in found}


def acting_for(parties: Collection[str]) -> Sequence[Organisation]:
    """The organisations that act for these parties, by code."""
    statement = select(Organisation).where(Organisation.party.in_(list(parties))).order_by(Organisation.code)
    return db.session.scalars(statement).all()


def has_people(organisation_id: uuid.UUID) -> bool:
    """Whether anybody was ever invited there."""
    return db.session.scalar(select(Member.id).where(Member.organisation_id == organisation_id).limit(1)) is not None


def other_texts(version_id: uuid.UUID) -> Sequence[str]:
    """The texts of all other versions that are open or signed."""
    statement = select(AgreementVersion.text).where(
        AgreementVersion.status.in_([str(each) for each in BINDING]), AgreementVersion.id != version_id
    )
    return db.session.scalars(statement).all()


def has_contract(organisation_id: uuid.UUID, number: str, *, besides: uuid.UUID | None = None) -> bool:
    """Whether another contract with the centre has the number."""
    statement = select(Contract.id).where(Contract.organisation_id == organisation_id, Contract.number == number)
    if besides is not None:
        statement = statement.where(Contract.id != besides)
    return db.session.scalar(statement) is not None


def is_number_asked(organisation_id: uuid.UUID, number: str) -> bool:
    """Whether a contract of the centre with this number waits for a second one of the office."""
    statement = select(ContractChange.id).where(
        ContractChange.organisation_id == organisation_id,
        ContractChange.number == number,
        ContractChange.state == str(ChangeState.WAITS),
    )
    return db.session.scalar(statement.limit(1)) is not None


def change_waiting(contract_id: uuid.UUID) -> uuid.UUID | None:
    """The change of the contract that waits for a second one of the office."""
    waits = (ContractChange.contract_id == contract_id, ContractChange.state == str(ChangeState.WAITS))
    return db.session.scalar(select(ContractChange.id).where(*waits))


def text_of(name: str) -> str | None:
    """The text of the signed version of that name; None for one that came with the country's data."""
    statement = select(AgreementVersion.text).where(
        AgreementVersion.version == name, AgreementVersion.status == VersionStatus.SIGNED
    )
    return db.session.scalar(statement)


def last_position(contract_id: uuid.UUID) -> int:
    """The number of the newest version of a contract; 0 where none is kept."""
    newest = select(func.max(ContractVersion.position)).where(ContractVersion.contract_id == contract_id)
    return db.session.scalar(newest) or 0
