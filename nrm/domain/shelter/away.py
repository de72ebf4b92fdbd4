"""Days on which a resident is away and expected back: at the hospital, with family, at a hearing (ADR 0067).

In clear are the day she went and the day she is expected; why she is away is sealed with the notes on her care.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum

from nrm.domain.shelter.stays import Period


class Over(StrEnum):
    """How days away ended; empty while the person is away."""

    BACK = "back"
    MISSING = "missing"  # she did not come back: an alarm stands, or stood
    LEFT = "left"  # the stay ended
    STRUCK = "struck"  # she was not away: a correction


class Longer(StrEnum):
    """Why somebody comes back later than was said: closed codes, so that nothing of a life is said in clear."""

    TREATMENT = "treatment"
    FAMILY = "family"
    OFFICE = "office"
    ON_THE_WAY = "on_the_way"
    OTHER = "other"


class AwayRefusal(StrEnum):
    """Why days away cannot be recorded, or ended, like this."""

    SINCE = "since"  # before the admission, or not within the next days
    EXPECTED = "expected"  # before the day she goes, or too far ahead
    OVERLAPS = "overlaps"  # she was away, or missing, on some of these days
    MISSING_STANDS = "missing_stands"
    OVER = "over"
    BACK = "back"  # a day before she went, or in the future
    CHILD = "child"  # a child, or who may be one: too far ahead
    WHY = "why"  # a later day, without a reason
    NOT_BACK = "not_back"  # she was not said to be back, or the stay has ended since


class AwayRefused(ValueError):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: AwayRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


LONGEST_AHEAD = timedelta(days=14)
LONGEST_AWAY = timedelta(days=92)
LONGEST_OF_CHILD = timedelta(days=7)
"""How far ahead the day of return of a child lies; each later day is said anew, and child protection reads it."""


def check(since_on: date, expected_on: date, *, admitted_on: date, today: date, adult: bool) -> None:
    """Raise AwayRefused for impossible days; they can be entered some days ahead."""
    if not admitted_on <= since_on <= today + LONGEST_AHEAD:
        raise AwayRefused(AwayRefusal.SINCE)
    check_expected(since_on, expected_on, today=today, adult=adult)


def check_expected(since_on: date, expected_on: date, *, today: date, adult: bool) -> None:
    """Raise AwayRefused for a day on which she cannot be expected, or a child not yet be (ADR 0211)."""
    if not adult and since_on <= expected_on and expected_on > max(since_on, today) + LONGEST_OF_CHILD:
        raise AwayRefused(AwayRefusal.CHILD)
    if not since_on <= expected_on <= since_on + LONGEST_AWAY:
        raise AwayRefused(AwayRefusal.EXPECTED)


def check_free(since_on: date, others: Iterable[Period]) -> None:
    """Raise AwayRefused (`overlaps`) for days that follow no other absence of the stay, `others`."""
    if any(other.exited_on is None or other.exited_on > since_on for other in others):
        raise AwayRefused(AwayRefusal.OVERLAPS)


def check_back(back_on: date, *, since_on: date, today: date) -> None:
    """Raise AwayRefused for a day of coming back on which she cannot have come back."""
    if not since_on <= back_on <= today:
        raise AwayRefused(AwayRefusal.BACK)


TOLD_FOR = timedelta(days=7)
"""How long the house reads what one hand wrote of somebody's return (ADR 0249)."""
_A_DAY = timedelta(days=1)


def check_longer(was: date, now: date, why: Longer | None) -> None:
    """Raise AwayRefused for a later day of return without a reason."""
    if now > was and why is None:
        raise AwayRefused(AwayRefusal.WHY)


def is_told(was: date, now: date) -> bool:
    """Whether the house reads that the day of return was changed: by more than a day."""
    return abs(now - was) > _A_DAY


def is_late(expected_on: date, today: date) -> bool:
    """Whether somebody who is away has not come back on the day she was expected."""
    return expected_on < today


def not_counted(away: Period, nights: int) -> Period:
    """The days of an absence whose nights are not counted: all after the first `nights`, for which the place is kept
    and paid."""
    first = away.admitted_on + timedelta(days=nights)
    return Period(first, None if away.exited_on is None else max(first, away.exited_on))
