"""What somebody asked for is over with who asked; nobody takes a whole identity by time, or by hands that are one.

Each test is a walk of somebody hostile on the pages (ADR 0163).
"""

from __future__ import annotations

import re
import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import audit
from nrm.actions import tending
from nrm.db import db
from nrm.domain.accounts.second_hands import Undone
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.accounts.suspensions import Suspension
from nrm.store import names
from tests import factories
from tests.conftest import Person
from tests.integration.accounts.test_invitations import FIELDS, member, one_more, shown_to
from tests.integration.accounts.test_second_hands import EVERYTHING, MANAGER, WORKER, kept, opened
from tests.integration.keylog.test_roles import waiting

DESK, ANA, BESA = "ra.duty_officer", "vatra.ana", "vatra.besa"


def suspended(login: str) -> list[uuid.UUID]:
    db.session.rollback()
    whose = select(Suspension.id).where(Suspension.member_id == member(login).id, Suspension.ended_at.is_(None))
    return list(db.session.scalars(whose))


def act(address: str) -> HeavyAct:
    db.session.rollback()
    return db.session.get_one(HeavyAct, uuid.UUID(address.split("/")[2]), populate_existing=True)


def link_in(page: str) -> str:
    found = re.search(r"/invitations/([\w-]+)", page)
    assert found
    return found[1]


@pytest.mark.slow
def test_a_request_dies_with_its_asker(app: Flask) -> None:
    """The manager stops who asked to end his account, and let him begin anew; the desk can agree to nothing of it."""
    factories.later()
    one_more(ANA, WORKER)
    factories.later(minutes=10)
    manager_id, worker_id = member(MANAGER).id, member(WORKER).id
    (case_id,) = opened(1)
    ana, manager, desk = (Person(app.test_client(), login) for login in (ANA, MANAGER, DESK))
    withdrawn = ana.post(f"/cases/{case_id}/consents/withdraw", dict(EVERYTHING))
    ended = ana.post(f"/members/{manager_id}/disable", {"reason": "left"})
    link = link_in(ana.made(f"/members/{manager_id}/anew", lang="en"))
    assert f"{ended}/agree" in desk.get(ended)
    page = desk.get(f"/members/{manager_id}/anew/agree")
    assert "sure" in page
    manager.post(f"/members/{member(ANA).id}/suspend", {"reason": "misuse"})
    for each in (ended, withdrawn):
        assert (act(each).status, act(each).undone) == ("expired", Undone.FELL)
    assert "who asked was suspended, or their account was ended" in manager.get(f"{withdrawn}?lang=en")
    assert "Over, not done" in manager.get("/?lang=en")
    for person, path in ((desk, f"{ended}/agree"), (manager, f"{withdrawn}/agree")):
        person.post(path, {"sure": "y", "heard": "spoke"}, 404 if person is desk else 409)
    desk.post(f"/members/{manager_id}/anew/agree", {"sure": "y"}, 404)
    factories.later(days=15)
    tending.tend()
    assert member(MANAGER).status == "active"
    assert kept(case_id)
    assert app.test_client().get(f"/invitations/{link}").status_code == 404
    # What is in the key log falls too, and does not come to life when the suspension is over.
    worker = Person(app.test_client(), WORKER)
    one_more(BESA, MANAGER)
    worker.post(f"/members/{member(BESA).id}/role", {"role": "case_worker"})
    assert waiting()
    Person(app.test_client(), MANAGER).post(f"/members/{worker_id}/suspend", {"reason": "misuse"})
    factories.later(days=4)
    assert not Person(app.test_client(), MANAGER).get("/key-log?lang=en").count("Somebody is to have another role")
    assert list(audit.verify(db.session())) == []


@pytest.mark.slow
def test_a_case_that_a_stopped_member_closed_is_destroyed_by_no_time(app: Flask) -> None:
    """The person may have wished it: it stays closed. But somebody sees it again, who reads that the asker is out."""
    (case_id,) = opened(1)
    worker, manager = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    closed = worker.post(f"/cases/{case_id}/consents/withdraw", dict(EVERYTHING))
    manager.post(f"{closed}/see")
    assert act(closed).final_at is not None
    manager.post(f"/members/{member(WORKER).id}/suspend", {"reason": "misuse"})
    assert (act(closed).status, act(closed).final_at) == ("parked", None)
    factories.later(days=5)
    tending.tend()
    assert kept(case_id)
    manager = Person(app.test_client(), MANAGER)
    assert "is suspended" in manager.get(f"{closed}?lang=en")
    manager.post(f"{closed}/agree", {"heard": "spoke"})
    assert not kept(case_id)


@pytest.mark.slow
def test_the_link_and_the_words_of_a_stopped_asker_are_worth_nothing(app: Flask) -> None:
    """A colleague agreed, and the link was used; then the asker is stopped, and others are asked for the words."""
    one_more(BESA, WORKER)
    factories.later(days=15)
    worker_id = member(WORKER).id
    manager, besa = Person(app.test_client(), MANAGER), Person(app.test_client(), BESA)
    link = link_in(manager.made(f"/members/{worker_id}/anew", lang="en"))
    besa.post(f"/members/{worker_id}/anew/agree", {"sure": "y"})
    new = link_in(manager.made("/members/invite", {"role": "case_worker", "login": "vatra.new", "name": "Mira Deda"}))
    assert app.test_client().get(f"/invitations/{new}").status_code == 200
    db.session.rollback()
    factories.join(link)
    said = dict(zip(FIELDS, shown_to(factories.actor(WORKER)), strict=True))
    besa.get(f"/members/{worker_id}/words")
    suspension = besa.post(f"/members/{member(MANAGER).id}/suspend", {"reason": "misuse"})
    assert app.test_client().get(f"/invitations/{new}").status_code == 404
    besa.get(f"/members/{worker_id}/words", 409)
    answer = besa.post(f"/members/{worker_id}/words?lang=en", dict(said), 409)
    assert "was suspended since" in answer
    # By time it does not come to life; a suspension that was a slip changes nothing.
    factories.later(days=4)
    Person(app.test_client(), BESA).get(f"/members/{worker_id}/words", 409)
    assert suspension
    assert member(WORKER).status == "waiting"


@pytest.mark.slow
def test_a_second_hand_reads_everything_also_what_was_done_to_the_same_person(app: Flask) -> None:
    """The worker suspends the manager, lets somebody made up in, and asks the desk to end the account."""
    factories.later()
    worker, desk = Person(app.test_client(), WORKER), Person(app.test_client(), DESK)
    manager_id, house = member(MANAGER).id, names.number_now("VATRA")
    suspension = worker.post(f"/members/{manager_id}/suspend", {"reason": "misuse"})
    one_more(ANA, WORKER)
    ended = worker.post(f"/members/{manager_id}/disable", {"reason": "suspected"})
    page = desk.get(f"{ended}?lang=en")
    called = f"Test shelter_manager ({MANAGER})"
    assert f"{called}: was suspended for a time" in page
    assert re.search(rf"suspended until [^<]+, by Test case_worker \({WORKER}\), and cannot work now", page)
    assert re.search(rf"<li>New \({ANA}\), Case worker, here since [^<]+; <strong>one hand with who asks", page)
    assert "asks; was there from the beginning" in page or "asks; let in by" in page
    assert house not in page
    assert "face to face, or at a number of their own" in page
    # Two requests about one person are not two single ones; and what the person ended stands there.
    desk.post(f"{suspension}/end")
    ana, manager = Person(app.test_client(), ANA), Person(app.test_client(), MANAGER)
    for _ in range(2):
        ana.made(f"/members/{manager_id}/anew")
        manager.post(f"/members/{manager_id}/anew/stop")
        factories.later(hours=25)
        ana, manager = Person(app.test_client(), ANA), Person(app.test_client(), MANAGER)
    worker, desk = Person(app.test_client(), WORKER), Person(app.test_client(), DESK)
    ana.made(f"/members/{manager_id}/anew")
    worker.post(f"{ended}/decline")
    ended = ana.post(f"/members/{manager_id}/disable", {"reason": "left"})
    page = desk.get(f"/members/{manager_id}/anew/agree?lang=en")
    assert "Within 30 days the person ended the same 2 times before" in page
    assert f"asks; let in by Test case_worker ({WORKER})" in page
    assert re.search(rf"\({WORKER}\), Case worker, here since [^<]+; <strong>one hand with who asks", page)
    assert re.search(r"What else New [^<]+ asks for, and waits</h2>\s*<ul><li>[^<]+: End an account</li>", page)
    page = desk.get(f"{ended}?lang=en")
    assert re.search(r"asks for, and waits</h2>\s*<ul><li>[^<]+: Let a colleague begin anew</li>", page)
    Person(app.test_client(), "nrc.shelter_manager").get(ended, 404)


@pytest.mark.slow
def test_whom_a_stopped_person_let_in_lately_is_stopped_by_the_same_manager(app: Flask) -> None:
    factories.later()
    one_more(ANA, WORKER)
    manager = Person(app.test_client(), MANAGER)
    path, why = f"/members/{member(ANA).id}/suspend", {"reason": "misuse"}
    manager.post(f"/members/{member(WORKER).id}/suspend", why)
    assert "you let them in" not in manager.get(f"{path}?lang=en")
    manager.post(path, why)
    assert suspended(ANA)
    # Of somebody who has been there for longer it is as before: nobody has the house alone.
    factories.later(days=15)
    manager = Person(app.test_client(), MANAGER)
    factories.later(days=15)
    manager = Person(app.test_client(), MANAGER)
    manager.post(f"/members/{member(WORKER).id}/suspend", why)
    manager.post(path, why, 409)


@pytest.mark.slow
def test_what_a_newcomer_asked_never_comes_true_by_time_and_a_house_of_two_takes_14_days(app: Flask) -> None:
    """The manager is on leave for a fortnight: nothing reaches her outside her home page."""
    factories.later()
    manager, worker = Person(app.test_client(), MANAGER), Person(app.test_client(), WORKER)
    # Two work there: letting the only other one begin anew is no matter of one day.
    assert "You alone would be left" in manager.get(f"/members/{member(WORKER).id}/anew?lang=en")
    assert "begins to work in 14 days" in manager.made(f"/members/{member(WORKER).id}/anew", lang="en")
    factories.later(hours=30)
    assert tending.tend()["begun_anew"] == 0
    worker = Person(app.test_client(), WORKER)
    worker.post(f"/members/{member(WORKER).id}/anew/stop")
    one_more(ANA, WORKER)
    ana, manager_id = Person(app.test_client(), ANA), member(MANAGER).id
    link = link_in(ana.made(f"/members/{manager_id}/anew", lang="en"))
    assert "before" in Person(app.test_client(), MANAGER).get("/?lang=en")
    assert "If a second hand agrees before" in Person(app.test_client(), MANAGER).get("/cases?lang=en")
    answer = app.test_client().get(f"/invitations/{link}?lang=en")
    assert (answer.status_code, "and else never" in answer.text) == (409, True)
    factories.later(days=14, minutes=5)
    assert tending.tend()["begun_anew"] == 0
    assert member(MANAGER).status == "active"
    assert app.test_client().get(f"/invitations/{link}").status_code == 404
    # Of who is new no more, and is not alone with one hand, it comes true.
    one_more(BESA, MANAGER)
    Person(app.test_client(), MANAGER).made(f"/members/{member(WORKER).id}/anew")
    factories.later(days=14, minutes=5)
    assert tending.tend()["begun_anew"] == 1


@pytest.mark.slow
def test_who_suspended_somebody_does_not_end_the_account_alone(app: Flask) -> None:
    factories.later()
    one_more(ANA, MANAGER)
    one_more(BESA, WORKER)
    factories.later(days=15)
    manager, worker = Person(app.test_client(), MANAGER), Person(app.test_client(), WORKER)
    besa_id = member(BESA).id
    suspension = manager.post(f"/members/{besa_id}/suspend", {"reason": "misuse"})
    for person in (manager, Person(app.test_client(), ANA)):  # one hand
        ended = person.post(f"/members/{besa_id}/disable", {"reason": "suspected"})
        assert ended.startswith("/second-hands/")
    assert member(BESA).status == "active"
    Person(app.test_client(), ANA).post(f"{ended}/agree", {"sure": "y"}, 409)
    # The worker let her in: one hand with the person says nothing of it, and the desk is asked.
    worker.post(f"{ended}/agree", {"sure": "y"}, 409)
    Person(app.test_client(), DESK).post(f"{ended}/agree", {"sure": "y"})
    assert member(BESA).status == "disabled"
    assert suspension


@pytest.mark.slow
def test_the_last_other_one_of_the_duty_desk_is_never_ended_by_one_press(app: Flask) -> None:
    """Two still hold the key, he and the identification officer: but the desk would be one man."""
    one_more("ra.second", DESK)
    one_more("ra.fourth", DESK)
    factories.later(days=15)
    desk = Person(app.test_client(), DESK)
    desk.post(f"/members/{member('ra.fourth').id}/disable", {"reason": "left"})
    assert member("ra.fourth").status == "disabled"
    ended = desk.post(f"/members/{member('ra.second').id}/disable", {"reason": "left"})
    assert member("ra.second").status == "active"
    Person(app.test_client(), "ra.identification_officer").post(f"{ended}/agree", {"sure": "y"})
    assert member("ra.second").status == "disabled"


@pytest.mark.slow
def test_a_duty_officer_of_one_minute_is_not_the_desk_of_other_houses(app: Flask) -> None:
    factories.later()
    one_more("ra.lira", DESK)
    one_more(ANA, WORKER)
    factories.later(minutes=10)
    lira, desk, worker = (Person(app.test_client(), login) for login in ("ra.lira", DESK, WORKER))
    manager_id, worker_id = member(MANAGER).id, member(WORKER).id
    ended = Person(app.test_client(), ANA).post(f"/members/{manager_id}/disable", {"reason": "left"})
    worker.made(f"/members/{manager_id}/anew")
    for page in (lira.get(f"{ended}?lang=en"), lira.get(f"/members/{manager_id}/anew/agree?lang=en")):
        assert "Call one of the desk who was there before" in page
        assert 'name="sure"' not in page
    lira.post(f"{ended}/agree", {"sure": "y"}, 409)
    lira.post(f"/members/{manager_id}/anew/agree", {"sure": "y"}, 409)
    suspension = Person(app.test_client(), MANAGER).post(f"/members/{worker_id}/suspend", {"reason": "misuse"})
    lira.post(f"{suspension}/longer", status=409)
    assert "/longer" in desk.get(suspension)
    # Where nobody else of the desk is left, they can, and read what to do.
    officer = Person(app.test_client(), "ra.identification_officer")
    officer.post(f"/members/{member(DESK).id}/suspend", {"reason": "lost_device"})
    page = lira.get(f"{ended}?lang=en")
    assert "nobody else of the desk can decide now" in page
    lira.post(f"{ended}/agree", {"sure": "y"})
    assert member(MANAGER).status == "disabled"


@pytest.mark.slow
def test_letting_in_again_undoes_no_two_hands(app: Flask) -> None:
    """The manager ended the worker as suspected, the desk agreed: his creature does not bring him back in one press."""
    factories.later()
    one_more(ANA, WORKER)
    worker_id, manager, desk = member(WORKER).id, Person(app.test_client(), MANAGER), Person(app.test_client(), DESK)
    ended = manager.post(f"/members/{worker_id}/disable", {"reason": "suspected"})
    desk.post(f"{ended}/agree", {"sure": "y"})
    back = f"/members/{worker_id}/back"
    assert "that is one hand" in Person(app.test_client(), ANA).post(f"{back}?lang=en", status=409)
    one_more(BESA, MANAGER)
    factories.later(minutes=10)
    besa, manager, desk = (Person(app.test_client(), login) for login in (BESA, MANAGER, DESK))
    assert "less than 14 days" in besa.post(f"{back}?lang=en", status=409)
    assert "a second hand has to agree that they come back" in manager.get(f"{back}?lang=en")
    asked = manager.post(back)
    assert member(WORKER).status == "disabled"
    for login in (ANA, BESA):  # one hand with the worker, and new; one hand with the manager, and new
        Person(app.test_client(), login).post(f"{asked}/agree", {"sure": "y"}, 409)
    page = desk.get(f"{asked}?lang=en")
    assert (
        f"Asked by Test shelter_manager ({MANAGER}). Why: What they did must be looked into" in page or "Why:" in page
    )
    assert "Ask these people, before you agree" in page
    desk.post(f"{asked}/agree", {"sure": "y"})
    assert member(WORKER).status == "waiting"
    assert list(audit.verify(db.session())) == []


@pytest.mark.slow
def test_who_ended_by_mistake_takes_it_back_alone(app: Flask) -> None:
    one_more(ANA, MANAGER)
    factories.later(days=15)
    manager, ana_id = Person(app.test_client(), MANAGER), member(ANA).id
    one_more(BESA, WORKER)
    manager.post(f"/members/{ana_id}/disable", {"reason": "left"})
    manager.post(f"/members/{ana_id}/back")
    assert member(ANA).status == "waiting"
    # Of somebody whom another one ended it is no matter of whoever let them in.
    manager.post(f"/members/{ana_id}/disable", {"reason": "left"})
    Person(app.test_client(), WORKER).post(f"/members/{ana_id}/back")
    assert member(ANA).status == "waiting"


@pytest.mark.slow
def test_in_a_house_of_two_the_asker_types_after_the_desk_alone(app: Flask) -> None:
    """Honest: password and code are lost, and with the desk it takes minutes. The asker alone makes up nobody."""
    manager, desk = Person(app.test_client(), MANAGER), Person(app.test_client(), DESK)
    worker_id = member(WORKER).id
    link = link_in(manager.made(f"/members/{worker_id}/anew", lang="en"))
    desk.post(f"/members/{worker_id}/anew/agree", {"sure": "y"})
    db.session.rollback()
    factories.join(link)
    said = dict(zip(FIELDS, shown_to(factories.actor(WORKER)), strict=True))
    path = f"/members/{worker_id}/words"
    assert "types the words first" in manager.get(f"{path}?lang=en", 409)
    assert "types the words first" in manager.post(f"{path}?lang=en", dict(said), 409)
    # Nobody else of the desk is there: who agreed types a day later, so that the owner can call meanwhile.
    assert "nobody else of the duty desk can type" in desk.post(f"{path}?lang=en", {**said, "called_back": "y"}, 409)
    assert path not in desk.get("/")
    factories.later(hours=25)
    manager, desk = Person(app.test_client(), MANAGER), Person(app.test_client(), DESK)
    assert path in desk.get("/")
    page = desk.get(f"{path}?lang=en")
    assert f"Test shelter_manager ({MANAGER}), Shelter manager, here since" in page
    assert names.number_now("VATRA") not in page
    assert "at a number of their own" in page
    desk.post(path, {**said, "called_back": "y"})
    assert member(WORKER).status == "waiting"
    manager.post(path, dict(said))
    assert member(WORKER).status == "active"


@pytest.mark.slow
def test_the_asker_types_no_words_also_after_others_have(app: Flask) -> None:
    """The worker typed first, the desk second: then the accomplice who had asked made the pair whole."""
    one_more(ANA, WORKER)
    one_more(BESA, MANAGER)
    factories.later(days=15)
    manager_id = member(MANAGER).id
    ana, besa, worker, desk = (Person(app.test_client(), login) for login in (ANA, BESA, WORKER, DESK))
    link = link_in(ana.made(f"/members/{manager_id}/anew", lang="en"))
    besa.post(f"/members/{manager_id}/anew/agree", {"sure": "y"})
    db.session.rollback()
    factories.join(link)
    said = dict(zip(FIELDS, shown_to(factories.actor(MANAGER)), strict=True))
    path = f"/members/{manager_id}/words"
    for person in (ana, worker):  # who asked, and who is one hand with her
        assert "Another colleague speaks with them" in person.post(f"{path}?lang=en", dict(said), 403)
    desk.get(path, 404)  # somebody there had no part in it
    besa.post(path, dict(said))
    assert member(MANAGER).status == "active"


@pytest.mark.slow
def test_the_second_hand_of_a_higher_role_is_none_who_asked_and_reads_all_of_it(app: Flask) -> None:
    """A day passes; the worker had no part in it and types first, and whoever asked makes no pair with him."""
    one_more(BESA, MANAGER)
    factories.later(days=15)
    manager_id, besa = member(MANAGER).id, Person(app.test_client(), BESA)
    link = link_in(besa.made(f"/members/{manager_id}/anew", lang="en"))
    factories.later(hours=25)
    assert tending.tend()["begun_anew"] == 1
    db.session.rollback()
    factories.join(link)
    said = dict(zip(FIELDS, shown_to(factories.actor(MANAGER)), strict=True))
    path = f"/members/{manager_id}/words"
    besa, worker, desk = (Person(app.test_client(), login) for login in (BESA, WORKER, DESK))
    besa.post(path, dict(said), 403)
    assert worker.post(path, dict(said)) == "/members?typed=once"
    besa.post(path, dict(said), 409)
    proposal = re.search(r"/key-log/[0-9a-f]+", besa.get("/key-log"))
    assert proposal
    page = worker.get(f"{proposal[0]}?lang=en")
    assert "You have signed this" in page
    page = besa.get(f"{proposal[0]}?lang=en")
    assert re.search(rf"\({BESA}\), Shelter manager, here since [^<]+: asks; let in by Test shelter_manager", page)
    page = desk.get(f"{path}?lang=en")
    assert re.search(rf"\({BESA}\), Shelter manager, here since [^<]+: asks; let in by Test shelter_manager", page)
    assert names.number_now("VATRA") not in page
    desk.post(path, {**said, "called_back": "y"})
    # The log has the keys: also the last typing, which gives the organisation's key, is not of who asked.
    besa.post(path, dict(said), 403)
    worker.post(path, dict(said))
    assert member(MANAGER).status == "active"
    assert list(audit.verify(db.session())) == []
