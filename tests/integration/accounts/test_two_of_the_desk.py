"""One deceived duty officer lets nobody in, time ends no account unseen, and pages say who can type now.

Each test is a walk on the pages (ADR 0172).
"""

from __future__ import annotations

import re

import pytest
from flask import Flask

from nrm import audit
from nrm.actions import tending
from nrm.db import db
from nrm.domain.accounts.accounts import Role
from nrm.store import names
from nrm.web.telephones import duty_desk
from tests import factories
from tests.conftest import Person
from tests.integration.accounts.test_dies_with_its_asker import link_in
from tests.integration.accounts.test_invitations import FIELDS, invited, member, one_more, shown_to
from tests.integration.accounts.test_second_hands import MANAGER, WORKER

DESK, SECOND, ANA, ALONE = "ra.duty_officer", "ra.second", "vatra.ana", "mopo.focal_point"


def person(app: Flask, login: str) -> Person:
    return Person(app.test_client(), login)


def words_of(login: str) -> dict[str, str]:
    db.session.rollback()
    return dict(zip(FIELDS, shown_to(factories.actor(login)), strict=True))


@pytest.mark.slow
def test_one_deceived_officer_and_a_creature_do_not_open_an_account(app: Flask) -> None:
    """The manager lets somebody made up in and asks for the worker; one officer agrees, and would type as well."""
    one_more(SECOND, DESK)
    factories.later(days=15)
    one_more(ANA, MANAGER)
    worker_id, path = member(WORKER).id, f"/members/{member(WORKER).id}/words"
    manager, desk, second = person(app, MANAGER), person(app, DESK), person(app, SECOND)
    number = duty_desk()
    # The honest asker reads before and after whom to call, and what follows.
    page = manager.get(f"/members/{worker_id}/anew?lang=en")
    assert "Nobody else of your organisation can agree" in page
    assert f'href="tel:{number.replace(" ", "")}"' in page
    assert "counts as new for 14 days" in page
    made = manager.made(f"/members/{worker_id}/anew", lang="en")
    assert "call the duty desk now" in made
    assert "call the duty desk now" in manager.get("/?lang=en")
    link = link_in(made)
    early = app.test_client().get(f"/invitations/{link}?lang=en")
    assert number in early.text
    page = desk.get(f"/members/{worker_id}/anew/agree?lang=en")
    assert "The account was used" not in page
    factories.later(minutes=10)
    person(app, WORKER)
    manager, desk, second = person(app, MANAGER), person(app, DESK), person(app, SECOND)
    page = desk.get(f"/members/{worker_id}/anew/agree?lang=en")
    assert "Whoever can sign in has lost nothing" in page
    assert "They told me themselves that password and recovery code are lost" in page
    assert desk.post(f"/members/{worker_id}/anew/agree", {"sure": "y"}) == "/?agreed=anew"
    assert "Done: you agreed that the person begins anew" in desk.get("/?agreed=anew&lang=en")
    # Another link for who has not joined yet is the same beginning anew: who agreed to it is not forgotten.
    link = link_in(manager.made(f"/members/{worker_id}/anew", {"again": "y"}, lang="en"))
    db.session.rollback()
    factories.join(link)
    said = words_of(WORKER)
    assert "types them first, once it has spoken with you" in person(app, WORKER).get("/?lang=en")
    answer = desk.post(f"{path}?lang=en", {**said, "called_back": "y"}, 409)
    assert "one who was deceived must not be both hands" in answer
    assert f"({SECOND})" in answer
    home = desk.get("/?lang=en")
    assert path not in home
    assert "another one of the duty desk types them" in home
    home = manager.get("/?lang=en")
    assert path not in home
    assert "The duty desk types them first, then you: call it now." in home
    page = second.get(f"{path}?lang=en")
    assert "known of this organisation" not in page
    assert "They told me themselves" in page
    assert f"({DESK}) agreed that this person begins anew" in page
    assert second.post(path, {**said, "called_back": "y"}) == "/members?typed=outside"
    assert "another hand types the same words" in second.get("/members?typed=outside&lang=en")
    assert "somebody of another organisation" in person(app, WORKER).get("/?lang=en")
    ana = person(app, ANA)
    assert path not in ana.get("/")
    assert f"({MANAGER})" in ana.post(f"{path}?lang=en", dict(said), 403)
    assert member(WORKER).status == "waiting"
    page = manager.get(f"{path}?lang=en")
    assert "Better let another colleague type" not in page
    assert path in manager.get("/")
    manager.post(path, dict(said))
    assert member(WORKER).status == "active"
    assert list(audit.verify(db.session())) == []


@pytest.mark.slow
def test_what_ended_by_time_alone_is_agreed_to_by_the_desk_before_words_count(app: Flask) -> None:
    """The worker of a house of two is ill for a fortnight."""
    one_more(SECOND, DESK)
    worker_id, path = member(WORKER).id, f"/members/{member(WORKER).id}/words"
    agree = f"/members/{worker_id}/anew/agree"
    link = link_in(person(app, MANAGER).made(f"/members/{worker_id}/anew", lang="en"))
    factories.later(days=14, minutes=5)
    assert tending.tend()["begun_anew"] == 1
    link = link_in(person(app, MANAGER).made(f"/members/{worker_id}/anew", {"again": "y"}, lang="en"))
    db.session.rollback()
    factories.join(link)
    said = words_of(WORKER)
    manager, desk, second = person(app, MANAGER), person(app, DESK), person(app, SECOND)
    home = desk.get("/?lang=en")
    assert "ended by time alone" in home
    assert path not in home
    assert agree in home
    assert "ended by time alone" in desk.post(f"{path}?lang=en", {**said, "called_back": "y"}, 409)
    manager.get(agree, 404)
    manager.post(agree, {"sure": "y"}, 409)
    page = desk.get(f"{agree}?lang=en")
    assert "its owner did not answer" in page
    assert "Ended by time, without a second hand, on" in page
    assert names.number_now("VATRA") not in page
    desk.post(agree, {}, 422)
    desk.post(agree, {"sure": "y"})
    desk.get(agree, 404)
    desk.post(path, {**said, "called_back": "y"}, 409)
    page = second.get(f"{path}?lang=en")
    assert re.search(rf"ended on [^<]+ by time alone[^<]+Afterwards [^<]+\({DESK}\) agreed", page)
    assert "within 24 hours" not in page
    second.post(path, {**said, "called_back": "y"})
    manager.post(path, dict(said))
    assert member(WORKER).status == "active"
    assert list(audit.verify(db.session())) == []


@pytest.mark.slow
def test_the_desk_stands_in_for_nobody_whom_the_typist_suspended(app: Flask) -> None:
    """The worker suspends the manager, and lets another one in: neither page sends to the other."""
    factories.later()
    worker, desk = person(app, WORKER), person(app, DESK)
    suspension = worker.post(f"/members/{member(MANAGER).id}/suspend", {"reason": "misuse"})
    factories.join(invited("vatra.eva", WORKER, Role.SHELTER_MANAGER))
    said, path = words_of("vatra.eva"), f"/members/{member('vatra.eva').id}/words"
    assert worker.post(path, dict(said)) == "/members?typed=once"
    proposal = re.search(r"/key-log/[0-9a-f]{20,}", desk.get("/key-log"))
    assert proposal
    page = desk.get(f"{proposal[0]}?lang=en")
    assert path not in page
    assert "The duty desk does not stand in for that colleague" in page
    assert "does not stand in" in desk.post(f"{path}?lang=en", {**said, "called_back": "y"}, 409)
    waits = person(app, "vatra.eva").get("/?lang=en")
    assert f"Test shelter_manager ({MANAGER}), is suspended by who typed them first" in waits
    desk.post(f"{suspension}/end")
    manager = person(app, MANAGER)
    assert path in manager.get(proposal[0])
    assert path not in worker.get(proposal[0])
    manager.post(path, dict(said))
    assert member("vatra.eva").status == "active"


@pytest.mark.slow
def test_what_a_colleague_does_not_agree_to_is_not_given_back(app: Flask) -> None:
    one_more(ANA, WORKER)
    factories.later(days=15)
    one_more("vatra.besa", WORKER)
    ended = person(app, "vatra.besa").post(f"/members/{member(ANA).id}/disable", {"reason": "left"})
    manager = person(app, MANAGER)
    manager.post(f"{ended}/decline")
    page = manager.get(f"{ended}?lang=en")
    assert "not agreed to by a colleague: it was not done" in page
    assert "given back" not in page


@pytest.mark.slow
def test_nobody_elsewhere_is_called_as_one_of_the_duty_desk_and_a_creature_is_no_full_hand(app: Flask) -> None:
    factories.later(days=15)
    desk, worker, administrator = person(app, DESK), person(app, WORKER), person(app, "administrator")
    desk.post(f"/members/{member(DESK).id}/name", {"name": "Neritan Velaj"})
    new = {"role": "case_worker", "login": "vatra.new"}
    for name in (
        "Neritan Velaj",
        "VELAJ  Neritan",
        "Neritan B. Vellaj",
        "Neritan Velai",
        "Neritan Velj",
        "N. Velaj",
        "Ner Velaj",
    ):
        rename = worker.post(f"/members/{member(WORKER).id}/name?lang=en", {"name": name}, 422)
        for page in (rename, worker.post("/members/invite?lang=en", {**new, "name": name}, 422)):
            assert "somebody of the Responsible Authority" in page
    worker.post(f"/members/{member(WORKER).id}/name", {"name": "Neritan Agim Velaj"})
    worker.post("/members/invite", {**new, "name": "Velaj Kola"})
    # Two hold the key besides the manager, and one of them was let in a minute ago.
    one_more(ANA, WORKER)
    path = f"/members/{member(MANAGER).id}/suspend"
    assert "fewer than two people" in administrator.post(f"{path}?lang=en", {"reason": "lost_device"}, 409)
    factories.later(days=15)
    person(app, "administrator").post(path, {"reason": "lost_device"})


@pytest.mark.slow
def test_who_agreed_types_no_words_of_an_office_of_one_person_either(app: Flask) -> None:
    """The page says that another one of the desk types, and an office is no exception: two of two organisations do."""
    one_more(SECOND, DESK)
    factories.later(days=15)
    factories.later(hours=25)
    admin = person(app, "administrator")
    admin.post(f"/members/{member('mopo.reader').id}/disable", {"reason": "left"})
    assert member("mopo.reader").status == "disabled"
    member_id = member(ALONE).id
    path = f"/members/{member_id}/words"
    link = link_in(admin.made(f"/members/{member_id}/anew", lang="en"))
    desk = person(app, DESK)
    desk.post(f"/members/{member_id}/anew/agree", {"sure": "y"})
    db.session.rollback()
    factories.join(link)
    said = {**words_of(ALONE), "called_back": "y"}
    assert path not in desk.get("/?lang=en")
    answer = desk.post(f"{path}?lang=en", dict(said), 409)
    assert "one who was deceived must not be both hands" in answer
    assert f"({SECOND})" in answer
    # Nor once the other organisation typed first.
    assert person(app, MANAGER).post(path, dict(said)) == "/members?typed=outside"
    desk.post(path, dict(said), 409)
    assert member(ALONE).status == "waiting"
    second = person(app, SECOND)
    assert path in second.get("/?lang=en")
    second.post(path, dict(said))
    assert member(ALONE).status == "active"
