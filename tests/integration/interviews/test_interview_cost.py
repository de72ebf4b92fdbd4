"""What one page of an interview costs: counted, not timed, so that it holds on every machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from nrm import crypto
from nrm.db import db, reader
from tests.conftest import Person
from tests.factories_interviews import LOGIN, begin, example, fields, walk

SignIn = Callable[[str], Person]
# The session and its member; the end of the key log in both databases; the interview; the compartment with grant, wrap
# and leave; whether the grant was ended; the shred key.
READING = 7
# Then: BEGIN IMMEDIATE, the next revision, the leave, the end of the audit chain, the new entry, COMMIT.
SAVING = READING + 6


@contextmanager
def statements() -> Iterator[list[str]]:
    """All that this thread's own connections to both files execute, and all that goes through a session."""
    seen: list[str] = []
    connections: list[sqlite3.Connection] = [reader(engine) for engine in (db.engine, db.engines["shred"])]

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    for connection in connections:
        connection.set_trace_callback(seen.append)
    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        for connection in connections:
            connection.set_trace_callback(None)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What HPKE opened."""
    seen: list[bytes] = []
    unwrap = crypto.unwrap

    def counted(private_key: bytes, wrapped: bytes, info: bytes) -> bytes:
        seen.append(wrapped)
        return unwrap(private_key, wrapped, info)

    monkeypatch.setattr(crypto, "unwrap", counted)
    return seen


def test_a_page_is_shown_with_seven_statements_and_without_one_of_hpke(
    app: Flask, sign_in: SignIn, opened: list[bytes]
) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until="signs")
    page = address.rsplit("/", 1)[0] + "/happened"
    opened.clear()
    with statements() as seen:
        person.get(page)
    assert len(seen) == READING, "\n".join(seen)
    assert opened == []


def test_a_page_is_saved_with_thirteen_statements_and_one_commit(
    app: Flask, sign_in: SignIn, opened: list[bytes]
) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until="signs")
    page = address.rsplit("/", 1)[0] + "/happened"
    sent = fields("happened", person.get(page), example(story="Something else than before."))
    opened.clear()
    with statements() as seen:
        person.post(page, sent)
    assert len(seen) == SAVING, "\n".join(seen)
    assert [each for each in seen if each.startswith(("BEGIN", "COMMIT"))] == ["BEGIN IMMEDIATE", "COMMIT"]
    assert opened == []
