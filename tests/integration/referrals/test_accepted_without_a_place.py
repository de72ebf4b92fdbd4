"""An accepted person who waits at a post until the shelter says where it meets them stands at the duty desk."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import meetings, referrals
from nrm.domain.referrals.crossing_points import MEETING_WITHIN, Brings, Meeting
from nrm.domain.referrals.referrals import Escort
from nrm.store.referrals import duty, system
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import bed, sent
from tests.twins import INTERVIEWER

SignIn = Callable[[str], Person]
DUTY = "ra.duty_officer"
WAITS = "Accepted, and it is not said where they meet: nobody sets off before the shelter says it"
NOBODY = "Nobody waits at a post now."
PLACE = Meeting(Brings.POST, "Spitali i Lushnjës, hyrja kryesore", telephone="+355 69 555 0199")


def accepted(hours: int | None) -> uuid.UUID:
    """A referral of Rinas that NRC has just accepted, with or without an hour."""
    made = sent(factories.actor(INTERVIEWER))
    at = clock.now()
    clock.set_clock(lambda: at)
    expected = at + timedelta(hours=hours) if hours is not None else None
    worker = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=made.referral_id, place_id=bed("NRC"), expected_at=expected, by=worker)
    return made.referral_id


@pytest.mark.parametrize("hours", [None, 6])
def test_who_was_accepted_waits_at_the_post_until_it_is_said_where_they_meet(
    app: Flask, sign_in: SignIn, hours: int | None
) -> None:
    referral_id = accepted(hours)
    desk = sign_in(DUTY)
    home = desk.get("/?lang=en")
    assert NOBODY not in home
    assert "1 person waits." in home
    assert f'<a href="/referrals/{referral_id}">{WAITS}</a>' in home
    assert WAITS in desk.get("/duty?lang=en")
    meetings.say(referral_id=referral_id, meeting=PLACE, by=factories.actor("nrc.case_worker"))
    home = desk.get("/?lang=en")
    assert WAITS not in home
    assert NOBODY in home


def test_who_has_left_waits_at_no_post(app: Flask, sign_in: SignIn) -> None:
    referral_id = accepted(6)
    by = factories.actor(INTERVIEWER)
    referrals.depart(
        referral_id=referral_id, escort=Escort.WOMAN_OFFICER, expected_at=clock.now() + timedelta(hours=6), by=by
    )
    assert WAITS not in sign_in(DUTY).get("/?lang=en")


@pytest.mark.parametrize(("hours", "kind"), [(None, "no_meeting"), (6, "arrival")])
def test_the_person_is_one_row_there_and_late_an_hour_after_what_was_said_last(
    app: Flask, sign_in: SignIn, hours: int | None, kind: str
) -> None:
    by = factories.actor(DUTY)
    before = next(each for each in system.places(by=by) if each.code == "NRC")
    accepted(hours)
    now = clock.now()
    desk = duty.desk(by=by, size=6)
    (line,) = desk.post
    assert (line.kind, line.late, line.call) == (kind, False, None)
    assert not [each for each in desk.due if each.kind == kind]
    after = next(each for each in system.places(by=by) if each.code == "NRC")
    assert (after.late, after.waiting > before.waiting) == (before.late, True)
    clock.set_clock(lambda: now + timedelta(hours=hours or 0) + MEETING_WITHIN)
    (line,) = duty.desk(by=by, size=6).post
    assert line.late
    assert "NRC" in {each.party for each in (line.call, line.again) if each is not None}
    assert next(each for each in system.places(by=by) if each.code == "NRC").late > before.late
    home = sign_in(DUTY).get("/?lang=en")
    assert home.index("Who waits at a post now") < home.index("Late, or due within 12 hours")
    assert f"an hour after the {'shelter accepted' if hours is None else 'expected one'}" in home
