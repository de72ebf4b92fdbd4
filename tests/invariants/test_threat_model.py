"""The threat model names, for each row, what shows it: a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
HEAD = ["who", "has", "gets", "must not get", "enforced by", "shown by"]


def rows() -> list[list[str]]:
    """The cells of each row of the table of adversaries."""
    lines = [line for line in (TOP / "docs" / "threat-model.md").read_text("utf-8").splitlines() if line[:2] == "| "]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    start = cells.index(HEAD)
    return cells[start + 1 :]


def defined() -> dict[str, list[str]]:
    """The names of the tests by file."""
    return {
        str(path.relative_to(TOP)): re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.M)
        for path in (TOP / "tests").rglob("test_*.py")
    }


def test_every_row_is_whole_and_names_tests_that_exist() -> None:
    tests = defined()
    names = {name for found in tests.values() for name in found}
    assert len(rows()) >= 12
    for row in rows():
        assert len(row) == len(HEAD), row
        assert all(row), row
        named = re.findall(r"`((?:tests/|test_)[\w/.]+)`", row[-1])
        assert named, row[0]
        for each in named:
            assert each in names or tests.get(each), (row[0], each)


def test_every_test_that_the_limits_name_exists() -> None:
    text = (TOP / "docs" / "threat-model.md").read_text("utf-8")
    tests = defined()
    names = {name for found in tests.values() for name in found}
    for each in re.findall(r"`((?:tests/[\w/]+\.py)|test_\w+)`", text):
        assert each in names or each in tests, each
