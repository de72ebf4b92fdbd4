"""Which benefits are a person's: read and written under seal alone, in care while the case is open, and in what is
sealed of the follow-up once it is closed (ADR 0156)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.cases import Compartment
from nrm.domain.support import benefits as rules
from nrm.domain.support.benefits import BenefitRefusal, BenefitRefused, Entry
from nrm.domain.support.follow_ups import FOLLOW_UP
from nrm.models.shelter.cases import Case
from nrm.models.support.follow_ups import FollowUp
from nrm.steps.shelter import cases as case_steps
from nrm.steps.support import plans as plan_steps
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import occasions
from nrm.store.rows.support import follow_ups as follow_up_rows
from nrm.store.shelter import cases as store
from nrm.vault import care_notes, compartments

CannotOpen = case_steps.CannotOpen


def read(*, case_id: uuid.UUID, by: Actor) -> list[Entry]:
    """The benefits of a person, for a session that opened where they lie. Of an open case that is care; of a closed one
    what is sealed of the follow-up, also of one that is over, and care: to read and to call off does not depend on
    whether anything can be asked for. Raises NotPermitted, NotVisible, CaseRefused, CannotOpen, BenefitRefused
    (`closed`: nothing is kept)."""
    by.must(Permission.CASE_OPEN)
    by.must(Permission.STAY_MANAGE)
    case = case_steps.held_case(case_id, by)
    places = _places(case, by)
    if not places:
        if case.status == "open":
            return []
        raise BenefitRefused(BenefitRefusal.CLOSED)
    found, opened = list[Mapping[str, Any]](), False
    for each in places:
        try:
            found += _notes(each, case_id, by)
        except CannotOpen:
            continue
        opened = True
    if not opened:
        raise CannotOpen
    return rules.entries(found)


def check_asked(*, case_id: uuid.UUID, by: Actor) -> None:
    """Raise NotVisible, CaseRefused, CannotOpen, BenefitRefused (`closed`) unless a benefit can be asked for now, by a
    session that opened where it is written."""
    by.must(Permission.CASE_OPEN)
    by.must(Permission.STAY_MANAGE)
    case = case_steps.held_case(case_id, by)
    if case.status == "open":
        read(case_id=case_id, by=by)
    else:
        _entries(_follow_up(case, by).id, case_id, by)


def is_second(entry: Entry, by: Actor) -> bool:
    """Whether the actor may agree to what others asked for: a second hand beside each who did, also after it was called
    off."""
    return all(_is_second_of(login, by) for login in entry.askers)


def _is_second_of(login: str, by: Actor) -> bool:
    """See `occasions.is_second`."""
    asker = account_rows.member_by_login(login)
    if login == store.login_of(by) or asker is None:
        return False
    assert by.member_id is not None
    return occasions.is_second(by.member_id, asker.id)


def _places(case: Case, by: Actor) -> list[uuid.UUID]:
    """Where benefits of the person can lie, each by the id of its seal: care has that of the case."""
    session, found = db.session(), list[uuid.UUID]()
    newest = follow_up_rows.newest(case.id) if case.status != "open" else None
    if newest is not None and newest.organisation_id == by.organisation_id and follow_up_rows.is_sealed(newest.id):
        found.append(newest.id)
    if Compartment.CARE in compartments.compartments_of(session, case.id):
        found.append(case.id)
    return found


def _entries(place: uuid.UUID, case_id: uuid.UUID, by: Actor) -> list[Entry]:
    return rules.entries(_notes(place, case_id, by))


def _notes(place: uuid.UUID, case_id: uuid.UUID, by: Actor) -> Sequence[Mapping[str, Any]]:
    """What is sealed there of benefits and of other things, each as it was written."""
    session = db.session()
    if place == case_id:
        return care_notes.read_plan(session, case_id, by=by)
    value = compartments.read(session, place, follow_up_rows.sealed_as(place), by=by).value
    return [each for each in value.values() if isinstance(each, dict)]


def write_end(session: Session, case_id: uuid.UUID, what: str, code: str, by: Actor) -> None:
    """Add under seal, where it was asked for, that a benefit was called off or agreed to, or whether the person knows
    what became of it; in a closed case this alone is written."""
    case = case_steps.held_case(case_id, by)
    if case.status == "open":
        write(session, case_id, what, {"code": code}, by)
        return
    for place in _places(case, by):
        try:
            there = {each.code for each in _entries(place, case_id, by)}
        except CannotOpen:
            continue
        if code not in there:
            continue
        entry = _entry(what, {"code": code}, by)
        if place == case_id:
            entry_id = care_notes.add(session, case_id, entry, by=by)
            audit.append(session, audit.Event.PLAN_WRITTEN, by=by, case_id=case_id, entry_id=entry_id)
        else:
            where = follow_up_rows.sealed_as(place)
            compartments.merge(session, place, where, {_key(entry): entry}, by=by)
            audit.append(session, audit.Event.COMPARTMENT_WRITTEN, by=by, case_id=case_id, compartment=where)


def entry_id_of(case_id: uuid.UUID, once: uuid.UUID) -> uuid.UUID:
    """The id of the note on care that asks for a benefit: known by who has the form again, and by nobody else."""
    return uuid.uuid5(case_id, f"benefit {once}")


def is_written(case_id: uuid.UUID, once: uuid.UUID) -> bool:
    """Whether a press of that form asked for a benefit already, among the notes on care; it needs no key."""
    return care_notes.is_there(db.session(), case_id, entry_id_of(case_id, once))


def write(
    session: Session,
    case_id: uuid.UUID,
    what: str,
    value: Mapping[str, str],
    by: Actor,
    entry_id: uuid.UUID | None = None,
) -> None:
    """Add an entry under seal; `entry_id`: its id among the notes on care, a random one where none is given. The audit
    chain says what it says of any entry there: who wrote, to whose, and when.

    Raises NotVisible, CaseRefused, CannotOpen, BenefitRefused (`closed`).
    """
    case = case_steps.held_case(case_id, by)
    entry = _entry(what, value, by)
    if case.status == "open":
        plan_steps.check_held(case_id, by)
        case_steps.begin(session, case_id, Compartment.CARE, by)
        entry_id = care_notes.add(session, case_id, entry, by=by, note_id=entry_id)
        audit.append(session, audit.Event.PLAN_WRITTEN, by=by, case_id=case_id, entry_id=entry_id)
        return
    found = _follow_up(case, by)
    compartments.merge(session, found.id, FOLLOW_UP, {_key(entry): entry}, by=by)
    audit.append(session, audit.Event.COMPARTMENT_WRITTEN, by=by, case_id=case_id, compartment=FOLLOW_UP)


def _key(entry: Mapping[str, str]) -> str:
    """Under which it lies in what is sealed of a follow-up: what is called off twice was called off twice."""
    again = "" if entry["plan"] in (rules.BENEFIT, rules.AGREED) else f" {entry['at']}"
    return f"{entry['plan']} {entry['code']}{again}"


def _entry(what: str, value: Mapping[str, str], by: Actor) -> dict[str, str]:
    return {"text": "", **value, "plan": what, "at": clock.now().isoformat(), "login": store.login_of(by)}


def _follow_up(case: Case, by: Actor) -> FollowUp:
    """The follow-up of a closed case that is not over."""
    found = follow_up_rows.standing(case.id)
    if found is None or found.organisation_id != by.organisation_id:
        raise BenefitRefused(BenefitRefusal.CLOSED)
    return found
