"""How much that destroys one member does alone. Each such act asks here, in its own transaction.

Decided in ADR 0047, ADR 0102 and ADR 0103.
"""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.alarms import AlarmKind
from nrm.domain.accounts.second_hands import (
    OF_CASES,
    OPEN,
    WAITS,
    ActKind,
    ActReason,
    ActRefusal,
    ActRefused,
    ActStatus,
    Heard,
    Undone,
    ends_at_once,
    final_at,
    form_counts,
    is_many,
    is_over,
    parks,
)
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.second_hands import HeavyAct
from nrm.steps.accounts import many_acts
from nrm.store.accounts import second_hands as store
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.vault import counted, rows


def of_case(
    session: Session, kind: ActKind, reason: ActReason, case_id: uuid.UUID, by: Actor, *, signed_on: date | None = None
) -> tuple[HeavyAct, bool]:
    """The act that is open about the case, and whether it is new; if it is new and says `parked`, the caller closes the
    case to everybody (`parked.begin`).

    `signed_on`: the day on the form that the person signed, as the actor says; the program sees no form.
    Before the call, the caller must lock the case, and must not have written to the audit chain. Organisation and
    member are locked until the transaction ends, so that of two acts at once the second counts the first.
    """
    _hold(session, by)
    pending = _open_act(session, kind, case_id, by)
    if pending is not None and not (signed_on and pending.status == ActStatus.ASKED):
        return pending, False
    of_member, of_holder = store.begun(case_id, by=by)
    many, signed = is_many(of_member, of_holder), signed_on is not None
    held_back = store.is_held_back(kind, case_id, by=by) or store.is_new_there(by=by)
    stopped = occasion_rows.has_stopped_a_colleague(by.member_id, by.organisation_id)
    counts = signed and form_counts(store.begun_today(case_id, by=by), stopped=stopped)
    begins = parks(many=many, signed=counts, held_back=held_back)
    if pending is not None:
        if not begins:
            return pending, False
        _replace(session, pending, by)
    act = _new_act(kind, reason, case_id, by, ActStatus.PARKED if begins else ActStatus.ASKED)
    act.many, act.signed_on = many, signed_on
    if begins:
        act.parked_at = act.asked_at
        act.final_at = final_at(act.asked_at, None, many=many, signed=counts)
    _put(session, act, by)
    return act, True


def of_account(
    session: Session, kind: ActKind, reason: ActReason, member_id: uuid.UUID, by: Actor, *, few: bool = False
) -> uuid.UUID | None:
    """None if the account ends now: the caller ends it in this transaction, and calls `count`. Else the id of the act
    that waits for a second hand; then the caller does nothing.

    `few`: fewer than two people would hold the key of the organisation, or for another reason of the caller's one hand
    is not enough. The caller has locked the organisation.
    """
    _hold(session, by)
    pending = _open_act(session, kind, member_id, by)
    if pending is not None:
        return pending.id
    held_back = store.is_held_back(kind, member_id, by=by)
    if ends_at_once(store.ended(member_id, by=by), few=few, held_back=held_back):
        act = _new_act(kind, reason, member_id, by, ActStatus.DONE)
        act.decided_at = act.asked_at
        _put(session, act, by)
        return None
    act = _new_act(kind, reason, member_id, by, ActStatus.ASKED)
    _put(session, act, by)
    record(session, audit.Event.ACT_ASKED, act, by)
    return act.id


def record(session: Session, event: audit.Event, act: HeavyAct, by: Actor, **details: str | None) -> None:
    """Append to the audit chain what happened to an act."""
    audit.append(
        session,
        event,
        by=by,
        act_id=act.id,
        kind=act.kind,
        case_id=act.case_id,
        of_member_id=act.member_id,
        **details,
    )


def settle(
    session: Session,
    asked: HeavyAct,
    status: ActStatus,
    by: Actor,
    *,
    heard: Heard | None = None,
    undone: Undone | None = None,
) -> None:
    """Store the answer; of two people who answer at once the second gets ActRefused."""
    now = clock.now()
    answer = {
        "status": str(status),
        "decided_at": now,
        "decided_by_id": by.member_id,
        "heard": str(heard or ""),
        "undone": str(undone or ""),
    }
    still = HeavyAct.status == asked.status
    if asked.status == ActStatus.ASKED:
        still &= HeavyAct.expires_at > now
    hit = asked.status in OPEN and hit_one(
        session,
        update(HeavyAct)
        .where(HeavyAct.id == asked.id, still)
        .values(**answer, mark=rows.act_mark(asked, **answer))
        .execution_options(synchronize_session=False),
    )
    if not hit:
        raise ActRefused(ActRefusal.ANSWERED)


def count(session: Session, kind: ActKind, subject: uuid.UUID, by: Actor) -> None:
    """Record that the actor does it alone: it counts for its time, even if its row is deleted from the main database.

    Call it at the end of the transaction: the second database keeps the count even if the transaction fails.
    """
    session.flush()
    for whose in (by.member_id, by.organisation_id):
        if whose is not None:
            counted.note(whose, str(kind), subject, clock.now())


def _hold(session: Session, by: Actor) -> None:
    for model, id_ in ((Organisation, by.organisation_id), (Member, by.member_id)):
        session.get_one(model, id_, with_for_update={"key_share": True}, populate_existing=True)


def _open_act(session: Session, kind: ActKind, subject: uuid.UUID, by: Actor) -> HeavyAct | None:
    """What is open about the case or account. One that somebody put into the database by hand, to block what is asked
    for, is deleted; one whose time is over is ended."""
    _end_elsewhere(session, kind, subject, by)
    pending = store.waits(kind, subject, by=by)
    if pending is None:
        return None
    if not rows.is_act(pending):
        session.delete(pending)
        session.flush()
        return None
    if pending.status == ActStatus.ASKED and is_over(pending.expires_at, clock.now()):
        pending.status, pending.decided_at = str(ActStatus.EXPIRED), clock.now()
        pending.mark = rows.act_mark(pending)
        session.flush()
        return None
    return pending


def _end_elsewhere(session: Session, kind: ActKind, case_id: uuid.UUID, by: Actor) -> None:
    """What another organisation asked for about a case that it does not hold any more waits for nobody."""
    if kind not in OF_CASES:
        return
    waiting = select(HeavyAct).where(
        HeavyAct.case_id == case_id,
        HeavyAct.organisation_id != by.organisation_id,
        HeavyAct.status == str(ActStatus.ASKED),
    )
    for act in session.scalars(waiting.execution_options(populate_existing=True)).all():
        act.status, act.decided_at = str(ActStatus.EXPIRED), clock.now()
        act.mark = rows.act_mark(act)
    session.flush()


def _replace(session: Session, act: HeavyAct, by: Actor) -> None:
    """The same is asked for with the person's signed form: the earlier one is over."""
    act.status, act.decided_at, act.decided_by_id = str(ActStatus.DECLINED), clock.now(), by.member_id
    act.undone = str(Undone.ASKER) if act.asked_by_id == by.member_id else str(Undone.HOLDER)
    act.mark = rows.act_mark(act)
    session.flush()


def _new_act(kind: ActKind, reason: ActReason, subject: uuid.UUID, by: Actor, status: ActStatus) -> HeavyAct:
    now = clock.now()
    of_case = kind in OF_CASES
    return HeavyAct(
        id=uuid.uuid4(),
        organisation_id=by.organisation_id,
        asked_by_id=by.member_id,
        asked_at=now,
        kind=str(kind),
        reason=str(reason),
        case_id=subject if of_case else None,
        member_id=None if of_case else subject,
        status=str(status),
        expires_at=now + WAITS,
        many=False,
        heard="",
        undone="",
    )


def _put(session: Session, act: HeavyAct, by: Actor) -> None:
    act.mark = rows.act_mark(act)
    session.add(act)
    session.flush()
    many_acts.look(session, AlarmKind.ERASURES if act.case_id is not None else AlarmKind.ENDINGS, by)
