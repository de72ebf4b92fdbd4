"""Pages on which a shelter's manager enters the units of the building, names, splits, closes and reopens them."""

from __future__ import annotations

import uuid
from typing import TypeVar

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.days import OTHER, chosen_day
from forms.shelter.places import (
    ALREADY,
    CLOSED_WORDS,
    REFUSED,
    AddUnitForm,
    ChangeUnitForm,
    ClosePlaceForm,
    SplitUnitForm,
)
from nrm.actions.shelter import units as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.shelter.places import CloseReason, PlaceRefusal, PlaceRefused
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import places as store
from nrm.web import access, errors
from nrm.web.accounts import told_once
from nrm.web.language import text_in
from nrm.web.shelter.places import for_whom, mark, number_in

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("units", __name__)


@blueprint.get("/beds/units")
@access.requires(Permission.STAY_MANAGE)
def index() -> str:
    """The units of the building, also those that are no longer there."""
    by = access.actor()
    return render_template(
        "shelter/units/index.html",
        lines=store.units(by=by, closed=True),
        for_whom=for_whom,
        closed_words=CLOSED_WORDS,
        may_manage=by.may(Permission.PLACE_MANAGE),
    )


_F = TypeVar("_F", AddUnitForm, ChangeUnitForm, SplitUnitForm)


def _offer(form: _F) -> _F:
    form.for_whom.choices = [
        SelectChoice(value=code, label=text_in(words)) for code, words in country().building.for_whom.items()
    ]
    return form


@blueprint.get("/beds/units/add")
@access.requires(Permission.PLACE_MANAGE)
def add_page() -> str:
    store.room(by=access.actor())
    return render_template("shelter/units/add.html", form=_offer(AddUnitForm(number="1")))


@blueprint.post("/beds/units/add")
@access.requires(Permission.PLACE_MANAGE)
def add() -> Answer:
    form = _offer(AddUnitForm(request.form))
    valid = form.validate()
    for field in (form.label, form.name):
        if not (field.data or "").strip():
            field.errors, valid = [REFUSED[PlaceRefusal.NAME_MISSING]], False
    if not valid:
        return render_template("shelter/units/add.html", form=form), 422
    number = number_in(form.number.data)
    try:
        if not number and (form.number.data or "").strip() != "0":
            raise PlaceRefused(PlaceRefusal.TOO_MANY)
        actions.add(
            label=form.label.data or "",
            for_whom=form.for_whom.data,
            name=form.name.data or "",
            number=number,
            from_on=chosen_day(form.begins, form.begins_day, days.today()),
            there_already=form.begins.data == ALREADY,
            by=access.actor(),
        )
    except PlaceRefused as error:
        mark(form, error.reason, "name")
        return render_template("shelter/units/add.html", form=form), 422
    return told_once.lead(url_for("units.index", did="added"))


@blueprint.get("/beds/units/<uuid:unit_id>/change")
@access.requires(Permission.PLACE_MANAGE)
def change_page(unit_id: uuid.UUID) -> Answer:
    unit = store.unit_line(unit_id, by=access.actor())
    if unit.until_on is not None:
        return errors.error_page(409, REFUSED[PlaceRefusal.CLOSED])
    form = _offer(ChangeUnitForm(label=unit.label, for_whom=unit.for_whom))
    return render_template("shelter/units/change.html", unit=unit, form=form)


@blueprint.post("/beds/units/<uuid:unit_id>/change")
@access.requires(Permission.PLACE_MANAGE)
def change(unit_id: uuid.UUID) -> Answer:
    by = access.actor()
    unit = store.unit_line(unit_id, by=by)
    form = _offer(ChangeUnitForm(request.form))
    if not form.validate():
        return render_template("shelter/units/change.html", unit=unit, form=form), 422
    try:
        actions.change(unit_id=unit_id, label=form.label.data or "", for_whom=form.for_whom.data, by=by)
    except PlaceRefused as error:
        if error.reason is PlaceRefusal.CLOSED:
            return errors.error_page(409, REFUSED[error.reason])
        form.label.errors = [REFUSED[error.reason]]
        return render_template("shelter/units/change.html", unit=unit, form=form), 422
    return redirect(url_for("units.index"), 303)


@blueprint.get("/beds/units/<uuid:unit_id>/split")
@access.requires(Permission.PLACE_MANAGE)
def split_page(unit_id: uuid.UUID) -> Answer:
    unit = store.unit_line(unit_id, by=access.actor())
    if unit.until_on is not None:
        return errors.error_page(409, REFUSED[PlaceRefusal.CLOSED])
    return render_template("shelter/units/split.html", unit=unit, form=_split_form(unit))


def _split_form(unit: store.UnitLine) -> SplitUnitForm:
    form = _offer(SplitUnitForm(request.form))
    inside = (line for line in store.places(by=access.actor()) if line.unit_id == unit.id)
    form.places.choices = [SelectChoice(value=line.label, label=line.label) for line in inside]
    return form


@blueprint.post("/beds/units/<uuid:unit_id>/split")
@access.requires(Permission.PLACE_MANAGE)
def split(unit_id: uuid.UUID) -> Answer:
    by = access.actor()
    unit = store.unit_line(unit_id, by=by)
    form = _split_form(unit)
    inside = [line for line in store.places(by=by) if line.unit_id == unit_id]
    if not form.validate():
        return render_template("shelter/units/split.html", unit=unit, form=form), 422
    try:
        actions.split(
            unit_id=unit_id,
            place_ids={line.id for line in inside if line.label in (form.places.data or ())},
            label=form.label.data or "",
            for_whom=form.for_whom.data,
            on=chosen_day(form.begins, form.begins_day, days.today()),
            by=by,
        )
    except PlaceRefused as error:
        if error.reason is PlaceRefusal.CLOSED:
            return errors.error_page(409, REFUSED[error.reason])
        mark(form, error.reason, "label")
        return render_template("shelter/units/split.html", unit=unit, form=form), 422
    return redirect(url_for("units.index"), 303)


@blueprint.get("/beds/units/<uuid:unit_id>/close")
@access.requires(Permission.PLACE_MANAGE)
def close_page(unit_id: uuid.UUID) -> Answer:
    unit = store.unit_line(unit_id, by=access.actor())
    if unit.until_on is not None:
        return errors.error_page(409, REFUSED[PlaceRefusal.CLOSED])
    return render_template("shelter/units/close.html", unit=unit, form=ClosePlaceForm())


@blueprint.post("/beds/units/<uuid:unit_id>/close")
@access.requires(Permission.PLACE_MANAGE)
def close(unit_id: uuid.UUID) -> Answer:
    by = access.actor()
    unit = store.unit_line(unit_id, by=by)
    form = ClosePlaceForm(request.form)
    if not form.validate():
        return render_template("shelter/units/close.html", unit=unit, form=form), 422
    closed_from = chosen_day(form.closed, form.day, days.today())
    try:
        actions.close(unit_id=unit_id, closed_from=closed_from, why=CloseReason(form.reason.data), by=by)
    except PlaceRefused as error:
        if error.reason is PlaceRefusal.CLOSED:
            return errors.error_page(409, REFUSED[error.reason])
        (form.day if form.closed.data == OTHER else form.closed).errors = [REFUSED[error.reason]]
        return render_template("shelter/units/close.html", unit=unit, form=form), 422
    return redirect(url_for("units.index"), 303)


@blueprint.post("/beds/units/<uuid:unit_id>/reopen")
@access.requires(Permission.PLACE_MANAGE)
def reopen(unit_id: uuid.UUID) -> Answer:
    try:
        actions.reopen(unit_id=unit_id, by=access.actor())
    except PlaceRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("units.index"), 303)
