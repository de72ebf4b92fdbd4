"""An arrival that is sent twice, taken back, recorded again without a place, or recorded in another tab."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from forms.shelter.stays import NO_PLACE
from nrm.actions.referrals import referrals
from nrm.db import db
from nrm.models.audit import AuditEntry
from nrm.models.shelter.stays import Stay
from tests import factories
from tests import factories_referrals as people
from tests.client import Person
from tests.races import all_at_once

SignIn = Callable[[str], Person]
NRC, COLLEAGUE = "nrc.case_worker", "nrc.shelter_manager"


@pytest.fixture
def awaited(app: Flask) -> people.Sent:
    assert app
    sent = people.sent(factories.actor("rinas.border_officer"))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC", 9), by=factories.actor(NRC))
    return sent


def filled_in(page: str, **typed: str) -> dict[str, object]:
    places = re.findall(r'<option [^>]*value="?(?!none-yet)([^" >]+)', page[page.index('name="bed"') :])
    return {"bed": places[0], "admitted": "today", "planned": "30", "is_here": "y", **typed}


def stays_and_notes(case: people.Sent) -> tuple[int, int]:
    db.session.rollback()
    stays = db.session.scalar(select(func.count()).select_from(Stay).where(Stay.case_id == case.case_id)) or 0
    notes = select(func.count()).select_from(AuditEntry).where(AuditEntry.event == "note_added")
    return stays, db.session.scalar(notes) or 0


@pytest.mark.slow
def test_the_second_press_of_an_arrival_leads_where_the_first_did(sign_in: SignIn, awaited: people.Sent) -> None:
    nrc = sign_in(NRC)
    address = f"/referrals/{awaited.referral_id}/arrival"
    form = filled_in(nrc.get(address), hour="0:00")
    before = stays_and_notes(awaited)
    first = nrc.post(address, form)
    after = stays_and_notes(awaited)
    assert after == (before[0] + 1, before[1] + 1)
    assert nrc.post(address, form) == first
    assert first.endswith("?did=arrived")
    for another in ({"planned": "90"}, {"admitted": "what"}, {"bed": "N99"}, {"bed": NO_PLACE}):
        nrc.post(address, {**form, **another}, status=409)
    assert stays_and_notes(awaited) == after


def test_an_hour_in_words_is_answered_by_how_to_write_one(sign_in: SignIn, awaited: people.Sent) -> None:
    nrc = sign_in(NRC)
    address = f"/referrals/{awaited.referral_id}/arrival"
    page = nrc.post(f"{address}?lang=en", filled_in(nrc.get(address), hour="half past 3"), status=422)
    assert '<a href="#hour">Enter the hour as it was told, for example 3:10</a>' in page
    assert "characters" not in page


@pytest.mark.slow
def test_an_arrival_without_a_place_is_answered_twice_too(sign_in: SignIn, awaited: people.Sent) -> None:
    nrc = sign_in(NRC)
    address = f"/referrals/{awaited.referral_id}/arrival"
    form = {"bed": NO_PLACE, "admitted": "today", "is_here": "y"}
    assert nrc.post(address, form) == nrc.post(address, form) == f"/cases/{awaited.case_id}"
    assert "Record first" not in nrc.get(f"/cases/{awaited.case_id}?lang=en")
    admission = f"/cases/{awaited.case_id}/admit"
    placed = filled_in(nrc.get(admission))
    first = nrc.post(admission, placed)
    assert first.endswith("?did=admitted")
    assert nrc.post(admission, placed) == first
    assert stays_and_notes(awaited)[0] == 1


def test_both_presses_at_once_are_one_arrival(app: Flask, sign_in: SignIn, awaited: people.Sent) -> None:
    nrc = sign_in(NRC)
    address = f"/referrals/{awaited.referral_id}/arrival"
    form = {"csrf_token": nrc.csrf_token, **filled_in(nrc.get(address), hour="0:00")}
    cookies = [(each.key, each.value) for each in nrc.client._cookies.values()]

    def press() -> tuple[int, str | None]:
        client = app.test_client()
        for name, value in cookies:
            client.set_cookie(name, value)
        answer = client.post(address, data=form)
        return answer.status_code, answer.headers.get("Location")

    given, raised = all_at_once(app, press, press, press)
    assert raised == []
    (status, where), *others = set(given)
    assert (status, others) == (303, [])
    assert where is not None
    assert where.endswith("?did=arrived")
    assert stays_and_notes(awaited)[0] == 1


def test_who_comes_after_a_colleague_is_told_so_and_typed_words_are_not_dropped_in_silence(
    sign_in: SignIn, awaited: people.Sent
) -> None:
    nrc = sign_in(NRC)
    address = f"/referrals/{awaited.referral_id}/arrival"
    form = filled_in(nrc.get(address), hour="0:00")
    colleague = sign_in(COLLEAGUE)
    colleague.post(address, form)
    assert "not awaited any more" in nrc.post(f"{address}?lang=en", form, status=409)
    admission = f"/cases/{awaited.case_id}/admit"
    assert "in a shelter already" in nrc.post(f"{admission}?lang=en", filled_in(nrc.get(admission)), status=409)


@pytest.mark.slow
def test_who_is_recorded_again_without_a_place_is_to_be_admitted_and_has_not_left(
    sign_in: SignIn, awaited: people.Sent
) -> None:
    nrc = sign_in(NRC)
    address = f"/referrals/{awaited.referral_id}/arrival"
    nrc.post(address, filled_in(nrc.get(address), hour="0:00"))
    page = nrc.get(nrc.post(f"{address}/back", {"why": "mistyped"}) + "&lang=en")
    assert "Strike that note in the care of the person" in page
    page = nrc.get(f"/cases/{awaited.case_id}?lang=en")
    assert "ended on" not in page
    assert nrc.post(address, {"bed": NO_PLACE, "is_here": "y"}) == f"/cases/{awaited.case_id}"  # no day: today
    page = nrc.get(f"/cases/{awaited.case_id}?lang=en")
    assert "not admitted yet" in page
    assert "Admit the person, or hand them on." in page
    assert "ended on" not in page


def test_a_page_that_is_left_open_says_that_nobody_is_awaited_any_more(sign_in: SignIn, awaited: people.Sent) -> None:
    nrc = sign_in(NRC)
    address = f"/referrals/{awaited.referral_id}"
    nrc.get(f"{address}/not-arrived")
    nrc.post(f"{address}/arrival", {"bed": NO_PLACE, "is_here": "y"})
    said = "This person is not awaited any more: the arrival was recorded"
    assert said in nrc.post(f"{address}/not-arrived?lang=en", status=409)
    assert said in nrc.get(f"{address}/not-arrived?lang=en", 409)
