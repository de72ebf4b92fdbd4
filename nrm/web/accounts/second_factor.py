"""Setting up the second factor, and taking away that of a colleague whose telephone is lost."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.second_factor import ConfirmFactorForm
from nrm.actions.accounts import accounts, passkeys
from nrm.actions.accounts import second_factor as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.accounts.members import KeyHoldersDecide
from nrm.domain.accounts.second_factor import WrongCode, address, grouped
from nrm.domain.words import N_
from nrm.render import codes
from nrm.store.accounts import members as store
from nrm.web import access, errors, sessions
from nrm.web.accounts.members import ELSEWHERE
from nrm.web.language import gettext

blueprint = Blueprint("second_factor", __name__)
ISSUER = "NRM"
HOLDERS_LET_IN = N_(
    "Only somebody who holds the key of the organisation can let a colleague in again; where it holds none, a "
    "colleague or the administrator."
)


@blueprint.get("/second-factor")
@access.signed_in
@sessions.step_up
def set_up_page() -> str:
    return _set_up_page(ConfirmFactorForm())


@blueprint.post("/second-factor")
@access.signed_in
@sessions.step_up
def set_up() -> tuple[str, int] | BaseResponse:
    form = ConfirmFactorForm(request.form)
    if form.validate():
        try:
            actions.set_up(code=form.code.data or "", by=access.actor(), asker=sessions.asker())
            return redirect(url_for("home.index"), 303)
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
        passkeys=access.visitor().enrolling and passkeys.offered(),
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


@blueprint.get("/members/<uuid:member_id>/second-factor")
@access.requires(Permission.ACCOUNT_RESET)
@sessions.step_up
def reset_page(member_id: uuid.UUID) -> str:
    by = access.actor()
    member = store.colleague(member_id, by=by)
    if member.id == by.member_id or not (actions.demanded() or passkeys.offered()):
        raise NotVisible
    return render_template("accounts/second_factor/reset.html", name=member.name, login=member.login)


@blueprint.post("/members/<uuid:member_id>/second-factor")
@access.requires(Permission.ACCOUNT_RESET)
@sessions.step_up
def reset(member_id: uuid.UUID) -> BaseResponse | str | tuple[str, int]:
    try:
        actions.reset(member_id=member_id, by=access.actor())
    except KeyHoldersDecide:
        return errors.error_page(403, ELSEWHERE)
    return redirect(url_for("accounts.members"), 303)
