"""A real browser. Fixtures take addresses; what serves them is the test's affair."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

# The checks say what is wrong only if their assertions are rewritten too.
pytest.register_assert_rewrite("tests.browser.checks")

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that knows nothing yet."""
    context = browser.new_context(viewport={"width": 1100, "height": 800}, locale="sq-AL")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    """The same without JavaScript."""
    context = browser.new_context(viewport={"width": 1100, "height": 800}, locale="sq-AL", java_script_enabled=False)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()
