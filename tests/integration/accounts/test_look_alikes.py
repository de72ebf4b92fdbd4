"""Nobody gets a name or a sign-in name by which they are taken for a colleague, an office or a role (ADR 0164)."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import update

from nrm.db import db
from nrm.models.accounts.accounts import Member
from tests.conftest import Person
from tests.integration.accounts.test_invitations import member
from tests.integration.accounts.test_second_hands import MANAGER, WORKER

DESK = "ra.duty_officer"
INVITES = {"role": "case_worker", "login": "vatra.new", "name": "Mira Deda"}
LOGINS = ("shelter-manager", "she1ter_manager", "shelter_rnanager", "sheltermanager", "shelter_managger")
NAMES = {
    "Ꮐenti Rama": "one script",
    "ɢenti ʀama": "ordinary Latin, Cyrillic or Greek letters",
    "Genti Ɍama": "ordinary Latin, Cyrillic or Greek letters",
    "Gentii Rama": "a colleague there is called so",
    "Genti Ra'ma": "a colleague there is called so",
    "Genti M. Rama": "a colleague there is called so",
    "Rama": "it is a part of that name",
    "Genti Rama vatra.shelter_manager": "no digits, brackets",
    "Ana Shelter-Manager": "the name of a role or of an office",
    "Ana Vatra Caseworker": "the sign-in name of a colleague",
    "Duty desk": "the name of a role or of an office",
    "Administrator": "the name of a role or of an office",
    "Drejtues Qendre": "the name of a role or of an office",
    "Autoriteti Përgjegjës": "the name of a role or of an office",
    "Ana Dyla NRC": "the name of a role or of an office",
}


@pytest.mark.slow
def test_who_was_invited_elsewhere_and_moved_by_hand_stands_as_nobodys_colleague(app: Flask) -> None:
    admin, manager = Person(app.test_client(), "administrator"), Person(app.test_client(), MANAGER)
    sent = {"organisation": "MOLSA", "role": "reader", "login": "molsa.new", "name": "Mira Deda"}
    admin.post("/members/invite", dict(sent))
    manager.post("/members/invite", {**INVITES, "name": "Sara Leka"})
    moved, here = member("molsa.new").id, member("vatra.new").id
    db.session.execute(
        update(Member)
        .where(Member.id == moved)
        .values(organisation_id=member(MANAGER).organisation_id, role="case_worker")
    )
    db.session.commit()
    page = manager.get("/members?lang=en")
    assert "molsa.new</th><td colspan=" in page
    assert "was changed in the database by another hand: nobody was invited here so" in page
    assert "Mira Deda" not in page
    assert str(moved) not in page
    assert "Sara Leka" in page
    assert f"/members/{here}/" in page
    for deed in ("anew", "disable", "role"):
        manager.get(f"/members/{moved}/{deed}", 404)
    manager.post(f"/members/{moved}/anew", status=404)
    manager.get(f"/members/{here}/anew")


@pytest.mark.slow
def test_nobody_is_taken_for_a_colleague_or_an_office(app: Flask) -> None:
    """The worker invites accounts that read as the manager on every page, and calls herself nearly as he."""
    worker, manager = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    manager.post(f"/members/{member(MANAGER).id}/name", {"name": "Genti Rama"})
    for login in LOGINS:
        answer = worker.post("/members/invite?lang=en", {**INVITES, "login": f"vatra.{login}"}, 422)
        assert "this one looks like that of a colleague" in answer
    for name, why in NAMES.items():
        assert why in worker.post("/members/invite?lang=en", {**INVITES, "name": name}, 422)
        assert why in worker.post(f"/members/{member(WORKER).id}/name?lang=en", {"name": name}, 422)
    # Also by who keeps the accounts, into an office that holds no keys.
    admin = Person(app.test_client(), "administrator")
    sent = {**INVITES, "organisation": "MOLSA", "role": "reader"}
    answer = admin.post("/members/invite?lang=en", {**sent, "login": "molsa.statistlcian"}, 422)
    assert "this one looks like that of a colleague" in answer
    admin.post("/members/invite", {**sent, "login": "molsa.new", "name": "Statisticien"}, 422)
    # People of two organisations share a name, and a namesake has a second one.
    admin.post("/members/invite", {**sent, "login": "molsa.new", "name": "Genti Rama"})
    worker.post("/members/invite", {**INVITES, "name": "Genti Agron Rama", "login": "vatra.shelter_manager2"})
    worker.post(f"/members/{member(WORKER).id}/name", {"name": "Ëngjëll O’Neil-Çela"})
    assert member(WORKER).name == "Ëngjëll O’Neil-Çela"


@pytest.mark.slow
def test_the_desk_reads_the_sign_in_name_beside_the_name_of_a_namesake(app: Flask) -> None:
    """A worker of a house is called as the duty officer: people share names, and pages tell the two apart."""
    worker, desk = Person(app.test_client(), WORKER), Person(app.test_client(), DESK)
    for login, person in ((WORKER, worker), (DESK, desk)):
        person.post(f"/members/{member(login).id}/name", {"name": "Neritan Velaj"})
    manager = member(MANAGER).id
    act = worker.post(f"/members/{manager}/disable", {"reason": "left"})
    worker.made(f"/members/{manager}/anew")
    suspension = worker.post(f"/members/{manager}/suspend", {"reason": "misuse"})
    shown = 0
    pages = ("/", act, f"/members/{manager}/anew/agree", suspension, "/alarms", "/key-log", "/members/keys", "/members")
    for path in pages:
        main = desk.get(f"{path}?lang=en").partition("<main")[2].partition("</main>")[0]
        # Left out: a column beside that of sign-in names, links that name whom they are about, and what a name became.
        read = re.sub(r'<th scope="row">Neritan Velaj</th>|<span class="?vh"?>.*?</span>|→ Neritan Velaj', "", main)
        after = [read[found.end() :][:20] for found in re.finditer("Neritan Velaj", read)]
        shown += len(after)
        assert [each for each in after if not each.startswith((f" ({WORKER})", f" ({DESK})", f", {WORKER}"))] == [], (
            path
        )
    assert shown > 4
