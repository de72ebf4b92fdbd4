"""The pages of a stay: arrival with admission, days away, the three steps of an end, and corrections."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.actions.shelter import absences, away, cases, corrections
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.away import AwayRefused, Longer
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.corrections import CorrectionRefused, Why
from nrm.domain.shelter.stays import ImpossibleStay
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.away import Away
from nrm.models.shelter.cases import CareNote
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import arrivals
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter.arrivals import Admission, Told
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import arrivals as arrival_store
from nrm.store.shelter import away as away_store
from nrm.store.shelter import places as place_store
from nrm.store.shelter import stay_history
from nrm.store.shelter import stays as store
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import bed, sent
from tests.factories_stays import CHILD, MOLDOVAN, admitted, informed
from tests.integration.test_races import instance
from tests.races import race

__all__ = ["instance"]
SignIn = Callable[[str], Person]
OWN_CASE = {
    "source": "police",
    "age_class": "adult",
    "consent": "yes",
    "statistics": "yes",
    "age": "24",
    "gender": "feminine",
    "citizenship": "country",
    "citizenship_country": "Moldavi",
    "official": "no",
}


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.case_worker")


def _row(stay_id: uuid.UUID) -> Stay:
    db.session.rollback()
    return db.session.get_one(Stay, stay_id, populate_existing=True)


# --- arrival


def _awaited() -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    if clock.now().astimezone(country().timezone).hour < 4:
        factories.later(hours=4)  # people of these tests arrived at ten past three
    nrc = factories.actor("nrc.case_worker")
    line = sent(factories.actor("rinas.border_officer"), "NRC")
    place = bed("NRC", 4)
    return line.referral_id, referrals.accept(referral_id=line.referral_id, place_id=place, by=nrc), place


def test_arrival_and_admission_are_one_page_and_the_hour_is_sealed(app: Flask, sign_in: SignIn) -> None:
    assert app
    noon = (datetime.now(UTC) + timedelta(days=1)).replace(hour=11, minute=0)  # three in the morning is over
    clock.set_clock(lambda: noon)
    referral_id, case_id, _ = _awaited()
    person, nrc = sign_in("nrc.case_worker"), factories.actor("nrc.case_worker")
    address = f"/referrals/{referral_id}/arrival"
    assert address in person.get(f"/cases/{case_id}")
    sign_in("vatra.case_worker").get(address, 404)
    label = place_store.free_lines(by=nrc, for_case=case_id)[0].label
    typed = {"bed": label, "admitted": "today", "planned": "30", "hour": "3:10", "missing_say": "Thuaji motrës"}
    typed["is_here"] = "y"
    wrong = person.post(address, {**typed, "hour": "3 a.m."}, 422)
    assert "3 a.m." in str(wrong)
    soon = clock.now().astimezone(country().timezone) + timedelta(minutes=2)
    page = person.post(address, {**typed, "hour": f"{soon:%H:%M}"}, 422)
    assert "nuk ka ardhur ende" in page
    assert store.of_case(case_id, by=nrc).current is None
    assert "a është e saktë?" in person.post(address, typed, 422)  # before the sending: asked once (ADR 0247)
    assert store.of_case(case_id, by=nrc).current is None
    typed["sooner"] = "y"
    where = person.post(address, typed)
    db.session.rollback()
    current = store.of_case(case_id, by=nrc).current
    assert current is not None
    assert str(where).endswith(f"/stays/{current.id}?did=arrived")
    assert "3:10" not in person.get(f"/stays/{current.id}")
    assert person.post(address, typed) == where  # pressed twice (ADR 0223)
    cases.open_compartment(case_id=case_id, compartment=Compartment.CARE, purpose=Purpose.CARE, by=nrc)
    (note,) = case_steps.notes(case_id=case_id, by=nrc)
    assert "3:10" in note["text"]
    assert case_steps.opened(case_id=case_id, by=nrc)[Compartment.CARE].value == {"missing_say": "Thuaji motrës"}
    lying = b"".join(repr(row).encode() for row in db.session.connection().exec_driver_sql("SELECT * FROM care_notes"))
    assert b"3:10" not in lying
    assert b"motr" not in lying


def test_a_place_that_is_refused_records_nothing_and_what_was_typed_comes_back(app: Flask, sign_in: SignIn) -> None:
    assert app
    referral_id, case_id, _ = _awaited()
    person, nrc = sign_in("nrc.case_worker"), factories.actor("nrc.case_worker")
    address = f"/referrals/{referral_id}/arrival"
    label = place_store.free_lines(by=nrc, for_case=case_id)[0].label
    typed = {"bed": label, "admitted": "today", "planned": "30", "hour": "3:10", "missing_say": "Thuaji motrës"}
    typed["is_here"] = "y"
    long_ago = {"admitted": "other", **dict(zip(("admitted_day-day", "admitted_day-month"), ("1", "1"), strict=True))}
    page = str(person.post(address, {**typed, **long_ago, "admitted_day-year": "2020"}, 422))
    assert "Thuaji motrës" in page
    assert "3:10" in page
    _row_of_referral(referral_id, "accepted")
    assert store.of_case(case_id, by=nrc).current is None
    assert store.of_case(case_id, by=nrc).may_admit is False


def _row_of_referral(referral_id: uuid.UUID, status: str) -> None:
    db.session.rollback()
    assert db.session.get_one(Referral, referral_id, populate_existing=True).status == status


def test_of_two_who_arrive_for_one_place_one_is_in_it_and_the_other_is_still_awaited(instance: Flask) -> None:
    nrc = factories.actor("nrc.case_worker")
    border = factories.actor("rinas.border_officer")
    awaited = []
    for number in (4, 5):
        line = sent(border, "NRC")
        referrals.accept(referral_id=line.referral_id, place_id=bed("NRC", number), by=nrc)
        awaited.append(line)
    place = next(each for each, _ in place_store.free_places(by=nrc))
    day = days.today()
    admission = Admission(place, None, day, day + timedelta(days=7))

    def arriving(referral_id: uuid.UUID) -> Callable[[], object]:
        return lambda: referrals.arrive(referral_id=referral_id, admission=admission, told=Told("3:10"), by=nrc)

    db.session.remove()
    race(instance, *(arriving(each.referral_id) for each in awaited), refusals=(ImpossibleStay,))
    states = sorted(
        db.session.scalars(select(Referral.status).where(Referral.id.in_([a.referral_id for a in awaited])))
    )
    assert states == ["accepted", "arrived"]
    assert db.session.scalar(select(func.count()).select_from(Stay)) == 1
    assert db.session.scalar(select(func.count()).select_from(CareNote)) == 1


def test_every_page_that_admits_an_adult_asks_what_if_you_do_not_come_back(app: Flask, sign_in: SignIn) -> None:
    assert app
    vatra = factories.actor("vatra.case_worker")
    opened = admitted(vatra, days_ago=3)
    person = sign_in("vatra.case_worker")
    end = {"ended": "today", "reason": "independent_living", "country": "home", "step": "3"}
    person.post(f"/stays/{opened.stay_id}/end", end)
    address = f"/cases/{opened.case_id}/admit"
    assert 'name="missing_tell"' in person.get(address)
    label = place_store.free_lines(by=vatra, for_case=opened.case_id)[0].label
    admit = {"bed": label, "admitted": "today", "planned": "30", "missing_tell": "Motrës"}
    person.post(address, admit)
    assert _answers(opened.case_id, vatra) == {"missing_tell": "Motrës"}
    who = {**OWN_CASE, "step": "1"}
    assert 'name="missing_tell"' in str(person.post("/cases/new", who, 200))
    label = place_store.free_lines(by=vatra)[0].label
    second = {**who, "step": "2", "bed": label, "admitted": "today", "planned": "30", "missing_after": "Dy ditë"}
    where = str(person.post("/cases/new", second))
    assert _answers(uuid.UUID(re.findall(r"/cases/([0-9a-f-]{36})", where)[0]), vatra) == {"missing_after": "Dy ditë"}
    child = {**who, "age_class": "child", "age": "12"}
    assert 'name="missing_tell"' not in str(person.post("/cases/new", child, 200))


def _answers(case_id: uuid.UUID, by: Actor) -> dict[str, object]:
    db.session.rollback()
    cases.open_compartment(case_id=case_id, compartment=Compartment.CARE, purpose=Purpose.CARE, by=by)
    return case_steps.opened(case_id=case_id, by=by)[Compartment.CARE].value


def test_who_arrives_without_a_place_is_on_the_home_page_until_she_has_one(app: Flask, sign_in: SignIn) -> None:
    assert app
    referral_id, case_id, _ = _awaited()
    person, nrc = sign_in("nrc.case_worker"), factories.actor("nrc.case_worker")
    address = f"/referrals/{referral_id}/arrival"
    person.post(address, {"bed": "none-yet", "admitted": "today", "is_here": "y"})
    assert [line.case_id for line in arrival_store.waiting(by=nrc)] == [case_id]
    assert arrival_store.waiting(by=factories.actor("vatra.case_worker")) == []
    assert address in person.get("/")
    label = place_store.free_lines(by=nrc, for_case=case_id)[0].label
    assert "none-yet" not in person.get(address)
    person.post(address, {"bed": label, "admitted": "today", "planned": "14"})
    assert address not in person.get("/")


def test_a_wrong_arrival_is_taken_back_on_a_page_with_a_reason(app: Flask, sign_in: SignIn) -> None:
    assert app
    referral_id, case_id, _ = _awaited()
    person = sign_in("nrc.case_worker")
    address = f"/referrals/{referral_id}/arrival"
    person.get(f"{address}/back", 409)
    person.post(address, {"bed": "none-yet", "admitted": "today", "is_here": "y"})
    person.post(f"{address}/back", {}, 422)
    sign_in("vatra.case_worker").post(f"{address}/back", {"why": "mistold"}, 404)
    assert "say again where you meet" in person.get(f"{address}/back?lang=en")
    where = person.post(f"{address}/back", {"why": "mistold"})
    assert address in person.get(f"/cases/{case_id}")
    assert "The arrival is taken back" in person.get(f"{where}&lang=en")
    assert person.post(f"{address}/back", {"why": "mistold"}) == where  # pressed twice: it was answered
    sign_in("nrc.shelter_manager").post(f"{address}/back", {"why": "mistold"}, 409)


# --- the end, in three steps


def test_an_end_asks_the_reason_then_what_fits_it_then_says_what_follows(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, MOLDOVAN, days_ago=2)
    person = sign_in("vatra.case_worker")
    end = f"/stays/{opened.stay_id}/end"
    first = {"ended": "today", "reason": "expelled", "step": "1"}
    page = str(person.post(end, first, 200))
    assert 'value="friends"' in page
    assert 'value="foster_family"' not in page
    assert 'value="country_of_citizenship"' not in page
    second = {**first, "step": "2", "destination": "family", "country": "abroad", "country_name": "Moldova"}
    for step in ("2", "3"):  # no page opens a gate, whichever is sent first
        shut = str(person.post(end, {**second, "step": step}, 422))
        assert "/permit" in shut
    person.post(end, {**first, "step": "3"}, 422)
    person.post(end, {**second, "step": "3", "destination": "foster_family", "country": "home"}, 422)
    assert _row(opened.stay_id).ended_on is None
    informed(opened.case_id, vatra)
    confirm = str(person.post(end, {**second, "country": "home"}, 200))
    assert _row(opened.stay_id).ended_on is None
    assert store.stay(opened.stay_id, by=vatra).place in confirm
    hidden = dict(re.findall(r'type="hidden" name="([\w-]+)" value="([^"]*)"', confirm))
    where = person.post(end, {name: value for name, value in hidden.items() if name != "csrf_token"})
    assert str(where).endswith("?did=ended")
    row = _row(opened.stay_id)
    assert (row.exit_reason, row.destination, row.destination_country) == ("expelled", "family", "home")
    person.post(end, hidden, 409)


@pytest.mark.parametrize("reason", ["missing", "left_alone", "died", "entered_by_mistake", "", "nonsense"])
def test_no_step_takes_a_reason_that_has_a_page_of_its_own(vatra: Actor, sign_in: SignIn, reason: str) -> None:
    opened = admitted(vatra, CHILD)
    typed = {"ended": "today", "reason": reason, "destination": "none", "country": "home"}
    for step in ("1", "2", "3", "x"):
        sign_in("vatra.case_worker").post(f"/stays/{opened.stay_id}/end", {**typed, "step": step}, 422)
    assert _row(opened.stay_id).ended_on is None


# --- corrections on pages


def test_corrections_on_their_pages_are_kept_and_shown(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, MOLDOVAN, days_ago=4)
    person, stay = sign_in("vatra.case_worker"), f"/stays/{opened.stay_id}"
    right = days.today() - timedelta(days=6)
    typed = {"admitted-day": right.day, "admitted-month": right.month, "admitted-year": right.year}
    person.post(f"{stay}/correct/admission", typed, 422)
    person.post(f"{stay}/correct/admission", {**typed, "why": "mistyped"})
    assert _row(opened.stay_id).admitted_on == right
    for path in ("correct/end", "correct/reopen"):
        person.get(f"{stay}/{path}", 409)
        person.post(f"{stay}/{path}", {}, 409)
    informed(opened.case_id, vatra)
    person.post(f"{stay}/end", {"ended": "today", "reason": "independent_living", "country": "home", "step": "3"})
    shut = {"ended": "today", "reason": "expelled", "destination": "friends", "country": "unknown", "step": "3"}
    person.post(f"{stay}/correct/end", {**shut, "why": "mistold"}, 422)
    person.post(f"{stay}/correct/end", {**shut, "country": "home"}, 422)
    person.post(f"{stay}/correct/end", {**shut, "country": "home", "why": "mistold"})
    assert _row(opened.stay_id).exit_reason == "expelled"
    person.get(f"{stay}/correct/reopen")
    person.post(f"{stay}/correct/reopen", {"bed": store.stay(opened.stay_id, by=vatra).place, "why": "came_back"})
    assert _row(opened.stay_id).ended_on is None
    history = stay_history.corrections(opened.stay_id, by=vatra)
    assert [(line.kind, line.exit_reason) for line in history] == [
        ("admission", ""),
        ("exit", "independent_living"),
        ("exit", "expelled"),
    ]
    page = person.get(stay)
    assert page.count("Test case_worker") >= 3
    stranger = sign_in("nrc.case_worker")
    for path in ("correct/admission", "correct/end", "correct/reopen", "away", "end"):
        stranger.get(f"{stay}/{path}", 404)
        stranger.post(f"{stay}/{path}", {"why": "mistyped"}, 404)


def test_a_new_planned_end_needs_its_reason_and_the_earlier_one_stays(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra)
    person, stay = sign_in("vatra.case_worker"), f"/stays/{opened.stay_id}"
    later = days.today() + timedelta(days=60)
    typed = {"planned-day": later.day, "planned-month": later.month, "planned-year": later.year}
    typed["bed"] = store.stay(opened.stay_id, by=vatra).place
    person.post(f"{stay}/change", typed, 422)
    person.post(f"{stay}/change", {**typed, "plan_why": "admission"}, 422)
    person.post(f"{stay}/change", {**typed, "plan_why": "nowhere_safe_yet"})
    db.session.rollback()
    assert [(line.planned_on, line.why) for line in stay_history.planned(opened.stay_id, by=vatra)] == [
        (days.today() + timedelta(days=30), "admission"),
        (later, "nowhere_safe_yet"),
    ]


# --- away


def test_who_is_away_is_late_after_the_day_and_one_step_from_missing(
    vatra: Actor, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = admitted(vatra, days_ago=10)
    person = sign_in("vatra.case_worker")
    secret = "Spitali i Durrësit, kirurgjia"
    person.post(f"/stays/{opened.stay_id}/away", {"since": "today", "expected": "1", "reason": secret})
    (line,) = away_store.away(by=vatra)
    assert not line.late
    assert secret not in person.get(f"/stays/{opened.stay_id}")
    stored = db.session.connection().exec_driver_sql("SELECT * FROM away").fetchall()
    assert secret not in repr(stored)
    person.post(f"/stays/{opened.stay_id}/away", {"since": "today", "expected": "1"}, 422)
    sign_in("nrc.case_worker").get(f"/away/{line.id}/back", 404)
    today = days.today()
    monkeypatch.setattr(days, "today", lambda: today + timedelta(days=2))
    (line,) = away_store.away(by=vatra)
    assert line.late
    assert f"/cases/{opened.case_id}/missing" in person.get("/")
    monkeypatch.undo()
    absences.report(case_id=opened.case_id, since=clock.now(), feared=Feared.NO, by=vatra)
    assert away_store.away(by=vatra) == []
    assert db.session.scalar(select(Away.outcome).where(Away.id == line.id)) == "missing"


def test_nights_away_count_as_the_country_says_and_again_when_they_are_struck(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=20)
    today = days.today()
    went = today - timedelta(days=15)
    away_id = away.record(stay_id=opened.stay_id, since_on=went, expected_on=today, reason="", by=vatra)
    with pytest.raises(AwayRefused, match="overlaps"):
        away.record(stay_id=opened.stay_id, since_on=went, expected_on=today, reason="", by=vatra)
    assert store.stay(opened.stay_id, by=vatra).nights == 5 + 3
    with pytest.raises(AwayRefused, match="back"):
        away.back(away_id=away_id, back_on=went - timedelta(days=1), by=vatra)
    away.back(away_id=away_id, back_on=today - timedelta(days=5), by=vatra)
    assert store.stay(opened.stay_id, by=vatra).nights == 5 + 3 + 5
    person = sign_in("vatra.case_worker")
    person.post(f"/away/{away_id}/strike", {"why": "other_person"})
    db.session.rollback()
    assert store.stay(opened.stay_id, by=vatra).nights == 20
    person.post(f"/away/{away_id}/strike", {"why": "other_person"}, 409)
    assert [line.kind for line in stay_history.corrections(opened.stay_id, by=vatra)] == ["away"]


def test_days_away_end_with_the_stay(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=5)
    away.record(stay_id=opened.stay_id, since_on=days.today(), expected_on=days.today(), reason="", by=vatra)
    end = {"ended": "today", "reason": "independent_living", "country": "home", "step": "3"}
    sign_in("vatra.case_worker").post(f"/stays/{opened.stay_id}/end", end)
    db.session.rollback()
    assert away_store.away(by=vatra) == []


def test_who_did_not_come_back_on_the_day_leaves_by_no_single_hand(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=10)
    today, person = days.today(), sign_in("vatra.case_worker")
    went, missed = today - timedelta(days=5), today - timedelta(days=2)
    away_id = away.record(stay_id=opened.stay_id, since_on=went, expected_on=missed, reason="", by=vatra)
    end = {"ended": "today", "reason": "independent_living", "country": "home", "step": "3"}
    assert "did not come back on the day" in person.post(f"/stays/{opened.stay_id}/end?lang=en", end, 422)
    with pytest.raises(CorrectionRefused, match="away_stands"):
        corrections.opened_by_mistake(stay_id=opened.stay_id, why=Why.MISTYPED, by=vatra)
    # Another day of return changes nothing of it, and stands on the home page of who leads the house.
    manager = sign_in("vatra.shelter_manager")
    shown = "was expected back on"
    assert shown not in manager.get("/?lang=en")
    away.expect(away_id=away_id, expected_on=today + timedelta(days=25), why=Longer.OTHER, by=vatra)
    away.expect(away_id=away_id, expected_on=today + timedelta(days=26), why=Longer.OTHER, by=vatra)
    page = manager.get("/?lang=en")
    assert shown in page
    assert opened.pseudonym in page.partition(shown)[0]
    assert shown not in person.get("/?lang=en")
    assert "did not come back on the day" in person.post(f"/stays/{opened.stay_id}/end?lang=en", end, 422)
    away.back(away_id=away_id, back_on=today, by=vatra)
    assert shown not in manager.get("/?lang=en")
    person.post(f"/stays/{opened.stay_id}/end", end)


def test_what_one_hand_writes_of_a_return_is_read_by_the_others_for_a_week(vatra: Actor, sign_in: SignIn) -> None:
    """Somebody overdue was "back" two days ago by one post, and a day of return weeks later was read by nobody."""
    assert vatra
    late, longer = admitted(vatra, days_ago=10), admitted(vatra, days_ago=10, bed=1)
    today, worker = days.today(), sign_in("vatra.case_worker")
    went, missed = today - timedelta(days=5), today - timedelta(days=3)
    ids = [
        away.record(stay_id=late.stay_id, since_on=went, expected_on=missed, reason="", by=vatra),
        away.record(stay_id=longer.stay_id, since_on=went, expected_on=today + timedelta(days=1), reason="", by=vatra),
    ]
    shown, moved, manager = "was late since", "comes back on", sign_in("vatra.shelter_manager")

    def day_of(name: str, day: date) -> dict[str, object]:
        return {f"{name}-{part}": getattr(day, part) for part in ("day", "month", "year")}

    back = {"back": "other", **day_of("back_day", today - timedelta(days=2))}
    worker.post(f"/away/{ids[0]}/back", back)
    to = f"/away/{ids[1]}/expected?lang=en"
    far = day_of("expected_day", today + timedelta(days=50))
    assert "Choose why the person comes back later" in worker.post(to, far, 422)
    with pytest.raises(AwayRefused, match="why"):
        away.expect(away_id=ids[1], expected_on=today + timedelta(days=2), by=vatra)
    assert moved not in manager.get("/?lang=en")
    worker.post(to, {**far, "why": "family"})
    page = manager.get("/?lang=en")
    assert late.pseudonym in page.partition(shown)[0]
    assert "Test case_worker wrote: back on" in page
    assert longer.pseudonym in page.partition(moved)[0]
    assert "With family or friends" in page
    for person in (worker, sign_in("nrc.shelter_manager")):  # not who wrote it, and no other house
        assert shown not in person.get("/?lang=en")
    # Who was not late is no line, nor is a change of one day; nothing that is pressed takes a line away.
    away.expect(away_id=ids[1], expected_on=today + timedelta(days=49), by=factories.actor("vatra.case_worker"))
    assert manager.get("/?lang=en").count(moved) == 1
    away.not_back(away_id=ids[0], by=factories.actor("vatra.case_worker"))
    assert shown in manager.get("/?lang=en")
    factories.later(days=7)
    page = sign_in("vatra.shelter_manager").get("/?lang=en")
    assert (shown in page, moved in page) == (False, False)


def test_of_a_child_the_day_of_return_is_near_and_child_protection_reads_it(vatra: Actor, sign_in: SignIn) -> None:
    child, adult = admitted(vatra, CHILD, days_ago=5), admitted(vatra, days_ago=5, bed=1)
    person, desk = sign_in("vatra.case_worker"), "child_protection.child_protection_officer"
    today = days.today()

    def other(ahead: int) -> dict[str, object]:
        day = today + timedelta(days=ahead)
        return {
            "expected": "other",
            **{f"expected_day-{part}": getattr(day, part) for part in ("day", "month", "year")},
        }

    address = f"/stays/{child.stay_id}/away?lang=en"
    assert "is expected back within 7 days" in person.post(address, {"since": "today", **other(80)}, 422)
    person.post(address, {"since": "today", **other(7)})
    person.post(f"/stays/{adult.stay_id}/away", {"since": "today", **other(80)})
    page = sign_in(desk).get("/?lang=en")
    listed = page.partition("Children who are away")[2].partition("</ul>")[0]
    assert child.pseudonym in listed
    assert adult.pseudonym not in listed
    assert "Vatra" not in listed
    assert "Children who are away" not in sign_in("state_police.identification_officer").get("/?lang=en")
    lines = {line.case_id: line.id for line in away_store.away(by=vatra)}
    moved = f"/away/{lines[child.case_id]}/expected?lang=en"
    assert moved.partition("?")[0] in person.get(f"/stays/{child.stay_id}")
    assert "within 7 days" in person.post(moved, other(8), 422)
    person.post(moved, other(2))
    person.post(f"/away/{lines[adult.case_id]}/expected", other(200), 422)
    person.post(f"/away/{lines[adult.case_id]}/expected", other(9))
    sign_in("nrc.case_worker").post(moved, other(2), 404)
    db.session.rollback()
    assert {line.expected_on - today for line in away_store.away(by=vatra)} == {timedelta(days=2), timedelta(days=9)}


def test_who_was_said_to_be_back_for_somebody_else_is_away_still(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=10)
    today, person = days.today(), sign_in("vatra.case_worker")
    away_id = away.record(
        stay_id=opened.stay_id, since_on=today - timedelta(days=5), expected_on=today + timedelta(days=1), reason="",
        by=vatra,
    )  # fmt: skip
    person.post(f"/away/{away_id}/not-back", {}, 409)
    person.post(f"/away/{away_id}/back", {"back": "today"})
    assert f"/away/{away_id}/not-back" in person.get(f"/stays/{opened.stay_id}")
    assert "It was said that the person came back" in person.get(f"/away/{away_id}/not-back?lang=en")
    sign_in("nrc.case_worker").post(f"/away/{away_id}/not-back", {}, 404)
    person.post(f"/away/{away_id}/not-back", {})
    db.session.rollback()
    (line,) = away_store.away(by=vatra)
    assert (line.id, line.over_on) == (away_id, None)
    assert db.session.scalar(select(AuditEntry.event).order_by(AuditEntry.id.desc())) == "away_again"
    away.back(away_id=away_id, back_on=today - timedelta(days=2), by=vatra)
    away.record(stay_id=opened.stay_id, since_on=today, expected_on=today, reason="", by=vatra)
    with pytest.raises(AwayRefused, match="overlaps"):
        away.not_back(away_id=away_id, by=vatra)


# --- missing


def test_missing_shows_what_she_answered_after_her_care_is_opened(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra)
    said = {"missing_after": "Pas dy ditësh", "missing_tell": "Motrës; jo policisë"}
    with transaction() as session:
        arrivals.seal(session, opened.case_id, Told(answers=said), vatra)
    person, address = sign_in("vatra.case_worker"), f"/cases/{opened.case_id}/missing"
    hidden = person.get(address)
    assert "Pas dy ditësh" not in hidden
    assert f"/cases/{opened.case_id}/open/care" in hidden
    person.post(f"/cases/{opened.case_id}/open", {"compartment": "care", "purpose": "safety"})
    shown = person.get(address)
    assert all(answer in shown for answer in said.values())
    child = admitted(vatra, CHILD)
    assert "116 000" in person.get(f"/cases/{child.case_id}/missing")
