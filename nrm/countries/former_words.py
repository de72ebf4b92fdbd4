"""Reading an agreement whose facts have words that the mechanism used before.

A text that was signed stays as it is, to the letter: its digest is what was signed. So the country says in
`country.toml` which code stands for an older one (`[formerly.FACT]`, `older = "code"`), and a text is read with the
codes of today.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Formerly = Mapping[str, Mapping[str, str]]
"""Fact -> older code -> code."""


def in_present_words(document: Mapping[str, Any], formerly: Formerly) -> dict[str, Any]:
    """The decoded document with the codes of today in the values of its facts and in its conditions."""
    read = {name: _conditions(value, formerly) for name, value in document.items()}
    facts = document.get("fact")
    if isinstance(facts, dict):
        read["fact"] = {
            name: {**fact, "values": _exchanged(fact["values"], formerly.get(name, {}))}
            if isinstance(fact, dict) and "values" in fact
            else fact
            for name, fact in facts.items()
        }
    return read


def _conditions(value: Any, formerly: Formerly) -> Any:
    """Every comparison `[fact, operand]` inside the value with the codes of today."""
    if isinstance(value, dict):
        return {name: _conditions(each, formerly) for name, each in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) == 2 and isinstance(value[0], str) and value[0] in formerly:
        return [value[0], _exchanged(value[1], formerly[value[0]])]
    return [_conditions(each, formerly) for each in value]


def _exchanged(value: Any, codes: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [codes.get(each, each) if isinstance(each, str) else each for each in value]
    return codes.get(value, value) if isinstance(value, str) else value
