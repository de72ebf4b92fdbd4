"""The parties of the agreement in the key log: the coordinator says who takes part and who does no more, two
duty officers leave one out for 72 hours."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, url_for

from nrm.actions.accounts.key_log import LogWrong
from nrm.actions.agreement import parties as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.accounts.key_log_entries import PartyState
from nrm.domain.agreement.parties import PartyRefusal, PartyRefused
from nrm.domain.words import N_
from nrm.store.agreement import parties as store
from nrm.web import access, errors, sessions
from nrm.web.accounts.key_log import HOLDS_CASES, NEW_AT_DESK, PARTY_WORDS, WRONG

blueprint = Blueprint("parties", __name__)
Answer = errors.Answer

REFUSALS: Mapping[PartyRefusal, str] = {
    PartyRefusal.NOT_FOUNDED: N_("Nobody has vouched for the keys of this organisation. It is founded first."),
    PartyRefusal.NOT_BOUND: N_("No version of the agreement that is in force today names this party."),
    PartyRefusal.STILL_BOUND: N_("A version of the agreement names this party, today or from a later day."),
    PartyRefusal.HOLDS_CASES: HOLDS_CASES,
    PartyRefusal.NEW: NEW_AT_DESK,
    PartyRefusal.DESK: N_("This is the duty desk itself: nobody could let it take part again."),
    PartyRefusal.SAID: N_("The key log says so already, or waits for somebody of the Responsible Authority."),
}


@blueprint.errorhandler(PartyRefused)
def _refused(error: PartyRefused) -> Answer:
    return errors.error_page(409, REFUSALS[error.reason])


@blueprint.get("/parties")
@access.requires(Permission.AGREEMENT_MANAGE)
def index() -> Answer:
    """Each organisation that acts for a party: what the version in force says, and what the key log says."""
    try:
        lines = store.lines(by=access.actor())
    except LogWrong:
        return errors.error_page(409, WRONG)
    return render_template("agreement/parties/index.html", lines=lines, words=PARTY_WORDS, states=PartyState)


@blueprint.post("/parties/<uuid:organisation_id>/open")
@access.requires(Permission.AGREEMENT_MANAGE)
@sessions.step_up
def open_party(organisation_id: uuid.UUID) -> Answer:
    actions.open_party(organisation_id=organisation_id, by=access.actor())
    return redirect(url_for("parties.index"), 303)


@blueprint.get("/parties/<uuid:organisation_id>/strike-off")
@access.requires(Permission.AGREEMENT_MANAGE)
def strike_off_page(organisation_id: uuid.UUID) -> Answer:
    try:
        line = store.line(organisation_id, by=access.actor())
    except LogWrong:
        return errors.error_page(409, WRONG)
    return render_template("agreement/parties/strike_off.html", line=line)


@blueprint.post("/parties/<uuid:organisation_id>/strike-off")
@access.requires(Permission.AGREEMENT_MANAGE)
@sessions.step_up
def strike_off(organisation_id: uuid.UUID) -> Answer:
    actions.strike_off(organisation_id=organisation_id, by=access.actor())
    return redirect(url_for("parties.index"), 303)


@blueprint.get("/parties/<uuid:organisation_id>/suspension")
@access.requires(Permission.REFERRAL_DIRECT)
def suspension_page(organisation_id: uuid.UUID) -> Answer:
    """What follows for an organisation that takes no part for 72 hours, before a duty officer signs; or until when."""
    try:
        line = store.line(organisation_id, by=access.actor())
    except LogWrong:
        return errors.error_page(409, WRONG)
    return render_template("agreement/parties/suspension.html", line=line, words=PARTY_WORDS)


@blueprint.post("/parties/<uuid:organisation_id>/suspend")
@access.requires(Permission.REFERRAL_DIRECT)
@sessions.step_up
def suspend(organisation_id: uuid.UUID) -> Answer:
    actions.suspend(organisation_id=organisation_id, by=access.actor())
    return redirect(url_for("parties.suspension_page", organisation_id=organisation_id), 303)


@blueprint.post("/parties/<uuid:organisation_id>/resume")
@access.requires(Permission.REFERRAL_DIRECT)
@sessions.step_up
def resume(organisation_id: uuid.UUID) -> Answer:
    actions.resume(organisation_id=organisation_id, by=access.actor())
    return redirect(url_for("parties.suspension_page", organisation_id=organisation_id), 303)
