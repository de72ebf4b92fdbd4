"""A release is made and safe, or refused: never anything else."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nrm.statistics import release
from nrm.statistics.attack import Audit, Finding
from nrm.statistics.printed import MalformedHistory
from nrm.statistics.release import make
from nrm.statistics.tables import TableSet
from nrm.statistics.verdicts import Draft, Refused, mean_error_non_empty
from tests.unit.statistics.sets import any_table_set, people, report_ix, small


def quarter(table_set: TableSet, rows: list[dict[str, str]], seed: int = 1, history: Sequence[Any] = ()) -> Draft:
    made = make(table_set, rows, seed=bytes([seed]) * 32, history=history)
    assert isinstance(made, Draft)
    return made


def figure(draft: Draft, **members: str) -> int:
    """The figure of these members, everything else being a total, read from the printed rows."""
    for table in draft.tables:
        if set(members) <= set(table["dimensions"]):
            for row in table["rows"]:
                if all(row[name] == members.get(name, "*") for name in table["dimensions"]):
                    return int(row["value"])
    raise LookupError(members)


def test_the_error_over_cells_that_hold_anybody_is_stated_beside_the_one_over_all() -> None:
    assert mean_error_non_empty(np.array([0, 0, 0, 3, 7]), np.array([0, 0, 5, 5, 5])) == 2.0
    assert mean_error_non_empty(np.array([0, 0]), np.array([5, 0])) == 0.0
    said = quarter(small(), people(small(), 90, 3)).verdict
    assert said.operator()["mean_abs_error_non_empty"] == said.mean_abs_error_non_empty > 0


@given(st.randoms(use_true_random=False).map(any_table_set), st.integers(0, 80), st.integers(0, 255))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_any_tables_of_anybody_are_safe_or_refused(table_set: TableSet, number: int, seed: int) -> None:
    rows = people(table_set, number, seed)
    made = make(table_set, rows, seed=bytes([seed]) * 32)
    if isinstance(made, Refused):
        assert made.verdict.findings or made.verdict.attempts
        return
    total = figure(made)
    ways = max(len(table["dimensions"]) for table in made.tables)
    assert abs(total - number) <= 4
    assert ways <= (0 if total <= 20 else 1 if total <= 50 else 2)  # G9
    for table in made.tables:
        named = {tuple(row[name] for name in table["dimensions"]): row["value"] for row in table["rows"]}
        assert all(value % 5 == 0 for value in named.values())  # G1
        for members, value in named.items():
            for place, name in enumerate(table["dimensions"]):  # G2
                root = table_set.dimensions[name]
                parts = root.top if members[place] == "*" else root.groups.get(members[place], ())
                below = [named.get((*members[:place], part, *members[place + 1 :])) for part in parts]
                assert not below or None in below or sum(v for v in below if v is not None) == value
            held = sum(
                all(
                    m == "*" or row[n] in table_set.leaves(n, m)
                    for n, m in zip(table["dimensions"], members, strict=True)
                )
                for row in rows
            )
            assert abs(held - value) <= 9
            assert held > 4 or value in (0, 5)  # G3: no figure says that somebody is there
    assert all(passed for name, passed in made.verdict.scenarios.items() if name != "A5")


def test_sixty_people_over_four_years_are_a_total_and_nothing_else() -> None:
    table_set = report_ix()
    for number in range(10):
        made = quarter(table_set, people(table_set, number, number))
        assert made.step == "total"
        assert made.tables == ({"name": "total", "dimensions": [], "title": {}, "rows": [{"value": figure(made)}]},)
        assert figure(made) in (0, 5, 10)


@pytest.mark.parametrize(
    ("number", "step"), [(0, "total"), (20, "total"), (40, "one_way"), (80, "two_way"), (140, "three_way")]
)
def test_the_printed_total_decides_how_much_detail_is_shown(number: int, step: str) -> None:
    assert quarter(small(), people(small(), number, 2)).step == step


class Attackers:
    """Lets a number of drafts fail."""

    def __init__(self, failing: int) -> None:
        self.failing = failing
        self.seen: list[str] = []

    def __call__(self, table_set: TableSet, tables: Sequence[Any], *_: Any, **__: Any) -> Audit:
        self.seen.append(json.dumps(tables))
        failed = len(self.seen) <= self.failing
        return Audit((Finding("G3", "A1", "sex", (("sex", "f"),)),) if failed else (), {"A1": not failed})


@pytest.mark.parametrize(
    ("failing", "step"),
    [(0, "three_way"), (19, "three_way"), (20, "two_way"), (40, "two_way_groups"), (60, "one_way"), (80, "total")],
)
def test_a_step_is_left_only_when_all_its_draws_have_failed(
    monkeypatch: pytest.MonkeyPatch, failing: int, step: str
) -> None:
    attackers = Attackers(failing)
    monkeypatch.setattr(release, "audit", attackers)
    made = quarter(small(), people(small(), 140, 2))
    assert made.step == step
    assert len(made.verdict.attempts) == failing
    if failing == 19:
        assert len(set(attackers.seen)) > 10


def test_a_step_with_many_figures_has_fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "WORK", 1)
    attackers = Attackers(3)
    monkeypatch.setattr(release, "audit", attackers)
    made = quarter(small(), people(small(), 80, 2))
    assert (made.step, len(made.verdict.attempts)) == ("two_way_groups", 3)


def test_when_even_the_total_fails_nothing_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "audit", Attackers(1000))
    made = make(small(), people(small(), 140, 2), seed=b"s")
    assert isinstance(made, Refused)
    assert made.verdict.public()["findings"] == [{"table": "sex", "scenario": "A1", "guarantee": "G3"}]
    assert made.verdict.public()["step"] == "refused"


def test_tables_that_cannot_be_rounded_are_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise release.CannotRound

    monkeypatch.setattr(release, "round_jointly", never)
    made = make(small(), people(small(), 140, 2), seed=b"s")
    assert isinstance(made, Refused)
    assert {why for _, why in made.verdict.attempts} == {"cannot be rounded"}


def test_the_same_seed_gives_the_same_bytes() -> None:
    rows = people(small(), 90, 3)
    one, two = quarter(small(), rows), quarter(small(), rows)
    assert json.dumps(one.tables) == json.dumps(two.tables)
    assert json.dumps(one.kept) == json.dumps(two.kept)


def test_neither_rows_nor_their_order_depend_on_who_is_there() -> None:
    one, two = (quarter(small(), people(small(), 90, seed)) for seed in (3, 4))
    for left, right in zip(one.tables, two.tables, strict=True):
        keys = [[[row[name] for name in table["dimensions"]] for row in table["rows"]] for table in (left, right)]
        assert keys[0] == keys[1]


def test_quarters_follow_one_another_and_the_closing_is_the_next_opening() -> None:
    table_set = small(flow=True)
    chance = random.Random(7)
    there: list[dict[str, str]] = []
    history: list[Any] = []
    last: Draft | None = None
    for number in range(4):
        new = people(table_set, 130 - len(there), 20 + number)
        rows = [row | {"arrival": "opening", "status": chance.choice(["left", "still_there"])} for row in there]
        rows += [row | {"arrival": "admitted"} for row in new]
        made = quarter(table_set, rows, number, history)
        for group in ("*", "AL", "region", "eu"):
            members = {} if group == "*" else {"nationality_group": group}
            opening, admitted = (figure(made, arrival=code, **members) for code in ("opening", "admitted"))
            left, closing = (figure(made, status=code, **members) for code in ("left", "still_there"))
            assert opening + admitted - left == closing
            if last is not None:
                assert opening == figure(last, status="still_there", **members)
        assert ("A4" in made.verdict.scenarios) == bool(history)
        assert made.step != "total"
        history.append(json.loads(json.dumps(made.kept)))
        there, last = [row for row in rows if row["status"] == "still_there"], made


def test_figures_of_people_who_are_still_there_seldom_move() -> None:
    table_set = small().reduced(1)
    rows = people(table_set, 45, 8)
    first = quarter(table_set, rows, 1)
    moved = 0
    for seed in range(2, 10):
        again = quarter(table_set, rows, seed, [first.kept])
        moved += sum(figure(again, sex=code) != figure(first, sex=code) for code in ("f", "m"))
        assert figure(again) == figure(first)
    alone = {json.dumps(quarter(table_set, rows, seed).tables) for seed in range(2, 10)}
    assert len(alone) > 1
    assert moved <= 8


def test_what_is_kept_is_what_was_printed_and_nothing_else() -> None:
    made = quarter(small(), people(small(), 90, 3))
    assert set(made.kept) == {"format", "base", "step", "figures"}
    assert "p3-" not in json.dumps(made.kept)
    printed = {value["value"] for table in made.tables for value in table["rows"]}
    assert {5 * figure for _, figure in made.kept["figures"]} == printed


def test_what_a_former_version_kept_of_contributors_is_not_read() -> None:
    """Neither who was counted nor how they are named changes a figure."""
    rows = people(small(), 90, 3)
    first = quarter(small(), rows)
    marked = first.kept | {"contributors": [[[], "00" * 32]]}
    others = [row | {"person": f"other {row['person']}"} for row in rows]
    again = [quarter(small(), of, 2, [kept]) for of in (rows, others) for kept in (first.kept, marked)]
    assert all(each.tables == again[0].tables for each in again)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        ({}, "release 1: not a kept value of format 1 and base 5"),
        ({"format": 1, "base": 5}, "release 1: the figures cannot be read"),
        ({"format": 1, "base": 5, "figures": [[[["sex"]], 1]]}, "release 1: the figures cannot be read"),
        ({"format": 1, "base": 5, "figures": []}, "release 1: the figures are not those of a release"),
        ({"format": 1, "base": 5, "figures": [[[], -1]]}, "release 1: the figures are not those of a release"),
    ],
)
def test_a_kept_value_that_is_none_is_refused(kept: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedHistory) as caught:
        make(small(), [], seed=b"s", history=[kept])
    assert str(caught.value) == message


def test_progress_tells_what_is_done_and_never_a_number_of_people() -> None:
    told: list[str] = []
    make(small(), people(small(), 90, 3), seed=b"s", progress=told.append)
    assert told == ["step two_way, draw 1 of 20", "rounding", "shape", "linear bounds", "possible worlds"]


@pytest.mark.slow
def test_report_ix_of_a_large_quarter_is_published_in_full() -> None:
    table_set = report_ix()
    made = quarter(table_set, people(table_set, 200, 11))
    assert made.step == "three_way"
    assert made.verdict.mean_abs_error <= 1.6
    assert made.verdict.max_abs_error <= 9
    assert {name: made.verdict.scenarios[name] for name in ("A0", "A1", "A2", "A3")} == dict.fromkeys(
        ("A0", "A1", "A2", "A3"), True
    )
