"""Hiding the screen locks the session; the password of the same person brings back what was typed."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from nrm import clock
from nrm.actions.accounts import accounts, screen_lock
from nrm.web.accounts.screen_lock import filled
from tests import factories
from tests.conftest import Person, token_in
from tests.invariants.test_sealed import writings
from tests.world import World

SignIn = Callable[[str], Person]
OFFICER = "rinas.border_officer"
TYPED = "Arjola Typedhere"


def unlock(person: Person, password: str = factories.PASSWORD) -> tuple[int, str]:
    token = token_in(person.client.get("/unlock").text)
    answer = person.client.post("/unlock", data={"password": password, "csrf_token": token})
    return answer.status_code, answer.headers.get("Location", "")


def hidden_draft(app: Flask, world: World) -> tuple[Person, str]:
    """An officer who hid a page of the interview with something typed, and the page's path."""
    person = Person(app.test_client(), OFFICER)
    person.post(f"/interviews/{world.draft}/resume")
    path = f"/interviews/{world.draft}/happened"
    page = person.get(path)
    assert "form=sheet" in page
    assert f'value="{path}"' in page
    data = {"csrf_token": person.csrf_token, "story": TYPED, "seen": "1", "hidden_at": path}
    assert person.client.post("/hide-screen", data=data).status_code == 303
    return person, path


def test_the_password_brings_the_page_back_with_what_was_typed(world_app: tuple[Flask, World]) -> None:
    app, world = world_app
    person, path = hidden_draft(app, world)
    for hidden in (path, "/", "/cases"):
        assert person.client.get(hidden).headers["Location"] == "/unlock"
    assert unlock(person, "wrong") == (422, "")
    assert unlock(person) == (303, f"{path}?kept=1")
    page = person.get(f"{path}?kept=1")
    assert TYPED in page
    assert 'action="/unlock' not in page
    assert TYPED not in person.get(path)  # typed, never saved
    assert unlock(person)[0] == 422  # not locked any more


def test_a_note_on_the_page_of_a_case_is_kept_over_a_hidden_screen(world_app: tuple[Flask, World]) -> None:
    """Also by the keys alone: the button that hides belongs to the form of the note."""
    app, world = world_app
    person, path = Person(app.test_client(), "vatra.case_worker"), f"/cases/{world.own_case}"
    page = person.get(path)
    form = page[page.index('<form id="sheet"') :].partition("</form>")[0]
    assert f'action="{path}/notes"' in form and 'name="text"' in form  # noqa: PT018
    assert re.search(r"<button[^>]* form=sheet formaction=/hide-screen", page)
    sent = {"csrf_token": person.csrf_token, "text": TYPED, "hidden_at": path}
    assert person.client.post("/hide-screen", data=sent).status_code == 303
    assert unlock(person) == (303, f"{path}?kept=1")
    page = person.get(f"{path}?kept=1")
    note = page[: page.index(TYPED)]
    assert note.rpartition("<details")[2].startswith(' class="fold" open>')  # the part is unfolded
    assert TYPED not in person.get(path)  # nothing was added to the case


def test_another_person_at_the_same_computer_gets_nothing_of_it(world_app: tuple[Flask, World]) -> None:
    app, world = world_app
    person, path = hidden_draft(app, world)
    for login in ("durres.border_officer", "vatra.case_worker"):
        token = token_in(person.client.get("/sign-in").text)
        data = {"login": login, "password": factories.PASSWORD, "csrf_token": token}
        assert person.client.post("/sign-in", data=data).headers["Location"] == "/"
        assert TYPED not in person.client.get(f"{path}?kept=1").text
    mine = app.test_client()
    token = token_in(mine.get("/sign-in").text)
    answer = mine.post("/sign-in", data={"login": OFFICER, "password": factories.PASSWORD, "csrf_token": token})
    assert answer.headers["Location"] == f"{path}?kept=1"
    page = mine.get(f"{path}?kept=1").text  # a new session has opened nothing yet
    assert TYPED not in page
    assert 'name="kept" value="1"' in page
    data = {"csrf_token": token_in(page), "page": "happened", "kept": "1"}
    again = mine.post(f"/interviews/{world.draft}/resume", data=data)
    assert TYPED in mine.get(again.headers["Location"]).text


def test_no_file_says_what_was_typed(world_app: tuple[Flask, World], tmp_path: Path) -> None:
    app, world = world_app
    hidden_draft(app, world)
    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(writing in content for writing in writings(TYPED)), file


def test_a_locked_session_has_no_key_and_ends_like_any_other(app: Flask) -> None:
    cookie = accounts.sign_in(login=OFFICER, password=factories.PASSWORD)
    found = accounts.resume(cookie)
    assert isinstance(found, accounts.SignedIn)
    screen_lock.hide(path="/cases", fields=[], by=found.actor)
    assert accounts.resume(cookie) == accounts.Ended(found.actor.member_id, locked=True)  # type: ignore[arg-type]
    factories.later(minutes=15)
    assert accounts.resume(cookie) == accounts.Ended(found.actor.member_id, by_time=True)  # type: ignore[arg-type]


def test_a_password_that_was_typed_is_not_kept(app: Flask) -> None:
    person = Person(app.test_client(), OFFICER)
    data = {"old": TYPED, "password": TYPED, "hidden_at": "/password"}
    assert person.client.post("/hide-screen", data=data).status_code == 303
    assert unlock(person) == (303, "/")
    for path in ("//evil.example", "/\\evil.example", "https://evil.example", "junk"):
        person.client.post("/hide-screen", data={"x": "y", "hidden_at": path})
        assert unlock(person) == (303, "/"), path


def test_only_the_controls_of_the_form_are_filled_and_nothing_typed_becomes_markup() -> None:
    page = (
        '<!doctype html><input name="a" value="1"><form id="sheet"><input type="hidden" name="csrf_token" value="t">'
        '<input name="a" value="1"><input type="radio" name="r" value="x" checked>'
        '<input type="radio" name="r" value="y">'
        '<select name="s"><option value="1" selected>1</option><option value="2">&euml;</option></select>'
        '<textarea name="t">old &amp; gone</textarea><input type="password" name="p"></form><p>&lt;b&gt;</p>'
    )
    evil = '"><script>'
    got = filled(page, [("a", evil), ("r", "y"), ("s", "2"), ("t", evil), ("p", "secret"), ("csrf_token", "forged")])
    assert got == (
        '<!doctype html><input name="a" value="1"><form id="sheet"><input type="hidden" name="csrf_token" value="t">'
        '<input name="a" value="&quot;&gt;&lt;script&gt;"><input type="radio" name="r" value="x">'
        '<input type="radio" name="r" value="y" checked>'
        '<select name="s"><option value="1">1</option><option value="2" selected>&euml;</option></select>'
        '<textarea name="t">\n&quot;&gt;&lt;script&gt;</textarea><input type="password" name="p"></form>'
        "<p>&lt;b&gt;</p>"
    )


def test_a_locked_session_dies_when_the_password_is_changed_elsewhere(world_app: tuple[Flask, World]) -> None:
    """A stolen computer with a hidden screen does not come back by a password that was learnt later."""
    app, world = world_app
    stolen, _ = hidden_draft(app, world)
    new = "a second life of a cat"
    accounts.change_password(password=factories.PASSWORD, new_password=new, by=factories.actor(OFFICER))
    assert unlock(stolen, new)[0] == 422
    assert unlock(stolen)[0] == 422


def test_unlocking_twice_in_the_same_instant_opens_one_session(world_app: tuple[Flask, World]) -> None:
    app, world = world_app
    person, _ = hidden_draft(app, world)
    cookie = person.client.get_cookie("nrm")
    assert cookie is not None
    other = app.test_client()
    other.set_cookie("nrm", cookie.value)
    gate, got = threading.Barrier(2), []

    def press(client: FlaskClient) -> None:
        token = token_in(client.get("/unlock").text)
        gate.wait()
        data = {"password": factories.PASSWORD, "csrf_token": token}
        got.append(client.post("/unlock", data=data).status_code)

    threads = [threading.Thread(target=press, args=(client,)) for client in (person.client, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [303, 422]


def test_leave_to_read_goes_on_in_the_session_that_follows(world_app: tuple[Flask, World]) -> None:
    app, world = world_app
    person, path = hidden_draft(app, world)
    unlock(person)
    assert person.get(path)


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/%09/evil.example",
    "/./\\evil.example",
    "/..//evil.example",
    "https://evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    " /cases",
    "/cases\r\nSet-Cookie: a=b",
    "/cases\x00",
    "/no-such-page",
    "/sign-out",  # there is nothing to look at
    "@evil.example",
    "/@evil.example",
    "/cases#//evil.example",
    "",
]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_address_of_a_form_leads_anywhere_but_to_a_page_of_ours(app: Flask, sign_in: SignIn, address: str) -> None:
    person = sign_in("nrc.case_worker")
    person.client.post("/hide-screen", data={"csrf_token": person.csrf_token, "hidden_at": address})
    assert unlock(person) == (303, "/")


@pytest.mark.parametrize(
    ("address", "built"),
    [
        ("/cases", "/cases?kept=1"),
        ("/cases?after=x%0d%0aSet-Cookie:1", "/cases?after=x%0D%0ASet-Cookie%3A1&kept=1"),
        ("/members?next=//evil.example", "/members?next=%2F%2Fevil.example&kept=1"),
        ("/register/x\ny/z", "/"),
        ("/agreement/a b/parties", "/agreement/a%20b/parties?kept=1"),
    ],
)
def test_a_page_of_ours_is_written_by_the_program_again(app: Flask, sign_in: SignIn, address: str, built: str) -> None:
    person = sign_in("nrc.case_worker")
    person.client.post("/hide-screen", data={"csrf_token": person.csrf_token, "hidden_at": address})
    assert unlock(person) == (303, built)


@pytest.mark.parametrize("address", [*ELSEWHERE, "/cases//evil.example"])
def test_what_was_kept_before_this_rule_is_held_against_it_too(app: Flask, sign_in: SignIn, address: str) -> None:
    person = sign_in("nrc.case_worker")
    signed_in = accounts.resume(person.client.get_cookie("nrm").value)  # type: ignore[union-attr]
    assert isinstance(signed_in, accounts.SignedIn)
    screen_lock.hide(path=address or "/x", fields=[], by=signed_in.actor)
    assert unlock(person) == (303, "/")


def test_a_page_that_asks_for_a_proof_is_gone_back_to_by_an_address_of_ours(app: Flask, sign_in: SignIn) -> None:
    person = sign_in("nrc.case_worker")
    later = clock.now() + timedelta(minutes=6)
    clock.set_clock(lambda: later)
    page = person.get("/password?next=//evil.example&a=%0d%0aX:1")
    carried = re.search(r'name="carried" value="([^"]+)"', page)
    assert carried
    answer = person.post("/prove", {"step_up": factories.PASSWORD, "carried": carried[1]})
    assert answer == "/password?next=%2F%2Fevil.example&a=%0D%0AX%3A1"
    clock.set_clock(lambda: later + timedelta(minutes=6))
    forged = person.post("/prove", {"step_up": factories.PASSWORD, "carried": "//evil.example"})
    assert forged == "/"
