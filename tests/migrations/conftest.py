"""The databases that tests of single migrations begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from nrm import schema
from tests import postgres, shared
from tests.migrations.ladder import Before, Copies, Databases, Ladder, OnePair, files_read_once


@pytest.fixture(autouse=True)
def every_migration_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of an empty database, which other tests copy."""
    monkeypatch.setattr(schema, "upgrade", shared.MIGRATE)


@pytest.fixture(scope="session")
def sqlite_ladder(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    """SQLite files at each revision."""
    return Copies(tmp_path_factory.mktemp("ladder"))


@pytest.fixture(scope="session")
def postgresql_ladder(postgres_server: postgres.Server) -> OnePair:
    """PostgreSQL databases that are brought to each revision."""
    return OnePair(postgres_server)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def before(request: pytest.FixtureRequest) -> Iterator[Before]:
    """`before("0005_second_factor")` gives databases that are about to be migrated to it, once on each engine."""
    ladder: Ladder = request.getfixturevalue(f"{request.param}_ladder")
    with files_read_once(), ExitStack() as opened:

        def enter(revision: str) -> Databases:
            return opened.enter_context(ladder.before(revision))

        yield enter
