"""Bringing both databases to the newest schema, or back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from alembic import command, op
from alembic.config import Config as AlembicConfig
from sqlalchemy import Column, inspect, text

from nrm.revisions import FOLDER


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


def exchange_codes(table: str, column: str, name: str, before: Sequence[str], after: Sequence[str]) -> None:
    """In a migration: let the check `name` of a table take the codes `after` in a column, in place of `before`.

    SQLite changes no check in place, but as no stored row is affected its documented way is to write the schema itself;
    so a table that others refer to need not be rebuilt. Rows with codes that are removed must be changed before.
    """
    old, new = (f"{column} IN ({', '.join(map(repr, codes))})" for codes in (before, after))
    exchange_check(table, name, old, new)


def exchange_check(table: str, name: str, before: str, after: str) -> None:
    """In a migration: let the check `name` of a table say `after` in place of `before`, word for word, as
    `exchange_codes` does. `before` must stand in the schema as it is written here."""
    connection, full = op.get_bind(), op.f(f"ck_{table}_{name}")
    if connection.dialect.name == "postgresql":
        op.drop_constraint(full, table, type_="check")
        op.create_check_constraint(full, table, after)
        return
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    connection.execute(
        text("UPDATE sqlite_schema SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = :name"),
        {"old": before, "new": after, "name": table},
    )
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=OFF")


def add_column(table: str, column: Column[Any], on_sqlite: str, checks: Mapping[str, str], refers: str = "") -> None:
    """In a migration: add a column with its checks, and the key to the table it `refers` to.

    On SQLite they come with the column, written by its type `on_sqlite`: no table is rebuilt to which others refer.
    """
    key = op.f(f"fk_{table}_{column.name}_{refers}")
    named = {op.f(f"ck_{table}_{name}"): condition for name, condition in checks.items()}
    if op.get_bind().dialect.name == "sqlite":
        words = [f"CONSTRAINT {key} REFERENCES {refers} (id)"] if refers else []
        words += [f"CONSTRAINT {name} CHECK ({condition})" for name, condition in named.items()]
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column.name} {on_sqlite} {' '.join(words)}")
        return
    op.add_column(table, column)
    if refers:
        op.create_foreign_key(key, table, refers, [column.name], ["id"])
    for name, condition in named.items():
        op.create_check_constraint(name, table, condition)


@contextmanager
def referring_rows_aside(table: str) -> Iterator[None]:
    """In a migration: while a table is rebuilt, which SQLite does by dropping it, put aside the rows that refer to it.

    They come back as they were. On PostgreSQL, where nothing is rebuilt, this does nothing.
    """
    connection = op.get_bind()
    found: list[str] = []
    if connection.dialect.name == "sqlite":
        looked = inspect(connection)
        tables = (each for each in looked.get_table_names() if each != table)
        found = [
            each for each in tables if any(key["referred_table"] == table for key in looked.get_foreign_keys(each))
        ]
    for each in found:
        connection.exec_driver_sql(f'CREATE TEMPORARY TABLE "aside_{each}" AS SELECT * FROM "{each}"')  # noqa: S608
        connection.exec_driver_sql(f'DELETE FROM "{each}"')  # noqa: S608
    yield
    for each in found:
        connection.exec_driver_sql(f'INSERT INTO "{each}" SELECT * FROM "aside_{each}"')  # noqa: S608
        connection.exec_driver_sql(f'DROP TABLE "aside_{each}"')
