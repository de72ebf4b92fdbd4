"""What a new version of the agreement changes: in the document, and in who is routed where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from nrm.domain.agreement_checks import (
    Progress,
    deciding,
    descriptions,
    everyone_signed,
    neutral,
    route_as_signed,
    routing_conditions,
    silent,
)
from nrm.domain.agreements import FACTS, Agreement
from nrm.domain.conditions import Condition
from nrm.domain.profiles import Diagram, State
from nrm.domain.routes import FALLBACKS, Route
from nrm.domain.routing_facts import RoutingFacts


@dataclass(frozen=True, slots=True)
class Rerouted:
    """Profiles that the two versions send different ways; `before` and `after` in words."""

    before: str
    after: str
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """`changes`: one line for each clause, party, fact, step and report that is not the same."""

    rerouted: tuple[Rerouted, ...]
    changes: tuple[str, ...]


def diff(old: Agreement, new: Agreement, progress: Progress = silent) -> Differences:
    """Compare two versions as if everybody had signed both and had room; raises TooManyClasses.

    A profile with a code that only one of them knows cannot be compared; the fact stands among the changes.
    """
    before, after = deciding(everyone_signed(old)), deciding(everyone_signed(new))
    common = {name: tuple(code for code in new.facts[name] if code in old.facts[name]) for name in FACTS}
    conditions = [*_ordering(before), *_ordering(after)]
    diagram = Diagram(conditions, common, progress)
    ways: dict[State, tuple[str, str] | None] = {}
    for done, leaf in enumerate(diagram.leaves, start=1):
        facts = RoutingFacts(**diagram.example(leaf, {**neutral(old), **_last(common)}))
        sent = _in_words(route_as_signed(facts, before)), _in_words(route_as_signed(facts, after))
        ways[leaf] = None if sent[0] == sent[1] else sent
        if done % 1000 == 0:
            progress(f"{done} of {len(diagram.leaves)} classes of profiles routed twice")
    rerouted = tuple(Rerouted(*sent, tuple(descriptions(cubes))) for sent, cubes in diagram.cubes(ways).items())
    return Differences(rerouted, tuple(_changes(old, new)))


def _last(common: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {name: codes[-1] for name, codes in common.items() if codes and FACTS[name] == "one"}


def _ordering(agreement: Agreement) -> list[Condition]:
    """What decides who receives, and in which order: a kind stands for its parties in the wished region first."""
    kinds = {target.kind for clause in agreement.clauses for target in clause.refer_to if target.kind is not None}
    wishes = [
        Condition("in", "wish_region", frozenset(party.regions))
        for party in agreement.parties.values()
        if party.kind in kinds and party.regions
    ]
    return [*routing_conditions(agreement), *wishes]


def _in_words(route: Route) -> str:
    """Parties in the order in which they are asked."""
    if route.fallback is not None:
        return f"nobody ({FALLBACKS[route.fallback]['en'].rstrip('.')})"
    return ", ".join(f"{each.party} (must)" if each.must else each.party for each in route.candidates)


def _changes(old: Agreement, new: Agreement) -> Iterator[str]:
    for name in FACTS:
        for code in old.facts[name]:
            if code not in new.facts[name]:
                yield f"fact {name}: `{code}` is gone"
        for code in new.facts[name]:
            if code not in old.facts[name]:
                yield f"fact {name}: `{code}` is new"
    yield from _members("party", dict(old.parties), dict(new.parties))
    yield from _members(
        "clause", {each.number: each for each in old.clauses}, {each.number: each for each in new.clauses}
    )
    yield from _members(
        "path step",
        {f"{each.step} ({each.responsible})": each for each in old.path},
        {f"{each.step} ({each.responsible})": each for each in new.path},
    )
    yield from _members(
        "report of",
        {", ".join(each.who): each for each in old.reporting},
        {", ".join(each.who): each for each in new.reporting},
    )


def _members(noun: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key, value in old.items():
        if key not in new:
            yield f"{noun} {key} is gone"
        elif value != new[key]:
            different = [
                each.name.replace("_", " ")
                for each in fields(value)
                if getattr(value, each.name) != getattr(new[key], each.name)
            ]
            yield f"{noun} {key} changes: {', '.join(different)}"
    for key in new:
        if key not in old:
            yield f"{noun} {key} is new"
