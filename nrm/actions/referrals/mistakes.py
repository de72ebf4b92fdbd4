"""Taking back what was recorded of a referral by mistake: that they have left, and that the person is taken in.

Nothing that was recorded goes: an entry keeps it, with who took it back, when and why (ADR 0086).
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Permission
from nrm.domain.referrals.mistakes import Kind
from nrm.domain.referrals.referrals import (
    IllegalTransition,
    PlaceNotFree,
    ReferralEvent,
    ReferralStatus,
    Relation,
    TransitionRefusal,
    held,
)
from nrm.domain.referrals.transfers import MEETING
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.places import PlaceRefused
from nrm.steps.referrals import hand_overs
from nrm.steps.referrals import mistakes as steps
from nrm.steps.referrals import next_receiver as next_receiver_steps
from nrm.steps.referrals import transfers as transfer_steps
from nrm.steps.referrals.transitions import change, decided
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import places as place_steps
from nrm.store.referrals import referrals as store
from nrm.store.rows.referrals import mistakes as mistake_rows
from nrm.store.rows.referrals import referrals as referral_rows
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.rows.shelter import absences as absence_rows
from nrm.vault import members, shredding

CannotOpen = members.CannotOpen


def take_back_departure(*, referral_id: uuid.UUID, why: Why, expected_at: datetime | None, by: Actor) -> None:
    """They have not left, or came back: the person is where they were, and awaited at `expected_at`; None: nobody knows
    when.

    The stay that the departure ended goes on. No key moves: of a move the receiver gives them back (`let_both_write`),
    or calls the move off. Raises NotPermitted, NotVisible, IllegalTransition (`state`; `actor`: of a move only the
    shelter says where the person sleeps; `missing`), ImpossibleStay.
    """
    if not (by.may(Permission.REFERRAL_SEND) or by.may(Permission.REFERRAL_DIRECT)):
        raise NotPermitted(Permission.REFERRAL_SEND)
    with transaction() as session:
        referral, after = decided(referral_id, ReferralEvent.TAKE_BACK_DEPARTURE, by)
        moves = transfer_rows.is_move(referral)
        if moves and store.relation_to(referral, by=by) is not Relation.SENDER:
            raise IllegalTransition(TransitionRefusal.ACTOR)
        if absence_rows.stands(referral.case_id) is not None:
            raise IllegalTransition(TransitionRefusal.MISSING)
        gone = referral.status != ReferralStatus.ACCEPTED and not referral_rows.has_not_come(referral.id)
        if referral.departed_at is None or gone:
            raise IllegalTransition(TransitionRefusal.STATE)
        steps.append(session, referral, Kind.DEPARTURE, why, by)
        before = steps.alarm_before(referral)
        passed = held(before, referral.expected_at, expected_at, put_off=referral.put_off, at=clock.now())
        hours = {"expected_at": expected_at, "missed_at": passed, "put_off": referral.put_off + 1}
        change(session, referral, after, departed_at=None, escort="", **hours)
        place_steps.expected(session, referral.id, expected_at)
        if moves:
            by.must(Permission.STAY_MANAGE)
            steps.stays_on(session, referral, why, by)
        next_receiver_steps.record(session, audit.Event.DEPARTURE_TAKEN_BACK, referral, by, why=str(why))


def let_both_write(*, referral_id: uuid.UUID, by: Actor) -> None:
    """The receiver of a move gives the sender, whose departure was taken back, the keys again: the person sleeps there.

    Raises NotPermitted, NotVisible, IllegalTransition, TransferRefused, CannotOpen.
    """
    by.must(Permission.REFERRAL_DECIDE)
    with transaction() as session:
        referral = store.row(referral_id, by=by, lock=True)
        next_receiver_steps.lock_case(referral.case_id)
        if store.relation_to(referral, by=by) is not Relation.RECEIVER:
            raise NotVisible
        transfer_steps.let_both_write(session, referral, by)
        next_receiver_steps.record(session, audit.Event.MOVE_KEYS_GIVEN_BACK, referral, by)
    shredding.work_off()


def never_left(*, referral_id: uuid.UUID, why: Why, by: Actor) -> None:
    """Another shelter recorded the arrival of somebody who moves and never left: it is struck, a stay there counts
    nowhere, and the stay here goes on (ADR 0267). No key moves: the other shelter, which is told, gives them back by
    calling the move off. Said once of a move, by the sender that had not said that the person left.

    Raises NotPermitted, NotVisible, IllegalTransition (`state`, `missing`), CorrectionRefused.
    """
    by.must(Permission.REFERRAL_SEND)
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        referral = store.row(referral_id, by=by, lock=True)
        next_receiver_steps.lock_case(referral.case_id)
        if referral.sender_id != by.organisation_id or not mistake_rows.may_be_denied(referral.id):
            raise IllegalTransition(TransitionRefusal.STATE)
        if absence_rows.stands(referral.case_id) is not None:
            raise IllegalTransition(TransitionRefusal.MISSING)
        stay_id = steps.strike_arrival(session, referral, why, by)
        steps.append(session, referral, Kind.NOT_COME, why, by)
        change(session, referral, ReferralStatus.ACCEPTED, arrived_at=None, expected_at=None, missed_at=None)
        steps.arrival_owed(session, referral.case_id)
        steps.stays_on(session, referral, why, by)
        next_receiver_steps.record(
            session,
            audit.Event.ARRIVAL_TAKEN_BACK,
            referral,
            by,
            stay_id=stay_id,
            why=str(why),
            told_id=referral.receiver_id,
        )
    erasure_steps.carry_out()


def take_back_acceptance(*, referral_id: uuid.UUID, why: Why, by: Actor) -> None:
    """The receiver accepted a person whom it does not take in: the place is free, and it asks another shelter.

    The case stays with it, because nobody else has a key, until another one accepts. A move is called off instead.
    Raises NotPermitted, NotVisible, IllegalTransition (`on_the_way`: whoever has set out is received first).
    """
    by.must(Permission.REFERRAL_DECIDE)
    with transaction() as session:
        referral, after = decided(referral_id, ReferralEvent.TAKE_BACK_ACCEPTANCE, by)
        if transfer_rows.is_move(referral):
            raise IllegalTransition(TransitionRefusal.STATE)
        if referral.departed_at is not None:
            raise IllegalTransition(TransitionRefusal.ON_THE_WAY)
        steps.append(session, referral, Kind.ACCEPTANCE, why, by)
        change(session, referral, after)
        hand_overs.forget(session, referral.id, [MEETING])
        place_steps.not_come(session, referral.id, by)
        next_receiver_steps.record(session, audit.Event.ACCEPTANCE_TAKEN_BACK, referral, by, why=str(why))
    erasure_steps.carry_out()


def await_again(*, referral_id: uuid.UUID, why: Why, by: Actor, place_id: uuid.UUID | None = None) -> None:
    """It was recorded that the person did not arrive, and they are still on the way: place, hour and alarm are as
    before, as long as nothing else happened since; `place_id`: another place, where that one is taken by now. Where
    they meet is said anew: it was destroyed.

    Raises NotPermitted, NotVisible, IllegalTransition (`state`), PlaceNotFree.
    """
    by.must(Permission.REFERRAL_DECIDE)
    try:
        with transaction() as session:
            referral, after = decided(referral_id, ReferralEvent.AWAIT_AGAIN, by)
            if transfer_rows.is_move(referral) or not referral_rows.has_not_come(referral.id):
                raise IllegalTransition(TransitionRefusal.STATE)
            steps.append(session, referral, Kind.NOT_COME, why, by)
            try:
                if place_id is None:
                    place_steps.keep_again(session, referral, by)
                else:
                    place_steps.keep(session, referral, place_id, referral.expected_at, by)
            except (PlaceRefused, NotVisible):
                raise PlaceNotFree from None
            change(session, referral, after, missed_at=steps.alarm_before(referral))
            next_receiver_steps.record(session, audit.Event.AWAITED_AGAIN, referral, by, why=str(why))
    except IntegrityError as error:
        if "promise" not in str(error.orig):
            raise
        raise PlaceNotFree from None  # kept for another referral at the same moment


def take_after_all(
    *, referral_id: uuid.UUID, place_id: uuid.UUID, expected_at: datetime | None = None, by: Actor
) -> uuid.UUID:
    """The receiver takes the person in after all, as long as it has asked nobody else; returns the case.

    Raises NotPermitted, NotVisible, IllegalTransition, PlaceNotFree.
    """
    by.must(Permission.REFERRAL_DECIDE)
    try:
        with transaction() as session:
            referral, after = decided(referral_id, ReferralEvent.TAKE_AFTER_ALL, by)
            if not referral_rows.has_not_come(referral.id):
                raise IllegalTransition(TransitionRefusal.STATE)
            try:
                place_steps.keep(session, referral, place_id, expected_at, by)
            except (PlaceRefused, NotVisible):
                raise PlaceNotFree from None
            change(session, referral, after, expected_at=expected_at)
            steps.settle(session, referral.id)
            next_receiver_steps.record(session, audit.Event.ACCEPTED_AFTER_ALL, referral, by, place_id=place_id)
            return referral.case_id
    except IntegrityError as error:
        if "promise" not in str(error.orig):
            raise
        raise PlaceNotFree from None  # kept for another referral at the same moment
