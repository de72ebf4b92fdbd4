"""Officials with accounts of their own look for one woman and one girl of a shelter, and try to get the girl out.

They open what the pages offer, and send what no page offers them: kept forms, ids of others, posts instead of pages.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, expect
from sqlalchemy import select

from nrm.actions.shelter import house_labels, key_workers, places
from nrm.actions.shelter.direct_intake import Opened
from nrm.db import db
from nrm.domain.shelter.cases import RANDOM_BYTES, new_pseudonym
from nrm.domain.shelter.key_workers import Place as Post
from nrm.models.audit import AuditEntry
from nrm.models.referrals.outside_referrals import OutsideReferral
from nrm.models.shelter.ages import CaseAge
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import Occupancy, PlaceInUnit
from nrm.models.shelter.stays import Stay
from nrm.store import days
from tests import factories
from tests.browser import checks, live
from tests.browser.conftest import new_context
from tests.conftest import Person
from tests.factories_stays import CHILD, MOLDOVAN, admitted

HOLDER, MANAGER = "vatra.case_worker", "vatra.shelter_manager"
NICKNAME, ROOM = "Lulja e malit", "dhoma blu"
TOWER = "Kulla e gjelbër"  # what the girl's place is called
# Everybody else of whom something might be bought.
STRANGERS = (
    *("rinas.border_officer", "trp_unit.trp_officer", "prosecution.witness_liaison"),
    *("state_police.identification_officer", "molsa.statistician"),
    *("molsa.payment_officer", "oms.monitor", "administrator"),
)
LISTS = (
    *("/", "/cases", "/cases/closed", "/cases/shared", "/stays", "/beds", "/beds/units", "/to-do", "/key-workers"),
    *("/permits", "/referrals", "/obligations", "/payment", "/openings", "/identifications"),
)
NOTHING = {403, 404, 405}


@dataclass(frozen=True, slots=True)
class House:
    """The woman and the girl in the shelter, and where it is."""

    base: str
    app: Flask
    woman: Opened
    girl: Opened
    place_id: uuid.UUID
    unit_id: uuid.UUID

    def addresses(self) -> Iterator[str]:
        """Pages of both and of the building."""
        for each in (self.woman, self.girl):
            for more in (
                "",
                "/age",
                "/key-worker",
                "/house-label",
                "/permit",
                "/missing",
                "/letter",
                "/close",
                "/refer",
            ):
                yield f"/cases/{each.case_id}{more}"
            for more in ("", "/change", "/end", "/left", "/died", "/away", "/correct/place", "/correct/admission"):
                yield f"/stays/{each.stay_id}{more}"
        yield from (f"/beds/{self.place_id}", f"/beds/{self.place_id}/promise", f"/beds/units/{self.unit_id}/close")

    def state(self) -> list[object]:
        """What must not change: stays, places, cases, ages, letters."""
        db.session.rollback()
        found: list[object] = []
        for kind in (Stay, Occupancy, Case, CaseAge, OutsideReferral):
            rows = db.session.scalars(select(kind).execution_options(populate_existing=True)).all()
            found.append(sorted(str({c.key: getattr(row, c.key) for c in kind.__table__.columns}) for row in rows))
        return found


@pytest.fixture
def house(app: Flask) -> Iterator[House]:
    manager, worker = factories.actor(MANAGER), factories.actor(HOLDER)
    woman, girl = admitted(manager, MOLDOVAN, days_ago=40), admitted(manager, CHILD, days_ago=40)
    assert worker.member_id is not None
    for each in (woman, girl):
        key_workers.appoint(case_id=each.case_id, place=Post.KEY, member_id=worker.member_id, by=manager)
    house_labels.write(case_id=girl.case_id, nickname=NICKNAME, room=ROOM, by=manager)
    place_id = db.session.scalars(select(Occupancy.place_id).where(Occupancy.stay_id == girl.stay_id)).one()
    assert place_id is not None
    places.rename(place_id=place_id, name=TOWER, by=manager)
    unit_id = db.session.scalars(select(PlaceInUnit.unit_id).where(PlaceInUnit.place_id == place_id)).first()
    assert unit_id is not None
    with live.serving(app) as base:
        yield House(base, app, woman, girl, place_id, unit_id)


@dataclass(frozen=True, slots=True)
class Desk:
    """A page at which somebody is signed in, and what their browser can send besides."""

    page: Page
    base: str

    def reads(self, address: str) -> str:
        self.page.goto(f"{self.base}{address}")
        return self.page.content()

    def sends(self, address: str, method: str = "POST", **fields: str) -> APIResponse:
        """What no page offered, with the token of the own session."""
        token = self.page.locator("input[name=csrf_token]").first.get_attribute("value") or ""
        return self.page.context.request.fetch(
            f"{self.base}{address}",
            method=method,
            form={"csrf_token": token, **fields} if method == "POST" else None,
            headers={"Origin": self.base, "Sec-Fetch-Site": "same-origin"},
            max_redirects=0,
        )


@pytest.fixture
def desks(house: House, browser: Browser) -> Iterator[Callable[[str], Desk]]:
    contexts: list[BrowserContext] = []

    def sit_down(login: str) -> Desk:
        contexts.append(new_context(browser))
        page = contexts[-1].new_page()
        live.sign_in(page, house.base, login)
        return Desk(page, house.base)

    yield sit_down
    for context in contexts:
        context.close()


def test_nobody_else_learns_that_they_are_there_or_where_they_sleep(
    house: House, desks: Callable[[str], Desk], sign_in: Callable[[str], Person]
) -> None:
    before = house.state()
    theirs = (house.woman.pseudonym, house.girl.pseudonym, TOWER, NICKNAME, ROOM)
    own = desks(HOLDER)
    assert house.girl.pseudonym in own.reads("/")  # there is something to be found
    assert TOWER in own.reads("/beds")
    # The manager of another shelter has every permission, and nobody of these.
    other = desks("nrc.shelter_manager")
    for address in LISTS:
        shown = other.reads(address)
        expect(other.page.locator("main h1").first).to_be_visible()
        assert not [each for each in theirs if each in shown], address
    other.reads("/")
    nobodys = new_pseudonym(bytes(RANDOM_BYTES))
    assert _found(other, house.woman.pseudonym) == _found(other, nobodys)
    for address in list(house.addresses())[::3]:
        assert {other.sends(address, method).status for method in ("GET", "POST", "HEAD")} <= NOTHING, address
    # Of the girl, and not of the woman, child protection knows: by the clause, and nothing of where.
    service = desks("child_protection.child_protection_officer")
    shown = service.reads("/")
    assert [each for each in theirs if each in shown] == [house.girl.pseudonym]
    assert service.sends(f"/cases/{house.woman.case_id}/age", "GET").status == 404
    for login in STRANGERS:
        person = sign_in(login)
        for address in LISTS:
            answer = person.client.get(address)
            assert answer.status_code in NOTHING | {200}, (login, address)
            assert not [each for each in theirs if each in answer.text], (login, address)
        for address in list(house.addresses())[len(login) % 4 :: 4]:
            answers = [person.client.get(address), person.client.head(address)]
            answers.append(person.client.post(address, data={"csrf_token": person.csrf_token}))
            assert {each.status_code for each in answers} <= NOTHING, (login, address)
    assert house.state() == before
    folder = Path(house.app.extensions["nrm.config"].directory)
    stored = b"".join(path.read_bytes() for path in folder.rglob("*.db*"))
    assert house.girl.pseudonym.encode() in stored
    assert NICKNAME.encode() not in stored
    assert ROOM.encode() not in stored


def _found(desk: Desk, code: str) -> tuple[int, str]:
    """The answer to a code, without that code and what is new on every page."""
    answer = desk.sends("/cases/find", code=code)
    return answer.status, re.sub(r"\b[0-9a-f]{8,}\b", "", answer.text().replace(code, ""))


SHUT_WORDS = {"sq": "Identiteti nuk ka datëlindje", "en": "The identity has no date of birth"}


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_her_own_shelter_makes_the_girl_no_adult_and_lets_her_go_nowhere(
    house: House, desks: Callable[[str], Desk], lang: str
) -> None:
    girl, desk, today = house.girl, desks(HOLDER), days.today()
    before = house.state()
    case, stay = f"/cases/{girl.case_id}", f"/stays/{girl.stay_id}"
    # The month of 18, with the identity open: there is no birth with which it could be compared.
    desk.page.goto(f"{house.base}{case}/open/identity?lang={lang}")
    desk.page.locator("main input[name=purpose]").first.check()
    live.go_on(desk.page)
    checks.assert_good_page(desk.page, f"{house.base}{case}/age?lang={lang}")
    desk.page.locator("main select[name=month]").select_option(str(today.month))
    desk.page.fill("main input[name=year]", str(today.year))
    with desk.page.expect_navigation():
        desk.page.locator("form[action$='/age/month'] button").click()
    expect(desk.page.locator("main")).to_contain_text(SHUT_WORDS[lang])
    expect(desk.page.locator("main input[name=year]")).to_have_value(str(today.year))  # what was typed is there
    expect(desk.page.locator("main input[name=age_class][value=adult]")).to_have_count(0)
    # What the page does not offer: the assessment as an adult, the birthday, the last page of an end, a letter abroad.
    home = {"ended": "today", "reason": "family_reunion", "destination": "family", "country": "home", "step": "3"}
    letter = {"kind": "embassy", "addressee": "x", "reason": "return_abroad", "needs": "legal", "language": "en"}
    for address, fields in (
        (f"{case}/age/assessed", {"age_class": "adult", "when": "today"}),
        (f"{case}/age/turned", {"agrees": "no"}),
        (f"{stay}/end", home),
        (f"{stay}/end", {**home, "household": str(uuid.uuid4())}),
        (f"{stay}/end", {**home, "destination": "other_shelter", "reason": "transferred"}),
        (f"{stay}/left", {"left": "today", "destination": "friends", "country": "home", "step": "2"}),
        (f"{case}/letter", {**letter, "closes": "open", "agreed": "y"}),
        (f"{case}/letter", {**letter, "kind": "hospital", "reason": "treatment", "closes": "close", "agreed": "y"}),
        (f"{case}/close", {"follow_up": "agreed", "documents": "returned", "debts": "none", "step": "2"}),
        (f"{case}/best-interest-decision", {"outcome": "goes", "step": "2"}),
    ):
        answer = desk.sends(address, **fields)
        assert answer.status in (403, 404, 409, 422), (address, answer.status)
    assert house.state() == before
    events = set(db.session.scalars(select(AuditEntry.event)))
    assert not events & {"age_recorded", "stay_ended", "referred_out", "case_closed", "child_decided"}
