"""How it is in a house, in a real browser: a slip answered on a tablet, a complaint, and the desks that follow."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from nrm.actions.support import complaints, feedback
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
def test_on_a_tablet_somebody_answers_and_complains_in_few_presses(app: Flask, browser: Browser) -> None:
    (code, *_) = slips(4)
    feedback.write_note(note=Note("sq", "Në korridor ka tani dritë gjithë natën."), by=factories.actor(MANAGER))
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
        page.locator("[data-errors] a").click()
        expect(page.locator("#code")).to_be_focused()
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
        expect(page).to_have_url(f"{base}/blank")
        assert [each["name"] for each in page.context.cookies()] == ["nrm-form"]  # nothing but the token of the form
        desk = new_context(browser).new_page()
        live.sign_in(desk, base, DESK)
        for path in ("/complaints", f"/complaints/{the_one()}", "/feedback/paper"):
            checks.assert_good_page(desk, f"{base}{path}?lang=en")
        complaints.complain(text=WORDS, reach="", house_id=None)
        house = new_context(browser).new_page()
        live.sign_in(house, base, MANAGER)
        checks.assert_good_page(house, f"{base}/feedback/house?lang=sq")
