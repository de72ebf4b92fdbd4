"""Money in a real browser: a manager asks for a benefit and signs nights, and the payment desk pays."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from nrm.actions.shelter import cases
from nrm.store import days
from tests import accommodated, factories
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.factories_stays import admitted
from tests.integration.support.test_subsidies import COORDINATOR, DESK, MANAGER, Q3, contract, freeze


def good(page: Page, address: str) -> None:
    """In Albanian and in English: accessible, and it fits 320 pixels."""
    for lang in ("sq", "en"):
        checks.assert_good_page(page, f"{address}?lang={lang}")


@pytest.mark.slow
def test_a_benefit_and_the_nights_of_a_quarter_from_the_house_to_the_desk(app: Flask, browser: Browser) -> None:
    accommodated.at(date(2026, 10, 20))
    by = factories.actor(MANAGER)
    contract(400, 800_000, by=factories.actor(COORDINATOR))
    freeze(Q3, payable=450, basis="nights")
    opened = admitted(by)
    cases.add_note(case_id=opened.case_id, text="Hëngri mirë", by=by)
    case, own = f"/cases/{opened.case_id}", f"/cases/{opened.case_id}/benefits"
    with live.serving(app) as base:
        page = new_context(browser).new_page()
        live.sign_in(page, base, MANAGER)
        good(page, f"{base}{own}")
        page.locator('main a[href$="/open/care"]').click()
        live.fill_in(page, {"purpose": ["care"]})
        live.main_button(page).click()
        page.goto(f"{base}{case}")
        page.locator(f'main a[href="{own}"]').first.evaluate("e => e.click()")  # it is folded
        live.main_button(page).click()
        good(page, f"{base}{own}/ask")
        live.main_button(page).click()  # nothing is filled in
        expect(page.locator("[data-errors]")).to_be_visible()
        live.fill_in(page, {"amount": ["12 000"], "channel": ["voucher"]})
        page.select_option("[name=months]", "3")
        page.select_option("[name=first]", f"{days.today():%Y-%m}")
        live.main_button(page).click()
        expect(page).to_have_url(f"{base}{own}")
        code = page.locator("main .tasks .pn").first.inner_text()
        for path in (own, f"{own}/call-off", "/benefits/of-house", "/payment", f"/payment/{Q3}/sign"):
            good(page, f"{base}{path}")
        # The nights: from the home page to the signature, and the file.
        page.goto(f"{base}/?lang=en")
        page.locator(f'main a[href="/payment/{Q3}/sign"]').click()
        page.locator("[name=agreed]").check()
        live.main_button(page).click()
        expect(page).to_have_url(f"{base}/payment")
        with page.expect_download() as taken:
            page.locator(f'form[action="/payment/{Q3}/VATRA/file"] button').click()
        assert taken.value.suggested_filename == f"nights-VATRA-{Q3}.json"
        desk = new_context(browser).new_page()
        live.sign_in(desk, base, DESK)
        for path in ("/payment", "/benefits", f"/benefits/{code}"):
            good(desk, f"{base}{path}")
        desk.locator("[name=to][value=paid]").check()
        live.main_button(desk).click()
        expect(desk).to_have_url(f"{base}/benefits")
        checks.assert_accessible(desk)
        desk.goto(f"{base}/payment?lang=en")
        expect(desk.locator("main")).to_contain_text("800,000")
