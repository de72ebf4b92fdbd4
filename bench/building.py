"""The home page and the board of a shelter with 10 and with 1,000 places, after 1,000 and after 100,000 past stays; and
what counts nights over ten years, beside one year."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from bench.scale import TARGET, signed_in
from nrm import clock
from nrm.cli.demo import make_demo
from nrm.cli.usage import application
from nrm.db import db, disconnect
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.models.accounts.accounts import Organisation
from nrm.models.reports.reports import PaymentLine
from nrm.store.reports import counting
from nrm.store.shelter import payment_lines
from nrm.vault import rows as marked

PEOPLE = 60
TIMES = 30
SHELTER = "NRC"
PAGES = (
    ("home of the case worker", "nrc.case_worker", "/"),
    ("home of the manager", "nrc.shelter_manager", "/"),
    ("who is in the shelter", "nrc.case_worker", "/stays"),
    ("the board", "nrc.case_worker", "/beds"),
)
# With a hundred times the places: a home page says as much as before, the board has a line for each place.
LARGER = {"home of the case worker": TARGET, "home of the manager": TARGET, "the board": 100}
NIGHTS = "nights of a quarter, for the payment"
RELEASE = Actor.system("release")
_NOTHING: Mapping[str, Any] = {"nights": 0, "earlier": 0, "payable": 0, "basis": "nights", "to_sign": False}
_SINCE = 20  # days that whoever is there has been there
_ENDED = {
    "exit_reason": "independent_living",
    "destination": "own_home",
    "destination_country": "home",
    "repatriation_gate": "home",
    "child_gate": "adult",
}


@dataclass(frozen=True, slots=True)
class Building:
    """A shelter of so many places, eight in ten taken, and in them so many past stays of so many nights."""

    places: int
    past: int
    nights: int


FEW = Building(10, 1_000, 30)
OFTEN = Building(10, 100_000, 1)
MANY = Building(1_000, 100_000, 36)  # ten years: in each place a hundred stays of 36 nights
ONE_YEAR = Building(1_000, 10_000, 36)


def fill(database: Path, building: Building, today: date) -> None:
    """Turn the shelter of a demo into `building`; whoever lives there keeps their place."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA foreign_keys = OFF")
    with _without_triggers(connection):
        shelter = connection.execute("SELECT id FROM organisations WHERE code = ?", (SHELTER,)).fetchone()[0]
        taken, places = _places(connection, shelter, building.places, today)
        residents = building.places * 8 // 10 - taken
        _stays(connection, shelter, _periods(places, residents, building, today), today)
    nights = (
        "SELECT from_on, lag(coalesce(until_on, '9999-12-31')) OVER (PARTITION BY place_id ORDER BY from_on) AS before"
        " FROM occupancies WHERE struck_on IS NULL AND place_id IS NOT NULL"
    )
    assert connection.execute(f"SELECT count(*) FROM ({nights}) WHERE before > from_on").fetchone() == (0,)
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


@contextmanager
def _without_triggers(connection: sqlite3.Connection) -> Iterator[None]:
    """That no two people share a place is looked at once, at the end, and not beside each of 100,000 rows."""
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in found:
        connection.execute(f"DROP TRIGGER {name}")
    yield
    for _, sql in found:
        connection.execute(sql)


def _places(connection: sqlite3.Connection, shelter: str, wanted: int, today: date) -> tuple[int, list[str]]:
    """(how many places somebody has, the new ones): all others of the demo are closed."""
    taken = (
        "SELECT place_id FROM occupancies JOIN places ON places.id = place_id"
        " WHERE organisation_id = ? AND occupancies.until_on IS NULL AND struck_on IS NULL"
    )
    connection.execute(
        f"UPDATE places SET until_on = ?, closed_why = 'other' WHERE organisation_id = ? AND id NOT IN ({taken})",
        (str(today - timedelta(days=1)), shelter, shelter),
    )
    kept = len(connection.execute(taken, (shelter,)).fetchall())
    unit = connection.execute("SELECT id FROM units WHERE organisation_id = ?", (shelter,)).fetchone()[0]
    made = {uuid.uuid4().hex: f"X{number}" for number in range(wanted - kept)}
    place = {"organisation_id": shelter, "closed_why": "", "extra_why": ""}
    _insert(connection, "places", [{"id": id_, "label": label, **place} for id_, label in made.items()])
    stands = [{"id": uuid.uuid4().hex, "place_id": id_, "unit_id": unit, "label": label} for id_, label in made.items()]
    _insert(connection, "places_in_units", stands)
    return kept, list(made)


def _periods(
    places: list[str], residents: int, building: Building, today: date
) -> Iterator[tuple[str, date, date | None]]:
    """(place, first day, last day) of each stay: those that go on, then the past ones, from the last one back."""
    since = today - timedelta(days=_SINCE)
    for place in places[:residents]:
        yield place, since, None
    for number in range(building.past):
        turn, place_number = divmod(number, len(places))
        last = since - timedelta(days=turn * building.nights)
        yield places[place_number], last - timedelta(days=building.nights), last


def _stays(
    connection: sqlite3.Connection, shelter: str, periods: Iterator[tuple[str, date, date | None]], today: date
) -> None:
    """A case, a stay and a row of the place for each: of an adult of the demo, over and over."""
    columns = [row[1] for row in connection.execute("PRAGMA table_info(cases)")]
    adult = connection.execute("SELECT * FROM cases WHERE age_class = 'adult'").fetchone()
    person = {**dict(zip(columns, adult, strict=True)), "holder_id": shelter}
    cases: list[dict[str, Any]] = []
    stays: list[dict[str, Any]] = []
    slept: list[dict[str, Any]] = []
    for place, first, last in periods:
        case_id, stay_id = uuid.uuid4().hex, uuid.uuid4().hex
        end = None if last is None else str(last)
        known = {"admitted_on": str(first), "known_on": str(first), "ended_on": end, "end_known_on": end}
        status, closed = ("open", None) if last is None else ("closed", str(last.replace(day=1)))
        cases.append({**person, "id": case_id, "pseudonym": f"x{len(cases)}", "status": status, "closed_month": closed})
        stays.append(
            {
                "id": stay_id,
                "case_id": case_id,
                "organisation_id": shelter,
                **known,
                "anticipated_end_on": end or str(today + timedelta(days=200)),
                "permit_state": "",
                **(_ENDED if last else dict.fromkeys(_ENDED, "")),
            }
        )
        slept.append(
            {"id": uuid.uuid4().hex, "stay_id": stay_id, "place_id": place, "from_on": str(first), "until_on": end}
        )
    for table, rows in (("cases", cases), ("stays", stays), ("occupancies", slept)):
        _insert(connection, table, rows)


def _insert(connection: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    columns = list(rows[0])
    marks = ", ".join(f":{column}" for column in columns)
    connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _fastest_ms(ask: Callable[[], object], times: int) -> float:
    """Processor milliseconds of the fastest of so many answers, after one that warms up."""
    took = []
    for _ in range(times + 1):
        started = time.process_time()
        ask()
        took.append((time.process_time() - started) * 1000)
    return min(took[1:])


def pages(folder: Path, passwords: Mapping[str, str]) -> dict[str, float]:
    """What is asked -> processor milliseconds of one answer."""
    app = application(folder, pages=True)
    found = {}
    for what, login, path in PAGES:
        client = app.test_client()
        signed_in(client, login, passwords[login])
        found[what] = _fastest_ms(lambda client=client, path=path: _get(client, path), TIMES)
    with app.app_context():
        disconnect()
    return found


def _get(client: FlaskClient, path: str) -> None:
    status = client.get(path).status_code
    if status != 200:
        raise RuntimeError(f"{path} answered {status}")


def counts(folder: Path, today: date) -> dict[str, float]:
    """What a quarter is closed with -> processor milliseconds: the nights of all shelters, and the people."""
    quarter = Quarter.of(today).previous
    with application(folder).app_context():
        connection = db.session.connection()
        # As if one quarter long ago were frozen and no other: all since then is summed.
        connection.exec_driver_sql("DELETE FROM payment_lines")
        shelter_id = db.session.scalars(select(Organisation.id).where(Organisation.code == SHELTER)).one()
        frozen = PaymentLine(organisation_id=shelter_id, quarter="2000Q1", frozen_at=clock.now(), **_NOTHING)
        frozen.mark = marked.payment_line_mark(frozen)
        db.session.add(frozen)
        db.session.flush()
        found = {
            NIGHTS: _fastest_ms(lambda: payment_lines.lines(quarter, by=RELEASE), 3),
            "people of a quarter, for report ix": _fastest_ms(
                lambda: counting.people(connection, quarter, by=RELEASE), 3
            ),
        }
        db.session.rollback()
        disconnect()
    return found


def _line(what: str, among: str, before: float, after: float, target: float) -> None:
    ratio = after / before
    said = "ok" if ratio <= target else "short"
    print(f"{what:36} {among:46} {before:8.2f} ms {after:8.2f} ms {ratio:6.2f} x  target {target:g} x {said}")


def main() -> None:
    """Print a line for each page and each count: milliseconds in the smaller and the larger building, their ratio."""
    today = clock.now().date()
    asked: dict[Building, dict[str, float]] = {}
    counted: dict[Building, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as place:
        demo, folder = Path(place) / "demo", Path(place) / "building"
        accounts = make_demo(demo, people=PEOPLE, seed=1, until=None)["accounts"]
        passwords = {each["login"]: each["password"] for each in accounts}
        for building in (FEW, OFTEN, MANY, ONE_YEAR):
            shutil.copytree(demo, folder)
            fill(folder / "main.db", building, today)
            asked[building] = pages(folder, passwords)
            if building.places == MANY.places:
                counted[building] = counts(folder, today)
            shutil.rmtree(folder)
    for what, before in asked[FEW].items():
        _line(what, "10 places, 1,000 and 100,000 past stays", before, asked[OFTEN][what], TARGET)
        if what in LARGER:
            _line(what, "10 and 1,000 places, 100 past stays in each", before, asked[MANY][what], LARGER[what])
    for what, before in asked[ONE_YEAR].items():
        _line(what, "1,000 places, after one year and after ten", before, asked[MANY][what], TARGET)
    for what, before in counted[ONE_YEAR].items():
        # Each day of ten years is looked at, so that what became known late is paid; not each stay.
        target = 3 if what == NIGHTS else TARGET
        _line(what, "1,000 places, after one year and after ten", before, counted[MANY][what], target)
