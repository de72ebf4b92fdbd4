"""What a new version changes for people: by person and by reader, each difference with somebody whom it concerns.

Compared as if everybody had signed and had room, over the profiles that both versions know (ADR 0124).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from nrm.domain.agreement.agreement_people import Person, somebody
from nrm.domain.agreement.agreements import FACTS, MISSING, Agreement
from nrm.domain.agreement.effects import NOTIFY, WHOLE_CASE, Effects
from nrm.domain.agreement.fact_diagrams import Cube, Profiles, Work
from nrm.domain.agreement.routes import Fallback
from nrm.domain.agreement.routing import Capacity, route
from nrm.domain.agreement.routing_diagrams import (
    OFFICIAL,
    Receiving,
    as_on,
    days_of,
    deciding_conditions,
    everyone_signed,
)
from nrm.domain.agreement.routing_facts import UnknownFact, parse_facts
from nrm.domain.conditions import Condition
from nrm.domain.shelter.cases import Compartment

PEOPLE = 20
"""How many example people are shown before and after."""


class DifferenceKind(StrEnum):
    """What is different for somebody."""

    SENT = "sent"  # asked first, or must receive
    NEXT = "next"  # asked after those declined
    TOLD = "told"
    READS = "reads"
    STEP = "step"  # what must come before what, or by when


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `about`: the reader, or (step, the step that waits for it). `on`: the event; empty: a referral.

    `before`, `after`: by kind a Way, the time of a notice or None, a set of compartments, or who owes the step (Owed).
    """

    kind: DifferenceKind
    about: tuple[str, ...]
    on: str
    before: Any
    after: Any
    cubes: tuple[Cube, ...]
    person: Person
    day: date | None = None  # from which it is so; None: from the first day of the text


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader may open of whom under one version: by a clause, or because it is asked to receive them."""

    reader: str
    on: str
    compartments: frozenset[Compartment]
    cubes: tuple[Cube, ...]


@dataclass(frozen=True, slots=True)
class Lived:
    """What one version does with one person: (party, whether it must) in the order asked, who is told, what is owed.

    `told`: (event, reader, within, compartments). `owed`: (step, party, within, the step that waits).
    """

    way: tuple[tuple[str, bool], ...]
    fallback: Fallback | None
    told: tuple[tuple[str, str, timedelta | None, tuple[Compartment, ...]], ...]
    owed: tuple[tuple[str, str, timedelta | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class Example:
    """Somebody, and what both texts do with them; `day`: on that one, None: from the first."""

    person: Person
    before: Lived | None
    after: Lived | None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences; who reads what before and after; example people with what both versions do with them."""

    differences: tuple[Difference, ...]
    reading: tuple[tuple[Reading, ...], tuple[Reading, ...]]
    people: tuple[Example, ...]


def compare(old: Agreement, new: Agreement, work: Work | None = None) -> Comparison:
    """Everything that is different for somebody; raises TooManyClasses."""
    before, after = everyone_signed(old), everyone_signed(new)
    common = {name: tuple(code for code in new.facts[name] if code in old.facts[name]) for name in FACTS}
    asked = [*deciding_conditions(before), *deciding_conditions(after), *_unwanted(before, after), OFFICIAL]
    profiles = Profiles(asked, common, work)
    if not all(each.values for each in profiles.variables):
        return Comparison((), ((), ()), ())
    known = replace(after, facts=common)
    effects = Effects(Receiving(before, profiles)), Effects(Receiving(after, profiles))
    found = tuple(_on_each_day(old, new, profiles, known))
    reading = tuple(_reading(effects[0])), tuple(_reading(effects[1]))
    people = tuple(_example(person, old, new, day) for person, day in _people(found, effects[1], known))
    return Comparison(found, reading, people)


def _on_each_day(old: Agreement, new: Agreement, profiles: Profiles, known: Agreement) -> Iterator[Difference]:
    """The differences of the first day, then what comes with each later one on which other parties are bound."""
    said = set()
    for day in days_of(new, old):
        before, after = (Effects(Receiving(as_on(text, day), profiles)) for text in (old, new))
        for each in _differences(before, after, known):
            key = each.kind, each.about, each.on, each.before, each.after, each.cubes
            if key not in said:
                said.add(key)
                yield each if day == new.starts_on else replace(each, day=day)


def _example(person: Person, old: Agreement, new: Agreement, day: date | None) -> Example:
    on = day or new.starts_on
    return Example(person, live(person, as_on(old, on)), live(person, as_on(new, on)), day)


def _unwanted(old: Agreement, new: Agreement) -> Iterator[Condition]:
    """Where musts are not followed by the same parties: whether the person wants those of the must."""
    musts = [{clause.number: clause for clause in each.of_referral if clause.must} for each in (old, new)]
    for number in musts[0].keys() & musts[1].keys():
        one, other = musts[0][number], musts[1][number]
        if bool(one.then) != bool(other.then):
            for target in (*one.refer_to, *other.refer_to):
                if target.party is not None:
                    yield Condition("has", "refused_parties", target.party)


def _differences(old: Effects, new: Effects, known: Agreement) -> Iterator[Difference]:
    def each(
        kind: DifferenceKind, about: tuple[str, ...], on: str, one: int, other: int, skip: int | None = None
    ) -> Iterator[Difference]:
        profiles = new.profiles
        if one == other:
            return
        # `joined` leaves the second diagram as it is where the first is NOWHERE, so the outcomes are paired first.
        pairs = profiles.joined(_paired(profiles, one), other, lambda before, after: _unlike(before[0], after))
        if skip is not None:
            pairs = profiles.choose(skip, profiles.always(None), pairs)
        for pair, cubes in profiles.cubes(pairs).items():
            wide = tuple(sorted(cubes, key=len))
            yield Difference(kind, about, on, pair[0], pair[1], wide, somebody(known, wide[0]))

    ways = old.receiving.ways(), new.receiving.ways()
    yield from each(DifferenceKind.SENT, (), "", *ways)
    whole = old.receiving.ways(whole=True), new.receiving.ways(whole=True)
    profiles = new.profiles
    elsewhere = profiles.joined(_paired(profiles, ways[0]), ways[1], lambda before, after: before[0] != after)
    yield from each(DifferenceKind.NEXT, (), "", *whole, skip=elsewhere)
    for on in ("", MISSING):
        for reader in dict.fromkeys([*old.readers, *new.readers]):
            there = [reader in effects.readers for effects in (old, new)]
            told = [
                _of(effects, effects.told(reader, on) if here else None)
                for effects, here in zip((old, new), there, strict=True)
            ]
            yield from each(DifferenceKind.TOLD, (reader,), on, told[0], told[1])
            reads = [
                effects.reads(reader, on) if here else profiles.always(frozenset())
                for effects, here in zip((old, new), there, strict=True)
            ]
            yield from each(DifferenceKind.READS, (reader,), on, reads[0], reads[1])
        for step, waits in dict.fromkeys([*old.steps(on), *new.steps(on)]):
            yield from each(
                DifferenceKind.STEP, (step, waits), on, old.owed(step, waits, on), new.owed(step, waits, on)
            )


def _of(effects: Effects, diagram: int | None) -> int:
    return effects.profiles.always(None) if diagram is None else diagram


def _paired(profiles: Profiles, diagram: int) -> int:
    """The diagram with each outcome in a tuple of its own, so that none of them is NOWHERE."""
    return profiles.joined(profiles.always(True), diagram, lambda _, outcome: (outcome,))


def _unlike(before: Any, after: Any) -> tuple[Any, Any] | None:
    return None if before == after else (before, after)


def _reading(effects: Effects) -> Iterator[Reading]:
    for on in ("", MISSING):
        for reader in effects.readers:
            for compartments, cubes in effects.profiles.cubes(effects.reads(reader, on)).items():
                if compartments:
                    yield Reading(reader, on, compartments, tuple(sorted(cubes, key=len)))


def _people(found: Sequence[Difference], new: Effects, known: Agreement) -> list[tuple[Person, date | None]]:
    """The example of every difference, PEOPLE at least where the text tells so many apart: the rest are people whom the
    new version sends different ways. A person who shows two differences is there once."""
    people: dict[tuple[Any, ...], tuple[Person, date | None]] = {}

    def add(person: Person, day: date | None = None) -> None:
        key = tuple(sorted((name, _plain(value)) for name, value in person.items()))
        people.setdefault((day, key), (person, day))

    for each in found:
        add(each.person, each.day)
    ways = new.profiles.cubes(new.receiving.ways(whole=True)).values()
    for round_ in range(max(map(len, ways), default=0)):
        for cubes in ways:
            if len(people) < PEOPLE and round_ < len(cubes):
                add(somebody(known, cubes[round_]))
    return list(people.values())


def _plain(value: Any) -> str:
    return ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)


def live(person: Person, agreement: Agreement) -> Lived | None:
    """What the agreement does with the person when everybody signed and has room, by the rules that are applied to
    people; None when it does not know one of the facts."""
    try:
        facts = parse_facts(dict(person), agreement)
    except UnknownFact:
        return None
    at = datetime.combine(agreement.starts_on, time(12))
    answer = route(facts, agreement, at, dict.fromkeys(agreement.parties, Capacity.FREE))
    told: dict[tuple[str, str], tuple[str, str, timedelta | None, tuple[Compartment, ...]]] = {}
    for owed in answer.obligations:
        if owed.kind == NOTIFY:
            told["", owed.party] = ("", owed.party, owed.within, owed.grant)
    for clause in agreement.clauses:
        if clause.on and clause.when.holds(facts.values()):
            for duty in clause.duties:
                told[clause.on, duty.party] = (clause.on, duty.party, duty.within, duty.grant)
    steps = tuple(
        dict.fromkeys(
            (owed.kind, owed.party, owed.within, owed.before) for owed in answer.obligations if owed.kind != NOTIFY
        )
    )
    way = tuple((each.party, each.must) for each in (*answer.candidates, *answer.reserve))
    return Lived(way, answer.fallback, tuple(told.values()), steps)


def in_compartments(compartments: Iterable[Compartment]) -> tuple[Compartment, ...]:
    """In the order in which they are always named."""
    return tuple(each for each in Compartment if each in set(compartments))


def is_whole(compartments: Iterable[Compartment]) -> bool:
    """Whether it is everything that whoever receives a person reads."""
    return set(compartments) >= WHOLE_CASE
