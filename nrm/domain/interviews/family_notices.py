"""A family notice: children at a post with their own parent, in place of an interview of each (ADR 0063)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

MOST_CHILDREN = 20
OLDEST = 17
_BETWEEN = re.compile(r"[\s,;]+")
_AGE = re.compile(r"[0-9]{1,2}")


class Condition(StrEnum):
    """What the officer says of the children of one notice."""

    PARENT = "parent"
    PAPERS = "papers"
    NOTICED = "noticed"
    DANGER = "danger"
    LOOKED_FOR = "looked_for"


ALLOWS: Mapping[Condition, str] = {
    Condition.PARENT: "yes",
    Condition.PAPERS: "yes",
    Condition.NOTICED: "no",
    Condition.DANGER: "no",
    Condition.LOOKED_FOR: "no",
}
"""The answers under which children have no interview. They are not alike: whoever ticks one column gets no notice."""


class DeskAnswer(StrEnum):
    """What the child authority's desk says to a notice. After `CALL` it can say `SEEN`; `SEEN` is the last word."""

    SEEN = "seen"
    CALL = "call"


class AgesRefusal(StrEnum):
    """Why ages are refused."""

    UNREADABLE = "unreadable"  # something else than whole years
    GROWN_UP = "grown_up"
    NUMBER = "number"  # nobody, or too many for one notice
    OTHER_NUMBER = "other_number"  # more or fewer than the children that were said


class AgesRefused(ValueError):
    """The ages cannot be those of the children; `reason` says why."""

    def __init__(self, reason: AgesRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class InterviewNeeded(ValueError):
    """A condition is not met: the children are interviewed, and no notice is written. `conditions`: which."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        super().__init__(*conditions)
        self.conditions = tuple(conditions)


class NobodyToTell(Exception):
    """The agreement names no child authority that could be told."""


def ages_of(text: str) -> tuple[int, ...]:
    """The ages that were typed, divided by spaces, commas or semicolons. Raises AgesRefused."""
    parts = [each for each in _BETWEEN.split(text) if each]
    if not all(_AGE.fullmatch(each) for each in parts):
        raise AgesRefused(AgesRefusal.UNREADABLE)
    return tuple(int(each) for each in parts)


def check_ages(ages: Sequence[int], children: int) -> None:
    """Raise AgesRefused unless these are the ages of that many children, and of no more than one notice takes."""
    if not 1 <= children <= MOST_CHILDREN:
        raise AgesRefused(AgesRefusal.NUMBER)
    if len(ages) != children:
        raise AgesRefused(AgesRefusal.OTHER_NUMBER)
    if not all(0 <= each <= OLDEST for each in ages):
        raise AgesRefused(AgesRefusal.GROWN_UP)


def check_conditions(said: Mapping[str, str]) -> None:
    """Raise InterviewNeeded unless every condition was answered, and as `ALLOWS` says."""
    unmet = [each for each, allowed in ALLOWS.items() if said.get(each) != allowed]
    if unmet:
        raise InterviewNeeded(unmet)
