"""What the syntax trees of the program must say: one way to do a thing, one meaning for a word."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from jinja2.meta import find_undeclared_variables
from jinja2.nodes import FromImport, Import, Include

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


def calls(tree: ast.Module) -> Iterator[tuple[ast.Attribute, ast.Call]]:
    """Every `something.name(...)` of a module: what is called, and the call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func, node


def test_how_many_rows_a_statement_changed_is_asked_in_one_place() -> None:
    asking = {path for path, tree in trees().items() if any(each.attr == "rowcount" for each in attributes(tree))}
    assert asking == {"nrm/db.py", "nrm/prepared.py"}


def module_of(path: str) -> str:
    """The dotted name of a module."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def names_of() -> dict[str, dict[str, tuple[str, str]]]:
    """Of every module the names it takes from others, or defines as a class: name -> (module, name there)."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for path, tree in trees().items():
        here = found[module_of(path)] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                here |= {each.asname or each.name: (node.module, each.name) for each in node.names}
        here |= {node.name: (module_of(path), node.name) for node in tree.body if isinstance(node, ast.ClassDef)}
    return found


def class_behind(module: str, name: str) -> tuple[str, str] | None:
    """(module, name) of the class that a name stands for, where one of our modules defines it."""
    while (behind := names_of().get(module, {}).get(name)) not in (None, (module, name)):
        module, name = behind
    return behind


def test_no_module_imports_two_classes_of_one_name() -> None:
    """Under another name in one module (`import Organisation as Data`) a reader takes one for the other."""
    twice = {}
    for module, names in names_of().items():
        classes = {found for name in names if (found := class_behind(module, name)) is not None}
        called = [name for _, name in classes]
        if len(called) != len(set(called)):
            twice[module] = sorted(found for found in classes if called.count(found[1]) > 1)
    assert twice == {}


@pytest.mark.slow
def test_pieces_of_templates_that_read_nothing_of_the_page_are_imported_without_it(app: Flask) -> None:
    """With the page's words all macros of such a file would be built anew for each page (ADR 0214)."""
    environment, loader = app.jinja_env, app.jinja_env.loader
    assert loader is not None
    parsed = {path: environment.parse(loader.get_source(environment, path)[0]) for path in environment.list_templates()}
    with_context = {
        path: {node.template.value for node in tree.find_all((Import, FromImport)) if node.with_context}
        for path, tree in parsed.items()
    }
    assert any(with_context.values())
    reads_none = {
        path for path, tree in parsed.items() if not find_undeclared_variables(tree) - environment.globals.keys()
    }
    reads_none -= {path for path, tree in parsed.items() if with_context[path] or list(tree.find_all(Include))}
    assert {path: found for path, taken in with_context.items() if (found := taken & reads_none)} == {}
