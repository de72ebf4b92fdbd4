"""Pages for members who leave or start again with new keys, recovery codes, and the organisation's key."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.members import (
    WHY_ACCOUNTS_END,
    AnotherLinkForm,
    CheckCodeForm,
    EndAccountForm,
    MakeCodeForm,
    StopAnewForm,
)
from forms.accounts.words import AgreeToAnewForm
from nrm.actions.accounts import accounts, beginning_anew, sealing_again
from nrm.actions.accounts import members as actions
from nrm.domain.accounts.accounts import (
    ROLE_LABELS,
    InvitationRefusal,
    InvitationRefused,
    NotVisible,
    Permission,
    Role,
    SignInRefused,
    UnusableInvitation,
)
from nrm.domain.accounts.members import (
    KEY_HOLDERS_NEEDED,
    EndsTooMany,
    GoneForGood,
    KeyHoldersDecide,
    LastKeyHolder,
    OwnAccount,
    TooFewLeft,
    WrongCode,
)
from nrm.domain.accounts.second_hands import ActReason
from nrm.domain.accounts.vouching import ANEW_AFTER, HandRefusal, NoSecondHand
from nrm.domain.accounts.words import AtDesk, NoOccasion
from nrm.domain.words import N_
from nrm.store import signed_names
from nrm.store.accounts import begun, deeds, holding, inviting, typists
from nrm.store.accounts import members as store
from nrm.store.accounts import occasions as occasion_store
from nrm.store.accounts import second_hands as second_hand_store
from nrm.store.countries import country
from nrm.store.support import leaving
from nrm.web import access, errors, hosts, sessions
from nrm.web.accounts import shown_secrets, told_once
from nrm.web.accounts.happenings import HAPPENINGS
from nrm.web.accounts.key_log import KINDS as ENTRY_KINDS
from nrm.web.carried_forms import ACT_WORDS
from nrm.web.language import translated
from nrm.web.telephones import duty_desk

blueprint = Blueprint("members", __name__)

SECONDS_A_CLICK = 5
"""How many seconds one click works; the rest is done by the next click."""

LAST = N_(
    "This is the last person who can open the cases of the organisation; without them the cases would be lost. "
    "Invite and confirm another person first."
)
OWN = N_("You cannot do this to your own account. Ask a colleague.")
ELSEWHERE = N_("Only a colleague of the same organisation can do this, after checking who the person is.")
TOO_FEW = N_(
    "Then fewer than two people could open the cases of the organisation, and it could accept nobody. One of those who "
    "hold its key can end this account."
)
TOO_MANY = N_(
    "Administrators together end at most one account of an organisation and three accounts within 24 hours. If it "
    "cannot wait, somebody who holds the key of the organisation can end the account."
)
HELD_BY_OTHERS = N_(
    "Something is sealed to an older key that only colleagues hold. One of them presses “Go on” on this page."
)
GONE = N_("This account was ended more than 14 days ago, or never had keys. Invite the person again.")
SUSPEND = N_(
    "The key holders of the organisation end this account. You can suspend the person for 24 hours, and tell them."
)
REFUSALS = {LastKeyHolder: LAST, OwnAccount: OWN, TooFewLeft: TOO_FEW, EndsTooMany: TOO_MANY}
WRONG_CODE = N_("Enter the code again: this is not your recovery code. If it is lost, make a new one.")
WRONG_CODE_JOINING = N_(
    "Enter the code again: this is not your recovery code. If you did not write it down, sign in and make a new one "
    "there."
)
HAND_REFUSALS = {
    HandRefusal.OWN: N_("You asked for this yourself, or it is about you, or you do not hold the key."),
    HandRefusal.NEW: N_("You have been here for less than 14 days. A colleague who was here before has to agree."),
    HandRefusal.VOUCHED: N_("The one who asks for this let you in. Another colleague has to agree."),
    HandRefusal.ELSEWHERE: N_("This organisation has a second hand of its own, who has to agree."),
    HandRefusal.NOT_CALLED: N_("Call the known number first; then tick the box"),
    HandRefusal.ENDED: N_(
        "This account was ended within 14 days, and has its keys still: let the person in again with them. Who lost "
        "them begins anew when the 14 days are over."
    ),
    HandRefusal.STOPPED: N_(
        "You, or somebody who is one hand with you, asked for this, and it was ended within 24 hours. Speak with the "
        "person, face to face. Another colleague can let them begin anew now, and you tomorrow."
    ),
    HandRefusal.ONE_HAND: N_(
        "One of you alone let the other in here, or the same colleague both: that is one hand. Another colleague lets "
        "this person in again."
    ),
    HandRefusal.SUSPENDED: N_(
        "This person is suspended, by you or by somebody who is one hand with you. Another colleague lets them begin "
        "anew, when the suspension has ended."
    ),
}
STOPPED_ALONE = N_(
    "You, or somebody who is one hand with you, asked for this, and it was ended within 24 hours. Nobody else of your "
    "organisation can ask for it; you can ask again tomorrow. Speak with the person, face to face, and with the duty "
    "desk:"
)
NOT_NOW = {
    InvitationRefusal.MANY: N_(
        "Five of your links into this organisation are open, or were made within 24 hours for people who have not "
        "joined yet; also one that was withdrawn counts for that long. Wait until somebody joins, or until tomorrow."
    ),
    InvitationRefusal.NEWCOMER: N_(
        "You have been here for less than 14 days. A colleague who was here before you invites; if there is none, call "
        "the duty desk."
    ),
}
OVER = N_("Nobody lets this colleague begin anew any more: it was ended, or it has happened.")

Answer = BaseResponse | str | tuple[str, int]


@blueprint.get("/members/<uuid:member_id>/disable")
@access.requires(Permission.ACCOUNT_DISABLE)
@sessions.step_up
def disable_page(member_id: uuid.UUID) -> Answer:
    return _disable_page(member_id, EndAccountForm(), 200)


def _disable_page(member_id: uuid.UUID, form: EndAccountForm, status: int) -> Answer:
    by = access.actor()
    member = store.manageable(member_id, by=by)
    page = render_template(
        "accounts/members/disable.html",
        member=member,
        role=_role(member.role),
        form=form if store.ends_with_reason(member_id, by=by) else None,
        bound=by.may(Permission.ORGANISATION_FOUND),
        leaves=leaving.left_by(member_id, by=by),
    )
    return page, status


@blueprint.post("/members/<uuid:member_id>/disable")
@access.requires(Permission.ACCOUNT_DISABLE)
@sessions.step_up
def disable(member_id: uuid.UUID) -> Answer:
    by = access.actor()
    form, reason = EndAccountForm(request.form), ActReason.LEFT
    if store.ends_with_reason(member_id, by=by):
        if not form.validate():
            return _disable_page(member_id, form, 422)
        reason = ActReason(form.reason.data)
    try:
        due = actions.disable(member_id=member_id, reason=reason, by=by)
    except (LastKeyHolder, OwnAccount, TooFewLeft, EndsTooMany) as error:
        return errors.error_page(409, REFUSALS[type(error)])
    except KeyHoldersDecide:
        return errors.error_page(403, SUSPEND)
    own = due and by.may(Permission.ACCOUNT_CONFIRM)
    return redirect(url_for("members.keys" if own else "accounts.members"), 303)


@blueprint.get("/members/<uuid:member_id>/back")
@access.requires(Permission.ACCOUNT_DISABLE)
@sessions.step_up
def bring_back_page(member_id: uuid.UUID) -> str:
    """Who is let in again, when and why the account was ended, and what follows."""
    by = access.actor()
    member = store.manageable(member_id, by=by)
    return render_template(
        "accounts/members/back.html",
        member=member,
        left_at=member.left_at,
        ended=second_hand_store.last_ending(member_id, by=by),
        reasons=WHY_ACCOUNTS_END,
    )


@blueprint.post("/members/<uuid:member_id>/back")
@access.requires(Permission.ACCOUNT_DISABLE)
@sessions.step_up
def bring_back(member_id: uuid.UUID) -> Answer:
    """Let somebody in again who left within 14 days; in an organisation that holds keys a colleague then confirms."""
    try:
        actions.bring_back(member_id=member_id, by=access.actor())
    except OwnAccount:
        return errors.error_page(409, OWN)
    except GoneForGood:
        return errors.error_page(409, GONE)
    except NoSecondHand as error:
        return errors.error_page(409, HAND_REFUSALS[error.reason])
    except KeyHoldersDecide:
        return errors.error_page(403, ELSEWHERE)
    return redirect(url_for("accounts.members"), 303)


@blueprint.get("/members/<uuid:member_id>/anew")
@access.requires(Permission.ACCOUNT_DISABLE)
@sessions.step_up
def begin_again_page(member_id: uuid.UUID) -> Answer:
    return _begin_again_page(member_id, AnotherLinkForm(), 200)


def _begin_again_page(member_id: uuid.UUID, form: AnotherLinkForm, status: int) -> Answer:
    by = access.actor()
    member = store.manageable(member_id, by=by)
    refusal = inviting.anew_refusal(member_id, by=by)
    long = member.status == "active" and occasion_store.anew_after(member_id, by=by) > ANEW_AFTER
    hand = member.status == "active" and occasion_store.needs_hand(member_id, by=by)
    page = render_template(
        "accounts/members/anew.html",
        member=member,
        begun=begun.begun(member_id, by=by),
        form=form,
        role=_role(member.role),
        long=long,
        hand=hand,
        why_not=_why_not(refusal, member_id) if refusal else "",
        asks_desk=not refusal and occasion_store.asks_desk(member_id, by=by),
    )
    return page, status


def _why_not(reason: HandRefusal | InvitationRefusal, member_id: uuid.UUID) -> str:
    if reason is HandRefusal.STOPPED and begun.is_alone(member_id, by=access.actor()):
        return f"{translated(STOPPED_ALONE)} {duty_desk()}"
    return translated(NOT_NOW[reason] if isinstance(reason, InvitationRefusal) else HAND_REFUSALS[reason])


def _role(code: str) -> str:
    """Two people may have one name: what tells them apart stands beside it."""
    return ROLE_LABELS[Role(code)]


@blueprint.post("/members/<uuid:member_id>/anew")
@access.requires(Permission.ACCOUNT_DISABLE)
@sessions.step_up
def begin_again(member_id: uuid.UUID) -> Answer:
    by = access.actor()
    member = store.manageable(member_id, by=by)
    form = AnotherLinkForm(request.form)
    if begun.begun(member_id, by=by) and not form.again.data and not inviting.anew_refusal(member_id, by=by):
        form.again.errors = [N_("One link is under way: tick that it is lost, or go back")]
        return _begin_again_page(member_id, form, 422)
    waits = "" if member.status != "active" else "day"
    if waits and occasion_store.anew_after(member_id, by=by) > ANEW_AFTER:
        waits = "hand" if occasion_store.needs_hand(member_id, by=by) else "long"
    try:
        token = beginning_anew.begin_again(member_id=member_id, by=by)
    except (LastKeyHolder, OwnAccount) as error:
        return errors.error_page(409, REFUSALS[type(error)])
    except (NoSecondHand, InvitationRefused) as error:
        return errors.error_page(409, _why_not(error.reason, member_id))
    except KeyHoldersDecide:
        return errors.error_page(403, ELSEWHERE)
    link = hosts.link("accounts.invitation", token=token)
    asks_desk = bool(waits) and occasion_store.asks_desk(member_id, by=by)
    name = signed_names.name_of(member)
    return shown_secrets.lead_to_own(
        "invitation", link=link, name=name, waits=waits, asks_desk=asks_desk, of=str(member_id)
    )


@blueprint.get("/members/<uuid:member_id>/anew/agree")
@access.signed_in
@sessions.step_up
def anew_page(member_id: uuid.UUID) -> Answer:
    """That somebody lets this member begin anew: a second hand agrees, or it is ended."""
    return _anew_page(member_id, AgreeToAnewForm(), 200)


@blueprint.post("/members/<uuid:member_id>/anew/agree")
@access.signed_in
@sessions.step_up
def agree_to_anew(member_id: uuid.UUID) -> Answer:
    form = AgreeToAnewForm(request.form)
    if not form.validate():
        return _anew_page(member_id, form, 422)
    if not form.sure.data:
        form.sure.errors = [N_("Make sure of it yourself first; then tick the box")]
        return _anew_page(member_id, form, 422)
    outside = typists.is_of_another(member_id, by=access.actor())
    try:
        beginning_anew.agree_to_anew(member_id=member_id, called_back=True, by=access.actor())
    except NoSecondHand as error:
        return errors.error_page(409, HAND_REFUSALS[error.reason])
    except NoOccasion:
        return errors.error_page(409, OVER)
    except LastKeyHolder:
        return errors.error_page(409, LAST)
    return told_once.lead(url_for("home.index", agreed="anew" if outside else None))


def _anew_page(member_id: uuid.UUID, form: AgreeToAnewForm, status: int, denial: StopAnewForm | None = None) -> Answer:
    line = occasion_store.one(member_id, by=access.actor())
    late = line.desk is AtDesk.AGREES
    if not line.waits and not late:
        raise NotVisible
    page = render_template(
        "accounts/members/agree.html",
        line=line,
        late=late,
        ended=line.ended_at,
        form=form,
        denial=denial or StopAnewForm(),
        roles=ROLE_LABELS,
        around=deeds.of_words(member_id, by=access.actor())
        if late
        else deeds.of_request(line.by_id, about=line.member_id, at=line.began_at, by=access.actor()),
        happenings=HAPPENINGS,
        act_words=ACT_WORDS,
    )
    return page, status


@blueprint.post("/members/<uuid:member_id>/anew/stop")
@access.signed_in
def stop_anew(member_id: uuid.UUID) -> Answer:
    """The member, who asked for it, or another holder ends it: the old account stays. The duty desk, who says that it
    spoke with the person."""
    asked = occasion_store.may_agree(member_id, by=access.actor())  # in any case: the time would tell who exists
    elsewhere = typists.is_elsewhere(member_id, by=access.actor())
    outside = elsewhere is True
    form = StopAnewForm(request.form)
    if asked and outside and not form.denied.data:
        form.denied.errors = [N_("Make sure of it yourself first; then tick the box")]
        return _anew_page(member_id, AgreeToAnewForm(), 422, form)
    by = access.actor()
    of_colleague = elsewhere is False and by.member_id != member_id
    if of_colleague and not form.ends.data and not access.visitor().suspended:
        form.ends.errors = [N_("Do you want to end it? Then tick the box first")]
        with suppress(NotVisible):  # nothing goes on: the action says so
            return _anew_page(member_id, AgreeToAnewForm(), 422, form)
    try:
        beginning_anew.stop_anew(member_id=member_id, by=access.actor())
    except NoOccasion:
        return errors.error_page(409, OVER)
    return told_once.lead(url_for("home.index", agreed="stopped" if outside else "ended" if of_colleague else None))


@blueprint.get("/members/keys")
@access.signed_in
def keys() -> str:
    """The state of the organisation's key, and what happened with keys."""
    by = access.actor()
    stands = store.keys(by=by)
    held = holding.stands(stands, by=by)
    events, missing = store.key_history(by=by)
    return render_template(
        "accounts/members/keys.html",
        stands=stands,
        needed=KEY_HOLDERS_NEEDED,
        events=events,
        missing=missing,
        happenings=HAPPENINGS,
        kinds=ENTRY_KINDS,
        roles=ROLE_LABELS,
        may_renew=by.may(Permission.ACCOUNT_CONFIRM),
        holding=held,
        holders=holding.holders(by=by) if held.said else [],
        without=holding.without(by=by) if stands.version else [],
        of_older=holding.of_older(by=by) if stands.old_wraps else [],
        closed=store.number_closed(by=by),
    )


@blueprint.post("/members/keys")
@access.requires(Permission.ACCOUNT_CONFIRM)
@sessions.step_up
def renew() -> Answer:
    """Make a new key if one is due or wanted; then, for a few seconds, move grants to it and seal under new keys.

    Who presses "Go on" on a page from before finds nothing to do, and makes no other key.
    """
    by = access.actor()
    if request.form.get("goes_on") is None:
        seen = request.form.get("seen", type=int)
        sealing_again.renew_keyring(seen=seen, by=by)
    until = time.monotonic() + SECONDS_A_CLICK
    try:
        done = sealing_again.move_grants(by=by, seconds=SECONDS_A_CLICK).done
    except sealing_again.HeldByOthers:
        return errors.error_page(409, HELD_BY_OTHERS)
    if done:
        sealing_again.seal_again(by=by, seconds=max(0.0, until - time.monotonic()))
    return redirect(url_for("members.keys"), 303)


@blueprint.get("/invitations/<token>/code")
def joined_page(token: str) -> BaseResponse:
    return _joined_page(token, CheckCodeForm(), 200)


@blueprint.post("/invitations/<token>/code")
def check_joined(token: str) -> BaseResponse:
    form = CheckCodeForm(request.form)
    if form.validate():
        try:
            actions.check_code_of_invitation(token=token, code=form.code.data or "")
            shown_secrets.forget()
            return told_once.lead(url_for("accounts.sign_in_page", right="yes"))
        except WrongCode:
            form.code.errors = [WRONG_CODE_JOINING]
        except UnusableInvitation:
            return _joined_page(token, form, 404)
    return _joined_page(token, form, 422)


def _joined_page(token: str, form: CheckCodeForm, status: int) -> BaseResponse:
    try:
        actions.joined_by(token)
    except UnusableInvitation:
        return Response(render_template("accounts/accounts/unusable.html", telephone=country().emergency.helpline), 404)
    nonce = sessions.nonce()
    page = render_template(
        "accounts/members/check_code.html", form=form, csrf_token=accounts.sign_in_token(nonce), joined=True
    )
    response = Response(page, status)
    sessions.remember_nonce(response, nonce)
    return response


@blueprint.get("/recovery-code")
@access.signed_in
def code_page() -> str:
    checked = store.is_code_checked(by=access.actor())
    due = access.visitor().code_due
    return render_template(
        "accounts/members/check_code.html", form=CheckCodeForm(), joined=False, checked=checked, due=due
    )


@blueprint.post("/recovery-code")
@access.signed_in
def check_code() -> Answer:
    form = CheckCodeForm(request.form)
    if form.validate():
        try:
            actions.check_code(code=form.code.data or "", by=access.actor())
            shown_secrets.forget(by=access.visitor())
            return redirect(url_for("members.code_page"), 303)
        except WrongCode:
            form.code.errors = [WRONG_CODE]
    due = access.visitor().code_due
    page = render_template("accounts/members/check_code.html", form=form, joined=False, checked=False, due=due)
    return page, 422


@blueprint.get("/recovery-code/new")
@access.signed_in
@sessions.step_up
def new_code_page() -> str:
    return render_template("accounts/members/new_code.html", form=MakeCodeForm())


@blueprint.post("/recovery-code/new")
@access.signed_in
@sessions.step_up
def new_code() -> Answer:
    form = MakeCodeForm(request.form)
    if form.validate():
        try:
            code = actions.make_code(password=form.password.data or "", by=access.actor(), asker=sessions.asker())
            return shown_secrets.lead_to_own("code", code=code)
        except SignInRefused:
            form.password.errors = [N_("Enter your present password; this is not it")]
    return render_template("accounts/members/new_code.html", form=form), 422
