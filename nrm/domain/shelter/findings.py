"""What trained staff found of a child's risk, security and family, the second look and the best-interest decision.

Entries are added and never changed; the last one of each kind counts. What is found is found of one household. The
child gate opens for the household of the last decision alone: three findings that it is safe, a second look by another
organisation, then the decision. Whatever is not "safe" after that shuts the gate until it is decided again.

Decided in ADR 0045 and ADR 0069.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.permits import GateRefusal, Opening

CHILD_FILE, SECOND_LOOK = "child_file", "second_look"
"""The compartments of a child's file and of a second look; each is sealed under an id of its own, not of the case."""
END_SHOWN_FOR = timedelta(days=14)
"""So long child protection reads that the stay of a child ended by a decision (ADR 0231), or was struck (ADR 0233), and
that what waited for it was taken back (ADR 0238)."""
STRIKE_WAITS = timedelta(days=30)
"""How long at most a stay of a child that was struck waits for child protection to say that it has seen it."""
WRITTEN_SHOWN_FOR = timedelta(days=14)
"""So long a member reads that a colleague wrote down an assessment in the member's name (ADR 0249)."""
LONGEST_NAME, LONGEST_HOUSEHOLD, LONGEST_WORDS = 60, 200, 2000


class Found(StrEnum):
    """What an assessment came to."""

    SAFE = "safe"
    NOT_SAFE = "not_safe"
    NOT_YET_CLEAR = "not_yet_clear"

    @property
    def is_decided(self) -> bool:
        """Whether nobody waits for more."""
        return self is not Found.NOT_YET_CLEAR


class Outcome(StrEnum):
    """What is in the child's best interest."""

    GOES = "goes"  # to the household
    STAYS = "stays"


class DecidedBy(StrEnum):
    """Who may decide."""

    AUTHORITY = "authority"
    COURT = "court"


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding, as it was recorded. `household`: None of a return that another country asks for."""

    kind: Assessment
    found: Found
    on: date
    household: uuid.UUID | None = None
    id: uuid.UUID | None = None
    position: int = 0
    organisation: uuid.UUID | None = None
    member: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One second look at three findings (`at`: kind -> the finding)."""

    id: uuid.UUID
    household: uuid.UUID
    found: Found
    on: date
    organisation: uuid.UUID
    member: uuid.UUID
    at: Mapping[Assessment, uuid.UUID]
    position: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """One best-interest decision; `household` and `look` only where the child goes."""

    id: uuid.UUID
    outcome: Outcome
    on: date
    household: uuid.UUID | None = None
    look: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that the gate looks at in one case, each list in the order in which it was recorded."""

    entries: Sequence[Entry] = ()
    looks: Sequence[Look] = ()
    decisions: Sequence[Decision] = ()


class FindingRefusal(StrEnum):
    """Why a finding is refused."""

    STATE = "state"  # somebody recorded one in the same instant
    FOUND = "found"
    ASSESSOR = "assessor"
    DAY = "day"  # not yet
    BEGUN = "begun"  # before the case or the request began
    BEFORE = "before"  # a safe finding of a day before one that said something else
    HOUSEHOLD = "household"  # which one, and where
    WORDS = "words"
    NOT_SAFE = "not_safe"  # there is nothing to look at or to decide while it is not found safe
    SAME_ORGANISATION = "same_organisation"  # as found it
    TOOK_PART = "took_part"
    LOOK = "look"  # nobody of another organisation has looked yet
    AFTER = "after"  # before the day of what it follows
    OPEN_FIRST = "open_first"
    NAME = "name"  # of who decided, of the guardian
    CONFLICT = "conflict"  # the guardian was asked for none, or has one
    GUARDIAN = "guardian"  # a household that names the guardian


class FindingRefused(ValueError):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: FindingRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def current(entries: Iterable[Entry]) -> dict[Assessment, Entry]:
    """The last entry of each kind; `entries` of one household in the order in which they were recorded."""
    return {entry.kind: entry for entry in entries}


def of_household(entries: Iterable[Entry], household: uuid.UUID | None) -> dict[Assessment, Entry]:
    """The last entry of each kind of this household."""
    return current(each for each in entries if each.household == household)


def safe_since(last: Mapping[Assessment, Entry]) -> date | None:
    """The day from which all three are found safe; None while any of them is not."""
    if set(last) != set(Assessment) or any(each.found is not Found.SAFE for each in last.values()):
        return None
    return max(each.on for each in last.values())


def opening(record: Record, days: int) -> Opening | GateRefusal:
    """What opens the child gate, or why it is shut. `days`: for how long a finding holds."""
    decision = record.decisions[-1] if record.decisions else None
    if decision is None:
        return _not_decided(record)
    if decision.outcome is Outcome.STAYS:
        return GateRefusal.DECIDED_TO_STAY
    last = of_household(record.entries, decision.household)
    if safe_since(last) is None:
        return _shut_by(last.values())
    look = next((each for each in record.looks if each.id == decision.look), None)
    if look is None or look.household != decision.household or is_doubted(record, look):
        return GateRefusal.NOT_DECIDED
    found = _looked_at(record, look)
    if found is None or not is_independent(look.organisation, look.member, found) or decision.on < look.on:
        return GateRefusal.NOT_DECIDED
    return Opening(
        decision=decision.id,
        household=look.household,
        safe_since=max(each.on for each in found),
        looked_on=look.on,
        decided_on=decision.on,
        safe_until=min(each.on for each in last.values()) + timedelta(days=days),
        assessed_by=max(found, key=lambda each: each.on).organisation,
        looked_by=look.organisation,
    )


def _not_decided(record: Record) -> GateRefusal:
    """How far it has come where nobody has decided yet."""
    households = {each.household for each in record.entries} - {None}
    safe = {each for each in households if safe_since(of_household(record.entries, each)) is not None}
    if not safe:
        return _shut_by(last for each in households for last in of_household(record.entries, each).values())
    if not any(standing_look(record, each) for each in safe if each is not None):
        return GateRefusal.SECOND_LOOK_MISSING
    return GateRefusal.NOT_DECIDED


def _shut_by(last: Iterable[Entry]) -> GateRefusal:
    not_safe = any(each.found is Found.NOT_SAFE for each in last)
    return GateRefusal.ASSESSED_NOT_SAFE if not_safe else GateRefusal.ASSESSMENTS_MISSING


def _looked_at(record: Record, look: Look) -> list[Entry] | None:
    """The three findings that were looked at; None if they are not three safe ones of that household before it."""
    known = {each.id: each for each in record.entries}
    found = [known.get(look.at.get(kind)) for kind in Assessment]
    for kind, each in zip(Assessment, found, strict=True):
        if each is None or each.kind is not kind or each.household != look.household:
            return None
        if each.found is not Found.SAFE or each.on > look.on:
            return None
    return [each for each in found if each is not None]


def is_doubted(record: Record, look: Look) -> bool:
    """Whether the look, or anything recorded of its household after what it looked at, says other than safe."""
    known = {each.id: each for each in record.entries}
    if look.found is not Found.SAFE:
        return True
    for each in record.entries:
        seen = known.get(look.at.get(each.kind))
        later = seen is None or each.position > seen.position
        if each.household == look.household and each.found is not Found.SAFE and later:
            return True
    return any(
        each.household == look.household and each.found is not Found.SAFE and each.position > look.position
        for each in record.looks
    )


def standing_look(record: Record, household: uuid.UUID) -> Look | None:
    """The last second look of the household, if it says safe and nothing after it says otherwise."""
    of_it = [each for each in record.looks if each.household == household]
    return of_it[-1] if of_it and not is_doubted(record, of_it[-1]) else None


def is_independent(organisation: uuid.UUID, member: uuid.UUID, found: Iterable[Entry]) -> bool:
    """Whether who looks is of another organisation than any that found it, and found nothing of it."""
    return all(each.organisation not in (None, organisation) and each.member != member for each in found)


def check_look(
    record: Record,
    household: uuid.UUID,
    *,
    organisation: uuid.UUID,
    member: uuid.UUID,
    on: date,
    today: date,
) -> dict[Assessment, uuid.UUID]:
    """The findings that a second look at this household looks at. Raises FindingRefused."""
    last = of_household(record.entries, household)
    since = safe_since(last)
    if since is None:
        raise FindingRefused(FindingRefusal.NOT_SAFE)
    if any(each.member == member for each in record.entries):
        raise FindingRefused(FindingRefusal.TOOK_PART)
    if not is_independent(organisation, member, last.values()):
        raise FindingRefused(FindingRefusal.SAME_ORGANISATION)
    _check_day(on, since, today)
    return {kind: each.id for kind, each in last.items() if each.id is not None}


def check_decision(
    record: Record, household: uuid.UUID | None, outcome: Outcome, *, member: uuid.UUID, on: date, today: date
) -> uuid.UUID | None:
    """The second look that a decision rests on, None where the child stays. Raises FindingRefused."""
    if outcome is Outcome.STAYS:
        _check_day(on, on, today)
        return None
    if household is None or safe_since(of_household(record.entries, household)) is None:
        raise FindingRefused(FindingRefusal.NOT_SAFE)
    look = standing_look(record, household)
    if look is None:
        raise FindingRefused(FindingRefusal.LOOK)
    if look.member == member or any(each.member == member for each in record.entries):
        raise FindingRefused(FindingRefusal.TOOK_PART)
    _check_day(on, look.on, today)
    return look.id


def _check_day(on: date, first: date, today: date) -> None:
    if on > today:
        raise FindingRefused(FindingRefusal.DAY)
    if on < first:
        raise FindingRefused(FindingRefusal.AFTER)


def has_conflict(name: str, households: Iterable[str]) -> bool:
    """Whether somebody of this name stands among the words of a household: at least two names, or the only one."""
    parts = set(_plain(name))
    return any(len(parts & set(_plain(each))) >= min(2, len(parts)) for each in households) if parts else False


def _plain(text: str) -> list[str]:
    """The words of a text without case and accents, and without initials."""
    bare = (each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    words = "".join(each if each.isalnum() else " " for each in bare).split()
    return [each for each in words if len(each) > 1]


def is_of(assessor: str, name: str) -> bool:
    """Whether the assessor who was named is the member of this name, whatever the case, the accents and the order."""
    return bool(_plain(name)) and sorted(_plain(assessor)) == sorted(_plain(name))


def begun_on(registered_month: date, *, interviewed_on: date | None, admitted_on: date | None) -> date:
    """The first day of which something can be found of a person: of the interview, or of the first admission."""
    return min((day for day in (interviewed_on, admitted_on) if day is not None), default=registered_month)


def check_entry(new: Entry, earlier: Iterable[Entry], *, assessor: str, today: date, begun: date) -> None:
    """Raise FindingRefused for a finding by nobody, of tomorrow or of before the person came (`begun`), or one that
    calls safe what was looked at later."""
    if not assessor or len(assessor) > LONGEST_NAME:
        raise FindingRefused(FindingRefusal.ASSESSOR)
    if new.on > today:
        raise FindingRefused(FindingRefusal.DAY)
    if new.on < begun:
        raise FindingRefused(FindingRefusal.BEGUN)
    of_it = (each for each in earlier if each.kind is new.kind and each.household == new.household)
    last_on = max((each.on for each in of_it), default=new.on)
    if new.found is Found.SAFE and new.on < last_on:
        raise FindingRefused(FindingRefusal.BEFORE)
