"""What nothing in the program can fill is no figure: it is said in words, on the page, on paper and in every file."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import shutil
from pathlib import Path

import openpyxl
import pypdf
import pytest
from flask import Flask

from nrm import countries
from nrm.actions.reports import reports as actions
from nrm.countries import CountryError, load
from nrm.domain.accounts.accounts import Actor
from nrm.statistics.tables import TableSet
from nrm.store.countries import country
from nrm.store.reports import reports as store
from tests import accommodated, factories
from tests.conftest import CLOSED, CLOSED_ON, Person

QUARTER = CLOSED[1]
TABLES = load("albania").tables["ix"]
UNRECORDED = ("protection*repeat", "nationality_group*sex*repeat")
SAID = {"en": "Not recorded", "sq": "Nuk regjistrohet"}
CODES = {"en": ("New or repeat victim", "Not checked", "Being checked"), "sq": ("E paverifikuar", "Në verifikim")}


def sealed(name: str) -> bytes:
    return store.release_file(QUARTER, name, by=Actor.system("release"))


def test_the_json_has_such_tables_without_rows(closed: Flask) -> None:
    tables = {table["name"]: table for table in json.loads(sealed("json"))["tables"]}
    for name in UNRECORDED:
        assert tables[name] == {"name": name, "dimensions": name.split("*"), "rows": [], "not_recorded": True}
    assert all(table["rows"] for name, table in tables.items() if name not in UNRECORDED)
    assert not any("repeat" in row for table in tables.values() for row in table["rows"])


def test_what_can_be_filled_of_them_keeps_its_figures(closed: Flask) -> None:
    tables = {table["name"]: table for table in json.loads(sealed("json"))["tables"]}
    figures = {row["protection"]: row["value"] for row in tables["protection"]["rows"]}
    assert figures["*"] == sum(figure for code, figure in figures.items() if code != "*") > 0


@pytest.mark.slow
def test_the_csv_and_the_workbook_have_a_word_in_the_place_of_figures(closed: Flask) -> None:
    rows = list(csv.DictReader(io.StringIO(sealed("csv").decode("utf-8-sig"))))
    for name in UNRECORDED:
        assert [row["value"] for row in rows if row["table"] == name] == ["not_recorded"]
    assert all(row["value"].isdigit() for row in rows if row["table"] not in UNRECORDED)
    assert "not_recorded" in sealed("csvw").decode()
    book = openpyxl.load_workbook(io.BytesIO(sealed("xlsx")), read_only=True)
    cells = [str(cell) for sheet in book.worksheets for row in sheet.iter_rows(values_only=True) for cell in row]
    assert "Not recorded" in cells
    assert any("is compared yet with whoever was a victim before" in cell for cell in cells)
    assert not {"New", "Repeat", "Not checked", "Being checked"} & set(cells)


@pytest.mark.parametrize("language", ["sq", "en"])
def test_the_page_and_the_print_say_so_in_both_languages(closed: Flask, language: str) -> None:
    page = sealed(f"html.{language}").decode()
    printed = "\n".join(each.extract_text() for each in pypdf.PdfReader(io.BytesIO(sealed(f"pdf.{language}"))).pages)
    for text in (page, printed):
        assert text.count(SAID[language]) >= len(UNRECORDED)
        assert not [word for word in CODES[language][1:] if word in text]
    for table in TABLES.unrecorded:
        assert table.title[language] in page


def test_the_audit_of_a_release_finds_nothing(closed: Flask) -> None:
    for quarter in CLOSED:
        assert actions.verdict(quarter)["findings"] == []


def _as_before(table_set: TableSet) -> TableSet:
    """The tables of a program that counted by what nothing fills."""
    dimensions = {
        name: dataclasses.replace(dimension, not_recorded={}) for name, dimension in table_set.dimensions.items()
    }
    return dataclasses.replace(table_set, dimensions=dimensions, tables=table_set.described, described=())


@pytest.mark.slow
def test_what_was_sealed_before_stays_and_the_page_says_that_it_is_no_result(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    accommodated.at(CLOSED_ON)
    accommodated.many(100, seed=7)
    by = factories.actor("molsa.statistician")
    with monkeypatch.context() as patch:
        before = dataclasses.replace(country(), tables={**country().tables, "ix": _as_before(TABLES)})
        patch.setitem(app.extensions, "nrm.country", before)
        accommodated.release(CLOSED[0], by=by)
    old = {name: store.release_file(CLOSED[0], name, by=Actor.system("release")) for name in ("json", "csv", "html.en")}
    assert b"not_checked" in old["json"]
    accommodated.release(CLOSED[1], by=by)  # goes on from the opening that the old one froze
    for name, content in old.items():
        assert store.release_file(CLOSED[0], name, by=Actor.system("release")) == content
    assert actions.check(by=by) == []
    for quarter in CLOSED:
        assert actions.verdict(quarter)["findings"] == []
    reader = Person(app.test_client(), "oms.reader")
    assert "Ky raport u vulos para se" in reader.get(f"/reports/ix/{CLOSED[0]}")
    assert "Ky raport u vulos para se" not in reader.get(f"/reports/ix/{CLOSED[1]}")
    trend = reader.get(f"/reports/ix/trend/{CLOSED[1]}/all")
    assert "Viktimë e re" not in trend
    reader.get(f"/reports/ix/trend/{CLOSED[1]}/repeat=new", 404)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('not_recorded = { en = "Nobody', 'ignored_title = { en = "Nobody', "ignored_title"),
        ("\n[dimension.repeat.labels]", "\n[dimension.repeat.labels]", ""),
        (
            '[dimension.sex]\ncolumn = "sex"',
            '[dimension.sex]\nnot_recorded = { en = "a", sq = "b" }\ncolumn = "sex"',
            "sex",
        ),
    ],
)
def test_the_country_says_it_of_what_nothing_fills_and_of_nothing_else(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    folder = tmp_path / "albania"
    shutil.copytree(Path(countries.__file__).parent / "albania", folder)
    file = folder / "tables-ix.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    if not said:
        load("albania", folder)
        return
    with pytest.raises(CountryError, match=said):
        load("albania", folder)


def test_a_country_that_leaves_the_reason_out_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "albania"
    shutil.copytree(Path(countries.__file__).parent / "albania", folder)
    file = folder / "tables-ix.toml"
    file.write_text(re.sub(r"(?m)^not_recorded = .*\n", "", file.read_text("utf-8")), "utf-8")
    with pytest.raises(CountryError, match=r"repeat\.not_recorded: missing"):
        load("albania", folder)
