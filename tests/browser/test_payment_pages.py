"""Money in a real browser: a manager signs nights, and the payment desk reads what is to be paid."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests import accommodated
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.integration.support.test_subsidies import DESK, MANAGER, Q3, contract, freeze


def good(page: Page, address: str) -> None:
    """In Albanian and in English: accessible, and it fits 320 pixels."""
    for lang in ("sq", "en"):
        checks.assert_good_page(page, f"{address}?lang={lang}")


@pytest.mark.slow
def test_the_nights_of_a_quarter_from_the_house_to_the_desk(app: Flask, browser: Browser) -> None:
    accommodated.at(date(2026, 10, 20))
    contract(400, 800_000)
    freeze(Q3, payable=450, basis="nights")
    with live.serving(app) as base:
        page = new_context(browser).new_page()
        live.sign_in(page, base, MANAGER)
        for path in ("/payment", f"/payment/{Q3}/sign"):
            good(page, f"{base}{path}")
        # In the first language the way to the signature is not beyond the edge of the table's frame.
        page.goto(f"{base}/payment?lang=sq")
        link = page.locator(f'main a[href="/payment/{Q3}/sign"]')
        link.scroll_into_view_if_needed()
        assert page.locator("main .scroll").first.evaluate("frame => frame.scrollLeft") == 0
        expect(link).to_be_in_viewport(ratio=1)
        # The nights: from the home page to the signature, and the file.
        page.goto(f"{base}/?lang=en")
        page.locator(f'main a[href="/payment/{Q3}/sign"]').click()
        page.locator("[name=agreed]").check()
        live.main_button(page).click()
        expect(page.get_by_role("status")).to_contain_text("The payment desk sees it and can pay")
        page.goto(f"{base}/payment?lang=en")
        with page.expect_download() as taken:
            page.locator(f'button[formaction="/payment/{Q3}/VATRA/file"]').click()
        assert taken.value.suggested_filename == f"nights-VATRA-{Q3}.json"
        desk = new_context(browser).new_page()
        live.sign_in(desk, base, DESK)
        good(desk, f"{base}/payment")
        desk.goto(f"{base}/payment?lang=en")
        expect(desk.locator("main")).to_contain_text("800,000")
