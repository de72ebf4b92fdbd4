"""What CONTRIBUTING.md names is there: paths of the tree, and targets of the Makefile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TEXT = (TOP / "CONTRIBUTING.md").read_text("utf-8")
# What a word begins with that is a path of the tree.
FOLDERS = ("bench", "docs", "forms", "migrations", "nrm", "templates", "tests")
PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(FOLDERS)})/[\w./-]*\w/?")
AT_THE_TOP = re.compile(r"(?<![\w./-])[\w-]+\.(?:md|toml|lock)(?![\w/])")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
TARGET = re.compile(r"(?m)(?:`|^)make ([a-z][\w-]*)")
# A name in a recipe that is to be replaced, such as NNNN_name.py or tables-NAME.toml.
TO_BE_FILLED_IN = re.compile(r"NNNN|NAME|AREA|NOUN|VIEW|VERSION|CODE|YEAR")


def paths() -> Iterator[str]:
    """Every path that the text names, as it stands there."""
    for pattern in (PATH, LINK, AT_THE_TOP):
        for found in pattern.finditer(TEXT):
            path = found.group(found.lastindex or 0)
            if not TO_BE_FILLED_IN.search(path):
                yield path


def is_there(path: str) -> bool:
    """Whether the tree has it; a file without a folder may be a country's."""
    return (TOP / path).exists() or ("/" not in path and any((TOP / "nrm" / "countries").glob(f"*/{path}")))


def targets() -> set[str]:
    """The targets of the Makefile that are called by a name."""
    rules = re.findall(r"(?m)^([a-z][\w -]*):(?!=)", (TOP / "Makefile").read_text("utf-8"))
    return {name for names in rules for name in names.split()}


@pytest.mark.parametrize("path", sorted(set(paths())))
def test_every_path_exists(path: str) -> None:
    assert is_there(path)


def test_every_make_target_exists() -> None:
    named = set(TARGET.findall(TEXT))
    assert {"setup-dev", "quick", "check", "test", "access"} <= named
    assert named <= targets()


def test_what_is_not_there_would_be_seen() -> None:
    assert {"nrm/schema.py", "tests/factories.py", "CHANGELOG.md"} <= set(paths())
    assert not is_there("nrm/schemas.py")
