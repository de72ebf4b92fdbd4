"""What a house wrote to those who live in it is shown once another one has seen it (ADR 0182)."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.support.feedback import REFUSED
from nrm.actions.support import feedback as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.support.feedback import FeedbackRefused, Note
from nrm.store.support import feedback as store
from nrm.web import access, errors
from nrm.web.support.feedback import BUSY

blueprint = Blueprint("feedback_notes", __name__)
Answer = BaseResponse | tuple[str, int] | str


@blueprint.get("/feedback/notes")
@access.requires(Permission.FEEDBACK_TYPE)
def index() -> str:
    """What houses wrote and nobody else has seen, for the Responsible Authority."""
    return render_template("support/feedback/notes.html", waiting=store.waiting(by=access.actor()))


@blueprint.post("/feedback/notes/<uuid:organisation_id>/seen")
@access.requires(Permission.STAY_MANAGE, Permission.FEEDBACK_TYPE)
def seen(organisation_id: uuid.UUID) -> Answer:
    """Another one has read it: it is shown."""
    by = access.actor()
    store.may_show(organisation_id, by=by)
    note = Note(request.form.get("language", ""), request.form.get("text", "").replace("\r\n", "\n"))
    try:
        actions.show_note(house_id=organisation_id, note=note, by=by)
    except FeedbackRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    except actions.Busy:
        return errors.error_page(409, BUSY)
    if by.organisation_id == organisation_id:
        return redirect(url_for("feedback.house", _anchor="notes"), 303)
    return redirect(url_for("feedback_notes.index"), 303)
