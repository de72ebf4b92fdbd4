"""The pages of an act that waits for a colleague, and of a form that came too late."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from nrm import clock
from tests import factories
from tests import second_hands as hands
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.integration.accounts.test_second_hands import MANAGER, WORKER, kept, opened, waits

PICTURES = os.environ.get("NRM_PICTURES", "")


def seen(page: Page, name: str) -> None:
    """Keep what a person sees, where the environment asks for it."""
    if PICTURES:
        for width in (1200, 320):
            page.set_viewport_size({"width": width, "height": 800})
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_a_colleague_agrees_from_the_home_page(app: Flask, browser: Browser, lang: str) -> None:
    found = opened(3)
    worker = factories.actor(WORKER)
    for case_id in found[:2]:
        hands.withdrawn(case_id, worker)
    address = f"second-hands/{waits(worker, found[2])}"
    with live.serving(app) as base:
        for login in (WORKER, MANAGER, "ra.duty_officer"):
            context = new_context(browser)
            page = context.new_page()
            live.sign_in(page, base, login)
            for path in ("", "alarms") if login == "ra.duty_officer" else ("", "alarms", address):
                checks.assert_good_page(page, f"{base}/{path}?lang={lang}", most=checks.ORDINARY_PAGE)
                seen(page, f"{lang}-{login}-{path.partition('/')[0] or 'home'}")
            if login == MANAGER:
                page.goto(f"{base}/")
                page.locator(f".note a[href='/{address}']").click()
                page.locator("main form[action$='/agree'] button").click()
                expect(page.locator(".errors")).to_be_visible()
                seen(page, f"{lang}-missing")
                page.locator("input[name=heard]").first.check()
                page.locator("main form[action$='/agree'] button").click()
                expect(page.locator("main form")).to_have_count(0)
                seen(page, f"{lang}-agreed")
            context.close()
    assert not kept(found[2])


@pytest.mark.parametrize("lang", ["sq", "en"])
@pytest.mark.parametrize("form", ["notes", "consents/withdraw"])
def test_a_form_that_came_too_late_says_what_it_is(app: Flask, browser: Browser, lang: str, form: str) -> None:
    [case_id] = opened(1)
    with live.serving(app) as base:
        context = new_context(browser)
        page = context.new_page()
        live.sign_in(page, base, WORKER)
        page.goto(f"{base}/cases/{case_id}{'/consents/withdraw' if form != 'notes' else ''}?lang={lang}")
        if form == "notes":
            factories.later(minutes=20)
            page.evaluate(
                """path => { const form = document.createElement('form'); form.method = 'post'; form.action = path;
                form.innerHTML = '<input name=note value=typed>'; document.body.append(form); form.submit() }""",
                f"/cases/{case_id}/notes",
            )
        else:
            page.locator("input[value='everything:']").check()
            page.locator("#told").check()
            factories.later(minutes=20)
            page.locator("main form .btn.danger").click()
        page.wait_for_selector("#login")
        checks.assert_accessible(page)
        seen(page, f"{lang}-{form.replace('/', '-')}-sign-in")
        page.fill("#login", WORKER)
        page.fill("#password", factories.PASSWORD)
        page.locator("main form button").click()
        page.wait_for_selector("dl.sum")
        checks.assert_accessible(page)
        checks.assert_fits(page)
        seen(page, f"{lang}-{form.replace('/', '-')}-after")
        expect(page.locator("main form")).to_have_count(1 if form == "notes" else 0)
        context.close()
    clock.set_clock(None)
    assert kept(case_id)
