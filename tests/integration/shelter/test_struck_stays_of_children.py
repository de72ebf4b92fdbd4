"""A stay of a child that its house strikes as entered by mistake is read by child protection, and by nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from nrm.actions.referrals import referrals
from nrm.actions.shelter import ages, corrections, stays
from nrm.audit import Event
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.store import days
from nrm.store.rows import entries
from nrm.store.shelter import findings as store
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import ALBANIAN, CHILD, admitted, may_go

SignIn = Callable[[str], Person]
HOUSE, SERVICE = "vatra.shelter_manager", "child_protection.child_protection_officer"
DUTY = "ra.duty_officer"
WAITS = "We have seen it"
TITLE = "Children of whom a shelter says"
NAMED = {"given": "Ana", "family": "Hoxha"}
OTHERS = (
    HOUSE,
    "vatra.case_worker",
    "nrc.shelter_manager",
    "ra.duty_officer",
    "rinas.border_officer",
    "trp_unit.trp_officer",
)


@pytest.fixture
def house(app: Flask) -> Actor:
    assert app
    return factories.actor(HOUSE)


def told(page: str) -> str:
    """The part of a page that says what was struck."""
    return page.split(TITLE, 1)[1].split("</ul>", 1)[0]


def read() -> dict[uuid.UUID, bool]:
    """What child protection reads: case -> whether its file can be read."""
    return {line.case_id: line.open for line in store.struck_lately(by=factories.actor(SERVICE))}


@pytest.mark.slow
def test_child_protection_reads_at_home_that_a_stay_was_struck_when_and_why_and_no_other_party_does(
    house: Actor, sign_in: SignIn
) -> None:
    child, adult = admitted(house, CHILD, identity=NAMED), admitted(house, ALBANIAN)
    assert TITLE not in sign_in(SERVICE).get("/?lang=en")
    sign_in(HOUSE).post(f"/stays/{child.stay_id}/mistake", {"why": "other_person"})
    sign_in(HOUSE).post(f"/stays/{adult.stay_id}/mistake", {"why": "mistyped"})
    for login in (SERVICE, "child_protection.case_worker"):
        part = told(sign_in(login).get("/?lang=en"))
        assert child.pseudonym in part
        assert f"/cases/{child.case_id}/best-interests" in part
        assert "It was about another person" in part
        assert adult.pseudonym not in part
        for word in ("Vatra", "VATRA", "Ana", "Hoxha", HOUSE):  # neither where it lived, nor who it is
            assert word not in part
    sign_in(SERVICE).get(f"/cases/{child.case_id}/best-interests")
    for login in OTHERS:
        assert TITLE not in sign_in(login).get("/?lang=en")
        assert store.struck_lately(by=factories.actor(login)) == []
    # It waits until somebody has seen it; then it is read for as long as an end is (ADR 0239).
    factories.later(days=13)
    service = sign_in(SERVICE)
    assert WAITS in told(service.get("/?lang=en"))
    factories.later(days=2)
    service = sign_in(SERVICE)
    assert WAITS in told(service.get("/?lang=en"))
    service.post(f"/children/struck/{child.stay_id}/seen")
    assert TITLE not in service.get("/?lang=en")


@pytest.mark.slow
def test_a_strike_is_due_until_child_protection_has_seen_it_and_after_a_day_at_the_duty_desk(
    house: Actor, sign_in: SignIn
) -> None:
    child, adult = admitted(house, CHILD, identity=NAMED), admitted(house, ALBANIAN)
    for each in (child, adult):
        corrections.opened_by_mistake(stay_id=each.stay_id, why=Why.MISTYPED, by=house)
    seen = f"/children/struck/{child.stay_id}/seen"
    home = sign_in(SERVICE).get("/?lang=en")
    assert seen in home
    assert home.index(TITLE) < home.index("What waits for you")  # with what is due first
    assert TITLE not in sign_in(DUTY).get("/?lang=en")
    factories.later(days=1)
    part = told(sign_in(DUTY).get("/?lang=en"))
    assert "Child protection has not said that it has seen this" in part
    assert child.pseudonym in part
    assert "/seen" not in part
    for word in (adult.pseudonym, "Vatra", "Ana", "Hoxha"):
        assert word not in part
    for login in OTHERS:
        sign_in(login).post(seen, status=404)
        if login != DUTY:
            assert TITLE not in sign_in(login).get("/?lang=en")
            assert store.struck_unseen(by=factories.actor(login)) == []
    sign_in("molsa.statistician").post(seen, status=403)
    service = sign_in(SERVICE)
    service.post(f"/children/struck/{adult.stay_id}/seen", status=404)
    service.post(f"/children/struck/{uuid.uuid4()}/seen", status=404)
    assert TITLE in sign_in(DUTY).get("/?lang=en")  # nobody of them has seen it for child protection
    for _ in range(2):  # a double press is one
        assert service.post(seen) == "/"
    assert len(list(entries.since(entries.EVER, Event.CHILD_STRIKE_SEEN))) == 1
    assert TITLE not in sign_in(DUTY).get("/?lang=en")
    page = sign_in("child_protection.case_worker").get("/?lang=en")
    assert "Seen on" in told(page)
    assert SERVICE in told(page)
    assert seen not in page


def test_nobody_waits_for_ever_and_a_stay_that_stands_is_not_seen(house: Actor, sign_in: SignIn) -> None:
    struck, stands = admitted(house, CHILD), admitted(house, CHILD)
    sign_in(SERVICE).post(f"/children/struck/{stands.stay_id}/seen", status=404)
    corrections.opened_by_mistake(stay_id=struck.stay_id, why=Why.MISTYPED, by=house)
    factories.later(days=29)
    assert [line.stay_id for line in store.struck_unseen(by=factories.actor(DUTY))] == [struck.stay_id]
    factories.later(days=2)
    assert store.struck_unseen(by=factories.actor(DUTY)) == []
    assert read() == {}
    sign_in(SERVICE).post(f"/children/struck/{struck.stay_id}/seen", status=404)


def test_an_arrival_of_a_child_that_is_taken_back_is_read_too_and_an_end_or_a_right_day_is_not(house: Actor) -> None:
    made = people.sent(factories.actor("rinas.border_officer"), "VATRA", age="child", override_reason="other")
    place = people.bed("VATRA", 4)
    referrals.accept(referral_id=made.referral_id, place_id=place, by=house)
    referrals.arrive(referral_id=made.referral_id, by=house)
    today = days.today()
    stays.admit(
        case_id=made.case_id, place_id=place, admitted_on=today, anticipated_end_on=today + timedelta(days=9), by=house
    )
    other = admitted(house, CHILD, days_ago=3)
    corrections.correct_admission(stay_id=other.stay_id, admitted_on=today, why=Why.MISTYPED, by=house)
    assert read() == {}
    corrections.take_back_arrival(referral_id=made.referral_id, why=Why.MISTOLD, by=house)
    (line,) = store.struck_lately(by=factories.actor(SERVICE))
    assert (line.case_id, line.struck_on, line.why) == (made.case_id, today, Why.MISTOLD)


def test_who_was_a_child_when_it_was_struck_stays_on_the_list_and_who_was_an_adult_is_never_on_it(house: Actor) -> None:
    grown, child = admitted(house, CHILD), admitted(house, CHILD)
    desk = factories.actor("ra.duty_officer")
    ages.assess(case_id=grown.case_id, age_class="adult", on=days.today(), by=desk)
    ages.agree(case_id=grown.case_id, by=factories.actor(SERVICE))
    factories.later(days=1)
    house = factories.actor(HOUSE)
    for each in (grown, child):
        corrections.opened_by_mistake(stay_id=each.stay_id, why=Why.MISTYPED, by=house)
    assert read() == {child.case_id: True}
    ages.assess(case_id=child.case_id, age_class="adult", on=days.today(), by=factories.actor("ra.duty_officer"))
    ages.agree(case_id=child.case_id, by=factories.actor(SERVICE))
    assert read() == {child.case_id: False}  # said to be an adult afterwards, it is read still, without its file


@pytest.mark.slow
def test_however_many_strikes_a_house_presses_no_end_leaves_the_other_list(
    house: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, struck = admitted(house, CHILD), [admitted(house, CHILD) for _ in range(2)]
    stays.end(
        stay_id=gone.stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.REINTEGRATED_WITH_FAMILY,
        destination=Destination.FAMILY,
        where="home",
        household=may_go(gone.case_id),
        by=house,
    )
    for each in struck:
        corrections.opened_by_mistake(stay_id=each.stay_id, why=Why.MISTYPED, by=house)
    monkeypatch.setattr(store, "_MOST", 1)
    assert len(read()) == 1
    assert [line.case_id for line in store.ended_lately(by=factories.actor(SERVICE))] == [gone.case_id]
