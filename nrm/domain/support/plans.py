"""The plan of a person: goals in her words, services, next steps with a day and an owner, medication (ADR 0150).

Every word of it is an entry under the key of the compartment `care`, appended and never changed: what happened with an
entry, and that it was wrong, are entries, too. In clear stands of a step its day, its owner and whether it is over.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from nrm.domain.hours import NoHours, parse_hours
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.strikes import StrikeReason


class Service(StrEnum):
    """What a service is about; the country puts it into words (`list.services`)."""

    MEDICAL = "medical"
    PSYCHOLOGICAL = "psychological"
    LEGAL = "legal"
    SCHOOLING = "schooling"
    VOCATIONAL = "vocational"
    LIFE_SKILLS = "life_skills"
    MEDIATION = "mediation"
    DOCUMENTS = "documents"
    HOUSING = "housing"
    WORK = "work"
    PEER_COUNSELLING = "peer_counselling"
    FAMILY_REUNION = "family_reunion"
    JOB_PLACEMENT = "job_placement"


_FIGURES = re.compile(r"[0-9 .:,;]+")


class Kind(StrEnum):
    """What an entry is."""

    GOAL = "goal"
    SERVICE = "service"
    STEP = "step"
    MEDICATION = "medication"


class At(StrEnum):
    """When on a day medication is taken, where it has no hour."""

    MORNING = "morning"
    NOON = "noon"
    EVENING = "evening"
    BEFORE_SLEEP = "before_sleep"
    WHEN_NEEDED = "when_needed"


class Told(StrEnum):
    """What an entry tells of an earlier one, or of the whole plan."""

    CAME = "came"  # whether a planned service was given
    HAPPENED = "happened"  # to a step
    STRUCK = "struck"
    ENDED = "ended"  # medication: not taken any more after a day
    CONFIRMED = "confirmed"


class Came(StrEnum):
    """What became of a planned service."""

    DONE = "done"
    NOT_DONE = "not_done"


class StepEnd(StrEnum):
    """How a step is over; empty while it is open."""

    DONE = "done"
    DROPPED = "dropped"
    STRUCK = "struck"


class AtClosing(StrEnum):
    """What becomes of the open steps of a plan when the case is closed."""

    NOT_NEEDED = "not_needed"
    KEPT = "kept"  # they stay as they are, and nobody is reminded while the case is closed


class Happened(StrEnum):
    """What somebody did with a step."""

    DONE = "done"
    DROPPED = "dropped"
    MOVED = "moved"
    UNDONE = "undone"
    HANDED = "handed"  # somebody else does it


OF_THE_PLAN = (Kind.GOAL, Kind.SERVICE, Kind.STEP)
"""What a manager confirms. Medication is a list of its own; what becomes of a service or a step is the plan's doing."""


class PlanRefusal(StrEnum):
    """Why something of a plan is refused."""

    DAY = "day"  # of a step: in the past, or too far ahead
    OWNER = "owner"  # does not work in this house
    OVER = "over"  # the step is not open any more, or somebody else moved it
    UNDO = "undo"  # another day has begun, or there is nothing to undo
    PAST_DAY = "past_day"  # of a service: in the future
    FIRST = "first"  # medication that begins so late that the year is mistyped
    SINCE = "since"  # medication that began so long ago that the year is mistyped
    UNTIL = "until"  # medication that ends before it begins
    PAST = "past"  # medication that is written down long after it ended
    HOUR = "hour"  # something else than hours: the sheet of the day is promised to hold no name
    NO_SUCH_HOUR = "no_such_hour"  # figures alone, which no clock shows
    WHEN = "when"  # medication without hours and without a part of the day
    GONE = "gone"  # the entry was struck, or is none that this can be said of
    EMPTY = "empty"  # there is no plan to confirm
    CHANGED = "changed"  # since it was read
    QUARTER = "quarter"  # of an answer on services: to come, or counted already


class PlanRefused(ValueError):
    """Nothing is written; `reason` says why."""

    def __init__(self, reason: PlanRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


LONGEST_AHEAD = timedelta(days=366)
"""A step later than this is refused as a typing error."""
MEDICATION_AHEAD = timedelta(days=31)
"""Medication that begins later than this is refused: until then it stands on no list of the day."""
MEDICATION_PAST = timedelta(days=31)
"""Medication whose last day is further back belongs in the notes: it stands on no list of the day."""
MEDICATION_SINCE = timedelta(days=20 * 366)
"""Medication that began earlier than this is refused as a typing error."""
WEEK = timedelta(days=6)
"""How far "my tasks this week" looks ahead."""


def check_day(due_on: date, *, today: date) -> None:
    """Raise PlanRefused for a day on which nobody can do the step."""
    if not today <= due_on <= today + LONGEST_AHEAD:
        raise PlanRefused(PlanRefusal.DAY)


def check_came(on: date, *, today: date) -> None:
    """Raise PlanRefused for a service that was given in the future."""
    if on > today:
        raise PlanRefused(PlanRefusal.PAST_DAY)


def check_medication(first: date, last: date | None, *, today: date) -> None:
    """Raise PlanRefused for medication that ends before it begins (`until`), or begins too far ahead (`first`)."""
    if first > today + MEDICATION_AHEAD:
        raise PlanRefused(PlanRefusal.FIRST)
    if last is not None and last < first:
        raise PlanRefused(PlanRefusal.UNTIL)


def check_new_medication(first: date, last: date | None, *, today: date) -> None:
    """As `check_medication`, for what is written down anew: `since` and `past` too."""
    check_medication(first, last, today=today)
    if first < today - MEDICATION_SINCE:
        raise PlanRefused(PlanRefusal.SINCE)
    if last is not None and last < today - MEDICATION_PAST:
        raise PlanRefused(PlanRefusal.PAST)


def check_hour(hour: str) -> str:
    """The hour of an appointment as it is kept, or nothing; raises PlanRefused (`hour`)."""
    found = _hours(hour)
    if len(found) > 1:
        raise PlanRefused(PlanRefusal.HOUR)
    return "".join(found)


def check_hours(hours: str, at: Collection[At]) -> str:
    """The hours of medication as they are kept; raises PlanRefused (`hour`), or `when` if there is neither an hour nor
    a part of the day."""
    found = _hours(hours)
    if not found and not at:
        raise PlanRefused(PlanRefusal.WHEN)
    return ", ".join(found)


def _hours(text: str) -> tuple[str, ...]:
    try:
        return parse_hours(text)
    except NoHours:
        raise PlanRefused(PlanRefusal.NO_SUCH_HOUR if _FIGURES.fullmatch(text) else PlanRefusal.HOUR) from None


def check_undo(*, outcome: str, over_on: date | None, moved_on: date | None, today: date) -> Happened:
    """What is taken back of a step: that it is over, or else that it was moved; only on the same day.

    Raises PlanRefused (`undo`).
    """
    if outcome in (StepEnd.DONE, StepEnd.DROPPED) and over_on == today:
        return Happened(outcome)
    if outcome == "" and moved_on == today:
        return Happened.MOVED
    raise PlanRefused(PlanRefusal.UNDO)


def check_quarter(quarter: Quarter, *, today: Quarter, closed: bool) -> None:
    """Raise PlanRefused for an answer on services of a quarter to come, or of one whose answer was counted already."""
    if quarter > today or closed:
        raise PlanRefused(PlanRefusal.QUARTER)


def entry_id_of(case_id: uuid.UUID, press: uuid.UUID, kind: Kind, value: Mapping[str, Any], time: int) -> uuid.UUID:
    """The id of what one press of a form writes: the same again for the same words, so that a second press writes
    nothing, and another one for other words, which somebody typed after going back. `press` is random and kept
    nowhere, so the id says nothing of the words; `time`: how often the same were struck since."""
    said = json.dumps(
        [str(press), str(kind), dict(value), time], sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return uuid.uuid5(case_id, said)


def late_since(today: date, late_days: int) -> date:
    """The last day whose open steps are so late that the manager sees them, too; `late_days` is the country's."""
    return today - timedelta(days=late_days)


@dataclass(frozen=True, slots=True)
class Written:
    """One entry as it was written. `value`: what was sealed; `of`: the entry that it tells something of."""

    id: uuid.UUID
    what: str
    value: Mapping[str, Any]
    at: str
    login: str
    of: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A goal, service, step or medication with what was told of it later, the oldest first."""

    written: Written
    told: tuple[Written, ...] = ()

    @property
    def id(self) -> uuid.UUID:
        """The entry's own id; of a step also that of its row."""
        return self.written.id

    @property
    def kind(self) -> Kind:
        """What it is."""
        return Kind(self.written.what)

    @property
    def value(self) -> Mapping[str, Any]:
        """What was written."""
        return self.written.value

    @property
    def strike(self) -> Written | None:
        """That it was wrong; None while it stands."""
        return next((each for each in self.told if each.what == Told.STRUCK), None)

    @property
    def struck_why(self) -> StrikeReason | None:
        """Why it was wrong."""
        return StrikeReason(self.strike.value["why"]) if self.strike is not None else None

    @property
    def came(self) -> Written | None:
        """The last word on whether a planned service was given."""
        return next((each for each in reversed(self.told) if each.what == Told.CAME), None)

    @property
    def ended(self) -> Written | None:
        """The last word on until when medication is taken, said after it was written down."""
        return next((each for each in reversed(self.told) if each.what == Told.ENDED), None)

    @property
    def at(self) -> tuple[At, ...]:
        """At which parts of the day medication is taken, beside its hours."""
        return tuple(At(each) for each in self.value.get("times", ()))

    @property
    def medication_days(self) -> tuple[date, date | None]:
        """The first and the last day of medication, as it was said last; without a last one it goes on."""
        last = self.ended.value["until"] if self.ended is not None else self.value.get("until")
        return date.fromisoformat(self.value["from"]), date.fromisoformat(last) if last else None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that was written of one person's plan, the oldest first; what was struck is still there."""

    case_id: uuid.UUID
    entries: tuple[Entry, ...]
    confirmations: tuple[Written, ...] = ()

    def of(self, kind: Kind, *, standing: bool = True) -> list[Entry]:
        """The entries of one kind that stand, or those that were struck."""
        return [each for each in self.entries if each.kind is kind and (each.strike is None) is standing]

    def entry(self, entry_id: uuid.UUID, *kinds: Kind) -> Entry:
        """One that stands, of these kinds; raises PlanRefused (`gone`)."""
        for each in self.entries:
            if each.id == entry_id and each.strike is None and (not kinds or each.kind in kinds):
                return each
        raise PlanRefused(PlanRefusal.GONE)

    @property
    def standing(self) -> list[Entry]:
        """What of the plan stands."""
        return [each for each in self.entries if each.kind in OF_THE_PLAN and each.strike is None]

    @property
    def message(self) -> bytes:
        """What a manager signs: the case, every word of the plan, and which of it was struck."""
        return signed_message(self.case_id, [each for each in self.entries if each.kind in OF_THE_PLAN])

    def medication_on(self, day: date) -> list[Entry]:
        """What is taken on a day."""
        found = []
        for each in self.of(Kind.MEDICATION):
            first, last = each.medication_days
            if first <= day and (last is None or day <= last):
                found.append(each)
        return found


def signed_message(case_id: uuid.UUID, entries: Sequence[Entry]) -> bytes:
    """The bytes that stand for a plan: no two plans, and no plans of two cases, have the same."""
    rows = [
        [str(each.id), each.written.what, dict(each.value), each.written.at, str(each.struck_why or "")]
        for each in entries
    ]
    text = json.dumps(rows, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"nrm plan of care\n{case_id}\n{hashlib.sha256(text.encode()).hexdigest()}".encode()


def fold(case_id: uuid.UUID, notes: Iterable[Mapping[str, Any]]) -> Plan:
    """The plan from its sealed entries, in whatever order they lie; what tells of an entry that is not there is left
    out."""
    written = sorted((_written(note) for note in notes), key=lambda each: (each.at, str(each.id)))
    told: dict[uuid.UUID, list[Written]] = {}
    for each in written:
        if each.of is not None:
            told.setdefault(each.of, []).append(each)
    kinds = {str(kind) for kind in Kind}
    entries = tuple(Entry(each, tuple(told.get(each.id, ()))) for each in written if each.what in kinds)
    return Plan(case_id, entries, tuple(each for each in written if each.what == Told.CONFIRMED))


def _written(note: Mapping[str, Any]) -> Written:
    of = note.get("of")
    value = {name: each for name, each in note.items() if name not in ("id", "plan", "at", "login", "of")}
    return Written(
        uuid.UUID(str(note["id"])),
        str(note["plan"]),
        value,
        str(note["at"]),
        str(note["login"]),
        uuid.UUID(str(of)) if of else None,
    )
