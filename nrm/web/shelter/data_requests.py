"""A person asks for a copy, for erasure, or to take back a consent: recorded where they ask, answered by the holder."""

from __future__ import annotations

import uuid

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.shelter.cases import COMPARTMENT_LABELS, MISTYPED
from forms.shelter.data_requests import (
    KIND_LABELS,
    NO_FOLLOW_UP_STATUS,
    REFUSAL_LABELS,
    STATUS_LABELS,
    RecordRequestForm,
    RefuseRequestForm,
)
from nrm.actions.shelter import data_requests as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.presses import SentAlready
from nrm.domain.shelter.cases import (
    OF_IDENTIFICATION,
    SUPPLEMENT,
    WRITTEN_BY_HOLDER,
    MistypedPseudonym,
    parse_pseudonym,
)
from nrm.domain.shelter.data_requests import (
    Refusal,
    RequestKind,
    RequestRefusal,
    RequestRefused,
    RequestStatus,
    refusals,
)
from nrm.domain.words import N_
from nrm.store.countries import country
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import data_requests as store
from nrm.web import access, carrying, errors, sessions
from nrm.web.language import translated
from nrm.web.opened import answer_rows, written_rows
from nrm.web.referrals.referrals import party_names
from nrm.web.support.plans import when_taken

blueprint = Blueprint("data_requests", __name__)
Answer = BaseResponse | tuple[str, int] | str

ANSWERED = N_("This request was answered already.")
TOO_OFTEN = N_(
    "This is not recorded: you have recorded ten requests within an hour. Wait six minutes and press the button again, "
    "or let a colleague record it now."
)
MANAGER = N_(
    "The person said that she is not safe or needs help now, or is or may be a child: the manager of your shelter "
    "answers this. It stays on the list."
)


def waiting_part() -> Markup:
    """The part of a home page that says which requests wait; empty where none does."""
    by = access.actor()
    part = render_template("shelter/data_requests/waiting.html", lines=store.waiting(by=by), kinds=KIND_LABELS)
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


@blueprint.get("/requests")
@access.requires(Permission.REQUEST_RECORD)
def index() -> str:
    """What was recorded here, and the answers to tell."""
    by = access.actor()
    lines = store.recorded(by=by)
    return render_template(
        "shelter/data_requests/index.html",
        lines=lines,
        mine=store.may_strike([line.id for line in lines if line.status is RequestStatus.OPEN], by=by),
        kinds=KIND_LABELS,
        statuses=STATUS_LABELS,
        reasons=REFUSAL_LABELS,
        no_follow_up=NO_FOLLOW_UP_STATUS,
    )


@blueprint.get("/requests/new")
@access.requires(Permission.REQUEST_RECORD)
def record_page() -> str:
    form = RecordRequestForm()
    form.id.data = str(uuid.uuid4())
    return render_template("shelter/data_requests/record.html", form=form)


@blueprint.post("/requests/new")
@access.requires(Permission.REQUEST_RECORD)
def record() -> Answer:
    """Record a request; the answer is the same whether there is a case with this code or not."""
    form = RecordRequestForm(request.form)
    if form.validate():
        try:
            pseudonym = parse_pseudonym(form.code.data or "")
            kind, press = RequestKind(form.kind.data), carrying.pressed(form.id.data, by=access.actor())
            actions.record(request_id=press.id, pseudonym=pseudonym, kind=kind, press=press, by=access.actor())
            return redirect(url_for("data_requests.index"), 303)
        except SentAlready:
            form.id.data = str(carrying.sent_already(form.code))
            return render_template("shelter/data_requests/record.html", form=form), 409
        except TooSoon as too_soon:
            form.form_errors = [TOO_OFTEN]
            page = make_response(render_template("shelter/data_requests/record.html", form=form), 429)
            return errors.with_retry(page, too_soon)
        except MistypedPseudonym as error:
            form.code.errors = [MISTYPED[str(error)]]
        except ValueError:
            return errors.error_page(422)
    return render_template("shelter/data_requests/record.html", form=form), 422


@blueprint.get("/requests/<uuid:request_id>")
@access.requires(Permission.REQUEST_ANSWER)
def show(request_id: uuid.UUID) -> Answer:
    """What is asked, and the ways to answer."""
    line = store.one(request_id, by=access.actor())
    return render_template("shelter/data_requests/show.html", line=line, kinds=KIND_LABELS)


@blueprint.get("/requests/<uuid:request_id>/refuse")
@access.requires(Permission.REQUEST_ANSWER)
def refuse_page(request_id: uuid.UUID) -> Answer:
    return _refuse_page(request_id, RefuseRequestForm(), 200)


def _refuse_page(request_id: uuid.UUID, form: RefuseRequestForm, status: int) -> tuple[str, int]:
    line = store.one(request_id, by=access.actor())
    form.offer(refusals(line.kind, known=line.is_known))
    return render_template("shelter/data_requests/refuse.html", line=line, form=form), status


@blueprint.post("/requests/<uuid:request_id>/refuse")
@access.requires(Permission.REQUEST_ANSWER)
def refuse(request_id: uuid.UUID) -> Answer:
    by = access.actor()
    line = store.one(request_id, by=by)
    form = RefuseRequestForm(request.form)
    form.offer(refusals(line.kind, known=line.is_known))
    if not form.validate():
        return _refuse_page(request_id, form, 422)
    try:
        actions.refuse(request_id=request_id, reason=Refusal(form.reason.data), by=by)
    except RequestRefused as error:
        return errors.error_page(409, MANAGER if error.reason is RequestRefusal.MANAGER else ANSWERED)
    return redirect(url_for("home.index"), 303)


@blueprint.get("/requests/<uuid:request_id>/mistake")
@access.requires(Permission.REQUEST_RECORD)
def strike_page(request_id: uuid.UUID) -> Answer:
    """Whether it was recorded for the wrong person."""
    line = store.one_to_strike(request_id, by=access.actor())
    return render_template("shelter/data_requests/strike.html", line=line, kinds=KIND_LABELS)


@blueprint.post("/requests/<uuid:request_id>/mistake")
@access.requires(Permission.REQUEST_RECORD)
def strike(request_id: uuid.UUID) -> Answer:
    """It is withdrawn, as it was recorded for the wrong person; what runs because of it stops."""
    by = access.actor()
    try:
        actions.strike(request_id=request_id, by=by)
    except RequestRefused as error:
        return errors.error_page(409, MANAGER if error.reason is RequestRefusal.MANAGER else ANSWERED)
    return redirect(url_for("data_requests.index"), 303)


@blueprint.post("/requests/<uuid:request_id>/copy")
@access.requires(Permission.REQUEST_ANSWER)
@sessions.step_up
def open_copy(request_id: uuid.UUID) -> Answer:
    """Open what is sealed for the purpose that is named; the opening is recorded before anything is shown."""
    try:
        actions.open_copy(request_id=request_id, by=access.actor())
    except RequestRefused:
        return errors.error_page(409, ANSWERED)
    return redirect(url_for("data_requests.copy", request_id=request_id), 303)


@blueprint.get("/requests/<uuid:request_id>/copy")
@access.requires(Permission.REQUEST_ANSWER)
@sessions.step_up
def copy(request_id: uuid.UUID) -> Answer:
    """All that is kept, to print; its title and address say nothing of whom it is about."""
    by = access.actor()
    try:
        found = actions.copy(request_id=request_id, by=by)
    except RequestRefused:
        return errors.error_page(409, ANSWERED)
    if found is None:
        return redirect(url_for("data_requests.show", request_id=request_id), 303)
    line = store.one(request_id, by=by)
    assert line.case_id is not None
    case = case_store.case(line.case_id, by=by)
    questionnaire = country().questionnaires.get(case.questionnaire)
    parts = []
    for compartment, opened in found.parts.items():
        own = compartment in WRITTEN_BY_HOLDER | OF_IDENTIFICATION
        rows = written_rows(opened.value) if own else answer_rows(questionnaire, opened.value, party_names())
        parts.append((translated(COMPARTMENT_LABELS[compartment]), rows))
    if found.supplement is not None:
        rows = answer_rows(questionnaire, found.supplement.value["answers"], party_names())
        parts.append((translated(COMPARTMENT_LABELS[SUPPLEMENT]), rows))
    return render_template(
        "shelter/data_requests/copy.html",
        line=line,
        parts=parts,
        notes=found.notes,
        plan=found.plan,
        when_taken=when_taken,
        benefits=found.benefits,
    )


@blueprint.post("/requests/<uuid:request_id>/given")
@access.requires(Permission.REQUEST_ANSWER)
def give(request_id: uuid.UUID) -> Answer:
    try:
        actions.give(request_id=request_id, by=access.actor())
    except RequestRefused:
        return errors.error_page(409, ANSWERED)
    return redirect(url_for("home.index"), 303)
