"""The list of reports is the only place that knows their names, and says of each all that the program must know."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nrm.countries import load
from nrm.domain.reports.contributions import CONTRIBUTING
from nrm.domain.reports.report_list import BY_NAME, COUNTED, FILED, JOINT, MAIN, REPORTS, SEALED, Report
from nrm.store.reports.ways_of_counting import COUNTING

TOP = Path(__file__).parents[4]
ALBANIA = load("albania")
NAMES = {each.name for each in SEALED}


def test_every_counted_report_has_one_way_of_counting() -> None:
    assert set(COUNTING) == {each for each in COUNTED if not each.goes_on}


def test_only_the_main_report_goes_on_and_it_is_closed_first_each_quarter() -> None:
    assert [each for each in COUNTED if each.goes_on] == [MAIN] == [REPORTS[0]]
    assert ALBANIA.tables[MAIN.name].windows == (1,)


def test_names_are_given_once_and_can_stand_in_an_address() -> None:
    assert len(NAMES) == len(SEALED) == len(BY_NAME) + 1
    assert all(re.fullmatch("[a-z]+", name) for name in NAMES)
    assert JOINT.name not in BY_NAME
    assert {*COUNTED, *FILED} == set(REPORTS)


@pytest.mark.parametrize("report", COUNTED, ids=lambda each: each.name)
def test_the_tables_of_the_country_have_the_dimensions_of_the_report(report: Report) -> None:
    table_set = ALBANIA.tables[report.name]
    assert {*table_set.roots, *table_set.lacking(table_set.dimensions)} == set(report.dimensions)
    assert report.unfilled <= set(report.dimensions)


def test_every_filed_report_is_a_protected_table_of_the_register() -> None:
    assert {each.name for each in FILED} == ALBANIA.register.protected


def test_whose_entries_are_counted_is_asked_before_a_quarter_is_closed() -> None:
    assert {kind for each in COUNTED for kind in each.contributors} == CONTRIBUTING


def switches() -> Iterator[str]:
    """Where something called a report is compared with a name, and where names of reports are the keys of a mapping.

    Other lists have codes that are written the same (`children`, `trp`): those are compared with something else.
    """
    quoted = rf"['\"](?:{'|'.join(NAMES)})['\"]"
    written = re.compile(quoted)
    for file in sorted([*TOP.glob("nrm/**/*.py"), *TOP.glob("forms/**/*.py"), *TOP.glob("bench/**/*.py")]):
        text = file.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if written.search(text) else ():
            if isinstance(node, ast.Compare):
                found = "report" in ast.unparse(node).lower() and bool(NAMES & {*constants(node)})
            elif isinstance(node, ast.Match):
                cases = {name for case in node.cases for name in constants(case.pattern)}
                found = "report" in ast.unparse(node.subject).lower() and bool(NAMES & cases)
            elif isinstance(node, ast.Dict):
                keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
                found = len(keys) > 1 and NAMES.issuperset(keys)
            else:
                continue
            if found:
                yield f"{file.relative_to(TOP)}:{node.lineno}"
    named = re.compile(rf"report\w* *(?:==|!=|in) *\(?{quoted}|report={quoted}")
    for file in sorted(TOP.glob("templates/**/*.html")):
        if named.search(file.read_text("utf-8")):
            yield str(file.relative_to(TOP))


def constants(node: ast.AST) -> Iterator[str]:
    """The texts that are written in a piece of code."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def test_nothing_else_asks_for_a_report_by_its_name() -> None:
    assert list(switches()) == []
