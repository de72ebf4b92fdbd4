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
    ana.made(f"/members/{manager_id}/anew")
    worker.post(f"{ended}/decline")
    ended = ana.post(f"/members/{manager_id}/disable", {"reason": "left"})
    page = desk.get(f"/members/{manager_id}/anew/agree?lang=en")
    assert "Within 30 days the person ended the same 2 times before" in page
    assert f"asks; let in by Test case_worker ({WORKER})" in page
    assert re.search(rf"\({WORKER}\), Case worker, here since [^<]+; <strong>one hand with who asks", page)
    assert re.search(r"What else New [^<]+ asks for, and waits</h2>\s*<ul><li>[^<]+: End an account</li>", page)
    assert page.count("is to begin anew, in 24 hours") == 2  # the two before; this one is the page itself
    page = desk.get(f"{ended}?lang=en")
    assert re.search(r"asks for, and waits</h2>\s*<ul><li>[^<]+: Let a colleague begin anew</li>", page)
    Person(app.test_client(), "nrc.shelter_manager").get(ended, 404)
