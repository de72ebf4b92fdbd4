"""The register of contracts of the state with centres (Action Plan II.1(b)(iv)); it contains no person."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.support.subsidies import NightTerms, overlap
from nrm.models.agreement.agreements import Contract, ContractVersion
from nrm.store.agreement import agreement_versions as store
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.store.rows.support import subsidies as contract_rows
from nrm.vault import rows


class NumberTaken(Exception):
    """The centre has another contract with this number."""


class NightsTwice(Exception):
    """Another contract of the centre pays for nights of the same days."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a contract says. `amount` in the country's currency; `ended_on` is a day before its end, or None.

    `nights`: so many in a whole quarter, for so much; None where it pays for no nights.
    """

    number: str
    subject: str
    amount: int
    from_on: date
    until_on: date
    ended_on: date | None = None
    nights: tuple[int, int] | None = None


def record(*, contract_id: uuid.UUID, organisation_id: uuid.UUID, terms: Terms, by: Actor) -> None:
    """Add a contract; the same id again changes nothing. Raises NumberTaken, NightsTwice; NotVisible if it is
    not a centre."""
    by.must(Permission.CONTRACT_MANAGE)
    if organisation_id not in {each.id for each in store.centres(by=by)}:
        raise NotVisible
    with transaction() as session:
        if session.get(Contract, contract_id) is not None:
            return
        if agreement_version_rows.has_contract(organisation_id, terms.number):
            raise NumberTaken
        _check_nights(organisation_id, terms)
        row = Contract(id=contract_id, organisation_id=organisation_id, recorded_at=clock.now())
        _write(row, terms)
        session.add(row)
        session.flush()
        _keep(session, row, position=1, by_id=by.member_id, at=row.recorded_at)
        audit.append(session, audit.Event.CONTRACT_RECORDED, by=by, contract_id=row.id, organisation=organisation_id)


def change(*, contract_id: uuid.UUID, terms: Terms, by: Actor) -> None:
    """Correct a contract, or say that it ended early; its centre stays, and what it said before is kept, with who
    changed it and when. The same terms again change nothing. Raises NumberTaken, NightsTwice,
    NotVisible."""
    by.must(Permission.CONTRACT_MANAGE)
    with transaction() as session:
        row = store.contract(contract_id, by=by, lock=True)
        if agreement_version_rows.has_contract(row.organisation_id, terms.number, besides=row.id):
            raise NumberTaken
        if _terms(row) == terms:
            return
        _check_nights(row.organisation_id, terms, besides=row.id)
        last = agreement_version_rows.last_position(row.id)
        if not last:  # recorded before versions were kept
            _keep(session, row, position=(last := 1), by_id=None, at=row.recorded_at)
        _write(row, terms)
        session.flush()
        _keep(session, row, position=last + 1, by_id=by.member_id, at=clock.now())
        audit.append(session, audit.Event.CONTRACT_CHANGED, by=by, contract_id=row.id)


def _terms(row: Contract) -> Terms:
    nights = None if row.quarter_nights is None else (row.quarter_nights, row.quarter_amount or 0)
    return Terms(row.number, row.subject, row.amount, row.from_on, row.until_on, row.ended_on, nights)


def _check_nights(organisation_id: uuid.UUID, terms: Terms, besides: uuid.UUID | None = None) -> None:
    """Raise NightsTwice if another contract of the centre pays for nights of the same days."""
    if terms.nights is None:
        return
    own = NightTerms(terms.number, *terms.nights, terms.from_on, terms.ended_on or terms.until_on)
    others = contract_rows.night_terms([organisation_id], besides=besides).get(organisation_id, ())
    if any(overlap(own, each) for each in others):
        raise NightsTwice


def _keep(session: Session, row: Contract, *, position: int, by_id: uuid.UUID | None, at: datetime) -> None:
    """Add what the contract says now as its next version."""
    version = ContractVersion(
        id=uuid.uuid4(),
        contract_id=row.id,
        position=position,
        number=row.number,
        subject=row.subject,
        amount=row.amount,
        from_on=row.from_on,
        until_on=row.until_on,
        ended_on=row.ended_on,
        quarter_nights=row.quarter_nights,
        quarter_amount=row.quarter_amount,
        by_id=by_id,
        at=at,
    )
    version.mark = rows.contract_version_mark(version)
    session.add(version)
    session.flush()


def _write(row: Contract, terms: Terms) -> None:
    row.number, row.subject, row.amount = terms.number, terms.subject, terms.amount
    row.from_on, row.until_on, row.ended_on = terms.from_on, terms.until_on, terms.ended_on
    row.quarter_nights, row.quarter_amount = terms.nights or (None, None)
