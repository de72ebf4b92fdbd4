"""A person who did not come back: an alarm that stands until she is found or it is ended, and no way out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from nrm.domain.accounts import Actor
from nrm.store import stays as store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import admitted

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
