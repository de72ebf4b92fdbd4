"""Signing in and out, invitations, colleagues."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.accounts.accounts import (
    NAME_REFUSALS,
    ChangePasswordForm,
    InviteAccountForm,
    InviteColleagueForm,
    JoinAccountForm,
    RecoverAccountForm,
)
from forms.accounts.organisations import ORGANISATION_REASONS
from nrm import clock
from nrm.actions.accounts import accounts as actions
from nrm.actions.accounts import joining, passkeys, second_factor
from nrm.domain.accounts.accounts import (
    ROLE_LABELS,
    InvitationRefused,
    LoginRefusal,
    NotPermitted,
    NotVisible,
    OrganisationKind,
    OrganisationOut,
    PasswordRefusal,
    Permission,
    Role,
    SignInRefused,
    UnusableInvitation,
    UnusableLogin,
    WaitsForColleague,
    WeakPassword,
    check_own_prefix,
)
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.accounts.members import KeyHoldersDecide
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.domain.accounts.vouching import NotYet
from nrm.domain.words import N_
from nrm.store import days, names
from nrm.store.accounts import accounts as store
from nrm.store.accounts import inviting, occasions, suspensions
from nrm.store.accounts import members as member_store
from nrm.store.countries import country
from nrm.web import access, errors, home, hosts, sessions
from nrm.web.accounts import screen_lock, shown_secrets, told_once
from nrm.web.accounts.members import NOT_NOW
from nrm.web.language import gettext, languages, text_in, translated

blueprint = Blueprint("accounts", __name__)

_AT = re.compile(r"[\w-]{1,100}", re.ASCII)
"""What can be the token in the address of a house's page."""

WEAK = {
    PasswordRefusal.SHORT: N_("Enter a password of at least 12 characters"),
    PasswordRefusal.SHORT_ALONE: N_("Enter a password of at least 15 characters"),
    PasswordRefusal.COMMON: N_(
        "Enter another password: this one is among the first that are guessed. Take several words that do not belong "
        "together"
    ),
    PasswordRefusal.NAME: N_(
        "Enter another password: this one is made of your name, your sign-in name, your organisation or the country"
    ),
    PasswordRefusal.SAME: N_("Enter another password: this is the one you have, and whoever saw it knows it still"),
    PasswordRefusal.LOGIN: N_("Enter a password that does not hold your sign-in name"),
}
OUT = N_("Your organisation is suspended, so nobody of it can sign in. Call the duty desk.")
DESK_OUT = N_(
    "Your organisation is suspended, so nobody of it can sign in. Two people of two other organisations that hold keys "
    "let it in again, or an administrator: call them."
)
UNUSABLE = {
    LoginRefusal.TAKEN: N_("Enter another sign-in name: this one is taken"),
    LoginRefusal.SHAPE: N_("Enter a sign-in name of small letters, digits, dots and hyphens"),
    LoginRefusal.OTHERS: N_("Enter a sign-in name that begins as those of the organisation do: its code and a dot"),
    LoginRefusal.ALIKE: N_(
        "Enter another sign-in name: this one looks like that of a colleague. Hyphens, dots, doubled letters and "
        "digits in place of letters tell no two apart; another word or a number at the end does"
    ),
}
NOT_TOGETHER = N_(
    "Enter the sign-in name, its recovery code, and the code from your telephone if one is asked, again: they do not "
    "belong together"
)
LONG_ENOUGH = N_("At least 12 characters. Several words that do not belong together are easy to remember.")
LONG_ALONE = N_("At least 15 characters. Several words that do not belong together are easy to remember.")
_PEOPLE_TYPE_AT_MOST = 300
THEMSELVES = N_("Choose another organisation: this one is founded, and its people invite their colleagues themselves")
NO_KEY = N_(
    "Only somebody who holds the key of this organisation invites into it. Ask a colleague to confirm you first."
)


@blueprint.get("/sign-in")
def sign_in_page() -> BaseResponse:
    return sessions.sign_in_form(status=200, right=bool(told_once.word("right")))


@blueprint.post("/sign-in")
def sign_in() -> BaseResponse | str:
    login = request.form.get("login", "")[:_PEOPLE_TYPE_AT_MOST]
    carried = request.form.get("carried", "")
    if sessions.is_stale():
        return sessions.sign_in_form(status=422, carried=carried, login=login, stale=True)
    try:
        cookie = actions.sign_in(
            login=login,
            password=request.form.get("password", "")[:_PEOPLE_TYPE_AT_MOST],
            code=request.form.get("code", "")[:_PEOPLE_TYPE_AT_MOST],
            browser=sessions.nonce(),
            asker=sessions.asker(),
        )
    except actions.PasskeyAsked as asked:
        return sessions.passkey_form(asked, carried=carried)
    except (WaitsForColleague, OrganisationOut) as error:
        return turned_away(error, carried=carried, login=login)
    except SignInRefused:
        return sessions.sign_in_form(status=422, carried=carried, login=login, refused=True)
    except TooSoon as too_soon:
        return sessions.sign_in_form(status=429, carried=carried, login=login, too_soon=too_soon)
    return screen_lock.signed_in(cookie, login, carried)


def turned_away(error: WaitsForColleague | OrganisationOut, *, carried: str, login: str = "") -> BaseResponse:
    """The sign-in page for somebody who knows everything that is asked, and why it does not let them in."""
    if isinstance(error, WaitsForColleague):
        return sessions.sign_in_form(status=422, carried=carried, login=login, waits=True)
    why = translated(ORGANISATION_REASONS[OrganisationReason(error.reason)]) if error.reason else ""
    out = gettext(DESK_OUT if error.desk else OUT)
    return sessions.sign_in_form(status=422, carried=carried, login=login, out=out, why=why)


@blueprint.post("/sign-out")
@access.signed_in
def sign_out() -> BaseResponse:
    shown_secrets.forget(by=access.visitor())
    actions.sign_out(by=access.actor())
    response = redirect(url_for("accounts.sign_in_page"), 303)
    sessions.clear_session(response)
    return response


@blueprint.post("/hide-screen")
def hide_screen() -> BaseResponse:
    """Lock at once and keep what was typed. Public: a hidden screen must never answer with an error."""
    visitor = sessions.visitor_or_none() or g.get("ended")
    if isinstance(visitor, actions.SignedIn) or (isinstance(visitor, actions.Ended) and visitor.covered):
        screen_lock.hide(visitor)
    shown_secrets.forget()
    idle = (
        "idle" in request.form
    )  # a screen that covered itself shows where to go on; one that was hidden shows nothing
    # The reader of a page without an account may speak no language of the program.
    said = request.form.get("in", "")
    words: dict[str, Any] = {"in": said} if said in country().handouts.feedback else {}
    at = request.form.get("at", "")
    if words and _AT.fullmatch(at):
        words["at"] = at  # of the page of a house: the next one who lives there begins at it
    response = redirect(url_for("screen_lock.unlock_page") if idle else url_for("accounts.blank", **words), 303)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@blueprint.post("/language/<language>/<path:form>")
@access.signed_in
def speak(language: str, form: str) -> errors.Answer:
    """Choose a language on a page that answers a form: what was typed goes along, and nothing is sent."""
    if language not in languages():
        raise NotVisible
    return sessions.in_another_language(language, f"/{form}", access.visitor())


@blueprint.post("/spoken/<language>/", defaults={"page": ""})
@blueprint.post("/spoken/<language>/<path:page>")
@access.signed_in
def speak_meanwhile(language: str, page: str) -> BaseResponse:
    """Choose a language on a page whose form was not sent: what was typed stands there again, and nothing is sent."""
    if language not in languages():
        raise NotVisible
    query = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    return screen_lock.in_another_language(language, f"/{page}{query}", access.actor())


@blueprint.get("/blank")
def blank() -> str:
    said, at = request.args.get("in", ""), request.args.get("at", "")
    texts = country().handouts.feedback.get(said)
    kept: dict[str, Any] = {"in": said, **({"at": at} if _AT.fullmatch(at) else {})}
    return render_template("blank.html", t=texts, on=url_for("feedback.index", **kept) if texts else "/")


@blueprint.get("/invitations/<token>")
def invitation(token: str) -> BaseResponse:
    return _join_page(token, JoinAccountForm(), 200)


@blueprint.post("/invitations/<token>")
def join(token: str) -> errors.Answer:
    form = JoinAccountForm(request.form)
    if not form.validate():
        return _join_page(token, form, 422)
    try:
        joined = joining.join(token=token, password=form.password.data or "")
        return shown_secrets.lead_to("joined", code=joined.recovery_code, waiting=joined.waiting, token=token)
    except WeakPassword as error:
        form.password.errors = [WEAK[error.reason]]
        return _join_page(token, form, 422)
    except UnusableInvitation:
        return _join_page(token, form, 404)


def _join_page(token: str, form: JoinAccountForm, status: int) -> BaseResponse:
    try:
        member = joining.invited(token)
    except NotYet as error:
        page = render_template(
            "accounts/accounts/not_yet.html", at=error.at, over=error.at <= clock.now(), needs_hand=error.needs_hand
        )
        return Response(page, 409)
    except UnusableInvitation:
        return Response(render_template("accounts/accounts/unusable.html", telephone=country().emergency.helpline), 404)
    nonce = sessions.nonce()
    page = render_template(
        "accounts/accounts/join.html",
        form=_how_long(form),
        login=member.login,
        name=member.name,
        csrf_token=actions.sign_in_token(nonce),
    )
    response = Response(page, status)
    sessions.remember_nonce(response, nonce)
    return response


def _how_long(form: JoinAccountForm | ChangePasswordForm) -> JoinAccountForm | ChangePasswordForm:
    """The form, which says how long a password must be in this instance."""
    form.password.description = LONG_ENOUGH if second_factor.demanded() else LONG_ALONE
    return form


@blueprint.get("/recover")
def recover_page() -> BaseResponse:
    return _recover_page(RecoverAccountForm(), 200)


@blueprint.post("/recover")
def recover() -> BaseResponse:
    form = RecoverAccountForm(request.form)
    if form.validate():
        try:
            code = actions.recover(
                login=form.login.data or "",
                code=form.code.data or "",
                new_password=form.password.data or "",
                second_factor=form.second_factor.data or "",
                browser=sessions.nonce(),
                asker=sessions.asker(),
            )
            return shown_secrets.lead_to("recovered", code=code)
        except actions.PasskeyAsked as asked:
            return sessions.passkey_form(asked)
        except SignInRefused:
            form.code.errors = [NOT_TOGETHER]
        except TooSoon as too_soon:
            form.code.errors = [errors.waiting_text(too_soon)]
            return errors.with_retry(_recover_page(form, 429), too_soon)
        except WeakPassword as error:
            form.password.errors = [WEAK[error.reason]]
    return _recover_page(form, 422)


def recover_again(why: str, status: int) -> Response:
    """The page of a lost password from the beginning, and why."""
    form = RecoverAccountForm()
    form.code.errors = [why]
    return _recover_page(form, status)


def _recover_page(form: RecoverAccountForm, status: int) -> Response:
    nonce = sessions.nonce()
    page = render_template(
        "accounts/accounts/recover.html",
        form=_how_long(form),
        csrf_token=actions.sign_in_token(nonce),
        asks_code=second_factor.demanded(),
    )
    response = Response(page, status)
    sessions.remember_nonce(response, nonce)
    return response


@blueprint.get("/members")
@access.signed_in
def members() -> str:
    """Colleagues; for the administrator, everybody."""
    by = access.actor()
    return render_template(
        "accounts/accounts/members.html",
        page=store.members(by=by, after=request.args.get("after", "")),
        role_labels=ROLE_LABELS,
        typed=told_once.word("typed"),
        others_type=occasions.others_type(by=by),
        suspensions={each.member_id: each for each in suspensions.standing(by=by)},
        own_code=by.organisation_code,
        own_kind=by.kind,
        may_invite=by.may(Permission.ACCOUNT_INVITE),
        second_factor=second_factor.demanded(),
        passkeys=passkeys.offered(),
        own_id=by.member_id,
        may_disable=by.may(Permission.ACCOUNT_DISABLE),
        keeps_accounts=by.may(Permission.ORGANISATION_FOUND),
    )


@blueprint.get("/members/invite")
@access.requires(Permission.ACCOUNT_INVITE)
@sessions.step_up
def invite_page() -> str:
    by, why_not = access.actor(), None
    if by.organisation_id is not None and not by.may(Permission.ORGANISATION_FOUND):
        why_not = inviting.refusal(by.organisation_id, by=by)
    form = _invite_form()
    return render_template("accounts/accounts/invite.html", form=form, why_not=NOT_NOW[why_not] if why_not else "")


@blueprint.post("/members/invite")
@access.requires(Permission.ACCOUNT_INVITE)
@sessions.step_up
def invite() -> BaseResponse | tuple[str, int] | str:
    by = access.actor()
    form = _invite_form()
    if not form.validate():
        _say_who_invites(form)
        return render_template("accounts/accounts/invite.html", form=form), 422
    into = by.organisation_id
    if isinstance(form, InviteAccountForm):
        into = names.organisation_by_code(form.organisation.data).id
    assert into is not None
    if why_not := member_store.name_refusal(into, form.name.data or "", by=by):
        form.name.errors = [NAME_REFUSALS[why_not]]
        return render_template("accounts/accounts/invite.html", form=form), 422
    try:
        if not isinstance(form, InviteAccountForm):
            check_own_prefix(form.login.data or "", by.organisation_code)
        token = joining.invite(
            organisation_id=into,
            login=form.login.data or "",
            name=form.name.data or "",
            role=Role(form.role.data),
            by=by,
        )
    except UnusableLogin as error:
        form.login.errors = [UNUSABLE[error.reason]]
        return render_template("accounts/accounts/invite.html", form=form), 422
    except InvitationRefused as error:
        return errors.error_page(409, NOT_NOW[error.reason])
    except KeyHoldersDecide:
        if not isinstance(form, InviteAccountForm):
            return errors.error_page(403, NO_KEY)
        form.organisation.errors = [THEMSELVES]  # the second key holder was confirmed at the same moment
        return render_template("accounts/accounts/invite.html", form=form), 422
    except NotPermitted:
        form.role.errors = [_roles_there(form)]
        return render_template("accounts/accounts/invite.html", form=form), 422
    link = hosts.link("accounts.invitation", token=token)
    return shown_secrets.lead_to_own("invitation", link=link, name=form.name.data or "")


def _invite_form() -> InviteColleagueForm:
    by = access.actor()
    if not by.may(Permission.ORGANISATION_FOUND):
        form = InviteColleagueForm(request.form)
        form.role.choices = _roles(country().roles_of(by.organisation_code, by.kind) if by.kind is not None else ())
        form.login.description = gettext(
            "It begins with %(code)s. and has small letters, digits, dots and hyphens: for example %(code)s.a.deda",
            code=by.organisation_code.casefold(),
        )
        if request.method == "GET":
            form.login.data = f"{by.organisation_code.casefold()}."
        return form
    founding = InviteAccountForm(request.form)
    founding.organisation.choices = [
        SelectChoice(value=each.code, label=_called(each.names, each.party))
        for each in store.foundable(by=by)
        if country().roles_of(each.code, OrganisationKind(each.kind))
    ]
    founding.role.choices = _roles(ROLE_LABELS)
    return founding


def _called(names_of: Mapping[str, str], party: str) -> str:
    name = text_in(names_of)
    if country().is_to_come(party, days.today()):
        return gettext("%(name)s (of a proposed text, not in force)", name=name)
    return name


def _roles_there(form: InviteColleagueForm) -> str:
    """Which roles there are in the organisation that was chosen."""
    if not isinstance(form, InviteAccountForm):
        return gettext("Choose a role that exists in this organisation")
    chosen = names.organisation_by_code(form.organisation.data)
    known = country().roles_of(chosen.code, OrganisationKind(chosen.kind))
    there = ", ".join(gettext(ROLE_LABELS[each]) for each in ROLE_LABELS if each in known)
    return gettext("Choose a role that exists in this organisation: %(roles)s", roles=there)


def _roles(which: Collection[Role]) -> list[SelectChoice]:
    return [SelectChoice(value=str(role), label=label) for role, label in ROLE_LABELS.items() if role in which]


def _say_who_invites(form: InviteColleagueForm) -> None:
    """If the chosen organisation is not offered because its own people invite, say so in the error message."""
    if isinstance(form, InviteAccountForm) and form.organisation.data:
        by = access.actor()
        offered = {each.code for each in store.foundable(by=by)}
        if form.organisation.data in {each.code for each in store.organisations(by=by)} - offered:
            form.organisation.errors = [THEMSELVES]


@blueprint.get("/password")
@access.signed_in
@sessions.step_up
def password_page() -> str:
    return render_template(
        "accounts/accounts/password.html",
        form=_how_long(ChangePasswordForm()),
        changed=bool(told_once.word("changed")),
        asked=access.visitor().asks_password,
    )


@blueprint.post("/password")
@access.signed_in
@sessions.step_up
def password() -> tuple[str, int] | BaseResponse:
    form = ChangePasswordForm(request.form)
    if form.validate():
        try:
            actions.change_password(
                password=form.old.data or "",
                new_password=form.password.data or "",
                by=access.actor(),
                cookie=request.cookies.get(sessions.session_cookie(), ""),
                asker=sessions.asker(),
            )
            return told_once.lead(url_for("accounts.password_page", changed="yes"))
        except SignInRefused:
            form.old.errors = [N_("Enter your present password; this is not it")]
        except WeakPassword as error:
            form.password.errors = [WEAK[error.reason]]
    return render_template(
        "accounts/accounts/password.html", form=_how_long(form), asked=access.visitor().asks_password
    ), 422


@home.page(Role.ADMINISTRATOR)
def administrator_home() -> str:
    """Organisations and accounts; an administrator can reach nothing of a case."""
    organisations = store.key_holding(by=access.actor())
    short = any(each.kind.holds_keys and each.key_holders < 2 for each in organisations)
    own = sum(each.active for each in organisations if each.kind is OrganisationKind.OPERATOR)
    return render_template("home/administrator.html", organisations=organisations, short=short, alone=own < 2)
