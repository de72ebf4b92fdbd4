"""Half past midnight here is still yesterday in Greenwich: every day is read on the country's clocks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from flask import Flask

from config import ARGON2_FLOOR_KIB, ARGON2_FLOOR_PASSES
from nrm import clock
from nrm.actions.referrals import referrals
from nrm.actions.shelter import permits, stays
from nrm.cli import demo
from nrm.cli import interviews as cli
from nrm.db import db
from nrm.demo.people import full_quarters
from nrm.domain.interviews.questionnaire_flow import prune
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import DeclineReason
from nrm.domain.shelter.permits import PermitEvent, PermitRefused
from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.store import days as calendar
from nrm.store.rows.shelter import permits as permit_rows
from tests.conftest import Person
from tests.factories import PASSWORD, actor, open_instance
from tests.factories_interviews import LOGIN, begin, example, fields, page_id, questionnaire, walk
from tests.factories_referrals import bed, sent
from tests.factories_stays import MOLDOVAN, admitted

SignIn = Callable[[str], Person]
TIRANA = ZoneInfo("Europe/Tirane")
# The first hour of a quarter, in summer time and in winter time: in Greenwich the quarter before is not over.
FIRST_DAYS = (date(2027, 7, 1), date(2027, 1, 1))


def half_past_midnight(day: date) -> datetime:
    """Stop the clock at 00:30 of the day on the country's clocks."""
    at = datetime(day.year, day.month, day.day, 0, 30, tzinfo=TIRANA).astimezone(UTC)
    clock.set_clock(lambda: at)
    return at


@pytest.fixture(params=FIRST_DAYS, ids=["summer", "winter"])
def today(request: pytest.FixtureRequest, app: Flask) -> date:
    """A day that has just begun here, and not yet in Greenwich."""
    assert app
    day: date = request.param
    half_past_midnight(day)
    return day


def test_the_interview_takes_what_ended_today(today: date, sign_in: SignIn) -> None:
    officer = sign_in(LOGIN)
    answers = example(began=f"{today.year - 1}", ended=today.isoformat(), still="no")
    address = begin(officer)
    page = next(page.id for page in questionnaire().pages.values() if "ended" in page.questions)
    assert walk(officer, answers, address, until=page)[-1] == page
    address = f"{address.rsplit('/', 1)[0]}/{page}"
    following = officer.post(address, fields(page, officer.get(address), answers))
    assert page_id(following) != page


def test_the_interview_refuses_tomorrow(today: date, sign_in: SignIn) -> None:
    officer = sign_in(LOGIN)
    answers = example(ended=(today + timedelta(days=1)).isoformat())
    address = begin(officer)
    page = next(page.id for page in questionnaire().pages.values() if "ended" in page.questions)
    walk(officer, answers, address, until=page)
    address = f"{address.rsplit('/', 1)[0]}/{page}"
    officer.post(address, fields(page, officer.get(address), answers), status=422)


def test_an_import_takes_what_ended_on_the_day_of_the_talk(
    today: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NRM_PASSWORD", PASSWORD)
    monkeypatch.setattr(cli, "application", open_instance)
    answers = prune(questionnaire(), example(ended=today.isoformat(), still="no", hurt="no", danger="no"))
    line = {"questionnaire": "returnee-1", "interviewed_at": f"{today}T00:10", "answers": answers}
    file = tmp_path / "interviews.jsonl"
    file.write_text(json.dumps(line), "utf-8")
    arguments = ["import", str(file), "--dir", str(tmp_path / "instance"), "--as", LOGIN]
    done = CliRunner().invoke(cli.interviews, arguments, standalone_mode=False)
    assert (done.exit_code, done.stderr) == (0, "1 taken in, 0 not\n")


def test_a_case_is_registered_in_the_month_that_has_begun(today: date) -> None:
    line = sent(actor(LOGIN), "NRC")
    assert db.session.get_one(Case, line.case_id).registered_month == today


def test_a_stay_after_a_referral_of_today_is_not_dated_yesterday(today: date) -> None:
    nrc, iom = actor("nrc.case_worker"), actor("iom.case_worker")
    at = clock.now()
    clock.set_clock(lambda: at - timedelta(minutes=40))
    asked = sent(actor(LOGIN), "NRC")
    half_past_midnight(today)
    following = referrals.decline(referral_id=asked.referral_id, reason=DeclineReason.CANNOT_MEET_NEED, by=nrc)
    assert following is not None
    kept = bed("IOM")
    case_id = referrals.accept(referral_id=following, place_id=kept, by=iom)
    referrals.arrive(referral_id=following, by=iom)
    end = today + timedelta(days=30)
    yesterday = today - timedelta(days=1)
    with pytest.raises(ImpossibleStay, match="admission_before_case"):
        stays.admit(case_id=case_id, place_id=kept, admitted_on=yesterday, anticipated_end_on=end, by=iom)
    stay = stays.admit(case_id=case_id, place_id=kept, admitted_on=today, anticipated_end_on=end, by=iom)
    row = db.session.get_one(Stay, stay)
    assert (row.admitted_on, row.known_on) == (today, today)


def test_a_stay_ends_today_and_not_tomorrow(today: date, sign_in: SignIn) -> None:
    worker = actor("vatra.case_worker")
    opened = admitted(worker, days_ago=1)
    leaving = {
        "exit_reason": ExitReason.INDEPENDENT_LIVING,
        "destination": Destination.OWN_HOME,
        "where": "home",
        "by": worker,
    }
    with pytest.raises(ImpossibleStay):
        stays.end(stay_id=opened.stay_id, ended_on=today + timedelta(days=1), **leaving)  # type: ignore[arg-type]
    stays.end(stay_id=opened.stay_id, ended_on=today, **leaving)  # type: ignore[arg-type]
    row = db.session.get_one(Stay, opened.stay_id, populate_existing=True)
    assert (row.admitted_on, row.ended_on, row.end_known_on) == (today - timedelta(days=1), today, today)


def test_the_bed_board_begins_today(today: date, sign_in: SignIn) -> None:
    assert calendar.today() == today
    board = sign_in("vatra.shelter_manager").get("/beds")
    first = re.search(r"<thead><tr><th[^>]*>[^<]*</th><th[^>]*>(\d+)", board)
    assert first
    assert int(first[1]) == today.day


def test_who_was_told_of_the_permit_today_was_told_today(today: date) -> None:
    nrc = actor("nrc.case_worker")
    opened = admitted(nrc, MOLDOVAN)
    tomorrow = today + timedelta(days=1)
    with pytest.raises(PermitRefused, match="in_future"):
        permits.record(case_id=opened.case_id, event=PermitEvent.INFORM, on=tomorrow, language="ro", by=nrc)
    permits.record(case_id=opened.case_id, event=PermitEvent.INFORM, on=today, language="ro", by=nrc)
    informed = permit_rows.facts(opened.case_id).informed
    assert informed is not None
    assert informed.on == today
    after_reflection = today + timedelta(days=40)
    half_past_midnight(after_reflection)
    stays.end(
        stay_id=opened.stay_id,
        ended_on=after_reflection,
        exit_reason=ExitReason.REPATRIATED,
        destination=Destination.COUNTRY_OF_CITIZENSHIP,
        by=nrc,
    )
    assert db.session.get_one(Stay, opened.stay_id, populate_existing=True).informed_on == today


@pytest.mark.parametrize("day", FIRST_DAYS, ids=["summer", "winter"])
def test_a_demo_country_made_now_ends_with_the_quarter_that_has_just_ended(day: date) -> None:
    at = half_past_midnight(day)
    try:
        last = demo.last_instant(None, TIRANA)
        assert last == at.replace(microsecond=0)
        assert full_quarters(clock.day_of(last, TIRANA), 1) == [Quarter.of(day - timedelta(days=1))]
    finally:
        clock.set_clock(None)


@pytest.mark.slow
def test_and_so_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NRM_ARGON2_KIB", str(ARGON2_FLOOR_KIB))
    monkeypatch.setenv("NRM_ARGON2_PASSES", str(ARGON2_FLOOR_PASSES))
    half_past_midnight(date(2027, 7, 1))
    try:
        made = demo.make_demo(tmp_path / "country", people=12, seed=1, until=None)
        assert made["quarters"][-1] == "2027Q2"
    finally:
        clock.set_clock(None)


def test_a_demo_country_until_a_day_ends_with_that_day() -> None:
    try:
        at = half_past_midnight(date(2027, 7, 1))
        assert demo.last_instant(date(2027, 6, 30), TIRANA).astimezone(TIRANA).date() == date(2027, 6, 30)
        with pytest.raises(demo.Refused, match="future"):
            demo.last_instant(date(2027, 7, 2), TIRANA)
        assert demo.last_instant(None, TIRANA) == at
    finally:
        clock.set_clock(None)
