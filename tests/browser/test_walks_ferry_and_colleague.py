"""Two walks: a ferry that brings forty people back at once, and a colleague who works with traffickers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, expect
from sqlalchemy import func, select

from nrm import clock
from nrm.actions import tending
from nrm.db import db
from nrm.domain.quarters import Quarter
from nrm.models.accounts.accounts import Organisation
from nrm.models.interviews.groups import ReturnGroup
from nrm.models.interviews.interviews import Interview
from nrm.models.interviews.screenings import ScreenStep
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Grant
from nrm.store.interviews import screenings
from tests import factories
from tests.browser import live
from tests.browser.conftest import Town, new_context
from tests.conftest import Person
from tests.factories_agreements import colleague

OFFICER = "rinas.border_officer"
COLLEAGUE = f"{OFFICER}.2"
CALM = {
    "papers_kept": "no",
    "debt_work": "no",
    "could_leave": "nobody",
    "pay_taken": "nobody",
    "hurt_for": "no",
    "waited_for": "no",
}
ALARMING = {**CALM, "papers_kept": "yes", "could_leave": "no", "waited_for": "yes"}
ADULT = {"alone": "yes", "hurt": "no", "danger": "no", "age": "adult", "gender": "feminine"}
FERRY = {
    "language": "sq",
    "citizenship_class": "albanian",
    "returned_from": "IT",
    "return_manner": "deported",
    "announced": "no",
}
SHORT = {name: FERRY[name] for name in ("language", "citizenship_class")}
STORY, POLICEMAN = "Tregimi i saj i plote", "Shefi i turnit mori para"


@pytest.fixture(scope="module")
def post(shared_town: Town) -> Town:
    """A town in which the post has a second officer."""
    with shared_town.app.app_context():
        organisation = db.session.scalars(select(Organisation).where(Organisation.code == "RINAS")).one()
        colleague(organisation, OFFICER, factories.actor(OFFICER))
    return shared_town


@pytest.fixture
def desk(browser: Browser, post: Town) -> Iterator[Callable[[str], Page]]:
    contexts: list[BrowserContext] = []

    def sit_down(login: str) -> Page:
        contexts.append(new_context(browser))
        page = contexts[-1].new_page()
        live.sign_in(page, post.base, login)
        return page

    yield sit_down
    for context in contexts:
        context.close()
    clock.set_clock(None)


def say(page: Page, button: str = "", **answers: Any) -> None:
    """Answer a page and press its main button, or another."""
    told = {name: each if isinstance(each, list) else [each] for name, each in answers.items()}
    live.fill_in(page, told)
    if button:
        with page.expect_navigation():
            page.locator(f"main button[name={button}]").click()
    else:
        live.go_on(page)


def confirm(page: Page, button: str, **answers: str) -> None:
    """Answer the page that asks before an interview ends, and press the button that ends it."""
    live.fill_in(page, {name: [each] for name, each in answers.items()})
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def of(page: Page) -> str:
    """The id of the interview that is open."""
    found = re.search(r"/interviews/([0-9a-f-]{36})", page.url)
    assert found, page.url
    return found.group(1)


def token(page: Page) -> str:
    return str(page.locator("input[name=csrf_token]").first.input_value())


def typed_by_hand(page: Page, base: str, address: str, **fields: Any) -> APIResponse:
    """A form that no page showed, sent with the session of the page; not followed."""
    sent = urlencode({"csrf_token": token(page), **fields}, doseq=True)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return page.request.post(f"{base}{address}", data=sent, headers=headers, max_redirects=0)


def next_one(page: Page, group: str) -> str:
    """Press the button for the next person of the group; the id of the interview."""
    with page.expect_navigation():
        page.locator(f'form[action="/groups/{group}/next"] button:has-text("Personi tjetër i grupit")').click()
    return of(page)


def calm_person(page: Page) -> None:
    say(page, **ADULT)
    say(page, **CALM)
    page.wait_for_url("**/ended/none")


def rows_of(town: Town, interview_id: str) -> Interview:
    with town.app.app_context():
        return db.session.scalars(select(Interview).where(Interview.id == uuid.UUID(interview_id))).one()


def test_forty_who_come_back_at_once_each_end_in_the_right_place(post: Town, desk: Callable[[str], Page]) -> None:
    officer, other = desk(OFFICER), desk(COLLEAGUE)
    officer.goto(f"{post.base}/groups/new")
    live.main_button(officer).click()
    first = of(officer)
    say(officer, **ADULT, **FERRY)
    say(officer, **CALM)
    officer.wait_for_url("**/ended/none")
    group = str(officer.locator("form[action*='/groups/']").first.get_attribute("action")).split("/")[2]

    # The next ones: three loads and fourteen clicks, the button for the next among them.
    loads = live.Loads(officer)
    next_one(officer, group)
    assert "Grupi, personi 2" in officer.locator("main").inner_text()
    open_ones = officer.locator("main input[type=radio]:visible").evaluate_all("all => all.map(one => one.name)")
    assert set(open_ones) == set(ADULT)  # what the group shares stands there already, folded
    calm_person(officer)
    assert loads.since() == 3
    assert len(ADULT) + len(CALM) + 3 == 14

    # Two officers work on one group; the same button pressed by both begins one person and not two.
    other.goto(f"{post.base}/groups/{group}")
    third = next_one(other, group)
    again = typed_by_hand(officer, post.base, f"/groups/{group}/next", id=third)
    assert again.status == 303
    assert third in again.headers["location"]
    assert typed_by_hand(officer, post.base, f"/groups/{group}/next", id="junk").status == 422

    # One speaks no language of the post: it is typed, although the group's stands ticked and cannot be unticked.
    other.locator("main details summary").last.click()
    say(other, **{**ADULT, "language-other": "Pashto", "interpreter": "not_found"})
    other.wait_for_url("**/apart")
    say(other, apart="not_asked")
    confirm(other, "Mbylleni dhe asgjësojeni")
    other.wait_for_url("**/ended/not_asked")
    fourth = next_one(other, group)
    assert "personi 4: Shqip" in other.locator("main").inner_text()  # the group stays as it was

    # A child with a parent: nobody at the post ends it, and the group says that it is not done.
    say(other, **{**ADULT, "alone": "no", "companions": "parent", "age": "child"})
    seen = {"purpose_read": "understood", "noticed_child": "none", "needs": "none", "children": "0", "risk": "low"}
    say(other, **seen)
    say(other, child_with="Babai")
    say(other, "end", assessment="none", assessment_why="Me babanë e vet.", leaflet="taken")
    confirm(other, "Pyet autoritetin e fëmijëve", reason="explained")
    assert "Autoriteti për fëmijët u pyet" in other.locator("h1").inner_text()

    # One of them collapses: four pages, no name; whoever is not done can still be seen.
    officer.goto(f"{post.base}/groups/{group}")
    assert "Personi 4 (te një koleg)" in officer.locator("main").inner_text()
    fifth = next_one(officer, group)
    officer.check("main [name=hurt][value=yes]")
    with officer.expect_navigation():
        officer.locator("header button[name=stop]").click()
    expect(officer.locator("[name=hurt][value=yes]")).to_be_checked()  # what was ticked is still there
    say(officer, **{**ADULT, "hurt": "yes", "needs": "medical", "children": "2+"}, children_who="girl 4, boy 9")
    say(officer, consent_urgent="not_asked")
    officer.locator("main details:has([name=party][value=NRC]) > summary").click()
    say(officer, leaflet="unsafe", party="NRC", override_reason="other")
    officer.wait_for_url("**/sent")

    # One says something alarming: it becomes the interview, and is under way while the others go on.
    sixth = next_one(officer, group)
    say(officer, **ADULT)
    say(officer, **ALARMING)
    assert of(officer) == sixth
    assert "/ended/" not in officer.url

    # The rest say nothing alarming; by the same forms, sent without a browser.
    quick = Person(post.app.test_client(), OFFICER)
    for _ in range(34):
        begun = quick.post(f"/groups/{group}/next", {"id": str(uuid.uuid4())})
        screen = quick.post(begun, {**FERRY, **ADULT, "seen": "1"})
        assert quick.post(screen, {**CALM, "seen": "2"}).endswith("/ended/none")

    officer.goto(f"{post.base}/")
    home = officer.locator("main").inner_text()
    assert "U mbarua me 38 persona" in home
    assert "Personi 4 (te një koleg)" in home
    assert "Personi 6" in home
    with post.app.app_context():
        row = db.session.get_one(ReturnGroup, uuid.UUID(group))
        assert (row.begun, row.done) == (40, 38)
        # The number dies with the draft: only those who are not done have one.
        numbered = select(Interview.id, Interview.group_number).where(Interview.group_id == uuid.UUID(group))
        assert {str(one): number for one, number in db.session.execute(numbered)} == {fourth: 4, sixth: 6}
        for one in (first, third, fifth):
            assert db.session.get_one(Interview, uuid.UUID(one)).group_number is None
        steps = select(ScreenStep.step, func.sum(ScreenStep.number)).where(ScreenStep.crossing_point == "rinas")
        counted = {step: int(number) for step, number in db.session.execute(steps.group_by(ScreenStep.step))}
        today = Quarter.of(clock.now().date())
        shares = screenings.shares(today, today, by=factories.actor("oms.monitor"))
        assert shares["rinas"].not_asked == 5 * round(20 / counted["screened"])
    assert counted["screened"] >= 37  # 36 who named nothing, and one who could not be asked
    assert counted["not_asked"] == 1

    # After twelve hours the group is over, and nothing says who was in it.
    clock.set_clock(lambda: datetime.now(UTC) + timedelta(hours=12, minutes=5))
    Person(post.app.test_client(), OFFICER).get(f"/groups/{group}", status=404)
    with post.app.app_context():
        tending.tend()
        assert db.session.get(ReturnGroup, uuid.UUID(group)) is None
        placed = select(Interview).where(Interview.group_id == uuid.UUID(group))
        assert db.session.scalars(placed).all() == []


def struck_out_interview(page: Page, post: Town, **happened: str) -> str:
    """An interview up to the page after consent, in which the person strikes Vatra out; its id."""
    page.goto(f"{post.base}/")
    live.main_button(page).click()
    say(page, **ADULT, **FERRY)
    say(page, **ALARMING)
    say(page, purpose_read="understood")
    say(page, story=STORY, forms="forced_labour", control="violence", **happened)
    say(page, still="no", needs="medical", risk="high", children="0")
    yes = dict.fromkeys(("consent_services", "consent_sharing", "consent_statistics"), "yes")
    say(page, parties="VATRA", **yes)
    return of(page)


def everywhere(interview_id: str) -> list[str]:
    pages = ("", "/screen", "/happened", "/consent", "/decision", "/end", "/discard", "/without", "/held", "/sent")
    return [f"/interviews/{interview_id}{each}" for each in (*pages, "/transport/pdf")] + [
        f"/drafts/{interview_id}/hand-over",
        f"/cases/{interview_id}",
        f"/cases/{interview_id}/refer",
    ]


def test_a_colleague_who_works_with_traffickers_learns_and_changes_nothing(
    post: Town, desk: Callable[[str], Page], tmp_path: Path
) -> None:
    base = post.base
    hers, his = desk(OFFICER), desk(COLLEAGUE)

    # A policeman of this post took part: no reason opens it, and no address or forged form does.
    told = struck_out_interview(hers, post, official="yes", official_what=POLICEMAN)
    for address in everywhere(told):
        shown = his.request.get(f"{base}{address}").text()
        assert STORY not in shown
        assert POLICEMAN not in shown
        assert 'name="reason"' not in shown
    forged: list[tuple[str, dict[str, str]]] = [
        (f"/drafts/{told}/open", {"reason": "danger"}),
        (f"/drafts/{told}/hand-over", {"seen": "7", "name": COLLEAGUE, "why": "x"}),
        (f"/drafts/{told}/urgent", {"seen": "7"}),
        (f"/interviews/{told}/resume", {}),
        (f"/interviews/{told}/happened", {"seen": "7", "official": "no"}),
        (f"/interviews/{told}/consent", {"seen": "7", "named": "VATRA", "consent_sharing": "yes"}),
        (f"/interviews/{told}/decision", {"seen": "7", "party": "VATRA", "assessment": "possible"}),
        (f"/interviews/{told}/end", {"seen": "7", "reason": "mistaken"}),
        (f"/interviews/{told}/discard", {"seen": "7", "reason": "mistaken"}),
        (f"/interviews/{told}/without", {"seen": "7"}),
        ("/interviews", {"id": told}),
    ]
    his.goto(f"{base}/")
    for address, fields in forged:
        answer = typed_by_hand(his, base, address, **fields)
        if answer.status == 303:  # a button that was pressed twice leads to what is there: which stays closed
            assert STORY not in his.request.get(f"{base}{answer.headers['location']}").text()
        else:
            assert answer.status in (404, 409, 422), (address, answer.status)
    assert rows_of(post, told).status == "draft"
    with post.app.app_context():
        grants = select(func.count()).select_from(Grant).where(Grant.case_id == uuid.UUID(told))
        assert db.session.scalar(grants) == 0  # whoever has the post's keyring and all rows opens nothing of it
    for raw in tmp_path.parent.rglob("main.db"):
        assert STORY.encode() not in raw.read_bytes()

    # An ordinary one he opens with a reason: the others are told; he ends nothing, and whom she struck out stays so.
    ordinary = struck_out_interview(hers, post, official="no")
    his.goto(f"{base}/interviews/{ordinary}")
    his.check("[name=reason][value=asked]")
    live.main_button(his).click()
    his.wait_for_url(f"**/interviews/{ordinary}")
    hers.goto(f"{base}/")
    expect(hers.locator('main a[href="/alarms"]')).to_be_visible()
    assert "/discard" not in his.content()
    his.goto(f"{base}/interviews/{ordinary}/consent")
    expect(his.locator("main [name=parties][value=VATRA][type=checkbox]")).to_be_disabled()
    seen = his.locator("main [name=seen]").input_value()
    yes = dict.fromkeys(("consent_services", "consent_sharing", "consent_statistics"), "yes")
    named = [*(each.input_value() for each in his.locator("main [name=named]").all()), "VATRA"]
    lifted = typed_by_hand(his, base, f"/interviews/{ordinary}/consent", seen=seen, named=named, **yes)
    assert lifted.status == 409
    assert "Vetëm intervistuesi" in lifted.text()
    for act, fields in (
        ("six", {**CALM, "shorter": "1", "reason": "explained", "sentence": "x"}),
        ("discard", {"reason": "mistaken"}),
        ("end", {"reason": "mistaken"}),
    ):
        assert typed_by_hand(his, base, f"/interviews/{ordinary}/{act}", seen=seen, **fields).status == 409
    assert rows_of(post, ordinary).status == "draft"

    # She sends it. He withdraws it, and says that the person now wants the shelter she struck out.
    hers.goto(f"{base}/interviews/{ordinary}/identity")
    say(hers)
    say(hers, leaflet="taken")
    say(hers, assessment="possible", assessment_why="Shenja.", party="NRC")
    hers.wait_for_url("**/sent")
    code = hers.locator(".code").inner_text()
    with post.app.app_context():
        vatra = str(db.session.scalars(select(Organisation.id).where(Organisation.code == "VATRA")).one())
        sent = db.session.scalars(select(Referral.id).where(Referral.case_id == uuid.UUID(ordinary))).one()
    his.goto(f"{base}/referrals/{sent}/withdraw")
    live.main_button(his).click()
    his.wait_for_url(f"**/cases/{ordinary}/refer")
    says_yes = {"receiver": vatra, "reason": "other", "by_name": "yes", "by_name_of": vatra}
    asked = typed_by_hand(his, base, f"/cases/{ordinary}/refer", **says_yes)
    assert asked.status == 422
    assert "Vetëm ai koleg mund ta kthejë" in asked.text()

    # The shelter that was struck out, another post, the administrator and the ministry see nothing of either.
    for login in ("vatra.case_worker", "durres.border_officer", "administrator", "molsa.statistician"):
        stranger = Person(post.app.test_client(), login)
        assert code not in stranger.get("/"), login
        for address in (*everywhere(told), *everywhere(ordinary), f"/referrals/{sent}"):
            assert stranger.client.get(address).status_code in (403, 404), (login, address)


def test_a_no_is_opened_by_nobody_and_is_gone_after_half_an_hour(post: Town, desk: Callable[[str], Page]) -> None:
    hers, his = desk(OFFICER), desk(COLLEAGUE)
    hers.locator("button[name=urgent]").click()
    say(hers, **{**ADULT, "hurt": "yes", "hurt_what": STORY}, **SHORT, needs="medical", children="0")
    interview = of(hers)
    say(hers, consent_urgent="refused")
    say(hers, leaflet="taken")
    confirm(hers, "Mbylleni dhe vuloseni", texts="yes", alone="yes", understood="yes")
    hers.wait_for_url("**/held")
    assert STORY not in hers.content()
    for login in (COLLEAGUE, "ra.duty_officer"):
        reader = Person(post.app.test_client(), login)
        for address in everywhere(interview):
            assert STORY not in reader.client.get(address).text
    his.goto(f"{post.base}/")
    for act, fields in (("held", {}), ("resume", {}), ("end", {"reason": "other"}), ("discard", {"reason": "other"})):
        answer = typed_by_hand(his, post.base, f"/interviews/{interview}/{act}", **fields)
        assert STORY not in answer.text()
    assert rows_of(post, interview).status == "held"  # he neither takes it back nor destroys it sooner
    clock.set_clock(lambda: datetime.now(UTC) + timedelta(minutes=31))
    late = Person(post.app.test_client(), OFFICER)
    answer = late.client.post(f"/interviews/{interview}/held", data={"csrf_token": late.csrf_token})
    assert STORY not in late.client.get(answer.headers.get("Location", "/")).text
    with post.app.app_context():
        tending.tend()
    assert rows_of(post, interview).status == "ended"
