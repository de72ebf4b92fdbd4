"""The pages of a move between two shelters, as each of them sees it at every stage."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, Page, expect

from nrm.actions.referrals import referrals as referral_actions
from nrm.actions.referrals import transfers
from tests import factories
from tests import factories_referrals as people
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.integration.shelter.test_transfers import NRC, VATRA, Move

PICTURES = os.environ.get("NRM_PICTURES", "")


def seen(page: Page, name: str) -> None:
    """Keep what a person sees, where the environment asks for it."""
    if PICTURES:
        for width in (1200, 320):
            page.set_viewport_size({"width": width, "height": 800})
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)


def test_every_page_of_a_move_is_light_accessible_and_fits_a_telephone(app: Flask, browser: Browser) -> None:
    late = Move().accept(5)
    late.later(days=8)
    both = Move().accept(6)
    at_once = Move(people.NOT_SAFE).accept(7)
    transfers.say_meeting(referral_id=at_once.referral_id, text="Te shkolla në orën 10", by=factories.actor(NRC))
    asked, free = Move(), Move()
    referral_actions.withdraw(referral_id=free.referral_id, by=free.vatra)
    referrals = {"late": late, "both": both, "at_once": at_once, "asked": asked}
    of_referrals = [f"referrals/{each.referral_id}" for each in referrals.values()]
    of_cases = [f"cases/{each.case_id}" for each in (late, both)]
    off = [f"referrals/{each.referral_id}/call-off" for each in (both, at_once)]
    pages = {
        VATRA: ["", *of_referrals, *of_cases, *off, f"cases/{free.case_id}/refer"],
        NRC: ["", *of_referrals, *of_cases, *off, f"referrals/{at_once.referral_id}/meeting"],
    }
    with live.serving(app) as base:
        for login, paths in pages.items():
            context = new_context(browser)
            page = context.new_page()
            live.sign_in(page, base, login)
            if login == NRC:  # the hand-over, opened
                page.goto(f"{base}/referrals/{asked.referral_id}")
                page.locator("form[action$='/open'] button").click()
                expect(page.locator("main")).to_contain_text(people.SECRET_NEED)
            for lang in ("sq", "en"):
                for number, path in enumerate(paths):
                    heavy = checks.HEAVY_PAGE if path.startswith("cases/") else checks.ORDINARY_PAGE
                    checks.assert_good_page(page, f"{base}/{path}?lang={lang}", most=heavy)
                    seen(page, f"{lang}-{login.partition('.')[0]}-{number:02}")
            context.close()
