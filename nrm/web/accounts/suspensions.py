"""Suspending a person for a time; the page on which a second hand ends it or makes it longer; what the person reads."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.second_hands import REASON_LABELS, SuspendForm
from nrm.actions.accounts import suspensions as actions
from nrm.domain.accounts.accounts import ROLE_LABELS, Permission, Role
from nrm.domain.accounts.members import OwnAccount
from nrm.domain.accounts.suspensions import SuspensionEnd, SuspensionReason, SuspensionRefusal, SuspensionRefused
from nrm.domain.words import N_
from nrm.store.accounts import members as member_store
from nrm.store.accounts import suspending
from nrm.store.accounts import suspensions as store
from nrm.store.shelter import closings
from nrm.web import access, errors, sessions
from nrm.web.accounts.key_log import NEW_AT_DESK
from nrm.web.accounts.members import OWN

blueprint = Blueprint("suspensions", __name__)
Answer = BaseResponse | tuple[str, int] | str

ENDS: Mapping[SuspensionEnd, str] = {
    SuspensionEnd.COLLEAGUE: N_("ended by a colleague"),
    SuspensionEnd.AUTHORITY: N_("ended by the Responsible Authority"),
    SuspensionEnd.TAKEN_BACK: N_("taken back by who did it"),
}
REFUSALS: Mapping[SuspensionRefusal, str] = {
    SuspensionRefusal.ALREADY: N_("This person is suspended already, or has no account that works."),
    SuspensionRefusal.AGAIN: N_(
        "This person was suspended within the last 14 days. Who did it does not do it alone again, and nobody does if "
        "it was not ended before its time: another colleague, or ending the account with a second hand, can help."
    ),
    SuspensionRefusal.NEWCOMER: N_(
        "You have been here for less than 14 days, and this colleague was here before you. Another colleague can "
        "suspend them; if there is none, call the duty desk."
    ),
    SuspensionRefusal.LEFT_ALONE: N_(
        "Then you alone would open the cases of the organisation: the others are suspended already, or you let them in "
        "within 14 days. Call the duty desk."
    ),
    SuspensionRefusal.MANY: N_("You suspended two people within 24 hours. Ask a colleague, or the duty desk."),
    SuspensionRefusal.ADMINISTRATORS_MANY: N_(
        "Administrators together suspend at most one person of an organisation and three people within 24 hours."
    ),
    SuspensionRefusal.TOO_FEW: N_(
        "Then fewer than two people could open the cases of the organisation, so you cannot do it. A colleague of the "
        "person can; or two duty officers leave the organisation out: call the duty desk."
    ),
    SuspensionRefusal.OWN: OWN,
    SuspensionRefusal.OVER: N_("This suspension is over already."),
    SuspensionRefusal.NO_SECOND_HAND: N_(
        "Only a second hand makes it longer, and only once: a colleague who has been here for 14 days, is not one hand "
        "with who suspended, and would not be left alone; or the duty desk."
    ),
    SuspensionRefusal.ONE_HAND: N_(
        "You are one hand with the suspended person: one of you, or a third alone, let in the other or both. So you do "
        "not end it: who suspended does, another colleague, or the duty desk."
    ),
    SuspensionRefusal.NEW_AT_DESK: NEW_AT_DESK,
}


@blueprint.get("/members/<uuid:member_id>/suspend")
@access.requires(Permission.ACCOUNT_DISABLE)
@sessions.step_up
def suspend_page(member_id: uuid.UUID) -> Answer:
    return _suspend_page(member_id, SuspendForm(), 200)


def _suspend_page(member_id: uuid.UUID, form: SuspendForm, status: int) -> Answer:
    by = access.actor()
    member = member_store.manageable(member_id, by=by)
    why_not = suspending.refusal(member_id, by=by)
    page = render_template(
        "accounts/suspensions/suspend.html",
        member=member,
        role=ROLE_LABELS[Role(member.role)],
        form=form,
        outside=by.may(Permission.ORGANISATION_FOUND),
        why_not=REFUSALS[why_not] if why_not else "",
    )
    return page, status


@blueprint.post("/members/<uuid:member_id>/suspend")
@access.requires(Permission.ACCOUNT_DISABLE)
@sessions.step_up
def suspend(member_id: uuid.UUID) -> Answer:
    form = SuspendForm(request.form)
    if not form.validate():
        return _suspend_page(member_id, form, 422)
    try:
        reason = SuspensionReason(form.reason.data)
        suspension_id = actions.suspend(member_id=member_id, reason=reason, by=access.actor())
    except OwnAccount:
        return errors.error_page(409, OWN)
    except SuspensionRefused as error:
        return errors.error_page(409, REFUSALS[error.reason])
    return redirect(url_for("suspensions.show", suspension_id=suspension_id), 303)


@blueprint.get("/suspensions/<uuid:suspension_id>")
@access.requires(Permission.ACCOUNT_DISABLE)
def show(suspension_id: uuid.UUID) -> str:
    """Who is suspended, by whom, why and until when; what who did it closed lately; and what a second hand can do."""
    line = store.one(suspension_id, by=access.actor())
    return render_template(
        "accounts/suspensions/show.html",
        line=line,
        reasons=REASON_LABELS,
        ends=ENDS,
        refusals=REFUSALS,
        closed=closings.of_who_suspended(line.by_id, line.organisation_id, by=access.actor()),
        keeps_accounts=access.actor().may(Permission.ORGANISATION_FOUND),
    )


@blueprint.post("/suspensions/<uuid:suspension_id>/end")
@access.requires(Permission.ACCOUNT_DISABLE)
@sessions.step_up
def end(suspension_id: uuid.UUID) -> Answer:
    try:
        actions.end(suspension_id=suspension_id, by=access.actor())
    except SuspensionRefused as error:
        return errors.error_page(409, REFUSALS[error.reason])
    return redirect(url_for("suspensions.show", suspension_id=suspension_id), 303)


@blueprint.post("/suspensions/<uuid:suspension_id>/longer")
@access.requires(Permission.ACCOUNT_DISABLE)
@sessions.step_up
def lengthen(suspension_id: uuid.UUID) -> Answer:
    try:
        actions.lengthen(suspension_id=suspension_id, by=access.actor())
    except SuspensionRefused as error:
        return errors.error_page(409, REFUSALS[error.reason])
    return redirect(url_for("suspensions.show", suspension_id=suspension_id), 303)
