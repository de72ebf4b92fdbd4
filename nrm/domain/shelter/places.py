"""A shelter's places by date: which days one is there, free, taken, promised or out of service (ADR 0065).

All spans of days are half open: `until_on` is the first day that no longer belongs to them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from nrm.domain.shelter.cases import AGE_BANDS, NOT_COLLECTED
from nrm.domain.shelter.stays import LONGEST_PLANNED, ImpossibleStay, StayRefusal


class CloseReason(StrEnum):
    """Why a shelter closes a place or a unit."""

    REPAIRS = "repairs"
    FEWER_PLACES = "fewer_places"
    GIVEN_UP = "given_up"  # the room or the building is no longer the shelter's
    ENTERED_BY_MISTAKE = "entered_by_mistake"
    OTHER = "other"


class PlaceRefusal(StrEnum):
    """Why a place cannot be entered, named, closed or promised like this."""

    NAME_MISSING = "name_missing"
    NAME_TOO_LONG = "name_too_long"
    NO_NUMBER = "no_number"
    NAME_TAKEN = "name_taken"
    TOO_MANY = "too_many"
    OCCUPIED = "occupied"
    KEPT = "kept"
    CLOSED_IN_PAST = "closed_in_past"
    CLOSED_TOO_LATE = "closed_too_late"
    CLOSED = "closed"
    FOR_WHOM = "for_whom"  # no code of the country's list
    BEGINS_TOO_LATE = "begins_too_late"
    EXTRA_TOO_LONG = "extra_too_long"
    ENDS_BEFORE_IT_BEGINS = "ends_before_it_begins"
    BEGINS_IN_PAST = "begins_in_past"
    OUT_ALREADY = "out_already"
    TAKEN_THEN = "taken_then"  # somebody has it, or is promised it, in these days
    NOT_THERE = "not_there"  # not yet or no longer a place of the building
    CODE = "code"
    KEPT_FOR_CODE = "kept_for_code"  # of the same house, by a promise that is not over
    KEPT_MANY = "kept_many"  # by one member, for codes
    KEPT_TOO_LONG = "kept_too_long"
    NO_PLACES = "no_places"  # chosen
    UNIT_NAME_TAKEN = "unit_name_taken"
    UNIT_CLOSED = "unit_closed"
    GONE = "gone"  # another unit followed it


class PlaceRefused(ValueError):
    """A place cannot be entered, named, closed or promised like this; `reason` says why."""

    def __init__(self, reason: PlaceRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


LONGEST_NAME, MOST_PLACES_AT_ONCE = 40, 50
_LONGEST_NUMBER = 6


def place_names(first: str, number: int) -> list[str]:
    """The names of `number` places that begin with `first` and count on from the figures at its end: V46, V47 ...

    Figures keep their width (V09, V10). Raises PlaceRefused.
    """
    first = " ".join(first.split())
    if not first:
        raise PlaceRefused(PlaceRefusal.NAME_MISSING)
    if not 1 <= number <= MOST_PLACES_AT_ONCE:
        raise PlaceRefused(PlaceRefusal.TOO_MANY)
    stem = first.rstrip("0123456789")
    figures = first[len(stem) :]
    if number > 1 and not 1 <= len(figures) <= _LONGEST_NUMBER:
        raise PlaceRefused(PlaceRefusal.NO_NUMBER)
    names = [first] if number == 1 else [f"{stem}{int(figures) + more:0{len(figures)}}" for more in range(number)]
    if max(map(len, names)) > LONGEST_NAME:
        raise PlaceRefused(PlaceRefusal.NAME_TOO_LONG)
    return names


def unit_name(typed: str) -> str:
    """The name of a unit as it is kept. Raises PlaceRefused."""
    (label,) = place_names(typed, 1)
    return label


def check_closing(closed_from: date, *, today: date, free_from: date | None, kept: bool) -> None:
    """Raise PlaceRefused unless a place can be closed from that day: not while somebody sleeps in it or is awaited.

    `free_from`: the planned end of the stay in it, None where nobody is.
    """
    if kept:
        raise PlaceRefused(PlaceRefusal.KEPT)
    if closed_from < today:
        raise PlaceRefused(PlaceRefusal.CLOSED_IN_PAST)
    if free_from is not None and closed_from < max(free_from, today + timedelta(days=1)):
        raise PlaceRefused(PlaceRefusal.OCCUPIED)
    if closed_from > today + LONGEST_PLANNED:
        raise PlaceRefused(PlaceRefusal.CLOSED_TOO_LATE)


class PlaceInUse(Exception):
    """Somebody has the place, or it is kept for somebody; it cannot be changed like this now."""


class OutReason(StrEnum):
    """Why a place is out of service."""

    REPAIRS = "repairs"
    CLEANING = "cleaning"
    VERMIN = "vermin"
    INFECTION = "infection"
    UNSAFE = "unsafe"
    STAFF = "staff"  # too few people to look after so many
    OTHER = "other"


class ExtraReason(StrEnum):
    """Why an extra place is made for some days."""

    BUILDING_FULL = "building_full"
    CAME_TOGETHER = "came_together"  # people who came together stay together
    KEPT_APART = "kept_apart"  # somebody must not be near somebody else
    OUT_OF_SERVICE = "out_of_service"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `from_on` (None: always before) to the day before `until_on` (None: no end)."""

    from_on: date | None = None
    until_on: date | None = None

    def holds(self, day: date) -> bool:
        """Whether the day belongs to it."""
        return (self.from_on is None or self.from_on <= day) and (self.until_on is None or day < self.until_on)

    def meets(self, other: Span) -> bool:
        """Whether a day belongs to both."""
        first = max(self.from_on or date.min, other.from_on or date.min)
        return first < min(self.until_on or date.max, other.until_on or date.max)

    def within(self, other: Span) -> bool:
        """Whether every day of it belongs to the other."""
        return (other.from_on is None or (self.from_on is not None and self.from_on >= other.from_on)) and (
            other.until_on is None or (self.until_on is not None and self.until_on <= other.until_on)
        )


@dataclass(frozen=True, slots=True)
class Night(Span):
    """Somebody's days in a place; `planned_end_on`: of a stay that is open."""

    planned_end_on: date | None = None


@dataclass(frozen=True, slots=True)
class Kept(Span):
    """Days for which a place is promised. From `until_on` on it is overdue, for as many days as the country says."""

    overdue_days: int = 0
    code: str = ""

    @property
    def in_all(self) -> Span:
        """The days on which it is kept, overdue ones too."""
        return Span(self.from_on, (self.until_on or date.max) + timedelta(days=self.overdue_days))


class On(StrEnum):
    """What a place is on one day."""

    TAKEN = "taken"
    OVERDUE = "overdue"  # the planned end has passed and the person is there
    KEPT = "kept"
    KEPT_OVERDUE = "kept_overdue"
    OUT = "out"
    FREE = "free"
    GONE = "gone"  # not yet or no longer there


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one place. A row that was struck is not in it."""

    there: Span
    nights: Sequence[Night] = ()
    out: Sequence[Span] = ()
    kept: Sequence[Kept] = ()
    extra: bool = False

    def on(self, day: date, today: date) -> On:
        """What the place is on a day. Of days to come: as planned; who should have left is there until they do."""
        for night in self.nights:
            if not night.holds(day):
                continue
            if self.extra and not self.there.holds(day) and night.until_on is None:
                return On.OVERDUE
            if night.until_on is not None or day <= today:
                late = night.until_on is None and night.planned_end_on is not None and night.planned_end_on < today
                return On.OVERDUE if late else On.TAKEN
            end = night.planned_end_on
            if end is None or day < end:
                return On.TAKEN
            if end < today:
                return On.OVERDUE
        if not self.there.holds(day):
            return On.GONE
        if any(each.holds(day) for each in self.out):
            return On.OUT
        for kept in self.kept:
            if kept.in_all.holds(day):
                return On.KEPT if kept.holds(day) else On.KEPT_OVERDUE
        return On.FREE

    def check_free(self, wanted: Span, *, today: date, planned_end_on: date | None = None, for_code: str = "") -> None:
        """Raise ImpossibleStay unless somebody can have the place in the wanted days.

        Of past days, too: it was there, and nobody else had it. Days to come are looked at as far as they are planned
        (`planned_end_on`); an extra place is for the first of them only.
        """
        first = wanted.from_on or today
        end = wanted.until_on or max(first + _DAY, today + _DAY, planned_end_on or first)
        planned = Span(first, end)
        if not (Span(first, first + _DAY) if self.extra and wanted.until_on is None else planned).within(self.there):
            raise ImpossibleStay(StayRefusal.PLACE_NOT_THERE)
        if any(each.meets(wanted) for each in self.nights):
            raise ImpossibleStay(StayRefusal.PLACE_TAKEN)
        if any(each.meets(planned) for each in self.out):
            raise ImpossibleStay(StayRefusal.PLACE_OUT_OF_USE)
        if any(each.code != for_code and each.in_all.meets(planned) for each in self.kept):
            raise ImpossibleStay(StayRefusal.PLACE_KEPT)


_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A building on one day. Each place is counted once: `places` is the sum of the others."""

    places: int
    taken: int
    kept: int
    out: int
    free: int


def numbers(building: Iterable[Facts], day: date, today: date) -> Numbers:
    """How many places there are on a day, and how they are used. Who sleeps in a place that is closed keeps it."""
    found = [facts.on(day, today) for facts in building]
    count = {each: found.count(each) for each in On}
    taken, kept = count[On.TAKEN] + count[On.OVERDUE], count[On.KEPT] + count[On.KEPT_OVERDUE]
    return Numbers(len(found) - count[On.GONE], taken, kept, count[On.OUT], count[On.FREE])


def runs(facts: Facts, days: Sequence[date], today: date) -> list[tuple[On, int]]:
    """The days of a board in runs of one kind: (what, how many days)."""
    found: list[tuple[On, int]] = []
    for day in days:
        what = facts.on(day, today)
        if found and found[-1][0] is what:
            found[-1] = (what, found[-1][1] + 1)
        else:
            found.append((what, 1))
    return found


LONGEST_WITH_MOTHER = 3
"""From this age on a child has a place of its own."""


def check_with_mother(*, age_class: str, age_band: str, age: int | None, mother_age_class: str) -> None:
    """Raise ImpossibleStay unless it is a child that may be under three, with an adult.

    The exact age is no fact in clear: where it is not given, the youngest band is as near as the program can look.
    """
    young = age_band in (AGE_BANDS[0], NOT_COLLECTED) and (age is None or age < LONGEST_WITH_MOTHER)
    if age_class != "child" or not young or mother_age_class != "adult":
        raise ImpossibleStay(StayRefusal.NOT_WITH_MOTHER)


def may_be_with_mother(*, age_class: str, age_band: str) -> bool:
    """Whether the page asks: is this child under three?"""
    return age_class == "child" and age_band in (AGE_BANDS[0], NOT_COLLECTED)


def check_extra(from_on: date, until_on: date, *, today: date, longest: int) -> None:
    """Raise PlaceRefused unless an extra place begins today or soon, and ends after `longest` days at the latest."""
    if from_on < today:
        raise PlaceRefused(PlaceRefusal.BEGINS_IN_PAST)
    if from_on > today + timedelta(days=longest):
        raise PlaceRefused(PlaceRefusal.BEGINS_TOO_LATE)
    if until_on <= from_on:
        raise PlaceRefused(PlaceRefusal.ENDS_BEFORE_IT_BEGINS)
    if until_on > from_on + timedelta(days=longest):
        raise PlaceRefused(PlaceRefusal.EXTRA_TOO_LONG)


def check_begins(from_on: date, *, today: date) -> date:
    """The day from which something new is there; raises PlaceRefused before today, and after three years."""
    check_span(from_on, None, today=today)
    return from_on


def check_span(from_on: date, until_on: date | None, *, today: date) -> None:
    """Raise PlaceRefused unless it begins today or later, ends after it begins, and begins within three years."""
    if from_on < today:
        raise PlaceRefused(PlaceRefusal.BEGINS_IN_PAST)
    if from_on > today + LONGEST_PLANNED:
        raise PlaceRefused(PlaceRefusal.BEGINS_TOO_LATE)
    if until_on is not None and until_on <= from_on:
        raise PlaceRefused(PlaceRefusal.ENDS_BEFORE_IT_BEGINS)
    if until_on is not None and until_on > today + LONGEST_PLANNED:
        raise PlaceRefused(PlaceRefusal.CLOSED_TOO_LATE)


MOST_KEPT = 4
"""For how many codes one member keeps places at a time: by a referral that was accepted a place is kept besides."""
LONGEST_KEPT = timedelta(days=31)
"""How long a place is kept for a code; it can be renewed."""


def check_kept(
    code: str, from_on: date, until_on: date, *, kept: Iterable[tuple[str, uuid.UUID | None]], by_id: uuid.UUID | None
) -> None:
    """Raise PlaceRefused unless one member may keep a place for a code for these days (ADR 0162). `kept`: (code, by
    whom) of what is kept for codes in the house: nobody knows whether a person of such a code is on the way."""
    there = list(kept)
    if any(each == code for each, _ in there):
        raise PlaceRefused(PlaceRefusal.KEPT_FOR_CODE)
    if sum(each == by_id for _, each in there) >= MOST_KEPT:
        raise PlaceRefused(PlaceRefusal.KEPT_MANY)
    if until_on > from_on + LONGEST_KEPT:
        raise PlaceRefused(PlaceRefusal.KEPT_TOO_LONG)


def check_promise(facts: Facts, wanted: Kept, *, today: date) -> None:
    """Raise PlaceRefused unless the place can be promised for these days: there, in service, nobody else's."""
    check_span(wanted.from_on or today, wanted.until_on, today=today)
    if not wanted.within(facts.there):
        raise PlaceRefused(PlaceRefusal.NOT_THERE)
    if any(each.meets(wanted) for each in facts.out):
        raise PlaceRefused(PlaceRefusal.OUT_ALREADY)
    taken = (Span(each.from_on, each.until_on or each.planned_end_on) for each in facts.nights)
    open_now = any(each.until_on is None for each in facts.nights) and (wanted.from_on or today) <= today
    if open_now or any(each.meets(wanted) for each in (*taken, *(kept.in_all for kept in facts.kept))):
        raise PlaceRefused(PlaceRefusal.TAKEN_THEN)


def check_out(facts: Facts, wanted: Span, *, today: date, when_free: bool) -> None:
    """Raise PlaceRefused unless a place can be out of service for these days.

    `when_free`: somebody has it, and it goes out when they leave. Days for which it is promised are refused.
    """
    check_span(wanted.from_on or today, wanted.until_on, today=today)
    if any(each.meets(wanted) for each in facts.out):
        raise PlaceRefused(PlaceRefusal.OUT_ALREADY)
    if any(kept.in_all.meets(wanted) for kept in facts.kept):
        raise PlaceRefused(PlaceRefusal.KEPT)
    planned = (
        Span(each.from_on, each.until_on or max(each.planned_end_on or today, today + _DAY)) for each in facts.nights
    )
    if not when_free and any(each.meets(wanted) for each in planned):
        raise PlaceRefused(PlaceRefusal.OCCUPIED)


def missing_place_until(since: datetime, hours: int) -> datetime:
    """Until when the place of somebody who is missing is kept, by the hours the country says."""
    return since + timedelta(hours=hours)
