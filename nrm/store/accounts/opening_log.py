"""Who opened what, when and why: of one case for its holder, of an organisation's cases for those who hold its key."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, func, or_, select, tuple_

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import SESSION_HOURS, Actor, NotVisible, Permission
from nrm.domain.referrals.crossing_points import POSTS
from nrm.domain.shelter.shifts import ShiftKind
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member, Organisation
from nrm.models.interviews.interviews import Interview
from nrm.models.shelter.cases import Case, Reading
from nrm.models.shelter.key_workers import KeyWorker, Shift, ShiftPage
from nrm.store import signed_names
from nrm.store.paging import PAGE, Page, page, place_after
from nrm.store.rows.shelter import key_workers as key_worker_rows
from nrm.store.shelter import cases, key_workers

MOST_UNUSUAL = 20


class Whose(StrEnum):
    """Which openings are asked for."""

    CASES = "cases"  # of cases the organisation held when they were opened, by members of any organisation
    COLLEAGUES = "colleagues"  # by the organisation's members, of whatever case
    MINE = "mine"


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """Who opened what, when and why."""

    id: uuid.UUID
    opened_at: datetime
    case_id: uuid.UUID
    pseudonym: str  # empty: it is an announced return, or an interview that is gone
    compartment: str
    purpose: str
    member_id: uuid.UUID | None
    member_name: str
    organisation: dict[str, str]  # empty with the name, where the asker's post is not told who read (ADR 0106)
    shift: OpenedForShift | None = None


@dataclass(frozen=True, slots=True)
class OpenedForShift:
    """An opening of a shift. `people`: how many it opened; `looked_at`: of how many pages were shown, or 1 where one
    case is asked about; `pages`: how many pages."""

    kind: ShiftKind
    until: datetime
    people: int
    looked_at: int
    pages: int


def last_purposes(case_id: uuid.UUID, *, by: Actor) -> dict[str, str]:
    """Compartment -> for what the actor opened it last within eight hours, so that one press says it again."""
    if by.member_id is None:
        return {}
    statement = select(Reading.compartment, Reading.purpose).where(
        Reading.case_id == case_id,
        Reading.member_id == by.member_id,
        Reading.opened_at > clock.now() - timedelta(hours=SESSION_HOURS),
    )
    return {row.compartment: row.purpose for row in db.session.execute(statement.order_by(Reading.opened_at))}


class Why(StrEnum):
    """Why a line stands before the others, what weighs most first."""

    SECOND_SHIFT = "second_shift"  # began a shift where the last one ended
    ANOTHERS = "anothers"  # opened, with a purpose, what a colleague answers for
    OWN_HAND = "own_hand"  # appointed herself, and has a place


@dataclass(frozen=True, slots=True)
class UnusualLine:
    """One thing to look at first: who, when, which case (none for a shift)."""

    at: datetime
    why: Why
    member_id: uuid.UUID
    member_name: str
    case_id: uuid.UUID | None
    pseudonym: str
    compartment: str = ""


def unusual(*, by: Actor) -> list[UnusualLine]:
    """What is out of the usual in the actor's shelter within the last days; empty for all others.

    Openings with a purpose by somebody who answers for other people only, where a colleague answers for this one.
    """
    if by.kind is None or not by.kind.takes_people_in or not by.may(Permission.STAY_MANAGE) or not holds_key(by=by):
        return []
    house = key_workers.news(by=by)
    lines = [
        UnusualLine(each.begun_at, Why.OWN_HAND, each.member_id, each.name, each.case_id, each.pseudonym)
        for each in house.own_hand
        if each.ended_at is None
    ]
    lines += [
        UnusualLine(each.begun_at, Why.SECOND_SHIFT, each.member_id, each.name, None, "") for each in house.unusual
    ]
    answers = (KeyWorker.case_id == Reading.case_id, KeyWorker.organisation_id == Reading.organisation_id)
    there = (
        KeyWorker.begun_at <= Reading.opened_at,
        (KeyWorker.ended_at.is_(None) | (KeyWorker.ended_at > Reading.opened_at)),
    )
    anothers = (
        select(Reading.opened_at, Reading.member_id, Member.name, Case.id, Case.pseudonym, Reading.compartment)
        .join(Case, Case.id == Reading.case_id)
        .join(Member, Member.id == Reading.member_id)
        .where(
            Reading.organisation_id == by.organisation_id,
            Reading.holder_id == by.organisation_id,
            Reading.opened_at > clock.now() - key_workers.LATELY,
            exists().where(*answers, *there),
            ~exists().where(*answers, *there, KeyWorker.member_id == Reading.member_id),
        )
        .order_by(Reading.opened_at.desc())
        .limit(MOST_UNUSUAL)
    )
    lines += [
        UnusualLine(at, Why.ANOTHERS, member_id, name, case_id, pseudonym, compartment)
        for at, member_id, name, case_id, pseudonym, compartment in db.session.execute(anothers)
    ]
    weight = list(Why)
    return sorted(lines, key=lambda line: (weight.index(line.why), -line.at.timestamp()))[:MOST_UNUSUAL]


def of_case(case_id: uuid.UUID, *, by: Actor, after: str = "", size: int = PAGE) -> Page[ReadingLine]:
    """Who opened the case, newest first, also for a shift in which its pages were looked at; for its holder only, else
    NotVisible."""
    if cases.row(case_id, by=by).holder_id != by.organisation_id:
        raise NotVisible
    return _page_of_readings((_of_case(case_id),), after, size, case_id, by=by)


def _of_case(case_id: uuid.UUID) -> ColumnElement[bool]:
    return or_(
        Reading.case_id == case_id,
        Reading.case_id.in_(select(ShiftPage.shift_id).where(ShiftPage.case_id == case_id)),
    )


def openings(
    whose: Whose,
    *,
    by: Actor,
    member_id: uuid.UUID | None = None,
    case_id: uuid.UUID | None = None,
    after: str = "",
    size: int = PAGE,
) -> Page[ReadingLine]:
    """Openings, newest first, of one member or one case if named. Raises NotPermitted.

    NotVisible for who holds no key and asks for more than their own.
    """
    by.must(Permission.CASE_READ)
    if whose is not Whose.MINE and not holds_key(by=by):
        raise NotVisible
    wanted: list[ColumnElement[bool]] = [
        {
            Whose.CASES: Reading.holder_id == by.organisation_id,
            Whose.COLLEAGUES: Reading.organisation_id == by.organisation_id,
            Whose.MINE: Reading.member_id == by.member_id,
        }[whose]
    ]
    if member_id is not None:
        wanted.append(Reading.member_id == member_id)
        if by.kind in POSTS:  # else an id would say whether its shelter was asked
            wanted.append(Reading.organisation_id == by.organisation_id)
    if case_id is not None:
        wanted.append(_of_case(case_id))
    return _page_of_readings(tuple(wanted), after, size, case_id, by=by)


def holds_key(*, by: Actor) -> bool:
    """Whether the asker holds a key of their organisation."""
    held = (
        exists()
        .where(KeyringWrap.member_id == by.member_id, Keyring.organisation_id == by.organisation_id)
        .where(Keyring.id == KeyringWrap.keyring_id)
    )
    return db.session.scalar(select(held)) is True


def _page_of_readings(
    wanted: tuple[ColumnElement[bool], ...], after: str, size: int, case_id: uuid.UUID | None = None, *, by: Actor
) -> Page[ReadingLine]:
    statement = (
        select(
            Reading,
            func.coalesce(Case.pseudonym, Interview.pseudonym),
            Member.name,
            Member.login,
            Organisation.names,
            Shift,
        )
        .outerjoin(Shift, Shift.id == Reading.case_id)
        .outerjoin(Case, Case.id == Reading.case_id)
        .outerjoin(Interview, Interview.id == Reading.case_id)
        .join(Member, Member.id == Reading.member_id)
        .join(Organisation, Organisation.id == Reading.organisation_id)
        .where(*wanted)
        .order_by(Reading.opened_at.desc(), Reading.id.desc())
        .limit(size + 1)
    )
    place = place_after(after)
    if place is not None:
        statement = statement.where(tuple_(Reading.opened_at, Reading.id) < place)
    found = db.session.execute(statement).all()
    codes = signed_names.codes(
        [row[0].member_id for row in found if by.kind not in POSTS or row[0].organisation_id == by.organisation_id]
    )
    looked = key_worker_rows.pages_of([row[0].case_id for row in found if row[-1] is not None], case_id)
    lines = [
        ReadingLine(
            id=reading.id,
            opened_at=reading.opened_at,
            case_id=reading.case_id,
            pseudonym=pseudonym or "",
            compartment=reading.compartment,
            purpose=reading.purpose,
            member_id=reading.member_id if told else None,
            member_name=signed_names.who(codes, reading.member_id, name, login) if told else "",
            organisation=names if told else {},
            shift=_opened_for(shift, looked.get(shift.id, (0, 0))) if shift is not None else None,
        )
        for reading, pseudonym, name, login, names, shift in found
        for told in [by.kind not in POSTS or reading.organisation_id == by.organisation_id]
    ]
    return page(lines, lambda line: (line.opened_at, line.id), size)


def _opened_for(shift: Shift, looked: tuple[int, int]) -> OpenedForShift:
    return OpenedForShift(ShiftKind(shift.kind), shift.ended_at or shift.until_at, shift.people, *looked)
