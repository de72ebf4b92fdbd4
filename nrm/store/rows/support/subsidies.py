"""What contracts say of nights, and the newest statement of a quarter, for actions and the store."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from nrm import audit
from nrm.db import db
from nrm.domain.support.subsidies import NightTerms
from nrm.models.agreement.agreements import Contract, ContractVersion
from nrm.models.support.subsidies import NightPayment, NightStatement
from nrm.store.rows import entries
from nrm.vault import rows as marked


def night_terms(
    organisation_ids: Collection[uuid.UUID] | None = None, *, besides: uuid.UUID | None = None
) -> dict[uuid.UUID, list[NightTerms]]:
    """What the contracts of these centres (None: of all) say of nights, without one contract; by centre."""
    statement = select(Contract).where(Contract.quarter_nights.is_not(None))
    if organisation_ids is not None:
        statement = statement.where(Contract.organisation_id.in_(organisation_ids))
    if besides is not None:
        statement = statement.where(Contract.id != besides)
    found: dict[uuid.UUID, list[NightTerms]] = defaultdict(list)
    for row in db.session.scalars(statement):
        last_on = row.ended_on or row.until_on
        terms = NightTerms(row.number, row.quarter_nights or 0, row.quarter_amount or 0, row.from_on, last_on)
        found[row.organisation_id].append(terms)
    return found


def terms_then(organisation_id: uuid.UUID, at: datetime) -> list[list[NightTerms]]:
    """What the contracts of a centre said of nights within a second, which is all that a signed file tells of its hour:
    at its beginning, and after each version of then, by those that are kept of them."""
    statement = (
        select(ContractVersion)
        .join(Contract, Contract.id == ContractVersion.contract_id)
        .where(Contract.organisation_id == organisation_id, ContractVersion.at < at + timedelta(seconds=1))
        .order_by(ContractVersion.at, ContractVersion.position)
    )
    newest: dict[uuid.UUID, ContractVersion] = {}
    found = []
    for each in db.session.scalars(statement):
        if each.at >= at:
            found.append(_terms_of(newest.values()))
        newest[each.contract_id] = each
    return [*found, _terms_of(newest.values())]


def _terms_of(versions: Iterable[ContractVersion]) -> list[NightTerms]:
    return [
        NightTerms(
            each.number, each.quarter_nights, each.quarter_amount or 0, each.from_on, each.ended_on or each.until_on
        )
        for each in versions
        if each.quarter_nights is not None and marked.is_contract_version(each)
    ]


def payments(organisation_ids: Collection[uuid.UUID]) -> dict[tuple[uuid.UUID, str], list[NightPayment]]:
    """What was recorded as paid, by shelter and quarter, in the order of the records."""
    statement = select(NightPayment).where(NightPayment.organisation_id.in_(organisation_ids))
    found: dict[tuple[uuid.UUID, str], list[NightPayment]] = defaultdict(list)
    for each in db.session.scalars(statement.order_by(NightPayment.position)):
        found[each.organisation_id, each.quarter].append(each)
    return found


@dataclass(frozen=True, slots=True)
class NightsTold:
    """What the audit chain says: the amounts that were recorded as paid, in their order, by code of the shelter and
    quarter; how often a quarter was signed, by shelter and quarter."""

    paid: Mapping[tuple[str, str], Sequence[int]]
    signed: Mapping[tuple[uuid.UUID | None, str], int]


def told() -> NightsTold:
    """What the audit chain says of the nights of all shelters."""
    paid: dict[tuple[str, str], list[int]] = defaultdict(list)
    signed: Counter[tuple[uuid.UUID | None, str]] = Counter()
    for event, organisation_id, said in entries.of_money():
        if event == audit.Event.NIGHTS_PAID:
            paid[said["shelter"], said["quarter"]].append(said["amount"])
        elif event == audit.Event.NIGHTS_SIGNED:
            signed[organisation_id, said["quarter"]] += 1
    return NightsTold(paid, signed)


def are_payments(recorded: Sequence[NightPayment], told: Sequence[int]) -> bool:
    """Whether the records of a quarter are those that this program wrote, and none is missing of what the audit chain
    tells (ADR 0196)."""
    whole = [each.position for each in recorded] == list(range(1, len(recorded) + 1))
    same = [each.amount for each in recorded] == list(told)
    return whole and same and all(marked.is_night_payment(each) for each in recorded)


def last_position(organisation_id: uuid.UUID, quarter: str) -> int:
    """The number of the newest statement of a shelter for a quarter; 0 where there is none."""
    newest = select(func.max(NightStatement.position)).where(
        NightStatement.organisation_id == organisation_id, NightStatement.quarter == quarter
    )
    return db.session.scalar(newest) or 0
