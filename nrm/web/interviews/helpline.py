"""The help line: one form for the call that is on the line, and the calls of the last thirty days."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.interviews.helpline import (
    CALLER_LABELS,
    IMPOSSIBLE,
    PART_LABELS,
    RESULT_LABELS,
    TOPIC_LABELS,
    OpenNoteForm,
    RecordCallForm,
    SettleForm,
)
from nrm.actions.interviews import helpline as actions
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.interviews.helpline import (
    OTHER_LANGUAGE,
    Caller,
    CameOf,
    HelplineRefusal,
    HelplineRefused,
    Outcome,
    Topic,
)
from nrm.domain.presses import SentAlready
from nrm.domain.shelter.cases import Purpose
from nrm.domain.words import N_
from nrm.store.interviews import helpline as store
from nrm.web import access, carrying, errors
from nrm.web.accounts import told_once
from nrm.web.language import current_language

blueprint = Blueprint("helpline", __name__)
Answer = BaseResponse | tuple[str, int] | str

IN_DANGER = N_(
    "Danger now, and the call broke off: do you know any number or way? Then choose “To be called back” and write it "
    "down, so that the call stays on the list. If there is none, tick this"
)
_, OVER = IMPOSSIBLE[HelplineRefusal.OVER]


def home_part() -> Markup:
    """The part of the operator's home page: who is to be called back, and what the last press did."""
    by = access.actor()
    lines = store.calls(by=by, noted_only=True)
    part = render_template("interviews/helpline/waiting.html", lines=lines, said=_said(by), **_words())
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


def _said(by: Actor) -> store.CallLine | None:
    """The call of which the session just recorded something."""
    said = told_once.word("call")
    try:
        return store.one(uuid.UUID(said), by=by) if said else None
    except (ValueError, NotVisible):
        return None


def _words() -> dict[str, object]:
    return {
        "parts": PART_LABELS,
        "callers": CALLER_LABELS,
        "topics": TOPIC_LABELS,
        "outcomes": RESULT_LABELS,
        "names": actions.languages(),
    }


def _form() -> RecordCallForm:
    form = RecordCallForm(request.form)
    form.language.choices = [
        *(SelectChoice(value=code, label=name) for code, name in actions.languages().items()),
        SelectChoice(value=OTHER_LANGUAGE, label=N_("another language")),
    ]
    return form


@blueprint.get("/helpline/calls/new")
@access.requires(Permission.CALL_RECORD)
def record_page() -> str:
    """The call that is on the line: outcome first, large answers one below the other, one button."""
    form = _form()
    form.id.data, form.interview.data = str(uuid.uuid4()), str(uuid.uuid4())
    form.language.data = current_language() if current_language() in actions.languages() else OTHER_LANGUAGE
    return render_template("interviews/helpline/record.html", form=form)


@blueprint.post("/helpline/calls")
@access.requires(Permission.CALL_RECORD)
def record() -> Answer:
    form = _form()
    try:
        press, interview_id = (
            carrying.pressed(form.id.data, by=access.actor()),
            uuid.UUID((form.interview.data or "")[:36]),
        )
    except ValueError:
        return errors.error_page(422)
    if not form.validate():
        return render_template("interviews/helpline/record.html", form=form), 422
    if form.is_lost():
        form.no_way.errors = [IN_DANGER]
        return render_template("interviews/helpline/record.html", form=form), 422
    outcome = Outcome(form.outcome.data)
    try:
        begun = actions.record(
            call_id=press.id,
            language=form.language.data,
            caller=Caller(form.caller.data),
            topic=Topic(form.topic.data),
            outcome=outcome,
            note=(form.note.data or "").replace("\r\n", "\n").strip(),
            interview_id=interview_id,
            press=press,
            by=access.actor(),
        )
    except SentAlready:
        form.id.data, form.interview.data = str(carrying.sent_already(form.outcome)), str(uuid.uuid4())
        return render_template("interviews/helpline/record.html", form=form), 409
    except HelplineRefused as error:
        field, words = IMPOSSIBLE[error.reason]
        if not field:
            return errors.error_page(409, words)
        form[field].errors = [words]
        return render_template("interviews/helpline/record.html", form=form), 422
    if begun is not None:
        return redirect(url_for("interviews.tasks", interview_id=begun), 303)
    if outcome is Outcome.NOTICE:
        return redirect(url_for("announced_returns.announce_page"), 303)
    return told_once.lead(url_for("home.index", call=press.id))


@blueprint.get("/helpline/calls")
@access.requires(Permission.CALL_RECORD)
def index() -> str:
    """The calls of the last thirty days."""
    return render_template("interviews/helpline/index.html", lines=store.calls(by=access.actor()), **_words())


@blueprint.get("/helpline/calls/<uuid:call_id>")
@access.requires(Permission.CALL_RECORD)
def show(call_id: uuid.UUID) -> Answer:
    return _show(call_id)


def _show(call_id: uuid.UUID, form: OpenNoteForm | SettleForm | None = None, status: int = 200) -> tuple[str, int]:
    by = access.actor()
    line = store.one(call_id, by=by)
    note = actions.opened(call_id=call_id, by=by) if line.noted else None
    right = OpenNoteForm if note is None else SettleForm
    page = render_template(
        "interviews/helpline/show.html",
        line=line,
        form=form if isinstance(form, right) else right(),
        note=note,
        tried=store.not_reached(line, by=by),
        **_words(),
    )
    return page, status


@blueprint.post("/helpline/calls/<uuid:call_id>/open")
@access.requires(Permission.CALL_RECORD)
def open_note(call_id: uuid.UUID) -> Answer:
    """Open what is sealed for the purpose that is named; the opening is recorded before anything is shown."""
    form = OpenNoteForm(request.form)
    if not form.validate():
        return _show(call_id, form, 422)
    actions.open_note(call_id=call_id, purpose=Purpose(form.purpose.data), by=access.actor())
    return redirect(url_for("helpline.show", call_id=call_id), 303)


@blueprint.post("/helpline/calls/<uuid:call_id>/settled")
@access.requires(Permission.CALL_RECORD)
def settle(call_id: uuid.UUID) -> Answer:
    """What came of calling back: the note is destroyed, or stays."""
    form = SettleForm(request.form)
    try:
        if not store.one(call_id, by=access.actor()).noted:
            return errors.error_page(409, OVER)
        if not form.validate():
            return _show(call_id, form, 422)
        actions.settle(call_id=call_id, came=CameOf(form.came.data), by=access.actor())
    except HelplineRefused:
        return errors.error_page(409, OVER)
    return told_once.lead(url_for("home.index", call=call_id))
