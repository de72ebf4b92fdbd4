"""Two walks: an interviewer whose line breaks at every bad moment, and people whose language is not the officer's.

A lost answer is played as it is lost: the server gets the form, and the browser hears nothing of it.
"""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy import func, select

from nrm import clock
from nrm.db import db
from nrm.demo.made_up_interviews import random_answers
from nrm.domain.interviews.paper_forms import plan
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, SealedCompartment
from tests import screened
from tests.browser import checks, live
from tests.browser.conftest import Town, new_context
from tests.browser.test_story import FIXED, answer_page, page_of, questionnaire, work_through
from tests.factories import PASSWORD
from tests.factories_interviews import nothing_alarming

OFFICER, COLLEAGUE, WORKER = "rinas.border_officer", "durres.border_officer", "nrc.case_worker"
ACCEPT = 'form[action$="/accept"] button'
# Foreigners go to the National Reception Centre first.
FOREIGN = {"citizenship_class": "third_country", "citizenship": "MD", "leaflet": "taken"}


@pytest.fixture
def desk(browser: Browser, shared_town: Town) -> Iterator[Callable[[str], Page]]:
    """`desk(login)`: a page of a browser of one's own, signed in and at home."""
    contexts: list[BrowserContext] = []

    def sit_down(login: str) -> Page:
        contexts.append(new_context(browser))
        page = contexts[-1].new_page()
        live.sign_in(page, shared_town.base, login)
        return page

    yield sit_down
    for context in contexts:
        context.close()


def life(shared_town: Town, **fixed: Any) -> dict[str, Any]:
    """What a person answers who leaves out whatever may be left out."""
    today, chance = clock.now().date(), random.Random(6)
    return random_answers(
        questionnaire(shared_town), chance, today=today, fixed={**FIXED, **fixed}, severity=0.8, answered=0
    )


def lose_the_answer(page: Page, press: Callable[[], None]) -> None:
    """The form reaches the server; what it answers does not reach the browser."""
    reached: list[int] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and not reached:
            reached.append(route.fetch(max_redirects=0).status)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/*", lose)
    with page.expect_event("requestfailed"):
        press()
    page.wait_for_url("chrome-error://**")
    page.unroute("**/*", lose)
    assert reached == [303]


def another_tab(page: Page, address: str) -> Page:
    tab = page.context.new_page()
    tab.goto(address)
    return tab


def press(page: Page) -> None:
    with page.expect_navigation():
        live.main_button(page).click()


def sign_in_here(page: Page) -> None:
    page.fill("#login", COLLEAGUE)
    page.fill("#password", PASSWORD)
    press(page)


def number_of(shared_town: Town, model: Any) -> int:
    with shared_town.app.app_context():
        db.session.rollback()
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def counted(shared_town: Town) -> int:
    with shared_town.app.app_context():
        return screened.counted().total()


def urgently(officer: Page, shared_town: Town, **answers: Any) -> dict[str, Any]:
    """Up to the page that sends, by the urgent way; what was answered."""
    officer.locator('[name=urgent][value="yes"]').click()
    told = life(
        shared_town,
        urgent="yes",
        hurt="no",
        interpreter="nobody",
        risk="high",
        consent_urgent="given",
        **FOREIGN,
        **answers,
    )
    work_through(officer, shared_town, told, last="urgent_send")
    return told


def test_an_end_whose_answer_was_lost_counts_once_and_says_so(shared_town: Town, desk: Callable[[str], Page]) -> None:
    officer, before = desk(OFFICER), counted(shared_town)
    # Begun twice by the same press, it is one interview.
    lose_the_answer(officer, live.main_button(officer).click)
    officer.reload()
    assert page_of(officer) == "screen"
    with shared_town.app.app_context():
        calm = nothing_alarming()
    answer_page(officer, shared_town, calm)
    first = officer.url
    lose_the_answer(officer, live.main_button(officer).click)
    officer.reload()
    assert page_of(officer) == "six"
    answer_page(officer, shared_town, calm)
    lose_the_answer(officer, live.main_button(officer).click)
    officer.reload()
    officer.wait_for_url("**/interviews/ended/before")
    assert counted(shared_town) == before + 1
    for address in (officer.url, first):
        officer.goto(address)
        said = officer.locator("main").inner_text()
        assert "Kush duhej numëruar, u numërua një herë" in said
        assert "Asgjë nuk u numërua" not in said


def test_a_hand_over_whose_answer_was_lost_is_sent_and_accepted_once(
    shared_town: Town, desk: Callable[[str], Page]
) -> None:
    officer, before = desk(OFFICER), (number_of(shared_town, Referral), number_of(shared_town, Case))
    told = urgently(officer, shared_town)
    late = another_tab(officer, officer.url)
    for tab in (officer, late):
        answer_page(tab, shared_town, {**told, "parties": []})
        tab.locator("main [name=party]").first.check()
    late.check('[name=parties][value="RA"]')
    lose_the_answer(officer, live.main_button(officer).click)
    # In the other window somebody is struck out after it was sent: not sent again, and not swallowed without a word.
    press(late)
    late.wait_for_url("**/sent?again=1")
    expect(late.locator(".note").first).to_contain_text("Ajo që u ndryshua në faqe pas dërgimit nuk është në të")
    officer.reload()
    officer.wait_for_url("**/sent?again=1")
    code = officer.locator(".code").inner_text()
    assert code == late.locator(".code").inner_text()
    assert (number_of(shared_town, Referral), number_of(shared_town, Case)) == (before[0] + 1, before[1] + 1)

    # The line of the one who waits breaks, and then the session ends: code and telephone stay.
    officer.clock.install()
    officer.goto(officer.url)
    officer.context.set_offline(True)
    officer.clock.run_for(16_000)
    expect(officer.locator("[data-asking]")).to_be_visible()
    officer.context.set_offline(False)
    late.get_by_role("button", name="Dilni").click()
    late.wait_for_url("**/sign-in")
    officer.clock.run_for(16_000)
    expect(officer.locator("[data-ended]")).to_be_visible()
    assert officer.locator(".code").inner_text() == code
    assert re.search(r"Telefoni\s+\+?[\d ]{6,}", officer.locator("main").inner_text())

    worker = desk(WORKER)
    worker.get_by_role("link", name=code).first.click()
    slow = another_tab(worker, worker.url)
    worker.select_option("[name=bed]", index=1)
    slow.select_option("[name=bed]", index=2)
    lose_the_answer(worker, worker.locator(ACCEPT).click)
    slow.locator(ACCEPT).click()
    expect(slow.locator("h1")).to_have_text("Dikush ka vepruar para jush")
    worker.reload()
    worker.wait_for_url("**/where")  # accepted, and the shelter says where it meets the person
    expect(worker.locator("main")).to_contain_text(code)


def test_nothing_typed_is_lost_without_a_word(shared_town: Town, desk: Callable[[str], Page]) -> None:
    officer = desk(COLLEAGUE)
    told = life(shared_town)
    press(officer)
    first = officer.url
    answer_page(officer, shared_town, told)
    officer.context.set_offline(True)
    live.main_button(officer).click()
    officer.wait_for_url("chrome-error://**")
    officer.context.set_offline(False)
    officer.reload()  # asks in a real browser whether to send it again
    assert page_of(officer) == "six"

    # The screen is hidden in another tab; what this one sends is given back.
    answer_page(officer, shared_town, told)
    other = another_tab(
        officer, shared_town.base
    )  # a page behind another one is slow to fill in, so it is filled in before
    other.get_by_role("button", name="Fshihni ekranin").click()
    other.wait_for_url("**/blank")
    press(officer)
    expect(officer.locator(".note")).to_contain_text("në një dritare tjetër. Ajo që shkruat nuk ka humbur")
    sign_in_here(officer)
    expect(officer.locator("h1")).to_have_text("Ende nuk është dërguar")
    lose_the_answer(officer, live.main_button(officer).click)
    officer.reload()
    assert page_of(officer) == "way"

    # The same page in two tabs: neither is lost, and somebody chooses.
    stale = another_tab(officer, first)
    fresh = another_tab(officer, first)
    stale.check('[name=gender][value="masculine"]')
    fresh.check('[name=gender][value="transgender_feminine"]')
    press(fresh)
    press(stale)
    shown = stale.locator("main").inner_text()
    options = questionnaire(shared_town).questions["gender"].options
    for code in ("masculine", "transgender_feminine"):
        assert next(each.text["sq"] for each in options if each.code == code) in shown
    press(stale)  # keep what was entered here
    stale.goto(first)
    expect(stale.locator('[name=gender][value="masculine"]')).to_be_checked()

    # Signed out in another tab, there is nobody whom what was typed could be sealed to: it says that it is lost, and
    # shows it once more to be copied, without what no question asks for.
    officer.bring_to_front()
    officer.check('[name=paid_by][value="loan"]')
    other.goto(shared_town.base)
    other.get_by_role("button", name="Dilni").click()
    other.wait_for_url("**/sign-in")
    press(officer)
    expect(officer.locator(".note")).to_contain_text("Ajo që shkruat nuk u ruajt. Ndodhet këtu për herë të fundit")
    expect(officer.locator(".note")).to_contain_text("Kush e pagoi udhëtimin?: Borxh që duhet shlyer me punë")
    expect(officer.locator(".note")).not_to_contain_text("seen")


DOUBTS = {
    "": "",
    "in part": "teksti u kuptua vetëm pjesërisht",
    "draft": "teksti në gjuhën e personit është ende i pamiratuar dhe askush nuk e përktheu",
    "nobody": "askush nuk përktheu në gjuhën e personit",
}


@pytest.mark.parametrize(
    ("spoken", "interpreter", "read", "doubt"),
    [
        ("ro", "present", "understood", ""),
        ("ru", "telephone", "partly", "in part"),
        ("bn", "not_found", "understood", "nobody"),
    ],
)
def test_a_yes_in_a_language_that_was_not_understood_is_a_wish_and_asks_for_no_name(
    shared_town: Town, desk: Callable[[str], Page], spoken: str, interpreter: str, read: str, doubt: str
) -> None:
    officer = desk(OFFICER)
    press(officer)
    told = life(shared_town, language=spoken, interpreter=interpreter, purpose_read=read, apart="go_on", **FOREIGN)
    seen = work_through(officer, shared_town, told)
    assert ("identity" in seen) == (not doubt)
    said = officer.locator("main").inner_text()
    assert ("vlen si dëshirë" in said) == bool(doubt), said
    assert DOUBTS[doubt] in said
    told = {**told, "assessment": "possible"}
    answer_page(officer, shared_town, told)
    officer.locator("main [name=party]").first.check()
    press(officer)
    officer.wait_for_url("**/sent")
    code = officer.locator(".code").inner_text()
    case = uuid.UUID(officer.url.split("/")[-2])
    assert ("Personi nuk ka thënë ende po" in officer.locator("main").inner_text()) == bool(doubt)
    with shared_town.app.app_context():
        db.session.rollback()
        sealed = set(db.session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case)))
        consent = db.session.get_one(Case, case).consent
    assert ({"identity", "story"} <= sealed, consent) == ((False, "not_asked_urgent") if doubt else (True, "given"))
    assert not doubt or not {"identity", "story"} & sealed
    worker = desk(WORKER)
    worker.get_by_role("link", name=code).first.click()
    worker.get_by_role("button", name="Hapni dorëzimin").click()
    learned = worker.locator("main").inner_text()
    assert not doubt or "Zamira" not in learned
    assert {"ro": "Română", "ru": "Русский", "bn": "bengalisht"}[spoken] in learned


def test_who_named_herself_and_then_lost_her_interpreter_is_sent_without_her_name(
    shared_town: Town, desk: Callable[[str], Page]
) -> None:
    officer = desk(OFFICER)
    press(officer)
    first = officer.url
    told = life(shared_town, language="ru", interpreter="present", **FOREIGN)
    assert "identity" in work_through(officer, shared_town, told, last="check")
    assert "Zamira" in officer.locator("main").inner_text()
    officer.goto(first)
    officer.check('[name=interpreter][value="nobody"]')
    live.go_on(officer)
    officer.locator("button.danger").click()  # the page says first that the name would be destroyed
    officer.goto(first.replace("/screen", "/check"))
    assert page_of(officer) == "check"
    assert "Zamira" not in officer.locator("main").inner_text()
    answer_page(officer, shared_town, told)
    press(officer)
    assert page_of(officer) == "decision"
    assert DOUBTS["draft"] in officer.locator("main").inner_text()


def test_numbers_agree_on_page_view_card_and_paper_and_a_language_without_text_says_so(
    shared_town: Town, desk: Callable[[str], Page]
) -> None:
    officer = desk(OFFICER)
    press(officer)
    first = officer.url
    work_through(officer, shared_town, life(shared_town, language="ru", interpreter="present"), last="happened")
    with shared_town.app.app_context():
        on_paper = plan(questionnaire(shared_town)).numbers
    sheet = officer.locator("main").inner_text()
    officer.locator("button[name=aloud]").click()
    officer.wait_for_url("**/happened/aloud")
    view = officer.locator("main").inner_text()
    question = questionnaire(shared_town).questions["forms"]
    for shown in (sheet, view):
        assert f"{on_paper['forms']}. {question.text['sq']}" in shown
        assert question.reads["ru"] in shown
    officer.locator('a[href="aloud/forms"]').click()
    card = officer.locator("main").inner_text()
    assert f"{on_paper['forms']}. {question.reads['ru']}" in card
    for number, words in re.findall(r"^(\d+) (.+)$", card, re.MULTILINE):
        assert f"{number} {words}" in view
        assert re.search(rf"{number} .*\s{re.escape(words)}", sheet)
    # Urdu has a card and no text: no interpreter is spoken of as if there were one, and the card reads from the right.
    officer.goto(first)
    officer.locator("[name=language][value=ru]").evaluate("e => { e.checked = false }")
    officer.fill("[name=language-other]", "Urdu")
    officer.check('[name=interpreter][value="telephone"]')
    live.go_on(officer)
    expect(officer.locator("main")).to_contain_text("duhet ta përkthejë një përkthyes")
    for language in ("ur", "ar", "fa"):
        officer.goto(f"{shared_town.base}/greetings/{language}")
        assert officer.locator("main [dir=rtl], main[dir=rtl]").count()
        checks.assert_fits(officer)


def test_a_language_that_nobody_knows_stops_no_urgent_hand_over(shared_town: Town, desk: Callable[[str], Page]) -> None:
    officer = desk(OFFICER)
    officer.locator('[name=urgent][value="yes"]').click()
    told = life(shared_town, urgent="yes", hurt="no", interpreter="not_found", risk="high", consent_urgent="given")
    answer_page(officer, shared_town, {**told, "language": None})
    officer.fill("[name=language-other]", "Abrakadabra")
    officer.check('[name=interpreter][value="not_found"]')
    press(officer)
    expect(officer.locator("[data-errors]")).to_contain_text("“e panjohur”")
    assert officer.locator("[name=language-other]").input_value() == "Abrakadabra"
    officer.fill("[name=language-other]", "e panjohur")
    live.go_on(officer)
    officer.wait_for_url("**/urgent_consent")
    answer_page(officer, shared_town, told)
    live.go_on(officer)
    officer.wait_for_url("**/urgent_send")
    assert DOUBTS["nobody"] in officer.locator("main").inner_text()
