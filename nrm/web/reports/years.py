"""A calendar year at a glance, for yearly reports: sealed figures of its quarters, added up where they may be."""

from __future__ import annotations

import json

from flask import Blueprint, render_template

from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports.report_list import ANNUAL, MAIN
from nrm.domain.reports.reports import Window
from nrm.render import series, years
from nrm.render.reports import words_of
from nrm.store.countries import country
from nrm.store.reports import reports as store
from nrm.web import access
from nrm.web.language import current_language
from nrm.web.reports.reports import titles

blueprint = Blueprint("years", __name__)


@blueprint.get("/reports/year/<int:year>")
@access.requires(Permission.REPORT_READ)
def show(year: int) -> str:
    """The year whose last quarter is released; a report that is late adds its figures and changes none."""
    if not 1000 <= year <= 2999 or not _released(MAIN.name, year)[-1]:
        raise NotVisible
    tables = country().tables
    found = {report: _released(report, year) for report in titles()}
    main = tables[MAIN.name]
    together = {report: _releases_of_year(report, year) for report in found}
    return render_template(
        "reports/reports/year.html",
        year=year,
        annual=next(((ANNUAL.name, last) for _, last in together.get(ANNUAL.name, ())), None),
        titles=titles(),
        report=MAIN.name,
        quarters=years.quarters_of(year),
        account=years.account(found[MAIN.name], main, words_of(main, current_language())),
        lines=[
            years.line(report, releases, adds_up=tables[report].adds_up)
            for report, releases in found.items()
            if any(releases)
        ],
        together=[(report, windows) for report, windows in together.items() if windows],
    )


def _released(report: str, year: int) -> list[series.Published | None]:
    by, table_set = access.actor(), country().tables[report]
    return years.within(
        [
            series.Published(
                Window(line.first_quarter, line.quarter),
                series.read(json.loads(store.release_file(line.quarter, "json", by=by, report=report)), table_set),
            )
            for line in store.releases(by=by, report=report)
            if line.quarter.year == year
        ],
        year,
    )


def _releases_of_year(report: str, year: int) -> list[tuple[Quarter, Quarter]]:
    """The releases of several quarters of the year, the oldest first."""
    lines = store.releases(by=access.actor(), report=report)
    return [
        (line.first_quarter, line.quarter)
        for line in reversed(lines)
        if line.quarter.year == year and line.first_quarter != line.quarter
    ]
