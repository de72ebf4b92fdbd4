"""Others who are still there: told under seal to one desk, and nothing says who told it (ADR 0064)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions import tending
from nrm.actions.shelter import cases, first_talks, others_there
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.others_there import OthersRefusal, OthersRefused, StillThere
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case, Grant, Reading, SealedCompartment
from nrm.models.shelter.others_there import OthersThere
from nrm.vault import compartments as vault
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person
from tests.integration.shelter.test_first_talks import arrived, opened

SignIn = Callable[[str], Person]
PLACE, LINE = "Kalamajka 7, kati i dytë", "dera e pasme është e hapur natën"
THERE = StillThere(PLACE, "2_5", "yes", "yes", LINE)
FORM = {"place": PLACE, "how_many": "2_5", "children": "yes", "danger": "yes", "line": LINE, "agreed": "y"}
NONE = {"others_there": "yes", "others_tell": "yes", "others_official": "no"}
DESK, PROSECUTION = "ra.duty_officer", "prosecution.witness_liaison"
SAID = "Të tjerë që janë ende atje"


def talked(answers: dict[str, Any] = NONE, **told: Any) -> uuid.UUID:
    """Somebody in NRC whose first talk says this of others."""
    case_id, nrc = arrived(**told), factories.actor("nrc.case_worker")
    first_talks.save(case_id=case_id, answers=answers, seen=None, by=nrc)
    return case_id


def worker_of(sign_in: SignIn, case_id: uuid.UUID) -> Person:
    worker = sign_in("nrc.case_worker")
    opened(worker, case_id)
    return worker


def notices() -> list[OthersThere]:
    db.session.rollback()  # what other requests wrote since
    return list(db.session.scalars(select(OthersThere)))


def told(worker: Person, case_id: uuid.UUID) -> uuid.UUID:
    worker.post(f"/cases/{case_id}/others", FORM, 303)
    (notice,) = notices()
    return notice.id


def test_the_duty_desk_reads_what_the_person_wants_told_and_not_who_told_it(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = talked()
    worker = worker_of(sign_in, case_id)
    assert f"/cases/{case_id}/others" in worker.get(f"/cases/{case_id}/first-talk/saved")
    assert "E lexon vetëm kjo zyrë" in worker.get(f"/cases/{case_id}/others")
    notice_id = told(worker, case_id)
    desk = sign_in(DESK)
    home = desk.get("/")
    assert f'href="/others/{notice_id}"' in home.split(SAID, 1)[1]
    assert PLACE not in home
    closed = desk.get(f"/others/{notice_id}")
    assert PLACE not in closed
    desk.post(f"/others/{notice_id}", {}, 422)
    desk.post(f"/others/{notice_id}/seen", {}, 409)
    desk.post(f"/others/{notice_id}", {"purpose": "safety"}, 303)
    page = desk.get(f"/others/{notice_id}")
    for said in (PLACE, LINE, "Dy deri në pesë"):
        assert said in page
    case = db.session.get_one(Case, case_id)
    for who in (case.pseudonym, str(case_id), "NRC", "Qendra Kombëtare", people.PLANTED):
        assert who not in page, who
        assert who not in home.split(SAID, 1)[1].split("</section>", 1)[0], who
    assert "ende jo" in worker.get(f"/cases/{case_id}/others")
    desk.post(f"/others/{notice_id}/seen", {}, 303)
    desk.post(f"/others/{notice_id}/seen", {}, 303)
    assert "e pa " in desk.get("/").split(SAID, 1)[1]
    assert "ende jo" not in worker.get(f"/cases/{case_id}/others")
    db.session.rollback()
    (reading,) = db.session.scalars(select(Reading).where(Reading.case_id == notice_id))
    assert (reading.purpose, reading.holder_id) == ("safety", people.organisation("RA"))
    assert SAID in desk.get("/openings?whose=mine")


@pytest.mark.parametrize(
    ("answers", "before"),
    [
        ({**NONE, "others_official": "yes"}, {}),
        ({**NONE, "others_official": "unsure"}, {}),
        ({"others_there": "yes", "others_tell": "yes"}, {}),
        (NONE, {"official": "dont_know"}),
    ],
)
def test_where_an_official_may_be_involved_the_prosecution_alone_reads_it_and_the_duty_desk_has_no_row(
    app: Flask, sign_in: SignIn, answers: dict[str, Any], before: dict[str, Any]
) -> None:
    assert app
    case_id = talked(answers, **before)
    notice_id = told(worker_of(sign_in, case_id), case_id)
    duty = sign_in(DESK)
    assert SAID not in duty.get("/")
    duty.get(f"/others/{notice_id}", 404)
    duty.post(f"/others/{notice_id}", {"purpose": "safety"}, 404)
    holders = set(db.session.scalars(select(Grant.organisation_id).where(Grant.case_id == notice_id)))
    assert holders == {people.organisation("PROSECUTION")}
    prosecution = sign_in(PROSECUTION)
    assert f"/others/{notice_id}" in prosecution.get("/")
    prosecution.post(f"/others/{notice_id}", {"purpose": "court"}, 303)
    assert PLACE in prosecution.get(f"/others/{notice_id}")


@pytest.mark.parametrize(
    "answers", [{**NONE, "others_tell": "no"}, {"others_there": "yes"}, {"others_tell": "yes"}, {}]
)
def test_without_the_person_s_yes_nobody_is_told(app: Flask, sign_in: SignIn, answers: dict[str, Any]) -> None:
    assert app
    case_id = talked(answers)
    worker = worker_of(sign_in, case_id)
    worker.get(f"/cases/{case_id}/others", 409)
    worker.post(f"/cases/{case_id}/others", FORM, 409)
    nrc = factories.actor("nrc.case_worker")
    cases.open_compartment(case_id=case_id, compartment=Compartment.STORY, purpose=Purpose.CARE, by=nrc)
    with pytest.raises(OthersRefused, match=OthersRefusal.NOT_WANTED):
        others_there.tell(case_id=case_id, there=THERE, by=nrc)
    assert notices() == []


def test_what_cannot_be_told_comes_back_with_what_to_do_and_nothing_is_lost(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = talked()
    worker = worker_of(sign_in, case_id)
    code = db.session.get_one(Case, case_id).pseudonym
    address = f"/cases/{case_id}/others?lang=en"
    for wrong, said in (
        ({"place": ""}, "Enter where they are"),
        ({"place": "x" * 201}, "Enter at most 200 characters: "),
        ({"how_many": "many"}, "Choose how many"),
        ({"children": ""}, "Choose whether children"),
        ({"danger": ["yes", "no"]}, "Give one answer"),
        ({"agreed": ""}, "Tick that the person says yes"),
        ({"line": f"code {code.lower()}"}, "Leave out codes"),
        ({"line": "ask NRC"}, "Leave out codes"),
        ({"line": "Shelter: National Reception Centre, ask there"}, "Leave out codes"),
        ({"place": "te qendra KOMBETARE pritese"}, "Leave out codes"),
    ):
        page = worker.post(address, {**FORM, **wrong}, 422)
        assert said in page, wrong
        if "place" not in wrong:
            assert PLACE in page
    assert notices() == []
    factories.later(minutes=16)
    worker = sign_in("nrc.case_worker")  # the story is not open in this session
    page = worker.post(address, FORM, 409)
    assert "The story is closed again" in page
    assert PLACE in page
    worker.get(f"/cases/{case_id}/others", 303)
    assert notices() == []


def test_it_is_told_once_and_told_anew_after_it_was_taken_back(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = talked()
    worker = worker_of(sign_in, case_id)
    first = told(worker, case_id)
    assert told(worker, case_id) == first, "the same button twice"
    worker.post(f"/cases/{case_id}/others/take-back", {}, 303)
    assert notices() == []
    sign_in(DESK).get(f"/others/{first}", 404)
    kept = select(SealedCompartment).where(SealedCompartment.case_id == first)
    assert db.session.scalar(kept) is None
    assert told(worker, case_id) != first


def test_what_was_opened_is_closed_once_it_is_taken_back(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = talked()
    worker = worker_of(sign_in, case_id)
    notice_id = told(worker, case_id)
    desk = sign_in(DESK)
    desk.post(f"/others/{notice_id}", {"purpose": "safety"}, 303)
    hands.withdrawn(case_id, factories.actor("nrc.case_worker"))
    assert notices() == []
    desk.get(f"/others/{notice_id}", 404)
    assert SAID not in desk.get("/")
    assert not vault.compartments_of(db.session(), notice_id)


@pytest.mark.parametrize("now", [{**NONE, "others_official": "yes"}, {**NONE, "others_tell": "no"}])
def test_a_first_talk_that_says_otherwise_takes_it_back_from_the_desk(
    app: Flask, sign_in: SignIn, now: dict[str, Any]
) -> None:
    assert app
    case_id, nrc = talked(), factories.actor("nrc.case_worker")
    told(worker_of(sign_in, case_id), case_id)
    first_talks.save(case_id=case_id, answers={**NONE, "why_late": "fear"}, seen=None, by=nrc)
    assert len(notices()) == 1, "nothing of it changed"
    first_talks.save(case_id=case_id, answers=now, seen=None, by=nrc)
    assert notices() == []
    assert SAID not in sign_in(DESK).get("/")


def test_it_is_destroyed_after_thirty_days(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = talked()
    notice_id = told(worker_of(sign_in, case_id), case_id)
    factories.later(days=29)
    assert tending.tend()["others_over"] == 0
    factories.later(days=1)
    assert tending.tend()["others_over"] == 1
    assert notices() == []
    assert not vault.compartments_of(db.session(), notice_id)
    assert tending.tend()["others_over"] == 0


STRANGERS = (
    "vatra.shelter_manager",
    "iom.case_worker",
    "rinas.border_officer",
    "trp_unit.trp_officer",
    "molsa.statistician",
    "administrator",
)


@pytest.mark.parametrize("login", STRANGERS)
def test_no_third_party_reaches_it_and_no_ministry(app: Flask, sign_in: SignIn, login: str) -> None:
    assert app
    case_id = talked()
    notice_id = told(worker_of(sign_in, case_id), case_id)
    other = sign_in(login)
    assert SAID not in other.get("/")
    expected = (403,) if login in ("molsa.statistician", "administrator") else (404,)
    for path in (f"/others/{notice_id}", f"/cases/{case_id}/others"):
        assert other.client.get(path).status_code in expected, path
    token = {"csrf_token": other.csrf_token}
    for path, data in (
        (f"/others/{notice_id}", {"purpose": "safety"}),
        (f"/others/{notice_id}/seen", {}),
        (f"/cases/{case_id}/others", FORM),
        (f"/cases/{case_id}/others/take-back", {}),
    ):
        assert other.client.post(path, data={**token, **data}).status_code in expected, path
    by = factories.actor(login)
    for act in (
        lambda: others_there.open_notice(notice_id=notice_id, purpose=Purpose.SAFETY, by=by),
        lambda: others_there.seen(notice_id=notice_id, by=by),
        lambda: others_there.take_back(case_id=case_id, by=by),
        lambda: others_there.tell(case_id=case_id, there=THERE, by=by),
    ):
        with pytest.raises((NotVisible, NotPermitted)):
            act()
    assert len(notices()) == 1


@pytest.mark.parametrize("login", [DESK, PROSECUTION])
def test_a_desk_neither_tells_nor_takes_back(app: Flask, sign_in: SignIn, login: str) -> None:
    assert app
    case_id = talked()
    told(worker_of(sign_in, case_id), case_id)
    desk = sign_in(login)
    desk.get(f"/cases/{case_id}/others", 404)
    desk.post(f"/cases/{case_id}/others/take-back", {}, 404)
    desk.post(f"/cases/{case_id}/others", FORM, 404)
    assert len(notices()) == 1


def test_no_row_says_the_place_the_words_or_the_case(app: Flask, sign_in: SignIn) -> None:
    assert app
    case_id = talked()
    notice_id = told(worker_of(sign_in, case_id), case_id)
    whose = {case_id.hex, str(case_id), db.session.get_one(Case, case_id).pseudonym}
    for engine in (db.engine, db.engines["shred"]):
        with engine.connect() as connection:
            tables = db.metadatas[None if engine is db.engine else "shred"].sorted_tables
            for table in tables:
                for row in connection.execute(select(table)):
                    said = repr(tuple(row))
                    assert not [each for each in (PLACE, LINE, "Kalamajka", "2_5") if each in said], table.name
                    if notice_id.hex in said or str(notice_id) in said:
                        assert not [each for each in whose if each in said], table.name
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.event == Event.OTHERS_TOLD)).all()
    assert len(entries) == 1
    assert not [each for each in (str(notice_id), *whose) if each in repr(entries[0].__dict__)]
