"""The end of shifts, inside the transaction of an action (ADR 0073)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.models.shelter.key_workers import Shift
from nrm.vault import shifts as vault


def end_of_session(session: Session, digest: bytes, by: Actor) -> int:
    """End the shifts of a session that last now; returns how many there were."""
    now = clock.now()
    statement = select(Shift).where(
        Shift.session_digest == digest, Shift.ended_at.is_(None), Shift.until_at > now, Shift.begun_at <= now
    )
    found = session.scalars(statement.with_for_update()).all()
    for shift in found:
        if vault.is_genuine(shift, shift=True):
            shift.ended_at = now
            shift.mark = vault.shift_mark(shift)
            audit.append(session, audit.Event.SHIFT_ENDED, by=by, shift_id=shift.id)
    return len(found)
