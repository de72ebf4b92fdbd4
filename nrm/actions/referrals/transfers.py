"""What the two shelters of a move open and write for each other; the move itself is in `referrals` (ADR 0068)."""

from __future__ import annotations

import uuid

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.referrals.referrals import IllegalTransition, Relation, TransitionRefusal
from nrm.domain.referrals.transfers import MEETING
from nrm.domain.shelter.cases import Purpose
from nrm.models.shelter.cases import Reading
from nrm.steps.referrals import hand_overs
from nrm.steps.referrals import next_receiver as next_receiver_steps
from nrm.steps.referrals import transfers as steps
from nrm.store.referrals import referrals as store
from nrm.store.rows.referrals import transfers as rows
from nrm.store.rows.shelter import cases as case_rows
from nrm.vault import compartments as vault


def open_written(*, referral_id: uuid.UUID, what: str, by: Actor) -> None:
    """Let the actor's session read the hand-over, or the meeting place, for a quarter of an hour; recorded first.

    Raises NotPermitted, NotVisible, CannotOpen.
    """
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        referral = hand_overs.readable(referral_id, what, by=by)
        purpose = Purpose.ANSWER if referral.status == "sent" else Purpose.ADMISSION
        purpose = Purpose.HANDING_ON if what == MEETING else purpose
        session.add(
            Reading(
                case_id=referral.case_id,
                compartment=what,
                purpose=purpose,
                member_id=by.member_id,
                organisation_id=by.organisation_id,
                holder_id=case_rows.responsible_for(referral.case_id),
                opened_at=clock.now(),
            )
        )
        vault.allow(session, referral_id, what, purpose, by=by)


def say_meeting(*, referral_id: uuid.UUID, text: str, by: Actor) -> None:
    """The receiver says where and when the person is met; sealed to both shelters, in place of what it said before.

    Raises NotPermitted, NotVisible, IllegalTransition, CannotOpen.
    """
    by.must(Permission.REFERRAL_DECIDE)
    with transaction() as session:
        referral = store.row(referral_id, by=by, lock=True)
        if store.relation_to(referral, by=by) is not Relation.RECEIVER:
            raise NotVisible
        if not steps.stands(session, referral):
            raise IllegalTransition(TransitionRefusal.STATE)
        if rows.is_written(referral_id, MEETING):
            vault.merge(session, referral_id, MEETING, {"text": text}, by=by)
        else:
            vault.create(session, referral_id, {MEETING: {"text": text}}, [referral.sender_id, referral.receiver_id])
        next_receiver_steps.record(session, audit.Event.MEETING_SAID, referral, by)
