"""Whether something is owed in a case, for steps that saw the case."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Date, and_, bindparam, exists, func, or_, select

from nrm.db import db
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.referrals.children_along import CHILDREN_ALONG
from nrm.domain.shelter.cases import UNFINISHED
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.closings import Closing
from nrm.store import days
from nrm.store.rows import entries

_AFTER_CLOSING = timedelta(days=30)
TELEPHONE = "telephone"
"""How a party came to know that did not say so itself."""


def known_since(member_id: uuid.UUID | None, since: datetime) -> list[tuple[uuid.UUID, str]]:
    """(obligation, how) of all of which the member said since then that the party knows; the caller checks what is
    owed."""
    done = entries.since(since, "obligation_acknowledged", entries.by(member_id))
    said = ((uuid.UUID(str(each.said["obligation_id"])), str(each.said.get("how"))) for each in done)
    return list(dict.fromkeys(said))


def said_last(obligation: Obligation) -> str:
    """How it was said last to be done; empty where the newest entries of the chain do not tell it."""
    assert obligation.done_at is not None
    before = obligation.done_at - timedelta(seconds=1)
    found = entries.newest_of(before, ("obligation_acknowledged",), entries.about(obligation.id))
    return str(found[1].said.get("how", "")) if found is not None else ""


def is_open_again(obligation_id: uuid.UUID, member_id: uuid.UUID | None, since: datetime) -> bool:
    """Whether the member said since then that the party does not know."""
    about = (entries.by(member_id), entries.about(obligation_id))
    return any(entries.since(since, "obligation_open_again", *about))


def is_denied(obligation: Obligation) -> bool:
    """Whether whoever waits for it says that it is not done, as somebody had said: who said so is kept, not the hour
    (ADR 0258)."""
    return obligation.done_at is None and obligation.done_by_id is not None


def denied() -> ColumnElement[bool]:
    """`is_denied`, as a condition."""
    return and_(Obligation.done_at.is_(None), Obligation.done_by_id.is_not(None))


def is_waited_for() -> ColumnElement[bool]:
    """Whether somebody waits for what is owed in a case: it is not closed; or it was closed, by no wish of the person,
    when another than its holder was late, for a month (ADR 0232)."""
    since = bindparam("closed_since", type_=Date(), callable_=lambda: days.today() - _AFTER_CLOSING)
    late = exists().where(
        Closing.case_id == Case.id,
        Closing.reopened_on.is_(None),
        ~Closing.by_her_wish,
        Closing.closed_on >= since,
        Closing.closed_on >= func.date(Obligation.due_at),
    )
    return or_(Case.status.in_(UNFINISHED), and_(Case.status == "closed", Obligation.party != RECEIVER, late))


def is_owed(case_id: uuid.UUID, kind: str) -> bool:
    """Whether this is owed still in a case that was seen already."""
    owed = exists().where(Obligation.case_id == case_id, Obligation.kind == kind, Obligation.done_at.is_(None))
    return bool(db.session.scalar(select(owed)))


def children_announced() -> ColumnElement[bool]:
    """Whether it is not said yet what became of children who were announced with a person; a part of a statement about
    cases."""
    owed = (Obligation.kind == CHILDREN_ALONG, Obligation.done_at.is_(None))
    return exists().where(Obligation.case_id == Case.id, *owed)


def has_arrived(case_id: uuid.UUID) -> bool:
    """Whether the person of a case that was seen already reached a shelter."""
    arrived = exists().where(Referral.case_id == case_id, Referral.arrived_at.is_not(None))
    return bool(db.session.scalar(select(arrived)))
