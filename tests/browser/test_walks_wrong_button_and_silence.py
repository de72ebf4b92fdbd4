"""Two nights at a post: an officer who presses the wrong button first, and a girl who says that she does not know."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import func, select

from nrm import clock
from nrm.actions.interviews import paper_forms
from nrm.db import db
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.consents import Consent
from nrm.vault import compartments as vault
from tests import factories, screened
from tests.browser import live
from tests.browser.conftest import Town, new_context
from tests.browser.test_story import CODE, answer_page, life, page_of, questionnaire, work_through

OFFICER = "durres.border_officer"
CLEAN = {
    **dict.fromkeys(("papers_kept", "debt_work", "pay_taken", "hurt_for", "waited_for"), "no"),
    "could_leave": "yes",
    "noticed": ["none"],
}
LOSING = "Disa përgjigje do të asgjësoheshin"


@pytest.fixture
def desk(browser: Browser, shared_town: Town) -> Iterator[Any]:
    """`desk(login)`: somebody signed in and at home, on a telephone."""
    contexts: list[BrowserContext] = []

    def sit_down(login: str) -> Page:
        contexts.append(new_context(browser))
        page: Page = contexts[-1].new_page()
        page.set_viewport_size({"width": 320, "height": 640})
        live.sign_in(page, shared_town.base, login)
        return page

    yield sit_down
    for context in contexts:
        context.close()


def interview_of(page: Page) -> uuid.UUID:
    found = re.search(r"/interviews/([0-9a-f-]{36})", page.url)
    assert found
    return uuid.UUID(found.group(1))


def heading(page: Page) -> str:
    return page.locator("h1").inner_text()


def does_not_know(page: Page) -> None:
    """To every question of the page that has it: does not know."""
    unknown = page.locator("main input[value=dont_know]")
    for name in dict.fromkeys(unknown.evaluate_all("all => all.map(each => each.name)")):
        for ticked in page.locator(f'main [type=checkbox][name="{name}"]:checked').all():
            ticked.uncheck()
        page.check(f'main [name="{name}"][value=dont_know]')


def told_nothing(town: Town, case_id: uuid.UUID) -> None:
    """What the database holds of a girl who said neither yes nor no."""
    with town.app.app_context():
        db.session.rollback()
        case = db.session.get_one(Case, case_id)
        assert case.consent == "not_asked_urgent"
        assert db.session.scalars(select(Consent).where(Consent.case_id == case_id)).all() == []
        assert set(vault.compartments_of(db.session(), case_id)) == {"hand_over"}
        assert case.facts == {"statistics": "no"}
        owed = db.session.scalars(select(Obligation).where(Obligation.case_id == case_id)).all()
        assert {each.kind: each.due_at is not None for each in owed}["ask_consent"]


def test_an_officer_who_presses_the_wrong_button_first_destroys_nothing(shared_town: Town, desk: Any) -> None:
    officer: Page = desk(OFFICER)
    live.main_button(officer).dblclick()  # twice: one interview
    expect(officer).to_have_url(re.compile("/screen$"))
    answers = life(shared_town, danger="no", risk="low", forms=["sexual_exploitation"], story="Më mbyllën dy vjet.")
    interview = f"{shared_town.base}/interviews/{interview_of(officer)}"
    officer.fill("[name=language-other]", "zzz")
    officer.press("[name=language-other]", "Enter")  # in a box: nothing but this page, with what is missing
    expect(officer.locator("[data-errors]")).to_be_visible()
    officer.fill("[name=language-other]", "")
    work_through(officer, shared_town, answers, last="signs")
    # Stop, by mistake: the list of parts leads back to the whole interview, with all that was told.
    officer.locator("button[name=stop]").click()
    expect(officer).to_have_url(re.compile("/urgent_first$"))
    officer.goto(interview)
    assert officer.evaluate("document.documentElement.scrollWidth") <= 320
    officer.locator("button[name=whole]").click()
    work_through(officer, shared_town, answers, last="happened")  # only what was read out is asked again
    expect(officer.locator("[name=story]")).to_have_value("Më mbyllën dy vjet.")
    # Another age, by mistake, and then "save and leave": the same.
    for button in ("main .bar .btn", "button[name=leave]"):
        for age, pressed in (("unsure", button), ("adult", "main .bar .btn")):
            officer.goto(f"{interview}/screen")
            officer.check(f"[name=age][value={age}]")
            officer.locator(pressed).first.click()
    work_through(officer, shared_town, answers, last="happened")
    expect(officer.locator("[name=story]")).to_have_value("Më mbyllën dy vjet.")
    # A no by mistake after the name was typed in: the name is not gone unseen.
    officer.goto(f"{interview}/screen")
    work_through(officer, shared_town, answers, last="check")
    officer.goto(f"{interview}/consent")
    officer.check("[name=consent_services][value=no]")
    live.main_button(officer).click()
    expect(officer.locator("h1")).to_have_text(LOSING)
    live.main_button(officer).click()
    officer.goto(f"{interview}/identity")
    expect(officer.locator("[name=given]")).to_have_value("Zamira")
    officer.goto(f"{interview}/check")
    work_through(officer, shared_town, answers, last="decision")
    # It is no "Stop" that was wanted, but sending; pressed twice, it is sent once.
    answer_page(officer, shared_town, answers)
    officer.locator("main [name=party]").first.check()
    live.main_button(officer).dblclick()
    officer.wait_for_url("**/sent")
    with shared_town.app.app_context():
        sent = select(func.count()).select_from(Referral).where(Referral.case_id == interview_of(officer))
        assert db.session.scalar(sent) == 1


def test_a_stop_that_is_meant_keeps_needs_and_danger_and_nothing_of_what_was_told(shared_town: Town, desk: Any) -> None:
    officer: Page = desk(OFFICER)
    live.main_button(officer).click()
    answers = life(shared_town, danger="yes", danger_who="burri", story="Më mbyllën dy vjet.")
    work_through(officer, shared_town, answers, last="signs")
    officer.locator("button[name=stop]").click()
    expect(officer).to_have_url(re.compile("/urgent_first$"))
    expect(officer.locator("[name=danger][value=yes]")).to_be_checked()
    answer_page(officer, shared_town, answers)
    live.go_on(officer)
    officer.check("[name=consent_urgent][value=refused]")  # wrong, and on to the page that would destroy
    live.go_on(officer)
    assert page_of(officer) == "urgent_refusal"
    officer.go_back()
    officer.check("[name=consent_urgent][value=undecided]")
    live.go_on(officer)
    case_id = interview_of(officer)
    officer.check("[name=leaflet][value=unsafe]")
    officer.locator("main [name=party]").first.check()
    live.main_button(officer).click()
    officer.wait_for_url("**/sent")
    with shared_town.app.app_context():
        db.session.rollback()
        assert set(vault.compartments_of(db.session(), case_id)) == {"hand_over"}
        assert db.session.get_one(Case, case_id).consent == "not_asked_urgent"
        assert db.session.scalars(select(Consent).where(Consent.case_id == case_id)).all() == []


def test_pressed_twice_the_short_screen_counts_once_and_says_nothing_else(shared_town: Town, desk: Any) -> None:
    with shared_town.app.app_context():
        before = screened.counted().total()
    officer: Page = desk(OFFICER)
    live.main_button(officer).click()
    answers = {**life(shared_town, danger="no", hurt="no"), **CLEAN}
    work_through(officer, shared_town, answers, last="six")
    answer_page(officer, shared_town, answers)
    live.main_button(officer).dblclick()
    officer.wait_for_url("**/interviews/ended/*")
    assert "Asgjë nuk u numërua" not in officer.locator("main").inner_text()
    officer.go_back()
    officer.reload()
    assert "Asgjë nuk u numërua" not in officer.locator("main").inner_text()
    with shared_town.app.app_context():
        assert screened.counted().total() == before + 1


def test_a_yes_mistyped_from_an_urgent_paper_is_read_in_words_before_it_is_sent(shared_town: Town, desk: Any) -> None:
    with shared_town.app.app_context():
        (number,) = paper_forms.drawn(1)
        by = factories.actor(OFFICER)
        paper_forms.issue(numbers=[number], questionnaire=questionnaire(shared_town), staff="sq", spoken="sq", by=by)
    officer: Page = desk(OFFICER)
    officer.goto(f"{shared_town.base}/papers/type-in")
    now: datetime = clock.now().astimezone(ZoneInfo("Europe/Tirane"))
    officer.fill("[name=number]", number)
    for name, value in {
        "day-day": now.day,
        "day-month": now.month,
        "day-year": now.year,
        "hour": f"{now:%H:%M}",
    }.items():
        officer.fill(f'[name="{name}"]', str(value))
    live.main_button(officer).click()
    typed = {"urgent": "1", "language": "1", "alone": "1", "hurt": "88", "danger": "88", "age": "2", "gender": "1"}
    typed |= {"citizenship_class": "1", "needs": "88", "children": "88", "leaflet": "3", "consent_urgent": "1"}
    for name, value in typed.items():
        officer.fill(f"[name={name}]", value)
    officer.press("[name=consent_urgent]", "Enter")
    expect(officer).to_have_url(re.compile("/urgent_send$"))
    question = questionnaire(shared_town).questions["consent_urgent"]
    words = officer.locator(".cards div", has_text=question.text["sq"])
    expect(words.locator("dd")).to_have_text("Po")
    assert officer.evaluate("document.documentElement.scrollWidth") <= 320
    officer.locator('.cards a[href$="/urgent_consent"]').click()
    officer.check("[name=consent_urgent][value=undecided]")
    live.go_on(officer)
    expect(words.locator("dd")).to_contain_text("Nuk e di")
    officer.locator("main [name=party]").first.check()
    live.main_button(officer).click()
    officer.wait_for_url("**/sent")
    with shared_town.app.app_context():
        db.session.rollback()
        assert db.session.get_one(Case, interview_of(officer)).consent == "not_asked_urgent"


def frightened(officer: Page, town: Town) -> None:
    """Unsure of her age, then seventeen, then nineteen; she knows nothing of anything, up to the decision."""
    answers = life(town, age="unsure", danger="no_answer", hurt="dont_know")
    answer_page(officer, town, answers)
    live.go_on(officer)
    assert page_of(officer) == "signs_child"
    officer.check("[name=purpose_read][value=understood]")
    for name in ("noticed", "noticed_child"):
        officer.check(f"[name={name}][value=none]")
    does_not_know(officer)
    officer.check("[name=risk][value=unknown]")
    live.go_on(officer)
    for age in ("child", "adult"):
        officer.goto(f"{town.base}/interviews/{interview_of(officer)}/screen")
        officer.check(f"[name=age][value={age}]")
        live.go_on(officer)
    assert page_of(officer) == "six"
    while (here := page_of(officer)) != "check":
        does_not_know(officer)
        if here == "way":  # what was read to a child was not read to an adult
            expect(officer.locator("[name=purpose_read]:checked")).to_have_count(0)
            officer.check("[name=purpose_read][value=understood]")
        if officer.locator("[name=age_stated]").count():
            officer.fill("[name=age_stated]", "17")
            live.main_button(officer).click()
            expect(officer.locator("[data-errors]")).to_be_visible()
            officer.fill("[name=age_stated]", "19")
        live.go_on(officer)
        expect(officer).not_to_have_url(re.compile(f"/{here}$"))
    officer.check("[name=leaflet][value=unsafe]")
    live.go_on(officer)
    assert page_of(officer) == "decision"


def test_a_girl_who_does_not_know_goes_to_a_shelter_and_said_neither_yes_nor_no(shared_town: Town, desk: Any) -> None:
    officer: Page = desk(OFFICER)
    live.main_button(officer).click()
    frightened(officer, shared_town)
    case_id = interview_of(officer)
    officer.check("[name=assessment][value=none]")  # wrong: a child was told of before, the post ends nothing
    officer.fill("[name=assessment_why]", "Nuk thotë asgjë")
    officer.locator("button[name=end]").click()
    expect(officer.locator("h1")).to_have_text(re.compile("Autoriteti për fëmijët"))
    authority: Page = desk("child_protection.case_worker")
    expect(authority.locator(f'a[href$="/children/{case_id}/answer"]')).to_be_visible()
    officer.goto(f"{shared_town.base}/interviews/{case_id}/decision")
    officer.check("[name=assessment][value=suspected]")
    officer.locator("main [name=party]").first.check()
    receiver = officer.locator("main [name=party]").first.get_attribute("value")
    assert receiver
    live.main_button(officer).dblclick()
    officer.wait_for_url("**/sent")
    code = officer.locator(".code").inner_text()
    assert CODE.fullmatch(code)
    expect(officer.locator("main")).to_contain_text("nuk ka thënë ende po")
    told_nothing(shared_town, case_id)

    worker: Page = desk(f"{receiver.lower()}.case_worker")
    worker.get_by_role("link", name=code).first.click()
    worker.select_option("[name=bed]", index=1)
    worker.get_by_role("button", name="Pranoni personin").click()
    worker.get_by_role("link", name="Më vonë: pika kufitare pret derisa ta thoni").click()
    worker.wait_for_url(f"**/cases/{case_id}")
    told = worker.locator("main").inner_text()
    assert "Numërimi, pa emër" not in told  # she did not refuse to be counted either
    assert "pret e mbyllur deri më" in told
    worker.locator('a[href$="/consents/ask"]').first.click()
    assert page_of(worker) == "ask"
    told_nothing(shared_town, case_id)
    for login in ("molsa.statistician", "oms.coordinator", "rinas.border_officer"):
        other: Page = desk(login)
        assert code not in other.locator("main").inner_text()
        answer = other.goto(f"{shared_town.base}/cases/{case_id}")
        assert answer
        assert answer.status in (403, 404)


def test_a_girl_who_does_not_know_and_leaves_did_not_refuse(shared_town: Town, desk: Any) -> None:
    officer: Page = desk(OFFICER)
    live.main_button(officer).click()
    work_through(officer, shared_town, life(shared_town, danger="no"), last="six")
    while page_of(officer) != "check":
        does_not_know(officer)
        if page_of(officer) == "way":
            officer.check("[name=purpose_read][value=understood]")
        if officer.locator("[name=risk]").count():
            officer.check("[name=risk][value=unknown]")
        live.go_on(officer)
    officer.check("[name=leaflet][value=unsafe]")
    live.go_on(officer)
    interview = f"{shared_town.base}/interviews/{interview_of(officer)}"
    officer.locator("button[name=without]").click()
    officer.wait_for_url("**/without")
    expect(officer.locator("main")).to_contain_text("nuk vendosi")
    officer.locator("main .btn.second").click()  # go on: nothing happened
    expect(officer).to_have_url(f"{interview}/decision")
    officer.locator("button[name=without]").click()
    officer.locator("main .btn.danger").dblclick()
    officer.wait_for_url("**/held")
    officer.goto(f"{interview}/decision")  # whatever is pressed next, it is sealed and can be taken back
    officer.wait_for_url("**/held")
    officer.get_by_role("button", name="Personi thotë").click()
    expect(officer.locator('[name=consent_sharing][value="dont_know"]')).to_be_checked()  # no yes was made of it
    officer.goto(f"{interview}/decision")
    officer.locator("button[name=without]").click()
    officer.locator("main .btn.danger").click()
    officer.wait_for_url("**/held")
    with shared_town.app.app_context():
        before = _outcomes()
        factories.end_holds()
        after = _outcomes()
        clock.set_clock(None)
        assert after["undecided"] == before.get("undecided", 0) + 1
        assert after.get("refused", 0) == before.get("refused", 0)
        assert db.session.get(Case, uuid.UUID(interview.rsplit("/", 1)[1])) is None


def _outcomes() -> dict[str, int]:
    found: dict[str, int] = {}
    for each, number in screened.counted().items():
        found[each.outcome] = found.get(each.outcome, 0) + number
    return found
