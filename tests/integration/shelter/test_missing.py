"""A person who did not come back: an alarm that stands until she is found or it is ended, and no way out."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import absences, cases, stays
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.absences import AbsenceRefused, Feared
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay, Period, present
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.stays import Stay
from nrm.store import days
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.shelter import absences as store_of
from nrm.store.shelter import places as place_store
from nrm.store.shelter import stays as store
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import HAND_OVER, bed
from tests.factories_stays import CHILD, admitted

SignIn = Callable[[str], Person]


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


def test_missing_is_no_reason_to_end_a_stay(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra)
    person = sign_in("vatra.case_worker")
    assert 'value="missing"' not in person.get(f"/stays/{opened.stay_id}/end")
    leaving = {"ended": "today", "reason": "missing", "destination": "unknown"}
    person.post(f"/stays/{opened.stay_id}/end", leaving, 422)
    assert store.stay(opened.stay_id, by=vatra).ended_on is None
    with pytest.raises(ImpossibleStay, match="missing"):
        stays.end(
            stay_id=opened.stay_id,
            ended_on=days.today(),
            exit_reason=ExitReason.MISSING,
            destination=Destination.UNKNOWN,
            where="unknown",
            by=vatra,
        )


def _report(case_id: uuid.UUID, by: Actor, hours: float = 1) -> uuid.UUID:
    return absences.report(case_id=case_id, since=clock.now() - timedelta(hours=hours), feared=Feared.NOT_KNOWN, by=by)


def test_the_duty_desk_is_told_at_once_and_the_shelter_keeps_the_case_on_its_page(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, days_ago=5)
    shelter, desk = sign_in("vatra.case_worker"), sign_in("ra.duty_officer")
    address = f"/cases/{opened.case_id}/missing"
    assert address in shelter.get(f"/stays/{opened.stay_id}")
    form: dict[str, object] = {"since": "3", "feared": "yes"}
    for wrong, said in (
        ({"since": ""}, "Choose when the person was seen last"),
        ({"feared": ""}, "Say whether it is feared"),
        (
            {"since": "other", "since_day-day": "1", "since_day-month": "1", "since_day-year": "2020"},
            "Enter a time of the last month",
        ),
    ):
        assert said in shelter.post(f"{address}?lang=en", {**form, **wrong}, 422), wrong
    shelter.post(address, form)
    shelter.post(address, form, 409)
    page = desk.get("/?lang=en")
    assert opened.pseudonym in page
    assert "feared: somebody may have a hand in it" in page
    assert "Vatra" in page
    home = shelter.get("/?lang=en")
    assert "Missing since" in home
    assert "has not answered yet" in home
    found = re.search(r"/missing/([0-9a-f-]{36})/found", home)
    assert found
    missing = f"/missing/{found[1]}"
    stranger = sign_in("nrc.case_worker")
    stranger.get(f"{missing}/end", 404)
    for act in ("found", "end", "known"):
        stranger.post(f"{missing}/{act}", {}, 404)
    sign_in("child_protection.case_worker").post(f"{missing}/found", {}, 404)
    desk.post(f"{missing}/found", {}, 403)
    desk.post(f"{missing}/known", {})
    assert "The duty desk knows." in shelter.get("/?lang=en")
    leaving = {"ended": "today", "reason": "independent_living", "country": "home", "step": "3"}
    assert "record first that she was found" in shelter.post(f"/stays/{opened.stay_id}/end?lang=en", leaving, 422)
    shelter.post(f"{missing}/found", {})
    shelter.post(f"{missing}/found", {}, 409)
    assert "Missing since" not in shelter.get("/?lang=en")
    assert "Missing now" not in desk.get("/?lang=en")


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_of_a_child_the_child_authority_is_told_and_stands_on_top(
    vatra: Actor, sign_in: SignIn, age_class: str
) -> None:
    woman = admitted(vatra, days_ago=4)
    child = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class), days_ago=4)
    _report(woman.case_id, vatra, 20)
    missing_id = _report(child.case_id, vatra)
    authority = sign_in("child_protection.child_protection_officer")
    page = authority.get("/?lang=en")
    section = page[page.index("Missing now") :].split("</table>")[0]
    assert child.pseudonym in section
    assert woman.pseudonym not in page
    assert "Vatra" not in section
    assert [line.case_id for line in store_of.missing(by=factories.actor("ra.duty_officer"))] == [
        child.case_id,
        woman.case_id,
    ]
    factories.later(days=5)
    with pytest.raises(AbsenceRefused, match="authority"):
        absences.end(missing_id=missing_id, by=vatra)
    absences.known(missing_id=missing_id, by=factories.actor("child_protection.child_protection_officer"))
    absences.end(missing_id=missing_id, by=vatra)
    row = db.session.get_one(Stay, child.stay_id)
    assert (row.exit_reason, row.child_gate) == ("missing", "missing")
    cases.close(case_id=child.case_id, by=vatra)


def test_the_alarm_is_ended_on_a_second_page_after_the_countrys_days(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=5)
    missing_id = _report(opened.case_id, vatra)
    since = store_of.one(missing_id, by=vatra).since_on
    with pytest.raises(AbsenceRefused, match="too_early"):
        absences.end(missing_id=missing_id, by=vatra)
    assert "can be ended from" in sign_in("vatra.case_worker").get(f"/missing/{missing_id}/end?lang=en")
    factories.later(days=2)
    person = sign_in("vatra.case_worker")
    assert "Nobody found her" in person.get(f"/missing/{missing_id}/end?lang=en")
    assert place_store.room(by=vatra).taken == 1
    person.post(f"/missing/{missing_id}/end", {})
    person.post(f"/missing/{missing_id}/end", {}, 409)
    db.session.rollback()
    line = store.stay(opened.stay_id, by=vatra)
    assert (line.exit_reason, line.destination, line.ended_on) == ("missing", "unknown", since)
    assert place_store.room(by=vatra).taken == 0
    alarm = db.session.get_one(Missing, missing_id)
    assert (alarm.outcome, alarm.since_at) == ("not_found", None)


def test_nights_of_a_missing_person_are_not_counted_and_the_bed_stays_hers(vatra: Actor) -> None:
    opened = admitted(vatra, days_ago=10)
    assert store.stay(opened.stay_id, by=vatra).nights == 10
    missing_id = _report(opened.case_id, vatra, 0)
    factories.later(days=3)
    line = store.stay(opened.stay_id, by=vatra)
    assert (line.nights, line.missing_since is not None) == (10, True)
    assert line.place_id not in [bed for bed, _ in place_store.free_places(by=vatra)]
    absences.found(missing_id=missing_id, by=vatra)
    factories.later(days=2)
    line = store.stay(opened.stay_id, by=vatra)
    assert (line.nights, line.missing_since) == (12, None)


def test_paid_are_the_nights_on_which_she_was_there(vatra: Actor) -> None:
    opened = admitted(vatra)
    missing_id = _report(opened.case_id, vatra, 0)
    factories.later(days=3)
    absences.found(missing_id=missing_id, by=vatra)
    gaps = absence_rows.gaps([opened.stay_id])[opened.stay_id]
    day = gaps[0].admitted_on
    assert gaps == [Period(day, day + timedelta(days=3))]
    parts = present(Period(day - timedelta(days=4), day + timedelta(days=5)), gaps)
    assert sum((part.exited_on - part.admitted_on).days for part in parts if part.exited_on) == 6


def test_a_case_with_an_alarm_is_not_closed_and_who_arrives_elsewhere_is_found(vatra: Actor) -> None:
    opened = admitted(vatra)
    tjeter = factories.actor("tjeter_vizion.case_worker")
    referral_id = next_receiver.refer(
        case_id=opened.case_id,
        receiver_id=tjeter.organisation_id,
        reason=OverrideReason.SAFETY,
        hand_over=HAND_OVER,
        by_name=ByName.YES,
        by=vatra,
    )
    referrals.accept(referral_id=referral_id, place_id=bed("TJETER_VIZION"), by=tjeter)
    missing_id = _report(opened.case_id, tjeter, 0)
    with pytest.raises(NotVisible):
        _report(opened.case_id, vatra, 0)
    referrals.arrive(referral_id=referral_id, by=tjeter)
    assert db.session.get_one(Missing, missing_id, populate_existing=True).outcome == "found"
    _report(opened.case_id, tjeter, 0)
    with pytest.raises(CaseRefused, match="missing"):
        cases.close(case_id=opened.case_id, by=tjeter)


def test_a_desk_takes_back_that_it_knows_as_long_as_the_alarm_stands(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, CHILD)
    missing_id = absences.report(
        case_id=opened.case_id, since=clock.now() - timedelta(hours=3), feared=Feared.NO, by=vatra
    )
    desk = sign_in("child_protection.child_protection_officer")
    desk.post(f"/missing/{missing_id}/known", {})
    assert f"/missing/{missing_id}/not-known" in desk.get("/")
    assert db.session.get_one(Missing, missing_id, populate_existing=True).authority_knows
    db.session.rollback()
    desk.post(f"/missing/{missing_id}/not-known", {})
    assert not db.session.get_one(Missing, missing_id, populate_existing=True).authority_knows
    sign_in("tjeter_vizion.case_worker").post(f"/missing/{missing_id}/not-known", {}, 404)
    absences.found(missing_id=missing_id, by=vatra)
    desk.post(f"/missing/{missing_id}/not-known", {}, 409)
