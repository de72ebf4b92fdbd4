"""An arrival after a move that was recorded for somebody else: the shelter where the person sleeps strikes it (ADR
0267)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import mistakes, referrals
from nrm.actions.shelter import absences, stays
from nrm.db import db
from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.referrals.referrals import IllegalTransition
from nrm.domain.referrals.transfers import CallOff, Stand
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.corrections import Why
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.stays import Stay
from nrm.steps import lost_records
from nrm.store import days
from nrm.store.referrals import transfers as store
from nrm.store.shelter import cases as case_store
from nrm.store.shelter.cases import CaseRelation
from tests import factories
from tests import factories_referrals as people
from tests.client import words
from tests.conftest import Person
from tests.factories_stays import has
from tests.integration.shelter.test_transfers import IOM, NRC, VATRA, Move

SignIn = Callable[[str], Person]
DUTY, NEVER = "ra.duty_officer", "The person never left, and is here"
NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_noon(app: Flask) -> None:
    assert app
    clock.set_clock(lambda: NOON)


def arrived(*, place: bool = True) -> tuple[Move, uuid.UUID | None]:
    """Somebody who sleeps at Vatra, and whose arrival the National Reception Centre recorded for somebody else."""
    move = Move().accept()
    referrals.arrive(referral_id=move.referral_id, by=move.nrc)
    if not place:
        return move, None
    today = days.today()
    end = today + timedelta(days=30)
    bed = people.bed("NRC", 7)
    stay = {"case_id": move.case_id, "place_id": bed, "admitted_on": today, "anticipated_end_on": end}
    return move, stays.admit(**stay, by=move.nrc)


def struck(stay_id: uuid.UUID | None) -> bool:
    return db.session.get_one(Stay, stay_id, populate_existing=True).taken_back_on is not None


@pytest.mark.slow
def test_who_never_left_is_with_the_first_shelter_again_and_the_other_two_read_who_said_so(sign_in: SignIn) -> None:
    move, there = arrived()
    bed = has(move.stay_id)
    assert (move.ended_on, bed) == (days.today(), None)
    page = f"/referrals/{move.referral_id}/arrival/back?lang=en"
    home = sign_in(VATRA).get("/?lang=en")
    assert f'href="/referrals/{move.referral_id}/arrival/back"' in home
    assert NEVER in home
    assert NEVER in sign_in(VATRA).get(f"/referrals/{move.referral_id}?lang=en")
    shown = words(sign_in(VATRA).get(page))
    assert "the stay here goes on" in shown
    sign_in(VATRA).post(page, {}, 422)
    sign_in(IOM).get(page, 404)
    sign_in(IOM).post(page, {"why": "other_person"}, 404)
    sign_in(VATRA).post(page, {"why": "other_person"})
    db.session.rollback()
    assert move.ended_on is None
    assert has(move.stay_id) is not None
    assert struck(there)
    referral = db.session.get_one(Referral, move.referral_id, populate_existing=True)
    assert (referral.status, referral.arrived_at) == ("accepted", None)
    told = words(sign_in(NRC).get("/?lang=en"))
    assert "wrote on 10 March 2026 that the person never left there: the arrival that you recorded is struck" in told
    assert "has not left yet" in told
    assert "says that the person never left: call the move off" in told
    assert "record the arrival once more" in sign_in(NRC).get(f"/referrals/{move.referral_id}?lang=en")
    assert "You said that the person never left" in sign_in(VATRA).get(f"/referrals/{move.referral_id}?lang=en")
    assert "gives the case back, call it" in sign_in(VATRA).get("/to-do?lang=en")
    desk = sign_in(DUTY).get("/?lang=en").partition("Arrived, and nobody said that they left")[2].partition("</ul>")[0]
    assert "said that the person never left" in desk
    assert desk.count('href="tel:') == 2
    assert NEVER not in sign_in(VATRA).get("/?lang=en")
    assert lost_records.lost() == ""  # what the rows say is what the chain tells
    assert "The person arrived: It was about another person" in words(
        sign_in(VATRA).get(f"/referrals/{move.referral_id}?lang=en")
    )
    sign_in(VATRA).post(page, {"why": "other_person"}, 409)
    for login in (VATRA, DUTY, NRC):
        sign_in(login).get(f"/referrals/{move.referral_id}?lang=en")
    factories.later(days=8)
    assert "that the person never left there" not in words(sign_in(NRC).get("/?lang=en"))
    assert "never left" not in sign_in(DUTY).get("/?lang=en")


def test_the_other_shelter_gives_the_case_back_by_calling_the_move_off() -> None:
    move, _ = arrived(place=False)
    mistakes.never_left(referral_id=move.referral_id, why=Why.OTHER_PERSON, by=move.vatra)
    for by in (move.vatra, move.nrc):
        [line] = [each for each in store.moves(by=by) if each.case_id == move.case_id]
        assert line.stand is Stand.TAKEN_BACK
    with pytest.raises(NotVisible):  # no key moved by what one shelter said alone
        case_store.case(move.case_id, by=move.vatra)
    referrals.call_off(referral_id=move.referral_id, reason=CallOff.OTHER, words="It was another one.", by=move.nrc)
    assert case_store.case(move.case_id, by=move.vatra).relation is CaseRelation.HOLDER
    with pytest.raises(NotVisible):
        case_store.case(move.case_id, by=move.nrc)
    assert move.ended_on is None
    assert lost_records.lost() == ""


def test_it_is_said_of_nobody_who_was_said_to_have_left() -> None:
    gone = Move().accept()
    gone.depart()
    referrals.arrive(referral_id=gone.referral_id, by=gone.nrc)
    with pytest.raises(IllegalTransition):
        mistakes.never_left(referral_id=gone.referral_id, why=Why.OTHER_PERSON, by=gone.vatra)
    assert gone.ended_on is not None


def test_an_arrival_that_is_recorded_again_is_not_struck_again() -> None:
    move, _ = arrived(place=False)
    with pytest.raises(IllegalTransition):  # of the receiver it is nobody's word
        mistakes.never_left(referral_id=move.referral_id, why=Why.OTHER_PERSON, by=move.nrc)
    mistakes.never_left(referral_id=move.referral_id, why=Why.OTHER_PERSON, by=move.vatra)
    referrals.arrive(referral_id=move.referral_id, by=move.nrc)
    assert move.ended_on is not None
    with pytest.raises(IllegalTransition):
        mistakes.never_left(referral_id=move.referral_id, why=Why.OTHER_PERSON, by=move.vatra)


def test_after_seven_days_it_is_said_no_more() -> None:
    move, _ = arrived(place=False)
    move.later(days=7, minutes=1)
    with pytest.raises(IllegalTransition):
        mistakes.never_left(referral_id=move.referral_id, why=Why.OTHER_PERSON, by=move.vatra)


@pytest.mark.slow
def test_who_did_not_arrive_is_asked_about_where_they_came_from_until_somebody_says_where_they_are(
    sign_in: SignIn,
) -> None:
    move, asked = Move().accept(), "Did not arrive at"
    address = f'href="/referrals/{move.referral_id}"'
    for page in ("/?lang=en", "/to-do?lang=en"):
        shown = sign_in(VATRA).get(page)
        assert "record that they have left" in shown
        assert address in shown
    move.depart()
    assert asked not in sign_in(VATRA).get("/?lang=en")
    factories.later(hours=3)
    referrals.not_arrived(referral_id=move.referral_id, by=factories.actor(NRC))
    for page in ("/?lang=en", "/to-do?lang=en"):
        shown = sign_in(VATRA).get(page)
        assert f"{asked} National Reception Centre" in shown
        assert address in shown
        assert asked not in sign_in(NRC).get(page)
        assert asked not in sign_in(IOM).get(page)
    assert 'href="tel:' in sign_in(VATRA).get(f"/referrals/{move.referral_id}?lang=en")
    referrals.arrive(referral_id=move.referral_id, by=factories.actor(NRC))
    for page in ("/?lang=en", "/to-do?lang=en"):
        assert asked not in sign_in(VATRA).get(page)


@pytest.mark.slow
def test_the_line_of_who_did_not_arrive_ends_with_an_alarm(sign_in: SignIn) -> None:
    move = Move().accept()
    move.depart()
    factories.later(hours=3)
    nrc = factories.actor(NRC)
    referrals.not_arrived(referral_id=move.referral_id, by=nrc)
    absences.report(case_id=move.case_id, since=clock.now(), feared=Feared.YES, by=nrc)
    assert "Did not arrive at" not in sign_in(VATRA).get("/?lang=en")
