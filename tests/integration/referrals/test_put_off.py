"""The hour by which somebody on the way is expected is put off within a limit, and never takes a late line away."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.db import db, transaction
from nrm.domain.referrals.referrals import LONGEST_WAY, is_too_long, missed
from nrm.models.referrals.referrals import Referral
from nrm.store.referrals import duty
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
POST, DESK = "rinas.border_officer", "ra.duty_officer"


def at(moment: datetime) -> None:
    clock.set_clock(lambda: moment)


def test_the_first_hour_that_passed_counts_and_the_way_has_a_longest_time() -> None:
    hour = NOON + timedelta(hours=1)
    assert missed(None, hour, hour + timedelta(minutes=59)) is None
    assert missed(None, hour, hour + timedelta(hours=1)) == hour
    assert missed(hour, NOON + timedelta(hours=9), NOON + timedelta(hours=20)) == hour
    assert missed(None, None, NOON) is None
    assert not is_too_long(NOON, NOON + LONGEST_WAY)
    assert is_too_long(NOON, NOON + LONGEST_WAY + timedelta(seconds=1))


@pytest.mark.slow
def test_who_is_late_stays_late_at_the_desk_however_often_another_hour_is_said(app: Flask, sign_in: SignIn) -> None:
    assert app
    at(NOON)
    sent = people.sent(factories.actor(POST))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker"))
    address, left = f"/referrals/{sent.referral_id}", {"escort": "woman_officer", "seen": "", "without": "y"}

    def says(hours: int, status: int = 303) -> str:
        officer = sign_in(POST)
        found = re.search(r'name="seen"[^>]* value="([^"]*)"', officer.get(f"{address}/depart"))
        seen = found.group(1) if found else ""
        return officer.post(f"{address}/depart?lang=en", {**left, "seen": seen, "expected": str(hours)}, status)

    def line() -> duty.DutyLine:
        db.session.rollback()
        (found,) = [each for each in duty.waiting(by=factories.actor(DESK)).rows if each.kind == "arrival"]
        return found

    says(1)
    assert (line().put_off, line().late) == (0, False)
    at(NOON + timedelta(minutes=30))
    says(2)  # before it is late, the new hour counts
    assert (line().put_off, line().due_at) == (1, NOON + timedelta(hours=3, minutes=30))
    at(NOON + timedelta(hours=4))
    assert line().late
    for times, hour in ((2, 8), (3, 24)):
        says(hour)
        assert (line().late, line().put_off) == (True, times)
        assert line().due_at == NOON + timedelta(hours=3, minutes=30)
    assert "Changes of the hour: 3; expected now on 3 March 2026, 17:00" in sign_in(DESK).get("/?lang=en")
    at(NOON + timedelta(hours=13))
    assert "Nobody is expected later than 36 hours after they left" in says(24, 422)
    assert line().put_off == 3
    referrals.arrive(referral_id=sent.referral_id, by=factories.actor("nrc.case_worker"))
    db.session.rollback()
    kept = db.session.get_one(Referral, sent.referral_id)
    assert kept.missed_at == datetime(2025, 12, 31, 23, tzinfo=UTC), "only the quarter is kept"


def test_who_did_not_come_is_late_at_once_whatever_hour_was_said(app: Flask) -> None:
    """ "Did not arrive" stood at the desk as due tomorrow, because that was the hour said last."""
    assert app
    at(NOON)
    nrc, officer = factories.actor("nrc.case_worker"), factories.actor(POST)
    sent = people.sent(officer)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    with transaction() as session:
        session.get_one(Referral, sent.referral_id).expected_at = NOON + timedelta(hours=24)
    at(NOON + timedelta(minutes=5))
    referrals.not_arrived(referral_id=sent.referral_id, by=nrc)
    db.session.rollback()
    (line,) = [each for each in duty.waiting(by=factories.actor(DESK)).rows if each.kind == "not_come"]
    assert (line.due_at, line.late) == (NOON + timedelta(minutes=5), True)
