"""What the child authority was told of an interview, for steps that saw the interview."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.interviews.endings import CONFIRMED_WITHIN, DENIED_FOR, as_answered
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import ChildAlert
from nrm.store.rows import entries

_NEWEST = 50_000
GOES_ON = ("draft", "completed", "held")
"""The statuses of an interview that is neither sent nor destroyed."""


def live(interview_id: uuid.UUID) -> ChildAlert | None:
    """The alert about an interview, unless it was taken back; the caller has checked who sees the interview."""
    return db.session.scalar(
        select(ChildAlert)
        .where(ChildAlert.id == interview_id, ChildAlert.withdrawn_at.is_(None))
        .execution_options(populate_existing=True)
    )


def is_told(interview_id: uuid.UUID) -> bool:
    """Whether there ever was an alert about the interview, taken back or not."""
    return db.session.scalar(select(ChildAlert.id).where(ChildAlert.id == interview_id)) is not None


def goes_on(interview_id: uuid.UUID) -> bool:
    """Whether the interview is neither sent nor destroyed."""
    there = (Interview.id == interview_id, Interview.status.in_(GOES_ON))
    return db.session.scalar(select(Interview.id).where(*there)) is not None


def is_sent(interview_id: uuid.UUID) -> bool:
    """Whether the interview became a case."""
    there = (Interview.id == interview_id, Interview.status == "sent")
    return db.session.scalar(select(Interview.id).where(*there)) is not None


def denied() -> frozenset[uuid.UUID]:
    """The interviews of which the child authority said, within a day, that it did not give the answer that somebody
    wrote down: the row keeps no trace of that answer, and the child may have left because of it."""
    told = entries.since(clock.now() - DENIED_FOR, Event.CHILD_ANSWER_CONTRADICTED)
    return frozenset(uuid.UUID(each.said["interview_id"]) for each in told)


def in_clear(interview_id: uuid.UUID, sealed: str) -> ChildAlert | None:
    """The alert of the interview, if it was answered by telephone and the name does not begin as a sealed one does."""
    found = db.session.get(ChildAlert, interview_id)
    return found if found is not None and found.answered_name and not found.answered_name.startswith(sealed) else None


def confirmed() -> dict[tuple[uuid.UUID, str], entries.Entry]:
    """(interview, answer as `as_answered` gives it) -> where the child authority said that it gave the answer that
    somebody wrote down (ADR 0243)."""
    told = entries.since(clock.now() - CONFIRMED_WITHIN, Event.CHILD_ANSWER_CONFIRMED, newest=_NEWEST)
    return {(uuid.UUID(each.said["interview_id"]), each.said["seen"]): each for each in told}


def is_confirmed(interview_id: uuid.UUID) -> bool:
    """Whether the child authority said so of the answer that holds now."""
    alert = db.session.get(ChildAlert, interview_id)
    return alert is not None and (alert.id, as_answered(alert.answer, alert.answered_at)) in confirmed()
