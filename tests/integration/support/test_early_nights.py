"""Nights of before a stay was entered: one member's word about many of them is paid for by nobody (ADR 0182)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.shelter import corrections, direct_intake
from nrm.actions.support import early_nights
from nrm.db import db, transaction
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.stays import Source
from nrm.domain.support.early_nights import ENTERED_WITHIN, EarlyRefusal, EarlyRefused, counts_from
from nrm.models.shelter.stays import Stay
from nrm.models.support.subsidies import NightStatement
from nrm.store.shelter import places
from nrm.store.support import early_nights as store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import ALBANIAN, admitted
from tests.integration.support.test_subsidies import Q2, Q3, freeze, line, on

SignIn = Callable[[str], Person]
MANAGER, WORKER = "vatra.shelter_manager", "vatra.case_worker"


def test_nights_of_two_weeks_before_count_and_who_was_sent_by_another_organisation_is_no_question() -> None:
    entered = date(2026, 11, 29)
    assert counts_from(entered - ENTERED_WITHIN, entered, referred=False) is None
    assert counts_from(date(2026, 7, 2), entered, referred=False) == entered - ENTERED_WITHIN
    assert counts_from(date(2026, 7, 2), entered, referred=True) is None
    # A correction adds nothing to what counted before, and takes nothing of it.
    assert counts_from(date(2026, 5, 1), entered, referred=False, counted=date(2026, 7, 2)) == date(2026, 7, 2)
    assert counts_from(date(2026, 8, 1), entered, referred=False, counted=date(2026, 7, 2)) is None


@pytest.mark.slow
def test_nights_that_one_member_typed_are_paid_once_another_has_confirmed_them(app: Flask, sign_in: SignIn) -> None:
    assert app
    by = on(date(2026, 4, 1))
    for _ in range(5):
        admitted(by)
    by = on(date(2026, 7, 10))
    freeze(Q2)
    before = line(Q2, by).base.nights
    on(date(2026, 9, 1))
    worker = factories.actor(WORKER)
    there = direct_intake.open_case(
        case=dataclasses.replace(ALBANIAN, source=Source.ALREADY_THERE),
        place_id=places.free_places(by=worker)[0][0],
        admitted_on=date(2026, 5, 1),
        anticipated_end_on=date(2026, 12, 1),
        by=worker,
    )
    short = admitted(worker, days_ago=6)  # a few days before are nobody's question
    assert [each.stay_id for each in store.waiting(by=worker)] == [there.stay_id]
    stay = db.session.get_one(Stay, there.stay_id)
    assert stay.counts_from == date(2026, 8, 18)
    # Who typed them does not confirm them; corrected to a still earlier day, nothing more counts.
    with pytest.raises(EarlyRefused) as refused:
        early_nights.confirm(stay_id=there.stay_id, seen=date(2026, 5, 1), by=worker)
    assert refused.value.reason is EarlyRefusal.OWN
    corrections.correct_admission(stay_id=there.stay_id, admitted_on=date(2026, 4, 2), why=Why.MISTYPED, by=worker)
    corrections.correct_admission(stay_id=short.stay_id, admitted_on=date(2026, 8, 2), why=Why.MISTYPED, by=worker)
    assert {each.stay_id: each.counts_from for each in store.waiting(by=worker)} == {
        there.stay_id: date(2026, 8, 18),
        short.stay_id: date(2026, 8, 18),
    }
    page = f"/stays/{there.stay_id}/early-nights"
    own = sign_in(WORKER)
    assert page not in own.get("/tasks")
    own.post(page, {"sure": "y", "seen": "2026-04-02"}, 409)
    by = on(date(2026, 10, 10))
    freeze(Q3)
    nights = 5 * 92 + 2 * (date(2026, 10, 1) - date(2026, 8, 18)).days
    found = line(Q3, by)
    assert (found.base.nights, found.base.earlier, found.base.paid) == (nights, 0, nights)
    # The manager reads under the nights that she signs which do not count, and has them among her tasks.
    # (Members of a test were let in today, and are second hands two weeks later.)
    clock.set_clock(lambda: datetime.now(UTC) + timedelta(days=30))
    by, manager = factories.actor(MANAGER), sign_in(MANAGER)
    assert page in manager.get("/tasks")
    signed = manager.get("/payment/2026Q3/sign?lang=en")
    assert "Nights of before the case was opened" in signed
    assert page in signed
    manager.post(page, {"seen": "2026-04-02"}, 422)
    manager.post(page, {"sure": "y", "seen": "2026-05-01"}, 409)
    manager.post(page, {"sure": "y", "seen": "x"}, 409)
    assert f"/stays/{there.stay_id}/correct/admission" in manager.get(page)
    to = manager.post(page, {"sure": "y", "seen": "2026-04-02"})
    said = "confirmed the nights of before the case was opened on"
    shown = manager.get(f"{to}&lang=en")
    assert "The nights are confirmed" in shown
    assert said in shown
    # Pressed again, or read again, it says so; the manager alone takes it back, and they wait as they did.
    for again in (manager.post(f"{page}?lang=en", {"sure": "y", "seen": "2026-04-02"}, 409), manager.get(page)):
        assert f"{page}/take-back" in again
    own = sign_in(WORKER)
    assert "the manager can take this back" in own.get(f"{page}?lang=en")
    own.post(f"{page}/take-back", status=403)
    sign_in("tjeter_vizion.shelter_manager").post(f"{page}/take-back", status=404)
    manager.post(f"{page}/take-back")
    manager.post(f"{page}/take-back", status=404)
    assert {each.stay_id: each.counts_from for each in store.waiting(by=by)}[there.stay_id] == date(2026, 8, 18)
    assert said not in manager.get(f"/stays/{there.stay_id}?lang=en")
    with pytest.raises(EarlyRefused) as refused:
        early_nights.confirm(stay_id=there.stay_id, seen=date(2026, 4, 2), by=factories.actor(WORKER))
    assert refused.value.reason is EarlyRefusal.OWN
    manager.post(page, {"sure": "y", "seen": "2026-04-02"})
    assert [each.stay_id for each in store.waiting(by=by)] == [short.stay_id]
    sign_in("tjeter_vizion.shelter_manager").get(f"/stays/{short.stay_id}/early-nights", 404)
    freeze(Q3.next)
    found = line(Q3.next, by)
    # What was confirmed comes as nights of earlier quarters, what was not never.
    assert found.base.earlier == (date(2026, 8, 18) - date(2026, 4, 2)).days
    assert before == 5 * 91
    # Once a quarter is signed, what it is paid by stays.
    with transaction() as session:
        signed_by = {"signer_id": by.member_id, "signed_at": clock.now() + timedelta(minutes=1), "content": b"x"}
        session.add(NightStatement(organisation_id=by.organisation_id, quarter=str(Q3), position=1, **signed_by))
    assert "that they are confirmed stays" in manager.get(f"{page}?lang=en")
    assert "A quarter was signed since" in manager.post(f"{page}/take-back?lang=en", status=409)
