"""What somebody asked for is over with who asked: called where an account is ended or suspended (ADR 0163)."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.second_hands import OPEN, ActKind, ActStatus, Undone
from nrm.domain.accounts.words import OccasionStatus
from nrm.models.accounts.accounts import Invitation, Member
from nrm.models.accounts.occasions import Occasion
from nrm.models.accounts.second_hands import HeavyAct
from nrm.steps.accounts import members as steps
from nrm.store.rows.accounts import occasions
from nrm.vault import rows
from nrm.vault.keylog import words


def fall(session: Session, asker: Member, by: Actor) -> None:
    """Whatever the member asked for and is not done is over, and no link works that they made, or caused.

    A case that is closed to everybody stays so, for it may be the person's own wish: but time destroys nothing before a
    second member, who reads that the asker was stopped, has seen it.
    """
    asked = select(HeavyAct).where(HeavyAct.asked_by_id == asker.id, HeavyAct.status.in_(OPEN))
    for act in session.scalars(asked.order_by(HeavyAct.id).execution_options(populate_existing=True)).all():
        if rows.is_act(act):
            _fall(session, act, by)
    waits = select(Occasion).where(Occasion.by_id == asker.id, Occasion.status == OccasionStatus.WAITS)
    for occasion in session.scalars(waits.order_by(Occasion.id).execution_options(populate_existing=True)).all():
        if words.is_occasion(occasion):
            steps.stop(session, session.get_one(Member, occasion.member_id), by)
    unused = update(Invitation).where(Invitation.used_at.is_(None)).values(used_at=clock.now())
    session.execute(unused.where(Invitation.by_id == asker.id))
    caused = select(HeavyAct.member_id).where(
        HeavyAct.asked_by_id == asker.id,
        HeavyAct.kind == str(ActKind.BEGIN_ANEW),
        HeavyAct.status == str(ActStatus.AGREED),
        HeavyAct.decided_by_id == Invitation.by_id,
    )
    session.execute(unused.where(Invitation.member_id.in_(caused)).execution_options(synchronize_session=False))


def stand_still(session: Session, by: Actor) -> None:
    """Who stops a colleague takes a pair of eyes away: of what they, or who is one hand with them, closed to everybody
    time destroys nothing before somebody else has seen it. Call it when the colleague is stopped."""
    unseen = select(HeavyAct).where(
        HeavyAct.organisation_id == by.organisation_id,
        HeavyAct.status == str(ActStatus.PARKED),
        HeavyAct.seen_at.is_(None),
        HeavyAct.final_at.is_not(None),
    )
    for act in session.scalars(unseen.order_by(HeavyAct.id).execution_options(populate_existing=True)).all():
        if rows.is_act(act) and occasions.hangs_on_one(act.asked_by_id, by.member_id):
            act.final_at = None
            act.mark = rows.act_mark(act)
    session.flush()


def _fall(session: Session, act: HeavyAct, by: Actor) -> None:
    if act.status == ActStatus.PARKED:
        act.final_at = act.seen_at = act.seen_by_id = None
    else:
        act.status, act.decided_at, act.undone = str(ActStatus.EXPIRED), clock.now(), str(Undone.FELL)
    act.mark = rows.act_mark(act)
    session.flush()
    if act.status == ActStatus.EXPIRED:
        audit.append(session, audit.Event.ACT_EXPIRED, by=by, act_id=act.id)
