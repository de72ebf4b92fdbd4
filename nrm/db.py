"""The databases, the base of every table, and the one transaction.

SQLite: WAL, foreign keys, secure_delete, synchronous=FULL; a writer takes a file lock and then BEGIN IMMEDIATE, so that
writers queue and do not time out. The shred database keeps no WAL: what is deleted there must be gone. PostgreSQL: the
same code, with row locks instead of the file lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, cast

from flask import Flask, current_app, g
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    Connection,
    CursorResult,
    Date,
    DateTime,
    Dialect,
    Engine,
    LargeBinary,
    MetaData,
    String,
    TextClause,
    TypeDecorator,
    UpdateBase,
    Uuid,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, registry
from sqlalchemy.pool import PoolProxiedConnection

from nrm import open_files

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
RELEASES = "releases"
_WRITING = "nrm_writing"
_AFTERWARDS = "nrm_afterwards"
_KEPT = "nrm_kept"
_ASKED = "nrm_asked"  # in the application context: the engines whose server answered this thread
LOOK = "nrm_look"  # in the info of a session: what was read while one page is put together (`nrm.looks`)
WRITER = "nrm_writer"  # in the info of a session that writes: the `Writer` beneath it
_THREADS = threading.Lock()
WAIT_SECONDS = 5
_BUSY_MILLISECONDS = 30_000
_PATIENCE = {"connect_timeout": WAIT_SECONDS, "tcp_user_timeout": 1000 * WAIT_SECONDS}
_PAIR = 0x6E726D02  # any fixed number: PostgreSQL's lock between those who store keys and a backup that begins


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored and returned in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_types: dict[Any, Any] = {
    uuid.UUID: Uuid(),
    datetime: UtcDateTime(),
    date: Date(),
    bytes: LargeBinary(),
    str: String(),
    dict[str, Any]: JSON(),
    list[str]: JSON(),
}


class Model(DeclarativeBase):
    """Base of the main database's tables: a random id, constraints with names."""

    registry = registry(metadata=MetaData(naming_convention=NAMING), type_annotation_map=_types)


class ShredModel(DeclarativeBase):
    """Base of the second database's tables: keys whose destruction must be final."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING, info={"bind_key": "shred"}), type_annotation_map=_types
    )


def id_column() -> Mapped[uuid.UUID]:
    """A random primary key."""
    return mapped_column(Uuid(), primary_key=True, default=uuid.uuid4)


db = SQLAlchemy(disable_autonaming=True, session_options={"expire_on_commit": False, "autoflush": False})


def _without_rows(record: logging.LogRecord) -> bool:
    """A log filter. At its most detailed level SQLAlchemy logs every row, shred keys too, despite `hide_parameters`."""
    return record.levelno > logging.DEBUG


logging.getLogger("sqlalchemy.engine.Engine").addFilter(_without_rows)


def init_app(
    app: Flask, *, database: str, shred_database: str, release_database: str | None = None, synchronous: str = "FULL"
) -> None:
    """Connect the application to both databases; engines open at first use, so after a fork.

    `release_database`: the main database as a role that can read releases only.
    """
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(database)
    app.config["SQLALCHEMY_DATABASE_URI"] = database
    app.config["SQLALCHEMY_BINDS"] = {"shred": {"url": shred_database, **_engine_options(shred_database)}}
    if release_database is not None:
        options = _engine_options(release_database)
        app.config["SQLALCHEMY_BINDS"][RELEASES] = {"url": release_database, **options}
    app.extensions["nrm.synchronous"] = synchronous
    if database.startswith("sqlite"):
        app.extensions["nrm.write_lock"] = os.path.join(
            os.path.dirname(make_url(database).database or ""), "write.lock"
        )
    db.init_app(app)
    with app.app_context():
        for name, engine in db.engines.items():
            if engine.dialect.name == "sqlite":
                shreds = name == "shred"
                _prepare_sqlite(engine, journal="TRUNCATE" if shreds else "WAL", synchronous=synchronous)
                if not shreds:
                    event.listen(engine, "connect", _remember)


_readers = threading.local()


class _Own:
    """A connection that belongs to one thread: the pool has as many as before for transactions. It is closed with its
    thread, or with its engine: one that is only let go of is a warning from Python 3.13 on."""

    def __init__(self, connection: PoolProxiedConnection) -> None:
        self.connection = connection
        connection.detach()

    def __del__(self) -> None:
        if (driver := self.connection.dbapi_connection) is not None:
            driver.close()


def reader(engine: Engine) -> Any:
    """This thread's own connection of the driver, kept between requests.

    Each statement is committed by itself on it: it locks nothing, and shows nothing old. One to a server is asked once
    in an application context whether it is alive (ADR 0220).
    """
    kept: weakref.WeakKeyDictionary[Engine, _Own] | None = getattr(_readers, "kept", None)
    if kept is None:
        kept = _readers.kept = weakref.WeakKeyDictionary()
    serves = engine.dialect.name != "sqlite"
    if serves and engine in kept and not _answers(engine, kept[engine]):
        drop_reader(engine)
    found = kept.get(engine)
    if found is None:
        found = kept[engine] = _Own(engine.raw_connection())
        if serves:
            found.connection.dbapi_connection.autocommit = True  # type: ignore[union-attr]
            _asked().add(engine)
    return found.connection.dbapi_connection


def drop_reader(engine: Engine) -> None:
    """Close this thread's own connection, if there is one: the next statement takes another."""
    found: _Own | None = getattr(_readers, "kept", {}).pop(engine, None)
    if found is not None:
        found.connection.close()


def _asked() -> set[Engine]:
    asked: set[Engine] = g.setdefault(_ASKED, set())
    return asked


def _answers(engine: Engine, own: _Own) -> bool:
    if engine in _asked():
        return True
    _asked().add(engine)
    try:
        return own.connection.dbapi_connection is not None and engine.dialect.do_ping(own.connection.dbapi_connection)
    except engine.dialect.loaded_dbapi.Error:
        return False


def disconnect() -> None:
    """Close every connection of the application in context; the next query opens new ones."""
    db.session.remove()
    for engine in db.engines.values():
        drop_reader(engine)
        engine.dispose()
        open_files.forget(engine)


def checkpoint() -> None:
    """Flush everything written so far to the disk; for a demo that was built without waiting for the disk."""
    for engine in db.engines.values():
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                connection.exec_driver_sql("ROLLBACK")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            os.sync()


def empty_log() -> None:
    """Empty the write-ahead log of SQLite, which keeps together what one transaction wrote (ADR 0208). Where somebody
    reads or writes in this moment it is left for the next time."""
    for engine in db.engines.values():
        if engine.dialect.name != "sqlite":
            continue
        with engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA busy_timeout=0")
            try:
                with contextlib.suppress(OperationalError):
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")


def _engine_options(url: str) -> dict[str, Any]:
    options: dict[str, Any] = {"hide_parameters": True}
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": 30, "cached_statements": 1000}
    else:
        # Check before each use that the server is still there, and give up within seconds if it does not answer.
        options |= {"pool_size": 8, "max_overflow": 8, "pool_pre_ping": True, "pool_timeout": WAIT_SECONDS}
        options["connect_args"] = {
            name: value for name, value in _PATIENCE.items() if name not in make_url(url).normalized_query
        }
    return options


def _remember(connection: Any, _: Any) -> None:
    """Keep 16 MB of the main database in memory: the home page of 1,000 places reads more than 2 (ADR 0085)."""
    connection.execute("PRAGMA cache_size=-16000")


def _prepare_sqlite(engine: Engine, *, journal: str, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        for pragma in (
            f"journal_mode={journal}",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"busy_timeout={_BUSY_MILLISECONDS}",
            "trusted_schema=OFF",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        open_files.remember(engine)

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # The shred database is only written in transactions; a key is read without one.
        writing = connection.get_execution_options().get(_WRITING) or journal == "TRUNCATE"
        # By the driver itself: this happens in every request, and through SQLAlchemy it costs as much as a query.
        connection.connection.cursor().execute("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def transaction() -> Iterator[Session]:
    """One transaction of the main database: all of it happens, or none of it.

    Never nested: an action is one transaction and calls no other action.
    """
    session: Session = db.session()
    _begin_nothing(session)
    with _write_lock():
        session.info[_WRITING] = True
        try:
            connection = session.connection(execution_options={_WRITING: True})
            session.info[WRITER] = Writer(connection.connection.dbapi_connection, connection.dialect)
            yield session
            session.flush()
            session.commit()
            _do_afterwards(session)
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.pop(_AFTERWARDS, None)
            session.info.pop(_KEPT, None)
            session.info.pop(WRITER, None)
            session.info.pop(_WRITING, None)


def afterwards(session: Session, do: Callable[[], object]) -> None:
    """Call `do` right after the current transaction committed, and never if it fails.

    The program may stop in between, or the second database may be away; something else must do it then.
    """
    session.info.setdefault(_AFTERWARDS, []).append(do)


def kept(session: Session) -> dict[str, Any]:
    """What is kept for the current transaction, and is gone when it ends."""
    found: dict[str, Any] = session.info.setdefault(_KEPT, {})
    return found


def is_writing(session: Session) -> bool:
    """Whether the session is in a `transaction`: only then something can be kept for it."""
    return bool(session.info.get(_WRITING))


def _do_afterwards(session: Session) -> None:
    for do in session.info.pop(_AFTERWARDS, []):
        try:
            do()
        except SQLAlchemyError as error:
            current_app.logger.error("what follows a transaction is left for later: %s", type(error).__name__)


def rows_hit(session: Session | Connection, statement: UpdateBase | TextClause) -> int:
    """Execute an update or a delete; gives how many rows it changed."""
    return cast("CursorResult[object]", session.execute(statement)).rowcount


def hit_one(session: Session | Connection, statement: UpdateBase) -> bool:
    """Execute an update or a delete; gives whether it changed exactly one row.

    An action states in the `where` what it read before. False then means that another transaction was faster.
    """
    return rows_hit(session, statement) == 1


def is_deadlock(error: OperationalError) -> bool:
    """Whether PostgreSQL ended this transaction because it and another one waited for each other."""
    return getattr(error.orig, "sqlstate", None) == "40P01"


class Writer(NamedTuple):
    """A transaction of statements handed to the driver itself: its connection, and the dialect it speaks."""

    connection: Any
    dialect: Dialect


@contextmanager
def writing() -> Iterator[Session | Writer]:
    """`transaction()` for statements of `nrm.prepared` only: on SQLite it costs a third, because no session is made.

    It uses the connection with which this thread reads. On PostgreSQL it is `transaction()`.
    """
    engine = db.engine
    if engine.dialect.name != "sqlite":
        with transaction() as session:
            yield session
        return
    if db.session.registry.has():
        _begin_nothing(db.session())
    with _write_lock():
        connection = reader(engine)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield Writer(connection, engine.dialect)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _begin_nothing(session: Session) -> None:
    if session.info.get(_WRITING):
        raise RuntimeError("a transaction inside a transaction")
    session.info.pop(LOOK, None)
    session.rollback()  # an earlier read must not keep an old snapshot


@contextmanager
def _write_lock() -> Iterator[None]:
    """On SQLite, one writer at a time over all threads and processes; writers wait in a queue."""
    path = current_app.extensions.get("nrm.write_lock")
    if path is None:
        yield
        return
    # Only one thread of each process waits for the file lock, because its release wakes all who wait for it.
    with _THREADS:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            for engine in db.engines.values():
                if (gone := open_files.gone(engine)) is not None:
                    said = f"{gone} is not the file any more that is open"
                    raise OperationalError(said, None, OSError(), connection_invalidated=True)  # out of reach
            yield
        finally:
            os.close(descriptor)


def hold_the_pair() -> None:
    """Call in a transaction before it writes to the second database: until it ends, no backup takes its snapshots.

    On SQLite the writer's lock, which every transaction holds, says the same.
    """
    connection = db.session().connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _PAIR})


@contextmanager
def one_instant() -> Iterator[tuple[Connection, Connection]]:
    """(main, shred): two connections that read both databases as they were at one moment, while others continue.

    Why the two fit together: a key is written to the second database before the transaction that needs it commits, and
    destroyed only after the transaction that ends it committed. Both snapshots begin while no transaction is between
    writing a key and its commit, so every key that the main snapshot needs is in the second one. The second snapshot
    begins first, so no key that the main snapshot still needs was destroyed in between. It may also have keys that have
    ended in the main snapshot, or whose end is listed there: they open nothing in it.

    On SQLite nobody can write to the second database until its connection is closed: read it first, and close it.
    """
    main, shred = db.engine.connect(), db.engines["shred"].connect()
    try:
        with no_key_under_way():
            for connection in (shred, main):
                if connection.dialect.name == "postgresql":
                    connection.execution_options(isolation_level="REPEATABLE READ")
                    connection.execute(text("SELECT pg_current_snapshot()"))
                else:
                    connection.execute(text("SELECT count(*) FROM sqlite_schema"))
        yield main, shred
    finally:
        main.close()
        shred.close()


@contextmanager
def no_key_under_way() -> Iterator[None]:
    """Run the block while no transaction is between writing a key to the second database and its commit."""
    if current_app.extensions.get("nrm.write_lock") is not None:
        with _write_lock():
            yield
        return
    with db.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _PAIR})
        yield
