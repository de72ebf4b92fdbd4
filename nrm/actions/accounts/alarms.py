"""Raising an alarm when a member opens unusually many cases, and looking into one (ADR 0012).

What is withdrawn, ended and shared raises it at the act (`steps.accounts.many_acts`). `tend` raises that of openings,
so that opening a case takes no longer, and looks at the others again. An alarm warns; it blocks nobody.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.alarms import DAY, OF_ALL, AlarmKind, Watch, least
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.alarms import Alarm, AlarmAcknowledgement
from nrm.steps.accounts import alarms as alarm_steps
from nrm.steps.accounts import many_acts as steps
from nrm.store.accounts import alarms as store
from nrm.store.countries import country
from nrm.store.rows.accounts import alarms as alarm_rows

KINDS = (
    AlarmKind.ERASURES,
    AlarmKind.ENDINGS,
    AlarmKind.SHARES,
    AlarmKind.MANY_OPENINGS,
    AlarmKind.QUESTIONS,
)


def raise_due(*, by: Actor) -> int:
    """Compare what was opened, closed to everybody, ended and shared lately with the limits of every country and with
    this country's watches; returns how many alarms were raised."""
    raised = 0
    for watch in country().watches:
        for count in alarm_rows.counted(watch):
            raised += _raise(watch, count, by)
    return raised + sum(_raise_of(kind, by) for kind in KINDS)


def _raise_of(kind: AlarmKind, by: Actor) -> int:
    """Alarms of a kind about members, and at twice the number about organisations."""
    of_members: dict[uuid.UUID, list[alarm_rows.Done]] = defaultdict(list)
    of_all: dict[uuid.UUID, list[alarm_rows.Done]] = defaultdict(list)
    for each in alarm_rows.done(kind):
        of_members[each.member_id].append(each)
        of_all[each.organisation_id].append(each)
    db.session.rollback()
    raised = 0
    for whose, together in ((of_members, False), (of_all, True)):
        for done in whose.values():
            number = len({each.subject for each in done})
            if number < least(kind, 0, of_all=together):
                continue
            usual = 0.0
            if kind is AlarmKind.MANY_OPENINGS and not together:
                watched = alarm_rows.fresh_of(AlarmKind.OPENINGS, DAY, done[-1].member_id)
                db.session.rollback()
                if watched is not None:
                    continue  # a watch of the country told of the same already, and tells if it grows
            if kind is AlarmKind.MANY_OPENINGS:
                member_id = None if together else done[-1].member_id
                usual = alarm_rows.median_of(member_id, done[-1].organisation_id, country().timezone)
                db.session.rollback()
            if number >= least(kind, usual, of_all=together):
                raised += _put(OF_ALL[kind] if together else kind, done, number, by)
    return raised


def _put(kind: AlarmKind, done: Sequence[alarm_rows.Done], number: int, by: Actor) -> int:
    with transaction() as session:
        return steps.put(session, kind, done, number, by)


def _raise(watch: Watch, count: alarm_rows.Count, by: Actor) -> int:
    """Raise an alarm, or, while one of this watch is still new, put the higher number into that one."""
    known = alarm_rows.fresh(watch, count.member_id)
    if known is not None and known.cases >= count.cases:
        return 0
    if known is None and not watch.is_unusual(count.cases, alarm_rows.usual(watch, count.member_id)):
        return 0
    with transaction() as session:
        # If another `tend` runs at the same time, only one of them raises it.
        session.get(Member, count.member_id, with_for_update={"key_share": True})
        known = alarm_rows.fresh(watch, count.member_id)
        if known is not None:
            known.cases, known.last_at = max(known.cases, count.cases), count.last_at
            return 0
        _add(session, watch, count, by)
    return 1


def _add(session: Session, watch: Watch, count: alarm_rows.Count, by: Actor) -> None:
    alarm = Alarm(
        id=uuid.uuid4(),
        member_id=count.member_id,
        organisation_id=count.organisation_id,
        hours=watch.hours,
        cases=count.cases,
        first_at=count.first_at,
        last_at=count.last_at,
        raised_at=clock.now(),
    )
    session.add(alarm)
    alarm_steps.record(session, alarm, by=by)


def acknowledge(*, alarm_id: uuid.UUID, cases: int, by: Actor) -> None:
    """Say that somebody looked into the alarm when it counted `cases`: a colleague or the duty desk, never the member
    whom it is about.

    The member's organisation and the duty desk each do it for themselves: neither can hide the alarm from the other.
    A second time changes nothing. Raises NotPermitted, NotVisible.
    """
    with transaction() as session:
        alarm = store.row(alarm_id, cases, by=by)
        if store.is_acknowledged(alarm, cases, by=by):
            return
        session.add(
            AlarmAcknowledgement(
                alarm_id=alarm_id,
                organisation_id=by.organisation_id,
                member_id=by.member_id,
                cases=cases,
                acknowledged_at=clock.now(),
            )
        )
        audit.append(session, audit.Event.ALARM_ACKNOWLEDGED, by=by, alarm_id=alarm_id, cases=cases)
