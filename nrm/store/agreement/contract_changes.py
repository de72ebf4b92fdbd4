"""What was changed of contracts with centres: told to the house that it pays, and to who pays (ADR 0181); and what is
asked for, until a second one of the office agrees (ADR 0187)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import aliased

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.support.contracts import ChangeState, Why
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.agreement.agreements import Contract, ContractChange, ContractVersion
from nrm.store.rows.agreement import contracts as contract_rows
from nrm.vault import rows as vault_rows


@dataclass(frozen=True, slots=True)
class ChangedContract:
    """One change: who asked and who agreed (empty: one alone, before two were needed), when, why, what it said and what
    it says; not `sound`: another program changed a row, and nothing in it is believed."""

    centre: Mapping[str, str]
    name: str
    at: datetime
    before: ContractVersion
    after: ContractVersion
    sound: bool
    agreed_by: str = ""
    why: Why | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class AskedChange:
    """What somebody of the office wants a contract to say. `before`: what it says now, None where it is a new one;
    `decided_by`, `decided_at`: who agreed, declined or took it back, and when; not `sound`: another program wrote
    it."""

    id: uuid.UUID
    contract_id: uuid.UUID
    centre: Mapping[str, str]
    asked_by: str
    asked_at: datetime
    why: Why
    words: str
    state: ChangeState
    decided_by: str
    decided_at: datetime | None
    position: int | None
    before: Contract | None
    after: ContractChange
    sound: bool


def row(change_id: uuid.UUID, *, by: Actor, lock: bool = False) -> ContractChange:
    """What was asked for; raises NotVisible."""
    if not by.may(Permission.CONTRACT_MANAGE):
        raise NotVisible
    statement = select(ContractChange).where(ContractChange.id == change_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(statement)
    if found is None:
        raise NotVisible
    return found


def asked(change_id: uuid.UUID, *, by: Actor) -> AskedChange:
    """One, as its page shows it; raises NotVisible."""
    found = row(change_id, by=by)
    (line,) = _asked(_statement().where(ContractChange.id == found.id))
    return line


def waiting(*, by: Actor) -> list[AskedChange]:
    """What waits for a second one of the office, the oldest first. Raises NotPermitted."""
    by.must(Permission.CONTRACT_MANAGE)
    return _asked(_statement().where(ContractChange.state == str(ChangeState.WAITS)))


def ended_since(moment: datetime, *, by: Actor) -> list[AskedChange]:
    """What was declined or taken back since then, the newest first. Raises NotPermitted."""
    by.must(Permission.CONTRACT_MANAGE)
    states = [str(ChangeState.DECLINED), str(ChangeState.TAKEN_BACK)]
    lately = (ContractChange.state.in_(states), ContractChange.decided_at >= moment)
    return _asked(_statement().where(*lately).order_by(None).order_by(ContractChange.decided_at.desc()))


def changed_by_another_hand(*, by: Actor) -> set[uuid.UUID]:
    """The contracts of whose rows another program changed one, as their own pages say. Raises NotPermitted."""
    by.must(Permission.CONTRACT_MANAGE)
    asked = db.session.scalars(select(ContractChange).where(ContractChange.state == str(ChangeState.WAITS)))
    waiting = {each.contract_id for each in asked if not vault_rows.is_contract_change(each)}
    return waiting | contract_rows.changed_by_another_hand().keys()


def version_before(line: AskedChange, *, by: Actor) -> ContractVersion | None:
    """What the contract said until this was agreed to; None where it was new, or another program changed that row.
    Raises NotPermitted."""
    by.must(Permission.CONTRACT_MANAGE)
    if line.position is None:
        return None
    earlier = (ContractVersion.contract_id == line.contract_id, ContractVersion.position == line.position - 1)
    found = db.session.scalar(select(ContractVersion).where(*earlier))
    return found if found is not None and vault_rows.is_contract_version(found) else None


def of_contract(contract_id: uuid.UUID, *, by: Actor) -> list[AskedChange]:
    """All that was asked for of a contract, the oldest first. Raises NotPermitted."""
    by.must(Permission.CONTRACT_MANAGE)
    return _asked(_statement().where(ContractChange.contract_id == contract_id))


def _statement() -> Select[*tuple[Any, ...]]:
    asker, decider = aliased(Member), aliased(Member)
    return (
        select(ContractChange, Organisation.names, asker.name, decider.name, Contract)
        .join(Organisation, Organisation.id == ContractChange.organisation_id)
        .join(asker, asker.id == ContractChange.asked_by_id)
        .outerjoin(decider, decider.id == ContractChange.decided_by_id)
        .outerjoin(Contract, Contract.id == ContractChange.contract_id)
        .order_by(ContractChange.asked_at, ContractChange.id)
    )


def _asked(statement: Select[*tuple[Any, ...]]) -> list[AskedChange]:
    return [
        AskedChange(
            each.id,
            each.contract_id,
            centre,
            asker,
            each.asked_at,
            Why(each.why),
            each.words,
            ChangeState(each.state),
            decider or "",
            each.decided_at,
            each.position,
            before,
            each,
            vault_rows.is_contract_change(each),
        )
        for each, centre, asker, decider, before in db.session.execute(statement)
    ]


def changed_since(moment: datetime, *, by: Actor) -> list[ChangedContract]:
    """Every change of a contract since then, the newest first: to a house of its own, to the ministry of all."""
    by.must(Permission.PAYMENT_READ)
    earlier, second = aliased(ContractVersion), aliased(Member)
    statement = (
        select(ContractVersion, earlier, Organisation.names, Member.name, ContractChange, second.name)
        .join(
            earlier,
            and_(earlier.contract_id == ContractVersion.contract_id, earlier.position == ContractVersion.position - 1),
        )
        .join(Contract, Contract.id == ContractVersion.contract_id)
        .join(Organisation, Organisation.id == Contract.organisation_id)
        .outerjoin(Member, Member.id == ContractVersion.by_id)
        .outerjoin(
            ContractChange,
            and_(
                ContractChange.contract_id == ContractVersion.contract_id,
                ContractChange.position == ContractVersion.position,
            ),
        )
        .outerjoin(second, second.id == ContractChange.decided_by_id)
        .where(ContractVersion.at >= moment)
        .order_by(ContractVersion.at.desc())
    )
    if by.kind is not OrganisationKind.MINISTRY:
        statement = statement.where(Contract.organisation_id == by.organisation_id)
    return [
        ChangedContract(
            names,
            name or "",
            after.at,
            before,
            after,
            vault_rows.is_contract_version(before)
            and vault_rows.is_contract_version(after)
            and (why is None or vault_rows.is_contract_change(why)),
            second_name or "",
            Why(why.why) if why is not None else None,
            why.words if why is not None else "",
        )
        for after, before, names, name, why, second_name in db.session.execute(statement)
    ]
