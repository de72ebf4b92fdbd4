"""Conditions over named values, as the questionnaire and the agreement write them in TOML.

A condition is a table with exactly one key:

    {eq = ["age", "adult"]}                        the value is that code
    {in = ["citizenship_class", ["a", "b"]]}       the value is one of these codes
    {has = ["needs", "medical"]}                   the set contains that code
    {lt = ["age_years", 14]}                       the number is known and smaller
    {said = "fears"}                               anything was answered; only where the reader of the file allows it
    {and = [C, ...]}  {or = [C, ...]}  {not = C}

A name that has no value (not asked, not answered) makes `eq`, `in`, `has` and `lt` false.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nrm.domain.words import N_

Value = str | int | bool | Collection[str] | None
Leaf = Literal["eq", "in", "has", "lt", "said"]
Branch = Literal["and", "or", "not"]


class MalformedCondition(ValueError):
    """The condition cannot be read; the message says what is wrong, without the place."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One node: a comparison of `name` with `operand`, or a branch over `parts`."""

    operator: Leaf | Branch
    name: str = ""
    operand: str | int | bool | frozenset[str] = ""
    parts: tuple[Condition, ...] = ()

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether the condition is true of `values` (name -> value, missing means not answered)."""
        if self is ALWAYS:  # true for most pages and questions; a request asks this hundreds of times
            return True
        match self.operator:
            case "and":
                return all(part.holds(values) for part in self.parts)
            case "or":
                return any(part.holds(values) for part in self.parts)
            case "not":
                return not self.parts[0].holds(values)
        value = values.get(self.name)
        if value is None:
            return False
        match self.operator:
            case "eq":
                return bool(value == self.operand)
            case "in":
                return isinstance(self.operand, frozenset) and isinstance(value, str) and value in self.operand
            case "has":
                return isinstance(value, list | tuple | set | frozenset) and self.operand in value
            case "said":
                return value not in ("", [], ())
            case _:
                number = isinstance(value, int) and not isinstance(value, bool)
                return number and isinstance(self.operand, int) and value < self.operand

    def comparisons(self) -> Iterator[Condition]:
        """Every comparison in the tree, from left to right."""
        if self.parts:
            for part in self.parts:
                yield from part.comparisons()
        elif self.operator not in ("and", "or"):
            yield self

    def names(self) -> frozenset[str]:
        """The names the condition looks at."""
        return frozenset(comparison.name for comparison in self.comparisons())


ALWAYS = Condition("and")


def parse(data: object, *, said: bool = False) -> Condition:
    """Read one condition; raises MalformedCondition with what is wrong. `said`: whether that comparison is allowed."""
    if not isinstance(data, dict) or len(data) != 1:
        raise MalformedCondition(N_("a condition is a table with one of eq, in, has, lt, and, or, not"))
    ((operator, operand),) = data.items()
    match operator:
        case "and" | "or":
            if not isinstance(operand, list) or not operand:
                raise MalformedCondition(N_("`%(operator)s` takes a list of conditions", operator=operator))
            return Condition(operator, parts=tuple(parse(part, said=said) for part in operand))
        case "not":
            return Condition("not", parts=(parse(operand, said=said),))
        case "eq" | "in" | "has" | "lt":
            return _comparison(operator, operand)
        case "said" if said:
            if not isinstance(operand, str):
                raise MalformedCondition(N_("`said` takes a name"))
            return Condition("said", operand, True)
    raise MalformedCondition(N_("`%(operator)s` is none of eq, in, has, lt, and, or, not", operator=operator))


def _comparison(operator: Leaf, pair: object) -> Condition:
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
        raise MalformedCondition(N_("`%(operator)s` takes a name and a value", operator=operator))
    name, operand = pair
    if operator == "in":
        if not isinstance(operand, list) or not operand or not all(isinstance(code, str) for code in operand):
            raise MalformedCondition(N_("`in` takes a name and a list of codes"))
        return Condition(operator, name, frozenset(operand))
    if operator == "lt" and (not isinstance(operand, int) or isinstance(operand, bool)):
        raise MalformedCondition(N_("`lt` takes a name and a whole number"))
    if operator == "has" and not isinstance(operand, str):
        raise MalformedCondition(N_("`has` takes a name and a code"))
    if not isinstance(operand, str | int | bool):
        raise MalformedCondition(N_("`%(operator)s` takes a name and a code", operator=operator))
    return Condition(operator, name, operand)
