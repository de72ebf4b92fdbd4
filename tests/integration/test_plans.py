"""How the database looks for what a page shows: by an index, never through everything that ever happened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from nrm import clock
from nrm.actions import tending
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.store.rows import entries
from nrm.store.shelter import payment_lines
from tests.conftest import Person
from tests.world import World

GROWING = {
    "audit_entries",
    "cases",
    "child_alerts",
    "consents",
    "grants",
    "helpline_calls",
    "interviews",
    "obligations",
    "procedure_records",
    "readings",
    "referrals",
    "route_candidates",
    "route_exclusions",
    "stays",
    "supplements",
}
"""The tables that grow for as long as people come; sealed compartments are counted every minute, beside their keys."""
PAGES = (
    ("rinas.border_officer", ("/", "/referrals/sent", "/interviews/unsent/draft")),
    ("nrc.case_worker", ("/", "/referrals", "/referrals/coming", "/stays", "/beds", "/obligations", "/cases/shared")),
    ("vatra.shelter_manager", ("/",)),
    ("ra.duty_officer", ("/", "/duty", "/duty/map")),
    ("molsa.statistician", ("/",)),
)
# By these columns alone an index leads to everybody who was ever in a shelter, or in a place.
_EVER = re.compile(
    r"ix_stays_organisation_id_ended_on \(organisation_id=\?\)|ix_occupancies_place_id_from_on \(place_id"
    r"|audit_entries USING INTEGER PRIMARY KEY \(rowid>\?\)"  # thousands of entries of any event (ADR 0274)
)
_NAMED = re.compile(r"(?:FROM|JOIN|,)\s+(\w+)(?:\s+AS\s+(\w+))?")


@contextmanager
def scans() -> Iterator[list[str]]:
    """What is read from one end to the other while this is open, or through all of a shelter's past, or through the
    newest part of the audit chain: the step of the plan and the statement."""
    found: list[str] = []

    def look(_: Any, cursor: Any, statement: str, parameters: Any, *__: Any) -> None:
        if not statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            return
        tables = {alias or table: table for table, alias in _NAMED.findall(statement)}
        plan = cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        steps = [row[3] for row in plan]
        found.extend(
            f"{step}: {' '.join(statement.split())}"
            for step in steps
            if _EVER.search(step) or (step.startswith("SCAN") and tables.get(step.split()[1]) in GROWING)
        )

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", look)


@pytest.mark.parametrize(("login", "paths"), PAGES, ids=[login for login, _ in PAGES])
def test_no_page_that_is_loaded_all_day_reads_a_whole_table(
    world_app: tuple[Flask, World], login: str, paths: tuple[str, ...]
) -> None:
    person = Person(world_app[0].test_client(), login)
    with scans() as found:
        for path in paths:
            person.get(path)
    assert found == []


def test_neither_does_what_happens_every_minute(world_app: tuple[Flask, World]) -> None:
    with scans() as found:
        tending.tend()
    assert found == []


def test_the_nights_of_a_quarter_are_summed_without_reading_the_stays_of_the_past(
    world_app: tuple[Flask, World],
) -> None:
    """All stays are counted by an index alone; read are those of the quarter, and those with days that do not count."""
    steps: list[str] = []

    def look(_: Any, cursor: Any, statement: str, parameters: Any, *__: Any) -> None:
        plan = cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        steps.extend(row[3] for row in plan if re.match(r"(SCAN|SEARCH) stays\b", row[3]))

    event.listen(Engine, "before_cursor_execute", look)
    try:
        assert payment_lines.lines(Quarter.of(clock.now().date()), by=Actor.system("release"))
    finally:
        event.remove(Engine, "before_cursor_execute", look)
    by_index = r"COVERING INDEX|\(ended_on=\? AND admitted_on<\?\)|\(id=\?\)|\(organisation_id=\? AND ended_on[=>]\?\)"
    by_index += r"|\(organisation_id=\? AND counts_from>\?\)"
    assert len(steps) == 7
    assert [step for step in steps if not re.search(by_index, step)] == []


@pytest.mark.parametrize("read", [entries.of_benefits, entries.of_money])
def test_what_the_chain_tells_of_money_is_found_by_its_index(
    world_app: tuple[Flask, World], read: Callable[[], object]
) -> None:
    steps: list[str] = []

    def look(_: Any, cursor: Any, statement: str, parameters: Any, *__: Any) -> None:
        plan = cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        steps.extend(row[3] for row in plan if "audit_entries" in row[3])

    event.listen(Engine, "before_cursor_execute", look)
    try:
        read()
    finally:
        event.remove(Engine, "before_cursor_execute", look)
    assert len(steps) == 1
    assert "ix_audit_entries_event (event=?" in steps[0]


def test_a_whole_table_that_is_read_is_seen(world_app: tuple[Flask, World]) -> None:
    with scans() as found:
        db.session.connection().exec_driver_sql("SELECT count(*) FROM referrals AS r WHERE r.clause = 'x'")
    assert len(found) == 1
