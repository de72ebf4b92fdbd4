"""Who had which place on which night: nobody's nights are overwritten, and no place has two people."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.actions.shelter import absences, direct_intake, places, promises, stays
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.cases import new_pseudonym
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.places import ExtraReason, On, PlaceRefused
from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay
from nrm.models.shelter.places import Occupancy
from nrm.steps.shelter import places as steps
from nrm.store import days
from nrm.store.shelter import places as store
from nrm.store.shelter import stays as stay_store
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import ALBANIAN, CHILD, admitted, has, out_of_service

DAY = timedelta(days=1)
CODE = new_pseudonym(bytes(range(16)))


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.case_worker")


@pytest.fixture
def manager(vatra: Actor) -> Actor:
    assert vatra
    return factories.actor("vatra.shelter_manager")


def in_days(number: int) -> date:
    """Let so many days pass; gives the new day."""
    at = datetime.combine(days.today() + number * DAY, time(11), UTC)
    clock.set_clock(lambda: at)
    return days.today()


def rows(stay_id: uuid.UUID) -> list[tuple[uuid.UUID | None, date, date | None]]:
    db.session.rollback()
    wanted = select(Occupancy).where(Occupancy.stay_id == stay_id, Occupancy.struck_on.is_(None))
    found = db.session.scalars(wanted.order_by(Occupancy.from_on))
    return [(row.place_id, row.from_on, row.until_on) for row in found]


def _leaves(stay_id: uuid.UUID, by: Actor, on: date) -> None:
    stays.end(
        stay_id=stay_id,
        ended_on=on,
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=by,
    )


def test_moving_overwrites_no_night_and_no_place_has_two_people_on_one(vatra: Actor) -> None:
    first, today = admitted(vatra, days_ago=22), days.today()
    old = has(first.stay_id)
    new = store.free_places(by=vatra)[3][0]
    end = today + 30 * DAY
    stays.change(stay_id=first.stay_id, place_id=new, anticipated_end_on=end, by=vatra)
    assert rows(first.stay_id) == [(old, today - 22 * DAY, today), (new, today, None)]
    # The 22 nights in the old place are hers: nobody else is entered there for them, only from today on.
    with pytest.raises(ImpossibleStay, match="place_taken"):
        admitted(vatra, days_ago=22)
    second = admitted(vatra)
    assert has(second.stay_id) == old
    # Nor is she moved back into a night that somebody else has.
    with pytest.raises(ImpossibleStay, match="place_taken"):
        stays.change(stay_id=first.stay_id, place_id=old, anticipated_end_on=end, by=vatra)
    assert rows(first.stay_id) == [(old, today - 22 * DAY, today), (new, today, None)]


def test_a_row_by_hand_puts_nobody_where_somebody_is(app: Flask, vatra: Actor) -> None:
    _holds_by_hand(vatra)


def test_a_row_by_hand_puts_nobody_where_somebody_is_on_postgresql(postgres_app: Flask) -> None:
    assert postgres_app
    _holds_by_hand(factories.actor("vatra.case_worker"))


def _holds_by_hand(by: Actor) -> None:
    one, other = admitted(by, days_ago=9), admitted(by, days_ago=3)
    place, today = has(one.stay_id), days.today()
    for from_on, until_on in ((today - 5 * DAY, today - 4 * DAY), (today - 20 * DAY, None)):
        with pytest.raises(IntegrityError), transaction() as session:
            session.add(Occupancy(stay_id=other.stay_id, place_id=place, from_on=from_on, until_on=until_on))
    moved = update(Occupancy).where(Occupancy.stay_id == other.stay_id).values(place_id=place)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(moved)
    # A person is not in two places either; a struck row holds nothing.
    free = store.free_places(by=by)[0][0]
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(Occupancy(stay_id=one.stay_id, place_id=free, from_on=today - DAY, until_on=today))
    with transaction() as session:
        struck = {"struck_on": today, "struck_by_id": by.member_id}
        session.add(Occupancy(stay_id=one.stay_id, place_id=free, from_on=today - DAY, until_on=today, **struck))


def test_a_kept_place_is_overdue_and_then_free_and_is_kept_no_longer_for_ever(app: Flask) -> None:
    assert app
    in_days(0)  # before noon: three hours later is the same day
    nrc = factories.actor("nrc.case_worker")
    sent, place = people.sent(factories.actor("rinas.border_officer")), people.bed("NRC")
    referrals.accept(
        referral_id=sent.referral_id, place_id=place, expected_at=clock.now() + timedelta(minutes=1), by=nrc
    )
    assert _on(place, nrc) is On.KEPT
    in_days(1)
    assert _on(place, nrc) is On.KEPT
    in_days(1)
    assert _on(place, nrc) is On.KEPT_OVERDUE
    assert store.room(by=nrc).held == 1
    (line,) = store.place_line(place, by=nrc).kept
    assert (line.code, line.overdue) == (sent.pseudonym, True)
    promises.renew(promise_id=line.id, until_on=days.today() + 2 * DAY, by=nrc)
    assert _on(place, nrc) is On.KEPT
    in_days(2)
    assert _on(place, nrc) is On.KEPT_OVERDUE
    in_days(7)
    assert _on(place, nrc) is On.FREE
    assert store.room(by=nrc).held == 0


def test_a_kept_place_is_released_by_a_person_and_the_referral_stays(app: Flask) -> None:
    assert app
    nrc = factories.actor("nrc.case_worker")
    sent, place = people.sent(factories.actor("rinas.border_officer")), people.bed("NRC")
    referrals.accept(referral_id=sent.referral_id, place_id=place, by=nrc)
    (line,) = store.place_line(place, by=nrc).kept
    promises.release(promise_id=line.id, by=nrc)
    assert _on(place, nrc) is On.FREE
    assert referrals.arrive(referral_id=sent.referral_id, by=nrc) == sent.case_id


@pytest.mark.slow
def test_the_board_says_overdue_of_nobody_whose_day_is_still_to_come(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    assert app
    in_days(0)
    nrc = factories.actor("nrc.case_worker")
    sent, place = people.sent(factories.actor("rinas.border_officer")), people.bed("NRC")
    referrals.accept(
        referral_id=sent.referral_id, place_id=place, expected_at=clock.now() + timedelta(minutes=1), by=nrc
    )
    later = f"still kept for {sent.pseudonym}, if they have not come"
    for days_on, late in ((0, False), (2, True)):
        in_days(days_on)
        row = sign_in("nrc.case_worker").get("/beds?lang=en").partition(f"/beds/{place}")[2].partition("</tr>")[0]
        assert (f"kept for {sent.pseudonym}, overdue" in row) is late
        assert (later in row) is not late
        assert ('class="overdue"' in row) is late


def _on(place_id: uuid.UUID, by: Actor) -> On:
    db.session.rollback()
    return store.place_line(place_id, by=by).today


def test_a_promise_for_days_to_come_holds_the_place_for_its_code_alone(vatra: Actor, manager: Actor) -> None:
    place, today = store.free_places(by=vatra)[0][0], days.today()
    first, last = today + 10 * DAY, today + 13 * DAY
    promises.promise(place_id=place, code=CODE, from_on=first, until_on=last, by=vatra)
    assert _on(place, vatra) is On.FREE
    _, board = store.board(by=vatra)
    runs = next(runs for line, runs in board if line.id == place)
    assert runs == [(On.FREE, 10), (On.KEPT, 3), (On.KEPT_OVERDUE, 1)]
    with pytest.raises(ImpossibleStay, match="place_kept"):  # planned for thirty days
        admitted(vatra)
    other = new_pseudonym(bytes(range(1, 17)))
    with pytest.raises(PlaceRefused, match="taken_then"):
        promises.promise(place_id=place, code=other, from_on=first + DAY, until_on=last + DAY, by=vatra)
    with pytest.raises(PlaceRefused, match="kept"):
        out_of_service(place, manager)
    with pytest.raises(PlaceRefused, match="code"):
        promises.promise(place_id=place, code="AAAA-AAAA-A", from_on=first, until_on=last, by=vatra)


def test_an_extra_place_counts_for_its_days_and_who_is_in_it_is_said_to_be_overdue(vatra: Actor) -> None:
    today, before = days.today(), store.room(by=vatra)
    (unit,) = store.units(by=vatra)
    with pytest.raises(PlaceRefused, match="extra_too_long"):
        places.extra(unit_id=unit.id, from_on=today, until_on=today + 8 * DAY, why=ExtraReason.BUILDING_FULL, by=vatra)
    made = places.extra(
        unit_id=unit.id, from_on=today, until_on=today + 2 * DAY, why=ExtraReason.BUILDING_FULL, by=vatra
    )
    assert store.room(by=vatra).free == before.free + 1
    number = [id_ for id_, _ in store.free_places(by=vatra)].index(made)
    admitted(vatra, bed=number)
    assert store.room(by=vatra).places == before.places + 1
    in_days(2)
    assert _on(made, vatra) is On.OVERDUE
    assert (store.room(by=vatra).places, store.room(by=vatra).taken) == (before.places + 1, 1)


def test_an_occupied_place_goes_out_of_service_when_it_is_free(vatra: Actor, manager: Actor) -> None:
    opened = admitted(vatra)
    place = has(opened.stay_id)
    assert place is not None
    with pytest.raises(PlaceRefused, match="occupied"):
        out_of_service(place, manager)
    out = out_of_service(place, manager, when_free=True, reference="12/2026")
    assert _on(place, vatra) is On.TAKEN
    today = in_days(3)
    _leaves(opened.stay_id, vatra, today)
    assert _on(place, vatra) is On.OUT
    assert store.room(by=vatra).out_of_use == 1
    assert places.put_back(out_id=out, by=manager) == place
    assert _on(place, vatra) is On.FREE


def test_a_small_child_sleeps_with_its_mother_and_has_nights_and_no_place(vatra: Actor) -> None:
    mother = admitted(vatra, days_ago=2)
    small = dataclasses.replace(CHILD, age=2)
    before = store.room(by=vatra)
    child = _with(mother.stay_id, vatra, small)
    assert store.room(by=vatra) == before
    assert rows(child) == [(None, days.today(), None)]
    for older in (3, 15):
        with pytest.raises(ImpossibleStay, match="not_with_mother"):
            _with(mother.stay_id, vatra, dataclasses.replace(CHILD, age=older))
    with pytest.raises(ImpossibleStay, match="not_with_mother"):
        _with(mother.stay_id, vatra, ALBANIAN)
    with pytest.raises(ImpossibleStay, match="not_with_mother"):  # with another child
        _with(child, vatra, small)
    _leaves(mother.stay_id, vatra, days.today())
    assert [line.id for line in stay_store.without_place(by=vatra)] == [child]
    stays.change(
        stay_id=child,
        place_id=store.free_places(by=vatra)[0][0],
        anticipated_end_on=days.today() + 30 * DAY,
        by=vatra,
    )
    assert stay_store.without_place(by=vatra) == []


def _with(mother: uuid.UUID, by: Actor, case: OwnCase) -> uuid.UUID:
    today = days.today()
    return direct_intake.open_case(
        case=case,
        place_id=None,
        with_stay_id=mother,
        admitted_on=today,
        anticipated_end_on=today + 30 * DAY,
        by=by,
    ).stay_id


def test_an_exit_before_a_move_strikes_what_was_entered_for_later_days(vatra: Actor) -> None:
    opened, today = admitted(vatra, days_ago=9), days.today()
    old, new = has(opened.stay_id), store.free_places(by=vatra)[5][0]
    stays.change(stay_id=opened.stay_id, place_id=new, anticipated_end_on=today + 9 * DAY, by=vatra)
    today = in_days(3)
    _leaves(opened.stay_id, vatra, today - 5 * DAY)
    assert rows(opened.stay_id) == [(old, today - 12 * DAY, today - 5 * DAY)]
    struck = db.session.scalars(select(Occupancy).where(Occupancy.struck_on.is_not(None))).all()
    assert {(row.place_id, row.struck_by_id, row.replaced_by_id is not None) for row in struck} == {
        (old, vatra.member_id, True),
        (new, vatra.member_id, False),
    }


def test_the_place_of_a_missing_person_can_be_given_away_and_she_gets_one_when_she_is_back(vatra: Actor) -> None:
    opened = admitted(vatra, days_ago=4)
    alarm = absences.report(case_id=opened.case_id, since=clock.now() - timedelta(hours=5), feared=Feared.NO, by=vatra)
    today = in_days(3)
    assert steps.kept_for_missing(clock.now() - timedelta(hours=47))
    assert not steps.kept_for_missing(clock.now() - timedelta(hours=48))
    with transaction() as session:
        steps.end(session, opened.stay_id, today, vatra)
    assert store.room(by=vatra).taken == 0
    absences.found(missing_id=alarm, by=vatra)
    assert [line.id for line in stay_store.without_place(by=vatra)] == [opened.stay_id]
