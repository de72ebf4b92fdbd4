"""Lists, home pages and the search by pseudonym among 1,000,000 closed cases, beside the same among 1,000."""

from __future__ import annotations

import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from flask.testing import FlaskClient

from nrm.cli.demo import make_demo
from nrm.cli.usage import application
from nrm.db import disconnect

PEOPLE = 60
FEW, MANY = 1_000, 1_000_000
TIMES = 40
TARGET = 1.2
PAGES = (
    ("home of the border officer", "rinas.border_officer", "/"),
    ("what a crossing point sent", "rinas.border_officer", "/referrals/sent"),
    ("home of the case worker", "nrc.case_worker", "/"),
    ("who is in a shelter", "nrc.case_worker", "/stays"),
    ("what a shelter owes", "nrc.case_worker", "/obligations"),
    ("home of the duty desk", "ra.duty_officer", "/"),
    ("what waits anywhere", "ra.duty_officer", "/duty"),
)
_TOKEN = re.compile(rb'name="csrf_token" value="([^"]*)"')
# Beside each closed case: what it was sent by, where it stayed, and the last thing that was owed in it.
_TABLES = ("cases", "referrals", "stays", "obligations")


def multiply(database: Path, wanted: int) -> None:
    """Copies of the closed cases of a demo, under new ids and pseudonyms, until there are so many."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(
        "CREATE TEMP TABLE kept AS SELECT id, row_number() OVER (ORDER BY id) AS place FROM cases"
        " WHERE status = 'closed' AND substr(pseudonym, 1, 1) != 'x'"
    )
    kept = connection.execute("SELECT count(*) FROM kept").fetchone()[0]
    there = connection.execute("SELECT count(*) FROM cases WHERE substr(pseudonym, 1, 1) = 'x'").fetchone()[0] // kept
    copies = f"WITH RECURSIVE n(i) AS (SELECT {there} UNION ALL SELECT i + 1 FROM n WHERE i < {wanted // kept - 1})"
    for number, table in enumerate(_TABLES):
        new_id, new_case = f"printf('{number:08x}%024x', i * 1000 + place)", "printf('00000000%024x', i * 1000 + place)"
        made = {"id": new_id, "case_id": new_case, "pseudonym": "printf('x%d-%d', i, place)", "referral_id": "NULL"}
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        values = ", ".join(made.get(column, f"old.{column}") for column in columns)
        case_id = "id" if table == "cases" else "case_id"
        one = f"(SELECT max(id) AS last FROM {table} GROUP BY {case_id})"
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) {copies} SELECT {values} FROM n, kept"
            f" JOIN {table} old ON old.{case_id} = kept.id JOIN {one} ON last = old.id"
        )
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def signed_in(client: FlaskClient, login: str, password: str) -> bytes:
    """Sign in; the token that the person's forms carry."""
    token = _TOKEN.search(client.get("/sign-in").data)
    assert token
    client.post("/sign-in", data={"login": login, "password": password, "csrf_token": token[1].decode()})
    token = _TOKEN.search(client.get("/").data)
    assert token
    return token[1]


def _median_ms(ask: Callable[[], int]) -> float:
    """Processor milliseconds in the middle of so many answers, after one that warms up."""
    took = []
    for _ in range(TIMES + 1):
        started = time.process_time()
        status = ask()
        took.append((time.process_time() - started) * 1000)
        if status not in (200, 303):
            raise RuntimeError(f"answered {status}")
    return statistics.median(took[1:])


def measured(folder: Path, passwords: Mapping[str, str]) -> dict[str, float]:
    """What is asked -> processor milliseconds of one answer."""
    app = application(folder, pages=True)
    found: dict[str, float] = {}
    with closing(sqlite3.connect(folder / "main.db")) as connection:
        holder = "(SELECT id FROM organisations WHERE code = 'NRC')"
        known = f"SELECT pseudonym FROM cases WHERE holder_id = {holder} AND status != 'closed' LIMIT 1"
        pseudonym = connection.execute(known).fetchone()[0]
    for what, login, path in PAGES:
        client = app.test_client()
        signed_in(client, login, passwords[login])
        found[what] = _median_ms(lambda client=client, path=path: client.get(path).status_code)
    client = app.test_client()
    token = signed_in(client, "nrc.case_worker", passwords["nrc.case_worker"])
    form = {"code": pseudonym, "csrf_token": token.decode()}
    found["finding a case by its pseudonym"] = _median_ms(lambda: client.post("/cases/find", data=form).status_code)
    with app.app_context():
        disconnect()
    return found


def main() -> None:
    """Print a line for each page: milliseconds among few, among many, and their ratio."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "demo"
        passwords = {
            each["login"]: each["password"] for each in make_demo(folder, people=PEOPLE, seed=1, until=None)["accounts"]
        }
        multiply(folder / "main.db", FEW)
        few = measured(folder, passwords)
        multiply(folder / "main.db", MANY)
        many = measured(folder, passwords)
    for what, before in few.items():
        ratio = many[what] / before
        said = "ok" if ratio <= TARGET else "short"
        figures = f"{before:7.2f} ms among 1,000 {many[what]:9.2f} ms among 1,000,000 {ratio:7.2f} x"
        print(f"{what:34} {figures}  target {TARGET} x {said}")
