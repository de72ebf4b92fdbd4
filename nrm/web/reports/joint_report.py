"""The joint report of a quarter: making it, and the sealed bytes."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, Response, redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from nrm.actions.reports import joint_report as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.reports.register import JointMade, JointTooEarly
from nrm.domain.reports.report_list import JOINT
from nrm.domain.reports.reports import BeingClosed, ReleasesGone
from nrm.store import days
from nrm.store.countries import country
from nrm.store.reports import register as register_store
from nrm.store.reports import reports as store
from nrm.web import access, errors, sessions
from nrm.web.language import gettext, text_in, translated
from nrm.web.reports.late_tables import agency_names
from nrm.web.reports.register import STATES
from nrm.web.reports.reports import (
    ASK_AGAIN_SECONDS,
    download_at,
    downloads,
    not_now,
    page_in,
    quarter_of,
    titles,
)

blueprint = Blueprint("joint_report", __name__)


@blueprint.get("/register/joint/<quarter>/make")
@access.requires(Permission.REGISTER_JOIN)
def make_page(quarter: str) -> str:
    """How each table stands, what is waited for, and the button."""
    return _joint_report_page(quarter)


@blueprint.post("/register/joint/<quarter>/make")
@access.requires(Permission.REGISTER_JOIN)
@sessions.step_up
def make(quarter: str) -> errors.Answer:
    """Make and sign it; the files are made while the page that follows waits for them. It never changes after that."""
    which = quarter_of(quarter)
    with suppress(BeingClosed, JointMade):  # the next page says how it stands
        try:
            actions.begin(which, by=access.actor())
        except JointTooEarly:
            return _joint_report_page(quarter), 409
        except ReleasesGone as error:
            return not_now(which, gone=error.quarters)
    return redirect(url_for("joint_report.in_work", quarter=quarter), 303)


@blueprint.get("/register/joint/<quarter>/in-work")
@access.requires(Permission.REGISTER_JOIN)
def in_work(quarter: str) -> BaseResponse:
    """The progress of making it; the page reloads by itself, without a script, until it is done."""
    which = quarter_of(quarter)
    state = actions.state(which, by=access.actor())
    if state == "made":
        return redirect(url_for("joint_report.show", quarter=quarter), 303)
    page = Response(render_template("reports/register/in_work.html", quarter=which, running=state == "in_work"))
    if state == "in_work":
        page.headers["Refresh"] = str(ASK_AGAIN_SECONDS)
    return page


def _joint_report_page(quarter: str) -> str:
    which = quarter_of(quarter)
    by = access.actor()
    register = country().register
    waiting = actions.outstanding(which, by=by)
    named = titles()
    return render_template(
        "reports/register/make.html",
        quarter=which,
        lines=register_store.of_quarter(which, by=by),
        states=STATES,
        waiting=[named.get(code) or text_in(register.tables[code].names) for code in waiting],
        agencies=agency_names(),
    )


@blueprint.get("/register/joint/<string(length=6):quarter>")
@access.requires(Permission.REPORT_READ)
def show(quarter: str) -> errors.Answer:
    """The sealed page in the reader's language, inside the frame of all pages; before it is made, that it is not."""
    which = quarter_of(quarter)
    by = access.actor()
    try:
        release = store.release(which, by=by, report=JOINT.name)
    except NotVisible:
        if which not in days.span().quarters:
            raise
        if by.may(Permission.REGISTER_JOIN):
            return redirect(url_for("joint_report.make_page", quarter=quarter), 303)
        return errors.error_page(404, gettext("The joint report of %(quarter)s is not made yet.", quarter=quarter))
    body = store.release_file(which, page_in(release.formats), by=by, report=JOINT.name).decode()
    return render_template(
        "reports/register/joint.html",
        quarter=str(release.quarter),
        body=Markup(body),  # noqa: S704 - our own markup, escaped when it was sealed
        downloads=[
            (translated(label), url_for("joint_report.download", quarter=quarter, ending=ending))
            for ending, (name, _, label) in downloads().items()
            if name in release.formats
        ],
    )


@blueprint.get("/register/joint/<string(length=6):quarter>.<string:ending>")
@access.requires(Permission.REPORT_READ)
def download(quarter: str, ending: str) -> BaseResponse:
    """The sealed bytes."""
    name, media_type, _ = download_at(ending)
    content = store.release_file(quarter_of(quarter), name, by=access.actor(), report=JOINT.name)
    response = Response(content, content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=f"joint-{quarter}.{ending}")
    return response
