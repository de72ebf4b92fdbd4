"""Who wrote down what the child authority answered by telephone, when, and which number they called (ADR 0239): for the
child authority, the duty desk and the post itself."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, func, literal, or_, select

from nrm import clock
from nrm.audit import Event
from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.interviews.endings import BY_TELEPHONE, DENIED_FOR, as_answered
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.interviews.interviews import Hold, Interview
from nrm.models.referrals.referrals import Call, ChildAlert
from nrm.store import signed_names
from nrm.store.rows import entries
from nrm.store.rows.interviews import child_alerts as rows

_MOST = 20


@dataclass(frozen=True, slots=True)
class WrittenDown:
    """An answer that somebody else wrote down. `number`: which number was called, empty where no call is kept; `at`:
    when it was written down, None where the audit chain is not looked through so far back; `ended_at`, `until`: of an
    interview that ended by it and is not destroyed yet, when it ended and when it is destroyed."""

    by: str
    organisation: Mapping[str, str]
    number: str
    called_at: datetime
    at: datetime | None
    ended_at: datetime | None
    until: datetime | None


def of_child(interview_id: uuid.UUID, *, by: Actor) -> WrittenDown | None:
    """None where the child authority answered itself, has not answered, or was told of nothing that the actor sees.
    Raises NotVisible for whom it is no matter."""
    statement = (
        select(ChildAlert, Member.name, Member.login, Organisation, Hold.held_at, Interview.expires_at)
        .outerjoin(Member, Member.id == ChildAlert.answered_by_id)
        .outerjoin(Organisation, Organisation.id == Member.organisation_id)
        .outerjoin(Interview, Interview.id == ChildAlert.id)
        .outerjoin(Hold, Hold.id == ChildAlert.id)
        .where(ChildAlert.id == interview_id)
    )
    if not by.may(Permission.REFERRAL_DIRECT):
        own = ChildAlert.organisation_id == by.organisation_id if by.may(Permission.INTERVIEW_CONDUCT) else None
        party = select(Organisation.party).where(Organisation.id == by.organisation_id).scalar_subquery()
        told = ChildAlert.party == party if by.kind is OrganisationKind.CHILD_PROTECTION else None
        seen = [each for each in (own, told) if each is not None]
        if not seen:
            raise NotVisible
        statement = statement.where(or_(*seen))
    found = db.session.execute(statement.execution_options(populate_existing=True)).first()
    if found is None:
        return None
    alert, name, login, organisation, held_at, until = found
    if alert.answer_how != BY_TELEPHONE or alert.answered_at is None:
        return None
    codes = signed_names.codes([alert.answered_by_id])
    return WrittenDown(
        signed_names.who(codes, alert.answered_by_id, name, login),
        signed_names.organisation_names(organisation),
        _number(alert),
        alert.answered_at,
        _written_at(alert),
        held_at,
        until if held_at is not None else None,
    )


@dataclass(frozen=True, slots=True)
class PostAnswer:
    """A child at the actor's post of whom an answer was written down: `denied` lately, or neither confirmed nor denied
    yet. `goes_on`: the interview was not sent."""

    interview_id: uuid.UUID
    pseudonym: str
    denied: bool
    goes_on: bool


def of_post(*, by: Actor) -> list[PostAnswer]:
    """What anybody of the actor's post has to call about, the denied first (ADR 0243); empty for everybody else."""
    if by.organisation_id is None or not by.may(Permission.INTERVIEW_CONDUCT):
        return []
    statement = (
        select(ChildAlert, Interview.pseudonym, Interview.status)
        .join(Interview, Interview.id == ChildAlert.id)
        .where(ChildAlert.organisation_id == by.organisation_id, _may_wait())
        .order_by(ChildAlert.told_at.desc(), ChildAlert.id)
        .limit(_MOST)
    )
    found = db.session.execute(statement, post_moment(by)).all()
    denied = rows.denied() if any(not alert.answer for alert, *_ in found) else frozenset()
    confirmed = rows.confirmed() if any(alert.answer for alert, *_ in found) else {}
    lines = [
        PostAnswer(alert.id, pseudonym, not alert.answer, status in rows.GOES_ON)
        for alert, pseudonym, status in found
        if (alert.id, as_answered(alert.answer, alert.answered_at)) not in confirmed
        and (alert.answer or alert.id in denied)
    ]
    return sorted(lines, key=lambda line: not line.denied)


def number_of_post(by: Actor) -> ColumnElement[int]:
    """How many children `of_post` looks at; a part of another statement, which gives `post_moment`."""
    if by.organisation_id is None or not by.may(Permission.INTERVIEW_CONDUCT):
        return literal(0)
    counted = select(func.count()).select_from(ChildAlert).where(ChildAlert.organisation_id == by.organisation_id)
    return counted.where(_may_wait()).scalar_subquery()


def post_moment(by: Actor) -> dict[str, datetime]:
    """The value that `number_of_post` needs."""
    return {"denied_since": clock.now() - DENIED_FOR} if by.may(Permission.INTERVIEW_CONDUCT) else {}


def _may_wait() -> ColumnElement[bool]:
    """Written down by somebody else, or asked (anew) since a denial may have been said: nothing more can wait."""
    lately = ChildAlert.opinion_at > bindparam("denied_since", type_=UtcDateTime())
    written = (ChildAlert.answer != "") & (ChildAlert.answer_how == BY_TELEPHONE)
    return ChildAlert.withdrawn_at.is_(None) & or_(written, (ChildAlert.answer == "") & lately)


def _number(alert: ChildAlert) -> str:
    called = (Call.subject_id == alert.id, Call.called_by_id == alert.answered_by_id, Call.answered.is_(True))
    statement = select(Call.number).where(*called, Call.called_at == alert.answered_at)
    return db.session.scalars(statement.order_by(Call.id).limit(1)).first() or ""


def _written_at(alert: ChildAlert) -> datetime | None:
    """A call can be some time old when it is written down: the chain has the hour of that."""
    assert alert.answered_at is not None
    told = entries.since(alert.answered_at - timedelta(seconds=1), Event.CHILD_ANSWERED, entries.about(alert.id))
    return max((each.at for each in told), default=None)
