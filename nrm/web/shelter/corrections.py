"""Correcting the day of an admission, and an end that was wrong: the stay goes on."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.shelter.corrections import CORRECTION_REFUSED, CorrectAdmissionForm, ReopenStayForm
from forms.shelter.stays import IMPOSSIBLE
from nrm.actions.shelter import corrections as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.shelter.corrections import CorrectionRefused, Why
from nrm.domain.shelter.stays import ImpossibleStay
from nrm.domain.words import N_
from nrm.store.shelter import stays as store
from nrm.web import access, errors
from nrm.web.choices import label_of
from nrm.web.shelter import absences
from nrm.web.shelter.stay_endings import NOT_OVER
from nrm.web.shelter.stays import chosen_bed

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("corrections", __name__)

CHOOSE_PLACE = N_("Choose a free bed: somebody else has hers now")


@blueprint.get("/stays/<uuid:stay_id>/correct/admission")
@access.requires(Permission.STAY_MANAGE)
def admission_page(stay_id: uuid.UUID) -> Answer:
    stay = store.stay(stay_id, by=access.actor())
    form = CorrectAdmissionForm(admitted=stay.admitted_on)
    return render_template("shelter/corrections/admission.html", stay=stay, form=form)


@blueprint.post("/stays/<uuid:stay_id>/correct/admission")
@access.requires(Permission.STAY_MANAGE)
def admission(stay_id: uuid.UUID) -> Answer:
    by = access.actor()
    stay = store.stay(stay_id, by=by)
    form, status = CorrectAdmissionForm(request.form), 422
    if form.validate() and form.admitted.data is not None:
        try:
            actions.correct_admission(stay_id=stay_id, admitted_on=form.admitted.data, why=Why(form.why.data), by=by)
            return redirect(url_for("stays.show", stay_id=stay_id, did="corrected"), 303)
        except ImpossibleStay as error:
            form.admitted.errors = [IMPOSSIBLE[error.reason]]
        except CorrectionRefused as error:
            form.admitted.errors = [CORRECTION_REFUSED[error.reason]]
    return render_template("shelter/corrections/admission.html", stay=stay, form=form), status


@blueprint.get("/stays/<uuid:stay_id>/correct/reopen")
@access.requires(Permission.STAY_MANAGE)
def reopen_page(stay_id: uuid.UUID) -> Answer:
    stay = store.stay(stay_id, by=access.actor())
    if stay.ended_on is None:
        return errors.error_page(409, NOT_OVER)
    return _reopen_page(stay, _reopen_form(stay))


def _reopen_form(stay: store.StayLine) -> ReopenStayForm:
    """Her own place stands first if it is free, and is taken; else another one must be chosen."""
    form = ReopenStayForm(request.form)
    free = [label for _, label in store.free_beds(by=access.actor())]
    own = [stay.bed] if stay.bed in free else []
    empty = [] if own else [SelectChoice(value="", label="—")]
    form.bed.choices = empty + [SelectChoice(value=each, label=each) for each in dict.fromkeys([*own, *free])]
    return form


def _reopen_page(stay: store.StayLine, form: ReopenStayForm, status: int = 200) -> Answer:
    page = render_template(
        "shelter/corrections/reopen.html",
        stay=stay,
        form=form,
        reason=label_of("exit_reasons", stay.exit_reason),
        destination=label_of("destinations", stay.destination),
        country=absences.place(stay.destination_country),
    )
    return page, status


@blueprint.post("/stays/<uuid:stay_id>/correct/reopen")
@access.requires(Permission.STAY_MANAGE)
def reopen(stay_id: uuid.UUID) -> Answer:
    by = access.actor()
    stay = store.stay(stay_id, by=by)
    if stay.ended_on is None:
        return errors.error_page(409, NOT_OVER)
    form = _reopen_form(stay)
    if not form.validate() or not form.bed.data:
        form.bed.errors = form.bed.errors or ([] if form.bed.data else [CHOOSE_PLACE])
        return _reopen_page(stay, form, 422)
    try:
        actions.reopen(stay_id=stay_id, bed_id=chosen_bed(form), why=Why(form.why.data), by=by)
    except ImpossibleStay as error:
        form.bed.errors = [IMPOSSIBLE[error.reason]]
        return _reopen_page(stay, form, 409)
    except CorrectionRefused as error:
        form.why.errors = [CORRECTION_REFUSED[error.reason]]
        return _reopen_page(stay, form, 409)
    return redirect(url_for("stays.show", stay_id=stay_id, did="reopened"), 303)
