"""Pages of who does not hold the newest key of their organisation."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, url_for

from nrm.actions.accounts import holding as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.accounts.members import HoldingRefusal, HoldingRefused
from nrm.domain.words import N_
from nrm.store.accounts import holding as store
from nrm.store.accounts import members
from nrm.web import access, errors, sessions

blueprint = Blueprint("holding", __name__)

REFUSED = {
    HoldingRefusal.HOLDS: N_("The key opens for you: there is nothing to say or to make."),
    HoldingRefusal.LACKS: N_("The key does not open for you yet. Ask a colleague who holds it to give it to you."),
    HoldingRefusal.SAID: N_("This was said already, or a new key was made meanwhile. Look at the page again."),
}


@blueprint.errorhandler(HoldingRefused)
def _refused(error: HoldingRefused) -> errors.Answer:
    return errors.error_page(409, REFUSED[error.reason])


@blueprint.post("/members/keys/lacking")
@access.signed_in
def lack() -> errors.Answer:
    """Say, signed, that the newest key does not open."""
    actions.say_lacks(by=access.actor())
    return redirect(url_for("members.keys"), 303)


@blueprint.post("/members/keys/holding")
@access.signed_in
def hold() -> errors.Answer:
    """Say, signed, that it opens again."""
    actions.say_holds(by=access.actor())
    return redirect(url_for("home.index"), 303)


@blueprint.post("/members/keys/give/<uuid:member_id>")
@access.requires(Permission.ACCOUNT_CONFIRM)
@sessions.step_up
def give(member_id: uuid.UUID) -> errors.Answer:
    """Give it to a colleague who said so."""
    actions.give(member_id=member_id, by=access.actor())
    return redirect(url_for("members.keys"), 303)


@blueprint.get("/members/keys/next")
@access.requires(Permission.ACCOUNT_CONFIRM)
@sessions.step_up
def next_page() -> errors.Answer:
    """What follows when somebody who said that they do not hold the newest key makes the next one; others are led to
    the page of the keys."""
    by = access.actor()
    held = store.stands(members.keys(by=by), by=by)
    if not held.lacks or not held.said:
        return redirect(url_for("members.keys"), 303)
    return render_template("accounts/members/next_key.html")


@blueprint.post("/members/keys/next")
@access.requires(Permission.ACCOUNT_CONFIRM)
@sessions.step_up
def make_next() -> errors.Answer:
    actions.make_next(by=access.actor())
    return redirect(url_for("members.keys"), 303)
