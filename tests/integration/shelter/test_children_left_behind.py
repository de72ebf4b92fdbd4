"""Children who came along with a parent: whoever ends the stay of somebody in the house is asked for them first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.models.shelter.stays import Stay
from tests import factories
from tests.conftest import Person
from tests.factories_stays import admitted
from tests.integration.shelter.test_dependants import LITTLE, child_of

SignIn = Callable[[str], Person]
HERE = "Children who came along with a parent stay here:"
TICK = 'name="children_seen"'
FIRST = "Look whether a child of this person stays here, and tick the box; else nothing is done"
END = {"ended": "today", "reason": "no_longer_needs_support", "destination": "own_home", "country": "home"}


@pytest.fixture
def vatra(app: Flask) -> Actor:
    return factories.actor("vatra.case_worker")


def is_over(stay_id: object) -> bool:
    db.session.rollback()
    return db.session.get_one(Stay, stay_id).ended_on is not None


@pytest.mark.slow
def test_an_end_stops_at_the_children_who_came_along_and_the_result_lists_them(sign_in: SignIn, vatra: Actor) -> None:
    mother = admitted(vatra)
    child = child_of(mother, vatra)
    worker = sign_in("vatra.case_worker")
    address = f"/stays/{mother.stay_id}/end?lang=en"
    asked = worker.post(address, {**END, "step": "2"}, 200)
    assert HERE in asked
    assert f'href="/stays/{child.stay_id}"' in asked
    assert TICK in asked
    assert FIRST in worker.post(address, {**END, "step": "3"}, 422)
    assert not is_over(mother.stay_id)
    after = worker.post(address, {**END, "step": "3", "children_seen": "y"})
    assert is_over(mother.stay_id)
    done = worker.get(f"{after}&lang=en")
    assert "Left to do" in done
    for link in (f"/stays/{child.stay_id}/end", f"/cases/{child.case_id}/key-worker"):
        assert f'href="{link}"' in done
    # Whoever looks at it later, or comes by the address alone, reads nothing of who else lives here.
    assert child.pseudonym not in worker.get(f"/stays/{mother.stay_id}?lang=en")


def test_who_left_alone_or_died_is_recorded_after_the_same_question(sign_in: SignIn, vatra: Actor) -> None:
    mother = admitted(vatra)
    child_of(mother, vatra)
    worker = sign_in("vatra.case_worker")
    for way, typed in (
        ("left", {"left": "today", "destination": "own_home", "country": "home"}),
        ("died", {"died": "today"}),
    ):
        address = f"/stays/{mother.stay_id}/{way}?lang=en"
        assert TICK in worker.get(address), way
        assert FIRST in worker.post(address, typed, 422), way
    assert HERE in worker.get(f"/cases/{mother.case_id}/missing?lang=en")
    assert worker.post(address, {"died": "today", "children_seen": "y"}).startswith("/left/")


def test_of_a_child_itself_or_in_a_house_without_such_a_child_nothing_is_asked(sign_in: SignIn, vatra: Actor) -> None:
    mother = admitted(vatra)
    worker = sign_in("vatra.case_worker")
    assert TICK not in worker.post(f"/stays/{mother.stay_id}/end?lang=en", {**END, "step": "2"}, 200)
    elsewhere = factories.actor("tjeter_vizion.case_worker")
    strange = child_of(admitted(elsewhere), elsewhere)
    assert TICK not in worker.get(f"/stays/{mother.stay_id}/died?lang=en")
    assert strange.pseudonym not in worker.get(f"/cases/{mother.case_id}/missing?lang=en")
    child = admitted(vatra, LITTLE, came_with=mother.case_id)
    child_of(mother, vatra)
    assert TICK not in worker.get(f"/stays/{child.stay_id}/died?lang=en")


def test_moving_on_asks_for_the_children_too(sign_in: SignIn, vatra: Actor) -> None:
    mother = admitted(vatra)
    child_of(mother, vatra)
    worker = sign_in("vatra.case_worker")
    address = f"/cases/{mother.case_id}/refer?lang=en"
    shown = worker.get(address)
    assert HERE in shown
    assert TICK in shown
    assert FIRST in worker.post(address, {}, 422)
