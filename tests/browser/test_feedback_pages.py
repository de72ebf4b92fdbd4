"""How it is in a house, in a real browser: a slip answered on a tablet, a complaint, and the desks that follow."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from playwright.sync_api import Browser, Error, Page, expect

from nrm.actions.support import complaint_sending, complaints, feedback_notes
from nrm.domain.support.feedback import Note
from nrm.store.rows.support import feedback as rows
from tests import factories
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.factories_referrals import organisation
from tests.integration.support.test_complaints import DESK, WORDS, the_one
from tests.integration.support.test_feedback import MANAGER, box, slips


def press(page: Page) -> None:
    page.locator("main form#sheet .btn").click()


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False])
def test_the_next_one_at_the_tablet_finds_nothing_by_the_back_button(
    app: Flask, browser: Browser, scripts: bool
) -> None:
    """With scripts no form that was filled in is a page of the history at all; without them it comes back empty."""
    codes = slips(4)
    with live.serving(app) as base:
        context = new_context(browser, java_script_enabled=scripts)

        def back_shows_nothing(page: Page) -> None:
            try:
                page.go_back()
            except Error as error:  # of a page that answered a form the browser keeps nothing, and says so
                if scripts or "ERR_CACHE_MISS" not in str(error):
                    raise
                return
            assert WORDS not in page.content()
            assert page.locator("input:checked").count() == 0
            assert not any(each.input_value() for each in page.locator("#code, #what, #reach, #where").all())
            if scripts:
                assert page.url.split("?")[0] == f"{base}/feedback"

        for code in codes[:2]:
            page = context.new_page()
            page.goto(f"{base}/feedback?in=en")
            page.locator("main .btn").first.click()
            for question in ("safe", "respect", "explained", "private", "help"):
                page.locator(f"[name={question}][value=no]").check()
            page.locator("#code").fill(code if code == codes[0] else "1")
            press(page)
            if code != codes[0]:
                expect(page.locator("#code-error")).to_be_visible()
                page.locator("#code").fill(code)
                press(page)
            expect(page).to_have_url(re.compile("/feedback/thanks"))
            back_shows_nothing(page)
        page = context.new_page()
        page.goto(f"{base}/feedback?in=en")
        page.locator("main .btn.second").click()
        page.locator("#what").fill(WORDS)
        page.locator("#reach").fill("Motra ime")
        page.get_by_role("button", name="Ελληνικά").click()
        expect(page.locator("html")).to_have_attribute("lang", "el")
        expect(page.locator("#what")).to_have_value(WORDS)
        press(page)
        expect(page).to_have_url(re.compile("/feedback/sent.in=el"))
        back_shows_nothing(page)
        if scripts:  # who walks away from what was half written leaves it to nobody
            page = context.new_page()
            page.clock.install()
            page.goto(f"{base}/feedback?in=ro&at={rows.token_of(organisation('VATRA'))}")
            first = page.url
            page.locator("main .btn.second").click()
            page.locator("#what").fill(WORDS)
            page.clock.run_for(100_000)
            page.locator("#reach").fill("Motra")
            page.clock.run_for(100_000)  # a hand was on it meanwhile
            expect(page.locator("#what")).to_be_visible()
            page.clock.run_for(30_000)  # two minutes: covered, with a warning
            expect(page.locator("#what")).to_be_hidden()
            checks.assert_accessible(page)
            page.locator("[data-idle] button").click()
            expect(page.locator("#what")).to_have_value(WORDS)
            page.clock.run_for(250_000)
            expect(page.locator("main .btn")).to_have_count(2)
            assert sorted(page.url.split("?")[1].split("&")) == sorted(first.split("?")[1].split("&"))
            back_shows_nothing(page)
        assert [*box().answers.values()] == [{"no no no no no": 2}]
        assert len(complaints.heard(by=factories.actor(DESK))) == 1


@pytest.mark.slow
def test_on_a_tablet_somebody_answers_and_complains_in_few_presses(app: Flask, browser: Browser) -> None:
    (code, *_) = slips(4)
    note = Note("sq", "Në korridor ka tani dritë gjithë natën.")
    feedback_notes.write(note=note, by=factories.actor(MANAGER))
    feedback_notes.show(house_id=organisation("VATRA"), note=note, by=factories.actor(DESK))
    at = rows.token_of(organisation("VATRA"))
    with live.serving(app) as base:
        page = new_context(browser).new_page()
        for say, address in (("sq", "feedback"), ("ru", "feedback/answer"), ("en", "feedback/complain")):
            checks.assert_good_page(page, f"{base}/{address}?in={say}&at={at}")
        page.goto(f"{base}/feedback?at={at}&in=sq")
        expect(page.locator("main")).to_contain_text("dritë gjithë natën")
        page.get_by_role("link", name="Română").click()
        page.locator("main .btn").first.click()
        press(page)  # nothing is chosen
        expect(page.locator("[data-errors]")).to_be_focused()
        for question, reply in (("safe", "no"), ("respect", "yes"), ("help", "partly")):
            page.locator(f"[name={question}][value={reply}]").check()
        page.locator("#code").fill("1234 5678 9012 3456")
        press(page)
        page.locator("[data-errors] a[href='#code']").click()  # of this answer: the page before had errors, too
        expect(page.locator("#code")).to_be_focused()
        expect(page.locator("[name=safe][value=no]")).to_be_checked()
        page.get_by_role("button", name="Русский").click()  # another language keeps what was chosen
        expect(page.locator("html")).to_have_attribute("lang", "ru")
        expect(page.locator("[name=safe][value=no]")).to_be_checked()
        page.locator("#code").fill(code.replace(" ", ""))
        press(page)
        expect(page).to_have_url(re.compile("/feedback/thanks"))
        checks.assert_good_page(page, page.url)
        assert [*box().answers.values()] == [{"no yes no_answer no_answer partly": 1}]
        page.locator("main .back").click()
        page.locator("main .btn.second").click()
        press(page)
        expect(page.locator("#what-error")).to_be_visible()
        page.locator("#what").fill(WORDS)
        press(page)
        expect(page).to_have_url(re.compile("/feedback/sent"))
        page.locator("header button").click()
        expect(page).to_have_url(re.compile(r"/blank\?in=ru&at=\w+$"))
        assert [each["name"] for each in page.context.cookies()] == ["nrm-form"]  # nothing but the token of the form
        desk = new_context(browser).new_page()
        live.sign_in(desk, base, DESK)
        for path in ("/complaints", f"/complaints/{the_one()}", "/feedback/paper"):
            checks.assert_good_page(desk, f"{base}{path}?lang=en")
        complaint_sending.complain(text=WORDS, reach="", house_id=None)
        house = new_context(browser).new_page()
        live.sign_in(house, base, MANAGER)
        checks.assert_good_page(house, f"{base}/feedback/house?lang=sq")
