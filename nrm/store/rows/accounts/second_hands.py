"""Acts that wait or are under way, as rows, for steps and actions."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from nrm.db import db
from nrm.domain.accounts.second_hands import ActKind, ActStatus
from nrm.domain.accounts.vouching import HandRefusal
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.second_hands import HeavyAct
from nrm.store.rows.accounts import occasions, suspensions
from nrm.vault import rows


def hand_refusal(act: HeavyAct, member_id: uuid.UUID) -> HandRefusal | None:
    """Why a member of the organisation is no second hand for this act; None if they are. Who is one hand with somebody
    whose account was ended does not agree that they come back; nor, of whom who asked suspended before, does who is one
    hand with that person say anything about the end of their account."""
    refusal = occasions.hand_refusal(member_id, act.asked_by_id, act.member_id)
    if refusal is None and act.kind == ActKind.LET_BACK and occasions.hangs_on_one(member_id, act.member_id):
        return HandRefusal.VOUCHED
    return HandRefusal.ONE_HAND if refusal is None and is_hand_of_subject(act, member_id) else refusal


def is_hand_of_subject(act: HeavyAct, member_id: uuid.UUID | None) -> bool:
    """Whether somebody is one hand with whose account is to be ended, whom who asked had suspended before (ADR 0163):
    then another one decides, or the duty desk."""
    if act.kind != ActKind.END_ACCOUNT or act.member_id is None:
        return False
    return occasions.hangs_on_one(member_id, act.member_id) and had_suspended(act.asked_by_id, act.member_id)


def had_suspended(by_id: uuid.UUID | None, member_id: uuid.UUID) -> bool:
    """Whether this person, or somebody who is one hand with them, suspended the member lately."""
    return any(occasions.hangs_on_one(by_id, each) for each in suspensions.who_suspended(member_id))


def had_suspended_another(by_id: uuid.UUID | None, member: Member) -> bool:
    """Whether this person, or who is one hand with them, suspended somebody else of the member's organisation lately:
    then the member may be the last one who could say anything about it (ADR 0172). An objection counts, too."""
    who = suspensions.who_suspended_others(member.organisation_id, member.id)
    return any(occasions.hangs_on_one(by_id, each) for each in who)


def parking(case_id: uuid.UUID) -> HeavyAct | None:
    """The act because of which the case opens for nobody; None if there is none that this program wrote."""
    statement = select(HeavyAct).where(HeavyAct.case_id == case_id, HeavyAct.status == ActStatus.PARKED)
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    return found if found is not None and rows.is_act(found) else None


def open_of_case(case_id: uuid.UUID) -> HeavyAct | None:
    """The act that is open about the case, parked or not; None if there is none that this program wrote."""
    statement = select(HeavyAct).where(
        HeavyAct.case_id == case_id, HeavyAct.status.in_((ActStatus.PARKED, ActStatus.ASKED))
    )
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    return found if found is not None and rows.is_act(found) else None
