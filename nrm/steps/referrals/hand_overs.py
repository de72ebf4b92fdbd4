"""What two shelters write to each other for a move, under seal: the hand-over, and where the person is met (ADR 0068).

It lies under the id of the referral, and not of the case: so it is sealed to whom it is for, whatever moves with the
case.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.referrals.crossing_points import ESCORT, POSTS, meeting_ends
from nrm.domain.referrals.referrals import Relation
from nrm.domain.referrals.transfers import MEETING, TRANSFER, HandOver
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import SealedCompartment
from nrm.store.referrals import referrals as store
from nrm.store.rows.referrals import transfers as rows
from nrm.store.shelter import cases as case_store
from nrm.vault import compartments as vault
from nrm.vault import epochs, grants, tags
from nrm.vault import rows as vault_rows
from nrm.vault.keyrings import CannotOpen


def write(session: Session, referral: Referral, hand_over: HandOver, by: Actor) -> None:
    """Seal what the sender wrote to the asked shelter alone, and to its list whether a doctor is needed.

    Raises CannotOpen for a referral that was turned to somebody else by hand.
    """
    if not grants.is_of_referral(referral):
        raise CannotOpen
    value = hand_over.to_value(case_store.login_of(by), clock.now())
    vault.create(session, referral.id, {TRANSFER: value}, [referral.receiver_id])
    to = grants.recipients(session, [referral.receiver_id])
    sealed = tags.sealed_for(referral.case_id, to, doctor=hand_over.doctor)
    referral.tags_version, referral.sealed_tags = sealed[referral.receiver_id]
    session.flush()


def forget(session: Session, referral_id: uuid.UUID, what: Collection[str] = (TRANSFER, MEETING)) -> None:
    """Destroy what was written for a move, or some of it. Needs no key.

    Call `erasures.carry_out` after the transaction.
    """
    there = session.scalars(
        select(SealedCompartment.compartment).where(
            SealedCompartment.case_id == referral_id, SealedCompartment.compartment.in_(what)
        )
    ).all()
    if there:
        epochs.erase(session, referral_id, there)


def is_escort(referral: Referral, *, by: Actor) -> bool:
    """Whether the actor is the one member of the post who opens where the person is met: whom the one before named,
    under seal, else the interviewer whose mark this program made (ADR 0106)."""
    if by.member_id is None or referral.sender_id != by.organisation_id:
        return False
    value = vault.glance(db.session, referral.id, MEETING, by=by)
    if value is not None and value.get(ESCORT):
        return bool(value[ESCORT] == str(by.member_id))
    interview = db.session.get(Interview, referral.case_id)
    return interview is not None and interview.member_id == by.member_id and vault_rows.is_owners(interview)


def escort_of(referral: Referral, *, by: Actor) -> uuid.UUID | None:
    """Who of the actor's post opens where the person is met; None if nobody was named and no interviewer is known."""
    value = vault.glance(db.session, referral.id, MEETING, by=by)
    if value is not None and value.get(ESCORT):
        return uuid.UUID(value[ESCORT])
    interview = db.session.get(Interview, referral.case_id)
    return interview.member_id if interview is not None else None


def meeting_is_over(referral: Referral) -> bool:
    """Whether the hour has come from which nobody opens the meeting place of an accepted referral."""
    if referral.status != "accepted" or referral.decided_at is None:
        return False
    return meeting_ends(referral.expected_at, referral.decided_at) <= clock.now()


def forget_all(session: Session, case_id: uuid.UUID) -> None:
    """`forget` for every move of the case."""
    for referral_id in rows.of_case(case_id):
        forget(session, referral_id)


def written(referral_id: uuid.UUID, what: str, *, by: Actor) -> dict[str, Any] | None:
    """What was written for a move, for a session that opened it; None before. Raises NotVisible."""
    readable(referral_id, what, by=by)
    try:
        return vault.read(db.session(), referral_id, what, by=by).value
    except CannotOpen:
        return None


def readable(referral_id: uuid.UUID, what: str, *, by: Actor) -> Referral:
    """The referral, for whom it is written: the hand-over for the receiver, the meeting place for both shelters, as
    long as nobody refused and the person is awaited; at a post for one member alone (`is_escort`). Raises
    NotVisible."""
    referral = store.row(referral_id, by=by)
    relation = store.relation_to(referral, by=by)
    if relation is Relation.SENDER and by.kind in POSTS and not is_escort(referral, by=by):
        raise NotVisible
    if relation is not Relation.RECEIVER and not (relation is Relation.SENDER and what == MEETING):
        raise NotVisible
    asked = referral.status == "sent" and referral.expires_at > clock.now()
    if rows.is_of_a_post(referral) and meeting_is_over(referral):
        raise NotVisible
    if not (asked or referral.status == "accepted") or not rows.is_written(referral_id, what):
        raise NotVisible
    if relation is Relation.RECEIVER:
        case_store.visible(referral.case_id, by=by, asked=True)
    return referral
