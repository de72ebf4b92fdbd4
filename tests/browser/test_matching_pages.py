"""Who was here before, in a browser: two shelters find one person, link and break it; a resident is asked for."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import Page, expect

from nrm.actions.shelter import matching as actions
from nrm.store.shelter import matching as store
from tests import factories
from tests.browser import checks, live
from tests.integration.shelter.test_matching import (
    AGAIN,
    MIRA,
    NRC,
    OTHER,
    VATRA,
    known_since,
    left,
    said_yes,
    taken_in,
)

LANGUAGES = ("sq", "en")


def look(page: Page, address: str, *, most: int = checks.ORDINARY_PAGE) -> None:
    """The page is good in both languages, and fits a narrow screen."""
    for lang in LANGUAGES:
        checks.assert_good_page(page, f"{address}?lang={lang}", most=most)
        page.set_viewport_size({"width": 320, "height": 640})
        checks.assert_fits(page)
        page.set_viewport_size({"width": 1200, "height": 800})


def press(page: Page, *, times: int = 1) -> None:
    page.locator("main form .bar button").last.click(click_count=times)


def test_two_shelters_find_one_person_link_and_break_it_and_a_resident_is_not_shown(app: Flask, page: Page) -> None:
    nrc, vatra = factories.actor(NRC), factories.actor(VATRA)
    before, resident = said_yes(nrc, MIRA), said_yes(nrc, OTHER, bed=1)
    known_since(before, 10)
    left(before, nrc)
    actions.search_due()
    now, asked_for = taken_in(vatra, AGAIN), said_yes(vatra, {**OTHER, "given": "Valbone"}, bed=1)
    actions.search_due()
    with live.serving(app) as base:
        live.sign_in(page, base, VATRA)
        look(page, f"{base}/cases/{now.case_id}/who-was-here")
        press(page)
        expect(page.locator("[data-errors]")).to_be_focused()
        page.check("[name=said][value=yes]")
        press(page)
        page.wait_for_url("**/who-was-here?done=yes")
        actions.search_due()
        for opened in (now, asked_for):
            look(page, f"{base}/cases/{opened.case_id}/who-was-here")
        look(page, f"{base}/who-was-here")
        page.context.clear_cookies()
        live.sign_in(page, base, NRC)
        look(page, f"{base}/who-was-here")
        (alarm, line) = store.to_answer(by=nrc)
        assert (alarm.case_id, alarm.alarm) == (resident.case_id, True)
        assert (line.case_id, line.alarm) == (before.case_id, False)
        look(page, f"{base}/who-was-here/theirs/{alarm.id}")
        look(page, f"{base}/who-was-here/theirs/{line.id}")
        page.check("[name=said][value=same-known_to_us]")
        press(page)
        page.wait_for_url("**/who-was-here?done=*")
        page.context.clear_cookies()
        live.sign_in(page, base, VATRA)
        look(page, f"{base}/who-was-here/ours/{line.id}")
        page.check("[name=said][value=same-papers]")
        press(page)
        expect(page.locator("[data-errors]")).to_be_focused()  # what this case is
        page.check("[name=course][value=again]")
        press(page, times=2)
        page.wait_for_url("**/who-was-here?done=*")
        look(page, f"{base}/cases/{now.case_id}/who-was-here")
        look(page, f"{base}/who-was-here")
        page.click("main summary")  # where somebody who is new looks for a link
        page.click(f"main details a[href$='ours/{line.id}']")
        look(page, f"{base}/who-was-here/ours/{line.id}")
        page.click("main a[href$=break]")
        look(page, f"{base}/who-was-here/{line.id}/break")
        press(page)
        expect(page.locator("[data-errors]")).to_be_focused()  # why
        page.check("[name=why][value=wrong_button]")
        press(page)
        page.wait_for_url("**/who-was-here?done=broken")
        look(page, f"{base}/who-was-here/ours/{line.id}")
        look(page, f"{base}/cases/{now.case_id}/who-was-here/take-back")
        press(page)
        page.wait_for_url("**/who-was-here?done=taken_back")
        look(page, f"{base}/who-was-here/ours/{line.id}")  # nobody is asked any more
        page.context.clear_cookies()
        live.sign_in(page, base, "ra.duty_officer")
        expect(page.locator("#asked-for")).to_be_visible()
        look(page, f"{base}/", most=checks.HEAVY_PAGE)
        alarmed = page.locator("section[aria-labelledby=asked-for]")
        alarmed.locator("button").click()
        expect(alarmed.locator(".tag.late")).to_have_count(0)
        look(page, f"{base}/", most=checks.HEAVY_PAGE)
        alarmed.locator("button").click()  # it was the wrong one
        expect(alarmed.locator(".tag.late")).to_be_visible()
