"""The hour by which somebody on the way is expected is put off within a limit, and never takes a late line away."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import meetings, mistakes, referrals
from nrm.db import db, transaction
from nrm.domain.referrals.crossing_points import Brings, Meeting
from nrm.domain.referrals.referrals import LONGEST_WAY, MOVED_AT_MOST, Escort, held, is_too_long, missed
from nrm.domain.shelter.corrections import Why
from nrm.models.referrals.referrals import Referral
from nrm.store.referrals import duty
from nrm.store.referrals import referrals as store
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


def test_the_alarm_moves_once_by_some_hours_before_its_hour_and_no_more() -> None:
    hour, before = NOON + timedelta(hours=4), NOON
    later = hour + timedelta(minutes=1)
    assert held(None, hour, hour + MOVED_AT_MOST, put_off=0, at=before) is None
    assert held(None, hour, hour + MOVED_AT_MOST + timedelta(seconds=1), put_off=0, at=before) == hour
    assert held(None, hour, later, put_off=1, at=before) == hour
    assert held(None, hour, NOON + timedelta(hours=2), put_off=5, at=before) is None  # an earlier one is no excuse
    assert held(None, hour, None, put_off=0, at=before) == hour  # "nobody knows when" is none, either
    assert held(NOON, hour, later, put_off=2, at=before) == NOON
    assert held(None, None, later, put_off=0, at=before) is None


@pytest.mark.slow
@pytest.mark.parametrize("back", [False, True], ids=["another hour", "they have not left"])
def test_a_sender_who_says_another_hour_before_each_one_is_late_all_the_same(app: Flask, *, back: bool) -> None:
    """Each hour was said before the one before had passed: neither the house nor the desk was alarmed for 36 hours, or,
    where it was taken back that they had left, ever."""
    assert app
    at(NOON)
    officer, nrc = factories.actor(POST), factories.actor("nrc.case_worker")
    sent = people.sent(officer)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)

    def departs(hours: int) -> None:
        referrals.depart(
            referral_id=sent.referral_id,
            escort=Escort.WOMAN_OFFICER,
            expected_at=clock.now() + timedelta(hours=hours),
            by=officer,
        )

    departs(4)
    for hour in (3, 6, 9):
        at(NOON + timedelta(hours=hour))
        if back:
            mistakes.take_back_departure(
                referral_id=sent.referral_id, why=Why.MISTOLD, expected_at=None, by=factories.actor(POST)
            )
        departs(4)
    at(NOON + timedelta(hours=9, minutes=1))
    db.session.rollback()
    (line,) = [each for each in duty.waiting(by=factories.actor(DESK)).rows if each.kind == "arrival"]
    assert line.late
    (coming,) = store.coming(by=factories.actor("nrc.case_worker")).rows
    assert coming.late
    referrals.arrive(referral_id=sent.referral_id, by=nrc)


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


@pytest.mark.slow
def test_who_leaves_for_a_much_later_hour_than_the_shelter_said_stays_late_by_that_one(
    app: Flask, sign_in: SignIn
) -> None:
    """An officer said "within 24 hours" of somebody in danger who was awaited in three: nobody was alarmed for a day,
    and no page said the hour of before."""
    assert app
    at(NOON)
    nrc, post = factories.actor("nrc.case_worker"), factories.actor(POST)
    said = NOON + timedelta(hours=3)

    def line(hours: int) -> duty.DutyLine:
        sent = people.sent(factories.actor(POST))
        place_id = people.bed("NRC", len(left))
        referrals.accept(referral_id=sent.referral_id, place_id=place_id, expected_at=said, by=nrc)
        later = NOON + timedelta(hours=hours)
        referrals.depart(referral_id=sent.referral_id, escort=Escort.WOMAN_OFFICER, expected_at=later, by=post)
        db.session.rollback()
        left.append(sent.referral_id)
        return duty.line("arrival", sent.referral_id, by=factories.actor(DESK))

    left: list[object] = []
    soon, late = line(5), line(24)
    assert (soon.put_off, soon.due_at) == (0, NOON + timedelta(hours=6))
    assert (late.put_off, late.due_at) == (1, said + timedelta(hours=1))
    at(said + timedelta(hours=1, minutes=1))
    home = sign_in(DESK).get("/?lang=en")
    assert "Changes of the hour: 1; expected now on 3 March 2026" in home


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


@pytest.mark.slow
def test_who_left_without_a_meeting_place_stands_at_the_desk_at_once_until_there_is_one(
    app: Flask, sign_in: SignIn
) -> None:
    """The line was due in a day, and left the home page of the desk with the press."""
    assert app
    at(NOON)
    sent = people.sent(factories.actor(POST))
    house, marked = factories.actor("nrc.case_worker"), "left, and no meeting place is agreed"
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=house)
    assert marked not in sign_in(DESK).get("/?lang=en")
    gone = {"escort": "woman_officer", "expected": "24", "without": "y", "seen": ""}
    sign_in(POST).post(f"/referrals/{sent.referral_id}/depart", dict(gone))
    for page in ("/?lang=en", "/duty?lang=en"):
        shown = sign_in(DESK).get(page)
        assert marked in shown
        assert sent.pseudonym in shown
    db.session.rollback()
    desk = duty.desk(by=factories.actor(DESK), size=6)
    assert (desk.due[0].pseudonym, desk.due[0].part, desk.due[0].late) == (sent.pseudonym, "due", False)
    assert (desk.counts.due, desk.counts.later) == (len(desk.due), desk.counts.later)
    place = Meeting(Brings.POST, "Spitali i Lushnjës", telephone="+355 69 555 0199")
    meetings.say(referral_id=sent.referral_id, meeting=place, by=house)
    assert marked not in sign_in(DESK).get("/?lang=en")
    (line,) = [each for each in duty.waiting(by=factories.actor(DESK)).rows if each.kind == "arrival"]
    assert (line.part, line.due_at) == ("later", NOON + timedelta(hours=25))
    at(NOON + timedelta(minutes=1))
    for times in (1, 2):  # the same choice again begins no day afresh
        at(NOON + timedelta(hours=2 * times))
        referrals.depart(
            referral_id=sent.referral_id,
            escort=Escort.WOMAN_STAFF,
            expected_at=clock.now() + timedelta(hours=24),
            by=factories.actor(POST),
        )
    db.session.rollback()
    (line,) = [each for each in duty.waiting(by=factories.actor(DESK)).rows if each.kind == "arrival"]
    assert line.due_at == NOON + timedelta(hours=27)  # once, and by three hours at most (ADR 0244)


@pytest.mark.slow
def test_an_escort_of_the_shelter_is_read_by_the_shelter_and_a_change_by_the_desk(app: Flask, sign_in: SignIn) -> None:
    assert app
    sent = people.sent(factories.actor(POST))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker"))
    address, words, changed = f"/referrals/{sent.referral_id}?lang=en", "You sent nobody?", "The escort was changed"

    def leaves(escort: Escort) -> None:
        expected_at = clock.now() + timedelta(hours=2)
        officer = factories.actor(POST)
        referrals.depart(referral_id=sent.referral_id, escort=escort, expected_at=expected_at, by=officer)

    leaves(Escort.WOMAN_OFFICER)
    for login in ("nrc.case_worker", DESK):
        page = sign_in(login).get(address)
        assert words not in page
        assert changed not in page
    leaves(Escort.WOMAN_STAFF)
    house = sign_in("nrc.case_worker").get(address)
    assert 'href="tel:' in house.partition(words)[2].partition("</p>")[0]
    assert changed not in house
    desk = sign_in(DESK).get(address).partition(changed)[2].partition("</ul>")[0]
    assert desk.index("A woman officer (Test border_officer)") < desk.index(
        "A woman of the shelter (Test border_officer)"
    )
    for login in (POST, DESK):
        assert words not in sign_in(login).get(address)
    assert changed not in sign_in(POST).get(address)
