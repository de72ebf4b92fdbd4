"""How much a year prints is no luck: the same people give the same detail with every seed (ADR 0108)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nrm import clock
from nrm import db as database
from nrm.domain.quarters import Quarter
from nrm.statistics import one_person, release
from tests import accommodated, factories

SEEDS = range(10)
CLOSED = (date(2025, 4, 20), date(2025, 7, 20), date(2025, 10, 20), date(2026, 1, 20))

Again = Callable[[int], release.Draft | release.Refused]


@pytest.fixture(params=[65, 120])
def again(request: pytest.FixtureRequest, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Again:
    """What the program is asked for when the year is over, to be made with any seed. All of its quarters are closed;
    report ix and the year pass the whole gate, as it is for invented people."""
    asked: list[tuple[Any, ...]] = []
    make = release.make

    def listen(table_set: Any, rows: Any, **named: Any) -> Any:
        if table_set.quarters_of:
            asked.append((table_set, rows, named))
        monkeypatch.setattr(one_person, "PEOPLE", 100 if table_set.stock_flow else 0)
        return make(table_set, rows, **{**named, "people": one_person.FEWEST})

    monkeypatch.setattr(release, "make", listen)
    with factories.copy_instance(template, tmp_path / "year").app_context():
        accommodated.at(CLOSED[-1])
        accommodated.many(request.param, seed=3, months=(date(2024, 12, 5), date(2025, 12, 28)))
        for number, day in enumerate(CLOSED, 1):
            accommodated.at(day)
            accommodated.release(Quarter(2025, number), by=factories.actor("molsa.statistician"))
        database.disconnect()
    clock.set_clock(None)
    [(table_set, rows, named)] = asked
    assert len(named["quarters"]) == len(CLOSED)
    monkeypatch.setattr(one_person, "PEOPLE", 100)
    named |= {"people": one_person.FEWEST, "progress": None}
    return lambda seed: make(table_set, rows, **{**named, "seed": b"%032d" % seed})


@pytest.mark.slow
def test_a_year_is_printed_by_two_attributes_with_every_seed(again: Again) -> None:
    """One seed gave two attributes and another a bare total. Beside a quarter the gate looked at people who are not
    these, and gave them a year that knew of no release before it."""
    made = [again(seed) for seed in SEEDS]
    assert [each.verdict.step for each in made] == ["two_way"] * len(SEEDS)
    assert all(each.verdict.one_person.by_series < one_person.MOST_BY_SERIES for each in made)
