"""What somebody of the office wants a contract to say, and the second one who decides it (ADR 0187)."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for

from forms.agreement.contracts import CHANGE_STATES, CONTRACT_REFUSED, WHY_LABELS, AgreeForm, price_jumps
from nrm.actions.agreement import contracts as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.support.contracts import ChangeState, ContractRefusal, ContractRefused, jumps, price
from nrm.domain.words import N_
from nrm.steps.agreement import contracts as steps
from nrm.store.agreement import contract_changes as store
from nrm.web import access, errors
from nrm.web.language import translated

blueprint = Blueprint("contract_changes", __name__)
Answer = errors.Answer
NUMBER_TAKEN = N_(
    "This centre has another contract with this number meanwhile. Decline this one: who asked for it asks with another "
    "number."
)
"""To the second one, who has no form to put it right."""


@blueprint.get("/contracts/changes/<uuid:change_id>")
@access.requires(Permission.CONTRACT_MANAGE)
def show(change_id: uuid.UUID) -> str:
    """What it says, what it shall say, who asked and why; and what the reader can do about it."""
    return _page(change_id, AgreeForm(formdata=None))


def _prices(line: store.AskedChange) -> tuple[int | None, int | None]:
    """What a night costs now, and what it shall cost."""
    before = price(line.before.quarter_nights, line.before.quarter_amount) if line.before is not None else None
    return before, price(line.after.quarter_nights, line.after.quarter_amount)


def _page(change_id: uuid.UUID, form: AgreeForm) -> str:
    by = access.actor()
    line = store.asked(change_id, by=by)
    refusal = steps.hand_refusal(line.after, by)
    waits = line.state is ChangeState.WAITS
    mine = line.after.asked_by_id == by.member_id
    return render_template(
        "agreement/contracts/asked.html",
        line=line,
        form=form,
        price=price,
        leap=jumps(*_prices(line)),
        may_agree=refusal is None,
        may_decline=steps.decline_refusal(line.after, by) in (None, ContractRefusal.FORGED),
        mine=waits and mine,
        earlier=store.version_before(line, by=by) if line.sound else None,
        forged=line.contract_id in store.changed_by_another_hand(by=by),
        second=steps.has_second(by) if waits and mine else True,
        why_not=CONTRACT_REFUSED[refusal] if waits and refusal is not None and not mine else "",
        reasons=WHY_LABELS,
        states=CHANGE_STATES,
    )


@blueprint.post("/contracts/changes/<uuid:change_id>/agree")
@access.requires(Permission.CONTRACT_MANAGE)
def agree(change_id: uuid.UUID) -> Answer:
    """A price of a night that jumps is looked at once more."""
    by, form = access.actor(), AgreeForm(request.form)
    line = store.asked(change_id, by=by)
    if steps.hand_refusal(line.after, by) is None and jumps(*_prices(line)) and not form.price.data:
        form.price.errors = [price_jumps(*_prices(line))]
        return _page(change_id, form), 422
    return _decided(change_id, actions.agree)


@blueprint.post("/contracts/changes/<uuid:change_id>/decline")
@access.requires(Permission.CONTRACT_MANAGE)
def decline(change_id: uuid.UUID) -> Answer:
    return _decided(change_id, actions.decline)


@blueprint.post("/contracts/changes/<uuid:change_id>/take-back")
@access.requires(Permission.CONTRACT_MANAGE)
def take_back(change_id: uuid.UUID) -> Answer:
    return _decided(change_id, actions.take_back)


def _decided(change_id: uuid.UUID, act: Callable[..., None]) -> Answer:
    try:
        act(change_id=change_id, by=access.actor())
    except ContractRefused as error:
        words = NUMBER_TAKEN if error.reason is ContractRefusal.NUMBER else CONTRACT_REFUSED[error.reason]
        return errors.error_page(409, translated(words))
    return redirect(url_for("contract_changes.show", change_id=change_id), 303)
