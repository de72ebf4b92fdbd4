"""Worked disclosures: what the attacker reads off counts, each with its arithmetic, and that rounding ends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from nrm.statistics.attack import Finding, audit
from nrm.statistics.cells import lay_out
from nrm.statistics.deduction import Deduction, Interval, TooManyCombinations, crossings, disclosures, exact
from nrm.statistics.description import parse
from nrm.statistics.linear import NotOptimal
from nrm.statistics.printed import render
from nrm.statistics.reading import bounds
from nrm.statistics.release import make
from nrm.statistics.tables import Cell, TableSet
from nrm.statistics.verdicts import Draft
from tests.unit.statistics.sets import report_ix


def table_set(*by: str, impossible: list[Mapping[str, str]] | None = None, **dimensions: list[str]) -> TableSet:
    return parse(
        {
            "dimension": {name: {"column": name, "codes": codes} for name, codes in dimensions.items()},
            "table": [{"by": names.split()} for names in by],
            "impossible": impossible or [],
        }
    )


def cell(**members: str) -> Cell:
    return tuple(sorted(members.items()))


def people(*groups: tuple[int, dict[str, str]]) -> list[dict[str, str]]:
    return [dict(codes) for number, codes in groups for _ in range(number)]


def printed_raw(tables: TableSet, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The tables with the counts as they are."""
    layout = lay_out(tables)
    records, _ = tables.records(rows)
    counts = layout.membership(records).sum(axis=1)
    raw = [dict(table) for table in render(layout, dict(zip(layout.cells, map(int, counts), strict=True)))]
    return [{**t, "rows": [{**row, "value": row["value"] // 5} for row in t["rows"]]} for t in raw]


def attacked(tables: TableSet, rows: list[dict[str, str]]) -> set[Finding]:
    """What the attacker says about the counts as they are."""
    records, _ = tables.records(rows)
    return set(audit(tables, printed_raw(tables, rows), records).findings)


def published(tables: TableSet, rows: list[dict[str, str]]) -> Deduction:
    """What can be worked out from the release that is made of these people."""
    draft = make(tables, rows, seed=b"s" * 32)
    assert isinstance(draft, Draft)
    intervals: dict[Cell, Interval] = {}
    for table in draft.tables:
        for row in table["rows"]:
            fixed = cell(**{name: row[name] for name in table["dimensions"] if row[name] != "*"})
            intervals[fixed] = (0, 0) if tables.is_impossible(fixed) else bounds(fixed, row["value"])
    return Deduction(tables, intervals)


def nothing_is_told(tables: TableSet, rows: list[dict[str, str]]) -> bool:
    deduction = published(tables, rows)
    return disclosures(deduction, [(), *crossings(tables, 2)]) == []


# Region by sex, one cell hidden

SEXES = ["f", "m"]


def test_one_hidden_cell_is_its_row_less_the_rest() -> None:
    # north: 12 f + ? m = 15, so ? = 15 - 12 = 3; and 18 m - 15 in the south = 3 again.
    tables = table_set("region sex", region=["north", "south"], sex=SEXES)
    figures = {
        cell(): 50,
        cell(region="north"): 15,
        cell(region="south"): 35,
        cell(sex="f"): 32,
        cell(sex="m"): 18,
        cell(region="north", sex="f"): 12,
        cell(region="south", sex="f"): 20,
        cell(region="south", sex="m"): 15,
    }
    hidden = cell(region="north", sex="m")
    deduction = Deduction(tables, exact(figures))
    assert deduction.between(hidden) == (3, 3)
    assert [(each.cell, each.says) for each in disclosures(deduction, [hidden])] == [(hidden, "exactly 3 people")]
    rows = people(
        (12, {"region": "north", "sex": "f"}),
        (3, {"region": "north", "sex": "m"}),
        (20, {"region": "south", "sex": "f"}),
        (25, {"region": "south", "sex": "m"}),
    )
    low, high = published(tables, rows).between(hidden)
    assert low == 0
    assert high >= 4


# Two recodings of one age


def test_two_hierarchies_that_overlap_are_safe_alone_and_not_together() -> None:
    # 0-17: 40, 18-29: 23, 30+: 30. 0-20: 43, 21-29: 20, 30+: 30. So 18-20: 43 - 40 = 23 - 20 = 3.
    one, two = ["0-17", "18-29", "30+"], ["0-20", "21-29", "30+"]
    apart = [("0-17", "21-29"), ("0-17", "30+"), ("18-29", "30+"), ("30+", "0-20"), ("30+", "21-29")]
    tables = table_set("a", "b", a=one, b=two, impossible=[{"a": a, "b": b} for a, b in apart])
    by_a = {cell(a="0-17"): 40, cell(a="18-29"): 23, cell(a="30+"): 30}
    by_b = {cell(b="0-20"): 43, cell(b="21-29"): 20, cell(b="30+"): 30}
    between = cell(a="18-29", b="0-20")
    alone_a, alone_b = Deduction(tables, exact(by_a)), Deduction(tables, exact(by_b))
    assert alone_a.between(between) == (0, 23)
    assert alone_b.between(between) == (0, 43)
    assert disclosures(alone_a, list(by_a)) == disclosures(alone_b, list(by_b)) == []
    together = Deduction(tables, exact(by_a | by_b))
    assert together.between(between) == (3, 3)

    rows = people(
        (40, {"a": "0-17", "b": "0-20"}),
        (3, {"a": "18-29", "b": "0-20"}),
        (20, {"a": "18-29", "b": "21-29"}),
        (30, {"a": "30+", "b": "30+"}),
    )
    # (43 - 40) is nowhere printed: the attacker names the cell, and as table all of them together.
    assert any(f.cell == between and f.learns == "exactly 3 people" and f.table == "*" for f in attacked(tables, rows))
    low, high = published(tables, rows).between(between)
    assert low == 0
    assert high >= 5


# Four by four


def test_two_hidden_cells_in_every_row_and_column_are_not_enough() -> None:
    #        c1  c2  c3  c4            hidden: all with brackets, two in every row and column
    # r1     20 [12] [8] [47]   87
    # r2     31  [9][14]  25    79     (r1 + r2) - (c2 + c3) = 166 - 120 = 46
    # r3     [6] 18  22  [11]   57     = 20 + 31 + 25 + r1c4 - 18 - 24 - 22 - 13 = r1c4 - 1
    # r4    [16] 24  13  [10]   63     so r1c4 = 47
    #        73  63  57   93   286
    names = ["1", "2", "3", "4"]
    shown = {"11": 20, "21": 31, "24": 25, "32": 18, "33": 22, "42": 24, "43": 13}
    figures = {cell(r=place[0], c=place[1]): value for place, value in shown.items()}
    figures |= {cell(r=name): value for name, value in zip(names, (87, 79, 57, 63), strict=True)}
    figures |= {cell(c=name): value for name, value in zip(names, (73, 63, 57, 93), strict=True)}
    figures[cell()] = 286
    deduction = Deduction(table_set("r c", r=names, c=names), exact(figures))
    assert deduction.between(cell(r="1", c="4")) == (47, 47)
    # The others slide: r1c2 takes from r1c3 and r2c2, 0 to 20, because r1c2 + r1c3 = 87 - 20 - 47 = 20.
    assert deduction.between(cell(r="1", c="2")) == (0, 20)


# The worked examples of the European handbook on disclosure control (frequency tables)

MARITAL = ["married", "divorced", "single"]


def by_marital_and_sex() -> list[dict[str, str]]:
    counts = {"married": (38, 17), "divorced": (7, 4), "single": (3, 1)}
    return people(
        *((n, {"marital": m, "sex": sex}) for m, pair in counts.items() for sex, n in zip("mf", pair, strict=True))
    )


def test_the_single_woman_is_named_on_counts_and_gone_after_rounding() -> None:
    # single: 3 m + 1 f = 4 of 70.
    tables, rows = table_set("marital sex", marital=MARITAL, sex=SEXES), by_marital_and_sex()
    one = cell(marital="single", sex="f")
    assert Finding("G3", "A0", "marital*sex", one, "exactly 1 person") in attacked(tables, rows)
    low, high = published(tables, rows).between(one)
    assert low == 0
    assert high >= 4
    assert nothing_is_told(tables, rows)


def by_hours() -> tuple[TableSet, list[dict[str, str]]]:
    one, two = ["<20", "20-39", "40-59", "60-69", "70+"], ["<25", "25-39", "40-59", "60-69", "70+"]
    can_be = [("<20", "<25"), ("20-39", "<25"), ("20-39", "25-39"), *((h, h) for h in one[2:])]
    apart = [{"a": a, "b": b} for a in one for b in two if (a, b) not in can_be]
    tables = table_set("sex a", "sex b", sex=SEXES, a=one, b=two, impossible=apart)
    counts = {("<20", "<25"): (6, 10), ("20-39", "<25"): (1, 0), ("20-39", "25-39"): (8, 38)}
    counts |= {("40-59", "40-59"): (5, 51), ("60-69", "60-69"): (8, 42), ("70+", "70+"): (4, 32)}
    rows = people(
        *((n, {"sex": s, "a": a, "b": b}) for (a, b), pair in counts.items() for s, n in zip("mf", pair, strict=True))
    )
    return tables, rows


@pytest.mark.slow
def test_the_man_between_two_recodings_is_named_on_counts_and_gone_after_rounding() -> None:
    # Men under 25: 7, under 20: 6; so 20 to 24: 7 - 6 = 1. It is printed nowhere.
    tables, rows = by_hours()
    one = cell(sex="m", a="20-39", b="<25")
    assert Finding("G3", "A0", "*", one, "exactly 1 person") in attacked(tables, rows)
    low, high = published(tables, rows).between(one)
    assert low == 0
    assert high >= 5
    assert nothing_is_told(tables, rows)


@pytest.mark.slow
def test_the_woman_who_lives_and_works_there_is_named_by_linking_and_gone_after_rounding() -> None:
    # Living and working there: 22, of them men 21: 22 - 21 = 1. Living there: 102, 17 of them without work.
    # Working there: 49. Women living there and working elsewhere: 102 - 17 - 22 - 58 = 5.
    # Women working there and living elsewhere: 49 - 22 - 23 = 4.
    tables = table_set(
        "home work sex",
        home=["here", "elsewhere"],
        work=["here", "elsewhere", "none"],
        sex=SEXES,
        impossible=[{"home": "elsewhere", "work": "elsewhere"}, {"home": "elsewhere", "work": "none"}],
    )
    figures = {
        cell(home="here"): 102,
        cell(home="here", work="none"): 17,
        cell(work="here"): 49,
        cell(home="here", work="here"): 22,
        cell(home="here", work="here", sex="m"): 21,
        cell(home="here", work="elsewhere", sex="m"): 58,
        cell(home="elsewhere", work="here", sex="m"): 23,
    }
    deduction = Deduction(tables, exact(figures))
    one = cell(home="here", work="here", sex="f")
    assert deduction.between(one) == (1, 1)
    assert deduction.between(cell(home="here", work="elsewhere", sex="f")) == (5, 5)
    assert deduction.between(cell(home="elsewhere", work="here", sex="f")) == (4, 4)
    assert disclosures(deduction, [one])[0].says == "exactly 1 person"
    rows = people(
        (21, {"home": "here", "work": "here", "sex": "m"}),
        (1, {"home": "here", "work": "here", "sex": "f"}),
        (58, {"home": "here", "work": "elsewhere", "sex": "m"}),
        (5, {"home": "here", "work": "elsewhere", "sex": "f"}),
        (9, {"home": "here", "work": "none", "sex": "m"}),
        (8, {"home": "here", "work": "none", "sex": "f"}),
        (23, {"home": "elsewhere", "work": "here", "sex": "m"}),
        (4, {"home": "elsewhere", "work": "here", "sex": "f"}),
    )
    assert Finding("G3", "A0", "home*work*sex", one, "exactly 1 person") in attacked(tables, rows)
    assert nothing_is_told(tables, rows)


def by_work(*more: tuple[int, dict[str, str]]) -> tuple[TableSet, list[dict[str, str]]]:
    marital = [*MARITAL, *({"widowed"} if more else ())]
    counts = {"married": (6, 0), "divorced": (5, 1), "single": (2, 2)}
    rows = people(
        *((n, {"marital": m, "work": w}) for m, pair in counts.items() for w, n in zip(WORK, pair, strict=True)), *more
    )
    return table_set("marital work", marital=marital, work=list(WORK)), rows


WORK = ("full", "part")
WIDOWED = ((25, {"marital": "widowed", "work": "full"}), (25, {"marital": "widowed", "work": "part"}))


@pytest.mark.parametrize("more", [(), WIDOWED], ids=["16 people", "66 people"])
def test_married_people_all_alike_are_named_on_counts_and_gone_after_rounding(more: Any) -> None:
    # married: 6 full time + 0 part time = 6.
    tables, rows = by_work(*more)
    alike = cell(marital="married", work="full")
    assert Finding("G5", "A0", "marital*work", alike, "everybody is work full") in attacked(tables, rows)
    assert nothing_is_told(tables, rows)


@pytest.mark.parametrize("more", [(), WIDOWED], ids=["16 people", "66 people"])
def test_what_the_only_part_time_divorced_knows_is_named_on_counts_and_gone_after_rounding(more: Any) -> None:
    # divorced: 5 full time + 1 part time = 6; the 1 subtracts herself: 6 - 1 = 5 full time.
    tables, rows = by_work(*more)
    others = cell(marital="divorced", work="full")
    says = "the one who is work part knows that all others are full"
    assert Finding("G5", "A2", "marital*work", others, says) in attacked(tables, rows)
    assert nothing_is_told(tables, rows)


# What cannot be worked out


def test_figures_that_contradict_each_other_are_no_source() -> None:
    tables = table_set("sex", sex=SEXES)
    deduction = Deduction(tables, exact({cell(): 10, cell(sex="f"): 7, cell(sex="m"): 7}))
    with pytest.raises(NotOptimal):
        deduction.most([(cell(), 1), (cell(sex="f"), 2), (cell(sex="x"), 1)])


def test_more_combinations_than_can_be_looked_through_are_not_looked_through() -> None:
    with pytest.raises(TooManyCombinations):
        Deduction(report_ix(), {cell(): (1, 9)}).between(cell(sex="feminine"))
