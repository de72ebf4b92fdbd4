"""Nights of before a stay was entered: what waits, and a second member's word (ADR 0182)."""

from __future__ import annotations

import uuid
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.support.early_nights import REFUSED, ConfirmNightsForm
from nrm.actions.support import early_nights as actions
from nrm.domain.accounts.accounts import Permission
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
    line = store.of_stay(stay_id, by=access.actor())
    return _page(line, ConfirmNightsForm(formdata=None))


def _page(line: store.EarlyLine, form: ConfirmNightsForm, status: int = 200) -> Answer:
    form.seen.data = line.admitted_on.isoformat()
    return render_template("support/early_nights/confirm.html", line=line, form=form, refused=REFUSED), status


@blueprint.post("/stays/<uuid:stay_id>/early-nights")
@access.requires(Permission.STAY_MANAGE)
def confirm(stay_id: uuid.UUID) -> Answer:
    """A second member confirms them."""
    by = access.actor()
    line = store.of_stay(stay_id, by=by)
    form = ConfirmNightsForm(request.form)
    if not form.validate():
        return _page(line, form, 422)
    try:
        actions.confirm(stay_id=stay_id, seen=_day(form.seen.data), by=by)
    except EarlyRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("early_nights.index"), 303)


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise EarlyRefused(EarlyRefusal.CHANGED) from None
