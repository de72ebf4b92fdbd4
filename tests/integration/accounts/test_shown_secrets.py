"""A recovery code or a link that was just made: loading its page again shows the same one, and makes no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from nrm.actions import tending
from nrm.actions.accounts import members
from nrm.db import db, transaction
from nrm.models.accounts.accounts import Invitation, ShownSecret
from tests import factories
from tests.conftest import Person, token_in

ME, MANAGER = "vatra.case_worker", "vatra.shelter_manager"
MAKE = ("/recovery-code/new", {"password": factories.PASSWORD})
INVITE = ("/members/invite", {"name": "Mira Deda", "login": "vatra.mira", "role": "case_worker"})
NEW = "a second life of a cat"
GONE = "Not shown any more"


def code_in(page: str) -> str:
    found = re.search(r'class="code">([A-Z2-7-]{39})<', page)
    assert found, page
    return found[1]


def link_in(page: str) -> str:
    found = re.search(r"/invitations/([\w-]+)", page)
    assert found, page
    return found[1]


def kept() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(ShownSecret)) or 0


def sends(client: FlaskClient, path: str, **fields: str) -> str:
    """Send a public form; returns where it leads."""
    answer = client.post(path, data={**fields, "csrf_token": token_in(client.get(path).text)})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_loading_the_page_of_a_new_code_again_shows_the_same_code_which_works(app: Flask) -> None:
    person = Person(app.test_client(), ME)
    code = code_in(person.made(*MAKE))
    for lang in ("sq", "en"):  # choosing a language loses nothing either
        assert code_in(person.get(f"/shown?lang={lang}")) == code
    person.post("/recovery-code", {"code": code})
    assert GONE in person.get("/shown?lang=en", 404), "once it was typed in it is not shown"
    assert "/recovery-code/new" in person.get("/shown", 404)
    assert kept() == 0


def test_loading_the_page_of_an_invitation_again_makes_no_other_link(app: Flask) -> None:
    person = Person(app.test_client(), ME)
    link = link_in(person.made(*INVITE))
    before = db.session.scalar(select(func.count()).select_from(Invitation))
    assert link_in(person.get("/shown")) == link
    assert "Mira Deda" in person.get("/shown")
    assert db.session.scalar(select(func.count()).select_from(Invitation)) == before
    assert factories.join(link).waiting


def test_after_a_hidden_screen_the_code_is_there_again_and_not_before_the_password(app: Flask) -> None:
    person = Person(app.test_client(), ME)
    code = code_in(person.made(*MAKE))
    person.post("/hide-screen", {"hidden_at": "/shown"})
    for path in ("/shown", "/shown/code"):
        assert code not in person.client.get(path, follow_redirects=True).text
    page = person.client.get("/unlock").text
    answer = person.client.post("/unlock", data={"csrf_token": token_in(page), "password": factories.PASSWORD})
    assert answer.headers["Location"].startswith("/shown")
    assert code_in(person.get(answer.headers["Location"])) == code


def test_it_is_shown_for_a_quarter_of_an_hour_after_a_fresh_proof_and_then_deleted(app: Flask) -> None:
    person = Person(app.test_client(), ME)
    code = code_in(person.made(*MAKE))
    factories.later(minutes=6)
    assert code not in proved(person)
    assert code_in(person.get("/shown")) == code
    factories.later(minutes=9)
    proved(person)
    assert GONE in person.get("/shown?lang=en", 404)
    tending.tend()
    assert kept() == 0


def proved(person: Person) -> str:
    """The page that asks for a fresh proof before what was made is shown; it is given."""
    page = person.get("/shown")
    carried = re.search(r'name="carried" value="([^"]+)"', page)
    assert carried
    assert person.post("/prove", {"step_up": factories.PASSWORD, "carried": carried[1]}) == "/shown"
    return page


def test_nobody_else_and_no_other_browser_of_the_member_reads_it(app: Flask) -> None:
    person, elsewhere, colleague = (Person(app.test_client(), login) for login in (ME, ME, MANAGER))
    code = code_in(person.made(*MAKE))
    cookie = person.client.get_cookie("nrm-shown")
    assert cookie is not None
    assert cookie.http_only
    assert (cookie.same_site, cookie.max_age) == ("Strict", 900)
    colleague.client.set_cookie("nrm-shown", cookie.value)
    stranger = app.test_client()
    stranger.set_cookie("nrm-shown", cookie.value)
    for client, path in (
        (elsewhere.client, "/shown"),  # the member, without this browser's cookie
        (colleague.client, "/shown"),  # the cookie, without the member's session
        (colleague.client, "/shown/code"),
        (stranger, "/shown/code"),
    ):
        assert code not in client.get(path, follow_redirects=True).text
    assert stranger.get("/shown").status_code == 303
    for junk in ("", "x", "é" * 500):
        stranger.set_cookie("nrm-shown", junk)
        assert stranger.get("/shown/code").status_code == 404


def test_signing_out_and_making_another_one_take_it_away(app: Flask) -> None:
    person = Person(app.test_client(), ME)
    person.made(*INVITE)
    assert "Mira Deda" not in person.made(*MAKE)
    assert kept() == 1
    person.post("/sign-out")
    assert kept() == 0


def test_no_row_or_file_holds_what_is_shown(app: Flask, tmp_path: Path) -> None:
    person = Person(app.test_client(), ME)
    code, link = code_in(person.made(*MAKE)), link_in(person.made(*INVITE))
    token = sends_join(app)[1]
    db.session.rollback()
    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(each.encode() in content for each in (code, link, token)), file


def sends_join(app: Flask) -> tuple[FlaskClient, str]:
    """Somebody who has joined, and the recovery code that their page shows."""
    token = link_in(
        Person(app.test_client(), MANAGER).made(
            "/members/invite", {**INVITE[1], "login": "vatra.one", "name": "Mira One"}
        )
    )
    client = app.test_client()
    where = sends(client, f"/invitations/{token}", password=factories.PASSWORD, again=factories.PASSWORD)
    assert where == "/shown/code"
    return client, code_in(client.get(where).text)


def test_who_joins_loads_the_page_of_the_code_again_and_types_it_in(app: Flask) -> None:
    client, code = sends_join(app)
    page = client.get("/shown/code").text
    assert code_in(page) == code
    assert sends(client, f"/invitations/{link_in(page)}/code", code=code) == "/sign-in?right=yes"
    assert client.get("/shown/code").status_code == 404
    assert kept() == 1  # the manager's link


def test_who_has_a_new_password_by_the_code_loads_the_page_of_the_next_one_again(app: Flask) -> None:
    old = members.make_code(password=factories.PASSWORD, by=factories.actor(ME))
    client = app.test_client()
    assert sends(client, "/recover", login=ME, code=old, password=NEW, again=NEW) == "/shown/code"
    code = code_in(client.get("/shown/code").text)
    assert code_in(client.get("/shown/code").text) == code
    client.post("/sign-in", data={"login": ME, "password": NEW, "csrf_token": token_in(client.get("/sign-in").text)})
    # Whoever signed in here types it in; who presses Back afterwards is perhaps another.
    gone = client.get("/shown/code?lang=en")
    assert gone.status_code == 404
    assert code not in gone.text
    assert "/recovery-code/new" in gone.text or "/sign-in" in gone.text
    assert client.get("/recovery-code").status_code == 200


@pytest.mark.parametrize("signed_in", [False, True])
def test_hiding_the_screen_takes_away_what_nobody_has_to_sign_in_for(app: Flask, signed_in: bool) -> None:
    """On a tablet on which the manager is signed in, too: under a hidden screen nothing is shown."""
    client, code = sends_join(app)
    if signed_in:
        manager = Person(app.test_client(), MANAGER)
        old = members.make_code(password=factories.PASSWORD, by=factories.actor(ME))
        assert sends(manager.client, "/recover", login=ME, code=old, password=NEW, again=NEW) == "/shown/code"
        client, code = manager.client, code_in(manager.get("/shown/code"))
    page = client.get("/shown/code").text
    assert code_in(page) == code
    assert client.post("/hide-screen", data={"hidden_at": "/shown/code"}).status_code == 303
    answer = client.get("/shown/code?lang=en")
    assert answer.status_code == 404
    assert "sign in with your password and make a new recovery code" in answer.text


def test_a_row_by_hand_shows_nothing(app: Flask) -> None:
    person, other = Person(app.test_client(), ME), Person(app.test_client(), MANAGER)
    code, foreign = code_in(person.made(*MAKE)), code_in(other.made(*MAKE))
    rows = db.session.execute(select(ShownSecret.member_id, ShownSecret.sealed_secret)).all()
    sealed = {row.member_id: row.sealed_secret for row in rows}
    mine = factories.actor(ME).member_id
    with transaction() as session:
        there = next(each for member_id, each in sealed.items() if member_id != mine)
        session.execute(update(ShownSecret).where(ShownSecret.member_id == mine).values(sealed_secret=there))
    page = person.get("/shown", 404)
    assert code not in page
    assert foreign not in page
