"""A case that is closed to everybody because the person withdrew everything or asks for erasure: its begin, its end for
good, and giving it back, inside the transaction of an action (ADR 0102).

Beginning needs a key of the holder; ending and giving back need none.
"""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.second_hands import ActKind, ActReason, ActStatus, Undone, is_over
from nrm.domain.referrals.referrals import ReferralEvent, ReferralStatus
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused, Compartment
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.steps.accounts import alone
from nrm.steps.referrals import hand_overs
from nrm.steps.referrals import next_receiver as next_receiver_steps
from nrm.steps.referrals.transitions import change, decided
from nrm.steps.shelter import clear_rows, consent_records
from nrm.steps.shelter import consents as consent_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import matching as matching_steps
from nrm.steps.shelter import withheld as withheld_steps
from nrm.steps.support import follow_ups as follow_up_steps
from nrm.store.rows.accounts import second_hands as act_rows
from nrm.store.shelter import consents as consent_store
from nrm.vault import compartments as vault
from nrm.vault import epochs, grants, parking


def ask(
    session: Session,
    kind: ActKind,
    reason: ActReason,
    case_id: uuid.UUID,
    case: Case | None,
    by: Actor,
    *,
    signed_on: date | None = None,
) -> uuid.UUID:
    """Close the case to everybody, or, if a second hand comes first, end what others read by consent; returns the act.

    `case`: the case, locked, if it can be closed now; None: it is closed already, and its act is returned. Raises
    CannotOpen, CaseRefused (`not_safe`: after the shelter). Call `erasures.carry_out` after the transaction.
    """
    if case is not None:
        follow_up_steps.check_forgetting(case_id)
    act, is_new = alone.of_case(session, kind, reason, case_id, by, signed_on=signed_on)
    if case is None or not is_new:
        return act.id
    matching_steps.pause(session, case_id)
    if act.status == ActStatus.PARKED:
        begin(session, case, kind, by)
        alone.record(session, audit.Event.ACT_BEGUN, act, by)
        alone.count(session, kind, case_id, by)
    else:
        consent_records.end_all_reading(session, case_id, by)
        alone.record(session, audit.Event.ACT_ASKED, act, by)
    return act.id


def able(session: Session, case_id: uuid.UUID, kind: ActKind, by: Actor) -> Case:
    """The case, locked, if a member of its holder may close it to everybody now; raises NotVisible, CaseRefused,
    GateClosed, ConsentRefused."""
    if kind is ActKind.ERASE:
        return erasure_steps.erasable_now(session, case_id, by)
    case = consent_store.held(case_id, by=by, lock=True)
    consent_steps.check_takes_back(case)
    return case


def begin(session: Session, case: Case, kind: ActKind, by: Actor) -> None:
    """Close the case to everybody: a new epoch that nobody opens; what others read, or were offered, ends.

    What the end for good would keep stays open, for the holder alone: the hand-over while the person sleeps there, a
    witness's legal file. Raises CannotOpen.
    """
    if case.holder_id is None:
        return
    _withdraw_referral(session, case.id, by)
    going = consent_steps.going(session, case.id) if kind is ActKind.WITHDRAW else None
    if going is None:
        going = erasure_steps.to_erase(session, case.id)
    keep = {each: [case.holder_id] for each in vault.compartments_of(session, case.id) if each not in going}
    parking.park(session, case.id, going, case.holder_id, by=by)
    epochs.rotate(session, case.id, keep, by=by)


def finish(session: Session, act: HeavyAct, by: Actor) -> None:
    """Destroy what the case keeps, close it, and write down that it is erased. Needs no key. Raises CaseRefused
    (`not_holder`, `stay_open`, `missing`, `not_come`, `mistaken`, `asked`, `not_safe`). Call `erasures.carry_out` after
    the transaction."""
    case = session.get_one(Case, act.case_id, with_for_update=True, populate_existing=True)
    if case.holder_id != act.organisation_id:
        raise CaseRefused(CaseRefusal.NOT_HOLDER)
    if session.scalar(select(exists().where(Referral.case_id == case.id, Referral.status == ReferralStatus.SENT))):
        raise CaseRefused(CaseRefusal.ASKED)
    follow_up_steps.check_forgetting(case.id)
    if act.kind == ActKind.WITHDRAW:
        if consent_steps.is_with_somebody(session, case.id):
            # The person came back meanwhile: the house keeps needs and dangers until the stay ends.
            parking.give_back(session, case.id, [Compartment.HAND_OVER])
        heard_by = Actor(act.asked_by_id, act.organisation_id, None)
        consent_steps.withdraw_everything(session, case, by, heard_by=heard_by)
    else:
        erasure_steps.erase_case(session, case, by, asked_by_id=act.asked_by_id)
    for each in vault.compartments_of(session, case.id):
        others = grants.holders_of(session, case.id, each) - {case.holder_id}
        for organisation_id in others:
            grants.take_back(session, case.id, organisation_id, [each])
    clear_rows.forget(session, case.id)


def give_back(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """Let the holder open the case again; nobody else reads anything before it is shared anew. Needs no key."""
    for compartment in parking.give_back(session, case_id):
        audit.append(session, audit.Event.ACCESS_GIVEN_BACK, by=by, case_id=case_id, compartment=compartment)


def keep(session: Session, case_id: uuid.UUID, by: Actor, *, how: Undone = Undone.HELP_LINE) -> bool:
    """The person changed her mind and told somebody who holds no key to the case, or is not safe: what was asked for in
    her name is undone; returns whether there was anything. `how`: who undid it. Call `shredding.work_off`
    after the transaction."""
    session.get_one(Case, case_id, with_for_update=True, populate_existing=True)
    act = act_rows.open_of_case(case_id)
    if act is None or (act.status == ActStatus.ASKED and is_over(act.expires_at, clock.now())):
        return False
    was_parked = act.status == ActStatus.PARKED
    alone.settle(session, act, ActStatus.DECLINED, by, undone=how)
    if was_parked:
        give_back(session, case_id, by)
    alone.record(session, audit.Event.ACT_UNDONE, act, by, how=str(how))
    return True


def _withdraw_referral(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """Take back the referral that waits for an answer. What it offered ends with the epoch."""
    sent = select(Referral.id).where(Referral.case_id == case_id, Referral.status == ReferralStatus.SENT)
    for referral_id in session.scalars(sent).all():
        referral, after = decided(referral_id, ReferralEvent.WITHDRAW, by)
        hand_overs.forget(session, referral.id)
        withheld_steps.let_go(session, case_id, referral.receiver_id)
        change(session, referral, after, decided_at=clock.now())
        next_receiver_steps.record(session, audit.Event.REFERRAL_WITHDRAWN, referral, by)
