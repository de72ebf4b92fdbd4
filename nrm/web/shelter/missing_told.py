"""Telling the police or the prosecution of a missing person, and what they read of it (ADR 0076)."""

from __future__ import annotations

import uuid

from flask import Blueprint, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.shelter.cases import CARE_FIELDS
from forms.shelter.missing_told import (
    DANGER_LABELS,
    GIVEN_LABELS,
    GROUND_LABELS,
    CallForm,
    GroundForm,
    OpenToldForm,
    ShareForm,
)
from forms.shelter.stays import ABSENCE_REFUSED
from nrm.actions.shelter import missing_told as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.interviews.draft_owners import official_involved
from nrm.domain.roles import MechanismRole
from nrm.domain.shelter.absences import ASKED, GIVEN, AbsenceRefused, Danger, Ground, may_be_told
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import missing_told as steps
from nrm.store import names
from nrm.store.countries import country
from nrm.store.shelter import absences
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import missing_told as store
from nrm.web import access, errors

blueprint = Blueprint("missing_told", __name__)
Answer = BaseResponse | tuple[str, int] | str


@blueprint.errorhandler(AbsenceRefused)
def _refused(error: AbsenceRefused) -> Answer:
    return errors.error_page(409, ABSENCE_REFUSED[error.reason])


def said_of_official(case_id: uuid.UUID) -> bool:
    """Whether the story that this session has open names an official; then the form's answer changes nothing."""
    try:
        story = case_steps.opened(case_id=case_id, by=access.actor()).get(Compartment.STORY)
        questionnaire = country().questionnaires.get(case_store.case(case_id, by=access.actor()).questionnaire)
    except NotVisible:
        return False
    if story is None or questionnaire is None:
        return False
    named = any(value == "official" for name, value in story.value.items() if name.startswith("episode_who"))
    return named or story.value.get("official") in ("yes", "dont_know") or official_involved(questionnaire, story.value)


@blueprint.get("/missing/<uuid:missing_id>/police")
@access.requires(Permission.STAY_MANAGE)
def police_page(missing_id: uuid.UUID) -> Answer:
    """Whether they may be told; if so, the number, and what can be given."""
    return _page(missing_id)


def _page(
    missing_id: uuid.UUID,
    status: int = 200,
    *,
    ground: GroundForm | None = None,
    call: CallForm | None = None,
    share: ShareForm | None = None,
) -> tuple[str, int]:
    line = absences.one(missing_id, by=access.actor())
    answer = steps.answered(line.case_id, access.actor())
    told = store.of_alarm(missing_id, by=access.actor())
    ground = (ground or GroundForm()).offer(agreed=bool(answer))
    page = render_template(
        "shelter/missing_told/police.html",
        line=line,
        answer=answer,
        question=CARE_FIELDS[ASKED],
        may=may_be_told(line.police_ground, confirmed=line.police_confirmed),
        form=call or share or ground,
        ground=ground,
        call=call or CallForm(),
        share=share or ShareForm(),
        told=told,
        stands=any(not each.struck for each in told),
        before=store.grounds_before(missing_id, by=access.actor()),
        numbers={official: store.number_of(official=official, by=access.actor()) for official in (False, True)},
        official=said_of_official(line.case_id),
        words={"given": GIVEN_LABELS, "danger": DANGER_LABELS, "ground": GROUND_LABELS},
        fields=GIVEN,
        children=country().emergency.children,
    )
    return page, status


@blueprint.post("/missing/<uuid:missing_id>/police/ground")
@access.requires(Permission.STAY_MANAGE)
def say_ground(missing_id: uuid.UUID) -> Answer:
    line = absences.one(missing_id, by=access.actor())
    form = GroundForm(request.form).offer(agreed=bool(steps.answered(line.case_id, access.actor())))
    if not form.validate():
        return _page(missing_id, 422, ground=form)
    ground = Ground(form.ground.data)
    danger = Danger(form.danger.data) if ground is Ground.DANGER else None
    actions.say_ground(missing_id=missing_id, ground=ground, danger=danger, by=access.actor())
    return redirect(url_for("missing_told.police_page", missing_id=missing_id), 303)


@blueprint.post("/missing/<uuid:missing_id>/police/ground/take-back")
@access.requires(Permission.STAY_MANAGE)
def take_back_ground(missing_id: uuid.UUID) -> Answer:
    """It is not why they may be told: the page asks anew. Or what is named of what they were told was wrong."""
    told = request.form.get("told")
    if told is None:
        actions.take_back_ground(missing_id=missing_id, by=access.actor())
    else:
        actions.strike(missing_id=missing_id, told_id=_id_of(told), by=access.actor())
    return redirect(url_for("missing_told.police_page", missing_id=missing_id), 303)


def _id_of(typed: str) -> uuid.UUID:
    """Raises NotVisible for what is no id."""
    try:
        return uuid.UUID(typed)
    except ValueError:
        raise NotVisible from None


@blueprint.post("/missing/<uuid:missing_id>/police/confirm")
@access.requires(Permission.STAY_MANAGE)
def confirm_danger(missing_id: uuid.UUID) -> Answer:
    """A second member says too that life is in danger."""
    actions.confirm_danger(missing_id=missing_id, by=access.actor())
    return redirect(url_for("missing_told.police_page", missing_id=missing_id), 303)


@blueprint.post("/missing/<uuid:missing_id>/police/call")
@access.requires(Permission.STAY_MANAGE)
def call(missing_id: uuid.UUID) -> Answer:
    """The call to the number on the page was made."""
    by, form = access.actor(), CallForm(request.form)
    line = absences.one(missing_id, by=by)
    if not form.validate():
        return _page(missing_id, 422, call=form)
    official = form.official.data != "no" or said_of_official(line.case_id)
    number = store.number_of(official=official, by=access.actor())
    actions.call(missing_id=missing_id, number=number, reached=form.reached.data == "yes", official=official, by=by)
    return redirect(url_for("missing_told.police_page", missing_id=missing_id), 303)


@blueprint.post("/missing/<uuid:missing_id>/police/share")
@access.requires(Permission.STAY_MANAGE)
def share(missing_id: uuid.UUID) -> Answer:
    """Give what is ticked, under seal."""
    by, form = access.actor(), ShareForm(request.form)
    line = absences.one(missing_id, by=by)
    if not form.validate():
        return _page(missing_id, 422, share=form)
    official = form.official.data != "no" or said_of_official(line.case_id)
    actions.share(missing_id=missing_id, given=form.given, official=official, by=by)
    return redirect(url_for("missing_told.police_page", missing_id=missing_id), 303)


def number_of_desk() -> str:
    """The number of the duty desk, which knows the shelter."""
    return names.number_now(country().party_in(MechanismRole.AUTHORITY))


def home_part() -> Markup:
    """On the home page of who was told: the missing people of whom something was given."""
    top = g.get("top")
    if top is not None and not top.told:
        return Markup()
    lines, over = store.of_desk(by=access.actor()), store.no_longer(by=access.actor())
    if not lines and not over:
        return Markup()
    number = number_of_desk()
    return Markup(render_template("shelter/missing_told/desk.html", lines=lines, over=over, number=number))  # noqa: S704


@blueprint.get("/told/<uuid:told_id>")
@access.requires(Permission.ALARM_READ)
def show(told_id: uuid.UUID) -> Answer:
    """What was given, once this session opened it."""
    return _show(told_id, OpenToldForm(), 200)


def _show(told_id: uuid.UUID, form: OpenToldForm, status: int) -> tuple[str, int]:
    by = access.actor()
    line, given = store.told_to(told_id, by=by), actions.opened(told_id=told_id, by=by)
    rows = None if given is None else [(GIVEN_LABELS[name], given[name]) for name in GIVEN if name in given]
    return render_template("shelter/missing_told/show.html", line=line, form=form, rows=rows), status


@blueprint.post("/told/<uuid:told_id>")
@access.requires(Permission.ALARM_READ)
def open_told(told_id: uuid.UUID) -> Answer:
    """Open it for the purpose that is named; recorded before anything is shown."""
    form = OpenToldForm(request.form)
    if not form.validate():
        return _show(told_id, form, 422)
    actions.open_told(told_id=told_id, purpose=Purpose(form.purpose.data), by=access.actor())
    return redirect(url_for("missing_told.show", told_id=told_id), 303)
