"""Which tables are late, and whose they are; which joint report is not made: for those who see the whole register."""

from __future__ import annotations

from collections.abc import Mapping

from flask import render_template
from markupsafe import Markup

from nrm.domain.quarters import Quarter
from nrm.store.countries import country
from nrm.store.reports import register as store
from nrm.store.reports import reports
from nrm.web import access

SHOWN = 5


def late_note() -> str:
    """How many are late and the longest outstanding, or nothing."""
    late = store.late(by=access.actor())
    if not late:
        return ""
    page = render_template("reports/register/late.html", late=late, shown=late[:SHOWN], agencies=agency_names())
    return Markup(page)  # noqa: S704 - our own template


def unjoined() -> list[Quarter]:
    """The quarters whose figures are published and whose joint report is not made, the oldest first: also where making
    it was begun and given up."""
    by = access.actor()
    published = {line.quarter for line in reports.releases(by=by)}
    return sorted(published & {line.quarter for line in store.lines(by=by) if line.open})


def agency_names() -> dict[str, Mapping[str, str]]:
    """The names of organisations by their code, as the country's data has them."""
    return {code: each.names for code, each in country().organisations.items()}
