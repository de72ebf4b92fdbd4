"""A server without `nrm[statistics]`: people are interviewed, referred and taken in; what calculates says that it is
not there, in one line or in words (ADR 0191)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from nrm import extras
from tests import factories

ROOT = Path(__file__).parents[2]
# As on a machine where the packages were never installed: no finder knows them, and none was imported before.
WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numpy", "highspy", "ortools", "pandas", "scipy"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from {} import main
main()
"""


def without(module: str, *words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT.replace("{}", module), *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **more},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow  # two processes: what is imported here already cannot be taken away
def test_people_are_taken_in_and_reports_say_in_words_that_they_are_not_calculated_here(app: Flask) -> None:
    folder = Path(app.extensions["nrm.config"].directory)
    done = without("tests.small_server", folder)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["all of it"]), done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("protect", "--help"),
        ("match", "evaluate", "a.csv", "b.csv", "--truth", "c.csv"),
        ("demo", "--dir", "{new}"),
        ("report", "close", "2020Q1", "--dir", "{there}", "--as", "molsa.statistician"),
    ],
)
def test_a_command_that_calculates_says_so_in_one_line(app: Flask, tmp_path: Path, words: tuple[str, ...]) -> None:
    there = str(app.extensions["nrm.config"].directory)
    said = [each.format(new=tmp_path / "new", there=there) for each in words]
    done = without("nrm.cli", *said, NRM_PASSWORD=factories.PASSWORD)
    assert (done.returncode, done.stdout) == (2, ""), done.stdout + done.stderr
    assert done.stderr == f"nrm: {extras.NotInstalled()}\n"
    assert not (tmp_path / "new").exists()


def test_with_the_extra_nothing_is_missing() -> None:
    assert extras.installed()
    extras.needed()
    assert extras.is_missing(ModuleNotFoundError("x", name="ortools.sat"))
    assert not extras.is_missing(ModuleNotFoundError("x", name="orthodox"))
    assert not extras.is_missing(ValueError("numpy"))


@pytest.mark.slow  # makes a training: half a minute
def test_a_training_is_made_and_nothing_of_it_calculates(tmp_path: Path) -> None:
    done = without("nrm.cli", "demo", "--trainee", "1", "--no-serve", "--json", "--dir", tmp_path / "training")
    assert done.returncode == 0, done.stderr
    (trainee,) = json.loads(done.stdout)["trainees"]
    assert trainee == {"number": 1, "post": "TRAINING_1", "shelter": "TRAINING_1_SHELTER"}
    again = without("nrm.cli", "demo", "--trainee", "--no-serve", "--dir", tmp_path / "training")
    assert (again.returncode, again.stderr.count("\n")) == (0, 1), again.stderr
