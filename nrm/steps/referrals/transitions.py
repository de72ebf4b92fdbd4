"""The step of a referral: decided by the one table, and then written only if the row is as it was."""

from __future__ import annotations

import uuid

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import clock
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor
from nrm.domain.referrals.referrals import (
    DeclineReason,
    IllegalTransition,
    ReferralEvent,
    ReferralStatus,
    TransitionRefusal,
    decide,
)
from nrm.models.referrals.referrals import Referral
from nrm.steps.referrals import next_receiver as next_receiver_steps
from nrm.store.referrals import referrals as store
from nrm.store.rows.agreement import agreements as agreement_rows
from nrm.store.rows.referrals import referrals as referral_rows


def decided(
    referral_id: uuid.UUID, event: ReferralEvent, by: Actor, reason: DeclineReason | None = None
) -> tuple[Referral, ReferralStatus]:
    """The referral, locked, and what it becomes; raises NotVisible, IllegalTransition."""
    referral = store.row(referral_id, by=by, lock=True)
    next_receiver_steps.lock_case(referral.case_id)
    after = decide(
        ReferralStatus(referral.status),
        event,
        store.relation_to(referral, by=by),
        terms=referral_rows.terms(referral),
        at=clock.now(),
        reason=reason,
    )
    if event in (ReferralEvent.ACCEPT, ReferralEvent.PROMISE) and agreement_rows.has_left(referral.receiver_id):
        raise IllegalTransition(TransitionRefusal.LEFT)
    return referral, after


def change(session: Session, referral: Referral, after: ReferralStatus, **values: object) -> None:
    """Change the row if it is still as it was when the step was decided; raises IllegalTransition."""
    hit = hit_one(
        session,
        update(Referral)
        .where(
            Referral.id == referral.id,
            Referral.status == referral.status,
            Referral.receiver_id == referral.receiver_id,
            Referral.expires_at == referral.expires_at,
        )
        .values(status=str(after), **values)
        .execution_options(synchronize_session=False),
    )
    if not hit:
        raise IllegalTransition(TransitionRefusal.STATE)
    session.refresh(referral)
