"""Who has which place: beginning, moving, ending and keeping, inside the transaction of an action.

One row a stay and place. A row is ended and never overwritten; a wrong one is struck (`Occupancy.struck_on`).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.shelter.places import (
    CloseReason,
    Facts,
    Kept,
    PlaceRefusal,
    PlaceRefused,
    Span,
    check_closing,
    check_promise,
    check_with_mother,
    missing_place_until,
)
from nrm.domain.shelter.stays import ImpossibleStay, StayRefusal
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import Occupancy, Place, PlaceInUnit, Promise, Unit
from nrm.models.shelter.stays import Stay
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.shelter import places as rows
from nrm.store.rows.shelter import stays as stay_rows
from nrm.store.shelter import places as store
from nrm.store.shelter import stays as stay_store


def check_free(
    place_id: uuid.UUID,
    wanted: Span,
    by: Actor,
    *,
    for_code: str = "",
    planned_end_on: date | None = None,
) -> None:
    """Lock a place, and check that somebody can have it in the wanted days. Raises NotVisible, ImpossibleStay.

    On PostgreSQL the lock lasts until the transaction ends, and who waited
    for it sees what the other did; SQLite has one writer at a time.
    """
    place = store.place(place_id, by=by)
    today = days.today()
    since = min(today, wanted.from_on or today)
    known = rows.facts(Place.id == place_id, place.organisation_id, since=since, today=today)[place_id]
    known.check_free(wanted, today=today, planned_end_on=planned_end_on, for_code=for_code)


def begin(
    session: Session,
    stay: Stay,
    *,
    place_id: uuid.UUID | None,
    with_stay_id: uuid.UUID | None = None,
    from_on: date,
    until_on: date | None = None,
    by: Actor,
) -> uuid.UUID:
    """The stay has this place from a day on, or is with its mother; returns the row.

    Raises NotVisible, ImpossibleStay (`place_taken`, `place_kept`, `place_out_of_use`, `place_not_there`,
    `not_with_mother`).
    """
    wanted = Span(from_on, until_on)
    if place_id is not None:
        code = stay_rows.code_of(stay.case_id)
        check_free(place_id, wanted, by, for_code=code, planned_end_on=stay.anticipated_end_on)
        _fulfil(session, place_id, stay.case_id, code, by)
    row = Occupancy(
        id=uuid.uuid4(),
        stay_id=stay.id,
        place_id=place_id,
        with_stay_id=with_stay_id if place_id is None else None,
        from_on=from_on,
        until_on=until_on,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        if "occupanc" not in str(error.orig):
            raise
        raise ImpossibleStay(StayRefusal.PLACE_TAKEN) from None
    return row.id


def check_mother(with_stay_id: uuid.UUID, child: Case, by: Actor, *, age: int | None = None) -> None:
    """Raise NotVisible unless the other stay is in the actor's shelter, and ImpossibleStay (`not_with_mother`) unless
    it is open and of an adult, and the child may be under three."""
    mother = stay_store.row(with_stay_id, by=by)
    if mother.ended_on is not None or mother.case_id == child.id:
        raise ImpossibleStay(StayRefusal.NOT_WITH_MOTHER)
    check_with_mother(
        age_class=child.age_class,
        age_band=child.age_band,
        age=age,
        mother_age_class=stay_rows.age_class_of(mother.case_id),
    )


def move(
    session: Session,
    stay: Stay,
    *,
    place_id: uuid.UUID | None,
    with_stay_id: uuid.UUID | None = None,
    on: date,
    by: Actor,
) -> uuid.UUID:
    """From a day on the person has another place: the row of the old one ends, another begins. Returns the new row.

    Also for somebody who has no place at the moment. Raises what `begin` raises, and ImpossibleStay (`overlaps`) for a
    day before the last row began.
    """
    now = open_row(session, stay.id)
    if now is not None:
        if on < now.from_on:
            raise ImpossibleStay(StayRefusal.OVERLAPS)
        if not hit_one(session, update(Occupancy).where(Occupancy.id == now.id, *_OPEN).values(until_on=on)):
            raise ImpossibleStay(StayRefusal.PLACE_TAKEN)
    return begin(session, stay, place_id=place_id, with_stay_id=with_stay_id, from_on=on, by=by)


_OPEN = (Occupancy.until_on.is_(None), Occupancy.struck_on.is_(None))


def open_row(session: Session, stay_id: uuid.UUID) -> Occupancy | None:
    """Where the person of a stay is now; None where they have no place."""
    statement = select(Occupancy).where(Occupancy.stay_id == stay_id, *_OPEN)
    return session.scalar(statement.execution_options(populate_existing=True))


def end(session: Session, stay_id: uuid.UUID, on: date, by: Actor) -> None:
    """The person has no place from a day on: the stay ended, or the place of a missing person is no longer kept.

    What was entered for later days is struck. A small child that was with this person has no place from then on, until
    it gets one.
    """
    _cut(session, Occupancy.stay_id == stay_id, on, by)
    _cut(session, Occupancy.with_stay_id == stay_id, on, by)


def _cut(session: Session, whose: ColumnElement[bool], on: date, by: Actor) -> None:
    later = or_(Occupancy.until_on.is_(None), Occupancy.until_on > on)
    statement = select(Occupancy).where(whose, Occupancy.struck_on.is_(None), later)
    for row in session.scalars(statement.execution_options(populate_existing=True)).all():
        if row.until_on is None and row.from_on <= on:
            row.until_on = on
        else:
            # A stay of no night keeps the place it began in: a corrected end gives its nights back to that place.
            first = row.from_on == on and not _slept_before(session, row)
            strike(session, row, by, until_on=on if row.from_on < on or first else None)
    session.flush()


def _slept_before(session: Session, row: Occupancy) -> bool:
    """Whether the same stay had a place before this row."""
    same = (Occupancy.stay_id == row.stay_id, Occupancy.id != row.id, Occupancy.struck_on.is_(None))
    statement = select(Occupancy.id).where(*same, Occupancy.until_on <= row.from_on)
    return session.scalar(statement.limit(1)) is not None


def strike(session: Session, row: Occupancy, by: Actor, *, until_on: date | None = None) -> uuid.UUID | None:
    """A row was wrong: it is struck and stays; with `until_on`, a shorter one replaces it. Returns the new row."""
    row.struck_on, row.struck_by_id = days.today(), by.member_id
    session.flush()
    if until_on is None:
        return None
    shorter = Occupancy(
        id=uuid.uuid4(),
        stay_id=row.stay_id,
        place_id=row.place_id,
        with_stay_id=row.with_stay_id,
        from_on=row.from_on,
        until_on=until_on,
    )
    session.add(shorter)
    session.flush()
    row.replaced_by_id = shorter.id
    session.flush()
    return shorter.id


def keep(session: Session, referral: Referral, place_id: uuid.UUID, expected_at: datetime | None, by: Actor) -> None:
    """Keep a place for a referral that is accepted now, until some days after the person is expected.

    Raises NotVisible, PlaceRefused.
    """
    today = days.today()
    until_on = kept_until(expected_at, today)
    _check_promise(place_id, Kept(today, until_on, country().building.kept_overdue_days), by)
    session.add(
        Promise(
            id=uuid.uuid4(),
            place_id=place_id,
            referral_id=referral.id,
            from_on=today,
            until_on=until_on,
            made_by_id=by.member_id,
        )
    )
    session.flush()


def kept_until(expected_at: datetime | None, today: date) -> date:
    """The first day on which a place that is kept for somebody is overdue."""
    building = country().building
    if expected_at is None:
        return today + timedelta(days=building.kept_without_hour_days + 1)
    expected_on = max(today, clock.day_of(expected_at, country().timezone))
    return expected_on + timedelta(days=building.kept_days + 1)


def expected(session: Session, referral_id: uuid.UUID, expected_at: datetime | None) -> None:
    """The person is on the way, or comes at another hour, or nobody knows when: the place is kept for that day, or as
    long as for anybody without an hour."""
    later = kept_until(expected_at, days.today())
    session.execute(
        update(Promise)
        .where(Promise.referral_id == referral_id, Promise.over_on.is_(None), Promise.until_on < later)
        .values(until_on=later)
        .execution_options(synchronize_session=False)
    )


def kept_for_missing(since: datetime) -> bool:
    """Whether the place of somebody who is missing since then is still kept, by the hours the country says.

    After them anybody of the shelter may give it away: `end` it, and the stay goes on without a place.
    """
    return clock.now() < missing_place_until(since, country().building.missing_place_hours)


def promise(session: Session, place_id: uuid.UUID, code: str, from_on: date, until_on: date, by: Actor) -> uuid.UUID:
    """Promise a place to a code for days to come; returns the promise. Raises NotVisible, PlaceRefused."""
    _check_promise(place_id, Kept(from_on, until_on, country().building.kept_overdue_days, code), by)
    row = Promise(
        id=uuid.uuid4(), place_id=place_id, code=code, from_on=from_on, until_on=until_on, made_by_id=by.member_id
    )
    session.add(row)
    session.flush()
    audit.append(session, audit.Event.PLACE_PROMISED, by=by, place_id=place_id, promise_id=row.id)
    return row.id


def _check_promise(place_id: uuid.UUID, wanted: Kept, by: Actor) -> None:
    store.place(place_id, by=by)  # locked
    check_promise(known(place_id, by), wanted, today=days.today())


def check_renewal(place_id: uuid.UUID, wanted: Kept, by: Actor) -> None:
    """Raise PlaceRefused unless a place that is promised can be kept for these days, too."""
    facts = known(place_id, by)
    others = tuple(each for each in facts.kept if (each.code, each.from_on) != (wanted.code, wanted.from_on))
    today = days.today()
    asked = replace(wanted, from_on=max(today, wanted.from_on or today))
    check_promise(replace(facts, kept=others), asked, today=today)


def known(place_id: uuid.UUID, by: Actor) -> Facts:
    """What is known of a place of the actor's shelter, from today on."""
    assert by.organisation_id is not None
    today = days.today()
    return rows.facts(Place.id == place_id, by.organisation_id, since=today, today=today)[place_id]


def close(session: Session, place: Place, closed_from: date, why: CloseReason, by: Actor) -> None:
    """Close a place that is locked, from a day on. Raises PlaceRefused."""
    today = days.today()
    facts = known(place.id, by)
    there = [each for each in facts.nights if each.until_on is None]
    check_closing(
        closed_from,
        today=today,
        free_from=max((each.planned_end_on or today for each in there), default=None),
        kept=any(each.in_all.meets(Span(closed_from)) for each in facts.kept),
    )
    if place.from_on is not None and closed_from < place.from_on:
        raise PlaceRefused(PlaceRefusal.NOT_THERE)
    place.until_on, place.closed_why = closed_from, "extra" if place.extra_why else str(why)
    audit.append(
        session, audit.Event.PLACE_CLOSED, by=by, place_id=place.id, closed_from=closed_from.isoformat(), why=str(why)
    )


def stand(
    session: Session, row: PlaceInUnit, on: date, *, unit_id: uuid.UUID | None = None, label: str | None = None
) -> None:
    """From a day on a place is in another unit, or is called otherwise; before that day it is as it was."""
    unit_id, label = unit_id or row.unit_id, label or row.label
    if row.from_on is not None and row.from_on >= on:
        row.unit_id, row.label = unit_id, label
        return
    until_on, row.until_on = row.until_on, on
    session.flush()
    session.add(
        PlaceInUnit(id=uuid.uuid4(), place_id=row.place_id, unit_id=unit_id, label=label, from_on=on, until_on=until_on)
    )
    session.flush()


def _fulfil(session: Session, place_id: uuid.UUID, case_id: uuid.UUID, code: str, by: Actor) -> None:
    """Who was awaited has a place now: what was kept for them here is over."""
    place = session.get_one(Place, place_id)
    here = select(Place.id).where(Place.organisation_id == place.organisation_id)
    referred = Promise.referral_id.in_(select(Referral.id).where(Referral.case_id == case_id))
    by_code = (Promise.code == code) & (Promise.code != "") & (Promise.from_on <= days.today())
    session.execute(
        update(Promise)
        .where(Promise.place_id.in_(here), Promise.over_on.is_(None), or_(referred, by_code))
        .values(over_on=days.today(), over_by_id=by.member_id)
        .execution_options(synchronize_session=False)
    )


def not_come(session: Session, referral_id: uuid.UUID, by: Actor) -> None:
    """Nobody comes by this referral: what it kept is over."""
    session.execute(
        update(Promise)
        .where(Promise.referral_id == referral_id, Promise.over_on.is_(None))
        .values(over_on=days.today(), over_by_id=by.member_id)
        .execution_options(synchronize_session=False)
    )


def keep_again(session: Session, referral: Referral, by: Actor) -> None:
    """Keep the place again that was kept for a referral last. Raises NotVisible, PlaceRefused: none was, or it is not
    free any more."""
    last = select(Promise.place_id).where(Promise.referral_id == referral.id, Promise.over_on.is_not(None))
    place_id = session.scalar(last.order_by(Promise.over_on.desc(), Promise.from_on.desc()).limit(1))
    if place_id is None:
        raise NotVisible
    keep(session, referral, place_id, referral.expected_at, by)


def enter(
    session: Session,
    *,
    unit_id: uuid.UUID,
    organisation_id: uuid.UUID,
    labels: Sequence[str],
    from_on: date | None,
    from_file: bool = False,
    place_id: uuid.UUID | None = None,
) -> list[uuid.UUID]:
    """Places of a unit, from a day on (None: there from the beginning); returns them. `place_id`: of the only one."""
    made = []
    for label in labels:
        place = Place(
            id=place_id or uuid.uuid4(),
            organisation_id=organisation_id,
            label=label,
            file_label=label if from_file else None,
            from_on=from_on,
            entered_on=days.today() if from_on is None and not from_file else None,
        )
        session.add(place)
        made.append(place.id)
    session.flush()
    session.add_all(
        PlaceInUnit(id=uuid.uuid4(), place_id=place_id, unit_id=unit_id, label=label, from_on=from_on)
        for place_id, label in zip(made, labels, strict=True)
    )
    session.flush()
    return made


def unit_of_file(session: Session, organisation_id: uuid.UUID, from_on: date | None) -> uuid.UUID:
    """The unit in which the places of the country's file are: the first that is there, or one that is made now."""
    found = rows.first_unit(organisation_id)
    if found is not None:
        return found.id
    building = country().building
    unit = Unit(
        id=uuid.uuid4(),
        organisation_id=organisation_id,
        label=building.first_unit,
        for_whom=next(iter(building.for_whom)),
        from_on=from_on,
    )
    session.add(unit)
    session.flush()
    return unit.id
