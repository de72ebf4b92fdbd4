"""Who may be the second one for what a contract shall say (ADR 0187)."""

from __future__ import annotations

import uuid

from sqlalchemy import Select, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, Permission
from nrm.domain.accounts.vouching import is_newcomer
from nrm.domain.support.contracts import ChangeState, ContractRefusal
from nrm.models.accounts.accounts import Member
from nrm.models.agreement.agreements import ContractChange
from nrm.store.rows.accounts import occasions
from nrm.vault import rows as marked

_ROLES = [str(role) for role, can in PERMISSIONS.items() if Permission.CONTRACT_MANAGE in can]


def decline_refusal(row: ContractChange, by: Actor) -> ContractRefusal | None:
    """Why the actor does not decline this; None if they may: everybody of the office but who asked."""
    if row.state != ChangeState.WAITS:
        return ContractRefusal.OVER
    if not marked.is_contract_change(row):
        return ContractRefusal.FORGED
    if by.member_id == row.asked_by_id:
        return ContractRefusal.OWN
    asker = db.session.get_one(Member, row.asked_by_id)
    return None if asker.organisation_id == by.organisation_id else ContractRefusal.OTHER_OFFICE


def hand_refusal(row: ContractChange, by: Actor) -> ContractRefusal | None:
    """Why the actor does not agree to this; None if they may. As for benefits (ADR 0175), and never who let the asker
    in: not who asked, nobody who is there by the other one alone; nobody newer than 14 days where somebody of the
    office has been there for longer; and two who are there by the same third person once both are there so long."""
    found = decline_refusal(row, by)
    if found is not None:
        return found
    assert by.member_id is not None
    assert by.organisation_id is not None
    return _between(by.member_id, row.asked_by_id, by.organisation_id)


def has_second(by: Actor) -> bool:
    """Whether somebody of the office could agree now to what the actor asks for."""
    assert by.member_id is not None
    assert by.organisation_id is not None
    there = db.session.scalars(_others(by.member_id, by.organisation_id)).all()
    return any(_between(each, by.member_id, by.organisation_id) is None for each in there)


def _between(hand_id: uuid.UUID, asker_id: uuid.UUID, organisation_id: uuid.UUID) -> ContractRefusal | None:
    """Why one member of the office does not agree to what another one asks for; None if they may."""
    hand, asker = occasions.standing(hand_id), occasions.standing(asker_id)
    seasoned = occasions.is_seasoned(hand.member_id)
    if is_newcomer(hand, asker, clock.now()) or (not seasoned and _has_older(hand_id, organisation_id)):
        return ContractRefusal.NEW
    if not occasions.hangs_on_one(hand.member_id, asker.member_id):
        return None
    one_let_in = occasions.was_let_in_by(hand.member_id, asker.member_id)
    if one_let_in or occasions.was_let_in_by(asker.member_id, hand.member_id):
        return ContractRefusal.OWN
    return None if seasoned and occasions.is_seasoned(asker.member_id) else ContractRefusal.OWN


def _has_older(member_id: uuid.UUID, organisation_id: uuid.UUID) -> bool:
    return any(occasions.is_seasoned(each) for each in db.session.scalars(_others(member_id, organisation_id)).all())


def _others(member_id: uuid.UUID, organisation_id: uuid.UUID) -> Select[uuid.UUID]:
    """Who else of the office has to do with contracts."""
    there = select(Member.id).where(
        Member.organisation_id == organisation_id, Member.status == "active", Member.role.in_(_ROLES)
    )
    return there.where(Member.id != member_id)
