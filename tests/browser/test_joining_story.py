"""A new NGO from nothing to its first admitted person, by the pages alone; a party that leaves; another telephone.

Counted apart, and done without pages here: the signatures of the parties, and the trial of a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from nrm import clock
from nrm.actions.interviews import interview_sending
from nrm.actions.referrals import proposals, referrals
from nrm.db import db
from nrm.domain.agreement.routes import Exclusion
from nrm.domain.referrals.referrals import Escort
from nrm.domain.shelter.consents import ByName
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.steps.agreement import known_versions
from nrm.web import formats
from tests import factories
from tests import factories_agreements as texts
from tests import factories_referrals as people
from tests.browser import live
from tests.browser.test_members_pages import desk, good
from tests.browser.test_words_pages import FIELDS, attested, joins, read

NEW = {
    "opens": "08:00",
    "closes": "20:00",
    "telephone": "+355 22 000 203",
    "on_call": "+355 22 000 999",
    "receives": "VATRA",
    "code": "SHPRESA",
    "name_sq": "Shpresa, Shkodër",
    "name_en": "Shpresa, Shkodër",
    "kind": "ngo_shelter",
}


class Desk:
    """Somebody who goes by the words of links and buttons; `pages`: how many forms they sent, `presses`: how often they
    pressed anything."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base, self.pages, self.presses = page, base, 0, 0

    def home(self) -> Desk:
        self.page.goto(f"{self.base}/?lang=en")
        return self

    def follow(self, words: str) -> Desk:
        self.page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
        self.presses += 1
        with self.page.expect_navigation():
            self.page.locator("main a").filter(has_text=words).first.click()
        return self

    def send(self, button: str = "", **answers: str | list[str]) -> Desk:
        given = {name: [each] if isinstance(each, str) else each for name, each in answers.items()}
        live.fill_in(self.page, given)
        self.pages, self.presses = self.pages + 1, self.presses + len(given) + 1
        found = self.page.locator("main button").filter(has_text=button) if button else live.main_button(self.page)
        with self.page.expect_navigation():
            found.first.click()
        return self

    def says(self, *words: str) -> Desk:
        for each in words:
            expect(self.page.locator("main")).to_contain_text(each)
        return self


@pytest.fixture
def base(app: Flask) -> Iterator[str]:
    with live.serving(app) as address:
        yield address


def day(name: str, days: int) -> dict[str, str]:
    at = texts.today() + timedelta(days=days)
    return {f"{name}-day": str(at.day), f"{name}-month": str(at.month), f"{name}-year": str(at.year)}


def opened(coordinator: Desk, version: str) -> None:
    """Tried, approved and opened for signature."""
    text = known_versions.text_of(version, by=factories.actor(texts.COORDINATOR))
    texts.tried(text)
    db.session.rollback()
    coordinator.page.goto(f"{coordinator.base}/agreement/{version}/changes?lang=en")
    coordinator.follow("Record the approval").send(**day("on", 0), note="Letter 12")
    coordinator.home().follow("Open for signature").send()


def signed(version: str, *founders: str) -> None:
    texts.sign_all(version, but="SHPRESA")
    for login in founders:
        texts.sign(version, factories.actor(login))
    db.session.rollback()


def excluded() -> dict[str, Exclusion]:
    officer = factories.actor("rinas.border_officer")
    found = proposals.propose(interview_id=people.interview(officer), by=officer)
    db.session.rollback()
    return {each.party: each.reason for each in found.route.excluded}


def founded(browser: Browser, base: str, administrator: Page) -> tuple[Page, Page]:
    """Two people of the new organisation with one link each; each types what the other reads; two attest."""
    links = []
    for name, role in (("one", "shelter_manager"), ("two", "case_worker")):
        administrator.goto(f"{base}/members/invite?lang=en")
        live.fill_in(administrator, {"name": [f"Founder {name}"], "login": [f"new.{name}"], "role": [role]})
        administrator.get_by_label("Shpresa, Shkodër").check()
        live.main_button(administrator).click()
        link = administrator.locator(".done .code").inner_text()
        links.append("/invitations/" + link.rsplit("/", 1)[1])
    one, _ = joins(browser, base, links[0], "new.one")
    two, _ = joins(browser, base, links[1], "new.two")
    for page, other in ((one, two), (two, one)):
        page.goto(f"{base}/?lang=en")
        other.goto(f"{base}/?lang=en")
        said = read(other)
        page.locator("main a", has_text="Type the words of").click()
        for name, word in zip(FIELDS, said, strict=True):
            page.fill(f'main [name="{name}"]', word)
        live.main_button(page).click()
    attested(browser, base, one, two)
    return one, two


@pytest.mark.slow
def test_an_ngo_from_nothing_to_its_first_admitted_person(app: Flask, browser: Browser, base: str) -> None:
    coordinator = Desk(desk(browser, base, texts.COORDINATOR), base)
    coordinator.home().follow("Begin from the text in force").send(version="2027", **day("starts_on", 10))
    coordinator.follow("A party joins").send(**NEW, regions=["shkoder"], languages=["sq", "en"], **day("joins_on", 10))
    coordinator.says("Shpresa, Shkodër")
    opened(coordinator, "2027")
    shelter = db.session.scalars(select(Organisation.id).where(Organisation.code == "SHPRESA")).one()
    db.session.rollback()

    administrator = desk(browser, base, "administrator")
    one, two = founded(browser, base, administrator)
    signed("2027", "new.one", "new.two")
    assert "SHPRESA" not in excluded()  # no text of the agreement binds it yet
    factories.later(days=11)
    assert excluded()["SHPRESA"] is Exclusion.NO_PLACES

    # The party's own page says what is missing, and leads there.
    live.sign_in(one, base, "new.one")
    manager = Desk(one, base).home().follow("Are we ready to be asked?")
    good(one, one.url.partition("?")[0])
    manager.says("1 thing is missing").follow("Units of the building")
    one.goto(f"{base}/beds/units/add?lang=en")
    manager.send(label="First floor", for_whom="everybody", name="A1", number="4", begins="today")
    assert "SHPRESA" not in excluded()

    # The desk calls both numbers and presses that somebody answered.
    officer = Desk(desk(browser, base, "ra.duty_officer"), base)
    officer.page.goto(f"{base}/readiness/{shelter}?lang=en")
    for _ in range(2):
        officer.page.locator("li", has_text="never tried").get_by_role("button", name="Answered").first.click()
    officer.says("Nothing is missing: it is asked.")
    good(officer.page, f"{base}/readiness/{shelter}")

    # The officer's questionnaire does not name the party yet: the person says yes to it by its name.
    by = factories.actor("rinas.border_officer")
    sent = interview_sending.send(
        interview_id=people.interview(by), party="SHPRESA", override_reason="other", by_name=ByName.YES, by=by
    )
    db.session.rollback()
    live.sign_in(two, base, "new.two")
    two.goto(f"{base}/?lang=en")
    worker = Desk(two, base)
    two.locator(f'main a[href*="/referrals/{sent.referral_id}"]').first.click()
    two.locator("#bed").select_option(label="A1")
    with two.expect_navigation():
        two.locator('form[action$="/accept"] button').first.click()
    at_once = clock.now()  # at the door: nobody asks whether that is too soon
    referrals.depart(referral_id=sent.referral_id, escort=Escort.WOMAN_OFFICER, expected_at=at_once, by=by)
    two.goto(f"{base}/referrals/{sent.referral_id}/arrival?lang=en")
    worker.send(admitted="today", planned="30", hour=formats.moment(clock.now(), "en")[-5:])
    db.session.rollback()
    case = db.session.get_one(Case, sent.case_id)
    assert (case.holder_id, case.status) == (shelter, "open")
    # Without the founders' meeting and the signatures: ten pages of the coordinator and the new party together.
    assert coordinator.pages + manager.pages + 2 * 2 <= 10


@pytest.mark.slow
def test_a_party_leaves_and_another_has_a_new_telephone(app: Flask, browser: Browser, base: str) -> None:
    coordinator = Desk(desk(browser, base, texts.COORDINATOR), base)
    coordinator.home().follow("Begin from the text in force").send(version="2027", **day("starts_on", 1))
    for party, answers in (
        ("VATRA", {"leaves": "y", **day("until", 20)}),
        ("NRC", {"telephone": "+355 4 000 9999"}),
    ):
        coordinator.page.goto(f"{base}/agreement/2027/edit/party/{party}?lang=en")
        coordinator.send(**answers)
    coordinator.says("until")
    opened(coordinator, "2027")
    signed("2027")
    assert coordinator.pages == 5
    factories.later(days=2)
    officer = Desk(desk(browser, base, "ra.duty_officer"), base)
    officer.page.goto(f"{base}/directory?lang=en")
    officer.says("+355 4 000 9999")
    officer.page.goto(f"{base}/readiness/{people.organisation('NRC')}?lang=en")
    expect(officer.page.locator("li", has_text="+355 4 000 9999")).to_contain_text("never tried")
    db.session.rollback()
    assert "VATRA" not in excluded()
    factories.later(timedelta(days=20))
    assert excluded()["VATRA"] is Exclusion.NOT_IN_FORCE
    theirs = desk(browser, base, "vatra.case_worker")
    good(theirs, f"{base}/")  # they still sign in, and work with who is with them
    assert re.search(r"/cases|/people", theirs.content())
