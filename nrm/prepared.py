"""Statements that every request runs: compiled once, then handed to the driver itself.

SQLAlchemy's work around a ready statement takes ten times as long as the query. So for these few statements, and for
those of home pages (`nrm.store.statements`), it only compiles the text and the conversion of values; the driver does
the rest. All other statements go through the session.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Boolean, ClauseElement, Dialect, Engine, Integer, SelectBase, String
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
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
        compiled = _compiled(statement, given, dialect)
        missing = [name for bind, name in compiled.bind_names.items() if bind.required]
        expanded = compiled.construct_expanded_state(dict.fromkeys(missing))  # lists of fixed values are written out
        self.text = expanded.statement
        self._defaults = {name: value for name, value in expanded.parameters.items() if name not in missing}
        convert = {name: _to_driver(bind.type, dialect) for bind, name in compiled.bind_names.items()}
        convert |= expanded.processors
        self._given = {name: convert.get(name) for name in expanded.parameters}
        self._order = expanded.positiontup
        columns = list(getattr(statement, "selected_columns", ()))
        kinds = [_from_driver(column.type, dialect) for column in columns]
        self._from = [(place, convert) for place, convert in enumerate(kinds) if convert]
        self._row: Any = namedtuple("_row", [column.key for column in columns], rename=True)  # type: ignore[misc]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver wants them; raises KeyError for one that is missing."""
        if self._defaults:
            values = {**self._defaults, **values}
        given = {name: convert(values[name]) if convert else values[name] for name, convert in self._given.items()}
        return given if self._order is None else [given[name] for name in self._order]

    def row(self, found: Sequence[Any]) -> Row:
        """One row of the driver with its values converted."""
        values = list(found)
        for place, convert in self._from:
            if values[place] is not None:
                values[place] = convert(values[place])
        return self._row._make(values)

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Row]:
        """All rows of the driver with their values converted."""
        return [self.row(each) for each in found] if self._from else list(map(self._row._make, found))


def _compiled(statement: ClauseElement, given: Sequence[str] | None, dialect: Dialect) -> Any:
    if dialect.name == "sqlite" and isinstance(statement, SelectBase):
        return _WrittenOut(dialect, statement)
    return statement.compile(dialect=dialect, column_keys=given)


class _WrittenOut(SQLiteCompiler):
    """Writes words and numbers that are the same at every execution into the text.

    SQLite plans a statement anew at each execution if it compares a parameter with a column of a partial index, because
    the value may say that the index has all that is asked for (ADR 0224).
    """

    def visit_bindparam(self, bindparam: Any, *args: Any, **how: Any) -> Any:
        is_fixed = not bindparam.required and bindparam.value is not None
        if is_fixed and isinstance(bindparam.type, String | Integer | Boolean):
            how["literal_binds"] = True
        return super().visit_bindparam(bindparam, *args, **how)  # type: ignore[no-untyped-call]


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
    """A select of plain columns, or a single insert or update; no lists among the values that are given.

    `given`: the columns an insert names. `heard`: who listens to the engine is told when all its rows are read, as of
    what goes through a session: so tests count and explain what a page asks.
    """

    def __init__(self, statement: ClauseElement, given: Sequence[str] | None = None, *, heard: bool = False) -> None:
        self._statement, self._given, self._heard = statement, given, heard
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
        cursor, parameters = writer.connection.cursor(), ready.parameters(values)
        if self._heard:
            for told in db.engine.dispatch.before_cursor_execute:
                told(None, cursor, ready.text, parameters, None, False)
        cursor.execute(ready.text, parameters)
        found = ready.rows(cursor.fetchall())
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
