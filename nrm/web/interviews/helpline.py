"""The help line: one form for the call that is on the line, and the calls of the last thirty days."""

from __future__ import annotations

import uuid

from flask import Blueprint, after_this_request, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.interviews.helpline import (
    CALLER_LABELS,
    CAME_LABELS,
    FOLLOW_WORDS,
    FOLLOWED_LABELS,
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
from nrm.web import access, carrying, errors, sessions
from nrm.web.accounts import told_once

blueprint = Blueprint("helpline", __name__)
Answer = BaseResponse | tuple[str, int] | str

IN_DANGER = N_(
    "Danger now, and the call broke off: do you know any number or way? Then choose “To be called back” and write it "
    "down, so that the call stays on the list. If there is none, tick this"
)
BEGUN_SECONDS = 12 * 3600
"""So long the browser knows which call began an urgent hand-over."""
_, OVER = IMPOSSIBLE[HelplineRefusal.OVER]
_, LATE = IMPOSSIBLE[HelplineRefusal.LATE]


def home_part() -> Markup:
    """The part of the operator's home page: who is to be called back, what still has to be done, and what the last
    press did."""
    by = access.actor()
    lines = store.calls(by=by, open_only=True)
    changed = store.corrected(lines, by=by)
    part = render_template("interviews/helpline/waiting.html", lines=lines, said=_said(by), changed=changed, **_words())
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


def sent_part() -> Markup:
    """The part of the page of what was sent that asks the operator of which call it was: nothing kept tells it."""
    by = access.actor()
    if not by.may(Permission.CALL_RECORD):
        return Markup("")
    lines = [each for each in store.calls(by=by, open_only=True) if each.is_owed and each.outcome == Outcome.URGENT]
    part = render_template("interviews/helpline/sent_part.html", lines=lines, **_words())
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


def was_done(call: str) -> None:
    """What a call led to was done, the return announced or the urgent hand-over sent: the call says so. `call`: its id,
    as a form's address or the browser kept it."""
    by = access.actor()
    if not call or not by.may(Permission.CALL_RECORD):
        return
    try:
        actions.follow(call_id=uuid.UUID(call), done=True, by=by)
    except (ValueError, NotVisible, HelplineRefused):
        return


def was_sent(interview_id: uuid.UUID) -> None:
    """The urgent hand-over that a call began in this browser was sent: the call says so."""
    if _begun(interview_id) in request.cookies:
        was_done(request.cookies[_begun(interview_id)][:36])
        _keep_call(interview_id, None)


def _lead_on(interview_id: uuid.UUID, call_id: uuid.UUID, outcome: Outcome) -> BaseResponse:
    """To the interview that begins; of an urgent one the browser keeps the call, and the server nothing (ADR 0280)."""
    if outcome is Outcome.URGENT:
        _keep_call(interview_id, call_id)
    return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)


def _keep_call(interview_id: uuid.UUID, call_id: uuid.UUID | None) -> None:
    name, secure = _begun(interview_id), sessions.is_secure()

    @after_this_request
    def _keep(response: BaseResponse) -> BaseResponse:
        value, seconds = str(call_id or ""), BEGUN_SECONDS if call_id is not None else 0
        response.set_cookie(name, value, seconds, secure=secure, httponly=True, samesite="Strict", path="/")
        return response


def _begun(interview_id: uuid.UUID) -> str:
    return f"{'__Host-nrm' if sessions.is_secure() else 'nrm'}-call-{interview_id.hex}"


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
        "followed": FOLLOWED_LABELS,
        "names": actions.languages(),
    }


def _form() -> RecordCallForm:
    form = RecordCallForm(request.form)
    form.language.choices = [
        SelectChoice(value="", label=N_("Choose")),
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
        return _lead_on(begun, press.id, outcome)
    if outcome is Outcome.NOTICE:
        return redirect(url_for("announced_returns.announce_page", call=press.id), 303)
    return told_once.lead(url_for("home.index", call=press.id))


@blueprint.get("/helpline/calls")
@access.requires(Permission.CALL_RECORD)
def index() -> str:
    """The calls of the last thirty days."""
    by = access.actor()
    lines = store.calls(by=by)
    mine = store.may_be_corrected([line.id for line in lines], by=by)
    return render_template("interviews/helpline/index.html", lines=lines, mine=mine, **_words())


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
        corrected=store.corrected([line], by=by).get(line.id, ()),
        is_mine=bool(store.may_be_corrected([call_id], by=by)),
        follow=FOLLOW_WORDS.get(Outcome(line.outcome)),
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
    """What came of calling back: the note is destroyed, once that was asked on a page of its own, or stays."""
    form = SettleForm(request.form)
    try:
        if not store.one(call_id, by=access.actor()).noted:
            return errors.error_page(409, OVER)
        if not form.validate():
            return _show(call_id, form, 422)
        if form.came.data != str(CameOf.NOT_REACHED) and request.form.get("sure") != "yes":
            return _settle_sure(call_id, CameOf(form.came.data))
        actions.settle(call_id=call_id, came=CameOf(form.came.data), by=access.actor())
    except HelplineRefused:
        return errors.error_page(409, OVER)
    return told_once.lead(url_for("home.index", call=call_id))


def _settle_sure(call_id: uuid.UUID, came: CameOf) -> Answer:
    line = store.one(call_id, by=access.actor())
    return render_template(
        "interviews/helpline/settle_sure.html", line=line, came=came, said=CAME_LABELS[came], **_words()
    )


@blueprint.get("/helpline/calls/<uuid:call_id>/correct")
@access.requires(Permission.CALL_RECORD)
def correct_page(call_id: uuid.UUID) -> Answer:
    """What was ticked of a call, to be corrected by whoever recorded it."""
    by = access.actor()
    line, form = store.one(call_id, by=by), _form()
    if not store.may_be_corrected([call_id], by=by):
        return errors.error_page(409, LATE)
    form.interview.data = str(uuid.uuid4())
    form.outcome.data, form.topic.data, form.caller.data = line.outcome, line.topic, line.caller
    form.language.data = line.language
    return _correct(line, form, 200)


def _correct(line: store.CallLine, form: RecordCallForm, status: int) -> Answer:
    return render_template("interviews/helpline/correct.html", form=form, line=line), status


@blueprint.post("/helpline/calls/<uuid:call_id>/correct")
@access.requires(Permission.CALL_RECORD)
def correct(call_id: uuid.UUID) -> Answer:
    """It leads on to where what is said now is done, as recording a call does."""
    by = access.actor()
    line, form = store.one(call_id, by=by), _form()
    try:
        interview_id = uuid.UUID((form.interview.data or "")[:36])
    except ValueError:
        return errors.error_page(422)
    if not form.validate():
        return _correct(line, form, 422)
    if not line.noted and form.is_lost():
        form.no_way.errors = [IN_DANGER]
        return _correct(line, form, 422)
    outcome = Outcome(form.outcome.data)
    try:
        begun = actions.correct(
            call_id=call_id,
            language=form.language.data,
            caller=Caller(form.caller.data),
            topic=Topic(form.topic.data),
            outcome=outcome,
            note=(form.note.data or "").replace("\r\n", "\n").strip(),
            interview_id=interview_id,
            by=by,
        )
    except HelplineRefused as error:
        field, words = IMPOSSIBLE[error.reason]
        if not field:
            return errors.error_page(409, words)
        form[field].errors = [words]
        return _correct(line, form, 422)
    if begun is not None:
        return _lead_on(begun, call_id, outcome)
    if outcome is Outcome.NOTICE and line.outcome != outcome:
        return redirect(url_for("announced_returns.announce_page", call=call_id), 303)
    return told_once.lead(url_for("home.index", call=call_id, did="corrected"))


@blueprint.post("/helpline/calls/<uuid:call_id>/followed")
@access.requires(Permission.CALL_RECORD)
def follow(call_id: uuid.UUID) -> Answer:
    """What the call led to is done, or is not, after all."""
    done = request.form.get("done")
    if done not in ("yes", "no"):
        return errors.error_page(422)
    try:
        actions.follow(call_id=call_id, done=done == "yes", by=access.actor())
    except HelplineRefused:
        return errors.error_page(409, OVER)
    return redirect(url_for("helpline.show", call_id=call_id), 303)
