"""Where a post meets the shelter that accepted: the shelter says it, one member of the post opens it (ADR 0106).

It is the compartment `meeting` under the id of the referral, sealed to the post and the shelter; `transfers` opens it.
"""

from __future__ import annotations

import uuid

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.interviews.draft_owners import NoSuchColleague
from nrm.domain.referrals.crossing_points import ESCORT, Meeting, is_destroyed_before, meeting_ends
from nrm.domain.referrals.post_tasks import AFTER_LEAVING
from nrm.domain.referrals.referrals import IllegalTransition, Relation, TransitionRefusal
from nrm.domain.referrals.transfers import MEETING
from nrm.steps.referrals import hand_overs
from nrm.steps.referrals import next_receiver as next_receiver_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.store.interviews import draft_owners
from nrm.store.referrals import referrals as store
from nrm.store.rows.referrals import transfers as rows
from nrm.vault import compartments as vault
from nrm.vault import grants, members

CannotOpen = members.CannotOpen


def say(*, referral_id: uuid.UUID, meeting: Meeting, by: Actor) -> None:
    """The shelter that accepted says where it meets the person and who goes with them, in place of what it said before.

    Raises NotPermitted, NotVisible, IllegalTransition (`state`; `too_long`: it is destroyed before the shelter
    comes), CannotOpen.
    """
    by.must(Permission.REFERRAL_DECIDE)
    with transaction() as session:
        referral = store.row(referral_id, by=by, lock=True)
        if store.relation_to(referral, by=by) is not Relation.RECEIVER or not rows.is_of_a_post(referral):
            raise NotVisible
        if referral.status != "accepted" or hand_overs.meeting_is_over(referral):
            raise IllegalTransition(TransitionRefusal.STATE)
        if referral.decided_at is not None:
            until = meeting_ends(referral.expected_at, referral.decided_at)
            if is_destroyed_before(meeting.hour, until):
                raise IllegalTransition(TransitionRefusal.TOO_LONG)
        if not grants.is_of_referral(referral):  # a row by hand would have it sealed to somebody else
            raise CannotOpen
        if rows.is_written(referral_id, MEETING):
            vault.merge(session, referral_id, MEETING, meeting.to_value(), by=by)
        else:
            value = {MEETING: {**meeting.to_value(), ESCORT: ""}}
            vault.create(session, referral_id, value, [referral.sender_id, referral.receiver_id])
        # Who is on the way does not look at the page any more: the post reads it until it has told them (ADR 0241).
        after = {AFTER_LEAVING: 1} if referral.departed_at is not None else {}
        next_receiver_steps.record(session, audit.Event.MEETING_SAID, referral, by, **after)


def name_escort(*, referral_id: uuid.UUID, name: str, by: Actor) -> None:
    """Who opens the meeting place names a colleague of the post who does so instead; the actor does not any more.

    `name`: as it was typed, the colleague's name or sign-in name. Raises NotPermitted, NotVisible, NoSuchColleague,
    CannotOpen.
    """
    by.must(Permission.REFERRAL_SEND)
    with transaction() as session:
        referral = hand_overs.readable(referral_id, MEETING, by=by)
        if store.relation_to(referral, by=by) is not Relation.SENDER:
            raise NotVisible
        to = draft_owners.colleague_called(name, by=by)
        if to is None:
            raise NoSuchColleague
        vault.merge(session, referral_id, MEETING, {ESCORT: str(to.id)}, by=by)
        vault.end_leave(session, referral_id, MEETING)
        next_receiver_steps.record(session, audit.Event.ESCORT_NAMED, referral, by, to_member_id=to.id)


def forget() -> int:
    """Destroy every meeting place whose time is over although nobody arrived; returns how many."""
    over = rows.with_a_meeting_over(clock.now())
    for referral_id in over:
        with transaction() as session:
            hand_overs.forget(session, referral_id, [MEETING])
    if over:
        erasure_steps.carry_out()
    return len(over)
