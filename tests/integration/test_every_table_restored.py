"""Every column of every table, filled with the largest and oddest values of its type, through a backup and back.

The rows are made from the metadata, so that a table that is added is tried too. Check constraints are set aside for
it: what a table may hold is for other tests, what it can hold must survive.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask, current_app
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
    event,
    insert,
    inspect,
    select,
)

from nrm import schema
from nrm.actions import backups
from nrm.cli.instance import make_instance
from nrm.db import Model, ShredModel, UtcDateTime, db, disconnect
from nrm.vault.backup_files import backups as files
from tests import factories, postgres

ROWS = 4
LARGEST, SMALLEST, EMPTY, ORDINARY = range(ROWS)
ODD = "Ç'ë «Ẅ» שלום 日本 🜃 \u2028 \\ \" ' \t\r\n {} %s :x \x7f e\u0301"
KINDS = ("sqlite", "postgresql")


def value(column: Column[Any], row: int) -> Any:
    """What a column holds in that row of its table; what refers to another table, refers to the row of that number."""
    refers = next(iter(column.foreign_keys), None)
    if row == EMPTY and column.nullable:
        return None
    if refers is not None and refers.column.table is column.table:
        # Each row refers to the next one, so to one that is not there yet in one order or the other.
        return (
            value(refers.column, row + 1)
            if row + 1 < ROWS
            else value(refers.column, 0)
            if not column.nullable
            else None
        )
    if refers is not None:
        return value(refers.column, row)
    return _of_type(column, row)


def _of_type(column: Column[Any], row: int) -> Any:
    kind = column.type
    if isinstance(kind, Boolean):
        return row % 2 == 0
    if isinstance(kind, Integer):
        bits = 63 if isinstance(kind, BigInteger) else 31
        return {LARGEST: 2**bits - 1, SMALLEST: -(2**bits), ORDINARY: 2**30}.get(row, 0)
    if isinstance(kind, Uuid):
        return {LARGEST: UUID(int=2**128 - 1), SMALLEST: UUID(int=0)}.get(row, UUID(int=2**100 + row))
    if isinstance(kind, UtcDateTime):
        instants = {
            LARGEST: datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
            SMALLEST: datetime(1, 1, 1, tzinfo=UTC),
        }
        return instants.get(row, datetime(2026, 3, 29, 1, 30, tzinfo=UTC) + timedelta(days=row, microseconds=row))
    if isinstance(kind, Date):
        return {LARGEST: date(9999, 12, 31), SMALLEST: date(1, 1, 1)}.get(row, date(1900, 2, 28) + timedelta(row))
    if isinstance(kind, LargeBinary):
        longest = 2_000 if _indexed(column) else 300_000
        return {LARGEST: os.urandom(longest), SMALLEST: b""}.get(row, bytes(range(256)) + bytes([row]))
    if isinstance(kind, JSON):
        return {ODD: [ODD, None, True, 2**53, -0.5, {}], "": {"deep": [[[row]]]}} if row != SMALLEST else []
    assert isinstance(kind, String), f"{column}: say what the largest value of this type is"
    longest = 40 if _indexed(column) else 3_000
    return {LARGEST: ODD * longest, SMALLEST: ""}.get(row, f"{row} {ODD}")


def _indexed(column: Column[Any]) -> bool:
    """PostgreSQL keeps no long values in an index."""
    indexed = [*column.table.indexes, *(each for each in column.table.constraints if hasattr(each, "columns"))]
    return any(column.name in each.columns for each in indexed)


def filled(table: Table) -> list[dict[str, Any]]:
    """The rows of a table; random bytes are drawn once."""
    return [{column.name: value(column, row) for column in table.columns} for row in range(ROWS)]


def rows(app: Flask) -> dict[str, list[tuple[object, ...]]]:
    """Every row of both databases, in an order that both kinds give alike."""
    found = {}
    with app.app_context():
        for engine, base in ((db.engine, Model), (db.engines["shred"], ShredModel)):
            with engine.connect() as connection:
                if engine.dialect.name == "postgresql":
                    connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
                for table in base.metadata.sorted_tables:
                    found[table.name] = sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
        disconnect()
    return found


@contextmanager
def databases(kind: str, server: postgres.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings name two new databases of that kind; those of PostgreSQL live by another clock than ours."""
    for name in ("NRM_DATABASE", "NRM_SHRED_DATABASE"):
        monkeypatch.delenv(name, raising=False)
        if kind == "postgresql":
            address = server.new_database()
            with psycopg.connect(address, autocommit=True) as connection:
                wanted = sql.Identifier(conninfo_to_dict(address)["dbname"])
                connection.execute(sql.SQL("ALTER DATABASE {} SET timezone TO 'Pacific/Kiritimati'").format(wanted))
            monkeypatch.setenv(name, address)
    yield


def without_checks(app: Flask) -> None:
    """Set the check constraints of both databases aside."""
    with app.app_context():
        for engine in db.engines.values():
            if engine.dialect.name == "postgresql":
                with engine.begin() as connection:
                    _drop_checks(connection)
            elif not event.contains(engine, "connect", _ignore_checks):
                event.listen(engine, "connect", _ignore_checks)
        disconnect()


def _ignore_checks(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA ignore_check_constraints=ON")


def _drop_checks(connection: Connection) -> None:
    asked = inspect(connection)
    for table in asked.get_table_names():
        for check in asked.get_check_constraints(table):
            connection.exec_driver_sql(f'ALTER TABLE "{table}" DROP CONSTRAINT "{check["name"]}"')


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Flask], None]:
    """Whatever brings tables up from now on, their check constraints are set aside."""
    upgrade = schema.upgrade

    def then_unchecked(*revision: str) -> None:
        upgrade(*revision)
        without_checks(current_app._get_current_object())  # type: ignore[attr-defined]

    monkeypatch.setattr(schema, "upgrade", then_unchecked)
    return without_checks


@pytest.mark.slow
@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_every_value_of_every_table_comes_back_row_for_row(
    postgres_server: postgres.Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    unchecked: Callable[[Flask], None],
    source: str,
    target: str,
) -> None:
    texts = [files.new_key_files() for _ in range(2)]
    recipients = [files.recipient_in(public.encode()) for _, public in texts]
    privates = [files.private_key_in(private.encode()) for private, _ in texts]
    with databases(source, postgres_server, monkeypatch):
        old = make_instance(tmp_path / "old", "albania", language="sq", synthetic=True, synchronous="OFF")
        unchecked(old)
        with old.app_context():
            for engine, base in ((db.engine, Model), (db.engines["shred"], ShredModel)):
                with engine.begin() as connection:
                    if source == "sqlite":
                        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
                    for table in reversed(base.metadata.sorted_tables):
                        connection.execute(table.delete())
                    for table in base.metadata.sorted_tables:
                        order = filled(table)
                        connection.execute(insert(table).values(order[::-1]))
            pair = tmp_path / "main", tmp_path / "shred"
            with pair[0].open("wb") as main, pair[1].open("wb") as shred:
                about = files.About(datetime(2026, 3, 1, tzinfo=UTC).isoformat(), "albania", "sq")
                files.write_pair(main, shred, (recipients[0], recipients[1]), about, str)
            disconnect()
        before = rows(old)
    assert all(len(found) == ROWS for found in before.values())
    with databases(target, postgres_server, monkeypatch):
        (tmp_path / "new").mkdir()
        for name in ("keys", "instance.toml"):
            (tmp_path / "new" / name).symlink_to(tmp_path / "old" / name)
        new = factories.open_instance(tmp_path / "new")
        unchecked(new)
        with new.app_context():
            checked = backups.check_pair(*pair, privates)
            assert checked.rows == dict.fromkeys(before, ROWS)
            backups.fill(*pair, privates)
            disconnect()
        after = rows(new)
    for table in before:
        assert after[table] == before[table], table
