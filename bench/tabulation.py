"""Counting 1,000,000 returnees and 1,000,000 stays for a report, beside the same aggregation in DuckDB."""

from __future__ import annotations

import csv
import random
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, create_engine, text

from bench import people_sql
from nrm.countries import load
from nrm.db import Model
from nrm.domain.accounts.accounts import Actor
from nrm.domain.interviews.screenings import PROCESSED_WITHOUT_HELP
from nrm.domain.quarters import Quarter
from nrm.domain.reports.counting import RETURNEE
from nrm.domain.reports.tabulation import Classification, tabulate
from nrm.store.reports import counting, crossing_counting

NUMBER = 1_000_000
YEARS = 10
FIRST, LAST = Quarter(2016, 1), Quarter(2025, 4)
ONE = Quarter(2025, 2)
NOW, THERE = Quarter(2026, 3), 300  # a quarter of the size the mechanism has, after 1,000,000 stays that are over
BY = Actor.system("release")
TABLES = (
    "organisations",
    "places",
    "referrals",
    "cases",
    "stays",
    "permit_entries",
    "repeat_values",
    "permit_marks",
    "testimony_strikes",
    "stay_corrections",
    "case_ages",
    "testimony",
    "screening_kinds",
    "screening_counts",
)
_DAYS = dict.fromkeys(("admitted_on", "known_on", "anticipated_end_on", "ended_on", "taken_back_on"), "DATE")
_TEXTS = dict.fromkeys(("citizenship", "gender", "age_band", "exploited_in", "repeat", "source", "facts"), "VARCHAR")
COPIED = {
    "stays": {"case_id": "UUID", **_DAYS},
    "cases": {"id": "UUID", **_TEXTS},
    "testimony": {"case_id": "UUID", "position": "INTEGER", "status": "VARCHAR", "happened_on": "DATE"},
}
RETURNEE_COLUMNS = tuple("gender" if name == "sex" else name for name in RETURNEE)
_OUTCOMES = ("none", "none", "none", "suspected", "possible")
_PROCESSED = ("joint_interview", "referred_nrc", "referred_ngo_shelter")
_CODES = {
    "crossing_point": ("rinas", "rinas", "durres", "kakavija", "morine"),
    "age_class": ("adult", "adult", "child"),
    "gender": ("feminine", "feminine", "masculine"),
    "returned_from": ("GR", "IT", "IT", "GB", "NL", "DE", "BE"),
    "announced": ("yes", "no", "no"),
    "agency": ("yes", "no", "no"),
    "citizenship": ("AL", "AL", "AL", "XK", "MD", "RO", "UA"),
    "age_band": ("9-17", "18-20", "18-20", "21-23", "24-26", "30-38"),
    "exploited_in": ("IT", "GR", "XK", "AL", "GB"),
    "exploitation": (
        *('["sexual_exploitation"]', '["sexual_exploitation", "forced_begging"]', '["forced_labour"]'),
        *('["servitude", "forced_marriage"]', '["forced_criminality"]', '["surrogacy", "child_labour"]', "[]"),
    ),
    "labour": ('["agriculture"]', '["agriculture", "hospitality"]', "[]"),
    "sexual": ('["prostitution"]', '["prostitution", "pornography"]', "[]"),
    "means_of_control": (
        '["threats"]',
        '["debt_bondage", "false_promises"]',
        '["withholds_documents"]',
        '["99"]',
        "[]",
    ),
    "recruiter_relation": ('"friend"', '"intimate_partner"', '"family"', '"unknown"'),
    "statistics": ('"yes"', '"yes"', '"yes"', '"no"'),
    "abduction": ('"yes"', '"no"', '"no"'),
    "step": ("willing", "statement_given", "not_a_witness", "in_witness_protection"),
}
_FACTS = ("exploitation", "labour", "sexual", "means_of_control", "recruiter_relation", "statistics", "abduction")


def _code(name: str, salt: int) -> str:
    codes = _CODES[name]
    cases = " ".join(f"WHEN {place} THEN '{code}'" for place, code in enumerate(codes))
    return f"CASE ((i * {2 * salt + 1} + i / {salt + 3}) % {len(codes)}) {cases} END"


def _interviews() -> Iterator[tuple[str, ...]]:
    """Month, codes of RETURNEE_COLUMNS, profile and assessment of each interview, in the order of time.

    They are random, and codes are independent of each other unless reality links them. So there are as many kinds as
    possible; the more kinds there are, the less is gained by keeping numbers of them.
    """
    chance = random.Random(6)
    drawn = {name: chance.choices(_CODES[name], k=NUMBER) for name in RETURNEE_COLUMNS if name in _CODES}
    outcomes = chance.choices(_OUTCOMES, k=NUMBER)
    seen_as = chance.choices(_OUTCOMES, k=NUMBER)
    months = sorted(chance.randrange(12 * YEARS) for _ in range(NUMBER))
    for place in range(NUMBER):
        year, month = divmod(months[place], 12)
        outcome = outcomes[place]
        tied = {
            "outcome": outcome,
            "processed": "no_indicator" if outcome == "none" else chance.choice(_PROCESSED),
        }
        codes = (tied[name] if name in tied else drawn[name][place] for name in RETURNEE_COLUMNS)
        profile = outcome if chance.random() < 0.7 else seen_as[place]
        yield (f"{FIRST.year + year}-{month + 1:02}-01", *codes, profile, outcome)


def _count_interviews(connection: Connection, duck: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make the same interviews for both: a row each for DuckDB, and for this program the numbers after counting."""
    numbers: Counter[tuple[str, ...]] = Counter()
    file = folder / "screenings.csv"
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("month", "citizenship_class", *RETURNEE_COLUMNS))
        for row in _interviews():
            numbers[(str(Quarter.of(date.fromisoformat(row[0])).start), *row[1:])] += 1
            writer.writerow((row[0], "home", *row[1 : 1 + len(RETURNEE_COLUMNS)]))
    _load(duck, "screenings", file, {"month": "DATE"})
    kinds = {codes: secrets.randbits(62) for codes in {row[1:-2] for row in numbers}}
    names = ("id", "citizenship_class", *RETURNEE_COLUMNS)
    connection.execute(
        text(f"INSERT INTO screening_kinds ({', '.join(names)}) VALUES (:{', :'.join(names)})"),
        [dict(zip(names, (id_, "home", *codes), strict=True)) for codes, id_ in kinds.items()],
    )
    connection.execute(
        text("INSERT INTO screening_counts VALUES (:quarter_on, :kind, :profile, :assessment, '', :number)"),
        [
            {
                "quarter_on": row[0],
                "kind": kinds[row[1:-2]],
                "profile": row[-2],
                "assessment": row[-1],
                "number": number,
            }
            for row, number in numbers.items()
        ],
    )
    connection.commit()
    print(f"report x: {NUMBER:,} interviews of {len(kinds):,} kinds, kept as {len(numbers):,} numbers by quarter")


def _fill(connection: Connection) -> None:
    facts = " || ', ' || ".join(f"""'"{name}": ' || {_code(name, 5 + salt)}""" for salt, name in enumerate(_FACTS))
    rows = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {NUMBER + THERE - 1})"
    id_ = "printf('%032x', i)"
    connection.execute(
        text(
            "INSERT INTO cases (id, pseudonym, status, source, opened_by_id, registered_month, questionnaire,"
            " age_class, age_band, gender, citizenship, citizenship_class, exploited_in, consent, repeat, facts)"
            f" {rows} SELECT {id_}, 'p' || i, 'open', 'helpline', '0', '2016-01-01', 'q', 'adult',"
            f" {_code('age_band', 1)}, {_code('gender', 2)}, {_code('citizenship', 3)}, 'home',"
            f" {_code('exploited_in', 4)}, 'given', 'not_checked', '{{' || {facts} || '}}' FROM n"
        )
    )
    later = f"julianday('{NOW.start}') - julianday('2016-01-01')"
    first = f"CASE WHEN i < {NUMBER} THEN i * 11 % {365 * YEARS} ELSE {later} END"
    day = f"date('2016-01-01', '+' || ({first}) || ' days')"
    end = f"date('2016-01-01', '+' || ({first} + 5 + i % 90) || ' days')"
    connection.execute(
        text(
            "INSERT INTO stays (id, case_id, organisation_id, admitted_on, known_on, anticipated_end_on,"
            " ended_on, exit_reason, destination, destination_country, repatriation_gate, child_gate)"
            f" {rows} SELECT {id_}, {id_}, '0', {day}, {day}, {end}, {end},"
            " 'independent_living', 'own_home', 'home', 'home', 'adult' FROM n"
        )
    )
    connection.execute(
        text(
            "INSERT INTO testimony (id, position, status, reason, happened_on, case_id)"
            f" {rows} SELECT {id_}, 1, {_code('step', 20)}, '', {day}, {id_} FROM n WHERE i % 8 = 0"
        )
    )
    connection.commit()


def _copy(
    connection: Connection,
    target: duckdb.DuckDBPyConnection,
    name: str,
    columns: dict[str, str],
    folder: Path,
) -> None:
    """The same rows for DuckDB, with ids and days as types of its own."""
    file = folder / f"{name}.csv"
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        result = connection.execute(text(f"SELECT {', '.join(columns)} FROM {name}"))
        writer.writerow(result.keys())
        writer.writerows(result)
    _load(target, name, file, columns)


def _load(target: duckdb.DuckDBPyConnection, name: str, file: Path, types: dict[str, str]) -> None:
    typed = ", ".join(f"CAST({column} AS {type_}) AS {column}" for column, type_ in types.items())
    target.execute(f"CREATE TABLE {name} AS SELECT * REPLACE ({typed}) FROM read_csv('{file}', all_varchar = true)")


def _fastest(work: Callable[[], Any], times: int = 7) -> tuple[float, Any]:
    """Processor seconds of the fastest run, in all threads, and what it gave."""
    best, value = float("inf"), None
    for _ in range(times):
        started = time.process_time()
        value = work()
        best = min(best, time.process_time() - started)
    return best, value


def _line(what: str, ours: float, theirs: float, target: float) -> None:
    ratio = ours / theirs
    said = "ok" if ratio <= target else "short"
    print(f"{what:44} {ours:8.3f} s  DuckDB {theirs:8.3f} s  {ratio:7.2f} x  target {target} x {said}")


def returnees(connection: Connection, duck: duckdb.DuckDBPyConnection) -> None:
    """Report x: everything at once, then one quarter; both must give the same counts."""
    columns = ", ".join(RETURNEE_COLUMNS)
    without_help = ", ".join(f"'{outcome}'" for outcome in sorted(PROCESSED_WITHOUT_HELP))
    for what, first, last, target in (
        ("report x, all 1,000,000", FIRST, LAST, 1.5),
        ("report x, one quarter", ONE, ONE, 1),
    ):
        period = f"month BETWEEN '{first.start}' AND '{last.end}'"
        counts = f"citizenship_class = 'home' AND (crossing_point <> '' OR outcome IN ({without_help}))"
        query = f"SELECT {columns}, count(*) FROM screenings WHERE {period} AND {counts} GROUP BY ALL"
        ours, counted = _fastest(
            lambda first=first, last=last: crossing_counting.returnees(connection, first, last, by=BY)
        )
        theirs, rows = _fastest(lambda query=query: duck.execute(query).fetchall())
        assert counted == Counter({tuple(row[:-1]): row[-1] for row in rows})
        _line(what, ours, theirs, target)


def accommodated(connection: Connection, duck: duckdb.DuckDBPyConnection) -> None:
    """Report ix of one quarter, of 1,000,000 stays: the codes of each person who counts; both must say the same."""
    table_set = load("albania").tables["ix"]
    listed = Classification(
        "AL",
        frozenset(table_set.dimensions["nationality"].codes),
        frozenset(table_set.dimensions["country_of_trafficking"].codes),
    )
    for what, quarter in (("one quarter", ONE), ("a small quarter", NOW)):
        query = people_sql.people(quarter, listed)
        ours, counted = _fastest(
            lambda quarter=quarter: tabulate(counting.people(connection, quarter, by=BY), quarter, listed)
        )
        theirs, rows = _fastest(lambda query=query: duck.execute(query).fetchall())
        assert sorted(tuple(row[name] for name in people_sql.COLUMNS) for _, row in counted) == sorted(rows)
        _line(f"report ix, {what} ({len(counted):,} people)", ours, theirs, 1)


def _duckdb(folder: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(folder / "duck.db"))
    connection.execute("SET threads = 2; SET enable_progress_bar = false")
    return connection


def main() -> None:
    """Print processor seconds of the program and of DuckDB over the same rows, both in files, the fastest of seven."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = create_engine(f"sqlite:///{folder / 'main.db'}")
        duck = _duckdb(folder)
        with engine.connect() as connection:
            for pragma in ("synchronous = OFF", "journal_mode = OFF", "cache_size = -400000"):
                connection.execute(text(f"PRAGMA {pragma}"))
            Model.metadata.create_all(connection, tables=[Model.metadata.tables[table] for table in TABLES])
            _fill(connection)
            _count_interviews(connection, duck, folder)
            connection.execute(text("ANALYZE"))
            for table, columns in COPIED.items():
                _copy(connection, duck, table, columns, folder)
            duck.close()  # opened again it reads its own compressed columns, which is fastest
            duck = _duckdb(folder)
            returnees(connection, duck)
            accommodated(connection, duck)
        engine.dispose()
