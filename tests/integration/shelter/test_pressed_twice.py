"""An arrival that is sent twice, taken back, recorded again without a place, or recorded in another tab."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from forms.shelter.stays import NO_PLACE
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases
from nrm.db import db
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.strikes import StrikeReason
from nrm.models.audit import AuditEntry
from nrm.models.shelter.findings import ChildGuardian
from nrm.models.shelter.places import Place
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import cases as case_steps
from tests import factories
from tests import factories_referrals as people
from tests.client import Person
from tests.factories_stays import CHILD, admitted
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


def seen_of(page: str) -> str:
    return re.search(r'name="seen" value="([^"]+)"', page)[1]  # type: ignore[index]


def stays_and_notes(case: people.Sent) -> tuple[int, int]:
    db.session.rollback()
    stays = db.session.scalar(select(func.count()).select_from(Stay).where(Stay.case_id == case.case_id)) or 0
    notes = select(func.count()).select_from(AuditEntry).where(AuditEntry.event == "note_added")
    return stays, db.session.scalar(notes) or 0


@pytest.mark.slow
def test_the_second_press_of_an_arrival_leads_where_the_first_did(sign_in: SignIn, awaited: people.Sent) -> None:
    nrc = sign_in(NRC)
    address = f"/referrals/{awaited.referral_id}/arrival"
    form = filled_in(nrc.get(address), hour="0:00", sooner="y")
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
    form = {"csrf_token": nrc.csrf_token, **filled_in(nrc.get(address), hour="0:00", sooner="y")}
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
    form = filled_in(nrc.get(address), hour="0:00", sooner="y")
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
    nrc.post(address, filled_in(nrc.get(address), hour="0:00", sooner="y"))
    page = nrc.get(nrc.post(f"{address}/back", {"why": "mistyped"}) + "&lang=en")
    assert "Strike that note in the care of the person" in page
    page = nrc.get(f"/cases/{awaited.case_id}?lang=en")
    assert "ended on" not in page
    seen = seen_of(nrc.get(address))
    assert nrc.post(address, {"bed": NO_PLACE, "is_here": "y", "seen": seen}) == f"/cases/{awaited.case_id}"  # no day
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


def form_again(page: str) -> dict[str, object]:
    """What says which showing of the form is pressed."""
    (once,) = re.findall(r'name="once" value="([0-9a-f-]{36})"', page)
    return {"once": once}


@pytest.mark.slow
def test_a_note_is_written_once_however_often_it_is_pressed(app: Flask, sign_in: SignIn) -> None:
    case_id = admitted(factories.actor(NRC)).case_id
    nrc, address = sign_in(NRC), f"/cases/{case_id}"
    cases.add_note(case_id=case_id, text="before", by=factories.actor(NRC))

    by = factories.actor(NRC)

    def texts() -> list[str]:
        db.session.rollback()
        cases.open_compartment(case_id=case_id, compartment=Compartment.CARE, purpose=Purpose.CARE, by=by)
        return [note["text"] for note in case_steps.notes(case_id=case_id, by=by)]

    pressed = form_again(nrc.get(address))
    where = nrc.post(f"{address}/notes", {**pressed, "text": "slept\r\nbadly"})
    assert nrc.post(f"{address}/notes", {**pressed, "text": "slept\nbadly"}) == where
    assert texts() == ["before", "slept\nbadly"]
    # Other words of the page that somebody went back to are another note, and so are the same on a page of its own.
    nrc.post(f"{address}/notes", {**pressed, "text": "slept well"})
    nrc.post(f"{address}/notes", {**form_again(nrc.get(address)), "text": "slept well"})
    assert texts() == ["before", "slept\nbadly", "slept well", "slept well"]
    empty = nrc.post(f"{address}/notes", {**pressed, "text": ""}, 422)
    assert form_again(empty) == pressed, "what is sent again after a mistake is the same press"
    note_id = uuid.UUID(case_steps.notes(case_id=case_id, by=by)[1]["id"])
    cases.strike_note(case_id=case_id, note_id=note_id, why=StrikeReason.TWICE, by=by)
    for _ in range(2):
        cases.add_note(case_id=case_id, text="slept\nbadly", by=by, press=uuid.UUID(str(pressed["once"])))
    assert texts().count("slept\nbadly") == 1, "what was struck is written again, once"


@pytest.mark.slow
def test_an_extra_place_is_made_once(app: Flask, sign_in: SignIn) -> None:
    assert app
    worker = sign_in("vatra.case_worker")

    def extras() -> int:
        db.session.rollback()
        return db.session.scalar(select(func.count()).select_from(Place).where(Place.extra_why != "")) or 0

    page = worker.get("/beds/extra")
    extra: dict[str, object] = {"nights": "2", "reason": "building_full"}
    asked = worker.post("/beds/extra", {**form_again(page), **extra}, 422)
    assert form_again(asked) == form_again(page)
    sent = {**form_again(asked), **extra, "though_free": "y"}
    made = worker.post("/beds/extra", sent)
    assert worker.post("/beds/extra", sent) == made
    assert worker.post("/beds/extra", {**sent, "though_free": ""}) == made
    assert extras() == 1
    assert worker.post("/beds/extra", {**sent, "nights": "3"}) != made
    assert worker.post("/beds/extra", {**sent, **form_again(worker.get("/beds/extra"))}) != made
    assert extras() == 3
    sign_in(NRC).post("/beds/extra", sent)  # of another house: a place of its own
    assert extras() == 4


@pytest.mark.slow
def test_a_guardian_is_named_once(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = admitted(factories.actor("vatra.case_worker"), CHILD).case_id
    desk, address = sign_in("ra.duty_officer"), f"/cases/{case_id}/guardian"

    def guardians() -> int:
        db.session.rollback()
        return db.session.scalar(select(func.count()).select_from(ChildGuardian)) or 0

    named = {"name": "Drita Hoxha", "no_companion": "y", "not_of_household": "y", "when": "today"}
    sent: dict[str, object] = {**form_again(desk.get(address)), **named}
    assert form_again(desk.post(address, {**sent, "name": ""}, 422)) == {"once": sent["once"]}
    where = desk.post(address, sent)
    assert desk.post(address, sent) == where
    assert guardians() == 1
    desk.post(address, {**sent, "name": "Arta Leka"})
    assert guardians() == 2


@pytest.mark.slow
def test_an_arrival_that_was_taken_back_is_not_recorded_again_by_the_page_of_before(
    sign_in: SignIn, awaited: people.Sent
) -> None:
    nrc, address = sign_in(NRC), f"/referrals/{awaited.referral_id}/arrival"
    form = filled_in(nrc.get(address))
    nrc.post(address, form)
    sign_in(COLLEAGUE).post(f"{address}/back", {"why": "other_person"})
    after = stays_and_notes(awaited)
    told = f"/referrals/{awaited.referral_id}?did=arrival-back&lang=en"
    assert "The arrival is taken back" in sign_in(COLLEAGUE).get(told)
    assert "The arrival is taken back" not in nrc.get(told)  # who did not do it
    again = sign_in(NRC)  # another session: the form lay open in a tab
    said = again.post(f"{address}?lang=en", form, status=409)
    assert "was taken back by Test shelter_manager on" in said
    assert "open the page again" in said
    assert stays_and_notes(awaited) == after
    again.post(address, {**form, "seen": seen_of(again.get(address))})
    assert stays_and_notes(awaited)[0] == after[0] + 1
