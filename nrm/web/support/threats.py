"""Telling that a witness is threatened, saying what a desk does about it, and taking back either."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from forms.support.threats import ACT_LABELS, DOUBT_LABELS, REFUSED, DoubtForm, SeenForm
from nrm.actions.support import threats as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.roles import MechanismRole
from nrm.domain.support.threats import Acts, Doubt, ThreatRefused, mark_of
from nrm.store import names
from nrm.store.countries import country
from nrm.store.support import hearings as people
from nrm.store.support import threats as store
from nrm.store.support.hearings import Person
from nrm.web import access, errors, telephones
from nrm.web.accounts import told_once

blueprint = Blueprint("threats", __name__)
Answer = Response | tuple[str, int] | str


def home_part() -> Markup:
    """What the actor's desk was told and has not seen, and what it does about others; nothing where there is none."""
    lines = store.on_home(by=access.actor())
    if not lines:
        return Markup()
    page = render_template(
        "support/threats/desk.html",
        lines=[each for each in lines if each.said is None],
        acted=[each for each in lines if each.said is not None],
        act_labels=ACT_LABELS,
        doubt_labels=DOUBT_LABELS,
        number=_prosecution(),
    )
    return Markup(page)  # noqa: S704


def _prosecution() -> str:
    return names.number_now(country().party_in(MechanismRole.PROSECUTION))


@blueprint.get("/cases/<uuid:case_id>/threat")
@access.requires(Permission.TESTIMONY_RECORD)
def tell_page(case_id: uuid.UUID) -> str:
    person = people.of_case(case_id, by=access.actor())
    back = url_for("testimony.record_page", case_id=case_id)
    return _tell_page(person, back)


def _tell_page(person: Person, back: str) -> str:
    return render_template(
        "support/threats/tell.html",
        person=person,
        back=back,
        told=store.told(person, by=access.actor()),
        doubt_labels=DOUBT_LABELS,
        numbers=telephones.protecting(),
    )


@blueprint.post("/cases/<uuid:case_id>/threat")
@access.requires(Permission.TESTIMONY_RECORD)
def tell(case_id: uuid.UUID) -> Response:
    """Tell the holder and the duty desk at once."""
    actions.tell(case_id=case_id, by=access.actor())
    return told_once.lead(url_for("testimony.record_page", case_id=case_id, told=1))


@blueprint.get("/witnesses/<uuid:witness_id>/threat")
@access.requires(Permission.TESTIMONY_RECORD)
def tell_of_witness_page(witness_id: uuid.UUID) -> str:
    person = people.of_witness(witness_id, by=access.actor())
    back = url_for("witnesses.show", witness_id=witness_id)
    return _tell_page(person, back)


@blueprint.post("/witnesses/<uuid:witness_id>/threat")
@access.requires(Permission.TESTIMONY_RECORD)
def tell_of_witness(witness_id: uuid.UUID) -> Response:
    """Tell the duty desk at once."""
    actions.tell_of_witness(witness_id=witness_id, by=access.actor())
    return told_once.lead(url_for("witnesses.show", witness_id=witness_id, told=1))


@blueprint.get("/threats/<uuid:alarm_id>")
@access.requires(Permission.CASE_READ)
def show(alarm_id: uuid.UUID) -> Answer:
    """The alarm, whom to telephone, and what each desk does."""
    return _page(alarm_id, SeenForm(formdata=None))


def _page(alarm_id: uuid.UUID, form: SeenForm, status: int = 200) -> tuple[str, int]:
    page = render_template(
        "support/threats/show.html",
        found=store.page(alarm_id, by=access.actor()),
        form=form,
        act_labels=ACT_LABELS,
        doubt_labels=DOUBT_LABELS,
        number=_prosecution(),
    )
    return page, status


@blueprint.post("/threats/<uuid:alarm_id>/seen")
@access.requires(Permission.CASE_READ)
def seen(alarm_id: uuid.UUID) -> Answer:
    """The desk has seen it, and says what it does."""
    form = SeenForm(request.form)
    if not form.validate():
        return _page(alarm_id, form, 422)
    actions.seen(alarm_id=alarm_id, what=Acts(form.what.data), by=access.actor())
    return redirect(url_for("threats.show", alarm_id=alarm_id), 303)


@blueprint.post("/threats/<uuid:alarm_id>/seen/undo")
@access.requires(Permission.CASE_READ)
def take_back(alarm_id: uuid.UUID) -> Answer:
    """It was pressed by mistake: the alarm waits again."""
    try:
        actions.take_back(alarm_id=alarm_id, by=access.actor())
    except ThreatRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("threats.show", alarm_id=alarm_id), 303)


@blueprint.post("/threats/<uuid:alarm_id>/doubt/undo")
@access.requires(Permission.TESTIMONY_RECORD)
def stands(alarm_id: uuid.UUID) -> Answer:
    """It was no mistake: who told the alarm takes that word back."""
    alarm = store.own(alarm_id, by=access.actor())
    try:
        actions.stands(alarm_id=alarm_id, by=access.actor())
    except ThreatRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(_told_page(alarm.case_id, alarm.witness_id), 303)


@blueprint.get("/threats/<uuid:alarm_id>/doubt")
@access.requires(Permission.TESTIMONY_RECORD)
def doubt_page(alarm_id: uuid.UUID) -> Answer:
    return _doubt_page(alarm_id, DoubtForm(formdata=None))


def _doubt_page(alarm_id: uuid.UUID, form: DoubtForm, status: int = 200) -> tuple[str, int]:
    alarm = store.own(alarm_id, by=access.actor())
    page = render_template(
        "support/threats/doubt.html",
        alarm=alarm,
        mark=mark_of(alarm_id),
        form=form,
        back=_told_page(alarm.case_id, alarm.witness_id),
        doubt_labels=DOUBT_LABELS,
    )
    return page, status


def _told_page(case_id: uuid.UUID | None, witness_id: uuid.UUID | None) -> str:
    if case_id is not None:
        return url_for("threats.tell_page", case_id=case_id)
    return url_for("threats.tell_of_witness_page", witness_id=witness_id)


@blueprint.post("/threats/<uuid:alarm_id>/doubt")
@access.requires(Permission.TESTIMONY_RECORD)
def doubt(alarm_id: uuid.UUID) -> Answer:
    """Who told it says that it was told twice, or by mistake."""
    form = DoubtForm(request.form)
    alarm = store.own(alarm_id, by=access.actor())
    if not form.validate():
        return _doubt_page(alarm_id, form, 422)
    try:
        actions.doubt(alarm_id=alarm_id, why=Doubt(form.why.data), by=access.actor())
    except ThreatRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(_told_page(alarm.case_id, alarm.witness_id), 303)
