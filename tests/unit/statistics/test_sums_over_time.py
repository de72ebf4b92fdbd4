"""Sums of several releases: what is printed again stays, and the gate for differences looks at them, too."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Any

import pytest

from nrm.statistics import one_person, sums
from nrm.statistics.description import parse
from nrm.statistics.one_person import OnePerson
from nrm.statistics.release import make
from nrm.statistics.tables import TableSet
from nrm.statistics.verdicts import Draft, Refused

MOST = 92
STAYS: TableSet = parse(
    {
        "dimension": {
            "d": {"column": "d", "codes": ["a", "b", "c", "e"]},
            "s": {"column": "s", "codes": ["f", "m"]},
        },
        "table": [{"by": ["d", "s"]}, {"by": ["d", "s"], "sum": "nights", "most": MOST}],
    }
)
(NIGHTS,) = (table.key for table in STAYS.sums)


def stays(number: int) -> list[dict[str, str]]:
    chance = random.Random(7)
    return [
        {
            "person": str(each),
            "d": chance.choices("abce", [6, 3, 2, 1])[0],
            "s": chance.choices("fm", [7, 3])[0],
            NIGHTS: str(chance.randint(1, MOST)),
        }
        for each in range(number)
    ]


def released(rows: list[dict[str, str]], seed: int, history: list[dict[str, Any]]) -> Draft:
    made = make(STAYS, rows, seed=bytes([seed]) * 32, history=history)
    assert isinstance(made, Draft)
    return made


def printed(draft: Draft) -> list[int]:
    return [row["value"] for table in draft.sums["nights"] for row in table["rows"]]


@pytest.mark.slow
def test_sums_of_the_same_people_are_printed_alike_release_after_release() -> None:
    """Rounded afresh, four of five sums of eight releases were printed differently once."""
    rows, history, seen = stays(60), [], []
    for seed in range(4):
        draft = released(rows, seed, history)
        history.append(draft.kept)
        seen.append(printed(draft))
    assert all(each == seen[0] for each in seen)
    afresh = [printed(released(rows, seed, [])) for seed in range(4)]
    assert any(each != afresh[0] for each in afresh)


def test_a_sum_that_changed_much_is_printed_so_whatever_stood_there() -> None:
    rows = stays(60)
    before = released(rows, 1, [])
    more = [{**row, NIGHTS: str(MOST)} for row in rows]
    changed = released(more, 2, [before.kept])
    assert printed(changed)[0] >= printed(before)[0] + 10 * MOST


def test_releases_without_sums_keep_what_they_kept() -> None:
    counted = parse({"dimension": {"s": {"column": "s", "codes": ["f", "m"]}}, "table": [{"by": ["s"]}]})
    made = make(counted, [{"person": str(n), "s": "f" if n % 3 else "m"} for n in range(40)], seed=bytes(32))
    assert isinstance(made, Draft)
    assert set(made.kept) == {"format", "base", "step", "figures"}


@pytest.mark.slow
def test_sums_that_tell_of_one_person_stop_a_draft(monkeypatch: pytest.MonkeyPatch) -> None:
    telling = OnePerson(draws=100, named=5.0, p95_bits=1.0, by_series=0.0)
    monkeypatch.setattr(sums, "told", lambda *_, **__: telling)
    made = make(STAYS, stays(60), seed=bytes(32))
    assert isinstance(made, Refused) or made.verdict.step == "total"
    assert {why for _, why in made.verdict.attempts} == {"told of one person"}


@pytest.mark.slow
def test_the_gate_finds_exact_sums_and_passes_rounded_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_person, "PEOPLE", 100)
    rows = stays(60)
    records, _ = STAYS.records(rows)
    (column,) = sums.columns(STAYS, STAYS.amounts(rows), (), bytes(32))
    honest = sums.told(column, records, sums.rounded(column, records), seed=1, people=None)
    assert honest.draws == 100
    assert honest.ok
    monkeypatch.setattr(sums, "_rounded", lambda _, __, ___, amounts, *____: exact(column, *zip(*amounts, strict=True)))
    telling = sums.told(column, records, exact(column, records, column.amounts), seed=1, people=None)
    assert not telling.ok


class Looked(Sequence[int]):
    """What people have; how often somebody looked at one of them is counted."""

    def __init__(self, amounts: Sequence[int]) -> None:
        self.amounts, self.looks = amounts, 0

    def __len__(self) -> int:
        return len(self.amounts)

    def __getitem__(self, place: Any) -> Any:
        self.looks += 1
        return self.amounts[place]


@pytest.mark.slow
def test_who_comes_is_given_an_amount_without_looking_at_those_of_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """With weights for 14,000 people the gate had no answer in minutes: for each, all amounts were read again."""
    monkeypatch.setattr(one_person, "PEOPLE", 4)
    rows = stays(300)
    records, _ = STAYS.records(rows)
    (column,) = sums.columns(STAYS, STAYS.amounts(rows), (), bytes(32))
    figures = sums.rounded(column, records)
    amounts = Looked(column.amounts)
    told = sums.told(dataclasses.replace(column, amounts=amounts), records, figures, seed=1, people=None)
    assert told.draws == 4
    releases = sum((16, 12 * 8, 2 * 12))  # without change, of fictitious people, with one who comes or leaves
    assert amounts.looks < 2 * releases * len(rows)


def exact(column: sums.Column, there: Any, amounts: Any) -> dict[Any, int]:
    """As if each step of a tenth of a person were printed."""
    layout = sums.lay_out(column.table_set)
    true = layout.membership(there) @ sums.np.array(amounts) * 10 // column.most
    return {cell: int(each) for cell, each in zip(layout.cells, true, strict=True)}
