"""Raising the alarm that a witness is threatened, inside the transaction of an action. Needs no key."""

from __future__ import annotations

import uuid

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.support.threats import SENT_AGAIN
from nrm.models.support.threats import ThreatAlarm, ThreatSeen


def tell(
    session: Session,
    by: Actor,
    *,
    case_id: uuid.UUID | None = None,
    witness_id: uuid.UUID | None = None,
    step_id: uuid.UUID | None = None,
) -> None:
    """Raise the alarm about the person of a case, or a witness without one. `step_id`: whose reason tells it."""
    alarm = ThreatAlarm(
        id=uuid.uuid4(),
        case_id=case_id,
        witness_id=witness_id,
        step_id=step_id if case_id is not None else None,
        witness_step_id=step_id if witness_id is not None else None,
        organisation_id=by.organisation_id,
        told_at=clock.now(),
    )
    session.add(alarm)
    session.flush()
    audit.append(session, audit.Event.THREAT_TOLD, by=by, alarm_id=alarm.id, case_id=case_id)


def is_sent_again(session: Session, by: Actor, whose: ColumnElement[bool]) -> bool:
    """Whether the actor's organisation told the same some minutes ago, undoubted, and nobody has seen it yet."""
    since = clock.now() - SENT_AGAIN
    without_step = (ThreatAlarm.step_id.is_(None), ThreatAlarm.witness_step_id.is_(None))
    told = select(ThreatAlarm.id).where(
        whose,
        ThreatAlarm.organisation_id == by.organisation_id,
        ThreatAlarm.told_at > since,
        ThreatAlarm.doubt == "",
        *without_step,
        ~exists().where(ThreatSeen.alarm_id == ThreatAlarm.id),
    )
    return session.scalar(told.limit(1)) is not None


def forget(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """Delete the alarms of a case of which nothing is kept."""
    mine = select(ThreatAlarm.id).where(ThreatAlarm.case_id == case_id)
    session.execute(delete(ThreatSeen).where(ThreatSeen.alarm_id.in_(mine)))
    session.execute(delete(ThreatAlarm).where(ThreatAlarm.case_id == case_id))
    audit.append(session, audit.Event.THREAT_FORGOTTEN, by=by, case_id=case_id)
