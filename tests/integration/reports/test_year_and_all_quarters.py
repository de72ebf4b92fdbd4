"""A whole year of a small country: how much the year prints is no luck, and all its releases are attacked together."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nrm import clock
from nrm import db as database
from nrm.domain.quarters import Quarter
from nrm.domain.reports.report_list import ANNUAL, JOINT, MAIN
from nrm.domain.reports.reports import filled
from nrm.statistics import one_person, quarters_of_year, release
from nrm.statistics.attack import check_again
from nrm.statistics.printed import at_step
from nrm.statistics.quarters_of_year import YearWithQuarters
from nrm.statistics.verdicts import Draft, Refused
from nrm.store.countries import country
from tests import accommodated, factories, published
from tests.published import Published

SEEDS = {65: range(10), 120: range(4)}
"""By number of people: a year of 120 takes half a minute for each seed."""
CLOSED = (date(2025, 4, 20), date(2025, 7, 20), date(2025, 10, 20), date(2026, 1, 20))
SAME = {"nationality", "sex", "age_band", "country_of_trafficking", "exploitation"}
QUARTERS = tuple(Quarter(2025, number) for number in (1, 2, 3, 4))


@dataclass(frozen=True)
class Year:
    """An instance with a closed year, and what the program was asked for when the year was over."""

    folder: Path
    people: int
    table_set: Any
    rows: Any
    named: Mapping[str, Any]

    def made(self, seed: int) -> Draft | Refused:
        """The year again, with another seed; with the gate as it is for invented people."""
        named = {**self.named, "people": one_person.FEWEST, "progress": None, "seed": b"%032d" % seed}
        return release.make(self.table_set, self.rows, **named)


@pytest.fixture(scope="module", params=SEEDS)
def year(request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Year:
    """Four closed quarters. Report ix passed the whole gate, so that its verdicts say what it tells of one person."""
    asked: list[tuple[Any, ...]] = []
    made_before: list[Any] = []  # a draw of its own for each release, and the same ones in every run
    make = release.make
    folder = tmp_path_factory.mktemp("year") / "instance"
    with pytest.MonkeyPatch.context() as patch:

        def listen(table_set: Any, rows: Any, **named: Any) -> Any:
            if table_set.quarters_of:
                asked.append((table_set, rows, named))
            patch.setattr(one_person, "PEOPLE", 100 if table_set.stock_flow or table_set.quarters_of else 0)
            made_before.append(table_set)
            return make(table_set, rows, **{**named, "people": one_person.FEWEST, "seed": b"%032d" % len(made_before)})

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
    made = [year.made(seed) for seed in SEEDS[year.people]]
    assert [each.verdict.step for each in made] == ["two_way"] * len(SEEDS[year.people])
    assert all(each.verdict.one_person.by_series < one_person.MOST_BY_SERIES for each in made)


# Everything that was published, taken together


@pytest.fixture
def releases(year: Year, tmp_path: Path) -> Iterator[list[Published]]:
    """Every release of each report, as a reader takes it."""
    app = factories.copy_instance(year.folder, tmp_path / "read")
    with app.app_context():
        for report, _, last, step, files in published.files_of_everything():
            if report != JOINT.name:
                tables = filled(json.loads(files["json"]))
                own = country().tables[report].of_release(tables)
                assert check_again(at_step(own, step), tables, None) == [], (report, last)
        yield published.everything()
        database.disconnect()


@pytest.mark.slow
def test_all_releases_of_a_year_together_tell_of_no_few_people(releases: list[Published]) -> None:
    assert {each.report for each in releases} > {"ix", "annual", "x"}
    assert published.unpromised(published.learnt(releases)) == []
    made_together = [each for each in releases if each.report in (MAIN.name, ANNUAL.name)]
    assert published.learnt(made_together) == []  # of a year and its quarters also not that few are there
    # Planted: a 5 of one quarter beside a 0 of the year says that fewer than five are there.
    whole = next(each for each in releases if each.report == ANNUAL.name)
    quarter, named = next(
        (quarter, cell)
        for quarter in releases
        if quarter.report == MAIN.name
        for cell, figure in whole.figures.items()
        if len(cell) == 1 and {root for root, _ in cell} <= SAME and figure == 0 == quarter.figures.get(cell)
    )
    told = published.Together(published.with_figure(releases, quarter.name, named, 5)).learnt()
    assert published.Learnt(quarter.name, "few", named, 5) in told


@pytest.mark.slow
def test_possible_worlds_of_a_whole_year_leave_everything_open(year: Year) -> None:
    """Asked with other worlds than when the year was made. That they find a year which gives a quarter away is shown by
    hand-made ones (`tests/unit/statistics/test_quarters_of_year.py`)."""
    made = year.made(0)
    assert isinstance(made, Draft)
    figures = {tuple(map(tuple, cell)): 5 * units for cell, units in made.kept["figures"]}
    records, persons = year.table_set.records(year.rows)
    course = YearWithQuarters.of(year.named["quarters"], persons)
    printed = at_step(year.table_set, made.step)
    found, asked = quarters_of_year.findings(printed, figures, records, course, random.Random(99))
    assert found == []
    assert asked > 1000
