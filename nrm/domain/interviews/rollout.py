"""Which crossing point uses which questionnaire from when: one airport first, then the rest.

Source: National Action Plan, II.1(b)(ii).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from nrm.domain.quarters import Quarter


@dataclass(frozen=True, slots=True)
class Use:
    """A crossing point uses a questionnaire from a day on, until it uses another."""

    crossing_point: str
    questionnaire: str
    starts_on: date


class State(StrEnum):
    """The state of a crossing point.

    `unused`: its day has come, and no interview of it was counted since. `quiet`: some were, but none in this quarter
    or the one before.
    """

    NO_DATE = "no_date"
    LATER = "later"
    UNUSED = "unused"
    QUIET = "quiet"
    USED = "used"


def of(uses: Iterable[Use], crossing_point: str) -> tuple[Use, ...]:
    """The uses of one crossing point, the earliest first."""
    own = [use for use in uses if use.crossing_point == crossing_point]
    return tuple(sorted(own, key=lambda use: use.starts_on))


def present(uses: Iterable[Use], crossing_point: str, today: date) -> Use | None:
    """What the crossing point uses today; None before its first day."""
    begun = [use for use in of(uses, crossing_point) if use.starts_on <= today]
    return begun[-1] if begun else None


def following(uses: Iterable[Use], crossing_point: str, today: date) -> Use | None:
    """What it will use next; None when no day is set."""
    return next((use for use in of(uses, crossing_point) if use.starts_on > today), None)


def state(uses: Iterable[Use], crossing_point: str, today: date, *, counted: date | None) -> State:
    """The state of the crossing point; `counted`: the first day of the last quarter in which an interview of it
    was counted, if any."""
    own = of(uses, crossing_point)
    if not own:
        return State.NO_DATE
    if own[0].starts_on > today:
        return State.LATER
    if counted is None or counted < Quarter.of(own[0].starts_on).start:
        return State.UNUSED
    return State.USED if counted >= Quarter.of(today).previous.start else State.QUIET
