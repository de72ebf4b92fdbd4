"""Passkeys in Chromium, with the virtual security key of its developer tools; and in browsers that cannot."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests import factories
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.factories_passkeys import at_address

ME = "vatra.case_worker"
PICTURES = os.environ.get("NRM_PICTURES")


@pytest.fixture
def base(app: Flask) -> Iterator[str]:
    """A server that is reached by a name: browsers make no passkey for a number."""
    with live.serving(app) as address:
        named = address.replace("127.0.0.1", "localhost")
        at_address(app, named)
        yield named


class Key:
    """The virtual security key of a page."""

    def __init__(self, page: Page, **options: Any) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        how = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": False,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": {**how, **options}})
        self.id = made["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def away(self) -> None:
        """Pull it out."""
        self.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})

    def copy_to(self, other: Key, **changed: Any) -> None:
        """Put what lies on this key on another one, too."""
        for each in self.credentials():
            other.cdp.send("WebAuthn.addCredential", {"authenticatorId": other.id, "credential": {**each, **changed}})


def looked_at(page: Page, name: str) -> None:
    """Accessible, narrow enough, whole; with a picture where somebody wants to look."""
    checks.assert_accessible(page)
    checks.assert_whole_form(page)
    checks.assert_fits(page)
    for width in (1200, 320) if PICTURES else ():
        page.set_viewport_size({"width": width, "height": 800})
        page.screenshot(path=str(Path(PICTURES or "") / f"{name}-{width}.png"), full_page=True)
    page.set_viewport_size({"width": 1100, "height": 800})


def type_in(page: Page, base: str, login: str = ME, code: str = "") -> None:
    """Name and password, and what follows them."""
    page.goto(f"{base}/sign-in")
    page.fill("#login", login)
    page.fill("#password", factories.PASSWORD)
    if code:
        page.fill("#code", code)
    live.main_button(page).click()


def make(page: Page, base: str, name: str = "çelësi im") -> None:
    page.goto(f"{base}/passkeys/new")
    page.fill("#name", name)
    page.click("#passkey")
    expect(page).to_have_url(f"{base}/passkeys")


def desk(browser: Browser, base: str) -> tuple[Page, Key]:
    """A browser with a security key, in which somebody has just signed in and made a passkey."""
    page = new_context(browser).new_page()
    key = Key(page)
    live.sign_in(page, base, ME)
    make(page, base)
    return page, key


def test_a_passkey_is_made_with_a_press_and_signs_in_by_itself(base: str, browser: Browser) -> None:
    page, key = desk(browser, base)
    assert [each["signCount"] for each in key.credentials()] == [1]
    assert not key.credentials()[0]["isResidentCredential"]
    beside = page.context.new_page()  # to listen to a page takes its virtual key away
    for lang in ("sq", "en"):
        checks.assert_good_page(beside, f"{base}/passkeys?lang={lang}")
        looked_at(beside, f"list-{lang}")
        checks.assert_good_page(beside, f"{base}/passkeys/new?lang={lang}")
        looked_at(beside, f"make-{lang}")
    page.bring_to_front()  # who does not see a page is asked for no passkey
    page.goto(f"{base}/passkeys/new")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.click("#passkey")  # without a name none is made
    expect(page.locator("[data-errors]")).to_be_visible()
    looked_at(page, "make-without-a-name")
    assert len(key.credentials()) == 1
    page.fill("#name", "once more")
    page.click("#passkey")
    expect(page.locator("[data-say=already]")).to_be_visible()
    looked_at(page, "make-already")
    page.get_by_role("button", name="Sign out").click()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    type_in(page, base)
    expect(page).to_have_url(f"{base}/")
    assert said == []
    assert [each["signCount"] for each in key.credentials()] == [2]


def test_a_key_that_is_not_there_is_said_in_words_and_asked_again(base: str, browser: Browser) -> None:
    page, key = desk(browser, base)
    other = Key(new_context(browser).new_page())
    key.copy_to(other)
    page.get_by_role("button", name="Dilni").click()
    key.away()
    empty = Key(page)
    for lang in ("sq", "en"):
        page.goto(f"{base}/sign-in?lang={lang}")
        type_in(page, base)
        expect(page.locator("[data-say=nothing]")).to_be_visible()
        looked_at(page, f"sign-in-{lang}")
    other.copy_to(empty)
    page.click("#passkey")
    expect(page).to_have_url(f"{base}/")


def test_a_copy_of_a_key_is_refused_and_its_owner_told(base: str, browser: Browser) -> None:
    page, key = desk(browser, base)
    page.get_by_role("button", name="Dilni").click()
    type_in(page, base)
    expect(page).to_have_url(f"{base}/")
    thief = new_context(browser).new_page()
    key.copy_to(Key(thief), signCount=1)
    type_in(thief, base)
    expect(thief.locator("[data-errors]")).to_be_visible()
    expect(thief).to_have_url(f"{base}/sign-in/passkey")
    looked_at(thief, "refused")
    for lang in ("sq", "en"):
        page.goto(f"{base}/passkeys?lang={lang}")
        expect(page.locator("main .note")).to_contain_text("çelësi im")
        looked_at(page, f"copied-{lang}")


def test_a_fresh_proof_is_a_press(base: str, browser: Browser) -> None:
    page, key = desk(browser, base)
    for lang in ("sq", "en"):
        factories.later(minutes=6)
        page.goto(f"{base}/passkeys?lang={lang}")
        page.locator("main td a").first.click()
        expect(page.locator("#passkey_proof")).to_be_visible()
        looked_at(page, f"proof-{lang}")
        page.fill("#step_up", factories.PASSWORD)
        page.click("#passkey_proof")
        expect(page.locator("#passkey_proof")).to_have_count(0)
        page.wait_for_load_state()
        looked_at(page, f"remove-{lang}")
    factories.later(minutes=6)
    live.main_button(page).click()  # the page had been open for long: the proof sends the form with it
    page.fill("#step_up", factories.PASSWORD)
    page.click("#passkey_proof")
    expect(page).to_have_url(f"{base}/passkeys")
    expect(page.locator("main table")).to_have_count(0)
    looked_at(page, "none-left")
    assert len(key.credentials()) == 1  # the device forgets by itself


def test_without_javascript_or_passkeys_a_code_is_enough_and_the_page_says_why(
    app: Flask, base: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factories, "SECRETS", {})
    app.extensions["nrm.second_factor"] = True
    assert factories.actor(ME)
    factories.later(minutes=1)
    page = new_context(browser).new_page()
    Key(page)
    type_in(page, base, code=factories.code_of(ME))
    make(page, base)
    for lang in ("sq", "en"):
        page.goto(f"{base}/passkeys?lang={lang}")
        looked_at(page, f"list-with-telephone-{lang}")
        page.goto(f"{base}/passkeys/telephone")
        looked_at(page, f"telephone-{lang}")
    plain = new_context(browser, java_script_enabled=False).new_page()
    old = new_context(browser).new_page()
    old.add_init_script("delete window.PublicKeyCredential")
    for each, words in ((plain, "JavaScript"), (old, "Firefox")):
        factories.later(minutes=1)
        type_in(each, base)
        expect(each.locator("#code")).to_be_visible()
        expect(each.locator("#passkey")).to_be_hidden()
        expect(each.locator("main")).to_contain_text(words)
        each.fill("#code", factories.code_of(ME))
        each.get_by_role("button", name="Vazhdoni").click()
        expect(each).to_have_url(f"{base}/")
        factories.later(minutes=6)
        each.goto(f"{base}/passkeys/new")
        expect(each.locator("#passkey_proof")).to_be_hidden()
        each.fill("#step_up", factories.PASSWORD)
        each.fill("#step_up_code", factories.code_of(ME))
        each.get_by_role("button", name="Vazhdoni").click()
        expect(each.locator("#name")).to_be_visible()
        if each is plain:
            each.fill("#name", "x")
            each.click("#passkey")
            expect(each.locator("[data-errors]")).to_be_visible()
    looked_at(old, "make-in-an-old-browser")


def test_where_one_is_demanded_it_is_made_first(app: Flask, base: str, browser: Browser) -> None:
    at_address(app, base, passkeys="demanded")
    page = new_context(browser).new_page()
    Key(page, transport="internal")
    type_in(page, base)
    expect(page).to_have_url(f"{base}/passkeys/new")
    beside = page.context.new_page()
    for lang in ("sq", "en"):
        checks.assert_good_page(beside, f"{base}/passkeys/new?lang={lang}")
        looked_at(beside, f"demanded-{lang}")
    page.bring_to_front()
    page.fill("#name", "this laptop")
    page.click("#passkey")
    expect(page).to_have_url(f"{base}/")
    page.goto(f"{base}/passkeys")
    page.locator("main td a").first.click()
    live.main_button(page).click()
    expect(page.locator("[data-errors]")).to_be_visible()
    looked_at(page, "last")


def test_a_lost_password_is_found_again_by_recovery_code_and_passkey(base: str, browser: Browser) -> None:
    page = new_context(browser).new_page()
    Key(page)
    live.sign_in(page, base, ME)
    page.goto(f"{base}/recovery-code/new")
    page.fill("#password", factories.PASSWORD)
    live.main_button(page).click()
    code = page.locator("strong.code").inner_text()
    make(page, base)
    page.get_by_role("button", name="Dilni").click()
    page.goto(f"{base}/recover?lang=en")
    for name, value in (
        ("login", ME),
        ("code", code),
        ("password", "another nine lives"),
        ("again", "another nine lives"),
    ):
        page.fill(f"#{name}", value)
    live.main_button(page).click()
    expect(page.locator("strong.code")).to_be_visible()
    assert page.locator("strong.code").inner_text() != code
