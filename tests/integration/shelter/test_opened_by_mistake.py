"""A case that was opened twice, or for nobody, counts nowhere (ADR 0182)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from nrm.actions.shelter import corrections
from nrm.db import db
from nrm.domain.shelter.corrections import CorrectionRefusal, CorrectionRefused, Why
from nrm.models.shelter.stays import Stay
from nrm.store.shelter import places
from tests import factories
from tests.conftest import Person
from tests.factories_stays import admitted

SignIn = Callable[[str], Person]
MANAGER, WORKER = "vatra.shelter_manager", "vatra.case_worker"


@pytest.mark.slow
def test_within_a_day_who_entered_it_strikes_it_and_later_another_member(app: Flask, sign_in: SignIn) -> None:
    assert app
    by = factories.actor(WORKER)
    free = len(places.free_places(by=by))
    twice, nobody, somebody = admitted(by), admitted(by), admitted(by)
    worker = sign_in(WORKER)
    assert f"/stays/{twice.stay_id}/mistake" in worker.get(f"/stays/{twice.stay_id}")
    worker.post(f"/stays/{twice.stay_id}/mistake", {}, 422)
    sign_in("tjeter_vizion.case_worker").get(f"/stays/{twice.stay_id}/mistake", 404)
    worker.post(f"/stays/{twice.stay_id}/mistake", {"why": "other_person"})
    worker.post(f"/stays/{twice.stay_id}/mistake", {"why": "other_person"}, 409)
    worker.get(f"/stays/{twice.stay_id}/mistake", 409)
    factories.later(days=2)
    by = factories.actor(WORKER)
    with pytest.raises(CorrectionRefused) as refused:
        corrections.opened_by_mistake(stay_id=nobody.stay_id, why=Why.OTHER_PERSON, by=by)
    assert refused.value.reason is CorrectionRefusal.ANOTHER
    assert "another member of your house" in sign_in(WORKER).post(
        f"/stays/{nobody.stay_id}/mistake?lang=en", {"why": "other_person"}, 409
    )
    corrections.opened_by_mistake(stay_id=nobody.stay_id, why=Why.OTHER_PERSON, by=factories.actor(MANAGER))
    db.session.rollback()
    for each in (twice, nobody):
        stay = db.session.get_one(Stay, each.stay_id, populate_existing=True)
        assert (stay.exit_reason, stay.ended_on, stay.counts_from) == ("entered_by_mistake", stay.admitted_on, None)
        assert stay.taken_back_on is not None
    assert len(places.free_places(by=factories.actor(MANAGER))) == free - 1
    # The way to erase it is open.
    assert "End the stay first" not in sign_in(MANAGER).get(f"/cases/{nobody.case_id}/erase?lang=en")
    # Nobody lived there for a month by mistake: no press takes those nights away.
    factories.later(days=30)
    answer = sign_in(MANAGER).post(f"/stays/{somebody.stay_id}/mistake?lang=en", {"why": "other_person"}, 409)
    assert "opened more than a month ago" in answer
    sign_in(MANAGER).get(f"/stays/{somebody.stay_id}/mistake", 409)
    assert "/mistake" not in sign_in(MANAGER).get(f"/stays/{somebody.stay_id}")
