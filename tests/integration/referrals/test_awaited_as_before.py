"""An arrival of the wrong person is taken back: the one who is awaited stands on every list as before (ADR 0276)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import meetings, referrals
from nrm.actions.shelter import corrections
from nrm.db import db
from nrm.domain.referrals.crossing_points import MEETING_ENDS, Brings, Meeting
from nrm.domain.referrals.referrals import Escort, coarsened
from nrm.domain.shelter.corrections import Why
from nrm.models.referrals.referrals import Referral
from nrm.store.countries import country
from nrm.store.referrals import duty
from nrm.web.formats import moment
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]
SENT_AT = datetime(2026, 3, 2, 14, 47, tzinfo=UTC)
POST, NRC, DESK = "rinas.border_officer", "nrc.case_worker", "ra.duty_officer"
PLACE = Meeting(Brings.POST, "Spitali i Lushnjës, hyrja kryesore", telephone="+355 69 555 0199")
WAITS = "accepted, look who comes and where you meet"


def at(now: datetime) -> datetime:
    clock.set_clock(lambda: now)
    return now


@pytest.fixture
def made(app: Flask) -> people.Sent:
    """Who was sent at SENT_AT by a post."""
    assert app
    at(SENT_AT)
    return people.sent(factories.actor(POST))


def accept(made: people.Sent, expected_at: datetime | None) -> datetime:
    now = at(SENT_AT + timedelta(minutes=20))
    referrals.accept(
        referral_id=made.referral_id, place_id=people.bed("NRC"), expected_at=expected_at, by=factories.actor(NRC)
    )
    return now


def wrongly_arrived(made: people.Sent, back_after: timedelta) -> datetime:
    """Somebody pressed "has arrived" for the wrong person, an hour after it was sent; when it was taken back."""
    at(SENT_AT + timedelta(hours=1))
    referrals.arrive(referral_id=made.referral_id, by=factories.actor(NRC))
    arrived = row(made.referral_id)
    assert arrived.expected_at is None or coarsened(arrived.expected_at, country().timezone) == arrived.expected_at
    now = at(SENT_AT + timedelta(hours=1) + back_after)
    corrections.take_back_arrival(referral_id=made.referral_id, why=Why.OTHER_PERSON, by=factories.actor(NRC))
    return now


def row(referral_id: uuid.UUID) -> Referral:
    db.session.rollback()
    return db.session.get_one(Referral, referral_id, populate_existing=True)


def on_the_desk(made: people.Sent) -> list[tuple[str, str, datetime]]:
    lines = duty.waiting(by=factories.actor(DESK)).rows
    return sorted((each.kind, str(each.part), each.due_at) for each in lines if each.case_id == made.case_id)


@pytest.mark.parametrize("hours", [None, 6])
def test_the_lists_of_post_and_desk_are_as_before_the_wrong_arrival(
    made: people.Sent, sign_in: SignIn, hours: int | None
) -> None:
    accepted_at = accept(made, None if hours is None else SENT_AT + timedelta(hours=hours))
    before = row(made.referral_id)
    counted, listed = (before.expected_at, before.missed_at, before.departed_at), on_the_desk(made)
    assert WAITS in sign_in(POST).get("/?lang=en")
    wrongly_arrived(made, timedelta(minutes=30))
    after = row(made.referral_id)
    assert (after.expected_at, after.missed_at, after.departed_at) == counted
    assert (after.sent_at, after.decided_at) == (SENT_AT, accepted_at)
    assert on_the_desk(made) == listed
    home = sign_in(POST).get("/?lang=en")
    assert f"{made.pseudonym}: {WAITS}" in home
    meetings.say(referral_id=made.referral_id, meeting=PLACE, by=factories.actor(NRC))
    sign_in(NRC).get(f"/referrals/{made.referral_id}")


def test_of_who_had_left_the_hour_of_the_way_counts_and_not_that_of_the_press(
    made: people.Sent, sign_in: SignIn
) -> None:
    accept(made, None)
    left = at(SENT_AT + timedelta(minutes=40))
    expected = left + timedelta(minutes=30)
    by = factories.actor(POST)
    referrals.depart(referral_id=made.referral_id, escort=Escort.WOMAN_OFFICER, expected_at=expected, by=by)
    pressed = wrongly_arrived(made, timedelta(hours=2))
    after = row(made.referral_id)
    assert (after.departed_at, after.expected_at, after.missed_at) == (left, expected, None)
    page = sign_in(POST).get(f"/referrals/{made.referral_id}?lang=en")
    assert moment(expected, "en") in page
    assert moment(pressed, "en") not in page
    assert f"Late: {made.pseudonym} has not arrived yet, call the duty desk" in sign_in(POST).get("/?lang=en")


def test_who_was_awaited_half_a_day_before_is_late_since_then_and_can_be_met_again(made: people.Sent) -> None:
    expected = SENT_AT + timedelta(hours=3)
    accept(made, expected)
    pressed = wrongly_arrived(made, MEETING_ENDS + timedelta(hours=3))
    after = row(made.referral_id)
    assert (after.expected_at, after.missed_at) == (pressed, expected)
    meetings.say(referral_id=made.referral_id, meeting=PLACE, by=factories.actor(NRC))
