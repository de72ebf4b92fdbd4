"""A real browser. Fixtures take addresses; what serves them is the test's affair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from nrm import clock, db
from nrm.domain.quarters import Quarter
from nrm.render import pdf
from tests import accommodated, factories
from tests import world as one_of_everything
from tests.browser import live
from tests.conftest import once, papers
from tests.world import World

# The checks say what is wrong only if their assertions are rewritten too.
pytest.register_assert_rewrite("tests.browser.checks")

# The same engine without windows: a page costs a third of the processor time (setup-system installs it).
SHELL, WITH_WINDOWS = Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")
CHROMIUM = SHELL if SHELL.exists() else WITH_WINDOWS
OFF_BY_PLAYWRIGHT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The last list of features that are off counts: Playwright's own, and the two pages that Chromium lays out for the
    # address bar of each window. Nobody sees it here, and they are two thirds of what a new context costs. That each
    # document of a site begins in a new frame is a quarter of what a page costs.
    "--disable-features="
    + ",".join((*OFF_BY_PLAYWRIGHT, "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "RenderDocument")),
]
# Half a megabyte that the browser keeps: it is not sent to each page, and runs in those that are judged.
AXE = f"window.withAxe = function () {{ {AXE_SCRIPT} }}"


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, until the last test of this folder has ended."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser that knows nothing yet, of somebody in Albania."""
    context = browser.new_context(viewport={"width": 1100, "height": 800}, locale="sq-AL", **options)
    context.set_default_timeout(10_000)
    if options.get("java_script_enabled", True):
        context.add_init_script(AXE)
    return context


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that knows nothing yet."""
    context = new_context(browser)
    yield context.new_page()
    context.close()


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that has JavaScript turned off."""
    context = new_context(browser, java_script_enabled=False)
    yield context.new_page()
    context.close()


@dataclass(frozen=True, slots=True)
class Town:
    """A running instance with one of everything in it, and a closed quarter."""

    base: str
    app: Flask
    world: World
    quarter: str


QUARTER = Quarter(2026, 2)


@pytest.fixture(scope="session")
def town_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    """What every town is a copy of."""

    def make(folder: Path) -> World:
        with papers(pdf.to_pdf), factories.copy_instance(template, folder).app_context():
            built = one_of_everything.build()
            accommodated.at(date(2026, 7, 20))
            accommodated.many(100, seed=7)
            accommodated.release(QUARTER, by=factories.actor("molsa.statistician"))
            clock.set_clock(None)
            db.disconnect()
        return built

    return once(tmp_path_factory, "town", make)


@pytest.fixture
def town(town_template: tuple[Path, World], tmp_path: Path) -> Iterator[Town]:
    """A town of this test alone."""
    yield from _running(town_template, tmp_path / "town")


@pytest.fixture(scope="module")
def shared_town(town_template: tuple[Path, World], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town for tests that only look."""
    yield from _running(town_template, tmp_path_factory.mktemp("shared") / "town")


def _running(made: tuple[Path, World], folder: Path) -> Iterator[Town]:
    app = factories.copy_instance(made[0], folder)
    with live.serving(app) as base:
        yield Town(base, app, made[1], str(QUARTER))
    with app.app_context():
        db.disconnect()
    clock.set_clock(None)
