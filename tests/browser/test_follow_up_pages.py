"""A year after the shelter in a real browser: a plan, school, court, left, closed, asked four times and missed once, a
benefit that was paid and came back, and a return."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from nrm.actions.shelter import cases
from nrm.actions.support import follow_ups
from nrm.domain.shelter.cases import Compartment
from nrm.domain.support.follow_ups import How
from nrm.store import days
from nrm.store.countries import country
from tests import factories
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.factories_referrals import organisation
from tests.factories_stays import admitted
from tests.integration.support.test_follow_ups import MANAGER, NOT_SAFE, dates, on

CHANNEL = "069 555 0177, pas orës 18"
WELL = {"how": ["telephone"], "result": ["reached"], "living": ["family"], "occupation": ["work"], "safe": ["yes"]}
MISSED = {"how": ["message"], "result": ["not_reached"]}
GOAL, SCHOOL = "Dua të mbaroj shkollën", "Shkolla 9-vjeçare Avni Rustemi"
SAID = {
    "sq": {
        "agreed": "kontakti tjetër",
        "over": "Kontakti i fundit u bë",
        "back": "Personi kthehet",
        "court": "Krimet e Rënda",
        "paid": "e paguar",
        "returned": "u kthye",
    },
    "en": {
        "agreed": "next contact",
        "over": "The last contact was made",
        "back": "The person comes back",
        "court": "Serious Crimes Court",
        "paid": "paid",
        "returned": "came back",
    },
}


class Story:
    """One manager and one person, over the months."""

    def __init__(self, browser: Browser, base: str, lang: str) -> None:
        self.browser, self.base, self.lang = browser, base, lang
        self.context: BrowserContext | None = None

    def sits_down(self, login: str = MANAGER) -> Page:
        """As on another day: nobody is signed in any more."""
        if self.context is not None:
            self.context.close()
        self.context = new_context(self.browser)
        page = self.context.new_page()
        live.sign_in(page, self.base, login)
        page.goto(f"{self.base}/?lang={self.lang}")
        return page

    def good(self, page: Page, path: str) -> None:
        heavy = checks.HEAVY_PAGE if path.count("/") == 2 else checks.ORDINARY_PAGE
        checks.assert_good_page(page, f"{self.base}{path}?lang={self.lang}", most=heavy)

    def contact(self, case_id: uuid.UUID, months: int, answers: dict[str, list[str]]) -> Page:
        """From the home page of that day to the contact, and what came of it."""
        page = self.sits_down()
        page.locator(f'main a[href$="/cases/{case_id}/follow-up"]').first.click()
        page.locator(f'main a.btn[href$="/follow-up/{months}"]').click()
        live.fill_in(page, answers)
        live.main_button(page).click()
        expect(page).to_have_url(f"{self.base}/cases/{case_id}/follow-up")
        return page

    def looked_for(self, case_id: uuid.UUID) -> None:
        """She could not be reached: the manager says what is done, and it stands there from then on."""
        page = self.sits_down()
        page.goto(f"{self.base}/cases/{case_id}/follow-up")
        live.main_button(page).click()
        expect(page).to_have_url(f"{self.base}/cases/{case_id}/follow-up/acting")
        self.good(page, f"/cases/{case_id}/follow-up/acting")
        live.fill_in(page, {"what": ["looked_for"], "text": ["E pyetëm shkollën"]})
        live.main_button(page).click()
        expect(page.locator('main form[action$="/acting/undo"]')).to_be_visible()

    def plan_and_school(self, case: str) -> Page:
        """A goal in her words and a school, which came; everything is sealed with the notes on care."""
        page = self.sits_down()
        page.goto(f"{self.base}{case}/plan")
        page.locator('main a[href*="/open/care"]').click()
        live.fill_in(page, {"purpose": ["care"]})
        live.main_button(page).click()
        expect(page).to_have_url(f"{self.base}{case}/plan")  # back to where it was pressed
        for form, values in (
            ("goal", {"text": [GOAL]}),
            ("service", {"service": ["schooling"], "provider": [SCHOOL]}),
        ):
            page.locator(f'main a[href$="/plan/{form}"]').click()
            live.fill_in(page, values)
            live.main_button(page).click()
        page.locator('main a[href$="/came"]').click()
        live.fill_in(page, {"came": ["done"], "on": ["today"], "who": ["Motra Terezë"]})
        live.main_button(page).click()
        for words in (GOAL, SCHOOL, "Motra Terezë"):
            expect(page.locator("main")).to_contain_text(words)
        return page

    def court(self, case: str) -> None:
        """The liaison announces a hearing, and the house in which the witness sleeps reads it at home."""
        page = self.sits_down("prosecution.witness_liaison")
        page.goto(f"{self.base}{case}/hearings")
        on_day = next(day for ahead in range(7, 10) if (day := days.today() + timedelta(days=ahead)).weekday() < 5)
        live.fill_in(page, {"court": ["serious_crimes"], "protection": ["some"], "measures": ["screen"]})
        for part in ("day", "month", "year"):
            page.fill(f'main [name="day-{part}"]', str(getattr(on_day, part)))
        live.main_button(page).click()
        expect(page.locator("main section")).to_contain_text(SAID[self.lang]["court"])
        self.good(page, f"{case}/hearings")
        expect(self.sits_down().locator("main")).to_contain_text(SAID[self.lang]["court"])

    def benefit(self, case: str, told: str) -> None:
        """Asked for under the key of the follow-up, paid, and come back; the person knows."""
        page = self.sits_down()
        page.goto(f"{self.base}{told}")
        page.locator(f'form[action="{told}/open"] button').click()
        own = f"{case}/benefits"
        self.good(page, own)
        live.main_button(page).click()
        self.good(page, f"{own}/ask")
        live.main_button(page).click()  # nothing is filled in
        expect(page.locator("[data-errors]")).to_be_visible()
        live.fill_in(page, {"amount": ["12 000"], "months": ["3"], "channel": ["voucher"]})
        live.fill_in(page, {"first": [f"{days.today():%Y-%m}"]})
        live.main_button(page).click()
        expect(page).to_have_url(f"{self.base}{own}")
        code = page.locator("main .tasks .pn").first.inner_text()
        for path in (own, f"{own}/call-off", "/benefits/of-house"):
            self.good(page, path)
        for said in ("paid", "returned"):
            desk = self.sits_down("molsa.payment_officer")
            self.good(desk, "/benefits")
            self.good(desk, f"/benefits/{code}")
            expect(desk.locator("main")).not_to_contain_text("VATRA-")  # no case
            desk.locator(f"[name=to][value={said}]").check()
            live.main_button(desk).click()
            expect(desk).to_have_url(f"{self.base}/benefits")
            page = self.sits_down()
            expect(page.locator('main a[href="/benefits/of-house"]').first).to_be_visible()
            page.goto(f"{self.base}{told}")
            page.locator(f'form[action="{told}/open"] button').click()
            page.goto(f"{self.base}{own}")
            expect(page.locator("main .tasks")).to_contain_text(SAID[self.lang][said])
            page.locator(f'form[action="{own}/told"] button').click()
            expect(page.locator(f'form[action="{own}/told"]')).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["sq", "en"])
def test_a_year_after_the_shelter_and_somebody_comes_back(app: Flask, browser: Browser, lang: str) -> None:
    by = factories.actor(MANAGER)
    opened, other = admitted(by, days_ago=3), admitted(by, days_ago=3, bed=1)
    case, told = f"/cases/{opened.case_id}", f"/cases/{opened.case_id}/follow-up"
    cases.add_note(case_id=opened.case_id, text="Hëngri mirë", by=by)
    legal, liaison = [Compartment.LEGAL], organisation("PROSECUTION")
    cases.share(case_id=opened.case_id, organisation_id=liaison, compartments=legal, agreed=True, by=by)
    with live.serving(app) as base:
        story = Story(browser, base, lang)
        story.court(case)
        page = story.plan_and_school(case)
        for path in (f"{case}/plan", told, f"{told}/agree", case):
            story.good(page, path)
        page.goto(f"{base}{case}")
        page.locator(f'main a[href="{told}"]').first.evaluate("e => e.click()")  # it is folded
        live.main_button(page).click()
        live.main_button(page).click()  # without a way to reach her nothing is agreed
        expect(page.locator("[data-errors]")).to_be_visible()
        live.fill_in(page, {"channel": [CHANNEL], "who": ["Motra"], "say": ["Një shoqe nga kursi"]})
        live.main_button(page).click()
        expect(page).to_have_url(f"{base}{told}")
        page.goto(f"{base}/stays/{opened.stay_id}/end")
        page.locator("[name=ended][value=today]").check()
        page.locator("[name=reason][value=independent_living]").check()
        live.main_button(page).click()
        page.locator("[name=country][value=home]").check()
        live.main_button(page).click()
        page.locator("main .btn.danger").click()
        page.goto(f"{base}{case}/close")
        expect(page.locator("[name=follow_up][value=agreed]")).to_be_checked()
        live.fill_in(page, {"documents": ["returned"], "debts": ["none"]})
        live.main_button(page).click()
        page.locator("main .btn").first.click()
        expect(page.locator("main")).to_contain_text(SAID[lang]["agreed"])
        # Months pass; the exact days follow from the end of the stay.
        due = {months: each.due_on for months, each in dates(opened.case_id).items()}
        first, missed, third, last = country().follow_up.months
        on(due[first])
        page = story.contact(opened.case_id, first, WELL)
        for path in (told, f"{told}/end", "/follow-ups"):
            story.good(page, path)
        story.benefit(case, told)
        on(due[missed])
        story.good(story.sits_down(), f"{told}/{missed}")
        for again in range(country().follow_up.tries):
            if again:
                on(days.today() + timedelta(days=country().follow_up.again_days))
            page = story.contact(opened.case_id, missed, MISSED)
        story.looked_for(opened.case_id)
        on(due[third])
        story.contact(opened.case_id, third, WELL)
        on(due[last])
        page = story.contact(opened.case_id, last, {**WELL, "outcome": ["settled"]})
        expect(page.locator("main")).to_contain_text(SAID[lang]["over"])
        page.locator(f'form[action="{told}/open"] button').click()
        expect(page.locator("main")).to_contain_text(CHANNEL)
        checks.assert_accessible(page)
        # Somebody else is not safe, and comes back by one press.
        by = factories.actor(MANAGER)
        follow_ups.agree(case_id=other.case_id, words={"channel": CHANNEL}, by=by)
        live_on = f"/cases/{other.case_id}/follow-up"
        page.goto(f"{base}/stays/{other.stay_id}/end")
        page.locator("[name=ended][value=today]").check()
        page.locator("[name=reason][value=independent_living]").check()
        live.main_button(page).click()
        page.locator("[name=country][value=home]").check()
        live.main_button(page).click()
        page.locator("main .btn.danger").click()
        by = on(dates(other.case_id)[first].due_on)
        assert NOT_SAFE.how is How.TELEPHONE
        follow_ups.record(case_id=other.case_id, months=first, contact=NOT_SAFE, text="Ka frikë", by=by)
        page = story.sits_down()
        story.good(page, "/")
        page.locator(f'main a[href$="{live_on}"]').first.click()
        checks.assert_accessible(page)
        page.get_by_role("link", name=SAID[lang]["back"]).click()
        expect(page).to_have_url(f"{base}/cases/{other.case_id}/admit")
        page.select_option("[name=bed]", index=1)
        page.locator("[name=lives_here]").check()  # a stay ends that somebody stays in touch
        for name in ("admitted", "planned"):
            page.locator(f"[name={name}]").first.check()
        live.go_on(page)
        expect(page).to_have_url(re.compile(f"{base}/(stays|cases)"))
        page.goto(f"{base}{live_on}")
        expect(page.locator("main")).not_to_contain_text(SAID[lang]["back"])  # she is here
