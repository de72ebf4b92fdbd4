"""docs/failures.md: each drill that it tells of is a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_drill_that_is_told_of_is_a_test() -> None:
    told = re.findall(r"`(test_\w+)`", (ROOT / "docs" / "failures.md").read_text("utf-8"))
    there = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(told) > 20
    assert [name for name in told if f"def {name}(" not in there] == []
    drills = (ROOT / "tests" / "integration" / "test_failure_drills.py").read_text("utf-8")
    assert [name for name in re.findall(r"^def (test_\w+)", drills, re.MULTILINE) if name not in told] == []
