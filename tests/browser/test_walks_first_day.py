"""The first day of a shelter and of who works in it: the building, who sleeps there already, a baby, a way out.

Nobody explains anything: each step is found by words and links of the page before it.
"""

from __future__ import annotations

import csv
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect
from sqlalchemy import select

from nrm.actions.shelter import ages, cases
from nrm.db import db
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.resident_lines import COLUMNS, EXAMPLE
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import Occupancy
from nrm.models.shelter.stays import Stay
from nrm.store import days
from tests import factories
from tests.browser import live
from tests.browser.conftest import new_context
from tests.conftest import Command
from tests.factories_stays import informed

MANAGER, WORKER = "vatra.shelter_manager", "vatra.case_worker"
WIDTH = 320
# What ends to the right of the screen and is no part of a frame that scrolls on purpose.
CUT_OFF = f"""() => [...document.querySelectorAll('main a, main button, main .pn')]
  .filter(each => each.getClientRects().length && each.getBoundingClientRect().right > {WIDTH})
  .map(each => each.textContent.trim())"""


class Desk:
    """Somebody at a narrow screen, who goes by what stands on the page."""

    def __init__(self, page: Page, base: str, login: str, lang: str) -> None:
        self.page, self.base = page, base
        live.sign_in(page, base, login)
        self.go(f"/?lang={lang}")

    def go(self, address: str) -> Desk:
        self.page.goto(f"{self.base}{address}")
        return self

    def follow(self, address: str) -> Desk:
        self.page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
        with self.page.expect_navigation():
            self.page.locator(f'main a[href*="{address}"]').first.click()
        return self

    def send(self, press: str = "", **answers: str) -> Desk:
        live.fill_in(self.page, {name: [each] for name, each in answers.items()})
        with self.page.expect_navigation():
            (self.page.locator(press).first if press else live.main_button(self.page)).click()
        return self

    def says(self, *texts: str) -> Desk:
        for text in texts:
            expect(self.page.locator("main")).to_contain_text(text)
        return self

    def is_silent_of(self, *texts: str) -> Desk:
        for text in texts:
            expect(self.page.locator("main")).not_to_contain_text(text)
        return self

    @property
    def text(self) -> str:
        return self.page.locator("main").inner_text()

    @property
    def cut_off(self) -> list[str]:
        return [str(each) for each in self.page.evaluate(CUT_OFF)]


@pytest.fixture
def sit_down(app: Flask, browser: Browser) -> Iterator[Callable[[str, str], Desk]]:
    contexts: list[BrowserContext] = []
    with live.serving(app) as base:

        def one(login: str, lang: str) -> Desk:
            contexts.append(new_context(browser))
            page = contexts[-1].new_page()
            page.set_viewport_size({"width": WIDTH, "height": 800})
            return Desk(page, base, login, lang)

        yield one
        for context in contexts:
            context.close()


def residents(folder: Path) -> Path:
    """As a spreadsheet in Albanian writes it: with semicolons, and with a mark at the beginning."""
    file = folder / "banorët.csv"
    woman = {**EXAMPLE, "place": "G1", "citizenship": "MD", "given": "Mira", "family": "Kola"}
    girl = {
        **EXAMPLE,
        "place": "G2",
        "age_class": "child",
        "age": "17",
        "consent": "",
        "statistics": "",
        "given": "Ana",
        "birth": f"{days.today().year - 18}-{days.today():%m}",
    }
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, delimiter=";")
        writer.writeheader()
        writer.writerows([woman, girl, {**woman, "place": "G9"}, {**woman, "place": "G3", "consent": ""}])
    return file


def the_case(code: str) -> uuid.UUID:
    db.session.rollback()
    return db.session.scalars(select(Case.id).where(Case.pseudonym == code)).one()


def adds_up(text: str) -> bool:
    """Whether what is free, taken, kept and out of service are all the places, in the sentence of the home page."""
    free, places, *rest = (
        int(each) for each in re.findall(r"\d+", re.sub(r":.*?\.", ".", text.partition("\n")[0], count=1))[:5]
    )
    return free + sum(rest) == places


@pytest.mark.slow
def test_a_first_day(app: Flask, sit_down: Callable[[str, str], Desk], command: Command, tmp_path: Path) -> None:
    # The manager enters the building: everything that is missing is said at once, and then what comes next.
    manager = sit_down(MANAGER, "sq")
    manager.go("/beds/units").follow("/beds/units/add").send()
    assert manager.page.locator(".errors a, [role=alert] a").count() >= 4
    manager.send(label="Shtëpia e kopshtit", for_whom="everybody", name="G1", number="3", begins="already")
    manager.says("futni ata që flenë këtu tashmë", "3 vende").follow("/stays").says("nrm stays import")

    # Who sleeps there already comes in from a spreadsheet; what is wrong is said by cell, and nobody comes in twice.
    code, out, err = command(app, "stays", "import", str(residents(tmp_path)), "--as", MANAGER)
    woman, girl, *wrong = out.decode().splitlines()
    assert (code, "2 taken in, 2 not" in err) == (1, True), out
    assert "“Vendet”" in wrong[0]
    assert wrong[1].endswith("consent: Shkruani një nga këto: given, refused")
    her, child = the_case(woman), the_case(girl)

    # Who has no key worker is named with the place; the manager gives the woman to a colleague.
    manager.go("/key-workers").says(f"{woman}, vendi G1").follow(f"/cases/{her}/key-worker")
    member = factories.actor(WORKER).member_id
    manager.send(place="key", member=str(member)).go("/").is_silent_of("Mira")
    assert adds_up(manager.text.partition("Sonte")[2]), manager.text

    # Her colleague begins a shift, reads whom she answers for, and ends it; the stranger beside her reads nothing.
    worker = sit_down(WORKER, "en")
    worker.says(woman).send("[formaction='/shifts/people']").go(f"/cases/{her}").says("Mira")
    manager.go(f"/cases/{her}").is_silent_of("Mira")
    worker.go("/").send("[formaction='/shifts/end']").go(f"/cases/{her}").is_silent_of("Mira")

    # A baby came with her: she stands before every place, and nothing is chosen beforehand.
    worker.follow(f"/cases/{her}/child")
    worker.send(age_class="child", age="1", gender="masculine", citizenship="AL", official="no")
    worker.says(f"A child who came with {woman}")
    assert worker.page.locator("main [name=bed]").input_value() == ""
    assert worker.page.locator("main [name=bed] option").nth(1).get_attribute("value") == f"with {woman}"
    worker.send(bed=f"with {woman}", admitted="today", planned="30").says(f"Sleeps with the mother, {woman}")
    baby = worker.page.locator("main .code").inner_text()
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        worker.page.go_back()  # "send the form again?"
    worker.page.wait_for_url("chrome-error://**")
    worker.page.reload()
    worker.says("The case is open already", baby)
    worker.go("/stays").says(f"with the mother, {woman}", baby)
    assert worker.cut_off == []
    db.session.rollback()
    mine = db.session.scalars(select(Stay).where(Stay.case_id == the_case(baby))).one()
    hers = db.session.scalars(select(Stay).where(Stay.case_id == her)).one()

    # A hospital night, and another shelter: each page asks for the baby, and one shelter is named by the clause.
    left_behind = f"{baby}, a small child, is here with this person"
    worker.go(f"/stays/{hers.id}/away").says(left_behind)
    worker.send(since="today", expected="1", reason="in hospital").go("/to-do").says(woman)
    worker.follow(f"/cases/{her}/refer").says(left_behind, "Clause 2.1 names this shelter")
    worker.is_silent_of("goes against the clause")

    # The girl turns 18: no month is chosen beforehand, and who did not open the identity is told to, on that page.
    worker.go(f"/cases/{child}/age").send("form[action$='/age/month'] button", year=str(days.today().year))
    worker.says("Choose the month")
    by = factories.actor(WORKER)
    cases.open_compartment(case_id=child, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=by)
    ages.set_month(case_id=child, month=days.today().replace(day=1), by=by)
    ages.agree(case_id=child, by=factories.actor("ra.duty_officer"))
    worker.go("/").follow(f"/cases/{child}/age").says("Turns 18 this month", "Open the identity to see the day")
    assert worker.page.locator("form[action$='/age/turned']").count() == 0
    worker.go(f"/cases/{child}/best-interests").says("The child protection service begins")

    # She leaves: before and after, the page says who stays behind, and the list of the house asks for a place.
    # One hand ends no stay of a foreign woman whom nobody told about the permit.
    worker.go(f"/stays/{hers.id}/end").send(ended="today", reason="independent_living")
    worker.send(country="home").says("Record first that the person was told about the residence permit")
    informed(her, factories.actor(WORKER))
    worker.go(f"/stays/{hers.id}/end").send(ended="today", reason="independent_living")
    worker.send(country="home").says(left_behind)
    assert worker.page.locator("main .btn.danger").count() == 1
    worker.send("main .btn.danger").says("Look whether a child of this person stays here")
    worker.send("main .btn.danger", children_seen="y")
    worker.says(left_behind).go("/").says("Has no place now: give one")
    assert worker.cut_off == []
    db.session.rollback()
    assert db.session.get_one(Stay, mine.id, populate_existing=True).ended_on is None
    there = select(Occupancy).where(Occupancy.stay_id == mine.id, Occupancy.until_on.is_(None))
    assert db.session.scalars(there).first() is None
    worker.follow(f"/stays/{mine.id}/change").send().says("Choose a free place").send(bed="G3")
    worker.go("/").is_silent_of("Has no place now")

    # Another shelter learns nothing of the three.
    stranger = sit_down("nrc.case_worker", "en")
    stranger.send("form[action='/cases/find'] button", code=woman).is_silent_of("Stay", "G1")
    stranger.go(f"/stays/{mine.id}").is_silent_of(baby, woman)
