"""The page of openings and the one of alarms, with something on them."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from nrm.actions import tending
from tests import factories
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.integration.accounts.test_opening_log import many
from tests.world import World


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_an_alarm_is_read_looked_into_and_gone_from_the_home_page(
    world_app: tuple[Flask, World], browser: Browser, lang: str
) -> None:
    app, world = world_app
    many(factories.actor("nrc.case_worker"), world.case, 13)
    assert tending.tend()["alarms_raised"] == 1
    with live.serving(app) as base:
        context = new_context(browser)
        page = context.new_page()
        live.sign_in(page, base, "nrc.shelter_manager")
        for path in ("", "openings", "openings?whose=colleagues", "alarms"):
            mark = "&" if "?" in path else "?"
            checks.assert_good_page(page, f"{base}/{path}{mark}lang={lang}", most=checks.ORDINARY_PAGE)
        page.goto(f"{base}/")
        page.locator(".note a[href='/alarms']").click()
        expect(page.locator("main form")).to_have_count(1)
        page.locator("main form button").click()
        expect(page.locator("main form")).to_have_count(0)
        page.goto(f"{base}/")
        expect(page.locator(".note a[href='/alarms']")).to_have_count(0)
        context.close()
