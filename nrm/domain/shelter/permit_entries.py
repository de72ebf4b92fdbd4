"""A permit as entries that are never changed: how it stands is derived from those that count (ADR 0071).

An entry is struck by a mark on it, with who, when and why; what is right is another entry. Decisions are the permit
unit's. The holder enters one from the unit's paper: a second member of the holder confirms it, the unit confirms or
objects, and without an answer it counts after some working days.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from nrm.domain.shelter import permits
from nrm.domain.shelter.cases import HOME_CITIZEN
from nrm.domain.shelter.permits import (
    APPEAL_DAYS,
    DECISIONS,
    OPENS,
    UNDECIDED,
    Ground,
    Informing,
    PermitEvent,
    PermitFacts,
    PermitRefusal,
    PermitRefused,
    PermitStatus,
)
from nrm.domain.shelter.strikes import StrikeReason


@dataclass(frozen=True, slots=True)
class PermitPeriods:
    """What the country fixes: days for an appeal, working days for the unit's objection to a paper, days in which an
    application is due, and how many days before the end of a permit somebody is told (the most first)."""

    appeal_days: int = APPEAL_DAYS
    objection_working_days: int = 5
    decision_days: int = 30
    ending_days: tuple[int, ...] = (60, 30, 7)


class MarkKind(StrEnum):
    """What is said of an entry, each once."""

    SECONDED = "seconded"  # by a second member of the organisation that entered it
    CONFIRMED = "confirmed"  # by the unit, whose paper it is
    OBJECTED = "objected"
    STRUCK = "struck"
    STRIKE_SECONDED = "strike_seconded"


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark. `by`: the member who made it."""

    kind: MarkKind
    on: date
    by: object = None
    by_unit: bool = False
    reason: StrikeReason | None = None


@dataclass(frozen=True, slots=True)
class RecordedEntry:
    """One entry. `number`: its place in the order of writing; `by`: the member who wrote it; `paper`: from the unit's
    paper, by the holder."""

    id: object
    number: int
    event: PermitEvent
    on: date
    by: object = None
    by_unit: bool = False
    informed: Informing | None = None
    issued_from: date | None = None
    issued_until: date | None = None
    ground: Ground | None = None
    paper: bool = False
    marks: tuple[Mark, ...] = ()

    def mark(self, kind: MarkKind) -> Mark | None:
        """The mark of that kind that holds: a second member is another one, and the unit alone answers its paper."""
        found = next((each for each in self.marks if each.kind is kind), None)
        if found is None:
            return None
        struck = next((each for each in self.marks if each.kind is MarkKind.STRUCK), None)
        match kind:
            case MarkKind.SECONDED if found.by is None or found.by == self.by:
                return None
            case MarkKind.STRIKE_SECONDED if struck is None or found.by is None or found.by == struck.by:
                return None
            case MarkKind.CONFIRMED | MarkKind.OBJECTED if not found.by_unit:
                return None
        return found

    @property
    def needs_second(self) -> bool:
        """Whether it counts only with a second member: a paper, and what the holder says that she withdrew."""
        return self.paper or (self.event is PermitEvent.WITHDRAW and not self.by_unit and self.by is not None)

    @property
    def strike_needs_second(self) -> bool:
        """Whether striking it would open the way home, so that a second member must agree."""
        return self.event in OPENS

    @property
    def struck(self) -> bool:
        """Whether it was struck, with a second member where one is needed."""
        needed = MarkKind.STRIKE_SECONDED if self.strike_needs_second else MarkKind.STRUCK
        return self.mark(MarkKind.STRUCK) is not None and self.mark(needed) is not None

    @property
    def strike_waits(self) -> bool:
        """Whether striking it waits for a second member."""
        return self.mark(MarkKind.STRUCK) is not None and not self.struck

    def objection_ends(self, periods: PermitPeriods) -> date | None:
        """The last day on which the unit can object to a paper; None while no second member confirmed it."""
        second = self.mark(MarkKind.SECONDED)
        return working_days_after(second.on, periods.objection_working_days) if second else None

    def counts(self, periods: PermitPeriods, *, today: date, unit_reads: bool = True) -> bool:
        """Whether it says how the permit stands. `unit_reads`: the unit can see the paper, so that its silence says
        something."""
        if self.struck or (self.needs_second and self.mark(MarkKind.SECONDED) is None):
            return False
        if not self.paper:
            return True
        if self.mark(MarkKind.OBJECTED) is not None:
            return False
        if self.mark(MarkKind.CONFIRMED) is not None:
            return True
        ends = self.objection_ends(periods)
        return unit_reads and ends is not None and ends < today

    def waits(self, periods: PermitPeriods, *, today: date, unit_reads: bool = True) -> bool:
        """Whether it may count later: it waits for a second member or for the unit."""
        over = self.struck or self.mark(MarkKind.OBJECTED) is not None
        return not over and not self.counts(periods, today=today, unit_reads=unit_reads)


def working_days_after(day: date, number: int) -> date:
    """The day so many working days (Monday to Friday) after that one."""
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day


def in_order(entries: Iterable[RecordedEntry]) -> list[RecordedEntry]:
    """As they happened; of one day, as they were written."""
    return sorted(entries, key=lambda each: (each.on, each.number))


def stand(
    entries: Iterable[RecordedEntry], periods: PermitPeriods, *, today: date, unit_reads: bool = True
) -> PermitFacts:
    """How the permit stands on that day, from the entries that count."""
    facts = PermitFacts()
    for each in in_order(entries):
        if each.on <= today and each.counts(periods, today=today, unit_reads=unit_reads):
            facts = _after(facts, each, periods)
    return permits.as_on(facts, today)


def _after(facts: PermitFacts, entry: RecordedEntry, periods: PermitPeriods) -> PermitFacts:
    """An entry that does not follow, as only a row written by hand can, closes the way home and never opens it."""
    try:
        return _strictly(facts, entry, periods)
    except PermitRefused:
        if entry.event in OPENS:
            status = PermitStatus.APPLIED if entry.event is PermitEvent.APPLY else PermitStatus.APPEALED
            shut = permits.shut_after(facts.shut, entry.event, entry.on, periods.appeal_days)
            return replace(facts, status=status, shut=shut)
        if entry.event is PermitEvent.INFORM and facts.informed is None:
            return replace(facts, informed=entry.informed)
        return facts


def _strictly(facts: PermitFacts, entry: RecordedEntry, periods: PermitPeriods) -> PermitFacts:
    return permits.record(
        facts,
        entry.event,
        citizenship_class="",
        on=entry.on,
        informed=entry.informed,
        issued_from=entry.issued_from,
        issued_until=entry.issued_until,
        ground=entry.ground,
        appeal_days=periods.appeal_days,
    )


def check_follow(entries: Iterable[RecordedEntry], periods: PermitPeriods) -> None:
    """Raise PermitRefused unless each of these entries follows from the one before it."""
    facts = PermitFacts()
    for each in in_order(entries):
        facts = _strictly(facts, each, periods)


def check_new(
    entry: RecordedEntry,
    entries: Sequence[RecordedEntry],
    periods: PermitPeriods,
    *,
    citizenship_class: str,
    today: date,
    numbered: bool,
    unit_reads: bool,
) -> None:
    """Raise PermitRefused unless the entry may be written after these. `numbered`: a number was given with it."""
    if citizenship_class == HOME_CITIZEN:
        raise PermitRefused(PermitRefusal.NOT_THIRD_COUNTRY)
    if any(each.waits(periods, today=today, unit_reads=unit_reads) for each in entries):
        raise PermitRefused(PermitRefusal.WAITS)
    counting = [each for each in entries if each.counts(periods, today=today, unit_reads=unit_reads)]
    check_source(entry, numbered=numbered, unit_reads=unit_reads)
    facts = permits.as_on(_facts(counting, periods), entry.on)
    _strictly(facts, entry, periods)
    permits.check_first_day(facts, entry.event, entry.issued_from)
    # Counsel may be found at any time after she was told, and keeps nothing else back.
    asked = {PermitEvent.INFORM} if entry.event is PermitEvent.COUNSEL else set(PermitEvent) - {PermitEvent.COUNSEL}
    last = max((each.on for each in counting if each.event in asked), default=None)
    permits.check_day(entry.on, today=today, last_step=last)


def _facts(counting: Iterable[RecordedEntry], periods: PermitPeriods) -> PermitFacts:
    facts = PermitFacts()
    for each in in_order(counting):
        facts = _after(facts, each, periods)
    return facts


def check_source(entry: RecordedEntry, *, numbered: bool, unit_reads: bool) -> None:
    """Raise PermitRefused unless the entry comes from whom it must: a decision from the unit, or from its paper."""
    if entry.paper:
        if entry.by_unit or entry.event not in DECISIONS:
            raise PermitRefused(PermitRefusal.STATE)
        if not numbered:
            raise PermitRefused(PermitRefusal.NUMBER)
        if not unit_reads:
            raise PermitRefused(PermitRefusal.UNIT_CANNOT_OBJECT)
    elif entry.event in DECISIONS and not entry.by_unit:
        raise PermitRefused(PermitRefusal.UNIT_DECIDES)


def check_strike(
    entry: RecordedEntry,
    entries: Sequence[RecordedEntry],
    instead: RecordedEntry | None,
    periods: PermitPeriods,
    *,
    today: date,
    by_unit: bool,
    unit_reads: bool,
) -> None:
    """Raise PermitRefused unless this entry may be struck, with another `instead` of it if there is one."""
    if entry.mark(MarkKind.STRUCK) is not None:
        raise PermitRefused(PermitRefusal.STATE)
    if not may_strike(entry, by_unit=by_unit):
        raise PermitRefused(PermitRefusal.OTHERS_ENTRY)
    if instead is not None and instead.on > today:
        raise PermitRefused(PermitRefusal.IN_FUTURE)
    stay = [
        each for each in entries if each.id != entry.id and each.counts(periods, today=today, unit_reads=unit_reads)
    ]
    try:
        check_follow([*stay, *([instead] if instead else [])], periods)
    except PermitRefused as error:
        if error.reason is PermitRefusal.STATE:
            raise PermitRefused(PermitRefusal.LATER_STEPS) from None
        raise
    if instead is not None:
        before = [each for each in stay if (each.on, each.number) < (instead.on, entry.number)]
        permits.check_first_day(_facts(before, periods), instead.event, instead.issued_from)


def may_strike(entry: RecordedEntry, *, by_unit: bool) -> bool:
    """The unit strikes what it entered, the holder everything else. Of a decision from before it was kept who entered
    it, that is the unit."""
    units = entry.by_unit or (entry.event in DECISIONS and entry.by is None)
    return units is by_unit


def choices(facts: PermitFacts, *, by_unit: bool) -> tuple[PermitEvent, ...]:
    """What can be recorded next, decisions of the unit among them: the holder enters those from paper."""
    after = [event for status, event in permits.TRANSITIONS if status is facts.status]
    if by_unit:
        after = [each for each in after if each not in (PermitEvent.INFORM, PermitEvent.COUNSEL)]
    return tuple(each for each in PermitEvent if each in after)


def due_on(facts: PermitFacts, entries: Iterable[RecordedEntry], periods: PermitPeriods) -> date | None:
    """The day on which a decision is due; None when none is waited for."""
    if facts.status not in UNDECIDED:
        return None
    opened = [each.on for each in entries if each.event in OPENS and not each.struck]
    return max(opened) + timedelta(days=periods.decision_days) if opened else None


def ending(facts: PermitFacts, periods: PermitPeriods, *, today: date) -> int | None:
    """Within how many of the country's days the permit ends: 60, 30, 7, or 0 where it has ended; None: not soon, or
    there is none. One that runs out before its renewal begins ends where it runs out (ADR 0263)."""
    ends_on = facts.ends_on(today)
    if ends_on is None or facts.status is PermitStatus.WITHDRAWN:
        return None
    left = (ends_on - today).days
    if left < 0:
        return 0
    return min((each for each in periods.ending_days if left <= each), default=None)


def number_key(entry_id: object) -> str:
    """Under which name the legal file keeps the number of an entry."""
    return f"permit_number.{entry_id}"
