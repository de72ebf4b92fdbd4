"""Founding, joining, a lost telephone, a lost password, and an objection, by the pages, with clicks counted."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from nrm.actions.accounts import accounts, joining, second_factor
from nrm.db import db
from nrm.domain.accounts.accounts import Role
from tests import factories
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.browser.test_members_pages import desk, good, good_as_it_is, id_of
from tests.integration.accounts.test_invitations import new_shelter

FIELDS = ("first", "second", "third", "fourth")
PICTURES = os.environ.get("NRM_WORDS_PICTURES", "")  # a folder, to look at the pages


class Clicks:
    """How often a person presses something, and how many fields they fill in."""

    def __init__(self, page: Page) -> None:
        self.page, self.pressed, self.filled = page, 0, 0

    def press(self, what: str) -> None:
        """A link or button by its words."""
        self.page.locator("main").locator(f"a:has-text('{what}'), button:has-text('{what}')").first.click()
        self.page.wait_for_load_state("domcontentloaded")
        self.pressed += 1

    def fill(self, **values: str) -> None:
        for name, value in values.items():
            self.page.fill(f'main [name="{name}"]', value)
            self.filled += 1


def picture(page: Page, name: str) -> None:
    """The page as it is, wide and narrow, in both languages; only when somebody wants to look."""
    if not PICTURES:
        return
    before = page.viewport_size
    for width in (1200, 320):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
    if before is not None:
        page.set_viewport_size(before)


def joins(browser: Browser, base: str, link: str, login: str) -> tuple[Page, Clicks]:
    """Somebody opens a link, chooses a password, types the code in, and signs in."""
    page = new_context(browser).new_page()
    page.goto(f"{base}{link}?lang=en")
    clicks = Clicks(page)
    clicks.fill(password=factories.PASSWORD, again=factories.PASSWORD)
    clicks.press("Make my account")
    code = page.locator(".done .code").inner_text()
    good_as_it_is(page)
    picture(page, "code")
    clicks.press("I wrote it down")
    clicks.fill(code=code)
    live.main_button(page).click()
    clicks.pressed += 1
    clicks.fill(login=login, password=factories.PASSWORD)
    live.main_button(page).click()
    clicks.pressed += 1
    expect(page).to_have_url(f"{base}/")
    return page, clicks


def read(page: Page) -> list[str]:
    """The words that stand on this page."""
    said = page.locator(".done .code").inner_text().split()
    assert len(said) == 4
    return said


def sheet(page: Page, base: str) -> str:
    """The words of this founder's accession sheet, as they are read out in one line."""
    page.goto(f"{base}/accession-sheet?lang=en")
    return page.locator("main .code").first.inner_text()


def attested(browser: Browser, base: str, one: Page, two: Page) -> None:
    """The other founder agrees; two people of other organisations type the words of both sheets, each with three
    presses from the home page."""
    said = {"Founder one": sheet(one, base), "Founder two": sheet(two, base)}
    one.goto(f"{base}/?lang=en")
    agrees = Clicks(one)
    agrees.press("An organisation is to be founded")
    good(one, one.url)
    one.locator("#compared").check()
    agrees.press("Agree")
    assert agrees.pressed == 2
    for login in ("ra.duty_officer", "nrc.case_worker"):
        page = desk(browser, base, login)
        page.goto(f"{base}/?lang=en")
        clicks = Clicks(page)
        clicks.press("An organisation is to be founded")
        address = page.url
        good(page, address)
        page.goto(f"{address.partition('?')[0]}?lang=sq")
        picture(page, "attest-sq")
        page.goto(f"{address.partition('?')[0]}?lang=en")
        # The sheets in the wrong order, and nothing ticked.
        page.get_by_label("Words of Founder one").fill(said["Founder two"])
        page.get_by_label("Words of Founder two").fill(said["Founder one"])
        page.locator("#compared").check()
        clicks.press("Agree")
        expect(page.locator(".bad")).to_have_count(2)
        good_as_it_is(page)
        picture(page, "attest-wrong")
        for name, words in said.items():
            page.get_by_label(f"Words of {name}").fill(words)
        page.locator("#compared").check()
        page.get_by_role("button", name="Agree", exact=True).click()
        clicks.pressed += 1
        expect(page.locator("h1")).to_have_text("Key log")
        assert clicks.pressed == 3
        good(page, f"{base}/key-log")
        picture(page, f"key-log-{login}")
        page.context.close()
    one.goto(f"{base}/?lang=en")
    expect(one.locator("main a[href='/accession-sheet']")).to_have_count(0)
    one.goto(f"{base}/key-log?lang=en")
    expect(one.locator("main")).to_contain_text("Nothing waits for your hand")


def test_two_found_an_organisation_by_words_and_a_third_joins(app: Flask, browser: Browser) -> None:
    shelter, admin = new_shelter(), factories.actor("administrator")
    links = [
        "/invitations/"
        + joining.invite(organisation_id=shelter, login=f"new.{each}", name=f"Founder {each}", role=role, by=admin)
        for each, role in (("one", Role.SHELTER_MANAGER), ("two", Role.CASE_WORKER))
    ]
    with live.serving(app) as base:
        one, clicks = joins(browser, base, links[0], "new.one")
        good(one, f"{base}/")
        expect(one.locator("main")).to_contain_text("The other founder has not joined yet")
        two, _ = joins(browser, base, links[1], "new.two")
        good(one, f"{base}/")
        picture(one, "founding")
        one.goto(f"{base}/?lang=sq")
        picture(one, "founding-sq")
        good(one, f"{base}/accession-sheet")
        picture(one, "sheet")
        one.goto(f"{base}/?lang=en")
        clicks.press("Type the words of Founder two")
        good(one, one.url)
        said = read(two)
        assert not any(each in one.content() for each in said)
        clicks.fill(**dict(zip(FIELDS, [said[0], "xxxxxx", said[2], said[3]], strict=True)))
        clicks.press("These are the words")
        expect(one.locator("[data-errors]")).to_be_focused()
        expect(one.locator(".bad")).to_have_count(1)
        good_as_it_is(one)
        picture(one, "typing-wrong")
        clicks.fill(second=said[1].upper())
        clicks.press("These are the words")
        expect(one.locator("main")).to_contain_text("You typed the words of Founder two")
        good(one, f"{base}/")
        two.goto(f"{base}/?lang=en")
        expect(two.locator("main")).to_contain_text("Your words are typed")
        second = Clicks(two)
        second.press("Type the words of Founder one")
        second.fill(first=" ".join(read(one)))
        second.press("These are the words")
        good(two, f"{base}/")  # at work
        good(one, f"{base}/")
        picture(one, "home-founded")
        # From the link on, a founder presses 7 and fills in 6 and the words; typing the other's words is 2 presses.
        assert (clicks.pressed, clicks.filled) == (4 + 3, 5 + 5)
        assert (second.pressed, second.filled) == (2, 1)

        attested(browser, base, one, two)
        by = factories.actor("new.one")
        token = joining.invite(organisation_id=shelter, login="new.three", name="Third", role=Role.CASE_WORKER, by=by)
        db.session.rollback()
        three, _ = joins(browser, base, f"/invitations/{token}", "new.three")
        good(three, f"{base}/")
        picture(three, "waiting")
        one.goto(f"{base}/?lang=en")
        third = Clicks(one)
        third.press("Type them")
        picture(one, "typing")
        one.goto(f"{one.url}?lang=sq")
        picture(one, "typing-sq")
        one.goto(f"{one.url.partition('?')[0]}?lang=en")
        third.fill(**dict(zip(FIELDS, read(three), strict=True)))
        third.press("These are the words")
        expect(one.locator("main")).to_contain_text("The words were right")
        assert (third.pressed, third.filled) == (2, 4)
        three.goto(f"{base}/?lang=en")
        expect(three.locator("h1")).not_to_contain_text("Waiting")
        for page in (one, two, three):
            page.context.close()


def test_a_lost_telephone_and_a_colleague_who_types_the_words(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factories, "SECRETS", {})
    app.extensions["nrm.second_factor"] = True
    for login in ("vatra.case_worker", "vatra.shelter_manager"):
        assert factories.actor(login)
    db.session.rollback()
    factories.later(minutes=2)
    with live.serving(app) as base:
        lost = new_context(browser).new_page()
        good(lost, f"{base}/sign-in")
        lost.goto(f"{base}/sign-in?lang=en")
        clicks = Clicks(lost)
        clicks.press("Lost telephone")
        good(lost, f"{base}/lost-telephone")
        picture(lost, "lost")
        clicks.fill(login="vatra.case_worker", password="not that")
        clicks.press("Set up another telephone")
        expect(lost.locator("[data-errors]")).to_be_focused()
        good_as_it_is(lost)
        clicks.fill(password=factories.PASSWORD)
        clicks.press("Set up another telephone")
        good(lost, f"{base}/second-factor")
        picture(lost, "lost-set-up")
        secret = lost.locator("strong.pick").inner_text().replace(" ", "")
        clicks.fill(code=second_factor.code_now(secret))
        clicks.press("Use this telephone")
        good(lost, f"{base}/my-words")
        picture(lost, "lost-words")
        said = read(lost)
        colleague = new_context(browser).new_page()
        colleague.goto(f"{base}/sign-in")
        factories.later(minutes=1)
        code = factories.code_of("vatra.shelter_manager")
        live.fill_in(colleague, {"login": ["vatra.shelter_manager"], "password": [factories.PASSWORD], "code": [code]})
        live.main_button(colleague).click()
        good(colleague, f"{base}/")
        colleague.goto(f"{base}/?lang=en")
        picture(colleague, "home-lost")
        typing = Clicks(colleague)
        typing.press("Type them")
        good(colleague, colleague.url)
        typing.fill(**dict(zip(FIELDS, said, strict=True)))
        typing.press("These are the words")
        assert (typing.pressed, typing.filled) == (2, 4)
        clicks.press("They are typed; go on")
        expect(lost.locator("h1")).not_to_contain_text("Your words")
        assert (clicks.pressed, clicks.filled) == (5, 4)  # one press and one field of them for the wrong password
        good(colleague, f"{base}/")
        lost.context.close()
        colleague.context.close()


def test_who_begins_anew_is_told_on_every_page_and_an_older_colleague_objects(app: Flask, browser: Browser) -> None:
    worker = id_of("vatra.case_worker")
    by = factories.actor("vatra.shelter_manager")
    assert by.organisation_id is not None
    token = joining.invite(
        organisation_id=by.organisation_id, login="vatra.third", name="Third", role=Role.CASE_WORKER, by=by
    )
    factories.join(token)
    factories.confirm("vatra.third", by=by)
    db.session.rollback()
    with live.serving(app) as base:
        manager = desk(browser, base, "vatra.shelter_manager")
        good(manager, f"{base}/members/{worker}/anew")
        picture(manager, "anew")
        live.main_button(manager).click()
        good_as_it_is(manager)
        link = manager.locator(".done .code").inner_text()
        early = new_context(browser).new_page()
        assert early.goto(link)
        good_as_it_is(early)
        picture(early, "not-yet")
        her = desk(browser, base, "vatra.case_worker")
        for path in ("/", "/members"):
            good(her, base + path)
            expect(her.locator("main .errors")).to_contain_text("lets you begin anew with new keys")
        picture(her, "begins-anew")
        good(manager, f"{base}/members/{worker}/anew/agree")
        picture(manager, "agree")
        her.goto(f"{base}/?lang=en")
        clicks = Clicks(her)
        clicks.press("I did not ask for this: my account stays")
        expect(her.locator("main .errors")).to_have_count(0)
        assert clicks.pressed == 1
        # She was there before the third one.
        her.goto(f"{base}/?lang=en")
        picture(her, "home-changes")
        clicks.press("Object")
        good(her, her.url)
        picture(her, "object")
        clicks.press("Object: let the account wait")
        third = desk(browser, base, "vatra.third")
        good(third, f"{base}/")
        expect(third.locator("h1")).to_have_text("Your account is suspended")
        picture(third, "suspended")
        assert clicks.pressed == 3
        for page in (manager, early, her, third):
            page.context.close()


def test_the_administrators_pages_offer_no_way_in(app: Flask, browser: Browser) -> None:
    worker, by = id_of("vatra.case_worker"), factories.actor("vatra.shelter_manager")
    assert by.organisation_id is not None
    factories.join(
        joining.invite(
            organisation_id=by.organisation_id, login="vatra.third", name="Third", role=Role.CASE_WORKER, by=by
        )
    )
    assert accounts.resume(accounts.sign_in(login="vatra.third", password=factories.PASSWORD))
    db.session.rollback()
    with live.serving(app) as base:
        page = desk(browser, base, "administrator")
        good(page, f"{base}/members/invite")
        expect(page.locator('[name="organisation"][value="VATRA"]')).to_have_count(0)
        seen = ""
        address = f"{base}/members?lang=en"
        while address:
            page.goto(address)
            seen += page.content()
            more = page.locator('main a:has-text("Show more")')
            address = base + (more.get_attribute("href") or "") if more.count() else ""
        assert f"/members/{worker}/anew" not in seen
        assert not re.search(r"/members/[0-9a-f-]+/words", seen)
        for path in (f"/members/{worker}/words", f"/members/{worker}/second-factor"):
            answer = page.goto(base + path)
            assert answer is not None
            assert answer.status == 404
        checks.assert_accessible(page)
        page.context.close()
