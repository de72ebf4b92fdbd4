"""What is wrong with an agreement before anybody signs it, and what a new version would change.

Both look at every class of profiles that the conditions tell apart, as if every party had signed and had room; whom a
person strikes out or which regions they avoid is theirs to say and no gap of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from nrm.domain.agreements import FACTS, FLAG, POLICE_SIDE, SET, Agreement, Clause
from nrm.domain.conditions import Condition
from nrm.domain.durations import duration_text
from nrm.domain.profiles import Cube, Diagram, State, described
from nrm.domain.routes import Fallback, Route
from nrm.domain.routing import Capacity, not_overridden, route
from nrm.domain.routing_facts import RoutingFacts
from nrm.domain.words import N_, Phrase

NOON = time(12)
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


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what kind, what is wrong, and with which profiles; `more` descriptions of them are left out."""

    kind: FindingKind
    text: Phrase
    profile: Cube | None = None
    more: int = 0

    def __str__(self) -> str:
        about = described(self.profile) if self.profile is not None else ""
        about = f"and {self.more} more descriptions of profiles" if self.more else about
        return f"{self.kind}: {self.text}" + (f": {about}" if about else "")


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings, and how many classes of profiles were looked at."""

    findings: tuple[Finding, ...]
    classes: int


def silent(_: str) -> None:
    """Progress that nobody follows."""


def check(agreement: Agreement, progress: Progress = silent) -> Checked:
    """Everything that is wrong with the document; raises TooManyClasses."""
    signed = everyone_signed(agreement)
    progress("which profiles the conditions tell apart")
    diagram = Diagram(routing_conditions(signed), signed.facts, progress)
    bare = deciding(signed)
    classes = {leaf: _class(diagram, leaf, bare) for leaf in diagram.leaves}
    progress(f"{len(classes)} classes of profiles routed")
    findings = [
        *_without_receiver(diagram, classes),
        *_dead(signed, classes.values()),
        *_unreached(signed, classes.values()),
        *_deadlines(signed),
    ]
    return Checked(tuple(findings), len(classes))


def everyone_signed(agreement: Agreement, on: date | None = None) -> Agreement:
    """The agreement as if every party had signed it on that day (default: its first) and stayed."""
    day = on or agreement.starts_on
    parties = {
        code: replace(party, signed_on=day, joined_on=None, until=None) for code, party in agreement.parties.items()
    }
    return replace(agreement, parties=parties)


def deciding(agreement: Agreement) -> Agreement:
    """The agreement with what decides who receives, and without duties: the same candidates, in half the time."""
    clauses = tuple(replace(clause, duties=()) for clause in agreement.clauses if _decides(clause))
    return replace(agreement, clauses=clauses)


def _decides(clause: Clause) -> bool:
    return bool(clause.refer_to or clause.forbid or clause.ends or clause.overrides)


def routing_conditions(agreement: Agreement) -> list[Condition]:
    """The conditions that decide who receives: of clauses that refer, forbid, end or override, and competences."""
    whens = [clause.when for clause in agreement.clauses if _decides(clause)]
    receiving = [party for party in agreement.parties.values() if party.competence is not None]
    competences = [party.competence for party in receiving if party.competence is not None]
    if any(party.kind in POLICE_SIDE for party in receiving):
        competences.append(Condition("eq", "official_involved", "yes"))
    return [*whens, *competences]


def neutral(agreement: Agreement) -> dict[str, Any]:
    """A profile to start from: the last code of a fact (`unknown` where there is one), no flag, empty sets."""
    shapes = {SET: frozenset[str](), FLAG: False}
    return {name: shapes.get(shape, (agreement.facts[name] or ("",))[-1]) for name, shape in FACTS.items()}


@dataclass(frozen=True, slots=True)
class _Class:
    """One class: the clauses that apply, those whose referral stands, the route; whether the person excludes some."""

    applying: tuple[Clause, ...]
    standing: tuple[Clause, ...]
    route: Route
    own_exclusions: bool

    @property
    def problem(self) -> tuple[FindingKind, Phrase] | None:
        """Why nobody receives, unless a clause says so or the person does."""
        if self.route.fallback is Fallback.CONTRADICTION:
            musts = [clause.number for clause in self.standing if clause.must]
            which = " and ".join(musts)
            return FindingKind.CONTRADICTION, N_("clauses %(which)s name no party in common", which=which)
        if self.route.fallback in (None, Fallback.ENDED) or self.own_exclusions:
            return None
        return FindingKind.GAP, N_("nobody who is named may receive") if self.standing else N_(
            "no clause names a party"
        )


def _class(diagram: Diagram, leaf: State, agreement: Agreement) -> _Class:
    facts = RoutingFacts(**diagram.example(leaf, neutral(agreement)))
    answer = route_as_signed(facts, agreement)
    truth = diagram.truth(leaf)
    applying = tuple(clause for clause in agreement.clauses if truth.get(clause.when, False))
    own = bool(facts.avoid_regions or facts.refused_parties)
    return _Class(applying, tuple(not_overridden(applying)), answer, own)


def route_as_signed(facts: RoutingFacts, agreement: Agreement) -> Route:
    """The route on the first day of the agreement at noon, with room everywhere."""
    at = datetime.combine(agreement.starts_on, NOON)
    return route(facts, agreement, at, dict.fromkeys(agreement.parties, Capacity.FREE))


def _without_receiver(diagram: Diagram, classes: Mapping[State, _Class]) -> Iterator[Finding]:
    """Gaps and contradictions, one finding for each description of profiles."""
    problems = {leaf: each.problem for leaf, each in classes.items()}
    for (kind, reason), cubes in diagram.cubes(problems).items():
        shown, more = widest(cubes)
        for cube in shown:
            yield Finding(kind, reason, cube)
        if more:
            yield Finding(kind, reason, more=more)


def widest(cubes: Iterable[Cube]) -> tuple[tuple[Cube, ...], int]:
    """The descriptions that cover most, the widest first, and how many are left out beyond SHOWN."""
    found = sorted(cubes, key=len)
    return tuple(found[:SHOWN]), max(0, len(found) - SHOWN)


def descriptions(shown: Iterable[Cube], more: int) -> list[str]:
    """Profiles in the codes of the facts."""
    rest = [f"and {more} more descriptions of profiles"] if more else []
    return [*(described(cube) for cube in shown), *rest]


def _dead(agreement: Agreement, classes: Iterable[_Class]) -> Iterator[Finding]:
    """Clauses that never apply, because no profile fits or another clause ends the way; referrals never made."""
    standing = {clause.number for each in classes if each.route.ended_by is None for clause in each.standing}
    ends: list[Condition] = []
    every_end = [clause.when for clause in agreement.clauses if clause.ends]
    for clause in agreement.clauses:
        if not _possible(clause, ends if clause.ends else every_end, agreement):
            yield Finding(FindingKind.DEAD, N_("clause %(number)s never applies", number=clause.number))
        elif clause.refer_to and clause.number not in standing:
            overridden = N_("clause %(number)s is overridden wherever it applies", number=clause.number)
            yield Finding(FindingKind.DEAD, overridden)
        if clause.ends:
            ends.append(clause.when)


def _possible(clause: Clause, ends: list[Condition], agreement: Agreement) -> bool:
    """Whether some profile fits the clause and none of `ends`."""
    ended = Condition("or", parts=tuple(ends))
    diagram = Diagram([Condition("and", parts=(clause.when, Condition("not", parts=(ended,))))], agreement.facts)
    return any(all(diagram.truth(leaf).values()) for leaf in diagram.leaves)


def _unreached(agreement: Agreement, classes: Iterable[_Class]) -> Iterator[Finding]:
    """Parties that never receive, are never told, and owe nothing."""
    reached: set[str] = set()
    for each in classes:
        reached.update(candidate.party for candidate in (*each.route.candidates, *each.route.reserve))
    every_end = [clause.when for clause in agreement.clauses if clause.ends]
    for clause in agreement.clauses:
        others = [when for when in every_end if when is not clause.when] if clause.ends else every_end
        if not _possible(clause, others, agreement):
            continue
        reached.update(duty.party for duty in clause.duties)
        reached.update(target.coalition for target in clause.refer_to if target.coalition is not None)
    for code in agreement.parties:
        if code not in reached:
            alone = N_("party %(code)s never receives, is never told, and owes nothing", code=code)
            yield Finding(FindingKind.UNREACHED, alone)


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
