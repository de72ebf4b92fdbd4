"""The whole way of a person through the system, in a browser, as each of the people at work sees it."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from forms.interviews.interviews import form_data
from nrm import clock
from nrm.actions.referrals import referrals
from nrm.db import db, disconnect
from nrm.demo.made_up_interviews import random_answers
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.referrals.referrals import Escort
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from tests import factories
from tests.browser import live
from tests.browser.conftest import Town, new_context
from tests.factories import PASSWORD

OFFICER, WORKER, STRANGER = "rinas.border_officer", "nrc.case_worker", "iom.case_worker"
# An adult who was abroad, alone, who understands what is read out, agrees to everything and wishes nothing that
# excludes a shelter.
FIXED: Mapping[str, Any] = {
    "language": "sq",
    "alone": "yes",
    "purpose_read": "understood",
    "age": "adult",
    "gender": "feminine",
    "citizenship_class": "albanian",
    "citizenship": "AL",
    "danger": "no",
    "hurt": "no",
    "risk": "low",
    "wish": "any",
    "proceedings": "none",
    "official": "no",
    "consent_services": "yes",
    "consent_sharing": "yes",
    "consent_statistics": "yes",
    "assessment": "suspected",
    "given": "Zamira",
}
CODE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b")


def questionnaire(town: Town) -> Questionnaire:
    found: Questionnaire = town.app.extensions["nrm.country"].questionnaires["returnee-1"]
    return found


def life(town: Town, **fixed: Any) -> dict[str, Any]:
    """What one person answers; the same in every run of a day."""
    today = clock.now().date()
    return random_answers(
        questionnaire(town), random.Random(6), today=today, fixed={**FIXED, **fixed}, severity=0.8, answered=1
    )


def page_of(page: Page) -> str:
    return page.url.rsplit("/", 1)[1]


def answer_page(page: Page, town: Town, answers: Mapping[str, Any], lang: str = "sq") -> None:
    """Fill in the page of the interview that is open."""
    asked = questionnaire(town)
    live.fill_in(page, form_data(asked, asked.pages[page_of(page)], answers, lang))


def work_through(
    page: Page, town: Town, answers: Mapping[str, Any], *, lang: str = "sq", last: str = "decision"
) -> list[str]:
    """Page after page up to the last one, which stays open; the pages seen, in order."""
    seen = []
    while (here := page_of(page)) != last:
        seen.append(here)
        assert len(seen) < 12, seen
        answer_page(page, town, answers, lang)
        live.go_on(page)
        expect(page).not_to_have_url(re.compile(f"/{here}$"))
    return [*seen, last]


@pytest.fixture
def desk(browser: Browser, town: Town) -> Any:
    """`desk(login)`: a page of a browser of one's own, signed in and at home."""
    contexts: list[BrowserContext] = []

    def sit_down(login: str, **options: Any) -> Page:
        context = new_context(browser, **options)
        contexts.append(context)
        page = context.new_page()
        live.sign_in(page, town.base, login)
        return page

    yield sit_down
    for context in contexts:
        context.close()


def _have_left(town: Town, code: str) -> None:
    """The post says that the person has left: whoever records the arrival is not asked whether it is this person."""
    with town.app.app_context():
        to_leave = select(Referral.id).join(Case, Case.id == Referral.case_id).where(Case.pseudonym == code)
        referrals.depart(
            referral_id=db.session.scalars(to_leave).one(),
            escort=Escort.WOMAN_OFFICER,
            expected_at=clock.now(),  # at the door: nobody asks whether that is too soon
            by=factories.actor(OFFICER),
        )
        disconnect()


def test_a_person_is_interviewed_sent_accepted_admitted_and_leaves(town: Town, desk: Any) -> None:
    officer: Page = desk(OFFICER)
    assert officer.locator("html").get_attribute("lang") == "sq"
    loads = live.Loads(officer)
    live.main_button(officer).click()
    answers = life(town)
    seen = work_through(officer, town, answers)
    assert seen == ["screen", "six", "way", "happened", "signs", "consent", "identity", "check", "decision"]
    shown = officer.locator("main").inner_text()
    asked = questionnaire(town)
    for profile_word in ("Profili i treguesve", asked.questions["forms"].text["sq"]):
        assert profile_word in shown
    answer_page(officer, town, answers)
    officer.check('[name=party][value="NRC"]')
    live.main_button(officer).click()
    officer.wait_for_url("**/sent")
    assert loads.since() == 10
    told = officer.locator("main").inner_text()
    code = officer.locator(".code").inner_text()
    assert CODE.fullmatch(code)
    assert re.search(r"Përgjigjja pritet deri më\s+\d{1,2} \w+ \d{4}, ora \d\d:\d\d", told), told
    assert re.search(r"Telefoni\s+\+?[\d ]{6,}", told), told
    assert "njoftimi u dërgua, ende pa përgjigje" in told
    case = _case_address(officer, code)

    worker: Page = desk(WORKER)
    loads = live.Loads(worker)
    worker.get_by_role("link", name=code).first.click()
    worker.select_option("[name=bed]", index=1)
    live.main_button(worker).click()
    worker.wait_for_url("**/where")  # where post and shelter meet can wait until somebody goes
    assert loads.since() == 2
    worker.locator("main form a.btn.second").click()
    expect(worker.get_by_role("heading", level=1)).to_contain_text(code)
    _have_left(town, code)
    worker.goto(town.base)
    loads.since()
    worker.get_by_role("link", name=code).first.click()
    worker.check('[name=admitted][value="today"]')
    worker.check('[name=planned][value="30"]')
    live.main_button(worker).click()
    worker.wait_for_url("**/stays/*")
    expect(worker.locator("main")).to_contain_text(code)
    assert loads.since() == 2
    worker.locator('main a[href$="/end"]').first.click()
    worker.check('[name=ended][value="today"]')
    worker.check('[name=reason][value="independent_living"]')
    live.main_button(worker).click()
    worker.check('[name=country][value="home"]')
    live.main_button(worker).click()
    worker.locator("main .btn.danger").click()
    expect(worker.locator(".done")).to_be_visible()
    assert loads.since() == 4

    answer = officer.goto(f"{town.base}{case}")
    assert answer
    assert answer.status == 404
    assert "Zamira" not in officer.content()
    stranger: Page = desk(STRANGER)
    for address in (case, f"{case}/openings"):
        answer = stranger.goto(f"{town.base}{address}")
        assert answer
        assert answer.status == 404


def _case_address(page: Page, code: str) -> str:
    """Where the case will be: its id is the interview's."""
    found = re.search(r"/interviews/([0-9a-f-]{36})/sent", page.url)
    assert found
    assert code
    return f"/cases/{found.group(1)}"


def test_without_scripts_a_hurt_person_is_handed_over_on_four_pages(town: Town, desk: Any) -> None:
    officer: Page = desk(OFFICER, java_script_enabled=False)
    loads = live.Loads(officer)
    officer.locator('[name=urgent][value="yes"]').click()
    answers = life(
        town, urgent="yes", hurt="yes", alone="yes", interpreter="nobody", risk="high", consent_urgent="not_asked"
    )
    seen = work_through(officer, town, answers, last="urgent_send")
    assert seen == ["urgent_first", "urgent_consent", "urgent_send"]
    assert loads.since() == 3
    answer_page(officer, town, answers)
    officer.locator("main [name=party]").first.check()
    live.main_button(officer).click()
    officer.wait_for_url("**/sent")
    assert CODE.fullmatch(officer.locator(".code").inner_text())
    assert "Personi nuk ka thënë ende po" in officer.locator("main").inner_text()


def test_in_english_the_same_interview_is_held_and_destroyed_when_the_person_says_no(town: Town, desk: Any) -> None:
    officer: Page = desk(OFFICER)
    officer.get_by_role("link", name="English").click()
    assert officer.locator("html").get_attribute("lang") == "en"
    live.main_button(officer).click()
    answers = life(town, consent_services="no")
    seen = work_through(officer, town, answers, lang="en", last="refusal")
    assert seen == ["screen", "six", "way", "happened", "signs", "consent", "refusal"]
    answer_page(officer, town, answers, "en")
    live.main_button(officer).click()
    officer.wait_for_url("**/end")
    for asked in ("texts", "alone", "understood"):
        officer.check(f'[name={asked}][value="yes"]')
    officer.get_by_role("button", name="End and seal").click()
    officer.wait_for_url("**/held")
    assert "The person did not agree to help" in officer.locator("h1").inner_text()
    assert "Zamira" not in officer.content()


def test_a_statistician_reads_the_closed_quarter_and_takes_the_paper_home(town: Town, desk: Any) -> None:
    reader: Page = desk("molsa.statistician")
    loads = live.Loads(reader)
    reader.locator(f'main a[href="/reports/ix/{town.quarter}"]').first.click()
    reader.wait_for_url(f"**/reports/ix/{town.quarter}")
    assert loads.since() == 1
    assert "prill–qershor 2026" in reader.locator("main").inner_text()
    assert reader.locator("main table").count() >= 3
    with reader.expect_download() as coming:
        reader.locator(f'a[href="/reports/ix/{town.quarter}.pdf"]').click()
    path = coming.value.path()
    assert coming.value.suggested_filename == f"ix-{town.quarter}.pdf"
    paper = path.read_bytes()
    assert paper.startswith(b"%PDF-")
    assert len(paper) > 10_000


def test_what_was_typed_before_the_session_ended_comes_back_to_the_same_login_and_is_saved(
    town: Town, desk: Any
) -> None:
    officer: Page = desk(OFFICER)
    live.main_button(officer).click()
    interview = officer.url
    answers = life(town)
    answer_page(officer, town, answers)
    clock.set_clock(lambda: datetime.now(UTC) + timedelta(hours=7))
    live.main_button(officer).click()
    expect(officer.locator(".note")).to_contain_text("Ajo që shkruat nuk humbi")
    officer.fill("#login", OFFICER)
    officer.fill("#password", PASSWORD)
    live.main_button(officer).click()
    assert "Ende nuk është dërguar" in officer.locator("h1").inner_text()
    live.go_on(officer)
    officer.wait_for_url("**/six")
    officer.goto(interview)
    expect(officer.locator(f'[name=language][value="{answers["language"]}"]')).to_be_checked()


def test_another_login_does_not_get_what_was_typed(town: Town, desk: Any) -> None:
    officer: Page = desk(OFFICER)
    live.main_button(officer).click()
    answer_page(officer, town, life(town))
    clock.set_clock(lambda: datetime.now(UTC) + timedelta(hours=11))
    live.main_button(officer).click()
    officer.fill("#login", WORKER)
    officer.fill("#password", PASSWORD)
    live.main_button(officer).click()
    expect(officer).to_have_url(f"{town.base}/")
    assert officer.locator("input[type=hidden][name=language]").count() == 0
