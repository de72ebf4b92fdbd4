"""Which version of the tables a database has, and which this program works with; without Alembic, which every command
would wait for. `nrm.schema` brings a database from one to the other."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
_TABLE = "alembic_version"  # of each database; Alembic's own name


class Unreachable(Exception):
    """A database cannot be asked which tables it has."""


class Newer(Exception):
    """A database was written by a newer version of this program."""


@cache
def known() -> tuple[str, ...]:
    """Every revision, the oldest first: the names of the files, which the tests hold against what stands in them."""
    return tuple(sorted(file.stem for file in (FOLDER / "versions").glob("*.py")))


def newest() -> str:
    """The revision this program works with."""
    return known()[-1]


def revision(connection: Connection) -> str:
    """The revision a database is at; empty for one that was never migrated."""
    if not inspect(connection).has_table(_TABLE):
        return ""
    return connection.execute(text(f"SELECT version_num FROM {_TABLE}")).scalar() or ""  # noqa: S608 - no input


def outdated(engines: Iterable[Engine]) -> str:
    """The oldest revision of these databases if one is not at the newest, else empty; `none` for an empty database.

    Raises Unreachable, Newer.
    """
    found = {_asked(engine) for engine in engines}
    if not found <= {"", *known()}:
        raise Newer
    oldest = min(found, key=lambda name: known().index(name) if name else -1)
    return "" if oldest == newest() else oldest or "none"


def _asked(engine: Engine) -> str:
    try:
        with engine.connect() as connection:
            return revision(connection)
    except SQLAlchemyError as error:
        raise Unreachable from error
