"""The roundings that follow one release, many of them: built once, and solved as a linear programme.

The gate for differences (`one_person.py`) asks how a release would be followed, some hundred times: by nearly the same
people, with other noise. Only prices, domains and the grand total differ between them, so the programme is built once.
Prices, domains, sums and the order of the noise are those of `round_jointly`. With inertia the optimum of the linear
relaxation is whole nearly always, and then it is the best rounding, which `round_jointly` finds to within 0.1 %.
Where it is not whole, `round_jointly` is asked (measured in ADR 0094).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from nrm.statistics.cells import Layout
from nrm.statistics.highs import quiet_solver
from nrm.statistics.protect import (
    INERTIA,
    NOISE,
    OUTSIDE,
    SCALE,
    Figures,
    fixed_openings,
    round_jointly,
    round_total,
    secret_stream,
)
from nrm.statistics.reading import Record
from nrm.statistics.tables import BASE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ITERATIONS = 200_000  # of the simplex method in one rounding; far more than any takes
WHOLE = 1e-6


class Counts:
    """How many people each figure counts; what a record counts in is found once."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._places: dict[Record, Ints] = {}

    def of(self, records: Sequence[Record]) -> Ints:
        """The true numbers, in the order of the cells."""
        return self.added(Counter(records))

    def added(self, numbers: Mapping[Record, int]) -> Ints:
        """The sums of what all people with a record have together, in the order of the cells."""
        new = [record for record in numbers if record not in self._places]
        for start in range(0, len(new), 1000):
            some = new[start : start + 1000]
            inside = self._layout.membership(some).T
            self._places.update((record, np.flatnonzero(row)) for record, row in zip(some, inside, strict=True))
        counts = np.zeros(len(self._layout.cells), dtype=np.int64)
        if numbers:
            places = [self._places[record] for record in numbers]
            counts += np.bincount(
                np.concatenate(places),
                np.repeat(list(numbers.values()), [len(each) for each in places]),
                minlength=len(counts),
            ).astype(np.int64)
        return counts


def domains(counts: Ints) -> tuple[Ints, Ints]:
    """The lowest and the highest figure that may be printed, in units of 5, for these numbers of people."""
    few = counts < BASE
    low = np.where(few, 0, np.maximum(1, counts // BASE - 1))
    return low, np.where(few, 1, -(-counts // BASE) + 1)


class NextRoundings:
    """Roundings of nearly the same people after one release. `closing`: the figures that openings are fixed to."""

    def __init__(self, layout: Layout, records: Sequence[Record], closing: Figures) -> None:
        self._layout, self._closing = layout, closing
        self._counts = Counts(layout)
        self._fixed = fixed_openings(layout, closing, layout.table_set.stock_flow)
        self._fixed |= dict.fromkeys(layout.impossible, 0)
        size = len(layout.cells)
        self._free = np.ones(size, dtype=np.bool_)
        self._free[[0, *self._fixed]] = False
        self._constant = np.zeros(size, dtype=np.int64)
        for number, figure in self._fixed.items():
            self._constant[number] = figure
        self._weights = SCALE * np.array([layout.table_set.weights[len(cell)] for cell in layout.cells], dtype=float)
        self._fit(self._counts.of(records))

    def _fit(self, counts: Ints) -> None:
        """Build the programme: with one person more or less it has every figure that may be printed then."""
        self._low, self._high = domains(np.maximum(counts - 1, 0))[0], domains(counts + 1)[1]
        self._slots = int((self._high - self._low).max()) + 1
        self._programme = _Programme(self._layout, self._free, self._low, self._slots)

    def round(self, records: Sequence[Record], last: Figures, seed: bytes, label: Sequence[object]) -> dict[Any, int]:
        """Printed figures in units of 5. Raises CannotRound."""
        noise = secret_stream(seed, *label)
        counts = self._counts.of(records)
        total = round_total(len(records), noise, last)
        low, high = domains(counts)
        if not ((low >= self._low) & (high <= self._high))[self._free].all():
            self._fit(counts)
        shaken = noise.normal(0.0, NOISE, size=(len(counts), 5))
        before = np.array([last.get(cell, -1) for cell in self._layout.cells], dtype=np.int64)
        constant = self._constant.copy()
        constant[0] = total
        found = self._programme.solve(*self._priced(counts, low, high, before, shaken), constant)
        if found is None:
            noise = secret_stream(seed, *label)
            round_total(len(records), noise, last)
            return round_jointly(self._layout, counts, total, noise, last=last, closing=self._closing)
        return dict(zip(self._layout.cells, found.tolist(), strict=True))

    def _priced(
        self, counts: Ints, low: Ints, high: Ints, before: Ints, shaken: Floats
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """What each figure would cost, by cell and by steps above the lowest, and which may be printed at all."""
        value = self._low[:, None] + np.arange(self._slots)
        may_be = (value >= low[:, None]) & (value <= high[:, None])
        true = counts[:, None]
        outside = (value < true // BASE) | (value > -(-true // BASE))
        moved = np.where(before[:, None] < 0, 0, INERTIA * np.abs(value - before[:, None]))
        own = np.take_along_axis(shaken, np.clip(value - low[:, None], 0, shaken.shape[1] - 1), axis=1)
        missed = np.abs(BASE * value - true) + np.where(outside, OUTSIDE, 0)
        return np.rint(self._weights[:, None] * (missed + own + moved)), may_be


class _Programme:
    """Choices of a figure for each cell that is free: one column for each step above the lowest figure."""

    def __init__(self, layout: Layout, free: NDArray[np.bool_], low: Ints, slots: int) -> None:
        self._free, self._low, self._slots = free, low, slots
        self._cells = np.flatnonzero(free)
        self._count = len(self._cells)
        column = np.full(len(free), -1)
        column[self._cells] = np.arange(self._count) * (slots - 1)
        self._relations = [
            (whole, parts)
            for whole, parts in layout.relations
            if free[whole] or free[list(parts)].any()  # what is fixed may not add up by a definition that came later
        ]
        starts: list[int] = [0]
        index: list[int] = []
        value: list[int] = []
        for whole, parts in self._relations:
            for cell, sign in ((whole, -1), *((part, 1) for part in parts)):
                if free[cell]:
                    index += range(column[cell], column[cell] + slots - 1)
                    value += [sign * step for step in range(1, slots)]
            starts.append(len(index))
        for place in range(self._count):
            index += range(place * (slots - 1), (place + 1) * (slots - 1))
            value += [1] * (slots - 1)
            starts.append(len(index))
        programme = highspy.HighsLp()
        columns = self._count * (slots - 1)
        programme.num_col_, programme.num_row_ = columns, len(self._relations) + self._count
        programme.col_cost_ = np.zeros(columns)
        programme.col_lower_, programme.col_upper_ = np.zeros(columns), np.ones(columns)
        programme.row_lower_ = programme.row_upper_ = np.zeros(programme.num_row_)
        programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        programme.a_matrix_.start_ = np.array(starts)
        programme.a_matrix_.index_ = np.array(index, dtype=np.int32)
        programme.a_matrix_.value_ = np.array(value, dtype=float)
        self._solver: Any = quiet_solver()
        self._solver.setOptionValue("simplex_iteration_limit", ITERATIONS)
        self._solver.passModel(programme)
        self._columns = np.arange(columns, dtype=np.int32)
        self._rows = np.arange(programme.num_row_, dtype=np.int32)

    def solve(self, prices: Floats, may_be: NDArray[np.bool_], constant: Ints) -> Ints | None:
        """The cheapest figures that add up, `constant` where a cell is not free; None where the optimum is not whole
        or none was found."""
        prices, may_be = prices[self._cells], may_be[self._cells]
        solver, count, steps = self._solver, self._count, self._slots - 1
        lowest = np.where(self._free, self._low, constant)
        gap = [lowest[whole] - lowest[list(parts)].sum() for whole, parts in self._relations]
        # Without its lowest figure, a cell has one of the others.
        low = np.concatenate([gap, np.where(may_be[:, 0], 0.0, 1.0)])
        high = np.concatenate([gap, np.ones(count)])
        costs = np.where(may_be[:, 1:], prices[:, 1:] - np.where(may_be[:, :1], prices[:, :1], 0), 0).reshape(-1)
        solver.changeColsCost(len(costs), self._columns, costs)
        solver.changeColsBounds(
            len(costs), self._columns, np.zeros(len(costs)), may_be[:, 1:].reshape(-1).astype(float)
        )
        solver.changeRowsBounds(len(self._rows), self._rows, low.astype(float), high.astype(float))
        solver.clearSolver()
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        picked = np.array(solver.getSolution().col_value)
        whole = np.rint(picked)
        if np.abs(picked - whole).max(initial=0.0) > WHOLE:
            return None
        figures = lowest.copy()
        figures[self._cells] += (whole.reshape(count, steps) @ np.arange(1, self._slots)).astype(np.int64)
        return figures
