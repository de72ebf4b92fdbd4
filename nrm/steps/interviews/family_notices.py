"""What the child authority says to a family notice, inside the transaction of an action."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor
from nrm.domain.interviews.family_notices import DeskAnswer
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal
from nrm.models.interviews.family_notices import FamilyNotice


def answered(
    session: Session, family_id: uuid.UUID, answer: DeskAnswer, *, stood: str = "", how: str, at: datetime, by: Actor
) -> None:
    """Record it; raises IllegalTransition if the desk said that before, or that it has seen the notice, or if another
    answer than `stood` stands there: a colleague gave it meanwhile."""
    hit = hit_one(
        session,
        update(FamilyNotice)
        .where(
            FamilyNotice.id == family_id,
            FamilyNotice.answer == stood,
            FamilyNotice.answer.not_in((str(DeskAnswer.SEEN), str(answer))),
        )
        .values(answer=str(answer), answer_how=how, answered_at=at, answered_by_id=by.member_id),
    )
    if not hit:
        raise IllegalTransition(TransitionRefusal.STATE)
    audit.append(session, audit.Event.FAMILY_NOTICE_ANSWERED, by=by, family_id=family_id, answer=str(answer), how=how)


def not_seen(session: Session, family_id: uuid.UUID, *, by: Actor) -> None:
    """It was written down by mistake that the desk has seen it: nobody has said anything. Raises IllegalTransition."""
    hit = hit_one(
        session,
        update(FamilyNotice)
        .where(FamilyNotice.id == family_id, FamilyNotice.answer == str(DeskAnswer.SEEN))
        .values(answer="", answer_how="", answered_at=None, answered_by_id=None),
    )
    if not hit:
        raise IllegalTransition(TransitionRefusal.STATE)
    audit.append(session, audit.Event.FAMILY_NOTICE_OPEN_AGAIN, by=by, family_id=family_id)
