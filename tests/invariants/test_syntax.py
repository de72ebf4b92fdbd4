"""What the syntax trees of the program must say: one way to do a thing, one meaning for a word."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def trees() -> dict[str, ast.Module]:
    """Every module of the program and of its forms, under the path that one reads in an error."""
    found = {}
    for folder in ("nrm", "forms"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found[path.relative_to(ROOT).as_posix()] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def attributes(tree: ast.Module) -> Iterator[ast.Attribute]:
    """Every `something.name` of a module."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def test_how_many_rows_a_statement_changed_is_asked_in_one_place() -> None:
    asking = {path for path, tree in trees().items() if any(each.attr == "rowcount" for each in attributes(tree))}
    assert asking == {"nrm/db.py", "nrm/prepared.py"}
