"""How many acts that destroy something one member may do alone. Each such act asks here, in its own transaction.

Decided in ADR 0047.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.alarms import AlarmKind
from nrm.domain.accounts.second_hands import AT_ONCE, OF_CASES, WAITS, WINDOW, ActKind, ActReason, ActStatus, at_once
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.alarms import Alarm
from nrm.models.accounts.second_hands import HeavyAct
from nrm.store.accounts import second_hands as store
from nrm.store.rows.accounts import alarms as alarm_rows
from nrm.vault import counted, rows

_HOURS = WINDOW // timedelta(hours=1)


def goes(session: Session, kind: ActKind, reason: ActReason, subject: uuid.UUID, by: Actor) -> uuid.UUID | None:
    """None if the actor may do it alone now: the caller does it in this transaction, and calls `count`.

    Else the id of the act that waits for a second member; then the caller does nothing that cannot be undone.

    Before the call, the caller must lock the case or the organisation, and must not have written to the audit chain.
    The member's row is locked until the transaction ends, so that of two acts at once the second counts the first.
    """
    session.get_one(Member, by.member_id, with_for_update={"key_share": True}, populate_existing=True)
    taken = store.taken(kind, subject, by=by)
    pending = store.waits(kind, subject, by=by)
    now = clock.now()
    if pending is not None and not rows.is_act(pending):
        session.delete(pending)  # somebody put it into the database by hand, to block what is asked for
        session.flush()
        pending = None
    if pending is not None and now >= pending.expires_at:
        pending.status, pending.decided_at = str(ActStatus.EXPIRED), now
        pending.mark = rows.act_mark(pending)
        session.flush()
        pending = None
    held_back, alone = store.is_held_back(kind, subject, by=by), store.is_alone(kind, subject, by=by)
    if at_once(len(taken), held_back=held_back, alone=alone):
        if pending is not None and pending.asked_by_id != by.member_id:
            # A colleague asked for this: the actor is the second member.
            pending.status, pending.decided_at, pending.decided_by_id = str(ActStatus.AGREED), now, by.member_id
            pending.mark = rows.act_mark(pending)
        elif pending is not None:
            pending.status, pending.decided_at = str(ActStatus.DONE), now
            pending.mark = rows.act_mark(pending)
        _add(session, kind, reason, subject, by, done=True)
        return None
    if pending is not None:
        return pending.id
    act = _add(session, kind, reason, subject, by, done=False)
    many = len(taken) >= AT_ONCE
    alarm = _alarm(session, kind, len(taken) + 1, min([now, *taken]), by) if many else None
    audit.append(
        session, audit.Event.ACT_ASKED, by=by, act_id=act.id, kind=kind, case_id=act.case_id, of_member_id=act.member_id
    )
    if alarm is not None:
        audit.append(
            session,
            audit.Event.ALARM_RAISED,
            by=by,
            alarm_id=alarm.id,
            of_member_id=by.member_id,
            of_organisation_id=by.organisation_id,
            hours=alarm.hours,
            cases=alarm.cases,
        )
    return act.id


def _add(session: Session, kind: ActKind, reason: ActReason, subject: uuid.UUID, by: Actor, *, done: bool) -> HeavyAct:
    now = clock.now()
    of_case = kind in OF_CASES
    act = HeavyAct(
        id=uuid.uuid4(),
        organisation_id=by.organisation_id,
        asked_by_id=by.member_id,
        asked_at=now,
        kind=str(kind),
        reason=str(reason),
        case_id=subject if of_case else None,
        member_id=None if of_case else subject,
        status=str(ActStatus.DONE if done else ActStatus.ASKED),
        decided_at=now if done else None,
        expires_at=now + WAITS,
    )
    act.mark = rows.act_mark(act)
    session.add(act)
    session.flush()
    return act


def count(session: Session, kind: ActKind, subject: uuid.UUID, by: Actor) -> None:
    """Record that the actor does it alone: it counts for an hour, even if its row is deleted from the main database.

    Call it at the end of the transaction: the second database keeps the count even if the transaction fails.
    """
    session.flush()
    if by.member_id is not None:
        counted.note(by.member_id, str(kind), subject, clock.now())


def _alarm(session: Session, kind: ActKind, number: int, first_at: datetime, by: Actor) -> Alarm | None:
    """Raise the alarm about the actor; None if there is one already, which then gets the higher number."""
    of = AlarmKind.ERASURES if kind in OF_CASES else AlarmKind.ENDINGS
    now = clock.now()
    known = alarm_rows.fresh_of(of, WINDOW, by.member_id)
    if known is not None:
        session.execute(update(Alarm).where(Alarm.id == known.id).values(cases=known.cases + 1, last_at=now))
        return None
    alarm = Alarm(
        id=uuid.uuid4(),
        member_id=by.member_id,
        organisation_id=by.organisation_id,
        kind=str(of),
        hours=_HOURS,
        cases=number,
        first_at=first_at,
        last_at=now,
        raised_at=now,
    )
    session.add(alarm)
    session.flush()
    return alarm
