"""An end of a child's stay that its house takes back or changes is read by child protection, and so is what the house
asked and took back (ADR 0238)."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from flask import Flask

from nrm.actions.shelter import ages, corrections, stays
from nrm.actions.shelter.direct_intake import Opened
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.shelter.cases import Case
from nrm.steps.shelter.leaving import Exit
from nrm.store import days
from nrm.store.shelter import findings as store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import ALBANIAN, CHILD, admitted, has, may_go
from tests.integration.shelter.test_ages import after, born_18_years_before, girl, month_of, open_identity
from tests.integration.shelter.test_case_mistakes import say, service, twice

SignIn = Callable[[str], Person]
HOUSE, SERVICE, DESK = "vatra.shelter_manager", "child_protection.child_protection_officer", "ra.duty_officer"
TITLE = "took back or changed"


@pytest.fixture
def house(app: Flask) -> Actor:
    assert app
    return factories.actor(HOUSE)


def gone_by_a_decision(house: Actor) -> tuple[Opened, uuid.UUID, uuid.UUID]:
    """A child whose stay ended by a decision today, the place that it had, and the household."""
    child = admitted(house, CHILD, days_ago=3)
    place, household = has(child.stay_id), may_go(child.case_id)
    assert place is not None
    stays.end(
        stay_id=child.stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.REINTEGRATED_WITH_FAMILY,
        destination=Destination.FAMILY,
        where="home",
        household=household,
        by=house,
    )
    return child, place, household


def told(page: str) -> str:
    """The part of a page that says which ends were taken back or changed."""
    return page.split(TITLE, 1)[1].split("</ul>", 1)[0]


@pytest.mark.slow
def test_child_protection_reads_at_home_that_an_end_was_taken_back_and_no_other_party_does(
    house: Actor, sign_in: SignIn
) -> None:
    adult = admitted(house, ALBANIAN, days_ago=3)
    had = has(adult.stay_id)
    child, place, _ = gone_by_a_decision(house)
    stays.end(
        stay_id=adult.stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.REINTEGRATED_WITH_FAMILY,
        destination=Destination.FAMILY,
        where="home",
        by=house,
    )
    before = sign_in(SERVICE).get("/?lang=en")
    assert child.pseudonym in before
    assert TITLE not in before
    for each, bed in ((child, place), (adult, had)):
        corrections.reopen(stay_id=each.stay_id, place_id=bed, why=Why.CAME_BACK, by=house)
    for login in (SERVICE, "child_protection.case_worker"):
        part = told(sign_in(login).get("/?lang=en"))
        assert f"/cases/{child.case_id}/best-interests" in part
        assert "Taken back on" in part
        assert "The person came back within hours" in part
        assert 'href="tel:' in part
        for word in ("Vatra", "VATRA", HOUSE, adult.pseudonym):  # not where it lives (ADR 0233), and of no adult
            assert word not in part
    for login in (HOUSE, "vatra.case_worker", "nrc.shelter_manager", DESK, "rinas.border_officer"):
        assert TITLE not in sign_in(login).get("/?lang=en")
        assert store.changed_lately(by=factories.actor(login)) == []
    factories.later(days=13)
    assert TITLE in sign_in(SERVICE).get("/?lang=en")
    factories.later(days=2)
    assert TITLE not in sign_in(SERVICE).get("/?lang=en")


def test_an_end_that_says_something_else_now_is_read_with_both(house: Actor) -> None:
    child, _, household = gone_by_a_decision(house)
    changed = Exit(days.today(), ExitReason.FOSTER_OR_EXTENDED_FAMILY, Destination.FOSTER_FAMILY, "home", household)
    corrections.correct_exit(stay_id=child.stay_id, exit_=changed, why=Why.MISTOLD, by=house)
    (line,) = store.changed_lately(by=factories.actor(SERVICE))
    assert (line.was_destination, line.destination) == ("family", "foster_family")
    assert line.ended_on == days.today()
    assert [each.case_id for each in store.ended_lately(by=factories.actor(SERVICE))] == [child.case_id]


@pytest.mark.slow
def test_a_question_that_the_house_takes_back_is_read_where_it_waited(house: Actor, sign_in: SignIn) -> None:
    wrong, right = twice(house)
    say(wrong, right, house)
    address = f'href="/cases/{wrong.case_id}/mistake"'
    assert address in sign_in(SERVICE).get("/?lang=en")
    corrections.take_back_mistake(case_id=wrong.case_id, by=house)
    for login in (SERVICE, DESK):
        page = sign_in(login).get("/?lang=en")
        assert address in page
        assert "Vatra" in page.split(wrong.pseudonym, 1)[1].split("took it back", 1)[0]
    assert "took it back" not in sign_in(HOUSE).get("/?lang=en")
    factories.later(days=15)
    assert address not in sign_in(SERVICE).get("/?lang=en")


def test_what_child_protection_took_back_itself_is_read_by_the_duty_desk_alone(house: Actor, sign_in: SignIn) -> None:
    wrong, right = twice(house)
    say(wrong, right, house)
    corrections.take_back_mistake(case_id=wrong.case_id, by=factories.actor(SERVICE))
    assert "took it back" not in sign_in(SERVICE).get("/?lang=en")
    assert "took it back" in sign_in(DESK).get("/?lang=en")


def test_a_month_of_18_that_the_house_takes_back_is_read_where_it_waited(house: Actor, sign_in: SignIn) -> None:
    soon = after(month_of(days.today()))
    case_id = girl(house, born=born_18_years_before(soon))
    open_identity(case_id, house)
    ages.set_month(case_id=case_id, month=soon, by=house)
    address = f'href="/cases/{case_id}/age"'
    assert "It counts only if you agree" in sign_in(SERVICE).get("/?lang=en")
    ages.take_back(case_id=case_id, by=house)
    for login in (SERVICE, DESK):
        page = sign_in(login).get("/?lang=en")
        assert address in page
        assert "took it back" in page
        assert "It counts only if you agree" not in page
    factories.later(days=15)
    assert address not in sign_in(SERVICE).get("/?lang=en")


@pytest.mark.slow
def test_a_month_of_18_that_the_duty_desk_agreed_to_is_read_by_child_protection(house: Actor, sign_in: SignIn) -> None:
    """The line vanished without a word, and what child protection reads of the person ended."""
    soon = after(month_of(days.today()))
    case_id = girl(house, born=born_18_years_before(soon))
    open_identity(case_id, house)
    ages.set_month(case_id=case_id, month=soon, by=house)
    code = db.session.get_one(Case, case_id).pseudonym
    ages.agree(case_id=case_id, by=factories.actor(DESK))
    line = sign_in(SERVICE).get("/?lang=en").partition(f"{code}</span>: ")[2].partition("</div>")[0]
    assert "entered on" in line
    assert "agreed on" in line
    assert "+355 4 000 0105" in line
    for login in (DESK, HOUSE):
        assert "so it counts" not in sign_in(login).get("/?lang=en")
    factories.later(days=15)
    assert "so it counts" not in sign_in(SERVICE).get("/?lang=en")


@pytest.mark.slow
def test_taking_the_question_of_a_house_back_is_asked_once_more_with_its_number(house: Actor, sign_in: SignIn) -> None:
    wrong, right = twice(house)
    address = f"/cases/{wrong.case_id}/mistake"
    assert "/take-back" not in sign_in(HOUSE).get(address)
    sign_in(HOUSE).get(f"{address}/take-back", 409)
    say(wrong, right, house)
    officer = sign_in(SERVICE)
    page = officer.get(f"{address}?lang=en")
    assert f'action="{address}/take-back"' not in page
    assert f'href="{address}/take-back"' in page
    asked = page.split("call the shelter", 1)[1].split("</p>", 1)[0]
    assert 'href="tel:' in asked
    assert "Vatra" in asked
    sure = officer.get(f"{address}/take-back?lang=en")
    assert "this is no answer" in sure
    assert 'href="tel:' in sure
    assert "nobody is asked any more" in sure
    assert "this is no answer" not in sign_in(HOUSE).get(f"{address}/take-back?lang=en")
    for login in ("nrc.shelter_manager", "trp_unit.trp_officer"):
        sign_in(login).get(f"{address}/take-back", 404)
    corrections.agree_mistake(case_id=wrong.case_id, by=service(wrong, right))
    assert "cannot close the case by it" in officer.get(f"{address}/take-back?lang=en")
    officer.post(f"{address}/take-back", {})
    officer.get(f"{address}/take-back", 409)
