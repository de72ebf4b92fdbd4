"""When an announced return is late, and what becomes of it with the interview that began with it, inside the
transaction of an action.

Decided in ADR 0230 and ADR 0237.
"""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.referrals.announced_returns import AnnouncedReturnStatus, Said, due_from, late_from
from nrm.domain.shelter.cases import Compartment
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.store.countries import country
from nrm.vault import epochs

IDENTITY = str(Compartment.IDENTITY)
COARSE: dict[str, None] = dict.fromkeys(("expected_on", "hour", "companions", "needs", "interview_id"))
"""What is kept of a return only until it is over."""
NOTHING_SAID = {"said": "", "said_at": None, "said_by_id": None, "why": "", "untold": 0, "announced_by_id": None}
"""What is kept only until it is over of what was said, and of who said it."""


def interview_over(
    session: Session, interview_id: uuid.UUID, how: Said | None, *, by: uuid.UUID | None, who: Actor
) -> None:
    """The interview ended. `how`: it was thrown away or ran out, and the person is expected again; or nobody was handed
    over, which the duty desk reads until it has seen it; None: it told what became of the person. `by`: who ended it;
    nobody where its time ran out. `who`: in whose action."""
    notice = session.scalar(
        select(AnnouncedReturn).where(AnnouncedReturn.interview_id == interview_id).with_for_update()
    )
    if notice is None:
        return
    if how is None:
        for name, value in {**COARSE, **NOTHING_SAID}.items():
            setattr(notice, name, value)
        epochs.erase(session, notice.id, [IDENTITY])
        return
    notice.interview_id = None
    notice.said, notice.said_at, notice.said_by_id = str(how), clock.now(), by or notice.said_by_id
    if how is Said.ENDED:
        return
    notice.status, notice.untold = str(AnnouncedReturnStatus.ANNOUNCED), notice.untold + 1
    session.flush()
    audit.append(session, audit.Event.NOTICE_EXPECTED_AGAIN, by=who, notice_id=notice.id)


def is_overdue(notice: AnnouncedReturn) -> bool:
    """Whether the person should have come by now, or it was said that they did not."""
    if notice.expected_on is None:
        return False
    return clock.now() >= late_from(notice.expected_on, notice.hour, country().timezone)


def needs_reason(notice: AnnouncedReturn, *, by: Actor) -> bool:
    """Whether it is taken back with a reason, before the eyes of the duty desk: its hour has come, it may be a child,
    it was said that the person arrived, or somebody else announced it."""
    if notice.expected_on is None:
        return False
    due = clock.now() >= due_from(notice.expected_on, notice.hour, country().timezone)
    return due or notice.child != "no" or notice.untold > 0 or notice.announced_by_id != by.member_id
