"""What is no figure: a structural zero, what nothing records, who does not report. None of them is a published 0."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import openpyxl

from nrm.domain.quarters import Quarter
from nrm.domain.reports.reports import Window, filled
from nrm.render import joint_report, series
from nrm.render.matrices import matrix
from nrm.render.reports import is_impossible, tables_of, words_of
from nrm.render.sheets import release_csv, release_csvw, release_xlsx
from nrm.statistics.attack import check_again
from nrm.statistics.description import parse
from nrm.statistics.printed import at_step
from nrm.statistics.tables import Table, TableSet
from tests import rounded

QUARTER = Quarter(2026, 2)


def table_set() -> TableSet:
    return parse(
        {
            "dimension": {
                "nationality": {"column": "nationality", "codes": ["AL", "IT"]},
                "permit": {"column": "permit", "codes": ["none", "issued"]},
            },
            "table": [{"by": ["nationality", "permit"]}],
            "impossible": [{"nationality": "AL", "permit": "issued"}],
        }
    )


FIGURES = {
    ("*", "*"): 60, ("*", "none"): 60, ("*", "issued"): 0, ("AL", "*"): 40, ("AL", "none"): 40, ("AL", "issued"): 0,
    ("IT", "*"): 20, ("IT", "none"): 20, ("IT", "issued"): 0,
}  # fmt: skip


def as_rounded() -> list[dict[str, Any]]:
    """The tables as the rounder gives them: 0 for what cannot occur and for what may be nobody."""
    rows = [
        {"nationality": nationality, "permit": permit, "value": value}
        for (nationality, permit), value in FIGURES.items()
    ]
    return [{"name": "nationality*permit", "dimensions": ["nationality", "permit"], "rows": rows}]


def released() -> dict[str, Any]:
    return tables_of(
        "2026-07-15T09:30:00+00:00",
        Window(QUARTER, QUARTER),
        "ix",
        as_rounded(),
        table_set(),
        no_report_from=["VATRA"],
        not_recorded=[Table(("repeat",))],
    )


def before() -> dict[str, Any]:
    """The same as a release of the first format said it."""
    value = released()
    del value["format"]
    return {**value, "tables": [*as_rounded(), value["tables"][1]]}


def lines() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(release_csv(released()).decode("utf-8-sig"))))


def test_the_json_of_a_release_tells_a_structural_zero_from_a_published_one() -> None:
    value = released()
    assert value["format"] == 2
    rows = {(row["nationality"], row["permit"]): row for row in value["tables"][0]["rows"]}
    assert rows["AL", "issued"] == {"nationality": "AL", "permit": "issued", "value": None, "status": "M"}
    assert rows["IT", "issued"] == {"nationality": "IT", "permit": "issued", "value": 0}
    assert value["tables"][1] == {"name": "repeat", "dimensions": ["repeat"], "rows": [], "not_recorded": True}
    assert value["no_report_from"] == ["VATRA"]


def test_a_csv_has_an_observation_status_for_each_of_the_four() -> None:
    found = {(row["table"], row["nationality"], row["permit"]): (row["value"], row["status"]) for row in lines()}
    assert found["nationality*permit", "AL", "issued"] == ("", "M")
    assert found["nationality*permit", "IT", "issued"] == ("0", "A")
    assert found["repeat", "", ""] == ("not_recorded", "L")
    assert found["no_report_from:VATRA", "", ""] == ("no_report", "O")
    assert len({status for _, status in found.values()}) == 4


def test_a_workbook_says_the_same_and_has_a_dash_where_the_page_has_one() -> None:
    content = release_xlsx(released(), titles={}, labels={}, why=lambda _: "nobody asks")
    book = openpyxl.load_workbook(io.BytesIO(content))
    head, *rows = book["data"].iter_rows(values_only=True)
    assert [["" if cell is None else str(cell) for cell in row] for row in rows] == [[*row.values()] for row in lines()]
    assert head[-2:] == ("value", "status")
    words = [row for row in book["1"].iter_rows(values_only=True) if row[:2] in (("AL", "issued"), ("IT", "issued"))]
    assert words == [("AL", "issued", "–"), ("IT", "issued", 0)]


def test_the_metadata_says_what_each_status_means() -> None:
    sheet = release_csv(released())
    described = json.loads(release_csvw(released(), "x.csv", sheet, titles={}, labels={}, area="AL"))
    columns = {column["name"]: column for column in described["tableSchema"]["columns"]}
    assert columns["status"]["propertyUrl"].endswith("attribute#obsStatus")
    told = {comment["@value"].split(":")[0] for comment in columns["status"]["rdfs:comment"]}
    assert told == {"A", "M", "L", "O"}
    assert columns["value"]["null"] == ""
    assert "required" not in columns["value"]
    assert set(columns["value"]["datatype"]["format"].split("|")) == {"[0-9]+", "not_recorded", "no_report"}


def test_both_formats_are_read_alike_by_the_attack_the_page_and_the_series() -> None:
    tables = table_set()
    for value in (released(), before()):
        assert check_again(tables, filled(value), None) == []
        shown = matrix(
            value["tables"][0],
            words=words_of(tables, "en"),
            groups={},
            impossible=lambda fixed: is_impossible(tables, fixed),
        )
        assert [row.figures for row in shown.rows] == [(40, None, 40), (20, 0, 20), (60, 0, 60)]
        figures = series.read(value, tables)
        assert (("nationality", "AL"), ("permit", "issued")) not in figures
        assert figures[("nationality", "IT"), ("permit", "issued")] == 0
        (joined,) = [each for each in joint_report.released_tables("ix", value, tables) if each["rows"]]
        assert [row["value"] for row in joined["rows"] if row.get("status")] == [None]


def test_the_joint_report_has_a_line_for_each_table_that_is_not_there() -> None:
    parts = [
        {"table": "tims", "state": "zero", "printed": []},
        {"table": "sanctions", "state": "no_report", "printed": []},
        {"table": "vatc", "state": "not_applicable", "printed": []},
        {"table": "courts", "state": "late", "printed": []},
        {"table": "vi", "state": "held", "printed": []},
    ]
    value = {**released(), "report": "joint", "requirements": [{"parts": parts}]}
    found = {row["table"]: (row["value"], row["status"]) for row in csv.DictReader(
        io.StringIO(release_csv(value).decode("utf-8-sig"))
    )}  # fmt: skip
    assert found["tims"] == ("0", "A")
    assert found["sanctions"] == ("no_report", "O")
    assert found["vatc"] == ("not_applicable", "M")
    assert found["courts"] == ("late", "O")
    assert found["vi"] == ("held", "O")


def test_a_dimension_called_status_keeps_its_codes_beside_the_observation_status() -> None:
    """Formal identification counts by a status of its own: a structural zero lost it, and the sheet had two columns
    of one name."""
    value, tables = rounded.release("identifications", 60, "two_way"), rounded.tables("identifications")
    (table,) = [each for each in value["tables"] if each["name"] == "status*way"]
    cannot = [row for row in table["rows"] if row["value"] is None]
    assert {row["obs_status"] for row in cannot} == {"M"}
    assert {(row["status"], row["way"]) for row in cannot} >= {("possible", "appeal"), ("identified", "none")}
    head, *_ = csv.reader(io.StringIO(release_csv(value).decode("utf-8-sig")))
    assert len(set(head)) == len(head)
    assert head[-2:] == ["value", "obs_status"]
    described = json.loads(release_csvw(value, "x.csv", b"", titles={}, labels={}, area="AL"))
    columns = {each["name"]: each for each in described["tableSchema"]["columns"]}
    assert columns["obs_status"]["propertyUrl"].endswith("attribute#obsStatus")
    assert "propertyUrl" not in columns["status"]
    assert check_again(at_step(tables, "two_way"), filled(value), None) == []
    # As such releases were sealed before: the place of a row says which code it lost.
    sealed = [
        {**{name: each for name, each in row.items() if name != "obs_status"}, "status": "M"}
        if row["value"] is None
        else row
        for row in table["rows"]
    ]
    older = {**value, "tables": [{**each, "rows": sealed} if each is table else each for each in value["tables"]]}
    assert filled(older) == filled(value)
