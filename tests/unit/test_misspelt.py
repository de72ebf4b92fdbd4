"""Names of settings that are not there: the one that is meant is said where one is near, else where all are listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import SETTINGS
from nrm.cli.places.misspelt import FOR_COMMANDS, misspelt

GUIDE = Path(__file__).parents[2] / "docs/operator.md"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("NRM_DATABSE", "NRM_DATABASE"),
        ("NRM_PROXY", "NRM_PROXIES"),
        ("NRM_ADRESS", "NRM_ADDRESS"),
        ("NRM_BACKUP", "NRM_BACKUPS"),
        ("NRM_PASWORD", "NRM_PASSWORD"),
    ],
)
def test_a_setting_that_is_near_is_said(name: str, meant: str) -> None:
    assert misspelt({name: "x"}) == [f"{name}: there is no such setting; is {meant} meant?"]


@pytest.mark.parametrize("name", ["NRM_FOO", "NRM_X", "NRM_", "NRM_DEBUG", "NRM_HOST"])
def test_of_another_name_it_is_said_where_all_are_listed(name: str) -> None:
    (line,) = misspelt({name: "x"})
    assert line == f"{name}: there is no such setting; docs/operator.md lists them, under *Settings*"


def test_where_they_are_said_to_be_listed_they_are() -> None:
    listed = GUIDE.read_text("utf-8").split("\n## Settings\n", 1)[1].split("\n## ", 1)[0]
    assert [name for name in SETTINGS if f"`{name}`" not in listed] == []


def test_of_what_is_known_nothing_is_said() -> None:
    assert misspelt(dict.fromkeys([*SETTINGS, *FOR_COMMANDS, "OTHER_FOO"], "x")) == []
