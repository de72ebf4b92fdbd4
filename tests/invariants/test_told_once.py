"""A page says that something was done to whoever was led there by doing it, and once; an address alone says nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from nrm import clock
from nrm.web.accounts import told_once
from tests import factories, told
from tests.conftest import Person

SignIn = Callable[[str], Person]
TOP = Path(__file__).parents[2]
READS = re.compile(r"""request\.args(?:\.get\(\s*|\[|\.)["']?(\w+)|(\w+)["']? (?:not )?in request\.args(?!\.)""")
TOLD = re.compile(r"""told_once(?:\.word)?\(["'](\w+)["']\)""")
ASKS = {
    "COOKIE": "the language",
    "KEPT": "brings back what was being written when the screen was hidden",
    "after": "from which row a list goes on",
    "again": "the form on which a wrong answer of the child authority is contradicted, or which notice one begins with",
    "at": "the place on the page of a house",
    "asked": "the answer of an exercise, which says what is so",
    "back": "the reason that a form proposes",
    "before": "from which entry a list goes on",
    "call": "which call a return that is announced settles, as the help line recorded it",
    "clause": "of which clause a list is",
    "come": "how many come along, as a form proposes it",
    "did": "said only where the data, or what the session was told, says so (ADR 0232)",
    "fallen": "named only while it is so",
    "from": "from which day a table is",
    "group": "of which group a form is",
    "in": "the language of a page for those who live in a house",
    "instead": "which hearing a form is about",
    "item": "which question a form proposes",
    "items": "an address that is kept whole",
    "kept": "a field of a form",
    "name": "a name in a variable",
    "names": "whether a sheet has names",
    "off": "said only where the data says so",
    "old": "which list is shown",
    "page": "which page of a comparison is shown",
    "part": "which part of a case is unfolded",
    "post": "which crossing point a form proposes",
    "read": "in which language a text is shown",
    "set": "said only where the data says so",
    "stood": "what a page had shown when its form was sent",
    "to": "an address of ours that is gone on to",
    "unit": "which unit a form proposes",
    "whose": "which list is shown",
    "withdrawn": "which version a form begins with",
}
"""What pages read from an address, and for what: nothing of it alone makes a page say that something happened."""


def files() -> Iterator[Path]:
    yield from (TOP / "nrm" / "web").rglob("*.py")
    yield from (TOP / "templates").rglob("*.html")


@pytest.mark.slow
def test_what_a_page_reads_from_its_address_is_known_and_the_rest_is_told_once() -> None:
    """A new parameter that lets a page claim something is read by `told_once`; any other has a line above."""
    here = TOP / "nrm" / "web" / "accounts" / "told_once.py"
    read = {
        "".join(found) for each in files() if each != here for found in READS.findall(each.read_text(encoding="utf-8"))
    }
    assert sorted(read) == sorted(ASKS)


@pytest.mark.slow
def test_an_address_that_nobody_was_led_to_says_nothing(app: Flask, sign_in: SignIn) -> None:
    """Of each page without a number in its address: with every word that any page is told, it stays as it was."""
    names = {name for each in files() for name in TOLD.findall(each.read_text(encoding="utf-8"))}
    assert {"tied", "typed", "mistake", "taken_up", "did", "agreed"} <= names
    seen = set()
    for login in (
        "ra.duty_officer",
        "vatra.shelter_manager",
        "state_police.identification_officer",
        "consular.consular_officer",
    ):
        browser = sign_in(login)
        for path in PAGES:
            plain = browser.client.get(path)
            if plain.status_code != 200:
                continue
            seen.add(path)
            for value in VALUES:
                asked = "&".join(f"{name}={value}" for name in sorted(names))
                assert said(browser.client.get(f"{path}?{asked}").text) == said(plain.text), (login, path, value)
    assert seen == set(PAGES)


PAGES = (
    *("/", "/link", "/feedback/paper", "/feedback/house", "/complaints", "/beds/units", "/who-was-here", "/password"),
    *("/members", "/key-workers", "/tasks"),
)
VALUES = ("yes", "1", "added", "announced", "taken_back", "cover", "ended", "anew", "once", "linked", "people")


def said(page: str) -> list[str]:
    """What a page says was done, in order."""
    return re.findall(r'<div class="(?:done|note)" role="status">.*?</div>', page, re.DOTALL)


def test_it_is_said_once_to_the_session_that_did_it_and_to_no_other(app: Flask, sign_in: SignIn) -> None:
    consul, other = sign_in("consular.consular_officer"), sign_in("consular.consular_officer")
    with app.test_request_context("/", headers={"Cookie": f"nrm={cookie(consul)}"}):
        led = told_once.lead("/?did=announced#top")
    mark = led.headers["Set-Cookie"]
    assert "HttpOnly" in mark
    assert "SameSite=Strict" in mark
    value = mark.partition(";")[0].partition("=")[2]
    other.client.set_cookie("nrm-told", value)
    consul.client.set_cookie("nrm-told", value)
    words = "The return is recorded"
    assert words not in other.get("/?did=announced&lang=en")
    assert words not in consul.get("/?did=other&lang=en")
    assert words in consul.get("/?did=announced&lang=en")
    assert words not in consul.get("/?did=announced&lang=en")


def test_a_cookie_that_is_kept_says_nothing_again_after_a_minute(app: Flask, sign_in: SignIn) -> None:
    """Whoever kept it could have the sentence said again for as long as the session lived."""
    consul = sign_in("consular.consular_officer")
    with app.test_request_context("/", headers={"Cookie": f"nrm={cookie(consul)}"}):
        led = told_once.lead("/?did=announced")
    value = led.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
    words, address = "The return is recorded", "/?did=announced&lang=en"
    consul.client.set_cookie("nrm-told", value)
    assert words in consul.get(address)
    factories.later(minutes=1, seconds=2)
    consul.client.set_cookie("nrm-told", value)
    assert words not in consul.get(address)
    at, _, mark = value.partition(".")
    later = int(clock.now().timestamp())
    for forged in (f"{later}.{mark}", f"{int(at) + 10**6}.{mark}", mark, f".{mark}", f"{'9' * 40}.{mark}", "²." + mark):
        consul.client.set_cookie("nrm-told", forged.encode().decode("latin-1"))
        assert words not in consul.get(address)


ENDINGS = ("refused", "none", "not_asked", "undecided", "discarded", "before")


def test_no_page_says_that_an_interview_ended_to_whom_nothing_ended(app: Flask, sign_in: SignIn) -> None:
    """The address alone said that answers and their key are destroyed, to whoever opened it."""
    officer, colleague = sign_in("rinas.border_officer"), sign_in("rinas.border_officer")
    for ending in (*ENDINGS, "other", "sent"):
        officer.get(f"/interviews/ended/{ending}", status=404)
    told.lead(app, officer, "/interviews/ended/none")
    assert "Ended without a referral" in officer.get("/interviews/ended/none?lang=en")
    assert "Ended without a referral" in officer.get("/interviews/ended/none?lang=en")  # to the leaflet, and back
    kept = officer.client.get_cookie(told_once.LED, path="/interviews/ended/none")
    assert kept is not None
    for ending in ENDINGS[2:]:
        officer.client.set_cookie(told_once.LED, kept.value, path=f"/interviews/ended/{ending}")
        officer.get(f"/interviews/ended/{ending}", status=404)
    told.lead(app, officer, "/interviews/ended/other")
    officer.get("/interviews/ended/other", status=404)
    colleague.client.set_cookie(told_once.LED, kept.value, path="/interviews/ended/none")
    colleague.get("/interviews/ended/none", status=404)
    factories.later(minutes=10, seconds=2)
    officer.client.set_cookie(told_once.LED, kept.value, path="/interviews/ended/none")
    officer.get("/interviews/ended/none", status=404)


def cookie(browser: Person) -> str:
    found = browser.client.get_cookie("nrm")
    assert found is not None
    return found.value
