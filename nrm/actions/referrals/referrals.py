"""What happens to a referral after it was sent: the answer, the arrival, the duty officer's direction.

Each step changes one row by a conditional UPDATE that must hit it. The vault moves the keys in the same transaction,
and listed keys are destroyed right after it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Update, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import rows_hit, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.members import TooFewKeyHolders
from nrm.domain.referrals.children_along import CHILDREN_ALONG, Came, NoChildHere
from nrm.domain.referrals.duty import PRESSED_WRONG_WITHIN
from nrm.domain.referrals.referrals import (
    PROMISE_AT_MOST,
    TOO_EARLY,
    UNSAID,
    DeclineReason,
    Escort,
    IllegalTransition,
    PlaceNotFree,
    ReferralEvent,
    ReferralStatus,
    TransitionRefusal,
    as_departed,
    escorts_for,
    held,
    is_too_long,
)
from nrm.domain.referrals.transfers import MEETING, CallOff
from nrm.domain.shelter.cases import HOUSE_LABEL
from nrm.domain.shelter.consents import Naming
from nrm.domain.shelter.places import PlaceRefused
from nrm.domain.support.follow_ups import Ended
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Obligation, Referral, RouteCandidate
from nrm.models.shelter.cases import Case
from nrm.steps.referrals import hand_overs
from nrm.steps.referrals import mistakes as mistake_steps
from nrm.steps.referrals import next_receiver as next_receiver_steps
from nrm.steps.referrals import obligations as steps
from nrm.steps.referrals import supplements as supplement_steps
from nrm.steps.referrals import transfers as transfer_steps
from nrm.steps.referrals.transitions import change, decided
from nrm.steps.shelter import arrivals as arrival_steps
from nrm.steps.shelter import consent_records
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import places as place_steps
from nrm.steps.shelter import stays as stay_steps
from nrm.steps.shelter import withheld as withheld_steps
from nrm.steps.shelter.arrivals import Admission, Told
from nrm.steps.support import follow_ups as follow_up_steps
from nrm.store.countries import country
from nrm.store.referrals import obligations
from nrm.store.referrals import referrals as store
from nrm.store.rows import entries
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.referrals import duty as duty_rows
from nrm.store.rows.referrals import obligations as obligation_rows
from nrm.store.rows.referrals import referrals as referral_rows
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import consents as consent_rows
from nrm.store.shelter import stays
from nrm.vault import compartments as vault
from nrm.vault import epochs, grants, members, shredding

CannotOpen = members.CannotOpen
_HAND_OVER = "hand_over"
TAGS_KEPT = timedelta(hours=1)
"""So long after an arrival its tag is kept under seal: the arrival may have been somebody else's."""


def accept(*, referral_id: uuid.UUID, place_id: uuid.UUID, by: Actor, expected_at: datetime | None = None) -> uuid.UUID:
    """Take the person in; returns the case. From now on no other party can open anything, and neither can the sender,
    unless it is a shelter in which the person still sleeps: that one reads and writes until they leave (ADR 0068).

    Raises NotPermitted, NotVisible, IllegalTransition, TooFewKeyHolders, PlaceNotFree, CannotOpen.
    """
    by.must(Permission.REFERRAL_DECIDE)
    try:
        case_id = _accept(referral_id, place_id, expected_at, by)
    except vault.StaleRevision:  # somebody else of this desk came first
        raise IllegalTransition(TransitionRefusal.STATE) from None
    except IntegrityError as error:
        if "promise" not in str(error.orig):
            raise
        raise PlaceNotFree from None  # kept for another referral at the same moment
    shredding.work_off()
    return case_id


def _accept(referral_id: uuid.UUID, place_id: uuid.UUID, expected_at: datetime | None, by: Actor) -> uuid.UUID:
    with transaction() as session:
        referral, after = decided(referral_id, ReferralEvent.ACCEPT, by)
        if not member_rows.may_accept(referral.receiver_id):
            raise TooFewKeyHolders
        try:
            place_steps.keep(session, referral, place_id, expected_at, by)
        except (PlaceRefused, NotVisible):
            raise PlaceNotFree from None
        sender, receiver = referral.sender_id, referral.receiver_id
        untold = _destroy_untold(session, referral.case_id, by)
        moves = transfer_rows.is_move(referral)
        if moves and not grants.is_of_referral(referral):
            raise CannotOpen
        both = moves and transfer_steps.keeps_sender(session, referral, by)
        if not both:  # else it is the house's in which the person sleeps, until they leave it
            epochs.shred(session, referral.case_id, [HOUSE_LABEL])
        keep = _holders_after(session, referral.case_id, None if both else sender, receiver)
        epochs.rotate(session, referral.case_id, keep, by=by)
        told = account_rows.parties_of(set[uuid.UUID]().union(*keep.values()))
        consent_records.name(session, referral.case_id, told, by, Naming.TOLD)
        change(session, referral, after, decided_at=clock.now(), expected_at=expected_at)
        session.execute(update(Case).where(Case.id == referral.case_id).values(status="open", holder_id=receiver))
        _done(session, referral.case_id, "answer", by)
        untold |= follow_up_steps.end(session, referral.case_id, Ended.MOVED, by)
        if not moves:  # else when the person has come: until then the move can be called off
            untold |= withheld_steps.received(session, referral.case_id, receiver, by)
        supplement_steps.begin(session, referral)
        next_receiver_steps.record(session, audit.Event.REFERRAL_ACCEPTED, referral, by, place_id=place_id)
        case_id = referral.case_id
    if untold:
        erasure_steps.carry_out()
    return case_id


def _destroy_untold(session: Session, case_id: uuid.UUID, by: Actor) -> bool:
    """Destroy what the person told before they could be asked about the party that takes them in; whether there was
    any.

    The sender keeps nothing, and nobody else may have it. A person who comes from a shelter was asked.
    """
    case = session.get_one(Case, case_id, populate_existing=True)
    if case.status != "referred" or case.consent != "not_asked_urgent":
        return False
    gone = [each for each in vault.compartments_of(session, case_id) if each != _HAND_OVER]
    erasure_steps.destroy(session, case_id, gone, by)
    return bool(gone)


def _holders_after(
    session: Session, case_id: uuid.UUID, sender: uuid.UUID | None, receiver: uuid.UUID
) -> dict[str, Collection[uuid.UUID]]:
    """Who holds each compartment once `receiver` has accepted: the receiver, and every live grantee but the sender
    (None: that one too).

    The hand-over is also held by the Responsible Authority, unless the person struck it out.
    """
    authorities = session.scalars(
        select(Organisation).where(
            Organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY, Organisation.enabled.is_(True)
        )
    ).all()
    keep: dict[str, Collection[uuid.UUID]] = {}
    for compartment in vault.compartments_of(session, case_id):
        holders = (grants.holders_of(session, case_id, compartment) - {sender}) | {receiver}
        if compartment == _HAND_OVER:
            struck = consent_rows.struck_out(case_id)
            holders |= {each.id for each in authorities if each.party not in struck} & account_rows.with_keyring()
        keep[compartment] = holders
    return keep


def decline(*, referral_id: uuid.UUID, reason: DeclineReason, by: Actor) -> uuid.UUID | None:
    """Say no; returns the next referral, sent at once without the sender, or None when the duty officer decides.

    Raises NotPermitted, NotVisible, IllegalTransition (`must`: not a reason under a must; `assigned`: binding).
    """
    by.must(Permission.REFERRAL_DECIDE)
    with transaction() as session:
        referral, after = decided(referral_id, ReferralEvent.DECLINE, by, reason)
        change(session, referral, after, decided_at=clock.now(), decline_reason=str(reason))
        next_receiver_steps.record(session, audit.Event.REFERRAL_DECLINED, referral, by, reason=reason)
        following = next_receiver_steps.ask_next(session, referral, by)
    erasure_steps.carry_out()
    return following


def expire(*, referral_id: uuid.UUID, by: Actor) -> uuid.UUID | None:
    """End a referral that nobody answered in time, and ask the next; `by` is the program, or the duty officer once it
    is late. Returns the next referral. Raises NotPermitted, NotVisible, IllegalTransition (`early`)."""
    if by.duty != "tend":
        by.must(Permission.REFERRAL_DIRECT)
    with transaction() as session:
        following = _expire(session, referral_id, by)
    erasure_steps.carry_out()
    return following


def expire_unanswered(*, limit: int, by: Actor) -> int:
    """End every referral that nobody answered in time, at most `limit`, and ask the next party of each; gives how many.

    One transaction each, so that one cannot stop the rest. The keys that go are only listed: `tend` destroys them.
    """
    ended = 0
    for referral_id in referral_rows.unanswered(clock.now(), limit):
        try:
            with transaction() as session:
                _expire(session, referral_id, by)
        except (IllegalTransition, NotVisible):  # answered, promised or erased meanwhile
            continue
        ended += 1
    return ended


def _expire(session: Session, referral_id: uuid.UUID, by: Actor) -> uuid.UUID | None:
    """Returns the next referral. Raises NotVisible, IllegalTransition."""
    referral, after = decided(referral_id, ReferralEvent.EXPIRE, by)
    change(session, referral, after, decided_at=clock.now())
    next_receiver_steps.record(session, audit.Event.REFERRAL_EXPIRED, referral, by)
    return next_receiver_steps.ask_next(session, referral, by)


def withdraw(*, referral_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """Take back a referral that was not answered; returns the case. With a new epoch: the asked party can open nothing.

    Raises NotPermitted, NotVisible, IllegalTransition, CannotOpen.
    """
    by.must(Permission.REFERRAL_SEND)
    with transaction() as session:
        referral, after = decided(referral_id, ReferralEvent.WITHDRAW, by)
        keep = {
            compartment: grants.holders_of(session, referral.case_id, compartment)
            for compartment in vault.compartments_of(session, referral.case_id)
        }
        epochs.rotate(session, referral.case_id, keep, members=True, by=by)
        hand_overs.forget(session, referral.id)
        withheld_steps.let_go(session, referral.case_id, referral.receiver_id)
        change(session, referral, after, decided_at=clock.now())
        next_receiver_steps.record(session, audit.Event.REFERRAL_WITHDRAWN, referral, by)
        case_id = referral.case_id
    erasure_steps.carry_out()
    return case_id


def take_back_direction(*, referral_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """The duty desk takes its own direction back before it is answered; returns the case, of which it decides anew.

    It holds no key for a new epoch, as `withdraw` makes it: what waits for the directed house is destroyed, as after a
    decline. Raises NotPermitted, NotVisible, IllegalTransition.
    """
    by.must(Permission.REFERRAL_DIRECT)
    with transaction() as session:
        referral, after = decided(referral_id, ReferralEvent.TAKE_BACK_DIRECTION, by)
        if not referral.assigned:  # what a sender sent is the sender's to withdraw
            raise IllegalTransition(TransitionRefusal.STATE)
        next_receiver_steps.let_go(session, referral)
        change(session, referral, after, decided_at=clock.now())
        next_receiver_steps.record(session, audit.Event.REFERRAL_WITHDRAWN, referral, by)
        case_id = referral.case_id
    erasure_steps.carry_out()
    return case_id


def promise(*, referral_id: uuid.UUID, promised_by: str, by: Actor) -> None:
    """The asked party said yes by telephone: the place is held and the time starts again; no key is released. Recorded
    again after it was taken back, the time counts from the first record: nobody puts off with it whose turn is next.
    Of a child and of somebody in danger it holds for an hour at most (ADR 0248). A sender who took back a referral with
    a promise of the same party writes no second one down: the duty desk does (ADR 0254).

    `promised_by` is the name of the colleague who said so; it is kept until the person arrives. Raises NotPermitted,
    NotVisible, IllegalTransition.
    """
    if not (by.may(Permission.REFERRAL_SEND) or by.may(Permission.REFERRAL_DIRECT)):
        raise NotPermitted(Permission.REFERRAL_SEND)
    now = clock.now()
    with transaction() as session:
        referral, after = decided(referral_id, ReferralEvent.PROMISE, by)
        if store.was_promised_before(referral.id, by=by):
            raise IllegalTransition(TransitionRefusal.PROMISED_BEFORE)
        expires_within = referral.expires_at - (referral.promised_at or referral.sent_at)
        if duty_rows.is_pressing(referral.case_id):
            expires_within = min(expires_within, PROMISE_AT_MOST)
        expires_at = _first_promise(referral, now) + expires_within
        change(session, referral, after, promised_at=now, promised_by=promised_by, expires_at=expires_at)
        next_receiver_steps.record(session, audit.Event.REFERRAL_PROMISED, referral, by)


def _first_promise(referral: Referral, at: datetime) -> datetime:
    """When a promise was recorded first, also one that was taken back; at the latest then."""
    said = entries.since(referral.sent_at, audit.Event.REFERRAL_PROMISED)
    return min([at, *(each.at for each in said if each.said["referral_id"] == str(referral.id))])


def take_back_promise(*, referral_id: uuid.UUID, by: Actor) -> None:
    """The actor recorded some minutes ago what nobody promised, or of the wrong person: the answer is owed by the hour
    of before, and so is asking the next party. Both entries of the audit chain stay, the name goes.

    Raises NotVisible (also of what somebody else recorded), IllegalTransition (`state`: answered, taken back already;
    `pressed_long_ago`).
    """
    if not (by.may(Permission.REFERRAL_SEND) or by.may(Permission.REFERRAL_DIRECT)):
        raise NotPermitted(Permission.REFERRAL_SEND)
    with transaction() as session:
        referral = store.row(referral_id, by=by, lock=True)
        next_receiver_steps.lock_case(referral.case_id)
        if referral.status != ReferralStatus.SENT or referral.promised_at is None:
            raise IllegalTransition(TransitionRefusal.STATE)
        if referral.promised_at <= clock.now() - PRESSED_WRONG_WITHIN:
            raise IllegalTransition(TransitionRefusal.PRESSED_LONG_AGO)
        if not store.may_take_back_promise(referral, by=by):
            raise NotVisible
        kept = referral.promised_by if referral_rows.was_promise_denied(referral) else ""  # it stays denied
        before = _without_promise(referral, referral.promised_at)
        change(session, referral, ReferralStatus.SENT, promised_at=None, promised_by=kept, expires_at=before)
        next_receiver_steps.record(session, audit.Event.PROMISE_TAKEN_BACK, referral, by)


def _without_promise(referral: Referral, promised_at: datetime) -> datetime:
    """From when on nobody could accept before there was a promise."""
    if duty_rows.is_pressing(referral.case_id):  # the promise was made shorter
        return referral.sent_at + country().in_force(referral.sent_at).expires_within
    return referral.sent_at + (referral.expires_at - _first_promise(referral, promised_at))


def deny_promise(*, referral_id: uuid.UUID, by: Actor) -> None:
    """Who is asked promised nothing, or told the duty desk so: the answer is owed by the hour of before, late at once
    where that has passed. Both entries of the audit chain stay, and the name, which says that a promise was denied
    (ADR 0248, ADR 0270).

    Raises NotPermitted, NotVisible, IllegalTransition.
    """
    if not by.may(Permission.REFERRAL_DIRECT):
        by.must(Permission.REFERRAL_DECIDE)
    with transaction() as session:
        referral, after = decided(referral_id, ReferralEvent.DENY_PROMISE, by)
        if referral.promised_at is None:
            raise IllegalTransition(TransitionRefusal.STATE)
        before = _without_promise(referral, referral.promised_at)
        change(session, referral, after, promised_at=None, expires_at=before)
        next_receiver_steps.record(session, audit.Event.PROMISE_DENIED, referral, by)


def depart(
    *,
    referral_id: uuid.UUID,
    escort: Escort,
    expected_at: datetime,
    seen: str | None = None,
    met: str | None = None,
    by: Actor,
) -> None:
    """Record that the person is on the way; a second record says what changed. A stay at the sender's ends today, and
    with it what the sender can open.

    `seen`: what was recorded when the page was loaded (`as_departed`), `met`: the mark of the meeting place of then
    (`store.meetings.said_last`), empty if none was said; None for whoever saw none. Raises NotPermitted, NotVisible,
    IllegalTransition (`escort`: a woman or girl goes with a woman; `missing`: else one shelter would end the alarm of
    another, and nobody would look for the person; `changed`: somebody recorded it otherwise since then; `meeting`: the
    shelter said since then where it meets them, or changed it; `too_long`: nobody is on the way for so long).
    """
    if not (by.may(Permission.REFERRAL_SEND) or by.may(Permission.REFERRAL_DIRECT)):
        raise NotPermitted(Permission.REFERRAL_SEND)
    with transaction() as session:
        referral, after = decided(referral_id, ReferralEvent.DEPART, by)
        if seen not in (None, as_departed(referral.departed_at, referral.escort, referral.expected_at)):
            raise IllegalTransition(TransitionRefusal.CHANGED)
        if met is not None and referral.departed_at is None and met != _meeting_mark(referral):
            raise IllegalTransition(TransitionRefusal.MEETING)
        if escort not in escorts_for(session.get_one(Case, referral.case_id).gender):
            raise IllegalTransition(TransitionRefusal.ESCORT)
        if absence_rows.stands(referral.case_id) is not None:
            raise IllegalTransition(TransitionRefusal.MISSING)
        departed_at = referral.departed_at or clock.now()
        if is_too_long(departed_at, expected_at):
            raise IllegalTransition(TransitionRefusal.TOO_LONG)
        mistake_steps.settle(session, referral.id)
        # Who left again after it was taken back that they had left is put off, too.
        on_the_way = referral.departed_at is not None or referral.put_off > 0
        values: dict[str, Any] = {"departed_at": departed_at, "escort": str(escort), "expected_at": expected_at}
        if expected_at != referral.expected_at:
            put_off, said = referral.put_off, referral.expected_at
            kept = held(referral.missed_at, said, expected_at, put_off=put_off, at=clock.now())
            # On leaving it is the first word of the sender, but for an hour that the shelter said when it accepted.
            values["put_off"] = put_off + (on_the_way or kept != referral.missed_at)
            values["missed_at"] = kept
        change(session, referral, after, **values)
        place_steps.expected(session, referral.id, expected_at)
        stay_steps.move_on(session, referral.case_id, by, only=referral.sender_id)
        if transfer_rows.is_move(referral):
            transfer_steps.end_senders_keys(session, referral, by)
            hand_overs.forget(session, referral.id, [MEETING])
        next_receiver_steps.record(session, audit.Event.REFERRAL_DEPARTED, referral, by, escort=str(escort))
    erasure_steps.carry_out()


def _meeting_mark(referral: Referral) -> str:
    """The mark of what is said now of where they meet; empty where nothing is, or nobody can open it."""
    if hand_overs.meeting_is_over(referral) or not transfer_rows.is_written(referral.id, MEETING):
        return ""
    return str(len(transfer_rows.meetings_said(referral.id)))


def arrive(
    *, referral_id: uuid.UUID, admission: Admission | None = None, told: Told | None = None, by: Actor
) -> uuid.UUID:
    """The person has arrived, or is there after it was said that nobody came; returns the case. Of all times of its
    referrals only the quarter is kept.

    `admission`: the stay that begins with it; `told`: what is sealed with the care. Nothing is recorded if one of the
    two is refused. Raises NotPermitted, NotVisible, IllegalTransition, and with them ImpossibleStay, CannotOpen,
    CaseRefused.
    """
    by.must(Permission.REFERRAL_DECIDE)
    if admission is not None or told is not None:
        by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        referral, after = decided(referral_id, ReferralEvent.ARRIVE, by)
        if referral.status != ReferralStatus.ACCEPTED and not referral_rows.has_not_come(referral.id):
            raise IllegalTransition(TransitionRefusal.STATE)
        # Nobody at the door is turned away for it: it is recorded, and whoever had the person and the duty desk read it
        # (ADR 0238, ADR 0261).
        unsaid, moves = transfer_rows.is_unsaid(referral.id), transfer_rows.is_move(referral)
        awaited = mistake_steps.as_awaited(session, referral)
        change(session, referral, after, arrived_at=clock.now(), missed_at=mistake_steps.alarm_before(referral))
        mistake_steps.settle(session, referral.id)
        place_steps.expected(session, referral.id, clock.now())
        hand_overs.forget(session, referral.id, [MEETING])
        stay_steps.move_on(session, referral.case_id, by)
        transfer_steps.complete(session, referral, by)
        _done(session, referral.case_id, "arrival", by)
        more: dict[str, Any] = {**awaited, **({UNSAID: 1} if unsaid else {})}
        if unsaid and moves:
            more["sender_id"] = referral.sender_id
        next_receiver_steps.record(session, audit.Event.REFERRAL_ARRIVED, referral, by, **more)
        steps.coarsen(session, referral.case_id)
        case_id = referral.case_id
        if admission is not None:
            arrival_steps.admit(session, case_id, admission, by)
        if told is not None:
            arrival_steps.seal(session, case_id, told, by)
    erasure_steps.carry_out()
    return case_id


def not_arrived(*, referral_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """The person did not come; returns the case, which the receiver still holds. The place is free again.

    Raises NotPermitted, NotVisible, IllegalTransition.
    """
    if not (by.may(Permission.REFERRAL_DECIDE) or by.may(Permission.REFERRAL_DIRECT)):
        raise NotPermitted(Permission.REFERRAL_DECIDE)
    with transaction() as session:
        referral, after = decided(referral_id, ReferralEvent.NOT_ARRIVE, by)
        if transfer_steps.stands(session, referral):
            raise IllegalTransition(TransitionRefusal.STILL_THERE)
        # Who did not come is late now, not only once the hour has come. The hour that was said stays (ADR 0244).
        early = referral.missed_at is None and referral.expected_at is not None and clock.now() < referral.expected_at
        change(session, referral, after, missed_at=clock.now() if early else referral.missed_at)
        hand_overs.forget(session, referral.id, [MEETING])
        place_steps.not_come(session, referral.id, by)
        transfer_steps.complete(session, referral, by)
        more = {TOO_EARLY: 1} if early else {}
        next_receiver_steps.record(session, audit.Event.REFERRAL_NOT_ARRIVED, referral, by, **more)
        case_id = referral.case_id
    erasure_steps.carry_out()
    return case_id


def call_off(*, referral_id: uuid.UUID, reason: CallOff, words: str, by: Actor) -> uuid.UUID:
    """The person does not move after all; returns the case, which is the sender's again, whole, and nobody else's.

    For the sender and the receiver, until the person has left. `words`: the reason as a note of the case, in the
    language of who writes it. Raises NotPermitted, NotVisible, IllegalTransition, TransferRefused (`no_key`),
    CannotOpen.
    """
    if not (by.may(Permission.REFERRAL_SEND) or by.may(Permission.REFERRAL_DECIDE)):
        raise NotPermitted(Permission.REFERRAL_DECIDE)
    with transaction() as session:
        referral, after = decided(referral_id, ReferralEvent.CALL_OFF, by)
        if not transfer_steps.stands(session, referral):
            raise IllegalTransition(TransitionRefusal.STATE)
        transfer_steps.give_back(session, referral, reason, words, by)
        place_steps.not_come(session, referral.id, by)
        change(session, referral, after)
        mistake_steps.settle(session, referral.id)
        session.execute(update(Case).where(Case.id == referral.case_id).values(holder_id=referral.sender_id))
        next_receiver_steps.record(session, audit.Event.REFERRAL_CALLED_OFF, referral, by)
        case_id = referral.case_id
    erasure_steps.carry_out()
    return case_id


def acknowledge(*, obligation_id: uuid.UUID, by: Actor, came: Came | None = None) -> None:
    """The party that has the obligation says that it knows, or has done it (`calls` records what is told by telephone).

    `came`: what became of children who were announced; of nothing else. Once the person has arrived, only the quarter
    of the time is kept. Raises NotVisible, IllegalTransition, NoChildHere.
    """
    with transaction() as session:
        obligation = obligations.row(obligation_id, by=by)
        how = "system"
        if obligation.kind == CHILDREN_ALONG:
            if came is None or not obligation_rows.has_arrived(obligation.case_id):
                raise IllegalTransition(TransitionRefusal.STATE)
            if came is Came.HAVE_CASES and not stays.children_since(obligation.case_id, by=by):
                raise NoChildHere
            how = str(came)
        steps.fulfil(session, obligation, clock.now(), how, by)


def take_back_known(*, obligation_id: uuid.UUID, by: Actor) -> None:
    """The actor said some minutes ago that the desk knows, and it does not: it is owed again.

    `obligations.just_known` says when this can be done. Of somebody who had arrived the hour by which it was due is not
    known any more: it stands as late at once. Raises NotVisible, IllegalTransition.
    """
    with transaction() as session:
        obligation, _ = obligations.just_known(obligation_id, by=by)
        steps.owe_again(session, obligation, by)


def deny_done(*, obligation_id: uuid.UUID, seen: str, by: Actor) -> uuid.UUID:
    """Whoever waits for what is owed says that it is not done, as somebody had said; returns the case. `seen`: the mark
    of what the page said. Raises NotVisible, IllegalTransition (`changed`: it was said again since)."""
    with transaction() as session:
        obligation, mark = obligations.to_deny(obligation_id, by=by)
        if seen != mark:
            raise IllegalTransition(TransitionRefusal.CHANGED)
        steps.deny(session, obligation, by)
        return obligation.case_id


def forget_tags() -> int:
    """Delete the sealed tags of people whom nobody is asked to take, and who are not awaited; returns how many. Of
    those who came, an hour later: whoever recorded an arrival of the wrong person has her tag back."""
    with transaction() as session:
        arrived = entries.since(clock.now() - TAGS_KEPT, audit.Event.REFERRAL_ARRIVED)  # the row has a quarter alone
        lately = [uuid.UUID(each.said["case_id"]) for each in arrived]
        return sum(
            rows_hit(session, each.where(of.case_id.not_in(lately)) if lately else each)
            for of, each in _tags_forgotten().items()
        )


@cache
def _tags_forgotten() -> dict[type[RouteCandidate] | type[Referral], Update]:
    awaited = exists().where(
        Referral.case_id == RouteCandidate.case_id, Referral.status.in_((ReferralStatus.SENT, ReferralStatus.ACCEPTED))
    )
    waits = exists().where(Case.id == RouteCandidate.case_id, Case.status == "referred")
    of_candidates = update(RouteCandidate).where(RouteCandidate.sealed_tags.is_not(None), ~awaited, ~waits)
    of_referrals = update(Referral).where(
        Referral.sealed_tags.is_not(None), Referral.status.not_in((ReferralStatus.SENT, ReferralStatus.ACCEPTED))
    )
    return {
        of: each.values(sealed_tags=None, tags_version=None).execution_options(synchronize_session=False)
        for of, each in ((RouteCandidate, of_candidates), (Referral, of_referrals))
    }


def _done(session: Session, case_id: uuid.UUID, kind: str, by: Actor) -> None:
    session.execute(
        update(Obligation)
        .where(Obligation.case_id == case_id, Obligation.kind == kind, Obligation.done_at.is_(None))
        .values(done_at=clock.now(), done_by_id=by.member_id)
    )
