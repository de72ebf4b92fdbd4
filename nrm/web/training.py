"""`/training`: tonight's exercises of a trainee, one of them with its answer, and the trainer's page (ADR 0189).

Where there is no training, no address of it is known: each answers 404, as one that is not there.
"""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from nrm.actions import training as actions
from nrm.domain.exercises import EXERCISES, At, of_desk
from nrm.render import pdf
from nrm.steps import training as steps
from nrm.store import training as store
from nrm.web import access
from nrm.web.language import gettext

blueprint = Blueprint("training", __name__)
Answer = BaseResponse | tuple[str, int] | str
FILES = "training-"
"""How the name of each file begins that a training gives out."""


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
        return render_template(
            "home/trainer.html", trainees=store.trainees(by=by), exercises=EXERCISES, at=At, of_desk=of_desk
        )
    own = store.own(by=by)
    begun = store.begun(own.desk.id)
    at_post = store.begun(own.post.id) if own.at is At.HOUSE else {}
    arrived = [each for each in EXERCISES if each.at is At.POST and each.code in at_post and at_post[each.code].done_at]
    return render_template(
        "home/training.html", own=own, exercises=of_desk(own.at), begun=begun, arrived=arrived, at=At
    )


@blueprint.get("/training/<exercise>")
@access.signed_in
def show(exercise: str) -> str:
    """One exercise: its story and what to do, and, once it is done, the answer."""
    by = access.actor()
    found, own, begun = actions.exercise_of(exercise=exercise, by=by)
    answer = None
    if begun is not None and begun.done_at is not None:
        answer = steps.findings(found, own, begun, by=by)
    mine = found in of_desk(own.at)
    return render_template("home/exercise.html", exercise=found, own=own, begun=begun, answer=answer, mine=mine)


@blueprint.post("/training/<exercise>/begin")
@access.signed_in
def begin(exercise: str) -> Answer:
    actions.begin(exercise=exercise, by=access.actor())
    return redirect(url_for("training.show", exercise=exercise), 303)


@blueprint.post("/training/<exercise>/done")
@access.signed_in
def done(exercise: str) -> Answer:
    with suppress(
        actions.NotBegun
    ):  # pressed twice, or begun anew by a colleague meanwhile: the page says how far it is
        actions.finish(exercise=exercise, by=access.actor())
    return redirect(url_for("training.show", exercise=exercise), 303)


@blueprint.post("/training/anew")
@access.signed_in
def anew() -> Answer:
    """For the trainer: let one trainee begin everything anew."""
    actions.clear(organisation=request.form.get("post", "")[:64], by=access.actor())
    return redirect(url_for("training.index"), 303)


@blueprint.before_app_request
def _mark() -> None:
    """Every page of a PDF file says it, too."""
    pdf.MARK.set(gettext("Training: nothing here is real.") if store.is_one() else "")


@blueprint.after_app_request
def _name_files(response: BaseResponse) -> BaseResponse:
    """Each file that is given out says by its name that it is of a training."""
    given = response.headers.get("Content-Disposition", "")
    if "filename=" in given and store.is_one():
        response.headers["Content-Disposition"] = given.replace("filename=", f"filename={FILES}", 1)
    return response
