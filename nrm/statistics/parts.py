"""Round many linked figures by parts: first what tables share, then each table by itself (ADR 0107).

Tables of three dimensions hang together by the margins that they share. Once these are settled, the figures of one
table say nothing of those of another: six searches over two thousand figures each end where one over ten thousand finds
nothing. The margins are settled by number of dimensions, all of a number together, and so that every finer figure can
still be placed between its lowest and its highest one: domains are narrowed until each sum can be reached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from ortools.sat.python import cp_model

from nrm.statistics.cells import Layout

Relation = tuple[int, tuple[int, ...]]


@dataclass(frozen=True)
class Choice:
    """The figures that may be printed for a cell, in units of 5 and ascending, and what each of them costs."""

    values: Sequence[int]
    prices: Sequence[int]

    def within(self, low: int, high: int) -> Choice:
        """The choice among the figures from `low` to `high`."""
        kept = [(value, price) for value, price in zip(self.values, self.prices, strict=True) if low <= value <= high]
        return Choice([value for value, _ in kept], [price for _, price in kept])


Search = Callable[[cp_model.CpModel], cp_model.CpSolver | None]
"""A solver that holds a solution of the model, or None."""


@dataclass(frozen=True)
class Programme:
    """A model of some cells: which figure each of them is in it."""

    model: cp_model.CpModel
    figures: Mapping[int, cp_model.LinearExprT]

    def solved(self, search: Search) -> dict[int, int] | None:
        """The figures that the search finds; None if it finds none."""
        solver = search(self.model)
        if solver is None:
            return None
        return {
            cell: figure if isinstance(figure, int) else int(solver.value(figure))
            for cell, figure in self.figures.items()
        }


def programme(choices: Mapping[int, Choice], relations: Sequence[Relation], settled: Mapping[int, int]) -> Programme:
    """The cheapest figures of these cells, beside settled ones, for which the relations hold.

    A relation that has any other cell is left out, and so is one that is settled as a whole: what earlier releases
    printed may not add up by a definition that they did not know.
    """
    model = cp_model.CpModel()
    figures: dict[int, cp_model.LinearExprT] = {}
    costs: list[cp_model.LinearExprT] = []
    for cell, choice in choices.items():
        lowest, price = choice.values[0], choice.prices[0]
        if len(choice.values) == 1:
            figures[cell] = lowest
            continue
        picks = [model.new_bool_var("") for _ in choice.values[1:]]
        if len(picks) > 1:
            model.add_at_most_one(picks)
        figures[cell] = lowest + cp_model.LinearExpr.weighted_sum(
            picks, [value - lowest for value in choice.values[1:]]
        )
        costs.append(cp_model.LinearExpr.weighted_sum(picks, [extra - price for extra in choice.prices[1:]]))
    known = {**settled, **figures}
    for whole, parts in relations:
        cells = {whole, *parts}
        if cells <= known.keys() and not cells <= settled.keys():
            model.add(cp_model.LinearExpr.sum([known[part] for part in parts]) == known[whole])
    model.minimize(cp_model.LinearExpr.sum(costs))
    return Programme(model, figures)


def rounded_by_parts(
    layout: Layout, choices: Mapping[int, Choice], settled: Mapping[int, int], search: Search
) -> dict[int, int] | None:
    """Figures of all cells; `choices` are those of all cells but the settled. They cost a little more than the best.

    None if there is one part alone, or if one of them has no figures.
    """
    shared = _shared(layout)
    parts = list(_parts([cell for cell in choices if cell not in shared], layout.relations))
    if len(parts) < 2:
        return None
    own = dict(settled)
    deepest = max(map(len, layout.cells))
    for ways in range(1, deepest):
        free = [cell for cell in choices if len(layout.cells[cell]) == ways]
        found = _settle(layout, choices, free, own, search)
        if found is None:
            return None
        own |= found
    own = {cell: figure for cell, figure in own.items() if cell in settled or cell in shared}
    for part in parts:
        found = _settle(layout, choices, part, own, search)
        if found is None:
            return None
        own |= found
    return own


def _settle(
    layout: Layout, choices: Mapping[int, Choice], cells: Collection[int], settled: Mapping[int, int], search: Search
) -> dict[int, int] | None:
    relations = [each for each in layout.relations if not settled.keys() >= {each[0], *each[1]}]
    low = [0] * len(layout.cells)
    high = [0] * len(layout.cells)
    for cell, choice in choices.items():
        low[cell], high[cell] = choice.values[0], choice.values[-1]
    for cell, figure in settled.items():
        low[cell] = high[cell] = figure
    if not _narrow(low, high, relations):
        return None
    narrowed = {cell: choices[cell].within(low[cell], high[cell]) for cell in cells}
    if not all(choice.values for choice in narrowed.values()):
        return None
    return programme(narrowed, relations, settled).solved(search)


def _narrow(low: list[int], high: list[int], relations: Sequence[Relation]) -> bool:
    """Narrow the bounds until each sum can be reached from all of its parts; False if one cannot."""
    changed = True
    while changed:
        changed = False
        for whole, parts in relations:
            least, most = sum(low[part] for part in parts), sum(high[part] for part in parts)
            moved = _within(low, high, whole, least, most)
            if low[whole] > least or high[whole] < most:
                for part in parts:
                    others = low[whole] - most + high[part], high[whole] - least + low[part]
                    moved |= _within(low, high, part, *others)
            changed |= moved
            if low[whole] > high[whole] or any(low[part] > high[part] for part in parts):
                return False
    return True


def _within(low: list[int], high: list[int], cell: int, least: int, most: int) -> bool:
    """Narrow the bounds of one cell to these; whether they changed."""
    before = low[cell], high[cell]
    low[cell], high[cell] = max(before[0], least), min(before[1], most)
    return (low[cell], high[cell]) != before


def _shared(layout: Layout) -> set[int]:
    """The cells that stand in more than one table."""
    tables: Counter[frozenset[str]] = Counter()
    for table in layout.table_set.tables:
        roots = sorted({layout.table_set.dimensions[name].root for name in table.by})
        tables.update(frozenset(some) for ways in range(len(roots) + 1) for some in combinations(roots, ways))
    return {number for number, cell in enumerate(layout.cells) if tables[frozenset(root for root, _ in cell)] > 1}


def _parts(free: Sequence[int], relations: Sequence[Relation]) -> Iterable[list[int]]:
    """The cells in parts that no relation ties to each other."""
    leader = {cell: cell for cell in free}

    def of(cell: int) -> int:
        while leader[cell] != cell:
            leader[cell] = cell = leader[leader[cell]]
        return cell

    for whole, parts in relations:
        tied = [of(cell) for cell in (whole, *parts) if cell in leader]
        for other in tied[1:]:
            leader[of(other)] = of(tied[0])
    together: dict[int, list[int]] = {}
    for cell in free:
        together.setdefault(of(cell), []).append(cell)
    return together.values()
