"""Taking back a departure or an acceptance that was recorded by mistake: what follows, before it is done (ADR 0086)."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms.referrals.mistakes import AcceptanceBackForm, DepartureBackForm, StillComesForm
from forms.referrals.referrals import ESCORT_LABELS, AcceptReferralForm
from forms.referrals.transfers import TRANSFER_REFUSED
from forms.shelter.stays import IMPOSSIBLE
from nrm import clock
from nrm.actions.referrals import mistakes as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.referrals.referrals import (
    IllegalTransition,
    PlaceNotFree,
    ReferralEvent,
    actors_of,
)
from nrm.domain.referrals.transfers import Stand, TransferRefused
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.stays import ImpossibleStay
from nrm.domain.words import N_
from nrm.store.referrals import referrals as store
from nrm.store.referrals import transfers as transfer_store
from nrm.store.referrals.referrals import ReferralLine
from nrm.web import access, errors
from nrm.web.referrals.referrals import NOT_FREE, offer_places
from nrm.web.referrals.refused_steps import ON_THE_WAY, why_not
from nrm.web.referrals.taken_back import may_say_not_left, may_say_not_taken, may_say_on_the_way

blueprint = Blueprint("mistakes", __name__)
Answer = Response | tuple[str, int] | str

NOT_NOW = N_("This cannot be taken back now. Look where the referral stands, and call the other side.")
GIVEN_AWAY = N_(
    "The place that was kept is taken by now, so the person is not awaited again. When they come, record the arrival; "
    "or ask another shelter."
)
TAKEN_MEANWHILE = N_("The place that was kept is taken by now. Choose another one that is free")


@blueprint.get("/referrals/<uuid:referral_id>/depart/back")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DIRECT)
def departure_page(referral_id: uuid.UUID) -> Answer:
    line = store.referral(referral_id, by=access.actor())
    if not may_say_not_left(line):
        return errors.error_page(409, NOT_NOW)
    return _departure_page(line, DepartureBackForm(), 200)


def _departure_page(line: ReferralLine, form: DepartureBackForm, status: int) -> Answer:
    page = render_template(
        "referrals/mistakes/departure.html",
        line=line,
        form=form,
        escort=ESCORT_LABELS.get(line.escort) if line.escort else None,  # type: ignore[call-overload]
        moves=transfer_store.is_move(line),
    )
    return page, status


@blueprint.post("/referrals/<uuid:referral_id>/depart/back")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DIRECT)
def departure(referral_id: uuid.UUID) -> Answer:
    """They have not left."""
    by, form = access.actor(), DepartureBackForm(request.form)
    line = store.referral(referral_id, by=by)
    if not form.validate():
        return _departure_page(line, form, 422) if may_say_not_left(line) else errors.error_page(409, NOT_NOW)
    hours = int(form.expected.data or 0)
    try:
        actions.take_back_departure(
            referral_id=referral_id,
            why=Why(form.why.data),
            expected_at=clock.now() + timedelta(hours=hours) if hours else None,
            by=by,
        )
    except IllegalTransition as error:
        return errors.error_page(409, why_not(error) or NOT_NOW)
    except ImpossibleStay as error:
        return errors.error_page(409, IMPOSSIBLE[error.reason])
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


@blueprint.post("/referrals/<uuid:referral_id>/keys-back")
@access.requires(Permission.REFERRAL_DECIDE)
def keys_back(referral_id: uuid.UUID) -> Answer:
    """The other shelter reads and writes again, where the person still sleeps."""
    try:
        actions.let_both_write(referral_id=referral_id, by=access.actor())
    except IllegalTransition:
        return errors.error_page(409, NOT_NOW)
    except TransferRefused as error:
        return errors.error_page(409, TRANSFER_REFUSED[error.reason])
    except actions.CannotOpen as error:
        return errors.not_from_here(error)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


@blueprint.get("/referrals/<uuid:referral_id>/keys-back")
@access.requires(Permission.REFERRAL_DECIDE)
def keys_page(referral_id: uuid.UUID) -> Answer:
    """What the other shelter opens again, before it does."""
    move = transfer_store.of_referral(referral_id, by=access.actor())
    if move is None or move.sends or move.stand is not Stand.TAKEN_BACK:
        store.referral(referral_id, by=access.actor())
        return errors.error_page(409, NOT_NOW)
    return render_template("referrals/mistakes/keys.html", move=move)


@blueprint.get("/referrals/<uuid:referral_id>/accept/back")
@access.requires(Permission.REFERRAL_DECIDE)
def acceptance_page(referral_id: uuid.UUID) -> Answer:
    line = store.referral(referral_id, by=access.actor())
    if transfer_store.is_before_leaving(referral_id, by=access.actor()):
        return redirect(url_for("transfers.call_off_page", referral_id=referral_id), 303)
    if not may_say_not_taken(line):
        return _not_taken_back(line, ON_THE_WAY if line.departed_at else NOT_NOW)
    return render_template("referrals/mistakes/acceptance.html", line=line, form=AcceptanceBackForm())


@blueprint.post("/referrals/<uuid:referral_id>/accept/back")
@access.requires(Permission.REFERRAL_DECIDE)
def acceptance(referral_id: uuid.UUID) -> Answer:
    """The person is not taken in here."""
    by, form = access.actor(), AcceptanceBackForm(request.form)
    line = store.referral(referral_id, by=by)
    if not form.validate():
        if not may_say_not_taken(line):
            return errors.error_page(409, NOT_NOW)
        return render_template("referrals/mistakes/acceptance.html", line=line, form=form), 422
    try:
        actions.take_back_acceptance(referral_id=referral_id, why=Why(form.why.data), by=by)
    except IllegalTransition as error:
        return _not_taken_back(line, why_not(error) or NOT_NOW)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


def _not_taken_back(line: ReferralLine, why: str) -> Answer:
    """Who comes already is told of by the sender: its number stands with the refusal."""
    return errors.error_page(409, why, call=line.sender_telephone if why == ON_THE_WAY else "")


@blueprint.get("/referrals/<uuid:referral_id>/not-arrived/back")
@access.requires(Permission.REFERRAL_DECIDE)
def not_come_page(referral_id: uuid.UUID) -> Answer:
    line = store.referral(referral_id, by=access.actor())
    if not may_say_on_the_way(line):
        return errors.error_page(409, NOT_NOW)
    return render_template("referrals/mistakes/not_come.html", line=line, form=StillComesForm(), taken=False)


@blueprint.post("/referrals/<uuid:referral_id>/not-arrived/back")
@access.requires(Permission.REFERRAL_DECIDE)
def not_come(referral_id: uuid.UUID) -> Answer:
    """The person is still on the way. Where the place was given to somebody else meanwhile, another one is kept."""
    by, form = access.actor(), StillComesForm(request.form)
    line = store.referral(referral_id, by=by)
    offer_places(form)
    if not form.validate():
        if not may_say_on_the_way(line):
            return errors.error_page(409, NOT_NOW)
        taken = bool(form.bed.raw_data)
        return render_template("referrals/mistakes/not_come.html", line=line, form=form, taken=taken), 422
    place_id = uuid.UUID(form.bed.data) if form.bed.data else None
    try:
        actions.await_again(referral_id=referral_id, why=Why(form.why.data), place_id=place_id, by=by)
    except IllegalTransition:
        return errors.error_page(409, NOT_NOW)
    except PlaceNotFree:
        if not form.bed.choices:
            return errors.error_page(409, GIVEN_AWAY)
        form.bed.errors = [TAKEN_MEANWHILE]
        return render_template("referrals/mistakes/not_come.html", line=line, form=form, taken=True), 422
    return redirect(url_for("cases.show", case_id=line.case_id), 303)


@blueprint.get("/referrals/<uuid:referral_id>/accept/after-all")
@access.requires(Permission.REFERRAL_DECIDE)
def after_all_page(referral_id: uuid.UUID) -> Answer:
    line = store.referral(referral_id, by=access.actor())
    if line.relation not in actors_of(line.status, ReferralEvent.TAKE_AFTER_ALL) or not store.has_not_come(line):
        return errors.error_page(409, NOT_NOW)
    return _after_all_page(line, AcceptReferralForm(), 200)


def _after_all_page(line: ReferralLine, form: AcceptReferralForm, status: int) -> Answer:
    offer_places(form)
    return render_template("referrals/mistakes/after_all.html", line=line, form=form), status


@blueprint.post("/referrals/<uuid:referral_id>/accept/after-all")
@access.requires(Permission.REFERRAL_DECIDE)
def after_all(referral_id: uuid.UUID) -> Answer:
    """The person is taken in here after all."""
    by, form = access.actor(), AcceptReferralForm(request.form)
    line = store.referral(referral_id, by=by)
    offer_places(form)
    if not form.validate():
        return _after_all_page(line, form, 422)
    hours = int(form.expected.data or 0)
    try:
        actions.take_after_all(
            referral_id=referral_id,
            place_id=uuid.UUID(form.bed.data),
            expected_at=clock.now() + timedelta(hours=hours) if hours else None,
            by=by,
        )
    except PlaceNotFree:
        form.bed.errors = [NOT_FREE]
        return _after_all_page(line, form, 422)
    except IllegalTransition:
        return errors.error_page(409, NOT_NOW)
    return redirect(url_for("cases.show", case_id=line.case_id), 303)
