"""The gate for differences: it knows no method, refuses those that give somebody away, and lets inertia pass."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm.statistics import combinations, one_person, release
from nrm.statistics.cells import Layout, lay_out
from nrm.statistics.one_person import Figures, Method, NoNextRelease, OnePerson, examine
from nrm.statistics.protect import CannotRound, domain, round_jointly, round_total, secret_stream
from nrm.statistics.reading import Record
from nrm.statistics.release import make
from nrm.statistics.tables import Cell, TableSet
from nrm.statistics.verdicts import Draft
from tests.unit.statistics.sets import people, small

MUCH = 200.0  # inertia of a figure that keeps its value as long as the same people stand behind it


@pytest.fixture(autouse=True)
def somebody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_person, "PEOPLE", 100)


class Quarter:
    """The people of a quarter, and the tables that are printed of them."""

    def __init__(self, number: int, seed: int) -> None:
        self.table_set: TableSet = small().reduced(small().ways_for(number))
        self.records, _ = self.table_set.records(people(small(), number, seed))
        self.layout: Layout = lay_out(self.table_set)

    def counts(self, records: Sequence[Record]) -> Any:
        return self.layout.membership(records).sum(axis=1).astype(np.int64)

    def rounded(self, records: Sequence[Record], last: Mapping[Cell, int], *seed: int) -> dict[Cell, int]:
        noise = secret_stream(b"s", *seed)
        total = round_total(len(records), noise, last)
        return {c: 5 * n for c, n in round_jointly(self.layout, self.counts(records), total, noise, last=last).items()}

    def draft(self) -> dict[Cell, int]:
        return self.rounded(self.records, {}, 0)

    def told(self, method: Method, seed: int = 1) -> OnePerson:
        return examine(self.table_set, self.records, [self.draft()], method, seed=seed)

    def trial(self, method: Method, seed: int = 1) -> one_person._Trial:
        cells = [cell for cell in self.layout.cells if cell]
        return one_person._Trial(
            self.table_set, self.records, [self.draft()], method, cells, np.random.default_rng(seed), 100
        )

    def inert(self, records: Sequence[Record], printed: Sequence[Figures], seed: int) -> Figures:
        """The method of this program."""
        last = printed[-1] if printed else {}
        return self.rounded(records, {cell: figure // 5 for cell, figure in last.items()}, 1, seed)

    def afresh(self, records: Sequence[Record], _: Sequence[Figures], seed: int) -> Figures:
        """Every quarter is rounded as if there had been none before."""
        return self.rounded(records, {}, 1, seed)

    def exact(self, records: Sequence[Record], printed: Sequence[Figures], seed: int) -> Figures:
        """A figure moves exactly if its number changed."""
        if not printed:
            return self.afresh(records, printed, seed)
        changed = np.sign(self.counts(records) - self.counts(self.records))
        return {cell: printed[-1][cell] + 5 * int(by) for cell, by in zip(self.layout.cells, changed, strict=True)}

    def sticky(self, records: Sequence[Record], printed: Sequence[Figures], seed: int) -> Figures:
        """A figure keeps its value as long as the same people stand behind it; others are rounded afresh."""
        if not printed:
            return self.afresh(records, printed, seed)
        now, before = self.counts(records), self.counts(self.records)
        same = [cell for n, cell in enumerate(self.layout.cells) if now[n] == before[n] > 0]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("nrm.statistics.protect.INERTIA", MUCH)
            return self.rounded(records, {cell: printed[-1][cell] // 5 for cell in same}, 1, seed)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "seed"), [(40, 1), (60, 1), (140, 1)])
def test_figures_with_inertia_name_nobody(number: int, seed: int) -> None:
    """What was there before, sticky figures, named a fifth of those who came or left, with a verdict that said ok."""
    quarter = Quarter(number, seed)
    told = quarter.told(quarter.inert)
    assert told.ok
    assert told.draws == 100
    kept = [quarter.trial(quarter.sticky, seed=each) for each in (1, 2, 3)]
    ways = [[trial._one([], comes=comes) for comes in (True, False)] for trial in kept]
    assert sum(max(told.named for told in each) for each in ways) / len(kept) > 10
    assert not any(quarter.told(quarter.sticky, seed=each).ok for each in (1, 2, 3))


@pytest.mark.slow
def test_exact_differences_name_nearly_everybody() -> None:
    quarter = Quarter(60, 1)
    told = quarter.told(quarter.exact)
    assert told.named > 80
    assert not told.ok


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_rounding_afresh_names_nobody_and_tells_of_unchanged_groups(seed: int) -> None:
    quarter = Quarter(60, seed)
    told = quarter.told(quarter.afresh)
    assert told.named < 2
    assert told.by_series > 0.1
    assert not told.ok


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rounding_afresh_tells_of_groups_where_few_figures_are_printed(seed: int) -> None:
    """Of 40 people twelve figures are printed. In two of these sets of people every 5, or every 0, stands for 1 to 4 by
    chance; that hid what a series tells as long as only these people were looked at."""
    quarter = Quarter(40, seed)
    for method, refused in ((quarter.afresh, True), (quarter.inert, False)):
        trial = quarter.trial(method, seed)
        assert (trial._by_series(list(trial._populations())) > 0.2) == refused


@pytest.mark.slow
@pytest.mark.parametrize(
    ("planted", "seed"), [("afresh", 1), ("afresh", 2), ("afresh", 3), ("sticky", 1), ("exact", 1), ("exact", 2)]
)
def test_a_method_that_gives_somebody_away_releases_no_table(
    planted: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarter = Quarter(40, seed)
    method = getattr(quarter, planted)
    monkeypatch.setattr(release, "DRAWS", 1)
    monkeypatch.setattr(release, "FEWEST_DRAWS", 1)
    monkeypatch.setattr(release._Maker, "_after", lambda *_: method)
    made = make(quarter.table_set, people(small(), 40, seed), seed=b"s")
    assert isinstance(made, Draft)
    assert made.step == "total"
    assert made.verdict.attempts == (("one_way", "told of one person"),)


@pytest.mark.slow
def test_what_is_released_has_passed_on_a_first_release_and_on_a_later_one() -> None:
    rows = people(small(), 60, 4)
    first = make(small(), rows, seed=b"1")
    assert isinstance(first, Draft)
    later = make(small(), rows[:50] + people(small(), 12, 5), seed=b"2", history=[first.kept])
    assert isinstance(later, Draft)
    for made in (first, later):
        assert made.step == "two_way"
        assert made.verdict.one_person.ok
        said = made.verdict.operator()["one_person"]
        assert (said["draws"], said["named"] < 2, said["p95_bits"] <= 6) == (100, True, True)
        assert made.verdict.public()["one_person"] == said


class Told(one_person._Trial):
    """A trial of which it is known beforehand who is named: so many of the first, of the second ... people tried."""

    def __init__(self, quarter: Quarter, runs: int, named: Sequence[int]) -> None:
        cells = [cell for cell in quarter.layout.cells if cell]
        chance = np.random.default_rng(1)
        super().__init__(quarter.table_set, quarter.records, [quarter.draft()], quarter.inert, cells, chance, 100)
        self.runs, self._named = runs, list(named)

    def _learned(self, who: Sequence[Record], after: Any) -> tuple[float, float]:
        assert len(who) == len(after)
        return 100 * sum(self._named[: len(who) // self.runs]) / len(who), 1.0


@pytest.mark.parametrize(
    ("runs", "named", "draws", "ok"),
    [
        (20, [0, 0, 0], 20, True),
        (20, [1, 0, 0], 60, True),  # by chance, it turns out: 1 of 60
        (20, [1, 1, 0], 40, False),  # 2 of 60 are too many whatever the last 20 would bring
        (20, [2, 0, 0], 20, False),
        (50, [1, 0], 100, True),
        (50, [2, 0], 50, False),
        (100, [2], 100, False),
    ],
)
def test_more_people_come_before_a_draft_is_refused_by_chance(
    runs: int, named: list[int], draws: int, ok: bool
) -> None:
    told = Told(Quarter(40, 1), runs, named)._one([], comes=True)
    assert (told.draws, told.ok) == (draws, ok)


@pytest.mark.slow
def test_who_is_given_away_is_named_however_few_are_tried_at_first() -> None:
    """The test in steps lets no method pass that names people: exact and sticky differences, from twenty on."""
    quarter = Quarter(60, 1)
    for method in (quarter.exact, quarter.sticky):
        for seed in (1, 2, 3):
            told = examine(quarter.table_set, quarter.records, [quarter.draft()], method, seed=seed, people=20)
            assert not told.ok


def test_what_releases_on_the_same_people_tell_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    told = OnePerson(100, 0.0, 3.5, 0.0)
    assert (told.ok, told.ok_beside([2.5]), told.ok_beside([2.6])) == (True, True, False)
    assert (told.ok_beside([1.0, 1.5]), told.ok_beside([1.0, 1.6])) == (True, False)
    assert one_person.NOTHING_TOLD.ok_beside([99.0])

    def examined(_: TableSet, __: Sequence[Record], printed: Sequence[Figures], *___: Any, **____: Any) -> OnePerson:
        return told if len(printed[-1]) > 1 else one_person.NOTHING_TOLD

    monkeypatch.setattr(release, "examine", examined)
    alone, beside = (make(small(), people(small(), 40, 1), seed=b"s", told_elsewhere=[bits]) for bits in (2.5, 2.6))
    assert isinstance(alone, Draft)
    assert isinstance(beside, Draft)
    assert (alone.step, beside.step) == ("one_way", "total")


@pytest.mark.slow
@pytest.mark.parametrize("way", ["inert", "sticky"])
def test_what_two_independent_releases_tell_is_what_is_added_up(way: str) -> None:
    """The same hundred people come; an attacker adds what two releases tell, and learns no more than is said."""
    quarter = Quarter(140, 1)
    method, apart = getattr(quarter, way), quarter.trial(quarter.inert)
    who = apart.people.somebody(100)
    singles, factors = [], []
    for number in (1, 2):
        draft = quarter.rounded(quarter.records, {}, 50 + number)
        trial = quarter.trial(method)
        trial.draft = trial._row(draft)
        after = np.array(
            [trial._row(method([*quarter.records, each], [draft], 1000 * number + at)) for at, each in enumerate(who)]
        )
        singles.append(trial._learned(who, after)[1])
        factors.append(trial._factors(who, after)[0])
    own = np.eye(len(who), dtype=bool)
    both = sum(factors)
    told = (np.percentile(both[own], 95) - np.percentile(both[~own], 95)) / np.log(2)
    assert 0 < told <= sum(singles)


def test_a_draft_that_no_release_can_follow_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release._Maker, "_after", lambda *_: lambda *_: None)
    made = make(small(), people(small(), 40, 1), seed=b"s")
    assert isinstance(made, Draft)
    assert made.step == "total"
    assert made.verdict.attempts == (("one_way", "no release can follow"),) * 20
    quarter = Quarter(40, 1)
    with pytest.raises(NoNextRelease):
        quarter.told(lambda *_: None)


def test_a_total_alone_and_nobody_at_all_tell_nothing_of_one_person() -> None:
    quarter = Quarter(40, 1)
    assert examine(quarter.table_set, quarter.records, [{(): 40}], quarter.inert, seed=1) == one_person.NOTHING_TOLD
    assert examine(quarter.table_set, [], [quarter.draft()], quarter.inert, seed=1) == one_person.NOTHING_TOLD


def test_the_posterior_of_a_hand_worked_table_is_that_of_bayes() -> None:
    """Four people, one dimension of two codes: f for three of them. A figure tells of f as much as odds of 4 to 1."""
    table_set = small(table=[{"by": ["sex"]}])
    codes = {"nationality": "AL", "age": "child"}
    records = [tuple(codes.get(root, sex) for root in table_set.roots) for sex in "fffm"]
    cells: list[Cell] = [(("sex", "f"),), (("sex", "m"),)]
    every = combinations.Combinations(table_set, cells, records, np.random.default_rng(1))
    prior = 0.7 * 0.75 + 0.3 * 0.5
    assert every.prior == pytest.approx([prior, 1 - prior])
    [believed] = every.believed(np.log([4.0, 1.0]), np.eye(2, dtype=bool))
    posterior = 4 * prior / (4 * prior + 1 - prior)
    assert believed.likeliest == 0
    assert believed.posterior == pytest.approx(posterior)
    assert np.exp(believed.log_factors) == pytest.approx([posterior / prior, (1 - posterior) / (1 - prior)])


def test_combinations_too_many_to_be_tried_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    quarter = Quarter(60, 1)
    cells = [cell for cell in quarter.layout.cells if cell]
    whole = combinations.Combinations(quarter.table_set, cells, quarter.records, np.random.default_rng(1))
    monkeypatch.setattr(combinations, "MOST_COMBINATIONS", 10)
    drawn = combinations.Combinations(quarter.table_set, cells, quarter.records, np.random.default_rng(1))
    told = np.random.default_rng(2).normal(size=len(cells))
    counted = whole.counted(quarter.records)
    both = [each.believed(told, counted)[0].log_factors for each in (whole, drawn)]
    assert both[0] == pytest.approx(both[1], abs=0.1)
    assert [whole.place(record) >= 0 and drawn.place(record) >= 0 for record in quarter.records] == [True] * 60


@given(st.integers(30, 300), st.integers(60, 90), st.integers(0, 999))
@settings(max_examples=6)
def test_a_panel_of_eight_quarters_is_always_rounded_within_the_stated_bounds(size: int, stay: int, seed: int) -> None:
    chance = random.Random(seed)
    table_set = small().reduced(small().ways_for(size))
    layout = lay_out(table_set)
    there = people(table_set, size, seed)
    last: dict[Cell, int] = {}
    for number in range(8):
        there = chance.sample(there, size * stay // 100)
        there += people(table_set, size + chance.randint(-5, 5) - len(there), 1000 * seed + number, "q")
        records, _ = table_set.records(there)
        counts = layout.membership(records).sum(axis=1).astype(np.int64)
        noise = secret_stream(b"panel", seed, number)
        total = round_total(len(there), noise, last)
        try:
            figures = round_jointly(layout, counts, total, noise, last=last)
        except CannotRound:
            pytest.fail("every quarter can be rounded")
        assert abs(5 * total - len(there)) <= 4
        if last and abs(5 * last[()] - len(there)) <= 4:
            assert total == last[()]
        assert all(figures[cell] in domain(int(true)) for cell, true in zip(layout.cells, counts, strict=True) if cell)
        assert all(
            figures[layout.cells[whole]] == sum(figures[layout.cells[part]] for part in parts)
            for whole, parts in layout.relations
        )
        last = figures
