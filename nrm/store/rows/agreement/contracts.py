"""Which contracts another program changed in the database (ADR 0187, 0196), for actions and the store."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from nrm import audit
from nrm.db import db
from nrm.domain.support.contracts import ChangeState
from nrm.models.agreement.agreements import Contract, ContractChange, ContractVersion
from nrm.store.rows import entries
from nrm.vault import rows as marked


def changed_by_another_hand() -> dict[uuid.UUID, set[uuid.UUID]]:
    """Contract -> the centres whose it is by what is kept of it, of each contract that is not as this program wrote it:
    a row that does not hold, a version too few, or another state than the audit chain tells last."""
    versions: dict[uuid.UUID, list[ContractVersion]] = defaultdict(list)
    for version in db.session.scalars(select(ContractVersion).order_by(ContractVersion.position.desc())):
        versions[version.contract_id].append(version)
    agreed: dict[uuid.UUID, list[ContractChange]] = defaultdict(list)
    for change in db.session.scalars(select(ContractChange).where(ContractChange.state == str(ChangeState.AGREED))):
        agreed[change.contract_id].append(change)
    contracts = {each.id: each for each in db.session.scalars(select(Contract))}
    told = _told()
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for id_ in contracts.keys() | told.keys():
        row, those = contracts.get(id_), agreed.get(id_, [])
        if row is None or not _holds(row, versions.get(id_, []), those, told.get(id_)):
            centres = {each.organisation_id for each in (row, *those) if each is not None}
            found[id_] = centres | ({uuid.UUID(told[id_]["organisation"])} if id_ in told else set())
    return found


def _told() -> dict[uuid.UUID, Mapping[str, Any]]:
    """What the audit chain tells last of each contract, of those to which two people agreed."""
    return {
        uuid.UUID(each.said["contract_id"]): each.said
        for each in entries.of_money()
        if each.event in (audit.Event.CONTRACT_RECORDED, audit.Event.CONTRACT_CHANGED) and "change_id" in each.said
    }


def _holds(
    row: Contract,
    versions: Sequence[ContractVersion],
    agreed: Sequence[ContractChange],
    told: Mapping[str, Any] | None,
) -> bool:
    own = all(marked.is_contract_change(each) and each.organisation_id == row.organisation_id for each in agreed)
    if not own or not marked.is_contract_whole(row, versions):
        return False
    if told is None:  # from before two people were needed
        return not agreed
    last = [each for each in agreed if str(each.id) == told["change_id"]]
    same = str(row.organisation_id) == told["organisation"]
    return same and [each.position for each in last] == [len(versions)]
