"""Every page of every role in both languages, as it is loaded and with errors: what `checks` asks of a page."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from nrm.domain.accounts.accounts import Role
from nrm.domain.quarters import Quarter
from nrm.render import pdf
from nrm.web import assets
from nrm.web.accounts import told_once
from tests import told
from tests.browser import checks, live
from tests.browser.conftest import Town, new_context
from tests.invariants.test_routes import LOGINS, addresses, allowed

LANGUAGES = ("sq", "en")
ENDED = tuple(f"/interviews/ended/{ending}" for ending in ("refused", "none", "before"))
AGAIN_AFTER = 300.0  # seconds after which somebody sits down again
TITLE_OF_ERRORS = {"sq": "Gabim:", "en": "Error:"}
# Tables that are long by nature, and the seven parts of a first talk.
HEAVY = re.compile(r"/beds|/duty|/cases/[0-9a-f-]{36}(?:/first-talk)?|/reports/\w+/20\w+")
# The quarter that a contributor is asked about when these tests run.
UNANSWERED = Quarter.of(datetime.now(UTC).date()).previous
# The second shelter sees its own case; the others of a kind see the same pages as the first.
EVERYBODY = {**{str(role): login for role, login in LOGINS.items()}, "another shelter": "vatra.case_worker"}


@dataclass(frozen=True, slots=True)
class Desk:
    """One person's browser in a running town; what they may open is open."""

    town: Town
    role: Role
    context: BrowserContext
    page: Page
    narrow: checks.Narrow
    pages: list[str]  # the addresses that answer this person with a page, once they were asked for

    def post(self, path: str, **fields: str) -> int:
        """Send a form without a page; returns the status."""
        token = self.page.locator('[name="csrf_token"]').first.get_attribute("value") or ""
        answer = self.context.request.post(
            f"{self.town.base}{path}", form={"csrf_token": token, **fields}, max_redirects=0
        )
        return answer.status


def lead_to_what_ended(desk: Desk) -> None:
    """Let the browser have what it has after ending an interview; it outlasts AGAIN_AFTER."""
    session = next(each["value"] for each in desk.context.cookies() if each["name"] == "nrm")
    for address in ENDED:
        value = told.cookie_of(desk.town.app, session, address)
        desk.context.add_cookies(
            [{"name": told_once.LED, "value": value, "domain": "127.0.0.1", "path": address, "httpOnly": True}]
        )


def sit_down(town: Town, browser: Browser, login: str) -> Desk:
    """Sign in and open everything that this person can open: it stays open for a quarter of an hour, and a session that
    is not used for not much longer. A run on a slow machine outlasts both."""
    context = new_context(browser)
    page = context.new_page()
    live.sign_in(page, town.base, login)
    desk = Desk(town, Role(login.rpartition(".")[2]), context, page, checks.Narrow(context), [])
    lead_to_what_ended(desk)
    world = town.world
    if login == LOGINS[Role.BORDER_OFFICER]:
        assert desk.post(f"/interviews/{world.draft}/resume") == 303
    for case in (world.case, world.own_case):
        for part, purpose in (("hand_over", "care"), ("identity", "identification"), ("story", "care")):
            desk.post(f"/cases/{case}/open", compartment=part, purpose=purpose)
    desk.post(f"/requests/{world.request}/copy")
    for referral in (world.asked, world.coming):
        for purpose in ("answer", "admission", "duty_decision"):
            desk.post(f"/referrals/{referral}/open", compartment="hand_over", purpose=purpose)
    return desk


def pages_of(desk: Desk) -> list[str]:
    """The addresses that answer this person with a page, each once."""
    if desk.pages:
        return desk.pages
    town = desk.town
    interview = town.app.extensions["nrm.country"].questionnaires["returnee-1"]
    # What the table refuses to a role is refused: test_access asks for it.
    listed = [address for endpoint, address in addresses(town.app, town.world, "GET") if allowed(desk.role, endpoint)]
    listed += [f"/interviews/{town.world.draft}/{page}" for page in interview.pages]
    listed += [f"/interviews/{town.world.asked_case}/sent", "/interviews/unsent/completed"]
    listed += ENDED
    listed += [f"/reports/{report}/{town.quarter}" for report in ("ix", "x", "referrals")]
    listed += [f"/reports/ix/trend/{town.quarter}/{cell}" for cell in ("all", "by=nationality", "sex=feminine")]
    listed += [f"/reports/ix/lengths/{town.quarter}/1", f"/reports/year/{Quarter.parse(town.quarter).year}"]
    listed += [f"/reports/quarter/{town.quarter}", f"/reports/ix/{town.quarter}/closing", f"/quarter/{UNANSWERED}"]
    listed += [f"/register/joint/{town.quarter}/in-work"]
    listed += [f"/cases/{town.world.case}/open/{part}" for part in ("hand_over", "story")]
    listed += [f"/cases/{town.world.case}/write/{part}" for part in ("care", "legal")]
    found = []
    with pytest.MonkeyPatch.context() as patch:
        # A document is no page, and was thrown away; typesetting took a sixth of the walk of a case worker.
        patch.setattr(pdf, "_print", lambda job: (b"K", b"%PDF"))
        for address in dict.fromkeys(listed):
            answer = desk.context.request.get(f"{town.base}{address}", max_redirects=0)
            if answer.status == 200 and answer.headers["content-type"].startswith("text/html"):
                found.append(address)
    desk.pages.extend(found)
    return found


@pytest.fixture(scope="module")
def desks(browser: Browser, shared_town: Town) -> Iterator[dict[str, Desk]]:
    """Who sat down so far, by login."""
    seated: dict[str, Desk] = {}
    yield seated
    for desk in seated.values():
        desk.context.close()


@pytest.fixture(scope="module")
def opened_at() -> dict[str, float]:
    """When they sat down, by login."""
    return {}


@pytest.fixture
def desk_of(desks: dict[str, Desk], opened_at: dict[str, float], browser: Browser, shared_town: Town) -> object:
    def find(login: str) -> Desk:
        before = desks.get(login)
        if before is None or time.monotonic() - opened_at[login] > AGAIN_AFTER:
            desks[login] = sit_down(shared_town, browser, login)
            opened_at[login] = time.monotonic()
        if before is not None and before is not desks[login]:
            desks[login].pages.extend(before.pages)
            before.context.close()
        return desks[login]

    return find


def most(address: str) -> int:
    """How heavy the page may be."""
    return checks.HEAVY_PAGE if HEAVY.fullmatch(urlsplit(address).path) else checks.ORDINARY_PAGE


# The classes that each style sheet says something about, by the address of the sheet.
STYLED = {
    asset.address: set(re.findall(r"\.([a-z][\w-]*)", asset.bodies[""].decode()))
    | set(re.findall(r"\btable\b", asset.bodies[""].decode()))
    for name, asset in assets.load().items()
    if name.endswith(".css")
}
ON_PAGE = """() => [
  document.querySelector('link[rel=stylesheet]').getAttribute('href'),
  [...new Set([...document.querySelectorAll('[class]')].flatMap(one => [...one.classList]))],
  document.querySelector('table') !== null,
]"""


def without_style(page: Page) -> set[str]:
    """What only a sheet that the page does not load says how to show."""
    sheet, classes, tables = page.evaluate(ON_PAGE)
    shown = {*classes, *(["table"] if tables else ())}
    return (shown & set().union(*STYLED.values())) - STYLED[sheet]


def faults_of(desk: Desk, address: str, lang: str) -> str:
    """What is wrong with a page, or nothing."""
    try:
        where = f"{desk.town.base}{address}?lang={lang}"
        page = checks.assert_good_page_once(desk.page, desk.narrow, where, most=most(address))
        assert page.evaluate("[document.documentElement.lang, document.querySelectorAll('h1').length]") == [lang, 1]
        assert page.title()
        assert not without_style(page)
    except AssertionError as error:
        return f"{address} ({lang}): {error}"
    return ""


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("who", EVERYBODY)
def test_every_page_is_light_quiet_accessible_and_fits_a_telephone(desk_of: object, who: str, lang: str) -> None:
    desk: Desk = desk_of(EVERYBODY[who])  # type: ignore[operator]
    pages = pages_of(desk)
    assert len(pages) >= 4, pages
    faults = [fault for address in pages if (fault := faults_of(desk, address, lang))]
    assert not faults, "\n\n".join(faults)


# Each form as somebody sends it who filled in nothing: where it stands, and who looks at it.
FORMS = {
    "interview": (Role.BORDER_OFFICER, "/interviews/{draft}/screen"),
    "six": (Role.BORDER_OFFICER, "/interviews/{draft}/six"),
    "consent": (Role.BORDER_OFFICER, "/interviews/{draft}/consent"),
    "check": (Role.BORDER_OFFICER, "/interviews/{draft}/check"),
    "decision": (Role.BORDER_OFFICER, "/interviews/{draft}/decision"),
    "family notice": (Role.BORDER_OFFICER, "/family-notices/new"),
    "accept": (Role.CASE_WORKER, "/referrals/{asked}"),
    "decline": (Role.CASE_WORKER, "/referrals/{asked}/decline"),
    "find": (Role.CASE_WORKER, "/"),
    "request": (Role.HELPLINE_OPERATOR, "/requests/new"),
    "refuse": (Role.CASE_WORKER, "/requests/{request}/refuse"),
    "open": (Role.CASE_WORKER, "/cases/{case}/open/story"),
    "note": (Role.CASE_WORKER, "/cases/{case}"),
    "share": (Role.CASE_WORKER, "/cases/{case}/share"),
    "end of the stay": (Role.CASE_WORKER, "/stays/{stay}/end"),
    "arrival": (Role.CASE_WORKER, "/referrals/{coming}/arrival"),
    "day of admission": (Role.CASE_WORKER, "/stays/{stay}/correct/admission"),
    "right place": (Role.CASE_WORKER, "/stays/{stay}/correct/place"),
    "days away": (Role.CASE_WORKER, "/stays/{stay}/away"),
    "change of the stay": (Role.CASE_WORKER, "/stays/{stay}/change"),
    "case of its own": (Role.CASE_WORKER, "/cases/new"),
    "permit": (Role.CASE_WORKER, "/cases/{case}/permit"),
    "claim": (Role.CASE_WORKER, "/cases/{case}/claims/new"),
    "step of a claim": (Role.CASE_WORKER, "/claims/{claim}"),
    "correction of a claim": (Role.CASE_WORKER, "/claims/{claim}/correct"),
    "testimony": (Role.CASE_WORKER, "/cases/{case}/testimony"),
    "hearing": (Role.CASE_WORKER, "/cases/{case}/hearings"),
    "witness without a case": (Role.WITNESS_LIAISON, "/witnesses/enter"),
    "goal": (Role.CASE_WORKER, "/cases/{case}/plan/goal"),
    "next step": (Role.CASE_WORKER, "/cases/{case}/plan/step"),
    "medication": (Role.CASE_WORKER, "/cases/{case}/plan/medication"),
    "refer": (Role.CASE_WORKER, "/cases/{case}/refer"),
    "letter": (Role.CASE_WORKER, "/cases/{case}/letter"),
    "promise": (Role.DUTY_OFFICER, "/referrals/{asked}/promise"),
    "departure": (Role.DUTY_OFFICER, "/referrals/{coming}/depart"),
    "call": (Role.BORDER_OFFICER, "/obligations/{obligation}/call"),
    "password": (Role.MONITOR, "/password"),
    "invite": (Role.ADMINISTRATOR, "/members/invite"),
    "call of the help line": (Role.HELPLINE_OPERATOR, "/helpline/calls/new"),
    "return of a child": (Role.DUTY_OFFICER, "/child-returns/new"),
    "remedy": (Role.MONITOR, "/monitoring/remedies/new"),
    "score": (Role.MONITOR, "/monitoring/samples/{sample}"),
    "paper": (Role.BORDER_OFFICER, "/papers/type-in"),
    "notice": (Role.CONSULAR_OFFICER, "/notices/new"),
    "child of a victim": (Role.CASE_WORKER, "/cases/{case}/child"),
    "answers to consent": (Role.CASE_WORKER, "/cases/{case}/consents/ask"),
    "joint interview": (Role.IDENTIFICATION_OFFICER, "/identifications/{own_case}/interview"),
    "table": (Role.FOCAL_POINT, "/register/{over}/arrests"),
}
EMPTY = """() => {
  for (const control of document.querySelectorAll('main input:not([type=hidden]), main textarea')) {
    if (control.matches('[type=radio], [type=checkbox]')) control.checked = false; else control.value = ''
  }
  for (const list of document.querySelectorAll('main select')) list.value = ''
}"""


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_what_to_do_and_leads_there(desk_of: object, form: str, lang: str) -> None:
    role, where = FORMS[form]
    desk: Desk = desk_of(LOGINS[role])  # type: ignore[operator]
    page = desk.page
    named = ("draft", "asked", "coming", "case", "own_case", "stay", "obligation", "request", "sample", "claim")
    world = {"over": str(UNANSWERED), **{name: getattr(desk.town.world, name) for name in named}}
    page.goto(f"{desk.town.base}{where.format(**world)}?lang={lang}")
    page.evaluate(EMPTY)
    page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
    form_element = page.locator("main form[novalidate]").first
    with checks.watching(page) as seen, page.expect_navigation() as sent:
        form_element.locator(".btn").first.click()
    assert sent.value.status == 422, (page.url, sent.value.status)
    seen.status = 422
    checks.assert_quiet(seen)
    assert page.title().startswith(TITLE_OF_ERRORS[lang])
    summary = page.locator("[data-errors]")
    expect(summary).to_be_focused()
    assert summary.locator("a").count() >= 1
    for text in summary.locator("a").all_inner_texts():
        assert page.locator(".msg", has_text=text).count() >= 1, text
    checks.assert_accessible(page)
    checks.assert_whole_form(page)
    checks.assert_fits(page)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "address", ["/sign-in", "/recover", "/invitations/junk", "/shown/code", "/blank", "/no/such/page"]
)
def test_the_pages_before_signing_in_are_good_too(page: Page, shared_town: Town, address: str, lang: str) -> None:
    status = 404 if address in ("/invitations/junk", "/shown/code", "/no/such/page") else 200
    checks.assert_good_page(page, f"{shared_town.base}{address}?lang={lang}", status=status)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("address", ["/sign-in", "/recover"])
def test_a_mistaken_password_is_told_accessibly(page: Page, shared_town: Town, address: str, lang: str) -> None:
    page.goto(f"{shared_town.base}{address}?lang={lang}")
    live.main_button(page).click()
    expect(page.locator("[data-errors]")).to_be_focused()
    assert page.title().startswith(TITLE_OF_ERRORS[lang])
    checks.assert_accessible(page)
    checks.assert_whole_form(page)
    checks.assert_fits(page)
