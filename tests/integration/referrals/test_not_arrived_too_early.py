""" "Did not arrive", said too early or by mistake: the hours of before come back (ADRs 0162, 0244)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import meetings, mistakes, post_tasks, referrals
from nrm.actions.shelter import corrections
from nrm.db import db
from nrm.domain.referrals.crossing_points import Brings, Meeting
from nrm.domain.referrals.post_tasks import TaskKind
from nrm.domain.referrals.referrals import Escort
from nrm.domain.shelter.corrections import Why
from nrm.models.referrals.referrals import Referral
from nrm.store.referrals import duty
from nrm.store.referrals import post_tasks as task_store
from nrm.store.referrals import referrals as store
from nrm.web.formats import moment
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]
LEFT = datetime(2026, 3, 2, 15, 17, tzinfo=UTC)
EXPECTED = LEFT + timedelta(hours=2)
POST, NRC, DESK = "rinas.border_officer", "nrc.case_worker", "ra.duty_officer"


def at(now: datetime) -> None:
    clock.set_clock(lambda: now)


@pytest.fixture
def gone(app: Flask) -> people.Sent:
    """Who left a post at LEFT and is expected at EXPECTED."""
    assert app
    at(LEFT - timedelta(minutes=30))
    made = people.sent(factories.actor(POST))
    referrals.accept(referral_id=made.referral_id, place_id=people.bed("NRC"), by=factories.actor(NRC))
    at(LEFT)
    depart(made, EXPECTED)
    return made


def depart(sent: people.Sent, expected_at: datetime) -> None:
    referrals.depart(
        referral_id=sent.referral_id, escort=Escort.WOMAN_OFFICER, expected_at=expected_at, by=factories.actor(POST)
    )


def hours(sent: people.Sent) -> tuple[datetime | None, datetime | None]:
    db.session.rollback()
    row = db.session.get_one(Referral, sent.referral_id, populate_existing=True)
    return row.expected_at, row.missed_at


def not_come_since() -> list[tuple[datetime | None, bool]]:
    db.session.rollback()
    rows = duty.waiting(by=factories.actor(DESK)).rows
    return [(each.due_at, each.late) for each in rows if each.kind == "not_come"]


def not_arrived(sent: people.Sent) -> None:
    referrals.not_arrived(referral_id=sent.referral_id, by=factories.actor(NRC))


def await_again(sent: people.Sent) -> None:
    mistakes.await_again(referral_id=sent.referral_id, why=Why.MISTYPED, by=factories.actor(NRC))


@pytest.mark.slow
def test_who_is_awaited_again_is_expected_at_the_hour_that_was_said_before(gone: people.Sent, sign_in: SignIn) -> None:
    """The pages said "Expected 16:18", the moment of the press, and the alarm was an hour after that."""
    pressed = LEFT + timedelta(minutes=1)
    at(pressed)
    not_arrived(gone)
    assert not_come_since() == [(pressed, True)], "late at once, not only once the hour has come"
    at(pressed + timedelta(minutes=2))
    await_again(gone)
    assert hours(gone) == (EXPECTED, None)
    for login in (POST, NRC):
        page = sign_in(login).get(f"/referrals/{gone.referral_id}?lang=en")
        assert moment(EXPECTED, "en") in page
        assert moment(pressed, "en").split(", ")[0] in page
    at(EXPECTED + timedelta(minutes=59))
    assert not store.referral(gone.referral_id, by=factories.actor(NRC)).late
    at(EXPECTED + timedelta(hours=1))
    assert store.referral(gone.referral_id, by=factories.actor(NRC)).late


@pytest.mark.parametrize("after", [timedelta(minutes=1), timedelta(hours=2, minutes=30), timedelta(hours=5)])
def test_an_alarm_that_was_held_before_comes_back_too(gone: people.Sent, after: timedelta) -> None:
    """Before the held hour, between it and the one that was said later, and after both."""
    depart(gone, EXPECTED + timedelta(hours=24))  # later than the sender may move the alarm
    assert hours(gone) == (EXPECTED + timedelta(hours=24), EXPECTED)
    at(LEFT + after)
    not_arrived(gone)
    [(since, late)] = not_come_since()
    assert late
    assert since is not None
    assert since <= LEFT + after
    await_again(gone)
    assert hours(gone) == (EXPECTED + timedelta(hours=24), EXPECTED)


def test_after_the_hour_and_without_one_nothing_changes(gone: people.Sent) -> None:
    at(EXPECTED + timedelta(hours=2))
    not_arrived(gone)
    assert not_come_since() == [(EXPECTED, True)]
    await_again(gone)
    assert hours(gone) == (EXPECTED, None)
    other = people.sent(factories.actor(POST))
    referrals.accept(referral_id=other.referral_id, place_id=people.bed("NRC", 2), by=factories.actor(NRC))
    not_arrived(other)
    await_again(other)
    assert hours(other) == (None, None)


def test_the_second_time_the_hour_comes_back_as_the_first(gone: people.Sent) -> None:
    for minutes in (1, 5):
        at(LEFT + timedelta(minutes=minutes))
        not_arrived(gone)
        await_again(gone)
        assert hours(gone) == (EXPECTED, None)


def test_the_hour_of_the_press_is_no_alarm_of_an_arrival_that_is_taken_back(gone: people.Sent) -> None:
    at(LEFT + timedelta(minutes=1))
    not_arrived(gone)
    at(LEFT + timedelta(minutes=30))
    referrals.arrive(referral_id=gone.referral_id, by=factories.actor(NRC))
    corrections.take_back_arrival(referral_id=gone.referral_id, why=Why.MISTYPED, by=factories.actor(NRC))
    assert hours(gone) == (EXPECTED, None)


@pytest.mark.slow
def test_that_the_escort_was_told_is_read_only_of_a_meeting_place_that_stands(
    gone: people.Sent, sign_in: SignIn
) -> None:
    """It stood above "The shelter has not said it yet", of a place that was destroyed."""
    told = "Whoever escorts the person was told where you meet: this post said so"
    page = f"/referrals/{gone.referral_id}?lang=en"
    at(LEFT + timedelta(minutes=1))
    meeting = Meeting(Brings.POST, "Spitali, hyrja", telephone="+355 69 555 0199")
    meetings.say(referral_id=gone.referral_id, meeting=meeting, by=factories.actor(NRC))
    (task,) = task_store.of_post(by=factories.actor(POST))
    at(LEFT + timedelta(minutes=2))
    post_tasks.done(referral_id=gone.referral_id, what=TaskKind.MEETING, seen=task.mark, by=factories.actor(POST))
    assert told in sign_in(POST).get(page)
    at(LEFT + timedelta(minutes=3))
    not_arrived(gone)
    await_again(gone)
    shown = sign_in(POST).get(page)
    assert "What the shelter had said is destroyed, and it says it again" in shown
    assert told not in shown
    assert "The post says that whoever escorts the person was told" not in sign_in(NRC).get(page)
    at(LEFT + timedelta(minutes=4))
    meetings.say(referral_id=gone.referral_id, meeting=meeting, by=factories.actor(NRC))
    shown = sign_in(POST).get(page)
    assert told not in shown
    assert "After they left, the shelter said who comes and where you meet" in shown


@pytest.mark.slow
def test_before_the_hour_the_shelter_is_asked_once_more_and_after_it_not(gone: people.Sent, sign_in: SignIn) -> None:
    """The page said neither when they left nor when they are expected, and one press gave the place up."""
    nrc, page = sign_in(NRC), f"/referrals/{gone.referral_id}/not-arrived"
    hours_said = f"Left {moment(LEFT, 'en')}, expected {moment(EXPECTED, 'en')}."
    assert hours_said in nrc.get(f"{page}?lang=en")
    refused = nrc.post(f"{page}?lang=en", {}, 422)
    assert f"It is not the hour yet: they are expected on {moment(EXPECTED, 'en')}." in refused
    assert hours_said in refused
    assert store.referral(gone.referral_id, by=factories.actor(NRC)).status == "accepted"
    nrc.post(page, {"asked": "y"}, 303)
    assert store.referral(gone.referral_id, by=factories.actor(NRC)).status == "not_arrived"
    await_again(gone)
    at(EXPECTED)
    shown = sign_in(NRC).get(f"{page}?lang=en")
    assert hours_said in shown
    assert "It is not the hour yet" not in shown
    sign_in(NRC).post(page, {}, 303)
