"""`/training`: tonight's exercises of a trainee, one of them with its answer, and the trainer's page (ADR 0189).

Where there is no training, no address of it is known: each answers 404, as one that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, appcontext_pushed, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from nrm.actions import training as actions
from nrm.domain.accounts.accounts import Actor
from nrm.domain.exercises import EXERCISES, At, Exercise, of_desk
from nrm.domain.words import N_
from nrm.render import pdf
from nrm.steps import training as steps
from nrm.steps import training_findings
from nrm.store import training as store
from nrm.web import access
from nrm.web.language import gettext, text_in
from nrm.web.opened import answer_rows

blueprint = Blueprint("training", __name__)
Answer = BaseResponse | tuple[str, int] | str
MARK = N_("Training: nothing here is real.")
FILES = "training-"
"""How the name of each file begins that a training gives out."""


@dataclass(frozen=True, slots=True)
class Far:
    """A line of the list: an exercise of a desk, since when, and how far it is now."""

    exercise: Exercise
    begun: store.Begun | None
    state: steps.State


@blueprint.url_value_preprocessor
def _only_in_a_training(_endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Elsewhere these addresses are answered as those that there are not, also to who is not signed in."""
    if not store.is_one():
        asked = request._get_current_object()  # type: ignore[attr-defined]
        asked.url_rule, asked.routing_exception = None, NotFound()


@blueprint.get("/training")
@access.signed_in
def index() -> str:
    """The exercises of the desk; of everybody, for the trainer."""
    by = access.actor()
    if store.is_trainer(by):
        far = [
            (each, _far(each.at_desk(At.POST), each.at_post, by), _far(each.at_desk(At.HOUSE), each.at_house, by))
            for each in store.trainees(by=by)
        ]
        return render_template("home/trainer.html", trainees=far, exercises=EXERCISES, at=At, states=steps.State)
    own = store.own(by=by)
    begun = store.begun(own.desk.id, by=by)
    at_post = store.begun(own.post.id, by=by) if own.at is At.HOUSE else {}
    arrived = [each for each in EXERCISES if each.at is At.POST and each.code in at_post and at_post[each.code].done_at]
    return render_template("home/training.html", own=own, far=_far(own, begun, by), arrived=arrived, states=steps.State)


def _far(own: store.Own, begun: Mapping[str, store.Begun], by: Actor) -> list[Far]:
    """How far each exercise of a desk is now."""
    return [
        Far(each, begun.get(each.code), steps.state(each, own, begun.get(each.code), by=by)) for each in of_desk(own.at)
    ]


@blueprint.get("/training/<exercise>")
@access.signed_in
def show(exercise: str) -> str:
    """One exercise: its story and what to do, and, once it is done, the answer."""
    by = access.actor()
    if store.is_trainer(by):
        found = actions.exercise_called(exercise)
        looked = steps.looked_for(found, store.trainees(by=by)[0].at_desk(At.POST))
        return render_template("home/exercise.html", exercise=found, looked=looked, differing=_differing)
    found, own, begun = actions.exercise_of(exercise=exercise, by=by)
    answer = None
    if begun is not None and (begun.done_at is not None or request.args.get("asked")):
        answer = steps.findings(found, own, begun, by=by)
        if begun.done_at is None and not training_findings.is_unfinished(answer):
            answer = None  # shown once the trainee says that it is done
    return render_template(
        "home/exercise.html",
        exercise=found,
        begun=begun,
        answer=answer,
        right=answer is not None and training_findings.is_right(answer),
        mine=found in of_desk(own.at),
        differing=_differing,
    )


def _differing(found: training_findings.Finding) -> list[tuple[str, str, str]]:
    """(question, what agrees, what was entered) in words."""
    return [
        (
            text_in(found.questionnaire.questions[each.question].text) if found.questionnaire else "",
            gettext(" or ").join(_in_words(found, each.question, value) for value in each.agree),
            _in_words(found, each.question, each.entered),
        )
        for each in found.differ
    ]


def _in_words(found: training_findings.Finding, question: str, value: Any) -> str:
    if value is None:
        return gettext("not answered")
    return answer_rows(found.questionnaire, {question: value}, {})[0][1]


@blueprint.post("/training/<exercise>/begin")
@access.signed_in
def begin(exercise: str) -> Answer:
    actions.begin(exercise=exercise, by=access.actor())
    return redirect(url_for("training.show", exercise=exercise), 303)


@blueprint.post("/training/<exercise>/done")
@access.signed_in
def done(exercise: str) -> Answer:
    asked = None
    with suppress(
        actions.NotBegun
    ):  # pressed twice, or begun anew by a colleague meanwhile: the page says how far it is
        if not actions.finish(exercise=exercise, by=access.actor()):
            asked = "1"
    return redirect(url_for("training.show", exercise=exercise, asked=asked), 303)


@blueprint.post("/training/anew")
@access.signed_in
def anew() -> Answer:
    """For the trainer: let one trainee begin everything anew."""
    actions.clear(organisation=request.form.get("post", "")[:64], by=access.actor())
    return redirect(url_for("training.index"), 303)


@blueprint.record_once
def _mark_files(state: BlueprintSetupState) -> None:
    """Every page of a PDF file says it, too, whoever makes it: a page, a thread that goes on after it, or a command."""
    appcontext_pushed.connect(_mark, state.app)


def _mark(_: Flask) -> None:
    pdf.MARK.set(MARK.message if store.is_one() else "")


@blueprint.after_app_request
def _name_files(response: BaseResponse) -> BaseResponse:
    """Each file that is given out says by its name that it is of a training."""
    given = response.headers.get("Content-Disposition", "")
    if "filename=" in given and store.is_one():
        response.headers["Content-Disposition"] = given.replace("filename=", f"filename={FILES}", 1)
    return response
