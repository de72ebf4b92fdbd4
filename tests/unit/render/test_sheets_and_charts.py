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
    dimensions = ("nationality", "sex", "age", "permit", "country")
    assert list(rows[0]) == ["report", "quarter", "table", *dimensions, "value", "status"]
    wanted = [
        (table["name"], str(row["value"]), *(row.get(name, "") for name in ("nationality", "sex", "age")))
        for table in release["tables"]
        for row in table["rows"]
    ]
    assert [(r["table"], r["value"], r["nationality"], r["sex"], r["age"]) for r in rows] == wanted


def pictures(drawn: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(drawn.replace("</svg>", "</svg></li>")).iter("svg"))


def test_bars_are_drawn_to_one_scale_and_named_for_screen_readers() -> None:
    drawn = pictures(bars([("Shqipëri", 80), ("B", 40), ("C", 0)]))
    assert [picture.get("role") for picture in drawn] == ["img"] * 3
    assert [picture.findtext("title") for picture in drawn] == ["Shqipëri: 80", "B: 40", "C: 0"]
    widths = [int(bar.get("width", "")) for picture in drawn for bar in picture.iter("rect")]
    assert widths[0] == 2 * widths[1]
    assert widths[2] == 1


def test_a_chart_has_no_style_no_script_and_no_unescaped_text() -> None:
    drawn = bars([('<script src="x">', 5)])
    assert "style" not in drawn
    assert "<script" not in drawn
    assert "&lt;script" in drawn


def test_a_chart_of_nothing_is_still_a_list() -> None:
    assert bars([]) == '<ul class="bars"></ul>'
    assert len(pictures(bars([("A", 0)]))) == 1
