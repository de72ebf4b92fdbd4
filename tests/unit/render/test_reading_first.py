"""What a report begins with, and what it leaves out: sentences, pictures, rows of 0 in one row."""

from __future__ import annotations

import io
import re
from itertools import product
from typing import Any

import openpyxl
import pytest

from nrm.render import reports
from nrm.render.folds import folded, is_nothing
from nrm.render.matrices import Column, Finding, Matrix, Row
from nrm.render.pictures import picture
from nrm.render.sentences import Flow, flow_of, sentences
from tests import rounded

KINDS = (
    "ix",
    "x",
    "exploited",
    "vi",
    "trp",
    "compensation",
    "children",
    "referrals",
    "identifications",
    "dependants",
    "services",
    "victims",
)


def values(report: str, people: int = 200, step: str = "three_way") -> dict[str, Any]:
    return reports.values(rounded.release(report, people, step), rounded.tables(report), "en", (), {})


def found(total: int, **figures: int) -> Finding:
    return Finding(tuple(figures.items()), "", max(figures.values()), total)


# Sentences


def test_a_sentence_says_a_share_or_the_largest_or_nothing() -> None:
    said = {
        each.dimension: (each.kind, each.label, each.figure, each.total)
        for each in sentences(
            [
                ("three quarters", found(100, a=90, b=10)),  # 81 of 104 at the worst
                ("half", found(100, a=80, b=20)),  # 71 of 104: not three quarters
                ("close to half", found(100, a=60, b=40)),  # 51 of 104: not half, but the largest
                ("open", found(100, a=55, b=45)),
                ("small", found(10, a=10, b=0)),  # 5 of 14 at the worst: not half
            ],
            None,
            None,
        )
    }
    assert said == {
        "three quarters": ("three_quarters", "a", 90, 100),
        "half": ("half", "a", 80, 100),
        "close to half": ("largest", "a", 60, 100),
        "small": ("largest", "a", 10, 10),
    }


def test_there_are_five_sentences_at_most_with_the_number_and_the_flow_among_them() -> None:
    many = [(str(number), found(100, a=90, b=10)) for number in range(9)]
    assert len(sentences(many, None, None)) == 5
    assert [each.dimension for each in sentences(many, 100, None)] == ["0", "1", "2", "3"]
    assert len(sentences(many, 100, Flow(0, 0, 0, 0, ""))) == 3


@pytest.mark.slow
def test_on_paper_the_second_column_begins_where_both_are_about_as_long() -> None:
    def picture_of(bars: int) -> tuple[str, Finding]:
        return "Gender", found(10 * bars, **{f"group_{place}": 10 for place in range(bars)})

    def second(*bars: int, has_curve: bool = False) -> int:
        return reports.second_column([picture_of(each) for each in bars], has_curve=has_curve)

    assert [second(3), second(3, 3), second(2, 2, 6), second(6, 2, 2), second(3, 3, 3, 3)] == [1, 1, 2, 1, 2]
    assert second(2, 2, 2, has_curve=True) == 3  # the curve is as long as several charts
    assert second() == 0


def test_the_flow_says_which_was_more_only_where_that_is_certain() -> None:
    release, flow = rounded.release("ix"), rounded.tables("ix").stock_flow
    shown = flow_of(release, flow)
    assert shown
    assert shown.opening + shown.admitted - shown.left == shown.closing
    assert flow_of(rounded.release("ix", 15, "total"), flow) is None
    assert flow_of(release, None) is None

    def with_figures(admitted: int, left: int) -> str:
        def table(dimension: str, **codes: int) -> dict[str, Any]:
            rows = [{dimension: code, "value": figure} for code, figure in codes.items()]
            return {"name": dimension, "dimensions": [dimension], "rows": rows}

        tables = [table("arrival", opening=20, admitted=admitted), table("stay_status", left=left, still_there=20)]
        made = flow_of({"tables": tables}, flow)
        assert made
        return made.more

    assert [with_figures(40, 20), with_figures(35, 20), with_figures(0, 10)] == ["came", "", "left"]


@pytest.mark.parametrize("report", KINDS)
def test_every_report_of_the_country_begins_with_what_it_is_about(report: str) -> None:
    table_set = rounded.tables(report)
    told = [table_set.charted, *table_set.told]
    assert len(told) >= 3
    shown = values(report, 60)
    assert [title for title, _ in shown["glance"]] == [table_set.dimensions[name].title["en"] for name in told]
    figures = [figure for each in shown["sentences"] for figure in (each.figure, each.total)]
    assert [figure for figure in figures if figure % 5] == []
    alone = values(report, 10, "total")
    assert (alone["total"], alone["sentences"], alone["glance"]) == (10, [], [])


# Rows of 0


@pytest.mark.parametrize("report", KINDS)
def test_folding_loses_no_row_and_no_figure(report: str) -> None:
    shortened = 0
    for table in values(report)["tables"]:
        lines = folded(table)
        unfolded = sorted((line.kind, label, str(line.figures)) for line in lines for label in line.labels)
        assert {(row.kind, row.label, str(row.figures)) for row in table.rows} == set(unfolded)
        if table.ways < 3:
            assert unfolded == sorted((row.kind, row.label, str(row.figures)) for row in table.rows)
        for line in lines:
            assert len(line.labels) == 1 or is_nothing(Row("", "", line.figures))
        shortened += len(table.rows) - len(lines)
    assert shortened or report in (
        "dependants",
        "victims",
        "children",
        "trp",
        "identifications",
        "referrals",
        "services",
        "vi",
    )


def turned(rows: list[Row], ways: int = 2) -> Matrix:
    columns = (Column("", "one"), Column("", "other"), Column("all", "Total"))
    return Matrix("t", "T", "T", columns, tuple(rows), ways)


def test_members_of_0_stand_below_their_group_and_a_dash_is_never_put_with_a_0() -> None:
    lines = folded(
        turned(
            [
                Row("", "AL", (0, None, 0), True),
                Row("part", "eu", (5, 0, 5), True),
                Row("in", "GR", (0, 0, 0)),
                Row("in", "IT", (5, 0, 5)),
                Row("in", "RO", (0, 0, 0)),
                Row("in", "BG", (0, None, 0)),
                Row("part", "region", (0, 0, 0), True),
                Row("in", "XK", (0, 0, 0)),
                Row("in", "MK", (0, 0, 0)),
                Row("", "US", (0, 0, 0), True),
                Row("", "unknown", (0, 0, 0), True),
                Row("all", "Total", (5, 0, 5)),
            ]
        )
    )
    assert [(line.kind, "; ".join(line.labels), line.figures) for line in lines] == [
        ("", "AL", (0, None, 0)),
        ("part", "eu", (5, 0, 5)),
        ("in", "IT", (5, 0, 5)),
        ("in", "GR; RO", (0, 0, 0)),
        ("in", "BG", (0, None, 0)),
        ("part", "region", (0, 0, 0)),
        ("in", "XK; MK", (0, 0, 0)),
        ("", "US; unknown", (0, 0, 0)),
        ("all", "Total", (5, 0, 5)),
    ]


def test_blocks_of_0_in_a_table_of_three_dimensions_are_one_block() -> None:
    nothing = [Row("in", "women", (0, 0, 0)), Row("in", "men", (0, 0, 0))]
    lines = folded(
        turned(
            [
                Row("part", "child", (0, 0, 0), True),
                *nothing,
                Row("part", "adult", (5, 0, 5), True),
                Row("in", "women", (5, 0, 5)),
                Row("in", "men", (0, 0, 0)),
                Row("part", "unknown", (0, 0, 0), True),
                *nothing,
            ],
            ways=3,
        )
    )
    assert [(line.kind, "; ".join(line.labels)) for line in lines] == [
        ("part", "adult"),
        ("in", "women"),
        ("in", "men"),
        ("part", "child; unknown"),
        ("in", "women; men"),
    ]


# Pictures


def test_a_picture_says_every_figure_in_words_and_tells_its_parts_apart_without_colour() -> None:
    rows = [Row("", "A <b>", (10, 5, 15), True), Row("", "B", (0, 30, 30), True), Row("all", "Total", (10, 35, 45))]
    drawn = picture(turned(rows))
    assert re.findall(r"<li>([^<]*<b>\d+</b> \([^)]*\))", drawn) == [
        "A &lt;b&gt;: <b>15</b> (10, 5)",
        "B: <b>30</b> (0, 30)",
    ]
    assert [name.strip() for name in re.findall(r"</svg> ([^<]+)", drawn)] == ["one", "other"]
    assert re.findall(r"#[0-9a-f]{3,6}|fill=", drawn) == [], "the one colour is that of the style sheet"
    assert "stroke-dasharray" in drawn
    assert "style=" not in drawn
    widths = [
        int(end) - int(start) for start, end in re.findall(r"M(\d+) 8H(\d+)", drawn.split('class="bars drawn"')[1])
    ]
    assert widths == [133, 67, 400]  # parts of 10, 5 and 30 of the longest, 30


def test_there_is_no_picture_where_none_helps() -> None:
    one = turned([Row("", "A", (10, 5, 15), True), Row("", "B", (0, 0, 0), True)])
    assert picture(one) == ""
    yes_no = Matrix(
        "t", "T", "T", (Column("all", "Total"),), (Row("", "yes", (5,), True), Row("", "no", (5,), True)), 1
    )
    assert picture(yes_no) == ""
    many = tuple(Column("", str(place)) for place in range(5))
    assert picture(Matrix("t", "T", "T", many, (Row("", "A", (5,) * 5, True), Row("", "B", (5,) * 5, True)), 2)) == ""
    shown = {table.title: bool(picture(table)) for table in values("ix")["tables"]}
    assert not shown["Means of control: violence"]
    assert shown["Nationality by gender"]
    assert shown["Age by gender, left and still there"]
    assert sum(shown.values()) >= 10


def test_the_bars_of_a_table_are_groups_that_together_are_the_total() -> None:
    for report, table in product(("ix", "x"), range(3)):
        shown = values(report)["tables"][table]
        tops = [row for row in shown.rows if row.top]
        totals = [row for row in shown.rows if row.kind == "all" or (row.kind == "part" and row.label == "Total")]
        assert sum(row.figures[-1] or 0 for row in tops) == totals[-1].figures[-1]


# Numbers of tables


@pytest.mark.slow
@pytest.mark.parametrize("report", ["ix", "x"])
def test_a_table_has_one_number_on_the_page_and_in_the_workbook(report: str) -> None:
    release, table_set = rounded.release(report), rounded.tables(report)
    made = reports.workbook(release, table_set)
    book = openpyxl.load_workbook(io.BytesIO(made))
    numbers = [sheet.title for sheet in book.worksheets[1:]]
    assert numbers == [str(number) for number in range(1, len(release["tables"]) + 1)]
    for number, table in enumerate(values(report)["tables"], 1):
        sheet = book[f"{number}"]
        assert sheet.oddHeader.left.text == f"{report} 2026Q3, {number}. {table.title}"
        assert "0 means 0 to 4" in sheet.oddFooter.left.text
        _, *lines = sheet.iter_rows(values_only=True)
        figures = [figure for row in table.rows for figure in row.figures]
        said = [None if line[-1] == "–" else line[-1] for line in lines]
        if table.ways < 3:
            assert sorted(map(str, said)) == sorted(map(str, figures))
