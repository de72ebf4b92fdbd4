"""Telling the child authority about a child, or a person who may be one, as soon as the post knows; asking the
authority what happens with the child; taking the message back.

A post that saw no indicator asks what happens with the child. It can end the interview only after an answer that
allows it.

The desk of the authority sees the post, the age class and the hours. It learns the identity only with the case, by the
grant that the clause names.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import delete

from nrm import audit, clock
from nrm.db import rows_hit, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.interviews.endings import ChildAnswer, as_answered
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal
from nrm.models.referrals.referrals import ChildAlert
from nrm.steps.interviews import child_alerts as steps
from nrm.steps.interviews import holds
from nrm.steps.interviews.drafts import NoLongerDraft
from nrm.store.interviews import child_alerts as store
from nrm.vault import shredding

# How long the desk sees that an alert was taken back, and why.
_WITHDRAWN_STAYS = timedelta(days=1)


def answer_child(*, interview_id: uuid.UUID, answer: ChildAnswer, seen: str | None = None, by: Actor) -> None:
    """The child authority's desk says what happens with the child (`notification_calls.answer_for_child` by telephone).

    `seen`: what stood on the page that was answered (`as_answered`); None for whoever saw none. Raises NotVisible,
    IllegalTransition (`changed`: another answer was recorded, or taken back, since that page was opened, ADR 0238).
    """
    with transaction() as session:
        if by.kind is not OrganisationKind.CHILD_PROTECTION:
            raise NotVisible
        alert = store.row(interview_id, by=by, lock=True)
        if seen not in (None, as_answered(alert.answer, alert.answered_at)):
            raise IllegalTransition(TransitionRefusal.CHANGED)
        steps.answered(session, alert.id, answer, how="system", at=clock.now(), by=by)


def confirm(*, interview_id: uuid.UUID, seen: str, by: Actor) -> None:
    """The desk did say what was written down as its answer by telephone; said twice changes nothing (ADR 0243).

    `seen`: the answer that stood on the page (`as_answered`). Raises NotPermitted, NotVisible, IllegalTransition
    (`changed`).
    """
    by.must(Permission.OBLIGATION_ACKNOWLEDGE)
    with transaction() as session:
        alert = store.row(interview_id, by=by, lock=True)
        line = store.of_desk(interview_id, by=by)
        if not line.contradictable:
            raise IllegalTransition(TransitionRefusal.STATE)
        if seen != as_answered(alert.answer, alert.answered_at):
            raise IllegalTransition(TransitionRefusal.CHANGED)
        if line.confirmed_at is None:
            event = audit.Event.CHILD_ANSWER_CONFIRMED
            audit.append(session, event, by=by, interview_id=alert.id, recorded_by_id=alert.answered_by_id, seen=seen)
            holds.confirmed(session, alert.id)


def contradict(*, interview_id: uuid.UUID, seen: str | None = None, by: Actor) -> None:
    """The desk did not say what was written down as its answer by telephone: it is asked again, and an interview that
    was ended by it goes on. `seen` as of `answer_child`. Raises NotVisible, IllegalTransition.
    """
    try:
        with transaction() as session:
            if by.kind is not OrganisationKind.CHILD_PROTECTION:
                raise NotVisible
            alert = store.row(interview_id, by=by, lock=True)
            if seen not in (None, as_answered(alert.answer, alert.answered_at)):
                raise IllegalTransition(TransitionRefusal.CHANGED)
            if holds.is_held(session, alert.id):
                holds.take_back(session, alert.id, by=by, opens=False)
            steps.contradicted(session, alert.id, by=by)
    except NoLongerDraft:
        raise IllegalTransition(TransitionRefusal.STATE) from None
    shredding.work_off()


def acknowledge(*, interview_id: uuid.UUID, by: Actor) -> None:
    """The desk says that it knows (by telephone: `notification_calls.tell_of_child`). Raises NotVisible,
    IllegalTransition.
    """
    with transaction() as session:
        if by.kind is not OrganisationKind.CHILD_PROTECTION:
            raise NotVisible
        alert = store.row(interview_id, by=by)
        steps.acknowledge(session, alert.id, how="system", at=clock.now(), by=by)


def take_back_known(*, interview_id: uuid.UUID, by: Actor) -> None:
    """The desk takes back that it knows; the duty desk, that somebody answered its call. Raises NotVisible,
    IllegalTransition."""
    with transaction() as session:
        if by.kind is not OrganisationKind.CHILD_PROTECTION and not by.may(Permission.REFERRAL_DIRECT):
            raise NotVisible
        alert = store.row(interview_id, by=by)
        steps.take_back_known(session, alert.id, by=by)


def forget_withdrawn() -> int:
    """Delete the rows of alerts that were taken back a day ago; returns how many."""
    with transaction() as session:
        return rows_hit(session, delete(ChildAlert).where(ChildAlert.withdrawn_at <= clock.now() - _WITHDRAWN_STAYS))
