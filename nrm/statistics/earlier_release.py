"""Earlier releases in a possible world: who may have been there when the quarter opened.

The people at the opening of a quarter are those whom the release before counts at its closing. So a world that changes
them is possible only if there is also a set of earlier people that gives the earlier figures. `EarlierWorld` is one
such set; it is changed together with the world.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product

from ortools.sat.python import cp_model

from nrm.statistics.reading import EarlierRelease, Record, bounds
from nrm.statistics.tables import TableSet

Kind = tuple[str, ...]  # codes of the dimensions of stock and flow, with arrival and departure last


class EarlierCounts:
    """The stock and flow figures of one earlier release, as sums over kinds of people."""

    def __init__(self, table_set: TableSet, release: EarlierRelease) -> None:
        flow = table_set.stock_flow
        assert flow is not None
        self.roots = [table_set.dimensions[name].root for name in (*flow.by, flow.arrival, flow.departure)]
        self.cells = [cell for cell in release.figures if all(root in self.roots for root, _ in cell)]
        self.limits = [bounds(cell, release.figures[cell]) for cell in self.cells]
        self.kinds: list[Kind] = list(product(*(table_set.dimensions[root].codes for root in self.roots)))
        self.inside: dict[Kind, list[int]] = {kind: [] for kind in self.kinds}
        for place, cell in enumerate(self.cells):
            where = [(self.roots.index(root), table_set.leaves(root, member)) for root, member in cell]
            for kind in self.kinds:
                if all(kind[at] in codes for at, codes in where):
                    self.inside[kind].append(place)

    def put_into(self, model: cp_model.CpModel) -> dict[Kind, cp_model.IntVar]:
        """Variables per kind, within the bounds of the figures."""
        most = max(high for _, high in self.limits)
        people = {kind: model.new_int_var(0, most, "") for kind in self.kinds}
        held: list[list[cp_model.IntVar]] = [[] for _ in self.cells]
        for kind, places in self.inside.items():
            for place in places:
                held[place].append(people[kind])
        for variables, (low, high) in zip(held, self.limits, strict=True):
            model.add_linear_constraint(cp_model.LinearExpr.sum(variables), low, high)
        return people


def link(
    model: cp_model.CpModel,
    table_set: TableSet,
    openings: Mapping[Kind, cp_model.LinearExprT],
    earlier: Sequence[EarlierRelease],
) -> list[tuple[EarlierCounts, dict[Kind, cp_model.IntVar]]]:
    """Add the earlier releases to a model: the people of each opening are those of the closing before it.

    `openings` counts people by the codes of the dimensions of stock and flow. These are finer than what is printed,
    because a person keeps the codes from one quarter to the next.
    """
    flow = table_set.stock_flow
    assert flow is not None
    added = []
    for release in earlier:
        counted = EarlierCounts(table_set, release)
        people = counted.put_into(model)
        older: dict[Kind, cp_model.LinearExprT] = {}
        for who in {kind[:-2] for kind in counted.kinds}:
            closing = [people[*who, arrival, flow.closing] for arrival in (flow.opening, flow.admitted)]
            model.add(cp_model.LinearExpr.sum(closing) == openings.get(who, 0))
            older[who] = people[*who, flow.opening, flow.closing] + people[*who, flow.opening, flow.left]
        added.append((counted, people))
        openings = older
    return added


def who_opened(table_set: TableSet, record: Record) -> Kind | None:
    """The kind of person the last release must have counted at its closing for this record."""
    flow = table_set.stock_flow
    if flow is None or record[table_set.roots.index(flow.arrival)] != flow.opening:
        return None
    return tuple(record[table_set.roots.index(table_set.dimensions[name].root)] for name in flow.by)


class EarlierWorld:
    """The last release as it may have been counted; it can be changed while the releases before it stay as they are."""

    def __init__(self, table_set: TableSet, counted: EarlierCounts, people: Counter[Kind]) -> None:
        flow = table_set.stock_flow
        assert flow is not None
        self._flow = flow
        self._counted = counted
        self._people = people
        self._counts = [0] * len(counted.cells)
        for kind, number in people.items():
            for place in counted.inside[kind]:
                self._counts[place] += number

    def copy(self) -> EarlierWorld:
        """A copy that can be changed on its own."""
        other = object.__new__(EarlierWorld)
        other.__dict__ = {**self.__dict__, "_people": Counter(self._people), "_counts": list(self._counts)}
        return other

    def follow(self, leaving: Sequence[Kind], entering: Sequence[Kind]) -> bool:
        """Let these kinds be one less and one more at the last closing, if the figures allow it."""
        change: Counter[Kind] = Counter(entering)
        change.subtract(leaving)
        undo = (Counter(self._people), list(self._counts))
        gone, come = [who for who, n in change.items() if n < 0], [who for who, n in change.items() if n > 0]
        if len(gone) == len(come) == 1 and change[come[0]] == 1 and self._apply(self._instead(gone[0], come[0])):
            return True
        for who, number in change.items():
            for _ in range(abs(number)):
                if not any(self._apply(option) for option in self._options(who, number > 0)):
                    self._people, self._counts = undo
                    return False
        return True

    def _instead(self, gone: Kind, come: Kind) -> dict[Kind, int]:
        end = (self._flow.admitted, self._flow.closing)
        return {(*gone, *end): -1, (*come, *end): 1}

    def _options(self, who: Kind, more: bool) -> list[dict[Kind, int]]:
        flow = self._flow
        options: list[dict[Kind, int]] = []
        for arrival in (flow.admitted, flow.opening):
            stayed, left = (*who, arrival, flow.closing), (*who, arrival, flow.left)
            options.append({stayed: 1, left: -1} if more else {stayed: -1, left: 1})
        options.append({(*who, flow.admitted, flow.closing): 1 if more else -1})
        return options

    def _apply(self, change: Mapping[Kind, int]) -> bool:
        if any(self._people[kind] + number < 0 for kind, number in change.items()):
            return False
        delta: Counter[int] = Counter()
        for kind, number in change.items():
            for place in self._counted.inside[kind]:
                delta[place] += number
        for place, number in delta.items():
            low, high = self._counted.limits[place]
            if number and not low <= self._counts[place] + number <= high:
                return False
        for kind, number in change.items():
            self._people[kind] += number
        for place, number in delta.items():
            self._counts[place] += number
        return True


def _off_centre(
    model: cp_model.CpModel, counted: EarlierCounts, people: Mapping[Kind, cp_model.IntVar]
) -> cp_model.LinearExprT:
    """How far the counts are from the middle of what the figures allow: a set in the middle is easy to change."""
    held: list[list[cp_model.IntVar]] = [[] for _ in counted.cells]
    for kind, places in counted.inside.items():
        for place in places:
            held[place].append(people[kind])
    distances = []
    for variables, (low, high) in zip(held, counted.limits, strict=True):
        distance = model.new_int_var(0, high, "")
        twice = 2 * cp_model.LinearExpr.sum(variables)
        model.add(2 * distance >= twice - (low + high))
        model.add(2 * distance >= (low + high) - twice)
        distances.append(distance)
    return cp_model.LinearExpr.sum(distances)


def possible_earlier_world(
    table_set: TableSet, earlier: Sequence[EarlierRelease], records: Sequence[Record], work_limit: float
) -> EarlierWorld | None:
    """Earlier people that end with those whom these records have at the opening; None when none were found."""
    model = cp_model.CpModel()
    openings = Counter(who for record in records if (who := who_opened(table_set, record)) is not None)
    added = link(model, table_set, openings, earlier)
    model.minimize(_off_centre(model, *added[0]))
    solver = cp_model.CpSolver()
    solver.parameters.catch_sigint_signal = False  # it would swallow Ctrl-C, and reset the handler afterwards
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = work_limit
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    counted, people = added[0]
    return EarlierWorld(
        table_set, counted, Counter({kind: solver.value(variable) for kind, variable in people.items()})
    )
