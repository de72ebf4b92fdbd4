"""`make run`: how many people, which port, and what is said before pip is silent; README says the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
MAKEFILE = (TOP / "Makefile").read_text("utf-8")
README = (TOP / "README.md").read_text("utf-8")


def would_run(*words: str) -> str:
    """The last command of `make run` with these words; nothing is done."""
    if shutil.which("make") is None:
        pytest.skip("make is not on this machine")
    environment = {name: value for name, value in os.environ.items() if name not in ("DEMO", "PEOPLE", "PORT")}
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", "run", *words],
        cwd=TOP,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout.splitlines()[-1]


def test_people_and_port_of_the_demo_country_are_said_in_one_word_each() -> None:
    assert would_run() == ".venv/bin/nrm demo --dir .demo --people 400 --port 5000"
    said = would_run("PEOPLE=60", "DEMO=.demo-small", "PORT=5001")
    assert said == ".venv/bin/nrm demo --dir .demo-small --people 60 --port 5001"


def test_readme_names_the_words_that_the_makefile_takes() -> None:
    taken = set(re.findall(r"(?m)^([A-Z]+) \?=", MAKEFILE))
    named = {word for told in re.findall(r"`make run ([^`]+)`", README) for word in re.findall(r"([A-Z]+)=", told)}
    assert named == {"PEOPLE", "PORT", "DEMO"}
    assert named <= taken
    people = re.search(r"(?m)^PEOPLE \?= (\d+)$", MAKEFILE)
    assert people
    assert f"\n{people[1]} people take some " in README
    assert (TOP / "deploy/man/nrm.1").is_file()
    assert "`man deploy/man/nrm.1`" in README


def test_before_pip_installs_from_the_index_it_is_said_what_and_how_long() -> None:
    recipes = [text.splitlines() for text in re.findall(r"(?m)^\$\(VENV\)/\.ready.*\n((?:\t.*\n)+)", MAKEFILE)]
    assert len(recipes) == 2
    for lines in recipes:
        first = next(number for number, line in enumerate(lines) if "pip install" in line)
        assert re.search(r'@echo "installing .* minute', lines[first - 1])


def test_the_folder_of_the_smaller_country_is_no_part_of_the_tree_and_is_cleaned_away() -> None:
    (folder,) = re.findall(r"`make run [^`]*DEMO=(\S+)`", README)
    assert f"{folder}/" in (TOP / ".gitignore").read_text("utf-8").splitlines()
    assert f" {folder} " in re.findall(r"(?m)^clean:\n\t(.*)$", MAKEFILE)[0]
