"""Units and places of the actor's own shelter; those of others are not visible. Numbers are for the shelter itself and
for the duty desk.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select, true

from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotPermitted, NotVisible, Permission
from nrm.domain.accounts.members import KEY_HOLDERS_NEEDED
from nrm.domain.shelter.places import Facts, On, Span, runs
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import OutOfService, Place, PlaceInUnit, Promise, Unit
from nrm.store import days as calendar
from nrm.store.countries import country
from nrm.store.rows.accounts.members import number_of_holders
from nrm.store.rows.shelter import places as rows
from nrm.store.rows.shelter import stays as stay_rows
from nrm.store.shelter import stays
from nrm.store.shelter.stays import StayLine, own_shelter_id
from nrm.store.statements import built_once

_Rooms = Select[*tuple[Any, ...]]

BOARD_DAYS = 14
ENDED_SHOWN = 3


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit of the building. `places`: how many it has today."""

    id: uuid.UUID
    label: str
    for_whom: str
    from_on: date | None
    until_on: date | None
    closed_why: str
    places: int

    @property
    def is_gone(self) -> bool:
        """Whether it is no longer there."""
        return self.until_on is not None and self.until_on <= calendar.today()


@dataclass(frozen=True, slots=True)
class OutLine:
    """Days on which a place is out of service, now or to come."""

    id: uuid.UUID
    from_on: date
    until_on: date | None
    reason: str
    reference: str
    when_free: bool


@dataclass(frozen=True, slots=True)
class KeptLine:
    """For which code a place is kept, and until when. `overdue`: nobody came, and somebody releases or renews it."""

    id: uuid.UUID
    code: str
    from_on: date
    until_on: date
    overdue: bool
    referred: bool  # of a referral that was accepted

    @property
    def last_on(self) -> date:
        """The last day on which the person can come."""
        return self.until_on - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One place: who has it now, for whom it is kept, when it is out of service."""

    id: uuid.UUID
    label: str
    unit_id: uuid.UUID | None
    unit: str
    for_whom: str
    from_on: date | None
    until_on: date | None
    closed_why: str
    extra_why: str
    stay: StayLine | None
    out: tuple[OutLine, ...]
    kept: tuple[KeptLine, ...]
    facts: Facts

    @property
    def today(self) -> On:
        """What it is today."""
        now = calendar.today()
        return self.facts.on(now, now)

    @property
    def closing(self) -> bool:
        """Whether its manager closed it, now or from a day on."""
        return self.until_on is not None and not self.extra_why

    @property
    def is_gone(self) -> bool:
        """Whether it is closed now and counts no more."""
        return self.until_on is not None and self.until_on <= calendar.today() and self.stay is None

    @property
    def is_free(self) -> bool:
        """Whether somebody can be put into it now."""
        return self.today is On.FREE

    @property
    def is_out(self) -> bool:
        """Whether it is out of service today, or will be as soon as it is free."""
        return any(Span(each.from_on, each.until_on).holds(calendar.today()) for each in self.out)

    @property
    def kept_for(self) -> str:
        """For which code it is kept now; empty where for none."""
        now = calendar.today()
        return next((each.code for each in self.kept if each.from_on <= now), "")


@dataclass(frozen=True, slots=True)
class Room:
    """A shelter's places in numbers. `held`: kept for somebody, or asked for by a referral without an answer yet."""

    names: dict[str, str]
    places: int
    taken: int
    held: int
    out_of_use: int
    extra: int  # places of today that were made for some days; `places` counts them
    code: str
    may_accept: bool
    """Whether enough people hold the shelter's key to accept anybody."""
    asked: int
    """How many of `held` a referral without an answer asks for: nobody has them, and they can still be given."""
    tonight: tuple[tuple[str, int], ...]
    """For whom how many places are free tonight, in the order of the country's list; also those that are asked for."""

    @property
    def free(self) -> int:
        """Places that nobody has and nobody waits for."""
        return max(0, self.places - self.taken - self.held - self.out_of_use)

    @property
    def kept(self) -> int:
        """Places that are kept for somebody."""
        return self.held - self.asked

    @property
    def open(self) -> int:
        """Places that nobody has, also those that are asked for."""
        return max(0, self.places - self.taken - self.kept - self.out_of_use)


def places(*, by: Actor, closed: bool = False) -> list[PlaceLine]:
    """Every place of the asker's shelter by unit and name, with who has it; raises NotVisible. `closed`: with those
    that are no longer there."""
    own = own_shelter_id(by)
    now = calendar.today()
    found = db.session.execute(
        select(Place, PlaceInUnit.unit_id, Unit.label, Unit.for_whom)
        .outerjoin(PlaceInUnit, (PlaceInUnit.place_id == Place.id) & rows.unit_now())
        .outerjoin(Unit, Unit.id == PlaceInUnit.unit_id)
        .where(
            Place.organisation_id == own,
            true() if closed else or_(Place.until_on.is_(None), Place.until_on > now, rows.slept_in()),
        ),
        {"today": now},
    ).all()
    in_place = {line.place_id: line for line in stays.open_ones(by=by)}
    known = rows.facts(true(), own, since=now, today=now)
    kept = _kept(own, now)
    out = _out(own, now)
    lines = [
        PlaceLine(
            place.id,
            place.label,
            unit_id,
            unit or "",
            for_whom or "",
            place.from_on,
            place.until_on,
            place.closed_why,
            place.extra_why,
            in_place.get(place.id),
            tuple(out.get(place.id, ())),
            tuple(kept.get(place.id, ())),
            known[place.id],
        )
        for place, unit_id, unit, for_whom in found
    ]
    lines.sort(key=lambda line: (_label_key(line.unit), _label_key(line.label)))
    return [line for line in lines if closed or not line.is_gone]


def _kept(own: uuid.UUID, now: date) -> dict[uuid.UUID, list[KeptLine]]:
    found: dict[uuid.UUID, list[KeptLine]] = {}
    for each in rows.kept(own, now):
        line = KeptLine(
            each.promise_id, each.code, each.from_on, each.until_on, each.until_on <= now, each.case_id is not None
        )
        found.setdefault(each.place_id, []).append(line)
    return found


def _out(own: uuid.UUID, now: date) -> dict[uuid.UUID, list[OutLine]]:
    statement = (
        select(OutOfService)
        .join(Place, Place.id == OutOfService.place_id)
        .where(Place.organisation_id == own, or_(OutOfService.until_on.is_(None), OutOfService.until_on > now))
        .order_by(OutOfService.from_on)
        .execution_options(populate_existing=True)
    )
    found: dict[uuid.UUID, list[OutLine]] = {}
    for each in db.session.scalars(statement):
        line = OutLine(each.id, each.from_on, each.until_on, each.reason, each.reference, each.when_free)
        found.setdefault(each.place_id, []).append(line)
    return found


def place_line(place_id: uuid.UUID, *, by: Actor) -> PlaceLine:
    """One place of the asker's shelter, closed or not; raises NotVisible."""
    found = next((line for line in places(by=by, closed=True) if line.id == place_id), None)
    if found is None:
        raise NotVisible
    return found


def place_labels(*, by: Actor) -> set[str]:
    """The names of all places of the asker's shelter, closed ones too; raises NotVisible."""
    return set(db.session.scalars(select(Place.label).where(Place.organisation_id == own_shelter_id(by))))


def board(*, by: Actor) -> tuple[list[date], list[tuple[PlaceLine, list[tuple[On, int]]]]]:
    """The next days, and every place with its days in runs of one kind; raises NotVisible."""
    first = calendar.today()
    days = [first + timedelta(days=number) for number in range(BOARD_DAYS)]
    return days, [(line, runs(line.facts, days, first)) for line in places(by=by)]


def _label_key(label: str) -> tuple[str, int, str]:
    """The sort key of a label: `V2` before `V10`."""
    letters = label.rstrip("0123456789")
    digits = label[len(letters) :]
    return letters, int(digits) if digits else -1, label


def free_lines(*, by: Actor, for_case: uuid.UUID | None = None) -> list[PlaceLine]:
    """Each place of the asker's shelter into which somebody can be put now; raises NotVisible.

    The place kept for `for_case` comes first. How many more referrals wait for an answer is not looked at here.
    """
    mine = kept_place(for_case, by=by) if for_case is not None else None
    lines = places(by=by)
    own = [line for line in lines if line.id == mine and line.stay is None and line.today is not On.OUT]
    return own + [line for line in lines if line.is_free and line not in own]


def free_places(*, by: Actor, for_case: uuid.UUID | None = None) -> list[tuple[uuid.UUID, str]]:
    """(id, name) of `free_lines`; raises NotVisible."""
    return [(line.id, line.label) for line in free_lines(by=by, for_case=for_case)]


def kept_place(case_id: uuid.UUID, *, by: Actor) -> uuid.UUID | None:
    """The place that is kept for the person of a case, by their referral or by the code; raises NotVisible."""
    own = own_shelter_id(by)
    code = stay_rows.code_of(case_id)
    return next((each.place_id for each in rows.kept(own, calendar.today()) if each.code == code), None)


def place(place_id: uuid.UUID, *, by: Actor) -> Place:
    """A place of the asker's shelter, for actions: locked; raises NotVisible."""
    statement = select(Place).where(Place.id == place_id, Place.organisation_id == own_shelter_id(by)).with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def is_known(place_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the asker's shelter has, or had, a place of this id; raises NotVisible."""
    here = Place.organisation_id == own_shelter_id(by)
    return bool(db.session.scalar(select(exists().where(Place.id == place_id, here))))


def place_called(label: str, *, by: Actor) -> uuid.UUID:
    """The id of the place with that name in the asker's shelter; raises NotVisible."""
    found = db.session.scalar(select(Place.id).where(Place.organisation_id == own_shelter_id(by), Place.label == label))
    if found is None:
        raise NotVisible
    return found


def units(*, by: Actor, closed: bool = False) -> list[UnitLine]:
    """The units of the asker's shelter by name; raises NotVisible. `closed`: with those that are no longer there."""
    own = own_shelter_id(by)
    now = calendar.today()
    there = or_(Place.until_on.is_(None), Place.until_on > now, rows.slept_in())
    inside = (
        select(func.count())
        .select_from(PlaceInUnit)
        .join(Place, Place.id == PlaceInUnit.place_id)
        .where(PlaceInUnit.unit_id == Unit.id, rows.unit_now(), there)
        .correlate(Unit)
        .scalar_subquery()
    )
    statement = select(Unit, inside).where(Unit.organisation_id == own).execution_options(populate_existing=True)
    lines = [
        UnitLine(unit.id, unit.label, unit.for_whom, unit.from_on, unit.until_on, unit.closed_why, number)
        for unit, number in db.session.execute(statement, {"today": now})
    ]
    lines.sort(key=lambda line: (_label_key(line.label), line.from_on or date.min))
    return [line for line in lines if closed or not line.is_gone]


def unit(unit_id: uuid.UUID, *, by: Actor) -> Unit:
    """A unit of the asker's shelter, for actions: locked; raises NotVisible."""
    statement = select(Unit).where(Unit.id == unit_id, Unit.organisation_id == own_shelter_id(by)).with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def unit_line(unit_id: uuid.UUID, *, by: Actor) -> UnitLine:
    """One unit of the asker's shelter, closed or not; raises NotVisible."""
    found = next((line for line in units(by=by, closed=True) if line.id == unit_id), None)
    if found is None:
        raise NotVisible
    return found


def out_row(out_id: uuid.UUID, *, by: Actor) -> OutOfService:
    """Days out of service of a place of the asker's shelter, for actions; raises NotVisible."""
    own = own_shelter_id(by)
    statement = (
        select(OutOfService)
        .join(Place, Place.id == OutOfService.place_id)
        .where(OutOfService.id == out_id, Place.organisation_id == own)
    )
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def kept_line(promise_id: uuid.UUID, *, by: Actor) -> tuple[PlaceLine, KeptLine]:
    """A promise of the asker's shelter that keeps a place, and the place; raises NotVisible."""
    for line in places(by=by, closed=True):
        for each in line.kept:
            if each.id == promise_id:
                return line, each
    raise NotVisible


def with_mother(*, by: Actor) -> list[StayLine]:
    """Open stays of small children that sleep with their mother, in the asker's shelter; raises NotVisible."""
    return [line for line in stays.open_ones(by=by) if line.with_stay_id is not None]


def kept_for(*, by: Actor) -> list[str]:
    """The codes for which a place is kept tonight, without a referral that says who comes; raises NotVisible."""
    now = calendar.today()
    return [each.code for each in rows.kept(own_shelter_id(by), now) if each.from_on <= now and each.case_id is None]


class Known(StrEnum):
    """What a house knows of a code for which it keeps a place. Of a case of others it says no more than of none."""

    OURS = "ours"
    LIVES_HERE = "lives_here"
    UNKNOWN = "unknown"


def known_code(code: str, *, by: Actor) -> tuple[Known, str]:
    """What the house of a member knows of a code, and in which place the person lives now. Raises NotVisible."""
    own = own_shelter_id(by)
    for line in stays.open_ones(by=by):
        if line.pseudonym == code and line.place_id is not None:
            label = db.session.scalar(select(Place.label).where(Place.id == line.place_id))
            return Known.LIVES_HERE, label or ""
    held = select(exists().where(Case.pseudonym == code, Case.holder_id == own))
    return (Known.OURS if db.session.scalar(held) else Known.UNKNOWN), ""


def number_kept(by: Actor) -> ColumnElement[int]:
    """How many codes `kept_for` has, as a column of a statement with the parameters of `rows.days_of`."""
    if by.organisation_id is None or by.kind not in SHELTERS:
        return literal(0)
    counted = select(func.count()).select_from(Promise).join(Place, Place.id == Promise.place_id)
    return counted.where(
        Place.organisation_id == by.organisation_id,
        Promise.referral_id.is_(None),
        Promise.over_on.is_(None),
        Promise.from_on <= rows.TODAY,
        Promise.until_on > rows.OVERDUE_SINCE,
    ).scalar_subquery()


def room(*, by: Actor) -> Room:
    """The asker's own shelter in numbers; raises NotVisible."""
    return _in_numbers(_room(by)(**rows.days_of(calendar.today())))[0]


@built_once
def _room(by: Actor) -> _Rooms:
    own = own_shelter_id(by)
    return _rooms(Organisation.id == own, Place.organisation_id == own)


def rooms(*, by: Actor) -> list[Room]:
    """Every shelter in numbers, for the duty desk only; raises NotPermitted."""
    if not by.may(Permission.REFERRAL_DIRECT):
        raise NotPermitted(Permission.REFERRAL_DIRECT)
    return _in_numbers(_every_room(by)(**rows.days_of(calendar.today())))


@built_once
def _every_room(_: Actor) -> _Rooms:
    return _rooms(and_(Organisation.kind.in_([str(kind) for kind in SHELTERS]), Organisation.enabled), true())


def _rooms(shelter: ColumnElement[bool], place: ColumnElement[bool]) -> _Rooms:
    """The shelters in numbers, by code, in one statement: a row for each kind of place of today, or one without any."""
    counted = rows.by_state(place)
    return (
        select(
            Organisation.code,
            Organisation.names,
            rows.asked_for(),
            number_of_holders(Organisation.id),
            counted.c.state,
            counted.c.for_whom,
            counted.c.number,
            counted.c.extra,
        )
        .outerjoin(counted, counted.c.organisation_id == Organisation.id)
        .where(shelter)
        .order_by(Organisation.code)
    )


def _in_numbers(found: Iterable[Row[*tuple[Any, ...]]]) -> list[Room]:
    rooms = []
    for (code, names, asked, holders), of_one in groupby(found, key=lambda row: row[:4]):
        number: Counter[str] = Counter()
        free: Counter[str] = Counter()
        extra = 0
        for *_, state, for_whom, each, made_extra in of_one:
            if state is not None:
                number[state] += each
                extra += made_extra
            if state == rows.State.FREE and for_whom is not None:
                free[for_whom] += each
        held = number[rows.State.KEPT] + asked
        rooms.append(
            Room(
                names,
                number.total(),
                number[rows.State.TAKEN],
                held,
                number[rows.State.OUT],
                extra,
                code,
                holders >= KEY_HOLDERS_NEEDED,
                asked,
                tuple((whom, free[whom]) for whom in country().building.for_whom if free[whom]),
            )
        )
    return rooms
