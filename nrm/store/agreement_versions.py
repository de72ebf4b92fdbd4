"""Versions of the agreement in the instance, their signatures, and contracts with centres."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from nrm.db import db
from nrm.domain.accounts import SHELTERS, Actor, NotVisible, Permission
from nrm.domain.agreement_versions import VersionStatus
from nrm.models.accounts import Member, Organisation
from nrm.models.agreements import AgreementSignature, AgreementVersion, Contract
from nrm.store.statements import built_once

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


@dataclass(frozen=True, slots=True)
class ContractLine:
    """A contract as the register shows it; `names` of the centre by language."""

    id: uuid.UUID
    organisation_code: str
    names: dict[str, str]
    number: str
    subject: str
    amount: int
    from_on: date
    until_on: date
    ended_on: date | None


def version(name: str, *, by: Actor, lock: bool = False) -> AgreementVersion:
    """The version of that name that was not withdrawn; raises NotVisible, also for a proposal to the parties."""
    if not by.may(Permission.AGREEMENT_READ):
        raise NotVisible
    statement = select(AgreementVersion).where(
        AgreementVersion.version == name, AgreementVersion.status != VersionStatus.WITHDRAWN
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(statement)
    if found is None or not (found.status in BINDING or by.may(Permission.AGREEMENT_MANAGE)):
        raise NotVisible
    return found


def versions(*, by: Actor) -> Sequence[AgreementVersion]:
    """Every version, withdrawn ones too, the newest first; for the coordinator."""
    by.must(Permission.AGREEMENT_MANAGE)
    return db.session.scalars(select(AgreementVersion).order_by(AgreementVersion.proposed_at.desc())).all()


def is_named(name: str) -> bool:
    """Whether a version that was not withdrawn has the name already."""
    statement = select(AgreementVersion.id).where(
        AgreementVersion.version == name, AgreementVersion.status != VersionStatus.WITHDRAWN
    )
    return db.session.scalar(statement) is not None


def signatures(version_id: uuid.UUID) -> Sequence[AgreementSignature]:
    """The signatures of a version, in order."""
    statement = select(AgreementSignature).where(AgreementSignature.version_id == version_id)
    return db.session.scalars(statement.order_by(AgreementSignature.party, AgreementSignature.place)).all()


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


def tried_until(last: date) -> int:
    """How many versions, withdrawn ones too, were simulated over quarters that end on that day."""
    found = db.session.scalars(select(AgreementVersion.simulation).where(AgreementVersion.simulation.is_not(None)))
    return sum(each.get("to") == last.isoformat() for each in found if each)


def with_text(text: str) -> list[tuple[uuid.UUID, str]]:
    """(id, version) of the versions with exactly this text that were not withdrawn."""
    statement = select(AgreementVersion.id, AgreementVersion.version).where(
        AgreementVersion.text == text, AgreementVersion.status != VersionStatus.WITHDRAWN
    )
    return [(row.id, row.version) for row in db.session.execute(statement)]


def signed_by_party(names: Collection[str], *, by: Actor) -> tuple[str, dict[str, set[uuid.UUID]]]:
    """(the party of the actor's organisation, its signers of each of these versions); without withdrawn versions."""
    party, signed = "", defaultdict[str, set[uuid.UUID]](set)
    for party, name, member_id in _signed(by)(names=list(names)):  # noqa: B007 - the party is the same in each row
        if name is not None:
            signed[name].update([member_id] if member_id is not None else [])
    return party, signed


@built_once
def _signed(by: Actor) -> Select[str, str | None, uuid.UUID | None]:
    return (
        select(Organisation.party, AgreementVersion.version, AgreementSignature.member_id)
        .select_from(Organisation)
        .outerjoin(
            AgreementVersion,
            AgreementVersion.version.in_(bindparam("names", expanding=True))
            & AgreementVersion.status.in_([str(each) for each in BINDING]),
        )
        .outerjoin(
            AgreementSignature,
            (AgreementSignature.version_id == AgreementVersion.id) & (AgreementSignature.party == Organisation.party),
        )
        .where(Organisation.id == by.organisation_id)
    )


def party_of(organisation_id: uuid.UUID | None) -> str:
    """The party an organisation acts as; empty for none."""
    return db.session.scalar(select(Organisation.party).where(Organisation.id == organisation_id)) or ""


def parties_here() -> set[str]:
    """The parties that an organisation of this instance acts as."""
    return set(db.session.scalars(select(Organisation.party).where(Organisation.party != "").distinct()))


def centres(*, by: Actor) -> Sequence[Organisation]:
    """The centres the state can have a contract with, by code."""
    by.must(Permission.CONTRACT_MANAGE)
    kinds = [str(kind) for kind in SHELTERS]
    return db.session.scalars(
        select(Organisation).where(Organisation.kind.in_(kinds)).order_by(Organisation.code)
    ).all()


def contracts(*, by: Actor) -> list[ContractLine]:
    """Every contract, those that end last first."""
    by.must(Permission.CONTRACT_MANAGE)
    statement = (
        select(Contract, Organisation)
        .join(Organisation, Organisation.id == Contract.organisation_id)
        .order_by(Contract.until_on.desc(), Organisation.code, Contract.number)
    )
    return [_contract_line(*row) for row in db.session.execute(statement)]


def contract(contract_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Contract:
    """One contract; raises NotVisible."""
    if not by.may(Permission.CONTRACT_MANAGE):
        raise NotVisible
    statement = select(Contract).where(Contract.id == contract_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(statement)
    if found is None:
        raise NotVisible
    return found


def has_contract(organisation_id: uuid.UUID, number: str, *, besides: uuid.UUID | None = None) -> bool:
    """Whether another contract with the centre has the number."""
    statement = select(Contract.id).where(Contract.organisation_id == organisation_id, Contract.number == number)
    if besides is not None:
        statement = statement.where(Contract.id != besides)
    return db.session.scalar(statement) is not None


def _contract_line(row: Contract, organisation: Organisation) -> ContractLine:
    return ContractLine(
        row.id,
        organisation.code,
        {"sq": organisation.name_sq, "en": organisation.name_en},
        row.number,
        row.subject,
        row.amount,
        row.from_on,
        row.until_on,
        row.ended_on,
    )
