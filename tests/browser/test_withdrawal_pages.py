"""A withdrawal nobody answers, one given back, one that the person takes back herself; a suspended worker."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from nrm.actions import tending
from nrm.actions.accounts import suspensions
from nrm.domain.accounts.suspensions import SuspensionReason
from tests import factories
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.integration.accounts.test_second_hands import MANAGER, WORKER, code, kept, opened, waits
from tests.integration.accounts.test_suspensions import id_of

PICTURES = os.environ.get("NRM_PICTURES", "")
DESK, HELPLINE = "ra.duty_officer", "helpline.helpline_operator"


def seen(page: Page, name: str) -> None:
    """Keep what a person sees, where the environment asks for it."""
    if PICTURES:
        for width in (1200, 320):
            page.set_viewport_size({"width": width, "height": 800})
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)


def signed_in(browser: Browser, base: str, login: str) -> Page:
    page = new_context(browser).new_page()
    live.sign_in(page, base, login)
    return page


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_a_withdrawal_that_nobody_answers_climbs_to_the_desk_and_is_done_after_it_was_seen(
    app: Flask, browser: Browser, lang: str
) -> None:
    [case_id] = opened(1)
    with live.serving(app) as base:
        worker = signed_in(browser, base, WORKER)
        worker.goto(f"{base}/cases/{case_id}/consents/withdraw?lang={lang}")
        seen(worker, f"{lang}-withdraw")
        worker.locator("input[value='everything:']").check()
        worker.locator("#told").check()
        worker.locator("main form .btn.danger").click()
        expect(worker.locator("main input[name='sure']")).to_have_count(1)  # once more, on a page of its own
        seen(worker, f"{lang}-once-more")
        worker.locator("main form .btn.danger").click()
        expect(worker.locator("main .note")).to_contain_text("72")
        act = worker.url.partition("?")[0]
        checks.assert_good_page(worker, act, most=checks.ORDINARY_PAGE)
        seen(worker, f"{lang}-asked")
        checks.assert_good_page(worker, f"{base}/cases/{case_id}", most=checks.ORDINARY_PAGE)
        seen(worker, f"{lang}-case")
        worker.context.close()
        factories.later(hours=25)
        desk = signed_in(browser, base, DESK)
        desk.goto(f"{base}/?lang={lang}")
        seen(desk, f"{lang}-desk-home")
        desk.locator(f".note a[href='{act.removeprefix(base)}']").click()
        checks.assert_good_page(desk, act, most=checks.ORDINARY_PAGE)
        seen(desk, f"{lang}-desk-act")
        desk.locator("main form[action$='/see'] button").click()
        expect(desk.locator("main form[action$='/see']")).to_have_count(0)
        desk.context.close()
    factories.later(hours=72)
    tending.tend()
    assert not kept(case_id)


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_a_colleague_gives_it_back_and_the_person_takes_another_back_by_the_help_line(
    app: Flask, browser: Browser, lang: str
) -> None:
    first, second = opened(2)
    for case_id in (first, second):
        waits(factories.actor(WORKER), case_id)
    with live.serving(app) as base:
        manager = signed_in(browser, base, MANAGER)
        checks.assert_good_page(manager, f"{base}/?lang={lang}", most=checks.ORDINARY_PAGE)
        seen(manager, f"{lang}-manager-home")
        manager.locator(".note a[href^='/second-hands/']").first.click()
        seen(manager, f"{lang}-manager-act")
        manager.locator("main form[action$='/undo'] button").click()  # without saying why
        expect(manager.locator(".errors")).to_be_visible()
        seen(manager, f"{lang}-undo-missing")
        manager.locator("main form[action$='/undo'] input[value='mistake']").check()
        manager.locator("main form[action$='/undo'] button").click()
        expect(manager.locator("main form")).to_have_count(0)
        seen(manager, f"{lang}-given-back")
        manager.goto(f"{base}/cases/{first}")
        expect(manager.locator("main")).not_to_contain_text(re.compile(r"\b72\b"))  # a case code may have these digits
        helpline = signed_in(browser, base, HELPLINE)
        helpline.goto(f"{base}/requests/new?lang={lang}")
        helpline.locator("#code").fill(code(second))
        helpline.locator("input[value='keep']").check()
        seen(helpline, f"{lang}-helpline")
        helpline.locator("main form .btn").click()
        checks.assert_good_page(helpline, f"{base}/requests", most=checks.ORDINARY_PAGE)
        seen(helpline, f"{lang}-helpline-list")
        manager.goto(f"{base}/")
        seen(manager, f"{lang}-manager-told")
        expect(manager.locator("main .note").first).to_be_visible()
        for page in (manager, helpline):
            page.context.close()
    assert kept(first)
    assert kept(second)


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_a_suspended_worker_reads_why_and_a_colleague_ends_it(app: Flask, browser: Browser, lang: str) -> None:
    with live.serving(app) as base:
        manager = signed_in(browser, base, MANAGER)
        checks.assert_good_page(manager, f"{base}/members?lang={lang}", most=checks.ORDINARY_PAGE)
        seen(manager, f"{lang}-members")
        manager.locator(f"a[href='/members/{id_of(WORKER)}/suspend']").click()
        seen(manager, f"{lang}-suspend")
        manager.locator("input[value='not_themselves']").check()
        manager.locator("main form .btn.danger").click()
        checks.assert_good_page(manager, manager.url, most=checks.ORDINARY_PAGE)
        seen(manager, f"{lang}-suspension")
        worker = signed_in(browser, base, WORKER)
        checks.assert_good_page(worker, f"{base}/?lang={lang}", most=checks.ORDINARY_PAGE)
        seen(worker, f"{lang}-suspended")
        desk = signed_in(browser, base, DESK)
        desk.goto(f"{base}/?lang={lang}")
        seen(desk, f"{lang}-desk-suspension")
        desk.locator(".note a[href^='/suspensions/']").click()
        desk.locator("main form[action$='/end'] button").click()
        worker.goto(f"{base}/cases?lang={lang}")
        expect(worker.locator("nav[aria-label]").nth(1)).to_be_visible()
        for page in (manager, worker, desk):
            page.context.close()
    with pytest.raises(Exception, match="again"):
        suspensions.suspend(member_id=id_of(WORKER), reason=SuspensionReason.MISUSE, by=factories.actor(MANAGER))
