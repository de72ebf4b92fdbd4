"""Sealed releases, closing a quarter, and the home pages of those who only read releases.

These pages show bytes that were made when the quarter was closed. They compute no figure, and no address, however
written, gives another number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response, redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from nrm import clock
from nrm.actions import reports as actions
from nrm.domain import reports as rules
from nrm.domain.accounts import NotVisible, Permission, Role
from nrm.domain.quarters import Quarter, UnreadableQuarter
from nrm.domain.words import N_
from nrm.store import reports as store
from nrm.web import guards, home
from nrm.web.language import current_language, translated

blueprint = Blueprint("reports", __name__)

# The end of an address -> the format of a release, its media type, and what its link says.
DOWNLOADS = {
    "pdf": ("pdf.sq", "application/pdf", N_("PDF, Albanian")),
    "en.pdf": ("pdf.en", "application/pdf", N_("PDF, English")),
    "csv": ("csv", "text/csv; charset=utf-8", N_("CSV")),
    "json": ("json", "application/json", N_("JSON")),
}
ASK_AGAIN_SECONDS = 10


@dataclass(frozen=True, slots=True)
class DueLine:
    """One quarter in the register of reports: when it is due and where it stands."""

    quarter: Quarter
    due_on: date
    state: str  # released, closing, next, waiting, running
    late: bool
    release: store.ReleaseLine | None


def _quarter(text: str) -> Quarter:
    """The quarter of an address, which has one spelling; raises NotVisible."""
    try:
        quarter = Quarter.parse(text)
    except UnreadableQuarter:
        raise NotVisible from None
    if str(quarter) != text:
        raise NotVisible
    return quarter


def _today() -> date:
    return clock.now().astimezone(guards.country().timezone).date()


@blueprint.get("/reports")
@guards.requires(Permission.REPORT_READ)
def releases() -> str:
    """All sealed releases."""
    return render_template("reports/releases.html", releases=store.releases(by=guards.actor()))


@blueprint.get("/reports/ix/<quarter>")
@guards.requires(Permission.REPORT_READ)
def ix(quarter: str) -> str:
    """The sealed page of a quarter, in the reader's language, inside the frame of all pages."""
    which = _quarter(quarter)
    by = guards.actor()
    release = store.release(which, by=by)
    body = store.release_file(which, f"html.{current_language()}", by=by).decode()
    return render_template(
        "reports/ix.html",
        quarter=str(which),
        body=Markup(body),  # noqa: S704 - our own markup, escaped when it was sealed
        downloads=[
            (translated(label), url_for("reports.download", quarter=str(which), ending=ending))
            for ending, (name, _, label) in DOWNLOADS.items()
            if name in release.formats
        ],
    )


@blueprint.get("/reports/ix/<string(length=6):quarter>.<any('pdf', 'en.pdf', 'csv', 'json'):ending>")
@guards.requires(Permission.REPORT_READ)
def download(quarter: str, ending: str) -> BaseResponse:
    """The sealed bytes."""
    name, media_type, _ = DOWNLOADS[ending]
    content = store.release_file(_quarter(quarter), name, by=guards.actor())
    response = Response(content, content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=f"ix-{quarter}.{ending}")
    return response


@blueprint.post("/reports/ix/<quarter>/close")
@guards.requires(Permission.REPORT_CLOSE)
def close(quarter: str) -> BaseResponse | tuple[str, int]:
    """Begin; the work goes on while the page that follows waits for it."""
    which = _quarter(quarter)
    try:
        already = actions.begin(which, by=guards.actor())
    except rules.BeingClosed:
        already = None
    except rules.QuarterNotEnded:
        return _not_now(which, None)
    except rules.QuarterOutOfOrder as error:
        return _not_now(which, error.expected)
    return redirect(url_for("reports.ix" if already else "reports.closing", quarter=str(which)), 303)


def _not_now(quarter: Quarter, expected: Quarter | None) -> tuple[str, int]:
    return render_template("reports/not_now.html", quarter=quarter, expected=expected), 409


@blueprint.get("/reports/ix/<quarter>/closing")
@guards.requires(Permission.REPORT_CLOSE)
def closing(quarter: str) -> BaseResponse:
    """How the closing goes; asks again by itself, without a script, until there is an answer."""
    which = _quarter(quarter)
    state = actions.state(which, by=guards.actor())
    if state == "released":
        return redirect(url_for("reports.ix", quarter=str(which)), 303)
    refused = state.findings if isinstance(state, actions.Refused) else None
    running = state == "closing"
    page = Response(render_template("reports/closing.html", quarter=which, running=running, refused=refused))
    if running:
        page.headers["Refresh"] = str(ASK_AGAIN_SECONDS)
    return page


@home.page(Role.STATISTICIAN)
def statistician_home() -> str:
    """Due dates, sealed releases, and the one quarter that can be closed; never a count of anybody."""
    by = guards.actor()
    lines = _register(store.releases(by=by), _today())
    offered = next((line for line in lines if line.state == "next"), None)
    closing_now = offered is not None and actions.state(offered.quarter, by=by) == "closing"
    return render_template("home/statistician.html", lines=lines, offered=offered, closing_now=closing_now)


@home.page(Role.MONITOR)
def monitor_home() -> str:
    return render_template("home/monitor.html", releases=store.releases(by=guards.actor()))


def _register(releases: list[store.ReleaseLine], today: date) -> list[DueLine]:
    """The quarters that matter, newest first: the running one, those to be closed, those released."""
    days = guards.country().calendar.release_after_days
    by_quarter = {release.quarter: release for release in releases}
    offered = rules.next_to_close(max(by_quarter, default=None), today)
    quarters = set(by_quarter)
    quarter = Quarter.of(today)
    quarters.add(quarter)
    while offered and (quarter := quarter.previous) >= offered:
        quarters.add(quarter)
    lines = []
    for each in sorted(quarters, reverse=True):
        due = rules.due_on(each, days)
        release = by_quarter.get(each)
        if release:
            state = "released"
        elif each.end >= today:
            state = "running"
        else:
            state = "next" if each == offered else "waiting"
        lines.append(DueLine(each, due, state, release is None and today > due, release))
    return lines
