"""Many people and many figures: what rounder and attacker do differently there, and that nothing gets weaker."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest

from nrm.statistics import attack, parts, protect, search, walk
from nrm.statistics.attack import audit, check_shape
from nrm.statistics.cells import lay_out
from nrm.statistics.conditions import Frame
from nrm.statistics.description import parse
from nrm.statistics.possible_worlds import PossibleWorld
from nrm.statistics.printed import render
from nrm.statistics.protect import domain, round_jointly, round_total, secret_stream
from nrm.statistics.questions import Questions
from nrm.statistics.reading import Scenario
from nrm.statistics.release import make
from nrm.statistics.tables import TableSet
from nrm.statistics.verdicts import Draft
from tests.unit.statistics.sets import people, small
from tests.unit.statistics.test_attack_and_oracle import releases

SEED = b"s" * 32
PAIRS = [{"by": ["nationality", "sex"]}, {"by": ["sex", "age"]}, {"by": ["nationality", "age"]}]


def crowded(number: int) -> tuple[PossibleWorld, list[tuple[str, ...]]]:
    """A world of many people who differ in many ways."""
    sizes = {"a": 12, "b": 6, "c": 8, "d": 5}
    table_set = parse(
        {
            "dimension": {
                name: {"column": name, "codes": [f"{name}{code}" for code in range(size)]}
                for name, size in sizes.items()
            },
            "table": [{"by": ["a", "b"]}, {"by": ["c", "d"]}],
        }
    )
    records, _ = table_set.records(people(table_set, number, 1))
    layout = lay_out(table_set)
    true = layout.membership(records).sum(axis=1)
    figures = {cell: 5 * -(-int(count) // 5) for cell, count in zip(layout.cells, true, strict=True)}
    return PossibleWorld(Frame(table_set, figures, Scenario("A0")), records), records


def calls(work: Callable[[], object]) -> int:
    """How many functions written in Python are called."""
    number = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal number
        number += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return number


def test_looking_for_somebody_to_change_does_not_ask_each_of_many_people() -> None:
    number = 3000
    world, records = crowded(number)
    chance = random.Random(1)
    empty = next(cell for cell, count in zip(world.frame.cells, world.counts, strict=False) if not count)
    for record in records:  # what is worked out once for each record is not what is measured
        world.frame.conditions(record)
    assert calls(lambda: world.fill(empty, 1, chance)) < number
    wanted = world.frame.changed(records[0], "a", next(c for c in world.frame.codes["a"] if c != records[0][0]))
    assert calls(lambda: world.become(records[0], [wanted], chance)) < number


def rounded(table_set: TableSet, number: int, seed: int) -> tuple[TableSet, Any, list[tuple[str, ...]]]:
    """A release that nobody attacked yet."""
    records, _ = table_set.records(people(table_set, number, seed))
    total = round_total(number, secret_stream(SEED, seed))
    table_set = table_set.reduced(table_set.ways_for(5 * total))
    layout = lay_out(table_set)
    true = layout.membership(records).sum(axis=1).astype(np.int64)
    joint = round_jointly(layout, true, total, secret_stream(SEED, seed, "figures"))
    return table_set, render(layout, joint), records


@pytest.mark.slow
def test_worlds_alone_find_what_arithmetic_and_worlds_find(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many figures arithmetic is not asked; a world that shows a thing to be open satisfies every equation."""
    tried = failed = 0
    for release in islice(releases(), 140):
        records, _ = release.table_set.records(release.rows)
        seen = []
        for most in (10_000, 0):
            monkeypatch.setattr(attack, "ARITHMETIC", most)
            seen.append(audit(release.table_set, release.tables, records))
        first, second = seen
        assert first.ok == second.ok
        # Arithmetic names what it finds at once, and worlds are not asked then; worlds find that and perhaps more.
        assert {(f.guarantee, f.cell) for f in first.findings} <= {(f.guarantee, f.cell) for f in second.findings}
        assert {name for name, ok in first.scenarios.items() if ok} >= {n for n, ok in second.scenarios.items() if ok}
        tried += 1
        failed += not first.ok
    assert tried == 140
    assert failed > 10


def test_figures_rounded_by_parts_add_up_and_may_be_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protect, "MANY", 0)
    monkeypatch.setattr(protect, "programme", None)  # a search over everything is not made
    table_set = small(table=PAIRS)
    layout = lay_out(table_set)
    records, _ = table_set.records(people(table_set, 140, 5))
    true = layout.membership(records).sum(axis=1).astype(np.int64)
    first, again, other = (round_jointly(layout, true, 28, secret_stream(seed)) for seed in (SEED, SEED, b"o" * 32))
    assert first == again
    assert first != other
    printed = [first[cell] for cell in layout.cells]
    assert all(printed[whole] == sum(printed[part] for part in parts) for whole, parts in layout.relations)
    assert all(printed[number] in domain(int(count)) for number, count in enumerate(true) if number)


def test_parts_that_end_in_nothing_leave_the_search_over_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protect, "MANY", 0)
    monkeypatch.setattr(protect, "_narrowed", lambda *_: None)
    monkeypatch.setattr(protect, "PART_WORK_LIMIT", 0.0)
    table_set, tables, records = rounded(small(table=PAIRS), 140, 5)
    assert audit(table_set, tables, records).ok


def test_margins_are_settled_so_that_every_part_can_be_placed() -> None:
    """A whole of 1 to 3 whose two parts are 1 at least: 1 is no choice, whatever it costs; and one is left alone."""
    low, high = [1, 1, 1, 0], [3, 2, 2, 9]
    assert parts._narrow(low, high, [(0, (1, 2))])
    assert (low, high) == ([2, 1, 1, 0], [3, 2, 2, 9])
    assert not parts._narrow([0, 1, 1], [1, 2, 2], [(0, (1, 2))])


def test_a_sample_of_questions_is_said_and_every_cell_is_asked_about_all_the_same() -> None:
    table_set, tables, records = rounded(small(), 78, 2)
    whole = audit(table_set, tables, records, seed=1)
    part = audit(table_set, tables, records, seed=1, sample=3)
    assert whole.ok
    assert part.ok
    assert (whole.untried, part.questions) == (0, whole.questions)
    assert 0 < part.untried < part.questions
    figures, _ = check_shape(table_set, tables)
    questions = Questions(Frame(table_set, figures, Scenario("A1")), records, figures)
    cells = [flags.copy() for flags in questions.flags]
    questions.thin(3, random.Random(1))
    assert all((now == before).all() for now, before in zip(questions.flags, cells, strict=True))
    assert len(questions.neighbours) == len(questions.groups) == 3


def test_the_verdict_says_how_much_of_the_attack_was_a_sample() -> None:
    rows = people(small(), 78, 2)
    said = []
    for sample in (None, 3):
        made = make(small(), rows, seed=SEED, sample=sample)
        assert isinstance(made, Draft)
        said.append(made.verdict.operator())
    assert [each["possible_worlds"] for each in said] == ["all", "sample"]
    assert said[0]["questions_untried"] == 0
    assert 0 < said[1]["questions_untried"] < said[1]["questions"] == said[0]["questions"]


def test_people_who_stay_as_they_are_still_leave_every_question_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The solver looks for worlds in which only some people change; each is possible as a whole."""
    monkeypatch.setattr(search, "DIFFERENT", 10)
    monkeypatch.setattr(walk, "_drive", lambda *_: None)  # so that the solver has to find them
    monkeypatch.setattr(attack, "ARITHMETIC", 0)
    monkeypatch.setattr(search, "ROUNDS", 40)
    table_set, tables, records = rounded(small(), 60, 3)
    seen = audit(table_set, tables, records, seed=1)
    assert seen.ok, seen.findings
