"""`nrm init` where places are not ready, and by the guide: one line before anything is made, nothing half made."""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from nrm import clock
from nrm.actions import tending
from nrm.cli.places.misspelt import STARTED_BY
from nrm.cli.trying.building import instance_of_invented_people
from nrm.steps import health
from tests.integration.test_backups import run
from tests.integration.test_commands_from_where_one_stands import PROGRAM, environment

GUIDE = Path(__file__).parents[2] / "docs" / "operator.md"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NRM_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("NRM_DATABASE", str(tmp_path / "main" / "main.db"))
    monkeypatch.setenv("NRM_SHRED_DATABASE", str(tmp_path / "second" / "shred.db"))
    return tmp_path


def refused(places: Path) -> str:
    before = sorted(places.rglob("*"))
    done = run("init", "--dir", places / "inst", "--country", "albania")
    assert done.exit_code == 2, done.stdout
    assert sorted(places.rglob("*")) == before
    return done.stderr


def test_what_is_not_ready_is_named_and_nothing_is_made(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = refused(places)
    said = f"NRM_DATABASE: there is no folder {places}/main; mount its disk, or make it: "
    assert line == f"{said}install -d -m 0700 {places}/main"
    (places / "main").mkdir()
    assert refused(places).startswith(f"NRM_SHRED_DATABASE: there is no folder {places}/second;")
    (places / "second").mkdir()
    (places / "second" / "shred.db").touch()
    assert f"NRM_SHRED_DATABASE: {places}/second/shred.db is there already" in refused(places)
    (places / "second" / "shred.db").unlink()
    (places / "keys").mkdir()
    (places / "keys" / "store").touch()
    assert f"NRM_KEYS: the key file {places}/keys/store is there already" in refused(places)
    monkeypatch.setenv("NRM_KEYS", str(places / "no" / "where" / "keys"))
    assert f"NRM_KEYS: there is no folder {places}/no/where" in refused(places)
    monkeypatch.setenv("NRM_DATABSE", "x")
    assert refused(places) == "NRM_DATABSE: there is no such setting; is NRM_DATABASE meant?"


def test_on_an_installed_machine_the_first_link_leads_to_an_address_that_somebody_wrote(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of settings came with an address of the sample, and the link of the administrator led to a stranger."""
    for name in ("main", "second"):
        (places / name).mkdir()
    monkeypatch.setenv(STARTED_BY, "systemctl enable --now nrm.service")
    assert refused(places).startswith("NRM_ADDRESS: write the address that people open into the file of settings")


@pytest.mark.slow  # an application is made
def test_what_fails_on_the_way_leaves_nothing(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("main", "second"):
        (places / name).mkdir()
    monkeypatch.setattr("nrm.schema.upgrade", _fails)
    assert "no instance can be made there" in refused(places)


@pytest.mark.slow  # an application is made
def test_a_disk_without_room_is_named_with_its_folders_and_nothing_is_left(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("main", "second"):
        (places / name).mkdir()
    monkeypatch.setattr("nrm.schema.upgrade", _has_no_room)
    said = refused(places)
    assert "no instance can be made there: the disk takes nothing: it is full, or can only be read (" in said
    assert f"KiB free in {places / 'main'}" in said
    assert not [*(places / "main").iterdir(), *(places / "second").iterdir()]


def _has_no_room(*_: object, **__: object) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorname = "SQLITE_FULL"
    raise OperationalError("statement", None, full)


def _fails(*_: object, **__: object) -> None:
    raise OperationalError("statement", None, RuntimeError())


@pytest.mark.slow  # makes two instances
def test_an_instance_whose_first_link_has_expired_is_made_again(places: Path) -> None:
    said = " ".join(GUIDE.read_text("utf-8").split())
    assert "**When the first link has expired**" in said
    for name in ("main", "second"):
        (places / name).mkdir()
    links = set()
    for _ in range(2):
        done = run("init", "--dir", places / "inst", "--country", "albania")
        assert done.exit_code == 0, done.stderr
        links.add(done.stdout.split()[0])
        assert refused(places)  # as long as something of the one before is there
        shutil.rmtree(places / "inst")
        for folder in ("keys", "main", "second"):
            for path in (places / folder).iterdir():
                path.unlink()
    assert len(links) == 2


@pytest.mark.slow  # makes an instance
def test_the_first_block_of_the_guide_makes_an_instance(tmp_path: Path) -> None:
    section = GUIDE.read_text("utf-8").split("## Making and running an instance", 1)[1]
    (block,) = re.findall(r"^```\n(.*?)^```$", section, re.M | re.S)[:1]
    for folder in ("/root", "/srv", "/var"):
        (tmp_path / folder[1:]).mkdir()
        block = block.replace(f"{folder}/", f"{tmp_path}{folder}/")
    until = block[: block.index(".venv/bin/nrm serve")].replace(".venv/bin/nrm", shlex.quote(str(PROGRAM)))
    done = subprocess.run(
        ["sh", "-eu", "-c", until],
        env={**environment(), STARTED_BY: "systemctl enable --now nrm.service"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("/invitations/")
    assert done.stderr.splitlines()[-2:] == ["Then start it with:", "  systemctl enable --now nrm.service"]
    assert (tmp_path / "var/nrm-second/shred.db").is_file()


@pytest.mark.slow
def test_a_country_of_invented_people_leaves_the_backups_of_a_real_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its invented hours the shred file of last night lay seven days there, and it wrote into the list beside it."""
    backups = tmp_path / "backups"
    backups.mkdir()
    shred = backups / "shred-20261128T031000.000Z"
    shred.touch()
    monkeypatch.setenv("NRM_BACKUPS", str(backups))
    begins = clock.now() - timedelta(days=2000)
    made = instance_of_invented_people(tmp_path / "demo", "albania", begins=begins, language="sq")
    with made as app, app.app_context():
        clock.set_clock(lambda: begins + timedelta(hours=1))
        tending.tend()
        clock.set_clock(lambda: begins + timedelta(days=30))
        health.note(tmp_path / "demo", health.TENDED)
        clock.set_clock(lambda: begins + timedelta(days=30, minutes=1))
        tending.tend()
    assert [path.name for path in backups.iterdir()] == [shred.name]
