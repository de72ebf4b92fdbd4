"""Which quarters the statistician's home page shows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from nrm.countries import load
from nrm.domain.quarters import Quarter
from nrm.store.reports.reports import ReleaseLine
from nrm.web.reports import reports


@pytest.fixture(autouse=True)
def _country(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "country", lambda: load("albania"))


def released(quarter: Quarter) -> ReleaseLine:
    return ReleaseLine(quarter, quarter, datetime(2026, 1, 1, tzinfo=UTC), "three-way", frozenset())


def test_of_ten_years_only_the_last_quarters_stand_there_and_all_that_are_not_closed() -> None:
    closed = [Quarter(year, number) for year in range(2014, 2024) for number in (1, 2, 3, 4)]
    lines = reports._register([released(each) for each in closed], [], date(2026, 11, 25))
    assert [str(line.quarter) for line in lines if line.release] == [str(each) for each in reversed(closed[-8:])]
    waiting = [(str(line.quarter), line.state) for line in lines if not line.release]
    assert waiting[0] == ("2026Q4", "running")
    assert waiting[-1] == ("2024Q1", "next")
    assert len(waiting) == 12


def test_without_any_release_the_quarter_before_can_be_closed() -> None:
    lines = reports._register([], [], date(2026, 11, 25))
    assert [(str(line.quarter), line.state) for line in lines] == [("2026Q4", "running"), ("2026Q3", "next")]
