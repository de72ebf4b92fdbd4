"""All profiles of facts at once, as decision diagrams: what holds for which profiles, without trying every combination.

A diagram asks one fact after the other, in the order of the facts, and ends in an outcome. Equal parts are stored once,
and a fact that changes nothing is not asked. A fact whose value is a set is asked code by code. A diagram is a number
that `Profiles` gives; two numbers are equal exactly when both diagrams have the same outcome for every profile.

Decided in ADR 0015.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nrm.domain.agreement.agreements import FACTS, FLAG, SET
from nrm.domain.conditions import Condition

LARGEST = 500_000
"""Diagrams with more parts than this are refused: the answer would take minutes and fill the memory."""
MOST_WORK = 2_000_000
"""So is a check whose diagrams look at so many parts, one after the other. A count, and no time: the answer is the same
on every machine."""

NOWHERE: Final = 0
EVERYWHERE: Final = 1

Value = str | bool
Outcome = Hashable


class TooManyClasses(Exception):
    """The conditions tell more profiles apart than can be looked at."""


class Work:
    """How many parts the diagrams of one check may still look at."""

    def __init__(self, most: int = MOST_WORK) -> None:
        self.left = most

    def spend(self, parts: int) -> None:
        """Raises TooManyClasses where it is enough."""
        self.left -= parts
        if self.left < 0:
            raise TooManyClasses


@dataclass(frozen=True, slots=True)
class Variable:
    """A fact with its values, or one code of a set fact (in it or not)."""

    fact: str
    code: str
    values: tuple[Value, ...]


Cube = tuple[tuple[Variable, tuple[Value, ...]], ...]
"""Profiles described at once: each variable that matters with the values it may have."""


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


class Profiles:
    """Every profile over the declared `facts`, as far as `conditions` tell them apart. Its methods raise
    TooManyClasses. `work`: what they share with other profiles of one check."""

    def __init__(
        self, conditions: Iterable[Condition], facts: Mapping[str, tuple[str, ...]], work: Work | None = None
    ) -> None:
        self.variables = variables(conditions, facts)
        self._place = {(each.fact, each.code): place for place, each in enumerate(self.variables)}
        self._end = len(self.variables)
        self._parts: list[tuple[int, tuple[Any, ...]]] = [(self._end, (False,)), (self._end, (True,))]
        self._numbers = {part: number for number, part in enumerate(self._parts)}
        self._of: dict[Condition, int] = {}
        self._chosen: dict[tuple[int, int, int], int] = {}
        self._worked = (work or Work()).spend

    @property
    def size(self) -> int:
        """How many parts all diagrams made so far have together."""
        return len(self._parts)

    # Making diagrams.

    def always(self, outcome: Outcome) -> int:
        """The diagram that has this outcome for every profile."""
        return self._number(self._end, (outcome,))

    def _number(self, place: int, below: tuple[Any, ...]) -> int:
        part = (place, below)
        if part not in self._numbers:
            if len(self._parts) >= LARGEST:
                raise TooManyClasses
            self._numbers[part] = len(self._parts)
            self._parts.append(part)
        return self._numbers[part]

    def _diagram_asking(self, place: int, below: tuple[int, ...]) -> int:
        """The diagram that asks the variable at `place`, or the one below it if the answer changes nothing."""
        return below[0] if len(set(below)) == 1 else self._number(place, below)

    def where(self, condition: Condition) -> int:
        """Where the condition holds."""
        if condition not in self._of:
            self._of[condition] = self._built_where(condition)
        return self._of[condition]

    def _built_where(self, condition: Condition) -> int:
        match condition.operator:
            case "and":
                return self.all_of(map(self.where, condition.parts))
            case "or":
                return self.any_of(map(self.where, condition.parts))
            case "not":
                return self.opposite(self.where(condition.parts[0]))
        code = str(condition.operand) if FACTS[condition.name] == SET else ""
        place = self._place[condition.name, code]
        values = self.variables[place].values
        held = values if code else [condition.holds({condition.name: value}) for value in values]
        return self._diagram_asking(place, tuple(EVERYWHERE if each else NOWHERE for each in held))

    def has(self, fact: str, code: str) -> int:
        """Where the set has the code; NOWHERE when no condition asks."""
        return self.where(Condition("has", fact, code)) if (fact, code) in self._place else NOWHERE

    def choose(self, where: int, then: int, otherwise: int) -> int:
        """`then` where the first holds, `otherwise` elsewhere."""
        if where in (NOWHERE, EVERYWHERE) or then == otherwise:
            return then if where else otherwise
        if (then, otherwise) == (EVERYWHERE, NOWHERE):
            return where
        key = (where, then, otherwise)
        if key not in self._chosen:
            place = min(self._parts[each][0] for each in key)
            self._worked(len(self.variables[place].values))
            below = zip(*(self._diagrams_below(each, place) for each in key), strict=True)
            self._chosen[key] = self._diagram_asking(place, tuple([self.choose(*each) for each in below]))
        return self._chosen[key]

    def _diagrams_below(self, diagram: int, place: int) -> tuple[int, ...]:
        """The diagrams for each value of the variable at `place`; no variable before it is asked in `diagram`."""
        asked, below = self._parts[diagram]
        return below if asked == place else (diagram,) * len(self.variables[place].values)

    def both(self, one: int, other: int) -> int:
        """Where both hold."""
        return self.choose(one, other, NOWHERE)

    def without(self, one: int, other: int) -> int:
        """Where the first holds and the other does not."""
        return self.choose(other, NOWHERE, one)

    def opposite(self, diagram: int) -> int:
        """Where it does not hold."""
        return self.choose(diagram, NOWHERE, EVERYWHERE)

    def any_of(self, diagrams: Iterable[int]) -> int:
        """Where at least one holds."""
        found = NOWHERE
        for each in diagrams:
            found = self.choose(found, EVERYWHERE, each)
        return found

    def all_of(self, diagrams: Iterable[int]) -> int:
        """Where every one holds."""
        found = EVERYWHERE
        for each in diagrams:
            found = self.choose(found, each, NOWHERE)
        return found

    def joined(self, one: int, other: int, join: Callable[[Any, Any], Outcome]) -> int:
        """The outcomes of two diagrams joined; where the first is NOWHERE the second stays as it is."""
        known: dict[tuple[int, int], int] = {}

        def joined(first: int, second: int) -> int:
            if first == NOWHERE:
                return second
            key = (first, second)
            if key not in known:
                place = min(self._parts[first][0], self._parts[second][0])
                self._worked(1 if place == self._end else len(self.variables[place].values))
                if place == self._end:
                    known[key] = self.always(join(self._parts[first][1][0], self._parts[second][1][0]))
                else:
                    below = zip(self._diagrams_below(first, place), self._diagrams_below(second, place), strict=True)
                    known[key] = self._diagram_asking(place, tuple([joined(*each) for each in below]))
            return known[key]

        return joined(one, other)

    # Reading them.

    def satisfied(self, diagram: int, start: Mapping[str, Any]) -> dict[str, Any] | None:
        """A profile where it holds and that leaves `start` as late in the order of the facts as it can; None when there
        is none."""
        if diagram == NOWHERE:
            return None
        profile = dict(start)
        while diagram != EVERYWHERE:
            place, below = self._parts[diagram]
            variable = self.variables[place]
            before = profile[variable.fact]
            present: Value = variable.code in before if variable.code else before
            ways = dict(zip(variable.values, below, strict=True))
            value = present
            if ways.get(present, NOWHERE) == NOWHERE:
                value = next(each for each, way in ways.items() if way != NOWHERE)
            if not variable.code:
                profile[variable.fact] = value
            elif value != present:
                profile[variable.fact] = before | {variable.code} if value else before - {variable.code}
            diagram = ways[value]
        return profile

    def outcome(self, diagram: int, profile: Mapping[str, Any]) -> Any:
        """What the diagram says of one profile."""
        place, below = self._parts[diagram]
        while place != self._end:
            variable = self.variables[place]
            value = profile[variable.fact]
            answer = variable.code in value if variable.code else value
            place, below = self._parts[below[variable.values.index(answer)]]
        return below[0]

    def cubes(self, diagram: int) -> dict[Any, list[Cube]]:
        """The profiles of each outcome but None, in few and wide cubes that may overlap."""
        found: dict[Any, list[Cube]] = {}
        for outcome, cube in self._paths(diagram, ()):
            self._worked(len(cube))
            wide = found.setdefault(outcome, [])
            self._worked(len(wide))
            if not any(_lies_in(cube, other) for other in wide):
                widened = self._widened(diagram, cube, outcome)
                wide[:] = [other for other in wide if not _lies_in(other, widened)] + [widened]
        return found

    def _paths(self, diagram: int, cube: Cube) -> Iterator[tuple[Any, Cube]]:
        place, below = self._parts[diagram]
        if place == self._end:
            if below[0] is not None:
                yield below[0], cube
            return
        variable = self.variables[place]
        self._worked(len(below))
        ways: dict[int, tuple[Value, ...]] = {}
        for value, way in zip(variable.values, below, strict=True):
            ways[way] = (*ways.get(way, ()), value)
        for way, values in ways.items():
            yield from self._paths(way, (*cube, (variable, values)))

    def _widened(self, diagram: int, cube: Cube, outcome: Outcome) -> Cube:
        """The cube with more values, or without a fact, as long as every profile in it has the outcome."""
        wide, goal = dict(cube), self.always(outcome)
        for variable, values in cube:
            free = {other: allowed for other, allowed in wide.items() if other != variable}
            if self._all_lead_to(diagram, free, goal):
                wide = free
                continue
            for value in variable.values:
                tried = (*wide[variable], value)
                if value not in values and self._all_lead_to(diagram, {**wide, variable: tried}, goal):
                    wide[variable] = tried
            wide[variable] = tuple(value for value in variable.values if value in wide[variable])
        return tuple(wide.items())

    def _all_lead_to(self, diagram: int, cube: Mapping[Variable, tuple[Value, ...]], goal: int) -> bool:
        """Whether every profile of the cube ends there."""
        allowed = {self._place[each.fact, each.code]: values for each, values in cube.items()}
        last = max(allowed, default=-1)
        waiting, seen = [diagram], {diagram}
        while waiting:
            number = waiting.pop()
            place, below = self._parts[number]
            self._worked(2)
            # A part that asks something ends in two ways at least, unless the cube leaves out one of them.
            if number != goal and place > last:
                return False
            if number != goal:
                if place in allowed:
                    pairs = zip(self.variables[place].values, below, strict=True)
                    below = tuple([way for value, way in pairs if value in allowed[place]])
                waiting += {*below} - seen
                seen.update(below)
        return True


def _lies_in(narrow: Cube, wide: Cube) -> bool:
    values = dict(narrow)
    return all(set(values.get(variable, variable.values)) <= set(allowed) for variable, allowed in wide)


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
