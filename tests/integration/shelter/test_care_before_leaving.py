"""Until the person leaves, the shelter in which she sleeps has what it needs tonight: plan, medication, hearings."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from forms.support.plans import GOES_ON
from nrm.actions.referrals import referrals
from nrm.actions.shelter import house_labels
from nrm.actions.support import hearings, plans
from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.support.hearings import Hearing
from nrm.domain.support.plans import At, StepEnd
from nrm.store import days
from nrm.store.shelter import cases as case_store
from nrm.store.support import hearings as hearing_store
from nrm.store.support import plans as store
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.integration.shelter.test_transfers import IOM, NRC, VATRA, Move

SignIn = Callable[[str], Person]
PILL, COURT = "Insulin 10 IE", "serious_crimes"


@pytest.fixture(autouse=True)
def instance(app: Flask) -> Flask:
    return app


def weekday() -> int:
    """Days from now to the next day that is no weekend."""
    return next(each for each in range(1, 4) if (days.today() + timedelta(days=each)).weekday() < 5)


def medicine(case_id: uuid.UUID, move: Move) -> None:
    plans.add_medication(
        case_id=case_id, text=PILL, hours="", at=[At.EVENING], from_on=days.today(), until_on=None, by=move.vatra
    )


def heard(move: Move) -> uuid.UUID:
    on = days.today() + timedelta(days=weekday())
    return hearings.announce(
        person=hearing_store.of_case(move.case_id, by=move.vatra), hearing=Hearing(COURT, on, ()), by=move.vatra
    )


@pytest.mark.slow
def test_who_waits_for_the_move_is_given_the_medicine_of_tonight_where_she_sleeps(sign_in: SignIn) -> None:
    move = Move()
    medicine(move.case_id, move)
    move.accept()
    plan, case = f"/cases/{move.case_id}/plan?lang=en", f"/cases/{move.case_id}?lang=en"
    vatra, nrc, stranger = sign_in(VATRA), sign_in(NRC), sign_in(IOM)
    assert "/plan" in vatra.get(case)
    vatra.get(plan)
    vatra.post("/shifts/duty", {})
    for page in (plan, "/day?lang=en"):
        assert PILL in vatra.get(page), page
    form: dict[str, object] = {"text": "Paracetamol", "at": ["evening"], "since": "today", "until": GOES_ON}
    vatra.get(f"/cases/{move.case_id}/plan/medication")
    vatra.post(f"/cases/{move.case_id}/plan/medication", form)
    assert "Paracetamol" in vatra.get("/day?lang=en")
    nrc.post(f"/cases/{move.case_id}/open", {"compartment": "care", "purpose": "care"})
    assert all(each in nrc.get(plan) for each in (PILL, "Paracetamol"))
    stranger.get(plan, 404)
    stranger.get(f"/cases/{move.case_id}/plan/medication", 404)
    stranger.post(f"/cases/{move.case_id}/plan/medication", form, 404)
    referrals.arrive(referral_id=move.referral_id, by=move.nrc)
    vatra.get(plan, 404)
    vatra.post(f"/cases/{move.case_id}/plan/medication", form, 404)
    assert PILL not in vatra.get("/day?lang=en")


def test_who_waits_for_the_move_has_her_hearing_where_she_sleeps(sign_in: SignIn) -> None:
    move = Move().accept()
    page = f"/cases/{move.case_id}/hearings?lang=en"
    vatra = sign_in(VATRA)
    vatra.get(page)  # nobody wrote anything legal yet
    heard(move)
    assert vatra.get(page).count(COURT) >= 1
    assert f'href="/cases/{move.case_id}/hearings"' in vatra.get("/to-do?lang=en")
    sign_in(NRC).get(page)
    sign_in(IOM).get(page, 404)
    referrals.arrive(referral_id=move.referral_id, by=move.nrc)
    vatra.get(page, 404)
    with pytest.raises(NotVisible):
        heard(move)


def test_a_step_of_her_plan_is_done_where_she_sleeps_and_nowhere_else() -> None:
    move = Move()
    assert move.vatra.member_id is not None
    step = plans.add_step(
        case_id=move.case_id, text="x", hour="", due_on=days.today(), owner_id=move.vatra.member_id, by=move.vatra
    )
    move.accept()
    assert [each.id for each in store.due(by=move.vatra, until=days.today())] == [step]
    with pytest.raises(NotVisible):
        plans.finish(step_id=step, end=StepEnd.DONE, by=factories.actor(IOM))
    plans.finish(step_id=step, end=StepEnd.DONE, by=move.vatra)
    move.depart()
    with pytest.raises(NotVisible):
        plans.undo(step_id=step, by=move.vatra)


def test_after_seven_days_nothing_of_the_plan_opens_until_somebody_says_what_happened(sign_in: SignIn) -> None:
    move = Move()
    medicine(move.case_id, move)
    move.accept()
    move.later(days=7)
    vatra = sign_in(VATRA)
    vatra.post("/shifts/duty", {})
    assert PILL not in vatra.get("/day?lang=en")
    vatra.get(f"/cases/{move.case_id}/plan", 409)


def test_a_label_of_the_house_opens_nothing_of_who_is_to_be_safe_from_it() -> None:
    move = Move(people.NOT_SAFE)
    house_labels.write(case_id=move.case_id, nickname="Mira", room="3", by=move.vatra)
    move.accept()
    with pytest.raises(NotVisible):
        case_store.case(move.case_id, by=move.vatra)
    with pytest.raises(NotVisible):
        medicine(move.case_id, move)
    with pytest.raises(NotVisible):
        hearing_store.of_case(move.case_id, by=move.vatra)
