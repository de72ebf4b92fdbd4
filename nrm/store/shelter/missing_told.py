"""Who was told of a missing person: for the shelter that told it, and for the one organisation that it was told to,
which sees nothing of the case, the shelter or the code, and nothing once it is over (ADR 0076)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Date, and_, bindparam, func, literal, or_, select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.shelter.absences import Outcome, Way
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.absences import Missing, MissingTold
from nrm.store import names
from nrm.store.countries import country
from nrm.store.rows import entries
from nrm.store.rows.shelter import absences as rows
from nrm.store.shelter import absences

_MOST = 50


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One share as the organisation sees it that was told. `shelter_id`: for the record of who opened it."""

    id: uuid.UUID
    told_on: date
    shelter_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class SentLine:
    """One telling as the shelter sees it. `struck`: while the alarm stood somebody said that it was wrong, by name and
    day where that is known."""

    id: uuid.UUID
    organisation: dict[str, str]
    way: str
    told_on: date
    number: str
    reached: bool
    given: tuple[str, ...]
    struck: bool
    struck_by: str = ""
    struck_on: date | None = None


@dataclass(frozen=True, slots=True)
class GroundLine:
    """Why the police might be told, as it was said before and taken back: by whom, and when."""

    ground: str
    danger: str
    name: str
    on: date


def of_desk(*, by: Actor) -> list[ToldLine]:
    """What the actor's organisation was told under seal and what stands, the oldest first; empty for who may not."""
    if by.organisation_id is None or not by.may(Permission.ALARM_READ):
        return []
    return _told(MissingTold.organisation_id == by.organisation_id)


def no_longer(*, by: Actor) -> list[tuple[date, bool | None]]:
    """On which days the actor's organisation was told of somebody by mistake, as was said within the last days, and
    whether another person says so than who raised the alarm: nothing else of it is left. None: what was told was wrong,
    the alarm stands, and it may be told anew."""
    if by.organisation_id is None or not by.may(Permission.ALARM_READ):
        return []
    statement = (
        select(MissingTold.told_on, Missing.mistake_by_id != Missing.reported_by_id, Missing.outcome)
        .join(Missing, Missing.id == MissingTold.missing_id)
        .where(*_no_longer(by))
        .order_by(MissingTold.told_on)
    )
    found = db.session.execute(statement, {"struck_since": rows.struck_since()})
    return [(told_on, bool(by_another) if outcome else None) for told_on, by_another, outcome in found]


def _no_longer(by: Actor) -> tuple[ColumnElement[bool], ...]:
    since = bindparam("struck_since", type_=Date())
    mistakes = select(Missing.id).where(Missing.outcome == Outcome.MISTAKE, Missing.mistake_on >= since)
    standing = select(Missing.id).where(Missing.outcome == "")
    return (
        MissingTold.organisation_id == by.organisation_id,
        MissingTold.way == Way.SHARE,
        or_(
            MissingTold.missing_id.in_(mistakes),
            and_(MissingTold.missing_id.in_(standing), MissingTold.over_on >= since),
        ),
    )


def told_to(told_id: uuid.UUID, *, by: Actor) -> ToldLine:
    """One of them; raises NotVisible."""
    if by.organisation_id is None or not by.may(Permission.ALARM_READ):
        raise NotVisible
    for line in _told(MissingTold.organisation_id == by.organisation_id, MissingTold.id == told_id):
        return line
    raise NotVisible


def _told(*wanted: ColumnElement[bool]) -> list[ToldLine]:
    statement = (
        select(MissingTold.id, MissingTold.told_on, Missing.organisation_id)
        .join(Missing, Missing.id == MissingTold.missing_id)
        .where(*wanted, MissingTold.way == Way.SHARE, MissingTold.over_on.is_(None), Missing.outcome == "")
        .order_by(MissingTold.told_on, MissingTold.id)
        .limit(_MOST)
    )
    return [ToldLine(*row) for row in db.session.execute(statement)]


def number_told(by: Actor) -> ColumnElement[int]:
    """How many lines `of_desk` and `no_longer` have, as a part of another statement."""
    if by.organisation_id is None or not by.may(Permission.ALARM_READ):
        return literal(0)
    stands = and_(
        MissingTold.organisation_id == by.organisation_id,
        MissingTold.way == Way.SHARE,
        MissingTold.over_on.is_(None),
    )
    return select(func.count()).select_from(MissingTold).where(or_(stands, and_(*_no_longer(by)))).scalar_subquery()


def of_alarm(missing_id: uuid.UUID, *, by: Actor) -> list[SentLine]:
    """Everything that was told of an alarm of the actor's shelter, the oldest first; raises NotVisible."""
    alarm = absences.row(missing_id, by=by)
    if alarm.organisation_id != by.organisation_id:
        raise NotVisible
    statement = (
        select(MissingTold, Organisation)
        .join(Organisation, Organisation.id == MissingTold.organisation_id)
        .where(MissingTold.missing_id == missing_id)
        .order_by(MissingTold.told_on, MissingTold.id)
    )
    found = db.session.execute(statement).all()
    hands = _struck(missing_id) if any(told.over_on is not None for told, _ in found) else {}
    return [
        SentLine(
            told.id,
            organisation.names,
            told.way,
            told.told_on,
            told.number,
            bool(told.reached),
            tuple(told.given),
            told.id in hands or (told.over_on is not None and not alarm.outcome),
            *hands.get(told.id, ()),
        )
        for told, organisation in found
    ]


def _struck(missing_id: uuid.UUID) -> dict[uuid.UUID, tuple[str, date]]:
    """Which tellings of an alarm were struck, by whom and on which day, as the chain tells."""
    found = entries.since(entries.EVER, Event.MISSING_TOLD_OVER, entries.about(missing_id))
    return {uuid.UUID(each.said["told_id"]): (_name(each), _day(each)) for each in found}


def grounds_before(missing_id: uuid.UUID, *, by: Actor) -> list[GroundLine]:
    """Why the police might be told of somebody, as it was said and taken back, the oldest first; raises NotVisible."""
    if absences.row(missing_id, by=by).organisation_id != by.organisation_id:
        raise NotVisible
    found = entries.since(entries.EVER, Event.POLICE_GROUND_TAKEN_BACK, entries.about(missing_id))
    return [
        GroundLine(each.said["ground"], each.said["danger"], _name(each), _day(each))
        for each in found
        if each.said.get("ground")
    ]


def _name(entry: entries.Entry) -> str:
    member = db.session.get(Member, entry.member_id) if entry.member_id is not None else None
    return member.name if member is not None else ""


def _day(entry: entries.Entry) -> date:
    return clock.day_of(entry.at, country().timezone)


def number_of(*, official: bool, by: Actor) -> str:
    """The number to call: of the prosecution where an official may be involved, else of the police. For shelters;
    raises NotVisible."""
    if not by.may(Permission.STAY_MANAGE):
        raise NotVisible
    kind = OrganisationKind.PROSECUTION if official else OrganisationKind.POLICE
    found = db.session.execute(
        select(Organisation.party, Organisation.telephone)
        .where(Organisation.kind == kind, Organisation.enabled)
        .order_by(Organisation.code)
        .limit(1)
    ).first()
    if not official:
        return country().emergency.police
    return (names.number_now(found.party) or found.telephone) if found is not None else ""
