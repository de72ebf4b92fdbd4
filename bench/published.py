"""All that a demo country has published, attacked together, and its figures compared between formats. Nothing is timed.

Targets: nothing is learnt, every format says the same, and what is planted is found.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from nrm.cli.demo import make_demo
from nrm.cli.usage import application
from nrm.db import db, disconnect
from nrm.domain.reports.report_list import ANNUAL, MAIN
from nrm.store.countries import country
from nrm.store.reports import year_counting
from tests import published
from tests.published import Published

PEOPLE = 400
SECOND = 2  # so many second releases of the year are planted, one after the other


def planted(releases: Sequence[Published]) -> Iterator[tuple[str, list[Published]]]:
    """(what, all releases with it) of each kind of mistake that must be found."""
    for release in (next(r for r in releases if r.report == name and r.step != "total") for name in ("ix", "annual")):
        cell = next(cell for cell, figure in release.figures.items() if figure and figure > 5)
        yield (
            f"an exact figure in {release.name}",
            published.with_figure(releases, release.name, cell, (release.figures[cell] or 0) + 2),
        )
    year = next(each for each in releases if each.report == ANNUAL.name)
    rows = people_of(year)
    for seed in range(SECOND):
        yield f"a second {year.name}", [*releases, published.drawn_again(year, rows, bytes([seed]))]


def people_of(year: Published) -> list[dict[str, str]]:
    """The people of a year, as they are counted."""
    tables = country().tables[ANNUAL.name]
    codes = {name: (*tables.dimensions[name].codes, *tables.dimensions[name].recode) for name in tables.roots}
    with db.engine.connect() as connection:
        return year_counting.people_of_year(connection, year.first, year.last, codes, by=published.RELEASE)


def report() -> bool:
    """Read, compare and attack all releases of the instance of the context; whether everything is as it should be."""
    releases = published.everything()
    formats = Counter[str]()
    for name, _, last, _, files in published.files_of_everything():
        for wrong in published.differing(files):
            print(f"{name} {last}: {wrong} says something else")
            formats[wrong] += 1
    steps = Counter((each.report, each.step) for each in releases)
    for name, group in itertools.groupby(sorted(steps), key=lambda each: each[0]):
        print(f"  {name:16} " + ", ".join(f"{steps[each]} {each[1]}" for each in group))
    together = published.Together(releases)
    started = time.process_time()
    found = together.learnt()
    seconds = time.process_time() - started
    figures = sum(len(each.figures) for each in releases)
    print(
        f"{len(releases)} releases, {figures} figures, {together.asked} things that must stay open: {len(found)} learnt"
    )
    print(f"of these {len(published.unpromised(found))} against a promise")
    print(f"{together.believed} pairs of reports taken to be on the same people; {seconds:.1f} s of processor time")
    for each in found:
        print(f"  {each}")
    caught = []
    for what, all_ in planted(releases):
        told = published.learnt(all_)
        caught.append(bool(told))
        kinds = ", ".join(f"{number} {kind}" for kind, number in Counter(each.what for each in told).items())
        print(f"planted: {what}: {kinds or 'NOT FOUND'}")
    return not published.unpromised(found) and not formats and all(caught)


def main() -> None:
    """Make a demo country, and print what its releases tell together."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "demo"
        make_demo(folder, people=PEOPLE, seed=1, until=None)
        with application(folder).app_context():
            assert any(line.report == MAIN.name for line in published.everything())
            print("target met" if report() else "SHORT OF THE TARGET")
            disconnect()
