"""Example people: profiles of facts that show what a rule, or a difference between two versions, means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nrm.domain.agreement.agreements import FACTS, FLAG, SET, Agreement
from nrm.domain.agreement.fact_diagrams import Cube

Person = Mapping[str, Any]
"""Fact -> its code, True or False, or a frozenset of codes."""

USUAL = ("adult", "none", "no", "0", "given")
"""The codes that an example has unless something else is the point."""


def usual(agreement: Agreement) -> dict[str, Any]:
    """A person about whom nothing is special: the usual code of each fact, else the first."""
    found: dict[str, Any] = {}
    for name, shape in FACTS.items():
        codes = agreement.facts[name]
        plain = next((code for code in USUAL if code in codes), codes[0] if codes else "")
        found[name] = False if shape == FLAG else frozenset[str]() if shape == SET else plain
    return found


def somebody(agreement: Agreement, cube: Cube) -> dict[str, Any]:
    """A person of the cube who is otherwise usual."""
    found = usual(agreement)
    for variable, allowed in cube:
        if not variable.code:
            if found[variable.fact] not in allowed:
                found[variable.fact] = allowed[0]
        elif allowed[0] and len(allowed) == 1:
            found[variable.fact] |= {variable.code}
    return found


def in_codes(agreement: Agreement, person: Person) -> str:
    """The person in a line of codes: age group, citizenship, crossing point, and what is not usual."""
    always = ("age_class", "gender", "citizenship_class", "entry_point")
    base = usual(agreement)
    said = [name for name in FACTS if name in always or person[name] != base[name]]
    return "; ".join(f"{name} {_codes(person[name])}" for name in said)


def _codes(value: Any) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return str(value).lower() if isinstance(value, bool) else str(value)
