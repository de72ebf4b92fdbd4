"""Children whose return another country asks for: the request, the answer, and each step until it is over."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.days import chosen_day
from forms.names import country_code, country_name
from forms.shelter.child_returns import (
    ASKED_LABELS,
    DIRECTION_LABELS,
    ESCORT_LABELS,
    FINDING_LABELS,
    FORMS,
    GUARDIAN_LABELS,
    IDENTITY_FIELDS,
    IMPOSSIBLE,
    OUTCOME_LABELS,
    STATE_LABELS,
    AnswerReturnForm,
    FirstOutcomeForm,
    GuardianForm,
    OpenReturnForm,
    OutcomeForm,
    ReceiveForm,
    RecordReturnForm,
    StepForm,
    TravelForm,
)
from nrm.actions.shelter import child_returns as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import Purpose
from nrm.domain.shelter.child_returns import (
    Asked,
    Direction,
    Escort,
    Finding,
    Guardian,
    Outcome,
    ReturnRefusal,
    ReturnRefused,
    Sex,
    State,
    due,
    following,
)
from nrm.domain.words import N_
from nrm.store.days import today
from nrm.store.shelter import child_returns as store
from nrm.store.shelter import findings as finding_store
from nrm.web import access, errors
from nrm.web.language import current_language, translated
from nrm.web.shelter import findings

blueprint = Blueprint("child_returns", __name__)
Answer = BaseResponse | tuple[str, int] | str

_, OVER = IMPOSSIBLE[ReturnRefusal.STEP]
NOT_NOW = N_(
    "The child does not set out: risk, security and family are not all found safe any more. Call child protection"
)
STEP_LABELS = {
    State.ASSESSED: N_("Answer the request"),
    State.GUARDIAN_READY: N_("A guardian is ready"),
    State.TRAVELLING: N_("The child sets out"),
    State.RECEIVED: N_("The child was received"),
    State.REFUSED: N_("Refuse the return"),
    State.WITHDRAWN: N_("The request was withdrawn"),
}


def waiting_part() -> Markup:
    """The part of a home page with the returns that are under way, and the outcomes that the desk owes."""
    by = access.actor()
    part = render_template(
        "shelter/child_returns/list.html",
        lines=store.returns(by=by, open_only=True),
        due=store.outcomes_due(by=by),
        **_words(),
    )
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


def _words() -> dict[str, object]:
    return {
        "country_of": lambda code: country_name(code, current_language()),
        "quarter_of": lambda day: str(Quarter.of(day)),
        "asked_labels": ASKED_LABELS,
        "states": STATE_LABELS,
        "findings": FINDING_LABELS,
        "may_record": access.actor().may(Permission.CHILD_RETURN_RECORD),
    }


@blueprint.get("/child-returns")
@access.requires(Permission.CHILD_RETURN_READ)
def index() -> str:
    """All of them, what is over too."""
    return render_template("shelter/child_returns/index.html", lines=store.returns(by=access.actor()), **_words())


@blueprint.get("/child-returns/new")
@access.requires(Permission.CHILD_RETURN_RECORD)
def record_page() -> str:
    form = RecordReturnForm()
    form.id.data = str(uuid.uuid4())
    return render_template("shelter/child_returns/record.html", form=form)


@blueprint.post("/child-returns")
@access.requires(Permission.CHILD_RETURN_RECORD)
def record() -> Answer:
    form = RecordReturnForm(request.form)
    try:
        return_id = uuid.UUID((form.id.data or "")[:36])
    except ValueError:
        return errors.error_page(422)
    if not form.validate() or form.received.data is None or form.due.data is None:
        return render_template("shelter/child_returns/record.html", form=form), 422
    try:
        actions.record(
            return_id=return_id,
            iso=country_code(form.country.data or "") or "",
            asked=Asked(form.asked.data),
            received_on=form.received.data,
            due_on=form.due.data,
            identity=form.identity,
            direction=Direction(form.direction.data),
            by=access.actor(),
        )
    except ReturnRefused as error:
        field, words = IMPOSSIBLE[error.reason]
        if not field:
            return errors.error_page(409, words)
        form[field].errors = [words]
        return render_template("shelter/child_returns/record.html", form=form), 422
    return redirect(url_for("child_returns.show", return_id=return_id), 303)


@blueprint.get("/child-returns/<uuid:return_id>")
@access.requires(Permission.CHILD_RETURN_READ)
def show(return_id: uuid.UUID) -> Answer:
    """The state of the return, and what comes next; the child's identity only after it was opened."""
    return _show(return_id, OpenReturnForm())


def _show(return_id: uuid.UUID, form: OpenReturnForm, status: int = 200) -> tuple[str, int]:
    by = access.actor()
    line = store.one(return_id, by=by)
    opened = actions.opened(return_id=return_id, by=by)
    rows = None
    if opened is not None:
        labels = {**IDENTITY_FIELDS, "text": N_("The answer, under seal")}
        rows = [(translated(label), opened[name]) for name, label in labels.items() if name in opened]
    page = render_template(
        "shelter/child_returns/show.html",
        line=line,
        steps=store.steps(return_id, by=by),
        following=[(each, STEP_LABELS[each]) for each in following(line.state, by.kind)],
        form=form,
        rows=rows,
        sealed=line.received_on is not None,
        lines=finding_store.lines(line),
        may_assess=not line.state.is_over and by.may(Permission.CHILD_RETURN_ANSWER),
        **findings.words(),
        guardians=GUARDIAN_LABELS,
        told=store.outcomes(return_id, by=by),
        outcomes=OUTCOME_LABELS,
        open_outcomes=_open_outcomes(line) if by.may(Permission.CHILD_RETURN_ANSWER) else (),
        directions=DIRECTION_LABELS,
        escorts=ESCORT_LABELS,
        **_words(),
    )
    return page, status


def _open_outcomes(line: store.ReturnLine) -> list[int]:
    """After how many months something can be said of the child now."""
    return [months for months, _ in due(line.returned_month, (), today())]


@blueprint.get("/child-returns/<uuid:return_id>/outcomes/<int:months>")
@access.requires(Permission.CHILD_RETURN_ANSWER)
def outcome_page(return_id: uuid.UUID, months: int) -> Answer:
    return _outcome(return_id, months, _outcome_form(return_id))


def _outcome_form(return_id: uuid.UUID) -> OutcomeForm:
    line = store.one(return_id, by=access.actor())
    return OutcomeForm(request.form) if line.sex else FirstOutcomeForm(request.form)


def _outcome(return_id: uuid.UUID, months: int, form: OutcomeForm, status: int = 200) -> Answer:
    line = store.one(return_id, by=access.actor())
    if months not in _open_outcomes(line):
        return errors.error_page(409, IMPOSSIBLE[ReturnRefusal.NOT_YET][1])
    return render_template("shelter/child_returns/outcome.html", line=line, months=months, form=form), status


@blueprint.post("/child-returns/<uuid:return_id>/outcomes/<int:months>")
@access.requires(Permission.CHILD_RETURN_ANSWER)
def tell_outcome(return_id: uuid.UUID, months: int) -> Answer:
    """What became of the child; a later entry of the same months corrects it."""
    form = _outcome_form(return_id)
    if not form.validate():
        return _outcome(return_id, months, form, 422)
    try:
        actions.tell_outcome(
            return_id=return_id,
            months=months,
            outcome=Outcome(form.outcome.data),
            sex=Sex(form.sex.data) if isinstance(form, FirstOutcomeForm) else None,
            by=access.actor(),
        )
    except ReturnRefused as error:
        return errors.error_page(409, IMPOSSIBLE[error.reason][1])
    return redirect(url_for("child_returns.show", return_id=return_id), 303)


@blueprint.post("/child-returns/<uuid:return_id>/open")
@access.requires(Permission.CHILD_RETURN_READ)
def open_identity(return_id: uuid.UUID) -> Answer:
    """Open what is sealed for the purpose that is named; the opening is recorded before anything is shown."""
    form = OpenReturnForm(request.form)
    if not form.validate():
        return _show(return_id, form, 422)
    actions.open_identity(return_id=return_id, purpose=Purpose(form.purpose.data), by=access.actor())
    return redirect(url_for("child_returns.show", return_id=return_id), 303)


@blueprint.get(
    "/child-returns/<uuid:return_id>/<any(assessed, guardian_ready, travelling, received, refused, withdrawn):step>"
)
@access.requires(Permission.CHILD_RETURN_RECORD, Permission.CHILD_RETURN_ANSWER)
def step_page(return_id: uuid.UUID, step: str) -> Answer:
    """The form of one step, as far as it is the reader's next one."""
    after = State(step)
    return _step(return_id, after, FORMS.get(after, StepForm)())


def _step(return_id: uuid.UUID, after: State, form: StepForm, status: int = 200) -> Answer:
    by = access.actor()
    line = store.one(return_id, by=by)
    if after not in following(line.state, by.kind):
        return errors.error_page(409, OVER)
    page = render_template(
        "shelter/child_returns/step.html", line=line, title=STEP_LABELS[after], after=after, form=form
    )
    return page, status


@blueprint.post(
    "/child-returns/<uuid:return_id>/<any(assessed, guardian_ready, travelling, received, refused, withdrawn):step>"
)
@access.requires(Permission.CHILD_RETURN_RECORD, Permission.CHILD_RETURN_ANSWER)
def take_step(return_id: uuid.UUID, step: str) -> Answer:
    after = State(step)
    form = FORMS.get(after, StepForm)(request.form)
    if not form.validate():
        return _step(return_id, after, form, 422)
    try:
        _take(return_id, after, form)
    except ReturnRefused as error:
        field, words = IMPOSSIBLE[error.reason]
        if not field:
            return errors.error_page(409, words)
        if error.reason is ReturnRefusal.GATE and isinstance(form, TravelForm):
            field, words = "escort", NOT_NOW
        form[field].errors = [words]
        return _step(return_id, after, form, 422)
    return redirect(url_for("child_returns.show", return_id=return_id), 303)


def _take(return_id: uuid.UUID, after: State, form: StepForm) -> None:
    by, on = access.actor(), chosen_day(form.when, form.on, today())
    if isinstance(form, AnswerReturnForm):
        actions.answer(
            return_id=return_id,
            finding=Finding(form.finding.data),
            text=(form.text.data or "").replace("\r\n", "\n").strip(),
            on=on,
            by=by,
        )
    elif isinstance(form, GuardianForm):
        actions.find_guardian(return_id=return_id, guardian=Guardian(form.guardian.data), on=on, by=by)
    elif isinstance(form, TravelForm):
        actions.travel(return_id=return_id, escort=Escort(form.escort.data), on=on, by=by)
    elif isinstance(form, ReceiveForm):
        actions.receive(return_id=return_id, sex=Sex(form.sex.data), on=on, by=by)
    else:
        actions.go_on(return_id=return_id, after=after, on=on, by=by)
