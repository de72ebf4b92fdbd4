"""Every reason for a refusal has its words wherever a refusal becomes a sentence."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from types import ModuleType

import pytest

import forms
import nrm.cli
import nrm.domain
import nrm.parsing
import nrm.web
from tests.invariants.test_syntax import calls, trees

# Names the field of a form at which the words stand; the code has one field for all reasons that are left out.
FIELDS = "FIELD_OF"
# Of these the page says what it says of every conflict.
MAY_BE_SILENT = {"nrm.web.referrals.refused_steps.CONFLICTS"}


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """The package and all modules in it."""
    yield package
    for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not each.name.endswith(("__main__", ".child")):
            yield importlib.import_module(each.name)


@cache
def refusals() -> dict[type[Exception], type[StrEnum]]:
    """Every exception that says why by a member of an enum, with that enum."""
    found = {}
    for module in (*modules(nrm.domain), nrm.parsing):
        for _, each in inspect.getmembers(module, inspect.isclass):
            if each.__module__ == module.__name__ and issubclass(each, Exception) and "__init__" in vars(each):
                for kind in typing.get_type_hints(each.__init__).values():
                    if inspect.isclass(kind) and issubclass(kind, StrEnum):
                        found[each] = kind
    return found


REASONS = frozenset(refusals().values())


@cache
def tables() -> dict[str, Mapping[StrEnum, object]]:
    """Every table at the top of a module whose keys are reasons for a refusal."""
    found = {}
    for package in (forms, nrm.web, nrm.cli, nrm.parsing):
        for module in modules(package):
            for name, value in vars(module).items():
                if name != FIELDS and isinstance(value, Mapping) and {type(key) for key in value} & REASONS:
                    found[f"{module.__name__}.{name}"] = value
    return found


@pytest.mark.parametrize("name", sorted(tables()))
def test_a_table_of_words_has_them_for_every_reason(name: str) -> None:
    table = tables()[name]
    (kind,) = {type(key) for key in table}
    assert set(table) == set(kind)
    words = [value[-1] if isinstance(value, tuple) else value for value in table.values()]
    assert all(str(each).strip() for each in words) or name in MAY_BE_SILENT


def test_there_are_as_many_tables_as_one_reads_in_the_code() -> None:
    """A table that is not found would not be looked at."""
    assert len(REASONS) > 25
    assert len(tables()) > 25


@pytest.mark.slow
def test_no_reason_is_looked_up_with_a_way_out() -> None:
    """`words.get(error.reason, "")` would say nothing of a reason that was forgotten."""
    for path, tree in trees().items():
        for called, call in calls(tree):
            if called.attr == "get" and call.args and ast.unparse(call.args[0]).startswith("error.reason"):
                assert ast.unparse(called.value).endswith(FIELDS), f"{path}:{call.lineno}"


@pytest.mark.parametrize("refusal", sorted(refusals(), key=lambda each: each.__name__), ids=lambda each: each.__name__)
def test_a_refusal_keeps_its_reason_and_tells_it(refusal: type[Exception]) -> None:
    for reason in refusals()[refusal]:
        error = refusal(reason)
        assert reason in (getattr(error, "reason", None), getattr(error, "limit", None))
        assert str(error)
