"""The cards for people whose language nobody at the post speaks, in a browser that has none of their fonts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from nrm.db import disconnect
from tests.browser import checks, live
from tests.browser.conftest import Town
from tests.conftest import Person
from tests.factories_interviews import begin, example, walk

OFFICER = "rinas.border_officer"
NEW = ("ar", "bn", "fa", "fr", "hi", "uk", "ur")
# The letters of what is shown in each language, drawn alone in the font of the passage, that look like a letter which
# no font has: the box.
BOXES = """() => {
  const brush = Object.assign(document.createElement('canvas'), { width: 80, height: 80 }).getContext('2d')
  const drawn = (letter, font) => {
    brush.clearRect(0, 0, 80, 80)
    brush.font = `40px ${font}`
    brush.fillText(letter, 20, 50)
    return brush.getImageData(0, 0, 80, 80).data.join()
  }
  const boxes = {}
  for (const passage of document.querySelectorAll('main [lang]')) {
    const font = getComputedStyle(passage).fontFamily
    const box = drawn('\\u{10fffd}', font)
    const letters = [...new Set(passage.innerText)].filter(each => /[^\\s\\p{Cf}]/u.test(each))
    const missing = letters.filter(each => drawn(each, font) === box)
    if (missing.length || !letters.length) boxes[passage.lang] = missing
  }
  return boxes
}"""


def requests(seen: checks.Visit) -> list[str]:
    return [re.sub(r"\..*\.", ".", url.rsplit("/", 1)[1]) for url in (*seen.addresses, *seen.fonts)]


def test_every_greeting_has_letters_and_no_boxes(page: Page, town: Town) -> None:
    live.sign_in(page, town.base, OFFICER)
    with checks.watching(page) as seen:
        page.goto(f"{town.base}/greetings")
        page.evaluate("document.fonts.ready")
    fonts = [name for name in requests(seen) if name.endswith(".woff2")]
    assert sorted(fonts) == ["arabic.woff2", "bengali.woff2", "chinese.woff2", "devanagari.woff2"]
    checks.assert_light(seen)
    shown = page.locator("main li [lang]").evaluate_all("all => all.map(each => each.lang)")
    assert set(shown) >= set(NEW)
    assert page.evaluate(BOXES) == {}
    checks.assert_accessible(page)


def test_a_box_is_found_where_a_font_is_missing(page: Page, town: Town) -> None:
    live.sign_in(page, town.base, OFFICER)
    page.route("**/*.woff2", lambda route: route.abort())
    page.goto(f"{town.base}/greetings")
    assert {"bn", "hi"} <= set(page.evaluate(BOXES))


@pytest.mark.parametrize("language", NEW)
def test_the_card_of_a_language_says_it_in_letters_and_in_its_direction(page: Page, town: Town, language: str) -> None:
    live.sign_in(page, town.base, OFFICER)
    page.goto(f"{town.base}/greetings")
    page.locator(f"main li [lang={language}]").get_by_role("link").click()
    handouts = town.app.extensions["nrm.country"].handouts
    page.evaluate("document.fonts.ready")
    expect(page.locator("h1")).to_have_text(handouts.greetings[language].parts["calling"])
    assert page.evaluate(BOXES) == {}
    way = "rtl" if language in ("ar", "fa", "ur") else "ltr"
    assert page.locator("h1").evaluate("each => getComputedStyle(each).direction") == way
    helpline = page.locator("bdi")
    expect(helpline).to_have_text("116 006")
    assert helpline.evaluate("each => getComputedStyle(each).direction") == "ltr"
    checks.assert_accessible(page)
    checks.assert_fits(page)


def test_an_ordinary_page_asks_for_no_font(page: Page, town: Town) -> None:
    live.sign_in(page, town.base, OFFICER)
    with checks.watching(page) as seen:
        page.goto(f"{town.base}/leaflets")
        page.evaluate("document.fonts.ready")
    checks.assert_light(seen)
    assert page.evaluate(BOXES) == {}


def test_both_languages_stand_beside_each_other_and_below_each_other_where_it_is_narrow(page: Page, town: Town) -> None:
    with town.app.app_context():
        person = Person(town.app.test_client(), OFFICER)
        asked = town.app.extensions["nrm.country"].questionnaires["returnee-1"]
        asks = next(each.id for each in asked.pages.values() if "official" in each.questions)
        address = begin(person)
        loaded = walk(person, example(language="ru", interpreter="present"), address, until=asks)
        disconnect()
    assert loaded[-1] == asks
    page.context.add_cookies(
        [{"name": each.key, "value": each.value, "url": town.base} for each in person.client._cookies.values()]
    )
    page.goto(f"{town.base}{address.rsplit('/', 1)[0]}/{asks}")
    for width in (1200, 320):
        page.set_viewport_size({"width": width, "height": 800})
        label = page.locator("label", has=page.locator("[name=official][value=yes]"))
        theirs, row = label.locator("i").bounding_box(), label.bounding_box()
        assert theirs
        assert row
        assert (theirs["x"] > row["x"] + row["width"] * 0.45) == (width == 1200)
        question = page.locator("fieldset", has=page.locator("[name=official]"))
        ours, said = question.locator("legend").bounding_box(), question.locator(".say").first.bounding_box()
        assert ours
        assert said
        assert (said["y"] < ours["y"] + ours["height"]) == (width == 1200)
    checks.assert_fits(page)
    checks.assert_accessible(page)
