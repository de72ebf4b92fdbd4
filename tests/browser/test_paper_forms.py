"""Paper and cards in a browser: typed in without JavaScript and by keyboard alone; each page light and accessible."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from forms.interviews.paper_forms import TypedForm, typed_form
from nrm import clock
from nrm.actions.interviews import paper_forms
from nrm.db import disconnect
from nrm.domain.interviews.example_interview import example_answers
from nrm.domain.interviews.questionnaire_flow import prune
from tests import factories
from tests.browser import checks, live
from tests.browser.conftest import Town

OFFICER = "rinas.border_officer"


def number(town: Town) -> str:
    """The number of a paper that was just printed for the officer's post."""
    asked = town.app.extensions["nrm.country"].questionnaires["returnee-1"]
    with town.app.app_context():
        (drawn,) = paper_forms.drawn(1)
        by = factories.actor(OFFICER)
        paper_forms.issue(numbers=[drawn], questionnaire=asked, staff="sq", spoken="el", by=by)
        disconnect()
    return drawn


def on_paper(town: Town) -> TypedForm:
    """A filled-in paper, box by box as it is typed."""
    asked = town.app.extensions["nrm.country"].questionnaires["returnee-1"]
    form = typed_form(asked, "sq")()
    fixed = {"official": "no", "proceedings": "none", "language": "el", "interpreter": "present"}
    form.fill(prune(asked, {**example_answers(asked), **fixed}))
    return form


def heading(town: Town, paper: str) -> list[str]:
    local = clock.now().astimezone(town.app.extensions["nrm.country"].timezone)
    return [paper, str(local.day), str(local.month), str(local.year), f"{local:%H:%M}"]


def begin(page: Page, town: Town, paper: str) -> None:
    """Type the top of the paper by keyboard, and go on with Enter."""
    page.goto(f"{town.base}/papers/type-in")
    page.focus("#number")
    for text in heading(town, paper):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/answers")


def type_all(page: Page, form: TypedForm) -> None:
    """Type the whole paper by keyboard, Tab after each box, and Enter on the button."""
    page.focus("#urgent")
    page.keyboard.press("Control+A")  # as arriving by Tab would: this one has an answer already
    for field in form.question_fields().values():
        for part in field.parts():
            page.keyboard.insert_text((field.typed.get(part) or [""])[0])
            page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    if page.locator(".warns").count():  # read, and sent again as it is
        live.main_button(page).focus()
        page.keyboard.press("Enter")


def test_a_paper_is_typed_in_by_keyboard_alone_and_without_javascript(plain_page: Page, town: Town) -> None:
    live.sign_in(plain_page, town.base, OFFICER)
    begin(plain_page, town, number(town))
    type_all(plain_page, on_paper(town))
    plain_page.wait_for_url("**/check")
    check = plain_page.url
    plain_page.goto(check.replace("/check", "/decision"))
    assert "Profili i treguesve" in plain_page.locator("main").inner_text()
    plain_page.goto(check.replace("/check", "/happened"))
    plain_page.get_by_role("button", name="Për t’u lexuar me zë").click()
    plain_page.wait_for_url("**/aloud")
    expect(plain_page.locator("#control > p[dir=auto]")).to_have_attribute("lang", "el")
    plain_page.locator("#control").get_by_role("link", name="Me shkronja të mëdha").click()
    expect(plain_page.locator("h1")).to_have_attribute("dir", "auto")
    plain_page.get_by_role("link", name="Kthehuni te formulari").click()
    expect(plain_page).to_have_url(re.compile(r"/happened#control$"))


def test_the_pages_of_papers_and_cards_are_light_and_accessible(page: Page, town: Town) -> None:
    live.sign_in(page, town.base, OFFICER)
    paper = number(town)
    begin(page, town, paper)
    first = page.url
    type_all(page, on_paper(town))
    page.wait_for_url("**/check")
    again = heading(town, paper)
    page.goto(f"{town.base}/papers/type-in")
    for control, text in zip(("number", "day", "day-month", "day-year", "hour"), again, strict=True):
        page.fill(f"#{control}", text)
    live.main_button(page).click()
    expect(page.locator("[data-errors]")).to_be_focused()
    checks.assert_accessible(page)
    checks.assert_fits(page)
    live.main_button(page).click()
    page.wait_for_url("**/answers")
    second = on_paper(town)
    second.question_fields()["given"].typed[""] = ["Zana"]
    type_all(page, second)
    page.wait_for_url("**/twin")
    twin = page.url
    live.main_button(page).click()
    interview = first.replace("/papers/", "/interviews/").rsplit("/", 1)[0]
    addresses = [
        first, twin, f"{town.base}/papers", f"{town.base}/papers/type-in",
        f"{town.base}/leaflets", f"{interview}/way/aloud", f"{interview}/happened/aloud",
        f"{interview}/happened/aloud/control",
        f"{town.base}/",
    ]  # fmt: skip
    faults = []
    for address in addresses:
        for lang in ("sq", "en"):
            try:
                # Blank it is an ordinary page; with all the answers of a whole interview it is long by nature.
                most = checks.HEAVY_PAGE if address == first else checks.ORDINARY_PAGE
                if address.endswith("/aloud"):  # a whole page of questions, in Greek beside the officer's language
                    most = checks.PAGE_IN_TWO_LANGUAGES
                checks.assert_good_page(page, f"{address}?lang={lang}", most=most)
            except AssertionError as error:
                faults.append(f"{address} ({lang}): {error}")
    assert not faults, "\n\n".join(faults)
