"""What a shift opens, what it never opens, how its session covers itself, and what the log says of it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import accounts, screen_lock
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases, key_workers, shifts
from nrm.actions.shelter import stays as stay_actions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, SignInRefused
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.key_workers import Place
from nrm.domain.shelter.shifts import ShiftKind, ShiftRefused
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.accounts.accounts import MemberSession
from nrm.models.accounts.alarms import Alarm
from nrm.models.shelter.cases import Opening, Reading
from nrm.models.shelter.key_workers import KeyWorker, Shift, ShiftPage
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store.accounts import opening_log
from nrm.store.shelter import stays as stay_store
from tests import factories, factories_stays
from tests import factories_referrals as people
from tests.conftest import Person, token_in
from tests.integration.shelter.test_key_workers import handed_on, take_on

SignIn = Callable[[str], Person]
PARTS = (Compartment.IDENTITY, Compartment.CARE, Compartment.LEGAL)
SAID = "slept badly, wants to ring her sister"
WORKER, MANAGER = "vatra.case_worker", "vatra.shelter_manager"


@pytest.fixture
def worker(app: Flask) -> Actor:
    return factories.actor(WORKER)


def with_files(by: Actor) -> uuid.UUID:
    """Somebody in the shelter whose identity, story, care and legal file there are."""
    case_id = factories_stays.admitted(by, identity={"given": people.PLANTED}, story=people.TOLD).case_id
    for part in (Compartment.CARE, Compartment.LEGAL):
        cases.write(case_id=case_id, compartment=part, value={"plan": SAID, "court": SAID}, seen=0, by=by)
    return case_id


@pytest.fixture
def person(worker: Actor) -> uuid.UUID:
    """Written by another session, so that nothing of it is still shown to who wrote it."""
    return with_files(worker)


def shown(case_id: uuid.UUID, by: Actor) -> set[Compartment]:
    """What a page of the case shows, as its view does it: the look is written down, then it is read."""
    shifts.look(case_id=case_id, by=by)
    return set(case_steps.opened(case_id=case_id, by=by))


def ended(case_id: uuid.UUID, by: Actor) -> None:
    stay = stay_store.of_case(case_id, by=by).current
    assert stay is not None
    leaving = {"exit_reason": ExitReason.INDEPENDENT_LIVING, "destination": Destination.OWN_HOME, "where": "home"}
    stay_actions.end(stay_id=stay.id, ended_on=days.today(), **leaving, by=by)  # type: ignore[arg-type]


def test_a_key_workers_shift_opens_three_parts_of_her_people_and_the_story_stays_closed(
    person: uuid.UUID, worker: Actor
) -> None:
    another = with_files(worker)
    take_on(person, worker)
    by = factories.actor(WORKER)
    assert shown(person, by) == set()
    assert shifts.begin(kind=ShiftKind.PEOPLE, by=by).people == 1
    assert shown(person, by) == set(PARTS)
    assert shown(another, by) == set()
    factories.later(hours=7)
    assert shown(person, by) == set(PARTS)
    assert shown(person, factories.actor(WORKER)) == set()  # another session of hers has no shift
    factories.later(hours=1)
    assert shown(person, by) == set()


def test_who_is_on_duty_sees_care_of_everybody_in_the_building_also_of_who_comes_later(
    person: uuid.UUID, worker: Actor
) -> None:
    by = factories.actor(MANAGER)
    shifts.begin(kind=ShiftKind.DUTY, by=by)
    assert shown(person, by) == {Compartment.CARE}
    later = with_files(worker)
    assert shown(later, by) == {Compartment.CARE}
    ended(later, worker)
    assert shown(later, by) == set()  # not in the building any more
    lines = db.session.execute(select(Reading.compartment, Reading.purpose).where(Reading.member_id == by.member_id))
    assert [tuple(row) for row in lines] == [("shift", "duty")]


def test_nothing_is_read_by_a_shift_before_the_look_is_written_down(person: uuid.UUID, worker: Actor) -> None:
    by = factories.actor(MANAGER)
    shifts.begin(kind=ShiftKind.DUTY, by=by)
    assert case_steps.opened(case_id=person, by=by) == {}
    shifts.look(case_id=person, by=by)
    assert set(case_steps.opened(case_id=person, by=by)) == {Compartment.CARE}
    assert db.session.scalars(select(ShiftPage.pages)).all() == [1]


def test_a_shift_without_people_is_refused_and_its_begin_twice_is_one_line(person: uuid.UUID, worker: Actor) -> None:
    with pytest.raises(ShiftRefused, match="nobody"):
        shifts.begin(kind=ShiftKind.PEOPLE, by=worker)
    take_on(person, worker)
    first = shifts.begin(kind=ShiftKind.PEOPLE, by=worker)
    assert shifts.begin(kind=ShiftKind.PEOPLE, by=worker) == first
    assert db.session.scalar(select(func.count()).select_from(Shift)) == 1


@pytest.mark.parametrize("login", ["ra.duty_officer", "molsa.statistician", "administrator", "rinas.border_officer"])
def test_who_works_in_no_shelter_has_no_shift(app: Flask, login: str) -> None:
    for kind in ShiftKind:
        with pytest.raises((NotVisible, NotPermitted)):
            shifts.begin(kind=kind, by=factories.actor(login))


def test_a_shift_of_another_shelter_opens_nothing_here(person: uuid.UUID, worker: Actor) -> None:
    stranger = factories.actor("nrc.case_worker")
    shifts.begin(kind=ShiftKind.DUTY, by=stranger)
    shifts.look(case_id=person, by=stranger)
    with pytest.raises(NotVisible):
        case_steps.opened(case_id=person, by=stranger)
    assert db.session.scalars(select(ShiftPage)).all() == []


def test_leave_ends_with_the_place_the_case_and_the_holder(person: uuid.UUID, worker: Actor) -> None:
    second, third = with_files(worker), with_files(worker)
    for case_id in (person, second, third):
        take_on(case_id, worker)
    by = factories.actor(WORKER)
    shifts.begin(kind=ShiftKind.PEOPLE, by=by)
    shifts.begin(kind=ShiftKind.DUTY, by=by)
    assert shown(person, by) == shown(second, by) == shown(third, by) == set(PARTS)
    key_workers.take_off(case_id=person, place=Place.KEY, by=worker)
    assert shown(person, by) == {Compartment.CARE}  # on duty still
    referrals.accept(
        referral_id=handed_on(second, worker), place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker")
    )
    assert shown(second, by) == {Compartment.CARE}  # on duty still, until she leaves; all else with a purpose
    ended(third, worker)
    assert shown(third, by) == set(PARTS)
    cases.close(case_id=third, by=worker)
    assert shown(third, by) == set()


def test_rows_written_by_hand_open_nothing(person: uuid.UUID, worker: Actor, caplog: pytest.LogCaptureFixture) -> None:
    by = factories.actor(WORKER)
    now = clock.now()
    shift = {"id": uuid.uuid4(), "session_digest": by.session_id, "member_id": by.member_id, "people": 1}
    hours = {"begun_at": now, "until_at": now + timedelta(hours=8)}
    with transaction() as session:
        whose = {**shift, "organisation_id": by.organisation_id, "kind": "duty"}
        session.execute(insert(Shift).values(**whose, **hours, mark=b"by hand"))
        looked = {"shift_id": shift["id"], "case_id": person, "pages": 1, "first_at": now, "last_at": now}
        session.execute(insert(ShiftPage).values(**looked))
    assert shown(person, by) == set()
    assert str(shift["id"]) in caplog.text
    # Nor does a genuine shift of her own people open a person whom a hand wrote into the table.
    take_on(with_files(worker), worker)
    shifts.begin(kind=ShiftKind.PEOPLE, by=by)
    place = {"organisation_id": by.organisation_id, "place": "key", "begun_at": now, "ended_why": ""}
    with transaction() as session:
        row = {**place, "id": uuid.uuid4(), "case_id": person, "member_id": by.member_id, "set_by_id": by.member_id}
        session.execute(insert(KeyWorker).values(**row, mark=b"by hand"))
    assert shown(person, by) == set()
    # And no ended shift is longer by a later hour.
    shifts.end(by=by)
    with transaction() as session:
        session.execute(update(Shift).values(ended_at=None))
    assert shown(person, by) == set()


def test_a_shift_over_many_people_is_no_unusual_opening(worker: Actor) -> None:
    many = [with_files(worker) for _ in range(8)]
    by = factories.actor(MANAGER)
    shifts.begin(kind=ShiftKind.DUTY, by=by)
    for case_id in many:
        assert shown(case_id, by) == {Compartment.CARE}
    assert tending.tend()["alarms_raised"] == 0
    assert db.session.scalars(select(Alarm)).all() == []


def test_the_quarter_of_an_hour_slides_while_somebody_reads(person: uuid.UUID, worker: Actor) -> None:
    by = factories.actor(WORKER)
    cases.open_compartment(case_id=person, compartment=Compartment.STORY, purpose=Purpose.CARE, by=by)
    for _ in range(3):
        factories.later(minutes=14)
        assert shown(person, by) == {Compartment.STORY}
    factories.later(minutes=15)
    assert shown(person, by) == set()
    with transaction() as session:  # a row that was prolonged by hand does not begin to slide
        session.execute(update(Opening).values(expires_at=clock.now() + timedelta(minutes=5)))
    assert shown(person, by) == set()


def cookie_of(browser: Person) -> str:
    found = browser.client.get_cookie("nrm")
    assert found is not None
    return str(found.value)


def on_duty(app: Flask, login: str = WORKER) -> Person:
    browser = Person(app.test_client(), login)
    browser.post("/shifts/duty")
    return browser


def uncover(browser: Person, path: str, password: str = factories.PASSWORD, status: int = 303) -> str:
    """Ask for a page of a covered session and give the password; returns where it leads, or the page."""
    page = browser.client.get(path, follow_redirects=True).text
    to = re.search(r'name="to" value="([^"]+)"', page)
    data = {"password": password, "csrf_token": token_in(page), "to": to.group(1) if to else ""}
    answer = browser.client.post("/unlock", data=data)
    assert answer.status_code == status, answer.text
    if status == 303:
        browser.csrf_token = token_in(browser.get("/"))
        return answer.headers["Location"]
    return answer.text


@pytest.mark.slow
def test_a_session_with_a_shift_covers_itself_and_one_act_uncovers_it_where_one_was(
    app: Flask, person: uuid.UUID
) -> None:
    factories.later()
    browser = on_duty(app)
    path = f"/cases/{person}"
    assert SAID in browser.get(path)
    factories.later(minutes=4, seconds=59)
    assert SAID in browser.get(path)
    factories.later(minutes=5)
    answer = browser.client.get(path)
    assert (answer.status_code, SAID in answer.text) == (303, False)
    assert uncover(browser, path) == path
    assert SAID in browser.get(path)
    factories.later(minutes=5)
    for elsewhere in ("//evil.example", "https://evil.example/", "/sign-out", "/\\evil.example"):
        assert "evil" not in browser.client.get("/unlock", query_string={"to": elsewhere}).text.split("<main")[1]
    factories.later(hours=3)  # not fifteen idle minutes: it waits, covered, until its eight hours are over
    assert uncover(browser, path) == path
    factories.later(hours=5)
    assert browser.client.get(path).headers["Location"] == "/sign-in"


def test_without_a_shift_a_session_ends_after_fifteen_idle_minutes_as_before(app: Flask, person: uuid.UUID) -> None:
    factories.later()
    browser = on_duty(app)
    browser.post("/shifts/end")
    factories.later(minutes=14)
    browser.get("/")
    factories.later(minutes=15)
    assert browser.client.get("/").headers["Location"] == "/sign-in"


def test_the_row_of_a_covered_session_holds_no_key_also_when_nobody_comes_back(app: Flask, person: uuid.UUID) -> None:
    factories.later()
    browser = on_duty(app)
    held = select(MemberSession.sealed_keys).where(MemberSession.covers_after.is_not(None))
    assert db.session.scalars(held).one() is not None
    db.session.rollback()
    factories.later(minutes=5)
    assert tending.tend()["sessions_covered"] == 1
    assert db.session.scalars(held).one() is None
    db.session.rollback()
    cookie = cookie_of(browser)
    found = accounts.resume(cookie)
    assert isinstance(found, accounts.Ended)  # whoever has the cookie alone, or with the database, has nothing
    assert found.covered
    assert uncover(browser, "/") == "/"


def test_hide_screen_covers_at_once_and_keeps_what_was_typed(app: Flask, person: uuid.UUID) -> None:
    factories.later()
    browser = on_duty(app)
    path = f"/cases/{person}/write/legal"
    browser.client.post("/hide-screen", data={"hidden_at": "/cases", "csrf_token": browser.csrf_token})
    assert browser.client.get(path).status_code == 303
    factories.later(hours=1)
    assert uncover(browser, path).startswith("/cases?")


def test_a_stolen_cookie_of_a_covered_session_gets_three_tries(app: Flask, person: uuid.UUID) -> None:
    factories.later()
    browser = on_duty(app)
    thief = Person.__new__(Person)
    thief.client = app.test_client()
    thief.client.set_cookie("nrm", cookie_of(browser))
    factories.later(minutes=5)
    for path in (f"/cases/{person}", "/cases", "/openings", f"/cases/{person}/house-label"):
        answer = thief.client.get(path)
        assert (answer.status_code, SAID in answer.text) == (303, False)
    answer = thief.client.post(f"/cases/{person}/notes", data={"text": "x"})
    assert answer.status_code == 401
    for _ in range(2):
        page = uncover(thief, "/", "wrong", 422)
        assert 'action="/unlock"' in page
    page = uncover(thief, "/?lang=en", "wrong", 422)
    assert 'action="/sign-in"' in page
    with pytest.raises(SignInRefused):  # also the right password brings nothing back
        screen_lock.unlock(cookie=cookie_of(browser), password=factories.PASSWORD)
    assert browser.client.get("/").headers["Location"] == "/sign-in"
    assert db.session.scalars(select(Shift.ended_at)).one() is not None


def test_a_counter_set_back_by_hand_is_no_fourth_try(app: Flask, person: uuid.UUID) -> None:
    factories.later()
    browser = on_duty(app)
    factories.later(minutes=5)
    uncover(browser, "/", "wrong", 422)
    with transaction() as session:
        session.execute(update(MemberSession).where(MemberSession.locked).values(wrong_proofs=0))
    with pytest.raises(SignInRefused):
        screen_lock.unlock(cookie=cookie_of(browser), password=factories.PASSWORD)


def test_a_colleague_at_the_open_tablet_after_five_minutes_sees_nothing_with_her_own_password(
    app: Flask, person: uuid.UUID
) -> None:
    factories.later()
    browser = on_duty(app, MANAGER)
    factories.later(minutes=5)
    new = "a second life of a cat"  # all people of a test instance have the same password
    accounts.change_password(password=factories.PASSWORD, new_password=new, by=factories.actor(WORKER))
    assert SAID not in uncover(browser, f"/cases/{person}", new, 422)


def test_what_was_typed_for_longer_than_the_screen_waits_is_given_back(app: Flask, person: uuid.UUID) -> None:
    factories.later()
    browser = on_duty(app)
    factories.later(minutes=9)
    path = f"/cases/{person}/notes"
    answer = browser.client.post(path, data={"text": SAID + " again", "csrf_token": browser.csrf_token})
    assert answer.status_code == 401
    assert 'action="/unlock"' in answer.text
    carried = re.search(r'name="carried" value="([^"]+)"', answer.text)
    assert carried
    data = {"password": factories.PASSWORD, "csrf_token": token_in(answer.text), "carried": carried.group(1)}
    page = browser.client.post("/unlock", data=data)
    assert page.status_code == 200
    assert SAID + " again" in page.text
    # The same from the script that covers the screen, when the session had covered itself before.
    factories.later(minutes=9)
    data = {"hidden_at": f"/cases/{person}/write/care", "plan": SAID + " typed", "idle": ""}
    hidden = browser.client.post("/hide-screen", data=data)
    assert hidden.headers["Location"] == "/unlock"
    back = uncover(browser, "/")
    assert back == f"/cases/{person}/write/care?kept=1"
    assert SAID + " typed" in browser.get(back)


def test_what_i_have_just_written_stays_visible_to_me_and_nothing_else_of_it(
    app: Flask, person: uuid.UUID, sign_in: SignIn
) -> None:
    factories.later()
    browser, path = sign_in(MANAGER), f"/cases/{person}"
    browser.post(f"{path}/notes", {"text": "mine: rang the clinic"})
    page = browser.get(path)
    assert "mine: rang the clinic" in page
    assert SAID not in page
    other = sign_in(WORKER)
    assert "mine: rang the clinic" not in other.get(path)
    other.post(f"{path}/notes", {"text": "hers: bread"})
    assert "hers: bread" not in browser.get(path)
    factories.later(minutes=14)
    assert "mine: rang the clinic" in browser.get(path)
    # A file: what was sent is what is shown, until somebody else writes over it.
    browser.post(f"{path}/open", {"compartment": "legal", "purpose": "legal_help"})
    browser.post(f"{path}/write/legal", {"revision": "1", "counsel": "mine: counsel at nine"})
    with transaction() as session:
        session.execute(update(Opening).where(Opening.compartment == "legal").values(mark=b"over"))
    page = browser.get(f"{path}?lang=en")
    assert "You have just written:" in page
    assert "mine: counsel at nine" in page
    other.post(f"{path}/open", {"compartment": "legal", "purpose": "legal_help"})
    other.post(f"{path}/write/legal", {"revision": "2", "counsel": "hers now"})
    assert "hers now" not in browser.get(path)


def test_again_with_the_same_reason_is_one_press(app: Flask, person: uuid.UUID, sign_in: SignIn) -> None:
    factories.later()
    browser, path = sign_in(WORKER), f"/cases/{person}"
    assert "Again:" not in browser.get(f"{path}?lang=en")
    browser.post(f"{path}/open", {"compartment": "story", "purpose": "court"})
    factories.later(minutes=14)
    browser.get("/")
    factories.later(minutes=14)
    page = browser.get(path)
    assert people.TOLD not in page
    assert "Again: For proceedings in court" in page
    assert 'name="purpose" value="court"' in page
    browser.post(f"{path}/open", {"compartment": "story", "purpose": "court"})
    assert people.TOLD in browser.get(path)
    assert "Again:" not in sign_in(MANAGER).get(f"{path}?lang=en")  # nobody else's reason


def test_the_log_says_a_shift_in_words_and_what_is_unusual_first(
    app: Flask, person: uuid.UUID, worker: Actor, sign_in: SignIn
) -> None:
    factories.later()
    take_on(person, worker)
    browser, manager = sign_in(WORKER), sign_in(MANAGER)
    browser.post("/shifts/people")
    for _ in range(3):
        browser.get(f"/cases/{person}?lang=en")
    factories.later(minutes=1)
    manager.post(f"/cases/{person}/open", {"compartment": "care", "purpose": "care"})
    page = manager.get("/openings?lang=en")
    first, rest = page.split("<caption", 2)[1:]
    assert "To look at first" in first
    assert "took over as key worker or deputy" in first
    assert "opened Care, for which a colleague answers" in first
    assert "A shift: identity, care and legal file of one&#39;s own people" in rest
    assert "it opened 1 person, 1 person was looked up, 3 pages were shown" in rest
    of_case = manager.get(f"/cases/{person}/openings")
    assert "3 pages of this person were shown" in of_case
    other = with_files(worker)
    assert "A shift" not in manager.get(f"/cases/{other}/openings")
    assert [line.shift is not None for line in opening_log.of_case(person, by=worker).rows] == [False, True]


def test_who_begins_a_shift_where_the_last_one_ended_is_shown_to_the_manager(app: Flask, sign_in: SignIn) -> None:
    factories.later()
    shifts.begin(kind=ShiftKind.DUTY, by=factories.actor(WORKER))
    factories.later(minutes=30)
    shifts.begin(kind=ShiftKind.DUTY, by=factories.actor(WORKER))  # signed in anew: the same hours
    page = sign_in(MANAGER).get("/?lang=en")
    assert "On duty now: Test case_worker since" in page
    assert "Is this person at work?" not in page
    factories.later(hours=8)
    shifts.begin(kind=ShiftKind.DUTY, by=factories.actor(WORKER))
    page = sign_in(MANAGER).get("/?lang=en")
    assert "Test case_worker began a shift at" in page
    assert "Is this person at work?" in page
    assert "Is this person at work?" not in sign_in("nrc.shelter_manager").get("/?lang=en")
    assert "second in a row" in sign_in(MANAGER).get("/key-workers?lang=en")


@pytest.mark.slow
def test_a_day_of_twenty_four_contacts_costs_one_sign_in_three_openings_and_twenty_four_uncovers(
    app: Flask, worker: Actor
) -> None:
    """Three people, a contact every twenty minutes. An act is a page sent; what is followed after it is a redirect."""
    three = [with_files(worker) for _ in range(3)]
    for case_id in three:
        take_on(case_id, worker)
    factories.later()
    acts = {"sign-in": 1, "opening": 0, "uncover": 0, "note": 0}
    browser = Person(app.test_client(), WORKER)
    browser.post("/shifts/people")
    acts["opening"] += 1
    for contact in range(24):
        path = f"/cases/{three[contact % 3]}"
        factories.later(minutes=19, seconds=30)
        assert uncover(browser, path) == path  # the page that was left open asks for itself
        acts["uncover"] += 1
        assert SAID in browser.get(path)
        if contact in (5, 17):  # twice a day the story is needed
            browser.post(f"{path}/open", {"compartment": "story", "purpose": "care"})
            acts["opening"] += 1
            assert people.TOLD in browser.get(path)
    assert acts == {"sign-in": 1, "opening": 3, "uncover": 24, "note": 0}
    assert sum(acts.values()) <= 40
    lines = db.session.execute(
        select(Reading.compartment, func.count()).where(Reading.member_id == worker.member_id).group_by("compartment")
    ).all()
    assert {row[0]: row[1] for row in lines} == {"shift": 1, "story": 2}
    assert db.session.scalar(select(func.sum(ShiftPage.pages))) == 24 + 2
