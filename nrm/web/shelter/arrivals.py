"""Arrival and admission on one page, who has arrived and has no place yet, and taking a wrong arrival back."""

from __future__ import annotations

import uuid
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.days import chosen_day, planned_day
from forms.shelter.cases import CASE_REFUSED, IF_MISSING
from forms.shelter.corrections import CORRECTION_REFUSED, TakeBackForm
from forms.shelter.stays import NO_PLACE, ArrivalForm
from nrm.actions.referrals import referrals as referral_actions
from nrm.actions.shelter import arrivals as actions
from nrm.actions.shelter import corrections
from nrm.actions.shelter import stays as stay_actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.referrals.referrals import ReferralEvent, ReferralStatus, actors_of
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.corrections import CorrectionRefused, Why
from nrm.domain.shelter.places import may_be_with_mother
from nrm.domain.shelter.stays import ImpossibleStay
from nrm.domain.words import N_
from nrm.store import days as calendar
from nrm.store.referrals import referrals
from nrm.store.shelter import stays as store
from nrm.web import access, errors
from nrm.web.formats import day as day_in_words
from nrm.web.language import current_language, gettext
from nrm.web.shelter.stays import chosen_place, mark_impossible, offer_places

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("arrivals", __name__)

NOT_AWAITED = N_("This person is not awaited any more: the arrival was recorded, or it was said that nobody came.")


@blueprint.get("/referrals/<uuid:referral_id>/arrival")
@access.requires(Permission.REFERRAL_DECIDE)
def arrive_page(referral_id: uuid.UUID) -> Answer:
    line = _awaited(referral_id)
    if line is None:
        return errors.error_page(409, NOT_AWAITED)
    return _page(line, _form(line, empty=True))


def _awaited(referral_id: uuid.UUID) -> referrals.ReferralLine | None:
    """A referral whose person is awaited, or has arrived and was not admitted yet; raises NotVisible."""
    by = access.actor()
    line = referrals.referral(referral_id, by=by)
    if line.relation in actors_of(line.status, ReferralEvent.ARRIVE):
        return line
    there = line.status is ReferralStatus.ARRIVED and store.of_case(line.case_id, by=by).may_admit
    return line if there else None


def _form(line: referrals.ReferralLine, *, empty: bool = False) -> ArrivalForm:
    form = ArrivalForm(None if empty else request.form)
    person = store.held_case(line.case_id, by=access.actor())
    small = may_be_with_mother(age_class=person.age_class, age_band=person.age_band)
    offer_places(form, for_case=line.case_id, small_child=small)
    if line.status is not ReferralStatus.ARRIVED:
        none = SelectChoice(value=NO_PLACE, label=N_("No place yet: she has arrived and waits"))
        form.bed.choices = [*(form.bed.choices or ()), none]
    return form


def _page(line: referrals.ReferralLine, form: ArrivalForm, status: int = 200) -> Answer:
    return render_template(
        "shelter/arrivals/arrive.html", line=line, form=form, adult=line.age_class == "adult"
    ), status


@blueprint.post("/referrals/<uuid:referral_id>/arrival")
@access.requires(Permission.REFERRAL_DECIDE)
def arrive(referral_id: uuid.UUID) -> Answer:
    """Both acts in one: what was recorded before an error is found stays recorded, and the form says what is left."""
    by = access.actor()
    line = _awaited(referral_id)
    if line is None:
        return errors.error_page(409, NOT_AWAITED)
    form = _form(line)
    if not form.validate():
        return _page(line, form, 422)
    arrived_on = chosen_day(form.admitted, form.admitted_day, calendar.today())
    if arrived_on > calendar.today():
        form.admitted_day.errors = [N_("Enter a day that is not in the future")]
        return _page(line, form, 422)
    if line.status is not ReferralStatus.ARRIVED:
        referral_actions.arrive(referral_id=referral_id, by=by)
    stay_id = None
    if form.has_place:
        try:
            stay_id = _admit(line.case_id, form, arrived_on)
        except ImpossibleStay as error:
            arrived = referrals.referral(referral_id, by=by)
            return _page(arrived, form, mark_impossible(form, error))
    try:
        _seal(line.case_id, form, arrived_on)
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    if stay_id is None:
        return redirect(url_for("cases.show", case_id=line.case_id), 303)
    return redirect(url_for("stays.show", stay_id=stay_id, did="arrived"), 303)


def _admit(case_id: uuid.UUID, form: ArrivalForm, admitted_on: date) -> uuid.UUID:
    chosen = chosen_place(form)
    return stay_actions.admit(
        case_id=case_id,
        place_id=chosen.place_id,
        with_stay_id=chosen.with_stay_id,
        admitted_on=admitted_on,
        anticipated_end_on=planned_day(form.planned, form.planned_day, admitted_on),
        by=access.actor(),
    )


def _seal(case_id: uuid.UUID, form: ArrivalForm, arrived_on: date) -> None:
    note = ""
    if form.hour.data:
        on = day_in_words(arrived_on.isoformat(), current_language())
        note = gettext("Arrived on %(day)s at %(hour)s, as told.", day=on, hour=form.hour.data)
    answers = {name: (form[name].data or "").strip() for name in IF_MISSING}
    actions.seal(case_id=case_id, note=note, answers=answers, by=access.actor())


@blueprint.get("/referrals/<uuid:referral_id>/arrival/back")
@access.requires(Permission.REFERRAL_DECIDE)
def take_back_page(referral_id: uuid.UUID) -> Answer:
    """What follows from taking an arrival back, before it is done."""
    return _back_page(referral_id, TakeBackForm())


def _back_page(referral_id: uuid.UUID, form: TakeBackForm, status: int = 200) -> Answer:
    line = referrals.referral(referral_id, by=access.actor())
    if line.relation not in actors_of(line.status, ReferralEvent.TAKE_BACK_ARRIVAL):
        return errors.error_page(409, NO_ARRIVAL)
    return render_template("shelter/arrivals/back.html", line=line, form=form), status


NO_ARRIVAL = N_("No arrival is recorded here that could be taken back.")


@blueprint.post("/referrals/<uuid:referral_id>/arrival/back")
@access.requires(Permission.REFERRAL_DECIDE)
def take_back(referral_id: uuid.UUID) -> Answer:
    form = TakeBackForm(request.form)
    if not form.validate():
        return _back_page(referral_id, form, 422)
    try:
        corrections.take_back_arrival(referral_id=referral_id, why=Why(form.why.data), by=access.actor())
    except CorrectionRefused as error:
        form.why.errors = [CORRECTION_REFUSED[error.reason]]
        return _back_page(referral_id, form, 409)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)
