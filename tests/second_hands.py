"""Acts that need a second hand, carried out whole: one member asks, another one agrees."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import select

from nrm.actions.accounts import key_log, members, organisations, sealing_again, second_hands
from nrm.actions.shelter import consents, erasures
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.second_hands import Heard, WaitsForSecond
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.domain.shelter.consents import EVERYTHING
from nrm.models.accounts.accounts import Member
from nrm.store.accounts import members as store
from nrm.store.rows.accounts import occasions
from tests import factories

DESK = "ra.duty_officer"


def asked(act: Callable[[], object]) -> uuid.UUID:
    """The act that waits, after somebody did that."""
    with pytest.raises(WaitsForSecond) as raised:
        act()
    return raised.value.act_id


def suspend_organisation(organisation_id: uuid.UUID, reason: OrganisationReason = OrganisationReason.ASKED) -> None:
    """An administrator suspends it; where some people would have nobody left, the duty desk agrees."""
    if organisations.suspend(organisation_id=organisation_id, reason=reason, by=factories.actor("administrator")):
        return
    (proposal,) = (each for each in key_log.waiting(by=factories.actor(DESK)) if each.kind == "suspended")
    assert key_log.agree(proposal=proposal.digest, by=factories.actor(DESK))


def another(by: Actor) -> Actor:
    """A colleague of the actor, signed in, who is a second hand; where there is none, the duty desk is."""
    colleagues = db.session.scalars(
        select(Member)
        .where(Member.organisation_id == by.organisation_id, Member.status == "active", Member.id != by.member_id)
        .order_by(Member.login)
    ).all()
    able = [each.login for each in colleagues if occasions.hand_refusal(each.id, by.member_id, None) is None]
    db.session.rollback()
    return factories.actor(able[0] if able else DESK)


def agreed(act_id: uuid.UUID, by: Actor) -> str | None:
    return second_hands.agree(act_id=act_id, by=by, heard=Heard.SPOKE)


def withdrawn(case_id: uuid.UUID, by: Actor) -> None:
    """The person takes everything back, and it is destroyed: a colleague has spoken with her."""
    agreed(asked(lambda: consents.withdraw(case_id=case_id, what=EVERYTHING, by=by)), another(by))


def erased(case_id: uuid.UUID, by: Actor) -> None:
    """The person asks for erasure, and a colleague has spoken with her."""
    agreed(asked(lambda: erasures.erase(case_id=case_id, by=by)), another(by))


def ended(member_id: uuid.UUID, by: Actor, *, renews: bool = True) -> None:
    """An account ends; if a second hand comes first, the duty desk agrees after a call back, and a key holder makes the
    new key that is due then."""
    try:
        members.disable(member_id=member_id, by=by)
    except WaitsForSecond as waits:
        second_hands.agree(act_id=waits.act_id, by=factories.actor(DESK))
        if renews and store.keys(by=by).due_at is not None:
            sealing_again.renew_keyring(by=by)
