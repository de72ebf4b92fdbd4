"""What nothing in the program can fill is no figure: it is said in words, on the page, on paper and in every file."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import json
import shutil
import tomllib
from pathlib import Path

import openpyxl
import pypdf
import pytest
from flask import Flask

from nrm import countries
from nrm.actions.reports import reports as actions
from nrm.countries import CountryError, load
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.render import pdf
from nrm.statistics.description import parse
from nrm.statistics.tables import TableSet
from nrm.store.countries import country
from nrm.store.reports import reports as store
from nrm.vault import signing
from tests import accommodated, factories
from tests.conftest import CLOSED, CLOSED_ON, papers

SAID = {"en": "Not recorded", "sq": "Nuk regjistrohet"}
WHY = {"en": "Nobody writes it down yet.", "sq": "Askush nuk e shkruan ende."}
CODES = {"en": ("Not checked", "Being checked"), "sq": ("E paverifikuar", "Në verifikim")}
NAMES = ("protection*repeat", "nationality_group*sex*repeat")


def unrecorded() -> TableSet:
    """The tables of report ix of a program that fills nothing by `repeat`."""
    text = (Path(countries.__file__).parent / "albania" / "tables-ix.toml").read_text("utf-8")
    data = tomllib.loads(text)
    data["dimension"]["repeat"]["not_recorded"] = WHY
    return parse(data)


@pytest.fixture
def by(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """The statistician of a country in which many were counted. How figures are rounded is drawn alike in every run: by
    some draws a quarter tells less than this test reads."""
    assert app
    drawn = itertools.count()
    monkeypatch.setattr(signing, "secret_seed", lambda: b"%032d" % next(drawn))
    accommodated.at(CLOSED_ON)
    accommodated.many(100, seed=7)
    return factories.actor("molsa.statistician")


def released(app: Flask, quarter: Quarter, by: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Close and sign a quarter by the tables without `repeat`."""
    with monkeypatch.context() as patch:
        tables = {**country().tables, "ix": unrecorded()}
        patch.setitem(app.extensions, "nrm.country", dataclasses.replace(country(), tables=tables))
        accommodated.release(quarter, by=by)


def sealed(name: str, quarter: Quarter = CLOSED[0]) -> bytes:
    return store.release_file(quarter, name, by=Actor.system("release"))


@pytest.mark.slow
def test_what_nothing_fills_is_a_word_in_every_file_and_figures_follow_once_something_does(
    app: Flask, by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with papers(pdf.to_pdf):
        released(app, CLOSED[0], by, monkeypatch)
    tables = {table["name"]: table for table in json.loads(sealed("json"))["tables"]}
    for name in NAMES:
        assert tables[name] == {"name": name, "dimensions": name.split("*"), "rows": [], "not_recorded": True}
    assert all(table["rows"] for name, table in tables.items() if name not in NAMES)
    figures = {row["protection"]: row["value"] for row in tables["protection"]["rows"]}
    assert figures["*"] == sum(figure for code, figure in figures.items() if code != "*") > 0
    lines = list(csv.DictReader(io.StringIO(sealed("csv").decode("utf-8-sig"))))
    for name in NAMES:
        assert [row["value"] for row in lines if row["table"] == name] == ["not_recorded"]
    assert "not_recorded" in sealed("csvw").decode()
    book = openpyxl.load_workbook(io.BytesIO(sealed("xlsx")), read_only=True)
    cells = {str(cell) for sheet in book.worksheets for row in sheet.iter_rows(values_only=True) for cell in row}
    assert "Not recorded" in cells
    assert not {"New", "Not checked", "Being checked"} & cells
    for language, said in SAID.items():
        page = sealed(f"html.{language}").decode()
        sheets = pypdf.PdfReader(io.BytesIO(sealed(f"pdf.{language}"))).pages
        for text in (page, "\n".join(sheet.extract_text() for sheet in sheets)):
            assert text.count(said) >= len(NAMES)
            assert not [word for word in CODES[language] if word in text]
        assert WHY[language] in page
    old = {name: sealed(name) for name in ("json", "csv", "html.en")}
    accommodated.release(CLOSED[1], by=by)  # goes on from the opening that the one before froze
    assert {name: sealed(name) for name in old} == old
    assert actions.check(by=by) == []
    for quarter in CLOSED:
        assert actions.verdict(quarter)["findings"] == []
    after = {table["name"]: table for table in json.loads(sealed("json", CLOSED[1]))["tables"]}
    shown = {row["repeat"]: row["value"] for row in after["protection*repeat"]["rows"] if row["protection"] == "*"}
    assert shown["new"] > shown["repeat"] == shown["repeat_same"] + shown["repeat_again"] > 0


@pytest.mark.parametrize("said", ["missing", "needs it"])
def test_the_country_says_it_of_what_nothing_fills_and_of_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    folder = tmp_path / "albania"
    shutil.copytree(Path(countries.__file__).parent / "albania", folder)
    if said == "missing":
        report = dataclasses.replace(countries.BY_NAME["ix"], unfilled=frozenset({"repeat"}))  # type: ignore[type-var]
        monkeypatch.setitem(countries.BY_NAME, "ix", report)  # type: ignore[attr-defined]
    else:
        file = folder / "tables-ix.toml"
        text = file.read_text("utf-8")
        place = "[dimension.sex]\n"
        assert place in text
        file.write_text(text.replace(place, place + 'not_recorded = { en = "a", sq = "b" }\n'), "utf-8")
    with pytest.raises(CountryError, match=said):
        load("albania", folder)
