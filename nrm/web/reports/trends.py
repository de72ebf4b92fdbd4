"""A report over its releases: figures of sealed files side by side, and what may be read from them.

An address names the last quarter that is shown, so that it shows the same for ever, and picks published figures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports.report_list import ANNUAL, BY_NAME, RETURNEES
from nrm.domain.reports.reports import Window
from nrm.domain.words import N_
from nrm.render import series
from nrm.render.charts import reaching
from nrm.render.curves import curve_of, has_curve
from nrm.render.reports import words_of
from nrm.statistics.tables import Cell, TableSet
from nrm.store.countries import country
from nrm.store.reports import reports as store
from nrm.web import access
from nrm.web.language import current_language, gettext, text_in, translated
from nrm.web.reports import compared
from nrm.web.reports.reports import quarter_of, titles

blueprint = Blueprint("trends", __name__)


_REPORT = f"<any({', '.join(BY_NAME)}):report>"
SHOWN = 12
"""So many releases stand on a page: three years of quarters."""
TOGETHER = (1, 2, 4, 8)
"""So many releases may be taken together for a curve of lengths of stay."""
BREAKS = {False: N_("not published in this detail"), True: N_("not published")}


@blueprint.get(f"/reports/{_REPORT}/trend")
@access.requires(Permission.REPORT_READ)
def show(report: str) -> str | BaseResponse:
    """The number of all people over the releases, at the address that stays as it is."""
    found = _published(report)
    if not found:
        return render_template("reports/reports/trend.html", title=titles()[report], steps=[])
    last = str(found[-1].window.last)
    return redirect(url_for("trends.over", report=report, quarter=last, cell=series.ALL), 303)


@blueprint.get(f"/reports/{_REPORT}/trend/<quarter>/<path:cell>")
@access.requires(Permission.REPORT_READ)
def over(report: str, quarter: str, cell: str) -> str:
    """One published figure over the releases up to a quarter, or every part of it by a further dimension."""
    table_set = _table_set(report)
    try:
        picked = series.pick(cell, table_set)
    except series.UnknownCell:
        raise NotVisible from None
    found = _published(report, until=quarter_of(quarter))
    if not any(picked.cell in each.figures for each in found):
        raise NotVisible
    page = _Page(report, quarter, table_set, found)
    return _parts(page, picked) if picked.by else _over_time_page(page, picked)


@dataclass(frozen=True, slots=True)
class _Page:
    report: str
    quarter: str
    table_set: TableSet
    found: list[series.Published]

    def address(self, cell: Cell, by: str = "") -> str:
        written = series.written(series.Picked(tuple(sorted(cell)), by), self.table_set)
        return url_for("trends.over", report=self.report, quarter=self.quarter, cell=written)

    def names(self, cell: Cell) -> list[tuple[str, str, str]]:
        """(dimension, member, where another member is picked) of what a cell fixes."""
        words = words_of(self.table_set, current_language())
        fixed = dict(cell)
        return [
            (words.dimension(root), words.label(root, fixed[root]), self.address(_without(cell, root), root))
            for root in self.table_set.roots
            if root in fixed
        ]


def _without(cell: Cell, root: str) -> Cell:
    return tuple(each for each in cell if each[0] != root)


def _over_time_page(page: _Page, picked: series.Picked) -> str:
    steps = series.steps(page.found, picked.cell)
    words = {missing: translated(text) for missing, text in BREAKS.items()}
    told = compared.against_the_one_before(steps, picked.cell)
    return render_template(
        "reports/reports/trend.html",
        title=titles()[page.report],
        fixed=page.names(picked.cell),
        counted=page.table_set.counted.get(current_language(), ""),
        everybody=page.address(()),
        finding=compared.first_and_last(steps, picked.cell),
        concluded=compared.what_may_be_concluded(picked.cell),
        steps=[(step.name, step.figure, words[step.missing], said) for step, said in zip(steps, told, strict=True)],
        chart=Markup(reaching(series.chart_rows(steps, words, whole=not picked.cell))),  # noqa: S704 - our own markup
        parts=[
            (words_of(page.table_set, current_language()).dimension(root), page.address(picked.cell, root))
            for root in series.narrower(page.found, picked.cell, page.table_set)
        ],
    )


def _parts(page: _Page, picked: series.Picked) -> str:
    if picked.by not in series.narrower(page.found, picked.cell, page.table_set):
        raise NotVisible
    table_set, words = page.table_set, words_of(page.table_set, current_language())
    grouped = {code for codes in table_set.dimensions[picked.by].groups.values() for code in codes}
    rows = []
    for member in table_set.members(picked.by):
        cell: Cell = tuple(sorted((*picked.cell, (picked.by, member))))
        figures = [each.figures.get(cell) for each in page.found]
        if any(figure is not None for figure in figures) and not table_set.is_impossible(cell):
            kind = "in" if member in grouped else "part" if member in table_set.dimensions[picked.by].groups else ""
            rows.append((kind, words.label(picked.by, member), page.address(cell), figures))
    return render_template(
        "reports/reports/parts.html",
        title=titles()[page.report],
        by=words.dimension(picked.by),
        fixed=page.names(picked.cell),
        whole=page.address(picked.cell),
        names=[each.name for each in page.found],
        totals=[each.figures.get(picked.cell) for each in page.found],
        rows=rows,
    )


def _published(report: str, until: Quarter | None = None) -> list[series.Published]:
    """The releases of a report, the oldest first; `until` is the last quarter of one of them, else NotVisible."""
    table_set = _table_set(report)
    return [
        series.Published(Window(line.first_quarter, line.quarter), series.read(release, table_set))
        for line, release in _sealed(report, until)
    ]


def _sealed(report: str, until: Quarter | None = None) -> list[tuple[store.ReleaseLine, dict[str, Any]]]:
    """The newest `SHOWN` of them, as they were sealed."""
    by = access.actor()
    lines = store.releases(by=by, report=report)
    if until is not None:
        lines = [line for line in lines if line.quarter <= until]
        if not lines or lines[0].quarter != until:
            raise NotVisible
    newest = lines[:SHOWN]
    return [
        (line, json.loads(store.release_file(line.quarter, "json", by=by, report=report))) for line in reversed(newest)
    ]


def _table_set(report: str) -> TableSet:
    table_set = country().tables.get(report)
    if table_set is None:
        raise NotVisible
    return table_set


@blueprint.get(f"/reports/{_REPORT}/lengths")
@access.requires(Permission.REPORT_READ)
def lengths_now(report: str) -> str | BaseResponse:
    """How long stays last, by as many of the last releases as can be taken together: four quarters, or two years."""
    found = _with_curve(report)
    if not found:
        released = bool(_sealed(report))
        return render_template(
            "reports/reports/lengths.html", title=titles()[report], number=0, curve=None, released=released
        )
    number = max(each for each in _together(found)[:3] if each <= len(found))
    last = str(found[-1][0].quarter)
    return redirect(url_for("trends.lengths", report=report, quarter=last, number=number), 303)


@blueprint.get(f"/reports/{_REPORT}/lengths/<quarter>/<int:number>")
@access.requires(Permission.REPORT_READ)
def lengths(report: str, quarter: str, number: int) -> str:
    """The survival curve of the stays of some releases that follow one another up to a quarter."""
    found = _with_curve(report, quarter_of(quarter))
    together = _together(found)
    if number not in together or len(found) < number:
        raise NotVisible
    table_set = _table_set(report)
    assert table_set.survival is not None
    years = _of_years(found)
    words = words_of(table_set, current_language())
    return render_template(
        "reports/reports/lengths.html",
        title=titles()[report],
        quarter=quarter,
        number=number,
        years=years,
        whole_years="" if years else url_for("trends.lengths_now", report=ANNUAL.name),
        quarters=[str(line.quarter.year) if years else str(line.quarter) for line, _ in found[-number:]],
        curve=curve_of([release for _, release in found[-number:]], table_set.survival, words.label),
        others=[
            (each, url_for("trends.lengths", report=report, quarter=quarter, number=each))
            for each in together
            if each <= len(found) and each != number
        ],
        before=url_for("trends.lengths", report=report, quarter=str(found[-2][0].quarter), number=number)
        if len(found) > number
        else "",
    )


def _of_years(found: Sequence[tuple[store.ReleaseLine, Any]]) -> bool:
    """Whether each release is of a whole year."""
    return bool(found) and all(len(Window(line.first_quarter, line.quarter).quarters) == 4 for line, _ in found)


def _together(found: Sequence[tuple[store.ReleaseLine, Any]]) -> tuple[int, ...]:
    """How many releases may be taken together; of years two, which are eight quarters."""
    return TOGETHER[:2] if _of_years(found) else TOGETHER


def _with_curve(report: str, until: Quarter | None = None) -> list[tuple[store.ReleaseLine, dict[str, Any]]]:
    """The last releases that follow one another and print what a curve is made of, the oldest first."""
    survival = _table_set(report).survival
    found: list[tuple[store.ReleaseLine, dict[str, Any]]] = []
    if survival is not None:
        for line, release in reversed(_sealed(report, until)):
            follows = not found or line.quarter.next == found[0][0].first_quarter
            if not (follows and has_curve(release, survival)):
                break
            found.insert(0, (line, release))
    if until is not None and not found:
        raise NotVisible
    return found


# What the Action Plan asks to fall (II.3(a)(i)): table of report x, and the code that counts.
SHARES = {"announced": N_("Without notice"), "agency": N_("Without any agency")}
_FEWEST = 25
"""No share is given for fewer published returns than this, because a figure may be 9 away from the true number."""


@blueprint.get("/reports/x/notice")
@access.requires(Permission.REPORT_READ)
def notice() -> str:
    """Shares of returns without notice, and without any agency, per country and quarter, from published figures."""
    by = access.actor()
    releases = {
        _named(line.first_quarter, line.quarter): json.loads(
            store.release_file(line.quarter, "json", by=by, report=RETURNEES.name)
        )
        for line in reversed(store.releases(by=by, report=RETURNEES.name))
    }
    labels = country().tables[RETURNEES.name].dimensions["returned_from"].labels
    tables = []
    for dimension, title in SHARES.items():
        shares = {name: shares_of(release, dimension) for name, release in releases.items()}
        countries = sorted({code for found in shares.values() for code in found})
        rows = [
            (
                text_in(labels[code]) if code in labels else gettext("All countries"),
                [shares[name].get(code) for name in shares],
            )
            for code in countries
        ]
        tables.append((dimension, title, rows))
    names = [*releases]
    heads = [gettext("Returned from"), *((name, "n") for name in names)]
    return render_template("reports/reports/notice.html", names=names, heads=heads, tables=tables)


def shares_of(release: Mapping[str, Any], dimension: str) -> dict[str, int]:
    """Country (`*`: all) -> percentage of returns that were without, among those for which it is known, to the nearest
    5.

    Countries with too few are left out.
    """
    figures = {
        (row["returned_from"], row[dimension]): int(row["value"])
        for table in release["tables"]
        if set(table["dimensions"]) == {"returned_from", dimension}
        for row in table["rows"]
        if str(row["value"]).isdigit()
    }
    found = {}
    for code in {code for code, _ in figures}:
        without, known = figures.get((code, "no"), 0), figures.get((code, "no"), 0) + figures.get((code, "yes"), 0)
        if known >= _FEWEST:
            found[code] = 5 * round(20 * without / known)
    return found


def _named(first: Quarter, last: Quarter) -> str:
    return str(last) if first == last else f"{first}–{last}"
