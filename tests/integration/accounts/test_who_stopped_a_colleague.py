"""Who stopped a colleague takes no house: neither by ending the others alone, nor by being the only one left.

Each test is a walk of somebody hostile on the pages (ADR 0172).
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, update

from nrm import clock
from nrm.actions import tending
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Role
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.suspensions import Suspension
from nrm.web.telephones import duty_desk
from tests import factories
from tests.conftest import Person, token_in
from tests.integration.accounts.test_dies_with_its_asker import ANA, BESA, DESK, act, link_in
from tests.integration.accounts.test_invitations import member, one_more
from tests.integration.accounts.test_second_hands import MANAGER, WORKER
from tests.integration.accounts.test_two_of_the_desk import words_of

OFFICER, THIRD, SECOND = "ra.identification_officer", "ra.third", "ra.second"


def refusal(app: Flask, login: str) -> str:
    """What a refused sign-in says."""
    client = app.test_client()
    token = token_in(client.get("/sign-in?lang=en").text)
    answer = client.post("/sign-in?lang=en", data={"login": login, "password": factories.PASSWORD, "csrf_token": token})
    assert answer.status_code == 422
    found = re.search(r'<div class="errors".*?</div>', answer.text, re.S)
    assert found
    return found[0]


@pytest.mark.slow
def test_who_suspended_a_colleague_ends_no_other_account_alone(app: Flask) -> None:
    """One suspends the only other old hand, lets somebody made up in, and says that the third one left."""
    one_more(THIRD, OFFICER)
    one_more(ANA, MANAGER)
    factories.later(days=15)
    houses = ((DESK, OFFICER, THIRD, "ra.new"), (WORKER, MANAGER, ANA, BESA))
    for login, stopped, ended, new in houses:
        one_more(new, login)
        me = Person(app.test_client(), login)
        me.post(f"/members/{member(stopped).id}/suspend", {"reason": "lost_device"})
        waits = me.post(f"/members/{member(ended).id}/disable", {"reason": "left"})
        assert member(ended).status == "active"
        assert act(waits).status == "asked"
        page = me.get(f"{waits}?lang=en")
        assert "they suspended this person or another colleague before" in page
        assert f"({new})" not in page
        Person(app.test_client(), new).post(f"{waits}/agree", {"sure": "y"}, 409)
        assert ("The duty desk is." in page) is (login == WORKER)
        assert ("waits until a suspension is over" in page) is (login == DESK)
    # The suspension over, another hand is there: it decides; who suspended nevertheless does not end one alone.
    factories.later(hours=73)
    waits = Person(app.test_client(), WORKER).post(f"/members/{member(ANA).id}/disable", {"reason": "left"})
    assert f"({MANAGER})" in Person(app.test_client(), WORKER).get(f"{waits}?lang=en")
    # Taken back it was a slip, and binds nobody; nor does it after 14 days.
    factories.later(days=15)
    me = Person(app.test_client(), WORKER)
    slip = me.post(f"/members/{member(BESA).id}/suspend", {"reason": "lost_device"})
    me.post(f"{slip}/end")
    me.post(f"/members/{member(ANA).id}/disable", {"reason": "left"})
    assert member(ANA).status == "disabled"


@pytest.mark.slow
def test_who_agreed_for_the_desk_is_not_alone_by_suspending_the_other(app: Flask) -> None:
    one_more(SECOND, DESK)
    factories.later(days=15)
    worker_id, path = member(WORKER).id, f"/members/{member(WORKER).id}/words"
    link = link_in(Person(app.test_client(), MANAGER).made(f"/members/{worker_id}/anew", lang="en"))
    desk = Person(app.test_client(), DESK)
    desk.post(f"/members/{worker_id}/anew/agree", {"sure": "y"})
    # The owner's old password opens nothing, and the page names the desk, not the colleague who may have done it: to
    # who types anything else, too, so it tells nobody which account began anew.
    refused = [refusal(app, login) for login in (WORKER, "vatra.nobody")]
    assert refused[0] == refused[1]
    assert "a colleague may have let it begin anew for somebody else" in refused[0]
    assert f"call the duty desk now, {duty_desk()}." in refused[0]
    db.session.rollback()
    factories.join(link)
    said = {**words_of(WORKER), "called_back": "y"}
    assert f"another one of the duty desk types them. Who can type them: New ({SECOND})" in desk.get("/?lang=en")
    # Nor is the account of who begins anew ended alone by who asked for it, while it waits for the words.
    ended = Person(app.test_client(), MANAGER).post(f"/members/{worker_id}/disable", {"reason": "left"})
    assert member(WORKER).status == "waiting"
    assert act(ended).status == "asked"
    # Who is new at the desk gets no link that is refused, and reads who can type.
    one_more("ra.new", DESK)
    new = Person(app.test_client(), "ra.new")
    home = new.get("/?lang=en")
    assert path not in home
    assert f"less than 14 days: another one of it types them. Who can type them: New ({SECOND})." in home
    assert "You have been at the duty desk for less than 14 days" in new.get(f"{path}?lang=en", 409)
    stopped = desk.post(f"/members/{member(SECOND).id}/suspend", {"reason": "lost_device"})
    factories.later(hours=25)
    desk = Person(app.test_client(), DESK)
    home = desk.get("/?lang=en")
    assert path not in home
    assert f"Who could cannot work now: New ({SECOND})" in home
    answer = desk.post(f"{path}?lang=en", dict(said), 409)
    assert "nobody becomes both hands because the other was stopped" in answer
    assert f"({SECOND})" in answer
    # Also where somebody else suspends the other one, who may be one with who agreed: it waits until that is over.
    desk.post(f"{stopped}/end")
    Person(app.test_client(), OFFICER).post(f"/members/{member(SECOND).id}/suspend", {"reason": "lost_device"})
    desk.post(path, dict(said), 409)
    # By rows of the database nobody is the only one either: the key log says who is of the desk.
    with transaction() as session:
        session.execute(update(Suspension).values(until=clock.now() + timedelta(days=365)))
    desk.post(path, dict(said), 409)
    with transaction() as session:
        session.execute(delete(Suspension))
        session.execute(update(Member).where(Member.login == SECOND).values(status="disabled"))
    assert path not in desk.get("/?lang=en")
    desk.post(path, dict(said), 409)


@pytest.mark.slow
def test_who_agreed_for_the_desk_is_not_alone_by_letting_the_other_begin_anew(app: Flask) -> None:
    one_more(SECOND, DESK)
    factories.later(days=15)
    worker_id, path = member(WORKER).id, f"/members/{member(WORKER).id}/words"
    desk, manager = Person(app.test_client(), DESK), Person(app.test_client(), MANAGER)
    desk.made(f"/members/{member(SECOND).id}/anew", lang="en")
    link = link_in(manager.made(f"/members/{worker_id}/anew", lang="en"))
    desk.post(f"/members/{worker_id}/anew/agree", {"sure": "y"})
    db.session.rollback()
    factories.join(link)
    said = {**words_of(WORKER), "called_back": "y"}
    factories.later(hours=25)
    assert tending.tend()["begun_anew"] == 1
    assert member(SECOND).status != "active"
    desk = Person(app.test_client(), DESK)
    assert f"Who could cannot work now: New ({SECOND}). It waits for them." in desk.get("/?lang=en")
    assert f"({SECOND})" in desk.post(f"{path}?lang=en", dict(said), 409)
    assert member(WORKER).status == "waiting"


@pytest.mark.slow
def test_the_desk_reads_what_was_asked_and_taken_back_and_who_was_invited(app: Flask) -> None:
    """The worker asks that the manager's account ends, takes it back, and lets him begin anew instead."""
    factories.later(days=15)
    worker, manager_id = Person(app.test_client(), WORKER), member(MANAGER).id
    new = {"name": "Ana Kola", "role": "shelter_manager", "login": ANA}
    worker.post("/members/invite", dict(new))
    asked = worker.post(f"/members/{manager_id}/disable", {"reason": "suspected"})
    worker.post(f"{asked}/decline")
    worker.made(f"/members/{manager_id}/anew", lang="en")
    page = Person(app.test_client(), DESK).get(f"/members/{manager_id}/anew/agree?lang=en")
    assert f"({MANAGER}): End an account (taken back by who asked)" in page
    assert f"Ana Kola ({ANA}): was invited, as Shelter manager" in page
    assert "Nothing else" not in page
    # What others asked for is not told as the worker's.
    assert page.count("End an account") == 1


@pytest.mark.slow
def test_no_row_makes_an_officer_of_the_desk_so_that_the_last_other_one_ends_at_once(app: Flask) -> None:
    one_more(SECOND, DESK)
    one_more(THIRD, OFFICER)
    factories.later(days=15)
    with transaction() as session:
        session.execute(update(Member).where(Member.login == THIRD).values(role=str(Role.DUTY_OFFICER)))
    ended = Person(app.test_client(), DESK).post(f"/members/{member(SECOND).id}/disable", {"reason": "left"})
    assert member(SECOND).status == "active"
    assert act(ended).status == "asked"
