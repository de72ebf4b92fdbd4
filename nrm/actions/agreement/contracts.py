"""The register of contracts of the state with centres (Action Plan II.1(b)(iv)); it contains no person.

One member of the office asks with a reason, a second one agrees: only then a contract is there, or says something else.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.support.contracts import (
    ChangeState,
    ContractRefusal,
    ContractRefused,
    Reason,
    Terms,
)
from nrm.domain.support.subsidies import NightTerms, overlap
from nrm.models.agreement.agreements import Contract, ContractChange, ContractVersion
from nrm.steps.agreement import contracts as steps
from nrm.store.agreement import agreement_versions as store
from nrm.store.agreement import contract_changes
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.store.rows.support import subsidies as contract_rows
from nrm.vault import rows


def record(*, change_id: uuid.UUID, organisation_id: uuid.UUID, terms: Terms, reason: Reason, by: Actor) -> uuid.UUID:
    """Ask that a contract is added; the same id again changes nothing. Returns the id of the contract that it will be.

    Raises NotPermitted; NotVisible if it is not a centre; ContractRefused (`number`, `nights`).
    """
    by.must(Permission.CONTRACT_MANAGE)
    if organisation_id not in {each.id for each in store.centres(by=by)}:
        raise NotVisible
    with transaction() as session:
        again = session.get(ContractChange, change_id)
        if again is not None:
            return again.contract_id
        contract_id = uuid.uuid4()
        _check(organisation_id, terms, contract_id)
        if agreement_version_rows.is_number_asked(organisation_id, terms.number):
            raise ContractRefused(ContractRefusal.NUMBER)
        try:
            with session.begin_nested():
                _ask(session, change_id, contract_id, organisation_id, terms, reason, by)
        except IntegrityError:  # the same form, sent twice at once
            return session.get_one(ContractChange, change_id).contract_id
        return contract_id


def change(*, change_id: uuid.UUID, contract_id: uuid.UUID, terms: Terms, reason: Reason, by: Actor) -> bool:
    """Ask that a contract says something else, or that it ended early; its centre stays. False: it says so already, and
    nothing is asked; the same id again changes nothing. Raises NotVisible, ContractRefused (`waits`, `number`,
    `nights`)."""
    by.must(Permission.CONTRACT_MANAGE)
    with transaction() as session:
        row = store.contract(contract_id, by=by, lock=True)
        if session.get(ContractChange, change_id) is not None:
            return True
        if _terms(row) == terms:
            return False
        if agreement_version_rows.change_waiting(contract_id) is not None:
            raise ContractRefused(ContractRefusal.WAITS)
        _check(row.organisation_id, terms, row.id)
        _ask(session, change_id, row.id, row.organisation_id, terms, reason, by)
        return True


def agree(*, change_id: uuid.UUID, by: Actor) -> None:
    """A second one of the office agrees: from now on the contract says it; what it said before is kept. Raises
    NotVisible, ContractRefused (`over`, `own`, `new`, `other_office`, `forged`, `number`, `nights`)."""
    by.must(Permission.CONTRACT_MANAGE)
    with transaction() as session:
        asked = contract_changes.row(change_id, by=by, lock=True)
        refusal = steps.hand_refusal(asked, by)
        if refusal is not None:
            raise ContractRefused(refusal)
        terms, now = _terms(asked), clock.now()
        _check(asked.organisation_id, terms, asked.contract_id)
        row = session.get(Contract, asked.contract_id)
        if row is None:
            row = Contract(id=asked.contract_id, organisation_id=asked.organisation_id, recorded_at=now)
            event = audit.Event.CONTRACT_RECORDED
            _write(row, terms)
            session.add(row)
        else:
            event = audit.Event.CONTRACT_CHANGED
            _write(row, terms)
        session.flush()
        position = agreement_version_rows.last_position(row.id) + 1
        _keep(session, row, position=position, by_id=asked.asked_by_id, at=now)
        _decide(asked, ChangeState.AGREED, by, now, position=position)
        audit.append(
            session,
            event,
            by=by,
            contract_id=row.id,
            organisation=row.organisation_id,
            change_id=asked.id,
            asked_by=asked.asked_by_id,
            why=asked.why,
        )


def decline(*, change_id: uuid.UUID, by: Actor) -> None:
    """Another one of the office does not agree: the contract says what it said. Raises NotVisible, ContractRefused
    (`over`, `own`, `other_office`, `forged`)."""
    by.must(Permission.CONTRACT_MANAGE)
    with transaction() as session:
        asked = contract_changes.row(change_id, by=by, lock=True)
        refusal = steps.decline_refusal(asked, by)
        if refusal not in (None, ContractRefusal.FORGED):
            raise ContractRefused(refusal)
        _decide(asked, ChangeState.DECLINED, by, clock.now(), sound=refusal is None)
        event = audit.Event.CONTRACT_DECLINED
        audit.append(session, event, by=by, contract_id=asked.contract_id, change_id=asked.id)


def take_back(*, change_id: uuid.UUID, by: Actor) -> None:
    """Who asked does not ask any more. Raises NotVisible, ContractRefused (`over`, `not_yours`)."""
    by.must(Permission.CONTRACT_MANAGE)
    with transaction() as session:
        asked = contract_changes.row(change_id, by=by, lock=True)
        if asked.state != ChangeState.WAITS:
            raise ContractRefused(ContractRefusal.OVER)
        if asked.asked_by_id != by.member_id:
            raise ContractRefused(ContractRefusal.NOT_YOURS)
        _decide(asked, ChangeState.TAKEN_BACK, by, clock.now(), sound=rows.is_contract_change(asked))
        event = audit.Event.CONTRACT_TAKEN_BACK
        audit.append(session, event, by=by, contract_id=asked.contract_id, change_id=asked.id)


def _ask(
    session: Session,
    change_id: uuid.UUID,
    contract_id: uuid.UUID,
    organisation_id: uuid.UUID,
    terms: Terms,
    reason: Reason,
    by: Actor,
) -> None:
    assert by.member_id is not None
    asked = ContractChange(
        id=change_id,
        contract_id=contract_id,
        organisation_id=organisation_id,
        why=str(reason.why),
        words=reason.words,
        asked_by_id=by.member_id,
        asked_at=clock.now(),
        state=str(ChangeState.WAITS),
    )
    _write(asked, terms)
    asked.mark = rows.contract_change_mark(asked)
    session.add(asked)
    session.flush()
    details = {"contract_id": contract_id, "organisation": organisation_id, "change_id": change_id}
    audit.append(session, audit.Event.CONTRACT_ASKED, by=by, why=asked.why, **details)


def _decide(
    asked: ContractChange,
    state: ChangeState,
    by: Actor,
    at: datetime,
    *,
    position: int | None = None,
    sound: bool = True,
) -> None:
    """`sound` False: another program wrote the row, and it gets no mark, so that nothing in it is ever believed."""
    asked.state, asked.decided_by_id, asked.decided_at, asked.position = str(state), by.member_id, at, position
    if sound:
        asked.mark = rows.contract_change_mark(asked)


def _terms(row: Contract | ContractChange) -> Terms:
    nights = None if row.quarter_nights is None else (row.quarter_nights, row.quarter_amount or 0)
    return Terms(row.number, row.subject, row.amount, row.from_on, row.until_on, row.ended_on, nights)


def _check(organisation_id: uuid.UUID, terms: Terms, besides: uuid.UUID) -> None:
    """Raise ContractRefused if another contract of the centre has the number, or pays for nights of the same days."""
    if agreement_version_rows.has_contract(organisation_id, terms.number, besides=besides):
        raise ContractRefused(ContractRefusal.NUMBER)
    if terms.nights is None:
        return
    own = NightTerms(terms.number, *terms.nights, terms.from_on, terms.ended_on or terms.until_on)
    others = contract_rows.night_terms([organisation_id], besides=besides).get(organisation_id, ())
    if any(overlap(own, each) for each in others):
        raise ContractRefused(ContractRefusal.NIGHTS)


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


def _write(row: Contract | ContractChange, terms: Terms) -> None:
    row.number, row.subject, row.amount = terms.number, terms.subject, terms.amount
    row.from_on, row.until_on, row.ended_on = terms.from_on, terms.until_on, terms.ended_on
    row.quarter_nights, row.quarter_amount = terms.nights or (None, None)
