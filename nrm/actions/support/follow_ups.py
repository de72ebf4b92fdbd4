"""Staying in touch with a person after the shelter: agreeing it, each contact, and ending it (ADR 0152).

How she is reached and what she told is sealed under the id of the agreement, to the holder of the case alone. A case
that is closed stays closed for all else: writing a contact opens and changes nothing of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain import written_over
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.cases import CaseRefused, Purpose
from nrm.domain.shelter.key_workers import Place
from nrm.domain.support.follow_ups import (
    BEFORE,
    FOLLOW_UP,
    WORDS,
    Contact,
    Ended,
    FollowUpRefusal,
    FollowUpRefused,
    Result,
    Stand,
    after,
    check_agreed,
    check_contact,
    is_tried_again,
)
from nrm.domain.written_over import NOTHING_BESIDE, Beside
from nrm.models.shelter.cases import Reading
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.support import benefit_ends, not_safe
from nrm.steps.support import follow_up_alarms as alarms
from nrm.steps.support import follow_ups as steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.shelter import key_workers as key_worker_rows
from nrm.store.rows.support import follow_ups as rows
from nrm.store.shelter import cases as case_store
from nrm.vault import compartments as vault
from nrm.vault import epochs, members
from nrm.vault import shifts as shift_vault

CannotOpen = members.CannotOpen
StaleRevision, WouldGo = vault.StaleRevision, written_over.WouldGo
_BATCH = 100


class OthersWait(Exception):
    """Nothing is ended: not those benefits wait that the actor had read."""


def agree(*, case_id: uuid.UUID, words: Mapping[str, str], child_return: bool = False, by: Actor) -> None:
    """The person agrees that somebody stays in touch. `words`: the texts of `WORDS`; `child_return`: a child who is
    followed by the record of her return already.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused, FollowUpRefused (`stands`, `child_return`, `channel`,
    `safe_first`).
    """
    by.must(Permission.STAY_MANAGE)
    by.must(Permission.CASE_OPEN)
    assert by.organisation_id is not None
    try:
        with transaction() as session:
            case_steps.held_open_case(case_id, by)
            stands = rows.standing(case_id) is not None
            check_agreed(stands=stands, channel=words.get("channel", ""), child_return=child_return)
            if rows.unsafe(case_id):
                raise FollowUpRefused(FollowUpRefusal.SAFE_FIRST)  # a new one would hide the alarm of the one before
            found = FollowUp(
                id=uuid.uuid4(),
                case_id=case_id,
                organisation_id=by.organisation_id,
                worker_id=_worker(case_id, by),
                agreed_month=days.today().replace(day=1),
            )
            session.add(found)
            session.flush()
            value = {name: words[name] for name in WORDS if words.get(name)}
            vault.create(session, found.id, {FOLLOW_UP: value}, [by.organisation_id], by=by)
            left_on = rows.last_end(case_id)
            if left_on is not None:
                steps.begin(session, case_id, left_on)
            audit.append(session, audit.Event.FOLLOW_UP_AGREED, by=by, case_id=case_id)
    except IntegrityError:
        raise FollowUpRefused(FollowUpRefusal.STANDS) from None


def _worker(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """Who stays in touch: the key worker, or who agreed it with her."""
    assert by.organisation_id is not None
    assert by.member_id is not None
    for each in key_worker_rows.standing(case_id, by.organisation_id):
        if each.place == Place.KEY and shift_vault.is_genuine(each):
            return each.member_id
    return by.member_id


def change(
    *, case_id: uuid.UUID, words: Mapping[str, str], seen: int, by: Actor, beside: Beside = NOTHING_BESIDE
) -> None:
    """Another way to reach her, or other words; for a session that opened them. What was agreed before stays under
    seal, with its day (ADR 0210). `seen`: the revision that was read; `beside`: what the writer was shown that somebody
    else wrote meanwhile (ADR 0249).

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused, FollowUpRefused, StaleRevision, WouldGo.
    """
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        found = _standing(case_id, by)
        check_agreed(stands=False, channel=words.get("channel", ""), child_return=False)
        read = vault.read(session, found.id, FOLLOW_UP, by=by)
        there = read.value
        part: dict[str, Any] = {name: words.get(name) or None for name in WORDS}
        if read.revision == seen:
            written_over.check(there, part, beside)
        before = {name: there[name] for name in WORDS if there.get(name)}
        if any(there.get(name) != part[name] for name in before):
            entry = {**before, "at": clock.now().isoformat(), "login": case_store.login_of(by)}
            part[f"{BEFORE}.{uuid.uuid4().hex}"] = entry
        vault.merge(session, found.id, FOLLOW_UP, part, by=by, seen=seen)
        audit.append(session, audit.Event.COMPARTMENT_WRITTEN, by=by, case_id=case_id, compartment=FOLLOW_UP)


def open_words(*, case_id: uuid.UUID, by: Actor) -> None:
    """Let the actor's session read for a quarter of an hour how she is reached and what was written; recorded first.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused, FollowUpRefused.
    """
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        found = steps.held(case_id, by)
        where = rows.sealed_as(found.id)
        session.add(
            Reading(
                case_id=case_id,
                compartment=where,
                purpose=Purpose.CARE,
                member_id=by.member_id,
                organisation_id=by.organisation_id,
                holder_id=by.organisation_id,
                opened_at=clock.now(),
            )
        )
        vault.allow(session, found.id, where, Purpose.CARE, by=by)


def opened(*, case_id: uuid.UUID, by: Actor) -> tuple[dict[str, Any], int] | None:
    """(what is sealed of the follow-up, its revision) for a session that opened it; else, and once destroyed, None."""
    by.must(Permission.CASE_OPEN)
    try:
        found = steps.held(case_id, by)
        read = vault.read(db.session(), found.id, rows.sealed_as(found.id), by=by)
    except (CannotOpen, FollowUpRefused, CaseRefused):
        return None
    return read.value, read.revision


def waiting(*, case_id: uuid.UUID, by: Actor) -> list[str] | None:
    """The payment codes that wait and that `end` would call off, for a session that opened what is sealed; else None.
    Raises NotPermitted, NotVisible."""
    found = opened(case_id=case_id, by=by)
    return sorted(benefit_ends.waiting_in(found[0])) if found is not None else None


def record(*, case_id: uuid.UUID, months: int, contact: Contact, text: str = "", by: Actor) -> Stand:
    """What came of a contact; returns how it stands now. A later entry of the same months corrects the one before,
    which stays under seal; what was about another person is struck, and the entry before it counts again (ADR
    0262). After the last contact, or when she does not want it any more, the follow-up is over. That she is not
    safe is heard as `follow_up_alarms.tell` hears it.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused, FollowUpRefused.
    """
    by.must(Permission.CASE_OPEN)
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        found = not_safe.hear(session, case_id, by)[0] if contact.alarms else steps.held(case_id, by)
        finished = found.ended_why == Ended.FINISHED and rows.is_sealed(found.id)
        if found.ended_on is not None and (not finished or contact.result is Result.NO_LONGER):
            raise FollowUpRefused(FollowUpRefusal.ENDED)
        if contact.result is Result.NO_LONGER:
            steps.check_ending(case_id, by)
        state = _record(session, found, months, contact, text, by)
        if contact.result is Result.NO_LONGER:
            steps.end(session, case_id, Ended.NO_LONGER, by)
        elif not rows.has_open(found.id):  # nothing more happens where it is finished already
            steps.end(session, case_id, Ended.FINISHED, by)
    erasure_steps.carry_out()
    return state


def _record(session: Session, found: FollowUp, months: int, contact: Contact, text: str, by: Actor) -> Stand:
    dates = rows.dates_of(found.id)
    row = next((each for each in dates if each.months == months), None)
    if row is None:
        raise NotVisible
    earlier = [each for each in dates if each.months < months]
    check_contact(
        contact,
        state=Stand(row.state),
        due=row.due_on,
        last=row is dates[-1],
        earlier_open=any(each.state == Stand.OPEN for each in earlier),
        today=days.today(),
    )
    again = row.state != Stand.OPEN or _tried_today(row)  # what one corrects is no try
    another = contact.result is Result.OTHER_PERSON
    if another and row.state == Stand.OPEN and not row.tries:
        raise FollowUpRefused(FollowUpRefusal.NOTHING_ENTERED)
    again = again or another
    row.tries += not again
    entry = {**contact.sealed(), "at": clock.now().isoformat(), "login": case_store.login_of(by)}
    if text:
        entry["text"] = text
    name = f"{months}.{row.tries}" + (f".{int(clock.now().timestamp())}.{uuid.uuid4().int}" if again else "")
    vault.merge(session, found.id, FOLLOW_UP, {name: entry}, by=by)
    later = any(each.state != Stand.OPEN for each in dates if each.months > months)
    was = row.state
    corrects = was != Stand.OPEN and not is_tried_again(ended=found.ended_on is not None, later_settled=later)
    state = after(contact.result, row.tries, country().follow_up, corrects=corrects)
    if another and Result.REACHED in [result for _, result in rows.entered(found.case_id, months)[-2:-1]]:
        state = Stand.REACHED  # what was struck had corrected a true entry, which counts again
    row.state = str(state)
    row.outcome = str(contact.outcome) if row is dates[-1] and state is Stand.REACHED else ""
    if state is Stand.OPEN:
        row.next_on, row.counts_on = days.today() + timedelta(days=country().follow_up.again_days), None
        if another:
            before = rows.missed_before(found.case_id, months)
            row.tries = max(0, row.tries - 1)
            row.next_on = row.due_on
            if before is not None:
                row.next_on = max(row.due_on, before + timedelta(days=country().follow_up.again_days))
    else:
        row.counts_on = steps.counts_on()
    if contact.alarms:
        alarms.is_said(row, by)
        audit.append(session, audit.Event.FOLLOW_UP_NOT_SAFE, by=by, case_id=found.case_id)
    elif another:
        _was_another(session, found, row, by)
    elif state is Stand.NOT_REACHED and was != state and not corrects and row.alarm_by_id is None:
        row.alarm_on, row.alarm_by_id = days.today(), None  # given up: the manager decides what is done
    elif state is Stand.REACHED and row.alarm_by_id is None:
        row.alarm_on = None  # it was a mistake that nobody reached her
    if contact.says_safe:
        acted_on = [each for each in dates if each.acted_at is not None and each.alarm_on is not None]
        for each in acted_on:
            alarms.is_safe(each, by)
        if acted_on and not any(each.alarm_by_id for each in dates):
            audit.append(session, audit.Event.FOLLOW_UP_SAFE, by=by, case_id=found.case_id)
    session.flush()
    audit.append(
        session, audit.Event.FOLLOW_UP_CONTACT, by=by, case_id=found.case_id, months=months, result=str(contact.result)
    )
    return state


def _was_another(session: Session, found: FollowUp, row: FollowUpDate, by: Actor) -> None:
    """The alarm that this very contact raised ends with it where the actor wrote it and it is an adult's whose house
    has a manager, who reads that; else it stands until the person is safe. That nobody reached her was a mistake."""
    if row.alarm_by_id is None:
        row.alarm_on = None
        return
    own = row.alarm_by_id == by.member_id and rows.raised_at(found.case_id) == (row.months, by.member_id)
    if row.alarm_on is not None and own and rows.is_led(found):
        alarms.was_another(row)
        audit.append(session, audit.Event.FOLLOW_UP_NOT_THIS_PERSON, by=by, case_id=found.case_id, months=row.months)


def _tried_today(row: FollowUpDate) -> bool:
    """Whether somebody entered something of it today already: the tries of one day are one."""
    again_on = days.today() + timedelta(days=country().follow_up.again_days)
    return row.state == Stand.OPEN and row.tries > 0 and row.next_on == again_on


def end(*, case_id: uuid.UUID, seen: Collection[str] = (), by: Actor) -> None:
    """She does not want it any more: nobody asks her from now on, and how she is reached and all words are destroyed
    after a week, in which that can be taken back (`take_end_back`). A benefit that waits is called off by it; `seen`:
    those that the actor read are called off. Their codes stay under seal, until the payment desk has said whether the
    money had gone out. While she is not safe only the manager ends it, of an adult, after the
    house said what it does (ADR 0197); also what was over already and stands on the lists for that.

    Raises NotPermitted, NotVisible, CaseRefused, FollowUpRefused (`ended`, `manager_ends`, `act_first`,
    `child_not_safe`), OthersWait, CannotOpen for who cannot read whether
    one waits.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        found = steps.held(case_id, by)
        if found.ended_on is not None and steps.over_but_waits(case_id) is None:
            raise FollowUpRefused(FollowUpRefusal.ENDED)
        steps.check_ending(case_id, by)
        if benefit_ends.waiting(found, by) not in (None, set(seen)):
            raise OthersWait
        if not benefit_ends.let_go(session, found, by):
            raise CannotOpen
        steps.end(session, case_id, Ended.NO_LONGER, by)
    erasure_steps.carry_out()


def take_end_back(*, case_id: uuid.UUID, by: Actor) -> None:
    """It was not the person who wants it no more: within a week staying in touch goes on as before (ADR 0215).

    Raises NotPermitted, NotVisible, CaseRefused, FollowUpRefused (`end_manager`, `ended`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        found = steps.held(case_id, by)
        if not steps.leads(by):
            raise FollowUpRefused(FollowUpRefusal.END_MANAGER)
        if not steps.take_end_back(session, found, by):
            raise FollowUpRefused(FollowUpRefusal.ENDED)


def take_over(*, case_id: uuid.UUID, by: Actor) -> None:
    """The actor stays in touch from now on. Raises NotPermitted, NotVisible, CaseRefused, FollowUpRefused."""
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        found = _standing(case_id, by)
        assert by.member_id is not None
        found.worker_id = by.member_id
        audit.append(session, audit.Event.FOLLOW_UP_TAKEN_OVER, by=by, case_id=case_id)


def pass_time(*, by: Actor) -> int:
    """Begin what waits for the end of a stay, end what nobody finished, destroy what is over; returns how many.
    It needs no key."""
    today, number = days.today(), 0
    with transaction() as session:
        for case_id in rows.not_begun(_BATCH):
            left_on = rows.last_end(case_id)
            if left_on is not None:
                steps.begin(session, case_id, left_on)
                number += 1
        gone = [case_id for case_id in rows.lapsed(today, _BATCH) if steps.end(session, case_id, Ended.LAPSED, by)]
        over = rows.finished(today - timedelta(days=country().retention.notice_days), today, _BATCH)
        for follow_up_id, compartment in over:
            epochs.erase(session, follow_up_id, [compartment])
    if gone or over:
        erasure_steps.carry_out()
    return number + len(gone) + len(over)


def _standing(case_id: uuid.UUID, by: Actor) -> FollowUp:
    """As `steps.held`, and not over."""
    found = steps.held(case_id, by)
    if found.ended_on is not None:
        raise FollowUpRefused(FollowUpRefusal.ENDED)
    return found
