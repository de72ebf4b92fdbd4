"""Statements that every request runs: compiled once, then handed to the driver itself.

SQLAlchemy's work around a ready statement takes ten times as long as the query. So for these few statements it only
compiles the text and the conversion of values; the driver does the rest. All other statements go through the session.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import ClauseElement, Dialect, Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, scoped_session

from nrm.db import WRITER, Writer, db, drop_reader, reader

AnySession = Session | scoped_session[Any]
Row = Any  # a named tuple with the statement's columns
_Convert = Callable[[Any], Any]


class _Ready:
    """The statement for one kind of database."""

    __slots__ = ("_defaults", "_from", "_given", "_order", "_row", "text")

    def __init__(self, statement: ClauseElement, given: Sequence[str] | None, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=given)
        self.text = str(compiled)
        fixed = [name for bind, name in compiled.bind_names.items() if not bind.required]
        self._defaults = {name: compiled.params[name] for name in fixed}
        self._given = {name: _to_driver(bind.type, dialect) for bind, name in compiled.bind_names.items()}
        self._order = [(name, self._given[name]) for name in compiled.positiontup] if compiled.positional else None
        columns = list(getattr(statement, "selected_columns", ()))
        kinds = [_from_driver(column.type, dialect) for column in columns]
        self._from = [(place, convert) for place, convert in enumerate(kinds) if convert]
        self._row: Any = namedtuple("_row", [column.key for column in columns])  # type: ignore[misc]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver wants them; raises KeyError for one that is missing."""
        if self._defaults:
            values = {**self._defaults, **values}
        if self._order is None:
            return {name: convert(values[name]) if convert else values[name] for name, convert in self._given.items()}
        return [convert(values[name]) if convert else values[name] for name, convert in self._order]

    def row(self, found: Sequence[Any]) -> Row:
        """One row of the driver with its values converted."""
        values = list(found)
        for place, convert in self._from:
            if values[place] is not None:
                values[place] = convert(values[place])
        return self._row._make(values)


def _to_driver(kind: Any, dialect: Dialect) -> _Convert | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)  # type: ignore[no-any-return]


def _from_driver(kind: Any, dialect: Dialect) -> _Convert | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)  # type: ignore[no-any-return]


def _writer(session: Session | Writer) -> Writer:
    """The driver's connection of a session's transaction, with its dialect."""
    if isinstance(session, Writer):
        return session
    if WRITER in session.info:
        return cast(Writer, session.info[WRITER])
    connection = session.connection()
    return Writer(connection.connection.dbapi_connection, connection.dialect)


def _reading(session: AnySession | Writer) -> Writer:
    """The driver's connection to read with."""
    if isinstance(session, Writer):
        return session
    if not isinstance(session, scoped_session):
        if WRITER in session.info or session.in_transaction():
            return _writer(session)
    elif session.registry.has() and session().in_transaction():
        return _reading(session())
    engine = db.engine if isinstance(session, scoped_session) else cast(Engine, session.get_bind())
    if engine.dialect.name != "sqlite":
        # Take a connection to a server only once per request, because its pool checks each time if it is alive.
        return Writer(session.connection().connection.dbapi_connection, engine.dialect)
    return Writer(reader(engine), engine.dialect)


@contextmanager
def _lent(engine: Engine) -> Iterator[Writer]:
    """A connection for one statement that reads, outside every transaction: it locks out nobody who writes."""
    try:
        yield Writer(reader(engine), engine.dialect)
    except engine.dialect.loaded_dbapi.Error:
        drop_reader(engine)  # it may be broken: the next statement takes another
        raise


class Prepared:
    """A select of plain columns with names of its own, or a single insert or update; no lists among its values.

    `given`: the columns an insert names.
    """

    def __init__(self, statement: ClauseElement, given: Sequence[str] | None = None) -> None:
        self._statement, self._given = statement, given
        self._ready: dict[str, _Ready] = {}

    def first(self, session: AnySession | Writer, values: Mapping[str, Any]) -> Row | None:
        """The first row or None, in the session's transaction if it has one, else by itself.

        No session is made for it when none was needed yet.
        """
        return self._first(_reading(session), values)

    def all(self, session: AnySession | Writer, values: Mapping[str, Any]) -> list[Row]:
        """All rows, read as `first` does."""
        writer = _reading(session)
        ready = self._ready_for(writer.dialect)
        cursor = writer.connection.cursor()
        cursor.execute(ready.text, ready.parameters(values))
        found = [ready.row(each) for each in cursor.fetchall()]
        cursor.close()
        return found

    def first_of(self, engine: Engine, values: Mapping[str, Any]) -> Row | None:
        """The first row or None, read by itself."""
        with _lent(engine) as writer:
            return self._first(writer, values)

    def all_of(self, engine: Engine, values: Mapping[str, Any]) -> list[Row]:
        """All rows, read by themselves."""
        with _lent(engine) as writer:
            return self.all(writer, values)

    def run(self, session: Session | Writer, values: Mapping[str, Any]) -> int:
        """Insert or update in the session's `transaction()`, or in `writing()`; returns how many rows it touched.

        Raises IntegrityError as the session would, without the values.
        """
        writer = _writer(session)
        ready = self._ready_for(writer.dialect)
        cursor = writer.connection.cursor()
        try:
            cursor.execute(ready.text, ready.parameters(values))
        except writer.dialect.loaded_dbapi.IntegrityError as error:
            raise IntegrityError(ready.text, None, error) from None
        return int(cursor.rowcount)

    def _first(self, writer: Writer, values: Mapping[str, Any]) -> Row | None:
        ready = self._ready_for(writer.dialect)
        cursor = writer.connection.cursor()
        cursor.execute(ready.text, ready.parameters(values))
        found = cursor.fetchone()
        cursor.close()
        return None if found is None else ready.row(found)

    def _ready_for(self, dialect: Dialect) -> _Ready:
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _Ready(self._statement, self._given, dialect)
        return ready
