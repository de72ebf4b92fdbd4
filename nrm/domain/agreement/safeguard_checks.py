"""Which safeguards of the country a text of the agreement weakens, and for whom (ADR 0124)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nrm.domain.agreement.agreement_people import Person, somebody
from nrm.domain.agreement.agreements import MISSING, Agreement
from nrm.domain.agreement.effects import Effects
from nrm.domain.agreement.fact_diagrams import Cube, Profiles
from nrm.domain.agreement.routing_diagrams import OFFICIAL, Receiving, deciding_conditions, everyone_signed
from nrm.domain.agreement.safeguards import (
    AtMost,
    Before,
    Escalates,
    NeverReads,
    ReceiversAtLeast,
    Safeguard,
    Safeguards,
    StaysParty,
    Told,
)
from nrm.domain.conditions import Condition
from nrm.domain.durations import duration_text
from nrm.domain.words import N_, Phrase


@dataclass(frozen=True, slots=True)
class Weakening:
    """One safeguard that the text does not keep: what it does in its place, for which profiles, for whom for example.

    `example` is None where it concerns everybody alike (a step of the path, a party that leaves).
    """

    safeguard: Safeguard
    text: Phrase
    cubes: tuple[Cube, ...] = ()
    example: Person | None = None


def weakenings(agreement: Agreement, safeguards: Safeguards) -> list[Weakening]:
    """Every weakening in the order of the safeguards; raises TooManyClasses."""
    signed = everyone_signed(agreement)
    asked = [condition for each in safeguards.all for condition in _conditions(each)]
    receiving = Receiving(signed, Profiles([*deciding_conditions(signed), *asked, OFFICIAL], signed.facts))
    effects = Effects(receiving)
    return [found for each in safeguards.all for found in _weakened(each, effects, agreement)]


def _conditions(safeguard: Safeguard) -> Iterator[Condition]:
    rule = safeguard.rule
    if isinstance(rule, Told | Before | NeverReads | AtMost | ReceiversAtLeast):
        yield rule.when
    if isinstance(rule, NeverReads):
        yield from (each.when for each in rule.but)


def _weakened(safeguard: Safeguard, effects: Effects, agreement: Agreement) -> Iterator[Weakening]:
    match safeguard.rule:
        case Told() as rule:
            yield from _by_person(safeguard, effects, rule.when, _told(rule, effects), lambda text: text)
        case Before() as rule:
            yield from _by_person(safeguard, effects, rule.when, _before(rule, effects), lambda text: text)
        case AtMost() as rule:
            yield from _by_person(safeguard, effects, rule.when, _at_most(rule, effects), lambda text: text)
        case ReceiversAtLeast() as rule:
            yield from _by_person(safeguard, effects, rule.when, _receivers(rule, effects), lambda text: text)
        case NeverReads() as rule:
            for diagram, text in _never_reads(rule, effects):
                yield from _by_person(safeguard, effects, rule.when, diagram, text)
        case Escalates() as rule:
            yield from (Weakening(safeguard, text) for text in _escalates(rule, agreement))
        case StaysParty() as rule:
            yield from (Weakening(safeguard, text) for text in _stays(rule, agreement))


def _by_person(
    safeguard: Safeguard, effects: Effects, when: Condition, judged: int, text: Callable[[Any], Phrase]
) -> Iterator[Weakening]:
    """One weakening for each outcome of `judged` (None: kept) where `when` holds."""
    profiles = effects.profiles
    diagram = profiles.choose(profiles.where(when), judged, profiles.always(None))
    for outcome, cubes in profiles.cubes(diagram).items():
        wide = tuple(sorted(cubes, key=len))
        yield Weakening(safeguard, text(outcome), wide, somebody(effects.agreement, wide[0]))


def _judged(effects: Effects, diagram: int, judge: Callable[[Any], Any], *, ended: bool = False) -> int:
    """The outcomes judged; None where a clause ends the way, if that is no matter of the rule."""
    profiles = effects.profiles
    judged = profiles.joined(profiles.always(True), diagram, lambda _, outcome: judge(outcome))
    return judged if ended else profiles.choose(effects.receiving.ended, profiles.always(None), judged)


def _told(rule: Told, effects: Effects) -> int:
    profiles = effects.profiles
    earliest = profiles.always(None)
    for reader in effects.readers:
        if effects.kind_of(reader) is rule.whom:
            earliest = _earlier(profiles, effects.told(reader), earliest)

    def judge(within: Any) -> Phrase | None:
        values = {"whom": str(rule.whom), "allowed": duration_text(rule.within)}
        if within is None:
            return N_("%(whom)s is not told; must be within %(allowed)s", **values)
        if within > rule.within:
            return N_(
                "%(whom)s is told within %(within)s; must be within %(allowed)s", within=duration_text(within), **values
            )
        return None

    return _judged(effects, earliest, judge, ended=True)


def _earlier(profiles: Profiles, one: int, other: int) -> int:
    """The earlier of two times, each of which may be None."""

    def earlier(first: Any, second: Any) -> Any:
        return second if first is None else first if second is None else min(first, second)

    return profiles.joined(one, other, earlier)


def _before(rule: Before, effects: Effects) -> int:
    def judge(owed: Any) -> Phrase | None:
        return None if owed else N_("`%(step)s` need not come before `%(other)s`", step=rule.step, other=rule.other)

    return _judged(effects, effects.owed(rule.step, rule.other), judge)


def _at_most(rule: AtMost, effects: Effects) -> int:
    def judge(within: Any) -> Phrase | None:
        values = {"step": rule.step, "allowed": duration_text(rule.duration)}
        if within is None:
            return N_("`%(step)s` has no time; must be at most %(allowed)s", **values)
        if within > rule.duration:
            return N_("`%(step)s` has %(within)s; must be at most %(allowed)s", within=duration_text(within), **values)
        return None

    return _judged(effects, effects.within(rule.step), judge)


def _receivers(rule: ReceiversAtLeast, effects: Effects) -> int:
    def judge(number: Any) -> Phrase | None:
        if number >= rule.number:
            return None
        values = {"number": int(number), "least": rule.number}
        return N_("parties that can be asked one after the other: %(number)s; must be at least %(least)s", **values)

    return _judged(effects, effects.receivers(), judge, ended=True)


def _never_reads(rule: NeverReads, effects: Effects) -> Iterator[tuple[int, Callable[[Any], Phrase]]]:
    profiles = effects.profiles
    for reader in effects.readers:
        kind = effects.kind_of(reader)
        if kind not in rule.kinds:
            continue
        for on in ("", MISSING):
            read = profiles.joined(
                profiles.always(True), effects.reads(reader, on), lambda _, found: frozenset(found) & rule.compartments
            )
            for named in rule.but:
                if (named.kind, named.on) == (kind, on):
                    allowed = profiles.choose(
                        profiles.where(named.when), profiles.always(named.compartments), profiles.always(frozenset())
                    )
                    read = profiles.joined(allowed, read, lambda given, found: found - given)
            judged = profiles.joined(profiles.always(True), read, lambda _, found: tuple(sorted(found)) or None)

            def text(found: Any, reader: str = reader, on: str = on) -> Phrase:
                values = {"party": reader, "compartments": ", ".join(found)}
                if on:
                    return N_("%(party)s reads %(compartments)s of a missing person; must never", **values)
                return N_("%(party)s reads %(compartments)s; must never", **values)

            yield judged, text


def _escalates(rule: Escalates, agreement: Agreement) -> Iterator[Phrase]:
    there = {each.step for each in agreement.path}
    for step in rule.steps:
        if step not in there:
            yield N_("`%(step)s` is no step of the critical path", step=step)
    for each in agreement.path:
        if not each.escalation:
            yield N_("`%(step)s` climbs to nobody when it is late", step=each.step)
        elif each.escalation[0].after > each.within:
            values = {"after": duration_text(each.escalation[0].after), "within": duration_text(each.within)}
            yield N_("`%(step)s` climbs to somebody after %(after)s; its time is %(within)s", step=each.step, **values)


def _stays(rule: StaysParty, agreement: Agreement) -> Iterator[Phrase]:
    party = agreement.parties.get(rule.code)
    if party is None:
        yield N_("%(party)s is no party", party=rule.code)
        return
    last = min((day for day in (party.until, agreement.ends_on) if day is not None), default=None)
    if last is not None and (rule.until is None or last < rule.until):
        if last == agreement.ends_on and rule.until is None and party.until is None:
            return  # the version ends for everybody; nothing is said of the next one
        yield N_("%(party)s is a party until %(day)s alone", party=rule.code, day=last.isoformat())
