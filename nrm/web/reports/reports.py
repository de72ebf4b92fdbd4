"""Sealed releases, the state of a quarter, its signatures, and the home pages of those who only read releases.

These pages show bytes that were made when the quarter was released. They compute no figure, and no address, however
written, gives another number.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.names import language_name
from nrm import clock, extras
from nrm.actions.reports import contributions as contribution_actions
from nrm.actions.reports import reports as actions
from nrm.domain.accounts.accounts import NotVisible, Permission, Role
from nrm.domain.quarters import Quarter, UnreadableQuarter
from nrm.domain.reports import reports as rules
from nrm.domain.reports.contributions import PartsOutstanding, SilenceUnconfirmed, is_unconfirmed
from nrm.domain.reports.report_list import BY_NAME, JOINT, MAIN, FiledReport
from nrm.domain.words import N_
from nrm.render.reports import About, about, words_of
from nrm.steps.reports import release_signing
from nrm.store import days as calendar
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.store.reports import contributions
from nrm.store.reports import reports as store
from nrm.web import access, home, sessions
from nrm.web.errors import WITHOUT_STATISTICS
from nrm.web.language import current_language, gettext, translated
from nrm.web.reports.late_tables import late_note

blueprint = Blueprint("reports", __name__)

# The end of an address -> the format of a release, its media type, and what its link says. Its print comes before them.
_DATA = {
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", N_("XLSX")),
    "csv": ("csv", "text/csv; charset=utf-8", N_("CSV")),
    "csv-metadata.json": ("csvw", "application/csvm+json", N_("What the CSV means (CSVW)")),
    "json": ("json", "application/json", N_("JSON")),
}
ASK_AGAIN_SECONDS = 10
QUARTERS_SHOWN = 8
_REPORT = f"<any({', '.join(BY_NAME)}):report>"


def downloads() -> dict[str, tuple[str, str, str]]:
    """The end of an address -> format, media type and words; the print in the country's first language has no code."""
    first, *_ = spoken = country().languages
    prints = {
        "pdf" if each == first else f"{each}.pdf": (
            f"pdf.{each}",
            "application/pdf",
            N_("PDF, %(language)s", language=language_name(each, current_language())),
        )
        for each in spoken
    }
    return {**prints, **_DATA}


def download_at(ending: str) -> tuple[str, str, str]:
    """One of `downloads`; raises NotVisible."""
    try:
        return downloads()[ending]
    except KeyError:
        raise NotVisible from None


def page_in(formats: Collection[str]) -> str:
    """The sealed page in the reader's language, else in the one that comes next: a release that was sealed before the
    country had a language has no page in it."""
    order = (current_language(), *country().languages)
    found = (f"html.{each}" for each in order if f"html.{each}" in formats)
    return next(found, min((each for each in formats if each.startswith("html.")), default="html"))


@dataclass(frozen=True, slots=True)
class DueLine:
    """One quarter in the register of reports: when it is due and where it stands."""

    quarter: Quarter
    due_on: date
    state: str  # released, signed, unsigned, next, waiting, running
    late: bool
    release: store.ReleaseLine | None


@dataclass(frozen=True, slots=True)
class ListedRelease:
    """A sealed release in the list of a quarter: the name and the title of its report, and where it is shown."""

    report: str
    title: str
    address: str
    release: store.ReleaseLine


@dataclass(frozen=True, slots=True)
class ReportState:
    """One report of a quarter: `state` is released, unsigned, signed, held, refused, unfiled or open."""

    report: str
    title: str
    state: str
    at: datetime | None = None
    until: str = ""  # held back: until the quarter with which it may be published


def quarter_of(text: str) -> Quarter:
    """The quarter of an address, which has one spelling; raises NotVisible."""
    try:
        quarter = Quarter.parse(text)
    except UnreadableQuarter:
        raise NotVisible from None
    if str(quarter) != text:
        raise NotVisible
    return quarter


def today() -> date:
    """The local day."""
    return clock.today(country().timezone)


def titles() -> dict[str, str]:
    """What each report of the country is called, in the reader's language."""
    tables = country().tables
    return {name: tables[name].title[current_language()] for name in BY_NAME if name in tables}


@blueprint.get("/reports")
@access.requires(Permission.REPORT_READ)
def releases() -> str:
    """The newest sealed releases, by quarter."""
    waiting = sorted({line.quarter for line in store.waiting(by=access.actor())})
    return render_template("reports/reports/releases.html", titles=titles(), waiting=waiting, **_by_quarter())


@blueprint.get("/reports/until/<quarter>")
@access.requires(Permission.REPORT_READ)
def earlier(quarter: str) -> str:
    """Sealed releases up to a quarter."""
    shown = _by_quarter(quarter_of(quarter))
    return render_template("reports/reports/releases.html", titles=titles(), waiting=(), **shown)


def _by_quarter(until: Quarter | None = None) -> dict[str, object]:
    """What `reports/release_list.html` takes: the newest quarters with their sealed releases, the joint report first.

    `earlier`: the first quarter that is left out. `main`: the report that closes a quarter.
    """
    by = access.actor()
    named = {JOINT.name: gettext("Joint report of all requirements"), **titles()}
    lines: dict[Quarter, list[ListedRelease]] = {}
    for name, title in named.items():
        for release in store.releases(by=by, report=name):
            if until is None or release.quarter <= until:
                listed = ListedRelease(name, title, _address(name, release.quarter), release)
                lines.setdefault(release.quarter, []).append(listed)
    newest = sorted(lines.items(), key=lambda each: each[0], reverse=True)
    return {
        "quarters": newest[:QUARTERS_SHOWN],
        "earlier": next((each for each, _ in newest[QUARTERS_SHOWN:]), None),
        "main": MAIN.name,
    }


def _address(name: str, quarter: Quarter) -> str:
    if name == JOINT.name:
        return url_for("joint_report.show", quarter=str(quarter))
    return url_for("reports.show", report=name, quarter=str(quarter))


@blueprint.get(f"/reports/{_REPORT}/<quarter>")
@access.requires(Permission.REPORT_READ)
def show(report: str, quarter: str) -> str:
    """The sealed page of a report, in the reader's language, inside the frame of all pages."""
    which = quarter_of(quarter)
    by = access.actor()
    release = store.release(which, by=by, report=report)
    body = store.release_file(which, page_in(release.formats), by=by, report=report).decode()
    return render_template(
        "reports/reports/show.html",
        report=report,
        about=_about(report),
        quarter=str(release.quarter),
        body=Markup(body),  # noqa: S704 - our own markup, escaped when it was sealed
        not_recorded=_filled_with_nothing(report, which),
        without=_without(report, rules.Window(release.first_quarter, release.quarter)),
        downloads=[
            (translated(label), url_for("reports.download", report=report, quarter=quarter, ending=ending))
            for ending, (name, _, label) in downloads().items()
            if name in release.formats
        ],
    )


def _without(report: str, window: rules.Window) -> list[tuple[str, list[str]]]:
    """(quarter, names) of who did not give their part of a report on several quarters: it names them once for all."""
    found, by = BY_NAME[report], access.actor()
    if window.first == window.last or isinstance(found, FiledReport):
        return []
    named = organisation_names.names_by_code(current_language())
    missing = {
        text: contributions.silent(found, rules.Window(Quarter.parse(text), Quarter.parse(text)), by=by)
        for text in window.quarters
    }
    return [(text, [named[code] for code in codes]) for text, codes in missing.items() if codes]


def _filled_with_nothing(report: str, quarter: Quarter) -> list[tuple[str, str]]:
    """(dimension, why it is not recorded) that a release prints figures by: it was sealed before that was known."""
    table_set = country().tables[report]
    if not table_set.unrecorded:
        return []
    release = json.loads(store.release_file(quarter, "json", by=access.actor(), report=report))
    printed = {name for table in rules.filled(release) for name in table_set.lacking(table["dimensions"])}
    words = words_of(table_set, current_language())
    return [(words.dimension(name), words.reason([name])) for name in sorted(printed)]


def _about(report: str) -> About:
    return about(report, country().tables[report], current_language())


@blueprint.get(f"/reports/{_REPORT}/<string(length=6):quarter>.<string:ending>")
@access.requires(Permission.REPORT_READ)
def download(report: str, quarter: str, ending: str) -> BaseResponse:
    """The sealed bytes."""
    name, media_type, _ = download_at(ending)
    content = store.release_file(quarter_of(quarter), name, by=access.actor(), report=report)
    response = Response(content, content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=f"{report}-{quarter}.{ending}")
    return response


@blueprint.get(f"/reports/{_REPORT}/draft")
@access.requires(Permission.REPORT_CLOSE, Permission.REPORT_COUNTERSIGN)
def draft(report: str) -> str:
    """What withstood the attack, before it is signed; for those who sign."""
    body = release_signing.draft_page(report, current_language(), by=access.actor())
    quarter = store.draft_quarter(report, by=access.actor())
    return render_template(
        "reports/reports/show.html",
        report=report,
        about=_about(report),
        quarter=quarter,
        body=Markup(body),  # noqa: S704 - our own markup, as it will be sealed
        downloads=[],
        draft=True,
    )


@blueprint.get("/reports/methods")
@access.requires(Permission.REPORT_READ)
def methods() -> str:
    """How the figures are made and protected, and what they cannot say."""
    days = country().calendar.release_after_days
    return render_template("reports/reports/methods.html", titles=titles(), due_after=days)


@blueprint.get("/reports/quarter/<quarter>")
@access.requires(Permission.REPORT_READ)
def state_of_quarter(quarter: str) -> str:
    """Where every report of a quarter stands, who confirmed their part, and the signature that is asked for."""
    which = quarter_of(quarter)
    by = access.actor()
    if which.end >= today():
        raise NotVisible
    waiting = [line for line in store.waiting(by=by) if line.quarter == which]
    parts = contributions.parts(which, by=by)
    return render_template(
        "reports/reports/quarter.html",
        quarter=which,
        states=_states(which, waiting),
        without_paper=store.without_paper(which, by=by),
        parts=parts,
        silent=[
            part for part in parts if part.without and is_unconfirmed(part) and by.may(Permission.REPORT_COUNTERSIGN)
        ],
        may_sign=by.may(Permission.REPORT_CLOSE) and any(line.signed_at is None for line in waiting),
        may_countersign=by.may(Permission.REPORT_COUNTERSIGN) and any(line.signed_at for line in waiting),
        may_see_drafts=by.may(Permission.REPORT_CLOSE) or by.may(Permission.REPORT_COUNTERSIGN),
    )


def _states(quarter: Quarter, waiting: Sequence[store.DraftLine]) -> list[ReportState]:
    by = access.actor()
    drafts = {line.report: line for line in waiting}
    states = []
    for report, title in titles().items():
        lines = store.releases(by=by, report=report)
        tried, _ = store.attempt(quarter, by=by, report=report) or (None, ())
        released = next((line for line in lines if line.first_quarter <= quarter <= line.quarter), None)
        if released:
            states.append(ReportState(report, title, "released", released.released_at))
        elif report in drafts:
            line = drafts[report]
            states.append(ReportState(report, title, "signed" if line.signed_at else "unsigned", line.closed_at))
        elif tried == "refused":
            states.append(ReportState(report, title, "refused"))
        else:
            until = calendar.waits_until(quarter, tried, report=report)
            unfiled = isinstance(BY_NAME[report], FiledReport) and calendar.is_closed(quarter)
            state = "held" if until else "unfiled" if unfiled else "open"
            states.append(ReportState(report, title, state, until=str(until or "")))
    return states


@blueprint.post("/reports/quarter/<quarter>/sign")
@access.requires(Permission.REPORT_CLOSE)
@sessions.step_up
def sign(quarter: str) -> BaseResponse:
    """The statistician's signature, with their own key, under the reports that the page showed."""
    which, asked, by = quarter_of(quarter), request.form.getlist("report"), access.actor()
    try:
        actions.sign(which, by=by, reports=asked)
    except NotVisible:  # in another window, perhaps: the page that follows says how each stands
        waiting = [line for line in store.waiting(by=by) if line.quarter == which]
        signed = {each.report for each in _states(which, waiting) if each.state in ("signed", "released")}
        if not asked or not signed.issuperset(asked):
            raise
    return redirect(url_for("reports.state_of_quarter", quarter=quarter), 303)


@blueprint.post("/reports/quarter/<quarter>/countersign")
@access.requires(Permission.REPORT_COUNTERSIGN)
@sessions.step_up
def countersign(quarter: str) -> BaseResponse:
    """The Responsible Authority's signature under the reports that the page showed; the files are made while the page
    that follows waits for them."""
    with suppress(rules.BeingClosed):  # somebody is doing it already: the next page says so
        actions.begin_sealing(quarter_of(quarter), by=access.actor(), reports=request.form.getlist("report"))
    return redirect(url_for("reports.signing_page", quarter=quarter), 303)


@blueprint.post("/reports/quarter/<quarter>/without")
@access.requires(Permission.REPORT_COUNTERSIGN)
@sessions.step_up
def without(quarter: str) -> BaseResponse:
    """The second office confirms that a quarter is closed without those whom the page named."""
    contribution_actions.confirm_silence(quarter_of(quarter), by=access.actor(), codes=request.form.getlist("part"))
    return redirect(url_for("reports.state_of_quarter", quarter=quarter), 303)


@blueprint.get("/reports/quarter/<quarter>/sealing")
@access.requires(Permission.REPORT_COUNTERSIGN)
def signing_page(quarter: str) -> BaseResponse:
    """The progress of the sealing; the page reloads by itself."""
    return _in_work(quarter_of(quarter))


@blueprint.post("/reports/ix/<quarter>/close")
@access.requires(Permission.REPORT_CLOSE)
def close(quarter: str) -> BaseResponse | tuple[str, int]:
    """Begin; the work goes on while the page that follows waits for it."""
    which = quarter_of(quarter)
    try:
        already = actions.begin(which, by=access.actor())
    except rules.BeingClosed:
        already = None
    except rules.QuarterNotEnded:
        return not_now(which)
    except rules.QuarterOutOfOrder as error:
        return not_now(which, expected=error.expected)
    except rules.ReleasesGone as error:
        return not_now(which, gone=error.quarters)
    except rules.WaitsForSignatures as error:
        return not_now(which, unsigned=str(error))
    except PartsOutstanding as error:
        names = organisation_names.names_by_code(current_language())
        return not_now(which, missing=[(code, names[code]) for code in error.codes])
    except SilenceUnconfirmed as error:
        names = organisation_names.names_by_code(current_language())
        return not_now(which, silent=[(code, names[code]) for code in error.codes])
    return redirect(url_for("reports.state_of_quarter" if already else "reports.closing", quarter=str(which)), 303)


def not_now(
    quarter: Quarter,
    *,
    expected: Quarter | None = None,
    unsigned: str = "",
    gone: Sequence[str] = (),
    missing: Sequence[tuple[str, str]] = (),
    silent: Sequence[tuple[str, str]] = (),
) -> tuple[str, int]:
    """Why nothing is closed, or joined, and what comes first."""
    due_on = rules.due_on(quarter, country().calendar.release_after_days)
    page = render_template(
        "reports/reports/not_now.html",
        quarter=quarter,
        expected=expected,
        unsigned=unsigned,
        gone=gone,
        missing=missing,
        silent=silent,
        due_on=due_on,
    )
    return page, 409


@blueprint.get("/reports/ix/<quarter>/closing")
@access.requires(Permission.REPORT_CLOSE)
def closing(quarter: str) -> BaseResponse:
    """The progress of the closing; the page reloads by itself, without a script, until it is done."""
    return _in_work(quarter_of(quarter))


def _in_work(quarter: Quarter) -> BaseResponse:
    state = actions.state(quarter, by=access.actor())
    if state in ("released", "signed", "unsigned"):
        return redirect(url_for("reports.state_of_quarter", quarter=str(quarter)), 303)
    refused = state.findings if isinstance(state, actions.Refused) else None
    running = state == "closing"
    signed = running and any(line.signed_at for line in store.waiting(by=access.actor()) if line.quarter == quarter)
    page = Response(
        render_template(
            "reports/reports/closing.html", quarter=quarter, running=running, publishing=signed, refused=refused
        )
    )
    if running:
        page.headers["Refresh"] = str(ASK_AGAIN_SECONDS)
    return page


@home.page(Role.STATISTICIAN)
def statistician_home() -> str:
    """Due dates, sealed releases, and the one quarter that can be closed; never a count of anybody."""
    by = access.actor()
    waiting = store.waiting(by=by)
    lines = _register(store.releases(by=by), waiting, today())
    offered = next((line for line in lines if line.state == "next"), None)
    closing_now = offered is not None and actions.state(offered.quarter, by=by) == "closing"
    return render_template(
        "home/statistician.html",
        lines=lines,
        offered=offered,
        closing_now=closing_now,
        parts=contributions.parts(offered.quarter, by=by) if offered else (),
        unsigned=sorted({str(line.quarter) for line in waiting if line.signed_at is None}),
        main=MAIN.name,
        first_report=titles()[MAIN.name],
        late=late_note(),
        why_not="" if extras.installed() else WITHOUT_STATISTICS,
    )


@home.page(Role.READER)
def reader_home() -> str:
    """Sealed releases and nothing else."""
    return render_template("home/reader.html", titles=titles(), waiting=(), **_by_quarter())


def _register(releases: list[store.ReleaseLine], waiting: Sequence[store.DraftLine], today: date) -> list[DueLine]:
    """The quarters that matter, newest first: the running one, those to be closed, those released last."""
    days = country().calendar.release_after_days
    by_quarter = {release.quarter: release for release in releases}
    drafts = {line.quarter: line for line in waiting if line.report == MAIN.name}
    offered = rules.next_to_close(max([*by_quarter, *drafts], default=None), today)
    quarters = {*by_quarter, *drafts}
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
        elif each in drafts:
            state = "signed" if drafts[each].signed_at else "unsigned"
        elif each.end >= today:
            state = "running"
        else:
            state = "next" if each == offered and not drafts else "waiting"
        lines.append(DueLine(each, due, state, release is None and today > due, release))
    oldest = [line for line in lines if line.release][QUARTERS_SHOWN:]
    return [line for line in lines if line not in oldest]
