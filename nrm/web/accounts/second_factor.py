"""Setting up the second factor, also in place of a lost telephone."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.second_factor import ConfirmFactorForm
from forms.accounts.words import LostTelephoneForm
from nrm.actions.accounts import accounts
from nrm.actions.accounts import second_factor as actions
from nrm.domain.accounts.accounts import NotVisible, SignInRefused
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.accounts.second_factor import WrongCode, address, grouped
from nrm.domain.accounts.words import NoOccasion
from nrm.domain.words import N_
from nrm.render import codes
from nrm.web import access, errors, sessions
from nrm.web.language import gettext

blueprint = Blueprint("second_factor", __name__)
ISSUER = "NRM"
BEGINS_ANEW = N_(
    "A colleague lets you begin anew with new keys: this telephone would be lost with the old ones. End that on your "
    "first page, or wait until it has happened."
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
            actions.set_up(code=form.code.data or "", by=access.actor(), asker=sessions.asker())
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
        replaces=access.visitor().has_second_factor,
        lost=access.visitor().lacks_factor,
    )


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
    if not actions.demanded():
        raise NotVisible
    return _lost_page(LostTelephoneForm(), 200)


@blueprint.post("/lost-telephone")
def lost() -> BaseResponse:
    """A session that opens nothing: in it another telephone is set up, and a colleague types the words."""
    if not actions.demanded():
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
