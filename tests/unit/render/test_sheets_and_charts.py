"""CSV that a spreadsheet cannot be tricked with, and bars that the content policy lets through."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.render.charts import bars
from nrm.render.sheets import cell, csv_bytes, release_csv
from tests.unit.render import sample

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_would_be_a_formula_gets_an_apostrophe(start: str) -> None:
    assert cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["Shqipëri", "0-7", "366+", "*", "", " =1"])
def test_an_ordinary_cell_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


def test_numbers_are_numbers_also_below_zero() -> None:
    assert [cell(value) for value in (35, -5, 0, None, True)] == ["35", "-5", "0", "", "True"]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=4), min_size=1, max_size=5))
def test_no_cell_of_any_sheet_begins_a_formula_and_no_text_is_lost(rows: list[list[str]]) -> None:
    data = csv_bytes(rows)
    assert data.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [[text.removeprefix("'") for text in row] for row in read] == [
        [text.removeprefix("'") for text in row] for row in rows
    ]
    assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r")) for row in read for text in row)


def test_a_release_is_one_row_a_figure_with_a_column_per_dimension() -> None:
    release = sample.release()
    rows = list(csv.DictReader(io.StringIO(release_csv(release).decode("utf-8-sig"))))
    assert list(rows[0]) == ["report", "quarter", "table", *("nationality", "sex", "age", "permit", "country"), "value"]
    wanted = [
        (table["name"], str(row["value"]), *(row.get(name, "") for name in ("nationality", "sex", "age")))
        for table in release["tables"]
        for row in table["rows"]
    ]
    assert [(r["table"], r["value"], r["nationality"], r["sex"], r["age"]) for r in rows] == wanted


def test_bars_are_drawn_to_one_scale_and_named_for_screen_readers() -> None:
    root = ElementTree.fromstring(bars("Më shumë se gjysma", [("A", 80), ("B", 40), ("C", 0)]))
    assert root.get("role") == "img"
    title = root.find("title")
    assert title is not None
    assert title.text == "Më shumë se gjysma"
    assert root.get("aria-labelledby") == title.get("id")
    widths = [int(bar.get("width", "")) for bar in root.iter("rect")]
    assert widths[0] == 2 * widths[1]
    assert widths[2] == 0
    assert [text.text for text in root.iter("text")] == ["A", "80", "B", "40", "C", "0"]


def test_a_chart_has_no_style_no_script_and_no_unescaped_text() -> None:
    drawn = bars('<b onload="x">', [("<script>", 5)], identifier="c1")
    assert "style" not in drawn
    assert "<script" not in drawn
    assert "<b" not in drawn
    assert 'id="c1"' in drawn


def test_a_chart_of_nothing_is_still_a_picture() -> None:
    assert ElementTree.fromstring(bars("x", [])).tag == "svg"
    assert "<rect" in bars("x", [("A", 0)])
