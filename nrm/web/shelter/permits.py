"""Residence permits: what is recorded, recording the next step, correcting, and the desks where they wait."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from forms import SelectChoice
from forms.days import chosen_day
from forms.names import language_name
from forms.shelter.permits import (
    EVENT_LABELS,
    FIELD_OF,
    GIVEN,
    PAPER_LABELS,
    RECORDED,
    RECORDED_ELSEWHERE,
    REFUSED,
    RENEWAL_LABEL,
    STRIKE_WAITS,
    STRUCK,
    STRUCK_BY,
    WITHDRAWN_LABELS,
    AnswerPaperForm,
    RecordPermitForm,
    StrikePermitForm,
)
from forms.shelter.strikes import STRIKE_LABELS
from nrm.actions.shelter import permits as actions
from nrm.domain.accounts.accounts import OrganisationKind, Permission
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.permit_entries import number_key
from nrm.domain.shelter.permits import OPENS, Ground, PermitEvent, PermitRefusal, PermitRefused, PermitStatus
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.words import Moment, Phrase
from nrm.steps.shelter import cases as case_steps
from nrm.store import permits_told
from nrm.store.countries import country
from nrm.store.days import today
from nrm.store.shelter import permits as store
from nrm.web import access, errors
from nrm.web.choices import label_of, of_list
from nrm.web.language import current_language, gettext
from nrm.web.parts import Part, address

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("permits", __name__)

SHOWN = 10
"""How many lines of each list stand on a home page; a link leads to the rest."""


@blueprint.get("/permits")
@access.requires(Permission.PERMIT_RECORD)
def desk() -> str:
    """What waits: at the unit of those who applied and agreed, at a shelter of its own people."""
    return render_template("shelter/permits/desk.html", **_words_of(store.desk(by=access.actor())))


def waiting_part(desk: store.Desk) -> Markup:
    """What a home page shows of permits; empty where nothing waits."""
    part = render_template("shelter/permits/waiting.html", most=SHOWN, **_words_of(desk))
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


def told_part() -> Markup:
    """The part of a home page that says what one hand did lately to permits that were given."""
    shown = render_template("shelter/permits/told.html", told=permits_told.lines(by=access.actor()))
    return Markup(shown)  # noqa: S704 - as above


def _words_of(desk: store.Desk) -> dict[str, Any]:
    by = access.actor()
    return {
        "desk": desk,
        "is_unit": by.kind is OrganisationKind.TRP_UNIT,
        "status_of": lambda status: label_of("permit_statuses", status),
    }


@blueprint.get("/cases/<uuid:case_id>/permit")
@access.requires(Permission.PERMIT_RECORD)
def record_page(case_id: uuid.UUID) -> Answer:
    permit = store.of_case(case_id, by=access.actor())
    return _permit_page(permit, _form(permit))


@blueprint.post("/cases/<uuid:case_id>/permit")
@access.requires(Permission.PERMIT_RECORD)
def record(case_id: uuid.UUID) -> Answer:
    by = access.actor()
    permit = store.of_case(case_id, by=by)
    form = _form(permit)
    if said := _recorded_already(permit, form):
        form.event.errors = [said]
        return _permit_page(permit, form, 409)
    if not form.validate():
        return _permit_page(permit, form, 422)
    given = form.event.data in GIVEN
    event = PermitEvent(form.event.data)
    if not form.is_sure(today(), has_gap=permit.has_gap(event, form.valid_from.data)):
        return _permit_page(permit, form, 422)
    try:
        actions.record(
            case_id=case_id,
            event=event,
            on=chosen_day(form.on, form.on_day, today()),
            language=form.language_code,
            ground=Ground(form.ground.data) if given else None,
            issued_from=form.valid_from.data,
            issued_until=form.until.data,
            number=form.number.data or "",
            paper=event in permit.on_paper,
            by=by,
        )
    except PermitRefused as error:
        name = FIELD_OF.get(error.reason, "event")
        field = form.on_day if name == "on" and form.on.data == "other" else form[name]
        field.errors = [REFUSED[error.reason]]
        return _permit_page(permit, form, 409 if error.reason in (PermitRefusal.STATE, PermitRefusal.WAITS) else 422)
    except case_steps.CannotOpen:
        form.number.errors = [REFUSED[PermitRefusal.SEALED_NOW]]
        return _permit_page(permit, form, 422)
    if event in OPENS and by.may(Permission.CASE_OPEN) and store.is_unknown(case_id, by=by):
        return redirect(url_for("cases.share_page", case_id=case_id), 303)
    return redirect(address(case_id, "permit"), 303)


def _recorded_already(permit: store.PermitView, form: RecordPermitForm) -> str | Phrase:
    """What became of a step that cannot be recorded any more: who recorded it meanwhile, or that another one did."""
    chosen = form.event.data
    if not permit.needed or chosen not in set(PermitEvent) or (chosen in permit.events and not permit.waits):
        return ""
    event = PermitEvent(chosen)
    found = store.recorded(permit, event, by=access.actor())
    if found is None:
        return REFUSED[PermitRefusal.WAITS if permit.waits else PermitRefusal.STATE]
    words = {"what": EVENT_LABELS[event], "moment": Moment.of(found.at)}
    return (
        Phrase(RECORDED.message, {**words, "name": found.name})
        if found.name
        else Phrase(RECORDED_ELSEWHERE.message, words)
    )


def _form(permit: store.PermitView) -> RecordPermitForm:
    form = RecordPermitForm(request.form)
    labels = EVENT_LABELS | {event: PAPER_LABELS[event] for event in permit.on_paper}
    if permit.status is PermitStatus.ISSUED:
        labels |= {PermitEvent.APPLY: RENEWAL_LABEL}
    if permit.status in WITHDRAWN_LABELS:
        labels |= {PermitEvent.WITHDRAW: WITHDRAWN_LABELS[permit.status]}
    form.event.choices = [SelectChoice(value=str(event), label=labels[event]) for event in permit.events]
    form.ground.choices = of_list("permit_grounds")
    return form


def _permit_page(permit: store.PermitView, form: RecordPermitForm, status: int = 200) -> Answer:
    opened = case_steps.opened(case_id=permit.case_id, by=access.actor()).get(Compartment.LEGAL)
    numbers = {each.id: opened.value.get(number_key(each.id), "") for each in permit.entries} if opened else {}
    page = render_template(
        "shelter/permits/record.html",
        permit=permit,
        form=form,
        opened=opened is not None,
        numbers=numbers,
        **_words(permit),
    )
    return page, status


@blueprint.get("/permits/entries/<uuid:entry_id>")
@access.requires(Permission.PERMIT_RECORD)
def entry_page(entry_id: uuid.UUID) -> Answer:
    """What waits for a second member or for the unit."""
    permit, entry = store.entry(entry_id, by=access.actor())
    return _entry_page(permit, entry, AnswerPaperForm())


@blueprint.post("/permits/entries/<uuid:entry_id>/second")
@access.requires(Permission.PERMIT_RECORD)
def second(entry_id: uuid.UUID) -> Answer:
    """A second member confirms it, or that it is struck."""
    return _answered(entry_id, lambda: actions.second(entry_id=entry_id, by=access.actor()))


@blueprint.post("/permits/entries/<uuid:entry_id>/answer")
@access.requires(Permission.PERMIT_RECORD)
def answer(entry_id: uuid.UUID) -> Answer:
    """The unit says whether a paper is its own."""
    by = access.actor()
    permit, entry = store.entry(entry_id, by=by)
    form = AnswerPaperForm(request.form)
    if entry.may_answer and not form.validate():
        return _entry_page(permit, entry, form, 422)
    confirmed = form.answer.data == "confirm"
    return _answered(entry_id, lambda: actions.answer_paper(entry_id=entry_id, confirmed=confirmed, by=by))


def _answered(entry_id: uuid.UUID, act: Callable[[], object]) -> Answer:
    permit, _ = store.entry(entry_id, by=access.actor())
    try:
        act()
    except PermitRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("permits.record_page", case_id=permit.case_id), 303)


def _entry_page(permit: store.PermitView, entry: store.EntryLine, form: AnswerPaperForm, status: int = 200) -> Answer:
    page = render_template("shelter/permits/entry.html", permit=permit, entry=entry, form=form, **_words(permit))
    return page, status


@blueprint.get("/permits/entries/<uuid:entry_id>/strike")
@access.requires(Permission.PERMIT_RECORD)
def strike_page(entry_id: uuid.UUID) -> Answer:
    permit, entry = store.entry(entry_id, by=access.actor())
    if entry.struck_on:
        return _struck_already(entry)
    if not entry.may_strike:
        return errors.error_page(409, REFUSED[PermitRefusal.OTHERS_ENTRY])
    form = _strike_form(entry)
    if "valid_from" in form:
        form.valid_from.process(None, entry.issued_from)
        form.until.process(None, entry.issued_until)
        form.ground.data = str(entry.ground or "")
    return _strike_page(permit, entry, form)


@blueprint.post("/permits/entries/<uuid:entry_id>/strike")
@access.requires(Permission.PERMIT_RECORD)
def strike(entry_id: uuid.UUID) -> Answer:
    by = access.actor()
    permit, entry = store.entry(entry_id, by=by)
    if entry.struck_on:
        return _struck_already(entry)
    form = _strike_form(entry)
    if not form.validate():
        return _strike_page(permit, entry, form, 422)
    given = form.is_replaced and "valid_from" in form
    try:
        actions.strike(
            entry_id=entry_id,
            reason=StrikeReason(form.reason.data),
            on=form.day.data if form.is_replaced else None,
            issued_from=form.valid_from.data if given else None,
            issued_until=form.until.data if given else None,
            ground=Ground(form.ground.data) if given else None,
            number=(form.number.data or "") if form.is_replaced else "",
            by=by,
        )
    except PermitRefused as error:
        _, now = store.entry(entry_id, by=by)
        if now.struck_on:
            return _struck_already(now)
        name = {"on": "day"}.get(FIELD_OF.get(error.reason, ""), FIELD_OF.get(error.reason, "reason"))
        form[name if name in form else "reason"].errors = [REFUSED[error.reason]]
        return _strike_page(permit, entry, form, 409 if error.reason is PermitRefusal.STATE else 422)
    except case_steps.CannotOpen:
        form.number.errors = [REFUSED[PermitRefusal.SEALED_NOW]]
        return _strike_page(permit, entry, form, 422)
    return redirect(url_for("permits.record_page", case_id=permit.case_id), 303)


def _struck_already(entry: store.EntryLine) -> Answer:
    """Somebody was first: nothing is to be chosen any more."""
    if entry.strike_waits:
        return errors.error_page(409, STRIKE_WAITS)
    return errors.error_page(409, gettext(STRUCK_BY.message, name=entry.struck_by) if entry.struck_by else STRUCK)


def _strike_form(entry: store.EntryLine) -> StrikePermitForm:
    form = StrikePermitForm(request.form).of(replaced=entry.may_replace, given=str(entry.event) in GIVEN)
    if "ground" in form:
        form.ground.choices = of_list("permit_grounds")
    return form


def _strike_page(permit: store.PermitView, entry: store.EntryLine, form: StrikePermitForm, status: int = 200) -> Answer:
    page = render_template("shelter/permits/strike.html", permit=permit, entry=entry, form=form, **_words(permit))
    return page, status


def _words(permit: store.PermitView) -> dict[str, Any]:
    return {
        "status_label": label_of("permit_statuses", permit.status),
        "event_labels": EVENT_LABELS,
        "strike_labels": STRIKE_LABELS,
        "ground_of": lambda code: label_of("permit_grounds", code),
        "language_of": lambda code: language_name(code, current_language()),
        "working_days": country().permits.objection_working_days,
    }


@access.part_of_page
def summary(case_id: uuid.UUID) -> Part:
    """What a case page shows of the permit."""
    permit = store.of_case(case_id, by=access.actor())
    words = _words(permit)
    state = words["status_label"] if permit.needed else gettext("not needed")
    title = gettext("Residence permit")
    return Part.rendered("permit", title, state, "shelter/permits/summary.html", permit=permit, **words)
