"""The case page and the home page of a shelter: short on a usual day; all of a case is reached without a script."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser import live
from tests.browser.conftest import Town

TALLEST = 1600


def test_a_usual_case_is_short_and_what_was_asked_for_is_unfolded_without_a_script(
    shared_town: Town, plain_page: Page
) -> None:
    page, base, case = plain_page, shared_town.base, shared_town.world.case
    page.set_viewport_size({"width": 1200, "height": 800})
    live.sign_in(page, base, "nrc.case_worker")
    for path in ("/", f"/cases/{case}"):
        for language in ("sq", "en"):
            answer = page.goto(f"{base}{path}?lang={language}")
            assert answer
            assert answer.status == 200
            box = page.locator("html").bounding_box()
            assert box
            assert box["height"] < TALLEST
    # A link of the contents unfolds its part, and so does an address that names it.
    permit = page.locator("#permit")
    expect(permit).to_be_hidden()
    page.locator(".contents").get_by_role("link", name="Residence permit").click()
    expect(permit).to_be_visible()
    page.goto(f"{base}/cases/{case}?part=consent#consent")
    expect(page.locator("#consent")).to_be_visible()
    expect(permit).to_be_hidden()
    # A form in a part that is folded is seen when it comes back with an error, and after it was sent.
    page.get_by_text("Write a note").click()
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("#text-error")).to_be_visible()
    page.locator("#text").fill("She asked for a doctor.")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("#text")).to_be_visible()
    assert page.url.endswith("?part=care#care")
