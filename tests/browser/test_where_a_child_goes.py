"""The pages of a child that may go somewhere, in a real browser."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser

from nrm.store import days
from tests import factories
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.factories_stays import CHILD, admitted, decided, found, looked

SERVICE, DESK, HOLDER = "child_protection.child_protection_officer", "ra.duty_officer", "vatra.case_worker"


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_every_page_from_the_finding_to_the_exit_is_a_good_page(app: Flask, browser: Browser, lang: str) -> None:
    vatra = factories.actor("vatra.shelter_manager")
    opened = admitted(vatra, CHILD, identity={"given": "Mira", "birth": f"{days.today().year - 18}-12"})
    household = found(opened.case_id)
    looked(opened.case_id, household)
    decided(opened.case_id, household)
    case = f"/cases/{opened.case_id}"
    pages = {
        HOLDER: [
            f"{case}/best-interests",
            f"{case}/households/{household}/second-look",
            f"/stays/{opened.stay_id}/end",
            f"{case}/age",
        ],
        DESK: [f"{case}/best-interest-decision", f"{case}/guardian", f"{case}/age"],
        SERVICE: [f"{case}/findings"],
    }
    with live.serving(app) as base:
        for login, addresses in pages.items():
            context = new_context(browser)
            page = context.new_page()
            live.sign_in(page, base, login)
            page.goto(f"{base}{case}/best-interests")
            page.locator("input[value=child_protection]").check()
            page.locator("form[novalidate] .btn").last.click()
            for address in addresses:
                checks.assert_good_page(page, f"{base}{address}?lang={lang}")
            context.close()
