"""A shelter's manager enters the units of the building, names and splits them, and closes them, each from a day on."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.places import (
    CloseReason,
    PlaceRefusal,
    PlaceRefused,
    check_begins,
    check_span,
    place_names,
    unit_name,
)
from nrm.models.shelter.places import Place, PlaceInUnit, Unit
from nrm.steps.shelter import places as steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import places as store


def add(
    *,
    label: str,
    for_whom: str,
    name: str = "",
    number: int = 0,
    from_on: date | None = None,
    there_already: bool = False,
    by: Actor,
) -> uuid.UUID:
    """Enter a unit, and `number` places in it whose names begin with `name`; returns the unit.

    `from_on`: today, or a later day; `there_already`: it was always there. Raises NotPermitted, NotVisible,
    PlaceRefused; then nothing is entered.
    """
    by.must(Permission.PLACE_MANAGE)
    names = place_names(name, number) if number else []
    today = days.today()
    first = None if there_already else check_begins(from_on or today, today=today)
    try:
        with transaction() as session:
            taken = store.place_labels(by=by)
            assert by.organisation_id is not None
            unit = _new(session, by, label, for_whom, first)
            if taken.intersection(names):
                raise PlaceRefused(PlaceRefusal.NAME_TAKEN)
            steps.enter(session, unit_id=unit.id, organisation_id=by.organisation_id, labels=names, from_on=first)
            audit.append(session, audit.Event.UNIT_ADDED, by=by, unit_id=unit.id, number=len(names))
            return unit.id
    except IntegrityError:  # a colleague entered the same name in the same moment
        raise PlaceRefused(PlaceRefusal.NAME_TAKEN) from None


def _new(session: Session, by: Actor, label: str, for_whom: str, from_on: date | None) -> Unit:
    label = unit_name(label)
    if for_whom not in country().building.for_whom:
        raise PlaceRefused(PlaceRefusal.FOR_WHOM)
    if any(each.label == label for each in store.units(by=by) if each.until_on is None):
        raise PlaceRefused(PlaceRefusal.UNIT_NAME_TAKEN)
    assert by.organisation_id is not None
    unit = Unit(id=uuid.uuid4(), organisation_id=by.organisation_id, label=label, for_whom=for_whom, from_on=from_on)
    session.add(unit)
    session.flush()
    return unit


def change(*, unit_id: uuid.UUID, label: str, for_whom: str, by: Actor) -> uuid.UUID:
    """From today on a unit is called otherwise, or is for others; returns the unit that it is now.

    What was entered today only is corrected; else a new unit follows, and the past keeps the old one. Raises
    NotPermitted, NotVisible, PlaceRefused.
    """
    by.must(Permission.PLACE_MANAGE)
    today = days.today()
    with transaction() as session:
        unit = store.unit(unit_id, by=by)
        if unit.until_on is not None:
            raise PlaceRefused(PlaceRefusal.CLOSED)
        label = unit_name(label)
        if (unit.label, unit.for_whom) == (label, for_whom):
            return unit.id
        if for_whom not in country().building.for_whom:
            raise PlaceRefused(PlaceRefusal.FOR_WHOM)
        others = (each for each in store.units(by=by) if each.until_on is None and each.id != unit_id)
        if any(each.label == label for each in others):
            raise PlaceRefused(PlaceRefusal.UNIT_NAME_TAKEN)
        audit.append(session, audit.Event.UNIT_CHANGED, by=by, unit_id=unit_id, for_whom=for_whom)
        if unit.from_on is not None and unit.from_on >= today:
            unit.label, unit.for_whom = label, for_whom
            return unit.id
        unit.until_on, unit.closed_why = today, "renamed"
        session.flush()
        follows = _new(session, by, label, for_whom, today)
        for row in _rows_from(session, unit_id, today):
            steps.stand(session, row, today, unit_id=follows.id)
        return follows.id


def split(
    *, unit_id: uuid.UUID, place_ids: Collection[uuid.UUID], label: str, for_whom: str, on: date, by: Actor
) -> uuid.UUID:
    """From a day on some places of a unit are a unit of their own; returns it. Who sleeps there stays there.

    Raises NotPermitted, NotVisible, PlaceRefused.
    """
    by.must(Permission.PLACE_MANAGE)
    with transaction() as session:
        unit = store.unit(unit_id, by=by)
        if unit.until_on is not None:
            raise PlaceRefused(PlaceRefusal.CLOSED)
        check_span(on, None, today=days.today())
        if unit.from_on is not None and on < unit.from_on:
            raise PlaceRefused(PlaceRefusal.NOT_THERE)
        moved = [row for row in _rows_from(session, unit_id, on) if row.place_id in place_ids]
        if not moved or {row.place_id for row in moved} != set(place_ids):
            raise PlaceRefused(PlaceRefusal.NO_PLACES)
        follows = _new(session, by, label, for_whom, on)
        for row in moved:
            steps.stand(session, row, on, unit_id=follows.id)
        audit.append(session, audit.Event.UNIT_SPLIT, by=by, unit_id=unit_id, into=follows.id, number=len(moved))
        return follows.id


def close(*, unit_id: uuid.UUID, closed_from: date, why: CloseReason, by: Actor) -> None:
    """Close a unit and every place in it from a day on.

    Raises NotPermitted, NotVisible, PlaceRefused (as for each of its places: then none is closed).
    """
    by.must(Permission.PLACE_MANAGE)
    with transaction() as session:
        unit = store.unit(unit_id, by=by)
        if unit.until_on is not None:
            raise PlaceRefused(PlaceRefusal.CLOSED)
        check_span(closed_from, None, today=days.today())
        if unit.from_on is not None and closed_from < unit.from_on:
            raise PlaceRefused(PlaceRefusal.NOT_THERE)
        for row in _rows_from(session, unit_id, closed_from):
            place = store.place(row.place_id, by=by)
            if place.until_on is None or place.until_on > closed_from:
                steps.close(session, place, closed_from, why, by)
        unit.until_on, unit.closed_why = closed_from, str(why)
        audit.append(session, audit.Event.UNIT_CLOSED, by=by, unit_id=unit_id, why=str(why))


def reopen(*, unit_id: uuid.UUID, by: Actor) -> None:
    """A unit that was closed, and is still there or was until today, is not closed; its places are reopened one by one.

    Raises NotPermitted, NotVisible, PlaceRefused (`name_taken`, `gone`).
    """
    by.must(Permission.PLACE_MANAGE)
    with transaction() as session:
        unit = store.unit(unit_id, by=by)
        if unit.until_on is None:
            return
        if unit.closed_why == "renamed":
            raise PlaceRefused(PlaceRefusal.GONE)
        if any(each.label == unit.label for each in store.units(by=by) if each.until_on is None):
            raise PlaceRefused(PlaceRefusal.UNIT_NAME_TAKEN)
        unit.until_on, unit.closed_why = None, ""
        audit.append(session, audit.Event.UNIT_REOPENED, by=by, unit_id=unit_id)


def _rows_from(session: Session, unit_id: uuid.UUID, on: date) -> list[PlaceInUnit]:
    """Where places stand in a unit on a day or later; places that are gone by then are left out."""
    later = or_(PlaceInUnit.until_on.is_(None), PlaceInUnit.until_on > on)
    there = or_(Place.until_on.is_(None), Place.until_on > on)
    statement = select(PlaceInUnit).join(Place, Place.id == PlaceInUnit.place_id)
    found = session.scalars(statement.where(PlaceInUnit.unit_id == unit_id, later, there).order_by(PlaceInUnit.id))
    return list(found.all())
