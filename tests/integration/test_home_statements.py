"""How many statements the home pages cost: they are loaded all day, at the far end of bad lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from tests.conftest import Person
from tests.world import World

MOST = {
    "rinas.border_officer": 8,
    "nrc.case_worker": 15,
    "vatra.shelter_manager": 12,
    "molsa.statistician": 11,
    "ra.duty_officer": 14,
}


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


@pytest.mark.parametrize("login", MOST)
def test_a_home_page_costs_few_statements_however_much_waits(world_app: tuple[Flask, World], login: str) -> None:
    person = Person(world_app[0].test_client(), login)
    with statements() as seen:
        person.get("/")
    assert 3 <= len(seen) <= MOST[login], "\n".join(seen)
    assert sum(statement.count("FROM places ") for statement in seen) <= 1  # each place of a house is looked at once
