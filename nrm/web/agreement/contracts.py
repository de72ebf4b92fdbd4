"""The register of contracts with centres."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for

from forms import SelectChoice
from forms.agreement.agreements import ContractForm
from nrm.actions.agreement import contracts as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.words import N_
from nrm.store import days
from nrm.store.agreement import agreement_versions as store
from nrm.store.agreement.agreement_versions import ContractLine
from nrm.store.countries import country
from nrm.web import access, errors
from nrm.web.language import text_in

blueprint = Blueprint("contracts", __name__)
Answer = errors.Answer
TAKEN = N_("Enter another number: this centre has a contract with this one already")
NIGHTS_TWICE = N_("Another contract of this centre pays for nights of these days already: end that one first")
SOON_DAYS = 60


def state_of(line: ContractLine) -> str:
    """ended, planned, soon (ends within SOON_DAYS) or running, today."""
    today = days.today()
    if line.ended_on is not None or line.until_on < today:
        return "ended"
    if line.from_on > today:
        return "planned"
    return "soon" if (line.until_on - today).days <= SOON_DAYS else "running"


@blueprint.get("/contracts")
@access.requires(Permission.CONTRACT_MANAGE)
def index() -> str:
    lines = [(line, state_of(line)) for line in store.contracts(by=access.actor())]
    return render_template("agreement/contracts/index.html", lines=lines)


@blueprint.get("/contracts/new")
@access.requires(Permission.CONTRACT_MANAGE)
def record_page() -> str:
    form = _form()
    form.id.data = str(uuid.uuid4())
    return render_template("agreement/contracts/record.html", form=form, centre="")


def _form() -> ContractForm:
    form = ContractForm(request.form)
    form.name_currency(text_in(country().currency))
    form.centre.choices = [
        SelectChoice(value="", label=N_("Choose")),
        *(SelectChoice(value=each.code, label=text_in(each.names)) for each in store.centres(by=access.actor())),
    ]
    return form


@blueprint.post("/contracts")
@access.requires(Permission.CONTRACT_MANAGE)
def record() -> Answer:
    form = _form()
    centres = {each.code: each.id for each in store.centres(by=access.actor())}
    try:
        contract_id = uuid.UUID((form.id.data or "")[:36])
    except ValueError:
        return errors.error_page(422)
    if form.validate() and form.centre.data not in centres:
        form.centre.errors = [N_("Choose the centre")]
    if not form.errors:
        try:
            actions.record(
                contract_id=contract_id,
                organisation_id=centres[form.centre.data],
                terms=_terms(form),
                by=access.actor(),
            )
            return redirect(url_for("contracts.index"), 303)
        except actions.NumberTaken:
            form.number.errors = [TAKEN]
        except actions.NightsTwice:
            form.quarter_nights.errors = [NIGHTS_TWICE]
    return render_template("agreement/contracts/record.html", form=form, centre=""), 422


@blueprint.get("/contracts/<uuid:contract_id>")
@access.requires(Permission.CONTRACT_MANAGE)
def change_page(contract_id: uuid.UUID) -> str:
    row = store.contract(contract_id, by=access.actor())
    form = ContractForm(
        data={
            "number": row.number,
            "subject": row.subject,
            "amount": str(row.amount),
            "quarter_nights": "" if row.quarter_nights is None else str(row.quarter_nights),
            "quarter_amount": "" if row.quarter_amount is None else str(row.quarter_amount),
            "starts": row.from_on,
            "ends": row.until_on,
            "over": row.ended_on is not None,
            "ended": row.ended_on,
        }
    )
    return _changed(contract_id, form)


def _changed(contract_id: uuid.UUID, form: ContractForm) -> str:
    form.name_currency(text_in(country().currency))
    (line,) = [each for each in store.contracts(by=access.actor()) if each.id == contract_id]
    versions, sound = store.contract_versions(contract_id, by=access.actor())
    return render_template(
        "agreement/contracts/record.html", form=form, centre=text_in(line.names), versions=versions, sound=sound
    )


@blueprint.post("/contracts/<uuid:contract_id>")
@access.requires(Permission.CONTRACT_MANAGE)
def change(contract_id: uuid.UUID) -> Answer:
    store.contract(contract_id, by=access.actor())
    form = ContractForm(request.form)
    del form.centre
    if form.validate():
        try:
            actions.change(contract_id=contract_id, terms=_terms(form), by=access.actor())
            return redirect(url_for("contracts.index"), 303)
        except actions.NumberTaken:
            form.number.errors = [TAKEN]
        except actions.NightsTwice:
            form.quarter_nights.errors = [NIGHTS_TWICE]
    return _changed(contract_id, form), 422


def _terms(form: ContractForm) -> actions.Terms:
    starts, ends = form.starts.data, form.ends.data
    assert starts is not None
    assert ends is not None
    return actions.Terms(
        number=(form.number.data or "").strip(),
        subject=(form.subject.data or "").strip(),
        amount=form.whole,
        from_on=starts,
        until_on=ends,
        ended_on=form.ended.data if form.over.data else None,
        nights=form.nights,
    )
