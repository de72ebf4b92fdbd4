"""Objecting to a change of a colleague's account, for 14 days after it."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.members import ObjectToOwnForm
from nrm.actions.accounts import objections as actions
from nrm.domain.accounts.accounts import ROLE_LABELS
from nrm.domain.accounts.vouching import ObjectionRefusal, ObjectionRefused
from nrm.domain.words import N_
from nrm.store.accounts import changes as store
from nrm.web import access, errors, sessions
from nrm.web.accounts.happenings import HAPPENINGS

blueprint = Blueprint("changes", __name__)

REFUSALS = {
    ObjectionRefusal.NEWER: N_("Your own account is newer than this. A colleague who was here before can object."),
    ObjectionRefusal.ONCE: N_("Somebody objected to this already: each change can be objected to once."),
    ObjectionRefusal.LATE: N_("This is more than 14 days ago. If the person is an intruder, end the account."),
    ObjectionRefusal.OVER: N_("Nobody begins anew by this any more: it was ended, or it has happened."),
    ObjectionRefusal.LEFT_ALONE: N_(
        "Then you alone would open the cases of the organisation: the others are suspended already, or you let them in "
        "within 14 days. Call the duty desk."
    ),
    ObjectionRefusal.NEWCOMER: N_(
        "You have been here for less than 14 days, and this colleague was here before you. Another colleague can "
        "object; if there is none, call the duty desk."
    ),
    ObjectionRefusal.MANY: N_("You suspended two people within 24 hours. Ask a colleague, or the duty desk."),
    ObjectionRefusal.ELSEWHERE: N_("The duty desk agreed to this. Call it, and say why you object."),
    ObjectionRefusal.OWN: N_("You cannot object to what is about you or was done by you."),
}


@blueprint.get("/members/changes/<uuid:event_id>")
@access.signed_in
@sessions.step_up
def object_page(event_id: uuid.UUID) -> errors.Answer:
    """What happened, to whom, by whom; and the one press that lets the account wait."""
    return _object_page(event_id, ObjectToOwnForm(), 200)


def _object_page(event_id: uuid.UUID, form: ObjectToOwnForm, status: int) -> errors.Answer:
    line = store.one(event_id, by=access.actor())
    page = render_template(
        "accounts/changes/object.html", line=line, form=form, happenings=HAPPENINGS, roles=ROLE_LABELS
    )
    return page, status


@blueprint.post("/members/changes/<uuid:event_id>")
@access.signed_in
@sessions.step_up
def object_to(event_id: uuid.UUID) -> BaseResponse | str | tuple[str, int]:
    form = ObjectToOwnForm(request.form)
    if not form.sure.data and store.is_of_reader(event_id, by=access.actor()):
        form.sure.errors = [N_("You asked for this yourself: tick that you mean it, or go back")]
        return _object_page(event_id, form, 422)
    try:
        actions.object_to(event_id=event_id, by=access.actor())
    except ObjectionRefused as error:
        return errors.error_page(409, REFUSALS[error.reason])
    return redirect(url_for("home.index"), 303)
