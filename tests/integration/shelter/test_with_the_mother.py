"""A small child that sleeps with its mother: every page says with whom, and nobody leaves it behind without a word."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.shelter import absences, away
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.absences import Feared
from nrm.store import days
from nrm.store.shelter import stays as store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import ALBANIAN, MOLDOVAN, admitted

SignIn = Callable[[str], Person]
WHO = {"age_class": "child", "age": "1", "gender": "masculine", "citizenship": "AL", "official": "no"}
WITH_HER = "with the mother, %s"


@pytest.fixture
def vatra(app: Flask) -> Actor:
    return factories.actor("vatra.case_worker")


def baby_of(mother: object, worker: Person, vatra: Actor) -> store.StayLine:
    """Its case is opened on the pages, from that of its mother."""
    case_id, code = mother.case_id, mother.pseudonym  # type: ignore[attr-defined]
    shown = worker.post(f"/cases/{case_id}/child?lang=en", WHO, 200)
    assert f"<h1>A child who came with {code}</h1>" in shown
    # Nothing is chosen beforehand, and she stands before every place and before any other woman.
    choices = shown.partition('name="bed"')[2].partition("</select>")[0]
    assert choices.index('value=""') < choices.index(f'value="with {code}"') < choices.index('value="V0')
    sent = {**WHO, "step": "2", "admitted": "today", "planned": "30", "given": "Beni"}
    assert "Choose a free place" in worker.post(f"/cases/{case_id}/child?lang=en", {**sent, "bed": ""}, 422)
    opened = worker.post(f"/cases/{case_id}/child", {**sent, "bed": f"with {code}"})
    assert f"Sleeps {WITH_HER % code}; planned end" in worker.get(f"{opened}?lang=en")
    db.session.rollback()
    return next(line for line in store.open_ones(by=vatra) if line.with_stay_id is not None)


@pytest.mark.slow
def test_every_page_says_with_whom_a_small_child_sleeps(sign_in: SignIn, vatra: Actor) -> None:
    admitted(vatra, MOLDOVAN)
    mother = admitted(vatra)
    worker = sign_in("vatra.case_worker")
    baby = baby_of(mother, worker, vatra)
    said = WITH_HER % mother.pseudonym
    for address in ("/stays", f"/stays/{baby.id}", f"/cases/{baby.case_id}"):
        assert said in worker.get(f"{address}?lang=en"), address
    assert baby.pseudonym in worker.get(f"/stays/{mother.stay_id}?lang=en")
    # What another shelter reads says nothing of the two.
    sign_in("nrc.case_worker").get(f"/stays/{baby.id}", 404)


@pytest.mark.slow
def test_who_leaves_or_is_away_is_asked_for_the_child_that_stays_behind(sign_in: SignIn, vatra: Actor) -> None:
    mother = admitted(vatra)
    worker = sign_in("vatra.case_worker")
    baby = baby_of(mother, worker, vatra)
    stay, left = f"/stays/{mother.stay_id}", f"{baby.pseudonym}, a small child, is here with this person"
    for address in (
        f"{stay}/away",
        f"{stay}/left",
        f"/cases/{mother.case_id}/missing",
        f"/cases/{mother.case_id}/refer",
    ):
        assert left in worker.get(f"{address}?lang=en"), address
    end = {"ended": "today", "reason": "independent_living", "destination": "own_home", "country": "home"}
    assert left in worker.post(f"{stay}/end?lang=en", {**end, "step": "2"}, 200)
    assert "Has no place now" not in worker.get("/?lang=en")
    after = worker.post(f"{stay}/end", {**end, "step": "3", "children_seen": "y"})
    assert left in worker.get(f"{after}&lang=en")
    home = worker.get("/?lang=en")
    assert "Has no place now: give one" in home
    assert f"/stays/{baby.id}/change" in home
    assert "no place now" in worker.get("/stays?lang=en")
    # Who saves without a place loses nothing that was typed, and is told what to do.
    change: dict[str, object] = {"bed": "", "planned-day": "1", "planned-month": "1", "planned-year": "2030"}
    kept = worker.post(f"/stays/{baby.id}/change?lang=en", change, 422)
    assert "Choose a free place" in kept
    assert 'value="2030"' in kept
    del change["bed"]
    line = store.stay(baby.id, by=vatra)
    worker.post(
        f"/stays/{baby.id}/change",
        {
            "bed": "V09",
            "planned-day": str(line.anticipated_end_on.day),
            "planned-month": str(line.anticipated_end_on.month),
            "planned-year": str(line.anticipated_end_on.year),
        },
    )
    assert "Has no place now" not in worker.get("/?lang=en")


def test_of_a_woman_without_a_child_nothing_is_asked(sign_in: SignIn, vatra: Actor) -> None:
    alone = admitted(vatra, dataclasses.replace(ALBANIAN))
    worker = sign_in("vatra.case_worker")
    for address in (f"/stays/{alone.stay_id}/away", f"/stays/{alone.stay_id}/left", f"/cases/{alone.case_id}/missing"):
        assert "a small child" not in worker.get(f"{address}?lang=en"), address


@pytest.mark.slow
def test_an_alarm_about_the_mother_says_that_her_child_is_entered_here_until_it_has_an_alarm_of_its_own(
    sign_in: SignIn, vatra: Actor
) -> None:
    mother, childless = admitted(vatra), admitted(vatra, MOLDOVAN)
    worker, desk = sign_in("vatra.case_worker"), sign_in("ra.duty_officer")
    baby = baby_of(mother, worker, vatra)
    raised: dict[str, Any] = {"since": clock.now() - timedelta(hours=1), "feared": Feared.NO, "by": vatra}
    absences.report(case_id=childless.case_id, **raised)
    asked = "A small child of this person is entered in the shelter: is it there, or with the person?"
    assert asked not in desk.get("/?lang=en")
    absences.report(case_id=mother.case_id, **raised)
    for who, address in ((desk, "/?lang=en"), (worker, f"/cases/{mother.case_id}?lang=en")):
        shown = who.get(address)
        assert shown.count(asked) == 1, address
        assert baby.pseudonym not in shown[shown.index(asked) - 300 : shown.index(asked) + 300], address
    assert asked not in worker.get(f"/cases/{childless.case_id}?lang=en")
    absences.report(case_id=baby.case_id, **raised)
    assert asked not in desk.get("/?lang=en")


@pytest.mark.slow
def test_of_a_mother_who_is_late_the_home_page_says_that_her_child_is_entered_here(
    sign_in: SignIn, vatra: Actor
) -> None:
    mother, childless = admitted(vatra), admitted(vatra, MOLDOVAN)
    baby = baby_of(mother, sign_in("vatra.case_worker"), vatra)
    today = days.today()
    for each in (mother, childless):
        away.record(stay_id=each.stay_id, since_on=today, expected_on=today + timedelta(days=1), reason="", by=vatra)
    asked = "A small child of this person is entered in the shelter: is it there, or with the person?"
    assert asked not in sign_in("vatra.case_worker").get("/?lang=en")
    later = clock.now() + timedelta(days=3)
    clock.set_clock(lambda: later)
    worker = sign_in("vatra.case_worker")
    home = worker.get("/?lang=en")
    assert home.count("away, expected back on") == 2
    assert home.count(asked) == 1
    absences.report(case_id=baby.case_id, since=later - timedelta(hours=1), feared=Feared.NO, by=vatra)
    assert asked not in worker.get("/?lang=en")
