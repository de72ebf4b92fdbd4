"""The manager of a shelter signs the nights of a quarter; she and the payment desk take the signed file away."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for

from forms.support.subsidies import REFUSED, SignNightsForm
from nrm.actions.support import subsidies as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.support.subsidies import NightsRefused
from nrm.store.support import subsidies as store
from nrm.store.support.subsidies import Line
from nrm.web import access, errors
from nrm.web.language import translated
from nrm.web.reports.reports import quarter_of
from nrm.web.shelter.payment_lines import BASES

blueprint = Blueprint("subsidies", __name__)


@blueprint.get("/payment/<quarter>/sign")
@access.requires(Permission.NIGHTS_SIGN)
def sign_page(quarter: str) -> str:
    line = _own(quarter)
    form = SignNightsForm()
    form.seen.data = actions.version(line)
    return _page(line, form)


@blueprint.post("/payment/<quarter>/sign")
@access.requires(Permission.NIGHTS_SIGN)
def sign(quarter: str) -> errors.Answer:
    line = _own(quarter)
    form = SignNightsForm(request.form)
    if not form.validate():
        form.seen.data = actions.version(line)
        return _page(line, form), 422
    try:
        actions.sign(line.base.quarter, seen=form.seen.data or "", by=access.actor())
    except NightsRefused as refused:
        form.agreed.errors = [translated(REFUSED[refused.reason])]
        form.agreed.data = False
        line = _own(quarter)
        form.seen.data = actions.version(line)
        return _page(line, form), 409
    return redirect(url_for("payment_lines.index"), 303)


@blueprint.post("/payment/<quarter>/<code>/file")
@access.requires(Permission.PAYMENT_READ)
def take(quarter: str, code: str) -> Response:
    """The signed file. Taking it is recorded in the audit chain, so it is a form and not a link."""
    which = quarter_of(quarter)
    content = actions.take(which, code, by=access.actor())
    response = Response(content, content_type="application/json")
    response.headers.set("Content-Disposition", "attachment", filename=f"nights-{code}-{which}.json")
    return response


def _own(quarter: str) -> Line:
    """The quarter of the actor's own shelter, if it is one that is signed; raises NotVisible."""
    by = access.actor()
    line = store.line(quarter_of(quarter), by.organisation_code, by=by)
    if not line.base.to_sign:
        raise NotVisible
    return line


def _page(line: Line, form: SignNightsForm) -> str:
    return render_template("support/subsidies/sign.html", line=line, form=form, bases=BASES)
