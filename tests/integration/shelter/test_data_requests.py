"""A person asks for a copy or for erasure, wherever they are: who learns what, and how it is answered."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import audit
from nrm.actions import tending
from nrm.actions.referrals import referrals
from nrm.actions.shelter import data_requests, erasures
from nrm.db import db
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.accounts.second_hands import ActStatus, Undone
from nrm.domain.shelter.cases import new_pseudonym
from nrm.domain.shelter.data_requests import Refusal, RequestKind, RequestRefused, RequestStatus
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Case, Reading
from nrm.models.shelter.data_requests import PersonRequest
from nrm.store.rows import entries
from nrm.store.shelter import data_requests as store
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person
from tests.integration.shelter.test_erasures import gone
from tests.world import World

UNKNOWN = new_pseudonym(bytes(range(16)))
RECORDERS = ("helpline.helpline_operator", "ra.duty_officer", "iom.shelter_manager", "vatra.case_worker")
Planted = tuple[Flask, World]


def code_of(case_id: uuid.UUID) -> str:
    return db.session.get_one(Case, case_id).pseudonym


def asked(code: str, kind: RequestKind = RequestKind.COPY, login: str = RECORDERS[0]) -> uuid.UUID:
    request_id = uuid.uuid4()
    data_requests.record(request_id=request_id, pseudonym=code, kind=kind, by=factories.actor(login))
    return request_id


def status_of(request_id: uuid.UUID) -> tuple[str, str]:
    db.session.rollback()
    found = db.session.scalars(
        select(PersonRequest).where(PersonRequest.id == request_id).execution_options(populate_existing=True)
    ).one()
    return found.status, found.reason


@pytest.mark.parametrize("login", RECORDERS)
def test_who_records_it_gets_the_same_answer_for_a_code_that_exists_and_one_that_does_not(
    world_app: Planted, login: str
) -> None:
    app, world = world_app
    person = Person(app.test_client(), login)
    pages = []
    for code in (code_of(world.own_case), UNKNOWN):
        data = {"id": str(uuid.uuid4()), "code": code.lower().replace("-", " "), "kind": "copy"}
        assert person.post("/requests/new", data) == "/requests"
        page = person.get("/requests")
        assert code in page
        row = next(line for line in page.split("<tr>") if code in line).split("</tr>")[0]
        own = re.findall(r"/requests/([0-9a-f-]{36})/mistake", row)
        assert len(own) == 1
        pages.append(row.replace(code, "*").replace(own[0], "*"))
        assert "/cases/" not in row
    assert pages[0] == pages[1]


@pytest.mark.parametrize("login", ["rinas.border_officer", "trp_unit.trp_officer", "molsa.statistician", "oms.monitor"])
def test_nobody_else_records_or_answers(world_app: Planted, login: str) -> None:
    _, world = world_app
    by = factories.actor(login)
    with pytest.raises(NotPermitted):
        data_requests.record(request_id=uuid.uuid4(), pseudonym=UNKNOWN, kind=RequestKind.COPY, by=by)
    for answer in (data_requests.give, data_requests.open_copy):
        with pytest.raises((NotPermitted, NotVisible)):
            answer(request_id=world.request, by=by)


def test_the_task_is_on_the_desk_of_who_holds_the_case_and_on_no_other(world_app: Planted) -> None:
    _, world = world_app
    erasure = asked(code_of(world.own_case), RequestKind.ERASURE)
    lost = asked(UNKNOWN)
    unheld = asked(code_of(world.asked_case))
    there = {
        login: {line.id for line in store.waiting(by=factories.actor(login))}
        for login in ("nrc.case_worker", "vatra.case_worker", "iom.case_worker", "ra.duty_officer")
    }
    assert there == {
        "nrc.case_worker": {world.request},
        "vatra.case_worker": {erasure},
        "iom.case_worker": set(),
        "ra.duty_officer": {lost, unheld},
    }
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=world.asked, place_id=people.bed("NRC", 4), by=nrc)
    assert {line.id for line in store.waiting(by=nrc)} == {world.request, unheld}


def test_after_thirty_days_the_duty_desk_sees_it_and_still_does_not_answer(world_app: Planted) -> None:
    app, world = world_app
    ra = factories.actor("ra.duty_officer")
    [line] = store.waiting(by=factories.actor("nrc.case_worker"))
    assert (line.due_on - line.asked_on, line.late) == (timedelta(days=30), False)
    factories.later(days=30)
    assert store.waiting(by=ra) == []
    factories.later(days=1)
    [late] = store.waiting(by=ra)
    assert (late.id, late.late, late.may_answer, late.case_id) == (world.request, True, False, None)
    duty = Person(app.test_client(), "ra.duty_officer")
    assert late.pseudonym in duty.get("/")
    for path in ("", "/refuse", "/copy"):
        duty.get(f"/requests/{world.request}{path}", 404)


def test_the_holder_opens_the_copy_by_a_post_prints_it_and_says_that_it_was_given(world_app: Planted) -> None:
    app, world = world_app
    nrc = Person(app.test_client(), "nrc.case_worker")
    assert f"/requests/{world.request}" in nrc.get("/")
    address = f"/requests/{world.request}/copy"
    assert nrc.client.get(address).status_code == 303  # nothing was opened: nothing is shown
    assert people.PLANTED not in nrc.get(f"/requests/{world.request}")
    before = len(db.session.scalars(select(Reading.id)).all())
    assert nrc.post(address) == address
    page = nrc.get(address)
    assert people.PLANTED in page
    assert people.TOLD in page
    assert "ndihmë juridike: lawyer" in page, "what is planned for a person is kept of her, too"
    title = re.search("<title>(.*?)</title>", page)
    assert title
    assert title[1] == "Kopje"
    db.session.rollback()
    read = db.session.scalars(select(Reading).where(Reading.purpose == "copy")).all()
    assert {each.compartment for each in read} >= {"hand_over", "identity", "story"}
    assert len(db.session.scalars(select(Reading.id)).all()) == before + len(read)
    nrc.post(f"/requests/{world.request}/given")
    assert status_of(world.request) == (RequestStatus.GIVEN, "")
    nrc.get(address, 409)
    nrc.post(address, status=409)
    nrc.post(f"/requests/{world.request}/given", status=409)
    told = Person(app.test_client(), "helpline.helpline_operator").get("/requests")
    assert "kopja u dha" in told
    assert list(audit.verify(db.session())) == []


def test_the_copy_is_over_after_a_quarter_of_an_hour_and_asks_for_a_fresh_proof(world_app: Planted) -> None:
    app, world = world_app
    nrc = Person(app.test_client(), "nrc.case_worker")
    address = f"/requests/{world.request}/copy"
    nrc.post(address)
    factories.later(minutes=6)
    asked_again = nrc.get(address)
    assert 'name="step_up"' in asked_again
    assert people.PLANTED not in asked_again
    assert nrc.post(address, {"step_up": "wrong"}, 422)
    assert nrc.post(address, {"step_up": factories.PASSWORD}) == address
    factories.later(minutes=10)
    assert people.PLANTED not in nrc.post(address, status=401)


def test_erasing_answers_what_was_asked_and_nothing_else(world_app: Planted) -> None:
    _, world = world_app
    code = code_of(world.own_case)
    erasure, second, copy = (
        asked(code, RequestKind.ERASURE),
        asked(code, RequestKind.ERASURE, "ra.duty_officer"),
        asked(code),
    )
    gone(world.own_stay, "vatra.shelter_manager")
    vatra = factories.actor("vatra.case_worker")
    hands.erased(world.own_case, vatra)
    assert [status_of(each)[0] for each in (erasure, second, copy, world.request)] == [
        RequestStatus.ERASED,
        RequestStatus.ERASED,
        RequestStatus.OPEN,
        RequestStatus.OPEN,
    ]
    assert data_requests.copy(request_id=copy, by=vatra) is None
    data_requests.refuse(request_id=copy, reason=Refusal.NOTHING_KEPT, by=vatra)
    assert status_of(copy) == (RequestStatus.REFUSED, Refusal.NOTHING_KEPT)


def test_it_is_refused_for_a_reason_that_fits_once(world_app: Planted) -> None:
    app, world = world_app
    nrc = Person(app.test_client(), "nrc.case_worker")
    address = f"/requests/{world.request}/refuse"
    for reason in ("", "junk", "no_case", "court_file"):
        assert "Zgjidhni pse refuzohet" in nrc.post(address, {"reason": reason}, 422)
    nrc.post(address, {"reason": "danger"})
    assert status_of(world.request) == (RequestStatus.REFUSED, Refusal.DANGER)
    nrc.post(address, {"reason": "danger"}, 404)
    with pytest.raises(RequestRefused):
        data_requests.refuse(request_id=world.request, reason=Refusal.TAKEN_BACK, by=factories.actor("nrc.case_worker"))
    ra = Person(app.test_client(), "ra.duty_officer")
    lost = asked(UNKNOWN)
    assert 'value="no_case"' in ra.get(f"/requests/{lost}/refuse")
    ra.post(f"/requests/{lost}/refuse", {"reason": "no_case"})
    assert "Nuk ka rast me këtë kod" in Person(app.test_client(), "helpline.helpline_operator").get("/requests")


def test_the_same_button_twice_records_once_and_anothers_id_is_nothing(world_app: Planted) -> None:
    _, world = world_app
    helpline, vatra = factories.actor("helpline.helpline_operator"), factories.actor("vatra.case_worker")
    request_id = asked(UNKNOWN)
    data_requests.record(request_id=request_id, pseudonym=UNKNOWN, kind=RequestKind.COPY, by=helpline)
    assert len(store.recorded(by=helpline)) == 2
    with pytest.raises(NotVisible):
        data_requests.record(request_id=request_id, pseudonym=UNKNOWN, kind=RequestKind.COPY, by=vatra)
    assert store.recorded(by=vatra) == []
    assert world.request not in {line.id for line in store.waiting(by=vatra)}


@pytest.mark.parametrize("code", ["", "K7QM", "AAAA-AAAA-A", UNKNOWN[:-1] + "2", "x" * 60, "\u202e"])
def test_a_code_that_cannot_be_one_is_said_at_the_field_and_nothing_is_lost(world_app: Planted, code: str) -> None:
    app, _ = world_app
    helpline = Person(app.test_client(), "helpline.helpline_operator")
    page = helpline.post("/requests/new", {"id": str(uuid.uuid4()), "code": code, "kind": "erasure"}, 422)
    assert 'href="#code"' in page
    assert re.search(r'value="erasure"[^>]* checked', page)
    assert helpline.post("/requests/new", {"id": "junk", "code": quote(UNKNOWN), "kind": "copy"}, 422)


@pytest.mark.slow
def test_one_member_records_ten_requests_an_hour_and_what_was_typed_stays(world_app: Planted) -> None:
    app, world = world_app
    factories.later(hours=1)  # one was recorded when the world was made
    helpline = Person(app.test_client(), RECORDERS[0])
    before = len(db.session.scalars(select(PersonRequest.id)).all())
    first = {"id": str(uuid.uuid4()), "code": UNKNOWN, "kind": "no_follow_up"}
    helpline.post("/requests/new", first)
    for number in range(9):
        kind = ("no_follow_up", "copy", "keep")[number % 3]
        helpline.post("/requests/new", {"id": str(uuid.uuid4()), "code": UNKNOWN, "kind": kind})
    for code in (UNKNOWN, code_of(world.own_case)):
        page = helpline.post("/requests/new?lang=en", {"id": str(uuid.uuid4()), "code": code, "kind": "copy"}, 429)
        assert "This is not recorded: you have recorded ten requests within an hour." in page
        assert f'value="{code}"' in page
        assert re.search(r'value="copy"[^>]* checked', page)
    assert helpline.post("/requests/new", first) == "/requests", "the same button again is no further request"
    db.session.rollback()
    assert len(db.session.scalars(select(PersonRequest.id)).all()) == before + 10
    asked(UNKNOWN, login="vatra.case_worker")  # another member is not held up by it
    factories.later(minutes=7)
    asked(UNKNOWN)
    with pytest.raises(TooSoon):
        asked(UNKNOWN)
    assert list(audit.verify(db.session())) == []


def test_who_recorded_it_for_the_wrong_person_says_so_and_what_runs_because_of_it_stops(world_app: Planted) -> None:
    app, world = world_app
    code = code_of(world.own_case)
    first, second = asked(code, RequestKind.ERASURE), asked(code, RequestKind.ERASURE, "ra.duty_officer")
    gone(world.own_stay, "vatra.shelter_manager")
    act_id = hands.asked(lambda: erasures.erase(case_id=world.own_case, by=factories.actor("vatra.case_worker")))
    operator = Person(app.test_client(), RECORDERS[0])
    address = f"/requests/{first}/mistake"
    assert f'href="{address}"' in operator.get("/requests")
    page = operator.get(f"{address}?lang=en")
    assert code in page
    assert "nobody is refused anything" in page
    assert operator.post(address) == "/requests"
    assert status_of(first) == (RequestStatus.MISTAKEN, "")
    assert status_of(second) == (RequestStatus.OPEN, "")
    assert act(act_id).status == ActStatus.PARKED  # somebody else recorded the same for this person
    assert "recorded for the wrong person: it is withdrawn" in operator.get("/requests?lang=en")
    operator.post(address, status=404)
    Person(app.test_client(), "ra.duty_officer").post(f"/requests/{second}/mistake")
    assert (act(act_id).status, act(act_id).undone) == (ActStatus.DECLINED, Undone.WRONG_PERSON)
    factories.later(hours=73)
    tending.tend()
    assert db.session.get_one(Case, world.own_case, populate_existing=True).status == "open"
    said = [each.said["request_id"] for each in entries.since(entries.EVER, audit.Event.REQUEST_MISTAKEN)]
    assert said == [str(first), str(second)]
    home = Person(app.test_client(), "vatra.shelter_manager").get("/?lang=en")
    assert "Given back: the request had been recorded for the wrong person:" in home
    page = Person(app.test_client(), "vatra.shelter_manager").get(f"/second-hands/{act_id}?lang=en")
    assert "given back: the request had been recorded for the wrong person" in page


def act(act_id: uuid.UUID) -> HeavyAct:
    db.session.rollback()
    return db.session.get_one(HeavyAct, act_id, populate_existing=True)


def test_the_house_that_answers_makes_no_request_vanish_and_refuses_one_under_a_wrong_code_with_that_reason(
    world_app: Planted,
) -> None:
    app, world = world_app
    nrc = Person(app.test_client(), "nrc.case_worker")
    assert "/mistake" not in nrc.get(f"/requests/{world.request}")
    assert nrc.client.get(f"/requests/{world.request}/mistake").status_code in (403, 404)
    sent = nrc.client.post(f"/requests/{world.request}/mistake", data={"csrf_token": nrc.csrf_token})
    assert sent.status_code in (403, 404)
    assert status_of(world.request) == (RequestStatus.OPEN, "")
    assert "or the code was wrong" in nrc.get(f"/requests/{world.request}/refuse?lang=en")
    nrc.post(f"/requests/{world.request}/refuse", {"reason": "not_the_person"})
    assert status_of(world.request) == (RequestStatus.REFUSED, "not_the_person")


def test_nobody_else_withdraws_a_request_and_what_was_passed_on_unread_is_not_shown(world_app: Planted) -> None:
    app, world = world_app
    for login in ("vatra.shelter_manager", "iom.shelter_manager", "ra.duty_officer"):
        person = Person(app.test_client(), login)
        person.get(f"/requests/{world.request}/mistake", 404)
        person.post(f"/requests/{world.request}/mistake", status=404)
    Person(app.test_client(), "molsa.statistician").post(f"/requests/{world.request}/mistake", status=403)
    passed = asked(code_of(world.own_case), RequestKind.KEEP)
    operator = Person(app.test_client(), RECORDERS[0])
    assert f"/requests/{passed}/mistake" not in operator.get("/requests")
    operator.get(f"/requests/{passed}/mistake", 404)
    assert status_of(world.request) == (RequestStatus.OPEN, "")
