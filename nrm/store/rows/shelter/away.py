"""Whether somebody whose stay goes on is away and did not come back by the day, also where a later one was said; and
whether days away were struck when that day had come, or an alarm ended by the word of one member.

The row keeps the last day of return alone: the audit chain tells that it was moved when the person was late already,
and by whom (ADR 0217).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.shelter.absences import Outcome
from nrm.domain.shelter.away import TOLD_FOR, Over, is_late
from nrm.domain.shelter.corrections import Kind
from nrm.models.audit import AuditEntry
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.away import Away
from nrm.models.shelter.stays import Stay
from nrm.store.countries import country
from nrm.store.rows import entries

_LOOKED_THROUGH = 100_000
"""So many of the newest entries of the chain: those of a month and more, only while somebody is away."""


class Moved(NamedTuple):
    """The day of return was moved when it had passed: from which day, and by whom last."""

    was: date
    member_id: uuid.UUID | None


class Struck(NamedTuple):
    """Days away were struck when the person was to be back already: when that was, who struck them, on which day, and
    why."""

    expected_on: date
    member_id: uuid.UUID
    on: date
    why: str


class Found(NamedTuple):
    """Somebody was said to be found: missing since which day, and on which day that was said."""

    since_on: date
    on: date


def moved_late(away_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Moved]:
    """Of these absences, each whose day of return was moved when the person was late: the first day that she missed,
    and who moved it last. The caller has checked what they are about."""
    if not away_ids:
        return {}
    found: dict[uuid.UUID, Moved] = {}
    for each in entries.since(entries.EVER, Event.AWAY_MOVED, _of(away_ids), newest=_LOOKED_THROUGH):
        away_id = uuid.UUID(each.said["away_id"])
        was = date.fromisoformat(each.said["was"])
        if away_id in found:
            found[away_id] = found[away_id]._replace(member_id=each.member_id)
        elif is_late(was, clock.day_of(each.at, country().timezone)):
            found[away_id] = Moved(was, each.member_id)
    return found


def _of(away_ids: Collection[uuid.UUID]) -> ColumnElement[bool]:
    return or_(*(AuditEntry.details.contains(str(each)) for each in away_ids))


def did_not_come_back(case_id: uuid.UUID) -> bool:
    """Whether the person of the case, in a stay that goes on, is away since a day before this one, and is not back
    though the day on which she was expected first has come: until the return is recorded nobody knows that she came.
    The caller has checked that the actor sees the case."""
    today = clock.today(country().timezone)
    statement = (
        select(Away.id, Away.expected_on)
        .join(Stay, Stay.id == Away.stay_id)
        .where(Stay.case_id == case_id, Stay.ended_on.is_(None), Away.outcome == "", Away.since_on < today)
    )
    rows = db.session.execute(statement).all()
    return any(on <= today for _, on in rows) or bool(moved_late([away_id for away_id, _ in rows]))


def is_away(case_id: uuid.UUID) -> bool:
    """Whether the person of the case is away today from a stay that goes on. The caller has checked that the actor sees
    the case."""
    today = clock.today(country().timezone)
    going_on = (Stay.case_id == case_id, Stay.ended_on.is_(None), Away.outcome == "", Away.since_on <= today)
    statement = select(Away.id).join(Stay, Stay.id == Away.stay_id).where(*going_on).limit(1)
    return db.session.scalar(statement) is not None


def expected(stay_id: uuid.UUID) -> date | None:
    """The day on which somebody is expected back who is away from this stay today; None where nobody is."""
    today = clock.today(country().timezone)
    now = (Away.stay_id == stay_id, Away.outcome == "", Away.since_on <= today)
    return db.session.scalar(select(func.max(Away.expected_on)).where(*now))


def struck_late(stay_id: uuid.UUID, case_id: uuid.UUID) -> Struck | None:
    """The days away of this stay that somebody struck last, within a week, on the day of return or later, unless
    somebody else recorded since that the person was there. The caller has checked that the actor sees the case."""
    today = clock.today(country().timezone)
    due = (Away.over_on > today - TOLD_FOR, Away.expected_on <= Away.over_on)
    statement = select(Away.id, Away.expected_on).where(Away.stay_id == stay_id, Away.outcome == str(Over.STRUCK), *due)
    expected_on = {str(away_id): on for away_id, on in db.session.execute(statement)}
    if not expected_on:
        return None
    which = AuditEntry.event.in_([str(each) for each in (Event.STAY_CORRECTED, *_SEEN)])
    since = clock.now() - TOLD_FOR - timedelta(days=1)
    found = None
    for event, each in entries.any_since(since, which, entries.about(case_id), newest=_LOOKED_THROUGH):
        struck = event == Event.STAY_CORRECTED
        if struck and each.said["kind"] == Kind.AWAY and each.said.get("away_id") in expected_on and each.member_id:
            on = clock.day_of(each.at, country().timezone)
            found = Struck(expected_on[each.said["away_id"]], each.member_id, on, each.said["why"])
        elif not struck and found is not None and each.member_id != found.member_id:
            found = None
    return found


def found_by(member_id: uuid.UUID | None, stay_id: uuid.UUID, case_id: uuid.UUID) -> Found | None:
    """The last alarm of this stay, of within a week, that this member ended with the word that the person was found,
    unless somebody else recorded since that the person was there. The caller has checked that the actor sees the
    case."""
    today = clock.today(country().timezone)
    statement = select(Missing.id, Missing.since_on).where(
        Missing.stay_id == stay_id, Missing.outcome == str(Outcome.FOUND), Missing.over_on > today - TOLD_FOR
    )
    since_on = {str(missing_id): on for missing_id, on in db.session.execute(statement)}
    if not since_on or member_id is None:
        return None
    which = AuditEntry.event.in_([str(each) for each in _SEEN])
    since = clock.now() - TOLD_FOR - timedelta(days=1)
    found = None
    for event, each in entries.any_since(since, which, entries.about(case_id), newest=_LOOKED_THROUGH):
        if each.member_id != member_id:
            found = None
        elif event == Event.MISSING_FOUND and each.said.get("missing_id") in since_on:
            found = Found(since_on[each.said["missing_id"]], clock.day_of(each.at, country().timezone))
    return found


_SEEN = (Event.AWAY_RECORDED, Event.AWAY_ENDED, Event.MISSING_FOUND)
"""Who recorded one of these says that the person was there."""
