"""The witness track: what is recorded, and recording the next step."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms import days
from forms.shelter.strikes import STRIKE_LABELS, StrikeForm
from forms.shelter.testimony import FIELD_OF, ILLEGAL, RecordTestimonyForm
from forms.support.threats import DOUBT_LABELS
from nrm.actions.shelter import testimony as actions
from nrm.actions.support.hearings import CannotOpen
from nrm.domain.accounts.accounts import Permission
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.shelter.testimony import IllegalStep, StepRefusal, WitnessStatus
from nrm.steps.support import hearings
from nrm.store.days import today
from nrm.store.shelter import testimony as store
from nrm.store.support import hearings as people
from nrm.store.support import threats
from nrm.web import access, errors, formats
from nrm.web.choices import label_of, of_list
from nrm.web.language import current_language, gettext
from nrm.web.parts import Part, address
from nrm.web.support.hearings import court_name

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("testimony", __name__)


@blueprint.get("/cases/<uuid:case_id>/testimony")
@access.requires(Permission.TESTIMONY_RECORD)
def record_page(case_id: uuid.UUID) -> Answer:
    track = store.of_case(case_id, by=access.actor())
    return _testimony_page(track, _form(track))


@blueprint.post("/cases/<uuid:case_id>/testimony")
@access.requires(Permission.TESTIMONY_RECORD)
def record(case_id: uuid.UUID) -> Answer:
    by = access.actor()
    track = store.of_case(case_id, by=by)
    form = _form(track)
    if not form.validate():
        return _testimony_page(track, form, 422)
    status = WitnessStatus(form.status.data)
    try:
        actions.record(
            case_id=case_id,
            status=status,
            happened_on=days.chosen_day(form.happened, form.happened_day, today()),
            reason=form.why,
            by=by,
        )
    except IllegalStep as error:
        return _testimony_page(track, form, say_refused(form, error.reason))
    return redirect(address(case_id, "testimony"), 303)


@blueprint.get("/testimony/<uuid:step_id>/strike")
@access.requires(Permission.TESTIMONY_RECORD)
def strike_page(step_id: uuid.UUID) -> Answer:
    track, step = store.step(step_id, by=access.actor())
    if step.struck_why is not None:
        return errors.error_page(409, ILLEGAL[StepRefusal.STRUCK])
    return _strike_page(track, step, StrikeForm())


@blueprint.post("/testimony/<uuid:step_id>/strike")
@access.requires(Permission.TESTIMONY_RECORD)
def strike(step_id: uuid.UUID) -> Answer:
    by = access.actor()
    track, step = store.step(step_id, by=by)
    form = StrikeForm(request.form)
    if not form.validate():
        return _strike_page(track, step, form, 422)
    try:
        actions.strike(
            step_id=step_id,
            reason=StrikeReason(form.reason.data),
            happened_on=form.day.data if form.is_replaced else None,
            by=by,
        )
    except IllegalStep as error:
        return _strike_page(track, step, form, say_not_struck(form, error.reason))
    return redirect(url_for("testimony.record_page", case_id=track.case_id), 303)


def _strike_page(track: store.WitnessView, step: store.WitnessStep, form: StrikeForm, status: int = 200) -> Answer:
    page = render_template(
        "shelter/testimony/strike.html",
        track=track,
        step=step,
        label=label_of("witness_statuses", step.status),
        form=form,
    )
    return page, status


def _form(track: store.WitnessView) -> RecordTestimonyForm:
    return form_of(track.following)


def form_of(following: Collection[WitnessStatus]) -> RecordTestimonyForm:
    """The form of the next step, as it was sent."""
    form = RecordTestimonyForm(request.form)
    form.status.choices = of_list("witness_statuses", following)
    form.reason.choices = of_list("withdrawal_reasons")
    form.leaving.choices = of_list("leaving_reasons")
    return form


def say_refused(form: RecordTestimonyForm, why: StepRefusal) -> int:
    """Say at its field why a step is refused; returns the status of the answer."""
    return days.say_refused(form, why, words=ILLEGAL, fields=FIELD_OF, otherwise="status")


def say_not_struck(form: StrikeForm, why: StepRefusal) -> int:
    """Say at its field why a step is not struck; returns the status of the answer."""
    in_future = why is StepRefusal.IN_FUTURE
    (form.day if in_future else form.reason).errors = [ILLEGAL[why]]
    return 422 if in_future else 409


def _testimony_page(track: store.WitnessView, form: RecordTestimonyForm, status: int = 200) -> Answer:
    person = people.of_case(track.case_id, by=access.actor())
    page = render_template(
        "shelter/testimony/record.html",
        track=track,
        form=form,
        person=person,
        told=threats.told(person, by=access.actor()),
        doubt_labels=DOUBT_LABELS,
        **_words(track),
    )
    return page, status


def _words(track: store.WitnessView) -> dict[str, Any]:
    return {
        "status_label": label_of("witness_statuses", track.status),
        "strike_labels": STRIKE_LABELS,
        "steps": [step_words(step) for step in track.steps],
    }


def step_words(step: store.WitnessStep) -> tuple[str, str, date, store.WitnessStep]:
    """(what happened, why, the day, the step), for the list of steps."""
    left = step.status is WitnessStatus.LEFT_WITNESS_PROTECTION
    why = label_of("leaving_reasons" if left else "withdrawal_reasons", step.reason) if step.reason else ""
    return label_of("witness_statuses", step.status), why, step.happened_on, step


@access.part_of_page
def summary(case_id: uuid.UUID) -> Part:
    """What a case page shows of the witness track."""
    by = access.actor()
    track = store.of_case(case_id, by=by)
    words, person = _words(track), people.of_case(case_id, by=by)
    state, due = str(words["status_label"]), ""
    ahead = _ahead(person)
    if ahead:
        state += "; " + gettext("hearing on %(day)s", day=formats.day(ahead[0].hearing.on, current_language()))
        due = gettext("There is a hearing today") if ahead[0].hearing.on == today() else ""
    unseen = [line for line in threats.of_desk(by=by) if line.case_id == case_id]
    if unseen:
        due = gettext("The witness is threatened: say that you have seen it")
    return Part.rendered(
        "testimony",
        gettext("Witness"),
        state,
        "shelter/testimony/summary.html",
        due=due,
        track=track,
        person=person,
        told=threats.told(person, by=by),
        doubt_labels=DOUBT_LABELS,
        unseen=unseen,
        ahead=[(each.hearing.on, court_name(each.hearing.court)) for each in ahead],
        **words,
    )


def _ahead(person: people.Person) -> list[hearings.HearingView]:
    """The hearings that lie ahead, where they open for the reader."""
    try:
        return hearings.ahead_of(person, by=access.actor())
    except CannotOpen:
        return []
