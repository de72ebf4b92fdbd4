"""What each test costs, in processor time: it is nearly the same on a busy machine, as the clock's is not.

Loaded by `conftest`. Every run ends with the tests that belong to `make quick` and cost more than `SLOW` seconds: mark
them `slow`. `--costs 50` prints the fifty that cost most, with the fixtures they were the first to need.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator

import pytest

SLOW = 0.5
# What `make quick` leaves out; pyproject.toml says what each is.
LEFT_OUT = ("browser", "postgresql", "slow")
_NAME = "processor seconds"
_LEFT_OUT = "not of the quick ones"
_costs: Counter[str] = Counter()
_calls: dict[str, float] = {}  # without what fixtures cost
_left_out: set[str] = set()


TICKS = os.sysconf("SC_CLK_TCK")


def _used() -> float:
    """Seconds of this process and of all it started: those that have ended, and a browser or typesetter that runs."""
    return sum(os.times()[:4]) + sum(map(_used_by, _children("self")))


def _read(path: str) -> bytes:
    """A file of /proc; nothing where there is none, because a process or one of its threads ended in between.

    A browser has a hundred threads, and this is asked three times a test: `Path` would cost more than some tests.
    """
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_RDONLY)
        try:
            return os.read(file, 65_536)
        finally:
            os.close(file)
    return b""


def _children(process: str) -> list[str]:
    """The processes that a process started and that still run; none where there is no /proc."""
    threads: list[str] = []
    with contextlib.suppress(OSError):
        threads = os.listdir(f"/proc/{process}/task")
    return [child.decode() for each in threads for child in _read(f"/proc/{process}/task/{each}/children").split()]


def _used_by(process: str) -> float:
    """What such a process used, with those it started."""
    said = _read(f"/proc/{process}/stat").rpartition(b")")[2].split()
    return sum(map(int, said[11:15])) / TICKS + sum(map(_used_by, _children(process))) if said else 0.0


class Costs:
    """One for each process of the run: with xdist the workers measure, and the first process adds up."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.before = _used()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        report = yield
        now = _used()
        # What a browser used is no longer told of once it was ended from outside.
        report.user_properties.append((_NAME, max(0.0, now - self.before)))  # type: ignore[attr-defined]
        if any(item.get_closest_marker(name) for name in LEFT_OUT):
            report.user_properties.append((_LEFT_OUT, True))  # type: ignore[attr-defined]
        self.before = now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        said = dict(report.user_properties)
        cost = said.get(_NAME)
        if isinstance(cost, float):
            _costs[report.nodeid] += cost
            if report.when == "call":
                _calls[report.nodeid] = cost
        if _LEFT_OUT in said:
            _left_out.add(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        unmarked = [test for test, cost in _calls.items() if cost > SLOW and test not in _left_out]
        if unmarked:
            terminalreporter.section(f"more than {SLOW:g} s of processor time: to be marked slow")
        for test in sorted(unmarked, key=lambda test: -_calls[test]):
            terminalreporter.line(f"{_calls[test]:7.2f} s  {test}")
        if self.most:
            terminalreporter.section(f"{sum(_costs.values()):.0f} s of processor time; the costliest tests")
        for test, cost in _costs.most_common(self.most):
            terminalreporter.line(f"{cost:7.2f} s  {test}")
