"""Statements handed to the driver itself convert and behave as the session's would."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from nrm.db import Writer, db, reader, transaction, writing
from nrm.models.shelter.cases import Opening
from nrm.prepared import Prepared

TABLE = Opening.__table__
ONE = Prepared(select(TABLE).where(TABLE.c.id == bindparam("id")).limit(1))
ADD = Prepared(insert(TABLE), [column.name for column in TABLE.columns])
MOVE = Prepared(update(TABLE).where(TABLE.c.id == bindparam("of")).values(expires_at=bindparam("expires_at")))
NOON = datetime(2006, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["app", "postgres_app"])
def either(request: pytest.FixtureRequest) -> Flask:
    return request.getfixturevalue(request.param)


def opening(**other: Any) -> dict[str, Any]:
    known = {"id": uuid.uuid4(), "session_digest": b"\x00\xff", "case_id": uuid.uuid4(), "compartment": "identity"}
    return {**known, "purpose": "për të pyetur", "expires_at": NOON, "mark": b"mark", **other}


def test_values_come_back_as_they_were_given_and_as_the_session_reads_them(either: Flask) -> None:
    given = opening()
    with transaction() as session:
        assert ADD.run(session, given) == 1
        assert ONE.first(session, {"id": given["id"]})._asdict() == given  # in the same transaction
    assert ONE.first(db.session(), {"id": given["id"]})._asdict() == given
    assert dict(db.session.execute(select(TABLE).where(TABLE.c.id == given["id"])).mappings().one()) == given


def test_what_is_the_same_at_each_execution_is_written_into_the_statement(either: Flask) -> None:
    given = opening(purpose="it's 100% 'so' :now ?", compartment="a ? or %s")
    fixed = (
        TABLE.c.purpose == given["purpose"],
        TABLE.c.compartment.in_([given["compartment"], "identity"]),
        TABLE.c.expires_at <= given["expires_at"],
        TABLE.c.case_id == given["case_id"],
        TABLE.c.mark == given["mark"],
    )
    with transaction() as session:
        ADD.run(session, given)
    for statement in (select(TABLE).where(*fixed), select(TABLE).where(*fixed, TABLE.c.id == bindparam("id"))):
        found = Prepared(statement.limit(1)).first(db.session, {"id": given["id"]})
        assert found._asdict() == given
        assert Prepared(statement.where(TABLE.c.purpose.is_(None))).all(db.session, {"id": given["id"]}) == []


def test_the_connection_of_a_thread_is_closed_with_it(app: Flask) -> None:
    """From Python 3.13 on one that is only let go of is a warning, in whichever test the collector finds it."""
    engine, opened = db.engine, []
    thread = threading.Thread(target=lambda: opened.append(reader(engine)))
    thread.start()
    thread.join()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("select 1")


def test_a_read_by_itself_sees_nothing_of_a_transaction_that_was_rolled_back(either: Flask) -> None:
    given = opening()
    with pytest.raises(ZeroDivisionError), transaction() as session:  # noqa: PT012
        ADD.run(session, given)
        raise ZeroDivisionError
    assert ONE.first(db.session(), {"id": given["id"]}) is None


def test_an_update_says_how_many_rows_it_touched(either: Flask) -> None:
    given = opening()
    with transaction() as session:
        ADD.run(session, given)
        assert MOVE.run(session, {"of": given["id"], "expires_at": NOON.replace(hour=13)}) == 1
        assert MOVE.run(session, {"of": uuid.uuid4(), "expires_at": NOON}) == 0
    found = ONE.first(db.session(), {"id": given["id"]})
    assert found.expires_at == NOON.replace(hour=13)


def test_a_missing_value_is_an_error_and_not_a_null(app: Flask) -> None:
    given = opening()
    del given["purpose"]
    with pytest.raises(KeyError), transaction() as session:
        ADD.run(session, given)


def test_a_row_that_is_there_already_is_refused_as_the_session_refuses_it(either: Flask) -> None:
    given = opening()
    with transaction() as session:
        ADD.run(session, given)
    with pytest.raises(IntegrityError) as refused, transaction() as session:
        ADD.run(session, given)
    assert given["purpose"] not in str(refused.value.statement)
    assert refused.value.params is None


def test_writing_keeps_all_of_it_or_nothing(either: Flask) -> None:
    kept, lost = opening(), opening()
    with writing() as session:
        assert ADD.run(session, kept) == 1
        assert ONE.first(session, {"id": kept["id"]})._asdict() == kept
    with pytest.raises(ZeroDivisionError), writing() as session:  # noqa: PT012
        ADD.run(session, lost)
        raise ZeroDivisionError
    assert [ONE.first(db.session, {"id": each["id"]}) is not None for each in (kept, lost)] == [True, False]
    with transaction() as session:  # the writer's lock was let go
        assert MOVE.run(session, {"of": kept["id"], "expires_at": NOON.replace(hour=13)}) == 1


def test_writing_waits_for_the_writer_and_is_never_nested(app: Flask) -> None:
    with transaction(), pytest.raises(RuntimeError), writing():
        pass
    db.session.scalars(select(TABLE.c.id)).all()  # a session that read holds no old snapshot afterwards
    given = opening()
    with writing() as session:
        assert isinstance(session, Writer)
        ADD.run(session, given)
    assert db.session.scalars(select(TABLE.c.id)).all() == [given["id"]]
