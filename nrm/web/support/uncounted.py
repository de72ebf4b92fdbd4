"""Somebody is not counted any more, and the particulars wait for another member (ADR 0182)."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.shelter.uncounted import REFUSED, UncountedForm
from nrm.actions.shelter import consents as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.consents import UncountedRefused
from nrm.store.shelter import uncounted as store
from nrm.web import access, errors

blueprint = Blueprint("uncounted", __name__)
Answer = BaseResponse | tuple[str, int] | str


@blueprint.get("/cases/<uuid:case_id>/consents/uncounted")
@access.requires(Permission.CASE_OPEN)
def decide_page(case_id: uuid.UUID) -> Answer:
    """What was written down, by whom, and the two answers."""
    return _page(case_id, UncountedForm(formdata=None))


def _page(case_id: uuid.UUID, form: UncountedForm, status: int = 200) -> Answer:
    line = store.of_case(case_id, by=access.actor())
    if line is None:
        raise NotVisible
    return render_template("shelter/consents/uncounted.html", line=line, form=form), status


@blueprint.post("/cases/<uuid:case_id>/consents/uncounted")
@access.requires(Permission.CASE_OPEN)
def decide(case_id: uuid.UUID) -> Answer:
    """Another member says what the person wishes."""
    form = UncountedForm(request.form)
    if not form.validate():
        return _page(case_id, form, 422)
    act = actions.destroy_particulars if form.wish.data == "own" else actions.count_again
    try:
        act(case_id=case_id, by=access.actor())
    except UncountedRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("consents.show", case_id=case_id), 303)
