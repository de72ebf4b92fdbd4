"""What waits for a second hand or for time, and the page on which somebody agrees, has seen it, or undoes it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.members import WHY_ACCOUNTS_END
from forms.accounts.second_hands import HEARD_LABELS, AgreeToAccountForm, AgreeToCaseForm, DeskUndoForm, UndoForm
from forms.shelter.corrections import WHY_LABELS
from forms.shelter.stays import CLOSED
from nrm import clock
from nrm.actions.accounts import second_hands as actions
from nrm.domain.accounts.accounts import ROLE_LABELS, Permission
from nrm.domain.accounts.members import COMES_BACK, GoneForGood, LastKeyHolder
from nrm.domain.accounts.second_hands import (
    OF_CASES,
    ActKind,
    ActReason,
    ActRefusal,
    ActRefused,
    ActStatus,
    Heard,
    Undone,
)
from nrm.domain.accounts.vouching import HandRefusal
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.words import N_
from nrm.store.accounts import deeds, erased_lately, one_hand
from nrm.store.accounts import second_hands as store
from nrm.web import access, errors, hosts, sessions
from nrm.web.accounts import shown_secrets
from nrm.web.accounts.happenings import HAPPENINGS
from nrm.web.accounts.key_log import NEW_AT_DESK
from nrm.web.accounts.members import GONE, LAST
from nrm.web.carried_forms import ACT_WORDS

blueprint = Blueprint("second_hands", __name__)
Answer = BaseResponse | tuple[str, int] | str
_ANSWERS = access.requires(Permission.CASE_OPEN, Permission.STAY_MANAGE, Permission.ACCOUNT_DISABLE)

WORDS = ACT_WORDS
REASONS: Mapping[ActReason, str] = {
    ActReason.TAKEN_BACK: N_("The person takes everything back"),
    ActReason.ERASURE_ASKED: N_("The person asks that what is kept is erased"),
    ActReason.REFUSED: N_("Asked for the first time, the person said no"),
    **WHY_ACCOUNTS_END,
    ActReason.LOST_KEYS: N_("The colleague lost password and recovery code, or comes back"),
    ActReason.COMES_BACK: N_("The colleague comes back with the keys they had"),
}
STATUSES: Mapping[ActStatus, str] = {
    ActStatus.ASKED: N_("waits for a second hand; nothing is done yet"),
    ActStatus.PARKED: N_("opens for nobody; nothing is destroyed yet"),
    ActStatus.AGREED: N_("agreed to, and done"),
    ActStatus.DONE: N_("done: its time was over"),
    ActStatus.DECLINED: N_("not agreed to: it was not done"),
    ActStatus.EXPIRED: N_("nobody agreed in time: it was not done"),
}
UNDONE: Mapping[Undone, str] = {
    Undone.HOLDER: N_("given back: a mistake, or not her wish"),
    Undone.AUTHORITY: N_("given back by the Responsible Authority"),
    Undone.PERSON: N_("given back: she changed her mind, and said so here"),
    Undone.HELP_LINE: N_("given back: she changed her mind, and told the help line"),
    Undone.WRONG_PERSON: N_("given back: the request had been recorded for the wrong person"),
    Undone.ASKER: N_("taken back by who asked"),
    Undone.FELL: N_("over: who asked was suspended, or their account was ended"),
}
UNDONE_OF_ACCOUNTS: Mapping[Undone, str] = {
    **UNDONE,
    Undone.HOLDER: N_("not agreed to by a colleague: it was not done"),
    Undone.AUTHORITY: N_("not agreed to by the duty desk: it was not done"),
}
"""Nothing of a case was closed, so nothing is given back."""
ANSWERED = N_("This was answered already, or its time is over.")
REFUSALS = {
    ActRefusal.ANSWERED: ANSWERED,
    ActRefusal.OWN: N_("You asked for this yourself. A colleague has to agree."),
    ActRefusal.NEW: N_("You have been here for less than 14 days. An older colleague has to agree, or the duty desk."),
    ActRefusal.VOUCHED: N_(
        "One of you alone let the other in here, or the same colleague both: that is one hand. Another colleague has "
        "to agree, or the duty desk."
    ),
    ActRefusal.SEEN: N_("Somebody said already that they have seen this."),
    ActRefusal.FELL: N_("Who asked for this is suspended, or their account was ended: it is over, and was not done."),
    ActRefusal.ONE_HAND: N_(
        "You are one hand with the person it is about, whom the one who asks suspended before. So you neither agree "
        "nor decline: another colleague does, or the duty desk."
    ),
    ActRefusal.NEW_AT_DESK: NEW_AT_DESK,
}

HAND_REFUSALS: Mapping[HandRefusal, str] = {
    HandRefusal.OWN: N_("It is about you, so you do not agree to it."),
    HandRefusal.NEW: N_("You do not agree to this: you have been here for less than 14 days."),
    HandRefusal.VOUCHED: N_(
        "You do not agree to this: one of you alone let the other in here, or the same colleague both, and that is one "
        "hand. Another colleague has to, or the duty desk."
    ),
    HandRefusal.ELSEWHERE: N_("This organisation has a second hand of its own, who has to agree."),
    HandRefusal.NOT_CALLED: N_("Call the known number first; then tick the box"),
    HandRefusal.ENDED: N_("The account was ended within 14 days: let the person in again with their own keys."),
    HandRefusal.STOPPED: N_("You asked for this, or are one hand with who did, and it was ended within 24 hours."),
    HandRefusal.ONE_HAND: N_(
        "You are one hand with this person: one of you, or a third alone, let in the other or both. So you neither "
        "agree nor decline: another colleague does, or the duty desk."
    ),
    HandRefusal.SUSPENDED: N_("You suspended this person, or are one hand with who did."),
}


@blueprint.get("/second-hands/erased")
@access.requires(Permission.REFERRAL_DIRECT)
def erased() -> str:
    """Which house erased cases lately, and whose hands did: for the duty desk, without a word about the persons."""
    lines = erased_lately.lately(by=access.actor())
    return render_template("accounts/second_hands/erased.html", lines=lines, words=WORDS, heard=HEARD_LABELS)


@blueprint.get("/second-hands/one-hand")
@access.requires(Permission.REFERRAL_DIRECT)
def by_one_hand() -> str:
    """Which stays one member of a shelter alone ended: for the duty desk, by code and without where to."""
    lines = one_hand.lately(by=access.actor())
    return render_template("accounts/second_hands/one_hand.html", lines=lines, whys=WHY_LABELS)


@blueprint.get("/second-hands/<uuid:act_id>")
@_ANSWERS
def show(act_id: uuid.UUID) -> Answer:
    """What is asked, why, by whom, when, until when, and what the reader can do about it."""
    return _act_page(act_id)


def _act_page(
    act_id: uuid.UUID,
    form: AgreeToCaseForm | AgreeToAccountForm | None = None,
    undo_form: UndoForm | None = None,
    status: int = 200,
) -> tuple[str, int]:
    line = store.one(act_id, by=access.actor())
    page = render_template(
        "accounts/second_hands/show.html",
        line=line,
        form=form or _form(line),
        undo=undo_form or _undo_form(line, empty=True),
        words=WORDS,
        act_words=WORDS,
        reasons=REASONS,
        statuses=STATUSES,
        undone=UNDONE if line.kind in OF_CASES else UNDONE_OF_ACCOUNTS,
        heard=HEARD_LABELS,
        of_case=line.kind in OF_CASES,
        refusals=HAND_REFUSALS,
        roles=ROLE_LABELS,
        around=deeds.of_request(
            line.asked_by_id, about=line.member_id, act_id=line.id, at=line.asked_at, by=access.actor()
        ),
        happenings=HAPPENINGS,
        ended=_ended(line),
        back_until=_back_until(line),
        lets_in=not line.organisation and access.actor().may(Permission.ACCOUNT_DISABLE),
    )
    return page, status


def _ended(line: store.ActLine) -> store.ActLine | None:
    """How the account ended that is to work again."""
    if line.kind is not ActKind.LET_BACK or line.member_id is None:
        return None
    return store.last_ending(line.member_id, by=access.actor())


def _back_until(line: store.ActLine) -> datetime | None:
    """Until when an account that was ended by this act works again with the keys it had; None: not, or not any more."""
    if line.kind is not ActKind.END_ACCOUNT or line.status is not ActStatus.AGREED or line.decided_at is None:
        return None
    until = line.decided_at + COMES_BACK
    return until if clock.now() < until else None


def _form(line: store.ActLine) -> AgreeToCaseForm | AgreeToAccountForm:
    if line.kind not in OF_CASES:
        return AgreeToAccountForm(request.form)
    return AgreeToCaseForm(request.form).of(signed=line.signed_on is not None)


def _undo_form(line: store.ActLine, *, empty: bool = False) -> UndoForm:
    """Of another organisation's act, for the duty desk: with whom it spoke, too."""
    kind = DeskUndoForm if line.organisation else UndoForm
    return kind(None if empty else request.form)


@blueprint.post("/second-hands/<uuid:act_id>/agree")
@_ANSWERS
@sessions.step_up
def agree(act_id: uuid.UUID) -> Answer:
    """Agree; the act is done at once. If it lets a colleague make new keys, the page shows the link to give them."""
    by = access.actor()
    line = store.one(act_id, by=by)
    form = _form(line)
    if line.may_agree and not form.validate():
        return _act_page(act_id, form, status=422)
    heard = Heard(form.heard.data) if isinstance(form, AgreeToCaseForm) and form.validate() else None
    try:
        token = actions.agree(act_id=act_id, by=by, heard=heard)
    except ActRefused as error:
        return errors.error_page(409, REFUSALS[error.reason])
    except GateClosed as error:
        return errors.error_page(409, CLOSED[error.reason])
    except LastKeyHolder:
        return errors.error_page(409, LAST)
    except GoneForGood:
        return errors.error_page(409, GONE)
    if token is not None:
        link = hosts.link("accounts.invitation", token=token)
        return shown_secrets.lead_to_own("invitation", link=link, name=line.member_name)
    return redirect(url_for("second_hands.show", act_id=act_id), 303)


@blueprint.post("/second-hands/<uuid:act_id>/see")
@_ANSWERS
@sessions.step_up
def see(act_id: uuid.UUID) -> Answer:
    """A second member has seen that the case is closed to everybody: its 72 hours begin."""
    try:
        actions.see(act_id=act_id, by=access.actor())
    except ActRefused as error:
        return errors.error_page(409, REFUSALS[error.reason])
    return redirect(url_for("second_hands.show", act_id=act_id), 303)


@blueprint.post("/second-hands/<uuid:act_id>/undo")
@_ANSWERS
@sessions.step_up
def undo(act_id: uuid.UUID) -> Answer:
    """Give the case back to its holder: nothing is destroyed."""
    form = _undo_form(store.one(act_id, by=access.actor()))
    if not form.validate():
        return _act_page(act_id, undo_form=form, status=422)
    try:
        actions.undo(act_id=act_id, by=access.actor(), changed_mind=form.why.data == "person")
    except ActRefused as error:
        return errors.error_page(409, REFUSALS[error.reason])
    return redirect(url_for("second_hands.show", act_id=act_id), 303)


@blueprint.post("/second-hands/<uuid:act_id>/decline")
@_ANSWERS
def decline(act_id: uuid.UUID) -> Answer:
    """A second hand declines, or the member who asked takes it back."""
    try:
        actions.decline(act_id=act_id, by=access.actor())
    except ActRefused:
        return errors.error_page(409, ANSWERED)
    return redirect(url_for("second_hands.show", act_id=act_id), 303)
