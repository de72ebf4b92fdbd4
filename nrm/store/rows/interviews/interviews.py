"""Interviews as rows: which exist and which ran out; and deleting those whose time is over."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, exists, select

from nrm.db import db
from nrm.domain.interviews.endings import FINAL
from nrm.models.interviews.helpline import HelplineCall
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.models.referrals.referrals import ChildAlert
from nrm.models.reports.filings import Filing
from nrm.models.shelter.cases import Case
from nrm.models.shelter.child_returns import ChildReturn
from nrm.prepared import Prepared

_TAKEN = [
    Prepared(select(model.__table__.c.id).where(model.__table__.c.id == bindparam("id")))
    for model in (Interview, Case, AnnouncedReturn, ChildReturn, HelplineCall, Filing)
]


def is_known(interview_id: uuid.UUID) -> bool:
    """Whether the id is taken: by any post, by a case that a shelter opened itself, by an announced return, a child's
    return, a call, or a filed table.

    Sealed things are found by the id alone; if two had the same id, one could destroy the other.
    """
    return any(each.first(db.session, {"id": interview_id}) is not None for each in _TAKEN)


def expired(at: datetime, limit: int) -> Sequence[Interview]:
    """Drafts of all posts whose time is over, for `tend`; without drafts about a child that nobody has answered."""
    return db.session.scalars(
        select(Interview).where(Interview.status == "draft", Interview.expires_at <= at, ~_unanswered()).limit(limit)
    ).all()


def unanswered_children(at: datetime, limit: int) -> Sequence[Interview]:
    """Drafts about a child whose time is over, and for which the child authority has not allowed the end."""
    return db.session.scalars(
        select(Interview).where(Interview.status == "draft", Interview.expires_at <= at, _unanswered()).limit(limit)
    ).all()


def _unanswered() -> ColumnElement[bool]:
    final = [str(each) for each in FINAL]
    return exists().where(
        ChildAlert.id == Interview.id, ChildAlert.withdrawn_at.is_(None), ChildAlert.answer.not_in(final)
    )


def over_holds(at: datetime, limit: int) -> Sequence[uuid.UUID]:
    """Interviews that are held and whose time is over, for `tend`."""
    over = (Interview.status == "held", Interview.expires_at <= at)
    return db.session.scalars(select(Interview.id).where(*over).order_by(Interview.expires_at).limit(limit)).all()


def forget_ended(at: datetime) -> None:
    """Drop the bare rows of interviews that ended without a case, once their time has come."""
    db.session.execute(delete(Interview).where(Interview.status == "ended", Interview.expires_at <= at))


def is_pseudonym_taken(pseudonym: str) -> bool:
    """Whether an interview or a case has it already."""
    return (
        db.session.scalar(select(Interview.id).where(Interview.pseudonym == pseudonym)) is not None
        or db.session.scalar(select(Case.id).where(Case.pseudonym == pseudonym)) is not None
    )
