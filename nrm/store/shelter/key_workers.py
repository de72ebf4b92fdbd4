"""Who answers for whom in the asker's own shelter, and who has a shift there; of other shelters nothing is visible."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotVisible, Permission
from nrm.domain.accounts.second_hands import ActStatus
from nrm.domain.shelter.cases import HOUSE_LABEL
from nrm.domain.shelter.key_workers import WORKING_ROLES, Place
from nrm.domain.shelter.shifts import ShiftKind, is_second_in_a_row
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.models.shelter.key_workers import KeyWorker, Shift
from nrm.models.shelter.stays import Stay
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.rows.shelter import key_workers as rows
from nrm.store.shelter import stays
from nrm.store.statements import built_once
from nrm.vault import shifts as vault

LATELY = timedelta(days=7)
"""How long the manager is shown who took people on by their own hand."""
_SHIFTS_SINCE = timedelta(hours=24)
_HISTORY = 50


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """Somebody who answers, or answered, for a person. `own_hand`: she appointed herself."""

    case_id: uuid.UUID
    pseudonym: str
    place: Place
    member_id: uuid.UUID
    name: str
    begun_at: datetime
    ended_at: datetime | None
    ended_why: str
    set_by: str
    own_hand: bool


@dataclass(frozen=True, slots=True)
class CasePlaces:
    """Who answers for one person now and before. `leads`: the asker decides about others, too."""

    now: dict[Place, PlaceLine]
    before: tuple[PlaceLine, ...]
    leads: bool
    members: tuple[tuple[uuid.UUID, str], ...]
    """Whom the asker may appoint: (id, name)."""


@dataclass(frozen=True, slots=True)
class MyPerson:
    """A person for whom the asker answers. `in_stay`: stays here, or nobody opens the case now: nobody is to be
    admitted."""

    case_id: uuid.UUID
    pseudonym: str
    place: Place
    in_stay: bool


@dataclass(frozen=True, slots=True)
class ShiftLine:
    """One shift of a member: of how many people it was, and whose pages were looked at how often."""

    id: uuid.UUID
    member_id: uuid.UUID
    name: str
    kind: ShiftKind
    people: int
    begun_at: datetime
    until_at: datetime
    lasts: bool
    looked_at: int
    pages: int
    second_in_a_row: bool


@dataclass(frozen=True, slots=True)
class News:
    """What the manager is told at home: who appointed herself, who has a shift."""

    own_hand: list[PlaceLine]
    shifts: list[ShiftLine]

    @property
    def unusual(self) -> list[ShiftLine]:
        """Shifts that began where the member's last one ended: perhaps nobody of that name is at work."""
        return [each for each in self.shifts if each.second_in_a_row]

    @property
    def on_duty(self) -> list[ShiftLine]:
        """Who is on duty now."""
        return [each for each in self.shifts if each.lasts and each.kind is ShiftKind.DUTY]


@dataclass(frozen=True, slots=True)
class Team:
    """What colleagues see of their house: people without a key worker, and who has how many."""

    without: list[tuple[uuid.UUID, str]]
    workers: list[tuple[str, int, int]]
    """(name, of how many key worker, of how many deputy)"""
    cover_minutes: int
    leads: bool


@dataclass(slots=True)
class _Counts:
    key: Counter[str] = field(default_factory=Counter)
    deputy: Counter[str] = field(default_factory=Counter)


def _own(by: Actor) -> uuid.UUID:
    """The asker's shelter; raises NotVisible."""
    if by.organisation_id is None or by.kind is None or not by.kind.takes_people_in:
        raise NotVisible
    if not by.may(Permission.STAY_MANAGE):
        raise NotVisible
    return by.organisation_id


def _lines() -> Select[KeyWorker, str, str, str]:
    set_by = aliased(Member)
    return (
        select(KeyWorker, Case.pseudonym, Member.name, set_by.name)
        .join(Case, Case.id == KeyWorker.case_id)
        .join(Member, Member.id == KeyWorker.member_id)
        .join(set_by, set_by.id == KeyWorker.set_by_id)
        .execution_options(populate_existing=True)
    )


def _read(statement: Select[KeyWorker, str, str, str]) -> list[PlaceLine]:
    return [
        PlaceLine(
            case_id=row.case_id,
            pseudonym=pseudonym,
            place=Place(row.place),
            member_id=row.member_id,
            name=name,
            begun_at=row.begun_at,
            ended_at=row.ended_at,
            ended_why=row.ended_why,
            set_by=set_by,
            own_hand=row.set_by_id == row.member_id,
        )
        for row, pseudonym, name, set_by in db.session.execute(statement)
        if vault.is_genuine(row)
    ]


def of_case(case_id: uuid.UUID, *, by: Actor) -> CasePlaces:
    """Who answers for the person of a case that the asker's shelter holds; raises NotVisible."""
    own = _own(by)
    stays.held_case(case_id, by=by)
    statement = _lines().where(KeyWorker.case_id == case_id, KeyWorker.organisation_id == own)
    lines = _read(statement.order_by(KeyWorker.begun_at.desc(), KeyWorker.id).limit(_HISTORY))
    leads = by.may(Permission.TEAM_MANAGE) or not rows.has_leader(own)
    working = select(Member.id, Member.name).where(
        Member.organisation_id == own, Member.status == "active", Member.role.in_(WORKING_ROLES)
    )
    if not leads:
        working = working.where(Member.id == by.member_id)
    return CasePlaces(
        now={line.place: line for line in lines if line.ended_at is None},
        before=tuple(line for line in lines if line.ended_at is not None),
        leads=leads,
        members=tuple((row.id, row.name) for row in db.session.execute(working.order_by(Member.name, Member.id))),
    )


def my_people(*, by: Actor) -> list[MyPerson]:
    """The people for whom the asker answers now, those of whom she is key worker first; raises NotVisible."""
    _own(by)
    return [
        MyPerson(row.case_id, pseudonym, Place(row.place), bool(stays_here))
        for row, pseudonym, stays_here in _my_people(by)()
        if vault.is_genuine(row)
    ]


@built_once
def _my_people(by: Actor) -> Select[*tuple[KeyWorker, str, bool]]:
    own = by.organisation_id
    in_stay = exists().where(Stay.case_id == Case.id, Stay.organisation_id == own, Stay.ended_on.is_(None))
    # Of a case that is closed to everybody nobody can be admitted or handed on.
    parked = exists().where(HeavyAct.case_id == Case.id, HeavyAct.status == ActStatus.PARKED)
    return (
        select(KeyWorker, Case.pseudonym, or_(in_stay, parked))
        .join(Case, and_(Case.id == KeyWorker.case_id, Case.holder_id == KeyWorker.organisation_id))
        .where(
            KeyWorker.organisation_id == own,
            KeyWorker.member_id == by.member_id,
            KeyWorker.ended_at.is_(None),
            Case.status == "open",
        )
        .order_by(KeyWorker.place.desc(), Case.pseudonym)
        .execution_options(populate_existing=True)
    )


def number_of_mine(by: Actor) -> ColumnElement[int]:
    """How many places the asker has as key worker or deputy; a part of another statement."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return literal(0)
    counted = select(func.count()).select_from(KeyWorker)
    mine = (KeyWorker.member_id == by.member_id, KeyWorker.organisation_id == by.organisation_id)
    return counted.where(*mine, KeyWorker.ended_at.is_(None)).scalar_subquery()


def number_without(by: Actor) -> ColumnElement[int]:
    """How many open cases of the asker's shelter have no key worker; a part of another statement."""
    if by.organisation_id is None or by.kind not in SHELTERS or not by.may(Permission.STAY_MANAGE):
        return literal(0)
    own = by.organisation_id
    counted = select(func.count()).select_from(Case)
    return counted.where(Case.holder_id == own, Case.status == "open", ~_answered_for(own)).scalar_subquery()


def _answered_for(own: uuid.UUID) -> ColumnElement[bool]:
    return exists().where(
        KeyWorker.case_id == Case.id,
        KeyWorker.organisation_id == own,
        KeyWorker.place == str(Place.KEY),
        KeyWorker.ended_at.is_(None),
    )


def names(case_ids: Collection[uuid.UUID], *, by: Actor) -> dict[uuid.UUID, str]:
    """Case -> the name of its key worker in the asker's shelter; raises NotVisible."""
    if not case_ids:
        return {}
    statement = _lines().where(
        KeyWorker.case_id.in_(case_ids),
        KeyWorker.organisation_id == _own(by),
        KeyWorker.ended_at.is_(None),
        KeyWorker.place == Place.KEY,
    )
    return {line.case_id: line.name for line in _read(statement)}


def with_label(case_ids: Collection[uuid.UUID], *, by: Actor) -> list[uuid.UUID]:
    """Those of the cases that the asker's shelter holds, or whose person sleeps there until they leave for another one,
    and that have a house label; raises NotVisible."""
    own = _own(by)
    leaving = exists().where(Referral.case_id == Case.id, Referral.sender_id == own, transfer_rows.before_leaving())
    statement = (
        select(Case.id)
        .join(SealedCompartment, SealedCompartment.case_id == Case.id)
        .where(
            Case.id.in_(case_ids),
            or_(Case.holder_id == own, leaving),
            Case.status == "open",
            SealedCompartment.compartment == HOUSE_LABEL,
        )
    )
    return list(db.session.scalars(statement))


def my_shifts(*, by: Actor) -> dict[ShiftKind, datetime]:
    """The shifts of the asker's session that last now, and until when."""
    return {ShiftKind(each.kind): each.until_at for each in vault.running(db.session(), by=by)}


def news(*, by: Actor) -> News:
    """What the manager of the actor's shelter has to know, however many live there; raises NotVisible."""
    own = _own(by)
    lately = _lines().where(
        KeyWorker.organisation_id == own,
        KeyWorker.begun_at > clock.now() - LATELY,
        KeyWorker.set_by_id == KeyWorker.member_id,
    )
    return News(
        own_hand=_read(lately.order_by(KeyWorker.begun_at.desc(), KeyWorker.id).limit(_HISTORY)),
        shifts=_shifts(own),
    )


def team(*, by: Actor) -> Team:
    """The house as its own people see it; raises NotVisible."""
    own = _own(by)
    people = db.session.execute(
        select(Case.id, Case.pseudonym)
        .where(Case.holder_id == own, Case.status == "open")
        .order_by(Case.registered_month, Case.pseudonym)
    ).all()
    open_ids = {row.id for row in people}
    lines = _read(_lines().where(KeyWorker.organisation_id == own, KeyWorker.ended_at.is_(None)))
    standing = [line for line in lines if line.case_id in open_ids]
    counts = _Counts()
    for line in standing:
        (counts.key if line.place is Place.KEY else counts.deputy)[line.name] += 1
    answered_for = {line.case_id for line in standing if line.place is Place.KEY}
    organisation = db.session.get_one(Organisation, own, populate_existing=True)
    return Team(
        without=[(row.id, row.pseudonym) for row in people if row.id not in answered_for],
        workers=[
            (name, counts.key[name], counts.deputy[name]) for name in sorted(counts.key.keys() | counts.deputy.keys())
        ],
        cover_minutes=organisation.cover_minutes,
        leads=by.may(Permission.TEAM_MANAGE),
    )


def _shifts(own: uuid.UUID) -> list[ShiftLine]:
    """The shifts of the last day, newest first; those before them say whether one is the second in a row."""
    now = clock.now()
    found = db.session.execute(
        select(Shift, Member.name)
        .join(Member, Member.id == Shift.member_id)
        .where(Shift.organisation_id == own, Shift.begun_at > now - 2 * _SHIFTS_SINCE)
        .order_by(Shift.begun_at.desc(), Shift.id)
        .execution_options(populate_existing=True)
    ).all()
    looked = rows.pages_of([shift.id for shift, _ in found])
    lines = []
    for shift, name in found:
        if shift.begun_at <= now - _SHIFTS_SINCE or not vault.is_genuine(shift, shift=True):
            continue
        earlier = [each.begun_at for each, _ in found if each.member_id == shift.member_id]
        people, pages = looked.get(shift.id, (0, 0))
        lines.append(
            ShiftLine(
                id=shift.id,
                member_id=shift.member_id,
                name=name,
                kind=ShiftKind(shift.kind),
                people=shift.people,
                begun_at=shift.begun_at,
                until_at=shift.ended_at or shift.until_at,
                lasts=shift.ended_at is None and shift.until_at > now,
                looked_at=people,
                pages=pages,
                second_in_a_row=is_second_in_a_row(shift.begun_at, earlier),
            )
        )
    return lines
