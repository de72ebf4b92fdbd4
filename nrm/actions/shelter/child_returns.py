"""A child whose return another country asks for: recording the request, answering it, and each step of the return.

The identity of the child and the text of the answer are sealed to the Responsible Authority and child protection. They
are destroyed thirty days after the return is over.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.child_returns import (
    LONGEST_TEXT,
    Asked,
    Direction,
    Escort,
    Finding,
    Guardian,
    Outcome,
    ReturnRefusal,
    ReturnRefused,
    Sex,
    State,
    check_answer,
    check_guardian,
    check_outcome,
    check_request,
    check_step,
    check_travel,
)
from nrm.domain.shelter.findings import Found, current, safe_since
from nrm.models.shelter.child_returns import ChildReturn, ChildReturnOutcome, ChildReturnStep
from nrm.models.shelter.findings import ChildFinding
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.interviews import interviews as interview_rows
from nrm.store.rows.shelter import child_returns as child_return_rows
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.shelter import child_returns as store
from nrm.vault import compartments as vault
from nrm.vault import epochs, members, shredding

CannotOpen = members.CannotOpen
_IDENTITY, _ANSWER = str(Compartment.IDENTITY), str(Compartment.STORY)
_BATCH = 50


def record(
    *,
    return_id: uuid.UUID,
    iso: str,
    asked: Asked,
    received_on: date,
    due_on: date,
    identity: Mapping[str, str],
    direction: Direction = Direction.HERE,
    by: Actor,
) -> None:
    """Record a request of the country `iso` under an id the caller chose; the same id again records nothing twice.

    `identity` needs `name`. Raises NotPermitted, ReturnRefused, NotVisible for an id that is another's.
    """
    by.must(Permission.CHILD_RETURN_RECORD)
    check_request(received_on, due_on, days.today())
    if len(iso) != 2 or not (iso.isascii() and iso.isupper()) or iso == country().iso:
        raise ReturnRefused(ReturnRefusal.COUNTRY)
    if not identity.get("name"):
        raise ReturnRefused(ReturnRefusal.NAME)
    try:
        with transaction() as session:
            if child_return_rows.is_known(return_id):
                return
            if interview_rows.is_known(return_id):
                raise NotVisible
            session.add(
                ChildReturn(
                    id=return_id,
                    organisation_id=by.organisation_id,
                    country=iso,
                    asked=str(asked),
                    direction=str(direction),
                    state=str(State.REQUESTED),
                    quarter_on=Quarter.of(received_on).start,
                    received_on=received_on,
                    due_on=due_on,
                    assessments=[],
                )
            )
            session.flush()
            _add_step(session, return_id, State.REQUESTED, received_on, by)
            vault.create(
                session,
                return_id,
                {_IDENTITY: dict(identity)},
                child_return_rows.holders() & account_rows.with_keyring(),
            )
            audit.append(session, audit.Event.CHILD_RETURN_RECORDED, by=by, return_id=return_id)
    except IntegrityError:
        store.row(return_id, by=by)  # the same button, pressed twice at once


def answer(
    *,
    return_id: uuid.UUID,
    finding: Finding | None,
    text: str,
    on: date,
    by: Actor,
) -> None:
    """Child protection answers with a code; the text is sealed. Raises NotPermitted, NotVisible, ReturnRefused.

    The answer also keeps which of the three assessments have found the return safe so far.
    """
    by.must(Permission.CHILD_RETURN_ANSWER)
    if not text.strip() or len(text) > LONGEST_TEXT:
        raise ReturnRefused(ReturnRefusal.TEXT)
    with transaction() as session:
        store.row(return_id, by=by, lock=True)
        check_answer(finding, found_safe=_found_safe(return_id))
        last = current(finding_rows.entries(return_id))
        safe = sorted(str(kind) for kind, each in last.items() if each.found is Found.SAFE)
        values = {"finding": str(finding), "assessments": safe}
        _step(session, return_id, State.ASSESSED, on, by, **values)
        vault.create(
            session, return_id, {_ANSWER: {"text": text}}, child_return_rows.holders() & account_rows.with_keyring()
        )
        audit.append(session, audit.Event.CHILD_RETURN_ANSWERED, by=by, return_id=return_id, finding=str(finding))


def find_guardian(*, return_id: uuid.UUID, guardian: Guardian | None, on: date, by: Actor) -> None:
    """Record who will take the child in. Raises NotPermitted, NotVisible, ReturnRefused (`gate`, ...)."""
    by.must(Permission.CHILD_RETURN_ANSWER)
    with transaction() as session:
        found = store.row(return_id, by=by, lock=True)
        check_guardian(guardian, found.finding, found_safe=_found_safe(return_id))
        _step(session, return_id, State.GUARDIAN_READY, on, by, guardian=str(guardian))
        _audit_step(session, return_id, State.GUARDIAN_READY, by)


def travel(*, return_id: uuid.UUID, escort: Escort | None, on: date, by: Actor) -> None:
    """Record that the child travels, and with whom. Raises NotPermitted, NotVisible, ReturnRefused (`gate`, ...)."""
    by.must(Permission.CHILD_RETURN_RECORD)
    if escort is None:
        raise ReturnRefused(ReturnRefusal.ESCORT)
    with transaction() as session:
        found = store.row(return_id, by=by, lock=True)
        check_travel(found.guardian, found_safe=_found_safe(return_id))
        _step(session, return_id, State.TRAVELLING, on, by, escort=str(escort))
        _audit_step(session, return_id, State.TRAVELLING, by)


def receive(*, return_id: uuid.UUID, sex: Sex | None, on: date, by: Actor) -> None:
    """Record that the child was received: what becomes of it is asked after 3, 6 and 12 months.

    Raises NotPermitted, NotVisible, ReturnRefused.
    """
    by.must(Permission.CHILD_RETURN_ANSWER)
    if sex is None:
        raise ReturnRefused(ReturnRefusal.SEX)
    with transaction() as session:
        values = {"sex": str(sex), "returned_month": on.replace(day=1)}
        _step(session, return_id, State.RECEIVED, on, by, **values)
        _audit_step(session, return_id, State.RECEIVED, by)


def tell_outcome(
    *, return_id: uuid.UUID, months: int, outcome: Outcome | None, sex: Sex | None = None, by: Actor
) -> None:
    """Record what became of a returned child after so many months; a second entry corrects the first. `sex`: only
    where it was not known when the child was received.

    Raises NotPermitted, NotVisible, ReturnRefused.
    """
    by.must(Permission.CHILD_RETURN_ANSWER)
    if by.member_id is None:
        raise NotVisible
    try:
        with transaction() as session:
            found = store.row(return_id, by=by, lock=True)
            today = days.today()
            check_outcome(found.returned_month, months, outcome, today=today)
            if not found.sex and sex is None:
                raise ReturnRefused(ReturnRefusal.SEX)
            found.sex = found.sex or str(sex)
            session.add(
                ChildReturnOutcome(
                    return_id=return_id,
                    position=len(child_return_rows.outcomes(return_id)) + 1,
                    months=months,
                    outcome=str(outcome),
                    quarter_on=Quarter.of(today).start,
                    organisation_id=by.organisation_id,
                    member_id=by.member_id,
                )
            )
            session.flush()
            event = audit.Event.CHILD_RETURN_OUTCOME
            audit.append(session, event, by=by, return_id=return_id, months=months, outcome=str(outcome))
    except IntegrityError:
        raise ReturnRefused(ReturnRefusal.STEP) from None


def go_on(*, return_id: uuid.UUID, after: State, on: date, by: Actor) -> None:
    """Record a step that needs only its day: refused or withdrawn.

    Raises NotPermitted, NotVisible, ReturnRefused.
    """
    by.must(Permission.CHILD_RETURN_READ)
    if not after.is_over or after is State.RECEIVED:
        raise ReturnRefused(ReturnRefusal.STEP)
    with transaction() as session:
        _step(session, return_id, after, on, by)
        _audit_step(session, return_id, after, by)


def open_identity(*, return_id: uuid.UUID, purpose: Purpose, by: Actor) -> None:
    """Let the session read the child's identity and the answer for a quarter of an hour; recorded first.

    Raises NotPermitted, NotVisible, CannotOpen.
    """
    by.must(Permission.CHILD_RETURN_READ)
    store.row(return_id, by=by)
    try:
        with transaction() as session:
            for compartment in vault.compartments_of(session, return_id):
                vault.allow(session, return_id, compartment, purpose, by=by)
    except CannotOpen:
        with transaction() as session:
            audit.append(session, audit.Event.OPENING_FAILED, by=by, case_id=return_id, compartment=_IDENTITY)
        raise


def opened(*, return_id: uuid.UUID, by: Actor) -> dict[str, str] | None:
    """The child's identity, and `text` of the answer, for a session that opened it; else, and once destroyed, None.

    Raises NotPermitted, NotVisible.
    """
    by.must(Permission.CHILD_RETURN_READ)
    store.row(return_id, by=by)
    session = db.session()
    found: dict[str, str] = {}
    for compartment in (_IDENTITY, _ANSWER):
        if vault.is_allowed(session, return_id, compartment, by=by):
            try:
                found |= vault.read(session, return_id, compartment, by=by).value
            except CannotOpen:  # it was destroyed in between
                continue
    return found or None


def forget() -> int:
    """Destroy what is left of the child in returns that were over thirty days ago; returns how many."""
    with transaction() as session:
        over = child_return_rows.long_over(days.today(), country().retention.notice_days, _BATCH)
        for each in over:
            session.execute(delete(ChildReturnStep).where(ChildReturnStep.return_id == each.id))
            session.execute(delete(ChildFinding).where(ChildFinding.subject_id == each.id))
            each.received_on = each.due_on = None
            session.flush()
            epochs.erase(session, each.id, vault.compartments_of(session, each.id))
            audit.append(session, audit.Event.CHILD_RETURN_FORGOTTEN, by=Actor.system("tend"), return_id=each.id)
    if over:
        shredding.work_off()
    return len(over)


def _found_safe(return_id: uuid.UUID) -> bool:
    return safe_since(current(finding_rows.entries(return_id))) is not None


def _step(session: Session, return_id: uuid.UUID, after: State, on: date, by: Actor, **values: object) -> None:
    """Take the step if the return is still in the state in which it was read."""
    found = store.row(return_id, by=by, lock=True)
    number, last_on = child_return_rows.last_step(return_id)
    before = State(found.state)
    check_step(before, after, kind=by.kind, on=on, last_on=last_on or on, today=days.today())
    hit = hit_one(
        session,
        update(ChildReturn)
        .where(ChildReturn.id == return_id, ChildReturn.state == str(before))
        .values(state=str(after), **values)
        .execution_options(synchronize_session=False),
    )
    if not hit:
        raise ReturnRefused(ReturnRefusal.STEP)
    _add_step(session, return_id, after, on, by, number)


def _add_step(session: Session, return_id: uuid.UUID, step: State, on: date, by: Actor, number: int = 0) -> None:
    session.add(
        ChildReturnStep(
            return_id=return_id,
            position=number + 1,
            step=str(step),
            happened_on=on,
            organisation_id=by.organisation_id,
        )
    )
    session.flush()


def _audit_step(session: Session, return_id: uuid.UUID, step: State, by: Actor) -> None:
    audit.append(session, audit.Event.CHILD_RETURN_STEP, by=by, return_id=return_id, step=str(step))
