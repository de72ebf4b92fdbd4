"""How many cases members opened lately, for raising an alarm."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, select

from nrm import clock
from nrm.db import UtcDateTime, db
from nrm.domain.accounts.alarms import DAY, USUAL_DAYS, AlarmKind, Watch, busiest, median_day
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.shelter.shifts import SHIFT
from nrm.models.accounts.accounts import KeyEvent, Member
from nrm.models.accounts.alarms import Alarm, AlarmAcknowledgement
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Reading
from nrm.models.shelter.matching import MatchAsked
from nrm.store.rows import entries

_NEWEST_ENTRIES = 20_000
_NAMED_FOR = timedelta(days=7)
_LOOKED_BACK = timedelta(days=60)  # in which the last working days are looked for


@dataclass(frozen=True, slots=True)
class Count:
    """How many different cases one member opened within a watch's time."""

    member_id: uuid.UUID
    organisation_id: uuid.UUID
    cases: int
    first_at: datetime
    last_at: datetime


def counted(watch: Watch) -> list[Count]:
    """Who opened at least as many different cases as the watch allows within its time; for the system. What a shift
    opens is the usual work of whoever has it, and is not counted: who gives herself that work is (`AlarmKind.PLACES`).

    Counted here: grouping, SQLite would rather read all there ever were in the order of members.
    """
    statement = select(Reading.member_id, Reading.organisation_id, Reading.case_id, Reading.opened_at).where(
        Reading.opened_at > clock.now() - watch.length, Reading.compartment != SHIFT
    )
    opened: dict[tuple[uuid.UUID, uuid.UUID], list[tuple[uuid.UUID, datetime]]] = defaultdict(list)
    for member_id, organisation_id, case_id, at in db.session.execute(statement):
        opened[member_id, organisation_id].append((case_id, at))
    counts = [
        Count(*who, len({case_id for case_id, _ in seen}), min(at for _, at in seen), max(at for _, at in seen))
        for who, seen in opened.items()
    ]
    return [count for count in counts if count.cases >= watch.cases]


def usual(watch: Watch, member_id: uuid.UUID) -> int:
    """The most different cases the member opened in such a time before, in the last month; for the system."""
    until = clock.now() - watch.length
    statement = (
        select(Reading.opened_at, Reading.case_id)
        .where(
            Reading.member_id == member_id,
            Reading.compartment != SHIFT,
            Reading.opened_at > until - timedelta(days=USUAL_DAYS),
            Reading.opened_at <= until,
        )
        .order_by(Reading.opened_at)
    )
    return busiest(((at, case_id) for at, case_id in db.session.execute(statement)), watch.length)


def fresh(watch: Watch, member_id: uuid.UUID) -> Alarm | None:
    """The alarm of this watch about the member that was raised within its time; for the system."""
    statement = (
        select(Alarm)
        .where(Alarm.member_id == member_id, Alarm.hours == watch.hours, Alarm.raised_at > clock.now() - watch.length)
        .where(Alarm.kind == AlarmKind.OPENINGS)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(statement).first()


@dataclass(frozen=True, slots=True)
class Done:
    """One act: by whom, at which organisation, about which case or account, when."""

    member_id: uuid.UUID
    organisation_id: uuid.UUID
    subject: uuid.UUID
    at: datetime


_SINCE = bindparam("since", type_=UtcDateTime())


@cache
def _statements(kind: AlarmKind) -> list[Select[*tuple[Any, ...]]]:
    if kind is AlarmKind.MANY_OPENINGS:
        opened = (Reading.member_id, Reading.organisation_id, Reading.case_id, Reading.opened_at)
        return [select(*opened).where(Reading.opened_at > _SINCE, Reading.compartment != SHIFT)]
    if kind is AlarmKind.QUESTIONS:
        of_whom = (MatchAsked.member_id, MatchAsked.organisation_id, MatchAsked.id, MatchAsked.at)
        return [select(*of_whom).where(MatchAsked.at > _SINCE)]
    if kind is AlarmKind.ERASURES:
        asked = (HeavyAct.asked_by_id, HeavyAct.organisation_id, HeavyAct.case_id, HeavyAct.asked_at)
        return [select(*asked).where(HeavyAct.asked_at > _SINCE, HeavyAct.case_id.is_not(None))]
    asked = (HeavyAct.asked_by_id, HeavyAct.organisation_id, HeavyAct.member_id, HeavyAct.asked_at)
    whom = func.coalesce(KeyEvent.member_id, KeyEvent.organisation_id)  # an organisation as a whole has no member
    ended = (KeyEvent.by_id, Member.organisation_id, whom, KeyEvent.at)
    kinds = (KeyHappening.DISABLED, KeyHappening.SUSPENDED, KeyHappening.BEGINS_ANEW)
    return [
        select(*asked).where(HeavyAct.asked_at > _SINCE, HeavyAct.member_id.is_not(None)),
        select(*ended).join(Member, Member.id == KeyEvent.by_id).where(KeyEvent.at > _SINCE, KeyEvent.event.in_(kinds)),
    ]


def done(kind: AlarmKind) -> list[Done]:
    """What members did of a kind within a day, the oldest first; for the system. Asking for it counts as doing it.

    Of shares it reads the newest entries of the audit chain alone, and so no more than that many in a day.
    """
    since = clock.now() - DAY
    if kind is AlarmKind.SHARES:
        return _shares(since)
    found = [Done(*row) for each in _statements(kind) for row in db.session.execute(each, {"since": since})]
    return sorted(found, key=lambda each: each.at)


def _shares(since: datetime) -> list[Done]:
    return [
        Done(each.member_id, each.organisation_id, uuid.UUID(each.said["case_id"]), each.at)
        for each in entries.since(since, "case_shared", newest=_NEWEST_ENTRIES)
        if each.member_id and each.organisation_id
    ]


def median_of(member_id: uuid.UUID | None, organisation_id: uuid.UUID, zone: tzinfo) -> float:
    """The usual day of a member, or, without one, of an organisation: how many different cases were opened on it."""
    whose = Reading.organisation_id == organisation_id if member_id is None else Reading.member_id == member_id
    before = clock.now() - DAY
    statement = select(Reading.opened_at, Reading.case_id).where(
        whose, Reading.compartment != SHIFT, Reading.opened_at <= before, Reading.opened_at > before - _LOOKED_BACK
    )
    rows = db.session.execute(statement)
    return median_day((clock.day_of(at, zone), case_id) for at, case_id in rows)


def newest_of(kind: AlarmKind, organisation_id: uuid.UUID | None, member_id: uuid.UUID) -> Alarm | None:
    """The newest alarm of that kind about the organisation, or, without one, about the member; for the action."""
    whose = Alarm.member_id == member_id if organisation_id is None else Alarm.organisation_id == organisation_id
    statement = select(Alarm).where(whose, Alarm.kind == kind).order_by(Alarm.raised_at.desc(), Alarm.id).limit(1)
    return db.session.scalars(statement.execution_options(populate_existing=True)).first()


def fresh_of(kind: AlarmKind, length: timedelta, member_id: uuid.UUID | None) -> Alarm | None:
    """The alarm of that kind about the member that was raised within that time; for the action that raises it."""
    statement = (
        select(Alarm)
        .where(Alarm.member_id == member_id, Alarm.kind == kind, Alarm.raised_at > clock.now() - length)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(statement).first()


def refused_lately() -> list[tuple[str, int]]:
    """The sign-in names to which many pages were refused in the last days, with the highest number of an hour, where
    nobody said since that they looked into it; for the operator."""
    seen = exists().where(AlarmAcknowledgement.alarm_id == Alarm.id, AlarmAcknowledgement.cases >= Alarm.cases)
    statement = (
        select(Member.login, func.max(Alarm.cases))
        .join(Member, Member.id == Alarm.member_id)
        .where(Alarm.kind == AlarmKind.REFUSALS, Alarm.raised_at > clock.now() - _NAMED_FOR, ~seen)
        .group_by(Member.login)
        .order_by(Member.login)
    )
    return [(login, number) for login, number in db.session.execute(statement)]
