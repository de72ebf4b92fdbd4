"""`nrm --version`, and the version that the changelog's newest part is about."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from click.testing import CliRunner

from nrm.cli import nrm

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def test_the_program_says_which_version_it_is() -> None:
    said = CliRunner().invoke(nrm, ["--version"])
    assert (said.exit_code, said.stdout) == (0, f"nrm {VERSION}\n")


def test_the_newest_release_of_the_changelog_is_the_version() -> None:
    heads = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    releases = [head for head in heads if head != "Unreleased"]
    assert releases[0].split()[0] == VERSION
    assert heads.index(releases[0]) <= 1
