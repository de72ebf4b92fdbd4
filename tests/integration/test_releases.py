"""The databases of every earlier release, made by its own code (tests/releases/README.md): `nrm upgrade` brings each up
to date, the key holder reads the person, the report is the same byte for byte, and `nrm doctor` names nothing but what
the test data wrote by hand."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import tarfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nrm import clock, revisions
from nrm.actions.shelter import cases
from nrm.db import disconnect
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.steps import health
from nrm.steps.shelter import cases as case_steps
from tests import factories
from tests.client import Person

Typed = Callable[..., subprocess.CompletedProcess[str]]
TOP = Path(__file__).parents[2]
RELEASES = TOP / "tests" / "releases"
VERSIONS = sorted(path.name.removesuffix(".tar.xz") for path in RELEASES.glob("*.tar.xz"))
MORNING_AFTER = datetime(2026, 7, 21, 8, tzinfo=UTC)
BY_ROWS = re.compile(
    r"the main database says other than the audit chain of: "
    r"stays \((?:[0-9A-Z-]{11}, ){4}[0-9A-Z-]{11} and 35 more\)\. "
)
FORMATS = ("csv", "json", "pdf", "xlsx")


@pytest.fixture(autouse=True)
def as_it_was_made(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings under which passwords were derived there (which old tables do not tell), and its clock."""
    monkeypatch.setattr("nrm.cli.usage.load_config", factories.cheap_config)
    yield
    clock.set_clock(None)


def unpacked(version: str, folder: Path) -> None:
    with tarfile.open(RELEASES / f"{version}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    clock.set_clock(lambda: MORNING_AFTER)


def kept(folder: Path) -> dict[tuple[str, str, str], bytes]:
    """The files of every report, as they lie in the database: by report, quarter and format."""
    with closing(sqlite3.connect(folder / "main.db")) as connection:
        joined = "releases JOIN release_files ON release_files.release_id = releases.id"
        rows = connection.execute(f"SELECT report, quarter, format, content FROM {joined}").fetchall()
    return {(report, quarter, each): content for report, quarter, each, content in rows}


def test_there_is_one_of_each_release_that_the_changelog_names() -> None:
    named = re.findall(r"^## (\d+\.\d+\.\d+)", (TOP / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert sorted(named) == VERSIONS
    told = (RELEASES / "README.md").read_text("utf-8")
    assert [version for version in VERSIONS if f"| {version} |" not in told] == []


@pytest.mark.slow  # the migrations of up to a hundred versions
@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_the_release_is_upgraded_and_opens(
    version: str, tmp_path: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "instance"
    unpacked(version, folder)
    about, before = json.loads((folder / "about.json").read_text("utf-8")), kept(folder)
    assert (about["version"], about["quarter"]) == (version, "2026Q1")
    done = typed("upgrade", "--dir", str(folder))
    # The test data of 0.1.0 put people into places that no file names: that alone is left to the manager, and said.
    not_done = [line.partition(" (")[0] for line in done.stdout.splitlines() if line.startswith("not done")]
    assert not_done in ([], ["not done: VATRA has 40 places more than the file"]), done.stdout
    assert (done.returncode, done.stderr) == (len(not_done), ""), done.stdout + done.stderr
    with closing(sqlite3.connect(folder / "main.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(revisions.newest(),)]
    again = typed("upgrade", "--dir", str(folder))
    assert again.stdout.startswith(f"up to date: {revisions.newest()}\n")
    assert again.returncode == len(not_done)
    assert typed("tend", "--dir", str(folder)).returncode == 0

    app = factories.open_instance(folder)
    with app.app_context():
        case_id, holder = uuid.UUID(about["case"]), factories.actor(about["holder"])
        cases.open_compartment(case_id=case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=holder)
        opened = case_steps.opened(case_id=case_id, by=holder)[Compartment.IDENTITY]
        assert about["secret"] in str(opened.value)
        for login in ("rinas.border_officer", "vatra.case_worker", "molsa.statistician"):
            stranger = factories.actor(login)
            with pytest.raises((NotPermitted, NotVisible)):
                cases.open_compartment(
                    case_id=case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=stranger
                )
        shelter = Person(app.test_client(), about["holder"])
        assert f"/cases/{case_id}" in shelter.get("/cases")
        shelter.get(f"/cases/{case_id}")

        assert before
        assert kept(folder) == before
        reader = Person(app.test_client(), "molsa.statistician")
        for (report, quarter, ending), content in before.items():
            reader.get(f"/reports/{report}/{quarter}")
            if ending in FORMATS:
                answer = reader.client.get(f"/reports/{report}/{quarter}.{ending}")
                assert (answer.status_code, answer.data == content) == (200, True), (report, ending)
        disconnect()

    monkeypatch.setenv("NRM_BACKUPS", str(tmp_path))
    for name in (health.TENDED, health.DRILLED):
        health.note(folder, name)
    (folder / "checkpoints").mkdir(exist_ok=True)
    for path in (tmp_path / "shred-20260721T000000Z", folder / "checkpoints" / "2026-07-21.json"):
        path.touch()
        os.utime(path, (MORNING_AFTER.timestamp(),) * 2)
    done = typed("doctor", "--json", "--dir", str(folder))
    parts = json.loads(done.stdout)
    told = {name: part["state"] for name, part in parts.items()}
    # The test data of the releases put forty people into shelters by rows, as another hand would: that alone is named.
    assert told == {**dict.fromkeys(told, "ok"), "records": "wrong"}, done.stdout
    assert BY_ROWS.match(parts["records"]["why"]), done.stdout
    assert done.returncode == 1


@pytest.mark.slow
def test_a_report_that_was_changed_by_hand_is_found_after_the_upgrade(tmp_path: Path, typed: Typed) -> None:
    folder = tmp_path / "instance"
    unpacked(VERSIONS[-1], folder)
    with closing(sqlite3.connect(folder / "main.db")) as connection, connection:
        connection.execute("UPDATE release_files SET content = CAST(content || ' ' AS BLOB) WHERE format = 'json'")
    assert typed("upgrade", "--dir", str(folder)).returncode == 0
    done = typed("report", "audit", "2026Q1", "--dir", str(folder))
    found = [each["scenario"] for each in json.loads(done.stdout)["findings"]]
    assert (done.returncode, found) == (1, ["seal"]), done.stdout + done.stderr
