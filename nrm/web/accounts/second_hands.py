"""What waits for a second member, and the page on which they agree or say no."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.second_hands import AgreeToAccountForm, AgreeToCaseForm
from forms.shelter.cases import CASE_REFUSED
from forms.shelter.stays import CLOSED
from nrm.actions.accounts import second_hands as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.accounts.members import LastKeyHolder
from nrm.domain.accounts.second_hands import OF_CASES, ActKind, ActReason, ActRefusal, ActRefused, ActStatus
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.consents import ConsentRefused
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.words import N_
from nrm.store.accounts import second_hands as store
from nrm.web import access, errors, hosts, sessions
from nrm.web.accounts.members import LAST
from nrm.web.shelter.consents import REFUSED as CONSENT_REFUSED

blueprint = Blueprint("second_hands", __name__)
Answer = BaseResponse | tuple[str, int] | str

WORDS: Mapping[ActKind, str] = {
    ActKind.WITHDRAW: N_("Take everything back and destroy what is kept"),
    ActKind.ERASE: N_("Erase what is kept"),
    ActKind.END_ACCOUNT: N_("End an account"),
    ActKind.BEGIN_ANEW: N_("Let a colleague begin anew"),
}
REASONS: Mapping[ActReason, str] = {
    ActReason.TAKEN_BACK: N_("The person takes everything back"),
    ActReason.ERASURE_ASKED: N_("The person asks that what is kept is erased"),
    ActReason.REFUSED: N_("Asked for the first time, the person said no"),
    ActReason.LEFT: N_("The colleague leaves"),
    ActReason.LOST_KEYS: N_("The colleague lost password and recovery code, or comes back"),
}
STATUSES: Mapping[ActStatus, str] = {
    ActStatus.ASKED: N_("waits for a colleague"),
    ActStatus.AGREED: N_("agreed to, and done"),
    ActStatus.DONE: N_("done"),
    ActStatus.DECLINED: N_("not agreed to: it was not done"),
    ActStatus.EXPIRED: N_("nobody agreed in time: it was not done"),
}
ANSWERED = N_("This was answered already, or its time is over.")
REFUSALS = {
    ActRefusal.ANSWERED: ANSWERED,
    ActRefusal.OWN: N_("You asked for this yourself. A colleague has to agree."),
    ActRefusal.NEW: N_("You were confirmed after this was asked for. A colleague who was there before has to agree."),
}


@blueprint.get("/second-hands/<uuid:act_id>")
@access.requires(Permission.CASE_OPEN, Permission.STAY_MANAGE, Permission.ACCOUNT_DISABLE)
def show(act_id: uuid.UUID) -> Answer:
    """What is asked, why, by whom and when; for who may agree, and for who asked."""
    return _act_page(act_id, None, 200)


def _act_page(act_id: uuid.UUID, form: AgreeToCaseForm | AgreeToAccountForm | None, status: int) -> tuple[str, int]:
    line = store.one(act_id, by=access.actor())
    page = render_template(
        "accounts/second_hands/show.html",
        line=line,
        form=form or _form(line.kind),
        words=WORDS,
        reasons=REASONS,
        statuses=STATUSES,
        of_case=line.kind in OF_CASES,
    )
    return page, status


def _form(kind: ActKind) -> AgreeToCaseForm | AgreeToAccountForm:
    return AgreeToCaseForm(request.form) if kind in OF_CASES else AgreeToAccountForm(request.form)


@blueprint.post("/second-hands/<uuid:act_id>/agree")
@access.requires(Permission.CASE_OPEN, Permission.STAY_MANAGE, Permission.ACCOUNT_DISABLE)
@sessions.step_up
def agree(act_id: uuid.UUID) -> Answer:
    """Agree; the act is done at once. If it lets a colleague make new keys, the page shows the link to give them."""
    by = access.actor()
    line = store.one(act_id, by=by)
    form = _form(line.kind)
    if line.may_agree and not form.validate():
        return _act_page(act_id, form, 422)
    try:
        token = actions.agree(act_id=act_id, by=by)
    except ActRefused as error:
        return errors.error_page(409, REFUSALS[error.reason])
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except ConsentRefused as error:
        return errors.error_page(409, CONSENT_REFUSED[error.reason])
    except GateClosed as error:
        return errors.error_page(409, CLOSED[error.reason])
    except LastKeyHolder:
        return errors.error_page(409, LAST)
    if token is not None:
        link = hosts.link("accounts.invitation", token=token)
        return render_template("accounts/accounts/invited.html", link=link, name=line.member_name)
    return redirect(url_for("second_hands.show", act_id=act_id), 303)


@blueprint.post("/second-hands/<uuid:act_id>/decline")
@access.requires(Permission.CASE_OPEN, Permission.STAY_MANAGE, Permission.ACCOUNT_DISABLE)
def decline(act_id: uuid.UUID) -> Answer:
    """A colleague declines, or the member who asked takes it back."""
    try:
        actions.decline(act_id=act_id, by=access.actor())
    except ActRefused:
        return errors.error_page(409, ANSWERED)
    return redirect(url_for("second_hands.show", act_id=act_id), 303)
