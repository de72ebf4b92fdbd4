"""The page that explains the signs, beside an interview: light, accessible, narrow, opened in a window of its own."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Page

from tests.browser import checks, live
from tests.factories_interviews import LOGIN


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_the_page_of_the_signs_is_light_accessible_and_fits(app: Flask, page: Page, lang: str) -> None:
    with live.serving(app) as base:
        live.sign_in(page, base, LOGIN)
        checks.assert_good_page(page, f"{base}/signs?lang={lang}")
        page.set_viewport_size({"width": 320, "height": 640})
        checks.assert_fits(page)
