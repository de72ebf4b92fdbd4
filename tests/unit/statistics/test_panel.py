"""Quarter after quarter: what somebody learns who keeps every release and knows who stayed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from ortools.sat.python import cp_model

from nrm.statistics.release import make
from nrm.statistics.tables import TableSet
from nrm.statistics.verdicts import Draft
from tests.unit.statistics.oracle import Quarter, is_possible, printed
from tests.unit.statistics.sets import people, small

QUARTERS, SIZE, STAYING = 8, 60, 0.75
Members = tuple[tuple[str, str], ...]
Rows = list[dict[str, str]]


@cache
def panel(seed: int, *, inert: bool = True) -> list[tuple[Rows, Draft]]:
    """Eight quarters of 60 people; three in four stay from one to the next."""
    table_set = small(flow=True)
    chance = random.Random(seed)
    quarters: list[tuple[Rows, Draft]] = []
    history: list[Any] = []
    there: Rows = []
    for number in range(QUARTERS):
        new = people(table_set, SIZE - len(there), 100 * seed + number, "q")
        rows = [row | {"arrival": "opening", "status": "left"} for row in there]
        rows += [row | {"arrival": "admitted", "status": "left"} for row in new]
        for row in chance.sample(rows, round(STAYING * SIZE)):
            row["status"] = "still_there"
        made = make(table_set, rows, seed=bytes([seed, number]) * 16, history=history[-1:] if inert else [])
        assert isinstance(made, Draft)
        history.append(made.kept)
        quarters.append((rows, made))
        there = [row for row in rows if row["status"] == "still_there"]
    return quarters


def contributors(table_set: TableSet, rows: Rows, members: Members) -> frozenset[str]:
    quarter = Quarter(cp_model.CpModel(), table_set, (), None)
    return frozenset(
        row["person"] for row in rows if quarter.inside(tuple(row[root] for root in table_set.roots), dict(members))
    )


def unchanged_small_groups(
    table_set: TableSet, quarters: Sequence[tuple[Rows, Draft]]
) -> Iterator[tuple[int, int, Members]]:
    """(first quarter, last quarter, members) of every printed group of one to four that were the same people."""
    spans: dict[Members, tuple[int, frozenset[str]]] = {}
    printed_in = [{tuple(members.items()) for members, _ in printed(draft.tables)} for _, draft in quarters]
    for number, (rows, _) in enumerate([*quarters, ([], quarters[0][1])]):
        now = {}
        if number < len(quarters):
            now = {each: contributors(table_set, rows, each) for each in printed_in[number]}
        for members, (first, who) in list(spans.items()):
            if now.get(members) != who:
                del spans[members]
                if number - first > 1:
                    yield first, number - 1, members
        for members, who in now.items():
            if members and 0 < len(who) < 5:
                spans.setdefault(members, (number, who))


def figure(draft: Draft, members: Members) -> int:
    return next(value for each, value in printed(draft.tables) if tuple(each.items()) == members)


def link(model: cp_model.CpModel, table_set: TableSet, quarters: Sequence[Quarter]) -> None:
    """A person who is there at the opening of a quarter was there at the closing before."""
    groups: dict[tuple[str, ...], list[list[cp_model.IntVar]]] = defaultdict(lambda: [[], []])
    for before, after in pairwise(quarters):
        groups.clear()
        for place, quarter, code in ((0, before, "still_there"), (1, after, "opening")):
            for kind, variable in quarter.people.items():
                if code in kind:
                    groups[kind[: len(table_set.roots) - 2]][place].append(variable)
        for ends in groups.values():
            model.add(cp_model.LinearExpr.sum(ends[0]) == cp_model.LinearExpr.sum(ends[1]))


@pytest.mark.slow
def test_no_small_group_that_stays_is_pinned_by_eight_quarters() -> None:
    """An attacker who knows that nobody joined or left a group lays all its quarters over each other."""
    table_set = small(flow=True)
    asked = 0
    for seed in range(2):
        quarters = panel(seed)
        for first, last, members in unchanged_small_groups(table_set, quarters):
            asked += 1
            assert may_have_been(table_set, quarters[first : last + 1], members, 0, 0)
            if all(figure(draft, members) == 5 for _, draft in quarters[first : last + 1]):
                assert may_have_been(table_set, quarters[first : last + 1], members, 5, 99)
    assert asked > 20


def may_have_been(
    table_set: TableSet, quarters: Sequence[tuple[Rows, Draft]], members: Members, low: int, high: int
) -> bool:
    def build(model: cp_model.CpModel) -> None:
        there = [Quarter(model, table_set, draft.tables, None) for _, draft in quarters]
        link(model, table_set, there)
        for quarter in there:
            model.add_linear_constraint(quarter.count(dict(members)), low, high)
            model.add(quarter.count(dict(members)) == there[0].count(dict(members)))

    return is_possible(build)


@pytest.mark.slow
def test_a_small_group_that_stays_is_seldom_rounded_down_once_and_up_once() -> None:
    """Were that common, and seldom for a group of nobody, it would tell that the group is small."""
    moved, asked = (sum(each) for each in zip(*(moves(panel(seed)) for seed in range(2)), strict=True))
    assert moved <= asked / 5
    moved, asked = moves(panel(0, inert=False))
    assert moved > asked / 5


def moves(quarters: Sequence[tuple[Rows, Draft]]) -> tuple[int, int]:
    """How often the figure of a small group changed although its people did not, and how often it could have."""
    seen = [
        figure(quarters[number][1], members) != figure(quarters[number + 1][1], members)
        for first, last, members in unchanged_small_groups(small(flow=True), quarters)
        for number in range(first, last)
    ]
    return sum(seen), len(seen)


@pytest.mark.slow
def test_one_late_record_tells_none_of_its_attributes() -> None:
    """Two quarters of the same people and one more. The attacker knows all that, and both releases."""
    table_set = small()
    undetermined = 0
    for seed in range(4):
        rows = people(table_set, 60, seed)
        late = people(table_set, 1, 70 + seed, "late")
        first = make(table_set, rows, seed=bytes([seed]) * 32)
        assert isinstance(first, Draft)
        second = make(table_set, rows + late, seed=bytes([90 + seed]) * 32, history=[first.kept])
        assert isinstance(second, Draft)
        for place, root in enumerate(table_set.roots):
            codes = [
                code for code in table_set.dimensions[root].codes if late_may_be(table_set, first, second, place, code)
            ]
            assert late[0][root] in codes
            assert len(codes) == len(table_set.dimensions[root].codes)
            undetermined += 1
    assert undetermined == 4 * len(table_set.roots)


def late_may_be(table_set: TableSet, first: Draft, second: Draft, place: int, code: str) -> bool:
    def build(model: cp_model.CpModel) -> None:
        before = Quarter(model, table_set, first.tables, None)
        after = Quarter(model, table_set, second.tables, None)
        late = []
        for kind in before.kinds:
            is_late = model.new_bool_var("")
            model.add(after.people[kind] == before.people[kind] + is_late)
            late.append((kind, is_late))
        model.add(cp_model.LinearExpr.sum([is_late for _, is_late in late]) == 1)
        model.add(cp_model.LinearExpr.sum([is_late for kind, is_late in late if kind[place] == code]) == 1)

    return is_possible(build)
