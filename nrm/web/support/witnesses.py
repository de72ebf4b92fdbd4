"""Witnesses who are no victims, at the prosecution: the list, entering, steps, and the end of what is kept."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms.days import chosen_day
from forms.shelter.strikes import STRIKE_LABELS, StrikeForm
from forms.shelter.testimony import ILLEGAL, RecordTestimonyForm
from forms.support.threats import DOUBT_LABELS
from forms.support.witnesses import (
    SAME_REFERENCE,
    SAY_IT,
    CorrectWitnessForm,
    EndWitnessForm,
    EnterWitnessForm,
)
from nrm.actions.support import witnesses as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.roles import MechanismRole
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.shelter.testimony import IllegalStep, StepRefusal, WitnessStatus
from nrm.domain.support.witnesses import EndRefused, InTheWay, SameReference
from nrm.domain.words import N_
from nrm.store import names
from nrm.store.countries import country
from nrm.store.days import today
from nrm.store.shelter.testimony import WitnessStep
from nrm.store.support import hearings as people
from nrm.store.support import threats
from nrm.store.support import witnesses as store
from nrm.store.support.witnesses import WitnessLine, WitnessRecord
from nrm.web import access, errors
from nrm.web.choices import label_of, of_list
from nrm.web.shelter.testimony import form_of, say_not_struck, say_refused, step_words
from nrm.web.support.hearings import court_name

Page = tuple[str, int]
Answer = Response | Page | str

blueprint = Blueprint("witnesses", __name__)

NOT_OPEN = N_("It does not open for you: a colleague who can open it reads it to you.")


@blueprint.get("/witnesses")
@access.requires(Permission.TESTIMONY_RECORD)
def index() -> str:
    """Everybody whom the prosecution entered."""
    lines = [(each, label_of("witness_statuses", each.status)) for each in store.mine(by=access.actor())]
    return render_template("support/witnesses/index.html", lines=lines)


@blueprint.get("/witnesses/enter")
@access.requires(Permission.TESTIMONY_RECORD)
def enter_page() -> Answer:
    store.mine(by=access.actor())
    return _enter_page(_enter_form())


def _enter_form() -> EnterWitnessForm:
    return _with_choices(EnterWitnessForm(request.form))


def _with_choices(form: EnterWitnessForm) -> EnterWitnessForm:
    form.gender.choices = of_list("genders")
    form.age_class.choices = of_list("age_classes")
    return form


def _enter_page(form: EnterWitnessForm, status: int = 200, *, same: str = "") -> Page:
    """`same`: the code of the witness who is known by the same already."""
    return render_template("support/witnesses/enter.html", form=form, record=None, same=_same(form, same)), status


def _same(form: EnterWitnessForm, code: str) -> WitnessLine | None:
    if code:
        form.another.errors = [SAME_REFERENCE]
    return next((each for each in store.mine(by=access.actor()) if each.code == code), None) if code else None


@blueprint.post("/witnesses/enter")
@access.requires(Permission.TESTIMONY_RECORD)
def enter() -> Answer:
    by = access.actor()
    store.mine(by=by)
    form = _enter_form()
    if not form.validate():
        return _enter_page(form, 422)
    try:
        witness_id = actions.enter(**_entered(form), by=by)
    except SameReference as error:
        return _enter_page(form, 422, same=error.code)
    return redirect(url_for("witnesses.show", witness_id=witness_id), 303)


def _entered(form: EnterWitnessForm) -> dict[str, Any]:
    return {
        "gender": form.gender.data,
        "age_class": form.age_class.data,
        "reference": (form.reference.data or "").strip(),
        "another": bool(form.another.data),
    }


@blueprint.get("/witnesses/<uuid:witness_id>/correct")
@access.requires(Permission.TESTIMONY_RECORD)
def correct_page(witness_id: uuid.UUID) -> Answer:
    found = store.one(witness_id, by=access.actor())
    form = CorrectWitnessForm(formdata=None, data={"gender": found.gender, "age_class": found.age_class})
    return _correct_page(found, form)


def _correct_page(found: WitnessRecord, form: EnterWitnessForm, status: int = 200, *, same: str = "") -> Answer:
    if found.over_on is not None:
        return errors.error_page(409, ILLEGAL[StepRefusal.STATE])
    form = _with_choices(form)
    return render_template("support/witnesses/enter.html", form=form, record=found, same=_same(form, same)), status


@blueprint.post("/witnesses/<uuid:witness_id>/correct")
@access.requires(Permission.TESTIMONY_RECORD)
def correct(witness_id: uuid.UUID) -> Answer:
    """Number, gender and age as they are."""
    by = access.actor()
    found = store.one(witness_id, by=by)
    form = _with_choices(CorrectWitnessForm(request.form))
    if not form.validate():
        return _correct_page(found, form, 422)
    try:
        actions.correct(witness_id=witness_id, **_entered(form), by=by)
    except SameReference as error:
        return _correct_page(found, form, 422, same=error.code)
    except IllegalStep as error:
        return errors.error_page(409, ILLEGAL[error.reason])
    except actions.CannotOpen:
        return errors.error_page(409, NOT_OPEN)
    return redirect(url_for("witnesses.show", witness_id=witness_id), 303)


@blueprint.get("/witnesses/<uuid:witness_id>")
@access.requires(Permission.TESTIMONY_RECORD)
def show(witness_id: uuid.UUID) -> Answer:
    record = store.one(witness_id, by=access.actor())
    return _page(record, form_of(record.following))


def _page(record: WitnessRecord, form: RecordTestimonyForm, status: int = 200) -> Page:
    page = render_template(
        "support/witnesses/show.html",
        record=record,
        reference=actions.reference(witness_id=record.id, by=access.actor()),
        who=f"{label_of('genders', record.gender)}, {label_of('age_classes', record.age_class)}",
        status_label=label_of("witness_statuses", record.status),
        steps=[step_words(each) for each in record.steps],
        strike_labels=STRIKE_LABELS,
        form=form,
        person=people.of_witness(record.id, by=access.actor()),
        told=threats.told(people.of_witness(record.id, by=access.actor()), by=access.actor()),
        doubt_labels=DOUBT_LABELS,
    )
    return page, status


@blueprint.post("/witnesses/<uuid:witness_id>")
@access.requires(Permission.TESTIMONY_RECORD)
def record(witness_id: uuid.UUID) -> Answer:
    """Record the next step."""
    by = access.actor()
    found = store.one(witness_id, by=by)
    form = form_of(found.following)
    if not form.validate():
        return _page(found, form, 422)
    try:
        actions.record(
            witness_id=witness_id,
            status=WitnessStatus(form.status.data),
            happened_on=chosen_day(form.happened, form.happened_day, today()),
            reason=form.why,
            by=by,
        )
    except IllegalStep as error:
        return _page(found, form, say_refused(form, error.reason))
    return redirect(url_for("witnesses.show", witness_id=witness_id), 303)


@blueprint.post("/witnesses/<uuid:witness_id>/open")
@access.requires(Permission.TESTIMONY_RECORD)
def open_reference(witness_id: uuid.UUID) -> Answer:
    """Show by what the prosecution knows the witness; the opening is recorded first."""
    try:
        actions.open_reference(witness_id=witness_id, by=access.actor())
    except actions.CannotOpen:
        return errors.error_page(409, NOT_OPEN)
    return redirect(url_for("witnesses.show", witness_id=witness_id), 303)


@blueprint.get("/witnesses/steps/<uuid:step_id>/strike")
@access.requires(Permission.TESTIMONY_RECORD)
def strike_page(step_id: uuid.UUID) -> Answer:
    found, step = store.step(step_id, by=access.actor())
    if step.struck_why is not None:
        return errors.error_page(409, ILLEGAL[StepRefusal.STRUCK])
    return _strike_page(found, step, StrikeForm())


def _strike_page(found: WitnessRecord, step: WitnessStep, form: StrikeForm, status: int = 200) -> Page:
    label = label_of("witness_statuses", step.status)
    page = render_template("support/witnesses/strike.html", record=found, step=step, label=label, form=form)
    return page, status


@blueprint.post("/witnesses/steps/<uuid:step_id>/strike")
@access.requires(Permission.TESTIMONY_RECORD)
def strike(step_id: uuid.UUID) -> Answer:
    by = access.actor()
    found, step = store.step(step_id, by=by)
    form = StrikeForm(request.form)
    if not form.validate():
        return _strike_page(found, step, form, 422)
    try:
        actions.strike(
            step_id=step_id,
            reason=StrikeReason(form.reason.data),
            happened_on=form.day.data if form.is_replaced else None,
            by=by,
        )
    except IllegalStep as error:
        return _strike_page(found, step, form, say_not_struck(form, error.reason))
    return redirect(url_for("witnesses.show", witness_id=found.id), 303)


@blueprint.get("/witnesses/<uuid:witness_id>/end")
@access.requires(Permission.TESTIMONY_RECORD)
def end_page(witness_id: uuid.UUID) -> Answer:
    return _end_page(witness_id, EndWitnessForm())


def _end_page(witness_id: uuid.UUID, form: EndWitnessForm, status: int = 200) -> Page:
    """What would be destroyed, and what still speaks against it."""
    by = access.actor()
    found = store.one(witness_id, by=by)
    way = actions.in_the_way(witness_id=witness_id, by=by) if found.over_on is None else InTheWay()
    hearings = [(each.on, court_name(each.court)) for each in way.hearings]
    number = names.number_now(country().party_in(MechanismRole.AUTHORITY)) if way.threats else ""
    page = render_template(
        "support/witnesses/end.html", record=found, way=way, hearings=hearings, form=form, number=number
    )
    return page, status


@blueprint.post("/witnesses/<uuid:witness_id>/end")
@access.requires(Permission.TESTIMONY_RECORD)
def end(witness_id: uuid.UUID) -> Answer:
    """The proceedings are over: who the witness is, and the hearings, are destroyed. While a hearing lies ahead, or
    nobody has seen a threat, nothing is; where nobody here can read the hearings, it is said a second time."""
    form = EndWitnessForm(request.form)
    try:
        actions.end(witness_id=witness_id, despite=bool(form.despite.data), by=access.actor())
    except EndRefused:
        if not actions.in_the_way(witness_id=witness_id, by=access.actor()).is_shut:
            form.despite.errors = [SAY_IT]
        return _end_page(witness_id, form, 422)
    return redirect(url_for("witnesses.index"), 303)
