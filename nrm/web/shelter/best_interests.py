"""What is in a child's best interest: the households, the second look, the decision, the guardian."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import Form

from forms.days import chosen_day
from forms.shelter.findings import (
    DECIDED_BY_LABELS,
    IMPOSSIBLE,
    OUTCOME_LABELS,
    DecideForm,
    GuardianNameForm,
    LookForm,
    OpenFileForm,
    chosen_household,
)
from forms.shelter.stays import CLOSED
from nrm.actions.shelter import best_interests as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.shelter.cases import Purpose
from nrm.domain.shelter.findings import DecidedBy, FindingRefused, Found, Outcome
from nrm.domain.words import N_
from nrm.store.days import today
from nrm.store.shelter import ages
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import findings as store
from nrm.web import access, errors
from nrm.web.shelter import findings

blueprint = Blueprint("best_interests", __name__)
Answer = BaseResponse | tuple[str, int] | str

KEY = N_("Your organisation holds no key to this child's file. Whoever assesses passes it on.")


def _gate(case_id: uuid.UUID) -> store.Gate:
    """The gate of a child's case; raises NotVisible, also of an adult's."""
    found = store.of_case(case_id, by=access.actor())
    if found is None:
        raise NotVisible
    return found


@blueprint.get("/cases/<uuid:case_id>/best-interests")
@access.requires(Permission.CASE_READ)
def show(case_id: uuid.UUID) -> Answer:
    """What was found of which household, who looked a second time, what was decided; names once they were opened."""
    return _show(case_id, OpenFileForm(), 200)


def _show(case_id: uuid.UUID, form: OpenFileForm, status: int) -> tuple[str, int]:
    by = access.actor()
    found = _gate(case_id)
    told = actions.opened(case_id=case_id, by=by)
    page = render_template(
        "shelter/best_interests/show.html",
        case_id=case_id,
        code=store.code_of(case_id, by=by),
        gate=found,
        closed=CLOSED[found.shut_by],
        form=form,
        told=told,
        sealed=store.file_of(case_id, by=by) is not None,
        called={each.id: findings.called(each, told or {}) for each in found.households},
        outcomes=OUTCOME_LABELS,
        deciders=DECIDED_BY_LABELS,
        has_age=ages.is_shown(case_id, by=by),
        holds=store.relation(case_id, by=by) is case_store.CaseRelation.HOLDER,
        **findings.words(),
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/best-interests")
@access.requires(Permission.CASE_READ)
def open_file(case_id: uuid.UUID) -> Answer:
    """Open the names; recorded before anything is shown."""
    form = OpenFileForm(request.form)
    _gate(case_id)
    if not form.validate():
        return _show(case_id, form, 422)
    try:
        actions.open_file(case_id=case_id, purpose=Purpose(form.purpose.data), by=access.actor())
    except actions.CannotOpen:
        return errors.error_page(409, KEY)
    return redirect(url_for("best_interests.show", case_id=case_id), 303)


@blueprint.post("/cases/<uuid:case_id>/best-interests/pass-on")
@access.requires(Permission.CASE_READ)
def pass_on(case_id: uuid.UUID) -> Answer:
    """Let who holds the case now read the file, and no longer who held it before."""
    _gate(case_id)
    try:
        actions.pass_on(case_id=case_id, by=access.actor())
    except actions.CannotOpen:
        return errors.error_page(409, KEY)
    return redirect(url_for("best_interests.show", case_id=case_id), 303)


@blueprint.get("/cases/<uuid:case_id>/households/<uuid:household_id>/second-look")
@access.requires(Permission.CASE_READ)
def look_page(case_id: uuid.UUID, household_id: uuid.UUID) -> Answer:
    return _look(case_id, household_id, LookForm(), 200)


def _look(case_id: uuid.UUID, household_id: uuid.UUID, form: LookForm, status: int) -> Answer:
    found = _gate(case_id)
    household = next((each for each in found.households if each.id == household_id), None)
    if household is None or not household.to_look:
        raise NotVisible
    told = actions.opened(case_id=case_id, by=access.actor())
    if told is None and request.method == "GET":
        return redirect(url_for("best_interests.show", case_id=case_id), 303)
    told = told or {}
    page = render_template(
        "shelter/best_interests/look.html",
        case_id=case_id,
        form=form,
        household=household,
        told=told,
        called={household.id: findings.called(household, told)},
        **findings.words(),
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/households/<uuid:household_id>/second-look")
@access.requires(Permission.CASE_READ)
def look(case_id: uuid.UUID, household_id: uuid.UUID) -> Answer:
    form = LookForm(request.form)
    return _done(
        case_id,
        form,
        lambda status: _look(case_id, household_id, form, status),
        lambda: actions.look(
            case_id=case_id,
            household_id=household_id,
            found=Found(form.found.data),
            reasons=form.where.data or "",
            on=chosen_day(form.when, form.on, today()),
            by=access.actor(),
        ),
    )


@blueprint.get("/cases/<uuid:case_id>/best-interest-decision")
@access.requires(Permission.REFERRAL_DIRECT)
def decide_page(case_id: uuid.UUID) -> Answer:
    return _decide(case_id, DecideForm(), 200)


def _decide(case_id: uuid.UUID, form: DecideForm, status: int) -> Answer:
    found = _gate(case_id)
    if not found.may_decide:
        raise NotVisible
    told = actions.opened(case_id=case_id, by=access.actor())
    if told is None and request.method == "GET":
        return redirect(url_for("best_interests.show", case_id=case_id), 303)
    told = told or {}
    form.household.choices = findings.offered(case_id, found)
    page = render_template(
        "shelter/best_interests/decide.html",
        case_id=case_id,
        form=form,
        gate=found,
        told=told,
        called={each.id: findings.called(each, told) for each in found.households},
        **findings.words(),
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/best-interest-decision")
@access.requires(Permission.REFERRAL_DIRECT)
def decide(case_id: uuid.UUID) -> Answer:
    form = DecideForm(request.form)
    return _done(
        case_id,
        form,
        lambda status: _decide(case_id, form, status),
        lambda: actions.decide(
            case_id=case_id,
            outcome=Outcome(form.outcome.data),
            household_id=chosen_household(form.household),
            decided_by=DecidedBy(form.decided_by.data),
            who=form.name.data or "",
            view=form.where.data or "",
            on=chosen_day(form.when, form.on, today()),
            by=access.actor(),
        ),
    )


@blueprint.get("/cases/<uuid:case_id>/guardian")
@access.requires(Permission.CASE_READ)
def guardian_page(case_id: uuid.UUID) -> Answer:
    return _guardian(case_id, GuardianNameForm(), 200)


def _guardian(case_id: uuid.UUID, form: GuardianNameForm, status: int) -> Answer:
    found = _gate(case_id)
    if not found.may_name_guardian:
        raise NotVisible
    form.once.data = str(form.press)
    return render_template("shelter/best_interests/guardian.html", case_id=case_id, form=form, gate=found), status


@blueprint.post("/cases/<uuid:case_id>/guardian")
@access.requires(Permission.CASE_READ)
def name_guardian(case_id: uuid.UUID) -> Answer:
    form = GuardianNameForm(request.form)
    return _done(
        case_id,
        form,
        lambda status: _guardian(case_id, form, status),
        lambda: actions.name_guardian(
            case_id=case_id,
            name=form.name.data or "",
            since_on=chosen_day(form.when, form.on, today()),
            no_companion=form.no_companion.data,
            not_of_household=form.not_of_household.data,
            by=access.actor(),
            press=form.press,
        ),
    )


def _done(case_id: uuid.UUID, form: Form, page: Callable[[int], Answer], act: Callable[[], object]) -> Answer:
    """Do what a valid form says and show what stands now, or give the page back with what is wrong."""
    valid = form.validate()
    shown = page(422)  # raises NotVisible before anything is done
    if not valid:
        return shown
    try:
        act()
    except actions.CannotOpen:
        return errors.error_page(409, KEY)
    except FindingRefused as error:
        name, words = IMPOSSIBLE[error.reason]
        if name not in form:
            return errors.error_page(409, words)
        field = form["when"] if name == "on" and form["when"].data != "other" else form[name]
        field.errors = [words]
        return page(422)
    return redirect(url_for("best_interests.show", case_id=case_id), 303)
