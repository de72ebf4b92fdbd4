"""A whole year of a small country: how much the year prints is no luck, and all its releases are attacked together."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from nrm import clock
from nrm import db as database
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.reports.report_list import ANNUAL, MAIN, REPORTS
from nrm.domain.reports.reports import filled
from nrm.statistics import one_person, quarters_of_year, release
from nrm.statistics.attack import check_again
from nrm.statistics.quarters_of_year import YearWithQuarters
from nrm.statistics.release import at_step
from nrm.store.countries import country
from nrm.store.reports import reports as store
from tests import accommodated, factories
from tests.integration.reports.test_annual_report import SAME, Arithmetic, Named

SEEDS = range(10)
CLOSED = (date(2025, 4, 20), date(2025, 7, 20), date(2025, 10, 20), date(2026, 1, 20))
QUARTERS = tuple(Quarter(2025, number) for number in (1, 2, 3, 4))
RELEASE = Actor.system("release")


@dataclass(frozen=True)
class Year:
    """An instance with a closed year, and what the program was asked for when the year was over."""

    folder: Path
    people: int
    table_set: Any
    rows: Any
    named: Mapping[str, Any]

    def made(self, seed: int) -> release.Draft | release.Refused:
        """The year again, with another seed; with the gate as it is for invented people."""
        named = {**self.named, "people": one_person.FEWEST, "progress": None, "seed": b"%032d" % seed}
        return release.make(self.table_set, self.rows, **named)


@pytest.fixture(scope="module", params=[65, 120])
def year(request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Year:
    """Four closed quarters. Report ix passed the whole gate, so that its verdicts say what it tells of one person."""
    asked: list[tuple[Any, ...]] = []
    make = release.make
    folder = tmp_path_factory.mktemp("year") / "instance"
    with pytest.MonkeyPatch.context() as patch:

        def listen(table_set: Any, rows: Any, **named: Any) -> Any:
            if table_set.quarters_of:
                asked.append((table_set, rows, named))
            patch.setattr(one_person, "PEOPLE", 100 if table_set.stock_flow or table_set.quarters_of else 0)
            return make(table_set, rows, **{**named, "people": one_person.FEWEST})

        patch.setattr(release, "make", listen)
        with factories.copy_instance(template, folder).app_context():
            accommodated.at(CLOSED[-1])
            accommodated.many(request.param, seed=3, months=(date(2024, 12, 5), date(2025, 12, 28)))
            for quarter, day in zip(QUARTERS, CLOSED, strict=True):
                accommodated.at(day)
                accommodated.release(quarter, by=factories.actor("molsa.statistician"))
            database.disconnect()
        clock.set_clock(None)
    [(table_set, rows, named)] = asked
    assert len(named["quarters"]) == len(CLOSED)
    return Year(folder, request.param, table_set, rows, named)


@pytest.mark.slow
def test_a_year_is_printed_by_two_attributes_with_every_seed(year: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    """One seed gave two attributes and another a bare total. Beside a quarter the gate looked at people who are not
    these, and gave them a year that knew of no release before it."""
    monkeypatch.setattr(one_person, "PEOPLE", 100)
    made = [year.made(seed) for seed in SEEDS]
    assert [each.verdict.step for each in made] == ["two_way"] * len(SEEDS)
    assert all(each.verdict.one_person.by_series < one_person.MOST_BY_SERIES for each in made)


# Everything that was published, taken together


Published = dict[str, dict[Named, int | None]]


@pytest.fixture
def published(year: Year, tmp_path: Path) -> Iterator[Published]:
    """Every figure of report ix of each quarter, by its name, and of the year, as a reader takes them."""
    app = factories.copy_instance(year.folder, tmp_path / "read")
    with app.app_context():
        found: Published = {}
        for report in REPORTS:
            for line in store.releases(by=RELEASE, report=report.name):
                value = json.loads(store.release_file(line.quarter, "json", by=RELEASE, report=report.name))
                figures: dict[Named, int | None] = {}
                for table in value["tables"]:
                    for row in table.get("rows", ()):
                        codes = {n: c for n, c in row.items() if n not in ("value", "status") and c != "*"}
                        figures[frozenset(codes.items())] = None if row.get("status") == "M" else row["value"]
                found[report.name if report is ANNUAL else f"{report.name} {line.quarter}"] = figures
                tables = filled(value)
                own = country().tables[report.name].of_release(tables)
                assert check_again(at_step(own, line.step), tables, None) == [], (report.name, line.quarter)
        yield found
        database.disconnect()


def learnt(published: Published) -> dict[tuple[str, Named], object]:
    """Small figures of which all releases of the year say together that somebody, or nobody, or that few must be there.

    Who is in a quarter is in the year, as the same person. Who is there when a quarter ends is there when the next one
    opens. Who is in the year was there when it began or was admitted in one of its quarters.
    """
    attacker = Arithmetic()
    quarters = [f"{MAIN.name} {quarter}" for quarter in QUARTERS]
    attacker.names = dict.fromkeys(quarters, MAIN.name)
    for name in (*quarters, ANNUAL.name):
        attacker.read(name, published[name])
    numbers, solver = attacker.numbers, attacker.solver
    shared = [
        (name, named)
        for name in quarters
        for named in published[name].keys() & published[ANNUAL.name].keys()
        if {root for root, _ in named} <= SAME
    ]
    for name, named in shared:
        solver.addConstr(numbers[name, named] <= numbers[ANNUAL.name, named])
    at_start, admitted, at_end = ("arrival", "opening"), ("arrival", "admitted"), ("stay_status", "still_there")
    for one, other in pairwise(quarters):
        for named in published[other]:
            if at_start in named and (closing := named - {at_start} | {at_end}) in published[one]:
                solver.addConstr(numbers[other, named] == numbers[one, closing])
    for named in published[ANNUAL.name]:
        came = [(quarters[0], named | {at_start}), *((name, named | {admitted}) for name in quarters)]
        if all(each in numbers for each in came):
            solver.addConstr(numbers[ANNUAL.name, named] <= sum(numbers[each] for each in came))
    found: dict[tuple[str, Named], object] = {}
    for name, named in [*shared, *((ANNUAL.name, named) for _, named in shared)]:
        figure = published[name][named]
        if figure in (0, 5) and (name, named) not in found:
            low, high = attacker.between((name, named))
            if low > 0 or high < (1 if figure == 0 else 5):
                found[name, named] = (figure, low, high)
    return found


@pytest.mark.slow
def test_all_releases_of_a_year_together_tell_of_no_few_people(published: Published) -> None:
    assert {name.split()[0] for name in published} > {"ix", "annual", "x"}
    assert learnt(published) == {}
    # Planted: a 5 of one quarter beside a 0 of the year says that fewer than five are there.
    name, named = next(
        (f"ix {quarter}", named)
        for quarter in QUARTERS
        for named in published[f"ix {quarter}"]
        if len(named) == 1
        and {root for root, _ in named} <= SAME
        and published[f"ix {quarter}"][named] == 0 == published["annual"].get(named)
    )
    planted = {**published, name: {**published[name], named: 5}}
    assert learnt(planted)[name, named] == (5, 0, 4)


@pytest.mark.slow
def test_possible_worlds_of_a_whole_year_leave_everything_open(year: Year) -> None:
    """Asked with other worlds than when the year was made. That they find a year which gives a quarter away is shown by
    hand-made ones (`tests/unit/statistics/test_quarters_of_year.py`)."""
    made = year.made(0)
    assert isinstance(made, release.Draft)
    figures = {tuple(map(tuple, cell)): 5 * units for cell, units in made.kept["figures"]}
    records, persons = year.table_set.records(year.rows)
    course = YearWithQuarters.of(year.named["quarters"], persons)
    printed = at_step(year.table_set, made.step)
    found, asked = quarters_of_year.findings(printed, figures, records, course, random.Random(99))
    assert found == []
    assert asked > 1000
