"""Residents who are away and expected back."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date, timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from forms.days import OTHER, chosen_day
from forms.shelter.away import AWAY_REFUSED, LONGER_LABELS, AwayForm, BackForm, ExpectedForm
from forms.shelter.cases import CASE_REFUSED, COMPARTMENT_LABELS
from forms.shelter.corrections import CORRECTION_REFUSED, WHY_LABELS, StrikeAwayForm
from forms.shelter.identifications import STATUS_LABELS
from nrm import clock
from nrm.actions.shelter import away as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.shelter.absences import child_authority
from nrm.domain.shelter.away import AwayRefusal, AwayRefused, Over
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.corrections import CorrectionRefused, Why
from nrm.domain.shelter.stays import StayOver
from nrm.store import days as calendar
from nrm.store import names as organisation_names
from nrm.store import told_lately
from nrm.store.countries import country
from nrm.store.shelter import away as store
from nrm.store.shelter import stays
from nrm.web import access, errors
from nrm.web.shelter.stays import OVER

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("away", __name__)
_WHYS = {str(each): words for each, words in LONGER_LABELS.items()} | {
    str(each): words for each, words in WHY_LABELS.items()
}
"""Why a day of return is later, and why days away were struck."""


@blueprint.get("/stays/<uuid:stay_id>/away")
@access.requires(Permission.STAY_MANAGE)
def away_page(stay_id: uuid.UUID) -> Answer:
    stay = stays.stay(stay_id, by=access.actor())
    if stay.ended_on is not None:
        return errors.error_page(409, OVER)
    return _away_page(stay, AwayForm())


def _away_page(stay: stays.StayLine, form: AwayForm, status: int = 200) -> Answer:
    counted = country().away_nights_counted
    children = stays.with_person(stay.case_id, by=access.actor())
    return render_template("shelter/away/away.html", stay=stay, form=form, counted=counted, children=children), status


@blueprint.post("/stays/<uuid:stay_id>/away")
@access.requires(Permission.STAY_MANAGE)
def go(stay_id: uuid.UUID) -> Answer:
    by = access.actor()
    stay = stays.stay(stay_id, by=by)
    form = AwayForm(request.form)
    if not form.validate():
        return _away_page(stay, form, 422)
    since_on = chosen_day(form.since, form.since_day, calendar.today())
    try:
        actions.record(
            stay_id=stay_id,
            since_on=since_on,
            expected_on=_expected(form, since_on),
            reason=(form.reason.data or "").replace("\r\n", "\n").strip(),
            by=by,
        )
    except AwayRefused as error:
        late = error.reason in (AwayRefusal.EXPECTED, AwayRefusal.CHILD)
        choice, day = (form.expected, form.expected_day) if late else (form.since, form.since_day)
        (day if choice.data == OTHER else choice).errors = [AWAY_REFUSED[error.reason]]
        return _away_page(stay, form, 422)
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except StayOver:
        return errors.error_page(409, OVER)
    did = "away" if since_on <= calendar.today() else "away_later"
    return redirect(url_for("stays.show", stay_id=stay_id, did=did), 303)


def _expected(form: AwayForm, since_on: date) -> date:
    if form.expected.data == OTHER and form.expected_day.data is not None:
        return form.expected_day.data
    return max(since_on, calendar.today()) + timedelta(days=int(form.expected.data))


@blueprint.get("/away/<uuid:away_id>/back")
@access.requires(Permission.STAY_MANAGE)
def back_page(away_id: uuid.UUID) -> Answer:
    line = store.one(away_id, by=access.actor())
    if line.outcome:
        return errors.error_page(409, AWAY_REFUSED[AwayRefusal.OVER])
    return render_template("shelter/away/back.html", line=line, form=BackForm())


@blueprint.post("/away/<uuid:away_id>/back")
@access.requires(Permission.STAY_MANAGE)
def back(away_id: uuid.UUID) -> Answer:
    by = access.actor()
    line = store.one(away_id, by=by)
    form = BackForm(request.form)
    if not form.validate():
        return render_template("shelter/away/back.html", line=line, form=form), 422
    try:
        stay_id = actions.back(away_id=away_id, back_on=chosen_day(form.back, form.back_day, calendar.today()), by=by)
    except AwayRefused as error:
        if error.reason is AwayRefusal.OVER:
            return errors.error_page(409, AWAY_REFUSED[error.reason])
        (form.back_day if form.back.data == OTHER else form.back).errors = [AWAY_REFUSED[error.reason]]
        return render_template("shelter/away/back.html", line=line, form=form), 422
    return redirect(url_for("stays.show", stay_id=stay_id, did="back"), 303)


@blueprint.get("/away/<uuid:away_id>/expected")
@access.requires(Permission.STAY_MANAGE)
def expected_page(away_id: uuid.UUID) -> Answer:
    line = store.one(away_id, by=access.actor())
    if line.outcome:
        return errors.error_page(409, AWAY_REFUSED[AwayRefusal.OVER])
    return render_template("shelter/away/expected.html", line=line, form=ExpectedForm())


@blueprint.post("/away/<uuid:away_id>/expected")
@access.requires(Permission.STAY_MANAGE)
def expect(away_id: uuid.UUID) -> Answer:
    """The day of return was mistyped, or is another one by now."""
    by, form = access.actor(), ExpectedForm(request.form)
    line = store.one(away_id, by=by)
    if not form.validate() or form.expected_day.data is None:
        return render_template("shelter/away/expected.html", line=line, form=form), 422
    try:
        stay_id = actions.expect(away_id=away_id, expected_on=form.expected_day.data, why=form.longer, by=by)
    except AwayRefused as error:
        if error.reason is AwayRefusal.OVER:
            return errors.error_page(409, AWAY_REFUSED[error.reason])
        field = form.why if error.reason is AwayRefusal.WHY else form.expected_day
        field.errors = [AWAY_REFUSED[error.reason]]
        return render_template("shelter/away/expected.html", line=line, form=form), 422
    return redirect(url_for("stays.show", stay_id=stay_id, did="expected"), 303)


@blueprint.get("/away/<uuid:away_id>/not-back")
@access.requires(Permission.STAY_MANAGE)
def not_back_page(away_id: uuid.UUID) -> Answer:
    line = store.one(away_id, by=access.actor())
    if line.outcome != Over.BACK:
        return errors.error_page(409, AWAY_REFUSED[AwayRefusal.NOT_BACK])
    return render_template("shelter/away/not_back.html", line=line)


@blueprint.post("/away/<uuid:away_id>/not-back")
@access.requires(Permission.STAY_MANAGE)
def not_back(away_id: uuid.UUID) -> Answer:
    """That the person is back was pressed for the wrong one."""
    try:
        stay_id = actions.not_back(away_id=away_id, by=access.actor())
    except AwayRefused as error:
        return errors.error_page(409, AWAY_REFUSED[error.reason])
    return redirect(url_for("stays.show", stay_id=stay_id, did="away"), 303)


@blueprint.get("/away/<uuid:away_id>/strike")
@access.requires(Permission.STAY_MANAGE)
def strike_page(away_id: uuid.UUID) -> Answer:
    return render_template(
        "shelter/away/strike.html", line=store.one(away_id, by=access.actor()), form=StrikeAwayForm()
    )


@blueprint.post("/away/<uuid:away_id>/strike")
@access.requires(Permission.STAY_MANAGE)
def strike(away_id: uuid.UUID) -> Answer:
    by = access.actor()
    line = store.one(away_id, by=by)
    form = StrikeAwayForm(request.form)
    if not form.validate():
        return render_template("shelter/away/strike.html", line=line, form=form), 422
    try:
        stay_id = actions.strike(away_id=away_id, why=Why(form.why.data), by=by)
    except AwayRefused as error:
        return errors.error_page(409, AWAY_REFUSED[error.reason])
    except CorrectionRefused as error:
        return errors.error_page(409, CORRECTION_REFUSED[error.reason])
    return redirect(url_for("stays.show", stay_id=stay_id, did="not_away"), 303)


def told_part(moved: Collection[uuid.UUID]) -> Markup:
    """The part of a house's home page that says what colleagues said lately of somebody; `moved`: the absences of which
    it says already that a later day was said."""
    found = told_lately.lines(by=access.actor())
    lines = [each for each in found if each.what != told_lately.What.MOVED or each.away_id not in moved]
    words = {"whys": _WHYS, "part_labels": COMPARTMENT_LABELS, "statuses": STATUS_LABELS}
    shown = render_template("shelter/away/told.html", lines=lines, **words)
    return Markup(shown)  # noqa: S704 - as below


def struck_part(*, of_desk: bool = False) -> tuple[Markup, Markup]:
    """Two parts of a home page about days away of children that a house struck: those that wait to be seen by the child
    authority (`of_desk`: for a day already), and those that it has seen."""
    lines = store.struck_of_children(by=access.actor())
    parts = ([each for each in lines if each.seen_on is None], [each for each in lines if each.seen_on is not None])
    number = organisation_names.number_now(child_authority(country().in_force(clock.now()))) if of_desk else ""
    waiting, seen = (
        render_template("shelter/away/struck.html", struck=part, whys=WHY_LABELS, of_desk=of_desk, child_number=number)
        if part
        else ""
        for part in parts
    )
    return Markup(waiting), Markup(seen)  # noqa: S704 - a template of ours, escaped there


@blueprint.post("/children/away/<uuid:away_id>/seen")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def see_strike(away_id: uuid.UUID) -> Answer:
    """The child authority has seen that days away of a child were struck."""
    actions.see_strike(away_id=away_id, by=access.actor())
    return redirect(url_for("home.index"), 303)
