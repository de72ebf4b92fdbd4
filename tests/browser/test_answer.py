"""The answer to a referral comes by itself to the page of what was sent."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from nrm.actions.referrals import referrals
from tests import factories
from tests import factories_referrals as people
from tests.browser import live
from tests.browser.conftest import Town

OFFICER = "durres.border_officer"


def test_the_answer_comes_by_itself_and_the_page_stops_when_the_session_has_ended(page: Page, town: Town) -> None:
    live.sign_in(page, town.base, OFFICER)
    with town.app.app_context():
        first, second = (people.sent(factories.actor(OFFICER)) for _ in range(2))
    page.clock.install()
    page.goto(f"{town.base}/interviews/{first.case_id}/sent")
    before = page.title()
    expect(page.locator("[data-asking]")).to_be_visible()
    with town.app.app_context():
        referrals.accept(referral_id=first.referral_id, place_id=town.world.bed, by=factories.actor("nrc.case_worker"))
    page.clock.run_for(16_000)
    expect(page.locator("[data-asks][data-over]")).to_be_attached()
    assert first.pseudonym in page.title() != before
    # The line breaks: it says so while it goes on asking. Signed out elsewhere: it stops, and keeps code and telephone.
    page.goto(f"{town.base}/interviews/{second.case_id}/sent")
    for offline in (True, False):
        page.context.set_offline(offline)
        page.clock.run_for(16_000)
        expect(page.locator("[data-silent]")).to_be_visible(visible=offline)
    page.context.clear_cookies()
    page.clock.run_for(16_000)
    expect(page.locator("[data-ended]")).to_be_visible()
    expect(page.locator("[data-asking]")).to_be_hidden()
    expect(page.locator(".code")).to_have_text(second.pseudonym)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(60_000)
    assert asked == []


def test_without_scripts_there_is_a_button_to_look_again(plain_page: Page, town: Town) -> None:
    live.sign_in(plain_page, town.base, OFFICER)
    with town.app.app_context():
        sent = people.sent(factories.actor(OFFICER))
    plain_page.goto(f"{town.base}/interviews/{sent.case_id}/sent")
    expect(plain_page.locator("[data-sound]")).to_be_hidden()
    with town.app.app_context():
        referrals.accept(referral_id=sent.referral_id, place_id=town.world.bed, by=factories.actor("nrc.case_worker"))
    plain_page.get_by_role("link", name="Shikoni sërish").click()
    expect(plain_page.locator("[data-asks][data-over]")).to_be_attached()
