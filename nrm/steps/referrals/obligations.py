"""What is owed after a referral is fulfilled, inside the transaction of an action."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import cast

from sqlalchemy import Update, exists, select, update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.children_along import CHILDREN_ALONG
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal, answer_class, coarsened
from nrm.models.referrals.mistakes import ReferralMistake
from nrm.models.referrals.referrals import Call, Obligation, Referral
from nrm.models.referrals.reminder_calls import ReminderCall
from nrm.store.countries import country
from nrm.store.rows.referrals import notification_calls as call_rows

_TIMES = (
    "sent_at",
    "due_at",
    "expires_at",
    "promised_at",
    "decided_at",
    "departed_at",
    "expected_at",
    "missed_at",
    "arrived_at",
)
"""The times of a referral; after the person has arrived, only the quarter of each is kept."""


def fulfil(session: Session, obligation: Obligation, at: datetime, how: str, by: Actor) -> None:
    """Mark the obligation as done in the caller's transaction; `how`: `system`, `telephone`, or what became of
    children who were announced.

    Raises IllegalTransition.
    """
    hit = hit_one(
        session,
        update(Obligation)
        .where(Obligation.id == obligation.id, Obligation.done_at.is_(None))
        .values(done_at=at, done_by_id=by.member_id),
    )
    if not hit:
        raise IllegalTransition(TransitionRefusal.STATE)
    audit.append(
        session,
        audit.Event.OBLIGATION_ACKNOWLEDGED,
        by=by,
        case_id=obligation.case_id,
        obligation_id=obligation.id,
        kind=obligation.kind,
        how=how,
    )
    arrived = exists().where(Referral.case_id == obligation.case_id, Referral.arrived_at.is_not(None))
    if session.scalar(select(arrived)):
        coarsen(session, obligation.case_id)


def owe_again(session: Session, obligation: Obligation, by: Actor) -> None:
    """It was said by mistake that the party knows: it is owed again. Raises IllegalTransition."""
    done = Obligation.done_at.is_not(None)
    _open_again(session, obligation, update(Obligation).where(done).values(done_at=None, done_by_id=None), by)


def ask_of_children_again(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """The person was never there: what was said of the children who were announced with them is not known (ADR
    0281)."""
    said = (Obligation.case_id == case_id, Obligation.kind == CHILDREN_ALONG, Obligation.done_at.is_not(None))
    for each in session.scalars(select(Obligation).where(*said)).all():
        owe_again(session, each, by)


def deny(session: Session, obligation: Obligation, by: Actor) -> None:
    """Who waits for it says that it is not done: it is owed again, and who had said so stays readable (ADR 0258).
    Raises IllegalTransition."""
    if obligation.done_by_id is None:
        raise IllegalTransition(TransitionRefusal.STATE)
    as_seen = Obligation.done_at == obligation.done_at
    said_by = obligation.done_by_id
    _open_again(session, obligation, update(Obligation).where(as_seen).values(done_at=None), by, denied=said_by)


def _open_again(
    session: Session, obligation: Obligation, open_again: Update, by: Actor, denied: uuid.UUID | None = None
) -> None:
    if not hit_one(session, open_again.where(Obligation.id == obligation.id)):
        raise IllegalTransition(TransitionRefusal.STATE)
    audit.append(
        session,
        audit.Event.OBLIGATION_OPEN_AGAIN,
        by=by,
        case_id=obligation.case_id,
        obligation_id=obligation.id,
        kind=obligation.kind,
        denied=denied,
    )


def coarsen(session: Session, case_id: uuid.UUID) -> None:
    """Keep only the quarter of all times of the case's referrals and calls, and of its fulfilled obligations.

    An open obligation keeps its time until it is done: otherwise nobody would see that it is late (ADR 0008).
    """
    zone = country().timezone
    for referral in session.scalars(
        select(Referral).where(Referral.case_id == case_id).execution_options(populate_existing=True)
    ):
        referral.answered_in = referral.answered_in or answer_class(
            referral.status, referral.sent_at, referral.due_at, referral.decided_at
        )
        for column in _TIMES:
            at = getattr(referral, column)
            if at is not None:
                setattr(referral, column, coarsened(at, zone))
        referral.promised_by = ""
    mistakes = select(ReferralMistake).join(Referral, Referral.id == ReferralMistake.referral_id)
    for mistake in session.scalars(mistakes.where(Referral.case_id == case_id)):
        mistake.known_on = Quarter.of(mistake.known_on).start
    for obligation in session.scalars(
        select(Obligation)
        .where(Obligation.case_id == case_id, Obligation.done_at.is_not(None))
        .execution_options(populate_existing=True)
    ):
        told = (obligation.id, call_rows.about_desk(obligation.id))
        for call in session.scalars(select(Call).where(Call.subject_id.in_(told))):
            call.called_at = coarsened(call.called_at, zone)
        obligation.done_at = coarsened(cast(datetime, obligation.done_at), zone)
        obligation.due_at = coarsened(obligation.due_at, zone) if obligation.due_at is not None else None
    for chase in session.scalars(
        select(ReminderCall).where(ReminderCall.case_id == case_id).execution_options(populate_existing=True)
    ):
        chase.called_at = coarsened(chase.called_at, zone)
    session.flush()
