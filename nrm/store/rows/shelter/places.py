"""Places as rows: what is known of each by day, and the conditions by which they are counted."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    ColumnExpressionArgument,
    Date,
    Subquery,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
)

from nrm.db import db
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter.places import Facts, Kept, Night, Span
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import Occupancy, OutOfService, Place, PlaceInUnit, Promise, Unit
from nrm.models.shelter.stays import Stay
from nrm.prepared import Prepared
from nrm.store.countries import country

TODAY: ColumnElement[date] = bindparam("today", type_=Date())
OVERDUE_SINCE: ColumnElement[date] = bindparam("overdue_since", type_=Date())


def days_of(today: date) -> dict[str, date]:
    """The values of a statement that counts places on a day. A promise ends this many days after it is overdue."""
    return {"today": today, "overdue_since": today - timedelta(days=country().building.kept_overdue_days)}


def _holds(from_on: Any, until_on: Any) -> ColumnElement[bool]:
    return and_(or_(from_on.is_(None), from_on <= TODAY), or_(until_on.is_(None), until_on > TODAY))


def there() -> ColumnElement[bool]:
    """Whether a place is one of the building today."""
    return _holds(Place.from_on, Place.until_on)


def slept_in() -> ColumnElement[bool]:
    """Whether somebody has the place now: the open row, because nobody leaves on a day to come."""
    return exists().where(Occupancy.place_id == Place.id, Occupancy.until_on.is_(None), Occupancy.struck_on.is_(None))


def is_out() -> ColumnElement[bool]:
    """Whether a place is out of service today."""
    return exists().where(
        OutOfService.place_id == Place.id, OutOfService.from_on <= TODAY, _ends_later(OutOfService.until_on)
    )


def _ends_later(until_on: Any) -> ColumnElement[bool]:
    return or_(until_on.is_(None), until_on > TODAY)


def is_live() -> ColumnElement[bool]:
    """Whether a promise keeps a place: not ended, not overdue for too long, and its referral still brings somebody.

    A part of a statement that joins the referral and the case of the promise, if it has them.
    """
    arrived = and_(
        Referral.status == ReferralStatus.ARRIVED,
        Case.holder_id == Referral.receiver_id,
        Case.status == "open",
        ~exists().where(Stay.referral_id == Referral.id, Stay.taken_back_on.is_(None)),
    )
    comes = or_(Promise.referral_id.is_(None), Referral.status == ReferralStatus.ACCEPTED, arrived)
    return and_(Promise.over_on.is_(None), Promise.until_on > OVERDUE_SINCE, comes)


def is_kept() -> ColumnElement[bool]:
    """Whether a place is kept for somebody today."""
    return exists(
        select(Promise.id)
        .outerjoin(Referral, Referral.id == Promise.referral_id)
        .outerjoin(Case, Case.id == Referral.case_id)
        .where(Promise.place_id == Place.id, Promise.from_on <= TODAY, is_live())
    )


class State(StrEnum):
    """What a place of today is; the first that holds."""

    TAKEN = "taken"
    OUT = "out"
    KEPT = "kept"
    FREE = "free"


def by_state(*wanted: ColumnElement[bool]) -> Subquery:
    """How many places of today there are of each `organisation_id`, `state` and unit: the unit's `for_whom` of those
    that nobody has, else NULL; `number`, and how many of these are `extra`. Each place is looked at once.

    A part of a statement with the parameters of `days_of`; `wanted` are conditions on `Place`.
    """
    has_it = and_(Occupancy.place_id == Place.id, Occupancy.until_on.is_(None), Occupancy.struck_on.is_(None))
    idle = Occupancy.place_id.is_(None)
    unit = select(PlaceInUnit.unit_id).where(PlaceInUnit.place_id == Place.id, unit_now()).limit(1)
    # In this order: for a place that somebody has nothing else is looked up.
    state = case((~idle, State.TAKEN), (is_out(), State.OUT), (is_kept(), State.KEPT), else_=State.FREE)
    extra = case((and_(Place.extra_why != "", there()), 1), else_=0)
    each = (
        select(
            Place.organisation_id.label("organisation_id"),
            state.label("state"),
            case((idle, unit.scalar_subquery())).label("unit_id"),
            extra.label("extra"),
        )
        .outerjoin(Occupancy, has_it)
        .where(or_(~idle, there()), *wanted)
        .subquery()
    )
    alike = (each.c.organisation_id, each.c.state, each.c.unit_id)
    counted = (
        select(*alike, func.count().label("number"), func.sum(each.c.extra).label("extra")).group_by(*alike).subquery()
    )
    return (
        select(
            counted.c.organisation_id,
            counted.c.state,
            Unit.for_whom.label("for_whom"),
            counted.c.number,
            counted.c.extra,
        )
        .outerjoin(Unit, Unit.id == counted.c.unit_id)
        .subquery()
    )


def free_places() -> ColumnElement[int]:
    """How many places of a shelter are free today; a part of a statement about `Organisation`, as `asked_for`."""
    free = (there(), ~slept_in(), ~is_out(), ~is_kept())
    return _number(Place.organisation_id == Organisation.id, *free)


def asked_for() -> ColumnElement[int]:
    """How many people a shelter was asked for and did not answer yet."""
    return _number(Referral.receiver_id == Organisation.id, Referral.status == ReferralStatus.SENT)


def _number(*wanted: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).where(*wanted).correlate(Organisation).scalar_subquery()


def has_entered_any() -> ColumnElement[bool]:
    """Whether a shelter ever entered a place; a part of a statement about `Organisation`."""
    return exists().where(Place.organisation_id == Organisation.id).correlate(Organisation)


class KeptFor(NamedTuple):
    """Whom a place is kept for. `case_id`: of the referral, None for a promise to a code."""

    promise_id: uuid.UUID
    place_id: uuid.UUID
    case_id: uuid.UUID | None
    code: str
    from_on: date
    until_on: date


def kept_for_codes(organisation_id: uuid.UUID, overdue_since: date) -> list[tuple[str, uuid.UUID | None]]:
    """(code, who keeps it) of each place of a shelter that is kept for a code, and not by a referral; what is
    overdue since that day is kept no longer."""
    statement = (
        select(Promise.code, Promise.made_by_id)
        .join(Place, Place.id == Promise.place_id)
        .where(Place.organisation_id == organisation_id, Promise.referral_id.is_(None))
        .where(Promise.over_on.is_(None), Promise.until_on > overdue_since)
    )
    rows = db.session.execute(statement)
    return [(code, made_by_id) for code, made_by_id in rows]


def kept(organisation_id: uuid.UUID, today: date) -> list[KeptFor]:
    """Every promise of a shelter that keeps a place, now or from a day to come, the first day first."""
    found = _kept().all(db.session, {_HOUSE.key: organisation_id, **days_of(today)})
    return [KeptFor(*row) for row in found]


_HOUSE = bindparam("house_id", type_=Uuid())


@cache
def _kept() -> Prepared:
    statement = (
        select(
            Promise.id,
            Promise.place_id,
            Case.id,
            func.coalesce(Case.pseudonym, Promise.code),
            Promise.from_on,
            Promise.until_on,
        )
        .join(Place, Place.id == Promise.place_id)
        .outerjoin(Referral, Referral.id == Promise.referral_id)
        .outerjoin(Case, Case.id == Referral.case_id)
        .where(Place.organisation_id == _HOUSE, is_live())
        .order_by(Promise.from_on, Promise.id)
    )
    return Prepared(statement, heard=True)


def facts(
    wanted: ColumnExpressionArgument[bool], organisation_id: uuid.UUID, *, since: date, today: date
) -> dict[uuid.UUID, Facts]:
    """What is known of the places of one shelter that are wanted, for the days from `since` on."""
    overdue = country().building.kept_overdue_days
    nights: Mapping[uuid.UUID, list[Night]] = defaultdict(list)
    out: Mapping[uuid.UUID, list[Span]] = defaultdict(list)
    promised: Mapping[uuid.UUID, list[Kept]] = defaultdict(list)
    places = db.session.execute(
        select(Place.id, Place.from_on, Place.until_on, Place.extra_why).where(
            wanted, Place.organisation_id == organisation_id
        )
    ).all()
    # Each by an index of its own; nobody leaves on a day to come, so that today's rows are the open ones.
    for recent in [Occupancy.until_on.is_(None), *([Occupancy.until_on > since] if since < today else [])]:
        for place_id, from_on, until_on, planned_end_on in db.session.execute(
            select(Occupancy.place_id, Occupancy.from_on, Occupancy.until_on, Stay.anticipated_end_on)
            .join(Stay, Stay.id == Occupancy.stay_id)
            .join(Place, Place.id == Occupancy.place_id)
            .where(wanted, Place.organisation_id == organisation_id, Occupancy.struck_on.is_(None), recent)
        ):
            assert place_id is not None
            nights[place_id].append(Night(from_on, until_on, planned_end_on))
    for place_id, from_on, until_on in db.session.execute(
        select(OutOfService.place_id, OutOfService.from_on, OutOfService.until_on)
        .join(Place, Place.id == OutOfService.place_id)
        .where(
            wanted,
            Place.organisation_id == organisation_id,
            or_(OutOfService.until_on.is_(None), OutOfService.until_on > since),
        )
    ):
        out[place_id].append(Span(from_on, until_on))
    for each in kept(organisation_id, today):
        promised[each.place_id].append(Kept(each.from_on, each.until_on, overdue, each.code))
    return {
        id_: Facts(Span(from_on, until_on), tuple(nights[id_]), tuple(out[id_]), tuple(promised[id_]), extra_why != "")
        for id_, from_on, until_on, extra_why in places
    }


class Had(NamedTuple):
    """Which place a stay had last: its name now, or with whose stay a small child is."""

    place_id: uuid.UUID | None
    label: str
    with_stay_id: uuid.UUID | None
    from_on: date
    until_on: date | None


def last_places(stay_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Had]:
    """The last row of each stay that is not struck."""
    if not stay_ids:
        return {}
    statement = (
        select(
            Occupancy.stay_id,
            Occupancy.place_id,
            func.coalesce(Place.label, ""),
            Occupancy.with_stay_id,
            Occupancy.from_on,
            Occupancy.until_on,
        )
        .outerjoin(Place, Place.id == Occupancy.place_id)
        .where(Occupancy.stay_id.in_(stay_ids), Occupancy.struck_on.is_(None))
        .order_by(Occupancy.from_on, Occupancy.until_on.is_(None), Occupancy.until_on)
    )
    return {row[0]: Had(row[1], row[2], row[3], row[4], row[5]) for row in db.session.execute(statement)}


def unit_now() -> ColumnElement[bool]:
    """The condition by which `PlaceInUnit` says where a place is today."""
    return _holds(PlaceInUnit.from_on, PlaceInUnit.until_on)


def places_of_unit_on(unit_id: uuid.UUID, day: date) -> list[uuid.UUID]:
    """The places that are in a unit on a day."""
    statement = select(PlaceInUnit.place_id).where(PlaceInUnit.unit_id == unit_id, unit_now())
    return list(db.session.scalars(statement, {"today": day}))


def first_unit(organisation_id: uuid.UUID) -> Unit | None:
    """The unit that is there and was entered first by name, if there is any."""
    statement = select(Unit).where(Unit.organisation_id == organisation_id, Unit.until_on.is_(None))
    return db.session.scalars(statement.order_by(Unit.label)).first()
