"""What a shelter says after the post sent somebody off, and the post's word that it told or called (ADR 0241)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions.referrals import meetings, mistakes, post_tasks, referrals
from nrm.actions.shelter import corrections
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.referrals.crossing_points import Brings, Meeting
from nrm.domain.referrals.post_tasks import SAID_WITHIN, TaskKind
from nrm.domain.referrals.referrals import Escort, IllegalTransition, coarsened
from nrm.domain.shelter.corrections import Why
from nrm.models.accounts.accounts import Organisation
from nrm.store.countries import country
from nrm.store.referrals import post_tasks as store
from nrm.store.referrals import referrals as referral_store
from nrm.store.rows import entries
from nrm.store.shelter import arrivals
from nrm.web.formats import moment
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_agreements import colleague

SignIn = Callable[[str], Person]
POST, HOUSE, DESK, OTHER_POST = "rinas.border_officer", "nrc.case_worker", "ra.duty_officer", "durres.border_officer"
PLACE = Meeting(Brings.POST, "Spitali i Lushnjës", telephone="+355 69 555 0199")
FORM = {"brings": "post", "place": "Stacioni i trenit", "telephone": "+355 69 555 0199"}
CHANGED, NOT_COME = "the shelter now says where you meet: tell the escort", "did not arrive: call the duty desk"
NO_PLACE = "has left, and no meeting place is agreed: call now"
STILL_HERE = "arrived, and nobody here said that they left: is the person still with you"


@pytest.fixture
def made(app: Flask) -> people.Sent:
    """A referral of Rinas that NRC accepted, with a meeting place."""
    assert app
    made = people.sent(factories.actor(POST))
    at, house = clock.now(), factories.actor(HOUSE)
    expected = at + timedelta(hours=3)
    referrals.accept(referral_id=made.referral_id, place_id=people.bed("NRC"), expected_at=expected, by=house)
    meetings.say(referral_id=made.referral_id, meeting=PLACE, by=house)
    return made


@pytest.fixture
def second(app: Flask) -> str:
    """A second officer of the post."""
    organisation = db.session.scalar(select(Organisation).where(Organisation.code == "RINAS"))
    assert organisation is not None
    return colleague(organisation, POST, factories.actor(POST))


def left(made: people.Sent) -> None:
    gone = {"escort": Escort.WOMAN_OFFICER, "expected_at": clock.now() + timedelta(hours=3)}
    referrals.depart(referral_id=made.referral_id, **gone, by=factories.actor(POST))


def again(made: people.Sent) -> None:
    meetings.say(referral_id=made.referral_id, meeting=PLACE, by=factories.actor(HOUSE))


def waiting(person: Person) -> str:
    """The top of the home page."""
    return person.get("/?lang=en").partition("<h2>What waits for me")[2].partition("</section>")[0]


def form(page: str) -> dict[str, object]:
    """The press as the page has it."""
    part = page.partition("/done")[2].partition("</form>")[0]
    return dict(re.findall(r'name="?(what|seen)"? value="?([^" >]+)', part))


@pytest.mark.slow
def test_a_meeting_place_of_after_the_departure_waits_for_the_post_until_the_escort_was_told(
    made: people.Sent, second: str, sign_in: SignIn
) -> None:
    address = f"/referrals/{made.referral_id}?lang=en"
    left(made)
    for login in (POST, second):
        assert CHANGED not in sign_in(login).get("/?lang=en")
        assert "/done" not in sign_in(login).get(address)
    house = sign_in(HOUSE)
    house.post(f"/referrals/{made.referral_id}/where", dict(FORM))
    for login in (POST, second):  # whoever is on duty, not only who held the interview
        home = sign_in(login).get("/?lang=en").partition("<h2>What waits for me")[2].partition("</section>")[0]
        assert f"{made.pseudonym} has left, and {CHANGED}" in home
        assert f'href="/referrals/{made.referral_id}"' in home
    for login in (HOUSE, DESK, OTHER_POST, "vatra.case_worker"):
        assert CHANGED not in sign_in(login).get("/?lang=en")
        assert store.of_post(by=factories.actor(login)) == []
    case = f"/cases/{made.case_id}?lang=en"
    assert "The post has not said yet that whoever escorts the person was told" in house.get(case)
    officer = sign_in(second)
    page = officer.get(address)
    assert "After they left, the shelter said who comes and where you meet" in page
    assert "Stacioni" not in page
    officer.post(f"/referrals/{made.referral_id}/done", form(page))
    assert CHANGED not in officer.get("/?lang=en")
    assert CHANGED not in sign_in(POST).get("/?lang=en")
    assert "this post said so" in officer.get(address)
    assert "The post says that whoever escorts the person was told of this" in house.get(case)
    officer.post(f"/referrals/{made.referral_id}/done", form(page))  # pressed twice
    assert len(list(entries.since(entries.EVER, Event.SAID_AFTER_CALL))) == 1
    again(made)
    assert CHANGED in officer.get("/?lang=en")


def test_an_old_page_does_not_say_that_the_escort_knows_of_a_newer_place(made: people.Sent, sign_in: SignIn) -> None:
    left(made)
    again(made)
    officer, address = sign_in(POST), f"/referrals/{made.referral_id}"
    old = form(officer.get(address))
    again(made)
    assert "something else was said since" in officer.post(f"{address}/done?lang=en", old, 409)
    assert CHANGED in officer.get("/?lang=en")
    for wrong in ({**old, "what": "not_come"}, {**old, "what": "unsaid"}, {**old, "what": "x"}):
        officer.post(f"{address}/done", wrong, 404)


def test_before_the_departure_and_after_the_arrival_nothing_waits(made: people.Sent) -> None:
    post, house = factories.actor(POST), factories.actor(HOUSE)
    again(made)
    assert store.of_post(by=post) == []
    left(made)
    assert store.of_post(by=post) == []
    again(made)
    (task,) = store.of_post(by=post)
    assert (task.what, task.done_at) == (TaskKind.MEETING, None)
    mistakes.take_back_departure(referral_id=made.referral_id, why=Why.MISTOLD, expected_at=None, by=post)
    assert store.of_post(by=post) == []
    left(made)  # its page showed the place
    assert store.of_post(by=post) == []
    again(made)
    assert len(store.of_post(by=post)) == 1
    referrals.arrive(referral_id=made.referral_id, by=house)
    assert store.of_post(by=post) == []


def test_only_the_post_says_that_the_escort_knows(made: people.Sent) -> None:
    left(made)
    again(made)
    (task,) = store.of_post(by=factories.actor(POST))
    for login, refused in (
        (HOUSE, NotVisible),
        (OTHER_POST, NotVisible),
        (DESK, NotPermitted),
        ("molsa.statistician", NotPermitted),
    ):
        with pytest.raises(refused):
            post_tasks.done(referral_id=made.referral_id, what=task.what, seen=task.mark, by=factories.actor(login))


@pytest.mark.slow
def test_who_did_not_arrive_stands_at_the_top_for_the_whole_post_until_it_has_called(
    made: people.Sent, second: str, sign_in: SignIn
) -> None:
    left(made)
    factories.later(hours=4)
    assert NOT_COME not in sign_in(second).get("/?lang=en")
    referrals.not_arrived(referral_id=made.referral_id, by=factories.actor(HOUSE))
    for login in (POST, second):
        home = sign_in(login).get("/?lang=en").partition("<h2>What waits for me")[2].partition("</section>")[0]
        assert home.count(f"{made.pseudonym} {NOT_COME}") == 1
    for login in (HOUSE, DESK, OTHER_POST):
        assert NOT_COME not in sign_in(login).get("/?lang=en")
    factories.later(days=6)
    officer = sign_in(second)
    assert NOT_COME in officer.get("/?lang=en")
    page = officer.get(f"/referrals/{made.referral_id}?lang=en")
    assert "Call whoever escorted the person, too." in page
    officer.post(f"/referrals/{made.referral_id}/done", form(page))
    assert NOT_COME not in officer.get("/?lang=en")
    assert NOT_COME not in sign_in(POST).get("/?lang=en")


def test_who_did_not_arrive_leaves_the_top_after_a_week_or_once_the_person_is_there(made: people.Sent) -> None:
    post, house = factories.actor(POST), factories.actor(HOUSE)
    left(made)
    referrals.not_arrived(referral_id=made.referral_id, by=house)
    assert [each.what for each in store.of_post(by=post)] == [TaskKind.NOT_COME]
    now = clock.now()
    factories.later(days=8)
    assert store.of_post(by=post) == []
    clock.set_clock(lambda: now)
    referrals.arrive(referral_id=made.referral_id, by=house)  # here after all
    assert store.of_post(by=post) == []


@pytest.mark.slow
@pytest.mark.parametrize("login", [POST, HOUSE])
def test_of_an_arrival_without_a_departure_who_called_says_that_it_is_the_same_person(
    made: people.Sent, sign_in: SignIn, login: str
) -> None:
    referrals.arrive(referral_id=made.referral_id, by=factories.actor(HOUSE))
    address = f"/referrals/{made.referral_id}"
    other = sign_in(HOUSE if login == POST else POST)
    assert "it is the same person" in other.get(f"{address}?lang=en")
    caller = sign_in(login)
    caller.post(f"{address}/done", form(caller.get(address)))
    said = f"The {'post' if login == POST else 'shelter'} called and says that it is the same person"
    assert said in caller.get(f"{address}?lang=en")
    assert said in other.get(f"{address}?lang=en")
    (line,) = arrivals.unsaid(by=factories.actor(DESK))
    assert line.called_at is not None
    assert line.called_by_post == (login == POST)
    assert said in sign_in(DESK).get("/?lang=en")  # the desk reads it for the rest of the week
    assert "NRC" not in sign_in(POST).get(f"{address}?lang=en").partition("<main")[2].partition("</main")[0]


@pytest.mark.slow
def test_who_arrived_without_having_left_stands_at_the_top_for_the_whole_post_until_it_says_who_it_is(
    made: people.Sent, second: str, sign_in: SignIn
) -> None:
    assert STILL_HERE not in sign_in(second).get("/?lang=en")
    house = sign_in(HOUSE)
    referrals.arrive(referral_id=made.referral_id, by=factories.actor(HOUSE))
    address = f"/referrals/{made.referral_id}"
    for login in (POST, second):
        home = waiting(sign_in(login))
        assert home.count(f"{made.pseudonym} {STILL_HERE}") == 1
        assert f'href="{address}"' in home
    for login in (HOUSE, DESK, OTHER_POST):
        assert STILL_HERE not in sign_in(login).get("/?lang=en")
        assert store.of_post(by=factories.actor(login)) == []
    house.post(f"{address}/done", form(house.get(address)))  # it is no word of the post
    factories.later(days=6)
    officer = sign_in(second)
    assert STILL_HERE in waiting(officer)
    page = officer.get(f"{address}?lang=en")
    assert "The shelter called and says that it is the same person" in page
    officer.post(f"{address}/done", form(page))
    assert "The post called and says" in officer.get(f"{address}?lang=en")
    for login in (POST, second):
        assert STILL_HERE not in sign_in(login).get("/?lang=en")
    officer.post(f"{address}/done", form(page))
    assert len(list(entries.since(entries.EVER, Event.SAID_AFTER_CALL))) == 2


def test_who_arrived_without_having_left_leaves_the_top_after_a_week(made: people.Sent) -> None:
    post = factories.actor(POST)
    referrals.arrive(referral_id=made.referral_id, by=factories.actor(HOUSE))
    assert [each.what for each in store.of_post(by=post)] == [TaskKind.UNSAID]
    factories.later(days=8)
    assert store.of_post(by=post) == []


def test_no_page_of_a_post_has_the_hour_of_an_arrival_in_a_hidden_field_either(
    made: people.Sent, sign_in: SignIn
) -> None:
    """The mark of what the page said was its instant: a post keeps the quarter alone of who arrived."""
    factories.later(hours=2)
    referrals.arrive(referral_id=made.referral_id, by=factories.actor(HOUSE))
    page = sign_in(POST).get(f"/referrals/{made.referral_id}?lang=en")
    assert form(page)["what"] == "unsaid"
    assert not re.search(r"\d{4}-\d\d-\d\dT\d\d", page)
    assert moment(clock.now(), "en") not in page


def test_who_left_and_arrived_is_asked_about_by_nobody(made: people.Sent) -> None:
    left(made)
    referrals.arrive(referral_id=made.referral_id, by=factories.actor(HOUSE))
    assert store.of_post(by=factories.actor(POST)) == []


@pytest.mark.slow
def test_who_left_without_a_meeting_place_stands_at_the_top_for_the_whole_post_until_one_is_said(
    app: Flask, second: str, sign_in: SignIn
) -> None:
    assert app
    made = people.sent(factories.actor(POST))
    house = factories.actor(HOUSE)
    referrals.accept(referral_id=made.referral_id, place_id=people.bed("NRC"), expected_at=None, by=house)
    for login in (POST, second):
        assert NO_PLACE not in sign_in(login).get("/?lang=en")
    left(made)
    for login in (POST, second):
        home = waiting(sign_in(login))
        assert home.count(f"{made.pseudonym} {NO_PLACE}") == 1
        assert f'href="/referrals/{made.referral_id}"' in home
    for login in (HOUSE, DESK, OTHER_POST):
        assert NO_PLACE not in sign_in(login).get("/?lang=en")
    assert "/done" not in sign_in(second).get(f"/referrals/{made.referral_id}")
    again(made)
    for login in (POST, second):
        assert NO_PLACE not in sign_in(login).get("/?lang=en")


def taken_back(made: people.Sent) -> None:
    """Of an arrival that was recorded late in a quarter only the quarter is left of the hours."""
    if coarsened(clock.now(), country().timezone) > clock.now() - SAID_WITHIN:
        now = clock.now()
        quarter_after = coarsened(now, country().timezone) + timedelta(days=60)
        clock.set_clock(lambda: quarter_after)
        db.session.rollback()
    referrals.arrive(referral_id=made.referral_id, by=factories.actor(HOUSE))
    by = factories.actor(HOUSE)
    corrections.take_back_arrival(referral_id=made.referral_id, why=Why.OTHER_PERSON, by=by)


@pytest.mark.slow
def test_what_a_shelter_says_after_an_arrival_was_taken_back_waits_for_the_whole_post(
    made: people.Sent, second: str, sign_in: SignIn
) -> None:
    left(made)
    taken_back(made)
    address = f"/referrals/{made.referral_id}?lang=en"
    for login in (POST, second):
        assert f"{made.pseudonym} {NO_PLACE}" in waiting(sign_in(login))
        page = sign_in(login).get(address)
        assert "The shelter has not said it yet" not in page
        assert "Who comes and where you meet the shelter has to say again" in page
    again(made)
    for login in (POST, second):
        assert f"{made.pseudonym} has left, and {CHANGED}" in waiting(sign_in(login))
        assert "What the shelter had said was destroyed" not in sign_in(login).get(address)
    officer = sign_in(second)
    officer.post(f"/referrals/{made.referral_id}/done", form(officer.get(address)))
    assert CHANGED not in officer.get("/?lang=en")


def test_who_is_said_not_to_come_after_an_arrival_was_taken_back_waits_for_the_post(made: people.Sent) -> None:
    left(made)
    factories.later(hours=5)
    referrals.depart(  # a second hour, after the first has passed: the alarm stays at that
        referral_id=made.referral_id,
        escort=Escort.WOMAN_OFFICER,
        expected_at=clock.now() + timedelta(hours=3),
        by=factories.actor(POST),
    )
    taken_back(made)
    referrals.not_arrived(referral_id=made.referral_id, by=factories.actor(HOUSE))
    assert [each.what for each in store.of_post(by=factories.actor(POST))] == [TaskKind.NOT_COME]
    factories.later(days=8)
    assert store.of_post(by=factories.actor(POST)) == []


def test_what_was_destroyed_because_nobody_came_was_said_all_the_same(made: people.Sent, sign_in: SignIn) -> None:
    left(made)
    referrals.not_arrived(referral_id=made.referral_id, by=factories.actor(HOUSE))
    mistakes.await_again(referral_id=made.referral_id, why=Why.MISTOLD, by=factories.actor(HOUSE))
    page = sign_in(POST).get(f"/referrals/{made.referral_id}?lang=en")
    assert "The shelter has not said it yet" not in page
    assert "What the shelter had said is destroyed" in page


@pytest.mark.slow
def test_a_colleague_who_cannot_see_the_place_says_whom_she_asked_and_can_take_it_back(
    made: people.Sent, second: str, sign_in: SignIn
) -> None:
    left(made)
    again(made)
    address, name = f"/referrals/{made.referral_id}", "Test border_officer"
    officer, colleague_, house = sign_in(POST), sign_in(second), sign_in(HOUSE)
    assert "Whoever escorts the person was told</button>" in officer.get(f"{address}?lang=en")
    page = colleague_.get(f"{address}?lang=en")
    assert "Whoever escorts the person was told" not in page
    assert f"{name} alone sees it: ask {name} to call" in page
    assert f"I asked {name}, who told the escort</button>" in page
    colleague_.post(f"{address}/done", form(page))
    for person in (officer, colleague_):
        assert CHANGED not in person.get("/?lang=en")
        assert "Whoever sees where you meet was asked and told the escort" in person.get(f"{address}?lang=en")
    assert "was told of this, by the one there who sees it" in house.get(f"/cases/{made.case_id}?lang=en")
    assert "/done/back" in colleague_.get(address)
    assert "/done/back" not in officer.get(address)  # she did not press it
    officer.post(f"{address}/done/back", {"what": "meeting"}, 409)
    for wrong in ("unsaid", "x"):
        colleague_.post(f"{address}/done/back", {"what": wrong}, 404)
    for _ in range(2):
        colleague_.post(f"{address}/done/back", {"what": "meeting"})
    for person in (officer, colleague_):
        assert CHANGED in person.get("/?lang=en")
    assert len(list(entries.since(entries.EVER, Event.SAID_AFTER_CALL_TAKEN_BACK))) == 1
    colleague_.post(f"{address}/done", form(colleague_.get(address)))
    factories.later(minutes=11)
    assert "/done/back" not in colleague_.get(address)
    colleague_.post(f"{address}/done/back", {"what": "meeting"}, 409)
    assert CHANGED not in colleague_.get("/?lang=en")


def test_taking_back_brings_back_what_the_house_had_said(made: people.Sent) -> None:
    referrals.arrive(referral_id=made.referral_id, by=factories.actor(HOUSE))
    post, house = factories.actor(POST), factories.actor(HOUSE)
    for each in (house, post):
        post_tasks.done(referral_id=made.referral_id, what=TaskKind.UNSAID, seen="1", by=each)
    assert store.of_post(by=post) == []
    post_tasks.take_back(referral_id=made.referral_id, what=TaskKind.UNSAID, by=post)
    (task,) = store.of_post(by=post)
    assert (task.done_at is not None, task.by_post) == (True, False)
    (line,) = arrivals.unsaid(by=factories.actor(DESK))
    assert (line.called_at is not None, line.called_by_post) == (True, False)
    for login, refused in ((OTHER_POST, NotVisible), (DESK, NotPermitted), (POST, IllegalTransition)):
        with pytest.raises(refused):
            post_tasks.take_back(referral_id=made.referral_id, what=TaskKind.UNSAID, by=factories.actor(login))


@pytest.mark.slow
def test_a_post_says_that_who_arrived_is_still_there_and_it_stands_on_both_lists(
    made: people.Sent, second: str, sign_in: SignIn
) -> None:
    referrals.arrive(referral_id=made.referral_id, by=factories.actor(HOUSE))
    address, marked = f"/referrals/{made.referral_id}", "The post said that the person is still there"
    here = {**form(sign_in(POST).get(address)), "here": "y"}
    assert "The person is still here: we call the duty desk</button>" in sign_in(second).get(f"{address}?lang=en")
    house = sign_in(HOUSE)
    assert "The person is still here" not in house.get(f"{address}?lang=en")
    house.post(f"{address}/done", dict(here), 404)
    officer = sign_in(second)
    for _ in range(2):
        officer.post(f"{address}/done", dict(here))
    assert len(list(entries.since(entries.EVER, Event.SAID_AFTER_CALL))) == 1
    for login in (POST, second):
        assert f"{made.pseudonym} is said to have arrived, and this post says" in waiting(sign_in(login))
    assert marked in sign_in(DESK).get("/?lang=en")
    told = sign_in(HOUSE).get(f"{address}?lang=en")
    assert "who is with you?" in told
    assert 'href="tel:' in told.partition("who is with you?")[2].partition("</div>")[0]
    # A colleague who says the opposite takes nothing off the desk.
    sign_in(POST).post(f"{address}/done", form(sign_in(POST).get(address)))
    desk = sign_in(DESK).get("/?lang=en")
    assert marked in desk
    assert "The post called and says that it is the same person" in desk
    assert made.pseudonym not in waiting(sign_in(POST))


def test_that_the_person_is_still_there_can_be_taken_back(made: people.Sent) -> None:
    post, desk = factories.actor(POST), factories.actor(DESK)
    referrals.arrive(referral_id=made.referral_id, by=factories.actor(HOUSE))
    post_tasks.done(referral_id=made.referral_id, what=TaskKind.UNSAID, seen="1", here=True, by=post)
    (line,) = arrivals.unsaid(by=desk)
    assert (line.here_at is not None, line.called_at, line.called_by_post) == (True, None, True)
    post_tasks.take_back(referral_id=made.referral_id, what=TaskKind.UNSAID, by=post)
    (line,) = arrivals.unsaid(by=desk)
    assert line.here_at is None


@pytest.mark.slow
def test_did_not_arrive_before_anybody_left_is_asked_once_more(made: people.Sent, sign_in: SignIn) -> None:
    factories.later(hours=4)  # after the hour that was said
    house, page = sign_in(HOUSE), f"/referrals/{made.referral_id}/not-arrived"
    shown = house.get(f"{page}?lang=en")
    assert "Nobody has said that they left: the person may still be with the post" in shown
    assert shown.partition("Call the sender and the duty desk first")[2].partition("</p>")[0].count('href="tel:') == 2
    assert "Ask the sender first, and tick it" in house.post(f"{page}?lang=en", {}, 422)
    house.post(page, {"asked": "y"})
    said = house.get(f"/referrals/{made.referral_id}?lang=en")
    assert said.partition("The person did not arrive.")[2].partition("</p>")[0].count('href="tel:') == 2
    officer = sign_in(POST)
    assert "nobody here said that they left: is the person still with you?" in waiting(officer)
    told = officer.get(f"/referrals/{made.referral_id}?lang=en")
    assert "Nobody here had said that they left: is the person still with you?" in told
    assert "Call whoever escorted the person" not in told


@pytest.mark.slow
def test_where_a_page_says_call_the_number_stands_beside_it(made: people.Sent, sign_in: SignIn) -> None:
    left(made)
    again(made)
    house, case = sign_in(HOUSE), f"/cases/{made.case_id}?lang=en"
    for page, words in ((case, "The post has not said yet"),):
        assert 'href="tel:' in house.get(page).partition(words)[2].partition("</div>")[0]
    refused = house.get(f"/referrals/{made.referral_id}/accept/back?lang=en", 409)
    assert 'href="tel:' in refused.partition("They have left already")[2].partition("</main>")[0]
    why = {"why": "other_person"}
    refused = house.post(f"/referrals/{made.referral_id}/accept/back?lang=en", why, 409)
    line = referral_store.referral(made.referral_id, by=factories.actor(HOUSE))
    assert line.sender_telephone in refused.partition("They have left already")[2]
