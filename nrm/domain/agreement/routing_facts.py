"""The facts routing looks at, read strictly against the fact space of an agreement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from nrm.domain.agreement.agreements import FACTS, FLAG, SET, Agreement


class UnknownFact(ValueError):
    """A fact that is missing, not declared, or has a value that is not its own; the text says which."""


@dataclass(frozen=True, slots=True)
class RoutingFacts:
    """The facts routing looks at. Read them with `parse_facts`, which holds them against the agreement."""

    age_class: str
    gender: str
    citizenship_class: str
    entry_point: str
    region_of_entry: str
    exploited_in: str
    needs: frozenset[str]
    security_risk: str
    proceedings_in: str
    wish_region: str
    avoid_regions: frozenset[str]
    refused_parties: frozenset[str]
    accompanied: bool
    announced: bool
    urgent: bool
    children_with: str
    official_involved: str
    consent: str

    def values(self) -> dict[str, str | bool | frozenset[str]]:
        """Name -> value, as conditions look at them."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def to_json(self) -> dict[str, Any]:
        """What `parse_facts` reads; lists are sorted."""
        return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in self.values().items()}


def parse_facts(data: object, agreement: Agreement) -> RoutingFacts:
    """Read facts strictly: every one must be there, none beside them; raises UnknownFact."""
    if not isinstance(data, dict):
        raise UnknownFact("the facts must be an object of names and values")
    for name in data:
        if name not in FACTS:
            raise UnknownFact(f"{_shown(name)}: is not a routing fact")
    return RoutingFacts(**{name: _fact(name, data, agreement.facts[name]) for name in FACTS})


def _fact(name: str, data: Mapping[str, Any], codes: tuple[str, ...]) -> Any:
    if name not in data:
        raise UnknownFact(f"{name}: missing")
    value = data[name]
    if FACTS[name] == FLAG:
        if not isinstance(value, bool):
            raise UnknownFact(f"{name}: must be true or false")
        return value
    if FACTS[name] == SET:
        if not isinstance(value, list | tuple | set | frozenset):
            raise UnknownFact(f"{name}: must be a list of codes")
        return frozenset(_known_code(name, item, codes) for item in value)
    if name == "children_with" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if value < 2 else "2+"
    return _known_code(name, value, codes)


def _known_code(name: str, value: object, codes: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in codes:
        raise UnknownFact(f"{name}: `{_shown(value)}` is none of {', '.join(codes)}")
    return value


def _shown(value: object) -> str:
    """The value on one line, in characters that every terminal takes."""
    text = " ".join(str(value).split()).encode("utf-8", "replace").decode()
    return text if len(text) <= 40 else text[:40] + "…"
