"""Joint controlled rounding: every printed figure becomes a multiple of 5, and all tables still add up (ADR 0005).

One integer programme over all tables of a release (and the frozen figures of the release before). A figure of
0 to 4 people is printed 0 or 5, so that neither says whether anybody is there; a larger one moves to a neighbouring
multiple of 5, or at a price one further. Which solution is taken depends on secret noise.

From one release to the next a figure has *inertia* (ADR 0079): each step of 5 away from what was last printed for it
costs the same, whoever is counted in it. The objective over cells c with the true number x, the printed figure 5 z, the
figure last printed 5 y, and weight w (`TableSet.weights`) is

    sum of w (|5 z - x| + noise + 20 if 5 z is not next to x + 10 |z - y|)

in people; the last term only where something was printed for the cell before.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from nrm.statistics.cells import Layout
from nrm.statistics.relaxation import relaxed, up_to
from nrm.statistics.tables import BASE, Cell, StockFlow

SCALE = 100  # the solver wants integers: costs are kept in hundredths
OUTSIDE = 20  # price of a figure that is not next to the true one
# Standard deviation of the secret noise, in people. It is weighted like the error: were it not, a figure of one
# dimension would nearly always be the nearest multiple of 5, and 0 would mean 0 to 2.
NOISE = 3.0
INERTIA = 10  # price of each step of 5 away from the figure last printed for the same cell
WORK_LIMIT = 20.0  # the solver's deterministic units, about seconds
GAP = 0.001  # how much more than the best solution a rounding may cost, as a share
MANY = 3000  # with at least so many figures the linear relaxation is solved first; fewer are faster without
# A choice is settled if its reduced cost is more than this share of the gap. Such a narrowed search either ends at once
# or takes very long; so two short ones are tried, and their best is taken if it is within WIDE_GAP.
SHARES = (0.2, 0.35)
NARROW_WORK_LIMIT = 0.7
WIDE_GAP = 0.01
LEVEL_WORK_LIMIT = 5.0  # for the figures of one number of dimensions, where the figures of fewer are settled before
_FOUND = (cp_model.OPTIMAL, cp_model.FEASIBLE)
WALL_LIMIT = 600.0  # seconds; only a safety net: if it were reached, figures would depend on how busy the machine is


class CannotRound(Exception):
    """No roundings that add up were found within the work limit."""


Figures = Mapping[Cell, int]
"""Printed figures in units of 5."""

NOTHING_PRINTED: Figures = MappingProxyType({})


def secret_stream(seed: bytes, *label: object) -> np.random.Generator:
    """Noise that only the holder of the seed can repeat."""
    digest = hmac.digest(seed, repr(label).encode(), "sha256")
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def round_total(people: int, noise: np.random.Generator, last: Figures = NOTHING_PRINTED) -> int:
    """The grand total in units of 5: as last printed while that is within 4 of the truth, else drawn without bias
    from the multiple below and the one above.
    """
    if () in last and abs(BASE * last[()] - people) < BASE:
        return last[()]
    whole, rest = divmod(people, BASE)
    return whole + (1 if noise.random() * BASE < rest else 0)


def fixed_openings(layout: Layout, last: Figures, flow: StockFlow | None) -> dict[int, int]:
    """The cells of this release that are last release's closing figures, with their values."""
    if flow is None:
        return {}
    opening, closing = (flow.arrival, flow.opening), (flow.departure, flow.closing)
    fixed = {}
    for number, cell in enumerate(layout.cells):
        if opening in cell:
            before = tuple(sorted({*cell, closing} - {opening}))
            if before in last:
                fixed[number] = last[before]
    return fixed


def round_jointly(
    layout: Layout,
    counts: NDArray[Any],
    total: int | None,
    noise: np.random.Generator,
    *,
    last: Figures = NOTHING_PRINTED,
    closing: Figures | None = None,
) -> dict[Cell, int]:
    """Printed figures in units of 5, cell by cell. `total` is the grand total as round_total gave it; None leaves it to
    the noise as any other figure, which is for sums: counts of people in units of what one can have at most. `last` is
    what the release before printed. The openings are its closings, or those of `closing` where that is given.

    Raises CannotRound.
    """
    table_set = layout.table_set
    fixed = (
        fixed_openings(layout, last if closing is None else closing, table_set.stock_flow)
        | dict.fromkeys(layout.impossible, 0)
        | ({} if total is None else {0: total})
    )
    model = cp_model.CpModel()
    figures: list[cp_model.LinearExprT] = []
    costs: list[cp_model.LinearExprT] = []
    ways: list[int] = []  # of how many dimensions the figure is that a choice is about
    shaken = noise.normal(0.0, NOISE, size=(len(layout.cells), 5))
    for number, cell in enumerate(layout.cells):
        if number in fixed:
            figures.append(fixed[number])
            continue
        true = counts[number].item()
        values = domain(true)
        before = last.get(cell)
        moved = [0 if before is None else INERTIA * abs(value - before) for value in values]
        price = [
            round(SCALE * table_set.weights[len(cell)] * (_miss(value, true) + shaken[number, place] + moved[place]))
            for place, value in enumerate(values)
        ]
        if len(values) == 1:
            figures.append(values[0])
            continue
        picks = [model.new_bool_var("") for _ in values[1:]]
        ways += [len(cell)] * len(picks)
        if len(picks) > 1:
            model.add_at_most_one(picks)
        steps = [value - values[0] for value in values[1:]]
        figures.append(values[0] + cp_model.LinearExpr.weighted_sum(picks, steps))
        costs.append(cp_model.LinearExpr.weighted_sum(picks, [extra - price[0] for extra in price[1:]]))
    for whole, parts in layout.relations:
        if fixed.keys() >= {whole, *parts}:
            continue  # what earlier releases printed may not add up by a definition that they did not know
        model.add(cp_model.LinearExpr.sum([figures[part] for part in parts]) == figures[whole])
    model.minimize(cp_model.LinearExpr.sum(costs))
    solver = _solved(model, int(noise.integers(1 << 30)), ways, many=len(layout.cells) >= MANY)
    return {
        cell: figure if isinstance(figure, int) else int(solver.value(figure))
        for cell, figure in zip(layout.cells, figures, strict=True)
    }


class _Enough(cp_model.CpSolverSolutionCallback):
    """Ends the search at the first solution that costs at most `most`."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self._most = most

    def on_solution_callback(self) -> None:
        if self.objective_value <= self._most:
            self.stop_search()


def _solved(model: cp_model.CpModel, seed: int, ways: Sequence[int], *, many: bool) -> cp_model.CpSolver:
    """A solver with a solution within GAP of the best one, or the best one that was found within the work limit.

    Raises CannotRound.
    """
    if many:
        narrowed = _narrowed(model, seed) or _by_levels(model, seed, ways)
        if narrowed is not None:
            return narrowed
    solver = _solver(seed, WORK_LIMIT)
    if solver.solve(model) not in _FOUND:
        raise CannotRound
    return solver


def _narrowed(model: cp_model.CpModel, seed: int) -> cp_model.CpSolver | None:
    """A rounding found in a few short searches over what the linear relaxation leaves open; None if there is none."""
    relaxation = relaxed(model)
    if relaxation is None:
        return None
    most, best = relaxation.dearest_within(GAP), None
    for attempt, share in enumerate(SHARES):
        solver = _solver(seed + attempt, NARROW_WORK_LIMIT)
        narrow = relaxation.narrowed(model, share * (most - relaxation.optimum))
        if solver.solve(narrow, _Enough(most)) in _FOUND and (
            best is None or solver.objective_value < best.objective_value
        ):
            best = solver
        if best is not None and best.objective_value <= most:
            return best
    return best if best is not None and best.objective_value <= relaxation.dearest_within(WIDE_GAP) else None


def _by_levels(model: cp_model.CpModel, seed: int, ways: Sequence[int]) -> cp_model.CpSolver | None:
    """A rounding of the figures of one dimension first, then with these of two, then of three.

    It costs a little more than the best one, and takes seconds where a search over everything finds none in an hour.
    None if the figures settled first leave no rounding of the others.
    """
    settled: dict[int, int] = {}
    solver = None
    for level in sorted(set(ways)):
        solver = _solver(seed, LEVEL_WORK_LIMIT)
        if solver.solve(up_to(level, model, ways, settled)) not in _FOUND:
            return None
        settled = {
            number: int(solver.value(model.get_bool_var_from_proto_index(number)))
            for number, way in enumerate(ways)
            if way <= level
        }
    return solver


def _solver(seed: int, work_limit: float) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.catch_sigint_signal = False  # it would swallow Ctrl-C, and reset the handler afterwards
    # One worker on the full linear relaxation: the same answer every time, and thirty times as fast as two that take
    # turns (0.05 s against 1.4 s for 895 figures), because the relaxation is nearly whole already.
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = work_limit
    solver.parameters.max_time_in_seconds = WALL_LIMIT
    solver.parameters.relative_gap_limit = GAP
    return solver


def domain(true: float) -> list[int]:
    """The multiples of 5, in units of 5, that may be printed for this number of people."""
    if true < BASE:
        return [0, 1]
    return list(range(max(1, int(true // BASE) - 1), math.ceil(true / BASE) + 2))


def _miss(value: int, true: float) -> float:
    outside = not true // BASE <= value <= math.ceil(true / BASE)
    return abs(BASE * value - true) + (OUTSIDE if outside else 0)
