"""Questions hold on wide and narrow screens: nothing beside the page, one reading order, a date in one row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page

from forms.interviews.interviews import form_data
from nrm import db
from nrm.actions.interviews import paper_forms
from nrm.domain.interviews.questionnaire_flow import pages, prune
from tests import factories
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.factories_interviews import LOGIN, example, naming_nothing, questionnaire
from tests.unit.forms.test_passports import PASSPORT

WIDTHS = (1200, 320)
BESIDE = """() => [...document.querySelectorAll('main :is(h1,h2,legend,label,p,input,select,textarea,button)')]
    .filter(e => e.checkVisibility() && !e.closest('.vh') && e.getBoundingClientRect().width > 1)
    .filter(e => e.getBoundingClientRect().right > innerWidth || e.getBoundingClientRect().left < 0)
    .map(e => e.tagName + ' ' + e.textContent.slice(0, 30))"""
# Of each list of options: is every option below the one before it, or at the top of a column further right?
DISORDERED = """() => [...document.querySelectorAll('fieldset.o')].filter(list => {
    const labels = [...list.querySelectorAll(':scope > label, :scope > .reveal > label')];
    const boxes = labels.map(e => e.getBoundingClientRect());
    return boxes.some((box, place) => place && !(
        box.top >= boxes[place - 1].bottom - 1 || box.left >= boxes[place - 1].right - 1));
}).map(list => list.querySelector('legend').textContent)"""
# Of each list in two columns: what is read out spans both, unless it stands beside the officer's question.
NARROW = """() => [...document.querySelectorAll('fieldset.o:not(.s) > .say')]
    .filter(say => say.getBoundingClientRect().width < .9 * say.parentElement.getBoundingClientRect().width)
    .map(say => say.textContent)"""
ROWS = """() => [...document.querySelectorAll('.parts')].map(
    parts => new Set([...parts.querySelectorAll('input')].map(e => Math.round(e.getBoundingClientRect().top))).size)"""


@pytest.fixture
def officer(browser: Browser, template: Path, tmp_path: Path) -> Iterator[tuple[Page, str, str]]:
    """(a page on which an officer is signed in, the address, the number of a printed paper)."""
    app = factories.copy_instance(template, tmp_path / "instance")
    with app.app_context():
        (number,) = paper_forms.drawn(1)
        by = factories.actor(LOGIN)
        paper_forms.issue(numbers=[number], questionnaire=questionnaire(), staff="sq", spoken="el", by=by)
    with live.serving(app) as base, app.app_context():
        context = new_context(browser)
        page = context.new_page()
        live.sign_in(page, base, LOGIN)
        yield page, base, number
        context.close()
        db.disconnect()


def holds(page: Page) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        where = (page.url, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, where
        assert page.evaluate(BESIDE) == [], where
        assert page.evaluate(DISORDERED) == [], where
        assert page.evaluate(NARROW) == [], where
        assert set(page.evaluate(ROWS)) <= {1}, where


def test_the_pages_of_an_interview_in_another_language_hold(officer: tuple[Page, str, str]) -> None:
    page, _, _ = officer
    answers = prune(questionnaire(), example(language="el", **naming_nothing(), hurt="no", given="Ελένη"))
    live.main_button(page).click()
    page.wait_for_url("**/interviews/*/*")
    asked = questionnaire()
    for each in pages(asked, answers)[:-1]:
        holds(page)
        live.fill_in(page, form_data(asked, each, answers, "sq"))
        if "given" in each.questions:
            letters_and_lines(page)
        live.go_on(page)


def test_the_first_page_is_two_and_a_half_screens_and_its_lists_keep_their_order(
    officer: tuple[Page, str, str],
) -> None:
    page, _, _ = officer
    live.main_button(page).click()
    page.wait_for_url("**/interviews/*/*")
    page.set_viewport_size({"width": 1200, "height": 900})
    assert page.evaluate("document.documentElement.scrollHeight") < 2_400
    for name in ("hurt", "danger"):
        page.check(f"[name={name}][value=yes]")
    holds(page)
    checks.assert_accessible(page)


def letters_and_lines(page: Page) -> None:
    """Each letter is a button that writes into the field that was used last; lines that are wrong say so."""
    for summary in page.locator("main details > summary").all():
        summary.click()
    holds(page)
    page.locator("[name=given]").focus()
    page.locator("[data-letters] button", has_text="Λ").first.click()
    page.locator("[name=family]").fill("")
    page.locator("[name=family]").focus()
    page.locator("[data-letters] button", has_text="Ж").first.click()
    assert page.input_value("[name=given]").endswith("Λ")
    assert page.input_value("[name=family]") == "Ж"
    page.fill("#zone", PASSPORT.replace("7408122", "7408132"))
    page.locator("[name=read_zone]").click()
    page.wait_for_load_state()
    holds(page)
    checks.assert_accessible(page)
    assert page.evaluate("document.activeElement.matches('[data-errors]')")
    page.fill("#zone", PASSPORT)
    page.locator("[name=read_zone]").click()
    page.wait_for_load_state()
    holds(page)
    checks.assert_accessible(page)


def test_a_page_that_warns_says_so_first_and_holds(officer: tuple[Page, str, str]) -> None:
    page, _, _ = officer
    asked = questionnaire()
    answers = prune(asked, example(age="unsure", alone="no"))
    live.main_button(page).click()
    page.wait_for_url("**/interviews/*/*")
    first = next(each for each in pages(asked, answers) if "alone" in each.questions)
    live.fill_in(page, form_data(asked, first, answers, "sq"))
    holds(page)
    live.main_button(page).click()
    page.wait_for_load_state()
    assert page.evaluate("document.activeElement.matches('.warns')")
    holds(page)
    checks.assert_accessible(page)


def test_typing_in_a_paper_holds_with_its_warnings(officer: tuple[Page, str, str]) -> None:
    page, base, number = officer
    now = datetime.now(ZoneInfo("Europe/Tirane"))
    page.goto(f"{base}/papers/type-in")
    page.fill("[name=number]", number)
    for part in ("day", "month", "year"):
        page.fill(f"[name=day-{part}]", str(getattr(now, part)))
    page.fill("[name=hour]", f"{now:%H:%M}")
    holds(page)
    live.main_button(page).click()
    page.wait_for_url("**/answers")
    holds(page)
    checks.assert_accessible(page)
