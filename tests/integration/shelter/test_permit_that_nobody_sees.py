"""A permit on its pages: days that cannot be, an application that the unit does not see, and a step recorded twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask

from forms.shelter.permits import WITHDRAWN_LABELS
from nrm.actions.shelter import permits
from nrm.domain.shelter.permits import Ground, PermitEvent, PermitRefused, PermitStatus
from nrm.domain.shelter.strikes import StrikeReason
from nrm.store import days
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.shelter import permits as store
from tests import factories
from tests.client import Person
from tests.factories_stays import MOLDOVAN, admitted
from tests.integration.shelter.test_permit_entries import UNIT, applied, entry, issue, later

WORKER, MANAGER = "vatra.case_worker", "vatra.shelter_manager"


def name_of(login: str) -> str:
    member = account_rows.member_by_login(login)
    assert member is not None
    return member.name


def parts(name: str, day: date) -> dict[str, object]:
    return {f"{name}-{part}": getattr(day, part) for part in ("day", "month", "year")}


def issued(first: date, last: date) -> dict[str, object]:
    return {
        "event": "issue",
        "ground": "recuperative",
        "on": "today",
        "number": "",
        **parts("valid_from", first),
        **parts("until", last),
    }


@pytest.mark.slow
def test_a_permit_does_not_begin_before_it_was_applied_for(app: Flask) -> None:
    case_id = applied(factories.actor(MANAGER))
    unit, today = Person(app.test_client(), UNIT), days.today()
    address = f"/cases/{case_id}/permit?lang=en"
    page = unit.post(address, issued(today - timedelta(days=700), today + timedelta(days=90)), 422)
    assert "Enter a first day that is not before the day of the application" in page
    assert 'href="#valid_from' in page
    unit.post(address, issued(today, today + timedelta(days=90)))
    assert store.of_case(case_id, by=factories.actor(UNIT)).status is PermitStatus.ISSUED
    with pytest.raises(PermitRefused, match="before_application"):
        permits.strike(
            entry_id=entry(case_id, PermitEvent.ISSUE),
            reason=StrikeReason.WRONG_DAY,
            on=today,
            issued_from=today - timedelta(days=1),
            by=factories.actor(UNIT),
        )


def test_a_renewed_permit_begins_no_earlier_than_the_one_before(app: Flask) -> None:
    assert app
    case_id = applied(factories.actor(MANAGER))
    unit, today = factories.actor(UNIT), days.today()
    issue(case_id, unit, until=today + timedelta(days=60))
    with pytest.raises(PermitRefused, match="before_application"):
        permits.record(
            case_id=case_id,
            event=PermitEvent.RENEW,
            on=today,
            issued_from=today - timedelta(days=1),
            issued_until=today + timedelta(days=90),
            ground=Ground.LEGAL,
            by=unit,
        )
    issue(case_id, unit, until=today + timedelta(days=90), event=PermitEvent.RENEW)


def test_a_last_day_that_is_past_is_asked_about_once_more(app: Flask) -> None:
    case_id = applied(factories.actor(MANAGER))
    later(20)
    unit, today = Person(app.test_client(), UNIT), days.today()
    address = f"/cases/{case_id}/permit?lang=en"
    typed = issued(today - timedelta(days=20), today - timedelta(days=2))
    assert 'name="past"' not in unit.get(address)
    page = unit.post(address, typed, 422)
    assert "The last day is past already" in page
    assert 'name="past"' in page
    unit.post(address, {**typed, "past": "y"})
    assert store.of_case(case_id, by=factories.actor(UNIT)).status is PermitStatus.EXPIRED


@pytest.mark.slow
def test_an_application_that_the_unit_does_not_see_is_said_and_leads_to_who_may_read_it(app: Flask) -> None:
    manager = factories.actor(MANAGER)
    case_id = admitted(manager, MOLDOVAN, days_ago=40).case_id
    permits.record(case_id=case_id, event=PermitEvent.INFORM, on=days.today(), language="ro", by=manager)
    person = Person(app.test_client(), WORKER)
    unseen = "The permit unit does not see this yet"
    address, share = f"/cases/{case_id}/permit?lang=en", f"/cases/{case_id}/share"
    assert unseen not in person.get(address)
    assert unseen not in person.get(f"{share}?lang=en")
    assert person.post(f"/cases/{case_id}/permit", {"event": "apply", "on": "today", "number": ""}).count(share)
    for page in (address, f"/cases/{case_id}?lang=en", f"{share}?lang=en"):
        assert unseen in person.get(page)
    assert share in person.get(address)
    assert "does not know of the application" in person.get("/permits?lang=en")
    assert "The permit unit does not know of the application: let it read it" in person.get("/?lang=en")
    other = applied(manager, shared=True)
    for page in (f"/cases/{other}/permit?lang=en", f"/cases/{other}?lang=en", f"/cases/{other}/share?lang=en"):
        assert unseen not in person.get(page)


def test_a_step_that_somebody_recorded_meanwhile_is_named(app: Flask) -> None:
    case_id = applied(factories.actor(MANAGER))
    unit, today = Person(app.test_client(), UNIT), days.today()
    address = f"/cases/{case_id}/permit?lang=en"
    typed = issued(today, today + timedelta(days=90))
    unit.post(address, typed)
    page = unit.post(address, {**typed, "number": "LP-1"}, 409)
    assert "Choose what happened" not in page
    assert f"{name_of(UNIT)} recorded “The permit was issued” already" in page
    assert "it stands so now" in page
    worker = Person(app.test_client(), WORKER)
    page = worker.post(address, {**typed, "number": "LP-1"}, 409)  # from the paper, while the unit recorded it itself
    assert "“The permit was issued” was recorded already" in page
    assert name_of(UNIT) not in page
    worker.post(address, {"event": "apply", "on": "today", "number": ""})
    page = worker.post(address, {"event": "apply", "on": "today", "number": ""}, 409)
    assert f"{name_of(WORKER)} recorded “The person applied” already" in page


def test_the_page_says_what_is_withdrawn_as_the_permit_stands(app: Flask) -> None:
    """One choice, "The application or the permit was withdrawn", ended a valid permit for who meant its renewal."""
    case_id = applied(factories.actor(MANAGER))
    unit, today = factories.actor(UNIT), days.today()
    address = f"/cases/{case_id}/permit?lang=en"

    def said() -> set[str]:
        page = Person(app.test_client(), UNIT).get(address)
        assert "The application or the permit was withdrawn" not in page
        return {words for words in WITHDRAWN_LABELS.values() if words in page}

    assert said() == {WITHDRAWN_LABELS[PermitStatus.APPLIED]}
    issue(case_id, unit, until=today + timedelta(days=20))
    assert said() == {WITHDRAWN_LABELS[PermitStatus.ISSUED]}
    permits.record(case_id=case_id, event=PermitEvent.APPLY, on=today, by=factories.actor(MANAGER))
    assert said() == {WITHDRAWN_LABELS[PermitStatus.RENEWAL_APPLIED]}
    permits.record(case_id=case_id, event=PermitEvent.REFUSE, on=today, by=unit)
    permits.record(case_id=case_id, event=PermitEvent.APPEAL, on=today, by=factories.actor(MANAGER))
    assert said() == {WITHDRAWN_LABELS[PermitStatus.APPEALED]}
