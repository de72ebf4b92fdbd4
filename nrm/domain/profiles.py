"""The classes of profiles that conditions tell apart, found without walking every combination of facts.

A decision diagram: one fact after the other is fixed, what remains of the conditions is simplified, and whatever leaves
the same remainder is one class from there on. A fact whose value is a set is decided code by code.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from nrm.domain.agreements import FACTS, FLAG, SET
from nrm.domain.conditions import ALWAYS, Condition

NEVER: Final = Condition("or")
LARGEST = 500_000
"""More classes than this are refused: the answer would take minutes and fill the memory."""

Value = str | bool
State = tuple[int, ...]
Outcome = TypeVar("Outcome", bound=Hashable)


class TooManyClasses(Exception):
    """The conditions tell more profiles apart than can be looked at."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A fact with its values, or one code of a set fact (in it or not)."""

    fact: str
    code: str
    values: tuple[Value, ...]


NOTHING: Final = Variable("", "", ())
"""To fix it changes nothing, but a condition that is constant becomes ALWAYS or NEVER."""

Cube = tuple[tuple[Variable, tuple[Value, ...]], ...]
"""Profiles described at once: each variable that matters with the values it may have."""


def restrict(condition: Condition, variable: Variable, value: Value) -> Condition:
    """What remains of the condition once the variable has the value: ALWAYS, NEVER, or a smaller condition."""
    if condition.operator in ("and", "or"):
        absorbing = condition.operator == "or"
        parts: list[Condition] = []
        for part in condition.parts:
            rest = restrict(part, variable, value)
            if _constant(rest) is absorbing:
                return ALWAYS if absorbing else NEVER
            if _constant(rest) is None and rest not in parts:
                parts.append(rest)
        if len(parts) == 1:
            return parts[0]
        return Condition(condition.operator, parts=tuple(parts)) if parts else NEVER if absorbing else ALWAYS
    if condition.operator == "not":
        rest = restrict(condition.parts[0], variable, value)
        known = _constant(rest)
        if known is None:
            return Condition("not", parts=(rest,))
        return NEVER if known else ALWAYS
    if condition.name != variable.fact or (variable.code and condition.operand != variable.code):
        return condition
    held = value if variable.code else condition.holds({condition.name: value})
    return ALWAYS if held else NEVER


def _constant(condition: Condition) -> bool | None:
    if condition.operator in ("and", "or") and not condition.parts:
        return condition.operator == "and"
    return None


def variables(conditions: Iterable[Condition], facts: Mapping[str, tuple[str, ...]]) -> tuple[Variable, ...]:
    """What the conditions look at, in the order of the facts."""
    looked_at: dict[str, set[str]] = {}
    for condition in conditions:
        for comparison in condition.comparisons():
            looked_at.setdefault(comparison.name, set()).add(str(comparison.operand))
    found: list[Variable] = []
    for fact, shape in FACTS.items():
        if fact not in looked_at:
            continue
        if shape == SET:
            for code in sorted(looked_at[fact]):
                found.append(Variable(fact, code, (False, True) if code in facts[fact] else (False,)))
        else:
            found.append(Variable(fact, "", (False, True) if shape == FLAG else facts[fact]))
    return tuple(found)


def satisfying(
    condition: Condition, facts: Mapping[str, tuple[str, ...]], start: Mapping[str, Any], fixed: frozenset[str]
) -> dict[str, Any] | None:
    """A profile in which the condition holds and that leaves `start` as late in the order of the facts as it can.

    `fixed` facts stay as they are. None when there is no such profile.
    """
    chosen = dict(start)
    condition = restrict(condition, NOTHING, False)
    return chosen if _satisfy(condition, list(variables([condition], facts)), chosen, fixed) else None


def _satisfy(condition: Condition, left: list[Variable], chosen: dict[str, Any], fixed: frozenset[str]) -> bool:
    known = _constant(condition)
    if known is not None:
        return known
    variable, rest = left[0], left[1:]
    before = chosen[variable.fact]
    present: Value = variable.code in before if variable.code else before
    others = [] if variable.fact in fixed else [value for value in variable.values if value != present]
    for value in (present, *others):
        if variable.code:
            chosen[variable.fact] = before | {variable.code} if value else before - {variable.code}
        else:
            chosen[variable.fact] = value
        if _satisfy(restrict(condition, variable, value), rest, chosen, fixed):
            return True
    chosen[variable.fact] = before
    return False


class Diagram:
    """All classes of profiles that `conditions` tell apart over the declared `facts`. Raises TooManyClasses."""

    def __init__(
        self,
        conditions: Iterable[Condition],
        facts: Mapping[str, tuple[str, ...]],
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.conditions = tuple(dict.fromkeys(conditions))
        self.facts = facts
        self.variables = variables(self.conditions, facts)
        self._numbers: dict[Condition, int] = {}
        self._known: list[Condition] = []
        self._rests: dict[tuple[int, int, Value], int] = {}
        start = tuple(self.number(restrict(each, NOTHING, False)) for each in self.conditions)
        self._layers: list[dict[State, list[tuple[State, tuple[Value, ...]]]]] = []
        self._came_from: list[dict[State, tuple[State, Value]]] = []
        waiting: Iterable[State] = (start,)
        self._root = start
        for place, variable in enumerate(self.variables):
            waiting = self._fix(place, variable, waiting)
            progress(f"fact {place + 1} of {len(self.variables)}")
        self.leaves: tuple[State, ...] = tuple(waiting)

    def number(self, condition: Condition) -> int:
        """A small number that stands for the condition."""
        if condition not in self._numbers:
            self._numbers[condition] = len(self._known)
            self._known.append(condition)
        return self._numbers[condition]

    def _fix(self, place: int, variable: Variable, states: Iterable[State]) -> tuple[State, ...]:
        layer: dict[State, list[tuple[State, tuple[Value, ...]]]] = {}
        came_from: dict[State, tuple[State, Value]] = {}
        for state in states:
            ways: dict[State, list[Value]] = {}
            for value in variable.values:
                after = tuple([self._rest(each, place, variable, value) for each in state])
                ways.setdefault(after, []).append(value)
                came_from.setdefault(after, (state, value))
            layer[state] = [(after, tuple(values)) for after, values in ways.items()]
            if len(came_from) > LARGEST:
                raise TooManyClasses
        self._layers.append(layer)
        self._came_from.append(came_from)
        return tuple(came_from)

    def _rest(self, number: int, place: int, variable: Variable, value: Value) -> int:
        key = (number, place, value)
        if key not in self._rests:
            self._rests[key] = self.number(restrict(self._known[number], variable, value))
        return self._rests[key]

    def truth(self, leaf: State) -> dict[Condition, bool]:
        """Which of the conditions hold in a class."""
        return {
            condition: bool(_constant(self._known[number]))
            for condition, number in zip(self.conditions, leaf, strict=True)
        }

    def example(self, leaf: State, neutral: Mapping[str, Any]) -> dict[str, Any]:
        """One profile of the class; a fact the conditions do not look at is as in `neutral`."""
        profile = dict(neutral)
        state = leaf
        for variable, came_from in zip(reversed(self.variables), reversed(self._came_from), strict=True):
            state, value = came_from[state]
            if not variable.code:
                profile[variable.fact] = value
            else:
                others = frozenset(profile[variable.fact]) - {variable.code}
                profile[variable.fact] = others | {variable.code} if value else others
        return profile

    def cubes(self, outcomes: Mapping[State, Outcome | None]) -> dict[Outcome, list[Cube]]:
        """The profiles of each outcome (None: of no interest), in few and wide cubes that may overlap."""
        nodes = _Nodes()
        merged = {leaf: nodes.end(outcome) for leaf, outcome in outcomes.items()}
        for place in range(len(self.variables) - 1, -1, -1):
            merged = {
                state: nodes.branch(self.variables[place], [(merged[after], values) for after, values in ways])
                for state, ways in self._layers[place].items()
            }
        found: dict[Outcome, list[Cube]] = {}
        if not merged:
            return found
        root = merged[self._root]
        for outcome, cube in nodes.paths(root, ()):
            if outcome is None:
                continue
            wide = found.setdefault(outcome, [])
            if not any(_lies_in(cube, other) for other in wide):
                widened = nodes.widened(root, cube, outcome)
                wide[:] = [other for other in wide if not _lies_in(other, widened)] + [widened]
        return found


def _lies_in(narrow: Cube, wide: Cube) -> bool:
    values = dict(narrow)
    return all(set(values.get(variable, variable.values)) <= set(allowed) for variable, allowed in wide)


class _Nodes:
    """A diagram read from its end: equal ones are one, and a fact that changes nothing is left out."""

    def __init__(self) -> None:
        self.known: list[tuple[Variable | None, Any]] = []
        self.numbers: dict[tuple[Variable | None, Any], int] = {}

    def end(self, outcome: Hashable) -> int:
        return self._number((None, outcome))

    def branch(self, variable: Variable, ways: Iterable[tuple[int, tuple[Value, ...]]]) -> int:
        branches: dict[int, tuple[Value, ...]] = {}
        for node, values in ways:
            branches[node] = branches.get(node, ()) + values
        return next(iter(branches)) if len(branches) == 1 else self._number((variable, tuple(branches.items())))

    def _number(self, node: tuple[Variable | None, Any]) -> int:
        if node not in self.numbers:
            self.numbers[node] = len(self.known)
            self.known.append(node)
        return self.numbers[node]

    def widened(self, root: int, cube: Cube, outcome: Hashable) -> Cube:
        """The cube with more values, or without a fact, as long as every profile in it has the outcome."""
        wide = dict(cube)
        for variable, values in cube:
            free = {other: allowed for other, allowed in wide.items() if other != variable}
            if self._all_lead_to(root, free, outcome, {}):
                wide = free
                continue
            for value in variable.values:
                tried = (*wide[variable], value)
                if value not in values and self._all_lead_to(root, {**wide, variable: tried}, outcome, {}):
                    wide[variable] = tried
            wide[variable] = tuple(value for value in variable.values if value in wide[variable])
        return tuple(wide.items())

    def _all_lead_to(
        self, node: int, cube: Mapping[Variable, tuple[Value, ...]], outcome: Hashable, known: dict[int, bool]
    ) -> bool:
        if node not in known:
            variable, rest = self.known[node]
            if variable is None:
                known[node] = bool(rest == outcome)
            else:
                allowed = cube.get(variable, variable.values)
                below = [after for after, values in rest if not set(values).isdisjoint(allowed)]
                known[node] = all(self._all_lead_to(after, cube, outcome, known) for after in below)
        return known[node]

    def paths(self, node: int, cube: Cube) -> Iterator[tuple[Any, Cube]]:
        variable, rest = self.known[node]
        if variable is None:
            yield rest, cube
            return
        for below, values in rest:
            order = tuple(value for value in variable.values if value in values)
            yield from self.paths(below, (*cube, (variable, order)))


@dataclass(frozen=True, slots=True)
class Term:
    """What a description of profiles says of one fact: `is`, `not` one of the codes, `with`, `without` all."""

    fact: str
    how: str
    codes: tuple[str, ...]

    def __str__(self) -> str:
        how = {"is": "", "not": "other than "}.get(self.how)
        return (
            f"{self.fact} {self.how} {', '.join(self.codes)}"
            if how is None
            else f"{self.fact} {how}{' or '.join(self.codes)}"
        )


def terms(cube: Cube) -> tuple[Term, ...]:
    """The cube fact by fact; none for every profile."""
    found: dict[tuple[str, str], Term] = {}
    for variable, values in cube:
        if variable.code:
            how = "with" if values[0] else "without"
            known = found.get((variable.fact, how), Term(variable.fact, how, ()))
            found[variable.fact, how] = Term(variable.fact, how, (*known.codes, variable.code))
            continue
        others = tuple(value for value in variable.values if value not in values)
        many = len(values) > 2 and len(values) > len(variable.values) / 2
        how, shown = ("not", others) if many else ("is", values)
        found[variable.fact, ""] = Term(variable.fact, how, tuple(_code(value) for value in shown))
    return tuple(found.values())


def _code(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def described(cube: Cube) -> str:
    """The cube on one line, in the codes of the facts."""
    return "; ".join(map(str, terms(cube))) or "every profile"
