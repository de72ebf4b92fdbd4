"""Linear bounds of figures, by HiGHS: what can be learnt by adding and subtracting published figures.

`highspy` keeps one thread setting for the whole process, so no module of the program sets it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from nrm.statistics.highs import quiet_solver
from nrm.statistics.reading import (
    ALL_ALIKE,
    AMOUNT,
    FEWER_THAN_FIVE,
    NOBODY,
    SOMEBODY,
    AttackerBelief,
    EarlierRelease,
    Scenario,
    Sums,
    before,
    bounds,
    bounds_of_sum,
    is_whole,
    open_categories,
    predicate,
    sums,
)
from nrm.statistics.tables import BASE, Cell, TableSet

SLACK = 1e-6
BEYOND = 1 << 40  # more than any figure
_WORTH_A_POINT = 2  # sums that one run of the solver has to settle, so that it goes on with all that are left
# Which release: 0 this one, 1 the one before; (belief, release) for linked reports; a column for sums of this one.
Age = int | tuple[int, int] | str


class NotOptimal(Exception):
    """The solver stopped with another status than optimal: the audit counts as failed."""


@dataclass(frozen=True)
class Pinned:
    """A figure that arithmetic pins down: the guarantee that fails, the cell, and what an attacker learns."""

    guarantee: str
    cell: Cell
    learns: str


class Bounds:
    """The figures of one release, and of earlier ones where the scenario reads them, as a linear programme."""

    def __init__(
        self,
        table_set: TableSet,
        figures: Mapping[Cell, int],
        scenario: Scenario,
        printed_sums: Sequence[Sums] = (),
    ) -> None:
        self._number: dict[tuple[Age, Cell], int] = {}
        self._low: list[float] = []
        self._high: list[float] = []
        rows: list[list[tuple[int, float]]] = []
        self._read(table_set, 0, figures, rows)
        exact = {frozenset(fact.where.items()): fact for fact in scenario.facts}
        for cell in figures:
            fact = exact.get(frozenset(predicate(table_set, cell).items()))
            if fact is not None:
                place = self._number[0, cell]
                self._low[place] = max(self._low[place], fact.low)
                self._high[place] = min(self._high[place], fact.high)
        self._link(table_set, scenario.earlier, figures, rows)
        self._put_beliefs(scenario.beliefs, rows)
        for printed in printed_sums:
            self._put_sums(printed, figures, rows)
        self._solver = self._programme(rows)
        self._costs: list[int] = []
        self._points: list[NDArray[np.float64]] = []

    def _read(
        self, table_set: TableSet, age: Age, figures: Mapping[Cell, int], rows: list[list[tuple[int, float]]]
    ) -> None:
        for cell, figure in figures.items():
            low, high = (0, 0) if table_set.is_impossible(cell) else bounds(cell, figure)
            self._number[age, cell] = len(self._low)
            self._low.append(low)
            self._high.append(high)
        for whole, parts in sums(table_set, figures.keys()):
            rows.append([(self._number[age, whole], -1.0), *((self._number[age, part], 1.0) for part in parts)])

    def _link(
        self,
        table_set: TableSet,
        earlier: Sequence[EarlierRelease],
        figures: Mapping[Cell, int],
        rows: list[list[tuple[int, float]]],
    ) -> None:
        """Earlier releases, the newest first: the opening of one is the closing of the next."""
        newer = figures
        for age, release in enumerate(earlier, 1):
            self._read(table_set, age, release.figures, rows)
            for cell in newer:
                closing = before(table_set, cell)
                if closing is not None and closing in release.figures:
                    rows.append([(self._number[age - 1, cell], 1.0), (self._number[age, closing], -1.0)])
            newer = release.figures

    def _put_beliefs(self, beliefs: Sequence[AttackerBelief], rows: list[list[tuple[int, float]]]) -> None:
        """Add linked releases: their figures, and the equations that their people are those of this release."""
        for number, belief in enumerate(beliefs):
            for place, (other_set, figures) in enumerate(belief.releases):
                self._read(other_set, (number, place), figures, rows)
            for own, others in belief.equal:
                row = [(self._number[0, cell], 1.0) for cell in own]
                rows.append(row + self._sum_of_linked(number, belief, others))
            for whole, others in belief.at_least:
                spare = len(self._low)  # the people of the cell who are not among the others
                self._low.append(0)
                self._high.append(highspy.kHighsInf)
                row = [(self._number[0, whole], 1.0), (spare, -1.0)]
                rows.append(row + self._sum_of_linked(number, belief, others))

    def _sum_of_linked(self, number: int, belief: AttackerBelief, others: Sequence[Cell]) -> list[tuple[int, float]]:
        places = range(len(belief.releases))
        return [(self._number[(number, place), cell], -1.0) for place in places for cell in others]

    def _put_sums(self, printed: Sums, figures: Mapping[Cell, int], rows: list[list[tuple[int, float]]]) -> None:
        """Add printed sums in units of what one person can have at most: so a sum is at most the number of people."""
        for cell, figure in printed.figures.items():
            low, high = bounds_of_sum(figure, printed.most)
            if printed.table_set.is_impossible(cell):
                low = high = 0
            self._number[printed.column, cell] = len(self._low)
            self._low.append(low / printed.most)
            self._high.append(high / printed.most)
            if cell in figures:
                spare = len(self._low)
                self._low.append(0)
                self._high.append(highspy.kHighsInf)
                number = self._number[0, cell]
                rows.append([(self._number[printed.column, cell], 1.0), (number, -1.0), (spare, 1.0)])
        for whole, parts in sums(printed.table_set, printed.figures.keys()):
            of = [(self._number[printed.column, part], 1.0) for part in parts]
            rows.append([(self._number[printed.column, whole], -1.0), *of])

    def _programme(self, rows: list[list[tuple[int, float]]]) -> highspy.Highs:
        solver = quiet_solver()
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self._low), len(rows)
        lp.col_cost_ = np.zeros(len(self._low))
        lp.col_lower_, lp.col_upper_ = np.array(self._low), np.array(self._high)
        lp.row_lower_ = lp.row_upper_ = np.zeros(len(rows))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *(len(row) for row in rows)])
        lp.a_matrix_.index_ = np.array([column for row in rows for column, _ in row])
        lp.a_matrix_.value_ = np.array([value for row in rows for _, value in row])
        solver.passModel(lp)
        return solver

    def extent(self, cells: Sequence[Cell]) -> tuple[int, int]:
        """The fewest and the most that a sum of figures can be. Raises NotOptimal."""
        low = 0
        while not self.reaches([(cell, -1.0) for cell in cells], -low):
            low += 1
        high = low
        while self.reaches([(cell, 1.0) for cell in cells], high + 1):
            high += 1
        return low, high

    def is_open_by(self, width: float, cell: Cell, *, age: Age = 0) -> bool:
        """Whether two values of a figure are so far apart. Raises NotOptimal."""
        place = self._number[age, cell]
        for factor in (0.0, 1.0, -1.0):
            if factor:
                self.reaches(((cell, factor),), BEYOND, age=age)  # so that its end is among the points
            values = [point[place] for point in self._points]
            if values and max(values) - min(values) >= width - SLACK:
                return True
        return False

    def reaches(self, form: Sequence[tuple[Cell, float]], least: int, *, age: Age = 0) -> bool:
        """Whether a sum of figures of one release can be `least` or more. Raises NotOptimal."""
        terms = [(self._number[age, cell], factor) for cell, factor in form]
        for point in self._points:
            if _value(terms, point) >= least - SLACK:
                return True
        highest = self._highest(terms)
        if highest is None:
            raise NotOptimal
        return math.floor(_value(terms, highest) + SLACK) >= least

    def reach_together(self, forms: Sequence[tuple[Sequence[tuple[Cell, float]], int]]) -> None:
        """Look for points at which many of these sums reach their values: `reaches` asks the solver for the others."""
        open_forms = [([(self._number[0, cell], factor) for cell, factor in form], least) for form, least in forms]
        reached = len(open_forms)
        while reached >= _WORTH_A_POINT and open_forms:
            together: dict[int, float] = {}
            for terms, _ in open_forms:
                for place, factor in terms:
                    together[place] = together.get(place, 0.0) + factor
            point = self._highest(list(together.items()))
            if point is None:
                return
            left = [(terms, least) for terms, least in open_forms if _value(terms, point) < least - SLACK]
            reached = len(open_forms) - len(left)
            open_forms = left

    def _highest(self, terms: Sequence[tuple[int, float]]) -> NDArray[np.float64] | None:
        """A point where the sum of these is highest; it is kept. None where the solver finds no optimum."""
        for place in self._costs:
            self._solver.changeColCost(place, 0.0)
        for place, factor in terms:
            self._solver.changeColCost(place, -factor)
        self._costs = [place for place, _ in terms]
        self._solver.run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        point = np.array(self._solver.getSolution().col_value)
        self._points.append(point)
        return point


def _value(terms: Sequence[tuple[int, float]], point: NDArray[np.float64]) -> float:
    return float(sum(factor * point[place] for place, factor in terms))


def pinned_in_linked(table_set: TableSet, figures: Mapping[Cell, int], scenario: Scenario) -> list[Pinned]:
    """Figures of linked releases that this release and they together pin down. Raises NotOptimal.

    The true people of those releases are no longer known here; so every figure that hides whether anybody is there
    must still hide it.
    """
    together = Bounds(table_set, figures, scenario)
    found = []
    for number, belief in enumerate(scenario.beliefs):
        for place, (other_set, others) in enumerate(belief.releases):
            alone = Bounds(other_set, others, Scenario("alone"))
            for cell, figure in others.items():
                if figure > BASE or not cell or other_set.is_impossible(cell) or is_whole(other_set, cell):
                    continue
                for guarantee, learns, factor, least in (("G3", SOMEBODY, -1.0, 0), ("G4", NOBODY, 1.0, 1)):
                    form = ((cell, factor),)
                    if alone.reaches(form, least) and not together.reaches(form, least, age=(number, place)):
                        found.append(Pinned(guarantee, (), learns))
    return found


def narrow_sums(
    table_set: TableSet,
    figures: Mapping[Cell, int],
    true: Mapping[Cell, int],
    scenario: Scenario,
    printed: Sums,
    cells: Sequence[Cell],
) -> list[Pinned]:
    """Sums, of these cells, that arithmetic tells nearer than what one person can have. Raises NotOptimal.

    Of fewer than five people the sum must possibly be 0, and `most` or more; of others it must be open by `most`.
    """
    system = Bounds(table_set, figures, scenario, [printed])
    found = []
    for cell in cells:
        form = ((cell, 1.0),)
        if true[cell] < BASE:
            less = ((cell, -1.0),)
            is_open = system.reaches(form, 1, age=printed.column) and system.reaches(less, 0, age=printed.column)
        else:
            is_open = system.is_open_by(1, cell, age=printed.column)
        if not is_open:
            found.append(Pinned("G10", cell, AMOUNT))
    return found


@dataclass(frozen=True)
class _Question:
    """A question: at least one of the linear forms must be able to reach its value."""

    guarantee: str
    cell: Cell
    learns: str
    forms: tuple[tuple[tuple[tuple[Cell, float], ...], int], ...]


def pinned(
    table_set: TableSet, figures: Mapping[Cell, int], true: Mapping[Cell, int], scenario: Scenario
) -> list[Pinned]:
    """Figures for which arithmetic alone shows that somebody is there, nobody is, or all are alike. Raises NotOptimal.

    For a true 1 to 4: 0 must be possible, and where 5 is printed also 5 or more (to the holder of a register: one of
    the two); for a true 0: 1 must be; for two or more people and each of their categories: it must be possible that
    somebody is not in it.
    """
    system = Bounds(table_set, figures, scenario)
    questions = _questions(table_set, figures, true, scenario)
    system.reach_together([form for question in questions for form in question.forms])
    return [
        Pinned(question.guarantee, question.cell, question.learns)
        for question in questions
        if not any(system.reaches(form, least) for form, least in question.forms)
    ]


def _questions(
    table_set: TableSet, figures: Mapping[Cell, int], true: Mapping[Cell, int], scenario: Scenario
) -> list[_Question]:
    asked = []
    for cell, figure in figures.items():
        if cell in scenario.exempt or table_set.is_impossible(cell) or is_whole(table_set, cell):
            continue
        if true[cell] == 0:
            asked.append(_Question("G4", cell, NOBODY, ((((cell, 1.0),), 1),)))
        elif true[cell] < 5 and cell:
            none = () if cell in scenario.present else ((((cell, -1.0),), 0),)
            five = ((((cell, 1.0),), 5),) if figure and scenario.asks_for_five else ()
            either = [(SOMEBODY, none + five)]
            alternatives = either if scenario.registers else [(SOMEBODY, none), (FEWER_THAN_FIVE, five)]
            asked += [_Question("G3", cell, learns, forms) for learns, forms in alternatives if forms]
    for whole, parts in sums(table_set, figures.keys()):
        open_parts = open_categories(table_set, parts, true.__getitem__, scenario)
        if true[whole] >= 2 and len(open_parts) >= 2 and len(whole) < len(parts[0]):
            asked += [
                _Question("G5", part, ALL_ALIKE, ((((whole, 1.0), (part, -1.0)), 1),))
                for part in open_parts
                if true[part]
            ]
    return asked
