"""Children at a post now, as the child authority, the duty desk and the post itself see them: nothing sealed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.models.accounts import Organisation
from nrm.models.referrals import ChildAlert

_MOST = 50


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One child at a post. `withdrawn_why` is empty unless it was taken back."""

    id: uuid.UUID
    post: dict[str, str]
    telephone: str
    party: str
    age_class: str
    told_at: datetime
    due_at: datetime
    done_at: datetime | None
    withdrawn_why: str
    late: bool


def row(interview_id: uuid.UUID, *, by: Actor) -> ChildAlert:
    """One alert the actor may acknowledge; raises NotVisible."""
    found = db.session.scalar(
        select(ChildAlert).where(ChildAlert.id == interview_id, _seen(by)).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotVisible
    return found


def alerts(*, by: Actor) -> list[AlertLine]:
    """What the child authority was told and no case has come of yet, newest first; for the duty desk what is not
    acknowledged."""
    statement = _lines().where(_seen(by)).order_by(ChildAlert.told_at.desc(), ChildAlert.id).limit(_MOST)
    if by.may(Permission.REFERRAL_DIRECT):
        statement = statement.where(ChildAlert.done_at.is_(None), ChildAlert.withdrawn_at.is_(None))
    return [_line(alert, post) for alert, post in db.session.execute(statement)]


def of_interview(interview_id: uuid.UUID, *, by: Actor) -> AlertLine | None:
    """What the post told about its own interview, if anything."""
    wanted = (ChildAlert.id == interview_id, ChildAlert.organisation_id == by.organisation_id)
    found = db.session.execute(_lines().where(*wanted)).first()
    return _line(*found) if found is not None else None


def _seen(by: Actor) -> ColumnElement[bool]:
    if by.may(Permission.REFERRAL_DIRECT):
        return ChildAlert.party != ""
    if by.kind is not OrganisationKind.CHILD_PROTECTION or by.organisation_id is None:
        raise NotVisible
    own = select(Organisation.party).where(Organisation.id == by.organisation_id).scalar_subquery()
    return ChildAlert.party == own


def _lines() -> Select[ChildAlert, Organisation]:
    return select(ChildAlert, Organisation).join(Organisation, Organisation.id == ChildAlert.organisation_id)


def _line(alert: ChildAlert, post: Organisation) -> AlertLine:
    withdrawn = alert.withdrawn_at is not None
    return AlertLine(
        alert.id,
        {"sq": post.name_sq, "en": post.name_en},
        post.telephone,
        alert.party,
        alert.age_class,
        alert.told_at,
        alert.due_at,
        alert.done_at,
        alert.withdrawn_why,
        alert.done_at is None and not withdrawn and alert.due_at <= clock.now(),
    )
