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
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from nrm.statistics.cells import Layout
from nrm.statistics.parts import Choice, programme, rounded_by_parts
from nrm.statistics.relaxation import relaxed
from nrm.statistics.tables import BASE, Cell, StockFlow

SCALE = 100  # the solver wants integers: costs are kept in hundredths
OUTSIDE = 20  # price of a figure that is not next to the true one
# Standard deviation of the secret noise, in people. It is weighted like the error: were it not, a figure of one
# dimension would nearly always be the nearest multiple of 5, and 0 would mean 0 to 2.
NOISE = 3.0
INERTIA = 10  # price of each step of 5 away from the figure last printed for the same cell
WORK_LIMIT = 20.0  # the solver's deterministic units, about seconds
GAP = 0.001  # how much more than the best solution a rounding may cost, as a share
MANY = (
    3000  # at least so many figures are rounded by parts, else from their linear relaxation; fewer are faster without
)
# A choice is settled if its reduced cost is more than this share of the gap. Such a narrowed search either ends at once
# or takes very long; so two short ones are tried, and their best is taken if it is within WIDE_GAP.
SHARES = (0.2, 0.35)
NARROW_WORK_LIMIT = 0.7
WIDE_GAP = 0.01
PART_WORK_LIMIT, PART_GAP = 6.0, 0.003  # for one of the parts in which many linked figures are rounded
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
    choices: dict[int, Choice] = {}
    shaken = noise.normal(0.0, NOISE, size=(len(layout.cells), 5))
    for number, cell in enumerate(layout.cells):
        if number in fixed:
            continue
        true = counts[number].item()
        values = domain(true)
        before = last.get(cell)
        moved = [0 if before is None else INERTIA * abs(value - before) for value in values]
        price = [
            round(SCALE * table_set.weights[len(cell)] * (_miss(value, true) + shaken[number, place] + moved[place]))
            for place, value in enumerate(values)
        ]
        choices[number] = Choice(values, price)
    found = _solved(layout, choices, fixed, int(noise.integers(1 << 30)))
    return {cell: found[number] for number, cell in enumerate(layout.cells)}


class _Enough(cp_model.CpSolverSolutionCallback):
    """Ends the search at the first solution that costs at most `most`."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self._most = most

    def on_solution_callback(self) -> None:
        if self.objective_value <= self._most:
            self.stop_search()


def _solved(layout: Layout, choices: Mapping[int, Choice], fixed: Mapping[int, int], seed: int) -> dict[int, int]:
    """Figures that cost within GAP of the best ones, or the best that were found within the work limit.

    Raises CannotRound.
    """
    many = len(layout.cells) >= MANY
    if many and (found := rounded_by_parts(layout, choices, fixed, lambda model: _part(model, seed))) is not None:
        return found

    def search(model: cp_model.CpModel) -> cp_model.CpSolver | None:
        return (_narrowed(model, seed) if many else None) or _searched(model, _solver(seed, WORK_LIMIT))

    found = programme(choices, layout.relations, fixed).solved(search)
    if found is None:
        raise CannotRound
    return {**fixed, **found}


def _searched(model: cp_model.CpModel, solver: cp_model.CpSolver) -> cp_model.CpSolver | None:
    return solver if solver.solve(model) in _FOUND else None


def _part(model: cp_model.CpModel, seed: int) -> cp_model.CpSolver | None:
    solver = _solver(seed, PART_WORK_LIMIT)
    solver.parameters.relative_gap_limit = PART_GAP
    return _searched(model, solver)


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
