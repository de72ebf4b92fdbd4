"""A report over its releases: figures of sealed files side by side, and what may be read from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template
from markupsafe import Markup

from nrm.domain import reports as rules
from nrm.domain.accounts import Actor, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.words import N_
from nrm.render.charts import bars
from nrm.render.matrices import TELLING_DIFFERENCE, grand_total
from nrm.store import reports as store
from nrm.web import guards
from nrm.web.language import gettext, text_in
from nrm.web.reports import titles

blueprint = Blueprint("trends", __name__)


@blueprint.get(f"/reports/<any({', '.join(rules.REPORTS)}):report>/trend")
@guards.requires(Permission.REPORT_READ)
def show(report: str) -> str:
    """The total of every release, the oldest first."""
    rows = _totals(report, guards.actor())
    return render_template(
        "reports/trend.html",
        title=titles()[report],
        finding=_finding(rows),
        rows=rows,
        chart=Markup(bars(rows)),  # noqa: S704 - our own markup, escaped where it is made
    )


# What the Action Plan asks to fall (II.3(a)(i)): table of report x, and the code that counts.
SHARES = {"announced": N_("Without notice"), "agency": N_("Without any agency")}
_FEWEST = 25
"""Of fewer returns than this, as published, no share is said: a figure may be 9 away."""


@blueprint.get("/reports/x/notice")
@guards.requires(Permission.REPORT_READ)
def notice() -> str:
    """Shares of returns without notice, and without any agency, per country and quarter, from published figures."""
    by = guards.actor()
    releases = {
        _named(line.first_quarter, line.quarter): json.loads(
            store.release_file(line.quarter, "json", by=by, report="x")
        )
        for line in reversed(store.releases(by=by, report="x"))
    }
    labels = guards.country().tables["x"].dimensions["returned_from"].labels
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
    return render_template("reports/notice.html", names=names, heads=heads, tables=tables)


def shares_of(release: Mapping[str, Any], dimension: str) -> dict[str, int]:
    """Country (`*`: all) -> of the returns of which it is known, the percentage that were without, to the nearest five.

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


def _totals(report: str, by: Actor) -> list[tuple[str, int]]:
    rows = []
    for line in reversed(store.releases(by=by, report=report)):
        total = grand_total(json.loads(store.release_file(line.quarter, "json", by=by, report=report)))
        if total is not None:
            rows.append((_named(line.first_quarter, line.quarter), total))
    return rows


def _named(first: Quarter, last: Quarter) -> str:
    return str(last) if first == last else f"{first}–{last}"


def _finding(rows: list[tuple[str, int]]) -> str:
    """One sentence, in words alone where the figures do not say which is larger."""
    if len(rows) < 2:
        return gettext("One release: there is nothing to compare yet")
    (first, before), (last, now) = rows[0], rows[-1]
    names = {"first": first, "last": last, "before": before, "now": now}
    if abs(now - before) < TELLING_DIFFERENCE:
        return gettext("From %(first)s to %(last)s the figures do not say whether there were more or fewer", **names)
    if now > before:
        return gettext("More in %(last)s than in %(first)s: %(now)s and %(before)s", **names)
    return gettext("Fewer in %(last)s than in %(first)s: %(now)s and %(before)s", **names)
