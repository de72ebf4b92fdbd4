"""Alarms about threats to witnesses: for the duty desk all of them, for a holder those of the people whom it has."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.models.support.threats import ThreatAlarm, ThreatSeen
from nrm.store.rows.support.threats import STANDS
from nrm.store.statements import built_once
from nrm.store.support.hearings import Person

_MOST = 50


@dataclass(frozen=True, slots=True)
class ThreatLine:
    """One alarm. `case_id`, `pseudonym`: of the person, None and empty for a witness who is no victim."""

    id: uuid.UUID
    case_id: uuid.UUID | None
    pseudonym: str
    told_at: datetime
    seen: bool  # by the asker's desk


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One alarm as who told it, and the holder, see it: which desks have seen it, and when. `by_holder`: None as well
    for a witness without a case, of whom the duty desk alone is told."""

    told_at: datetime
    by_desk: datetime | None
    by_holder: datetime | None


def told(person: Person, *, by: Actor) -> Sequence[ToldLine]:
    """The alarms about somebody whose witness record the asker sees, the newest first. Raises NotVisible."""
    if by.organisation_id is None or not by.may(Permission.TESTIMONY_RECORD):
        raise NotVisible
    alarms = db.session.scalars(
        select(ThreatAlarm)
        .where(or_(ThreatAlarm.case_id == person.id, ThreatAlarm.witness_id == person.id), STANDS)
        .order_by(ThreatAlarm.told_at.desc(), ThreatAlarm.id)
        .limit(_MOST)
    ).all()
    if not alarms:
        return ()
    rows = db.session.execute(
        select(ThreatSeen.alarm_id, ThreatSeen.seen_at, Organisation.kind)
        .join(Organisation, Organisation.id == ThreatSeen.organisation_id)
        .where(ThreatSeen.alarm_id.in_([each.id for each in alarms]))
        .order_by(ThreatSeen.seen_at)
    )
    desk: dict[uuid.UUID, datetime] = {}
    holder: dict[uuid.UUID, datetime] = {}
    for alarm_id, seen_at, kind in rows:
        (desk if kind == OrganisationKind.RESPONSIBLE_AUTHORITY else holder)[alarm_id] = seen_at
    return [ToldLine(each.told_at, desk.get(each.id), holder.get(each.id)) for each in alarms]


def of_desk(*, by: Actor) -> Sequence[ThreatLine]:
    """What the actor's desk has not seen yet, the oldest first; nothing for who is told nothing."""
    if not _is_told(by):
        return ()
    return [_line(*row) for row in _of_desk(by)()]


def one(alarm_id: uuid.UUID, *, by: Actor) -> ThreatLine:
    """One alarm, seen or not; raises NotVisible."""
    if not _is_told(by):
        raise NotVisible
    row = db.session.execute(_rows(by).where(ThreatAlarm.id == alarm_id)).first()
    if row is None:
        raise NotVisible
    return _line(*row)


def number_told(by: Actor) -> ColumnElement[int]:
    """How many alarms the actor's desk has not seen, as a column of another statement."""
    if not _is_told(by):
        return literal(0)
    counted = select(func.count()).select_from(ThreatAlarm).outerjoin(Case, Case.id == ThreatAlarm.case_id)
    return counted.where(STANDS, _whose(by), ~_seen_by(by)).scalar_subquery()


@built_once
def _of_desk(by: Actor) -> Select[uuid.UUID, uuid.UUID | None, str | None, datetime, bool]:
    return _rows(by).where(~_seen_by(by)).order_by(ThreatAlarm.told_at, ThreatAlarm.id).limit(_MOST)


def _rows(by: Actor) -> Select[uuid.UUID, uuid.UUID | None, str | None, datetime, bool]:
    return (
        select(ThreatAlarm.id, ThreatAlarm.case_id, Case.pseudonym, ThreatAlarm.told_at, _seen_by(by))
        .outerjoin(Case, Case.id == ThreatAlarm.case_id)
        .where(STANDS, _whose(by))
    )


def _is_told(by: Actor) -> bool:
    """The duty desk, and who records testimony where people are held; the prosecution is who tells."""
    holder = by.may(Permission.TESTIMONY_RECORD) and by.kind is not OrganisationKind.PROSECUTION
    return by.organisation_id is not None and (holder or by.may(Permission.REFERRAL_DIRECT))


def _whose(by: Actor) -> ColumnElement[bool]:
    if by.may(Permission.REFERRAL_DIRECT):
        return or_(ThreatAlarm.case_id.is_not(None), ThreatAlarm.witness_id.is_not(None))
    return and_(Case.holder_id == by.organisation_id, Case.status != "referred")


def _seen_by(by: Actor) -> ColumnElement[bool]:
    return exists().where(ThreatSeen.alarm_id == ThreatAlarm.id, ThreatSeen.organisation_id == by.organisation_id)


def _line(
    alarm_id: uuid.UUID, case_id: uuid.UUID | None, pseudonym: str | None, told_at: datetime, seen: bool
) -> ThreatLine:
    return ThreatLine(alarm_id, case_id, pseudonym or "", told_at, seen)
