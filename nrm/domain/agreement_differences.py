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
    widest,
)
from nrm.domain.agreements import FACTS, Agreement
from nrm.domain.conditions import Condition
from nrm.domain.profiles import Cube, Diagram, State
from nrm.domain.routes import FALLBACKS, Fallback, Route
from nrm.domain.routing_facts import RoutingFacts

Way = tuple[tuple[str, bool], ...] | Fallback
"""Whom a profile is sent to: (party, whether it must receive) in the order in which they are asked; or why nobody."""


@dataclass(frozen=True, slots=True)
class Rerouted:
    """Profiles that the two versions send different ways; `more` descriptions of them are left out."""

    ways: tuple[Way, Way]
    shown: tuple[Cube, ...]
    more: int

    @property
    def before(self) -> str:
        """The first way in codes."""
        return _in_words(self.ways[0])

    @property
    def after(self) -> str:
        """The second way in codes."""
        return _in_words(self.ways[1])

    @property
    def profiles(self) -> list[str]:
        """The profiles in the codes of the facts."""
        return descriptions(self.shown, self.more)


@dataclass(frozen=True, slots=True)
class Change:
    """What is different in the document: a `noun` by its `key` is `gone`, `new`, or `changes` in its `parts`."""

    noun: str
    key: str
    what: str
    parts: tuple[str, ...] = ()

    def __str__(self) -> str:
        changed = f" changes: {', '.join(self.parts)}" if self.parts else f" is {self.what}"
        return f"{self.noun} {self.key}{changed}"


@dataclass(frozen=True, slots=True)
class Differences:
    """`changes`: one for each clause, party, fact, step and report that is not the same."""

    rerouted: tuple[Rerouted, ...]
    changes: tuple[Change, ...]


def diff(old: Agreement, new: Agreement, progress: Progress = silent) -> Differences:
    """Compare two versions as if everybody had signed both and had room; raises TooManyClasses.

    A profile with a code that only one of them knows cannot be compared; the fact stands among the changes.
    """
    before, after = deciding(everyone_signed(old)), deciding(everyone_signed(new))
    common = {name: tuple(code for code in new.facts[name] if code in old.facts[name]) for name in FACTS}
    conditions = [*_ordering(before), *_ordering(after)]
    diagram = Diagram(conditions, common, progress)
    ways: dict[State, tuple[Way, Way] | None] = {}
    for done, leaf in enumerate(diagram.leaves, start=1):
        facts = RoutingFacts(**diagram.example(leaf, {**neutral(old), **_last(common)}))
        sent = _way(route_as_signed(facts, before)), _way(route_as_signed(facts, after))
        ways[leaf] = None if sent[0] == sent[1] else sent
        if done % 1000 == 0:
            progress(f"{done} of {len(diagram.leaves)} classes of profiles routed twice")
    rerouted = tuple(Rerouted(sent, *widest(cubes)) for sent, cubes in diagram.cubes(ways).items())
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


def _way(route: Route) -> Way:
    return route.fallback or tuple((each.party, each.must) for each in route.candidates)


def _in_words(way: Way) -> str:
    """Parties in the order in which they are asked."""
    if isinstance(way, Fallback):
        return f"nobody ({FALLBACKS[way]['en'].rstrip('.')})"
    return ", ".join(f"{party} (must)" if must else party for party, must in way)


def _changes(old: Agreement, new: Agreement) -> Iterator[Change]:
    for name in FACTS:
        for code in old.facts[name]:
            if code not in new.facts[name]:
                yield Change(f"fact {name}:", f"`{code}`", "gone")
        for code in new.facts[name]:
            if code not in old.facts[name]:
                yield Change(f"fact {name}:", f"`{code}`", "new")
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


def _members(noun: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for key, value in old.items():
        if key not in new:
            yield Change(noun, key, "gone")
        elif value != new[key]:
            different = tuple(
                each.name.replace("_", " ")
                for each in fields(value)
                if getattr(value, each.name) != getattr(new[key], each.name)
            )
            yield Change(noun, key, "changes", different)
    for key in new:
        if key not in old:
            yield Change(noun, key, "new")
