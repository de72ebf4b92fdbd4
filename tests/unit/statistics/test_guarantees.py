"""The guarantees of a release, each on random tables of 0 to 80 people, by an oracle of their own.

G6 and G8 speak of sealed releases and of accounts: see tests/integration/reports/test_reports.py.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from ortools.sat.python import cp_model

from nrm.statistics.attack import audit
from nrm.statistics.printed import STEPS
from nrm.statistics.release import make
from nrm.statistics.tables import TableSet
from nrm.statistics.verdicts import Draft, Refused
from tests.unit.statistics.oracle import Quarter, is_possible, printed
from tests.unit.statistics.sets import any_table_set, people, report_ix, small

INSTANCES = 60
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Instance:
    table_set: TableSet
    rows: Rows
    draft: Draft

    def held(self, members: Mapping[str, str]) -> int:
        """How many people a figure stands for."""
        return sum(all(row[self.root(n)] in self.leaves(n, m) for n, m in members.items()) for row in self.rows)

    def root(self, name: str) -> str:
        return self.table_set.dimensions[name].root

    def leaves(self, name: str, member: str) -> frozenset[str]:
        return self.table_set.leaves(self.root(name), member)

    def cells(self) -> Iterator[tuple[dict[str, str], int]]:
        seen = set()
        for members, value in printed(self.draft.tables):
            if tuple(members.items()) not in seen:
                seen.add(tuple(members.items()))
                yield members, value

    def can_be(self, members: Mapping[str, str]) -> bool:
        quarter = Quarter(cp_model.CpModel(), self.table_set, (), None)
        return any(quarter.inside(kind, members) for kind in quarter.people)

    def is_everybody(self, members: Mapping[str, str]) -> bool:
        return all(self.leaves(n, m) >= set(self.table_set.dimensions[self.root(n)].codes) for n, m in members.items())

    def narrowing(self, members: Mapping[str, str]) -> dict[str, str]:
        """Without what leaves everybody in."""
        return {name: member for name, member in members.items() if not self.is_everybody({name: member})}


@cache
def instances() -> tuple[Instance, ...]:
    """Random tables and people; what is refused is none."""
    made = []
    for number in range(INSTANCES):
        chance = random.Random(number)
        table_set = any_table_set(chance)
        rows = people(table_set, max(chance.randint(0, 80), chance.randint(0, 80)), number)
        draft = make(table_set, rows, seed=bytes([number]) * 32)
        if isinstance(draft, Draft):
            made.append(Instance(table_set, rows, draft))
        else:
            assert isinstance(draft, Refused)
    assert len(made) > INSTANCES // 2
    assert {"total", "one_way", "two_way"} <= {each.draft.step for each in made}
    return tuple(made)


def test_g1_every_figure_is_a_multiple_of_5() -> None:
    for instance in instances():
        assert all(type(value) is int and value >= 0 and value % 5 == 0 for _, value in printed(instance.draft.tables))


def test_g2_every_total_is_the_sum_of_its_parts_across_tables() -> None:
    for instance in instances():
        figures: dict[tuple[tuple[str, str], ...], int] = {}
        for members, value in printed(instance.draft.tables):
            cell = tuple(sorted((instance.root(name), member) for name, member in members.items()))
            assert figures.setdefault(cell, value) == value
        for cell, value in figures.items():
            for root in instance.table_set.roots:
                fixed = dict(cell)
                dimension = instance.table_set.dimensions[root]
                below = dimension.groups.get(fixed[root], ()) if root in fixed else dimension.top
                parts = [figures.get(tuple(sorted((fixed | {root: part}).items()))) for part in below]
                if parts and None not in parts:
                    assert sum(part for part in parts if part is not None) == value


@pytest.mark.slow
@pytest.mark.parametrize("knows_how_many", [False, True], ids=["A0", "A1"])
def test_g3_where_one_to_four_are_there_may_be_none_and_may_be_five(knows_how_many: bool) -> None:
    asked = 0
    for instance in instances():
        number = len(instance.rows) if knows_how_many else None
        for members, value in instance.cells():
            if not members or not 0 < instance.held(members) < 5 or instance.is_everybody(members):
                continue
            asked += 1
            assert may_count(instance, members, 0, 0, number)
            assert value == 0 or may_count(instance, members, 5, 99, number)
    assert asked > 50


@pytest.mark.parametrize("knows_how_many", [False, True], ids=["A0", "A1"])
def test_g4_where_nobody_is_there_may_be_somebody(knows_how_many: bool) -> None:
    asked = 0
    for instance in instances():
        number = len(instance.rows) if knows_how_many else None
        for members, _ in instance.cells():
            if instance.held(members) or not instance.can_be(members) or not instance.rows:
                continue
            asked += 1
            assert may_count(instance, members, 1, 99, number)
    assert asked > 30


def may_count(instance: Instance, members: Mapping[str, str], low: int, high: int, number: int | None) -> bool:
    def build(model: cp_model.CpModel) -> None:
        quarter = Quarter(model, instance.table_set, instance.draft.tables, number)
        model.add_linear_constraint(quarter.count(members), low, high)

    return is_possible(build)


@pytest.mark.slow
def test_g5_nobody_who_knows_one_of_a_group_knows_that_the_others_are_alike() -> None:
    asked = 0
    for instance in instances():
        for table in instance.draft.tables:
            for members, _ in printed([table]):
                for name in set(table["dimensions"]) - set(members):
                    if instance.held(members) >= 2:
                        parts = [
                            members | {name: code} for code in instance.table_set.dimensions[instance.root(name)].top
                        ]
                        parts = [part for part in parts if instance.can_be(part)]
                        for known in [part for part in parts if instance.held(part)] if len(parts) > 1 else []:
                            asked += 1
                            assert others_may_differ(instance, parts, known)
    assert asked > 50


def others_may_differ(instance: Instance, parts: Sequence[Mapping[str, str]], known: Mapping[str, str]) -> bool:
    def build(model: cp_model.CpModel) -> None:
        quarter = Quarter(model, instance.table_set, instance.draft.tables, len(instance.rows))
        filled = []
        for part in parts:
            is_there = model.new_bool_var("")
            model.add(quarter.count(part) >= 1 + (part == known)).only_enforce_if(is_there)
            filled.append(is_there)
        model.add(quarter.count(known) >= 1)
        model.add(cp_model.LinearExpr.sum(filled) >= 2)

    return is_possible(build)


@pytest.mark.slow
def test_g7_beside_every_record_another_may_have_been_there_in_each_attribute() -> None:
    asked = 0
    for instance in instances():
        roots = instance.table_set.roots
        for record in sorted({tuple(row[root] for root in roots) for row in instance.rows}):
            for place, root in enumerate(roots):
                model = cp_model.CpModel()
                quarter = Quarter(model, instance.table_set, instance.draft.tables, len(instance.rows))
                others = [
                    (*record[:place], code, *record[place + 1 :]) for code in instance.table_set.dimensions[root].codes
                ]
                variables = [quarter.people[o] for o in others if o != record and o in quarter.people]
                if variables:
                    asked += 1
                    model.add(cp_model.LinearExpr.sum(variables) >= 1)
                    assert cp_model.CpSolver().solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    assert asked > 100


def test_g9_the_printed_total_decides_how_many_dimensions_are_shown() -> None:
    for instance in instances():
        total = next(value for members, value in instance.cells() if not members)
        ways = max(len(table["dimensions"]) for table in instance.draft.tables)
        assert abs(total - len(instance.rows)) <= 4
        assert ways <= (0 if total <= 20 else 1 if total <= 50 else 2 if total <= 100 else 3)


# What is planted as a draft


def planted() -> Iterator[tuple[TableSet, Rows, list[dict[str, Any]]]]:
    """Drafts of tables with two dimensions and more."""
    for number, size in enumerate((60, 66, 77, 140)):
        for table_set in (small(), *((report_ix(),) if number < 2 else ())):
            rows = people(table_set, size, 40 + number)
            draft = make(table_set, rows, seed=bytes([number]) * 32)
            assert isinstance(draft, Draft)
            ways, coarse = {step: (ways, coarse) for step, ways, coarse in STEPS}[draft.step]
            assert ways >= 2
            yield table_set.reduced(ways, coarse=coarse), rows, copy.deepcopy(list(draft.tables))


@pytest.fixture(scope="module")
def drafts() -> list[tuple[TableSet, Rows, list[dict[str, Any]]]]:
    return list(planted())


Drafts = list[tuple[TableSet, Rows, list[dict[str, Any]]]]


def is_caught(table_set: TableSet, rows: Rows, tables: list[dict[str, Any]]) -> bool:
    records, _ = table_set.records(rows)
    return not audit(table_set, tables, records).ok


def counted(table_set: TableSet, rows: Rows, tables: list[dict[str, Any]], step: int) -> list[dict[str, Any]]:
    """The tables with the counts rounded one by one to the nearest multiple of `step`."""
    instance = Instance(table_set, rows, Draft((), "", None, {}))  # type: ignore[arg-type]
    again = copy.deepcopy(tables)
    for table in again:
        for row in table["rows"]:
            members = {name: row[name] for name in table["dimensions"] if row[name] != "*"}
            row["value"] = step * round(instance.held(members) / step)
    return again


@pytest.mark.slow
def test_every_draft_of_exact_counts_is_caught(drafts: Drafts) -> None:
    assert all(is_caught(table_set, rows, counted(table_set, rows, tables, 1)) for table_set, rows, tables in drafts)


def test_every_draft_rounded_cell_by_cell_is_caught(drafts: Drafts) -> None:
    assert all(is_caught(table_set, rows, counted(table_set, rows, tables, 5)) for table_set, rows, tables in drafts)


@pytest.mark.slow
def test_every_swap_of_two_cells_is_caught(drafts: Drafts) -> None:
    tried = 0
    for number, (table_set, rows, tables) in enumerate(drafts):
        chance = random.Random(number)
        for _ in range(20):
            changed = copy.deepcopy(tables)
            table = chance.choice([t for t in changed if len(t["dimensions"]) > 1])
            inner = [row for row in table["rows"] if "*" not in row.values()]
            one = chance.choice([row for row in inner if row["value"]])
            two = chance.choice([row for row in inner if row["value"] != one["value"]])
            one["value"], two["value"] = two["value"], one["value"]
            tried += 1
            assert is_caught(table_set, rows, changed)
    assert tried >= 80


def test_every_total_that_is_off_by_five_is_caught(drafts: Drafts) -> None:
    tried = 0
    for number, (table_set, rows, tables) in enumerate(drafts):
        chance = random.Random(number)
        for off in (5, -5):
            for _ in range(10):
                changed = copy.deepcopy(tables)
                totals = [
                    row for table in changed for row in table["rows"] if "*" in row.values() and row["value"] >= 5
                ]
                chance.choice(totals)["value"] += off
                tried += 1
                assert is_caught(table_set, rows, changed)
    assert tried >= 80
