"""Setting up the second factor, also in place of a lost telephone."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.second_factor import ConfirmFactorForm
from forms.accounts.words import LostTelephoneForm
from nrm.actions.accounts import accounts, passkeys
from nrm.actions.accounts import second_factor as actions
from nrm.domain.accounts.accounts import NotVisible, SignInRefused, WaitsForColleague
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.accounts.members import KeyHoldersDecide
from nrm.domain.accounts.second_factor import WrongCode, address, grouped
from nrm.domain.accounts.words import NoOccasion
from nrm.domain.words import N_
from nrm.render import codes
from nrm.store.accounts import members as store
from nrm.web import access, errors, sessions
from nrm.web.language import gettext

blueprint = Blueprint("second_factor", __name__)
ISSUER = "NRM"
HOLDERS_LET_IN = N_(
    "Only somebody who holds the key of the organisation can let a colleague in again; where it holds none, a "
    "colleague or the administrator."
)
BEGINS_ANEW = N_(
    "A colleague lets you begin anew with new keys: this telephone would be lost with the old ones. End that on your "
    "first page, or wait until it has happened."
)
WAITS = N_(
    "Too many wrong codes were typed with your right password: somebody else knows it. Ask a colleague to let you in "
    "again, on the page Colleagues. Then change your password"
)


@blueprint.get("/second-factor")
@access.signed_in
@sessions.step_up
def set_up_page() -> str:
    return _set_up_page(ConfirmFactorForm())


@blueprint.post("/second-factor")
@access.signed_in
@sessions.step_up
def set_up() -> errors.Answer:
    form = ConfirmFactorForm(request.form)
    if form.validate():
        try:
            actions.set_up(code=form.code.data or "", by=access.enrolling_actor(), asker=sessions.asker())
            lacks = access.visitor().lacks_factor
            return redirect(url_for("words.mine" if lacks else "home.index"), 303)
        except NoOccasion:
            return errors.error_page(409, BEGINS_ANEW)
        except WrongCode:
            form.code.errors = [N_("Enter the code that your telephone shows now; this is not it")]
    return _set_up_page(form), 422


def _set_up_page(form: ConfirmFactorForm) -> str:
    proposal = actions.propose(by=access.actor())
    uri = address(proposal.secret, proposal.login, ISSUER)
    return render_template(
        "accounts/second_factor/set_up.html",
        form=form,
        # Made of a picture's strokes and a translated title, which the renderer escapes.
        picture=Markup(codes.qr(uri, gettext("QR code for the telephone"))),  # noqa: S704
        secret=grouped(proposal.secret),
        replaces=access.visitor().factors.code,
        lost=access.visitor().lacks_factor,
        passkeys=access.visitor().enrolling and not access.visitor().lacks_factor and passkeys.offered(),
    )


@blueprint.get("/members/<uuid:member_id>/let-in")
@access.signed_in
@sessions.step_up
def let_in_page(member_id: uuid.UUID) -> str:
    """What letting a colleague in again means; only of one who waits for it."""
    by = access.actor()
    member = store.colleague(member_id, by=by)
    if member.id == by.member_id or member.waits_at is None:
        raise NotVisible
    return render_template("accounts/second_factor/let_in.html", member=member)


@blueprint.post("/members/<uuid:member_id>/let-in")
@access.signed_in
@sessions.step_up
def let_in(member_id: uuid.UUID) -> errors.Answer:
    try:
        actions.let_in(member_id=member_id, by=access.actor())
    except KeyHoldersDecide:
        return errors.error_page(403, HOLDERS_LET_IN)
    return redirect(url_for("accounts.members"), 303)


@blueprint.post("/prove")
@access.signed_in
def prove() -> errors.Answer:
    """A fresh proof before a page that asks for it is shown; then on to that page."""
    by, carried = access.visitor(), request.form.get(sessions.CARRIED, "")
    refused = sessions.prove(by, fields=[(sessions.CARRIED, carried)])
    if refused is not None:
        return refused
    page = accounts.give_back(carried, accounts.Carry.PAGE, by=by.actor)
    return redirect(page[0] if page else url_for("home.index"), 303)


@blueprint.get("/lost-telephone")
def lost_page() -> BaseResponse:
    if not (actions.demanded() or passkeys.offered()):
        raise NotVisible
    return _lost_page(LostTelephoneForm(), 200)


@blueprint.post("/lost-telephone")
def lost() -> BaseResponse:
    """A session that opens nothing: in it another telephone is set up, and a colleague types the words."""
    if not (actions.demanded() or passkeys.offered()):
        raise NotVisible
    form = LostTelephoneForm(request.form)
    if not form.validate():
        return _lost_page(form, 422)
    login = form.login.data or ""
    try:
        cookie = actions.begin_lost(login=login, password=form.password.data or "", asker=sessions.asker())
    except SignInRefused:
        form.password.errors = [N_("Enter your sign-in name and password again: they do not belong together")]
        return _lost_page(form, 422)
    except WaitsForColleague:
        form.password.errors = [WAITS]
        return _lost_page(form, 403)
    except TooSoon as too_soon:
        form.password.errors = [errors.waiting_text(too_soon)]
        return errors.with_retry(_lost_page(form, 429), too_soon)
    response = redirect(url_for("second_factor.set_up_page"), 303)
    sessions.set_session(response, cookie)
    return response


def _lost_page(form: LostTelephoneForm, status: int) -> Response:
    nonce = sessions.nonce()
    page = render_template("accounts/second_factor/lost.html", form=form, csrf_token=accounts.sign_in_token(nonce))
    response = Response(page, status)
    sessions.remember_nonce(response, nonce)
    return response
