"""Charts over the releases and curves of lengths of stay: published figures alone, at addresses that stay."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from flask import Flask
from sqlalchemy import and_, select, update

from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.models.reports.reports import Release, ReleaseFile
from nrm.store.reports import reports as store
from tests.conftest import CLOSED, Person

OF_SECOND = and_(Release.report == "ix", Release.quarter == str(CLOSED[1]))
NEVER = ("administrator", "molsa.payment_officer", "vatra.case_worker", "rinas.border_officer", "trp_unit.trp_officer")
ADDRESSES = (
    "/reports/ix/trend/2026Q2/all",
    "/reports/ix/trend/2026Q2/by=nationality",
    "/reports/ix/trend/2026Q2/nationality=AL",
    "/reports/ix/trend/2026Q2/nationality=AL/by=sex",
    "/reports/ix/trend/2026Q2/nationality=AL/sex=feminine",
    "/reports/ix/lengths/2026Q2/2",
)


@pytest.fixture
def reader(closed: Flask) -> Person:
    return Person(closed.test_client(), "oms.reader")


def main_of(page: str) -> str:
    return page[page.index("<main") : page.index("</main>")]


def figure(quarter: Quarter, **members: str) -> int:
    """Of the sealed JSON."""
    release = json.loads(store.release_file(quarter, "json", by=Actor.system("release")))
    return next(
        row["value"]
        for table in release["tables"]
        if set(members) <= set(table["dimensions"])
        for row in table["rows"]
        if all(row[name] == members.get(name, "*") for name in table["dimensions"])
    )


def in_table(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<tr><th scope="row">(\S+)</th><td class="n" data-l="[^"]+">(\d+)</td><td>', page)


def test_a_chart_shows_what_was_sealed_and_leads_to_every_published_part(reader: Person) -> None:
    page = reader.get("/reports/ix/trend/2026Q2/nationality=AL/sex=feminine")
    sealed = [(str(quarter), str(figure(quarter, nationality="AL", sex="feminine"))) for quarter in CLOSED]
    assert in_table(page) == sealed
    assert re.findall(r"<title>(2026Q\d): (\d+)</title>", page) == sealed
    parts = reader.get("/reports/ix/trend/2026Q2/nationality=AL/by=sex")
    assert 'href="/reports/ix/trend/2026Q2/nationality%3DAL/sex%3Dfeminine"' in parts or (
        'href="/reports/ix/trend/2026Q2/nationality=AL/sex=feminine"' in parts
    )
    assert all(f"<td>{value}</td>" in parts for _, value in sealed)


@pytest.mark.slow
def test_every_link_of_the_charts_leads_to_a_page(reader: Person) -> None:
    waiting, seen = ["/reports/ix/trend/2026Q2/all", "/reports/ix/lengths/2026Q2/1"], set()
    while waiting and len(seen) < 120:
        address = waiting.pop()
        if address not in seen:
            seen.add(address)
            waiting += re.findall(r'href="(/reports/ix/(?:trend|lengths)/[^"?#]+)"', main_of(reader.get(address)))
    assert len(seen) == 120


def test_the_short_addresses_lead_to_those_that_stay(reader: Person) -> None:
    for short, long in {
        "/reports/ix/trend": "/reports/ix/trend/2026Q2/all",
        "/reports/ix/lengths": "/reports/ix/lengths/2026Q2/2",
    }.items():
        answer = reader.client.get(short)
        assert (answer.status_code, answer.location) == (303, long)


def test_before_the_first_release_the_pages_say_so(app: Flask) -> None:
    reader = Person(app.test_client(), "oms.reader")
    assert "Ende nuk është publikuar asnjë tremujor" in reader.get("/reports/ix/trend")
    assert "Ende nuk është publikuar asnjë tremujor" in reader.get("/reports/ix/lengths")
    reader.get("/reports/ix/lengths/2026Q2/1", status=404)
    reader.get("/reports/ix/trend/2026Q2/all", status=404)


def test_where_a_release_prints_too_little_for_a_curve_the_page_says_that(
    closed: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nrm.web.reports.trends.has_curve", lambda *_: False)
    reader = Person(closed.test_client(), "oms.reader")
    assert "nuk i printon shifrat nga të cilat bëhet lakorja" in reader.get("/reports/ix/lengths")


def test_the_same_address_gives_the_same_page_after_another_release_and_whatever_is_asked(closed: Flask) -> None:
    reader = Person(closed.test_client(), "oms.reader")
    with transaction() as session:  # as it was before the second release
        session.execute(update(Release).where(OF_SECOND).values(quarter="2999Q4", report="joint"))
    addresses = [each.replace("2026Q2", "2026Q1").replace("Q1/2", "Q1/1") for each in ADDRESSES]
    before = [main_of(reader.get(address)) for address in addresses]
    with transaction() as session:
        session.execute(update(Release).where(Release.quarter == "2999Q4").values(quarter=str(CLOSED[1]), report="ix"))
    assert [main_of(reader.get(address)) for address in addresses] == before
    assert [main_of(reader.get(f"{address}?cell=all&number=4&quarter=2026Q2&x=1")) for address in addresses] == before


def test_g1_every_numeral_of_charts_and_curves_is_a_multiple_of_5(reader: Person) -> None:
    """Quarters, days of classes, and the words that explain the figures are the listed exceptions."""
    for address in ADDRESSES:
        text = re.sub(r"<svg.*?</title>|<[^>]+>", " ", main_of(reader.get(f"{address}?lang=en")))
        text = re.sub(
            r"\b20\d\dQ[1-4]\b|More than \d+ days|\b\d+ to \d+ days|Up to 7 days|[12] quarters? up to", " ", text
        )
        for exception in ("7 14 21 30 60 90 180 365", "0 to 4 people", "0 to 14", "at most 8 more", "at most 18 more"):
            text = " ".join(text.split()).replace(exception, " ")
        numbers = re.findall(r"\d+", text)
        assert len(numbers) > 2
        assert [number for number in numbers if int(number) % 5] == [], address


@pytest.mark.parametrize(
    "address",
    [
        *("/reports/ix/trend/2026Q3/all", "/reports/ix/trend/2026q2/all", "/reports/ix/trend/junk/all"),
        *("/reports/ix/trend/2026Q2/sex=feminine/nationality=AL", "/reports/ix/trend/2026Q2/nationality=ZZ"),
        *("/reports/ix/trend/2026Q2/person=1", "/reports/ix/trend/2026Q2/by=person", "/reports/ix/trend/2026Q2/x" * 40),
        "/reports/ix/trend/2026Q2/age_band=child/country_of_trafficking=IT",  # no table has both
        *("/reports/ix/lengths/2026Q2/3", "/reports/ix/lengths/2026Q2/4", "/reports/ix/lengths/2026Q2/0"),
        *("/reports/ix/lengths/2026Q3/1", "/reports/x/lengths/2026Q2/1", "/reports/vi/trend/2026Q2/all"),
    ],
)
def test_what_was_not_published_is_not_there(reader: Person, address: str) -> None:
    reader.get(address, status=404)


def test_who_reads_no_reports_gets_none_of_it(closed: Flask) -> None:
    for login in NEVER:
        person = Person(closed.test_client(), login)
        for address in ("/reports/ix/trend", "/reports/ix/lengths", *ADDRESSES):
            assert person.client.get(address).status_code in (403, 404), (login, address)


def test_a_coarser_release_and_a_missing_one_are_breaks_in_words(closed: Flask) -> None:
    """As if the second quarter's release had printed the total alone, and a year later one came out."""
    with transaction() as session:
        kept = session.scalars(
            select(ReleaseFile)
            .join(Release, Release.id == ReleaseFile.release_id)
            .where(OF_SECOND, ReleaseFile.format == "json")
        ).one()
        value = json.loads(kept.content)
        value["tables"] = [{"name": "total", "dimensions": [], "rows": [{"value": 15}]}]
        kept.content = json.dumps(value).encode()
        session.execute(update(Release).where(OF_SECOND).values(quarter="2026Q4", first_quarter="2026Q4"))
    reader = Person(closed.test_client(), "oms.reader")
    page = reader.get("/reports/ix/trend/2026Q4/sex=feminine?lang=en")
    assert len(in_table(page)) == 1
    assert page.count(">not published</td>") == 2
    assert page.count(">not published in this detail</td>") == 1
    assert page.count("stroke-dasharray") == 3
    assert "One release: there is nothing to compare yet" in page
    assert [value for _, value in in_table(reader.get("/reports/ix/trend/2026Q4/all"))][-1] == "15"
    # A curve is made of releases that follow one another.
    reader.get("/reports/ix/lengths/2026Q4/1", status=404)
    reader.get("/reports/ix/lengths/2026Q1/1")


def test_the_year_stands_when_its_last_quarter_is_released_and_says_what_cannot_be_said(closed: Flask) -> None:
    reader = Person(closed.test_client(), "oms.reader")
    reader.get("/reports/year/2026", status=404)
    reader.get("/reports/year/0", status=404)
    reader.get("/reports/year/99999", status=404)
    with transaction() as session:
        session.execute(update(Release).where(OF_SECOND).values(quarter="2026Q4", first_quarter="2026Q4"))
    page = main_of(reader.get("/reports/year/2026?lang=en"))
    assert "a quarter was not published, or in less detail" in page
    assert "/reports/year/2026" in reader.get("/reports")
    for login in NEVER:
        assert Person(closed.test_client(), login).client.get("/reports/year/2026").status_code in (403, 404)


def test_the_year_adds_what_its_quarters_published(closed: Flask) -> None:
    """As if the two quarters that were closed had been the last two, and two copies of the first came before them."""
    with transaction() as session:
        first, second = session.scalars(select(Release).where(Release.report == "ix").order_by(Release.position)).all()
        file = session.scalars(
            select(ReleaseFile).where(ReleaseFile.release_id == first.id, ReleaseFile.format == "json")
        ).one()
        for release, quarter in ((first, "2026Q3"), (second, "2026Q4")):
            release.quarter = release.first_quarter = quarter
        session.flush()
        for number, quarter in enumerate(("2026Q1", "2026Q2"), 10):
            copy = uuid.uuid4()
            values = {"previous_hash": b"", "hash": b"", "signature": b"", "released_at": first.released_at}
            session.add(
                Release(
                    id=copy, report="ix", quarter=quarter, first_quarter=quarter, position=number, step="", **values
                )
            )
            session.flush()
            session.add(ReleaseFile(id=uuid.uuid4(), release_id=copy, format="json", content=file.content))
    reader = Person(closed.test_client(), "oms.reader")
    page = main_of(reader.get("/reports/year/2026?lang=en"))
    sums = [
        figure(Quarter(2026, 1), arrival="opening"),
        3 * figure(Quarter(2026, 1), arrival="admitted") + figure(Quarter(2026, 4), arrival="admitted"),
        3 * figure(Quarter(2026, 1), stay_status="left") + figure(Quarter(2026, 4), stay_status="left"),
        figure(Quarter(2026, 4), stay_status="still_there"),
    ]
    cells = "".join(f"<td>{each}</td>" for each in sums)
    assert f'<tr class="all"><th scope="row">Total</th>{cells}</tr>' in page
    assert f"to {sums[0] + sums[1]} different people" in page
    text = re.sub(r"<[^>]+>|\b2026(Q[1-4])?\b", " ", page)
    assert [number for number in re.findall(r"\d+", text) if int(number) % 5] == []


def test_the_list_of_reports_stays_short_and_leads_to_the_earlier_quarters(closed: Flask) -> None:
    with transaction() as session:
        released_at = session.scalars(select(Release.released_at)).first()
        for number in range(20):
            quarter = f"{2019 + number // 4}Q{number % 4 + 1}"
            values = {"previous_hash": b"", "hash": b"", "signature": b"", "released_at": released_at, "step": ""}
            session.add(
                Release(
                    id=uuid.uuid4(), report="ix", quarter=quarter, first_quarter=quarter, position=-number, **values
                )
            )
    reader = Person(closed.test_client(), "oms.reader")
    seen: list[str] = []
    address = "/reports"
    while address:
        page = main_of(reader.get(address))
        seen += re.findall(r'href="/reports/quarter/(\d{4}Q\d)"', page)
        found = re.search(r'href="(/reports/until/\d{4}Q\d)"', page)
        address = found[1] if found else ""
    assert len(seen) == len(set(seen)) == 22
    assert seen == sorted(seen, reverse=True)
    assert len(re.findall(r'href="/reports/quarter/', main_of(reader.get("/")))) == 8
    reader.get("/reports/until/junk", status=404)
