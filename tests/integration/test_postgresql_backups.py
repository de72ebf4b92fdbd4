"""Backups of an instance on PostgreSQL: restored there, and tried there."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from pathlib import Path

import psycopg
import pytest
from click.testing import Result
from flask import Flask
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import make_url, text

from config import KEY_FILES
from nrm import audit
from nrm.actions import backups
from nrm.actions.shelter import cases
from nrm.db import db, disconnect
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.steps.shelter import cases as case_steps
from tests import factories, postgres
from tests import factories_referrals as people
from tests.integration.test_backups import Keeper, keeper, rows, run
from tests.world import World

assert keeper  # a fixture

SETTINGS = ("NRM_DATABASE", "NRM_SHRED_DATABASE")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def kept() -> dict[str, tuple[Path, str, str]]:
    """The instance that `moved` copies, once it is there: its folder, its main and its shred database."""
    return {}


@pytest.fixture
def moved(
    kept: dict[str, tuple[Path, str, str]],
    keeper: Keeper,
    postgres_server: postgres.Server,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Keeper:
    """The world, restored from SQLite onto PostgreSQL: with counted interviews, filed tables, everything."""
    if not kept:
        pair = keeper.back_up()
        disconnect()
        first = tmp_path_factory.mktemp("moved") / "instance"
        addresses = [postgres_server.new_database() for _ in SETTINGS]
        with pytest.MonkeyPatch.context() as environment:
            for name, address in zip(SETTINGS, addresses, strict=True):
                environment.setenv(name, address)
            done = keeper.restore(first, pair)
        assert done.exit_code == 0, done.stderr
        kept["instance"] = first, addresses[0], addresses[1]
    folder, *originals = kept["instance"]
    for name, address in zip(SETTINGS, originals, strict=True):
        monkeypatch.setenv(name, postgres_server.new_database(copy_of=address))
    shutil.copytree(folder, tmp_path / "moved")
    return Keeper(keeper.folder, tmp_path / "moved", keeper.keys)


def drill(keeper: Keeper) -> Result:
    own = [part for key in keeper.keys for part in ("--key", key)]
    return run("drill", "--dir", keeper.instance, "--to", keeper.folder, *own, "--as", "nrc.case_worker")


def _databases(address: str) -> set[str]:
    with psycopg.connect(address, autocommit=True) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def _owned_by_somebody(monkeypatch: pytest.MonkeyPatch, *, creating: bool) -> tuple[str, str]:
    """The server's own address, and a role that owns the two databases of the settings and may do no more."""
    server = os.environ["NRM_DATABASE"]
    role = f"somebody_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN {'CREATEDB' if creating else ''}")
    for name in SETTINGS:
        own = os.environ[name]
        with psycopg.connect(own, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {conninfo_to_dict(own)['dbname']} OWNER TO {role}")
            connection.execute("ALTER SCHEMA public OWNER TO CURRENT_USER")
            connection.execute(f"GRANT ALL ON SCHEMA public TO {role}")
            for kind in ("TABLES", "SEQUENCES"):
                connection.execute(f"GRANT ALL ON ALL {kind} IN SCHEMA public TO {role}")
        monkeypatch.setenv(name, make_url(own).set(username=role).render_as_string(hide_password=False))
    return server, role


def test_an_instance_with_counted_interviews_is_restored_from_sqlite_and_goes_on(
    world_app: tuple[Flask, World], moved: Keeper
) -> None:
    world = world_app[1]
    app = factories.open_instance(moved.instance)
    with app.app_context():
        assert db.session.execute(text("SELECT version()")).scalar_one().startswith("PostgreSQL")
        assert db.session.execute(text("SELECT count(*) FROM screening_kinds WHERE id > 2147483647")).scalar_one()
        nrc = factories.actor("nrc.case_worker")
        cases.open_compartment(case_id=world.case, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=nrc)
        assert case_steps.opened(case_id=world.case, by=nrc)[Compartment.IDENTITY].value["given"] == people.PLANTED
        assert list(audit.verify(db.session())) == []
        disconnect()


def test_an_instance_on_postgresql_is_restored_on_postgresql_row_for_row(
    moved: Keeper, postgres_server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with factories.open_instance(moved.instance).app_context():
        before = rows()
        disconnect()
    pair = moved.back_up()
    with factories.open_instance(moved.instance).app_context():
        now = rows()  # boxes of answers, and the limits of those who send them, are sealed again before a backup
        before |= {name: now[name] for name in ("sealed_compartments", "request_limits")}
        disconnect()
    for name in SETTINGS:
        monkeypatch.setenv(name, postgres_server.new_database())
    done = moved.restore(tmp_path / "again", pair)
    assert done.exit_code == 0, done.stderr
    with factories.open_instance(tmp_path / "again").app_context():
        after = rows()
        disconnect()
    for name in before:
        if name == "audit_entries":
            assert after[name][: len(before[name])] == before[name]
        elif name not in ("member_sessions", "openings"):
            assert after[name] == before[name], name


def test_a_drill_restores_into_databases_of_the_server_that_are_gone_afterwards(
    moved: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = _owned_by_somebody(monkeypatch, creating=True)
    moved.back_up()
    before = _databases(server)
    filled_on: set[str] = set()
    settle = backups.settle

    def seen(listed: Path | None, *, sure: frozenset[str]) -> backups.Settled:
        filled_on.update(engine.dialect.name for engine in db.engines.values())
        assert sure == set(KEY_FILES)
        return settle(listed, sure=sure)

    monkeypatch.setattr(backups, "settle", seen)
    done = drill(moved)
    assert done.exit_code == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["findings"] == []
    assert report["opened"] > 3
    assert filled_on == {"postgresql"}
    assert _databases(server) == before


def test_a_drill_that_may_make_no_database_says_what_it_lacks_and_how_to_give_it(
    moved: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, role = _owned_by_somebody(monkeypatch, creating=False)
    moved.back_up()
    before = _databases(server)
    done = drill(moved)
    assert (done.exit_code, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"ALTER ROLE {role} CREATEDB" in done.stderr
    assert "NRM_DRILL_DATABASE" in done.stderr
    assert _databases(server) == before
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {role} CREATEDB")
    assert drill(moved).exit_code == 0


def test_a_drill_uses_the_two_empty_databases_it_is_given_and_leaves_them_empty(
    moved: Keeper, postgres_server: postgres.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, role = _owned_by_somebody(monkeypatch, creating=False)
    moved.back_up()
    given = [postgres_server.new_database() for _ in SETTINGS]
    for name, address in zip(("NRM_DRILL_DATABASE", "NRM_DRILL_SHRED_DATABASE"), given, strict=True):
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {conninfo_to_dict(address)['dbname']} OWNER TO {role}")
        monkeypatch.setenv(name, make_url(address).set(username=role).render_as_string(hide_password=False))
    for _ in range(2):
        done = drill(moved)
        assert done.exit_code == 0, done.stdout + done.stderr
        for address in given:
            with psycopg.connect(address) as connection:
                found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            assert found == []


@pytest.mark.parametrize("which", ["NRM_DRILL_DATABASE", "NRM_DRILL_SHRED_DATABASE"])
def test_a_drill_never_empties_a_database_that_holds_something(
    moved: Keeper, postgres_server: postgres.Server, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    moved.back_up()
    for name in ("NRM_DRILL_DATABASE", "NRM_DRILL_SHRED_DATABASE"):
        monkeypatch.setenv(name, postgres_server.new_database())
    monkeypatch.setenv(which, os.environ["NRM_DATABASE" if which == "NRM_DRILL_DATABASE" else "NRM_SHRED_DATABASE"])
    with factories.open_instance(moved.instance).app_context():
        before = rows()
        disconnect()
    done = drill(moved)
    assert done.exit_code == 2
    assert which in done.stderr
    with factories.open_instance(moved.instance).app_context():
        assert rows() == before
        disconnect()
    with psycopg.connect(make_conninfo(os.environ[which], dbname="postgres"), autocommit=True) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_what_a_drill_left_when_it_was_killed_goes_with_the_next_one(
    moved: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved.back_up()
    server = os.environ["NRM_DATABASE"]
    before = _databases(server)

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(backups, "fill", killed)
        patch.setattr("nrm.cli.drilling._drop_database", lambda *_: None)
        with pytest.raises(Killed):
            drill(moved)
    assert len(_databases(server) - before) == 2
    assert drill(moved).exit_code == 0
    assert _databases(server) == before
