"""Nights by which shelters are paid (Action Plan II.1(b)(iv)): an exact sum over all stays of a shelter.

The day of exit is not a night. Children who came with a victim have stays of their own, which count. The nights of
people who do not wish to be in the statistics count too: they only say that a place was used.

The sum of a few residents is the length of somebody's stay. So a shelter that had fewer than `FEWEST` in a quarter is
paid by the places that it kept, whoever slept in them, and whoever pays does not see its nights.

The nights of any days follow from how many stays began, and how many ended, on each day (`Nights`): so a stay that was
over long ago is no row that is read again for each quarter, and what is entered late about it is paid all the same.

Decided in ADR 0020, ADR 0082, ADR 0085 and ADR 0209.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate

from nrm.domain.quarters import Quarter

Days = tuple[date, date | None]
"""Of one stay: admission, and exit if there was one."""


FEWEST = 5
"""So many residents make a sum of nights that who pays may see. Children who came with a victim do not count: one stay
is that of a mother with four of them."""


class Basis(StrEnum):
    """What a shelter is paid by for a quarter: `nights`, or `places` kept.

    `withheld`: by nights of fewer than `FEWEST`, before there was this rule; who pays sees the number no more.
    """

    NIGHTS = "nights"
    PLACES = "places"
    WITHHELD = "withheld"


def basis(residents: int) -> Basis:
    """By what a quarter with so many residents is paid."""
    return Basis.NIGHTS if residents >= FEWEST else Basis.PLACES


def nights(admitted_on: date, ended_on: date | None, *, first: date, last: date) -> int:
    """The nights of a stay that begin on a day from `first` to `last`."""
    after = last + timedelta(days=1)
    return max(0, (min(ended_on or after, after) - max(admitted_on, first)).days)


class Nights:
    """The nights of many stays, between any two days."""

    def __init__(self, begun: Mapping[date, int], ended: Mapping[date, int]) -> None:
        """How many stays began, and how many ended, on each day: none ended before it began."""
        self._begun, self._ended = _Since(begun), _Since(ended)

    @classmethod
    def of(cls, stays: Iterable[Days]) -> Nights:
        """Those of stays that are known one by one."""
        known = list(stays)
        return cls(Counter(first for first, _ in known), Counter(end for _, end in known if end is not None))

    def between(self, first: date, last: date) -> int:
        """The nights that begin on a day from `first` to `last`."""
        return self._before(last + timedelta(days=1)) - self._before(first)

    def _before(self, day: date) -> int:
        return self._begun.until(day) - self._ended.until(day)


class _Since:
    """Something happened so many times on each day; how many days have passed since, of all together."""

    def __init__(self, times: Mapping[date, int]) -> None:
        self._days = sorted(day.toordinal() for day in times)
        each = [times[date.fromordinal(day)] for day in self._days]
        self._times = [0, *accumulate(each)]
        self._weighed = [0, *accumulate(day * number for day, number in zip(self._days, each, strict=True))]

    def until(self, day: date) -> int:
        before = bisect_left(self._days, day.toordinal())
        return day.toordinal() * self._times[before] - self._weighed[before]


def of_quarter(stays: Nights, quarter: Quarter) -> int:
    """The nights of a quarter."""
    return stays.between(quarter.start, quarter.end)


Covered = Sequence[tuple[date, date]]
"""First and last day of each time within a quarter in which nights are paid for, in their order."""


def kept(places: Iterable[tuple[date | None, date | None]], covered: Covered) -> int:
    """Nights for which places were kept. Of each place: the first day with it, and the first without."""
    return sum(
        nights(from_on or first, until_on, first=first, last=last)
        for from_on, until_on in places
        for first, last in covered
    )


MANY_MORE = Fraction(5, 4)
"""Places by the day, beside those of the quarter before, from which on the payment desk asks whether they are there."""


def grew(before: tuple[int, Covered], now: tuple[int, Covered]) -> tuple[int, int] | None:
    """Places kept by the day in the quarter before and in this one, where they are a fourth more: one member of the
    shelter enters places, and the state pays for each (ADR 0206). Of each quarter: its nights, and of which days.
    """
    (was, of_days), (counted, days) = ((number, nights_of(covered)) for number, covered in (before, now))
    if not of_days or not days or counted * of_days <= MANY_MORE * was * days:
        return None
    return round(was / of_days), round(counted / days)


def nights_of(covered: Covered) -> int:
    """How many nights begin on these days."""
    return sum((last - first).days + 1 for first, last in covered)


@dataclass(frozen=True, slots=True)
class ByDay:
    """What counts of a quarter, kept by the day: a contract that is recorded, or says something else, after the closing
    pays for its days and for no others (ADR 0209). `carried`: what entries made since then change in quarters before.
    """

    first: date
    carried: int
    days: tuple[int, ...]

    @classmethod
    def of(cls, quarter: Quarter, text: str) -> ByDay:
        """From the text that is kept; raises ValueError."""
        carried, *days = (int(each) for each in text.split())
        return cls(quarter.start, carried, tuple(days))

    def __str__(self) -> str:
        return " ".join(map(str, (self.carried, *self.days)))

    def on(self, covered: Covered) -> int:
        """What counts where a contract pays for these days."""
        inside = (self.days[(one - self.first).days : (last - self.first).days + 1] for one, last in covered)
        return self.carried + sum(map(sum, inside))


def each_day(quarter: Quarter) -> list[tuple[date, date]]:
    """The days of a quarter, each as a time of its own."""
    days = (quarter.start + timedelta(days=number) for number in range((quarter.end - quarter.start).days + 1))
    return [(day, day) for day in days]


def payable(stays: Nights, covered: Covered, *, before: Iterable[tuple[Covered, int]]) -> int:
    """What is paid by nights: those of the quarter, and what entries made since then change in quarters before it.

    `before`: the quarters that were paid by nights, too, each with what was paid with it. What was paid by places is
    not corrected.
    """
    paid = list(before)
    times = (time for those in (covered, *(each for each, _ in paid)) for time in those)
    return sum(stays.between(first, last) for first, last in times) - sum(number for _, number in paid)


def earlier(stays: Nights, quarter: Quarter, *, since: Quarter | None, paid: int) -> int:
    """What entries made since then change in the quarters frozen before: they are paid, or taken off, with this one.

    `since` is the first frozen quarter (None: there is none), `paid` all nights of frozen quarters as they were frozen.
    """
    if since is None:
        return 0
    return stays.between(since.start, quarter.start - timedelta(days=1)) - paid
