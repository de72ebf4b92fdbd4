"""The e-mail address of a desk: who works there sets it; what leaves the instance asks for a fresh proof."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.mailboxes import SetMailboxForm
from nrm.actions.accounts import mailboxes as actions
from nrm.domain.accounts.accounts import Permission
from nrm.store.accounts import mailboxes as store
from nrm.web import access, sessions
from nrm.web.choices import language_choices

blueprint = Blueprint("mailboxes", __name__)
Answer = BaseResponse | tuple[str, int] | str


@blueprint.get("/desk/e-mail")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def address_page() -> str:
    box = store.own(by=access.actor())
    form = SetMailboxForm(address=box.address if box else "", language=box.language if box else "")
    form.language.choices = language_choices()
    return render_template("accounts/mailboxes/address.html", form=form)


@blueprint.post("/desk/e-mail")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
@sessions.step_up
def set_address() -> Answer:
    form = SetMailboxForm(request.form)
    form.language.choices = language_choices()
    if not form.validate():
        return render_template("accounts/mailboxes/address.html", form=form), 422
    actions.set_address(address=form.address.data or "", language=form.language.data, by=access.actor())
    return redirect(url_for("mailboxes.address_page"), 303)
