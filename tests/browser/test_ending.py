"""A tired officer who presses the wrong button at every step loses nothing; to destroy is a page and a reason away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import checks, live
from tests.browser.conftest import Town, new_context
from tests.browser.test_story import answer_page, life, page_of, work_through

OFFICER = "durres.border_officer"
TELEPHONE = {"width": 320, "height": 640}


@pytest.fixture
def desk(browser: Browser, shared_town: Town) -> Iterator[Any]:
    contexts: list[BrowserContext] = []

    def sit_down(login: str, **options: Any) -> Page:
        contexts.append(new_context(browser, **options))
        page: Page = contexts[-1].new_page()
        page.set_viewport_size(TELEPHONE)
        live.sign_in(page, shared_town.base, login)
        return page

    yield sit_down
    for context in contexts:
        context.close()


def fine(page: Page) -> None:
    """It holds on a telephone and can be read by everybody."""
    page.wait_for_load_state("domcontentloaded")
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"], page.url
    if page.evaluate("typeof axe !== 'undefined'"):
        checks.assert_accessible(page)


def interview_of(page: Page) -> str:
    found = re.search(r"(.*/interviews/[0-9a-f-]{36})", page.url)
    assert found
    return found.group(1)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_an_adult_is_not_destroyed_by_any_wrong_button(shared_town: Town, desk: Any, scripts: bool) -> None:
    officer: Page = desk(OFFICER, java_script_enabled=scripts)
    live.main_button(officer).click()
    answers = life(shared_town, assessment="none", danger="yes", risk="high", forms=["sexual_exploitation"])
    work_through(officer, shared_town, answers)
    interview = interview_of(officer)
    answer_page(officer, shared_town, answers)
    officer.locator("main [name=party]").first.check()
    live.main_button(officer).click()  # Send, with "no indicator" ticked by mistake
    expect(officer.locator("[data-errors]")).to_contain_text("me të nuk dërgohet asgjë")
    fine(officer)
    officer.locator("main [name=party]").first.check()
    officer.locator("button[name=end]").click()
    officer.wait_for_url("**/end?*")
    fine(officer)
    said = officer.locator("main").inner_text()
    assert "Shërbime seksuale" in said
    assert "Qendra e zgjedhur" in said
    officer.get_by_role("button", name="Mbylleni dhe vuloseni").click()  # without a reason
    expect(officer.locator("[data-errors]")).to_contain_text("Zgjidhni pse")
    expect(officer.locator("[data-errors]")).to_contain_text("Shkruani një fjali")
    fine(officer)
    officer.check('[name=reason][value="mistaken"]')
    officer.fill("[name=sentence]", "Kutia e gabuar.")
    officer.get_by_role("button", name="Mbylleni dhe vuloseni").click()
    officer.wait_for_url("**/held")
    fine(officer)
    live.main_button(officer).click()  # the main button leads home, and from there is the way back
    fine(officer)
    officer.locator(f'a[href$="{interview.rsplit("/", 1)[1]}/held"]').click()
    duty: Page = desk("ra.duty_officer")
    fine(duty)
    duty.locator(f'a[href$="/duty/held/{interview.rsplit("/", 1)[1]}"]').click()
    fine(duty)
    live.main_button(duty).click()
    expect(duty.locator("[data-errors]")).to_contain_text("Shkruani pse e hapni")
    duty.fill("[name=why]", "Rrezik i lartë")
    live.main_button(duty).click()
    expect(duty.locator("main")).to_contain_text("Kutia e gabuar.")
    fine(duty)
    officer.get_by_role("button", name="Vazhdoni intervistën").click()
    officer.wait_for_url("**/decision")
    officer.locator("main [name=party]").first.check()
    officer.locator("button[name=end]").click()
    officer.wait_for_url("**/end?*")
    live.main_button(officer).click()  # the main button goes back
    officer.wait_for_url("**/decision")
    expect(officer.locator('[name=assessment][value="none"]')).to_be_checked()
    officer.goto(interview)
    officer.locator('a[href$="/discard"]').click()
    fine(officer)
    assert "Shërbime seksuale" in officer.locator("main").inner_text()
    live.main_button(officer).click()
    officer.wait_for_url(interview)
    # Put right, it is sent as if nothing had happened.
    officer.goto(f"{interview}/decision")
    officer.check('[name=assessment][value="possible"]')
    officer.locator("main [name=party]").first.check()
    officer.locator("button[name=end]").click()  # End, with "possible victim": sends nothing and ends nothing
    expect(officer.locator("[data-errors]")).to_contain_text("zgjidhni “Asnjë tregues”")
    live.main_button(officer).click()
    officer.wait_for_url("**/sent")


def test_a_no_is_asked_once_more_and_can_be_taken_back(shared_town: Town, desk: Any) -> None:
    officer: Page = desk(OFFICER)
    live.main_button(officer).click()
    answers = life(shared_town, consent_services="no")
    work_through(officer, shared_town, answers, last="refusal")
    answer_page(officer, shared_town, answers)
    live.main_button(officer).click()
    officer.wait_for_url("**/end")
    fine(officer)
    live.main_button(officer).click()
    officer.wait_for_url("**/refusal")
    live.main_button(officer).click()
    officer.wait_for_url("**/end")
    officer.get_by_role("button", name="Mbylleni dhe vuloseni").click()
    expect(officer.locator("[data-errors]")).to_contain_text("Përgjigjuni me po ose jo")
    fine(officer)
    for asked in ("texts", "alone", "understood"):
        officer.check(f'[name={asked}][value="yes"]')
    officer.check('[name=alone][value="no"]')
    officer.get_by_role("button", name="Mbylleni dhe vuloseni").click()
    expect(officer.locator("[data-errors]")).to_contain_text("Veçojeni personin")
    fine(officer)
    officer.check('[name=alone][value="yes"]')
    officer.get_by_role("button", name="Mbylleni dhe vuloseni").click()
    officer.wait_for_url("**/held")
    fine(officer)
    officer.get_by_role("button", name="Personi thotë").click()
    expect(officer.locator('[name=consent_services][value="no"]')).to_be_checked()


def test_a_child_stays_until_the_child_authority_has_answered(shared_town: Town, desk: Any) -> None:
    officer: Page = desk(OFFICER)
    live.main_button(officer).click()
    answers = life(shared_town, age="child", assessment="none")
    work_through(officer, shared_town, answers, last="check_child")
    interview = interview_of(officer)
    answer_page(officer, shared_town, answers)
    officer.locator("button[name=end]").click()
    officer.wait_for_url("**/end")
    fine(officer)
    assert "Asnjëherë në qeli" in officer.locator("main").inner_text()
    officer.check('[name=reason][value="explained"]')
    live.main_button(officer).click()
    expect(officer.locator("h1")).to_have_text("Autoriteti për fëmijët u pyet")
    fine(officer)
    for way in ("end", "discard"):  # whatever is pressed, nothing destroys it
        officer.goto(f"{interview}/{way}")
        expect(officer.get_by_role("button", name=re.compile("sgjësoje"))).to_have_count(0)
    authority: Page = desk("child_protection.case_worker")
    authority.locator(f'a[href$="/children/{interview.rsplit("/", 1)[1]}/answer"]').click()
    fine(authority)
    live.main_button(authority).click()
    expect(authority.locator("[data-errors]")).to_contain_text("Zgjidhni çfarë ndodh me fëmijën")
    authority.check('[name=answer][value="parents"]')
    live.main_button(authority).click()
    expect(authority.locator("h1")).to_have_text("A është kjo përgjigjja juaj?")
    fine(authority)
    authority.get_by_role("button", name="Po, regjistrojeni këtë përgjigje").click()
    authority.wait_for_url(lambda url: "/answer" not in url)
    officer.goto(f"{interview}/end")
    expect(officer.locator(".note")).to_contain_text("Fëmija shkon me prindërit")
    fine(officer)
    live.main_button(officer).click()
    assert page_of(officer) == "check_child"
    officer.go_back()
    officer.get_by_role("button", name="Mbylleni dhe asgjësojeni").click()
    officer.wait_for_url("**/ended/none")


def test_the_duty_desk_records_what_was_answered_by_telephone(shared_town: Town, desk: Any) -> None:
    officer: Page = desk(OFFICER)
    live.main_button(officer).click()
    answers = life(shared_town, age="unsure", assessment="none")
    work_through(officer, shared_town, answers, last="check_child")
    interview = interview_of(officer)
    answer_page(officer, shared_town, answers)
    officer.locator("button[name=end]").click()
    officer.check('[name=reason][value="explained"]')
    live.main_button(officer).click()
    duty: Page = desk("ra.duty_officer")
    duty.goto(f"{shared_town.base}/children/{interview.rsplit('/', 1)[1]}/answer/call")
    fine(duty)
    duty.locator("[name=number]").first.check()
    duty.check('[name=answer][value="answered"]')
    duty.fill("[name=name]", "Drita Hoxha")
    duty.check('[name=decision][value="coming"]')
    duty.check('[name=when][value="0"]')
    live.main_button(duty).click()
    authority: Page = desk("child_protection.case_worker")
    fine(authority)
    authority.goto(f"{shared_town.base}/children/{interview.rsplit('/', 1)[1]}/answer")
    expect(authority.locator("main")).to_contain_text("Nuk e thamë ne")
    fine(authority)
    officer.goto(f"{interview}/end")
    expect(officer.locator(".note")).to_contain_text("Vijmë ne te pika kufitare, e tha Drita Hoxha me telefon")
    fine(officer)
