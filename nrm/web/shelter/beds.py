"""Pages on which a shelter's manager enters, names, closes and reopens beds; a case worker looks at the list."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms.days import OTHER, chosen_day
from forms.shelter.beds import CLOSE_REASONS, REFUSED, AddBedsForm, CloseBedForm, RenameBedForm
from nrm.actions.shelter import beds as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.shelter.stays import BedRefusal, BedRefused, CloseReason
from nrm.domain.words import N_
from nrm.store import days
from nrm.store.shelter import stays as store
from nrm.web import access, errors
from nrm.web.formats import day
from nrm.web.language import current_language

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("beds", __name__)

SHOWN = 40
"""How many beds a page lists, so that it stays light."""
CLOSED = REFUSED[BedRefusal.CLOSED]


@blueprint.get("/beds/list")
@access.requires(Permission.STAY_MANAGE)
def index() -> str:
    """Every bed of the shelter, closed ones too, `SHOWN` at a time; `from` says how many stand before."""
    by = access.actor()
    lines = store.beds(by=by, closed=True)
    asked = request.args.get("from", "0")
    start = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 4 else 0
    return render_template(
        "shelter/beds/index.html",
        room=store.room(by=by),
        lines=lines[start : start + SHOWN],
        more=start + SHOWN if len(lines) > start + SHOWN else 0,
        reasons=CLOSE_REASONS,
        may_manage=by.may(Permission.BED_MANAGE),
    )


@blueprint.get("/beds/add")
@access.requires(Permission.BED_MANAGE)
def add_page() -> str:
    store.room(by=access.actor())
    return render_template("shelter/beds/add.html", form=AddBedsForm(number="1"))


@blueprint.post("/beds/add")
@access.requires(Permission.BED_MANAGE)
def add() -> Answer:
    form = AddBedsForm(request.form)
    if not form.validate():
        return render_template("shelter/beds/add.html", form=form), 422
    typed = (form.number.data or "").strip()
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 4 else 0
    try:
        actions.add(name=form.name.data or "", number=number, by=access.actor())
    except BedRefused as error:
        (form.number if error.reason is BedRefusal.TOO_MANY else form.name).errors = [REFUSED[error.reason]]
        return render_template("shelter/beds/add.html", form=form), 422
    return redirect(url_for("beds.index"), 303)


@blueprint.get("/beds/<uuid:bed_id>/rename")
@access.requires(Permission.BED_MANAGE)
def rename_page(bed_id: uuid.UUID) -> str:
    line = store.bed_line(bed_id, by=access.actor())
    return render_template("shelter/beds/rename.html", bed=line, form=RenameBedForm(name=line.label))


@blueprint.post("/beds/<uuid:bed_id>/rename")
@access.requires(Permission.BED_MANAGE)
def rename(bed_id: uuid.UUID) -> Answer:
    line = store.bed_line(bed_id, by=access.actor())
    form = RenameBedForm(request.form)
    if not form.validate():
        return render_template("shelter/beds/rename.html", bed=line, form=form), 422
    try:
        actions.rename(bed_id=bed_id, name=form.name.data or "", by=access.actor())
    except BedRefused as error:
        form.name.errors = [REFUSED[error.reason]]
        return render_template("shelter/beds/rename.html", bed=line, form=form), 422
    return redirect(url_for("beds.index"), 303)


@blueprint.get("/beds/<uuid:bed_id>/close")
@access.requires(Permission.BED_MANAGE)
def close_page(bed_id: uuid.UUID) -> Answer:
    line = store.bed_line(bed_id, by=access.actor())
    if line.closing:
        return errors.error_page(409, CLOSED)
    return render_template("shelter/beds/close.html", bed=line, form=CloseBedForm())


@blueprint.post("/beds/<uuid:bed_id>/close")
@access.requires(Permission.BED_MANAGE)
def close(bed_id: uuid.UUID) -> Answer:
    by = access.actor()
    line = store.bed_line(bed_id, by=by)
    form = CloseBedForm(request.form)
    if not form.validate():
        return render_template("shelter/beds/close.html", bed=line, form=form), 422
    closed_from = chosen_day(form.closed, form.day, days.today())
    try:
        actions.close(bed_id=bed_id, closed_from=closed_from, why=CloseReason(form.reason.data), by=by)
    except BedRefused as error:
        if error.reason is BedRefusal.CLOSED:
            return errors.error_page(409, CLOSED)
        (form.day if form.closed.data == OTHER else form.closed).errors = [_refusal(error.reason, bed_id)]
        return render_template("shelter/beds/close.html", bed=line, form=form), 422
    return redirect(url_for("beds.index"), 303)


def _refusal(reason: BedRefusal, bed_id: uuid.UUID) -> str:
    if reason is not BedRefusal.OCCUPIED:
        return REFUSED[reason]
    stay = store.bed_line(bed_id, by=access.actor()).stay
    if stay is None or stay.anticipated_end_on <= days.today():
        return REFUSED[reason]
    return N_(
        "Enter %(day)s or a later day: until then somebody sleeps in this bed. Or move the person first",
        day=day(stay.anticipated_end_on, current_language()),
    )


@blueprint.post("/beds/<uuid:bed_id>/reopen")
@access.requires(Permission.BED_MANAGE)
def reopen(bed_id: uuid.UUID) -> Answer:
    actions.reopen(bed_id=bed_id, by=access.actor())
    return redirect(url_for("beds.index"), 303)
