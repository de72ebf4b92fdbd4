"""Another language on a page that answers a form: no dead end, and what was typed is still there."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask

from tests.conftest import Person
from tests.factories_interviews import LOGIN, begin, example, fields, page_id, walk
from tests.integration.interviews.test_ending import drafts

SignIn = Callable[[str], Person]
STORY = 'ai më "mbylli" në bodrum <b>'


def chosen(body: str, language: str = "en") -> tuple[str, str]:
    """(address, form) of the button for the language."""
    found = re.search(rf'<button class=out lang={language} form=(\w+) formaction="([^"]+)"', body)
    assert found, body[:3000]
    return unescape(found.group(2)), found.group(1)


def hidden(body: str, form: str) -> dict[str, object]:
    """The hidden fields of the form, as a browser sends them."""
    inside = re.search(rf"<form[^>]*{form}[^>]*>(.*?)</form>", body, re.DOTALL)
    assert inside
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="?hidden"? name="?([\w-]+)"? value="([^"]*)">', inside.group(1)):
        found.setdefault(name, []).append(unescape(value))
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def test_a_refused_page_of_an_interview_keeps_what_was_typed_since(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until="happened")
    page = f"{address.rsplit('/', 1)[0]}/happened"
    sent = {**fields("happened", person.get(page), example()), "began": "19xx"}
    refused = person.post(page, sent, status=422)
    speak, form = chosen(refused)
    assert form == "sheet"
    assert "?lang=" not in refused.split("<main")[0]
    carried = person.post(speak, {**sent, "story": STORY}, status=200)
    assert '<html lang="en"' in carried
    assert "was not sent" in carried
    assert drafts() == 1
    kept = hidden(carried, f'action="{page}"')
    assert kept["story"] == STORY
    again = person.post(page, kept, status=422)
    assert '<html lang="en"' in again
    assert "&lt;b&gt;" in again
    assert page_id(person.post(page, {**kept, "began": "2023"})) != "happened"


def test_any_other_refused_form_goes_along(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    refused = person.post("/cases/find", {"code": "nuk është kod"}, status=422)
    speak, form = chosen(refused)
    assert form == "spoken"
    carried = person.post(speak, hidden(refused, "id=spoken"), status=200)
    assert hidden(carried, 'action="/cases/find"')["code"] == "nuk është kod"


def test_a_password_does_not_and_the_page_is_loaded_anew(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    refused = person.post("/password", {"present": "sekret i gabuar", "password": "x", "again": "x"}, status=422)
    link = re.search(r'<a lang=en href="([^"]+)"', refused)
    assert link
    assert "sekret" not in refused
    assert '<html lang="en"' in person.get(link.group(1))
    assert person.post("/language/en/password", {"present": "sekret"}).endswith("lang=en")


def test_a_form_that_is_too_large_is_not_taken_along(app: Flask, sign_in: SignIn) -> None:
    body = sign_in(LOGIN).post("/cases/find", {"code": "x" * 3_000_000}, status=413)
    assert re.search(r'<a lang=en href="/[a-z]*\?lang=en"', body)


def test_a_page_without_a_form_still_has_links(app: Flask, sign_in: SignIn) -> None:
    assert '<a lang=en href="?lang=en"' in sign_in(LOGIN).get("/")


@pytest.mark.parametrize("address", ["/language/xx/cases/find", "/language/en/no/such/page"])
def test_no_other_language_and_no_other_place(app: Flask, sign_in: SignIn, address: str) -> None:
    person = sign_in(LOGIN)
    if "xx" in address:
        person.post(address, {}, status=404)
    else:
        assert person.post(address, {}).startswith("/?lang=")
