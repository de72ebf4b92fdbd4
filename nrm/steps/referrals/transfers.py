"""What moves when a person moves from one shelter to another, inside the transaction of an action (ADR 0068)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal
from nrm.domain.referrals.transfers import TRANSFER, CallOff, TransferRefusal, TransferRefused, as_note, is_at_once
from nrm.domain.shelter.cases import HOUSE_LABEL, Compartment
from nrm.models.referrals.referrals import Referral
from nrm.steps.referrals import hand_overs
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import withheld as withheld_steps
from nrm.store.rows.referrals import mistakes as mistake_rows
from nrm.store.rows.referrals import transfers as rows
from nrm.store.shelter import cases as case_store
from nrm.vault import care_notes, epochs, grants
from nrm.vault import compartments as vault
from nrm.vault.keyrings import CannotOpen


def keeps_sender(session: Session, referral: Referral, by: Actor) -> bool:
    """Whether the sender keeps its keys when the receiver, who is the actor, accepts: by the reason under seal.

    Without a hand-over, which was not written before there were any, the keys move at once. Raises CannotOpen for one
    that does not open.
    """
    if not rows.is_written(referral.id):
        return False
    value = vault.glance(session, referral.id, TRANSFER, by=by)
    if value is None:
        raise CannotOpen
    return not is_at_once(value)


def sender_holds(session: Session, referral: Referral) -> bool:
    """Whether the sender has a live grant of the case that this program made, of the present epoch."""
    places = [(referral.case_id, each) for each in _of_the_case(session, referral.case_id)]
    return any(referral.sender_id in each for each in grants.holding(session, places).values()) if places else False


def _of_the_case(session: Session, case_id: uuid.UUID) -> list[str]:
    """What of a case moves with it: all but the house label, which is the house's in which the person sleeps."""
    return [each for each in vault.compartments_of(session, case_id) if each != HOUSE_LABEL]


def stands(session: Session, referral: Referral) -> bool:
    """Whether it is an accepted move that can be called off: the person is still at the sender's by all that is
    written. A move from before there were hand-overs never is, nor a referral that was written by hand."""
    return (
        referral.status == "accepted"
        and referral.departed_at is None
        and rows.is_move(referral)
        and (rows.is_written(referral.id) or sender_holds(session, referral) or mistake_rows.is_taken_back(referral.id))
        and grants.is_of_referral(referral)
    )


def end_senders_keys(session: Session, referral: Referral, by: Actor) -> None:
    """The person has left or arrived: a new epoch, without the sender, of all that it holds.

    The sender's grants end in any case; an actor without keys (the duty desk) leaves the new epoch to the receiver's
    next session.
    """
    case_id, sender = referral.case_id, referral.sender_id
    if sender in grants.holders_of(session, case_id, HOUSE_LABEL):
        epochs.shred(session, case_id, [HOUSE_LABEL])
    there = _of_the_case(session, case_id)
    holding = grants.holding(session, [(case_id, each) for each in there]) if there else {}
    due = there if referral.epoch_due else [each for each in there if sender in holding[case_id, each]]
    if not due:
        return
    referral.epoch_due = not all(vault.opens(session, case_id, each, by=by) for each in due)
    session.flush()
    if referral.epoch_due:
        grants.take_back(session, case_id, sender, there)
        return
    keep = {each: (set(holding[case_id, each]) - {sender}) | {referral.receiver_id} for each in due}
    epochs.rotate(session, case_id, keep, by=by)
    audit.append(session, audit.Event.ACCESS_NARROWED, by=by, case_id=case_id)


def give_back(session: Session, referral: Referral, reason: CallOff, words: str, by: Actor) -> None:
    """The move is called off: a new epoch with the sender and without the receiver; why becomes a note of the case.

    Nothing in the row of a referral alone gives a key: the sender still holds genuine grants, or the receiver opens a
    hand-over that says that the keys had moved at once. Raises TransferRefused (`no_key`: the sender does not hold all,
    so only the receiver can give it back), CannotOpen.
    """
    case_id, sender, receiver = referral.case_id, referral.sender_id, referral.receiver_id
    there = _of_the_case(session, case_id)
    if by.organisation_id == sender:
        if not all(vault.opens(session, case_id, each, by=by) for each in there):
            raise TransferRefused(TransferRefusal.NO_KEY)
    elif not sender_holds(session, referral):
        value = vault.glance(session, referral.id, TRANSFER, by=by)
        at_once = value is not None and is_at_once(value)
        if not at_once and not mistake_rows.is_taken_back(referral.id):
            raise CannotOpen
    at, login = clock.now().isoformat(), case_store.login_of(by)
    note(session, case_id, {"text": words or str(reason), "at": at, "login": login}, by)
    there = _of_the_case(session, case_id)
    holding = grants.holding(session, [(case_id, each) for each in there])
    keep = {each: (set(holding[case_id, each]) - {receiver}) | {sender} for each in there}
    epochs.rotate(session, case_id, keep, by=by)
    referral.epoch_due = False
    hand_overs.forget(session, referral.id)


def let_both_write(session: Session, referral: Referral, by: Actor) -> None:
    """The receiver, who is the actor, gives the keys back to the sender whose departure was taken back: the person is
    there, and both read and write until they leave.

    Raises IllegalTransition (`state`) unless this program took the departure back and the sender holds no key,
    TransferRefused (`moved_at_once`) where the keys had moved because of why the person moves, or where that cannot be
    read any more, CannotOpen.
    """
    back = stands(session, referral) and mistake_rows.is_taken_back(referral.id)
    if not back or sender_holds(session, referral):
        raise IllegalTransition(TransitionRefusal.STATE)
    value = vault.glance(session, referral.id, TRANSFER, by=by)
    if value is None or is_at_once(value):
        raise TransferRefused(TransferRefusal.MOVED_AT_ONCE)
    there = _of_the_case(session, referral.case_id)
    holding = grants.holding(session, [(referral.case_id, each) for each in there])
    both = {referral.sender_id, referral.receiver_id}
    keep = {each: set(holding[referral.case_id, each]) | both for each in there}
    epochs.rotate(session, referral.case_id, keep, by=by)
    referral.epoch_due = False
    session.flush()


def complete(session: Session, referral: Referral, by: Actor) -> None:
    """The person is with the receiver, or did not get there: the sender's keys end, and the hand-over becomes a note
    of the case. Call `erasures.carry_out` after the transaction."""
    if not rows.is_move(referral):
        return
    end_senders_keys(session, referral, by)
    withheld_steps.received(session, referral.case_id, referral.receiver_id, by)
    value = vault.glance(session, referral.id, TRANSFER, by=by)
    care = Compartment.CARE not in vault.compartments_of(session, referral.case_id) or vault.opens(
        session, referral.case_id, Compartment.CARE, by=by
    )
    if value is not None and care:
        note(session, referral.case_id, as_note(value), by)
        hand_overs.forget(session, referral.id)


def note(session: Session, case_id: uuid.UUID, value: dict[str, Any], by: Actor) -> None:
    """Append a note under the key of `care`; the part is begun if there is none."""
    case_steps.begin(session, case_id, Compartment.CARE, by)
    note_id = care_notes.add(session, case_id, value, by=by)
    audit.append(session, audit.Event.NOTE_ADDED, by=by, case_id=case_id, note_id=note_id)


def renew(session: Session, case_id: uuid.UUID, by: Actor) -> bool:
    """Do what is still due after a move that ended without anybody who held a key; returns whether anything was."""
    assert by.organisation_id is not None
    due = rows.unfinished(case_id, by.organisation_id)
    for referral in due:
        if referral.status == "accepted":
            end_senders_keys(session, referral, by)
        else:
            complete(session, referral, by)
    return bool(due)
