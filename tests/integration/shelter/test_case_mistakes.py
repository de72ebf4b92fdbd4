"""A child's case that was opened by mistake: two organisations say so, and nothing that a child would lose stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions.shelter import absences, best_interests, cases, corrections, erasures
from nrm.actions.shelter.direct_intake import Opened
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.closings import Answers, Debts, Documents, FollowUp, ReopenReason
from nrm.domain.shelter.corrections import MistakeRefused, MistakeWhy
from nrm.domain.shelter.corrections import Why as StayWhy
from nrm.domain.shelter.permits import GateClosed
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case
from nrm.store.shelter import closings as store
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import CHILD, admitted

SignIn = Callable[[str], Person]
HOUSE, SERVICE, DESK = "vatra.shelter_manager", "child_protection.child_protection_officer", "ra.duty_officer"
NAMED = {"given": "Ana", "family": "Hoxha"}
ANSWERS = Answers(FollowUp.NOT_ASKED, Documents.NONE_HELD, Debts.NONE)


@pytest.fixture
def house(app: Flask) -> Actor:
    assert app
    return factories.actor(HOUSE)


def twice(house: Actor) -> tuple[Opened, Opened]:
    """(the case that was opened by mistake, the right one) of the same child."""
    right, wrong = (admitted(house, CHILD, identity=NAMED) for _ in range(2))
    corrections.opened_by_mistake(stay_id=wrong.stay_id, why=StayWhy.MISTYPED, by=house)
    return wrong, right


def service(*read: Opened) -> Actor:
    """An officer of child protection who has opened these identities."""
    by = factories.actor(SERVICE)
    for each in read:
        cases.open_compartment(
            case_id=each.case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CHILD_PROTECTION, by=by
        )
    return by


def status(opened: Opened) -> str:
    db.session.rollback()
    return db.session.get_one(Case, opened.case_id, populate_existing=True).status


def say(wrong: Opened, right: Opened | None, by: Actor, why: MistakeWhy = MistakeWhy.TWICE) -> None:
    corrections.say_mistake(case_id=wrong.case_id, why=why, code=right.pseudonym if right else "", by=by)


def agreed(wrong: Opened, right: Opened, house: Actor) -> None:
    say(wrong, right, house)
    corrections.agree_mistake(case_id=wrong.case_id, by=service(wrong, right))


def close(opened: Opened) -> None:
    cases.close(case_id=opened.case_id, by=factories.actor(HOUSE), answers=ANSWERS)


@pytest.mark.slow
def test_two_organisations_say_so_on_pages_and_the_house_closes_it_after_three_days(
    house: Actor, sign_in: SignIn
) -> None:
    wrong, right = twice(house)
    worker, officer = sign_in("vatra.case_worker"), sign_in(SERVICE)
    address = f"/cases/{wrong.case_id}/mistake"
    assert address in worker.get(f"/cases/{wrong.case_id}/close")
    assert "Choose why it was a mistake" in worker.post(f"{address}?lang=en", {}, 422)
    for code in ("", "x", wrong.pseudonym, "K7QM-4T2X-9"):
        assert "Enter the code of an open case" in worker.post(
            f"{address}?lang=en", {"why": "twice", "code": code}, 422
        )
    worker.post(address, {"why": "twice", "code": right.pseudonym.lower()})
    worker.post(address, {"why": "twice", "code": right.pseudonym}, 409)
    for home in (officer, sign_in(DESK)):
        assert f'href="{address}"' in home.get("/")
    page = officer.get(f"{address}?lang=en")
    assert right.pseudonym in page
    assert "The same child has another case" in page
    assert "Open the identity first" in officer.post(f"{address}/answer?lang=en", {"answer": "yes"}, 422)
    for each in (wrong, right):
        officer.post(
            f"/cases/{each.case_id}/open", {"compartment": "identity", "purpose": str(Purpose.CHILD_PROTECTION)}
        )
    officer.post(f"{address}/answer", {"answer": "yes"})
    officer.post(f"{address}/answer", {"answer": "yes"}, 409)
    assert f"/cases/{wrong.case_id}/close" not in worker.get(address)
    with pytest.raises(GateClosed):
        close(wrong)
    factories.later(days=3)
    worker = sign_in("vatra.case_worker")
    assert f"/cases/{wrong.case_id}/close" in worker.get(address)
    assert "What was agreed and given back" in worker.get(f"/cases/{wrong.case_id}/close?lang=en")
    with pytest.raises(GateClosed):  # it is closed, and in no other way
        erasures.erase(case_id=wrong.case_id, by=factories.actor(HOUSE))
    close(wrong)
    assert (status(wrong), status(right)) == ("closed", "open")
    said = select(AuditEntry.details).where(AuditEntry.event == "case_mistake_said").order_by(AuditEntry.id)
    assert len(db.session.scalars(said).all()) == 2
    # Opened again, it is a mistake no more.
    cases.reopen(case_id=wrong.case_id, reason=ReopenReason.BY_MISTAKE, by=factories.actor(HOUSE))
    with pytest.raises(GateClosed):
        close(wrong)


@pytest.mark.slow
def test_nobody_else_says_it_answers_it_or_learns_that_it_was_said(house: Actor, sign_in: SignIn) -> None:
    wrong, right = twice(house)
    for login in ("nrc.shelter_manager", SERVICE, DESK):
        with pytest.raises((NotVisible, NotPermitted)):
            say(wrong, right, factories.actor(login))
    say(wrong, right, house)
    for login in (HOUSE, DESK, "nrc.shelter_manager", "rinas.border_officer"):
        for act in (corrections.agree_mistake, corrections.decline_mistake):
            with pytest.raises((NotVisible, NotPermitted)):
                act(case_id=wrong.case_id, by=factories.actor(login))
    address = f"/cases/{wrong.case_id}/mistake"
    for login in ("nrc.shelter_manager", "trp_unit.trp_officer"):
        sign_in(login).get(address, 404)
        sign_in(login).post(f"{address}/take-back", {}, 404)


@pytest.mark.parametrize("read", ["nothing", "the wrong one", "the right one"])
def test_child_protection_agrees_to_nothing_that_it_has_not_read(house: Actor, read: str) -> None:
    wrong, right = twice(house)
    say(wrong, right, house)
    opened = {"nothing": (), "the wrong one": (wrong,), "the right one": (right,)}[read]
    with pytest.raises(MistakeRefused, match="open_first"):
        corrections.agree_mistake(case_id=wrong.case_id, by=service(*opened))


def test_who_was_never_named_is_no_mistake_that_anybody_can_confirm(house: Actor) -> None:
    wrong = admitted(house, CHILD)
    corrections.opened_by_mistake(stay_id=wrong.stay_id, why=StayWhy.MISTYPED, by=house)
    say(wrong, None, house, MistakeWhy.NOBODY)
    with pytest.raises(MistakeRefused, match="no_name"):
        corrections.agree_mistake(case_id=wrong.case_id, by=service(wrong))


@pytest.mark.parametrize("login", [HOUSE, SERVICE, DESK])
def test_each_of_the_three_takes_it_back_also_after_it_was_agreed(house: Actor, login: str) -> None:
    wrong, right = twice(house)
    agreed(wrong, right, house)
    corrections.take_back_mistake(case_id=wrong.case_id, by=factories.actor(login))
    with pytest.raises(MistakeRefused, match="no_word"):
        corrections.take_back_mistake(case_id=wrong.case_id, by=factories.actor(login))
    factories.later(days=4)
    with pytest.raises(GateClosed):
        close(wrong)
    say(wrong, right, factories.actor(HOUSE))  # it may be said anew


def test_a_no_holds_for_thirty_days_and_so_does_what_was_agreed(house: Actor) -> None:
    wrong, right = twice(house)
    say(wrong, right, house)
    corrections.decline_mistake(case_id=wrong.case_id, by=factories.actor(SERVICE))
    factories.later(days=29)
    with pytest.raises(MistakeRefused, match="waits"):
        say(wrong, right, factories.actor(HOUSE))
    factories.later(days=2)
    agreed(wrong, right, factories.actor(HOUSE))
    factories.later(days=31)
    with pytest.raises(GateClosed):
        close(wrong)


def test_a_child_who_stays_was_handed_over_or_looked_for_is_no_mistake(house: Actor) -> None:
    right = admitted(house, CHILD, identity=NAMED)
    lives = admitted(house, CHILD, identity=NAMED)
    sent = people.sent(factories.actor("rinas.border_officer"), "VATRA", age="child", override_reason="other")
    with pytest.raises(MistakeRefused, match="stands"):
        say(lives, right, house)
    absences.report(case_id=lives.case_id, since=clock.now(), feared=Feared.NOT_KNOWN, by=house)
    shown = store.mistake_of(lives.case_id, by=house)
    assert {str(each) for each in shown.stands} == {"stay", "alarm"}
    assert not shown.may_say
    with pytest.raises(NotVisible):
        corrections.say_mistake(case_id=sent.case_id, why=MistakeWhy.TWICE, code=right.pseudonym, by=house)


def test_what_is_recorded_after_it_was_agreed_keeps_the_case_open(house: Actor) -> None:
    wrong, right = twice(house)
    agreed(wrong, right, house)
    best_interests.name_guardian(
        case_id=wrong.case_id,
        name="Drita Leka",
        since_on=clock.now().date(),
        no_companion=True,
        not_of_household=True,
        by=factories.actor(SERVICE),
    )
    factories.later(days=4)
    with pytest.raises(GateClosed):
        close(wrong)


def test_of_two_cases_of_a_child_one_alone_can_be_the_mistake(house: Actor) -> None:
    """Each said to be the mistake of the other, both would be gone."""
    wrong, right = twice(house)
    say(wrong, right, house)
    corrections.opened_by_mistake(stay_id=right.stay_id, why=StayWhy.MISTYPED, by=house)
    third = admitted(house, CHILD, identity=NAMED)
    for other in (wrong, third):
        with pytest.raises(MistakeRefused, match="stands"):
            say(right, other, house)
    with pytest.raises(MistakeRefused, match="code"):  # nobody lives under the right one any more
        corrections.agree_mistake(case_id=wrong.case_id, by=service(wrong, right))


def test_the_right_case_that_is_a_mistake_by_then_lets_nothing_be_closed(house: Actor) -> None:
    wrong, right = twice(house)
    agreed(wrong, right, house)
    corrections.opened_by_mistake(stay_id=right.stay_id, why=StayWhy.MISTYPED, by=house)
    factories.later(days=4)
    with pytest.raises(GateClosed):
        close(wrong)


def test_who_was_called_the_right_one_stays_it_after_the_other_was_closed(house: Actor) -> None:
    wrong, right = twice(house)
    agreed(wrong, right, house)
    corrections.opened_by_mistake(stay_id=right.stay_id, why=StayWhy.MISTYPED, by=house)
    third = admitted(house, CHILD, identity=NAMED)
    factories.later(days=80)
    with pytest.raises(MistakeRefused, match="stands"):
        say(right, third, factories.actor(HOUSE))
