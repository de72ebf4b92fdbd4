"""Stays in the actor's own shelter; those in other shelters are not visible."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Row,
    Select,
    Uuid,
    and_,
    bindparam,
    distinct,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotVisible, Permission
from nrm.domain.accounts.second_hands import ActStatus
from nrm.domain.referrals.duty import PRESSED_WRONG_WITHIN
from nrm.domain.shelter.away import is_late
from nrm.domain.shelter.corrections import was_opened_lately
from nrm.domain.shelter.places import may_be_with_mother, missing_place_until
from nrm.domain.shelter.stays import ExitReason, Period, Source, nights, present
from nrm.looks import looked_up
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.key_workers import KeyWorker
from nrm.models.shelter.places import Occupancy, Place
from nrm.models.shelter.stays import Stay
from nrm.store import days as calendar
from nrm.store.countries import country
from nrm.store.paging import MOST, PAGE, Page, day_place_after, page
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import closings as closing_rows
from nrm.store.rows.shelter import places as place_rows
from nrm.store.rows.shelter import stays as stay_rows
from nrm.store.statements import built_once

LEAVING_DAYS = 7
ENDED_IS_SHOWN = timedelta(days=14)
_CHILDREN_FIRST = timedelta(days=7)
_StayRows = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class StayLine:
    """One stay. `nights`: spent so far, or in all, without those missing; `overdue`: the planned end has passed."""

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    place_id: uuid.UUID | None  # None: with its mother, or the place of a missing person is no longer kept
    place: str
    with_stay_id: uuid.UUID | None  # a small child: the stay of its mother
    admitted_on: date
    anticipated_end_on: date
    ended_on: date | None
    exit_reason: str
    destination: str
    nights: int
    overdue: bool
    missing_since: date | None
    place_kept_until: datetime | None  # of somebody who is missing
    place_kept: bool
    destination_country: str
    small_child: bool  # may be under three
    adult: bool  # and not a child or somebody of whom that is unsure
    referral_id: uuid.UUID | None = None
    away_id: uuid.UUID | None = None
    away_since: date | None = None
    expected_on: date | None = None
    """Of somebody who is away: the day on which she is expected back."""
    mother: str = ""
    """Of a small child without a place of its own: the code of the one it is with."""
    opened_lately: bool = False
    """Entered by the house itself within a month: it may have been a mistake."""

    @property
    def is_away(self) -> bool:
        """Whether she is away now, and not only from a later day on."""
        return self.away_since is not None and self.away_since <= calendar.today()

    @property
    def late_back(self) -> bool:
        """Whether she should have come back by now."""
        return self.expected_on is not None and is_late(self.expected_on, calendar.today())


@dataclass(frozen=True, slots=True)
class Admittable:
    """A person whose case the shelter holds and whom it can admit."""

    case_id: uuid.UUID
    pseudonym: str
    age_class: str
    age_band: str
    earlier: bool  # was in a shelter before in this case


@dataclass(frozen=True, slots=True)
class StaysOfCase:
    """What a case page says of stays: the open one, those that ended, and whether the shelter can admit now."""

    current: StayLine | None
    past: tuple[StayLine, ...]
    may_admit: bool

    @property
    def ended_on(self) -> date | None:
        """When the last stay ended. One that a wrong arrival began was none: the person is awaited again."""
        awaited = ExitReason.ENTERED_BY_MISTAKE
        real = (line for line in self.past if line.referral_id is None or line.exit_reason != awaited)
        return max((line.ended_on for line in real if line.ended_on is not None), default=None)

    @property
    def ended_lately(self) -> StayLine | None:
        """The last stay, if it ended within fourteen days by what somebody said: perhaps by mistake. Whoever was
        missing and comes back begins a new one."""
        if self.current is not None:
            return None
        since = calendar.today() - ENDED_IS_SHOWN
        others = (ExitReason.ENTERED_BY_MISTAKE, ExitReason.MISSING)
        ended = [(line.ended_on, line) for line in self.past if line.ended_on is not None and line.ended_on > since]
        last = max(ended, key=itemgetter(0), default=(None, None))[1]
        return last if last is not None and last.exit_reason not in others else None


def own_shelter_id(by: Actor) -> uuid.UUID:
    """The asker's shelter; raises NotVisible for anybody who has no places."""
    if by.organisation_id is None or by.kind is None or not by.kind.takes_people_in:
        raise NotVisible
    if not by.may(Permission.STAY_MANAGE):
        raise NotVisible
    return by.organisation_id


def open_ones(*, by: Actor) -> list[StayLine]:
    """Every open stay of the asker's shelter, the first planned end first; raises NotVisible."""
    return _stays(Stay.organisation_id == own_shelter_id(by), Stay.ended_on.is_(None))


def mothers(*, by: Actor) -> list[StayLine]:
    """Open stays of adults in the asker's shelter, with whom a small child can be; raises NotVisible."""
    return _stays(Stay.organisation_id == own_shelter_id(by), Stay.ended_on.is_(None), Case.age_class == "adult")


def with_person(case_id: uuid.UUID, *, by: Actor) -> list[StayLine]:
    """Open stays of small children who are with this person in the asker's shelter and have no place of their own, or
    were with the person and have none now; raises NotVisible."""
    own = own_shelter_id(by)
    theirs = select(Stay.id).where(Stay.case_id == case_id, Stay.organisation_id == own)
    has, was = aliased(Occupancy), aliased(Occupancy)
    nowhere = ~exists().where(has.stay_id == Stay.id, has.until_on.is_(None), has.struck_on.is_(None))
    was_with = exists().where(was.stay_id == Stay.id, was.with_stay_id.in_(theirs))
    return _stays(
        Stay.organisation_id == own,
        Stay.ended_on.is_(None),
        or_(Occupancy.with_stay_id.in_(theirs), and_(nowhere, was_with)),
    )


def came_along(case_id: uuid.UUID, *, by: Actor) -> list[StayLine]:
    """Open stays in the asker's shelter of children who came along with a parent, whosever they are: whose child each
    is stands under seal. None where this case is one of such a child itself; raises NotVisible (ADR 0279)."""
    own = own_shelter_id(by)
    if is_of_child_who_came(case_id, by=by):
        return []
    return _stays(
        Stay.organisation_id == own,
        Stay.ended_on.is_(None),
        Stay.case_id != case_id,
        Case.source == Source.WITH_A_VICTIM,
    )


def children_since(case_id: uuid.UUID, *, by: Actor) -> list[StayLine]:
    """Open stays in the asker's shelter of children that began since this person came there, or up to a week before:
    whose child each is stands under seal (ADR 0281). Raises NotVisible."""
    own = own_shelter_id(by)
    theirs = (Stay.case_id == case_id, Stay.organisation_id == own, Stay.taken_back_on.is_(None))
    came_on = db.session.scalar(select(func.max(Stay.admitted_on)).where(*theirs))
    if came_on is None:
        return []
    return _stays(
        Stay.organisation_id == own,
        Stay.ended_on.is_(None),
        Stay.case_id != case_id,
        Stay.admitted_on >= came_on - _CHILDREN_FIRST,
        Case.age_class != "adult",
    )


def is_of_child_who_came(case_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether a case with a stay in the asker's shelter is one of a child who came along; raises NotVisible."""
    own = own_shelter_id(by)
    here = exists().where(Stay.case_id == Case.id, Stay.organisation_id == own)
    return bool(
        db.session.scalar(select(exists().where(Case.id == case_id, Case.source == Source.WITH_A_VICTIM, here)))
    )


def number_open(by: Actor) -> ColumnElement[int]:
    """How many people stay in the actor's shelter now, as a column of a statement; 0 for who has no shelter."""
    if by.organisation_id is None or by.kind not in SHELTERS:
        return literal(0)
    wanted = (Stay.organisation_id == by.organisation_id, Stay.ended_on.is_(None))
    return select(func.count()).where(*wanted).scalar_subquery()


@dataclass(frozen=True, slots=True)
class EndedLine:
    """Somebody whose stay ended lately, or was struck, and whose case is open still: nobody has said yet what becomes
    of it."""

    case_id: uuid.UUID
    pseudonym: str
    stay_id: uuid.UUID
    ended_on: date
    died: bool
    struck_on: date | None
    """On this day it was said that the person was never there. A case that a post sent waits for the person again."""


def number_ended(by: Actor) -> ColumnElement[int]:
    """How many lines `ended_lately` has, as a column of another statement with the values of `ended_moment`."""
    if not _reads_ends(by):
        return literal(0)
    found = select(func.count(distinct(Case.id))).select_from(Stay).join(Case, Case.id == Stay.case_id)
    return found.where(*_ended(by, bindparam("stays_ended_since", type_=Date()))).scalar_subquery()


def ended_moment(by: Actor) -> dict[str, date]:
    """The value that `number_ended` needs."""
    return {"stays_ended_since": calendar.today() - ENDED_IS_SHOWN} if _reads_ends(by) else {}


def _reads_ends(by: Actor) -> bool:
    return by.organisation_id is not None and by.kind in SHELTERS and by.may(Permission.STAY_MANAGE)


def ended_lately(*, by: Actor) -> list[EndedLine]:
    """Whose stay in the asker's shelter ended in the last fourteen days while the case is open and nobody takes the
    person in, the last one first: for who leads the shelter, and for the key worker and deputy of each. Also whose stay
    was struck in these days: a case that the shelter opened itself."""
    since = calendar.today() - ENDED_IS_SHOWN
    found = db.session.execute(
        select(Case.id, Case.pseudonym, Stay.id, Stay.ended_on, Stay.exit_reason, Stay.taken_back_on)
        .join(Case, Case.id == Stay.case_id)
        .where(*_ended(by, since))
        .order_by(Stay.ended_on, Stay.end_known_on, Case.pseudonym)
    )
    last = {
        case_id: EndedLine(case_id, code, stay_id, ended_on, why == ExitReason.DIED, struck_on)
        for case_id, code, stay_id, ended_on, why, struck_on in found
        if ended_on is not None
    }
    return list(reversed(last.values()))


def _ended(by: Actor, since: date | ColumnElement[date]) -> tuple[ColumnElement[bool], ...]:
    here = aliased(Stay)
    ended = (
        Stay.organisation_id == by.organisation_id,
        or_(
            and_(Stay.ended_on > since, Stay.taken_back_on.is_(None)),
            and_(Stay.taken_back_on > since, Stay.referral_id.is_(None)),
        ),
        Case.holder_id == by.organisation_id,
        Case.status == "open",
        ~exists().where(here.case_id == Case.id, here.ended_on.is_(None)),
        ~exists().where(HeavyAct.case_id == Case.id, HeavyAct.status == str(ActStatus.PARKED)),
    )
    if by.may(Permission.TEAM_MANAGE):
        return ended
    mine = exists().where(
        KeyWorker.case_id == Case.id,
        KeyWorker.organisation_id == by.organisation_id,
        KeyWorker.member_id == by.member_id,
        KeyWorker.ended_at.is_(None),
    )
    return (*ended, mine)


def without_place(*, by: Actor) -> list[StayLine]:
    """Open stays of the asker's shelter that have no place now, and are with nobody; raises NotVisible."""
    has = aliased(Occupancy)
    nowhere = ~exists().where(has.stay_id == Stay.id, has.until_on.is_(None), has.struck_on.is_(None))
    return _stays(Stay.organisation_id == own_shelter_id(by), Stay.ended_on.is_(None), nowhere)


def stays(*, by: Actor, after: str = "", size: int = PAGE) -> Page[StayLine]:
    """Open stays of the asker's shelter, the first planned end first; raises NotVisible."""
    place = day_place_after(after)
    values = {} if place is None else {"place_on": place[0], "place_id": place[1]}
    lines = _as_lines(_open_stays(by, bool(place))(most=size + 1, **values))
    return page(lines, lambda line: (line.anticipated_end_on, line.id), size)


@built_once
def _open_stays(by: Actor, further: bool) -> _StayRows:
    statement = _stay_rows().where(Stay.organisation_id == own_shelter_id(by), Stay.ended_on.is_(None))
    if further:
        place = tuple_(bindparam("place_on", type_=Date()), bindparam("place_id", type_=Uuid()))
        statement = statement.where(tuple_(Stay.anticipated_end_on, Stay.id) > place)
    return statement.order_by(Stay.anticipated_end_on, Stay.id).limit(MOST)


def leaving(*, by: Actor, days: int = LEAVING_DAYS) -> list[StayLine]:
    """Open stays whose planned end is within `days` days, or has passed, the first end first; raises NotVisible."""
    return _as_lines(_leaving(by)(until=calendar.today() + timedelta(days=days)))


@built_once
def _leaving(by: Actor) -> _StayRows:
    return (
        _stay_rows()
        .where(
            Stay.organisation_id == own_shelter_id(by),
            Stay.ended_on.is_(None),
            Stay.anticipated_end_on <= bindparam("until"),
        )
        .order_by(Stay.anticipated_end_on, Stay.id)
        .limit(PAGE)
    )


def stay(stay_id: uuid.UUID, *, by: Actor) -> StayLine:
    """One stay in the asker's shelter; raises NotVisible."""
    found = _stays(Stay.id == stay_id, Stay.organisation_id == own_shelter_id(by))
    if not found:
        raise NotVisible
    return found[0]


def row(stay_id: uuid.UUID, *, by: Actor) -> Stay:
    """The stay itself, for actions; raises NotVisible."""
    statement = select(Stay).where(Stay.id == stay_id, Stay.organisation_id == own_shelter_id(by)).with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def held_case(case_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Case:
    """A case in hand that the asker's shelter holds; raises NotVisible. `lock`: for actions."""
    mine = own_shelter_id(by)
    if lock:
        return _held_case(case_id, mine, lock=True)
    return looked_up(("stays.held_case", case_id, mine), partial(_held_case, case_id, mine))


def _held_case(case_id: uuid.UUID, house_id: uuid.UUID, *, lock: bool = False) -> Case:
    statement = select(Case).where(Case.id == case_id, Case.holder_id == house_id, Case.status == "open")
    if lock:
        statement = statement.with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def cares_for(*, by: Actor) -> ColumnElement[bool]:
    """The condition for cases whose person is in the care of the asker's shelter: it holds them, or hands them on and
    the person sleeps there until they leave (ADR 0267); raises NotVisible."""
    own = own_shelter_id(by)
    return or_(Case.holder_id == own, transfer_rows.hands_on(own))


def cared_for(case_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Case:
    """A case in hand whose person is in the care of the asker's shelter (`cares_for`); raises NotVisible. Whether one
    that hands the person on may write still is asked by `check_written`. `lock`: for actions."""
    if not lock:
        with suppress(NotVisible):
            return held_case(case_id, by=by)  # which a page has looked up already
    statement = select(Case).where(Case.id == case_id, Case.status == "open", cares_for(by=by))
    if lock:
        statement = statement.with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def kept_case(case_id: uuid.UUID, *, by: Actor) -> Case:
    """A case whose person is in the care of the asker's shelter, or that it holds and closed, to be read and not
    written; raises NotVisible."""
    statement = select(Case).where(Case.id == case_id, cares_for(by=by))
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def sleeps_here(case_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Case:
    """A case in hand whose person sleeps in the asker's shelter: its own, or of a move that another shelter accepted
    and on which the person has not set out. For alarms; nothing of the case opens by it. Raises NotVisible."""
    own = own_shelter_id(by)
    there = exists().where(Stay.case_id == Case.id, Stay.organisation_id == own, Stay.ended_on.is_(None))
    moves = exists().where(Referral.case_id == Case.id, Referral.sender_id == own, transfer_rows.before_leaving())
    statement = select(Case).where(Case.id == case_id, Case.status == "open", or_(Case.holder_id == own, there & moves))
    if lock:
        statement = statement.with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def admittable(case_id: uuid.UUID, *, by: Actor) -> Admittable:
    """The person of a case the asker's shelter holds; raises NotVisible, also while they have an open stay there."""
    case = held_case(case_id, by=by)
    periods = stay_rows.periods_of(case_id)
    return Admittable(case.id, case.pseudonym, case.age_class, case.age_band, bool(periods))


def of_case(case_id: uuid.UUID, *, by: Actor) -> StaysOfCase:
    """The stays of a case in the asker's own shelter; empty for everybody else who sees the case."""
    try:
        own = own_shelter_id(by)
    except NotVisible:
        return StaysOfCase(None, (), False)
    lines = _stays(Stay.case_id == case_id, Stay.organisation_id == own)
    current = next((line for line in lines if line.ended_on is None), None)
    held = select(Case.id).where(Case.id == case_id, Case.holder_id == own, Case.status == "open")
    may_admit = current is None and db.session.scalar(held) is not None and stay_rows.arrival_of(case_id, own)[1]
    return StaysOfCase(current, tuple(line for line in lines if line.ended_on is not None), may_admit)


def begun_by_me(case_id: uuid.UUID, *, by: Actor) -> StayLine | None:
    """The open stay of a case in the asker's own shelter, if the asker began it some minutes ago."""
    current = of_case(case_id, by=by).current
    mine = current and stay_rows.begun_by(current.id, by.member_id, clock.now() - PRESSED_WRONG_WITHIN)
    return current if mine else None


def _stay_rows() -> _StayRows:
    """Stays with the place of today, for those that have one."""
    now = and_(Occupancy.stay_id == Stay.id, Occupancy.until_on.is_(None), Occupancy.struck_on.is_(None))
    return (
        select(
            Stay,
            Case.pseudonym,
            Case.age_class,
            Case.age_band,
            Occupancy,
            Place.label,
            absence_rows.was_absent(Stay.id),
        )
        .join(Case, Case.id == Stay.case_id)
        .outerjoin(Occupancy, now)
        .outerjoin(Place, Place.id == Occupancy.place_id)
        .execution_options(populate_existing=True)
    )


def _stays(*wanted: ColumnElement[bool]) -> list[StayLine]:
    statement = _stay_rows().where(*wanted).order_by(Stay.anticipated_end_on, Stay.id)
    return _as_lines(db.session.execute(statement))


def _as_lines(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[StayLine]:
    found = list(rows)
    absent = [stay.id for stay, *_, was_absent in found if was_absent]
    gaps, now = absence_rows.gaps(absent), absence_rows.absent_now(absent)
    ended = place_rows.last_places([stay.id for stay, *_ in found if stay.ended_on is not None])
    nobody = absence_rows.Absent()
    lines = [
        _stay_line(row, gaps.get(row[0].id, ()), ended.get(row[0].id), now.get(row[0].id, nobody)) for row in found
    ]
    mothers = _codes({line.with_stay_id for line in lines if line.with_stay_id is not None})
    return [replace(line, mother=mothers[line.with_stay_id]) if line.with_stay_id else line for line in lines]


def _codes(stay_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Stay -> the code of whose it is."""
    if not stay_ids:
        return {}
    found = db.session.execute(select(Stay.id, Case.pseudonym).join(Case).where(Stay.id.in_(stay_ids)))
    return {row[0]: row[1] for row in found}


def _kept_until(missing_at: datetime | None) -> datetime | None:
    hours = country().building.missing_place_hours
    return missing_place_until(missing_at, hours) if missing_at is not None else None


def _stay_line(
    found: Row[*tuple[Any, ...]], gaps: Sequence[Period], last: place_rows.Had | None, absent: absence_rows.Absent
) -> StayLine:
    stay, pseudonym, age_class, age_band, occupancy, label, _ = found
    now = calendar.today()
    there = present(Period(stay.admitted_on, stay.ended_on), gaps)
    had = last or occupancy
    return StayLine(
        id=stay.id,
        case_id=stay.case_id,
        pseudonym=pseudonym,
        place_id=had.place_id if had is not None else None,
        place=last.label if last is not None else label or "",
        with_stay_id=had.with_stay_id if had is not None else None,
        admitted_on=stay.admitted_on,
        anticipated_end_on=stay.anticipated_end_on,
        ended_on=stay.ended_on,
        exit_reason=stay.exit_reason,
        destination=stay.destination,
        nights=sum(nights(each, stay.admitted_on, now - timedelta(days=1)) for each in there),
        overdue=stay.ended_on is None and stay.anticipated_end_on < now,
        missing_since=absent.missing_since,
        place_kept_until=_kept_until(absent.missing_at),
        place_kept=(kept_until := _kept_until(absent.missing_at)) is None or clock.now() < kept_until,
        destination_country=stay.destination_country,
        small_child=may_be_with_mother(age_class=age_class, age_band=age_band),
        adult=age_class == "adult",
        referral_id=stay.referral_id,
        away_id=absent.away_id,
        away_since=absent.away_since,
        expected_on=absent.expected_on,
        opened_lately=stay.referral_id is None and was_opened_lately(stay.known_on, today=now),
    )


def is_return(stay_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the stay is of somebody who was known under this code before: her case was opened again for it, or she
    had lived in a shelter. Raises NotVisible."""
    found = db.session.scalar(select(Stay).where(Stay.id == stay_id, Stay.organisation_id == own_shelter_id(by)))
    if found is None:
        raise NotVisible
    earlier = select(Stay.id).where(Stay.case_id == found.case_id, Stay.id != stay_id, Stay.taken_back_on.is_(None))
    return closing_rows.reopened_for(found) is not None or db.session.scalar(earlier.limit(1)) is not None
