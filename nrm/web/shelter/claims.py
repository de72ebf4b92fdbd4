"""Claims for compensation: recording one, what happened next, and correcting it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms.shelter.claims import EVENT_LABELS, FIELD_OF, REFUSED, AskClaimForm, CorrectClaimForm, StepClaimForm, offer
from nrm.actions.shelter import claims as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.claims import (
    NOT_STATED,
    ClaimEvent,
    ClaimRefusal,
    ClaimRefused,
    Forum,
    Outcome,
    Paid,
    Standing,
    before_last,
    correctable,
    is_paid,
)
from nrm.domain.words import N_
from nrm.store.countries import country
from nrm.store.days import today
from nrm.store.shelter import claims as store
from nrm.store.shelter import permits
from nrm.web import access, errors, formats
from nrm.web.choices import label_of
from nrm.web.language import current_language, gettext, ngettext, text_in, translated
from nrm.web.opened import unless_parked
from nrm.web.parts import Part, address

Answer = Response | str | tuple[str, int]
Form = AskClaimForm | StepClaimForm | CorrectClaimForm

blueprint = Blueprint("claims", __name__)

YEARS_BACK = 5
NOT_STATED_LABEL = N_("Not stated")


@blueprint.get("/cases/<uuid:case_id>/claims/new")
@access.requires(Permission.CLAIM_RECORD)
@unless_parked
def ask_page(case_id: uuid.UUID) -> Answer:
    form = AskClaimForm()
    form.id.data = str(uuid.uuid4())
    return _ask_page(case_id, form)


@blueprint.post("/cases/<uuid:case_id>/claims/new")
@access.requires(Permission.CLAIM_RECORD)
def ask(case_id: uuid.UUID) -> Answer:
    form = AskClaimForm(request.form)
    try:
        claim_id = uuid.UUID((form.id.data or "")[:36])
    except ValueError:
        return errors.error_page(422)
    _offer_all(form)
    if not form.validate():
        return _ask_page(case_id, form, 422)
    try:
        actions.ask(
            claim_id=claim_id,
            case_id=case_id,
            forum=Forum(form.forum.data),
            asked=form.asked.data,
            happened=Quarter.parse(form.on.data),
            by=access.actor(),
        )
    except ClaimRefused as error:
        return _ask_page(case_id, form, _show_refusal(form, error))
    return redirect(address(case_id, "claims"), 303)


def _ask_page(case_id: uuid.UUID, form: AskClaimForm, status: int = 200) -> Answer:
    case = permits.shared_case(case_id, Permission.CLAIM_RECORD, by=access.actor())
    _offer_all(form)
    return render_template("shelter/claims/ask.html", case=case, form=form), status


@blueprint.get("/claims/<uuid:claim_id>")
@access.requires(Permission.CLAIM_RECORD)
def show(claim_id: uuid.UUID) -> Answer:
    """How it stands, its history, and what can be recorded next."""
    claim = store.one(claim_id, by=access.actor())
    return _claim_page(claim, _step_form(claim))


@blueprint.post("/claims/<uuid:claim_id>")
@access.requires(Permission.CLAIM_RECORD)
def record(claim_id: uuid.UUID) -> Answer:
    by = access.actor()
    claim = store.one(claim_id, by=by)
    form = _step_form(claim)
    if not form.is_valid(claim.standing.asked):
        return _claim_page(claim, form, 422)
    try:
        actions.record(
            claim_id=claim_id,
            event=ClaimEvent(form.event.data),
            happened=Quarter.parse(form.on.data),
            seen=_entry_shown(form),
            granted=form.granted.data if form.needs_amount(claim.standing.asked) else "",
            by=by,
        )
    except ClaimRefused as error:
        return _claim_page(claim, form, _show_refusal(form, error))
    return redirect(url_for("claims.show", claim_id=claim_id), 303)


@blueprint.get("/claims/<uuid:claim_id>/correct")
@access.requires(Permission.CLAIM_RECORD)
def correct_page(claim_id: uuid.UUID) -> Answer:
    claim = store.one(claim_id, by=access.actor())
    last, form = claim.history[-1], CorrectClaimForm()
    for name in ("forum", "asked", "outcome", "granted", "paid"):
        form[name].data = str(getattr(last.standing, name))
    form.seen.data, form.on.data = str(claim.seen), str(last.happened)
    return _correct_page(claim, form)


@blueprint.post("/claims/<uuid:claim_id>/correct")
@access.requires(Permission.CLAIM_RECORD)
def correct(claim_id: uuid.UUID) -> Answer:
    by = access.actor()
    claim = store.one(claim_id, by=by)
    form = CorrectClaimForm(request.form)
    _offer_all(form, claim)
    paid_before = is_paid(claim.standing)
    if not form.is_valid(paid=paid_before):
        return _correct_page(claim, form, 422)
    granted = form.granted.data if form.was_granted else ""
    paid = (form.paid.data if paid_before else Paid.NO) if form.was_granted else ""
    standing = Standing(Forum(form.forum.data), form.asked.data, Outcome(form.outcome.data), granted, paid)
    try:
        happened = Quarter.parse(form.on.data)
        actions.correct(claim_id=claim_id, standing=standing, happened=happened, seen=_entry_shown(form), by=by)
    except ClaimRefused as error:
        return _correct_page(claim, form, _show_refusal(form, error))
    return redirect(url_for("claims.show", claim_id=claim_id), 303)


def _step_form(claim: store.ClaimView) -> StepClaimForm:
    form = StepClaimForm(request.form)
    if request.method == "GET":
        form.seen.data = str(claim.seen)
    offer(form, "event", [(each, EVENT_LABELS[each]) for each in claim.following])
    _offer_all(form, claim)
    return form


def _offer_all(form: Form, claim: store.ClaimView | None = None) -> None:
    """The country's lists, and the amounts and quarters that can be right."""
    outcomes = tuple(Outcome) if claim is None else correctable(claim.standing)
    for name, listed, codes in (
        ("forum", "claim_forums", tuple(Forum)),
        ("outcome", "claim_outcomes", outcomes),
        ("paid", "claim_payments", tuple(Paid)),
    ):
        if name in form:
            offer(form, name, [(code, label_of(listed, code)) for code in codes])
    bands = [*country().amount_bands, NOT_STATED]
    first = shown = None
    if claim is not None:
        shown = claim.history[-1].happened
        first = before_last(claim.history) if isinstance(form, CorrectClaimForm) else shown
    if claim is not None and isinstance(form, StepClaimForm) and claim.standing.asked in bands[:-1]:
        bands = [*bands[: bands.index(claim.standing.asked) + 1], NOT_STATED]
    for name in ("asked", "granted"):
        if name in form:
            offer(form, name, [(code, band(code)) for code in bands])
    offer(form, "on", _quarters(first, shown))


def _quarters(first: Quarter | None, shown: Quarter | None) -> Iterator[tuple[str, str]]:
    """The quarters to choose from, this one first, back to `first`.

    Without `first`: five years, or back to `shown`; then the oldest one stands for all before it.
    """
    quarter = Quarter.of(today())
    oldest = Quarter(quarter.year - YEARS_BACK, quarter.number)
    end = first or min(oldest, shown or oldest)
    while quarter > end:
        yield str(quarter), months(quarter)
        quarter = quarter.previous
    yield str(end), months(end) if first else gettext("%(months)s or earlier", months=months(end))


def months(quarter: Quarter) -> str:
    """The months of a quarter in the reader's language."""
    return formats.quarter(str(quarter), current_language())


def band(code: str) -> str:
    """The words of an amount."""
    words = country().amount_bands.get(code)
    return text_in(words) if words is not None else translated(NOT_STATED_LABEL)


def _entry_shown(form: StepClaimForm | CorrectClaimForm) -> int:
    """The number of the last entry that the page showed; 0, which no entry has, for text that is no number."""
    text = form.seen.data or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _show_refusal(form: Form, error: ClaimRefused) -> int:
    """Put the reason where it belongs; returns the status."""
    name = FIELD_OF.get(error.reason, "event" if "event" in form else "outcome")
    form[name].errors = [REFUSED[error.reason]]
    return 409 if error.reason is ClaimRefusal.STATE else 422


def _claim_page(claim: store.ClaimView, form: StepClaimForm, status: int = 200) -> Answer:
    page = render_template(
        "shelter/claims/show.html", claim=claim, form=form, rows=_standing_rows(claim.standing), history=_history(claim)
    )
    return page, status


def _correct_page(claim: store.ClaimView, form: CorrectClaimForm, status: int = 200) -> Answer:
    _offer_all(form, claim)
    page = render_template("shelter/claims/correct.html", claim=claim, form=form, paid=is_paid(claim.standing))
    return page, status


def _standing_rows(standing: Standing) -> list[tuple[str, str]]:
    """The present state of a claim, as questions and answers."""
    rows = [
        (gettext("Where it was asked"), label_of("claim_forums", standing.forum)),
        (gettext("Amount asked"), band(standing.asked)),
        (gettext("Outcome"), label_of("claim_outcomes", standing.outcome)),
    ]
    if standing.granted:
        rows += [
            (gettext("Amount granted"), band(standing.granted)),
            (gettext("Payment"), label_of("claim_payments", standing.paid)),
        ]
    return rows


def _history(claim: store.ClaimView) -> Iterator[tuple[str, str, str]]:
    """(quarter, what happened, what it changed) of each entry, the oldest first."""
    before: list[tuple[str, str]] = []
    for entry in claim.history:
        rows = _standing_rows(entry.standing)
        changed = "; ".join(text for name, text in rows if (name, text) not in before)
        yield months(entry.happened), EVENT_LABELS[entry.event], changed
        before = rows


@access.part_of_page
def summary(case_id: uuid.UUID) -> Part:
    """What a case page shows of claims."""
    found = store.of_case(case_id, by=access.actor())
    lines = [(claim.id, *(text for _, text in _standing_rows(claim.standing))) for claim in found]
    state = ngettext("%(num)s claim", "%(num)s claims", len(lines)) if lines else gettext("no claim")
    title = gettext("Compensation")
    return Part.rendered("claims", title, state, "shelter/claims/summary.html", case_id=case_id, lines=lines)
