"""A plan from the first goal to the manager's word, the tasks of the week and the list of the day, in a browser."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests import factories, factories_stays
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.integration.shelter.test_key_workers import take_on

GOAL, WORDS = "Dua të rri pranë motrës", "Ta shoqërojmë te dentisti"


def test_a_plan_is_written_done_taken_back_and_confirmed(app: Flask, browser: Browser) -> None:
    worker = factories.actor("vatra.case_worker")
    case_id = factories_stays.admitted(worker).case_id
    take_on(case_id, worker)
    with live.serving(app) as base:
        plan = f"{base}/cases/{case_id}/plan"
        context = new_context(browser, reduced_motion="reduce")
        page = context.new_page()
        live.sign_in(page, base, "vatra.case_worker")
        page.goto(f"{base}/?lang=sq")
        page.locator("[formaction='/shifts/people']").click()
        page.goto(f"{base}/cases/{case_id}?part=plan")
        page.locator("#plan a").first.click()

        page.locator("a[href$='/plan/goal']").click()
        page.fill("#text", GOAL)
        _send(page)
        page.locator("a[href$='/plan/service']").click()
        page.select_option("#service", "medical")
        page.fill("#provider", "Poliklinika")
        _send(page)
        page.locator("a[href$='/plan/step']").click()
        page.fill("#text", WORDS)
        page.get_by_label("Sot", exact=True).check()
        page.fill("#hour", "14:30")
        _send(page)
        page.locator("a[href$='/plan/medication']").click()
        page.fill("#text", "Sertraline")
        page.fill("#hour", "20:00")
        page.get_by_label("Sot", exact=True).check()
        page.locator("#until").check()
        _send(page)
        for words in (GOAL, "Poliklinika", WORDS, "Sertraline"):
            expect(page.locator("main")).to_contain_text(words)
        page.locator("a[href$='/came']").click()
        page.locator("#came").check()
        page.get_by_label("Sot", exact=True).check()
        page.fill("#who", "Dr. Zefjana")
        _send(page)

        page.goto(f"{base}/")
        page.locator("a[href='/tasks']").click()
        row = page.locator("li", has_text=WORDS)
        row.locator("button").first.click()
        expect(page.locator("[role=status]")).to_be_visible()
        row = page.locator("li", has_text=WORDS)
        expect(row.locator("[formaction$='/done']")).to_have_count(0)
        row.locator("[formaction$='/undo']").click()
        expect(page.locator("li", has_text=WORDS).locator("[formaction$='/done']")).to_have_count(1)
        page.locator("a[href='/day']").click()
        for words in ("14:30", WORDS, "20:00", "Sertraline"):
            expect(page.locator("main")).to_contain_text(words)
        for address in (plan, f"{base}/tasks", f"{base}/day"):
            for lang in ("sq", "en"):
                page.set_viewport_size({"width": 1200, "height": 800})
                checks.assert_good_page(page, f"{address}?lang={lang}", most=checks.ORDINARY_PAGE)
                page.set_viewport_size({"width": 320, "height": 700})
                checks.assert_accessible(page)
                checks.assert_fits(page)
        page.emulate_media(forced_colors="active")
        checks.assert_good_page(page, plan)
        context.close()

        context = new_context(browser)
        page = context.new_page()
        live.sign_in(page, base, "vatra.shelter_manager")
        page.goto(f"{base}/tasks?lang=sq")
        page.locator("main a[href$='/plan']").click()
        page.locator("main a[href*='/open/care']").click()
        page.locator("#purpose").check()
        page.locator("main form button").first.click()
        expect(page).to_have_url(plan)
        page.locator("form[action$='/confirm'] button").click()
        expect(page.locator("[role=status]")).to_be_visible()
        expect(page.locator("main")).to_contain_text("vatra.shelter_manager")
        expect(page.locator("form[action$='/confirm']")).to_have_count(0)
        context.close()


def _send(page: Page) -> None:
    page.locator("#sheet button").first.click()
