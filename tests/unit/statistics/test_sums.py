"""Sums of what people have: rounded by the same relations, so that nobody's share can be read from them."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ortools.sat.python import cp_model

from nrm.statistics import attack
from nrm.statistics.attack import Audit, PrintedSums, audit
from nrm.statistics.description import parse
from nrm.statistics.linear import narrow_sums
from nrm.statistics.printed import at_step
from nrm.statistics.protect import domain
from nrm.statistics.reading import Sums, bounds, bounds_of_sum, scenario
from nrm.statistics.release import make
from nrm.statistics.tables import Cell, MalformedMicrodata, MalformedTableSet, TableSet
from nrm.statistics.verdicts import Draft
from tests.unit.statistics.oracle import Quarter, printed
from tests.unit.statistics.sets import people

MOST = 92
SEED = b"s" * 32
DATA: dict[str, Any] = {
    "dimension": {
        "sex": {"column": "s", "codes": ["f", "m"]},
        "age": {"column": "a", "codes": ["0-8", "9-17", "18+", "?"], "hierarchy": {"young": ["0-8", "9-17"]}},
        "from": {"column": "n", "codes": ["AL", "XK", "MK", "RO", "BG"]},
    },
    "table": [
        {"by": ["sex", "age"]},
        {"by": ["from"]},
        {"by": ["sex", "age"], "sum": "nights", "most": MOST},
        {"by": ["from"], "sum": "nights", "most": MOST},
    ],
}


def stays(table_set: TableSet, number: int, seed: int) -> list[dict[str, str]]:
    chance = random.Random(seed)
    return [
        row | {"*nights": str(chance.choice((1, 30, 65, MOST, chance.randint(0, MOST))))}
        for row in people(table_set, number, seed)
    ]


def made(number: int, seed: int) -> tuple[TableSet, list[dict[str, str]], Draft]:
    table_set = parse(DATA)
    rows = stays(table_set, number, seed)
    draft = make(table_set, rows, seed=bytes([seed]) * 32)
    assert isinstance(draft, Draft)
    return at_step(table_set, draft.step), rows, draft


def releases() -> Iterator[tuple[TableSet, list[dict[str, str]], Draft]]:
    for seed, number in enumerate((0, 1, 12, 31, 58, 66, 120, 300)):
        yield made(number, seed)


def test_a_sum_stands_for_the_amounts_for_which_it_may_be_printed() -> None:
    """As for counts: in units of what one person can have at most, and for whole amounts between."""
    for most in (1, 2):
        base = 5 * most
        for value in range(7):
            may = [true for true in range(12 * base) if value in domain(true / most)]
            low, high = bounds_of_sum(base * value, most)
            assert may == list(range(low, high + 1))
    for value in range(9):
        assert bounds((("s", "f"),), 5 * value) == bounds_of_sum(5 * value, 1)


def test_sums_add_up_are_multiples_and_are_near_enough() -> None:
    for table_set, rows, draft in releases():
        quarter = Quarter(cp_model.CpModel(), table_set, (), None)
        (tables,) = draft.sums.values()
        seen: dict[tuple[tuple[str, str], ...], int] = {}
        for members, value in printed(tables):
            assert value % (5 * MOST) == 0
            assert seen.setdefault(tuple(sorted(members.items())), value) == value
            kinds = [tuple(row[root] for root in table_set.roots) for row in rows]
            held = sum(
                int(row["*nights"]) for row, kind in zip(rows, kinds, strict=True) if quarter.inside(kind, members)
            )
            assert abs(held - value) <= 10 * MOST - 1
            if held < 5 * MOST:
                assert value in (0, 5 * MOST)
        for table in tables:
            for name in table["dimensions"]:
                root = table_set.dimensions[name]
                rest = [other for other in table["dimensions"] if other != name]
                for whole in (row for row in table["rows"] if row[name] == "*"):
                    parts = [
                        row["value"]
                        for row in table["rows"]
                        if row[name] in root.top and all(row[other] == whole[other] for other in rest)
                    ]
                    assert sum(parts) == whole["value"]


def may_be(
    table_set: TableSet, rows: list[dict[str, str]], draft: Draft, members: dict[str, str], least: int, most: int
) -> bool:
    """Whether the people of a cell can have so much, by all that is printed. Written from the words alone."""
    model = cp_model.CpModel()
    quarter = Quarter(model, table_set, draft.tables, len(rows))
    nights = {kind: model.new_int_var(0, 400 * MOST, "") for kind in quarter.people}
    for kind, number in quarter.people.items():
        model.add(nights[kind] <= MOST * number)

    def total(where: Mapping[str, str]) -> cp_model.LinearExprT:
        return cp_model.LinearExpr.sum([n for kind, n in nights.items() if quarter.inside(kind, where)])

    for where, value in printed(draft.sums["nights"]):
        steps = value // (5 * MOST)
        low = 0 if steps < 2 else max(5 * MOST, 5 * (steps - 2) * MOST + 1)
        high = 5 * MOST - 1 if steps == 0 else 5 * (steps + 2) * MOST - 1
        model.add_linear_constraint(total(where), low, high)
    model.add_linear_constraint(total(members), least, most)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    return solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE)


@pytest.mark.slow
def test_what_one_person_has_can_be_anything_in_every_small_group() -> None:
    """An oracle of its own: the amount of everybody as one number, within what is printed of people and of sums."""
    asked = 0
    for table_set, rows, draft in releases():
        if draft.step == "total":
            continue
        (tables,) = draft.sums.values()
        for members, _ in printed(tables):
            inside = Quarter(cp_model.CpModel(), table_set, (), None).inside
            held = sum(inside(tuple(row[root] for root in table_set.roots), members) for row in rows)
            if not members or held > 4 or asked > 60:
                continue
            asked += 1
            assert may_be(table_set, rows, draft, members, 0, 0)
            assert may_be(table_set, rows, draft, members, MOST, 15 * MOST)
    assert asked > 12


def attacked(table_set: TableSet, rows: list[dict[str, str]], draft: Draft, tables: list[dict[str, Any]]) -> Audit:
    records, _ = table_set.records(rows)
    sums = [PrintedSums("nights", MOST, table_set.of_sum("nights"), tables, table_set.amounts(rows)["nights"])]
    return audit(table_set, draft.tables, records, sums=sums)


def test_exact_sums_sums_on_their_own_and_sums_out_of_bounds_are_caught() -> None:
    table_set, rows, draft = made(300, 7)
    good: list[dict[str, Any]] = list(draft.sums["nights"])
    assert attacked(table_set, rows, draft, good).ok
    quarter = Quarter(cp_model.CpModel(), table_set, (), None)
    exact, alone, far = copy.deepcopy(good), copy.deepcopy(good), copy.deepcopy(good)
    for table, rounded in zip(exact, alone, strict=True):
        for row, other in zip(table["rows"], rounded["rows"], strict=True):
            members = {name: row[name] for name in table["dimensions"] if row[name] != "*"}
            row["value"] = sum(
                int(each["*nights"])
                for each in rows
                if quarter.inside(tuple(each[root] for root in table_set.roots), members)
            )
            other["value"] = 5 * MOST * round(row["value"] / (5 * MOST))
    for table in far:
        for row in table["rows"]:
            row["value"] *= 3
    caught = [attacked(table_set, rows, draft, each).findings for each in (exact, alone, far)]
    assert {"G1"} <= {finding.guarantee for finding in caught[0]}
    assert {"G2"} <= {finding.guarantee for finding in caught[1]}
    assert {"bounds"} <= {finding.guarantee for finding in caught[2]}


def test_a_sum_that_tells_what_somebody_has_is_found_by_arithmetic() -> None:
    """Five people, known exactly, have 5,000 or more, nobody can have more than 1,000: so all are `y` and have it."""
    table_set = parse(
        {
            "dimension": {"k": {"column": "k", "codes": ["y", "z"]}},
            "table": [{"by": ["k"]}, {"by": ["k"], "sum": "nights", "most": 1000}],
        }
    )
    records = [("y",)] * 4 + [("z",)]
    everybody, y, z = (), (("k", "y"),), (("k", "z"),)
    figures: dict[Cell, int] = {everybody: 5, y: 5, z: 0}
    true = {everybody: 5, y: 4, z: 1}
    knows = scenario("A1", table_set, figures, records, people=True)
    for total, pinned in ((5000, set()), (10_000, set(figures))):
        printed_sums = Sums("nights", 1000, table_set.of_sum("nights"), {everybody: total, y: total, z: 0}, [1000] * 5)
        found = narrow_sums(table_set, figures, true, knows, printed_sums, list(figures))
        assert {pin.cell for pin in found} == pinned
        assert {pin.guarantee for pin in found} <= {"G10"}


def test_the_verdict_says_by_what_sums_are_rounded_and_how_far_they_are_off() -> None:
    _, _, draft = made(120, 6)
    said = draft.verdict.operator()["sums"]["nights"]
    assert said["base"] == 5 * MOST
    assert 0 < said["mean_abs_error"] <= said["mean_abs_error_non_empty"] <= said["max_abs_error"] < 10 * MOST


def test_nights_of_one_person_on_two_lines_are_added() -> None:
    table_set = parse(DATA)
    rows = [{"person": "1", "sex": "f", "age": "18+", "from": "AL", "*nights": n} for n in ("30", "40")]
    assert table_set.amounts(rows) == {"nights": [70]}
    rows.append(rows[0])
    with pytest.raises(MalformedMicrodata, match="100 is more than `most`, 92"):
        table_set.amounts(rows)


@pytest.mark.parametrize("written", ["", "-1", "1.5", "x", "٣", "9" * 16])
def test_an_amount_that_is_no_whole_number_is_named(written: str) -> None:
    table_set = parse(DATA)
    row = {"person": "1", "sex": "f", "age": "18+", "from": "AL", "*nights": written}
    with pytest.raises(MalformedMicrodata, match="is not a whole number from 0"):
        make(table_set, [row], seed=SEED)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"by": ["sex"], "sum": "nights"}, "table 5.most: the most that one person can have"),
        ({"by": ["sex"], "most": 92}, "table 5.sum: a text is needed"),
        ({"by": ["sex"], "sum": "nights", "most": 30}, "table 5.most: 30; another table of 'nights' says 92"),
        ({"by": ["age", "sex"], "sum": "nights", "most": 92}, "table 5: the sum of 'nights' by age*sex is there twice"),
        ({"by": ["sex"], "sum": "nights", "most": True}, "table 5.most: the most"),
        ({"by": ["sex"], "sum": "nights", "most": 92, "title": {}}, "table 5: unknown key 'title'"),
    ],
)
def test_a_mistake_in_a_table_of_sums_is_named(table: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedTableSet) as refused:
        parse({**DATA, "table": [*DATA["table"], table]})
    assert str(refused.value).startswith(message)


def test_sums_alone_are_no_report() -> None:
    with pytest.raises(MalformedTableSet, match="that counts people"):
        parse({**DATA, "table": DATA["table"][2:]})


def test_of_many_sums_a_sample_is_asked_about_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    table_set, rows, draft = made(120, 6)
    whole = attacked(table_set, rows, draft, list(draft.sums["nights"]))
    monkeypatch.setattr(attack, "MANY_SUMS", 4)
    monkeypatch.setattr(attack, "SUMS", 3)
    part = attacked(table_set, rows, draft, list(draft.sums["nights"]))
    assert (whole.ok, whole.untried) == (True, 0)
    assert (part.ok, part.questions) == (True, whole.questions)
    assert part.untried > 3
