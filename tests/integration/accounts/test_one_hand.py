"""What one hand of a house does not do alone: hide behind a name, raise whom it let in, end an objection to itself."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions.accounts import beginning_anew
from nrm.db import db
from nrm.domain.accounts.accounts import Role
from nrm.domain.accounts.members import KeyHappening
from nrm.models.accounts.accounts import KeyEvent, Member
from nrm.models.accounts.suspensions import Suspension
from nrm.vault.keylog import log
from nrm.web.telephones import duty_desk
from tests import factories
from tests.conftest import Person
from tests.integration.keylog.test_roles import MANAGER, WORKER, member, third, waiting


@pytest.mark.slow
def test_nobody_is_called_exactly_as_a_colleague(app: Flask) -> None:
    me, worker = Person(app.test_client(), MANAGER), member(WORKER)
    me.post(f"/members/{member(MANAGER).id}/name", {"name": "Genti Rama"})
    sent = {"role": "case_worker", "name": " RAMA  genti", "login": "vatra.other"}
    assert "a colleague there is called so" in me.post("/members/invite?lang=en", sent, 422)
    me.post("/members/invite", {**sent, "name": "Genti Agron Rama"})
    other = member("vatra.other")
    page = me.get(f"/members/{other.id}/disable?lang=en")
    assert "Withdraw the invitation" in page and "vatra.other" in page  # noqa: PT018
    me.post(f"/members/{other.id}/disable")
    assert "Genti Agron Rama" not in Person(app.test_client(), WORKER).get("/?lang=en")  # nobody left
    # Nor does a colleague get the name of another one; what happened says from what to what, and of whom.
    them = Person(app.test_client(), WORKER)
    answer = them.post(f"/members/{worker.id}/name?lang=en", {"name": "Gentii Rama"}, 422)
    assert "a colleague there is called so" in answer
    them.post(f"/members/{worker.id}/name", {"name": "Drita Kola"})
    assert "(Test case_worker → Drita Kola)" in me.get("/members/keys?lang=en")
    assert WORKER in me.get("/members/keys?lang=en")
    for path in ("disable", "anew", "suspend", "role"):
        page = me.get(f"/members/{worker.id}/{path}?lang=en")
        assert f"Sign-in name: {WORKER}. Role: Case worker." in page


@pytest.mark.slow
def test_whom_one_hand_let_in_it_raises_only_with_another(app: Flask) -> None:
    third()
    me, worker, other = Person(app.test_client(), MANAGER), Person(app.test_client(), WORKER), member("vatra.third").id
    answer = me.post(f"/members/{other}/role?lang=en", {"role": "shelter_manager"}, 409)
    assert "takes another hand" in answer
    assert log.state(db.session).members[other].role == Role.CASE_WORKER
    assert worker.post(f"/members/{other}/role", {"role": "shelter_manager"}) == "/key-log"
    me.post(f"/key-log/{waiting().hex()}/agree", {"compared": "y"})
    assert log.state(db.session).members[other].role == Role.SHELTER_MANAGER
    # A colleague reads from which role to which before they object.
    page = worker.get(f"/members/changes/{event(KeyHappening.ROLE_CHANGED, other)}?lang=en")
    assert "Shelter manager" in page and "Case worker" in page and "vatra.third" in page  # noqa: PT018


@pytest.mark.slow
def test_whom_a_colleague_objected_to_does_not_end_the_objection(app: Flask) -> None:
    third()
    other = member("vatra.third").id
    me, worker = Person(app.test_client(), MANAGER), Person(app.test_client(), WORKER)
    worker.post(f"/members/changes/{event(KeyHappening.CONFIRMED, other)}")
    db.session.rollback()
    suspension = db.session.scalars(select(Suspension.id).where(Suspension.member_id == other)).one()
    db.session.rollback()
    page = me.get(f"/suspensions/{suspension}?lang=en")
    assert "You do not end that" in page and "/end" not in page  # noqa: PT018
    me.post(f"/suspensions/{suspension}/end", {}, 403)
    assert log.state(db.session).members[other].suspended
    assert str(suspension) in me.get("/members")  # the row of a colleague leads to it
    worker.post(f"/suspensions/{suspension}/end")
    assert not log.state(db.session).members[other].suspended


@pytest.mark.slow
def test_the_desk_that_is_asked_stops_what_the_person_did_not_ask_for(app: Flask) -> None:
    worker = member(WORKER).id
    beginning_anew.begin_again(member_id=worker, by=factories.actor(MANAGER))
    desk, stranger = Person(app.test_client(), "ra.duty_officer"), Person(app.test_client(), "nrc.shelter_manager")
    assert "She did not ask for this" in desk.get(f"/members/{worker}/anew/agree?lang=en")
    stranger.post(f"/members/{worker}/anew/stop", {}, 404)
    Person(app.test_client(), "administrator").post(f"/members/{worker}/anew/stop", {}, 403)
    # Not by one press beside the other button.
    assert "then tick the box" in desk.post(f"/members/{worker}/anew/stop?lang=en", {}, 422)
    assert desk.post(f"/members/{worker}/anew/stop", {"denied": "y"}) == "/?agreed=stopped"
    assert "Done: the person does not begin anew" in desk.get("/?agreed=stopped&lang=en")
    # Nobody else there could ask: the page of who did sends to no other colleague.
    manager = Person(app.test_client(), MANAGER)
    for page in (
        manager.get(f"/members/{worker}/anew?lang=en"),
        manager.post(f"/members/{worker}/anew?lang=en", status=409),
    ):
        assert "Another colleague can" not in page
        assert "you can ask again tomorrow" in page
        assert duty_desk() in page
    desk.get(f"/members/{worker}/anew/agree", 404)
    assert "does not begin anew" in Person(app.test_client(), MANAGER).get("/members/keys?lang=en")
    # And what was to happen offers no objection any more.
    home = Person(app.test_client(), WORKER).get("/")
    assert f"/members/changes/{event(KeyHappening.ANEW_ASKED, worker)}" not in home


def event(what: KeyHappening, whom: uuid.UUID) -> uuid.UUID:
    db.session.rollback()
    found = select(KeyEvent.id).where(KeyEvent.event == str(what), KeyEvent.member_id == whom)
    id_ = db.session.scalars(found.order_by(KeyEvent.at.desc()).limit(1)).one()
    db.session.rollback()
    assert db.session.get(Member, whom) is not None
    return id_
