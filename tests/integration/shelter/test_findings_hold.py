"""Findings of a child are about this child and this household: not from before the case, not old, and confirmed."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask

from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases, child_returns, findings, stays
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.child_returns import Asked, Assessment
from nrm.domain.shelter.findings import FindingRefused, Found
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.shelter.stays import Destination, ExitReason, Source
from nrm.models.accounts.accounts import Member
from nrm.store import days
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.shelter import findings as finding_store
from nrm.store.shelter import stays as store
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import bed, sent
from tests.factories_stays import CHILD, admitted, decided, found, looked, may_go

SignIn = Callable[[str], Person]
SERVICE = "child_protection.child_protection_officer"
LEAVING: dict[str, object] = {
    "ended": "today",
    "step": "3",
    "reason": "independent_living",
    "destination": "own_home",
    "country": "home",
}
GOES = {**LEAVING, "reason": "reintegrated_with_family", "destination": "family"}


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


def typed(on: date) -> dict[str, object]:
    """Three safe findings of a day, as the form sends them."""
    day = {"on-day": str(on.day), "on-month": str(on.month), "on-year": str(on.year)}
    household = {"household": "new", "household_words": "Aunt in Fier", "where": "Seen at home"}
    return {
        "risk": "safe",
        "security": "safe",
        "family": "safe",
        "when": "other",
        "assessor": "Mira",
        **household,
        **day,
    }


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


def end(stay_id: uuid.UUID, by: Actor, household: uuid.UUID | None = None) -> uuid.UUID:
    return stays.end(
        stay_id=stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.REINTEGRATED_WITH_FAMILY,
        destination=Destination.FAMILY,
        where="home",
        household=household,
        by=by,
    )


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_the_end_of_a_stay_asks_for_the_household_and_names_it_only_after_an_opening(
    vatra: Actor, sign_in: SignIn, age_class: str
) -> None:
    opened, person = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class)), sign_in("vatra.case_worker")
    address = f"/stays/{opened.stay_id}/end?lang=en"
    where = {**GOES, "step": "1"}
    assert 'name="household"' not in person.post(address, where, 200)  # nothing is decided yet
    household = may_go(opened.case_id)
    other = found(opened.case_id, household="The father in Vlora")
    page = person.post(address, where, 200)
    assert "household 1" in page
    assert "Fier" not in page
    assert "Vlora" not in page
    assert "checked" not in page.split('name="household"')[1].split(">", maxsplit=1)[0]
    for wrong in ({}, {"household": str(other)}, {"household": str(uuid.uuid4())}, {"household": "1"}):
        refused = person.post(address, {**GOES, **wrong}, 422)
        assert "Choose the household of the best-interest decision" in refused
        assert "The decision is now used for: reintegrated with the family" in refused
    with pytest.raises(GateClosed, match="other_household"):
        end(opened.stay_id, vatra, other)
    assert store.stay(opened.stay_id, by=vatra).ended_on is None
    person.post(f"/cases/{opened.case_id}/best-interests", {"purpose": "child_protection"})
    assert "Household 1: The aunt in Fier" in person.post(address, where, 200)
    person.post(address, {**GOES, "household": str(household)})
    db.session.rollback()
    assert store.stay(opened.stay_id, by=vatra).ended_on == days.today()


def test_an_adult_is_asked_for_no_household(vatra: Actor, sign_in: SignIn) -> None:
    opened, person = admitted(vatra), sign_in("vatra.case_worker")
    assert 'name="household"' not in person.post(f"/stays/{opened.stay_id}/end", {**LEAVING, "step": "1"}, 200)
    person.post(f"/stays/{opened.stay_id}/end", LEAVING)


def test_findings_hold_for_the_days_of_the_country_and_open_nothing_after_them(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, CHILD)
    household = may_go(opened.case_id)
    factories.later(days=90)
    person = sign_in("vatra.case_worker")
    assert "the child may go to household 1" in person.get(f"/cases/{opened.case_id}?lang=en")
    factories.later(days=1)
    person, vatra = sign_in("vatra.case_worker"), factories.actor("vatra.shelter_manager")
    page = person.get(f"/cases/{opened.case_id}?lang=en")
    assert "the child may go to household 1" not in page
    assert "The findings are too old" in page
    with pytest.raises(GateClosed, match="assessed_too_old"):
        end(opened.stay_id, vatra, household)
    assert "The findings are too old" in person.post(
        f"/stays/{opened.stay_id}/end?lang=en", {**LEAVING, "household": str(household)}, 422
    )
    found(opened.case_id, Assessment.RISK, Assessment.SECURITY)  # the oldest of the three counts
    with pytest.raises(GateClosed, match="assessed_too_old"):
        end(opened.stay_id, vatra, household)
    found(opened.case_id, Assessment.FAMILY)
    end(opened.stay_id, vatra, household)


def test_no_case_of_a_child_in_no_bed_is_closed_by_old_findings(app: Flask) -> None:
    assert app
    line = sent(factories.actor("rinas.border_officer"), "NRC", age="child", consent_services=None)
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=line.referral_id, place_id=bed("NRC"), by=nrc)
    referrals.arrive(referral_id=line.referral_id, by=nrc)
    may_go(line.case_id)
    factories.later(days=91)
    with pytest.raises(GateClosed, match="assessed_too_old"):
        cases.close(case_id=line.case_id, by=factories.actor("nrc.case_worker"))


def test_an_assessment_in_a_colleagues_name_says_who_wrote_it_and_the_colleague_says_that_it_was_none(
    vatra: Actor, sign_in: SignIn
) -> None:
    """Ina recorded three as another colleague's: who typed them stood nowhere, and the colleague read nothing."""
    child = admitted(vatra, CHILD)
    writer, colleague = sign_in(SERVICE), factories.actor("child_protection.case_worker")
    name = db.session.get_one(Member, colleague.member_id).name
    household = findings.record(
        case_id=child.case_id,
        found=dict.fromkeys(Assessment, Found.SAFE),
        on=days.today(),
        assessor=name.upper(),
        household="The aunt in Fier",
        where="Seen at home",
        by=factories.actor(SERVICE),
    )
    looked(child.case_id, household)
    decided(child.case_id, household)
    assert finding_store.of_case(child.case_id, by=vatra).opening  # type: ignore[union-attr]
    page = sign_in("ra.duty_officer").get(f"/cases/{child.case_id}/best-interests?lang=en")
    assert "written down by Test child_protection_officer" in page
    told = sign_in("child_protection.case_worker")
    home = told.get("/?lang=en")
    assert home.count("wrote down that you assessed this child") == 3
    assert f"/cases/{child.case_id}/best-interests" in home
    assert "wrote down that you" not in writer.get("/?lang=en")
    press = re.findall(r"/children/findings/[0-9a-f-]+/not-mine", home)[0]
    writer.post(press, {}, 404)  # only who is named
    sign_in("ra.duty_officer").post(press, {}, 404)
    for _ in range(2):
        told.post(press, {}, 303)
    db.session.rollback()
    assert finding_store.of_case(child.case_id, by=vatra).opening is None  # type: ignore[union-attr]
    assert "I did not assess what was written down" in writer.get(f"/cases/{child.case_id}/best-interests?lang=en")
    assert told.get("/?lang=en").count("You said that you did not") == 1
    assert len(finding_rows.entries(child.case_id)) == 4
    factories.later(days=14)
    assert "wrote down that you" not in sign_in("child_protection.case_worker").get("/?lang=en")


def test_who_assessed_and_wrote_it_down_is_named_once(vatra: Actor, sign_in: SignIn) -> None:
    child = admitted(vatra, CHILD)
    by = factories.actor(SERVICE)
    findings.record(
        case_id=child.case_id,
        found={Assessment.RISK: Found.SAFE},
        on=days.today(),
        assessor=db.session.get_one(Member, by.member_id).name,
        household="The aunt in Fier",
        where="Seen at home",
        by=by,
    )
    assert "written down by" not in sign_in(SERVICE).get(f"/cases/{child.case_id}/best-interests?lang=en")
