"""The register of contracts with centres."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for

from forms import SelectChoice
from forms.agreement.contracts import CHANGE_STATES, CONTRACT_REFUSED, WHY_LABELS, ContractForm
from nrm import clock
from nrm.actions.agreement import contracts as actions
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.support.contracts import ChangeState, ContractRefusal, ContractRefused, Terms, price
from nrm.domain.words import N_
from nrm.steps.agreement import contracts as steps
from nrm.store import days
from nrm.store.agreement import agreement_versions as store
from nrm.store.agreement import contract_changes
from nrm.store.agreement.agreement_versions import ContractLine
from nrm.store.countries import country
from nrm.web import access, errors
from nrm.web.language import text_in

blueprint = Blueprint("contracts", __name__)
Answer = errors.Answer
SOON_DAYS = 60
ENDED_SHOWN = timedelta(days=7)
"""So long it is said that a change was declined or taken back."""


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
    by = access.actor()
    lines = [(line, state_of(line)) for line in store.contracts(by=by)]
    return render_template("agreement/contracts/index.html", lines=lines, **office(by))


def office(by: Actor) -> dict[str, object]:
    """What the register and the home page say of changes: what waits, what came to nothing lately, and of which
    contracts another program changed a row."""
    return {
        "waiting": contract_changes.waiting(by=by),
        "ended_changes": contract_changes.ended_since(clock.now() - ENDED_SHOWN, by=by),
        "forged": contract_changes.changed_by_another_hand(by=by),
        "change_states": CHANGE_STATES,
    }


@blueprint.get("/contracts/new")
@access.requires(Permission.CONTRACT_MANAGE)
def record_page() -> str:
    form = _form()
    form.id.data = str(uuid.uuid4())
    return render_template("agreement/contracts/record.html", form=form, centre="", second=_second())


def _second() -> bool:
    return steps.has_second(access.actor())


def _form() -> ContractForm:
    form = ContractForm(request.form)
    form.name_currency(text_in(country().currency))
    form.offer_reasons(new=True)
    form.centre.choices = [
        SelectChoice(value="", label=N_("Choose")),
        *(SelectChoice(value=each.code, label=text_in(each.names)) for each in store.centres(by=access.actor())),
    ]
    return form


def _change_id(form: ContractForm) -> uuid.UUID | None:
    try:
        return uuid.UUID((form.id.data or "")[:36])
    except ValueError:
        return None


@blueprint.post("/contracts")
@access.requires(Permission.CONTRACT_MANAGE)
def record() -> Answer:
    """Ask that a contract is added: a second one of the office agrees."""
    form = _form()
    centres = {each.code: each.id for each in store.centres(by=access.actor())}
    change_id = _change_id(form)
    if change_id is None:
        return errors.error_page(422)
    if form.validate() and form.centre.data not in centres:
        form.centre.errors = [N_("Choose the centre")]
    if not form.errors:
        try:
            actions.record(
                change_id=change_id,
                organisation_id=centres[form.centre.data],
                terms=_terms(form),
                reason=form.reason,
                by=access.actor(),
            )
            return redirect(url_for("contract_changes.show", change_id=change_id), 303)
        except ContractRefused as error:
            _say(form, error)
    return render_template("agreement/contracts/record.html", form=form, centre="", second=_second()), 422


def _say(form: ContractForm, error: ContractRefused) -> None:
    """Beside the field that it is about; raise it again where it is about none."""
    if error.reason not in (ContractRefusal.NUMBER, ContractRefusal.NIGHTS):
        raise error
    field = form.number if error.reason is ContractRefusal.NUMBER else form.quarter_nights
    field.errors = [CONTRACT_REFUSED[error.reason]]


@blueprint.get("/contracts/<uuid:contract_id>")
@access.requires(Permission.CONTRACT_MANAGE)
def change_page(contract_id: uuid.UUID) -> str:
    row = store.contract(contract_id, by=access.actor())
    form = ContractForm(
        data={
            "id": str(uuid.uuid4()),
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
    form.offer_reasons(new=False)
    return _changed(contract_id, form)


def _changed(contract_id: uuid.UUID, form: ContractForm) -> str:
    by = access.actor()
    form.name_currency(text_in(country().currency))
    (line,) = [each for each in store.contracts(by=by) if each.id == contract_id]
    versions, sound = store.contract_versions(contract_id, by=by)
    asked = contract_changes.of_contract(contract_id, by=by)
    return render_template(
        "agreement/contracts/record.html",
        form=form,
        centre=text_in(line.names),
        second=_second(),
        versions=versions,
        sound=sound and all(each.sound for each in asked),
        agreed={each.position: each for each in asked if each.position},
        waiting=next((each for each in asked if each.state is ChangeState.WAITS), None),
        refused=[each for each in reversed(asked) if each.state in (ChangeState.DECLINED, ChangeState.TAKEN_BACK)],
        reasons=WHY_LABELS,
        states=CHANGE_STATES,
    )


@blueprint.post("/contracts/<uuid:contract_id>")
@access.requires(Permission.CONTRACT_MANAGE)
def change(contract_id: uuid.UUID) -> Answer:
    """Ask that a contract says something else: a second one of the office agrees."""
    row = store.contract(contract_id, by=access.actor())
    form = ContractForm(request.form)
    del form.centre
    form.offer_reasons(new=False)
    change_id = _change_id(form)
    if change_id is None:
        return errors.error_page(422)
    if form.validate() and form.is_price_sure(price(row.quarter_nights, row.quarter_amount)):
        try:
            asked = actions.change(
                change_id=change_id,
                contract_id=contract_id,
                terms=_terms(form),
                reason=form.reason,
                by=access.actor(),
            )
            if not asked:
                return redirect(url_for("contracts.change_page", contract_id=contract_id), 303)
            return redirect(url_for("contract_changes.show", change_id=change_id), 303)
        except ContractRefused as error:
            if error.reason is ContractRefusal.WAITS:
                return errors.error_page(409, CONTRACT_REFUSED[error.reason])
            _say(form, error)
    return _changed(contract_id, form), 422


def _terms(form: ContractForm) -> Terms:
    starts, ends = form.starts.data, form.ends.data
    assert starts is not None
    assert ends is not None
    return Terms(
        number=(form.number.data or "").strip(),
        subject=(form.subject.data or "").strip(),
        amount=form.whole,
        from_on=starts,
        until_on=ends,
        ended_on=form.ended.data if form.over.data else None,
        nights=form.nights,
    )
