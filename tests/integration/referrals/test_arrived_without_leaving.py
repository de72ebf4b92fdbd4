"""An arrival of somebody of whom no post said that they left: recorded, and read by the post and the duty desk
(ADR 0238)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from forms.shelter.stays import NO_PLACE
from nrm import clock
from nrm.actions.referrals import mistakes, referrals
from nrm.actions.shelter import cases, corrections
from nrm.db import db
from nrm.domain.referrals.referrals import Escort
from nrm.domain.shelter.corrections import Why
from nrm.store.referrals import referrals as store
from nrm.store.shelter import arrivals
from tests import factories, second_hands
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]
HOUSE, DESK, POST = "vatra.case_worker", "ra.duty_officer", "rinas.border_officer"
TITLE, ASKED = "Arrived, and nobody said that they left", "nobody here said that the person left"


def accepted(number: int = 3, **more: object) -> people.Sent:
    made = people.sent(factories.actor(POST), "VATRA", override_reason="other", **more)
    referrals.accept(referral_id=made.referral_id, place_id=people.bed("VATRA", number), by=factories.actor(HOUSE))
    return made


def left(made: people.Sent) -> None:
    at = clock.now() + timedelta(hours=2)
    referrals.depart(
        referral_id=made.referral_id, escort=Escort.WOMAN_OFFICER, expected_at=at, by=factories.actor(POST)
    )


def arrive(made: people.Sent) -> None:
    referrals.arrive(referral_id=made.referral_id, by=factories.actor(HOUSE))


@pytest.mark.slow
def test_a_child_at_the_door_is_recorded_and_the_post_and_the_desk_read_that_nobody_let_it_go(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    child, adult = accepted(age="child"), accepted(4)
    house = sign_in(HOUSE)
    page = f"/referrals/{child.referral_id}/arrival"
    sent: dict[str, object] = {"admitted": "today", "bed": NO_PLACE}
    assert "is it this person who stands before you?" in house.post(f"{page}?lang=en", sent, 422)
    house.post(page, {**sent, "is_here": "y"})
    assert store.referral(child.referral_id, by=factories.actor(HOUSE)).status == "arrived"
    arrive(adult)
    part = sign_in(DESK).get("/?lang=en").partition(TITLE)[2].partition("</ul>")[0]
    assert part.index(child.pseudonym) < part.index(adult.pseudonym)  # children first
    assert "Vatra" in part
    assert "Rinas" in part
    assert part.count('href="tel:') == 4
    officer = sign_in(POST)
    line = officer.get("/?lang=en").partition(f'href="/referrals/{child.referral_id}"')[2].partition("</tr>")[0]
    assert "nobody here said that they left" in line
    told = officer.get(f"/referrals/{child.referral_id}?lang=en")
    assert 'href="tel:' in told.partition(ASKED)[2].partition("</div>")[0]
    assert "Vatra" not in told  # a post is not told where the person is (ADR 0106)
    for login in (HOUSE, "nrc.case_worker", "child_protection.child_protection_officer"):
        assert TITLE not in sign_in(login).get("/?lang=en")
        assert arrivals.unsaid(by=factories.actor(login)) == []
    factories.later(days=6)
    assert TITLE in sign_in(DESK).get("/?lang=en")
    factories.later(days=2)
    assert TITLE not in sign_in(DESK).get("/?lang=en")
    assert ASKED not in sign_in(POST).get(f"/referrals/{child.referral_id}?lang=en")


def test_who_left_and_arrived_is_read_by_nobody_so(app: Flask, sign_in: SignIn) -> None:
    assert app
    made = accepted()
    left(made)
    arrive(made)
    assert arrivals.unsaid(by=factories.actor(DESK)) == []
    assert ASKED not in sign_in(POST).get(f"/referrals/{made.referral_id}?lang=en")
    assert "nobody here said" not in sign_in(POST).get("/?lang=en")


def test_once_the_arrival_is_taken_back_the_person_is_awaited_again_and_nothing_is_asked(app: Flask) -> None:
    assert app
    made = accepted()
    arrive(made)
    desk = factories.actor(DESK)
    assert [line.case_id for line in arrivals.unsaid(by=desk)] == [made.case_id]
    corrections.take_back_arrival(
        referral_id=made.referral_id, why=Why.MISTOLD, by=factories.actor("vatra.shelter_manager")
    )
    assert arrivals.unsaid(by=desk) == []


@pytest.mark.slow
@pytest.mark.parametrize("erased", [False, True])
def test_a_house_that_closes_or_erases_the_case_takes_nothing_off_the_desk(
    app: Flask, sign_in: SignIn, erased: bool
) -> None:
    """One case worker accepts, records an arrival, ends the stay and closes: the desk still asks about her."""
    assert app
    made, house, desk = accepted(), factories.actor(HOUSE), factories.actor(DESK)
    arrive(made)
    (line,) = arrivals.unsaid(by=desk)
    assert (line.closed, line.opens) == (False, True)
    if erased:
        second_hands.erased(made.case_id, house)
    else:
        cases.close(case_id=made.case_id, by=house)
    (line,) = arrivals.unsaid(by=desk)
    assert (line.case_id, line.closed, line.opens) == (made.case_id, True, False)
    part = sign_in(DESK).get("/?lang=en").partition(TITLE)[2].partition("</ul>")[0]
    assert made.pseudonym in part
    assert "The case was closed since." in part
    assert f"/referrals/{made.referral_id}" not in part
    assert part.count('href="tel:') == 2
    factories.later(days=6)
    assert len(arrivals.unsaid(by=desk)) == 1
    factories.later(days=2)
    assert arrivals.unsaid(by=desk) == []


@pytest.mark.slow
@pytest.mark.parametrize("said", ["not_arrived", "mistaken"])
def test_an_old_page_of_an_arrival_says_what_was_recorded_since_and_asks(
    app: Flask, sign_in: SignIn, said: str
) -> None:
    assert app
    made, actor, house = accepted(), factories.actor(HOUSE), sign_in(HOUSE)
    if said == "not_arrived":
        left(made)
    page, sent = (
        f"/referrals/{made.referral_id}/arrival?lang=en",
        {"admitted": "today", "bed": NO_PLACE, "is_here": "y"},
    )
    old = _stood(house.get(page))
    assert old == "accepted"
    if said == "not_arrived":
        referrals.not_arrived(referral_id=made.referral_id, by=actor)
    else:
        mistakes.take_back_acceptance(referral_id=made.referral_id, why=Why.OTHER_PERSON, by=actor)
    back = house.post(page, {**sent, "stood": old}, 409)
    assert "Nothing is recorded: after this page was opened Test case_worker recorded on" in back
    assert store.referral(made.referral_id, by=actor).status == said
    assert _stood(back) == _stood(house.get(page)) == said
    house.post(page, {**sent, "stood": said})  # here after all
    db.session.rollback()
    assert store.referral(made.referral_id, by=actor).status == "arrived"


def _stood(page: str) -> str:
    return re.findall(r'name="stood" value="([^"]*)"', page)[0]


def test_the_hour_of_a_departure_that_is_not_kept_any_more_is_not_shown_as_midnight(
    app: Flask, sign_in: SignIn
) -> None:
    """After an arrival the rows keep the quarter only, also where the arrival is taken back."""
    assert app
    made, page = accepted(), "/referrals/{}?lang=en"
    left(made)
    arrive(made)
    corrections.take_back_arrival(
        referral_id=made.referral_id, why=Why.MISTOLD, by=factories.actor("vatra.shelter_manager")
    )
    for login in (HOUSE, POST):
        shown = sign_in(login).get(page.format(made.referral_id)).partition("Left</dt>")[2].partition("</dd>")[0]
        assert shown
        assert "00:00" not in shown


@pytest.mark.slow
def test_an_hour_of_arrival_is_not_before_the_sending_and_asked_about_before_the_departure(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    sent_at = datetime(2026, 3, 2, 17, 27, tzinfo=UTC)  # 18:27 on the clocks of the country
    clock.set_clock(lambda: sent_at)
    made = accepted()
    clock.set_clock(lambda: sent_at + timedelta(hours=1))
    left(made)
    clock.set_clock(lambda: sent_at + timedelta(hours=3))
    house, page = sign_in(HOUSE), f"/referrals/{made.referral_id}/arrival?lang=en"
    typed = {"admitted": "today", "bed": NO_PLACE, "stood": "accepted"}
    for hour in ("3:10", "18:26"):
        asked = house.post(page, {**typed, "hour": hour}, 422)
        assert "The referral was sent on 2 March 2026, 18:27, after this hour: is it right?" in asked
        assert 'name="sooner"' in asked
    asked = house.post(page, {**typed, "hour": "19:00"}, 422)
    assert "They left on 2 March 2026, 19:27, as was recorded: is this hour right?" in asked
    assert 'name="sooner"' in asked
    assert store.referral(made.referral_id, by=factories.actor(HOUSE)).status == "accepted"
    house.post(page, {**typed, "hour": "19:00", "sooner": "y"})
    db.session.rollback()
    assert store.referral(made.referral_id, by=factories.actor(HOUSE)).status == "arrived"
    told = sign_in(POST).post(f"/referrals/{made.referral_id}/depart?lang=en", {}, 409)
    assert "This person is not awaited any more: the arrival was recorded." in told
    assert "Someone was faster" not in told


@pytest.mark.slow
def test_the_hour_of_the_departure_itself_is_asked_about_by_nobody(app: Flask, sign_in: SignIn) -> None:
    assert app
    left_at = datetime(2026, 3, 2, 18, 27, 40, tzinfo=UTC)
    clock.set_clock(lambda: left_at)
    made = accepted()
    left(made)
    clock.set_clock(lambda: left_at + timedelta(hours=3))
    sign_in(HOUSE).post(
        f"/referrals/{made.referral_id}/arrival",
        {"admitted": "today", "bed": NO_PLACE, "stood": "accepted", "hour": "19.27"},
    )


@pytest.mark.slow
def test_a_late_press_is_told_which_of_the_things_was_recorded(app: Flask, sign_in: SignIn) -> None:
    assert app
    made, house = accepted(), sign_in(HOUSE)
    left(made)
    referrals.not_arrived(referral_id=made.referral_id, by=factories.actor(HOUSE))
    address = f"/referrals/{made.referral_id}"
    for page in (f"{address}/not-arrived?lang=en",):
        assert "This person is not awaited any more: it was recorded that the person did not arrive." in house.get(
            page, 409
        )
    assert "This person is not awaited any more: it was recorded that the person did not arrive." in sign_in(POST).post(
        f"{address}/depart?lang=en", {}, 409
    )
    arrive(made)
    assert "This person is not awaited any more: the arrival was recorded." in house.post(
        f"{address}/not-arrived?lang=en", {}, 409
    )


@pytest.mark.slow
def test_who_is_not_accepted_yet_is_not_called_awaited_no_more(app: Flask, sign_in: SignIn) -> None:
    assert app
    made, house = people.sent(factories.actor(POST), "VATRA", override_reason="other"), sign_in(HOUSE)
    told = house.get(f"/referrals/{made.referral_id}/arrival?lang=en", 409)
    assert "Nobody has accepted this person yet. The referral is answered first; then the arrival is recorded." in told
    assert "any more" not in told


@pytest.mark.slow
def test_an_arrival_long_before_the_hour_is_asked_about_once(app: Flask, sign_in: SignIn) -> None:
    """They left a minute ago and are expected in four hours (ADR 0254)."""
    assert app
    made, soon = accepted(age="child"), accepted(4)
    at = clock.now()
    for each, hours in ((made, 4), (soon, 1)):
        referrals.depart(
            referral_id=each.referral_id,
            escort=Escort.WOMAN_OFFICER,
            expected_at=at + timedelta(hours=hours),
            by=factories.actor(POST),
        )
    factories.later(minutes=1)
    house, page = sign_in(HOUSE), f"/referrals/{made.referral_id}/arrival"
    sent: dict[str, object] = {"admitted": "today", "bed": NO_PLACE}
    asked = house.post(f"{page}?lang=en", sent, 422)
    assert re.search(r"They left on [^<]+ and are expected on [^<]+: is it this person who stands before you\?", asked)
    assert store.referral(made.referral_id, by=factories.actor(HOUSE)).status == "accepted"
    house.post(page, {**sent, "is_here": "y"})
    assert store.referral(made.referral_id, by=factories.actor(HOUSE)).status == "arrived"
    factories.later(minutes=15)
    sign_in(HOUSE).post(f"/referrals/{soon.referral_id}/arrival", sent)  # a quarter of the way has passed
    assert store.referral(soon.referral_id, by=factories.actor(HOUSE)).status == "arrived"
