"""What a new version of the agreement changes: in the document, and in who is routed where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from nrm.domain.agreement.agreement_checks import Progress, descriptions, silent, widest
from nrm.domain.agreement.agreements import FACTS, Agreement
from nrm.domain.agreement.fact_diagrams import Cube, Profiles, Work
from nrm.domain.agreement.routes import FALLBACKS, Fallback
from nrm.domain.agreement.routing_diagrams import Receiving, Way, as_on, days_of, deciding_conditions, everyone_signed
from nrm.domain.documents import Words


@dataclass(frozen=True, slots=True)
class Rerouted:
    """Profiles that the two versions send different ways; `more` descriptions of them are left out."""

    ways: tuple[Way, Way]
    shown: tuple[Cube, ...]
    more: int
    day: date | None = None  # from which it is so; None: from the first day of the text

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


def diff(old: Agreement, new: Agreement, progress: Progress = silent, *, work: Work | None = None) -> Differences:
    """Compare two versions as if everybody had signed both and had room; raises TooManyClasses.

    A profile with a code that only one version knows cannot be compared; then the fact is listed among the changes.
    """
    before, after = everyone_signed(old), everyone_signed(new)
    common = {name: tuple(code for code in new.facts[name] if code in old.facts[name]) for name in FACTS}
    profiles = Profiles([*deciding_conditions(before), *deciding_conditions(after)], common, work)
    rerouted: tuple[Rerouted, ...] = ()
    if all(each.values for each in profiles.variables):
        progress("who receives whom")
        rerouted = tuple(_rerouted(old, new, profiles))
    return Differences(rerouted, tuple(_changes(old, new)))


def _rerouted(old: Agreement, new: Agreement, profiles: Profiles) -> Iterator[Rerouted]:
    """On the first day, then what comes with each later one on which other parties are bound."""
    said = set()
    for day in days_of(new, old):
        ways = [Receiving(as_on(text, day), profiles).ways() for text in (old, new)]
        for pair, cubes in profiles.cubes(profiles.joined(ways[0], ways[1], _different)).items():
            key = pair, frozenset(cubes)
            if key not in said:
                said.add(key)
                yield Rerouted(pair, *widest(cubes), None if day == new.starts_on else day)


def _different(one: Way, other: Way) -> tuple[Way, Way] | None:
    return None if one == other else (one, other)


def _in_words(way: Way) -> str:
    """Parties in the order in which they are asked."""
    if isinstance(way, Fallback):
        return f"nobody ({FALLBACKS[way]['en'].rstrip('.')})"
    return ", ".join(f"{party} (must)" if must else party for party, must in way)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a version says of itself besides its name and its day."""

    title: Words
    ends_on: date | None
    timezone: str
    expires_within: timedelta


def _keyed(entries: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """By key; a key that stands twice gets a number, so that nothing is left out."""
    found: dict[str, Any] = {}
    for key, entry in entries:
        number = sum(known.partition(" #")[0] == key for known in found) + 1
        found[key if number == 1 else f"{key} #{number}"] = entry
    return found


def _changes(old: Agreement, new: Agreement) -> Iterator[Change]:
    for name in FACTS:
        for code in old.facts[name]:
            if code not in new.facts[name]:
                yield Change(f"fact {name}:", f"`{code}`", "gone")
        for code in new.facts[name]:
            if code not in old.facts[name]:
                yield Change(f"fact {name}:", f"`{code}`", "new")
    said = [_Said(each.title, each.ends_on, each.timezone.key, each.expires_within) for each in (old, new)]
    yield from _members("version", {"": said[0]}, {"": said[1]})
    yield from _members("party", dict(old.parties), dict(new.parties))
    yield from _members(
        "clause", {each.number: each for each in old.clauses}, {each.number: each for each in new.clauses}
    )
    yield from _members(
        "path step",
        _keyed((f"{each.step} ({each.responsible})", each) for each in old.path),
        _keyed((f"{each.step} ({each.responsible})", each) for each in new.path),
    )
    yield from _members(
        "report of",
        _keyed((", ".join(each.who), each) for each in old.reporting),
        _keyed((", ".join(each.who), each) for each in new.reporting),
    )


def _members(noun: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for key, value in old.items():
        if key not in new:
            yield Change(noun, key, "gone")
        elif value != new[key]:
            different = [
                each.name for each in fields(value) if getattr(value, each.name) != getattr(new[key], each.name)
            ]
            yield Change(noun, key, "changes", tuple(name.replace("_", " ") for name in different))
    for key in new:
        if key not in old:
            yield Change(noun, key, "new")
