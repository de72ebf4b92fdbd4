"""Contracts as two people of the office make them: one asks, the other one agrees."""

from __future__ import annotations

import dataclasses
import uuid

from nrm.actions.accounts import joining
from nrm.actions.agreement import contracts
from nrm.domain.accounts.accounts import Actor, Role
from nrm.domain.support.contracts import Reason, Terms, Why
from tests import factories
from tests import factories_agreements as texts

COLLEAGUE = "oms.coordinator.2"
REASON = Reason(Why.OTHER, "Nga letra")


def second(code: str = "oms.focal_point") -> Actor:
    """The other founder of the office, as if they coordinated, too: for actions, which know no more of who asks."""
    return dataclasses.replace(factories.actor(code), role=Role.COORDINATOR)


def joins() -> str:
    """A second account that coordinates joins the office: both founders type the words. Returns its sign-in name."""
    organisation_id = factories.actor(texts.COORDINATOR).organisation_id
    assert organisation_id is not None
    token = joining.invite(
        organisation_id=organisation_id,
        login=COLLEAGUE,
        name="Test colleague",
        role=Role.COORDINATOR,
        by=factories.actor("administrator"),
    )
    factories.join(token)
    factories.confirm(COLLEAGUE, by=factories.actor("oms.focal_point"), second=factories.actor(texts.COORDINATOR))
    return COLLEAGUE


def recorded(organisation_id: uuid.UUID, terms: Terms) -> uuid.UUID:
    """A contract to which a second one agreed."""
    change_id = uuid.uuid4()
    by = factories.actor(texts.COORDINATOR)
    made = contracts.record(change_id=change_id, organisation_id=organisation_id, terms=terms, reason=REASON, by=by)
    contracts.agree(change_id=change_id, by=second())
    return made


def changed(contract_id: uuid.UUID, terms: Terms) -> uuid.UUID:
    """What a contract says is changed by two; returns the id of the change."""
    change_id = uuid.uuid4()
    by = factories.actor(texts.COORDINATOR)
    assert contracts.change(change_id=change_id, contract_id=contract_id, terms=terms, reason=REASON, by=by)
    contracts.agree(change_id=change_id, by=second())
    return change_id
