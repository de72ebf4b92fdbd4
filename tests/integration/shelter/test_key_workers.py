"""Key workers, deputies and house labels: who may, who must not, what ends them, and what colleagues are told."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import joining
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import cases, house_labels, key_workers, shifts
from nrm.actions.shelter import stays as stay_actions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.cases import HOUSE_LABEL
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.key_workers import KeyWorkerRefused, Place
from nrm.domain.shelter.shifts import ShiftKind
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.alarms import Alarm
from nrm.models.shelter.cases import Grant, PendingGrant, SealedCompartment
from nrm.models.shelter.key_workers import KeyWorker
from nrm.store import days
from nrm.store.accounts import alarms as alarm_store
from nrm.store.shelter import key_workers as store
from nrm.store.shelter import stays as stay_store
from tests import factories, factories_stays
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person
from tests.invariants.test_sealed import writings

SignIn = Callable[[str], Person]
LABEL = "Labelled Lule"


def member(login: str) -> uuid.UUID:
    return db.session.scalars(select(Member.id).where(Member.login == login)).one()


def colleague_of(organisation: str, login: str) -> str:
    """One more case worker of the organisation; returns the sign-in name."""
    by = factories.actor(f"{organisation.lower()}.case_worker")
    assert by.organisation_id is not None
    who = {"login": login, "name": login.title(), "role": Role.CASE_WORKER}
    factories.join(joining.invite(organisation_id=by.organisation_id, **who, by=by))  # type: ignore[arg-type]
    factories.confirm(login, by=by)
    return login


@pytest.fixture
def worker(app: Flask) -> Actor:
    return factories.actor("vatra.case_worker")


@pytest.fixture
def manager(app: Flask) -> Actor:
    return factories.actor("vatra.shelter_manager")


@pytest.fixture
def person(worker: Actor) -> uuid.UUID:
    return factories_stays.admitted(worker).case_id


def take_on(case_id: uuid.UUID, by: Actor, place: Place = Place.KEY) -> None:
    assert by.member_id is not None
    key_workers.appoint(case_id=case_id, place=place, member_id=by.member_id, by=by)


def test_a_worker_takes_a_free_place_and_not_a_colleagues(person: uuid.UUID, worker: Actor, manager: Actor) -> None:
    key_workers.appoint(case_id=person, place=Place.KEY, member_id=manager.member_id, by=manager)
    with pytest.raises(KeyWorkerRefused, match="taken"):
        take_on(person, worker)
    with pytest.raises(KeyWorkerRefused, match="others"):
        key_workers.appoint(case_id=person, place=Place.DEPUTY, member_id=manager.member_id, by=worker)
    with pytest.raises(KeyWorkerRefused, match="taken"):
        key_workers.take_off(case_id=person, place=Place.KEY, by=worker)
    take_on(person, worker, Place.DEPUTY)
    now = store.of_case(person, by=worker).now
    assert {place: line.member_id for place, line in now.items()} == {
        Place.KEY: manager.member_id,
        Place.DEPUTY: worker.member_id,
    }
    with pytest.raises(KeyWorkerRefused, match="both"):
        key_workers.appoint(case_id=person, place=Place.KEY, member_id=worker.member_id, by=manager)
    key_workers.take_off(case_id=person, place=Place.DEPUTY, by=worker)
    key_workers.appoint(case_id=person, place=Place.KEY, member_id=worker.member_id, by=manager)
    there = store.of_case(person, by=manager)
    assert [line.member_id for line in there.now.values()] == [worker.member_id]
    assert [(line.place, line.ended_why) for line in there.before] == [
        (Place.DEPUTY, "taken_off"),
        (Place.KEY, "replaced"),
    ]


@pytest.mark.parametrize("login", ["nrc.case_worker", "nrc.shelter_manager", "ra.duty_officer", "trp_unit.trp_officer"])
def test_nobody_else_appoints_or_sees_who_answers(person: uuid.UUID, manager: Actor, login: str) -> None:
    stranger = factories.actor(login)
    with pytest.raises((NotVisible, NotPermitted)):
        key_workers.appoint(case_id=person, place=Place.KEY, member_id=stranger.member_id, by=stranger)
    with pytest.raises((NotVisible, NotPermitted)):
        store.of_case(person, by=stranger)
    with pytest.raises(NotVisible):  # nor is somebody of another house appointed
        key_workers.appoint(case_id=person, place=Place.KEY, member_id=stranger.member_id, by=manager)
    with pytest.raises((NotVisible, NotPermitted)):
        house_labels.write(case_id=person, nickname="x", room="", by=stranger)


def test_pages_of_another_shelters_case_are_not_there(person: uuid.UUID, sign_in: SignIn) -> None:
    stranger = sign_in("nrc.shelter_manager")
    for path in (f"/cases/{person}/key-worker", f"/cases/{person}/house-label"):
        stranger.get(path, 404)
    stranger.post(f"/cases/{person}/key-worker", {"place": "key", "member": str(member("vatra.case_worker"))}, 404)
    stranger.post(f"/cases/{person}/key-worker/key/off", status=404)
    stranger.post(f"/cases/{person}/house-label", {"nickname": "x"}, 404)
    for login in ("molsa.statistician", "administrator"):
        nobody = sign_in(login)
        for path in (f"/cases/{person}/key-worker", f"/cases/{uuid.uuid4()}/key-worker", "/key-workers"):
            nobody.get(path, 403)  # whatever the id: the answer tells nothing
        for path in ("/shifts/people", "/shifts/duty", "/shifts/end"):
            nobody.post(path, status=403)


def test_who_takes_many_people_on_is_told_to_the_colleagues_and_not_to_herself(worker: Actor, manager: Actor) -> None:
    for _ in range(5):
        assert not alarm_store.alarms(by=manager).rows
        take_on(factories_stays.admitted(worker).case_id, worker, Place.DEPUTY)
    assert [(line.kind, line.cases, line.member_id) for line in alarm_store.alarms(by=manager).rows] == [
        ("places", 5, worker.member_id)
    ]
    assert not alarm_store.alarms(by=worker).rows
    assert len(store.news(by=manager).own_hand) == 5
    take_on(factories_stays.admitted(worker).case_id, worker)
    assert [line.cases for line in alarm_store.alarms(by=manager).rows] == [6]  # the same alarm


def test_one_person_a_day_is_told_too_once_it_is_more_than_half_of_the_house(worker: Actor) -> None:
    factories.later(minutes=1)
    people_here = [factories_stays.admitted(worker).case_id for _ in range(6)]
    for case_id in people_here:
        by = factories.actor("vatra.case_worker")
        take_on(case_id, by)
        factories.later(hours=25)
    manager = factories.actor("vatra.shelter_manager")
    told = [line.kind for line in alarm_store.alarms(by=manager).rows]
    assert told == ["places"] * 2  # the fifth and the sixth


def test_the_managers_appointments_are_no_alarm(worker: Actor, manager: Actor) -> None:
    for _ in range(6):
        case_id = factories_stays.admitted(worker).case_id
        key_workers.appoint(case_id=case_id, place=Place.KEY, member_id=worker.member_id, by=manager)
    assert db.session.scalars(select(Alarm)).all() == []
    assert store.news(by=manager).own_hand == []


def test_an_ended_account_answers_for_nobody_and_the_manager_sees_it(
    person: uuid.UUID, manager: Actor, sign_in: SignIn
) -> None:
    login = colleague_of("VATRA", "vatra.second")
    key_workers.appoint(case_id=person, place=Place.KEY, member_id=member(login), by=manager)
    assert store.team(by=manager).without == []
    hands.ended(member(login), manager)
    there = store.of_case(person, by=manager)
    assert there.now == {}
    assert [line.ended_why for line in there.before] == ["account"]
    assert [case_id for case_id, _ in store.team(by=manager).without] == [person]
    page = sign_in("vatra.shelter_manager").get("/?lang=en")
    assert "1 person has no key worker." in page


def test_a_case_that_closes_takes_its_key_worker_and_label_along(worker: Actor, person: uuid.UUID) -> None:
    take_on(person, worker)
    house_labels.write(case_id=person, nickname=LABEL, room="4", by=worker)
    stay = stay_store.of_case(person, by=worker).current
    assert stay is not None
    leaving = {"exit_reason": ExitReason.INDEPENDENT_LIVING, "destination": Destination.OWN_HOME, "where": "home"}
    stay_actions.end(stay_id=stay.id, ended_on=days.today(), **leaving, by=worker)  # type: ignore[arg-type]
    cases.close(case_id=person, by=worker)
    assert store.my_people(by=worker) == []
    assert labels_of(person) == 0
    assert tending.tend()["places_ended"] == 1
    assert [row.ended_why for row in db.session.scalars(select(KeyWorker))] == ["case"]
    assert tending.tend()["places_ended"] == 0


def handed_on(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """The referral by which the person is handed on to the National Reception Centre."""
    nrc = people.organisation("NRC")
    yes = ByName.YES
    return next_receiver.refer(
        case_id=case_id,
        receiver_id=nrc,
        reason=OverrideReason.SAFETY,
        hand_over=people.HAND_OVER,
        by=by,
        by_name=yes,
    )


def labels_of(case_id: uuid.UUID) -> int:
    """How many rows of a house label there are, in whosever grant."""
    return sum(
        len(
            db.session.scalars(
                select(kind.case_id).where(kind.case_id == case_id, kind.compartment == HOUSE_LABEL)
            ).all()
        )
        for kind in (SealedCompartment, Grant, PendingGrant)
    )


def test_the_next_shelter_never_sees_the_label_and_the_key_worker_does_not_go_along(
    app: Flask, worker: Actor, person: uuid.UUID
) -> None:
    take_on(person, worker)
    house_labels.write(case_id=person, nickname=LABEL, room="4", by=worker)
    sent = handed_on(person, worker)
    assert labels_of(person) == 2  # the compartment and the shelter's own grant: it was offered to nobody
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=sent, place_id=people.bed("NRC"), by=nrc)
    assert labels_of(person) == 2  # as before: she sleeps in that house until she leaves it
    assert store.of_case(person, by=nrc).now == {}
    assert store.my_people(by=worker) == []
    with pytest.raises(NotVisible):
        store.of_case(person, by=worker)
    take_on(person, nrc)
    assert tending.tend()["places_ended"] == 1
    assert [line.name for line in store.of_case(person, by=nrc).now.values()] == ["Test case_worker"]
    referrals.arrive(referral_id=sent, by=nrc)
    assert labels_of(person) == 0


def test_the_label_is_shown_on_lists_after_the_shift_began_and_to_nobody_else(
    worker: Actor, person: uuid.UUID, sign_in: SignIn, tmp_path: Path
) -> None:
    house_labels.write(case_id=person, nickname="first", room="", by=worker)
    house_labels.write(case_id=person, nickname=LABEL, room="4", by=worker)
    take_on(person, worker)
    browser = sign_in("vatra.case_worker")
    assert LABEL not in browser.get("/") + browser.get(f"/cases/{person}") + browser.get("/cases")
    browser.post("/shifts/duty")
    for path in ("/", f"/cases/{person}", "/cases", "/stays"):
        assert f"{LABEL}, 4" in browser.get(path), path
    other = sign_in("nrc.case_worker")
    other.post("/shifts/duty")
    for path in ("/", "/cases", "/stays"):
        assert LABEL not in other.get(path)
    browser.post("/shifts/end")
    assert LABEL not in browser.get("/")
    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(writing in content for writing in writings(LABEL)), file


def test_a_label_says_what_is_missing_and_keeps_what_was_typed(person: uuid.UUID, sign_in: SignIn) -> None:
    browser = sign_in("vatra.case_worker")
    page = browser.post(f"/cases/{person}/house-label?lang=en", {"nickname": " ", "room": ""}, 422)
    assert "Enter what the person is called, or the room" in page
    long = "x" * 41
    assert long in browser.post(f"/cases/{person}/house-label", {"nickname": long, "room": "7"}, 422)
    browser.post(f"/cases/{person}/house-label", {"nickname": "", "room": "7"})


def test_who_sees_the_label_takes_it_away(person: uuid.UUID, worker: Actor, sign_in: SignIn) -> None:
    house_labels.write(case_id=person, nickname=LABEL, room="4", by=worker)
    browser, path, empty = sign_in("vatra.case_worker"), f"/cases/{person}/house-label", {"nickname": "", "room": " "}
    assert "Leave both empty" not in browser.get(f"{path}?lang=en")
    browser.post(path, empty, 422)  # whoever does not see it, does not take it away by two empty fields
    browser.post("/shifts/duty")
    assert LABEL in browser.get("/stays")
    assert "Leave both empty" in browser.get(f"{path}?lang=en")
    browser.post(path, empty)
    assert labels_of(person) == 0
    assert LABEL not in browser.get("/stays") + browser.get(path)
    browser.post(path, empty, 422)
    browser.post(path, {"nickname": "Another", "room": ""})
    assert "Another" in browser.get("/stays")


def test_the_page_says_what_is_wrong_and_who_is_appointed(
    person: uuid.UUID, worker: Actor, manager: Actor, sign_in: SignIn
) -> None:
    browser = sign_in("vatra.case_worker")
    path = f"/cases/{person}/key-worker"
    page = browser.post(f"{path}?lang=en", {"place": "owner", "member": "x"}, 422)
    assert "Choose key worker or deputy" in page
    assert "Choose who it is" in page
    browser.post(path, {"place": "key", "member": str(manager.member_id)}, 422)  # she may choose herself alone
    assert browser.post(path, {"place": "key", "member": str(worker.member_id)}).endswith("set=key")
    assert "Test case_worker is the key worker now." in browser.get(f"{path}?set=key")
    leader = sign_in("vatra.shelter_manager")
    leader.post(path, {"place": "key", "member": str(manager.member_id)})
    page = browser.post(path, {"place": "key", "member": str(worker.member_id)}, 422)
    assert "A colleague has this place." in page
    assert "Test case_worker took over as key worker of" in leader.get("/?lang=en")
    assert "By their own hand" in leader.get("/key-workers")


def test_a_place_written_by_hand_is_none_and_is_taken_away(
    person: uuid.UUID, worker: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    now = clock.now()
    row = {"id": uuid.uuid4(), "case_id": person, "organisation_id": worker.organisation_id, "place": "key"}
    whose = {"member_id": worker.member_id, "set_by_id": worker.member_id, "begun_at": now, "ended_why": ""}
    with transaction() as session:
        session.execute(insert(KeyWorker).values(**row, **whose, mark=b"by hand"))
    assert store.my_people(by=worker) == []
    assert store.of_case(person, by=worker).now == {}
    assert str(person) in caplog.text
    take_on(person, worker)  # the row does not keep the place
    assert len(store.my_people(by=worker)) == 1
    with transaction() as session:  # nor is somebody else put into a genuine row
        other = member("vatra.shelter_manager")
        session.execute(update(KeyWorker).where(KeyWorker.case_id == person).values(member_id=other))
    assert store.my_people(by=factories.actor("vatra.shelter_manager")) == []


def test_the_manager_alone_says_after_how_long_screens_cover(sign_in: SignIn, worker: Actor, manager: Actor) -> None:
    leader = sign_in("vatra.shelter_manager")
    assert "Choose after how many minutes" in leader.post("/key-workers/cover?lang=en", {"minutes": "60"}, 422)
    leader.post("/key-workers/cover", {"minutes": "2"})
    assert store.team(by=worker).cover_minutes == 2
    sign_in("vatra.case_worker").post("/key-workers/cover", {"minutes": "5"}, 403)
    assert shifts.begin(kind=ShiftKind.DUTY, by=worker).covers_after == 2
    assert store.team(by=factories.actor("nrc.case_worker")).cover_minutes == 5
