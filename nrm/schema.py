"""Bringing both databases to the newest schema, or back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

FOLDER = Path(__file__).resolve().parent.parent / "migrations"


def alembic_config() -> AlembicConfig:
    """Alembic's configuration; `migrations/env.py` takes the engines from the application context."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings


def upgrade(revision: str = "head") -> None:
    """Migrate up; needs an application context."""
    command.upgrade(alembic_config(), revision)


def downgrade(revision: str) -> None:
    """Migrate down; needs an application context."""
    command.downgrade(alembic_config(), revision)


def revision(connection: Connection) -> str:
    """The revision a database is at; empty for one that was never migrated."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def newest() -> str:
    """The revision this program works with."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


def knows(name: str) -> bool:
    """Whether this program can bring a database of that revision to the newest."""
    return name in {each.revision for each in ScriptDirectory.from_config(alembic_config()).walk_revisions()}


class Unreachable(Exception):
    """A database cannot be asked which tables it has."""


class Newer(Exception):
    """A database was written by a newer version of this program."""


def outdated(engines: Iterable[Engine]) -> str:
    """The oldest revision of these databases if one is not at the newest, else empty; `none` for an empty database.

    Raises Unreachable, Newer.
    """
    order = [each.revision for each in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
    found = {_asked(engine) for engine in engines}
    if not found <= {"", *order}:
        raise Newer
    oldest = max(found, key=lambda name: order.index(name) if name else len(order))
    return "" if oldest == order[0] else oldest or "none"


def _asked(engine: Engine) -> str:
    try:
        with engine.connect() as connection:
            return revision(connection)
    except SQLAlchemyError:
        raise Unreachable from None
