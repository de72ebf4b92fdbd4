"""The second hand: agreeing to an act that destroys something, seeing it, undoing it; and what time does with it."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import current_app
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, rows_hit, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Permission
from nrm.domain.accounts.members import check_coming_back
from nrm.domain.accounts.second_hands import (
    OF_CASES,
    OPEN,
    PERMISSION,
    WEEK,
    ActKind,
    ActRefusal,
    ActRefused,
    ActStatus,
    Heard,
    Undone,
    climbs,
    final_at,
    is_over,
)
from nrm.domain.accounts.vouching import HandRefusal
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused
from nrm.models.accounts.accounts import Organisation
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Case, ParkedGrant
from nrm.steps.accounts import alone, key_log, leaving
from nrm.steps.accounts import members as member_steps
from nrm.steps.shelter import consent_records, parked
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import matching as matching_steps
from nrm.store.accounts import second_hands as store
from nrm.store.countries import country
from nrm.store.rows.accounts import askers
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import second_hands as act_rows
from nrm.vault import counted, rows, shredding

_KEPT = timedelta(days=30)


_REFUSED = {
    HandRefusal.OWN: ActRefusal.OWN,
    HandRefusal.NEW: ActRefusal.NEW,
    HandRefusal.VOUCHED: ActRefusal.VOUCHED,
    HandRefusal.ONE_HAND: ActRefusal.ONE_HAND,
}


def agree(*, act_id: uuid.UUID, by: Actor, heard: Heard | None = None) -> str | None:
    """Agree, and carry the act out at once. Returns the token of the one-time link if the act is to make new keys.

    Another active member of the organisation than the one who asked, and never the member it is about; the duty desk
    where the organisation has nobody else. `heard`: from where they know that it is the person's wish; of a case it
    must be said. Raises NotVisible, NotPermitted, ActRefused (`answered`, `own`, `new`), and what prevents the act by
    now: CaseRefused, LastKeyHolder, GoneForGood, CannotOpen.
    """
    asked = store.row(act_id, by=by)
    kind = ActKind(asked.kind)
    with transaction() as session:
        _hold(session, asked)
        asked = store.row(act_id, by=by)  # as it is now, with its MAC: this is what is carried out
        if kind != asked.kind:
            raise ActRefused(ActRefusal.ANSWERED)
        _check_second_hand(asked, by)
        if asked.status == ActStatus.ASKED and not askers.may_ask(asked.asked_by_id):
            raise ActRefused(ActRefusal.FELL)
        if heard is Heard.SIGNED and asked.signed_on is None:
            raise NotPermitted("nobody said that there is a signed form")
        if kind in OF_CASES and heard is None:
            raise ActRefused(ActRefusal.ANSWERED)
        was_parked = asked.status == ActStatus.PARKED
        alone.settle(session, asked, ActStatus.AGREED, by, heard=heard)
        token = _carry_out(session, kind, asked, by, was_parked=was_parked)
        alone.record(session, audit.Event.ACT_AGREED, asked, by, heard=str(heard) if heard else None)
    erasure_steps.carry_out()
    return token


def see(*, act_id: uuid.UUID, by: Actor) -> None:
    """A second member, or the duty desk where it climbed there, has seen that a case is closed to everybody: from now
    on its 72 hours run. Raises NotVisible, NotPermitted, ActRefused."""
    asked = store.row(act_id, by=by)
    with transaction() as session:
        _hold(session, asked)
        asked = store.row(act_id, by=by)
        desk = _is_desk_of(asked, by) and climbs(asked.asked_at, asked.seen_at, clock.now())
        if desk:
            _must_not_be_new_at_desk(by)
        else:
            _check_second_hand(asked, by)
        if asked.status != ActStatus.PARKED:
            raise ActRefused(ActRefusal.ANSWERED)
        if asked.seen_at is not None or asked.parked_at is None:
            raise ActRefused(ActRefusal.SEEN)
        asked.seen_at, asked.seen_by_id = clock.now(), by.member_id
        # Where no time ran, and of who was stopped since, that there is a signed form is said by one hand: from now on.
        ran = asked.signed_on is not None and asked.final_at is not None
        signed = ran and askers.may_ask(asked.asked_by_id, asked.asked_at)
        asked.final_at = final_at(asked.parked_at, asked.seen_at, many=asked.many, signed=signed)
        asked.mark = rows.act_mark(asked)
        session.flush()
        alone.record(session, audit.Event.ACT_SEEN, asked, by)


def undo(*, act_id: uuid.UUID, by: Actor, changed_mind: bool = False) -> None:
    """Let the holder open a case again that is closed to everybody; nothing is destroyed.

    A member of the holder, the one who asked included, or the duty desk. `changed_mind`: the person said so herself, at
    the holder. Needs no key. Raises NotVisible, NotPermitted, ActRefused (`answered`, `new_at_desk`).
    """
    asked = store.row(act_id, by=by)
    desk = _is_desk_of(asked, by)
    if not desk:
        by.must(PERMISSION[ActKind(asked.kind)])
    else:
        _must_not_be_new_at_desk(by)
    how = Undone.AUTHORITY if desk else Undone.PERSON if changed_mind else Undone.HOLDER
    with transaction() as session:
        _hold(session, asked)
        asked = store.row(act_id, by=by)
        if asked.status != ActStatus.PARKED or asked.case_id is None:
            raise ActRefused(ActRefusal.ANSWERED)
        alone.settle(session, asked, ActStatus.DECLINED, by, undone=how)
        parked.give_back(session, asked.case_id, by)
        if asked.kind == ActKind.WITHDRAW and not changed_mind:  # the answers by which it began were a mistake, too
            case = session.get_one(Case, asked.case_id)
            on = clock.day_of(asked.asked_at, country().timezone)
            consent_records.undo_refusals(session, case, by, heard_by_id=asked.asked_by_id, on=on)
        matching_steps.resume(session, session.get_one(Case, asked.case_id), by)
        alone.record(session, audit.Event.ACT_UNDONE, asked, by, how=str(how))
    shredding.work_off()


def decline(*, act_id: uuid.UUID, by: Actor) -> None:
    """Decline what is not done yet, or take back what the actor asked for. Raises NotVisible, NotPermitted, ActRefused
    (`answered`, `one_hand`, `new_at_desk`)."""
    asked = store.row(act_id, by=by)
    if _is_desk_of(asked, by):
        _must_not_be_new_at_desk(by)
    else:
        by.must(PERMISSION[ActKind(asked.kind)])
    with transaction() as session:
        _hold(session, asked)
        asked = store.row(act_id, by=by)
        if asked.status != ActStatus.ASKED:
            raise ActRefused(ActRefusal.ANSWERED)
        mine = asked.asked_by_id == by.member_id
        if not mine and act_rows.is_hand_of_subject(asked, by.member_id):
            raise ActRefused(ActRefusal.ONE_HAND)
        how = Undone.ASKER if mine else Undone.AUTHORITY if _is_desk_of(asked, by) else Undone.HOLDER
        alone.settle(session, asked, ActStatus.DECLINED, by, undone=how)
        alone.record(session, audit.Event.ACT_DECLINED, asked, by)


def expire(*, by: Actor) -> int:
    """What time does: end acts that nobody agreed to, carry out what is final, delete what ended long ago. Returns how
    many ended or were carried out. Needs no key.

    A row that this program did not write is reported; one that only waits is deleted.
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
    counted.forget(now - WEEK)
    return len(gone) + _finish_due(by)


def _finish_due(by: Actor) -> int:
    """Destroy what cases keep whose 72 hours are over; report cases that are closed while no act says so."""
    acts = db.session.scalars(select(HeavyAct).where(HeavyAct.status == ActStatus.PARKED).order_by(HeavyAct.id)).all()
    right = [act for act in acts if rows.is_act(act)]
    due = [act.id for act in right if act.final_at is not None and act.final_at <= clock.now()]
    closed = set(db.session.scalars(select(ParkedGrant.case_id).distinct()))
    lost = closed - {act.case_id for act in right}
    db.session.rollback()
    for case_id in sorted(lost, key=str):
        current_app.logger.error("case %s is closed to everybody, and no act of this program says so", case_id)
    done = 0
    for act_id in due:
        try:
            done += _finish(act_id, by)
        except CaseRefused as refused:
            current_app.logger.error("act %s cannot be carried out now: %s", act_id, refused.reason)
    if done:
        erasure_steps.carry_out()
    return done


def _finish(act_id: uuid.UUID, by: Actor) -> bool:
    with transaction() as session:
        act = session.get(HeavyAct, act_id, populate_existing=True)
        if act is None:
            return False
        _hold(session, act)
        session.refresh(act)
        is_due = act.status == ActStatus.PARKED and act.final_at is not None and act.final_at <= clock.now()
        if not is_due or not rows.is_act(act):
            return False
        alone.settle(session, act, ActStatus.DONE, by)
        parked.finish(session, act, by)
        alone.record(session, audit.Event.ACT_FINISHED, act, by)
        return True


def _carry_out(session: Session, kind: ActKind, asked: HeavyAct, by: Actor, *, was_parked: bool) -> str | None:
    if asked.case_id is not None:
        if not was_parked and not _is_desk_of(asked, by):
            # It is closed to everybody first, by a key of the holder: so what stays gets a new epoch, too.
            try:
                case = parked.able(session, asked.case_id, kind, by)
            except NotVisible:
                raise CaseRefused(CaseRefusal.NOT_HOLDER) from None  # it has changed hands since
            parked.begin(session, case, kind, by)
        parked.finish(session, asked, by)
    elif asked.member_id is not None and kind is ActKind.END_ACCOUNT:
        member, organisation = member_steps.held(session, asked.member_id)
        if member.status != "disabled":
            leaving.leave(session, member, organisation, by)
    elif asked.member_id is not None and kind is ActKind.LET_BACK:
        member, organisation = member_steps.held(session, asked.member_id)
        if member.status == "disabled":
            check_coming_back(member.left_at, has_keys=member.sealed_kem is not None, now=clock.now())
            leaving.come_back(session, member, by, waiting=key_log.lets_in_by_words(session, organisation))
    elif asked.member_id is not None:
        return member_steps.let_begin_again(session, asked.member_id, by)
    return None


def _is_desk_of(asked: HeavyAct, by: Actor) -> bool:
    """Whether the actor answers as the duty desk, for another organisation."""
    return by.may(Permission.REFERRAL_DIRECT) and asked.organisation_id != by.organisation_id


def _must_not_be_new_at_desk(by: Actor) -> None:
    """Raise ActRefused for who was let in at the duty desk lately, where others there decide for other houses."""
    if occasion_rows.is_new_at_desk(by.member_id, by.organisation_id):
        raise ActRefused(ActRefusal.NEW_AT_DESK)


def _check_second_hand(asked: HeavyAct, by: Actor) -> None:
    """Raise NotPermitted, ActRefused unless the actor is the second hand for this act."""
    if asked.status not in OPEN:
        raise ActRefused(ActRefusal.ANSWERED)
    if asked.asked_by_id == by.member_id:
        raise ActRefused(ActRefusal.OWN)
    if _is_desk_of(asked, by):
        _must_not_be_new_at_desk(by)
        if not store.is_left_to_desk(asked, by=by):
            raise NotPermitted("a colleague of the holder is the second hand")
        return
    by.must(PERMISSION[ActKind(asked.kind)])
    if by.member_id is None:
        raise NotPermitted("a person is the second hand")
    refusal = act_rows.hand_refusal(asked, by.member_id)
    if refusal is not None:
        raise ActRefused(_REFUSED[refusal])


def _hold(session: Session, asked: HeavyAct) -> None:
    """Lock what the act is about before the act: the same order as for a member who does it alone."""
    if asked.case_id is not None:
        session.get_one(Case, asked.case_id, with_for_update=True, populate_existing=True)
    else:
        session.get_one(
            Organisation, asked.organisation_id, with_for_update={"key_share": True}, populate_existing=True
        )
