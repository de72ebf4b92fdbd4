"""That somebody is not safe after the shelter, what the house does about it, taking that back, and that she is safe.

That the house acts ends no alarm: it stands on the lists, with who said so and since when, until somebody records that
the person is safe. The line in words lies under seal with the follow-up (ADR 0182).
"""

from __future__ import annotations

import contextlib
import uuid

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.support.follow_ups import (
    FOLLOW_UP,
    SAFE_IS_SHOWN,
    SAID,
    Acts,
    Ended,
    FollowUpRefusal,
    FollowUpRefused,
    Stand,
)
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.support import follow_up_alarms as alarms
from nrm.steps.support import follow_ups as steps
from nrm.steps.support import not_safe
from nrm.store import days
from nrm.store.rows.support import follow_ups as rows
from nrm.store.shelter import cases as case_store
from nrm.vault import compartments as vault
from nrm.vault import members, shredding

CannotOpen = members.CannotOpen


def tell(*, case_id: uuid.UUID, text: str, by: Actor) -> bool:
    """Write down that the person said between two contacts that she is not safe, or needs help now: the same alarm, and
    no contact is used up by it. Who has no key raises it without a line. It stops erasing the case, and takes back that
    the follow-up ended, as long as that is kept (ADR 0215); returns whether erasing was stopped.

    Raises NotPermitted, NotVisible, CaseRefused, CannotOpen, FollowUpRefused (`none`, `ended`, `not_begun`).
    """
    by.must(Permission.CASE_OPEN)
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        found, stopped = not_safe.hear(session, case_id, by)
        if found.ended_on is not None and not (found.ended_why == Ended.FINISHED and rows.is_sealed(found.id)):
            raise FollowUpRefused(FollowUpRefusal.ENDED)
        there = rows.dates_of(found.id)
        if not there:
            raise FollowUpRefused(FollowUpRefusal.NOT_BEGUN)
        alarms.is_said(next((each for each in there if each.state == Stand.OPEN), there[-1]), by)
        with contextlib.suppress(*() if text.strip() else (CannotOpen,)):
            _say(session, found, "not_safe", text, by)
        audit.append(session, audit.Event.FOLLOW_UP_NOT_SAFE, by=by, case_id=case_id)
    if stopped:
        shredding.work_off()
    return stopped


def was_another(*, case_id: uuid.UUID, by: Actor) -> None:
    """What the actor wrote down between two contacts within the last day was said by another person: of this one there
    is no alarm, and nobody has to say that she is safe. Only of an adult whose shelter has a manager, who reads it, and
    where nobody else said so and nobody acts on it (ADR 0273).

    Raises NotPermitted, NotVisible, CaseRefused, FollowUpRefused (`of_another`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        found = steps.held(case_id, by)
        row = rows.told_of_another(found, by.member_id)
        if row is None:
            raise FollowUpRefused(FollowUpRefusal.OF_ANOTHER)
        alarms.was_another(row)
        audit.append(session, audit.Event.FOLLOW_UP_NOT_THIS_PERSON, by=by, case_id=case_id, months=row.months)


def act(*, case_id: uuid.UUID, what: Acts, text: str, seen: str | None = None, by: Actor) -> None:
    """Say what the house does about an alarm; it stands until the person is safe. That somebody could not be reached
    leaves the lists. Where there is a manager, she says so. Another word replaces the one before. `seen`: what stood
    when the page was shown (`stands_as`).

    Raises NotPermitted, NotVisible, CaseRefused, CannotOpen, FollowUpRefused (`no_alarm`, `manager`, `what_is_done`,
    `said_since`).
    """
    if not text.strip():
        raise FollowUpRefused(FollowUpRefusal.WHAT_IS_DONE)
    with transaction() as session:
        found, waiting = _alarms(case_id, by, seen)
        for each in waiting:
            each.acted_what, each.acted_at, each.acted_by_id = str(what), clock.now(), by.member_id
            if each.alarm_by_id is None:
                each.alarm_on = None  # decided
        _say(session, found, str(what), text, by)
        audit.append(session, audit.Event.FOLLOW_UP_ACTED_ON, by=by, case_id=case_id, what=str(what))


def take_back(*, case_id: uuid.UUID, by: Actor) -> None:
    """That the house acts was pressed by mistake: the alarm waits again. Raises as `act` (`not_acted`, `manager`)."""
    with transaction() as session:
        found = _found(case_id, by)
        over = [each for each in rows.dates_of(found.id) if each.alarm_on is None and each.alarm_by_id is not None]
        acted = [each for each in rows.dates_of(found.id) if each.acted_at is not None and each not in over]
        if not acted:
            raise FollowUpRefused(FollowUpRefusal.NOT_ACTED)
        for each in acted:
            alarms.forget_act(each)
            if each.alarm_on is None:
                each.alarm_on = days.today()
        audit.append(session, audit.Event.FOLLOW_UP_ACT_TAKEN_BACK, by=by, case_id=case_id)


def say_safe(*, case_id: uuid.UUID, text: str, seen: str | None = None, by: Actor) -> None:
    """Record that the person is safe now: the alarm leaves the lists. Only of what the house acted on. Raises as `act`
    (`no_alarm`, `not_acted`, `act_again`, `manager`, `who_spoke`, `said_since`). It ends the follow-up of who lives in
    a shelter again."""
    if not text.strip():
        raise FollowUpRefused(FollowUpRefusal.WHO_SPOKE)
    with transaction() as session:
        found, waiting = _alarms(case_id, by, seen)
        if any(each.acted_at is None for each in waiting):
            acted = any(each.acted_at is not None for each in waiting)
            raise FollowUpRefused(FollowUpRefusal.ACT_AGAIN if acted else FollowUpRefusal.NOT_ACTED)
        for each in waiting:
            alarms.is_safe(each, by)
        _say(session, found, "safe", text, by)
        audit.append(session, audit.Event.FOLLOW_UP_SAFE, by=by, case_id=case_id)
        over = steps.safe_again(session, found, by)
    if over:
        erasure_steps.carry_out()


def is_not_safe(*, case_id: uuid.UUID, by: Actor) -> None:
    """That the person is safe was pressed by mistake, within a week: the alarm waits again, and what ended with it goes
    on. Raises as `act` (`not_safe`, `manager`)."""
    with transaction() as session:
        found, since = _found(case_id, by), clock.now() - SAFE_IS_SHOWN
        safe = [each for each in rows.dates_of(found.id) if each.safe_at is not None and each.safe_at > since]
        if not safe:
            raise FollowUpRefused(FollowUpRefusal.NOT_SAFE)
        for each in safe:
            alarms.is_not_safe(each, by)
        why = {"why": str(Ended.CAME_BACK)} if steps.goes_on(session, found) else {}
        audit.append(session, audit.Event.FOLLOW_UP_SAFE_TAKEN_BACK, by=by, case_id=case_id, **why)


def _alarms(case_id: uuid.UUID, by: Actor, seen: str | None) -> tuple[FollowUp, list[FollowUpDate]]:
    found = _found(case_id, by)
    if seen is not None and seen != rows.stands_as(found.id):
        raise FollowUpRefused(FollowUpRefusal.SAID_SINCE)
    waiting = [each for each in rows.dates_of(found.id) if each.alarm_on is not None]
    if not waiting:
        raise FollowUpRefused(FollowUpRefusal.NO_ALARM)
    return found, waiting


def _found(case_id: uuid.UUID, by: Actor) -> FollowUp:
    by.must(Permission.STAY_MANAGE)
    found = steps.held(case_id, by)
    if not steps.leads(by):
        raise FollowUpRefused(FollowUpRefusal.MANAGER)
    return found


def _say(session: Session, found: FollowUp, what: str, text: str, by: Actor) -> None:
    """Keep the line under seal, with who wrote it and when."""
    if FOLLOW_UP not in rows.sealed_of(found.id):
        return  # it is over, and nothing is kept of it any more
    at = clock.now()
    entry = {"plan": SAID, "what": what, "text": text.strip(), "at": at.isoformat(), "login": case_store.login_of(by)}
    vault.merge(session, found.id, FOLLOW_UP, {f"alarm.{uuid.uuid4().hex}": entry}, by=by)
