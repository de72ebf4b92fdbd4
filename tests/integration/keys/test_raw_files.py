"""The bytes of destroyed keys, searched for in every file: of an instance on SQLite, and of a PostgreSQL server."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases
from nrm.db import db
from nrm.models.shelter.cases import ReleaseKey, ShredKey
from tests import factories, postgres
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.integration.test_backups import closed
from tests.world import World, build

Keys = set[bytes]
Place = Callable[[], dict[Path, bytes]]


def keys_of(*case_ids: uuid.UUID) -> Keys:
    """All keys of these cases in the second database now."""
    with db.engines["shred"].connect() as connection:
        return {
            bytes(key)
            for model in (ShredKey, ReleaseKey)
            for key in connection.execute(select(model.key).where(model.case_id.in_(case_ids))).scalars()
        }


def found(keys: Keys, files: dict[Path, bytes]) -> dict[str, int]:
    """How many of the keys stand in which file, as they are or in hexadecimal digits."""
    counts = {
        path.name: sum(key in content or key.hex().encode() in content.lower() for key in keys)
        for path, content in files.items()
    }
    return {name: count for name, count in counts.items() if count}


def everything_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def through_all_endings(world: World, files: Place) -> None:
    """Acceptance, the end of a share, withdrawal, closing and erasure: after each no ended key is anywhere."""
    nrc, rinas = factories.actor("nrc.shelter_manager"), factories.actor("rinas.border_officer")
    ended: Keys = set()
    before = keys_of(world.asked_case)
    assert found(before, files())  # the search finds a key that lives
    referrals.accept(referral_id=world.asked, place_id=world.bed, by=nrc)
    ended |= before - keys_of(world.asked_case)
    assert len(ended) >= len(("hand_over", "identity", "story"))
    assert found(ended, files()) == {}

    before = keys_of(world.case)
    cases.end_share(case_id=world.case, organisation_id=world.organisation, by=nrc)
    ended |= before - keys_of(world.case)
    assert found(ended, files()) == {}

    other = people.sent(rinas)
    before = keys_of(other.case_id)
    referrals.withdraw(referral_id=other.referral_id, by=rinas)
    assert before - keys_of(other.case_id)
    ended |= before - keys_of(other.case_id)
    assert found(ended, files()) == {}

    closed(world, witness=False)
    before = keys_of(world.case)
    cases.close(case_id=world.case, by=nrc)
    ended |= before - keys_of(world.case)
    assert found(ended, files()) == {}

    before = keys_of(world.case)
    hands.erased(world.case, nrc)
    assert keys_of(world.case) == set()
    assert found(ended | before, files()) == {}


@pytest.mark.slow
def test_on_sqlite_no_file_keeps_a_destroyed_key(world_app: tuple[Flask, World], tmp_path: Path) -> None:
    through_all_endings(world_app[1], lambda: everything_below(tmp_path / "world"))


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    """A server configured for a shred database as the operator's guide says."""
    with postgres.running(tmp_path_factory.mktemp("shred-server") / "data") as server:
        with psycopg.connect(server.new_database(), autocommit=True) as connection:
            for setting in ("wal_recycle = off", "archive_mode = off", "wal_keep_size = 0"):
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")
        yield server


@pytest.mark.postgresql
def test_on_postgresql_no_file_of_the_server_keeps_a_destroyed_key(
    own_server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables, indexes and the write-ahead log of the whole server."""
    monkeypatch.setenv("NRM_SHRED_DATABASE", own_server.new_database())
    factories.build_instance(tmp_path / "instance")
    with factories.open_instance(tmp_path / "instance").app_context():
        world = build()
        through_all_endings(world, lambda: everything_below(own_server.folder))
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()
