"""Nights of before a stay was entered: what waits, and a second member's word (ADR 0182)."""

from __future__ import annotations

import uuid
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.support.early_nights import REFUSED, ConfirmNightsForm
from nrm.actions.support import early_nights as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.support.early_nights import EarlyRefusal, EarlyRefused
from nrm.store.support import early_nights as store
from nrm.web import access, errors

blueprint = Blueprint("early_nights", __name__)
Answer = BaseResponse | tuple[str, int] | str


@blueprint.get("/stays/early-nights")
@access.requires(Permission.STAY_MANAGE)
def index() -> str:
    """Every stay of which nights wait."""
    return render_template("support/early_nights/index.html", lines=store.waiting(by=access.actor()))


@blueprint.get("/stays/<uuid:stay_id>/early-nights")
@access.requires(Permission.STAY_MANAGE)
def confirm_page(stay_id: uuid.UUID) -> Answer:
    """The nights of one stay."""
    return _page(stay_id, ConfirmNightsForm(formdata=None))


def _page(stay_id: uuid.UUID, form: ConfirmNightsForm, status: int = 200) -> Answer:
    """Nights that wait, or that are confirmed. Raises NotVisible where there are none of either."""
    by = access.actor()
    try:
        line = store.of_stay(stay_id, by=by)
    except NotVisible:
        found = store.confirmed(stay_id, by=by)
        if found is None:
            raise
        leads, already = by.may(Permission.TEAM_MANAGE), REFUSED[EarlyRefusal.CONFIRMED]
        return render_template("support/early_nights/confirmed.html", line=found, leads=leads, already=already), status
    form.seen.data = line.admitted_on.isoformat()
    return render_template("support/early_nights/confirm.html", line=line, form=form, refused=REFUSED), status


@blueprint.post("/stays/<uuid:stay_id>/early-nights")
@access.requires(Permission.STAY_MANAGE)
def confirm(stay_id: uuid.UUID) -> Answer:
    """A second member confirms them."""
    by, form = access.actor(), ConfirmNightsForm(request.form)
    if store.confirmed(stay_id, by=by) is not None:
        return _page(stay_id, form, 409)
    if not form.validate():
        return _page(stay_id, form, 422)
    try:
        actions.confirm(stay_id=stay_id, seen=_day(form.seen.data), by=by)
    except EarlyRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("stays.show", stay_id=stay_id, did="nights_confirmed"), 303)


@blueprint.post("/stays/<uuid:stay_id>/early-nights/take-back")
@access.requires(Permission.TEAM_MANAGE)
def take_back(stay_id: uuid.UUID) -> Answer:
    """The confirmation was a mistake: the nights wait again."""
    try:
        actions.take_back(stay_id=stay_id, by=access.actor())
    except EarlyRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("stays.show", stay_id=stay_id, did="nights_wait"), 303)


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise EarlyRefused(EarlyRefusal.CHANGED) from None
