"""The entry in the audit chain by which an alarm about a member is told (ADR 0012)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from nrm import audit
from nrm.domain.accounts.accounts import Actor
from nrm.models.accounts.alarms import Alarm


def record(session: Session, alarm: Alarm, *, by: Actor, **more: str) -> None:
    """Write down that the alarm was raised, as it counts now; `more`: what else the entry says."""
    session.flush()
    audit.append(
        session,
        audit.Event.ALARM_RAISED,
        by=by,
        alarm_id=alarm.id,
        of_member_id=alarm.member_id,
        of_organisation_id=alarm.organisation_id,
        hours=alarm.hours,
        cases=alarm.cases,
        **more,
    )
