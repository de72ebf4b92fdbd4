"""The attacker catches what is planted, and what it lets through is checked here once more by enumeration."""

from __future__ import annotations

import copy
import dataclasses
import random
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from nrm.statistics.attack import audit, check_shape
from nrm.statistics.description import parse
from nrm.statistics.linear import Bounds, pinned
from nrm.statistics.reading import FEWER_THAN_FIVE, SOMEBODY, EarlierRelease, Fact, bounds, scenario
from nrm.statistics.release import make
from nrm.statistics.tables import Cell, TableSet
from nrm.statistics.verdicts import Draft
from tests.unit.statistics.sets import people, small

Tables = list[dict[str, Any]]


def drawn(table_set: TableSet, rows: list[dict[str, str]], seed: int = 1) -> Draft:
    draft = make(table_set, rows, seed=bytes([seed]) * 32)
    assert isinstance(draft, Draft)
    return draft


def caught(table_set: TableSet, step: str, tables: Tables, rows: list[dict[str, str]]) -> set[str]:
    ways = {"three_way": 3, "two_way": 2, "one_way": 1, "total": 0}[step]
    records, _ = table_set.records(rows)
    return {finding.guarantee for finding in audit(table_set.reduced(ways), tables, records).findings}


def recount(table_set: TableSet, draft: Draft, rows: list[dict[str, str]], change: Callable[[int], int]) -> Tables:
    tables = copy.deepcopy(list(draft.tables))
    for table in tables:
        for row in table["rows"]:
            held = sum(
                all(
                    row[name] == "*" or person[table_set.dimensions[name].root] in leaves(table_set, name, row[name])
                    for name in table["dimensions"]
                )
                for person in rows
            )
            row["value"] = change(held)
    return tables


def leaves(table_set: TableSet, name: str, member: str) -> frozenset[str]:
    return table_set.leaves(table_set.dimensions[name].root, member)


def test_what_is_asked_together_is_answered_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = [*"abcde"]
    table_set = parse({"dimension": {"d": {"column": "d", "codes": codes}}, "table": [{"by": ["d"]}]})
    seen = 0
    for seed in range(40):
        chance = random.Random(seed)
        true: dict[Cell, int] = {(("d", code),): chance.choice((0, 1, 2, 9, 14)) for code in codes}
        figures = {cell: 5 * round((number + chance.uniform(-2, 2)) / 5) for cell, number in true.items()}
        true[()] = sum(true.values())
        figures[()] = 5 * round(true[()] / 5)
        records = [(cell[0][1],) for cell, number in true.items() if cell for _ in range(number)]
        holder = scenario("A3", table_set, figures, records, people=True)
        some = [Fact({"d": frozenset(cell[0][1])}, true[cell], true[cell]) for cell in figures if cell]
        against = type(holder)("A3", (*holder.facts, *chance.sample(some, 3)))
        together = pinned(table_set, figures, true, against)
        with monkeypatch.context() as patch:
            patch.setattr(Bounds, "reach_together", lambda *_: None)
            assert together == pinned(table_set, figures, true, against), seed
        seen += len(together)
    assert seen > 40


@pytest.fixture(scope="module", params=range(3))
def planted(request: pytest.FixtureRequest) -> tuple[TableSet, list[dict[str, str]], Draft]:
    table_set = small()
    rows = people(table_set, (33, 78, 131)[request.param], request.param)
    return table_set, rows, drawn(table_set, rows)


Planted = tuple[TableSet, list[dict[str, str]], Draft]


def test_a_draft_that_was_made_survives(planted: Planted) -> None:
    table_set, rows, draft = planted
    assert caught(table_set, draft.step, list(draft.tables), rows) == set()


@pytest.mark.slow
def test_exact_counts_are_caught(planted: Planted) -> None:
    table_set, rows, draft = planted
    assert "G1" in caught(table_set, draft.step, recount(table_set, draft, rows, lambda held: held), rows)


def test_each_figure_rounded_to_the_nearest_five_on_its_own_is_caught(planted: Planted) -> None:
    table_set, rows, draft = planted
    nearest = recount(table_set, draft, rows, lambda held: 5 * round(held / 5))
    assert "G2" in caught(table_set, draft.step, nearest, rows)


def test_a_single_figure_off_by_five_is_caught_wherever_it_is(planted: Planted) -> None:
    table_set, _rows, draft = planted
    ways = {"three_way": 3, "two_way": 2, "one_way": 1}[draft.step]
    spots = [(t, r) for t, table in enumerate(draft.tables) for r in range(len(table["rows"]))]
    for t, r in random.Random(1).sample(spots, min(25, len(spots))):
        tables = copy.deepcopy(list(draft.tables))
        tables[t]["rows"][r]["value"] += 5
        assert check_shape(table_set.reduced(ways), tables)[1]


def test_two_swapped_figures_are_caught(planted: Planted) -> None:
    table_set, rows, draft = planted
    tables = copy.deepcopy(list(draft.tables))
    one = tables[0]["rows"][1]
    two = next(row for row in tables[0]["rows"][1:] if row["value"] != one["value"])
    one["value"], two["value"] = two["value"], one["value"]
    assert caught(table_set, draft.step, tables, rows)


def test_a_missing_row_a_missing_table_and_a_foreign_row_are_caught(planted: Planted) -> None:
    table_set, rows, draft = planted
    without_row = copy.deepcopy(list(draft.tables))
    del without_row[0]["rows"][-1]
    assert caught(table_set, draft.step, without_row, rows) == {"G2"}
    assert caught(table_set, draft.step, list(draft.tables[1:]), rows) == {"G2"}
    foreign = copy.deepcopy(list(draft.tables))
    foreign[0]["rows"][-1][foreign[0]["dimensions"][0]] = "GR"
    assert caught(table_set, draft.step, foreign, rows) == {"G2"}


def test_figures_that_add_up_but_are_too_far_from_the_truth_are_caught(planted: Planted) -> None:
    table_set, rows, draft = planted
    fewer = rows[: len(rows) - 15]
    assert "bounds" in caught(table_set, draft.step, list(draft.tables), fewer)


def test_more_dimensions_than_the_total_allows_are_caught() -> None:
    table_set = parse({"dimension": {"sex": {"column": "s", "codes": ["f", "m"]}}, "table": [{"by": ["sex"]}]})
    tables = [
        {
            "name": "sex",
            "dimensions": ["sex"],
            "rows": [{"sex": "*", "value": 20}, {"sex": "f", "value": 15}, {"sex": "m", "value": 5}],
        }
    ]
    assert [finding.guarantee for finding in check_shape(table_set, tables)[1]] == ["G9"]


def test_an_opening_that_is_not_the_frozen_closing_is_caught() -> None:
    table_set = small(flow=True)
    draft = drawn(table_set, people(table_set, 130, 3))
    figures, faults = check_shape(table_set, list(draft.tables))
    assert not faults
    closing = (("status", "still_there"),)
    same = EarlierRelease({(): 130, closing: figures[("arrival", "opening"),]})
    other = EarlierRelease({(): 130, closing: figures[("arrival", "opening"),] + 5})
    assert not check_shape(table_set, list(draft.tables), [same])[1]
    assert {finding.guarantee for finding in check_shape(table_set, list(draft.tables), [other])[1]} == {"G6"}


def test_arithmetic_with_an_exact_register_pins_the_rest_of_a_small_total() -> None:
    # 22 people, known exactly; 20 of them are `a`, known from a register; nobody can be `c`; so two must be `b`.
    table_set = parse(
        {
            "dimension": {"d": {"column": "d", "codes": ["a", "b", "c"]}},
            "table": [{"by": ["d"]}],
            "impossible": [{"d": "c"}],
            "known": [{"by": ["d"]}],
        }
    )
    records = [("a",)] * 20 + [("b",)] * 2
    figures: dict[Cell, int] = {(): 25, (("d", "a"),): 20, (("d", "b"),): 5, (("d", "c"),): 0}
    true = {cell: sum(not cell or record[0] == cell[0][1] for record in records) for cell in figures}
    outsider = scenario("A1", table_set, figures, records, people=True)
    assert pinned(table_set, figures, true, outsider) == []
    holder = scenario("A3", table_set, figures, records, people=True, registers=table_set.known)
    knows_only_a = type(holder)("A3", holder.facts[:3])  # everybody, and the figure of `a`
    of_b = [pin for pin in pinned(table_set, figures, true, knows_only_a) if pin.cell == (("d", "b"),)]
    assert {(pin.guarantee, pin.learns) for pin in of_b} == {("G3", SOMEBODY), ("G3", FEWER_THAN_FIVE)}
    # Could somebody be `c`, it might be they: only that there are fewer than five would be known.
    anybody = dataclasses.replace(table_set, impossible=())
    of_b = [pin for pin in pinned(anybody, figures, true, knows_only_a) if pin.cell == (("d", "b"),)]
    assert {(pin.guarantee, pin.learns) for pin in of_b} == {("G3", FEWER_THAN_FIVE)}


def test_nobody_learns_what_they_know_already() -> None:
    table_set = small(known=[{"by": ["nationality"]}])
    records, _ = table_set.records(people(table_set, 60, 4))
    cells: list[Cell] = [(), (("nationality", "AL"),), (("nationality", "AL"), ("sex", "f")), (("sex", "f"),)]
    holder = scenario("A3", table_set, cells, records, registers=table_set.known)
    assert (("nationality", "AL"),) in holder.exempt
    assert (("nationality", "AL"), ("sex", "f")) not in holder.exempt


@pytest.mark.slow
def test_enumeration_finds_nothing_that_the_attacker_let_through() -> None:
    """All worlds of 2 by 2 categories that give the same figures, with the number of people known (A1)."""
    table_set = parse(
        {
            "dimension": {"a": {"column": "a", "codes": ["x", "y"]}, "b": {"column": "b", "codes": ["u", "v"]}},
            "table": [{"by": ["a", "b"]}],
        }
    )
    checked = 0
    for seed in range(12):
        rows = people(table_set, 53 + 4 * seed, seed)
        draft = drawn(table_set, rows, seed)
        if draft.step != "two_way":
            continue
        checked += 1
        figures, _ = check_shape(table_set, list(draft.tables))
        for cell in figures:
            held = {count_in(world, cell) for world in worlds(figures, len(rows))}
            true = sum(all(row[root] == code for root, code in cell) for row in rows)
            assert true in held
            if cell and 1 <= true <= 4:
                assert 0 in held
                assert figures[cell] == 0 or max(held) >= 5
            if true == 0:
                assert max(held) >= 1
    assert checked >= 5


def worlds(figures: dict[Cell, int], number: int) -> Iterator[dict[tuple[str, str], int]]:
    kinds = list(product("xy", "uv"))
    spans = [range(lo, hi + 1) for lo, hi in (bounds(c, figures[c]) for c in ((("a", k), ("b", m)) for k, m in kinds))]
    limits = {cell: bounds(cell, figure) for cell, figure in figures.items()}
    for counts in product(*spans[:3]):
        last = number - sum(counts)
        if last in spans[3]:
            world = dict(zip(kinds, (*counts, last), strict=True))
            if all(low <= count_in(world, cell) <= high for cell, (low, high) in limits.items()):
                yield world


def count_in(world: dict[tuple[str, str], int], cell: Cell) -> int:
    fixed = dict(cell)
    return sum(n for (a, b), n in world.items() if fixed.get("a", a) == a and fixed.get("b", b) == b)


def test_a_finding_for_an_instance_tells_no_cell_and_no_count() -> None:
    table_set = small()
    draft = drawn(table_set, people(table_set, 130, 3))
    assert set(draft.verdict.public()) == {"ok", "step", "findings", "scenarios", "tables", "one_person"}
    told = {"cells", "small_cells", "mean_abs_error", "mean_abs_error_non_empty", "max_abs_error", "seconds"}
    assert told <= set(draft.verdict.operator())
