"""The annual report from the records to sealed bytes: each person once, beside the quarters, in every format."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path

import openpyxl
import pikepdf
import pytest
from flask import Flask

from nrm import clock
from nrm import db as database
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted
from nrm.domain.quarters import Quarter
from nrm.domain.reports.report_list import ANNUAL
from nrm.render import curves
from nrm.render.pdf import to_pdf
from nrm.store import names
from nrm.store.countries import country
from nrm.store.reports import reports as store
from nrm.store.reports import year_counting
from nrm.web.reports import trends
from tests import accommodated, factories, published
from tests.conftest import Person, once, papers
from tests.published import FORMATS

RELEASE = Actor.system("release")
Q1, Q4 = Quarter(2025, 1), Quarter(2025, 4)
CLOSED_ON = date(2026, 1, 20)


@pytest.fixture(scope="module")
def year_instance(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred people of 2025, and the last quarter of it closed, with the year."""

    def make(folder: Path) -> None:
        with papers(to_pdf), factories.copy_instance(template, folder).app_context():
            accommodated.at(CLOSED_ON)
            accommodated.many(100, seed=3, months=(date(2025, 1, 5), date(2025, 12, 28)))
            outcome = accommodated.release(Q4, by=factories.actor("molsa.statistician"))
            assert "annual" in outcome.others
            database.disconnect()
        clock.set_clock(None)

    return once(tmp_path_factory, "year", make)[0]


@pytest.fixture
def year(year_instance: Path, tmp_path: Path) -> Iterator[Flask]:
    app = factories.copy_instance(year_instance, tmp_path / "year")
    with app.app_context():
        accommodated.at(CLOSED_ON)
        yield app
        database.disconnect()
    clock.set_clock(None)


def codes() -> dict[str, tuple[str, ...]]:
    table_set = country().tables["annual"]
    return {name: (*table_set.dimensions[name].codes, *table_set.dimensions[name].recode) for name in table_set.roots}


def counted() -> dict[str, dict[str, str]]:
    with db.engine.connect() as connection:
        rows = year_counting.people_of_year(connection, Q1, Q4, codes(), by=RELEASE)
    found = {row["person"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def test_a_person_counts_once_in_a_year_however_many_stays_and_quarters(app: Flask) -> None:
    accommodated.at(CLOSED_ON)
    with transaction() as session:
        vatra = names.organisation_by_code("VATRA").id
        twice, all_year, before, late = (
            accommodated.person(session, vatra, **each)
            for each in ({}, {"citizenship": "MD"}, {}, {"source": "police"})
        )
        child = accommodated.person(session, vatra, source="with_a_victim")
        no = accommodated.person(session, vatra, facts={"statistics": "no"})
        accommodated.stay(session, twice, vatra, date(2025, 1, 10), date(2025, 2, 1))
        accommodated.stay(session, twice, vatra, date(2025, 8, 10), date(2025, 9, 1))
        accommodated.stay(session, all_year, vatra, date(2024, 12, 1))
        accommodated.permit(session, all_year, date(2025, 3, 1), vatra)
        accommodated.stay(session, before, vatra, date(2024, 3, 1), date(2024, 6, 1))
        # Became known in the year: counted in the quarter in which it did, and so in the year.
        accommodated.stay(session, late, vatra, date(2024, 10, 1), date(2024, 11, 1), known_on=date(2025, 5, 5))
        for each in (child, no):
            accommodated.stay(session, each, vatra, date(2025, 5, 1))
    found = counted()
    assert set(found) == {each.hex for each in (twice, all_year, late)}
    assert [key for key in sorted(found[twice.hex]) if key.endswith(".arrival")] == [
        "2025Q1.arrival",
        "2025Q3.arrival",
    ]
    assert found[twice.hex]["stay_status"] == "left"
    assert {found[all_year.hex][f"2025Q{n}.arrival"] for n in (1, 2, 3, 4)} == {"opening"}
    assert (found[all_year.hex]["permit"], found[twice.hex]["permit"]) == ("had", "none")
    assert (found[late.hex]["detected"], found[late.hex]["2025Q2.stay_status"]) == ("police", "left")


def test_nobody_with_an_account_counts_a_year(app: Flask) -> None:
    for login in ("molsa.statistician", "oms.monitor", "administrator"):
        with db.engine.connect() as connection, pytest.raises(NotPermitted):
            year_counting.people_of_year(connection, Q1, Q4, codes(), by=factories.actor(login))


def test_the_year_is_sealed_with_its_last_quarter_in_every_format_and_says_the_same_in_each(year: Flask) -> None:
    line = store.release(Q4, by=RELEASE, report=ANNUAL.name)
    assert (line.first_quarter, line.quarter, line.formats) == (Q1, Q4, frozenset(FORMATS))
    content = {name: store.release_file(Q4, name, by=RELEASE, report=ANNUAL.name) for name in FORMATS}
    value = json.loads(content["json"])
    assert value["quarters"] == ["2025Q1", "2025Q2", "2025Q3", "2025Q4"]
    assert [each["signer"] for each in value["signatures"]] == ["server", "statistician", "responsible_authority"]
    figures = Counter(row["value"] for table in value["tables"] for row in table["rows"] if row["value"] is not None)
    assert all(figure % 5 == 0 for figure in figures)
    assert published.differing(content) == []
    rows = list(csv.DictReader(io.StringIO(content["csv"].decode("utf-8-sig"))))
    assert Counter(int(row["value"]) for row in rows if row["value"].isdigit()) == figures
    head, *lines = openpyxl.load_workbook(io.BytesIO(content["xlsx"]))["data"].iter_rows(values_only=True)
    assert [
        dict(zip(head, map(str, ("" if cell is None else cell for cell in line)), strict=True)) for line in lines
    ] == rows
    # A year is not cited as its last quarter, on paper neither.
    for language, cited in (
        ("en", "Report “Victims of trafficking accommodated in a year”, 2025Q1–2025Q4"),
        ("sq", "Raporti “Viktimat e trafikimit të strehuara në një vit”, 2025Q1–2025Q4"),
    ):
        assert f"<dd>{cited}, " in content[f"html.{language}"].decode()
        with pikepdf.open(io.BytesIO(content[f"pdf.{language}"])) as paper:
            assert str(paper.docinfo.Title) == cited
    assert "Formally identified" in content["html.en"].decode()
    assert "E identifikuar zyrtarisht" in content["html.sq"].decode()
    # There is the whole number once, and it is near the truth.
    whole = next(row["value"] for row in value["tables"][0]["rows"] if row["sex"] == row["majority"] == "*")
    assert abs(whole - len(counted())) <= 4
    verdict = store.verdict(Q4, by=RELEASE, report=ANNUAL.name)
    assert verdict["ok"]
    assert verdict["scenarios"]["A4"] is True


@pytest.mark.slow
def test_whoever_reads_the_year_beside_everything_else_learns_of_no_few_people(year: Flask) -> None:
    releases = published.everything()
    assert {each.report for each in releases} > {"ix", "annual"}
    assert published.unpromised(published.learnt(releases)) == []
    quarter, whole = (next(each for each in releases if each.report == name) for name in ("ix", ANNUAL.name))
    assert published.learnt([quarter, whole]) == []  # of these two also not that few are there
    # Planted: a 5 of the quarter beside a 0 of the year would say that fewer than five are there.
    named = next(
        cell for cell, figure in whole.figures.items() if len(cell) == 1 and figure == 0 == quarter.figures.get(cell)
    )
    told = published.Together(published.with_figure(releases, quarter.name, named, 5)).learnt()
    assert published.Learnt(quarter.name, "few", named, 5) in told


@pytest.mark.slow
def test_a_second_release_of_the_same_year_tells_what_neither_tells_alone(year: Flask) -> None:
    releases = published.everything()
    whole = next(each for each in releases if each.report == ANNUAL.name)
    again = published.drawn_again(whole, list(counted().values()), b"second")
    assert {each.what for each in published.learnt([*releases, again])} >= {"few"}


def test_readers_find_the_year_in_the_list_and_others_do_not(year: Flask) -> None:
    reader = Person(year.test_client(), "oms.reader")
    assert "/reports/annual/2025Q4" in reader.get("/reports")
    page = reader.get("/reports/annual/2025Q4")
    assert "GRETA" in page
    added = reader.get("/reports/year/2025")
    assert added.index('href="/reports/annual/2025Q4"') < added.index("Shuma të shifrave")
    for ending in ("csv", "json"):
        reader.get(f"/reports/annual/2025Q4.{ending}")
    Person(year.test_client(), "vatra.case_worker").get("/reports/annual/2025Q4", 403)


def test_a_quarter_that_ends_no_year_makes_no_annual_report(closed: Flask) -> None:
    assert store.releases(by=RELEASE, report=ANNUAL.name) == []


def test_lengths_of_stay_over_eight_quarters_are_those_of_two_years_each_rounded_once(
    year: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight quarters added up say of no length how many stay longer; two years do, or the page says so."""
    line = store.release(Q4, by=RELEASE, report=ANNUAL.name)
    release = json.loads(store.release_file(Q4, "json", by=RELEASE, report=ANNUAL.name))
    sealed = [(line, release)]
    before = dataclasses.replace(line, first_quarter=Quarter(2024, 1), quarter=Quarter(2024, 4))
    monkeypatch.setattr(trends, "_sealed", lambda report, until=None: [(before, release), *sealed])
    reader = Person(year.test_client(), "oms.reader")
    assert reader.client.get("/reports/annual/lengths").location == "/reports/annual/lengths/2025Q4/2"
    page = reader.get("/reports/annual/lengths/2025Q4/2")
    assert "Vitet: 2024, 2025" in page
    two, one = (
        curves.curve_of([release] * number, country().tables[ANNUAL.name].survival, lambda *_: "") for number in (2, 1)
    )
    said = [row for row in two.rows if row[1] is not None]
    assert said
    assert sum(row[1] is not None for row in one.rows) <= len(said)
    assert page.count("nuk mund të thuhet") >= len(two.rows) - len(said)
    for days, share in said:
        [line] = re.findall(rf'<th scope="?row"?>[^<]*\b{days} ditë(.*)', page)
        assert [int(each) for each in re.findall(r"<td>(\d+)", line)][:3] == list(share)
    assert "1 vit deri te 2025Q4" in page
    reader.get("/reports/annual/lengths/2025Q4/4", 404)


def test_the_lengths_of_quarters_lead_to_those_of_years(closed: Flask) -> None:
    page = Person(closed.test_client(), "oms.reader").get("/reports/ix/lengths/2026Q2/1")
    assert 'href="/reports/annual/lengths"' in page


@pytest.mark.slow
def test_a_year_names_the_quarters_of_which_an_office_gave_no_part(year: Flask) -> None:
    reader = Person(year.test_client(), "molsa.statistician")
    page = reader.get("/reports/annual/2025Q4?lang=en")
    said = dict(re.findall(r"<li>(2025Q\d): ([^<]+)</li>", page[page.index("Who gave no part of a quarter:") :]))
    sealed = json.loads(store.release_file(Q4, "json", by=RELEASE, report=ANNUAL.name))["no_report_from"]
    named = names.names_by_code("en")
    assert {each for line in said.values() for each in unescape(line).split("; ")} == {named[code] for code in sealed}
    assert "Who gave no part of a quarter:" not in reader.get("/reports/ix/2025Q4?lang=en")  # of one it says it once
