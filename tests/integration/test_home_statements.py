"""How many statements the home pages cost: they are loaded all day, at the far end of bad lines."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from nrm.actions.referrals import referrals
from nrm.actions.support import feedback_notes, hearings, threats
from nrm.db import db, reader
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.support.threats import Acts
from nrm.store.referrals import obligations
from nrm.store.rows.support import feedback as feedback_rows
from nrm.vault.keylog import heads
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.world import World

MOST = {
    "rinas.border_officer": 6,
    "nrc.case_worker": 12,
    "vatra.shelter_manager": 12,
    "molsa.statistician": 11,
    "ra.duty_officer": 18,  # five of them look for complaints, by the rule of the list
}
OF_A_HEARING, OF_A_THREAT = 2, 1
"""Statements more where a hearing lies ahead and a threat was not seen; on any other night a count says that there is
none."""
OF_A_WAIT = 1
"""And where somebody is accepted and waits at a post to be told where they meet: the list of who waits there."""
OF_A_NOTE = 3
"""And where a note of another house waits to be read: whether the reader is another hand than who wrote it."""


@contextmanager
def statements() -> Iterator[list[str]]:
    """What SQLAlchemy executes while this is open; the session's own statement goes to the driver beside it."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


MOST_OF_A_CASE = 72


@pytest.mark.slow
def test_the_page_of_a_case_looks_once_for_the_case_and_for_the_relation_to_it(world_app: tuple[Flask, World]) -> None:
    app, world = world_app
    person = Person(app.test_client(), "nrc.case_worker")
    person.get(f"/cases/{world.case}")
    with statements() as seen:
        person.get(f"/cases/{world.case}")
    assert len(seen) <= MOST_OF_A_CASE, "\n".join(seen)
    assert sum(each.startswith("SELECT cases.id, CASE WHEN") for each in seen) == 1


@pytest.mark.parametrize("login", MOST)
def test_a_home_page_costs_few_statements_however_much_waits(world_app: tuple[Flask, World], login: str) -> None:
    app, world = world_app
    worker, desk = "nrc.case_worker", "ra.duty_officer"
    more = {worker: OF_A_HEARING + OF_A_THREAT, desk: OF_A_THREAT + OF_A_NOTE + OF_A_WAIT}.get(login, 0)
    assert_few(Person(app.test_client(), login), MOST[login] + more)
    for each in (worker, desk):
        threats.seen(alarm_id=world.alarm, what=Acts.POLICE, by=factories.actor(each))
    hearings.strike(entry_id=world.hearing, reason=StrikeReason.OTHER, by=factories.actor(worker))
    vatra = people.organisation("VATRA")
    (note,) = [each for each in feedback_rows.notes(vatra) if each.is_to_read]
    feedback_notes.show(house_id=vatra, note=note, by=factories.actor(desk))
    seen = {worker: OF_A_THREAT, desk: OF_A_THREAT + OF_A_WAIT}.get(login, 0)  # it stands there as seen
    assert_few(Person(app.test_client(), login), MOST[login] + seen)


def assert_few(person: Person, most: int) -> None:
    with statements() as seen:
        person.get("/")
    assert 3 <= len(seen) <= most, "\n".join(seen)
    assert sum(statement.count("FROM places ") for statement in seen) <= 1  # each place of a house is looked at once


@pytest.mark.parametrize("login", MOST)
def test_a_home_page_asks_for_the_end_of_the_key_log_when_who_asks_is_found_and_once_more(
    world_app: tuple[Flask, World], login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = world_app
    person, asked = Person(app.test_client(), login), []
    confirmed = heads.confirmed
    monkeypatch.setattr(heads, "confirmed", lambda: asked.append(login) or confirmed())
    person.get("/")
    assert asked == [login] * 2


@pytest.mark.parametrize("login", MOST)
def test_a_home_page_plans_no_statement_anew(world_app: tuple[Flask, World], login: str) -> None:
    """SQLite asks an authorizer while it plans a statement, and never while it executes one. To plan the top of a home
    page takes five times as long as to execute it."""
    app, _ = world_app
    person, planned = Person(app.test_client(), login), []
    connections: list[sqlite3.Connection] = [reader(engine) for engine in (db.engine, db.engines["shred"])]
    for connection in connections:
        connection.set_authorizer(lambda *action: planned.append(action) or sqlite3.SQLITE_OK)
    person.get("/")
    assert planned
    planned.clear()
    person.get("/")
    for connection in connections:
        connection.set_authorizer(None)
    assert planned == []


@pytest.mark.slow
def test_what_was_just_said_to_be_known_is_read_from_the_chain_once_however_much_it_is(app: Flask) -> None:
    login, said = "child_protection.case_worker", []
    authority, person = factories.actor(login), Person(app.test_client(), login)
    for number in range(4):
        with statements() as seen:
            page = person.get("/")
        assert page.count("/known/back") == number
        said.append((len(seen), sum("FROM audit_entries" in each for each in seen)))
        people.sent(factories.actor("rinas.border_officer"), age="child")
        for each in obligations.owed(by=authority).rows:
            if each.kind == "notify":
                referrals.acknowledge(obligation_id=each.id, by=authority)
    assert said[1][1] == said[0][1] + 1
    assert len(set(said[1:])) == 1, said
