"""A night in a shelter after sixteen hours: the wrong one of two, two tabs, a double press, a day too many."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.actions.shelter import absences
from nrm.db import db
from nrm.domain.shelter.absences import Feared
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.places import Place
from nrm.models.shelter.stays import Stay
from nrm.store import days
from tests import factories
from tests import factories_referrals as people
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.factories_stays import admitted, has

NRC, DESK = "nrc.case_worker", "ra.duty_officer"


def on_list(page: Page, base: str, code: str) -> Locator:
    """The rows of the first page that name somebody."""
    page.goto(f"{base}/?lang=en")
    return page.locator("main tr, main .note, main p.pn").filter(has_text=code)


def one(model: type[Referral | Missing | Obligation | Stay], id_: uuid.UUID, column: str) -> object:
    db.session.rollback()
    return db.session.scalars(select(getattr(model, column)).where(model.id == id_)).one()


def press(page: Page, words: str) -> None:
    page.locator("main").get_by_role("button", name=words).last.click()


def test_whatever_a_tired_hand_presses_first_nobody_is_lost_and_the_page_leads_back(
    app: Flask, browser: Browser
) -> None:
    nrc, rinas = factories.actor(NRC), factories.actor("rinas.border_officer")
    girl = people.sent(rinas, age="child")
    referrals.accept(referral_id=girl.referral_id, place_id=people.bed("NRC", 9), by=nrc)
    urgent = people.sent(rinas, urgent=True)
    referrals.accept(referral_id=urgent.referral_id, place_id=people.bed("NRC", 8), by=nrc)
    first, second = admitted(nrc, days_ago=5, bed=0), admitted(nrc, days_ago=5, bed=1)
    since = clock.now() - timedelta(hours=6)
    alarms = [absences.report(case_id=each.case_id, since=since, feared=Feared.YES, by=nrc) for each in (first, second)]
    with live.serving(app) as base:
        worker, desk = new_context(browser), new_context(browser)
        page, other, duty = worker.new_page(), worker.new_page(), desk.new_page()
        live.sign_in(page, base, NRC)
        live.sign_in(duty, base, DESK)
        page.goto(f"{base}/?lang=en")
        duty.goto(f"{base}/?lang=en")

        not_arrived_by_mistake(page, duty, base, girl)
        the_wrong_one_is_back(page, base, (first.pseudonym, second.pseudonym), alarms)
        done_by_nobody(page, base, urgent)
        a_form_of_an_older_page(page, other, base, second.stay_id)
        the_wrong_stay_ends(page, base, second.stay_id, second.pseudonym)
        for context in (worker, desk):
            context.close()


def not_arrived_by_mistake(page: Page, duty: Page, base: str, girl: people.Sent) -> None:
    """The second of two buttons, and a confirmation that nobody read: she stays on both lists, and comes after all."""
    address = f"{base}/referrals/{girl.referral_id}"
    page.goto(f"{base}/cases")
    expect(page.get_by_role("link", name=f"Record the arrival {girl.pseudonym}")).to_have_count(1)
    page.goto(address)
    page.get_by_role("link", name="Did not arrive").click()
    page.locator("main form button").dblclick()
    # Nobody had said that they left: it is asked once more (ADR 0247), and she presses again.
    expect(page.locator("main .note")).to_contain_text("Nobody has said that they left")
    page.locator("main [name=asked]").check()
    page.locator("main form button").dblclick()
    expect(page.locator("main .note")).to_contain_text("The person did not arrive.")
    checks.assert_good_page(page, f"{address}?lang=en")
    expect(on_list(page, base, girl.pseudonym)).to_contain_text("did not arrive")
    expect(on_list(duty, base, girl.pseudonym).filter(has_text="Did not arrive")).to_have_count(1)

    page.get_by_role("link", name="Say where the person is").click()
    page.get_by_role("link", name="The person has come after all").click()
    tomorrow = days.today() + timedelta(days=1)
    for day, month, refused in (
        (31, 2, "a day that exists"),
        (tomorrow.day, tomorrow.month, "not in the future"),
    ):
        page.locator("main [name=admitted][value=other]").check()
        for part, value in zip(("day", "month", "year"), (day, month, tomorrow.year), strict=True):
            page.fill(f"[name=admitted_day-{part}]", str(value))
        page.locator("main [name=planned][value='30']").check()
        page.fill("[name=hour]", "0:00")
        page.locator("main select[name=bed]").select_option(index=1)
        page.press("[name=hour]", "Enter")
        expect(page.locator("[role=alert]")).to_contain_text(refused)
        assert page.input_value("[name=hour]") == "0:00"
        assert one(Referral, girl.referral_id, "status") == "not_arrived"
    page.locator("main [name=admitted][value=today]").check()
    page.locator("main form button").last.dblclick()
    page.locator("main [name=sooner]").check()  # midnight is before the sending: it is asked about once
    page.locator("main form button").last.dblclick()
    expect(page.locator("[role=status]")).to_contain_text(f"{girl.pseudonym} has arrived and is admitted")
    assert one(Referral, girl.referral_id, "status") == "arrived"
    expect(on_list(duty, base, girl.pseudonym).filter(has_text="Did not arrive")).to_have_count(0)


def the_wrong_one_is_back(page: Page, base: str, codes: tuple[str, str], alarms: list[uuid.UUID]) -> None:
    """Of two who are missing the wrong one is pressed: the page names her, and the alarm stands until it is sure."""
    wrong, right = codes
    page.goto(f"{base}/?lang=en")
    page.get_by_role("link", name=f"The person is back {wrong}").dblclick()
    expect(page.locator("h1")).to_have_text(f"{wrong} is back")
    expect(page.locator("main")).to_contain_text("is this the right code?")
    checks.assert_good_page(page, page.url)
    page.go_back()
    assert [one(Missing, each, "outcome") for each in alarms] == ["", ""]
    page.get_by_role("link", name=f"The person is back {right}").click()
    press(page, "The alarm is over")
    expect(page.locator("[role=status]")).to_contain_text(f"{right} is back")
    assert [one(Missing, each, "outcome") for each in alarms] == ["", "found"]
    expect(on_list(page, base, wrong).first).to_be_visible()


def done_by_nobody(page: Page, base: str, urgent: people.Sent) -> None:
    """An interview that nobody completed is not called complete by the first button that looks alike."""
    db.session.rollback()
    owed = db.session.scalars(
        select(Obligation.id).where(Obligation.case_id == urgent.case_id, Obligation.kind == "complete_interview")
    ).one()
    page.goto(f"{base}/to-do")
    complete = page.get_by_role("link", name=f"The interview is complete {urgent.pseudonym}")
    expect(complete).to_have_count(0)  # nobody can say so of a person who has not arrived (ADR 0266)
    referrals.arrive(referral_id=urgent.referral_id, by=factories.actor(NRC))
    page.reload()
    complete.dblclick()
    expect(page.locator("main")).to_contain_text("It cannot be taken back")
    expect(page.locator("main .code")).to_have_text(urgent.pseudonym)
    expect(page.locator("main")).to_contain_text("You have added nothing to the urgent interview yet.")
    expect(page.locator("main").get_by_role("link", name="Complete the urgent interview")).to_be_visible()
    checks.assert_good_page(page, page.url)
    page.get_by_role("link", name="Home").first.click()
    assert one(Obligation, owed, "done_at") is None
    page.goto(f"{base}/obligations/{owed}/acknowledge")
    press(page, "The interview is complete")
    expect(page.locator("h1")).to_have_text("Home")
    assert one(Obligation, owed, "done_at") is not None


def a_form_of_an_older_page(page: Page, other: Page, base: str, stay_id: uuid.UUID) -> None:
    """Two tabs with the same form: the second one moves nobody back; a double press is no conflict."""
    address = f"{base}/stays/{stay_id}/change"
    page.goto(address)
    other.goto(address)
    chosen = page.locator("[name=bed] option:not(:checked)").nth(2).inner_text()
    page.select_option("[name=bed]", label=chosen)
    page.locator("main form button").dblclick()
    expect(page.locator("[role=status]")).to_be_visible()
    assert page.locator("[role=alert]").count() == 0
    moved_to = has(stay_id)
    assert db.session.scalars(select(Place.label).where(Place.id == moved_to)).one() == chosen

    planned = days.today() + timedelta(days=50)
    for part, value in zip(("day", "month", "year"), (planned.day, planned.month, planned.year), strict=True):
        other.fill(f"[name=planned-{part}]", str(value))
    other.select_option("[name=plan_why]", "needs_more_time")
    press(other, "Save")
    expect(other.locator("[role=alert]")).to_contain_text("was changed since you loaded the page")
    expect(other.locator("main .note")).to_contain_text(f"place {chosen}")
    assert other.input_value("[name=planned-day]") == str(planned.day)
    assert has(stay_id) == moved_to
    other.select_option("[name=bed]", label=chosen)
    press(other, "Save")
    expect(other.locator("[role=status]")).to_contain_text("The planned end is changed")
    assert has(stay_id) == moved_to
    assert one(Stay, stay_id, "anticipated_end_on") == planned
    other.goto(address)
    press(other, "Save")
    expect(other.locator("[role=status]")).to_contain_text("nothing else was changed")

    tomorrow = days.today() + timedelta(days=1)
    other.goto(f"{base}/stays/{stay_id}/away")
    other.locator("main [name=since][value=other]").check()
    for part, value in zip(("day", "month", "year"), (tomorrow.day, tomorrow.month, tomorrow.year), strict=True):
        other.fill(f"[name=since_day-{part}]", str(value))
    other.locator("main [name=expected][value='3']").check()
    press(other, "Record")
    expect(other.locator("[role=status]")).to_contain_text("are planned; until then nothing changes")


def the_wrong_stay_ends(page: Page, base: str, stay_id: uuid.UUID, code: str) -> None:
    """Three pages, each pressed twice: only the last one ends the stay, and it is struck where the page says so."""
    page.goto(f"{base}/stays/{stay_id}/end")
    page.locator("[name=ended][value=today]").check()
    page.locator("[name=reason][value=left_voluntarily]").check()
    page.locator("main form button").first.dblclick()
    page.select_option("[name=destination]", "own_home")
    page.locator("[name=country][value=home]").check()
    page.locator("main form button").first.dblclick()
    expect(page.locator("main")).to_contain_text("If it turns out to be wrong, the end can be corrected")
    assert one(Stay, stay_id, "ended_on") is None
    press(page, "End the stay")
    expect(page.locator("[role=status]")).to_contain_text(f"The stay of {code} has ended")
    page.goto(f"{base}/cases")
    expect(page.locator("main tr").filter(has_text=code)).to_contain_text("Admit, hand on or close")
    page.goto(f"{base}/stays/{stay_id}")
    page.get_by_role("link", name="Correct the end").click()
    page.get_by_role("link", name="Then the stay goes on").click()
    page.locator("[name=why][value=other_person]").check()
    page.locator("main form button").last.dblclick()
    expect(page.locator("[role=status]")).to_contain_text("The end is struck and the stay goes on")
    assert one(Stay, stay_id, "ended_on") is None
    assert re.search("It was about another person", page.locator("main").inner_text())
