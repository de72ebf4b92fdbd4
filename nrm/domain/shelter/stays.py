"""Stays in a shelter: dates, nights, and the closed reasons for coming and going.

All days are local calendar days. The day of exit is not a night.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType


class Source(StrEnum):
    """How somebody came whose case the shelter opens itself (after HUD R1.1)."""

    OWN = "own"
    FAMILY_OR_FRIEND = "family_or_friend"
    OUTREACH = "outreach"
    POLICE = "police"
    HELPLINE = "helpline"
    SOCIAL_SERVICES = "social_services"
    HOSPITAL = "hospital"
    SCHOOL = "school"
    PARTNER_ABROAD = "partner_abroad"
    TRANSFER = "transfer"
    OTHER_ORGANISATION = "other_organisation"
    ALREADY_THERE = "already_there"
    WITH_A_VICTIM = (
        "with_a_victim"  # a child of somebody the shelter takes care of: no victim, but a person with a place
    )


class ExitReason(StrEnum):
    """Why a stay ended (after HTCDS, OSCaR and HUD)."""

    REINTEGRATED_WITH_FAMILY = "reintegrated_with_family"
    INDEPENDENT_LIVING = "independent_living"
    TRANSFERRED = "transferred"
    REPATRIATED = "repatriated"
    FOSTER_OR_EXTENDED_FAMILY = "foster_or_extended_family"
    WITNESS_PROTECTION = "witness_protection"
    LEFT_VOLUNTARILY = "left_voluntarily"
    MISSING = "missing"
    EXPELLED = "expelled"
    REFUSED_SERVICE = "refused_service"
    NO_LONGER_ELIGIBLE = "no_longer_eligible"
    NO_LONGER_NEEDS_SUPPORT = "no_longer_needs_support"
    DIED = "died"
    LEFT_ALONE = "left_alone"  # an adult, before the gate: a fact that two members recorded
    ENTERED_BY_MISTAKE = "entered_by_mistake"  # never arrived: the referral waits for the person again


class Destination(StrEnum):
    """Where somebody went."""

    FAMILY = "family"
    EXTENDED_FAMILY = "extended_family"
    FOSTER_FAMILY = "foster_family"
    FRIENDS = "friends"
    OWN_HOME = "own_home"
    OTHER_SHELTER = "other_shelter"
    PROTECTED_PLACE = "protected_place"
    COUNTRY_OF_CITIZENSHIP = "country_of_citizenship"
    OTHER_COUNTRY = "other_country"
    HOSPITAL = "hospital"
    INSTITUTION = "institution"
    UNKNOWN = "unknown"
    NONE = "none"


_R, _D = ExitReason, Destination
_ELSEWHERE = frozenset(
    {_D.FAMILY, _D.EXTENDED_FAMILY, _D.FRIENDS, _D.OWN_HOME, _D.OTHER_COUNTRY, _D.HOSPITAL, _D.INSTITUTION, _D.UNKNOWN}
)

DESTINATIONS: Mapping[ExitReason, frozenset[Destination]] = MappingProxyType(
    {
        _R.REINTEGRATED_WITH_FAMILY: frozenset({_D.FAMILY}),
        _R.INDEPENDENT_LIVING: frozenset({_D.OWN_HOME}),
        _R.TRANSFERRED: frozenset({_D.OTHER_SHELTER, _D.HOSPITAL, _D.INSTITUTION}),
        _R.REPATRIATED: frozenset({_D.COUNTRY_OF_CITIZENSHIP, _D.OTHER_COUNTRY}),
        _R.FOSTER_OR_EXTENDED_FAMILY: frozenset({_D.FOSTER_FAMILY, _D.EXTENDED_FAMILY}),
        _R.WITNESS_PROTECTION: frozenset({_D.PROTECTED_PLACE}),
        _R.LEFT_VOLUNTARILY: _ELSEWHERE,
        _R.MISSING: frozenset({_D.UNKNOWN}),
        _R.EXPELLED: _ELSEWHERE,
        _R.REFUSED_SERVICE: _ELSEWHERE,
        _R.NO_LONGER_ELIGIBLE: _ELSEWHERE,
        _R.NO_LONGER_NEEDS_SUPPORT: _ELSEWHERE,
        _R.DIED: frozenset({_D.NONE}),
        _R.LEFT_ALONE: _ELSEWHERE - {_D.HOSPITAL, _D.INSTITUTION} | {_D.COUNTRY_OF_CITIZENSHIP},
        _R.ENTERED_BY_MISTAKE: frozenset({_D.NONE}),
    }
)
"""Reason -> the destinations that do not contradict it. Every way to the country of citizenship is a repatriation."""


class StayRefusal(StrEnum):
    """Why a stay cannot be recorded like this."""

    ADMISSION_IN_FUTURE = "admission_in_future"
    ADMISSION_BEFORE_CASE = "admission_before_case"
    EXIT_BEFORE_ADMISSION = "exit_before_admission"
    EXIT_IN_FUTURE = "exit_in_future"
    ANTICIPATED_BEFORE_ADMISSION = "anticipated_before_admission"
    ANTICIPATED_TOO_LATE = "anticipated_too_late"
    DESTINATION = "destination"
    COUNTRY = "country"
    OVERLAPS = "overlaps"
    OVERLAPS_LATER = "overlaps_later"  # of a corrected end: the person was in another stay by then
    PLACE_TAKEN_LATER = "place_taken_later"  # of a corrected end: somebody else had the place by then
    MISSING = "missing"  # recorded on another page, as the next three
    LEFT_ALONE = "left_alone"
    DIED = "died"
    TAKEN_BACK = "taken_back"
    MISSING_STANDS = "missing_stands"  # until the person is found
    AWAY_STANDS = "away_stands"  # away, and not back on the day (ADR 0217)
    MOVE_STANDS = "move_stands"  # the departure to another shelter is recorded on the page of the move
    PLACE_TAKEN = "place_taken"
    PLACE_KEPT = "place_kept"  # for somebody else, in these days
    PLACE_OUT_OF_USE = "place_out_of_use"
    PLACE_NOT_THERE = "place_not_there"  # not yet or no longer a place of the building
    NOT_WITH_MOTHER = "not_with_mother"  # not a child under three, or not with an adult who is there
    NOT_ARRIVED = "not_arrived"
    ALREADY_THERE = "already_there"


class ImpossibleStay(ValueError):
    """The dates or the exit contradict themselves; `reason` says which."""

    def __init__(self, reason: StayRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `admitted_on` to `exited_on` (None: still there)."""

    admitted_on: date
    exited_on: date | None = None


class StayOver(Exception):
    """The stay has ended in the meantime; nothing changes."""


LATE_ENTRY = timedelta(days=31)
"""How much earlier than their case somebody may have come who came to the shelter without a referral."""

LONGEST_PLANNED = timedelta(days=3 * 366)
"""A planned end further away than this is refused as a typing error."""


def earliest_admission(source: str, registered_month: date, sent_on: date | None) -> date:
    """The first day on which a person of this case can have been admitted.

    `sent_on`: the day on which the referral was sent that brought them, or the first of its quarter. People who were in
    the shelter before the system existed may have been admitted on any day.
    """
    if sent_on is not None:
        return max(sent_on, registered_month)
    if source == Source.ALREADY_THERE:
        return date(2000, 1, 1)
    return registered_month - LATE_ENTRY


def check_admission(admitted_on: date, *, earliest: date) -> None:
    """Raise ImpossibleStay for an admission before the case."""
    if admitted_on < earliest:
        raise ImpossibleStay(StayRefusal.ADMISSION_BEFORE_CASE)


def check_dates(
    admitted_on: date,
    *,
    today: date,
    anticipated_end_on: date | None = None,
    exited_on: date | None = None,
) -> None:
    """Raise ImpossibleStay when the dates contradict each other or lie ahead; leaving on the first day is possible."""
    if admitted_on > today:
        raise ImpossibleStay(StayRefusal.ADMISSION_IN_FUTURE)
    if anticipated_end_on is not None and anticipated_end_on < admitted_on:
        raise ImpossibleStay(StayRefusal.ANTICIPATED_BEFORE_ADMISSION)
    if anticipated_end_on is not None and anticipated_end_on > today + LONGEST_PLANNED:
        raise ImpossibleStay(StayRefusal.ANTICIPATED_TOO_LATE)
    if exited_on is None:
        return
    if exited_on < admitted_on:
        raise ImpossibleStay(StayRefusal.EXIT_BEFORE_ADMISSION)
    if exited_on > today:
        raise ImpossibleStay(StayRefusal.EXIT_IN_FUTURE)


def check_exit(reason: ExitReason, destination: Destination) -> None:
    """Raise ImpossibleStay when the destination contradicts the reason."""
    if destination not in DESTINATIONS[reason]:
        raise ImpossibleStay(StayRefusal.DESTINATION)


HOME, UNKNOWN_COUNTRY = "home", "unknown"
"""Where somebody went that is no other country by its code; not known counts as abroad for the gates."""


def asks_country(destination: Destination) -> bool:
    """Whether the destination says nothing of the country it is in."""
    return destination not in (Destination.NONE, Destination.COUNTRY_OF_CITIZENSHIP)


def check_country(destination: Destination, country: str) -> None:
    """Raise ImpossibleStay unless it is said in which country the destination is, and fits it."""
    if not asks_country(destination):
        return
    code = len(country) == 2 and country.isascii() and country.isupper()
    if not (code or country in (HOME, UNKNOWN_COUNTRY)) or (destination is _D.OTHER_COUNTRY and country == HOME):
        raise ImpossibleStay(StayRefusal.COUNTRY)


def country_of(destination: Destination, where: str, citizenship: str) -> str:
    """What is kept of the country. For a protected place only whether it is in the home country or not."""
    if destination is _D.COUNTRY_OF_CITIZENSHIP:
        return citizenship if len(citizenship) == 2 else UNKNOWN_COUNTRY
    if destination is _D.PROTECTED_PLACE and where != HOME:
        return UNKNOWN_COUNTRY
    return where if asks_country(destination) else ""


def present(stay: Period, gaps: Iterable[Period]) -> list[Period]:
    """The parts of a stay whose nights count: without the days from being missed, or away too long, to coming back."""
    end = stay.exited_on or date.max
    parts, first = [], stay.admitted_on
    for gap in sorted(gaps, key=lambda each: each.admitted_on):
        parts.append(Period(first, max(first, min(gap.admitted_on, end))))
        if gap.exited_on is None:
            break
        first = max(first, min(gap.exited_on, end))
    else:
        if first < end:
            parts.append(Period(first, stay.exited_on))
    return [part for part in parts if part.exited_on != part.admitted_on] or [
        Period(stay.admitted_on, stay.admitted_on)
    ]


def check_no_overlap(new: Period, others: Iterable[Period], reason: StayRefusal = StayRefusal.OVERLAPS) -> None:
    """Raise ImpossibleStay(reason) when one night would be spent in two stays.

    Moving on one day is possible.
    """
    for other in others:
        if nights(new, other.admitted_on, (other.exited_on or date.max) - timedelta(days=1)) > 0:
            raise ImpossibleStay(reason)


def nights(stay: Period, first: date, last: date) -> int:
    """Nights of the stay in the days `first` to `last`, both included; a stay without an exit goes on.

    From the later of admission and `first` to the earlier of exit and the day after `last`.
    """
    after = last + timedelta(days=1) if last < date.max else last
    end = after if stay.exited_on is None else min(stay.exited_on, after)
    return max(0, (end - max(stay.admitted_on, first)).days)


_LONGEST = (7, 14, 21, 30, 60, 90, 180, 365)
LENGTHS = ("0-7", "8-14", "15-21", "22-30", "31-60", "61-90", "91-180", "181-365", "366+")


def length_bucket(number_of_nights: int) -> str:
    """The HUD length-of-stay class of a number of nights."""
    if number_of_nights < 0:
        raise ImpossibleStay(StayRefusal.EXIT_BEFORE_ADMISSION)
    return LENGTHS[bisect_left(_LONGEST, number_of_nights)]
