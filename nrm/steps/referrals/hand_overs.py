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
from nrm.domain.referrals.referrals import Relation
from nrm.domain.referrals.transfers import MEETING, TRANSFER, HandOver
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import SealedCompartment
from nrm.store.referrals import referrals as store
from nrm.store.rows.referrals import transfers as rows
from nrm.store.shelter import cases as case_store
from nrm.vault import compartments as vault
from nrm.vault import epochs, grants, tags
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
    long as nobody refused and the person is awaited. Raises NotVisible."""
    referral = store.row(referral_id, by=by)
    relation = store.relation_to(referral, by=by)
    if relation is not Relation.RECEIVER and not (relation is Relation.SENDER and what == MEETING):
        raise NotVisible
    asked = referral.status == "sent" and referral.expires_at > clock.now()
    if not (asked or referral.status == "accepted") or not rows.is_written(referral_id, what):
        raise NotVisible
    if relation is Relation.RECEIVER:
        case_store.visible(referral.case_id, by=by, asked=True)
    return referral
