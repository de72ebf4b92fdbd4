"""Who is one hand with somebody suspended, or new at the duty desk, decides nothing for them; they read it before.

Each test is a walk of somebody hostile on the pages (ADR 0163).
"""

from __future__ import annotations

import pytest
from flask import Flask

from tests import factories
from tests.conftest import Person
from tests.integration.accounts.test_dies_with_its_asker import ANA, BESA, DESK, act, suspended
from tests.integration.accounts.test_invitations import member, one_more
from tests.integration.accounts.test_second_hands import EVERYTHING, MANAGER, WORKER, opened

LIRA = "ra.lira"
SUSPECTED = {"reason": "suspected"}


def suspend(who: Person, login: str) -> str:
    """The address of the suspension."""
    return who.post(f"/members/{member(login).id}/suspend", {"reason": "misuse"})


@pytest.mark.slow
def test_who_let_the_suspended_in_ends_no_suspension_and_decides_no_end_of_theirs(app: Flask) -> None:
    factories.later()
    one_more(ANA, WORKER)
    manager, worker, desk = (Person(app.test_client(), login) for login in (MANAGER, WORKER, DESK))
    stopped = suspend(manager, ANA)
    page = worker.get(f"{stopped}?lang=en")
    assert "You are one hand with the suspended person" in page
    assert f"{stopped}/end" not in page
    assert "one hand with the suspended person" in worker.post(f"{stopped}/end?lang=en", status=409)
    assert suspended(ANA)
    # Neither does the manager of who is here for longer end the account with that hand, nor is it declined by it.
    factories.later(days=15)
    one_more(BESA, MANAGER)
    manager, worker, desk = (Person(app.test_client(), login) for login in (MANAGER, WORKER, DESK))
    ended = manager.post(f"/members/{member(ANA).id}/disable", SUSPECTED)
    assert "So you neither agree nor decline" in worker.get(f"{ended}?lang=en")
    worker.post(f"{ended}/decline", status=409)
    worker.post(f"{ended}/agree", {"sure": "y"}, 409)
    assert act(ended).status == "asked"
    assert ended in desk.get("/")
    assert f"{ended}/agree" in desk.get(ended)
    desk.post(f"{ended}/agree", {"sure": "y"})
    assert member(ANA).status == "disabled"
    # A newcomer is ended alone, suspended before or not; and who suspended takes that back themselves.
    one_more("vatra.new", WORKER)
    stopped = suspend(manager, "vatra.new")
    manager.post(f"{stopped}/end")
    assert not suspended("vatra.new")
    manager.post(f"/members/{member('vatra.new').id}/disable", SUSPECTED)
    assert member("vatra.new").status == "disabled"


@pytest.mark.slow
def test_a_duty_officer_of_one_minute_ends_and_gives_back_nothing_of_another_house(app: Flask) -> None:
    factories.later()
    one_more(LIRA, DESK)
    (case_id,) = opened(1)
    lira, desk, manager, worker = (Person(app.test_client(), login) for login in (LIRA, DESK, MANAGER, WORKER))
    parked = worker.post(f"/cases/{case_id}/consents/withdraw", dict(EVERYTHING))
    assert act(parked).status == "parked"
    ended = worker.post(f"/members/{member(MANAGER).id}/disable", SUSPECTED)
    assert "Give it back" not in lira.get(f"{parked}?lang=en")
    back = {"why": "mistake", "spoke": "holder"}
    lira.post(f"{ended}/decline", status=409)
    assert act(ended).status == "asked"
    stopped = suspend(manager, WORKER)
    page = lira.get(f"{stopped}?lang=en")
    assert "at the duty desk for less than 14 days" in page
    assert f"{stopped}/end" not in page
    assert "at the duty desk for less than 14 days" in lira.post(f"{stopped}/end?lang=en", status=409)
    assert "at the duty desk for less than 14 days" in lira.post(f"{parked}/undo?lang=en", back, 409)
    assert act(parked).status == "parked"
    desk.post(f"{stopped}/end")
    assert not suspended(WORKER)
    desk.post(f"{parked}/undo", back)
    assert act(parked).status == "declined"
