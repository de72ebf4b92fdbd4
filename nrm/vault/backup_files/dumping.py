"""All rows of a database as lines, and back: the same on SQLite and PostgreSQL, so that one is restored as the other.

    {"table": "cases", "columns": [["id", "uuid"], ["pseudonym", "text"], ...]}
    ["0a1b...", "K7QM-4T2X-9", ...]                one line for each row, in the order of the primary key
    {"end": {"cases": 12, ...}}                    the last line: how many rows each table has

The order is that of random keys, never that of writing. Bytes are base64, ids 32 hexadecimal digits, times and days ISO
8601.

Decided in ADR 0011.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Uuid,
    column,
    delete,
    exists,
    insert,
    select,
    table,
    text,
)
from sqlalchemy.types import TypeEngine

from nrm.db import UtcDateTime

_ROWS = 500
Tell = Callable[[str], None]

_TYPES: dict[str, TypeEngine[Any]] = {
    "uuid": Uuid(),
    "instant": UtcDateTime(),
    "date": Date(),
    "bytes": LargeBinary(),
    "json": JSON(none_as_null=True),
    "yes_no": Boolean(),
    "number": BigInteger(),  # whatever fits into the column: PostgreSQL is told how wide a number is
    "text": String(),
}
_REFERENCES = """
    SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint
    WHERE contype = 'f' AND NOT condeferrable AND connamespace = current_schema()::regnamespace
"""
_WRITE: dict[str, Callable[[Any], Any]] = {
    "uuid": lambda value: value.hex,
    "instant": lambda value: value.isoformat(),
    "date": lambda value: value.isoformat(),
    "bytes": lambda value: base64.b64encode(value).decode(),
}
_READ: dict[str, Callable[[Any], Any]] = {
    "uuid": uuid.UUID,
    "instant": datetime.fromisoformat,
    "date": date.fromisoformat,
    "bytes": lambda value: base64.b64decode(value, validate=True),
}


class Unreadable(Exception):
    """Lines that no `dump` wrote."""


def kind_of(of: Column[Any]) -> str:
    """How the values of a column are written; raises TypeError for an unknown type."""
    if isinstance(of.type, Integer):
        return "number"
    for kind, known in _TYPES.items():
        if isinstance(of.type, type(known)):
            return kind
    raise TypeError(f"{of.table.name}.{of.name} cannot be written to a backup")


def dump(connection: Connection, metadata: MetaData, tell: Tell) -> Iterator[bytes]:
    """The lines of every table, those that others refer to first."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))  # elsewhere the last day is in a year that Python lacks
    counts = {}
    for each in metadata.sorted_tables:
        kinds = [kind_of(of) for of in each.columns]
        heading = {
            "table": each.name,
            "columns": [[of.name, kind] for of, kind in zip(each.columns, kinds, strict=True)],
        }
        yield _json_line(heading)
        counts[each.name] = 0
        for row in connection.execute(_whole_table(each).execution_options(yield_per=_ROWS)):
            yield _json_line([_written(kind, value) for kind, value in zip(kinds, row, strict=True)])
            counts[each.name] += 1
        tell(f"{each.name}: {counts[each.name]} rows")
    yield _json_line({"end": counts})


def _whole_table(each: Table) -> Any:
    return select(each).order_by(*each.primary_key)


def _written(kind: str, value: Any) -> Any:
    return value if value is None or kind not in _WRITE else _WRITE[kind](value)


@contextmanager
def in_any_order(connection: Connection) -> Iterator[None]:
    """Let rows refer to rows that follow; a reference to nothing is found at the end."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        yield
        return
    found = connection.execute(text(_REFERENCES)).all()
    for relation, name in found:
        connection.exec_driver_sql(f"ALTER TABLE {relation} ALTER CONSTRAINT {name} DEFERRABLE INITIALLY DEFERRED")
    yield
    connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    for relation, name in found:
        connection.exec_driver_sql(f"ALTER TABLE {relation} ALTER CONSTRAINT {name} NOT DEFERRABLE")


def _json_line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of any size, cut at the ends of lines."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        raise Unreadable


def load(connection: Connection | None, written: Iterable[bytes]) -> dict[str, int]:
    """Insert the rows of `dump` into empty tables, or only read them; returns how many each table has. A row that a
    migration writes into a new table makes room for the one of the backup.

    Raises Unreadable.
    """
    counts: dict[str, int] = {}
    ended: dict[str, int] | None = None
    reading: _Reading | None = None
    try:
        for line in written:
            value = json.loads(line)
            if ended is not None:
                raise Unreadable
            if isinstance(value, list) and reading is not None:
                reading.take(value)
                counts[reading.name] += 1
                continue
            if reading is not None:
                reading.flush()
            if "end" in value:
                ended = value["end"]
            else:
                reading = _Reading(connection, value["table"], value["columns"])
                counts[reading.name] = 0
    except (ValueError, KeyError, TypeError):
        raise Unreadable from None
    if ended != counts:
        raise Unreadable
    return counts


class _Reading:
    """One table being filled."""

    def __init__(self, connection: Connection | None, name: str, columns: list[list[str]]) -> None:
        self.name = name
        self._connection = connection
        self._columns = [(heading, kind, _READ.get(kind)) for heading, kind in columns]
        self._insert = insert(table(name, *(column(heading, _TYPES[kind]) for heading, kind in columns)))
        self._rows: list[dict[str, Any]] = []
        written = table(name)
        if connection is not None and connection.scalar(select(exists(select(text("1")).select_from(written)))):
            connection.execute(delete(written))

    def take(self, values: list[Any]) -> None:
        self._rows.append(
            {
                heading: value if value is None or read is None else read(value)
                for (heading, _, read), value in zip(self._columns, values, strict=True)
            }
        )
        if len(self._rows) == _ROWS:
            self.flush()

    def flush(self) -> None:
        if self._rows and self._connection is not None:
            self._connection.execute(self._insert, self._rows)
        self._rows.clear()
