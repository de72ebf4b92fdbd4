"""A report over its releases: figures of sealed files side by side, and what may be read from them."""

from __future__ import annotations

import json

from flask import Blueprint, render_template
from markupsafe import Markup

from nrm.domain import reports as rules
from nrm.domain.accounts import Actor, Permission
from nrm.domain.quarters import Quarter
from nrm.render.charts import bars
from nrm.render.matrices import TELLING_DIFFERENCE, grand_total
from nrm.store import reports as store
from nrm.web import guards
from nrm.web.language import gettext
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
