"""What a house wrote to those who live in it: shown by another one, put back by two, taken down (ADR 0182, 0188)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.support.feedback import DOWN_LABELS, REFUSED, TakeDownForm
from nrm.actions.support import feedback as feedback_actions
from nrm.actions.support import feedback_notes as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.support.feedback import DownReason, FeedbackRefused, Note
from nrm.store.support import feedback as store
from nrm.web import access, errors
from nrm.web.support.feedback import BUSY, box_changed

blueprint = Blueprint("feedback_notes", __name__)
blueprint.register_error_handler(feedback_actions.CannotOpen, box_changed)
Answer = BaseResponse | tuple[str, int] | str


@blueprint.get("/feedback/notes")
@access.requires(Permission.FEEDBACK_TYPE)
def index() -> Answer:
    """What houses wrote, for the Responsible Authority: first what nobody else has read."""
    return _index()


def _index(form: TakeDownForm | None = None, refused: Note | None = None, status: int = 200) -> Answer:
    """`refused`: the note that was not taken down, because no reason was chosen."""
    by = access.actor()
    return render_template(
        "support/feedback/notes.html",
        written=store.written(by=by),
        unsound=store.unsound(by=by),
        form=form or TakeDownForm(formdata=None),
        refused=refused,
        down_reasons=DOWN_LABELS,
    ), status


def _note() -> Note:
    return Note(request.form.get("language", ""), request.form.get("text", ""))


@blueprint.post("/feedback/notes/<uuid:organisation_id>/seen")
@access.requires(Permission.STAY_MANAGE, Permission.FEEDBACK_TYPE)
def seen(organisation_id: uuid.UUID) -> Answer:
    """Another one has read it: it is shown."""
    return _done(organisation_id, partial(actions.show, house_id=organisation_id, note=_note()))


@blueprint.post("/feedback/notes/<uuid:organisation_id>/back")
@access.requires(Permission.STAY_MANAGE, Permission.FEEDBACK_TYPE)
def put_back(organisation_id: uuid.UUID) -> Answer:
    """Ask that it is shown again: another one reads it first."""
    return _done(organisation_id, partial(actions.put_back, house_id=organisation_id, note=_note()))


@blueprint.post("/feedback/notes/<uuid:organisation_id>/down")
@access.requires(Permission.FEEDBACK_TYPE)
def take_down(organisation_id: uuid.UUID) -> Answer:
    """The Responsible Authority takes it down, with a reason."""
    store.may_show(organisation_id, by=access.actor())
    form = TakeDownForm(request.form)
    if not form.validate():
        return _index(form, _note(), 422)
    reason = DownReason(form.reason.data)
    return _done(organisation_id, partial(actions.take_down, house_id=organisation_id, note=_note(), reason=reason))


def _done(organisation_id: uuid.UUID, act: Callable[..., None]) -> Answer:
    by = access.actor()
    store.may_show(organisation_id, by=by)
    try:
        act(by=by)
    except FeedbackRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    except actions.Busy:
        return errors.error_page(409, BUSY)
    if by.organisation_id == organisation_id:
        return redirect(url_for("feedback.house", _anchor="notes"), 303)
    return redirect(url_for("feedback_notes.index"), 303)
