"""An arrival after a move of which the sending shelter never said that the person left: asked about once, and read by
that shelter and by the duty desk (ADR 0261)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from forms.shelter.stays import NO_PLACE
from nrm import clock
from nrm.actions.referrals import mistakes, next_receiver, referrals
from nrm.actions.shelter import absences, stays
from nrm.actions.shelter.direct_intake import Opened
from nrm.db import db
from nrm.domain.referrals.referrals import Escort, OverrideReason
from nrm.domain.referrals.transfers import HandOver, MoveReason
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.store import days
from nrm.store.referrals import referrals as store
from nrm.store.shelter import absences as absence_store
from tests import factories
from tests import factories_referrals as people
from tests.client import words
from tests.conftest import Person
from tests.factories_stays import admitted

SignIn = Callable[[str], Person]
WORKER, MANAGER, NRC, DUTY = "vatra.case_worker", "vatra.shelter_manager", "nrc.case_worker", "ra.duty_officer"
NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
ARRIVES: dict[str, object] = {"admitted": "today", "bed": NO_PLACE, "stood": "accepted"}
ASKED = "has not said that the person left"
TOLD = "recorded on 10 March 2026 that the person arrived there, though you had not said that the person left"
TITLE = "Arrived, and nobody said that they left"


@pytest.fixture(autouse=True)
def at_noon(app: Flask) -> None:
    assert app
    clock.set_clock(lambda: NOON)


def moving(why: MoveReason = MoveReason.OWN_WISH, bed: int = 0, *, ended: bool = False) -> tuple[Opened, uuid.UUID]:
    """Somebody of Vatra whom the National Reception Centre accepted; `ended`: after Vatra had ended the stay."""
    by = factories.actor(WORKER)
    own = admitted(by, days_ago=3, bed=bed)
    referral_id = next_receiver.refer(
        case_id=own.case_id,
        receiver_id=people.organisation("NRC"),
        reason=OverrideReason.PERSON_WISHES,
        by_name=ByName.YES,
        hand_over=HandOver(why, doctor=False, needs="rest", risk="none"),
        by=by,
    )
    if ended:
        stays.end(
            stay_id=own.stay_id,
            ended_on=days.today(),
            exit_reason=ExitReason.TRANSFERRED,
            destination=Destination.OTHER_SHELTER,
            where="home",
            by=by,
        )
    place = people.bed("NRC", 7 + bed)
    referrals.accept(referral_id=referral_id, place_id=place, by=factories.actor(NRC))
    return own, referral_id


def has_a_place(own: Opened) -> uuid.UUID:
    """The person who arrived at the National Reception Centre is admitted there; returns the stay."""
    return stays.admit(
        case_id=own.case_id,
        place_id=people.bed("NRC", 7),
        admitted_on=days.today(),
        anticipated_end_on=days.today() + timedelta(days=30),
        by=factories.actor(NRC),
    )


def left(referral_id: uuid.UUID) -> None:
    soon = clock.now() + timedelta(hours=2)
    referrals.depart(referral_id=referral_id, escort=Escort.WOMAN_STAFF, expected_at=soon, by=factories.actor(WORKER))


def missed(case_id: uuid.UUID, login: str = WORKER) -> uuid.UUID:
    since = clock.now() - timedelta(hours=3)
    return absences.report(case_id=case_id, since=since, feared=Feared.YES, by=factories.actor(login))


@pytest.mark.slow
@pytest.mark.parametrize("why", [MoveReason.OWN_WISH, MoveReason.NOT_SAFE_HERE])
def test_an_arrival_after_a_move_is_asked_about_and_read_by_the_sender_and_the_desk(
    sign_in: SignIn, why: MoveReason
) -> None:
    own, referral_id = moving(why)
    page = f"/referrals/{referral_id}/arrival?lang=en"
    centre = sign_in(NRC)
    assert 'href="tel:' in centre.get(page).partition(ASKED)[2].partition("</div>")[0]
    assert "is it this person who stands before you?" in centre.post(page, ARRIVES, 422)
    assert store.referral(referral_id, by=factories.actor(NRC)).status == "accepted"
    centre.post(page, {**ARRIVES, "is_here": "y"})
    db.session.rollback()
    assert store.referral(referral_id, by=factories.actor(NRC)).status == "arrived"
    for login in (WORKER, MANAGER):
        home = sign_in(login).get("/?lang=en")
        line = home.partition("What colleagues, or another shelter, said in the last 7 days")[2].partition("</ul>")[0]
        assert f'href="/referrals/{referral_id}"' in line
        assert own.pseudonym in line
        assert TOLD in words(line)
        assert "National Reception Centre" in line
        assert 'href="tel:' in line
        sent = sign_in(login).get(f"/referrals/{referral_id}?lang=en")
        assert 'href="tel:' in sent.partition("nobody here said that the person left")[2].partition("</div>")[0]
    part = sign_in(DUTY).get("/?lang=en").partition(TITLE)[2].partition("</ul>")[0]
    assert own.pseudonym in part
    assert "Vatra" in part
    assert "National Reception Centre" in part
    for login in (NRC, "iom.case_worker"):
        assert TOLD not in words(sign_in(login).get("/?lang=en"))
    stay_id = has_a_place(own)
    stays.end(
        stay_id=stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.REINTEGRATED_WITH_FAMILY,
        destination=Destination.FAMILY,
        where="home",
        by=factories.actor(NRC),
    )
    factories.later(days=6)
    assert TOLD in words(sign_in(MANAGER).get("/?lang=en"))
    assert TITLE in sign_in(DUTY).get("/?lang=en")
    factories.later(days=2)
    assert TOLD not in words(sign_in(MANAGER).get("/?lang=en"))
    assert TITLE not in sign_in(DUTY).get("/?lang=en")


@pytest.mark.slow
def test_who_left_or_whose_stay_the_sender_ended_is_asked_about_by_nobody(sign_in: SignIn) -> None:
    (_, gone), (_, other) = moving(), moving(bed=1, ended=True)
    left(gone)
    for each in (gone, other):
        page = f"/referrals/{each}/arrival?lang=en"
        assert ASKED not in sign_in(NRC).get(page)
        sign_in(NRC).post(page, ARRIVES)
    assert TOLD not in words(sign_in(MANAGER).get("/?lang=en"))
    assert TITLE not in sign_in(DUTY).get("/?lang=en")


@pytest.mark.slow
def test_who_had_not_left_after_all_is_not_said_to_be_on_the_way(sign_in: SignIn) -> None:
    own, referral_id = moving()
    left(referral_id)
    centre = sign_in(NRC)
    assert f'href="/referrals/{referral_id}/arrival"' in centre.get("/?lang=en")
    mistakes.take_back_departure(referral_id=referral_id, why=Why.MISTOLD, expected_at=None, by=factories.actor(WORKER))
    home = sign_in(NRC).get("/?lang=en")
    assert f'href="/referrals/{referral_id}/arrival"' not in home
    assert "has not left yet" in home
    assert f'href="/referrals/{referral_id}"' in home
    page = f"/referrals/{referral_id}/arrival?lang=en"
    assert "took back that they have left" in sign_in(NRC).get(page)
    assert "is it this person who stands before you?" in sign_in(NRC).post(page, ARRIVES, 422)
    sign_in(NRC).post(page, {**ARRIVES, "is_here": "y"})
    assert TOLD in words(sign_in(MANAGER).get("/?lang=en"))
    assert own.pseudonym in sign_in(DUTY).get("/?lang=en").partition(TITLE)[2].partition("</ul>")[0]


@pytest.mark.slow
def test_an_arrival_that_ends_an_alarm_asks_and_the_desk_reads_who_recorded_it(sign_in: SignIn) -> None:
    own, referral_id = moving()
    missing_id = missed(own.case_id, MANAGER)
    page = f"/referrals/{referral_id}/arrival?lang=en"
    centre = sign_in(NRC)
    shown = words(centre.get(page))
    assert "Missing since 10 March 2026. Nobody looks for the person any more" in shown
    assert "Nobody looks for the person any more once the arrival is recorded" in shown
    assert "Have you seen the person yourself" in words(centre.post(page, ARRIVES, 422))
    assert absence_store.one(missing_id, by=factories.actor(DUTY))
    centre.post(page, {**ARRIVES, "is_here": "y"})
    db.session.rollback()
    (line,) = absence_store.ended(by=factories.actor(DUTY))
    assert (line.outcome, line.ender) == ("found", "Test case_worker")
    has_a_place(own)
    home = sign_in(DUTY).get("/?lang=en").partition("No longer missing, since yesterday")[2].partition("</ul>")[0]
    assert "Test case_worker of National Reception Centre" in words(home)
    assert "of Vatra says" not in words(home)
    assert "had raised the alarm" in home
    assert home.count('href="tel:') == 1


@pytest.mark.slow
def test_an_alarm_of_who_did_not_come_is_asked_about_at_the_arrival_too(sign_in: SignIn) -> None:
    own, referral_id = moving()
    left(referral_id)
    missed(own.case_id, NRC)
    page = f"/referrals/{referral_id}/arrival?lang=en"
    assert "Missing since 10 March 2026. Nobody looks for the person any more" in words(sign_in(NRC).get(page))
    sign_in(NRC).post(page, ARRIVES, 422)
    sign_in(NRC).post(page, {**ARRIVES, "is_here": "y"})
    home = words(sign_in(DUTY).get("/?lang=en"))
    assert "Test case_worker of National Reception Centre" in home
    assert TITLE not in home
