"""Figures over the releases: one address for each cell, breaks where there is no figure, percentages by fives."""

from __future__ import annotations

import re
from itertools import product
from typing import Any
from xml.etree import ElementTree

import pytest

from nrm.countries import load
from nrm.domain.quarters import Quarter
from nrm.domain.reports.reports import Window
from nrm.render import series
from nrm.render.charts import Bar, curve, reaching
from nrm.render.curves import curve_of, has_curve
from nrm.render.reports import words_of
from tests.unit.render.test_sheets_and_charts import pictures

TABLES = load("albania").tables["ix"]
LABEL = words_of(TABLES, "en").label


def release(*by: str, figure: int = 5) -> dict[str, Any]:
    """A release with one table in which every figure is the same."""
    keys = product(*(("*", *TABLES.members(name)) for name in by))
    return {
        "tables": [
            {"dimensions": list(by), "rows": [{**dict(zip(by, key, strict=True)), "value": figure} for key in keys]}
        ]
    }


def lengths(left: dict[str, int], there: dict[str, int]) -> dict[str, Any]:
    rows = []
    for code in ("*", *TABLES.members("stay_bucket")):
        for status, figures in (("left", left), ("still_there", there)):
            value = sum(figures.values()) if code == "*" else figures.get(code, 0)
            rows.append({"stay_bucket": code, "stay_status": status, "value": value})
    return {"tables": [{"dimensions": ["stay_bucket", "stay_status"], "rows": rows}]}


@pytest.mark.parametrize(
    "address",
    ["all", "by=sex", "nationality=AL", "nationality=AL/sex=feminine", "age_band=48+/by=sex", "nationality=region"],
)
def test_an_address_of_a_cell_is_read_and_written_alike(address: str) -> None:
    assert series.written(series.pick(address, TABLES), TABLES) == address


@pytest.mark.parametrize(
    "address",
    [
        *("", "ALL", "all/", "all/sex=feminine", "sex=feminine/nationality=AL", "sex=feminine/sex=masculine"),
        *("sex=*", "sex", "sex=", "majority=child", "sex=feminine/by=sex", "by=sex/nationality=AL", "by=*", "by="),
        *("by=majority", "sex=feminine/", "//", "sex=feminine=feminine"),
    ],
)
def test_every_other_spelling_is_no_address(address: str) -> None:
    with pytest.raises(series.UnknownCell):
        series.pick(address, TABLES)


def test_a_view_of_a_dimension_and_its_groups_are_one_figure() -> None:
    assert series.read(release("majority", "sex"), TABLES)[("age_band", "child"), ("sex", "feminine")] == 5


def test_a_release_with_a_dimension_that_is_no_longer_counted_by_is_still_read() -> None:
    value = release("sex")
    value["tables"].append({"dimensions": ["height"], "rows": [{"height": "tall", "value": 5}]})
    assert len(series.read(value, TABLES)) == 4


def published(first: str, last: str, value: dict[str, Any]) -> series.Published:
    return series.Published(Window(Quarter.parse(first), Quarter.parse(last)), series.read(value, TABLES))


def test_a_break_stands_where_no_release_is_and_where_one_has_no_such_figure() -> None:
    found = [
        published("2025Q1", "2025Q2", release("sex", figure=20)),
        published("2026Q1", "2026Q1", release("nationality")),
        published("2026Q2", "2026Q2", release("sex", figure=10)),
    ]
    cell = (("sex", "feminine"),)
    steps = series.steps(found, cell)
    assert [(step.name, step.figure, step.missing) for step in steps] == [
        ("2025Q1–2025Q2", 20, False),
        ("2025Q3", None, True),
        ("2025Q4", None, True),
        ("2026Q1", None, False),
        ("2026Q2", 10, False),
    ]
    words = {True: "nothing", False: "less"}
    assert series.chart_rows(steps[1:], words, whole=False) == [
        Bar("2025Q3", "nothing", None, None),
        Bar("2025Q4", "nothing", None, None),
        Bar("2026Q1", "less", None, None),
        Bar("2026Q2", "10", 10, (5, 19)),
    ]
    assert series.chart_rows(steps[-1:], words, whole=True) == [Bar("2026Q2", "10", 10, (6, 14))]


def test_parts_are_offered_by_what_some_release_prints() -> None:
    found = [published("2026Q1", "2026Q1", release("nationality", "sex")), published("2026Q2", "2026Q2", release())]
    assert series.narrower(found, (), TABLES) == ["nationality", "sex"]
    assert series.narrower(found, (("sex", "feminine"),), TABLES) == ["nationality"]
    assert series.narrower(found, (("age_band", "child"),), TABLES) == []


def test_the_reach_of_a_bar_is_drawn_and_a_break_is_a_broken_line() -> None:
    first, second = pictures(reaching([Bar("2026Q1", "40", 40, (31, 50)), Bar("<b>", "none", None, None)]))
    assert first.findtext("title") == "2026Q1: 40"
    assert [bar.get("width") for bar in first.iter("rect")] == ["320"]
    assert [line.get("d") for line in first.iter("path")] == ["M248 8H400M248 4v8M400 4v8"]
    assert second.findtext("title") == "<b>: none"
    assert [line.get("stroke-dasharray") for line in second.iter("path")] == ["4 8"]
    assert list(second.iter("rect")) == []


def test_a_curve_is_a_line_within_its_band() -> None:
    drawn = curve([(40, 50, 60), (0, 25, 50)], [7, 30], "<finding>")
    assert "style" not in drawn
    picture = ElementTree.fromstring(drawn[drawn.index("<svg") : drawn.index("</svg>") + 6])
    assert picture.findtext("title") == "<finding>"
    assert [line.get("points") for line in picture.iter("polyline")] == ["0,0 200,100 400,150"]
    assert [band.get("points") for band in picture.iter("polygon")] == ["0,0 200,80 400,100 400,200 200,120 0,0"]
    assert "<li>7<li>30" in drawn


def test_percentages_are_multiples_of_five_and_rounded_so_that_the_band_stays_true() -> None:
    survival = TABLES.survival
    assert survival
    found = curve_of([lengths({"0-7": 20, "31-60": 40}, {"91-180": 20})], survival, LABEL)
    assert found
    assert [line[0] for line in found.lines] == [7, 14, 21, 30, 60, 90, 180, 365]
    # After 7 days. The least: 31 of 60. The most: 11 left of 69, and 29 more are there: 87 of 98.
    # The estimate: 20 of 80, of whom of those still there (20, whose middle is day 136) 8/136 were in sight half of it.
    assert found.lines[0][1:] == (50, 75, 90)
    assert all(share % 5 == 0 for line in found.lines for share in line[1:])
    # Half may have ended after 14 days: 31 of 64 are left at the least. After 60 days 45 of 87 may still be there (29
    # planned, 4 behind each of four zeros), after 90 days 41 of 87.
    assert found.half == ("8 to 14 days", "31 to 60 days", "61 to 90 days")


def test_without_the_table_or_when_too_few_left_there_is_no_curve() -> None:
    survival = TABLES.survival
    assert survival
    whole = lengths({"0-7": 25}, {})
    assert curve_of([whole, release("sex")], survival, LABEL) is None
    assert curve_of([release("stay_bucket"), whole], survival, LABEL) is None
    assert curve_of([lengths({"0-7": 20}, {"0-7": 50})], survival, LABEL) is None
    assert curve_of([lengths({"0-7": 20}, {}), lengths({"0-7": 5}, {})], survival, LABEL)
    assert has_curve(whole, survival)
    assert not has_curve(release("stay_bucket"), survival)


def test_a_band_that_says_nothing_is_words_and_no_percentages() -> None:
    survival = TABLES.survival
    assert survival
    few = curve_of([lengths({"0-7": 10, "31-60": 10, "61-90": 10}, {"91-180": 40})], survival, LABEL)
    many = curve_of([lengths({"0-7": 60, "31-60": 80, "61-90": 100}, {"91-180": 20})], survival, LABEL)
    assert few
    assert many
    assert any(band is None for _, band in few.rows)
    for found in (few, many):
        for (days, least, _, most), (shown, band) in zip(found.lines, found.rows, strict=True):
            assert days == shown
            assert (band is None) == (most - least > 50)
    # What was released once for a year, each person once, says more than one quarter does.
    assert sum(band is not None for _, band in many.rows) > sum(band is not None for _, band in few.rows)


def test_figures_that_allow_every_length_say_so() -> None:
    survival = TABLES.survival
    assert survival
    found = curve_of([lengths({"0-7": 5, "181-365": 20}, {"366+": 200})], survival, LABEL)
    assert found
    assert found.half is None


def test_where_the_table_says_nothing_no_middle_is_named_and_no_line_is_drawn() -> None:
    survival = TABLES.survival
    assert survival
    left = {"22-30": 5, "31-60": 20, "61-90": 15, "91-180": 10}
    there = {"15-21": 5, "31-60": 5, "61-90": 5, "91-180": 20, "181-365": 5}
    few = curve_of([lengths(left, there)], survival, LABEL)
    assert few
    assert [band for _, band in few.rows[3:]] == [None] * 5
    assert few.half == ("22 to 30 days", "", "more than a year")
    picture = few.picture("")
    drawn = [place for line in re.findall(r'<polyline points="([^"]*)"', picture) for place in line.split()]
    assert len(set(drawn)) == 1 + sum(band is not None for _, band in few.rows)  # from 100 percent on the left


def test_a_line_that_is_said_in_parts_is_drawn_in_parts() -> None:
    drawn = curve([(40, 50, 60), (0, 45, 90), (0, 25, 50), (0, 20, 40)], [7, 30, 60, 90], "", [True, False, True, True])
    picture = ElementTree.fromstring(drawn[drawn.index("<svg") : drawn.index("</svg>") + 6])
    assert [line.get("points") for line in picture.iter("polyline")] == ["0,0 100,100", "300,150 400,160"]
