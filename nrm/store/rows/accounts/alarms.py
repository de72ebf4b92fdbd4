"""How many cases members opened lately, for raising an alarm."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.alarms import USUAL_DAYS, AlarmKind, Watch, busiest
from nrm.domain.shelter.shifts import SHIFT
from nrm.models.accounts.alarms import Alarm
from nrm.models.shelter.cases import Reading


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


def fresh_of(kind: AlarmKind, length: timedelta, member_id: uuid.UUID | None) -> Alarm | None:
    """The alarm of that kind about the member that was raised within that time; for the action that raises it."""
    statement = (
        select(Alarm)
        .where(Alarm.member_id == member_id, Alarm.kind == kind, Alarm.raised_at > clock.now() - length)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(statement).first()
