"""The whole interview in a browser: without scripts, by keys, on a telephone, over a line that breaks.

One town for all of them: each begins an interview of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from forms.interviews.interviews import form_data
from nrm.domain.interviews.example_interview import example_answers
from nrm.domain.interviews.questionnaire_flow import pages, prune
from tests.browser import checks, live
from tests.browser.conftest import Town, new_context
from tests.browser.test_story import answer_page, life, page_of, questionnaire
from tests.factories import PASSWORD

OFFICER = "durres.border_officer"
TELEPHONE = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def officers(browser: Browser, shared_town: Town) -> Iterator[dict[bool, BrowserContext]]:
    """An officer signed in on a telephone with scripts, and one without."""
    contexts = {}
    for scripts in (True, False):
        contexts[scripts] = new_context(browser, java_script_enabled=scripts)
        page = contexts[scripts].new_page()
        page.set_viewport_size(TELEPHONE)
        live.sign_in(page, shared_town.base, OFFICER)
        page.close()
    yield contexts
    for context in contexts.values():
        context.close()


def at_home(context: BrowserContext, town: Town, lang: str = "sq") -> Page:
    """The officer's home on a telephone."""
    page = context.new_page()
    page.set_viewport_size(TELEPHONE)
    page.goto(f"{town.base}/?lang={lang}")
    return page


def begin(page: Page, *, urgent: bool = False) -> None:
    """Press the button of a new interview."""
    (page.locator('[name=urgent][value="yes"]') if urgent else live.main_button(page)).click()
    page.wait_for_url("**/interviews/*/*")


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"], page.url


def work_through(page: Page, town: Town, answers: Mapping[str, Any], lang: str) -> list[str]:
    """Answer page after page and send; the pages seen, the last of which says that it was sent."""
    seen = []
    while (here := page_of(page)) != "sent":
        seen.append(here)
        assert len(seen) < 12, seen
        fits(page)
        assert page.locator("html").get_attribute("lang") == lang
        answer_page(page, town, answers, lang)
        if page.locator("main [name=party]").count():
            page.locator("main [name=party]").first.check()
        live.go_on(page)
        expect(page).not_to_have_url(re.compile(f"/{here}$"))
    fits(page)
    return [*seen, "sent"]


STANDARD = ["screen", "six", "way", "happened", "signs", "consent", "identity", "check", "decision", "sent"]
CHILD = ["screen", "signs_child", "people_child", "check_child", "sent"]
URGENT = ["urgent_first", "urgent_consent", "urgent_send", "sent"]
URGENT_CHILD = ["urgent_first", "urgent_avoid", "urgent_send", "sent"]
# A warning is one page load more.
AGREEING = {"danger": "no", "alone": "yes", "interpreter": "present", "purpose_read": "understood", "fears": None,
            "citizenship": None}  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "scripts", "changed", "route"),
    [
        ("sq", False, {}, STANDARD),
        ("en", True, {}, STANDARD),
        ("sq", True, {"age": "child"}, CHILD),
        ("en", False, {"age": "unsure"}, CHILD),
        ("en", False, {"urgent": "yes", "consent_urgent": "given"}, URGENT),
        ("sq", True, {"urgent": "yes", "age": "child"}, URGENT_CHILD),
    ],
    ids=["standard-sq-plain", "standard-en", "child-sq", "unsure-en-plain", "urgent-en-plain", "urgent-child-sq"],
)
def test_each_route_is_sent_from_a_telephone_within_its_page_loads(
    officers: dict[bool, BrowserContext], shared_town: Town, lang: str, scripts: bool, changed: dict[str, Any],
    route: list[str],
) -> None:  # fmt: skip
    page = at_home(officers[scripts], shared_town, lang)
    loads = live.Loads(page)
    begin(page, urgent=changed.get("urgent") == "yes")
    answers = {**life(shared_town, **changed), **AGREEING}
    assert work_through(page, shared_town, prune(questionnaire(shared_town), answers), lang) == route
    assert loads.since() == len(route)
    assert len(route) <= 10
    if "consent" not in route and "urgent_consent" not in route:
        not_asked = {"sq": "Pëlqimi nuk u kërkua", "en": "Consent was not asked"}
        assert not_asked[lang] in page.locator("main").inner_text()
    page.close()


def test_by_keyboard_alone_an_officer_signs_in_and_a_person_is_interviewed_and_sent(
    page: Page, shared_town: Town
) -> None:
    """What must be answered is; the controls in between are passed by."""
    asked = questionnaire(shared_town)
    whole = life(shared_town)
    answers = {name: value for name, value in whole.items() if asked.questions[name].required}
    page.goto(f"{shared_town.base}/sign-in?lang=sq")
    tab_to(page, "#login")
    page.keyboard.type(OFFICER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{shared_town.base}/")
    tab_to(page, "main .btn")
    page.keyboard.press("Enter")
    for here in pages(asked, answers):
        page.wait_for_url(f"**/{here.id}")
        answer_by_keys(page, form_data(asked, here, answers, "sq"))
        if here.id == "decision":
            tab_to(page, "main [name=party]")
            page.keyboard.press("Space")
        tab_to(page, "main .btn:not(.second)")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        if page.locator(".warns").count():
            tab_to(page, "main .btn:not(.second)")
            page.keyboard.press("Enter")
        expect(page).not_to_have_url(re.compile(f"/{here.id}$"))
        assert page.locator("[data-errors]").count() == 0, page.locator("[data-errors]").inner_text()
    page.wait_for_url("**/sent")


FOCUSED = """selector => {
  const wanted = [...document.querySelectorAll(selector)]
  const here = document.activeElement
  return wanted[0]?.type === 'radio' ? wanted.includes(here) : wanted[0] === here
}"""


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is on the first control that `selector` names, or within that group of radios."""
    for _ in range(160):
        if page.evaluate(FOCUSED, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached by Tab on {page.url}")


def answer_by_keys(page: Page, values: Mapping[str, list[str]]) -> None:
    for name, chosen in values.items():
        control = page.locator(f'main [name="{name}"]').first
        for value in filter(None, chosen):
            kind = control.evaluate("e => e.type")
            if kind == "checkbox":
                tab_to(page, f'main [name="{name}"][value="{value}"]')
                page.keyboard.press("Space")
                continue
            tab_to(page, f'main [name="{name}"]')
            if kind == "radio":
                page.keyboard.press("Space")
                while not page.locator(f'main [name="{name}"][value="{value}"]').is_checked():
                    page.keyboard.press("ArrowDown")
            elif kind == "select-one":
                while control.input_value() != value:
                    page.keyboard.press("ArrowDown")
            else:
                page.keyboard.type(value)


def test_the_line_is_cut_between_two_pages_and_nothing_is_lost(
    officers: dict[bool, BrowserContext], shared_town: Town
) -> None:
    """The page that could not be sent is sent by loading again; a browser that was closed goes on where it stopped."""
    context, answers = officers[True], life(shared_town)
    page = at_home(context, shared_town)
    begin(page)
    answer_page(page, shared_town, answers)
    live.go_on(page)
    page.wait_for_url("**/six")
    interview = page.url.rsplit("/", 1)[0]
    answer_page(page, shared_town, answers)
    context.set_offline(True)
    live.main_button(page).click()
    page.wait_for_url(re.compile("chrome-error:|/six$"))
    with pytest.raises(Error):
        page.goto(f"{interview}/six", timeout=5_000)
    context.set_offline(False)
    page.close()

    again = context.new_page()
    again.goto(f"{shared_town.base}/?lang=sq")
    row = again.locator("tr", has=again.locator(f'form[action*="{interview.rsplit("/", 1)[1]}"]'))
    row.get_by_role("button").click()
    again.wait_for_url("**/six")  # the first page was kept, the one that could not be sent is due
    answer_page(again, shared_town, answers)
    live.go_on(again)
    again.wait_for_url("**/way")
    again.goto(f"{interview}/screen")
    expect(again.locator(f'[name=language][value="{answers["language"]}"]')).to_be_checked()
    again.close()


def test_a_directive_is_read_on_its_page_and_ticked_once(
    officers: dict[bool, BrowserContext], shared_town: Town
) -> None:
    page = at_home(officers[True], shared_town)
    begin(page)
    box = page.locator("main .note [name=directive]")
    expect(box).to_have_count(1)
    checks.assert_accessible(page)
    box.check()
    answer_page(page, shared_town, life(shared_town))
    live.go_on(page)
    page.wait_for_url("**/six")
    page.go_back()
    expect(page.locator("main summary")).to_contain_text("Udhëzim:")
    expect(page.locator("main [name=directive]")).to_have_count(0)
    checks.assert_accessible(page)
    page.close()


def test_the_answers_of_a_whole_interview_are_one_look(officers: dict[bool, BrowserContext], shared_town: Town) -> None:
    """Sixty answers and a story of 600 characters, as cards, are at most 2,500 px high on a desk."""
    answers = {**example_answers(questionnaire(shared_town)), "story": "Më thanë se ka punë. " * 29, "official": "no"}
    del answers["official_what"]
    page = at_home(officers[True], shared_town)
    page.set_viewport_size({"width": 1200, "height": 900})
    begin(page)
    while page_of(page) != "check":
        answer_page(page, shared_town, answers, "sq")
        live.main_button(page).click()
        page.wait_for_load_state()
    assert len(page.locator(".cards dt").all()) >= 60
    assert page.evaluate("document.documentElement.scrollHeight") <= 2_500
    assert page.evaluate("document.documentElement.scrollWidth") <= 1200
    folded = page.locator(".cards details").first
    assert folded.bounding_box()["height"] < 200  # type: ignore[index]  # it is on the page
    folded.locator("summary").click()
    assert folded.bounding_box()["height"] > 200  # type: ignore[index]  # it is on the page
    page.close()


def test_what_another_answer_opens_is_there_when_it_is_opened(
    officers: dict[bool, BrowserContext], shared_town: Town
) -> None:
    page = at_home(officers[False], shared_town)
    begin(page)
    for opener, opened in (("alone", "companions"), ("alone", "companions_who")):
        assert not page.locator(f"[name={opened}]").first.is_visible()
        page.locator(f"[name={opener}][value=no]").check()
        assert page.locator(f"[name={opened}]").first.is_visible()
        page.locator(f"[name={opener}][value=yes]").check()
        assert not page.locator(f"[name={opened}]").first.is_visible()
    interpreter = page.locator("[name=interpreter]").first
    assert not interpreter.is_visible()
    page.locator("[name=language][value=el]").check()
    assert interpreter.is_visible()
    page.locator("[name=language][value=sq]").check()
    assert not interpreter.is_visible()
    page.locator("[name=language-other]").fill("Arabisht")
    assert interpreter.is_visible()
    page.close()
