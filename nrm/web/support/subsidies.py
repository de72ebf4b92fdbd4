"""The manager of a shelter signs the nights of a quarter; she and the payment desk take the signed file away."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for

from forms import SelectChoice
from forms.support.subsidies import FOREIGN, NOT_RECORDED, REFUSED, PaidForm, SignNightsForm
from nrm.actions.support import subsidies as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.support.subsidies import (
    MISTAKE,
    NOT_RETURNED,
    RETURNED,
    NightsRefused,
    PaymentRefusal,
    PaymentRefused,
    Stand,
)
from nrm.domain.words import N_
from nrm.store.countries import country
from nrm.store.support import early_nights
from nrm.store.support import subsidies as store
from nrm.store.support.subsidies import Line
from nrm.web import access, errors, formats, sessions
from nrm.web.language import current_language, gettext, text_in, translated
from nrm.web.reports.reports import quarter_of
from nrm.web.shelter.payment_lines import BASES

blueprint = Blueprint("subsidies", __name__)
WHY_BACK = {RETURNED: N_("it came back"), NOT_RETURNED: N_("it did not come back after all")}


@blueprint.get("/payment/<quarter>/sign")
@access.requires(Permission.NIGHTS_SIGN)
def sign_page(quarter: str) -> str:
    line = _own(quarter)
    form = SignNightsForm()
    form.seen.data = _seen(line)
    return _page(line, form)


@blueprint.post("/payment/<quarter>/sign")
@access.requires(Permission.NIGHTS_SIGN)
@sessions.right_first(SignNightsForm)
def sign(quarter: str) -> errors.Answer:
    line = _own(quarter)
    form = SignNightsForm(request.form)
    if not form.validate():
        form.seen.data = _seen(line)
        return _page(line, form), 422
    try:
        actions.sign(line.base.quarter, seen=form.seen.data or "", by=access.actor())
    except NightsRefused as refused:
        form.agreed.data = False
        line = _own(quarter)
        form.seen.data = _seen(line)
        told = REFUSED[refused.reason]
        if line.waits:
            form.agreed.errors = [translated(told)]
        return _page(line, form, None if line.waits else told), 409
    return redirect(url_for("subsidies.sign_page", quarter=line.base.quarter), 303)


@blueprint.post("/payment/<quarter>/<code>/file")
@access.requires(Permission.PAYMENT_READ)
def take(quarter: str, code: str) -> Response:
    """The signed file. Taking it is recorded in the audit chain, so it is a form and not a link."""
    which = quarter_of(quarter)
    content = actions.take(which, code, by=access.actor())
    response = Response(content, content_type="application/json")
    response.headers.set("Content-Disposition", "attachment", filename=f"nights-{code}-{which}.json")
    return response


@blueprint.get("/payment/<quarter>/<code>/paid")
@access.requires(Permission.NIGHTS_PAY)
def paid_page(quarter: str, code: str) -> str:
    line = store.line(quarter_of(quarter), code, by=access.actor())
    form = _paid_form(line, typed=False)
    form.seen.data = actions.left_of(line)
    return _paid_page(line, form)


def _paid_form(line: Line, *, typed: bool = True) -> PaidForm:
    form = PaidForm(request.form if typed else None)
    offered = []
    if line.left:
        amount = _money(abs(line.left))
        words = gettext("%(amount)s was paid", amount=amount)
        if line.left < 0:
            words = gettext("%(amount)s was taken off", amount=amount)
        offered.append(SelectChoice(value="paid", label=words))
    if line.stand is not Stand.FOREIGN:
        if line.may_come_back:
            words = gettext("What was paid last came back: it is to be paid again")
            offered.append(SelectChoice(value=RETURNED, label=words))
        if mistaken := line.may_be_mistaken:
            words = gettext("What was recorded last was a mistake")
            if mistaken == RETURNED:
                words = gettext("That it came back was a mistake: it stays paid, and is not to be paid again")
            offered.append(SelectChoice(value=MISTAKE, label=words))
    form.what.choices = offered
    return form


def _money(amount: int) -> str:
    return f"{formats.number(amount, current_language())} {text_in(country().currency)}"


def _paid_page(line: Line, form: PaidForm) -> str:
    foreign = FOREIGN if line.stand is Stand.FOREIGN else None
    return render_template("support/subsidies/paid.html", line=line, form=form, foreign=foreign, why_back=WHY_BACK)


@blueprint.post("/payment/<quarter>/<code>/paid")
@access.requires(Permission.NIGHTS_PAY)
def paid(quarter: str, code: str) -> errors.Answer:
    """The payment desk records what was paid."""
    which, by = quarter_of(quarter), access.actor()
    line = store.line(which, code, by=by)
    form = _paid_form(line)
    if not form.what.choices:
        why = PaymentRefusal.FOREIGN if line.stand is Stand.FOREIGN else PaymentRefusal.NOTHING
        return errors.error_page(409, translated(NOT_RECORDED[why]))
    seen = form.seen.data or ""
    try:
        actions.check_seen(which, code, seen=seen, paying=form.what.data not in (MISTAKE, RETURNED), by=by)
        if not form.validate():
            return _paid_page(line, form), 422
        if form.what.data == "paid":
            actions.pay(which, code, seen=seen, reason=form.reason.data or "", by=by)
        else:
            actions.take_back(which, code, seen=seen, returned=form.what.data == RETURNED, by=by)
    except PaymentRefused as refused:
        if refused.reason is PaymentRefusal.DIFFERS:
            form.reason.errors = [translated(NOT_RECORDED[refused.reason])]
            return _paid_page(line, form), 422
        form.what.errors = [translated(NOT_RECORDED[refused.reason])]
        form.what.data = None
        form.seen.data = actions.left_of(line)
        return _paid_page(line, form), 409
    return redirect(url_for("subsidies.paid_page", quarter=which, code=code), 303)


def _seen(line: Line) -> str:
    return actions.version(line) if line.waits else ""


def _own(quarter: str) -> Line:
    """The quarter of the actor's own shelter, if it is one that is signed; raises NotVisible."""
    by = access.actor()
    line = store.line(quarter_of(quarter), by.organisation_code, by=by)
    if not line.base.to_sign:
        raise NotVisible
    return line


def _page(line: Line, form: SignNightsForm, refused: str | None = None) -> str:
    by = access.actor()
    others = [] if line.waits else [str(each.base.quarter) for each in store.to_sign(by=by)]
    return render_template(
        "support/subsidies/sign.html",
        line=line,
        form=form.of(line.base.basis),
        foreign=FOREIGN if line.stand is Stand.FOREIGN else None,
        refused=refused,
        bases=BASES,
        lines=early_nights.waiting(by=by),
        others=others,
    )
