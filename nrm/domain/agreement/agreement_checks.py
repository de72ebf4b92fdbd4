"""What is wrong with an agreement before anybody signs it, and which safeguards of the country it weakens.

Every profile is checked as if every party had signed and had room. That a person strikes out a party or avoids a region
is their choice and not a gap in the document.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import prod
from typing import Any

from nrm.domain.agreement.agreement_people import Person, in_codes
from nrm.domain.agreement.agreements import FACTS, FLAG, SET, Agreement
from nrm.domain.agreement.fact_diagrams import NOWHERE, Cube, Profiles, Work, described
from nrm.domain.agreement.routes import Fallback
from nrm.domain.agreement.routing_diagrams import Receiving, as_on, deciding_conditions, everyone_signed, partly
from nrm.domain.agreement.safeguard_checks import Weakening, weakenings
from nrm.domain.agreement.safeguards import Safeguards
from nrm.domain.agreement.safeguards_beside import Called
from nrm.domain.conditions import Condition
from nrm.domain.durations import duration_text
from nrm.domain.words import N_, Phrase

SHOWN = 12
"""How many descriptions of profiles one finding may have; what is left out is counted."""

Progress = Callable[[str], None]


class FindingKind(StrEnum):
    """What can be wrong."""

    GAP = "gap"
    CONTRADICTION = "contradiction"
    DEAD = "dead"
    UNREACHED = "unreached"
    DEADLINE = "deadline"
    FORGOTTEN = "forgotten"
    WEAKENED = "weakened"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what kind, what is wrong, and with which profiles; `more` descriptions of them are left out.

    Of a weakening: the `number` of the safeguard and an `example` of whom it concerns, as a person and in codes; and
    whether it was there `before`, in the text whose place this one takes; `cubes`: all descriptions.
    """

    kind: FindingKind
    text: Phrase
    profile: Cube | None = None
    more: int = 0
    number: str = ""
    example: Person | None = None
    in_codes: str = ""
    before: bool = False
    cubes: frozenset[Cube] = frozenset()

    def __str__(self) -> str:
        about = described(self.profile) if self.profile is not None else ""
        about = f"and {self.more} more descriptions of profiles" if self.more and not self.number else about
        text = f"{self.kind}: " + (f"safeguard {self.number}: " if self.number else "") + self.text
        example = f" (for example: {self.in_codes})" if self.in_codes else ""
        return text + (f": {about}" if about else "") + example


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings, and how many combinations of facts were looked at; weakenings that the country's data accepted."""

    findings: tuple[Finding, ...]
    combinations: int
    accepted: tuple[Finding, ...] = ()


def silent(_: str) -> None:
    """A progress function that does nothing."""


def check(
    agreement: Agreement,
    progress: Progress = silent,
    *,
    safeguards: Safeguards | None = None,
    before: Agreement | None = None,
    written_from: str = "",
    called: Collection[Called] = (),
    work: Work | None = None,
) -> Checked:
    """Everything that is wrong with the document, and what it weakens of the `safeguards`; raises TooManyClasses.

    `before`: the text whose place it takes, against which some safeguards are held; `written_from`: the name of the one
    that it was begun from, where that is known; `called`: the organisations that are known;
    `work`: how much may be looked at.
    """
    work = work or Work()
    signed = everyone_signed(agreement)
    progress("who receives whom")
    receiving = Receiving(signed, Profiles(deciding_conditions(signed), signed.facts, work))
    progress("who is forgotten")
    findings = [
        *_without_receiver(receiving),
        *_without_on_days(agreement, receiving, before),
        *_dead(receiving),
        *_unreached(receiving),
        *_deadlines(signed),
        *_forgotten(signed),
    ]
    progress("what is weakened")
    found = weakenings(agreement, safeguards or Safeguards(), before, written_from, called, work)
    weakened = [_weakened(each, agreement) for each in found]
    known = safeguards.accepted_in(agreement.version) if safeguards is not None else {}
    findings += [each for each in weakened if each.number not in known]
    return Checked(tuple(findings), combinations(signed), tuple(each for each in weakened if each.number in known))


def _weakened(each: Weakening, agreement: Agreement) -> Finding:
    cube, more = (each.cubes[0], len(each.cubes) - 1) if each.cubes else (None, 0)
    example = "" if each.example is None else in_codes(agreement, each.example)
    return Finding(
        FindingKind.WEAKENED,
        each.text,
        cube,
        more,
        each.safeguard.number,
        each.example,
        example,
        each.before,
        frozenset(each.cubes),
    )


def combinations(agreement: Agreement) -> int:
    """How many combinations of facts the document's fact space has."""
    codes = {name: len(agreement.facts[name]) for name in FACTS}
    return prod(
        2 if shape == FLAG else 2 ** codes[name] if shape == SET else codes[name] for name, shape in FACTS.items()
    )


def _without_receiver(receiving: Receiving) -> Iterator[Finding]:
    """Gaps and contradictions, one finding for each description of profiles."""
    for (kind, reason), cubes in receiving.profiles.cubes(_problems(receiving)).items():
        shown, more = widest(cubes)
        for cube in shown:
            yield Finding(kind, reason, cube)
        if more:
            yield Finding(kind, reason, more=more)


def _without_on_days(agreement: Agreement, always: Receiving, before: Agreement | None) -> Iterator[Finding]:
    """Who has nobody on a day on which not every party is bound, and has somebody when all are."""
    known = _problems(always)
    profiles = always.profiles
    for day in partly(agreement) if before is not None else ():
        found = _problems(Receiving(as_on(agreement, day), profiles))

        def new(one: tuple[Any], now: Any, day: date = day) -> Any:
            if now is None or now == one[0] or now[0] is not FindingKind.GAP:
                return None
            return FindingKind.GAP, N_("from %(day)s on nobody who is named may receive", day=day.isoformat())

        paired = profiles.joined(profiles.always(True), known, lambda _, outcome: (outcome,))
        for (kind, reason), cubes in profiles.cubes(profiles.joined(paired, found, new)).items():
            shown, more = widest(cubes)
            yield Finding(kind, reason, shown[0], more + len(shown) - 1)


def _problems(receiving: Receiving) -> int:
    """The diagram of reasons why nobody receives, without those that a clause or the person wants."""
    profiles, fallbacks = receiving.profiles, receiving.fallbacks()
    own = profiles.any_of(
        profiles.has(each.fact, each.code)
        for each in profiles.variables
        if each.fact in ("avoid_regions", "refused_parties")
    )
    found = profiles.always(None)
    for fallback, reason in (
        (Fallback.EXCLUDED, N_("nobody who is named may receive")),
        (Fallback.NO_CLAUSE, N_("no clause names a party")),
    ):
        gap = profiles.without(fallbacks[fallback], own)
        found = profiles.choose(gap, profiles.always((FindingKind.GAP, reason)), found)
    contradiction = fallbacks[Fallback.CONTRADICTION]
    musts = profiles.always(())
    for clause in receiving.musts:
        stands = profiles.both(contradiction, receiving.stands(clause.number))
        musts = profiles.joined(profiles.choose(stands, profiles.always(clause.number), NOWHERE), musts, _and_then)
    return profiles.choose(contradiction, profiles.joined(contradiction, musts, _conflict), found)


def _and_then(number: str, before: tuple[str, ...]) -> tuple[str, ...]:
    return (*before, number)


def _conflict(_: bool, musts: tuple[str, ...]) -> tuple[FindingKind, Phrase]:
    return FindingKind.CONTRADICTION, N_("clauses %(which)s name no party in common", which=" and ".join(musts))


def widest(cubes: Iterable[Cube]) -> tuple[tuple[Cube, ...], int]:
    """The descriptions that cover most, the widest first, and how many are left out beyond SHOWN."""
    found = sorted(cubes, key=len)
    return tuple(found[:SHOWN]), max(0, len(found) - SHOWN)


def descriptions(shown: Iterable[Cube], more: int) -> list[str]:
    """Profiles in the codes of the facts."""
    rest = [f"and {more} more descriptions of profiles"] if more else []
    return [*(described(cube) for cube in shown), *rest]


def _dead(receiving: Receiving) -> Iterator[Finding]:
    """Clauses that never apply, because no profile fits or another clause ends the way; referrals never made."""
    for clause in receiving.agreement.of_referral:
        number = clause.number
        if receiving.followed[number] == NOWHERE:
            yield Finding(FindingKind.DEAD, N_("clause %(number)s never applies", number=number))
        for other in clause.overrides:
            if other in receiving.clauses and not receiving.clauses[other].refer_to:
                values = {"number": number, "which": other}
                yield Finding(
                    FindingKind.DEAD, N_("clause %(number)s goes before %(which)s, which sends nobody", **values)
                )
        if receiving.followed[number] == NOWHERE:
            continue
        if clause.refer_to and receiving.profiles.without(receiving.stands(number), receiving.ended) == NOWHERE:
            overridden = N_("clause %(number)s is overridden wherever it applies", number=number)
            yield Finding(FindingKind.DEAD, overridden)


def _unreached(receiving: Receiving) -> Iterator[Finding]:
    """Parties that never receive, are never told, and owe nothing."""
    reached = {code for code in receiving.agreement.parties if receiving.reached(code) != NOWHERE}
    for clause in receiving.agreement.clauses:
        if clause.on or receiving.followed[clause.number] != NOWHERE:
            reached.update(duty.party for duty in clause.duties)
            reached.update(target.coalition for target in clause.refer_to if target.coalition is not None)
    for code in receiving.agreement.parties:
        if code not in reached:
            alone = N_("party %(code)s never receives, is never told, and owes nothing", code=code)
            yield Finding(FindingKind.UNREACHED, alone)


PLACES = ("entry_point", "region_of_entry")


def _forgotten(agreement: Agreement) -> Iterator[Finding]:
    """Conditions that list most of the places where people enter and leave out some: these were forgotten, or need a
    rule of their own. A place that another condition of the document names by itself is not forgotten."""
    listed = [(clause.number, each) for clause in agreement.clauses for each in clause.when.comparisons()]
    for fact in PLACES:
        places = {code for code in agreement.facts[fact] if code not in ("other", "unknown")}
        named = [(number, _codes_of(each) & places) for number, each in listed if each.name == fact]
        for number, codes in named:
            left_out = places - codes
            elsewhere = set().union(*(other for _, other in named if other != codes and len(other) < len(codes)))
            if len(codes) > len(places) / 2 and left_out - elsewhere:
                which = ", ".join(sorted(left_out - elsewhere))
                values = {"number": number, "fact": fact, "which": which}
                yield Finding(
                    FindingKind.FORGOTTEN, N_("clause %(number)s leaves out %(which)s of `%(fact)s`", **values)
                )


def _codes_of(comparison: Condition) -> set[str]:
    operand = comparison.operand
    return set(operand) if isinstance(operand, frozenset) else {str(operand)}


def _deadlines(agreement: Agreement) -> Iterator[Finding]:
    """Times of clauses that are longer than the critical path allows, and steps that wait for each other."""
    whole = sum((step.within for step in agreement.path), timedelta())
    for clause in agreement.clauses:
        for duty in clause.duties:
            steps = [
                step
                for step in agreement.path
                if step.step == duty.kind and (duty.kind != "notify" or step.responsible == duty.party)
            ]
            allowed = min((step.within for step in steps), default=whole)
            if duty.within is not None and duty.within > allowed:
                values = {
                    "number": clause.number,
                    "step": duty.kind,
                    "party": duty.party,
                    "within": duration_text(duty.within),
                    "allowed": duration_text(allowed),
                }
                yield Finding(FindingKind.DEADLINE, _too_long(values, of_step=bool(steps)))
    waits: dict[str, set[str]] = {}
    for clause in agreement.clauses:
        for duty in clause.duties:
            if duty.before is not None:
                waits.setdefault(duty.before, set()).add(duty.kind)
    for step in waits:
        if _comes_back(step, waits):
            yield Finding(FindingKind.DEADLINE, N_("step `%(step)s` waits for itself", step=step))


def _too_long(values: Mapping[str, str], *, of_step: bool) -> Phrase:
    if of_step:
        return N_(
            "clause %(number)s: `%(step)s` of %(party)s within %(within)s is longer than the step `%(step)s` of the "
            "path (%(allowed)s)",
            **values,
        )
    return N_(
        "clause %(number)s: `%(step)s` of %(party)s within %(within)s is longer than the whole path (%(allowed)s)",
        **values,
    )


def _comes_back(start: str, waits: Mapping[str, set[str]]) -> bool:
    waiting, seen = list(waits[start]), set[str]()
    while waiting:
        step = waiting.pop()
        if step == start:
            return True
        if step not in seen:
            seen.add(step)
            waiting.extend(waits.get(step, ()))
    return False
