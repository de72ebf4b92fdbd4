"""What trained staff found of a child's risk, security and family; only findings open the child gate, never a "done".

Entries are added and never changed; the last one of each kind counts. After an entry that is not "safe", the gate is
shut until "safe" is found again, even if it was open before.

Decided in ADR 0045.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.permits import GateRefusal

LONGEST_NAME = 60


class Found(StrEnum):
    """What an assessment came to."""

    SAFE = "safe"
    NOT_SAFE = "not_safe"
    NOT_YET_CLEAR = "not_yet_clear"

    @property
    def is_decided(self) -> bool:
        """Whether nobody waits for more."""
        return self is not Found.NOT_YET_CLEAR


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding, as it was recorded."""

    kind: Assessment
    found: Found
    on: date


class FindingRefusal(StrEnum):
    """Why a finding is refused."""

    STATE = "state"  # somebody recorded one in the same instant
    FOUND = "found"
    ASSESSOR = "assessor"
    DAY = "day"  # not yet
    BEGUN = "begun"  # before the case or the request began
    BEFORE = "before"  # a safe finding of a day before one that said something else


class FindingRefused(ValueError):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: FindingRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def current(entries: Iterable[Entry]) -> dict[Assessment, Entry]:
    """The last entry of each kind; `entries` in the order in which they were recorded."""
    return {entry.kind: entry for entry in entries}


def safe_since(last: Mapping[Assessment, Entry]) -> date | None:
    """The day from which all three are found safe; None while any of them is not."""
    if set(last) != set(Assessment) or any(each.found is not Found.SAFE for each in last.values()):
        return None
    return max(each.on for each in last.values())


def safe_until(last: Mapping[Assessment, Entry], days: int) -> date | None:
    """The last day on which the oldest of three safe findings still holds; None while any of them is not safe."""
    if safe_since(last) is None:
        return None
    return min(each.on for each in last.values()) + timedelta(days=days)


def begun_on(registered_month: date, *, interviewed_on: date | None, admitted_on: date | None) -> date:
    """The first day of which something can be found of a person: of the interview, or of the first admission."""
    return min((day for day in (interviewed_on, admitted_on) if day is not None), default=registered_month)


def shut_by(last: Mapping[Assessment, Entry]) -> GateRefusal:
    """Why the gate is shut: `assessed_not_safe`, else `assessments_missing`; of findings that do not open it."""
    not_safe = any(each.found is Found.NOT_SAFE for each in last.values())
    return GateRefusal.ASSESSED_NOT_SAFE if not_safe else GateRefusal.ASSESSMENTS_MISSING


def check_entry(new: Entry, earlier: Iterable[Entry], *, assessor: str, today: date, begun: date) -> None:
    """Raise FindingRefused for a finding by nobody, of tomorrow or of before the person came (`begun`), or one that
    calls safe what was looked at later."""
    if not assessor or len(assessor) > LONGEST_NAME:
        raise FindingRefused(FindingRefusal.ASSESSOR)
    if new.on > today:
        raise FindingRefused(FindingRefusal.DAY)
    if new.on < begun:
        raise FindingRefused(FindingRefusal.BEGUN)
    last_on = max((each.on for each in earlier if each.kind is new.kind), default=new.on)
    if new.found is Found.SAFE and new.on < last_on:
        raise FindingRefused(FindingRefusal.BEFORE)
