"""The pictures of the guides: what each role sees on the first pages that its guide names, taken anew in each run.

`make guides` keeps them for `/guide/ROLE/pictures` (ADR 0221); without it they are looked at and
thrown away. So no picture is older than the page.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import url_for
from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page
from pypdf import PdfReader

from nrm.domain.accounts.accounts import Role
from nrm.domain.words import Phrase
from nrm.web.accounts import guide_pictures
from nrm.web.accounts.guide_words.parts import HOME, Step
from nrm.web.accounts.guides import GUIDES
from nrm.web.language import translated
from tests.browser import live
from tests.browser.conftest import Town, new_context
from tests.invariants.test_routes import LOGINS

KEPT_AT = os.environ.get("NRM_GUIDES", "")
LANGUAGES = ("sq", "en")
MOST, WIDTH, HEIGHT, COLOURS, TELEPHONE = 3, 640, 400, 24, 320
# Marks what the step quotes, and gives where the first of it stands; null where nothing of it is on the page.
RING = """words => {
  const said = each => {
    const copy = each.cloneNode(true)
    copy.querySelectorAll('.vh, small').forEach(beside => beside.remove())
    return copy.textContent.replace(/\\s+/g, ' ').trim()
  }
  const found = [...document.querySelectorAll('a, button, summary, h1, h2, h3, caption, th')]
    .filter(each => words.includes(said(each)))
  for (const each of found) {
    each.parentElement.closest('details')?.setAttribute('open', '')
    each.style.cssText = 'outline: 3px solid #c00; outline-offset: 3px'
  }
  const shown = found.filter(each => each.checkVisibility())
  return shown.length ? shown[0].getBoundingClientRect().y + scrollY : null
}"""


def pictured(role: Role) -> Iterator[tuple[int, Step]]:
    """The first steps of a guide that begin on a page of their own, with their numbers."""
    pages: set[str] = set()
    for number, step in enumerate(GUIDES[role].steps, 1):
        if step.page not in pages and len(pages) < MOST:
            pages.add(step.page)
            yield number, step


def words(step: Step, language: str) -> list[str]:
    return [translated(each, language) for each in step.text.values.values() if isinstance(each, Phrase)]


def taken(page: Page, marked: list[str]) -> tuple[bytes, bool]:
    """A picture of the page around what is marked, else of its beginning; whether anything was marked."""
    ring = page.evaluate(RING, marked)
    top = page.locator("main").bounding_box()
    assert top is not None
    begins = max(0.0, min(top["y"], ring - 20) if ring is not None and ring < top["y"] + HEIGHT - 60 else top["y"])
    if ring is not None and ring >= begins + HEIGHT - 60:
        begins = ring - HEIGHT / 2
    there = page.evaluate("document.documentElement.scrollHeight")
    cut: FloatRect = {"x": 0, "y": begins, "width": WIDTH, "height": min(HEIGHT, there - begins)}
    shot = Image.open(io.BytesIO(page.screenshot(full_page=True, clip=cut)))
    out = io.BytesIO()
    shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(out, "png", optimize=True)
    return out.getvalue(), ring is not None


@pytest.mark.slow
@pytest.mark.parametrize("role", Role)
def test_a_guide_is_printed_on_two_sheets_with_pictures_of_its_pages(
    shared_town: Town, browser: Browser, role: Role, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(KEPT_AT or tmp_path)
    context = new_context(browser, device_scale_factor=1.5)
    page = context.new_page()
    page.set_viewport_size({"width": WIDTH, "height": 800})
    live.sign_in(page, shared_town.base, LOGINS[role])
    steps = dict(pictured(role))
    with shared_town.app.test_request_context():
        addresses = {number: url_for(step.page) for number, step in steps.items()}
    for language in LANGUAGES:
        (folder / language).mkdir(parents=True, exist_ok=True)
        for number, step in steps.items():
            page.goto(f"{shared_town.base}{addresses[number]}?lang={language}")
            picture, marked = taken(page, words(step, language))
            assert marked or step.page != HOME or step.on or not words(step, language), (language, number)
            (folder / guide_pictures.name_of(language, role, number)).write_bytes(picture)
    guide_pictures.files.cache_clear()
    monkeypatch.setattr(guide_pictures, "FOLDER", folder)
    for language in LANGUAGES:
        page.goto(f"{shared_town.base}/guide?lang={language}")
        page.locator(f'a[href="/guide/{role}/pictures"]').click()
        page.wait_for_load_state()
        assert page.evaluate("[...document.querySelectorAll('main img')].map(each => each.naturalWidth)") == [
            round(WIDTH * 1.5)
        ] * len(steps)
        page.set_viewport_size({"width": TELEPHONE, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE
        widths = page.evaluate("[...document.querySelectorAll('main li > p, main img')].map(each => each.offsetWidth)")
        assert min(widths) > TELEPHONE / 2, "words beside a picture are too narrow to read"
        page.set_viewport_size({"width": WIDTH, "height": 800})
        sheets = PdfReader(io.BytesIO(page.pdf(format="A4"))).pages
        assert len(sheets) == 2, (language, len(sheets))
    context.close()
    guide_pictures.files.cache_clear()
