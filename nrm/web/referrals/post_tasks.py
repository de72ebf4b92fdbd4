"""What a post has to do after what a shelter said of somebody on the way, and the press that it was done (ADR 0241)."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from nrm.actions.referrals import post_tasks as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.referrals.post_tasks import TaskKind
from nrm.domain.referrals.referrals import IllegalTransition
from nrm.domain.words import N_
from nrm.store import names as organisation_names
from nrm.store.referrals import post_tasks as store
from nrm.store.referrals.referrals import ReferralLine
from nrm.web import access, errors
from nrm.web.referrals import critical_path, openers, refused_steps

blueprint = Blueprint("post_tasks", __name__)
Answer = BaseResponse | tuple[str, int] | str

SAID_SINCE = N_(
    "Nothing is recorded: something else was said since this page was opened. Open the referral again and read it."
)


def section(line: ReferralLine) -> Markup:
    """On the page of a referral of a post: what was said of the person, and whether anybody told or called; empty for
    others."""
    task = store.of_referral(line, by=access.actor())
    if task is None:
        return Markup("")
    opener, mine = None, False
    if task.sends and task.what is TaskKind.MEETING and task.done_at is None:
        opener = openers.of(line)
        mine = opener is not None and opener.id == access.actor().member_id
    part = render_template("referrals/post_tasks/section.html", task=task, line=line, mine=mine, opener=opener)
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


def denied(line: ReferralLine) -> Markup:
    """On the page of a referral of a post: who says that nobody told them, and whom to call; empty for others."""
    waits = [each for each in store.denied(by=access.actor()) if each.referral_id == line.id]
    if not waits:
        return Markup("")
    offices = organisation_names.organisations_by_id().values()
    part = render_template(
        "referrals/post_tasks/denied.html",
        waits=waits,
        parties=critical_path.names_of_parties(),
        numbers={each.party: each.telephone for each in offices if each.enabled},
    )
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


@blueprint.post("/referrals/<uuid:referral_id>/done")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DECIDE)
def done(referral_id: uuid.UUID) -> Answer:
    """The escort was told, or somebody called."""
    try:
        what = TaskKind(request.form.get("what", ""))
    except ValueError:
        raise NotVisible from None
    try:
        seen, here = request.form.get("seen", ""), request.form.get("here") == "y"
        actions.done(referral_id=referral_id, what=what, seen=seen, here=here, by=access.actor())
    except IllegalTransition:
        return errors.error_page(409, SAID_SINCE)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)


@blueprint.post("/referrals/<uuid:referral_id>/done/back")
@access.requires(Permission.REFERRAL_SEND, Permission.REFERRAL_DECIDE)
def take_back(referral_id: uuid.UUID) -> Answer:
    """It was pressed by mistake, some minutes ago."""
    try:
        actions.take_back(referral_id=referral_id, what=TaskKind(request.form.get("what", "")), by=access.actor())
    except ValueError:
        raise NotVisible from None
    except IllegalTransition as error:
        return refused_steps.conflict(error)
    return redirect(url_for("referrals.show", referral_id=referral_id), 303)
