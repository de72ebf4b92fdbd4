"""A day is the country's: only the clock turns an instant into a day, and only rules that say so read it."""

from __future__ import annotations

import ast

import pytest

from tests.invariants.test_syntax import calls, trees

CLOCK = "nrm/clock.py"


@pytest.mark.slow
def test_only_the_clock_turns_an_instant_into_a_day() -> None:
    elsewhere = {
        (path, ast.unparse(call))
        for path, tree in trees().items()
        if path != CLOCK
        for called, call in calls(tree)
        if (called.attr == "date" and not call.args)
        or (called.attr == "today" and ast.unparse(call) in ("date.today()", "datetime.today()"))
    }
    assert elsewhere == set()


def test_rules_do_not_ask_what_time_it_is() -> None:
    asked = {
        (path, ast.unparse(call))
        for path, tree in trees().items()
        if path.startswith("nrm/domain/")
        for called, call in calls(tree)
        if called.attr in ("now", "today") and ast.unparse(called) in ("clock.now", "clock.today", "datetime.now")
    }
    assert not asked
