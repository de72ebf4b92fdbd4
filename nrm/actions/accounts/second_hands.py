"""A second member agrees to an act that destroys something, or declines it; acts without an answer expire."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import hit_one, rows_hit, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.accounts.second_hands import PERMISSION, WINDOW, ActKind, ActRefusal, ActRefused, ActStatus, is_over
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused
from nrm.models.accounts.accounts import Organisation
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Case
from nrm.steps.accounts import members as member_steps
from nrm.steps.shelter import consents as consent_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.store.accounts import second_hands as store
from nrm.store.rows.accounts import members as member_rows
from nrm.vault import counted, rows

_KEPT = timedelta(days=30)


def agree(*, act_id: uuid.UUID, by: Actor) -> str | None:
    """Agree, and carry the act out at once. Returns the token of the one-time link if the act is to make new keys.

    Only another active member than the one who asked may agree, and never the member it is about. Raises NotVisible,
    NotPermitted, ActRefused (`answered`, `own`, `new`), and what prevents the act by now: CaseRefused, ConsentRefused,
    GateClosed, LastKeyHolder, CannotOpen.
    """
    asked = store.row(act_id, by=by)
    kind = ActKind(asked.kind)
    by.must(PERMISSION[kind])
    if asked.asked_by_id == by.member_id:
        raise ActRefused(ActRefusal.OWN)
    with transaction() as session:
        _hold(session, asked)
        asked = store.row(act_id, by=by)  # as it is now, with its MAC: this is what is carried out
        if asked.asked_by_id == by.member_id or kind != asked.kind:
            raise ActRefused(ActRefusal.ANSWERED)
        if by.member_id is not None and member_rows.confirmed_since(by.member_id, asked.asked_at):
            raise ActRefused(ActRefusal.NEW)
        _settle(session, asked, ActStatus.AGREED, by)
        try:
            token = _carry_out(session, kind, asked, by)
        except NotVisible:
            raise CaseRefused(CaseRefusal.NOT_HOLDER) from None  # it has changed hands since
        audit.append(session, audit.Event.ACT_AGREED, by=by, act_id=asked.id, kind=kind)
    erasure_steps.carry_out()
    return token


def decline(*, act_id: uuid.UUID, by: Actor) -> None:
    """Decline it, or take back what the actor asked for. Raises NotVisible, NotPermitted, ActRefused (`answered`)."""
    asked = store.row(act_id, by=by)
    by.must(PERMISSION[ActKind(asked.kind)])
    with transaction() as session:
        asked = store.row(act_id, by=by)
        _settle(session, asked, ActStatus.DECLINED, by)
        audit.append(session, audit.Event.ACT_DECLINED, by=by, act_id=asked.id, kind=asked.kind)


def expire(*, by: Actor) -> int:
    """End acts that nobody agreed to in time, without doing them; delete acts that ended long ago. Returns how many
    end.

    A row that this program did not write is reported and deleted.
    """
    now = clock.now()
    answer = {"status": str(ActStatus.EXPIRED), "decided_at": now}
    gone = []
    with transaction() as session:
        waiting = select(HeavyAct).where(HeavyAct.status == ActStatus.ASKED).order_by(HeavyAct.id)
        for act in session.scalars(waiting.execution_options(populate_existing=True)).all():
            place = (HeavyAct.id == act.id, HeavyAct.status == ActStatus.ASKED)
            if not rows.is_act(act):
                session.execute(delete(HeavyAct).where(*place).execution_options(synchronize_session=False))
            elif is_over(act.expires_at, now):
                change = update(HeavyAct).where(*place).values(**answer, mark=rows.act_mark(act, **answer))
                gone += [act.id] * rows_hit(session, change.execution_options(synchronize_session=False))
        session.execute(delete(HeavyAct).where(HeavyAct.decided_at <= now - _KEPT))
        for act_id in gone:
            audit.append(session, audit.Event.ACT_EXPIRED, by=by, act_id=act_id)
    counted.forget(now - WINDOW)
    return len(gone)


def _carry_out(session: Session, kind: ActKind, asked: HeavyAct, by: Actor) -> str | None:
    if asked.case_id is not None and kind is ActKind.WITHDRAW:
        consent_steps.take_back_everything(session, asked.case_id, by)
    elif asked.case_id is not None:
        erasure_steps.erase_whole(session, asked.case_id, by)
    elif asked.member_id is not None and kind is ActKind.END_ACCOUNT:
        member_steps.end_account(session, asked.member_id, by)
    elif asked.member_id is not None:
        return member_steps.let_begin_again(session, asked.member_id, by)
    return None


def _hold(session: Session, asked: HeavyAct) -> None:
    """Lock what the act is about before the act: the same order as for a member who does it alone."""
    if asked.case_id is not None:
        session.get_one(Case, asked.case_id, with_for_update=True, populate_existing=True)
    else:
        session.get_one(
            Organisation, asked.organisation_id, with_for_update={"key_share": True}, populate_existing=True
        )


def _settle(session: Session, asked: HeavyAct, status: ActStatus, by: Actor) -> None:
    """Store the answer; of two people who answer at once the second gets ActRefused."""
    now = clock.now()
    answer = {"status": str(status), "decided_at": now, "decided_by_id": by.member_id}
    hit = hit_one(
        session,
        update(HeavyAct)
        .where(HeavyAct.id == asked.id, HeavyAct.status == ActStatus.ASKED, HeavyAct.expires_at > now)
        .values(**answer, mark=rows.act_mark(asked, **answer))
        .execution_options(synchronize_session=False),
    )
    if not hit:
        raise ActRefused(ActRefusal.ANSWERED)
