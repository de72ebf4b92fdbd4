"""The pages of a shift and of key workers; the script covers the screen and keeps what was typed."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import Browser, expect

from nrm.actions.shelter import house_labels
from tests import factories, factories_stays
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.integration.shelter.test_key_workers import take_on

TYPED = "typed and left alone"


def test_a_shift_is_begun_the_screen_covers_itself_and_what_was_typed_comes_back(app: Flask, browser: Browser) -> None:
    worker = factories.actor("vatra.case_worker")
    case_id = factories_stays.admitted(worker).case_id
    take_on(case_id, worker)
    house_labels.write(case_id=case_id, nickname="Lule", room="4", by=worker)
    with live.serving(app) as base:
        context = new_context(browser)
        page = context.new_page()
        live.sign_in(page, base, "vatra.case_worker")
        page.goto(f"{base}/?lang=sq")
        page.locator("[formaction='/shifts/people']").click()
        expect(page.locator("main")).to_contain_text("Lule, 4")
        for path in ("", f"cases/{case_id}/key-worker", f"cases/{case_id}/house-label", "key-workers", "openings"):
            checks.assert_good_page(page, f"{base}/{path}", most=checks.ORDINARY_PAGE)
        page.clock.install()
        page.goto(f"{base}/cases/{case_id}/write/legal")
        page.fill("#court", TYPED)
        page.clock.fast_forward(299_000)
        assert page.url.endswith("/write/legal")
        page.clock.fast_forward(2_000)
        page.wait_for_url("**/unlock")
        assert TYPED not in page.content()
        page.fill("#password", factories.PASSWORD)
        page.locator("main button").click()
        page.wait_for_url("**/write/legal?kept=1")
        assert page.input_value("#court") == TYPED
        context.close()
