"""Findings of a child are about this child and this household: not from before the case, not old, and confirmed."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask

from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases, child_returns, stays
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.child_returns import Asked, Assessment
from nrm.domain.shelter.findings import FindingRefused
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.shelter.stays import Destination, ExitReason, Source
from nrm.store import days
from nrm.store.shelter import stays as store
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import bed, sent
from tests.factories_stays import CHILD, admitted, found

SignIn = Callable[[str], Person]
SERVICE = "child_protection.child_protection_officer"
LEAVING: dict[str, object] = {
    "ended": "today",
    "reason": "independent_living",
    "destination": "own_home",
    "country": "home",
}


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


def typed(on: date) -> dict[str, object]:
    """Three safe findings of a day, as the form sends them."""
    day = {"on-day": str(on.day), "on-month": str(on.month), "on-year": str(on.year)}
    return {"risk": "safe", "security": "safe", "family": "safe", "when": "other", "assessor": "Mira", **day}


def test_a_finding_from_before_the_child_came_is_refused_at_its_day(vatra: Actor, sign_in: SignIn) -> None:
    opened, service = admitted(vatra, CHILD, days_ago=2), sign_in(SERVICE)
    address = f"/cases/{opened.case_id}/findings?lang=en"
    for wrong in (date(2020, 1, 1), days.today() - timedelta(days=3)):
        page = service.post(address, typed(wrong), 422)
        assert "Enter a day that is not before the case began" in page
        assert 'value="2020"' in page or f'value="{wrong.year}"' in page  # nothing is lost
    assert "not in the future" in service.post(address, typed(days.today() + timedelta(days=1)), 422)
    with pytest.raises(GateClosed, match="assessments_missing"):
        end(opened.stay_id, vatra)
    service.post(address, typed(days.today() - timedelta(days=2)))


def test_a_finding_from_before_the_interview_is_refused(app: Flask) -> None:
    assert app
    line = sent(factories.actor("rinas.border_officer"), "NRC", age="child", consent_services=None)
    with pytest.raises(FindingRefused, match="begun"):
        found(line.case_id, on=days.today() - timedelta(days=1))
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=line.referral_id, place_id=bed("NRC"), by=nrc)
    referrals.arrive(referral_id=line.referral_id, by=nrc)  # the hours of the referral are forgotten
    with pytest.raises(FindingRefused, match="begun"):
        found(line.case_id, on=days.today() - timedelta(days=1))
    found(line.case_id)


def test_who_was_there_before_the_system_was_found_safe_since_the_admission(vatra: Actor) -> None:
    opened = admitted(vatra, dataclasses.replace(CHILD, source=Source.ALREADY_THERE), days_ago=80)
    with pytest.raises(FindingRefused, match="begun"):
        found(opened.case_id, on=days.today() - timedelta(days=81))
    found(opened.case_id, on=days.today() - timedelta(days=80))


def test_a_finding_from_before_the_request_of_a_return_is_refused(app: Flask, sign_in: SignIn) -> None:
    assert app
    return_id = uuid.uuid4()
    child_returns.record(
        return_id=return_id,
        iso="IT",
        asked=Asked.BOTH,
        received_on=days.today() - timedelta(days=1),
        due_on=days.today() + timedelta(days=20),
        identity={"name": "Ana Kola", "birth": "2013"},
        by=factories.actor("ra.duty_officer"),
    )
    service, address = sign_in(SERVICE), f"/child-returns/{return_id}/findings?lang=en"
    page = service.post(address, typed(days.today() - timedelta(days=2)), 422)
    assert "Enter a day that is not before the case began" in page
    service.post(address, typed(days.today() - timedelta(days=1)))


def end(stay_id: uuid.UUID, by: Actor, *, same_household: bool = True) -> uuid.UUID:
    return stays.end(
        stay_id=stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        same_household=same_household,
        by=by,
    )


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_the_end_of_a_stay_shows_what_was_found_and_asks_whether_it_is_this_household(
    vatra: Actor, sign_in: SignIn, age_class: str
) -> None:
    opened, person = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class)), sign_in("vatra.case_worker")
    address = f"/stays/{opened.stay_id}/end?lang=en"
    assert 'name="same_household"' not in person.get(address)  # nothing is found yet
    found(opened.case_id)
    page = person.get(address)
    assert "Mira Social" in page
    assert 'name="same_household"' in page
    assert not checked(page)
    refused = person.post(address, LEAVING, 422)
    assert "Tick that the findings are about this household" in refused
    assert "The findings are now used for: independent living, a home of their own" in refused
    with pytest.raises(GateClosed, match="other_household"):
        end(opened.stay_id, vatra, same_household=False)
    assert store.stay(opened.stay_id, by=vatra).ended_on is None
    person.post(address, {**LEAVING, "same_household": "y"})
    db.session.rollback()
    assert store.stay(opened.stay_id, by=vatra).ended_on == days.today()


def checked(page: str) -> bool:
    return "checked" in page.split('name="same_household"')[1].split(">", maxsplit=1)[0]


def test_an_adult_is_asked_for_no_household(vatra: Actor, sign_in: SignIn) -> None:
    opened, person = admitted(vatra), sign_in("vatra.case_worker")
    assert "same_household" not in person.get(f"/stays/{opened.stay_id}/end")
    person.post(f"/stays/{opened.stay_id}/end", LEAVING)


def test_findings_hold_for_the_days_of_the_country_and_open_nothing_after_them(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, CHILD)
    found(opened.case_id)
    factories.later(days=90)
    person = sign_in("vatra.case_worker")
    assert "All three are found safe since" in person.get(f"/cases/{opened.case_id}?lang=en")
    factories.later(days=1)
    person, vatra = sign_in("vatra.case_worker"), factories.actor("vatra.shelter_manager")
    page = person.get(f"/cases/{opened.case_id}?lang=en")
    assert "All three are found safe since" not in page
    assert "The findings are too old" in page
    with pytest.raises(GateClosed, match="assessed_too_old"):
        end(opened.stay_id, vatra)
    assert "The findings are too old" in person.post(
        f"/stays/{opened.stay_id}/end?lang=en", {**LEAVING, "same_household": "y"}, 422
    )
    found(opened.case_id, Assessment.RISK, Assessment.SECURITY)  # the oldest of the three counts
    with pytest.raises(GateClosed, match="assessed_too_old"):
        end(opened.stay_id, vatra)
    found(opened.case_id, Assessment.FAMILY)
    end(opened.stay_id, vatra)


def test_no_case_of_a_child_in_no_bed_is_closed_by_old_findings(app: Flask) -> None:
    assert app
    line = sent(factories.actor("rinas.border_officer"), "NRC", age="child", consent_services=None)
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=line.referral_id, place_id=bed("NRC"), by=nrc)
    referrals.arrive(referral_id=line.referral_id, by=nrc)
    found(line.case_id)
    factories.later(days=91)
    with pytest.raises(GateClosed, match="assessed_too_old"):
        cases.close(case_id=line.case_id, by=factories.actor("nrc.case_worker"))
