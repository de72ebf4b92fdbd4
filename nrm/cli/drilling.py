"""The databases into which a drill restores: of the instance's kind, empty, and removed or emptied again afterwards.

Decided in ADR 0049.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, inspect, make_url
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError

from config import Config
from nrm.cli.refusals import Refused

_NAME = "nrm_drill_"


@contextmanager
def temporary(config: Config) -> Iterator[Config]:
    """The configuration of an instance whose two databases are empty; everything put into them is removed at the end.

    Files for SQLite, the second one in memory where it can be; for PostgreSQL new databases on the configured servers,
    or the empty ones that NRM_DRILL_DATABASE and NRM_DRILL_SHRED_DATABASE name. Raises Refused.
    """
    directory = config.directory
    with _drill_lock(directory), ExitStack() as stack:
        for left in directory.glob(".drill-*"):
            shutil.rmtree(left, ignore_errors=True)
        place = _folder(stack, directory)
        database = _database(stack, "NRM_DRILL_DATABASE", config.database, config.drill_database)
        shred = _database(stack, "NRM_DRILL_SHRED_DATABASE", config.shred_database, config.drill_shred_database)
        if shred is None:
            memory = Path("/dev/shm")  # noqa: S108 - a folder made below it
            fast = _folder(stack, memory if os.access(memory, os.W_OK) else directory)
        yield dataclasses.replace(
            config,
            directory=place,
            database=database or f"sqlite:///{place}/main.db",
            shred_database=shred or f"sqlite:///{fast}/shred.db",
            release_database=None,
            backups=None,
        )


def _folder(stack: ExitStack, within: Path) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".drill-", dir=within)))


def _database(stack: ExitStack, setting: str, configured: str, given: str | None) -> str | None:
    """The address of an empty database of PostgreSQL, if it is to be one."""
    if given is not None:
        return stack.enter_context(_emptied(setting, given))
    url = make_url(configured)
    return stack.enter_context(_created(url)) if url.get_backend_name() == "postgresql" else None


@contextmanager
def _drill_lock(directory: Path) -> Iterator[None]:
    """Raise Refused while another drill of the instance runs, so that its databases are not taken for leftovers."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Refused(f"--dir: another drill of {directory} is running") from None
    finally:
        os.close(descriptor)


@contextmanager
def _created(url: URL) -> Iterator[str]:
    """The address of a new database on the server of `url`, for its role alone; dropped at the end."""
    ours = _NAME + hashlib.sha256(f"{url.host} {url.port} {url.database} {url.query}".encode()).hexdigest()[:8]
    name = f"{ours}_{secrets.token_hex(4)}"
    server = _server(url)
    try:
        with server.connect() as connection:
            found = connection.exec_driver_sql("SELECT datname FROM pg_database WHERE datname LIKE %s", (ours + "%",))
            for (left,) in found.all():
                # A database that is in use is not a leftover, and cannot be dropped.
                with suppress(SQLAlchemyError):
                    _drop_database(server, left)
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
            connection.exec_driver_sql(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    except ProgrammingError:
        server.dispose()
        raise Refused(
            f"drill: the role {url.username} may make no database on the server of {url.database} to restore into; "
            f"there, ALTER ROLE {url.username} CREATEDB, or set NRM_DRILL_DATABASE and NRM_DRILL_SHRED_DATABASE "
            "to two empty databases"
        ) from None
    except SQLAlchemyError:
        server.dispose()
        raise Refused("NRM_DATABASE, NRM_SHRED_DATABASE: the databases cannot be reached") from None
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with suppress(OperationalError):
            _drop_database(server, name)
        server.dispose()


# Those of triggers: they do not go with their tables. What an extension brought is not ours.
_FUNCTIONS = """
    SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""


def _server(url: URL) -> Engine:
    return create_engine(url, isolation_level="AUTOCOMMIT", hide_parameters=True)


def _drop_database(server: Engine, name: str) -> None:
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")


@contextmanager
def _emptied(setting: str, address: str) -> Iterator[str]:
    """The address of an empty database, emptied again at the end. Raises Refused for one that holds anything."""
    engine = _server(make_url(address))
    try:
        asked = inspect(engine)
        held = [*asked.get_table_names(), *asked.get_view_names()]
    except SQLAlchemyError:
        engine.dispose()
        raise Refused(f"{setting}: the database cannot be reached") from None
    if held:
        engine.dispose()
        raise Refused(f"{setting}: holds tables already; name a database that is empty and for drills alone")
    try:
        yield address
    finally:
        with engine.connect() as connection:
            for table in inspect(connection).get_table_names():
                connection.exec_driver_sql(f'DROP TABLE "{table}" CASCADE')
            for function in connection.exec_driver_sql(_FUNCTIONS).scalars().all():
                connection.exec_driver_sql(f"DROP FUNCTION {function}")
        engine.dispose()
