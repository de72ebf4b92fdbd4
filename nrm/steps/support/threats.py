"""Raising the alarm that a witness is threatened, inside the transaction of an action. Needs no key."""

from __future__ import annotations

import uuid

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
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
    audit.append(session, audit.Event.THREAT_TOLD, by=by, alarm_id=alarm.id)


def forget(session: Session, case_id: uuid.UUID) -> None:
    """Delete the alarms of a case of which nothing is kept."""
    mine = select(ThreatAlarm.id).where(ThreatAlarm.case_id == case_id)
    session.execute(delete(ThreatSeen).where(ThreatSeen.alarm_id.in_(mine)))
    session.execute(delete(ThreatAlarm).where(ThreatAlarm.case_id == case_id))
