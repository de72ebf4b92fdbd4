"""A shelter's manager enters places, names them, closes them from a day on, and takes them out of service. Any case
worker makes an extra place for some days.

Nothing of the past changes: a place keeps whom it had, and what it was called then.
"""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import hit_one, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.places import (
    CloseReason,
    ExtraReason,
    OutReason,
    PlaceRefusal,
    PlaceRefused,
    Span,
    check_begins,
    check_extra,
    check_out,
    place_names,
)
from nrm.models.shelter.places import OutOfService, Place, PlaceInUnit
from nrm.steps.shelter import places as steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import places as store

EXTRA = "X"


def add(
    *,
    name: str,
    number: int,
    unit_id: uuid.UUID | None = None,
    from_on: date | None = None,
    there_already: bool = False,
    by: Actor,
) -> None:
    """Enter `number` places whose names begin with `name`; none is entered if one cannot be.

    `unit_id`: None is the first unit. `from_on`: today, or a later day; `there_already`: they were always there, so
    that people who came before today can be entered in them. Raises NotPermitted, NotVisible, PlaceRefused.
    """
    by.must(Permission.PLACE_MANAGE)
    names = place_names(name, number)
    today = days.today()
    first = None if there_already else check_begins(from_on or today, today=today)
    try:
        with transaction() as session:
            if store.place_labels(by=by).intersection(names):
                raise PlaceRefused(PlaceRefusal.NAME_TAKEN)
            assert by.organisation_id is not None
            if unit_id is None:
                unit_id = steps.unit_of_file(session, by.organisation_id, first)
            else:
                unit = store.unit(unit_id, by=by)
                if unit.until_on is not None:
                    raise PlaceRefused(PlaceRefusal.CLOSED)
                if unit.from_on is not None and (first is None or first < unit.from_on):
                    raise PlaceRefused(PlaceRefusal.NOT_THERE)
            steps.enter(session, unit_id=unit_id, organisation_id=by.organisation_id, labels=names, from_on=first)
            audit.append(session, audit.Event.PLACES_ADDED, by=by, number=len(names))
    except IntegrityError:  # a colleague entered one of these names in the same moment
        raise PlaceRefused(PlaceRefusal.NAME_TAKEN) from None


def rename(*, place_id: uuid.UUID, name: str, by: Actor) -> None:
    """Another name for a place from today on. Raises NotPermitted, NotVisible, PlaceRefused."""
    by.must(Permission.PLACE_MANAGE)
    (label,) = place_names(name, 1)
    try:
        with transaction() as session:
            place = store.place(place_id, by=by)
            if place.label == label:
                return
            if label in store.place_labels(by=by):
                raise PlaceRefused(PlaceRefusal.NAME_TAKEN)
            place.label = label
            today = days.today()
            later = or_(PlaceInUnit.until_on.is_(None), PlaceInUnit.until_on > today)
            for row in session.scalars(select(PlaceInUnit).where(PlaceInUnit.place_id == place_id, later)).all():
                steps.stand(session, row, today, label=label)
            audit.append(session, audit.Event.PLACE_RENAMED, by=by, place_id=place_id)
    except IntegrityError:
        raise PlaceRefused(PlaceRefusal.NAME_TAKEN) from None


def close(*, place_id: uuid.UUID, closed_from: date, why: CloseReason, by: Actor) -> None:
    """Close a place: from `closed_from` on it no longer counts, and nobody is put into it for longer than until then.

    Raises NotPermitted, NotVisible, PlaceRefused: a place that somebody has can be closed from the planned end of the
    stay at the earliest; one that is kept for somebody in those days cannot be closed.
    """
    by.must(Permission.PLACE_MANAGE)
    with transaction() as session:
        place = store.place(place_id, by=by)  # locked: an admission into it waits
        if place.until_on is not None:
            raise PlaceRefused(PlaceRefusal.CLOSED)
        steps.close(session, place, closed_from, why, by)


def reopen(*, place_id: uuid.UUID, by: Actor) -> None:
    """A closed place can be used again from now on; if it was gone, those days stay days out of service.

    Raises NotPermitted, NotVisible, PlaceRefused.
    """
    by.must(Permission.PLACE_MANAGE)
    with transaction() as session:
        place = store.place(place_id, by=by)
        if place.until_on is None or place.extra_why:  # it was open already
            return
        in_unit = session.scalar(
            select(PlaceInUnit).where(PlaceInUnit.place_id == place_id, PlaceInUnit.until_on.is_(None))
        )
        if in_unit is not None and store.unit(in_unit.unit_id, by=by).until_on is not None:
            raise PlaceRefused(PlaceRefusal.UNIT_CLOSED)
        today = days.today()
        if place.until_on < today:
            reason = OutReason.REPAIRS if place.closed_why == CloseReason.REPAIRS else OutReason.OTHER
            session.add(
                OutOfService(
                    id=uuid.uuid4(),
                    place_id=place_id,
                    from_on=place.until_on,
                    until_on=today,
                    reason=str(reason),
                    entered_by_id=by.member_id,
                )
            )
        place.until_on, place.closed_why = None, ""
        audit.append(session, audit.Event.PLACE_REOPENED, by=by, place_id=place_id)


def extra(
    *, unit_id: uuid.UUID, from_on: date, until_on: date, why: ExtraReason, by: Actor, place_id: uuid.UUID | None = None
) -> uuid.UUID:
    """An extra place in a unit for some days; it counts in them. Returns it: one that is there already under the id
    that the caller chose is not made again.

    Raises NotPermitted, NotVisible, PlaceRefused.
    """
    by.must(Permission.STAY_MANAGE)
    check_extra(from_on, until_on, today=days.today(), longest=country().building.extra_place_days)
    with transaction() as session:
        unit = store.unit(unit_id, by=by)  # locked, so of two presses at once one comes after the other
        if place_id is not None and store.is_known(place_id, by=by):
            return place_id
        if not Span(from_on, until_on).within(Span(unit.from_on, unit.until_on)):
            raise PlaceRefused(PlaceRefusal.NOT_THERE)
        taken = store.place_labels(by=by)
        label = next(f"{EXTRA}{number}" for number in range(1, len(taken) + 2) if f"{EXTRA}{number}" not in taken)
        assert by.organisation_id is not None
        (made,) = steps.enter(
            session,
            unit_id=unit_id,
            organisation_id=by.organisation_id,
            labels=[label],
            from_on=from_on,
            place_id=place_id,
        )
        session.execute(
            update(Place)
            .where(Place.id == made)
            .values(until_on=until_on, closed_why="extra", extra_why=str(why), extra_by_id=by.member_id)
        )
        audit.append(session, audit.Event.EXTRA_PLACE_MADE, by=by, place_id=made, why=str(why))
        return made


def take_out(
    *,
    place_id: uuid.UUID,
    from_on: date,
    until_on: date | None,
    reason: OutReason,
    reference: str = "",
    when_free: bool = False,
    by: Actor,
) -> uuid.UUID:
    """Take a place out of service for some days, or until it is put back; returns the row.

    `when_free`: somebody has the place; from `from_on` on nobody new gets it, and it is out when it is free. Raises
    NotPermitted, NotVisible, PlaceRefused.
    """
    by.must(Permission.PLACE_MANAGE)
    with transaction() as session:
        store.place(place_id, by=by)  # locked
        check_out(steps.known(place_id, by), Span(from_on, until_on), today=days.today(), when_free=when_free)
        row = OutOfService(
            id=uuid.uuid4(),
            place_id=place_id,
            from_on=from_on,
            until_on=until_on,
            reason=str(reason),
            reference=reference,
            when_free=when_free,
            entered_by_id=by.member_id,
        )
        session.add(row)
        audit.append(session, audit.Event.PLACE_CHANGED, by=by, place_id=place_id, out_of_use=1, why=str(reason))
        return row.id


def put_back(*, out_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """The place can be used again from today on; returns it. A second time changes nothing.

    Raises NotPermitted, NotVisible.
    """
    by.must(Permission.PLACE_MANAGE)
    with transaction() as session:
        row = store.out_row(out_id, by=by)
        today = days.today()
        if _end_out(session, row, max(row.from_on, today), today):
            audit.append(session, audit.Event.PLACE_CHANGED, by=by, place_id=row.place_id, out_of_use=0)
        return row.place_id


def _end_out(session: Session, row: OutOfService, until_on: date, today: date) -> bool:
    later = or_(OutOfService.until_on.is_(None), OutOfService.until_on > today)
    return hit_one(session, update(OutOfService).where(OutOfService.id == row.id, later).values(until_on=until_on))
