"""Somebody says that an escort was told, or that they called, after what another office said (ADR 0241)."""

from __future__ import annotations

import uuid

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Permission
from nrm.domain.referrals.post_tasks import Said, TaskKind
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal
from nrm.steps.referrals import hand_overs
from nrm.steps.referrals import next_receiver as next_receiver_steps
from nrm.store.referrals import post_tasks as store
from nrm.store.referrals import referrals as referral_store


def done(*, referral_id: uuid.UUID, what: TaskKind, seen: str, here: bool = False, by: Actor) -> None:
    """The escort knows, or somebody called; said twice changes nothing. `seen`: the mark of what the page said; `here`:
    of who is said to have arrived the post says that the person is still there, and it waits on.

    Raises NotPermitted, NotVisible (nothing of the kind was said), IllegalTransition (`changed`: something else was
    said since).
    """
    if not (by.may(Permission.REFERRAL_SEND) or by.may(Permission.REFERRAL_DECIDE)):
        raise NotPermitted(Permission.REFERRAL_SEND)
    with transaction() as session:
        referral = referral_store.row(referral_id, by=by, lock=True)
        task = store.of_referral(referral_store.referral(referral_id, by=by), by=by)
        if task is None or task.what is not what or (what is TaskKind.MEETING and not task.sends):
            raise NotVisible
        if task.mark != seen:
            raise IllegalTransition(TransitionRefusal.CHANGED)
        if here and (what is not TaskKind.UNSAID or not task.sends):
            raise NotVisible
        if here and task.how is Said.HERE:
            return
        if task.waits_for_post if task.sends else task.done_at is None:
            asked = what is TaskKind.MEETING and not hand_overs.is_escort(referral, by=by)
            how = Said.HERE if here else Said.ASKED if asked else Said.DONE
            more = {"how": str(how)} if how is not Said.DONE else {}
            next_receiver_steps.record(session, audit.Event.SAID_AFTER_CALL, referral, by, what=str(what), **more)


def take_back(*, referral_id: uuid.UUID, what: TaskKind, by: Actor) -> None:
    """The actor said some minutes ago that the escort knows, or that they called, and it is not so: it waits again.
    Both entries of the audit chain stay; taken back twice changes nothing (ADR 0247).

    Raises NotPermitted, NotVisible (nothing of the kind was said), IllegalTransition (`pressed_long_ago`, also where a
    colleague said it).
    """
    if not (by.may(Permission.REFERRAL_SEND) or by.may(Permission.REFERRAL_DECIDE)):
        raise NotPermitted(Permission.REFERRAL_SEND)
    with transaction() as session:
        referral = referral_store.row(referral_id, by=by, lock=True)
        task = store.of_referral(referral_store.referral(referral_id, by=by), by=by)
        if task is None or task.what is not what:
            raise NotVisible
        if task.done_at is None:
            return
        if not task.may_take_back:
            raise IllegalTransition(TransitionRefusal.PRESSED_LONG_AGO)
        next_receiver_steps.record(session, audit.Event.SAID_AFTER_CALL_TAKEN_BACK, referral, by, what=str(what))
