"""A case that is closed to everybody says so wherever its shelter reads of it, and asks for nothing that is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from nrm.actions.accounts import second_hands
from nrm.db import transaction
from nrm.models.shelter.consents import Consent
from nrm.store import days
from tests import factories
from tests.client import Person
from tests.integration.accounts.test_second_hands import MANAGER, WORKER, code, opened, waits

AGAIN, ASKS = "ask for consent again", "Ask the person again"


@pytest.mark.slow
def test_nobody_is_told_to_ask_again_while_everything_is_taken_back(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    [case_id] = opened(1)
    with transaction() as session:
        soon = days.today() + timedelta(days=3)
        session.execute(update(Consent).where(Consent.case_id == case_id).values(due_on=soon))
    worker, page = sign_in(WORKER), f"/cases/{case_id}"
    assert AGAIN in worker.get("/to-do?lang=en")
    assert ASKS in worker.get(page)
    act_id = waits(factories.actor(WORKER), case_id)
    for address in ("/", "/to-do", "/cases"):
        assert AGAIN not in worker.get(address), address
    assert code(case_id) in worker.get("/cases")
    shown = worker.get(page)
    assert "<dt>Status:</dt> <dd>closed to everybody</dd>" in shown
    assert "<dt>Consent:</dt> <dd>taken back</dd>" in shown
    assert ASKS not in shown
    asked = worker.get(f"{page}/consents")
    assert f"{page}/consents/ask" not in asked
    assert f"{page}/consents/link" not in asked
    assert "ask again" not in asked
    second_hands.undo(act_id=act_id, by=factories.actor(MANAGER))
    assert AGAIN in worker.get("/to-do")
    assert "<dt>Consent:</dt> <dd>given</dd>" in worker.get(page)


def test_what_is_refused_is_refused_before_a_form_is_shown(app: Flask, sign_in: Callable[[str], Person]) -> None:
    [case_id] = opened(1)
    worker, page = sign_in(WORKER), f"/cases/{case_id}"
    worker.get("/?lang=en")
    waits(factories.actor(WORKER), case_id)
    for address in ("consents/ask", "consents/link", "share", "write/care", "open/story", "open/identity"):
        assert "This case is closed to everybody" in worker.get(f"{page}/{address}", 409), address


def test_what_is_kept_for_the_days_of_the_stay_opens_and_the_page_says_why(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    [case_id] = opened(1)
    worker, page = sign_in(WORKER), f"/cases/{case_id}"
    worker.get("/?lang=en")
    waits(factories.actor(WORKER), case_id)
    shown = worker.get(page)
    assert "Nobody opens this case, but for what is kept under “Under seal” below." in shown
    assert re.findall(rf'href="{page}/open/(\w+)"', shown) == ["hand_over"]
    assert "which the law or the person’s stay needs" in shown
    assert "Write down the first talk" not in shown
    worker.get(f"{page}/open/hand_over")
    assert worker.post(f"{page}/open", {"compartment": "hand_over", "purpose": "admission"})
