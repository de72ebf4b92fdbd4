"""What was entered of a stay before what holds now: struck entries and earlier plans, for its own shelter."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.referrals.duty import PRESSED_WRONG_WITHIN
from nrm.domain.shelter.corrections import PLACE_FROM, Kind
from nrm.domain.shelter.stays import ExitReason
from nrm.models.accounts.accounts import Member
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case
from nrm.models.shelter.corrections import StayCorrection
from nrm.models.shelter.places import Place
from nrm.models.shelter.planned_ends import PlannedEnd
from nrm.models.shelter.stays import Stay
from nrm.store.rows import entries
from nrm.store.rows.shelter import absences as rows
from nrm.store.shelter import absences, stays

_ENDED, _CHANGED, _BEGUN = (Event.STAY_ENDED,), (Event.STAY_CHANGED,), (Event.STAY_BEGUN,)
_DID: Mapping[str, tuple[Event, ...]] = {
    "arrived": _BEGUN,
    "admitted": _BEGUN,
    "found": (Event.MISSING_FOUND,),
    "alarm_ended": (Event.MISSING_ENDED, Event.STAY_ENDED),
    "left": _ENDED,
    "died": _ENDED,
    "taken_back": (Event.LEFT_ALONE_TAKEN_BACK, Event.DEATH_TAKEN_BACK),
    "place_free": (Event.MISSING_PLACE_GIVEN_UP,),
    "doubted": (Event.END_DOUBTED,),
    "moved": _CHANGED,
    "planned": _CHANGED,
    "changed": _CHANGED,
    "ended": _ENDED,
    "reopened": (Event.STAY_CORRECTED,),
    "corrected": (Event.STAY_CORRECTED,),
    "away": (Event.AWAY_RECORDED,),
    "away_later": (Event.AWAY_RECORDED,),
    "expected": (Event.AWAY_MOVED,),
    "back": (Event.AWAY_ENDED,),
    "nights_confirmed": (Event.EARLY_NIGHTS_CONFIRMED,),
    "nights_wait": (Event.EARLY_NIGHTS_TAKEN_BACK,),
    "not_away": (Event.STAY_CORRECTED,),
}
"""What the page of a stay says was done (`web/shelter/stays.py`), and by which entries of the audit chain it was."""
_OTHER_ACTS = (
    Event.AWAY_AGAIN,
    Event.ARRIVAL_TAKEN_BACK,
    Event.MISSING_REPORTED,
    Event.MISSING_FEARED,
    Event.MISSING_BY_MISTAKE,
    Event.LEFT_ALONE_RECORDED,
    Event.DEATH_RECORDED,
    Event.END_DOUBT_TAKEN_BACK,
    Event.CASE_CLOSED,
)
_ACTS = tuple(sorted({str(each) for events in (*_DID.values(), _OTHER_ACTS) for each in events}))
_REASONS = {"left": ExitReason.LEFT_ALONE, "died": ExitReason.DIED, "alarm_ended": ExitReason.MISSING}


def stands(did: str, stay: stays.StayLine, *, by: Actor) -> bool:
    """Whether the actor did this to the stay some minutes ago, and nobody did anything else to it since (ADR 0232)."""
    if did not in _DID:
        return False
    found = entries.newest_of(clock.now() - PRESSED_WRONG_WITHIN, _ACTS, entries.about(stay.case_id))
    if found is None:
        return False
    event, entry = found
    about = entry.said.get("stay_id", str(stay.id)) == str(stay.id)
    if not about or event not in _DID[did] or by.member_id is None or entry.member_id != by.member_id:
        return False
    reason = entry.said.get("exit_reason", "")
    if event == Event.STAY_ENDED:
        return reason == _REASONS[did] if did in _REASONS else reason not in _REASONS.values()
    return (entry.said.get("kind") == Kind.AWAY) == (did == "not_away")


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """One correction: what it struck, why, who struck it and when. `exit_reason`: of a struck end."""

    kind: str
    why: str
    known_on: date
    name: str
    was_admitted_on: date
    was_ended_on: date | None
    exit_reason: str
    places: tuple[tuple[date, str], ...] = ()
    """Of a struck place: from which day on what was struck; an empty name: with the mother."""


@dataclass(frozen=True, slots=True)
class PlanLine:
    """Until when the stay was planned, since when, and why."""

    planned_on: date
    why: str
    entered_on: date


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """One alarm that is over, also one that was struck as a mistake: then why, when and by whom."""

    id: uuid.UUID
    case_id: uuid.UUID
    stay_id: uuid.UUID | None
    pseudonym: str
    since_on: date
    reported_on: date
    over_on: date | None
    outcome: str
    why: str
    struck_on: date | None
    name: str
    lives_here: bool
    reporter: str = ""
    own: bool = False
    """The reader raised it."""


def alarms(stay_id: uuid.UUID, *, by: Actor) -> list[AlarmLine]:
    """The alarms of a stay in the actor's shelter that are over, the first one first; raises NotVisible."""
    stays.stay(stay_id, by=by)
    return _alarms(Missing.stay_id == stay_id, Missing.outcome != "", by=by)


def alarm(missing_id: uuid.UUID, *, by: Actor) -> AlarmLine:
    """One alarm that the actor's shelter raised, open or over; raises NotVisible."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        raise NotVisible
    for line in _alarms(Missing.id == missing_id, Missing.organisation_id == by.organisation_id, by=by):
        return line
    raise NotVisible


def struck_by_another(*, by: Actor) -> list[AlarmLine]:
    """The alarms that the actor raised and a colleague struck as a mistake, within the last days."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return []
    return _alarms(Missing.organisation_id == by.organisation_id, absences.struck_by_another(by), by=by)


def _alarms(*wanted: ColumnElement[bool], by: Actor) -> list[AlarmLine]:
    reporter = aliased(Member)
    statement = (
        select(Missing, Case.pseudonym, Member.name, reporter.name, and_(Stay.id.is_not(None), Stay.ended_on.is_(None)))
        .join(Case, Case.id == Missing.case_id)
        .join(Member, Member.id == Missing.mistake_by_id, isouter=True)
        .join(reporter, reporter.id == Missing.reported_by_id)
        .join(Stay, Stay.id == Missing.stay_id, isouter=True)
        .where(*wanted)
        .order_by(Missing.since_on, Missing.id)
    )
    return [
        AlarmLine(
            id=found.id,
            case_id=found.case_id,
            stay_id=found.stay_id,
            pseudonym=pseudonym,
            since_on=found.since_on,
            reported_on=found.reported_on,
            over_on=found.over_on,
            outcome=found.outcome,
            why=found.mistake_why,
            struck_on=found.mistake_on,
            name=name or "",
            lives_here=bool(lives_here),
            reporter=reported_by,
            own=found.reported_by_id == by.member_id,
        )
        for found, pseudonym, name, reported_by, lives_here in db.session.execute(
            statement.execution_options(populate_existing=True), {"struck_since": rows.struck_since()}
        )
    ]


def corrections(stay_id: uuid.UUID, *, by: Actor) -> list[CorrectionLine]:
    """The corrections of a stay in the actor's shelter, the first one first; raises NotVisible."""
    stays.stay(stay_id, by=by)
    statement = (
        select(StayCorrection, Member.name)
        .join(Member, Member.id == StayCorrection.corrected_by_id)
        .where(StayCorrection.stay_id == stay_id)
        .order_by(StayCorrection.position)
    )
    found_rows = db.session.execute(statement).all()
    places = _names(each.was for each, _ in found_rows if each.kind == Kind.PLACE)
    return [
        CorrectionLine(
            kind=found.kind,
            why=found.why,
            known_on=found.known_on,
            name=name,
            was_admitted_on=found.was_admitted_on,
            was_ended_on=found.was_ended_on,
            exit_reason=(found.was.get("exit_reason") or "") if found.kind == "exit" else "",
            places=_struck_places(found.was, places) if found.kind == Kind.PLACE else (),
        )
        for found, name in found_rows
    ]


def _names(struck: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The names of the places that corrections struck, by id."""
    ids = {uuid.UUID(each) for was in struck for each in was.values() if each}
    labels = select(Place.id, Place.label).where(Place.id.in_(ids))
    return {str(place_id): label for place_id, label in db.session.execute(labels)}


def _struck_places(was: Mapping[str, Any], names: Mapping[str, str]) -> tuple[tuple[date, str], ...]:
    found = [
        (date.fromisoformat(name.removeprefix(PLACE_FROM)), names.get(str(each), "")) for name, each in was.items()
    ]
    return tuple(sorted(found))


def planned(stay_id: uuid.UUID, *, by: Actor) -> list[PlanLine]:
    """Every planned end of a stay in the actor's shelter, the first one first; raises NotVisible."""
    stays.stay(stay_id, by=by)
    statement = select(PlannedEnd).where(PlannedEnd.stay_id == stay_id).order_by(PlannedEnd.position)
    return [PlanLine(each.planned_on, each.why, each.entered_on) for each in db.session.scalars(statement)]
