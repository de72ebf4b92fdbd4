"""What was changed of contracts with centres: told to the house that it pays, and to who pays (ADR 0181)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Permission
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.agreement.agreements import Contract, ContractVersion
from nrm.vault import rows as vault_rows


@dataclass(frozen=True, slots=True)
class ContractChange:
    """One change: who, when, what it said and what it says; not `sound`: another program changed a row, and nothing in
    it is believed."""

    centre: Mapping[str, str]
    name: str
    at: datetime
    before: ContractVersion
    after: ContractVersion
    sound: bool


def changed_since(moment: datetime, *, by: Actor) -> list[ContractChange]:
    """Every change of a contract since then, the newest first: to a house of its own, to the ministry of all."""
    by.must(Permission.PAYMENT_READ)
    earlier = aliased(ContractVersion)
    statement = (
        select(ContractVersion, earlier, Organisation.names, Member.name)
        .join(
            earlier,
            and_(earlier.contract_id == ContractVersion.contract_id, earlier.position == ContractVersion.position - 1),
        )
        .join(Contract, Contract.id == ContractVersion.contract_id)
        .join(Organisation, Organisation.id == Contract.organisation_id)
        .outerjoin(Member, Member.id == ContractVersion.by_id)
        .where(ContractVersion.at >= moment)
        .order_by(ContractVersion.at.desc())
    )
    if by.kind is not OrganisationKind.MINISTRY:
        statement = statement.where(Contract.organisation_id == by.organisation_id)
    return [
        ContractChange(
            names,
            name or "",
            after.at,
            before,
            after,
            vault_rows.is_contract_version(before) and vault_rows.is_contract_version(after),
        )
        for after, before, names, name in db.session.execute(statement)
    ]
