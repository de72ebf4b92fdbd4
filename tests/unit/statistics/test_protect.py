"""The rounder: what may be printed for a number, sums that hold, noise that is secret and figures with inertia."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from nrm.statistics import protect
from nrm.statistics.cells import lay_out
from nrm.statistics.description import parse
from nrm.statistics.protect import (
    NOTHING_PRINTED,
    CannotRound,
    Figures,
    domain,
    fixed_openings,
    round_jointly,
    round_total,
    secret_stream,
)
from nrm.statistics.reading import bounds
from nrm.statistics.relaxation import Relaxation, relaxed
from nrm.statistics.tables import Cell
from tests.unit.statistics.sets import people, small

SEED = b"s" * 32


@given(st.integers(0, 400))
def test_what_may_be_printed_is_never_ten_away_and_hides_small_numbers(true: int) -> None:
    values = domain(true)
    assert all(abs(5 * value - true) <= 9 for value in values)
    assert values == [0, 1] if true < 5 else min(values) >= 1
    assert {true // 5, -(-true // 5)} <= set(values)


def test_the_total_is_a_neighbouring_multiple_and_unbiased() -> None:
    drawn = [5 * round_total(62, secret_stream(SEED, number)) for number in range(2000)]
    assert set(drawn) == {60, 65}
    assert abs(sum(drawn) / 2000 - 62) < 0.3
    assert {round_total(60, secret_stream(SEED, number)) for number in range(50)} == {12}


def test_a_hand_worked_table_keeps_its_only_roundings() -> None:
    # 10 + 20 = 30: all three are multiples of 5, and nothing else is near at no cost.
    table_set = parse({"dimension": {"sex": {"column": "s", "codes": ["f", "m"]}}, "table": [{"by": ["sex"]}]})
    layout = lay_out(table_set)
    figures = round_jointly(layout, np.array([30, 10, 20]), 6, secret_stream(SEED))
    assert figures == {(): 6, (("sex", "f"),): 2, (("sex", "m"),): 4}


def test_two_unknown_small_figures_take_either_rounding() -> None:
    # 27 = 2 + 25 printed as 25 or 30: the two is 0 or 5, and which of the two depends on the secret alone.
    table_set = parse({"dimension": {"sex": {"column": "s", "codes": ["f", "m"]}}, "table": [{"by": ["sex"]}]})
    layout = lay_out(table_set)
    seen = set()
    for number in range(60):
        noise = secret_stream(SEED, number)
        figures = round_jointly(layout, np.array([27, 2, 25]), round_total(27, noise), noise)
        seen.add((figures[()], figures[(("sex", "f"),)]))
    assert {0, 1} == {small_one for _, small_one in seen}


def test_an_impossible_cell_is_zero_whatever_would_be_nearer() -> None:
    codes = {"sex": ["f", "m"], "age": ["child", "adult"]}
    table_set = parse(
        {
            "dimension": {name: {"column": name, "codes": listed} for name, listed in codes.items()},
            "table": [{"by": ["sex", "age"]}],
            "impossible": [{"sex": "f", "age": "child"}],
        }
    )
    layout = lay_out(table_set)
    # Four where nobody can be: 5 would be nearer than 0, and every sum would hold with it too.
    girls, boys, women, men = 4, 0, 10, 16
    true = {"f": girls + women, "m": boys + men, "child": girls + boys, "adult": women + men}
    true |= {"child f": girls, "child m": boys, "adult f": women, "adult m": men, "": 30}
    counts = [true[" ".join(code for _, code in cell)] for cell in layout.cells]
    for number in range(10):
        figures = round_jointly(layout, np.array(counts), 6, secret_stream(SEED, number))
        assert figures[("age", "child"), ("sex", "f")] == 0


def test_all_tables_add_up_and_impossible_cells_are_zero() -> None:
    table_set = small(impossible=[{"nationality": "AL", "age": "unknown"}])
    layout = lay_out(table_set)
    records, _ = table_set.records(people(table_set, 140, 5))
    counts = layout.membership(records).sum(axis=1).astype(np.int64)
    figures = round_jointly(layout, counts, 28, secret_stream(SEED))
    printed = [figures[cell] for cell in layout.cells]
    assert layout.impossible
    assert all(printed[number] == 0 for number in layout.impossible)
    for whole, parts in layout.relations:
        assert printed[whole] == sum(printed[part] for part in parts)
    for number, true in enumerate(counts):
        if number and number not in layout.impossible:
            assert printed[number] in domain(int(true))


def test_the_same_seed_gives_the_same_figures_and_another_seed_others() -> None:
    table_set = small()
    layout = lay_out(table_set)
    records, _ = table_set.records(people(table_set, 140, 5))
    counts = layout.membership(records).sum(axis=1).astype(np.int64)
    first, again, other = (round_jointly(layout, counts, 28, secret_stream(seed)) for seed in (SEED, SEED, b"o" * 32))
    assert first == again
    assert first != other


def test_what_the_relaxation_settles_leaves_the_best_rounding_in(monkeypatch: pytest.MonkeyPatch) -> None:
    table_set = small()
    layout = lay_out(table_set)
    records, _ = table_set.records(people(table_set, 140, 5))
    counts = layout.membership(records).sum(axis=1).astype(np.int64)
    models: list[cp_model.CpModel] = []

    def kept(model: cp_model.CpModel) -> Relaxation | None:
        models.append(model)
        return relaxed(model)

    monkeypatch.setattr(protect, "MANY", 0)
    monkeypatch.setattr(protect, "relaxed", kept)
    figures, again = (round_jointly(layout, counts, 28, secret_stream(SEED)) for _ in range(2))
    assert figures == again
    printed = [figures[cell] for cell in layout.cells]
    assert all(printed[whole] == sum(printed[part] for part in parts) for whole, parts in layout.relations)
    assert all(printed[number] in domain(int(true)) for number, true in enumerate(counts) if number)
    solver = cp_model.CpSolver()
    assert solver.solve(models[0]) == cp_model.OPTIMAL
    best = solver.objective_value
    relaxation = relaxed(models[0])
    assert relaxation is not None
    assert relaxation.optimum <= best + 1e-6
    narrow = relaxation.narrowed(models[0], best - relaxation.optimum + 1)
    settled = [len(set(each.domain)) == 1 for each in narrow.proto.variables]
    assert sum(settled) > len(settled) / 3
    assert solver.solve(narrow) == cp_model.OPTIMAL
    assert solver.objective_value == best


def test_a_total_that_cannot_be_is_refused() -> None:
    table_set = small()
    layout = lay_out(table_set)
    records, _ = table_set.records(people(table_set, 60, 5))
    counts = layout.membership(records).sum(axis=1).astype(np.int64)
    with pytest.raises(CannotRound):
        round_jointly(layout, counts, 100, secret_stream(SEED))


def test_the_total_stays_while_it_is_within_four_of_the_truth() -> None:
    for true in range(56, 65):
        assert {round_total(true, secret_stream(SEED, number), {(): 12}) for number in range(20)} == {12}
    assert {round_total(65, secret_stream(SEED, number), {(): 12}) for number in range(20)} == {13}
    assert {round_total(54, secret_stream(SEED, number), {(): 12}) for number in range(20)} == {10, 11}


def test_a_step_away_from_the_figure_last_printed_costs_ten_in_the_same_units_as_an_error() -> None:
    # 30 = 11 + 19 is nearest to 10 + 20. To stay at 15 + 15 is 6 people further away and saves two steps: 20 people.
    table_set = parse({"dimension": {"sex": {"column": "s", "codes": ["f", "m"]}}, "table": [{"by": ["sex"]}]})
    layout = lay_out(table_set)
    last: Figures = {(): 6, (("sex", "f"),): 3, (("sex", "m"),): 3}
    stayed = free = 0
    for number in range(60):
        noise = (secret_stream(SEED, number) for _ in range(2))
        stayed += round_jointly(layout, np.array([30, 11, 19]), 6, next(noise), last=last) == last
        free += round_jointly(layout, np.array([30, 11, 19]), 6, next(noise)) == last
    assert free < 20
    assert stayed > 50


def test_figures_have_inertia_whoever_is_counted_in_them() -> None:
    table_set = small().reduced(2)
    layout = lay_out(table_set)
    records, _ = table_set.records(people(table_set, 80, 6))
    counts = layout.membership(records).sum(axis=1).astype(np.int64)
    first = round_jointly(layout, counts, 16, secret_stream(SEED, 1))
    moved = [0, 0]
    for number in range(2, 8):
        for place, last in enumerate((NOTHING_PRINTED, first)):
            after = round_jointly(layout, counts, 16, secret_stream(SEED, number), last=last)
            moved[place] += sum(after[cell] != first[cell] for cell in layout.cells)
    assert 3 * moved[1] < moved[0]


def test_the_opening_is_the_frozen_closing_in_every_margin() -> None:
    table_set = small(flow=True)
    layout = lay_out(table_set)
    frozen: Figures = {
        (): 20,
        (("status", "still_there"),): 9,
        (("nationality", "AL"), ("status", "still_there")): 7,
        (("nationality", "AL"), ("status", "left")): 3,
    }
    fixed = fixed_openings(layout, frozen, table_set.stock_flow)
    assert {layout.cells[number]: value for number, value in fixed.items()} == {
        (("arrival", "opening"),): 9,
        (("arrival", "opening"), ("nationality", "AL")): 7,
    }
    assert fixed_openings(lay_out(small()), frozen, None) == {}


def test_the_attacker_takes_a_figure_for_exactly_the_numbers_it_may_be_printed_for() -> None:
    """Were the bounds wider, figures would pass that tell more; were they narrower, the words on the page would lie."""
    cell: Cell = (("sex", "f"),)
    for value in range(60):
        printed_for = [true for true in range(400) if value in domain(true)]
        low, high = bounds(cell, 5 * value)
        assert printed_for == list(range(low, high + 1))
    totals: dict[int, set[int]] = {}
    for true in range(60):
        for number in range(40):
            totals.setdefault(round_total(true, secret_stream(SEED, number)), set()).add(true)
    for value in range(11):
        low, high = bounds((), 5 * value)
        assert totals[value] == set(range(low, high + 1))
