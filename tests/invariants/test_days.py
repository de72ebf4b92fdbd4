"""A day is the country's: only the clock turns an instant into a day, and only rules that say so read it."""

from __future__ import annotations

import ast
from pathlib import Path

import nrm

PROGRAM = Path(nrm.__file__).parent
CLOCK = PROGRAM / "clock.py"
# What reads a date out of something that is no instant: a day typed on a command line.
NO_INSTANTS = {("cli/demo.py", "until.date()")}


def _calls(path: Path) -> list[tuple[str, ast.Call]]:
    tree = ast.parse(path.read_text("utf-8"))
    return [
        (node.func.attr, node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


def test_only_the_clock_turns_an_instant_into_a_day() -> None:
    elsewhere = {
        (str(path.relative_to(PROGRAM)), ast.unparse(node))
        for root in (PROGRAM, PROGRAM.parent / "forms")
        for path in root.rglob("*.py")
        if path != CLOCK
        for name, node in _calls(path)
        if (name == "date" and not node.args)
        or (name == "today" and ast.unparse(node) in ("date.today()", "datetime.today()"))
    }
    assert elsewhere == NO_INSTANTS


def test_rules_do_not_ask_what_time_it_is() -> None:
    asked = {
        (str(path.relative_to(PROGRAM)), ast.unparse(node))
        for path in (PROGRAM / "domain").rglob("*.py")
        for _, node in _calls(path)
        if ast.unparse(node.func) in ("clock.now", "clock.today", "datetime.now")
    }
    assert not asked
