"""Alarms, as far as the asker may see them: the member's colleagues, never the member; the duty desk all of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, literal, select, true, tuple_

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.accounts.alarms import AlarmKind
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.alarms import Alarm, AlarmAcknowledgement
from nrm.store import signed_names
from nrm.store.paging import PAGE, Page, page, place_after


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """One alarm as a list shows it."""

    id: uuid.UUID
    member_id: uuid.UUID
    member_name: str
    login: str
    organisation: dict[str, str]
    of_colleague: bool
    kind: AlarmKind
    hours: int
    cases: int
    first_at: datetime
    last_at: datetime
    raised_at: datetime
    open: bool
    """Nobody of the asker's organisation has looked into it yet, or not since it grew."""
    seen_by: tuple[tuple[str, datetime], ...]
    """Who of the asker's organisation did, and when: (login, at)."""


def row(alarm_id: uuid.UUID, cases: int, *, by: Actor) -> Alarm:
    """An alarm that once told of so many cases; raises NotPermitted, NotVisible."""
    found = db.session.scalar(select(Alarm).where(Alarm.id == alarm_id, Alarm.cases >= cases, _seen_by(by)))
    if found is None or cases < 1:
        raise NotVisible
    return found


def is_acknowledged(alarm: Alarm, cases: int, *, by: Actor) -> bool:
    """Whether the asker's organisation looked into it when it told of at least so many cases."""
    return db.session.scalar(select(_acknowledged(by, alarm.id, cases))) is True


OPENED = (
    AlarmKind.OPENINGS,
    AlarmKind.DRAFTS,
    AlarmKind.PLACES,
    AlarmKind.MANY_OPENINGS,
    AlarmKind.OF_ALL_OPENINGS,
    AlarmKind.QUESTIONS,
    AlarmKind.OF_ALL_QUESTIONS,
)
"""The kinds of alarms about what somebody opened or asked; all others but REFUSALS are about acts that destroy, end or
share."""


def waiting(*, by: Actor) -> int:
    """How many alarms nobody of the asker's organisation has looked into; 0 for who sees none."""
    return db.session.execute(select(number_waiting(by))).scalar_one()


def number_waiting(by: Actor, *, acts: bool = False, refusals: bool = False) -> ColumnElement[int]:
    """How many alarms wait, as a part of another statement; with `acts`, alarms about acts that destroy; with
    `refusals`, about accounts to which many pages were refused."""
    if refusals:
        of_kind = Alarm.kind == AlarmKind.REFUSALS
    else:
        of_kind = Alarm.kind.not_in((*OPENED, AlarmKind.REFUSALS)) if acts else Alarm.kind.in_(OPENED)
    if not by.may(Permission.CASE_READ):
        return literal(0)
    counted = select(func.count()).select_from(Alarm).where(of_kind)
    return counted.where(_seen_by(by), ~_acknowledged(by, Alarm.id, Alarm.cases)).scalar_subquery()


def alarms(*, by: Actor, after: str = "", size: int = PAGE) -> Page[AlarmLine]:
    """Those the asker may see, newest first. Raises NotPermitted."""
    acknowledged = _acknowledged(by, Alarm.id, Alarm.cases)
    statement = (
        select(Alarm, Member.name, Member.login, Organisation.names, acknowledged)
        .join(Member, Member.id == Alarm.member_id)
        .join(Organisation, Organisation.id == Alarm.organisation_id)
        .where(_seen_by(by))
        .order_by(Alarm.raised_at.desc(), Alarm.id.desc())
        .limit(size + 1)
    )
    place = place_after(after)
    if place is not None:
        statement = statement.where(tuple_(Alarm.raised_at, Alarm.id) < place)
    found = db.session.execute(statement).all()
    codes = signed_names.codes([alarm.member_id for alarm, *_ in found])
    seen = _acknowledgements([alarm.id for alarm, *_ in found], by)
    lines = [
        AlarmLine(
            id=alarm.id,
            member_id=alarm.member_id,
            member_name=codes.get(alarm.member_id, name),
            login="" if alarm.member_id in codes else login,
            organisation=names,
            of_colleague=alarm.organisation_id == by.organisation_id,
            kind=AlarmKind(alarm.kind),
            hours=alarm.hours,
            cases=alarm.cases,
            first_at=alarm.first_at,
            last_at=alarm.last_at,
            raised_at=alarm.raised_at,
            open=not done,
            seen_by=tuple(seen.get(alarm.id, ())),
        )
        for alarm, name, login, names, done in found
    ]
    return page(lines, lambda line: (line.raised_at, line.id), size)


def _seen_by(by: Actor) -> ColumnElement[bool]:
    """Colleagues' alarms; of everybody for the duty desk; one's own for nobody."""
    by.must(Permission.CASE_READ)
    whose = true() if by.may(Permission.REFERRAL_DIRECT) else Alarm.organisation_id == by.organisation_id
    return and_(whose, Alarm.member_id != by.member_id)


def _acknowledged(by: Actor, alarm_id: object, cases: object) -> ColumnElement[bool]:
    return exists().where(
        AlarmAcknowledgement.alarm_id == alarm_id,
        AlarmAcknowledgement.organisation_id == by.organisation_id,
        AlarmAcknowledgement.cases >= cases,
    )


def _acknowledgements(alarm_ids: list[uuid.UUID], by: Actor) -> dict[uuid.UUID, list[tuple[str, datetime]]]:
    statement = (
        select(AlarmAcknowledgement.alarm_id, Member.login, AlarmAcknowledgement.acknowledged_at)
        .join(Member, Member.id == AlarmAcknowledgement.member_id)
        .where(AlarmAcknowledgement.alarm_id.in_(alarm_ids), AlarmAcknowledgement.organisation_id == by.organisation_id)
        .order_by(AlarmAcknowledgement.acknowledged_at)
    )
    found: dict[uuid.UUID, list[tuple[str, datetime]]] = {}
    for alarm_id, login, at in db.session.execute(statement):
        found.setdefault(alarm_id, []).append((login, at))
    return found
