"""A year from its quarters: published figures added up where they may be, and nothing where one is missing."""

from __future__ import annotations

import random
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from nrm.countries import load
from nrm.domain.quarters import Quarter
from nrm.domain.reports.reports import Window
from nrm.render import years
from nrm.render.reports import words_of
from nrm.render.series import Published
from nrm.statistics.tables import Cell

TABLES = load("albania").tables["ix"]
WORDS = words_of(TABLES, "en")
SEXES = ("feminine", "masculine", "other_or_unknown")


def release(quarter: Quarter, flows: Mapping[str, tuple[int, int, int, int]]) -> Published:
    """A release with the opening, admitted, left, closing of each sex, of everybody, and of nobody else."""
    figures: dict[Cell, int] = {}
    ends = (("arrival", "opening"), ("arrival", "admitted"), ("stay_status", "left"), ("stay_status", "still_there"))
    total = tuple(map(sum, zip(*flows.values(), strict=True)))
    for end, figure in zip(ends, total, strict=True):
        figures[(end,)] = figure
    for sex, flow in flows.items():
        for end, figure in zip(ends, flow, strict=True):
            figures[tuple(sorted((("sex", sex), end)))] = figure
    figures[()] = total[0] + total[1]
    return Published(Window(quarter, quarter), figures)


def year_of(chance: random.Random, year: int = 2026) -> list[Published]:
    """Four quarters, the opening of each the closing of the one before."""
    there = {sex: 5 * chance.randrange(8) for sex in SEXES}
    found = []
    for quarter in years.quarters_of(year):
        flows = {}
        for sex in SEXES:
            opening, admitted = there[sex], 5 * chance.randrange(10)
            left = 5 * chance.randrange((opening + admitted) // 5 + 1)
            there[sex] = opening + admitted - left
            flows[sex] = (opening, admitted, left, there[sex])
        found.append(release(quarter, flows))
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_the_account_of_a_year_balances_in_every_line_as_that_of_a_quarter_does(seed: int) -> None:
    account = years.account(year_of(random.Random(seed)), TABLES, WORDS)
    assert account
    assert [label for _, label, _ in account.lines] == [*(WORDS.label("sex", sex) for sex in SEXES), "Total"]
    for _, _, (start, admitted, left, end) in account.lines:
        assert start + admitted - left == end
    *parts, whole = [balance for _, _, balance in account.lines]
    assert tuple(map(sum, zip(*parts, strict=True))) == whole
    assert account.least <= account.most == whole[0] + whole[1]


def test_an_account_by_hand() -> None:
    found = [
        release(quarter, {"feminine": flow, "masculine": (0, 0, 0, 0)})
        for quarter, flow in zip(
            years.quarters_of(2026), [(10, 30, 20, 20), (20, 25, 15, 30), (30, 5, 35, 0), (0, 15, 5, 10)], strict=True
        )
    ]
    account = years.account(found, TABLES, WORDS)
    assert account
    assert account.lines[-1] == ("all", "Total", (10, 75, 75, 10))
    # 45 in the second quarter; 10 at the start and 75 admitted.
    assert (account.least, account.most) == (45, 85)
    assert account.heading == "Nationality (groups) / Gender"


def test_a_line_stands_where_every_quarter_prints_it_and_an_account_where_every_quarter_is_there() -> None:
    found = year_of(random.Random(1))
    coarse = {cell: figure for cell, figure in found[1].figures.items() if len(cell) < 2}
    account = years.account([found[0], Published(found[1].window, coarse), *found[2:]], TABLES, WORDS)
    assert account
    assert [label for _, label, _ in account.lines] == ["Total"]
    total = Published(found[1].window, {(): 60})
    assert years.account([found[0], total, *found[2:]], TABLES, WORDS) is None
    assert years.account([found[0], None, *found[2:]], TABLES, WORDS) is None
    assert years.account(found, load("albania").tables["x"], WORDS) is None


def test_quarters_are_added_only_where_each_record_belongs_to_one_of_them_and_none_is_missing() -> None:
    one, *others = found = [
        Published(Window(quarter, quarter), {(): 5 * number})
        for number, quarter in enumerate(years.quarters_of(2026), 1)
    ]
    assert years.line("x", found, adds_up=True) == years.Line("x", (5, 10, 15, 20), 50)
    assert years.line("ix", found, adds_up=False).year is None
    assert years.line("x", [one, None, *others[1:]], adds_up=True) == years.Line("x", (5, None, 15, 20), None)
    assert [name for name, tables in load("albania").tables.items() if tables.adds_up] == [
        "exploited",
        "referrals",
        "x",
    ]


def test_a_release_of_several_quarters_is_no_quarter_of_a_year() -> None:
    half = Published(Window(Quarter(2026, 1), Quarter(2026, 2)), {(): 40})
    third = Published(Window(Quarter(2026, 3), Quarter(2026, 3)), {(): 20})
    assert years.within([half, third], 2026) == [None, None, third, None]
