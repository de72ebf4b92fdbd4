"""The first talk in a browser: at once usable by keyboard and narrow, and one more row after each saving."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser import checks, live
from tests.integration.shelter.test_first_talks import arrived


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_the_first_talk_is_accessible_fits_and_grows_by_a_row(app: Flask, page: Page, lang: str) -> None:
    case_id = arrived()
    with live.serving(app) as base:
        live.sign_in(page, base, "nrc.case_worker")
        page.goto(f"{base}/cases/{case_id}/first-talk?lang={lang}")
        page.check("input[name=purpose][value=care]")
        page.locator("main .bar button").click()
        page.goto(f"{base}/cases/{case_id}/first-talk")
        expect(page.locator("[name=others_what]")).to_be_hidden()  # until somebody is said to be there
        page.check("[name=others_there][value=yes]")
        expect(page.locator("[name=others_what]")).to_be_visible()
        page.select_option("[name=episode_where_0]", "GR")
        page.fill("[name=episode_from_0]", "2024")
        page.fill("[name=episode_until_0]", "2022")
        page.locator("#sheet .bar button").click()
        expect(page.locator("[data-errors]")).to_be_focused()
        page.fill("[name=episode_until_0]", "2025")
        page.locator("#sheet .bar button").click()
        page.wait_for_url("**/first-talk/saved")
        # The form is a part of the case file, and as heavy as one may be.
        for path in ("first-talk", "first-talk/saved"):
            checks.assert_good_page(page, f"{base}/cases/{case_id}/{path}?lang={lang}", most=checks.HEAVY_PAGE)
            page.set_viewport_size({"width": 320, "height": 640})
            checks.assert_fits(page)
            page.set_viewport_size({"width": 1200, "height": 800})
        page.goto(f"{base}/cases/{case_id}/first-talk")
        expect(page.locator("[name=episode_where_1]")).to_have_count(1)
        expect(page.locator("[name=episode_where_2]")).to_have_count(0)
