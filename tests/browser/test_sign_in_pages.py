"""What a member is told of failures, letting a colleague in, the own sessions, and a password that is too short."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from nrm import clock
from nrm.db import transaction
from nrm.models.accounts.accounts import Member
from nrm.vault import members as vault
from tests import factories
from tests.browser import checks, live
from tests.browser.conftest import new_context

LOGIN, COLLEAGUE = "vatra.case_worker", "vatra.shelter_manager"
SHORT = "kQ8fT2mX81zz"


def typed(page: Page, base: str, login: str, password: str) -> None:
    page.goto(f"{base}/sign-in")
    page.fill("#login", login)
    page.fill("#password", password)
    live.main_button(page).click()


def good(page: Page, address: str) -> None:
    for lang in ("sq", "en"):
        checks.assert_good_page(page, f"{address}?lang={lang}", most=checks.ORDINARY_PAGE)


def test_failures_are_told_and_another_browser_is_signed_out(app: Flask, browser: Browser) -> None:
    with live.serving(app) as base:
        other, page = new_context(browser).new_page(), new_context(browser).new_page()
        typed(other, base, LOGIN, "not the right one at all")
        live.sign_in(other, base, LOGIN)
        for _ in range(2):
            typed(page, base, LOGIN, "not the right one at all")
        live.sign_in(page, base, LOGIN)
        good(page, f"{base}/")
        expect(page.get_by_text("2 tries to sign in as you failed")).to_be_visible()
        page.goto(f"{base}/members")
        page.get_by_role("link", name="Where I am signed in").click()
        good(page, page.url)
        expect(page.get_by_text("This browser")).to_have_count(1)
        page.get_by_role("button", name="Sign out all other browsers").click()
        expect(page.get_by_role("button", name="Sign out all other browsers")).to_have_count(0)
        other.goto(f"{base}/members")
        expect(other).to_have_url(f"{base}/sign-in")


def test_a_colleague_lets_somebody_in_again_and_who_waits_reads_why(app: Flask, browser: Browser) -> None:
    with transaction() as session:
        session.execute(update(Member).where(Member.login == LOGIN).values(waits_at=clock.now()))
    with live.serving(app) as base:
        waiting, page = new_context(browser).new_page(), new_context(browser).new_page()
        typed(waiting, base, LOGIN, factories.PASSWORD)
        expect(waiting.locator(".errors")).to_contain_text("e di edhe dikush tjetër")
        checks.assert_accessible(waiting)
        checks.assert_fits(waiting)
        live.sign_in(page, base, COLLEAGUE)
        good(page, f"{base}/")
        page.get_by_role("link", name="Let in again").click()
        good(page, page.url)
        live.main_button(page).click()
        expect(page).to_have_url(f"{base}/members")
        live.sign_in(waiting, base, LOGIN)


def test_whose_password_is_too_short_sets_another_one(app: Flask, browser: Browser) -> None:
    by = factories.actor(LOGIN)
    assert by.keys is not None
    with transaction() as session:
        vault.change_password(
            session.scalars(select(Member).where(Member.login == LOGIN)).one(), by.keys, SHORT, factor=False
        )
    with live.serving(app) as base:
        page = new_context(browser).new_page()
        typed(page, base, LOGIN, SHORT)
        expect(page).to_have_url(f"{base}/password")
        good(page, f"{base}/password")
        for name, value in {"old": SHORT, "password": "too short", "again": "too short"}.items():
            page.fill(f"#{name}", value)
        live.main_button(page).click()
        expect(page.locator("#password-error")).to_contain_text("at least 15 characters")
        for name, value in {"old": SHORT, "password": factories.PASSWORD, "again": factories.PASSWORD}.items():
            page.fill(f"#{name}", value)
        live.main_button(page).click()
        page.goto(f"{base}/")
        expect(page).to_have_url(f"{base}/")
