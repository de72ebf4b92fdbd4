"""Versions of the agreement in the instance, their signatures, and contracts with centres."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, select

from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotVisible, Permission
from nrm.domain.agreement.agreement_versions import VersionStatus
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.agreement.agreements import AgreementSignature, AgreementVersion, Contract, ContractVersion
from nrm.store.countries import country
from nrm.store.rows.agreement import agreement_versions as rows
from nrm.store.rows.agreement import contracts as contract_rows
from nrm.store.rows.agreement.agreement_versions import BINDING, SignatureLine
from nrm.store.statements import built_once
from nrm.vault import rows as vault_rows


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
    quarter_nights: int | None
    quarter_amount: int | None


def version(name: str, *, by: Actor, lock: bool = False) -> AgreementVersion:
    """The version of that name, a withdrawn one too; raises NotVisible, also for what the parties were never shown.

    Names are given once. Where an older instance gave one again, it is the version that was not withdrawn.
    """
    if not by.may(Permission.AGREEMENT_READ):
        raise NotVisible
    given_up = AgreementVersion.status == VersionStatus.WITHDRAWN
    statement = select(AgreementVersion).where(AgreementVersion.version == name)
    statement = statement.order_by(given_up, AgreementVersion.proposed_at.desc()).limit(1)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(statement)
    if found is None:
        raise NotVisible
    shown = found.status in BINDING or (found.status == VersionStatus.WITHDRAWN and found.opened_at is not None)
    if not (shown or by.may(Permission.AGREEMENT_MANAGE)):
        raise NotVisible
    return found


def versions(*, by: Actor) -> Sequence[AgreementVersion]:
    """Every version, withdrawn ones too, the newest first; for the coordinator."""
    by.must(Permission.AGREEMENT_MANAGE)
    return db.session.scalars(select(AgreementVersion).order_by(AgreementVersion.proposed_at.desc())).all()


def signed_by_party(names: Collection[str], *, by: Actor) -> tuple[str, dict[str, set[uuid.UUID]]]:
    """(the party of the actor's organisation, its signers of each of these versions); without withdrawn versions."""
    party, signed = "", defaultdict[str, set[uuid.UUID]](set)
    for party, name, member_id in _signed(by)():  # noqa: B007 - the party is the same in each row
        if name is not None and name in names:
            signed[name].update([member_id] if member_id is not None else [])
    return party, signed


@built_once
def _signed(by: Actor) -> Select[str, str | None, uuid.UUID | None]:
    return (
        select(Organisation.party, AgreementVersion.version, AgreementSignature.member_id)
        .select_from(Organisation)
        .outerjoin(
            AgreementVersion,
            AgreementVersion.status.in_([str(each) for each in BINDING]),
        )
        .outerjoin(
            AgreementSignature,
            (AgreementSignature.version_id == AgreementVersion.id) & (AgreementSignature.party == Organisation.party),
        )
        .where(Organisation.id == by.organisation_id)
    )


def centres(*, by: Actor) -> Sequence[Organisation]:
    """The centres the state can have a contract with, by code; none whose text nobody has signed yet."""
    by.must(Permission.CONTRACT_MANAGE)
    kinds = [str(kind) for kind in SHELTERS]
    found = db.session.scalars(select(Organisation).where(Organisation.kind.in_(kinds)).order_by(Organisation.code))
    return [each for each in found if not country().is_proposed(each.party)]


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


@dataclass(frozen=True, slots=True)
class ContractVersionLine:
    """What a contract said from `at` on. `name`: of who wrote it, empty where that was not kept; not `sound`: another
    program changed the row, and nothing in it is believed."""

    position: int
    at: datetime
    name: str
    number: str
    subject: str
    amount: int
    from_on: date
    until_on: date
    ended_on: date | None
    quarter_nights: int | None
    quarter_amount: int | None
    sound: bool


def contract_versions(contract_id: uuid.UUID, *, by: Actor) -> tuple[list[ContractVersionLine], bool]:
    """(the versions of a contract, the newest first; whether it says now what two people agreed to last and none is
    missing). Raises NotVisible.
    """
    row = contract(contract_id, by=by)
    found = db.session.execute(
        select(ContractVersion, Member.name)
        .outerjoin(Member, Member.id == ContractVersion.by_id)
        .where(ContractVersion.contract_id == contract_id)
        .order_by(ContractVersion.position.desc())
    ).all()
    lines = [
        ContractVersionLine(
            each.position,
            each.at,
            name or "",
            each.number,
            each.subject,
            each.amount,
            each.from_on,
            each.until_on,
            each.ended_on,
            each.quarter_nights,
            each.quarter_amount,
            vault_rows.is_contract_version(each),
        )
        for each, name in found
    ]
    return lines, row.id not in contract_rows.changed_by_another_hand()


def _contract_line(row: Contract, organisation: Organisation) -> ContractLine:
    return ContractLine(
        row.id,
        organisation.code,
        organisation.names,
        row.number,
        row.subject,
        row.amount,
        row.from_on,
        row.until_on,
        row.ended_on,
        row.quarter_nights,
        row.quarter_amount,
    )


def signature_lines(name: str, *, by: Actor) -> list[SignatureLine]:
    """Who signed a version, with their names; raises NotVisible."""
    return rows.signature_lines(version(name, by=by).id)
