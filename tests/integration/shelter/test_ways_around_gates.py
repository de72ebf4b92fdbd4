"""Ways around the gates for a person who has a shelter's account: death, erasing, taking back, and being missing."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import clock
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import absences, cases, consents, erasures, stays
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.absences import AbsenceRefused, Feared
from nrm.domain.shelter.consents import EVERYTHING, ConsentRefused
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import consents as consent_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.store import days as calendar
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import HAND_OVER, bed
from tests.factories_stays import CHILD, MOLDOVAN, admitted, may_go

SignIn = Callable[[str], Person]
DIED: dict[str, object] = {"died": "today"}


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


def _stay(stay_id: uuid.UUID) -> Stay:
    db.session.rollback()
    return db.session.get_one(Stay, stay_id)


@pytest.mark.parametrize("case", [CHILD, MOLDOVAN])
def test_the_form_of_one_member_takes_no_death_and_leads_to_the_page_of_two(
    vatra: Actor, sign_in: SignIn, case: object
) -> None:
    opened = admitted(vatra, case)  # type: ignore[arg-type]
    person = sign_in("vatra.case_worker")
    address = f"/stays/{opened.stay_id}/end?lang=en"
    assert 'value="died"' not in person.get(address)
    page = person.post(address, {"ended": "today", "reason": "died", "destination": "none"}, 422)
    assert f"/stays/{opened.stay_id}/died" in page
    assert "Two members record a death" in page
    with pytest.raises(ImpossibleStay, match="died"):
        stays.end(
            stay_id=opened.stay_id,
            ended_on=calendar.today(),
            exit_reason=ExitReason.DIED,
            destination=Destination.NONE,
            by=vatra,
        )
    assert _stay(opened.stay_id).ended_on is None


@pytest.mark.slow
@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_a_death_of_a_child_is_told_at_once_and_said_by_two(vatra: Actor, sign_in: SignIn, age_class: str) -> None:
    opened = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class), days_ago=3)
    first, second = sign_in("vatra.case_worker"), sign_in("vatra.shelter_manager")
    desk, authority = sign_in("ra.duty_officer"), sign_in("child_protection.child_protection_officer")
    address = f"/stays/{opened.stay_id}/died"
    for wrong, said in (
        ({"died": ""}, "Choose today or another day"),
        (
            {"died": "other", "died_day-day": "1", "died_day-month": "1", "died_day-year": "2999"},
            "Enter a day that is not in the future",
        ),
        (
            {"died": "other", "died_day-day": "1", "died_day-month": "1", "died_day-year": "2020"},
            "Enter a day that is not before the admission",
        ),
    ):
        assert said in first.post(f"{address}?lang=en", {**DIED, **wrong}, 422), wrong
    record = first.post(address, DIED)
    first.post(address, DIED, 409)
    assert "whoever recorded it cannot" in first.get(f"{record}?lang=en")
    first.post(f"{record}/confirm", {}, 409)
    assert _stay(opened.stay_id).ended_on is None
    for reader in (desk, authority):
        page = reader.get("/?lang=en")
        section = page[page.index("<h2>Died</h2>") :].split("</table>")[0]
        assert opened.pseudonym in section
        assert ("Vatra" in section) is (reader is desk)
    for login in ("nrc.case_worker", "nrc.shelter_manager"):
        stranger = sign_in(login)
        stranger.get(record, 404)
        stranger.get(address, 404)
        stranger.post(address, DIED, 404)
        for act in ("confirm", "back", "known"):
            stranger.post(f"{record}/{act}", {}, 404)
    assert opened.pseudonym in second.get("/")
    second.post(f"{record}/confirm", {})
    second.post(f"{record}/confirm", {}, 409)
    row = _stay(opened.stay_id)
    assert (row.exit_reason, row.destination, row.repatriation_gate, row.child_gate) == ("died", "none", "died", "died")
    assert None is not row.left_recorded_by_id != row.left_confirmed_by_id is not None
    for reader in (desk, authority):
        reader.post(f"{record}/known", {})
        assert "<h2>Died</h2>" not in reader.get("/?lang=en")
    db.session.rollback()
    events = db.session.scalars(select(AuditEntry.event).where(AuditEntry.event.like("death_%"))).all()
    assert events == ["death_recorded", "death_confirmed", "death_known", "death_known"]
    cases.close(case_id=opened.case_id, by=vatra)


def test_a_death_of_an_adult_is_told_to_the_duty_desk_alone(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, MOLDOVAN)
    record = sign_in("vatra.case_worker").post(f"/stays/{opened.stay_id}/died", DIED)
    assert "<h2>Died</h2>" in sign_in("ra.duty_officer").get("/?lang=en")
    authority = sign_in("child_protection.child_protection_officer")
    assert "<h2>Died</h2>" not in authority.get("/?lang=en")
    authority.post(f"{record}/known", {}, 404)
    sign_in("vatra.shelter_manager").post(f"{record}/back", {})
    assert "<h2>Died</h2>" not in sign_in("ra.duty_officer").get("/?lang=en")
    assert _stay(opened.stay_id).ended_on is None


@pytest.mark.parametrize("database", ["app", "postgres_app"])
def test_no_row_says_that_somebody_died_unless_two_say_so(database: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(database)
    by, other = factories.actor("vatra.shelter_manager"), factories.actor("vatra.case_worker")
    opened = admitted(by, CHILD)
    values = {"ended_on": calendar.today(), "exit_reason": "died", "destination": "none", "child_gate": "died"}
    one = {"left_recorded_by_id": by.member_id, "left_confirmed_by_id": by.member_id}
    for broken in ({}, {"repatriation_gate": "died"}, {"repatriation_gate": "died", **one}):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(update(Stay).where(Stay.id == opened.stay_id).values(**values, **broken))
    two = {**one, "left_confirmed_by_id": other.member_id, "repatriation_gate": "died"}
    with transaction() as session:
        session.execute(update(Stay).where(Stay.id == opened.stay_id).values(**values, **two))


def _handed_over(vatra: Actor, age_class: str) -> tuple[uuid.UUID, Actor]:
    """A child that another shelter took over and gave no bed yet: (case, that shelter's manager)."""
    opened = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class))
    tjeter = factories.actor("tjeter_vizion.shelter_manager")
    referral_id = next_receiver.refer(
        case_id=opened.case_id,
        receiver_id=tjeter.organisation_id,
        reason=OverrideReason.SAFETY,
        hand_over=HAND_OVER,
        by=vatra,
    )
    referrals.accept(referral_id=referral_id, place_id=bed("TJETER_VIZION"), by=tjeter)
    referrals.arrive(referral_id=referral_id, by=tjeter)
    return opened.case_id, tjeter


def _sealed(case_id: uuid.UUID) -> int:
    db.session.rollback()
    return len(
        db.session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)).all()
    )


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_a_childs_case_is_not_closed_by_erasing_it(vatra: Actor, sign_in: SignIn, age_class: str) -> None:
    case_id, tjeter = _handed_over(vatra, age_class)
    before = _sealed(case_id)
    page = sign_in("tjeter_vizion.shelter_manager").post(f"/cases/{case_id}/erase?lang=en", {"asked": "y"}, 409)
    assert "leaves only after the child protection service" in page
    assert (_sealed(case_id), db.session.get_one(Case, case_id).status) == (before, "open")
    with pytest.raises(GateClosed, match="assessments_missing"), transaction() as session:
        erasure_steps.erase_whole(session, case_id, tjeter)
    may_go(case_id)
    erasures.erase(case_id=case_id, by=tjeter)
    assert (_sealed(case_id), db.session.get_one(Case, case_id).status) == (0, "closed")


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_of_a_child_nothing_was_consented_to_that_could_be_taken_back_with_everything(
    vatra: Actor, sign_in: SignIn, age_class: str
) -> None:
    opened = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class))
    before = _sealed(opened.case_id)
    person = sign_in("vatra.case_worker")
    address = f"/cases/{opened.case_id}/consents/withdraw"
    assert "A child is not asked" in person.get(f"{address}?lang=en", 409)
    page = person.post(f"{address}?lang=en", {"what": "everything:", "told": "y"}, 409)
    assert "A child is not asked for consent" in page
    assert address not in person.get(f"/cases/{opened.case_id}/consents")
    with pytest.raises(ConsentRefused, match="child"):
        consents.withdraw(case_id=opened.case_id, what=EVERYTHING, by=vatra)
    with pytest.raises(ConsentRefused, match="child"), transaction() as session:
        consent_steps.take_back_everything(session, opened.case_id, vatra)
    assert _sealed(opened.case_id) == before != 0


def test_an_adult_takes_everything_back_and_is_still_told_of_the_permit_before_she_leaves(vatra: Actor) -> None:
    opened = admitted(vatra, MOLDOVAN)
    consents.withdraw(case_id=opened.case_id, what=EVERYTHING, by=vatra)
    row = _stay(opened.stay_id)
    assert (row.ended_on, db.session.get_one(Case, opened.case_id).status) == (None, "open")
    with pytest.raises(GateClosed, match="not_informed"):
        stays.end(
            stay_id=opened.stay_id,
            ended_on=calendar.today(),
            exit_reason=ExitReason.REPATRIATED,
            destination=Destination.COUNTRY_OF_CITIZENSHIP,
            by=vatra,
        )


def test_the_days_of_an_alarm_are_counted_from_the_day_it_was_raised(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, MOLDOVAN, days_ago=30)
    since = clock.now() - timedelta(days=25)
    missing_id = absences.report(case_id=opened.case_id, since=since, feared=Feared.NO, by=vatra)
    with pytest.raises(AbsenceRefused, match="too_early"):
        absences.end(missing_id=missing_id, by=vatra)
    sign_in("vatra.case_worker").post(f"/missing/{missing_id}/end", {}, 409)
    assert _stay(opened.stay_id).ended_on is None
    factories.later(days=2)
    sign_in("vatra.case_worker").post(f"/missing/{missing_id}/end", {})
    assert _stay(opened.stay_id).ended_on == since.date()
