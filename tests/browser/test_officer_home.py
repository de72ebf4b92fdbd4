"""The officer's telephone: no list of the home page runs off the screen; the button stands in line with its fields."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests import factories
from tests import factories_referrals as people
from tests.browser import live
from tests.browser.conftest import new_context
from tests.conftest import Person
from tests.factories_interviews import LOGIN, begin, example, walk
from tests.world import World

RUN_OFF = (
    "() => [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.ariaLabel)"
)
# How far below the fields the button ends.
OFF_LINE = """() => { const ends = [...document.querySelectorAll('.find :is(select, button)')].map(
    e => Math.round(e.getBoundingClientRect().bottom)); return Math.max(...ends) - Math.min(...ends) }"""


@pytest.mark.parametrize("width", [320, 1200])
def test_the_lists_of_the_home_page_fit(world_app: tuple[Flask, World], browser: Browser, width: int) -> None:
    app, _ = world_app
    person = Person(app.test_client(), LOGIN)
    walk(person, example(), begin(person), until="happened")
    people.sent(factories.actor(LOGIN))
    with live.serving(app) as base:
        context = new_context(browser)
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 800})
        live.sign_in(page, base, LOGIN)
        for language in ("sq", "en"):
            page.goto(f"{base}/?lang={language}")
            assert page.locator("#drafts").count() == page.locator("#sent").count() == 1
            assert page.evaluate(RUN_OFF) == [], language
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if width > 1000:
                assert page.evaluate(OFF_LINE) == 0, language
        context.close()
