"""What contracts say of nights, and the newest statement of a quarter, for actions and the store."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
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


def terms_then(organisation_id: uuid.UUID, at: datetime) -> list[NightTerms]:
    """What the contracts of a centre said of nights at an hour, by the versions that are kept of them."""
    statement = (
        select(ContractVersion)
        .join(Contract, Contract.id == ContractVersion.contract_id)
        .where(Contract.organisation_id == organisation_id, ContractVersion.at < at + timedelta(seconds=1))
        .order_by(ContractVersion.position)
    )
    newest = {each.contract_id: each for each in db.session.scalars(statement)}
    return [
        NightTerms(
            each.number, each.quarter_nights, each.quarter_amount or 0, each.from_on, each.ended_on or each.until_on
        )
        for each in newest.values()
        if each.quarter_nights is not None and marked.is_contract_version(each)
    ]


def payments(organisation_ids: Collection[uuid.UUID]) -> dict[tuple[uuid.UUID, str], list[NightPayment]]:
    """What was recorded as paid, by shelter and quarter, in the order of the records."""
    statement = select(NightPayment).where(NightPayment.organisation_id.in_(organisation_ids))
    found: dict[tuple[uuid.UUID, str], list[NightPayment]] = defaultdict(list)
    for each in db.session.scalars(statement.order_by(NightPayment.position)):
        found[each.organisation_id, each.quarter].append(each)
    return found


def payments_told() -> dict[tuple[str, str], list[int]]:
    """What the audit chain says that was recorded as paid, by code of the shelter and quarter, in its order."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for event, said in entries.of_money():
        if event == audit.Event.NIGHTS_PAID:
            found[said["shelter"], said["quarter"]].append(said["amount"])
    return found


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
