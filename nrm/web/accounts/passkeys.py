"""One's own passkeys, and the step after a right password in which one is shown (ADR 0105)."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.passkeys import NAME, MakePasskeyForm
from nrm.actions.accounts import passkeys as actions
from nrm.domain.accounts.accounts import NotVisible, OrganisationOut, SignInRefused, WaitsForColleague
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.accounts.passkeys import LONGEST_ANSWER, PasskeyRefused, Refusal
from nrm.domain.words import N_
from nrm.store.accounts import passkeys as store
from nrm.web import access, errors, sessions
from nrm.web.accounts import accounts, screen_lock, shown_secrets

blueprint = Blueprint("passkeys", __name__)

REFUSED = {
    Refusal.LATE: N_("The page had been open too long, or was answered already: press the button again"),
    Refusal.WRONG: N_("Press the button again: this was no answer of a passkey for this page"),
    Refusal.KNOWN: N_("Use another device or security key: this passkey is known here already"),
    Refusal.MANY: N_("Remove a passkey first: nobody has more than ten"),
    Refusal.NAME: NAME,
    Refusal.LAST: N_("Make another one first: without this passkey too little would be asked beside your password"),
}
NO_PASSKEY = N_("Make a passkey first: without the telephone nothing would be asked beside your password")
NOT_RECOVERED = N_(
    "Begin again: what came after the recovery code was none of your passkeys, a wrong code, or too late"
)


@blueprint.get("/passkeys")
@access.signed_in
def index() -> str:
    return render_template(
        "accounts/passkeys/index.html",
        passkeys=store.own(by=access.actor()),
        demanded=actions.demanded(),
        telephone=access.visitor().factors.code,
    )


@blueprint.get("/passkeys/new")
@access.signed_in
@sessions.step_up
def make_page() -> str | tuple[str, int]:
    return _make_page(MakePasskeyForm(), 200)


@blueprint.post("/passkeys/new")
@access.signed_in
@sessions.step_up
def make() -> tuple[str, int] | str | BaseResponse:
    form = MakePasskeyForm(request.form)
    if not form.validate():
        return _make_page(form, 422)
    enrolling = access.visitor().enrolling
    answer = request.form.get("passkey", "")[: LONGEST_ANSWER + 1]
    try:
        actions.make(name=form.name.data or "", answer=answer, by=access.enrolling_actor())
    except PasskeyRefused as error:
        if error.reason is Refusal.NAME:
            form.name.errors = [REFUSED[error.reason]]
            return _make_page(form, 422)
        return _make_page(form, 422, error.reason if answer else Refusal.WRONG)
    return redirect(url_for("home.index" if enrolling else "passkeys.index"), 303)


def _make_page(form: MakePasskeyForm, status: int, refused: Refusal | None = None) -> tuple[str, int]:
    visitor = access.visitor()
    options = ""
    try:
        options = actions.ask_making(by=visitor.actor)
    except PasskeyRefused as error:  # there are as many as there may be
        refused, status = error.reason, 422
    page = render_template(
        "accounts/passkeys/make.html",
        form=form,
        more=[("passkey" if options else "main", REFUSED[refused])] if refused is not None else (),
        passkey=options,
        enrolling=visitor.enrolling,
        by_telephone=visitor.enrolling and not actions.demanded(),
    )
    return page, status


@blueprint.get("/passkeys/<uuid:passkey_id>/remove")
@access.signed_in
@sessions.step_up
def remove_page(passkey_id: uuid.UUID) -> str:
    return render_template("accounts/passkeys/remove.html", passkey=store.one(passkey_id, by=access.actor()))


@blueprint.post("/passkeys/<uuid:passkey_id>/remove")
@access.signed_in
@sessions.step_up
def remove(passkey_id: uuid.UUID) -> tuple[str, int] | BaseResponse:
    by = access.actor()
    passkey = store.one(passkey_id, by=by)
    try:
        actions.remove(passkey_id=passkey_id, by=by)
    except PasskeyRefused as error:
        page = render_template("accounts/passkeys/remove.html", passkey=passkey, refused=REFUSED[error.reason])
        return page, 409
    return redirect(url_for("passkeys.index"), 303)


@blueprint.get("/passkeys/telephone")
@access.signed_in
@sessions.step_up
def telephone_page() -> str:
    if not actions.offered() or not access.visitor().factors.code:
        raise NotVisible
    return render_template("accounts/passkeys/telephone.html")


@blueprint.post("/passkeys/telephone")
@access.signed_in
@sessions.step_up
def telephone() -> tuple[str, int] | BaseResponse:
    try:
        actions.give_up_telephone(by=access.actor())
    except PasskeyRefused:
        return render_template("accounts/passkeys/telephone.html", refused=NO_PASSKEY), 409
    return redirect(url_for("passkeys.index"), 303)


@blueprint.get("/sign-in/passkey")
def sign_in_page() -> BaseResponse:
    """The step has no page of its own: what it needs lies in the answer to the password."""
    return redirect(url_for("accounts.sign_in_page"), 303)


@blueprint.post("/sign-in/passkey")
def sign_in() -> BaseResponse | str:
    carried = request.form.get("carried", "")
    if sessions.is_stale():
        return sessions.sign_in_form(status=422, carried=carried, stale=True)
    try:
        cookie, login = actions.sign_in(**_sent(), asker=sessions.asker())
    except PasskeyRefused:
        return sessions.sign_in_form(status=422, carried=carried, stale=True)
    except (WaitsForColleague, OrganisationOut) as error:
        return accounts.turned_away(error, carried=carried)
    except SignInRefused:
        return sessions.sign_in_form(status=422, carried=carried, not_shown=True)
    except TooSoon as too_soon:
        return sessions.sign_in_form(status=429, carried=carried, too_soon=too_soon)
    return screen_lock.signed_in(cookie, login, carried)


@blueprint.get("/recover/passkey")
def recover_page() -> BaseResponse:
    """As `sign_in_page`."""
    return redirect(url_for("accounts.recover_page"), 303)


@blueprint.post("/recover/passkey")
def recover() -> BaseResponse:
    if sessions.is_stale():
        return accounts.recover_again(NOT_RECOVERED, 422)
    try:
        code = actions.recover(**_sent(), asker=sessions.asker())
    except (PasskeyRefused, SignInRefused):
        return accounts.recover_again(NOT_RECOVERED, 422)
    except TooSoon as too_soon:
        return errors.with_retry(accounts.recover_again(errors.waiting_text(too_soon), 429), too_soon)
    return shown_secrets.lead_to("recovered", code=code)


def _sent() -> dict[str, str]:
    """What the page after a right password or recovery code sends."""
    return {
        "token": request.form.get("waits", "")[: sessions.LONGEST_ANSWER],
        "browser": sessions.nonce(),
        "answer": request.form.get("passkey", "")[: LONGEST_ANSWER + 1],
        "code": request.form.get("code", "")[: sessions.LONGEST_ANSWER],
    }
