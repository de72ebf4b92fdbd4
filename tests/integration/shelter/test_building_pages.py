"""A manager and a case worker at the pages of the building; another shelter sees none of it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask

from nrm.db import db
from nrm.domain.shelter.cases import new_pseudonym
from nrm.store import days
from nrm.store.shelter import places as store
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import CHILD, admitted

SignIn = Callable[[str], Person]
MANAGER, WORKER = "vatra.shelter_manager", "vatra.case_worker"
CODE = new_pseudonym(bytes(range(16)))


def boxes(name: str, day: date) -> dict[str, str]:
    return {f"{name}-day": str(day.day), f"{name}-month": str(day.month), f"{name}-year": str(day.year)}


def units() -> dict[str, store.UnitLine]:
    db.session.rollback()
    return {line.label: line for line in store.units(by=factories.actor(MANAGER), closed=True)}


def test_a_unit_is_split_renamed_and_closed_by_day_and_the_past_stays(app: Flask, sign_in: SignIn) -> None:
    admitted(factories.actor(WORKER))
    manager, first = sign_in(MANAGER), units()["Ndërtesa"]
    address = f"/beds/units/{first.id}"
    v2, v3 = (str(people.bed("VATRA", number)) for number in (1, 2))
    names = [store.place_line(uuid.UUID(each), by=factories.actor(MANAGER)).label for each in (v2, v3)]
    split = {"label": "Kati i parë", "for_whom": "women", "begins": "today"}
    assert "Tick the places" in manager.post(f"{address}/split?lang=en", split, 422)
    assert manager.post(f"{address}/split", {**split, "places": names}) == "/beds/units"
    assert (units()["Ndërtesa"].places, units()["Kati i parë"].places) == (43, 2)
    manager.post(f"{address}/split?lang=en", {**split, "places": names[:1]}, 422)
    board = manager.get("/beds?lang=en")
    assert re.search(r"Tonight 44 places are free: 42 for everybody, 2 for women\.", board)
    assert re.search(r"<span>Kati i parë, for women, \w+ \d{4}( – \w+ \d{4})?</span></caption>", board)
    # From today on it has another name: what it was called until yesterday stays.
    assert manager.post(f"{address}/change", {"label": "Kati i dytë", "for_whom": "everybody"}) == "/beds/units"
    assert units()["Ndërtesa"].closed_why == "renamed"
    assert units()["Kati i dytë"].places == 43
    taken = manager.post(
        f"/beds/units/{units()['Kati i dytë'].id}/close?lang=en", {"closed": "today", "reason": "given_up"}, 422
    )
    assert "somebody sleeps in this place" in taken
    women = units()["Kati i parë"].id
    assert manager.post(f"/beds/units/{women}/close", {"closed": "today", "reason": "given_up"}) == "/beds/units"
    assert "43 places: 1 taken, 0 kept, 42 free." in manager.get("/beds?lang=en")
    manager.post(f"/beds/{v2}/reopen", {}, 409)
    manager.post(f"/beds/units/{women}/reopen", {})
    assert manager.post(f"/beds/{v2}/reopen", {}) == f"/beds/{v2}"
    for verb in ("change", "split", "close"):
        sign_in("nrc.shelter_manager").get(f"/beds/units/{women}/{verb}", 404)
        sign_in(WORKER).get(f"/beds/units/{women}/{verb}", 403)


def test_a_case_worker_makes_an_extra_place_and_keeps_and_releases_one(app: Flask, sign_in: SignIn) -> None:
    worker, today = sign_in(WORKER), days.today()
    assert "Make an extra place" in worker.get("/beds?lang=en")
    page = worker.post("/beds/extra?lang=en", {"nights": "8", "reason": "building_full"}, 422)
    assert "Choose a number" in page
    extra: dict[str, object] = {"nights": "2", "reason": "building_full"}
    page = worker.post("/beds/extra?lang=en", extra, 422)
    assert re.search(r"Free places on your board tonight: \d+\. Can nobody be put there\?", page)
    made = worker.post("/beds/extra", {**extra, "though_free": "y"})
    assert "An extra place, there until" in worker.get(f"{made}?lang=en")
    assert "46 places: 0 taken, 0 kept, 46 free." in worker.get("/beds?lang=en")
    assert "1 of them is an extra place." in worker.get("/beds?lang=en")
    assert "46 of 46 places free, 1 extra place" in sign_in("ra.duty_officer").get("/duty/map?lang=en")
    place = f"/beds/{people.bed('VATRA', 4)}"
    sent = {"code": "K7QM", "begins": "today", **boxes("ends_day", today + timedelta(days=2))}
    assert "Enter the code of the case" in worker.post(f"{place}/promise?lang=en", sent, 422)
    assert worker.post(f"{place}/promise", {**sent, "code": CODE}) == place
    assert "Your shelter holds no case of this code" in worker.get(f"{place}?lang=en")
    board = worker.get("/beds?lang=en")
    assert f"kept for {CODE}" in board
    assert f"still kept for {CODE}, if they have not come" in board  # nobody is late yet
    (kept,) = store.place_line(uuid.UUID(place.removeprefix("/beds/")), by=factories.actor(WORKER)).kept
    for login, status in (("nrc.case_worker", 404), ("ra.duty_officer", 403)):
        sign_in(login).get(f"/beds/promises/{kept.id}", status)
        sign_in(login).get(place, status)
    early = boxes("ends_day", today)
    assert "Enter a later day" in worker.post(f"/beds/promises/{kept.id}/renew?lang=en", early, 422)
    assert worker.post(f"/beds/promises/{kept.id}/renew", boxes("ends_day", today + timedelta(days=5))) == place
    assert worker.post(f"/beds/promises/{kept.id}/release", {}) == place
    assert CODE not in worker.get("/beds?lang=en")


@pytest.mark.slow
def test_a_member_keeps_few_places_for_codes_one_for_each_and_not_for_months(app: Flask, sign_in: SignIn) -> None:
    """Nobody looks up whether a person of the code is on the way: else a newcomer fills the house in a minute."""
    worker, today = sign_in(WORKER), days.today()
    codes = [new_pseudonym(bytes([each, *range(15)])) for each in range(5)]
    free = [f"/beds/{people.bed('VATRA', each)}/promise?lang=en" for each in range(6)]
    sent = {"begins": "today", **boxes("ends_day", today + timedelta(days=2))}
    worker.post(free[0], {**sent, "code": codes[0]})
    assert "kept for this code already" in worker.post(free[1], {**sent, "code": codes[0]}, 422)
    long = {**sent, **boxes("ends_day", today + timedelta(days=60))}
    assert "a month at most" in worker.post(free[1], {**long, "code": codes[1]}, 422)
    for code, address in zip(codes[1:4], free[1:4], strict=True):
        worker.post(address, {**sent, "code": code})
    assert "as many people as one member may" in worker.post(free[4], {**sent, "code": codes[4]}, 422)
    sign_in(MANAGER).post(free[4], {**sent, "code": codes[4]})  # a colleague still can


def test_a_place_goes_out_of_service_and_back_with_reason_and_reference(app: Flask, sign_in: SignIn) -> None:
    manager, today = sign_in(MANAGER), days.today()
    place = f"/beds/{people.bed('VATRA', 4)}"
    sent = {"begins": "today", "ends": "other", "reason": "repairs", "reference": "12/2026"}
    assert "Enter a later day" in manager.post(f"{place}/out?lang=en", {**sent, **boxes("ends_day", today)}, 422)
    assert "Choose why" in manager.post(f"{place}/out?lang=en", {"begins": "today", "ends": "open"}, 422)
    assert manager.post(f"{place}/out", {**sent, **boxes("ends_day", today + timedelta(days=3))}) == place
    page = manager.get(f"{place}?lang=en")
    assert "12/2026" in page
    assert "44 free, 1 out of service." in manager.get("/beds?lang=en")
    (out,) = store.place_line(uuid.UUID(place.removeprefix("/beds/")), by=factories.actor(WORKER)).out
    sign_in("nrc.shelter_manager").post(f"/beds/out/{out.id}/back", {}, 404)
    sign_in(WORKER).post(f"/beds/out/{out.id}/back", {}, 403)
    assert manager.post(f"/beds/out/{out.id}/back", {}) == place
    assert "45 places: 0 taken, 0 kept, 45 free." in manager.get("/beds?lang=en")


@pytest.mark.slow
def test_the_numbers_of_a_house_add_up_on_every_page(app: Flask, sign_in: SignIn) -> None:
    nrc = factories.actor("nrc.case_worker")
    admitted(nrc)
    worker, rinas = sign_in("nrc.case_worker"), factories.actor("rinas.border_officer")
    first, _ = people.sent(rinas), people.sent(rinas)
    worker.post(f"/referrals/{first.referral_id}/accept", {"bed": str(people.bed("NRC", 5)), "expected": "2"})
    db.session.rollback()
    room = store.room(by=nrc)
    free = room.places - 2
    tonight = f"Tonight {free} places are free: {free} for everybody. 1 of them is asked for."
    home, board, stays = (worker.get(f"{page}?lang=en") for page in ("/", "/beds", "/stays"))
    assert tonight in home
    assert f"Of {room.places} places 1 is taken, 1 kept, 0 out of service." in home
    assert tonight in board
    for page in (board, stays):
        assert f"{room.places} places: 1 taken, 1 kept, {free} free (1 of them asked for)." in page
    # Who was accepted is on the way: the list of people says so, and offers neither a bed nor an end.
    people_here = worker.get("/cases?lang=en")
    assert "on the way here" in people_here
    assert f"/referrals/{first.referral_id}/arrival" in people_here
    assert "Admit, hand on or close" not in people_here


def test_a_first_unit_says_everything_that_is_missing_at_once_and_then_what_comes_next(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    manager = sign_in(MANAGER)
    page = manager.post("/beds/units/add?lang=en", {"number": "1"}, 422)
    for field in ("label", "name", "for_whom", "begins"):
        assert f'href="#{field}"' in page, field
    unit = {"label": "Garden house", "for_whom": "girls", "name": "G1", "number": "3", "begins": "today"}
    after = manager.get(manager.post("/beds/units/add", unit) + "&lang=en")
    assert "bring in who sleeps here already" in after
    assert "<td>3 places</td>" in after
    assert "nrm stays import" in manager.get("/stays?lang=en")


def test_nobody_in_an_empty_house_has_a_key_worker_and_who_has_none_is_named_with_the_place(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    manager = sign_in(MANAGER)
    empty = manager.get("/key-workers?lang=en")
    assert "Everybody here has a key worker" not in empty
    assert "You hold no open case" in empty
    someone = admitted(factories.actor(WORKER), CHILD)
    assert re.search(f">{someone.pseudonym}</a>, place V", manager.get("/key-workers?lang=en"))
    case = manager.get(f"/cases/{someone.case_id}?lang=en")
    assert "a child is not asked" in case
    assert "no answer holds" not in case
