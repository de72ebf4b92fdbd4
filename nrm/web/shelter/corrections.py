"""Correcting the day of an admission, and an end that was wrong: the stay goes on."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.shelter.case_mistakes import (
    MISTAKE_REFUSED,
    STANDS_LABELS,
    AnswerMistakeForm,
    SayMistakeForm,
)
from forms.shelter.case_mistakes import (
    WHY_LABELS as MISTAKE_WHYS,
)
from forms.shelter.corrections import (
    CORRECTION_REFUSED,
    CorrectAdmissionForm,
    CorrectPlaceForm,
    DoubtForm,
    ReopenStayForm,
    TakeBackForm,
)
from forms.shelter.stays import IMPOSSIBLE
from forms.typed import OnceForm
from nrm.actions.shelter import corrections as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.cases import CaseRefused, parse_pseudonym
from nrm.domain.shelter.corrections import (
    CorrectionRefusal,
    CorrectionRefused,
    MistakeRefusal,
    MistakeRefused,
    MistakeWhy,
    Why,
)
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.shelter.stays import ImpossibleStay
from nrm.domain.words import N_
from nrm.store.shelter import absences as absence_store
from nrm.store.shelter import cases, closings, places
from nrm.store.shelter import stays as store
from nrm.web import access, errors
from nrm.web.choices import label_of
from nrm.web.shelter import absences
from nrm.web.shelter.stay_endings import NOT_OVER, not_open
from nrm.web.shelter.stays import chosen_place, mothers, place_choices

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("corrections", __name__)

CHOOSE = N_("Choose a place")
CHOOSE_PLACE = N_("Choose a free place: somebody else has the former one now")


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
    return not_open(stay) or _reopen_page(stay, _form_of(stay))


def _form_of(stay: store.StayLine) -> ReopenStayForm | DoubtForm:
    """Of an end that two members recorded the first member only says why it is wrong."""
    left = absence_store.ended_by_two(stay.id, by=access.actor())
    return DoubtForm(request.form) if left is not None and not left.doubted else _reopen_form(stay)


def _reopen_form(stay: store.StayLine) -> ReopenStayForm:
    """Her own place stands first if it is free, and is taken; else another one must be chosen."""
    form = ReopenStayForm(request.form)
    free = place_choices(places.free_lines(by=access.actor()))
    own = [each for each in free if each.value == stay.place]
    empty = [] if own else [SelectChoice(value="", label="—")]
    form.bed.choices = [*own, *empty, *(each for each in free if each not in own)]
    if stay.small_child:
        form.bed.choices += mothers()
    return form


def _reopen_page(stay: store.StayLine, form: ReopenStayForm | DoubtForm, status: int = 200) -> Answer:
    page = render_template(
        "shelter/corrections/reopen.html",
        stay=stay,
        form=form,
        left=absence_store.ended_by_two(stay.id, by=access.actor()),
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
    form = _form_of(stay)
    if isinstance(form, DoubtForm):
        return _doubt(stay, form)
    if not form.validate() or not form.bed.data:
        form.bed.errors = form.bed.errors or ([] if form.bed.data else [CHOOSE_PLACE])
        return _reopen_page(stay, form, 422)
    chosen = chosen_place(form)
    try:
        actions.reopen(
            stay_id=stay_id,
            place_id=chosen.place_id,
            with_stay_id=chosen.with_stay_id,
            why=Why(form.why.data),
            by=by,
        )
    except ImpossibleStay as error:
        form.bed.errors = [IMPOSSIBLE[error.reason]]
        return _reopen_page(stay, form, 409)
    except CorrectionRefused as error:
        form.why.errors = [CORRECTION_REFUSED[error.reason]]
        return _reopen_page(stay, form, 409)
    return redirect(url_for("stays.show", stay_id=stay_id, did="reopened"), 303)


def _doubt(stay: store.StayLine, form: DoubtForm) -> Answer:
    """The first of two members says that the end is wrong."""
    if not form.validate():
        return _reopen_page(stay, form, 422)
    try:
        actions.doubt(stay_id=stay.id, why=Why(form.why.data), by=access.actor())
    except CorrectionRefused as error:
        form.why.errors = [CORRECTION_REFUSED[error.reason]]
        return _reopen_page(stay, form, 409)
    return redirect(url_for("stays.show", stay_id=stay.id, did="doubted"), 303)


@blueprint.post("/stays/<uuid:stay_id>/correct/reopen/back")
@access.requires(Permission.STAY_MANAGE)
def take_back_doubt(stay_id: uuid.UUID) -> Answer:
    """The end was right after all."""
    try:
        actions.take_back_doubt(stay_id=stay_id, by=access.actor())
    except CorrectionRefused as error:
        return errors.error_page(409, CORRECTION_REFUSED[error.reason])
    return redirect(url_for("stays.show", stay_id=stay_id), 303)


@blueprint.get("/stays/<uuid:stay_id>/correct/place")
@access.requires(Permission.STAY_MANAGE)
def place_page(stay_id: uuid.UUID) -> Answer:
    stay = store.stay(stay_id, by=access.actor())
    return render_template("shelter/corrections/place.html", stay=stay, form=_place_form(stay))


def _place_form(stay: store.StayLine) -> CorrectPlaceForm:
    """Every place of the building: which of them was free on those days is looked at when the form is sent."""
    form = CorrectPlaceForm(request.form, since=stay.admitted_on)
    form.bed.choices = [SelectChoice(value="", label="—"), *place_choices(places.places(by=access.actor()))]
    return form


@blueprint.post("/stays/<uuid:stay_id>/correct/place")
@access.requires(Permission.STAY_MANAGE)
def place(stay_id: uuid.UUID) -> Answer:
    by = access.actor()
    stay = store.stay(stay_id, by=by)
    form = _place_form(stay)
    if form.validate() and form.since.data is not None and form.bed.data:
        place_id = chosen_place(form).place_id
        assert place_id is not None
        try:
            actions.correct_place(
                stay_id=stay_id, place_id=place_id, from_on=form.since.data, why=Why(form.why.data), by=by
            )
            return redirect(url_for("stays.show", stay_id=stay_id, did="corrected"), 303)
        except ImpossibleStay as error:
            form.bed.errors = [IMPOSSIBLE[error.reason]]
        except CorrectionRefused as error:
            form.since.errors = [CORRECTION_REFUSED[error.reason]]
    elif not form.bed.data and not form.bed.errors:
        form.bed.errors = [CHOOSE]
    return render_template("shelter/corrections/place.html", stay=stay, form=form), 422


@blueprint.get("/stays/<uuid:stay_id>/mistake")
@access.requires(Permission.STAY_MANAGE)
def opened_by_mistake_page(stay_id: uuid.UUID) -> Answer:
    """What follows, before it is done."""
    return _mistake_page(stay_id, TakeBackForm(formdata=None))


def _mistake_page(stay_id: uuid.UUID, form: TakeBackForm, status: int = 200) -> Answer:
    by = access.actor()
    stay = store.stay(stay_id, by=by)
    if stay.ended_on is not None or stay.referral_id is not None:
        reason = CorrectionRefusal.REFERRED if stay.ended_on is None else CorrectionRefusal.NO_ARRIVAL
        return errors.error_page(409, CORRECTION_REFUSED[reason])
    if not stay.opened_lately:
        return errors.error_page(409, CORRECTION_REFUSED[CorrectionRefusal.OPENED_LATE])
    case = cases.case(stay.case_id, by=by)
    page = render_template(
        "shelter/corrections/opened_by_mistake.html",
        stay=stay,
        case=case,
        form=form,
        is_return=store.is_return(stay_id, by=by),
    )
    return page, status


@blueprint.post("/stays/<uuid:stay_id>/mistake")
@access.requires(Permission.STAY_MANAGE)
def opened_by_mistake(stay_id: uuid.UUID) -> Answer:
    """The stay never was."""
    form = TakeBackForm(request.form)
    if not form.validate():
        return _mistake_page(stay_id, form, 422)
    try:
        case_id = actions.opened_by_mistake(stay_id=stay_id, why=Why(form.why.data), by=access.actor())
    except CorrectionRefused as error:
        return errors.error_page(409, CORRECTION_REFUSED[error.reason])
    with suppress(
        actions.CannotOpen, CaseRefused, GateClosed
    ):  # the case stays open then, and its page says what is missing
        actions.close_again(stay_id=stay_id, by=access.actor())
    return redirect(url_for("cases.show", case_id=case_id), 303)


@blueprint.get("/cases/<uuid:case_id>/mistake")
@access.requires(Permission.CASE_READ)
def mistake_page(case_id: uuid.UUID) -> Answer:
    """What was said and what speaks against it; for the house, child protection and the duty desk."""
    return _of_child_page(case_id, OnceForm(), 200)


def _of_child_page(case_id: uuid.UUID, form: OnceForm, status: int) -> tuple[str, int]:
    page = render_template(
        "shelter/corrections/mistake.html",
        case_id=case_id,
        seen=closings.mistake_of(case_id, by=access.actor()),
        form=form,
        say=form if isinstance(form, SayMistakeForm) else SayMistakeForm(),
        answer=form if isinstance(form, AnswerMistakeForm) else AnswerMistakeForm(),
        whys=MISTAKE_WHYS,
        stands=STANDS_LABELS,
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/mistake")
@access.requires(Permission.STAY_MANAGE)
def say_mistake(case_id: uuid.UUID) -> Answer:
    form, by = SayMistakeForm(request.form), access.actor()
    if not closings.mistake_of(case_id, by=by).holds:
        raise NotVisible
    try:
        code = parse_pseudonym(form.code.data or "")
    except ValueError:
        code = ""
    return _done_mistake(
        case_id, form, lambda: actions.say_mistake(case_id=case_id, why=MistakeWhy(form.why.data), code=code, by=by)
    )


@blueprint.post("/cases/<uuid:case_id>/mistake/answer")
@access.requires(Permission.CASE_READ)
def answer_mistake(case_id: uuid.UUID) -> Answer:
    """Child protection agrees, or says no."""
    form, by = AnswerMistakeForm(request.form), access.actor()
    closings.mistake_of(case_id, by=by)
    act = actions.agree_mistake if form.answer.data == "yes" else actions.decline_mistake
    return _done_mistake(case_id, form, lambda: act(case_id=case_id, by=by))


@blueprint.get("/cases/<uuid:case_id>/mistake/take-back")
@access.requires(Permission.CASE_READ)
def take_back_mistake_page(case_id: uuid.UUID) -> Answer:
    """What follows for the question of the house, before it is taken back."""
    seen = closings.mistake_of(case_id, by=access.actor())
    if not seen.may_take_back:
        return errors.error_page(409, MISTAKE_REFUSED[MistakeRefusal.NO_WORD][1])
    return render_template("shelter/corrections/take_back_mistake.html", case_id=case_id, seen=seen)


@blueprint.post("/cases/<uuid:case_id>/mistake/take-back")
@access.requires(Permission.CASE_READ)
def take_back_mistake(case_id: uuid.UUID) -> Answer:
    return _done_mistake(
        case_id, OnceForm(request.form), lambda: actions.take_back_mistake(case_id=case_id, by=access.actor())
    )


def _done_mistake(case_id: uuid.UUID, form: OnceForm, act: Callable[[], object]) -> Answer:
    if not form.validate():
        return _of_child_page(case_id, form, 422)
    try:
        act()
    except MistakeRefused as error:
        name, words = MISTAKE_REFUSED[error.reason]
        if name not in form:
            return errors.error_page(409, words)
        form[name].errors = [words]
        return _of_child_page(case_id, form, 422)
    return redirect(url_for("corrections.mistake_page", case_id=case_id), 303)


def mistakes_at_home() -> Markup:
    """The part of a home page that says which cases of children houses call a mistake."""
    found = closings.mistakes_at_home(by=access.actor())
    part = render_template("shelter/corrections/mistakes.html", lines=found, whys=MISTAKE_WHYS) if found else ""
    return Markup(part)  # noqa: S704 - a template of ours, escaped there
