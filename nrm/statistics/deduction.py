"""What anybody can work out from figures as they are printed: exact, rounded, or with some of them left out.

`linear.py` asks whether a rounded release hides what it must hide; this module asks what a table says at all. The
unknowns are the numbers of people of every possible combination of codes, as whole numbers; a figure gives bounds for
their sum. So it finds what overlapping recodings, linked tables and hidden cells reveal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import highspy
import numpy as np

from nrm.statistics.highs import quiet_solver
from nrm.statistics.linear import NotOptimal
from nrm.statistics.reading import predicate
from nrm.statistics.tables import BASE, Cell, TableSet

COMBINATIONS = 20_000  # of codes; more are not tried
Interval = tuple[int, int]


class TooManyCombinations(Exception):
    """The classifications are too large to try every combination."""


@dataclass(frozen=True)
class Learnt:
    """`whole` is about whom; `scenario` who learns it: A0 anybody, A2 one of those it is about."""

    guarantee: str
    scenario: str
    cell: Cell
    says: str


class Deduction:
    """Bounds of any cell, printed or not, from the bounds of printed ones."""

    def __init__(self, table_set: TableSet, figures: Mapping[Cell, Interval]) -> None:
        self.table_set = table_set
        self.figures = figures
        self._programme: highspy.Highs | None = None
        self._combinations: list[dict[str, str]] = []
        self._costs: list[int] = []

    @property
    def looks_between(self) -> bool:
        """Whether figures that are not printed can be worked out; else only what is printed is read."""
        dimensions = self.table_set.dimensions
        return math.prod(len(dimensions[root].codes) for root in self.table_set.roots) <= COMBINATIONS

    def between(self, cell: Cell) -> Interval:
        """The fewest and the most people a cell can hold. Raises NotOptimal, TooManyCombinations."""
        low, high = self.figures.get(cell, (0, -1))
        if low == high:
            return low, high
        return -self.most([(cell, -1)]), self.most([(cell, 1)])

    def most(self, form: Sequence[tuple[Cell, int]]) -> int:
        """The largest value of a sum of cells. Raises NotOptimal, TooManyCombinations."""
        known = [(factor, self.figures.get(cell, (0, -1))) for cell, factor in form]
        if all(low == high for _, (low, high) in known):
            return sum(factor * low for factor, (low, _) in known)
        solver = self._solver()
        for column in self._costs:
            solver.changeColCost(column, 0.0)
        costs: dict[int, float] = {}
        for cell, factor in form:
            for column in self._columns(cell):
                costs[column] = costs.get(column, 0.0) - factor
        for column, cost in costs.items():
            solver.changeColCost(column, cost)
        self._costs = list(costs)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise NotOptimal
        return -round(solver.getInfo().objective_function_value)

    def _columns(self, cell: Cell) -> list[int]:
        where = predicate(self.table_set, cell)
        return [
            column
            for column, codes in enumerate(self._combinations)
            if all(codes[root] in inside for root, inside in where.items())
        ]

    def _solver(self) -> highspy.Highs:
        if self._programme is None:
            self._combinations = list(self._possible())
            columns = len(self._combinations)
            rows = [self._columns(cell) for cell in self.figures]
            lp = highspy.HighsLp()
            lp.num_col_, lp.num_row_ = columns, len(rows)
            lp.col_cost_ = np.zeros(columns)
            lp.col_lower_, lp.col_upper_ = np.zeros(columns), np.full(columns, highspy.kHighsInf)
            lp.row_lower_ = np.array([float(low) for low, _ in self.figures.values()])
            lp.row_upper_ = np.array([float(high) for _, high in self.figures.values()])
            lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
            lp.a_matrix_.start_ = np.cumsum([0, *map(len, rows)])
            lp.a_matrix_.index_ = np.array([column for row in rows for column in row], dtype=np.int32)
            lp.a_matrix_.value_ = np.ones(sum(map(len, rows)))
            lp.integrality_ = [highspy.HighsVarType.kInteger] * columns
            self._programme = quiet_solver()
            self._programme.passModel(lp)
        return self._programme

    def _possible(self) -> Iterator[dict[str, str]]:
        table_set, roots = self.table_set, self.table_set.roots
        if not self.looks_between:
            raise TooManyCombinations
        for codes in product(*(table_set.dimensions[root].codes for root in roots)):
            if not table_set.is_impossible(tuple(sorted(zip(roots, codes, strict=True)))):
                yield dict(zip(roots, codes, strict=True))


def exact(figures: Mapping[Cell, int]) -> dict[Cell, Interval]:
    """Counts printed as they are."""
    return {cell: (figure, figure) for cell, figure in figures.items()}


def crossings(table_set: TableSet, ways: int) -> Iterator[Cell]:
    """Every cell of codes of up to so many dimensions, printed or not."""
    for number in range(1, ways + 1):
        for roots in combinations(sorted(table_set.roots), number):
            for codes in product(*(table_set.dimensions[root].codes for root in roots)):
                yield tuple(zip(roots, codes, strict=True))


def disclosures(deduction: Deduction, cells: Sequence[Cell]) -> list[Learnt]:
    """What is learnt about the people of these cells: how few they are, and what all of them have in common."""
    found = []
    for cell in cells:
        low, high = deduction.between(cell)
        if low == high and 0 < low < BASE and cell:
            found.append(Learnt("G3", "A0", cell, f"exactly {low} {'person' if low == 1 else 'people'}"))
        if low:
            for root in deduction.table_set.roots:
                if all(root != fixed for fixed, _ in cell):
                    found += _in_common(deduction, cell, root)
    return found


def _in_common(deduction: Deduction, cell: Cell, root: str) -> Iterator[Learnt]:
    """Whether everybody in the cell, or everybody but one who knows it, has one code."""
    table_set = deduction.table_set
    parts = {code: tuple(sorted((*cell, (root, code)))) for code in table_set.dimensions[root].top}
    parts = {code: part for code, part in parts.items() if not table_set.is_impossible(part)}
    if len(parts) < 2 or not (deduction.looks_between or deduction.figures.keys() >= set(parts.values())):
        return
    for code, part in parts.items():
        outside = deduction.most([(cell, 1), (part, -1)])
        if outside == 0:
            yield Learnt("G5", "A0", part, f"everybody is {root} {code}")
        elif outside == 1:
            for other, single in parts.items():
                if other != code and deduction.between(single) == (1, 1):
                    yield Learnt("G5", "A2", part, f"the one who is {root} {other} knows that all others are {code}")
