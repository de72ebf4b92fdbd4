"""Complaints about people who work in the mechanism: the page without an account, and the desk that reads them."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms.support.complaints import PURPOSES, OpenComplaintForm
from forms.support.feedback import complaint_in
from nrm.actions.support import complaints as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.shelter.cases import Purpose
from nrm.domain.support.complaints import AlreadySo, CannotTake
from nrm.domain.words import N_
from nrm.store import names
from nrm.web import access, errors, sessions
from nrm.web.language import current_language
from nrm.web.support import feedback
from nrm.web.support.feedback import Spoken

blueprint = Blueprint("complaints", __name__)
Answer = Response | tuple[str, int] | str

FEW = (10, 3600.0)
"""So many complaints of one network in so many seconds."""
NOT_OPEN = N_("It does not open for you: a colleague who can open it reads it to you.")
ALREADY = N_("It is marked so already.")


@blueprint.get("/feedback/complain")
def complain_page() -> Answer:
    return _complain_page(feedback.spoken(), "", "")


def _complain_page(here: Spoken, text: str, reach: str, wrong: str = "", status: int = 200) -> Response:
    values = {"what": text, "reach": reach, "wrong": wrong}
    return feedback.page("complaints/complain.html", here, status, **values)


@blueprint.post("/feedback/complain")
def complain() -> Answer:
    """Seal it to the Responsible Authority. Needs no number; how often a network may is limited."""
    here = feedback.spoken()
    text, reach, wrong = complaint_in(request.form)
    if sessions.is_stale():
        return _complain_page(here, text, reach, "again", 400)
    if wrong:
        return _complain_page(here, text, reach, wrong, 422)
    few = feedback.limit("complaints", *FEW)
    if few.is_over(feedback.network()):
        return _complain_page(here, text, reach, "closed", 429)
    few.count(feedback.network())
    try:
        actions.complain(text=text, reach=reach, house_id=here.house.organisation_id if here.house else None)
    except CannotTake:
        return _complain_page(here, text, reach, "closed", 503)
    return redirect(url_for("complaints.sent", **feedback.kept(here)), 303)


@blueprint.get("/feedback/sent")
def sent() -> Answer:
    return feedback.page("feedback/thanks.html", feedback.spoken(), sent=True)


# ---- the desk


@blueprint.get("/complaints")
@access.requires(Permission.COMPLAINT_READ)
def index() -> str:
    """Every complaint: on which day, from which house's page; not a word of it."""
    houses = names.names_by_code(current_language())
    return render_template(
        "support/complaints/index.html",
        lines=actions.heard(by=access.actor()),
        houses=houses,
        done=request.args.get("done"),
    )


@blueprint.get("/complaints/<uuid:complaint_id>")
@access.requires(Permission.COMPLAINT_READ)
def show(complaint_id: uuid.UUID) -> Answer:
    return _page(complaint_id, OpenComplaintForm())


def _page(complaint_id: uuid.UUID, form: OpenComplaintForm, status: int = 200) -> tuple[str, int]:
    found = actions.one(complaint_id=complaint_id, by=access.actor())
    values: dict[str, Any] = {"found": found, "houses": names.names_by_code(current_language()), "form": form}
    return render_template("support/complaints/show.html", purposes=PURPOSES, **values), status


@blueprint.post("/complaints/<uuid:complaint_id>/open")
@access.requires(Permission.COMPLAINT_READ)
def open_words(complaint_id: uuid.UUID) -> Answer:
    """Show what was written; the opening is recorded first."""
    by = access.actor()
    actions.one(complaint_id=complaint_id, by=by)
    form = OpenComplaintForm(request.form)
    if not form.validate():
        return _page(complaint_id, form, 422)
    try:
        actions.open_words(complaint_id=complaint_id, purpose=Purpose(form.purpose.data), by=by)
    except actions.CannotOpen:
        return errors.error_page(409, NOT_OPEN)
    return redirect(url_for("complaints.show", complaint_id=complaint_id), 303)


@blueprint.post("/complaints/<uuid:complaint_id>/dealt")
@access.requires(Permission.COMPLAINT_READ)
def deal(complaint_id: uuid.UUID) -> Answer:
    """It was dealt with."""
    try:
        actions.deal(complaint_id=complaint_id, by=access.actor())
    except AlreadySo:
        return errors.error_page(409, ALREADY)
    return redirect(url_for("complaints.index", done="yes"), 303)


@blueprint.post("/complaints/<uuid:complaint_id>/again")
@access.requires(Permission.COMPLAINT_READ)
def take_up(complaint_id: uuid.UUID) -> Answer:
    """It is not dealt with after all."""
    try:
        actions.take_up(complaint_id=complaint_id, by=access.actor())
    except AlreadySo:
        return errors.error_page(409, ALREADY)
    return redirect(url_for("complaints.show", complaint_id=complaint_id), 303)
