"""Being counted is taken back at once; the particulars wait for another member, or for 14 days (ADR 0188)."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask

from nrm.actions import tending
from nrm.actions.accounts import suspensions
from nrm.actions.shelter import consents
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.suspensions import SuspensionReason
from nrm.domain.shelter.consents import KEPT_FOR, Answer, Asking, Said, Topic, UncountedRefusal, UncountedRefused
from nrm.models.shelter.cases import Case
from nrm.store.shelter import uncounted as store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import admitted

MANAGER, WORKER = "vatra.shelter_manager", "vatra.case_worker"


def facts(case_id: uuid.UUID) -> dict[str, object]:
    db.session.rollback()
    return db.session.get_one(Case, case_id, populate_existing=True).facts


def is_kept(case_id: uuid.UUID) -> bool:
    """Whether particulars are there; the person is counted in no case."""
    found = facts(case_id)
    assert found["statistics"] == "no"
    return len(found) > 1


def take_back(case_id: uuid.UUID, by: Actor) -> None:
    consents.withdraw(case_id=case_id, what=Topic.STATISTICS, by=by)


@pytest.mark.slow
def test_the_particulars_wait_for_another_member_from_the_first_person_on(app: Flask) -> None:
    by = factories.actor(WORKER)
    found = [admitted(by, bed=0).case_id for _ in range(4)]
    take_back(found[0], by)
    # Asking again and writing no is no way around it.
    no, yes = ([Answer(Topic.STATISTICS, said)] for said in (Said.REFUSED, Said.GIVEN))
    consents.ask(case_id=found[1], answers=no, asking=Asking("", "", ""), by=by)
    take_back(found[2], by)
    assert [is_kept(each) for each in found[:3]] == [True, True, True]
    page = f"/cases/{found[0]}/consents/uncounted"
    worker, manager = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    assert page not in worker.get("/tasks")
    shown = worker.get(f"{page}?lang=en")
    assert "Another member of your shelter decides" in shown
    assert f"/cases/{found[0]}/consents/ask" in shown
    worker.post(page, {"wish": "own"}, 409)
    assert page in manager.get("/tasks")
    assert page in manager.get(f"/cases/{found[0]}/consents")
    Person(app.test_client(), "tjeter_vizion.shelter_manager").get(page, 404)
    manager.post(page, {}, 422)
    manager.post(page, {"wish": "own"})
    manager.post(page, {"wish": "own"}, 409)
    assert not is_kept(found[0])
    manager.get(page, 404)
    # It was not her wish: she is counted as before.
    manager.post(f"/cases/{found[1]}/consents/uncounted", {"wish": "not"})
    assert facts(found[1])["statistics"] == "yes"
    assert len(facts(found[1])) > 1
    # Pressed by mistake, who wrote it asks again, and no time destroys anything then.
    consents.ask(case_id=found[2], answers=yes, asking=Asking("", "", ""), by=by)
    assert store.waiting(by=factories.actor(MANAGER)) == []
    # Without another word it is done in time.
    take_back(found[3], by)
    factories.later(days=KEPT_FOR.days - 1)
    tending.tend()
    assert is_kept(found[3])
    factories.later(days=1)
    tending.tend()
    assert not is_kept(found[3])
    assert facts(found[2])["statistics"] == "yes"
    assert len(facts(found[2])) > 1
    assert store.waiting(by=factories.actor(MANAGER)) == []


@pytest.mark.slow
def test_of_who_stopped_a_colleague_no_time_destroys_what_waits(app: Flask) -> None:
    assert app
    by = factories.actor(WORKER)
    found = admitted(by, bed=0).case_id
    take_back(found, by)
    factories.later(days=5)
    manager_id = factories.actor(MANAGER).member_id
    assert manager_id is not None
    suspensions.suspend(member_id=manager_id, reason=SuspensionReason.MISUSE, by=factories.actor(WORKER))
    factories.later(days=10)
    tending.tend()
    assert is_kept(found)
    with pytest.raises(UncountedRefused) as refused:
        consents.destroy_particulars(case_id=found, by=factories.actor(WORKER))
    assert refused.value.reason is UncountedRefusal.OWN
