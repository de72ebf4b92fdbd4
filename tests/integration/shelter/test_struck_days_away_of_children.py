"""Days away of a child that its house strikes wait for the child authority to see them (ADR 0241)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from nrm.actions.shelter import away
from nrm.audit import Event
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.corrections import Why
from nrm.store import days
from nrm.store.rows import entries
from nrm.store.shelter import away as store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import ALBANIAN, CHILD, admitted

SignIn = Callable[[str], Person]
HOUSE, SERVICE, DUTY = "vatra.shelter_manager", "child_protection.child_protection_officer", "ra.duty_officer"
TITLE, WAITS = "Children of whom a shelter says that they were not away", "We have seen it"
OTHERS = (HOUSE, "nrc.shelter_manager", "rinas.border_officer", "trp_unit.trp_officer")


@pytest.fixture
def house(app: Flask) -> Actor:
    assert app
    return factories.actor(HOUSE)


def gone(stay_id: uuid.UUID, house: Actor, in_days: int = -2) -> uuid.UUID:
    first = days.today() + timedelta(days=in_days)
    return away.record(stay_id=stay_id, since_on=first, expected_on=first + timedelta(days=4), reason="", by=house)


def told(page: str) -> str:
    return page.split(TITLE, 1)[1].split("</ul>", 1)[0]


@pytest.mark.slow
def test_struck_days_away_of_a_child_are_due_until_somebody_has_seen_them(house: Actor, sign_in: SignIn) -> None:
    child, adult = admitted(house, CHILD, days_ago=6), admitted(house, ALBANIAN, days_ago=6)
    gone_child, gone_adult = gone(child.stay_id, house), gone(adult.stay_id, house)
    assert child.pseudonym in sign_in(SERVICE).get("/?lang=en").partition("Children who are away")[2]
    for each in (gone_child, gone_adult):
        away.strike(away_id=each, why=Why.OTHER_PERSON, by=house)
    page = sign_in(SERVICE).get("/?lang=en")
    part = told(page)
    assert child.pseudonym in part
    assert "It was about another person" in part
    for word in (adult.pseudonym, "Vatra", "VATRA", HOUSE):
        assert word not in part
    assert page.index(TITLE) < page.index("What waits for you")  # with what is due first
    assert TITLE not in sign_in(DUTY).get("/?lang=en")
    seen = f"/children/away/{gone_child}/seen"
    for login in OTHERS:
        assert TITLE not in sign_in(login).get("/?lang=en")
        assert store.struck_of_children(by=factories.actor(login)) == []
    factories.later(days=1)
    part = told(sign_in(DUTY).get("/?lang=en"))
    assert "Child protection has not said that it has seen this" in part
    assert child.pseudonym in part
    assert "/seen" not in part
    for login in (*OTHERS, DUTY):
        sign_in(login).post(seen, status=404)
    sign_in("molsa.statistician").post(seen, status=403)
    service = sign_in(SERVICE)
    for nothing in (gone_adult, uuid.uuid4()):
        service.post(f"/children/away/{nothing}/seen", status=404)
    for _ in range(2):  # a double press is one
        assert service.post(seen) == "/"
    assert len(list(entries.since(entries.EVER, Event.CHILD_STRIKE_SEEN))) == 1
    assert TITLE not in sign_in(DUTY).get("/?lang=en")
    page = sign_in("child_protection.case_worker").get("/?lang=en")
    assert "Seen on" in told(page)
    assert WAITS not in told(page)
    factories.later(days=14)
    assert TITLE not in sign_in(SERVICE).get("/?lang=en")


def test_what_nobody_has_seen_waits_for_a_month_and_days_that_had_not_come_wait_for_nobody(house: Actor) -> None:
    child = admitted(house, CHILD, days_ago=6)
    away.strike(away_id=gone(child.stay_id, house, in_days=2), why=Why.MISTYPED, by=house)
    assert store.struck_of_children(by=factories.actor(SERVICE)) == []
    away.strike(away_id=gone(child.stay_id, house), why=Why.MISTYPED, by=house)
    assert len(store.struck_of_children(by=factories.actor(SERVICE))) == 1
    factories.later(days=29)
    assert len(store.struck_of_children(by=factories.actor(SERVICE))) == 1
    assert len(store.struck_of_children(by=factories.actor(DUTY))) == 1
    factories.later(days=2)
    assert store.struck_of_children(by=factories.actor(SERVICE)) == []
