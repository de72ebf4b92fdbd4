"""A person asks for a copy of what is kept, that it is erased, or to take back a consent: recording it where the person
asks, and answering.

The person who records it needs the code of the case, and learns nothing about the case, not even whether there is one.
Erasing itself is `erasures.erase`, taking back `consents.withdraw`; they also answer the request.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.accounts.second_hands import ActKind, Undone
from nrm.domain.presses import Press
from nrm.domain.shelter.cases import SUPPLEMENT, Compartment, Purpose
from nrm.domain.shelter.data_requests import (
    AT_ONCE,
    OF_ONE_MEMBER,
    Refusal,
    RequestKind,
    RequestRefusal,
    RequestRefused,
    RequestStatus,
    refusals,
)
from nrm.domain.support import benefits as benefit_rules
from nrm.domain.support.follow_ups import Ended
from nrm.domain.support.plans import Entry, fold
from nrm.models.shelter.cases import Case
from nrm.models.shelter.data_requests import PersonRequest
from nrm.steps import presses
from nrm.steps.referrals import supplements as supplement_steps
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import parked
from nrm.steps.support import follow_ups as follow_up_steps
from nrm.store import days
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts import second_hands as act_rows
from nrm.store.rows.shelter import data_requests as data_request_rows
from nrm.store.rows.support import follow_ups as follow_up_rows
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import data_requests as store
from nrm.store.support import benefits as benefit_store
from nrm.store.support.benefits import BenefitLine
from nrm.vault import care_notes, second_factor, shredding
from nrm.vault import compartments as vault


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy for the person: each part that is kept, the notes, the plan, the benefits, and what was added after an
    urgent hand-over."""

    parts: dict[Compartment, case_steps.Opened]
    notes: list[dict[str, object]]
    plan: tuple[Entry, ...]
    benefits: list[BenefitLine]
    supplement: case_steps.Opened | None


def record(*, request_id: uuid.UUID, pseudonym: str, kind: RequestKind, press: Press | None = None, by: Actor) -> None:
    """Record what a person asked for, under an id the caller chose; the same id again records nothing twice. `press`:
    of the form.

    That something is to be kept after all, or that nobody stays in touch any more, is passed on at once and unread:
    what waits to be destroyed in her case, if anything does, is given back; what was agreed for the months after is
    over, and destroyed after a week, in which the manager reads who passed it on and can take it back (ADR 0215). While
    the person is not safe, and of a child, nothing ends: it is kept open as her wish, on the list of the house (ADR
    0197). Who records it learns nothing of it.
    `pseudonym` as `parse_pseudonym` gives it. Raises NotPermitted, SentAlready, NotVisible for an id that is another's,
    TooSoon after ten of one member in an hour, of whatever kind (ADR 0272).
    """
    by.must(Permission.REQUEST_RECORD)
    often = failed_attempt_rows.Counter(second_factor.try_mark("person request", str(by.member_id)), OF_ONE_MEMBER)
    try:
        with transaction() as session:
            if data_request_rows.is_known(request_id):
                store.own(request_id, by=by)
                return
            presses.check(press, audit.Event.REQUEST_RECORDED)
            failed_attempt_rows.check_all(often)  # before the code is looked up
            case_id = data_request_rows.case_of(pseudonym)
            waits = kind is RequestKind.NO_FOLLOW_UP and case_id is not None and _waits(session, case_id)
            at_once = kind in AT_ONCE and not waits
            session.add(
                PersonRequest(
                    id=request_id,
                    organisation_id=by.organisation_id,
                    pseudonym=pseudonym,
                    case_id=case_id,
                    kind=str(kind),
                    status=str(RequestStatus.PASSED_ON if at_once else RequestStatus.OPEN),
                    asked_on=days.today(),
                    answered_on=days.today() if at_once else None,
                )
            )
            session.flush()
            if kind is RequestKind.KEEP and case_id is not None:
                parked.keep(session, case_id, by)
            if kind is RequestKind.NO_FOLLOW_UP and case_id is not None and not waits:
                follow_up_steps.end(session, case_id, Ended.NO_LONGER, Actor.system("request"))
            said: dict[str, uuid.UUID | str | None] = {
                "request_id": request_id,
                "kind": kind,
                "press": press.mark if press else None,
            }
            audit.append(session, audit.Event.REQUEST_RECORDED, by=by, **said)
            failed_attempt_rows.check_all(often)  # writers queue there: of several at once, too
            failed_attempt_rows.count(session, [often])
    except IntegrityError:
        store.own(request_id, by=by)  # the same button, pressed twice at once
    if kind is RequestKind.KEEP:
        shredding.work_off()
    if kind is RequestKind.NO_FOLLOW_UP:
        erasure_steps.carry_out()


def _waits(session: Session, case_id: uuid.UUID) -> bool:
    """Whether the person said after the shelter that she is not safe, and nobody settled it, or a child is followed:
    the manager answers then. Locks the case."""
    case = session.get_one(Case, case_id, with_for_update=True, populate_existing=True)
    is_child = case.age_class != "adult" and follow_up_rows.standing(case_id) is not None
    return is_child or bool(follow_up_rows.unsafe(case_id))


def refuse(*, request_id: uuid.UUID, reason: Refusal, by: Actor) -> None:
    """Refuse the request, with a reason. Raises NotPermitted, NotVisible, RequestRefused (`reason`, `answered`;
    `manager`: it is that nobody stays in touch with who was not safe)."""
    by.must(Permission.REQUEST_ANSWER)
    with transaction() as session:
        asked = store.row(request_id, by=by, lock=True)
        if reason not in refusals(RequestKind(asked.kind), known=asked.case_id is not None):
            raise RequestRefused(RequestRefusal.REASON)
        desk = by.may(Permission.REFERRAL_DIRECT)
        if asked.kind == RequestKind.NO_FOLLOW_UP and not (desk or follow_up_steps.leads(by)):
            raise RequestRefused(RequestRefusal.MANAGER)
        _answer(session, asked, RequestStatus.REFUSED, by, reason)


def strike(*, request_id: uuid.UUID, by: Actor) -> None:
    """A request that waits was recorded for the wrong person: who recorded it says so, and nobody else, who could make
    a person's own request vanish. Nobody is refused anything, and what waits to be destroyed because of it is given
    back, unless another request asks for it, too (ADR 0277).

    Raises NotPermitted, NotVisible, RequestRefused (`answered`; `manager`: as `refuse`).
    """
    by.must(Permission.REQUEST_RECORD)
    line = store.one_to_strike(request_id, by=by)
    with transaction() as session:
        asked = session.get_one(PersonRequest, line.id, populate_existing=True)
        if asked.case_id is not None:  # first, as whoever destroys it does
            session.get_one(Case, asked.case_id, with_for_update=True, populate_existing=True)
        desk = by.may(Permission.REFERRAL_DIRECT)
        if asked.kind == RequestKind.NO_FOLLOW_UP and not (desk or follow_up_steps.leads(by)):
            raise RequestRefused(RequestRefusal.MANAGER)
        hit = hit_one(
            session,
            update(PersonRequest)
            .where(PersonRequest.id == asked.id, PersonRequest.status == RequestStatus.OPEN)
            .values(status=str(RequestStatus.MISTAKEN), answered_on=days.today())
            .execution_options(synchronize_session=False),
        )
        if not hit:
            raise RequestRefused(RequestRefusal.ANSWERED)
        audit.append(session, audit.Event.REQUEST_MISTAKEN, by=by, request_id=asked.id)
        _stop(session, asked, by)
    shredding.work_off()


_DONE_BY = {RequestKind.ERASURE: ActKind.ERASE, RequestKind.WITHDRAWAL: ActKind.WITHDRAW}


def _stop(session: Session, asked: PersonRequest, by: Actor) -> None:
    """The hours that run because of a request end, once nothing else asks for it."""
    if asked.case_id is None or data_request_rows.others_wait(asked):
        return
    act = act_rows.open_of_case(asked.case_id)
    if act is not None and act.kind == _DONE_BY.get(RequestKind(asked.kind)):
        parked.keep(session, asked.case_id, by, how=Undone.WRONG_PERSON)


def open_copy(*, request_id: uuid.UUID, by: Actor) -> None:
    """Open all that is kept to the holder's session for a quarter of an hour; each part is recorded first.

    Raises NotPermitted, NotVisible, CannotOpen, RequestRefused (`kind`, `answered`).
    """
    by.must(Permission.CASE_OPEN)
    case_id = _asked_copy(request_id, by).case_id
    assert case_id is not None
    with transaction() as session:
        for compartment in vault.compartments_of(session, case_id):
            case_steps.allow(session, case_id, compartment, Purpose.COPY, by=by)


def copy(*, request_id: uuid.UUID, by: Actor) -> Copy | None:
    """The copy, for the session that opened it; None before, and after the quarter of an hour.

    Raises NotPermitted, NotVisible, CannotOpen, RequestRefused (`kind`, `answered`).
    """
    case_id = _asked_copy(request_id, by).case_id
    assert case_id is not None
    parts = case_steps.opened(case_id=case_id, by=by)
    kept = set(case_store.case(case_id, by=by).compartments)
    if not kept or not set(parts) >= kept:
        return None
    cares = Compartment.CARE in parts
    notes = case_steps.notes(case_id=case_id, by=by) if cares else []
    entries = care_notes.read_plan(db.session(), case_id, by=by) if cares else []
    codes = [each.code for each in benefit_rules.entries(entries)]
    money = benefit_store.by_codes(codes, by=by) if by.may(Permission.STAY_MANAGE) else []
    return Copy(
        parts,
        notes,
        fold(case_id, entries).entries,
        money,
        supplement_steps.read(case_id=case_id, by=by) if _has_supplement(case_id) else None,
    )


def give(*, request_id: uuid.UUID, by: Actor) -> None:
    """Record that the person got the copy. Raises NotPermitted, NotVisible, RequestRefused (`kind`, `answered`)."""
    by.must(Permission.REQUEST_ANSWER)
    with transaction() as session:
        _answer(session, _asked_copy(request_id, by, lock=True), RequestStatus.GIVEN, by)


def _asked_copy(request_id: uuid.UUID, by: Actor, *, lock: bool = False) -> PersonRequest:
    """An open request for a copy of a case the actor's organisation holds."""
    asked = store.row(request_id, by=by, lock=lock)
    if asked.case_id is None or case_store.row(asked.case_id, by=by).holder_id != by.organisation_id:
        raise NotVisible
    if asked.kind != RequestKind.COPY:
        raise RequestRefused(RequestRefusal.KIND)
    if asked.status != RequestStatus.OPEN:
        raise RequestRefused(RequestRefusal.ANSWERED)
    return asked


def _has_supplement(case_id: uuid.UUID) -> bool:
    return SUPPLEMENT in vault.compartments_of(db.session(), case_id)


def _answer(
    session: Session, asked: PersonRequest, status: RequestStatus, by: Actor, reason: Refusal | None = None
) -> None:
    hit = hit_one(
        session,
        update(PersonRequest)
        .where(PersonRequest.id == asked.id, PersonRequest.status == RequestStatus.OPEN)
        .values(status=str(status), reason=str(reason or ""), answered_on=days.today())
        .execution_options(synchronize_session=False),
    )
    if not hit:
        raise RequestRefused(RequestRefusal.ANSWERED)
    audit.append(session, audit.Event.REQUEST_ANSWERED, by=by, request_id=asked.id, answer=str(status), reason=reason)
