"""A week of a shelter: who comes at three in the morning, who is away, who is missing, who must not meet whom."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from nrm import clock
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import ages, cases, key_workers
from nrm.db import db
from nrm.domain.referrals.referrals import Escort, OverrideReason
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.key_workers import Place
from nrm.models.shelter.cases import Case
from nrm.store import days
from nrm.web import formats
from tests import factories
from tests import factories_referrals as people
from tests.browser import live
from tests.browser.checks import HEAVY_PAGE, ORDINARY_PAGE, assert_accessible
from tests.browser.conftest import new_context
from tests.factories_stays import ALBANIAN, CHILD, admitted

NIGHT, MANAGER = "nrc.case_worker", "nrc.shelter_manager"
PICTURES = os.environ.get("NRM_PICTURES", "")
WHY_AWAY = {"sq": "në spital, në pavijonin e lindjes", "en": "in hospital, on the maternity ward"}


class Walk:
    """A page that counts steps: a link followed or a form sent, from home on."""

    def __init__(self, page: Page, base: str, lang: str) -> None:
        self.page, self.base, self.lang, self.steps, self.pictures = page, base, lang, 0, 0
        page.goto(f"{base}/?lang={lang}")

    def home(self) -> Walk:
        self.page.goto(f"{self.base}/")
        self._judged()
        self.steps = 0
        return self

    def follow(self, address: str) -> Walk:
        # A part that folds is opened by a press, which loads nothing.
        self.page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
        link = self.page.locator(f'main a[href*="{address}"]').first
        with self.page.expect_navigation():
            link.click()
        return self._stepped()

    def send(self, *, press: str = "", **answers: str) -> Walk:
        live.fill_in(self.page, {name: [each] for name, each in answers.items()})
        bed = self.page.locator("main select[name=bed]")
        if bed.count() and not bed.input_value():
            bed.select_option(index=1)
        button = self.page.locator(press).first if press else live.main_button(self.page)
        with self.page.expect_navigation():
            button.click()
        return self._stepped()

    def _stepped(self) -> Walk:
        self.steps += 1
        assert not self.page.title().startswith(("Error", "Gabim")), self.page.locator("main").inner_text()
        expect(self.page.locator("main h1").first).to_be_visible()
        self._judged()
        if PICTURES:
            self.pictures += 1
            for width in (1200, 320):
                self.page.set_viewport_size({"width": width, "height": 800})
                name = f"{self.lang}-{self.pictures:02}-{width}.png"
                self.page.screenshot(path=Path(PICTURES) / name, full_page=True)
            self.page.set_viewport_size({"width": 1100, "height": 800})
        return self

    def _judged(self) -> None:
        """Nothing that axe finds, and the weight of the page with its sheet and its script."""
        assert_accessible(self.page)
        weight = self.page.evaluate("""() => performance.getEntriesByType('navigation')[0].transferSize
            + performance.getEntriesByType('resource').reduce((sum, each) => sum + each.encodedBodySize, 0)""")
        case = re.search(r"/cases/[0-9a-f-]{36}$", self.page.url.partition("?")[0])
        assert weight <= (HEAVY_PAGE if case else ORDINARY_PAGE), (self.page.url, weight)

    def shows(self, text: str, *, seen: bool = True) -> None:
        whole = expect(self.page.locator("main"))
        (whole.to_contain_text if seen else whole.not_to_contain_text)(text)


@pytest.fixture
def desks(app: Flask, browser: Browser) -> Iterator[Callable[[str, str], Walk]]:
    contexts: list[BrowserContext] = []
    with live.serving(app) as base:

        def sit_down(login: str, lang: str) -> Walk:
            contexts.append(new_context(browser))
            page = contexts[-1].new_page()
            live.sign_in(page, base, login)
            return Walk(page, base, lang)

        yield sit_down
        for context in contexts:
            context.close()
    clock.set_clock(None)


def code_of(case_id: uuid.UUID) -> str:
    db.session.rollback()
    return db.session.get_one(Case, case_id).pseudonym


def answers_for(case_id: uuid.UUID) -> None:
    """Make who works at night the key worker."""
    worker = factories.actor(NIGHT).member_id
    assert worker is not None
    key_workers.appoint(case_id=case_id, place=Place.KEY, member_id=worker, by=factories.actor(MANAGER))


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_a_week_of_a_shelter(desks: Callable[[str, str], Walk], lang: str) -> None:
    three = (datetime.now(UTC) + timedelta(days=1)).replace(hour=2, minute=10)
    clock.set_clock(lambda: three)
    nrc = factories.actor(MANAGER)
    girl, woman, gone = (
        admitted(nrc, CHILD, days_ago=2, identity={"birth": f"{days.today().year - 18}-{days.today():%m}"}),
        admitted(nrc, ALBANIAN, days_ago=2),
        admitted(nrc, ALBANIAN, days_ago=9),
    )
    sent = people.sent(factories.actor("rinas.border_officer"))
    for each in (girl, woman, gone):
        answers_for(each.case_id)

    # Three in the morning: somebody is sent, accepted, arrives and has a place.
    night = desks(NIGHT, lang)
    night.home().follow(f"/referrals/{sent.referral_id}")
    night.send(press='form[action$="/accept"] button')
    assert night.steps == 2
    referrals.depart(
        referral_id=sent.referral_id,
        escort=Escort.WOMAN_OFFICER,
        expected_at=clock.now(),  # at the door: nobody asks whether that is too soon
        by=factories.actor("rinas.border_officer"),
    )
    night.home().follow(f"/referrals/{sent.referral_id}/arrival").send(
        admitted="today", planned="30", hour=formats.moment(clock.now(), "en")[-5:]
    )
    assert night.steps == 2
    night.shows(code_of(sent.case_id))

    # She moves to another room; one woman spends a night in hospital.
    night.home().follow(f"/cases/{woman.case_id}").follow("/change")
    night.page.locator("main select[name=bed]").select_option(index=5)
    night.send(plan_why="other")
    assert night.steps == 3
    night.home().follow(f"/cases/{woman.case_id}").follow("/away")
    night.send(since="today", expected="1", reason=WHY_AWAY[lang])
    assert night.steps == 3
    night.home().shows(code_of(woman.case_id))

    # A girl has not come back: child protection and the duty desk see it at once, nobody else does.
    night.home().follow(f"/cases/{girl.case_id}").follow("/missing").send(since="1", feared="yes", official="no")
    told = {login: desks(login, lang) for login in ("ra.duty_officer", "child_protection.child_protection_officer")}
    for login in ("iom.case_worker", "rinas.border_officer"):
        desks(login, lang).shows(code_of(girl.case_id), seen=False)
    for desk in told.values():
        desk.shows(code_of(girl.case_id))
        desk.shows(WHY_AWAY[lang], seen=False)
    told["child_protection.child_protection_officer"].shows(code_of(woman.case_id), seen=False)

    # A stay that was ended by mistake, in five steps and one of them says what follows, and goes on.
    night.home().follow(f"/cases/{gone.case_id}").follow("/end")
    night.send(ended="today", reason="independent_living").send(country="home").send(press="main .btn.danger")
    assert night.steps == 5
    night.follow("/correct/end").follow("/correct/reopen").send(why="came_back")
    night.home().follow(f"/cases/{gone.case_id}").shows(code_of(gone.case_id))

    # Because of another resident she moves at once: the reason is read by the asked shelter alone.
    asked = next_receiver.refer(
        case_id=gone.case_id,
        receiver_id=people.organisation("IOM"),
        reason=OverrideReason.PERSON_WISHES,
        by_name=ByName.YES,
        hand_over=people.NOT_SAFE,
        by=nrc,
    )
    iom = desks("iom.case_worker", lang)
    iom.home().follow(f"/referrals/{asked}").send(press="form[action$='/open'] button")
    iom.shows(people.SECRET_NEED)
    iom.send(press='form[action$="/accept"] button')
    told["ra.duty_officer"].home().shows(people.SECRET_NEED, seen=False)
    desks("vatra.case_worker", lang).shows(code_of(gone.case_id), seen=False)

    # In the month of 18 the shelter of the girl is asked for the day, and no other shelter is.
    cases.open_compartment(case_id=girl.case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=nrc)
    ages.set_month(case_id=girl.case_id, month=days.today().replace(day=1), by=nrc)
    ages.agree(case_id=girl.case_id, by=factories.actor("ra.duty_officer"))
    night.home().follow(f"/cases/{girl.case_id}/age").shows(code_of(girl.case_id))
    assert night.steps == 1
    iom.home().shows(code_of(girl.case_id), seen=False)
