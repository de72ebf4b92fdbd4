"""What one hand of the permit unit does to a permit is read by others (ADR 0263)."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions.shelter import permits
from nrm.db import db
from nrm.domain.shelter.permits import PermitEvent, PermitStatus
from nrm.domain.shelter.strikes import StrikeReason
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.stays import Stay
from nrm.store import days, permits_told
from nrm.store.shelter import permits as store
from tests import factories, factories_agreements
from tests.client import Person
from tests.integration.shelter.test_permit_entries import UNIT, applied, entry, issue, later
from tests.integration.shelter.test_permit_that_nobody_sees import MANAGER, WORKER, issued, name_of


def withdrawn(by_login: str = UNIT) -> uuid.UUID:
    """One officer alone makes a valid permit a withdrawn one, three weeks back."""
    case_id = applied(factories.actor(MANAGER))
    unit = factories.actor(by_login)
    later(30)
    issue(case_id, unit, until=days.today() + timedelta(days=300))
    permits.strike(entry_id=entry(case_id, PermitEvent.ISSUE), reason=StrikeReason.WRONG_PERSON, by=unit)
    early = days.today() - timedelta(days=21)
    permits.record(case_id=case_id, event=PermitEvent.WITHDRAW, on=early, by=unit)
    assert store.of_case(case_id, by=unit).status is PermitStatus.WITHDRAWN
    return case_id


@pytest.mark.slow
def test_who_struck_a_permit_and_withdrew_it_is_read_by_the_shelter_and_by_colleagues(app: Flask) -> None:
    case_id = withdrawn()
    unit = db.session.scalars(select(Organisation).where(Organisation.code == "TRP_UNIT")).one()
    second = factories_agreements.colleague(unit, UNIT, factories.actor(UNIT))
    name, link = name_of(UNIT), f'href="/cases/{case_id}/permit"'
    struck, wrote = "the permit that was valid until", "withdrawn on"
    for login in (MANAGER, WORKER, second):
        page = Person(app.test_client(), login).get("/?lang=en")
        assert struck in page, login
        assert wrote in page
        assert name in page
        assert link in page
    assert struck not in Person(app.test_client(), UNIT).get("/?lang=en")
    page = Person(app.test_client(), WORKER).get(f"/cases/{case_id}/permit?lang=en")
    assert page.count(name) >= 2  # who struck it, and who wrote the withdrawal down, on which day
    assert "written down" in page
    later(8)
    assert struck not in Person(app.test_client(), WORKER).get("/?lang=en")


@pytest.mark.slow
def test_who_leaves_for_another_country_after_a_permit_was_struck_is_asked_about_once(app: Flask) -> None:
    case_id = withdrawn()
    stay_id = db.session.scalars(select(Stay.id).where(Stay.case_id == case_id)).one()
    person, address = Person(app.test_client(), WORKER), f"/stays/{stay_id}/end?lang=en"
    typed = {"ended": "today", "reason": "repatriated", "destination": "country_of_citizenship"}
    page = person.post(address, {**typed, "step": "2"}, 200)
    assert "the permit that was valid until" in page
    assert 'name="asked"' in page
    page = person.post(address, {**typed, "step": "3"}, 422)
    assert "call the permit unit" in page
    assert db.session.scalar(select(Stay.ended_on).where(Stay.id == stay_id)) is None
    person.post(address, {**typed, "step": "3", "asked": "y"})


def test_nobody_else_reads_of_it(app: Flask) -> None:
    assert app
    case_id = withdrawn()
    for login in ("nrc.case_worker", "ra.duty_officer", "rinas.border_officer"):
        assert permits_told.lines(by=factories.actor(login)) == []
        assert permits_told.of_case(case_id, by=factories.actor(login)) == []


def renewed(first: date, last: date) -> dict[str, object]:
    return {**issued(first, last), "event": "renew"}


@pytest.mark.slow
def test_days_without_a_permit_before_a_renewal_are_asked_about_and_the_end_stays_on_the_list(app: Flask) -> None:
    case_id = applied(factories.actor(MANAGER))
    unit, today = Person(app.test_client(), UNIT), days.today()
    end = today + timedelta(days=40)
    issue(case_id, factories.actor(UNIT), until=end)
    address = f"/cases/{case_id}/permit?lang=en"
    assert 'name="gap"' not in unit.get(address)
    typed = renewed(end + timedelta(days=366), end + timedelta(days=731))
    page = unit.post(address, typed, 422)
    assert 'name="gap"' in page
    assert "look at the year" in page
    unit.post(address, {**typed, "gap": "y"})
    page = unit.get(address)
    assert "Valid today" in page
    assert "Valid later" in page
    assert "days without a permit" in page
    for login in (UNIT, WORKER):
        (within, (line,)), *more = store.desk(by=factories.actor(login)).ending
        assert (within, line.day, more) == (60, end, [])
    later(41)
    assert store.desk(by=factories.actor(UNIT)).ending[0][0] == 0
    assert "Valid before" in Person(app.test_client(), UNIT).get(address)
    later(400)
    assert "Valid later" not in Person(app.test_client(), UNIT).get(address)
    assert store.desk(by=factories.actor(UNIT)).ending == []


@pytest.mark.slow
def test_a_renewal_from_the_next_day_is_not_asked_about(app: Flask) -> None:
    case_id = applied(factories.actor(MANAGER))
    unit, today = Person(app.test_client(), UNIT), days.today()
    issue(case_id, factories.actor(UNIT), until=today + timedelta(days=40))
    typed = renewed(today + timedelta(days=41), today + timedelta(days=400))
    unit.post(f"/cases/{case_id}/permit", typed)
    assert "Valid today" in unit.get(f"/cases/{case_id}/permit?lang=en")
    assert store.desk(by=factories.actor(UNIT)).ending == []


@pytest.mark.slow
def test_a_paper_with_days_without_a_permit_says_so_to_the_second_member(app: Flask) -> None:
    case_id = applied(factories.actor(MANAGER))
    end = days.today() + timedelta(days=40)
    issue(case_id, factories.actor(UNIT), until=end)
    worker, manager = (Person(app.test_client(), each) for each in (WORKER, MANAGER))
    typed = {**renewed(end + timedelta(days=366), end + timedelta(days=731)), "number": "LP-2"}
    address = f"/cases/{case_id}/permit?lang=en"
    assert 'name="gap"' in worker.post(address, typed, 422)
    worker.post(address, {**typed, "gap": "y"})
    page = manager.get(f"/permits/entries/{entry(case_id, PermitEvent.RENEW)}?lang=en")
    assert "on the days between there is none" in page


def test_what_a_colleague_struck_meanwhile_leaves_nothing_to_do(app: Flask) -> None:
    case_id = applied(factories.actor(MANAGER))
    unit = Person(app.test_client(), UNIT)
    issue(case_id, factories.actor(UNIT), until=days.today() + timedelta(days=90))
    address = f"/permits/entries/{entry(case_id, PermitEvent.ISSUE)}/strike?lang=en"
    unit.get(address)
    unit.post(address, {"reason": "twice", "instead": "nothing"})
    for page in (unit.post(address, {"reason": "twice", "instead": "nothing"}, 409), unit.get(address, 409)):
        assert f"{name_of(UNIT)} struck this already; nothing is left to do" in page
        assert "Choose another step" not in page
        assert 'name="reason"' not in page
