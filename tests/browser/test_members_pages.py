"""Leaving, a new key, sealing again and a lost password, by the pages; each page in the state in which it matters."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from nrm import clock
from nrm.actions.accounts import beginning_anew, sealing_again, words
from nrm.db import db
from nrm.models.accounts.accounts import Member
from nrm.store.accounts import members as store
from nrm.store.rows.accounts import members as member_rows
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.integration.accounts.test_invitations import one_more
from tests.integration.keylog.test_holding import take_wraps
from tests.world import World


def id_of(login: str) -> uuid.UUID:
    found = db.session.scalar(select(Member.id).where(Member.login == login))
    assert found is not None
    return found


def desk(browser: Browser, base: str, login: str) -> Page:
    page = new_context(browser).new_page()
    live.sign_in(page, base, login)
    return page


def good(page: Page, address: str) -> None:
    """The page in both languages; English stays."""
    for lang in ("sq", "en"):
        checks.assert_good_page(page, f"{address}?lang={lang}", most=checks.ORDINARY_PAGE)


def good_as_it_is(page: Page) -> None:
    """A page that a form answered with."""
    checks.assert_accessible(page)
    checks.assert_fits(page)


def test_a_member_is_disabled_the_key_renewed_and_everything_sealed_again(
    world_app: tuple[Flask, World], browser: Browser
) -> None:
    app, _ = world_app
    worker = id_of("nrc.case_worker")
    with live.serving(app) as base:
        page = desk(browser, base, "nrc.shelter_manager")
        for path in ("/members", "/members/keys", "/recovery-code", "/recovery-code/new", f"/members/{worker}/anew"):
            good(page, base + path)
        page.goto(f"{base}/members")
        page.locator(f'a[href="/members/{worker}/disable"]').click()
        good(page, page.url)
        page.locator('main input[name="reason"][value="left"]').check()
        live.main_button(page).click()
        expect(page.locator("h1")).to_have_text("A second hand has to agree")  # one of two leaves
        good(page, page.url)
        manager = factories.actor("nrc.shelter_manager")
        hands.ended(worker, manager)
        good(page, f"{base}/members/keys")  # a new key was made; not everything is moved to it
        good(page, f"{base}/")  # that again, and: nobody can be accepted, for there is one key holder
        expect(page.locator(".note", has_text="cannot accept anybody yet")).to_be_visible()
        page.goto(f"{base}/members/keys")
        live.main_button(page).click()
        manager = factories.actor("nrc.shelter_manager")
        stands = store.keys(by=manager)
        assert (stands.version, stands.under_way, store.number_exposed(by=manager)) == (2, False, 0)
        expect(page.locator("main")).to_contain_text("Everything is sealed to the newest key, number 2.")
        expect(page.locator("main")).to_contain_text("everything was sealed anew")
        good(page, page.url)
        page.context.close()


def test_the_administrator_ends_no_key_holder_and_a_new_key_is_due_after_the_desk_agreed(
    world_app: tuple[Flask, World], browser: Browser
) -> None:
    app, _ = world_app
    officer, worker = id_of("rinas.border_officer"), id_of("vatra.case_worker")
    with live.serving(app) as base:
        page = desk(browser, base, "administrator")
        for member_id in (officer, worker):  # also of one key holder, and of one of two
            page.goto(f"{base}/members/{member_id}/disable?lang=en")
            live.main_button(page).click()
            expect(page.locator("main")).to_contain_text("The key holders of the organisation end this account")
            good_as_it_is(page)
        invited = desk(browser, base, "vatra.shelter_manager")
        good(invited, f"{base}/members/invite")
        invited.fill("#name", "Mira Deda")
        invited.fill("#login", "vatra.mira")
        invited.locator('input[name="role"][value="case_worker"]').check()
        live.main_button(invited).click()
        good_as_it_is(invited)
        db.session.rollback()  # the page wrote meanwhile
        factories.join(invited.locator(".done .code").inner_text().rsplit("/", 1)[1])
        good(invited, f"{base}/members")  # who waits, and who invited them
        factories.confirm("vatra.mira", by=factories.actor("vatra.shelter_manager"))
        invited.context.close()
        good(page, f"{base}/members/invite")  # organisations with two key holders are not offered
        page.context.close()
        page = desk(browser, base, "vatra.shelter_manager")
        manager = factories.actor("vatra.shelter_manager")
        for leaving in (worker, id_of("vatra.mira")):  # the second of them leaves one who holds the key
            hands.ended(leaving, manager, renews=False)
        good(page, f"{base}/members/keys")  # a new key is due
        good(page, f"{base}/")
        sealing_again.renew_keyring(by=manager)
        assert sealing_again.move_grants(by=manager).done
        good(page, f"{base}/members/keys")  # still to be sealed again
        page.goto(f"{base}/")
        page.locator(".note form button").click()
        expect(page).to_have_url(f"{base}/members/keys")
        assert store.keys(by=manager).seal_again_since is None
        page.context.close()


def test_who_does_not_hold_the_newest_key_says_so_and_is_given_it(
    world_app: tuple[Flask, World], browser: Browser
) -> None:
    app, _ = world_app
    take_wraps("nrc.case_worker")
    with live.serving(app) as base:
        worker = desk(browser, base, "nrc.case_worker")
        good(worker, f"{base}/")
        good(worker, f"{base}/members/keys")
        worker.goto(f"{base}/?lang=en")
        worker.get_by_role("button", name="I do not hold this key").click()
        expect(worker).to_have_url(f"{base}/members/keys")
        good(worker, worker.url)
        worker.get_by_role("link", name="Make the next key").click()
        good(worker, worker.url)
        colleague = desk(browser, base, "nrc.shelter_manager")
        good(colleague, f"{base}/")
        colleague.locator(".note a", has_text="Keys of the organisation").first.click()
        good(colleague, colleague.url)
        colleague.get_by_role("button", name="Give the key to Test case_worker").click()
        expect(colleague.locator("main")).to_contain_text("was given the key again")
        colleague.context.close()
        live.sign_in(worker, base, "nrc.case_worker")
        good(worker, f"{base}/")
        worker.get_by_role("button", name="I hold it again").click()
        expect(worker.get_by_role("button", name="I hold it again")).to_have_count(0)
        worker.context.close()


def test_who_lost_the_password_begins_again_and_is_confirmed(world_app: tuple[Flask, World], browser: Browser) -> None:
    app, _ = world_app
    worker = id_of("nrc.case_worker")
    with factories.at(clock.now() - timedelta(days=15)):
        one_more("ra.second", "ra.duty_officer")
    db.session.rollback()
    with live.serving(app) as base:
        page = desk(browser, base, "nrc.shelter_manager")
        page.goto(f"{base}/members/{worker}/anew?lang=en")
        live.main_button(page).click()
        good_as_it_is(page)
        link = page.locator(".done .code").inner_text()
        db.session.rollback()
        beginning_anew.agree_to_anew(member_id=worker, called_back=True, by=factories.actor("ra.duty_officer"))
        db.session.rollback()

        lost = new_context(browser).new_page()
        good(lost, link)
        lost.fill("#password", factories.PASSWORD)
        lost.fill("#again", factories.PASSWORD)
        live.main_button(lost).click()
        code = lost.locator(".done .code").inner_text()
        good_as_it_is(lost)
        live.main_button(lost).click()
        good(lost, lost.url)
        lost.fill("#code", code[:-1] + ("A" if code[-1] != "A" else "B"))
        live.main_button(lost).click()
        expect(lost.locator("[data-errors]")).to_be_focused()
        good_as_it_is(lost)
        lost.fill("#code", code.lower())
        live.main_button(lost).click()
        live.sign_in(lost, base, "nrc.case_worker")
        good(lost, f"{base}/")  # waits for a colleague

        said = [lost.locator(".done .code").inner_text()]  # nobody else works there: another of the desk hears them
        words.type_words(member_id=worker, typed=said, called_back=True, by=factories.actor("ra.second"))
        db.session.rollback()
        page.goto(f"{base}/members")
        page.locator(f'a[href="/members/{worker}/words"]').click()
        page.fill("#first", lost.locator(".done .code").inner_text())
        live.main_button(page).click()
        expect(page).to_have_url(f"{base}/members?typed=yes")
        good_as_it_is(page)
        good(lost, f"{base}/")
        assert factories.actor("nrc.case_worker").keys is not None
        assert member_rows.holds_newest(worker)
        page.context.close()
        lost.context.close()


def test_an_organisation_is_suspended_and_let_in_again(world_app: tuple[Flask, World], browser: Browser) -> None:
    app, _ = world_app
    with live.serving(app) as base:
        page = desk(browser, base, "administrator")
        # Not NRC, without which some people have nobody who may receive them: that takes a second hand.
        where = f"/organisations/{people.organisation('VATRA')}/suspend"
        for main in ("Suspend the organisation", "Lift the suspension"):
            good(page, base + where)
            good(page, f"{base}/")
            page.locator(f'a[href="{where}"]').click()
            expect(live.main_button(page)).to_have_text(main)
            if main == "Suspend the organisation":
                page.get_by_label("It asked for it, and was called back").check()
            live.main_button(page).click()
            expect(page).to_have_url(f"{base}/")
        page.context.close()


def test_a_new_code_stays_the_same_when_its_page_is_loaded_again_or_hidden(
    world_app: tuple[Flask, World], browser: Browser
) -> None:
    app, _ = world_app
    with live.serving(app) as base:
        page = desk(browser, base, "nrc.case_worker")
        page.goto(f"{base}/recovery-code/new?lang=en")
        page.fill("#password", factories.PASSWORD)
        live.main_button(page).click()
        code = page.locator(".done .code").inner_text()
        good(page, page.url)
        page.reload()
        expect(page.locator(".done .code")).to_have_text(code)
        page.locator("form[data-cover] button").click()
        page.wait_for_url("**/blank")
        page.goto(f"{base}/unlock?lang=en")
        page.fill("#password", factories.PASSWORD)
        live.main_button(page).click()
        expect(page.locator(".done .code")).to_have_text(code)
        live.main_button(page).click()
        page.fill("#code", code)
        live.main_button(page).click()
        expect(page.locator("main")).to_contain_text("You typed in your recovery code")
        for lang in ("sq", "en"):
            checks.assert_good_page(page, f"{base}/shown?lang={lang}", status=404, most=checks.ORDINARY_PAGE)
        expect(page.get_by_role("link", name="Make a new recovery code")).to_be_visible()
        page.context.close()
