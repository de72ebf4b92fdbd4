"""Why a case is neither closed nor erased now, as the pages say it before anybody fills in a form."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import mistakes, next_receiver, referrals
from nrm.actions.shelter import absences, cases, corrections, erasures, stays
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.second_hands import WaitsForSecond
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.store import days
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import CHILD, admitted

SignIn = Callable[[str], Person]
HOUSE, NRC = "vatra.shelter_manager", "nrc.case_worker"
CLOSING = {"follow_up": "not_asked", "documents": "none_held", "debts": "none"}
FORM, DESTROYS = 'name="asked"', "destroyed, also in every backup"


@pytest.fixture
def house(app: Flask) -> Actor:
    assert app
    return factories.actor(HOUSE)


def left(house: Actor) -> uuid.UUID:
    """The case of somebody whose stay is over."""
    opened = admitted(house, days_ago=2)
    stays.end(
        stay_id=opened.stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=house,
    )
    return opened.case_id


def accepted() -> people.Sent:
    sent = people.sent(factories.actor("rinas.border_officer"))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor(NRC))
    return sent


@pytest.mark.slow
def test_who_was_accepted_by_mistake_is_not_said_not_to_have_arrived(app: Flask, sign_in: SignIn) -> None:
    assert app
    sent = accepted()
    by, nrc, close = factories.actor(NRC), sign_in(NRC), f"/cases/{sent.case_id}/close?lang=en"
    mistakes.take_back_acceptance(referral_id=sent.referral_id, why=Why.OTHER_PERSON, by=by)
    for page in (nrc.get(close), nrc.post(close, CLOSING, 409), nrc.get(f"/cases/{sent.case_id}/erase?lang=en")):
        assert "accepted by mistake, and no other shelter" in page
        assert "did not arrive" not in page
        assert f'href="/referrals/{sent.referral_id}"' in page
    for act in (cases.close, erasures.erase):
        with pytest.raises(CaseRefused) as refused:
            act(case_id=sent.case_id, by=by)
        assert refused.value.reason is CaseRefusal.MISTAKEN
    # Taken in after all, and then not there: that is another thing, and the page says it.
    mistakes.take_after_all(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=by)
    referrals.not_arrived(referral_id=sent.referral_id, by=by)
    page = nrc.get(close)
    assert "This person did not arrive" in page
    assert "accepted by mistake" not in page


def _lives_there(house: Actor) -> uuid.UUID:
    return admitted(house).case_id


def _is_missing(house: Actor) -> uuid.UUID:
    case_id = left(house)
    since = clock.now() - timedelta(hours=1)
    absences.report(case_id=case_id, since=since, feared=Feared.NOT_KNOWN, by=house)
    return case_id


def _is_asked_for(house: Actor) -> uuid.UUID:
    case_id = left(house)
    next_receiver.refer(
        case_id=case_id,
        receiver_id=people.organisation("NRC"),
        reason=OverrideReason.PERSON_WISHES,
        by_name=ByName.YES,
        hand_over=people.HAND_OVER,
        by=house,
    )
    return case_id


def _is_a_child(house: Actor) -> uuid.UUID:
    opened = admitted(house, CHILD)
    corrections.opened_by_mistake(stay_id=opened.stay_id, why=Why.MISTYPED, by=house)
    return opened.case_id


@pytest.mark.slow
@pytest.mark.parametrize(
    ("makes", "words", "leads_to"),
    [
        (_lives_there, "End the stay first; then what is kept can be erased", "/end"),
        (_is_missing, "This person is missing", "/missing/"),
        (_is_asked_for, "Settle that referral first; then what is kept can be erased", "/cases/{}"),
        (_is_a_child, "leaves only after the child protection service", "/cases/{}"),
    ],
)
def test_what_cannot_be_erased_yet_says_why_and_where_it_is_settled_in_place_of_the_form(
    house: Actor, sign_in: SignIn, makes: Callable[[Actor], uuid.UUID], words: str, leads_to: str
) -> None:
    case_id = makes(house)
    db.session.rollback()
    manager, address = sign_in(HOUSE), f"/cases/{case_id}/erase"
    page = manager.get(f"{address}?lang=en")
    main = page.partition("<h1>")[2]
    assert words in main
    assert leads_to.format(case_id) in main.partition(words)[0].rpartition("<a ")[2]
    assert FORM not in page
    assert DESTROYS not in page
    assert (f"/cases/{case_id}/mistake" in main) == (makes is _is_a_child)
    answer = manager.post(f"{address}?lang=en", {"asked": "y"}, 409)
    assert words in answer
    assert FORM not in manager.post(f"{address}?lang=en", {}, 422)
    sign_in("nrc.shelter_manager").get(address, 404)


@pytest.mark.slow
def test_what_can_be_erased_shows_the_form_and_once_it_is_closed_to_everybody_where_to_read_on(
    house: Actor, sign_in: SignIn
) -> None:
    case_id = left(house)
    db.session.rollback()
    manager, address = sign_in(HOUSE), f"/cases/{case_id}/erase?lang=en"
    page = manager.get(address)
    assert FORM in page
    assert DESTROYS in page
    with pytest.raises(WaitsForSecond):
        erasures.erase(case_id=case_id, by=house)
    page = manager.get(address)
    assert "This case is closed to everybody" in page
    assert FORM not in page
