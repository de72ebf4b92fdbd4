"""When an announced return is late, and what becomes of it with the interview that began with it, inside the
transaction of an action.

Decided in ADR 0230.
"""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.referrals.announced_returns import AnnouncedReturnStatus, Said, late_from
from nrm.domain.shelter.cases import Compartment
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.store.countries import country
from nrm.vault import epochs

IDENTITY = str(Compartment.IDENTITY)
COARSE: dict[str, None] = dict.fromkeys(("expected_on", "hour", "companions", "needs", "interview_id"))
"""What is kept of a return only until it is over."""


def interview_over(
    session: Session, interview_id: uuid.UUID, how: Said | None, *, by: uuid.UUID | None, who: Actor
) -> None:
    """The interview ended. `how`: it says nothing of the person, who is expected again; None: it told what became of
    them. `by`: who destroyed it; nobody where its time ran out. `who`: in whose action."""
    notice = session.scalar(
        select(AnnouncedReturn).where(AnnouncedReturn.interview_id == interview_id).with_for_update()
    )
    if notice is None:
        return
    if how is None:
        for name in COARSE:
            setattr(notice, name, None)
        notice.said, notice.said_at, notice.said_by_id = "", None, None
        epochs.erase(session, notice.id, [IDENTITY])
        return
    notice.status, notice.interview_id = str(AnnouncedReturnStatus.ANNOUNCED), None
    notice.said, notice.said_at, notice.said_by_id = str(how), clock.now(), by or notice.said_by_id
    session.flush()
    audit.append(session, audit.Event.NOTICE_EXPECTED_AGAIN, by=who, notice_id=notice.id)


def is_overdue(notice: AnnouncedReturn) -> bool:
    """Whether the person should have come by now, or it was said that they did not."""
    if notice.expected_on is None:
        return False
    return clock.now() >= late_from(notice.expected_on, notice.hour, country().timezone)


def needs_reason(notice: AnnouncedReturn) -> bool:
    """Whether it is taken back with a reason, before the eyes of the duty desk: it is late, or the interview of who was
    said to have arrived was destroyed, or never finished."""
    return is_overdue(notice) or notice.said in (Said.DESTROYED, Said.RAN_OUT)
