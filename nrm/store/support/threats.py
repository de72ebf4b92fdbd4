"""Alarms about threats to witnesses: for the duty desk all of them, for a holder those of the people whom it has."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal, or_, select

from nrm import clock
from nrm.audit import Event
from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.support.threats import DOUBTED_WITHIN, SEEN_IS_SHOWN, Acts, Doubt, mark_of
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.cases import Case
from nrm.models.support.threats import ThreatAlarm, ThreatSeen
from nrm.store import names
from nrm.store.rows import entries
from nrm.store.rows.support.threats import STANDS
from nrm.store.statements import built_once
from nrm.store.support.hearings import Person

_MOST = 50


@dataclass(frozen=True, slots=True)
class Said:
    """Who of a desk said that it has seen an alarm, and when; `what`: what is done, none before that was asked."""

    name: str
    at: datetime
    what: Acts | None


@dataclass(frozen=True, slots=True)
class ThreatLine:
    """One alarm. `case_id`, `pseudonym`: of the person, None and empty for a witness who is no victim; `said`: by the
    asker's desk; `doubt`: what who told it says of it since."""

    id: uuid.UUID
    case_id: uuid.UUID | None
    pseudonym: str
    told_at: datetime
    doubt: Doubt | None
    doubted_at: datetime | None
    said: Said | None

    @property
    def mark(self) -> str:
        """By what it is told from another."""
        return mark_of(self.id)


@dataclass(frozen=True, slots=True)
class ThreatPage:
    """One alarm for a desk that is told. `holder`: the names of the house to telephone, None for a witness without a
    case; `own`: it is the asker's; `others`: what each other desk said, with the names of the organisation."""

    line: ThreatLine
    holder: Mapping[str, str] | None
    number: str
    own: bool
    others: tuple[tuple[Mapping[str, str], Said], ...]


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One alarm as who told it, and the holder, see it: which desks have seen it, and when. `by_holder`: None as well
    for a witness without a case, of whom the duty desk alone is told; `own`: the asker told it, and may say that it was
    told twice, or by mistake, or that it was not."""

    id: uuid.UUID
    told_at: datetime
    by_desk: datetime | None
    by_holder: datetime | None
    doubt: Doubt | None
    own: bool

    @property
    def mark(self) -> str:
        """By what it is told from another."""
        return mark_of(self.id)


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
    mine = _told_by(by)
    return [
        ToldLine(
            each.id,
            each.told_at,
            desk.get(each.id),
            holder.get(each.id),
            Doubt(each.doubt) if each.doubt else None,
            each.id in mine and _without_step(each),
        )
        for each in alarms
    ]


def own(alarm_id: uuid.UUID, *, by: Actor) -> ThreatAlarm:
    """An alarm that the actor told, and no step of a witness did; raises NotVisible."""
    # Before the row is read: how long the answer takes says nothing of whether another's alarm is there.
    if not by.may(Permission.TESTIMONY_RECORD) or alarm_id not in _told_by(by):
        raise NotVisible
    found = db.session.get(ThreatAlarm, alarm_id, populate_existing=True)
    if found is None or not _without_step(found):
        raise NotVisible
    return found


def _told_by(by: Actor) -> set[uuid.UUID]:
    """The alarms that the actor told lately, by the chain: the row says only of which organisation it was."""
    told = entries.since(clock.now() - DOUBTED_WITHIN, Event.THREAT_TOLD, entries.by(by.member_id))
    return {uuid.UUID(each.said["alarm_id"]) for each in told}


def _without_step(alarm: ThreatAlarm) -> bool:
    """Where a step told it, the step is struck instead."""
    return alarm.step_id is None and alarm.witness_step_id is None


def on_home(*, by: Actor) -> Sequence[ThreatLine]:
    """What the actor's desk has not seen yet, the oldest first, and what it has seen lately; nothing for who is told
    nothing."""
    if not _is_told(by):
        return ()
    return [_line(*row) for row in _on_home(by)(threats_since=clock.now() - SEEN_IS_SHOWN)]


def of_desk(*, by: Actor) -> Sequence[ThreatLine]:
    """What the actor's desk has not seen yet, the oldest first; nothing for who is told nothing."""
    return [line for line in on_home(by=by) if line.said is None]


def one(alarm_id: uuid.UUID, *, by: Actor) -> ThreatLine:
    """One alarm, seen or not; raises NotVisible."""
    if not _is_told(by):
        raise NotVisible
    row = db.session.execute(_rows(by).where(ThreatAlarm.id == alarm_id)).first()
    if row is None:
        raise NotVisible
    return _line(*row)


def page(alarm_id: uuid.UUID, *, by: Actor) -> ThreatPage:
    """One alarm with the house to telephone, whether or not its case is closed or shared; raises NotVisible."""
    line = one(alarm_id, by=by)
    said = db.session.execute(
        select(Organisation, Member.name, ThreatSeen.seen_at, ThreatSeen.what)
        .join(Organisation, Organisation.id == ThreatSeen.organisation_id)
        .join(Member, Member.id == ThreatSeen.member_id)
        .where(ThreatSeen.alarm_id == alarm_id, Organisation.id != by.organisation_id)
    )
    others = tuple((each.names, Said(name, at, Acts(what) if what else None)) for each, name, at, what in said)
    case = db.session.get(Case, line.case_id) if line.case_id is not None else None
    if case is None or case.holder_id is None:
        return ThreatPage(line, None, "", False, others)
    holder = names.organisation(case.holder_id)
    return ThreatPage(line, holder.names, names.number_of(holder), holder.id == by.organisation_id, others)


def number_told(by: Actor) -> ColumnElement[int]:
    """How many alarms the actor's desk has not seen, or has seen since the parameter `threats_since`, as a column of
    another statement."""
    if not _is_told(by):
        return literal(0)
    counted = select(func.count()).select_from(ThreatAlarm).outerjoin(Case, Case.id == ThreatAlarm.case_id)
    counted = counted.outerjoin(ThreatSeen, _said_by(by))
    return counted.where(STANDS, _whose(by), _is_shown()).scalar_subquery()


_Row = tuple[
    uuid.UUID, uuid.UUID | None, str | None, datetime, str, datetime | None, str | None, datetime | None, str | None
]


@built_once
def _on_home(by: Actor) -> Select[*_Row]:
    return _rows(by).where(_is_shown()).order_by(ThreatAlarm.told_at, ThreatAlarm.id).limit(_MOST)


def _is_shown() -> ColumnElement[bool]:
    return or_(ThreatSeen.seen_at.is_(None), ThreatSeen.seen_at > bindparam("threats_since", type_=UtcDateTime()))


def _rows(by: Actor) -> Select[*_Row]:
    return (
        select(
            ThreatAlarm.id,
            ThreatAlarm.case_id,
            Case.pseudonym,
            ThreatAlarm.told_at,
            ThreatAlarm.doubt,
            ThreatAlarm.doubted_at,
            Member.name,
            ThreatSeen.seen_at,
            ThreatSeen.what,
        )
        .outerjoin(Case, Case.id == ThreatAlarm.case_id)
        .outerjoin(ThreatSeen, _said_by(by))
        .outerjoin(Member, Member.id == ThreatSeen.member_id)
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


def _said_by(by: Actor) -> ColumnElement[bool]:
    return and_(ThreatSeen.alarm_id == ThreatAlarm.id, ThreatSeen.organisation_id == by.organisation_id)


def _line(
    alarm_id: uuid.UUID,
    case_id: uuid.UUID | None,
    pseudonym: str | None,
    told_at: datetime,
    doubt: str,
    doubted_at: datetime | None,
    name: str | None,
    seen_at: datetime | None,
    what: str | None,
) -> ThreatLine:
    said = Said(name or "", seen_at, Acts(what) if what else None) if seen_at is not None else None
    return ThreatLine(alarm_id, case_id, pseudonym or "", told_at, Doubt(doubt) if doubt else None, doubted_at, said)
