"""`nrm upgrade`, and what every other command says to databases of another version."""

from __future__ import annotations

import fcntl
import json
import shutil
from pathlib import Path

import click
import pytest
from flask import Flask

from nrm import db, revisions, schema
from nrm.cli import nrm
from nrm.cli.telling import json_keys
from nrm.db import db as databases
from nrm.vault.backup_files.key_checks import NOTED
from tests import factories
from tests.conftest import Command

EARLIER = "0008_notices"


@pytest.fixture(scope="module")
def old_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance with the tables of an earlier version, to copy: a hundred migrations go down once."""
    folder = tmp_path_factory.mktemp("old") / "instance"
    app = factories.copy_instance(template, folder)
    with app.app_context():
        schema.downgrade(EARLIER)
        db.disconnect()
    factories.forget_key_log(app)  # a machine of that time has no key log
    return folder


@pytest.fixture
def old(template: Path, old_template: Path, tmp_path: Path) -> Flask:
    """An instance with the tables of an earlier version, and people in it.

    No application of this version opens on those tables: it is made before they are there.
    """
    folder = tmp_path / "old"
    app = factories.copy_instance(template, folder)
    with app.app_context():
        db.disconnect()
    shutil.rmtree(folder)
    shutil.copytree(old_template, folder)
    factories.forget_key_log(app)
    return app


def folder_of(app: Flask) -> Path:
    return Path(app.extensions["nrm.config"].directory)


def set_revision(app: Flask, revision: str) -> None:
    """Of the second database alone."""
    with app.app_context():
        with databases.engines["shred"].begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
        db.disconnect()


def refusal(found: tuple[int, bytes, str]) -> str:
    """The one line of a refusal."""
    code, out, error = found
    assert (code, out, error.count("\n")) == (2, b"", 1), found
    return error


@pytest.mark.slow
def test_an_old_instance_is_brought_up_to_date_once_and_keeps_what_it_holds(old: Flask, command: Command) -> None:
    code, out, error = command(old, "upgrade")
    nothing = "country: nothing to do\n"
    listed = "key log: 21 organisations are to be founded within 60 days\n"
    assert (code, out.decode(), error) == (0, f"upgraded: {EARLIER} to {revisions.newest()}\n{nothing}{listed}", "")
    assert command(old, "upgrade")[1].decode() == f"up to date: {revisions.newest()}\n{nothing}"
    assert command(old, "tend")[0] == 0
    with factories.open_instance(folder_of(old)).app_context():
        assert factories.actor("nrc.case_worker").member_id
        db.disconnect()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["serve", "tend", "erase-expired"])
def test_what_needs_the_new_tables_says_so_in_one_line_before_it_starts(
    old: Flask, command: Command, name: str
) -> None:
    assert f"nrm upgrade --dir {folder_of(old)}" in refusal(command(old, name))


@pytest.mark.slow
def test_when_only_one_of_the_two_databases_is_old_that_is_seen_and_mended(old: Flask, command: Command) -> None:
    """As after a machine that stopped between them."""
    command(old, "upgrade")
    set_revision(old, EARLIER)
    assert "nrm upgrade" in refusal(command(old, "tend"))
    assert command(old, "upgrade")[1].decode().startswith(f"upgraded: {EARLIER} to {revisions.newest()}\n")
    assert command(old, "tend")[0] == 0


def test_an_instance_that_is_being_served_is_left_alone(old: Flask, command: Command) -> None:
    with (folder_of(old) / "tend.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "stop the server" in refusal(command(old, "upgrade"))
    assert "nrm upgrade" in refusal(command(old, "tend"))


def test_databases_of_a_newer_program_are_left_alone(old: Flask, command: Command) -> None:
    set_revision(old, "9999_later")
    for name in ("upgrade", "tend", "serve"):
        assert "newer version" in refusal(command(old, name))


@pytest.mark.parametrize("wrong", ["no second", "no main", "second empty", "newer", "second damaged", "served"])
def test_what_is_refused_makes_no_key_file(old: Flask, command: Command, wrong: str) -> None:
    """An instance from before the key file `match`, which `upgrade` makes."""
    place = folder_of(old)
    (place / "keys" / "match").unlink()
    (place / NOTED).unlink(missing_ok=True)
    if wrong.startswith("no "):
        (place / ("shred.db" if wrong == "no second" else "main.db")).unlink()
    elif wrong == "second empty":
        (place / "shred.db").write_bytes(b"")
    elif wrong == "second damaged":
        (place / "shred.db").write_bytes(b"no database" * 500)
    elif wrong == "newer":
        set_revision(old, "9999_later")
    with (place / "tend.lock").open("w") as lock:
        if wrong == "served":
            fcntl.flock(lock, fcntl.LOCK_EX)
        line = refusal(command(old, "upgrade"))
    assert "made the key file" not in line
    assert not (place / "keys" / "match").exists()


@pytest.mark.slow  # two upgrades
def test_the_key_file_is_made_once_and_stays(old: Flask, command: Command) -> None:
    key = folder_of(old) / "keys" / "match"
    key.unlink()
    (folder_of(old) / NOTED).unlink(missing_ok=True)
    code, out, said = command(old, "upgrade")
    assert (code, said) == (0, "")
    assert f"made the key file {key}" in out.decode()
    kept = key.read_bytes()
    assert "made the key file" not in command(old, "upgrade")[1].decode()
    assert key.read_bytes() == kept


@pytest.mark.slow
def test_what_upgrade_answers_as_json_says_whether_anything_was_done(old: Flask, command: Command) -> None:
    keys = json_keys(nrm.get_command(click.Context(nrm), "upgrade"))  # type: ignore[arg-type]
    for dry_run in (True, False, True):
        code, out, said = command(old, "upgrade", "--json", *(["--dry-run"] if dry_run else []))
        assert code == 0, said
        value = json.loads(out)
        assert value["dry_run"] is dry_run
        assert tuple(value) == keys


def test_a_folder_without_an_instance_is_refused(old: Flask, command: Command) -> None:
    for name in ("main.db", "shred.db"):
        (folder_of(old) / name).unlink()
    assert "nrm init" in refusal(command(old, "upgrade"))
