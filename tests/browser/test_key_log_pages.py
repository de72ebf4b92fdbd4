"""A party that is left out for 72 hours, another role or name, and a name that was changed by hand, by the pages."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import Browser, expect
from sqlalchemy import select, update

from nrm.db import db, transaction
from nrm.models.accounts.accounts import Member, Organisation
from tests import factories
from tests.browser import live
from tests.browser.test_members_pages import desk, good, good_as_it_is, id_of
from tests.integration.keylog.test_party_suspended import second_officer


def test_two_duty_officers_leave_a_party_out_and_its_people_read_why(app: Flask, browser: Browser) -> None:
    second_officer()
    vatra = db.session.scalars(select(Organisation.id).where(Organisation.code == "VATRA")).one()
    db.session.rollback()
    with live.serving(app) as base:
        first, second = desk(browser, base, "ra.duty_officer"), desk(browser, base, "ra.second")
        good(first, f"{base}/key-log/organisations")
        first.locator(f'a[href="/parties/{vatra}/suspension"]').click()
        good(first, f"{base}/parties/{vatra}/suspension")
        live.main_button(first).click()
        expect(first.locator("main")).to_contain_text("Waits for another hand")
        good_as_it_is(first)
        second.goto(f"{base}/key-log?lang=en")
        second.get_by_text("A party of the agreement").click()
        good(second, second.url.partition("?")[0])
        second.locator("#compared").check()
        live.main_button(second).click()
        good(second, f"{base}/parties/{vatra}/suspension")
        expect(second.locator("main")).to_contain_text("It takes no part until")
        theirs = desk(browser, base, "vatra.case_worker")
        good(theirs, f"{base}/")
        expect(theirs.locator("h1")).to_have_text("Your organisation takes no part now")


def test_another_role_and_name_and_a_name_that_was_changed_by_hand(app: Flask, browser: Browser) -> None:
    worker = id_of("vatra.case_worker")
    db.session.rollback()
    with live.serving(app) as base:
        page, them = desk(browser, base, "vatra.case_worker"), desk(browser, base, "vatra.shelter_manager")
        manager = id_of("vatra.shelter_manager")
        db.session.rollback()
        good(page, f"{base}/members")
        page.locator(f'a[href="/members/{manager}/role"]').click()
        good(page, f"{base}/members/{manager}/role")
        page.locator("main form button.btn").first.click()
        expect(page.locator(".bad")).to_have_count(1)
        good_as_it_is(page)
        page.get_by_label("Case worker").check()
        page.locator("main form button.btn").first.click()
        expect(page.locator("h1")).to_have_text("Key log")  # whose role may do more: a second hand
        page.get_by_role("link", name="Somebody is to have another role").click()
        good(page, page.url.partition("?")[0])
        good(page, f"{base}/members/{worker}/name")
        page.goto(f"{base}/members/{worker}/name?lang=en")
        page.get_by_label("Name").fill("Drita Hoxha")
        page.locator("main form button.btn").last.click()
        them.goto(f"{base}/members?lang=en")
        expect(them.locator("main")).to_contain_text("Drita Hoxha")
        with app.app_context(), transaction() as session:
            session.execute(update(Member).where(Member.id == worker).values(name="Zana Deda"))
        good(them, f"{base}/members")
        expect(them.locator("main")).to_contain_text("the name in the database is not the one that was signed")
        expect(them.locator("main")).not_to_contain_text("Zana Deda")
    assert factories.actor("vatra.case_worker").role is not None


def test_the_duty_desk_is_suspended_by_three_and_let_in_again_by_two(app: Flask, browser: Browser) -> None:
    ra = db.session.scalars(select(Organisation.id).where(Organisation.code == "RA")).one()
    db.session.rollback()
    with live.serving(app) as base:
        admin, *houses = (
            desk(browser, base, each) for each in ("administrator", "nrc.shelter_manager", "vatra.case_worker")
        )
        good(admin, f"{base}/organisations/{ra}/suspend")
        admin.locator("main input[type=radio]").nth(1).check()
        live.main_button(admin).click()
        expect(admin.locator("main")).to_contain_text("you proposed it; others have to agree")
        good(admin, f"{base}/organisations/{ra}/suspend")
        for each in houses:
            good(each, f"{base}/")
            each.goto(f"{base}/key-log?lang=en")
            each.get_by_text("An organisation is to be suspended").click()
            good(each, each.url.partition("?")[0])
            each.locator("#compared").check()
            live.main_button(each).click()
            expect(each.locator("h1")).to_have_text("Key log")
        good(admin, f"{base}/organisations/{ra}/suspend")
        for each in houses:
            good(each, f"{base}/key-log")
            each.get_by_text("Let the Responsible Authority in again").click()
        expect(houses[1].locator("main")).not_to_contain_text("The duty desk is suspended")
    assert factories.actor("ra.duty_officer").role is not None
