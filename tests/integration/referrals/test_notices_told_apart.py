"""Who announced whom, and when, tells two notices apart; what a colleague takes back is read by the office."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions.referrals import announced_returns
from nrm.db import db
from nrm.domain.accounts.accounts import Role
from nrm.domain.referrals.announced_returns import AnnouncedReturnRefused, Announcement, BackReason, Origin
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.store.referrals import notices_told
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.told import seen
from tests.twins import joins

SignIn = Callable[[str], Person]
NIGHT = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
"""Half past four on the clocks of the country."""
TODAY = date(2026, 3, 2)
POST, DESK, CONSUL, OTHER = (
    "rinas.border_officer",
    "ra.duty_officer",
    "consular.consular_officer",
    "consular.second",
)


@pytest.fixture(autouse=True)
def night(app: Flask) -> None:
    assert app
    clock.set_clock(lambda: NIGHT)


@pytest.fixture
def second() -> str:
    """A colleague of the consular officer."""
    joins(CONSUL, OTHER, Role.CONSULAR_OFFICER, "CONSULAR")
    return OTHER


def announced(
    *,
    child: str = "no",
    hour: int | None = 8,
    on: date = TODAY,
    come: int = 0,
    by: str = CONSUL,
    post: str = "RINAS",
    minutes: int = 0,
) -> uuid.UUID:
    notice_id = uuid.uuid4()
    clock.set_clock(lambda: NIGHT + timedelta(minutes=minutes))
    announced_returns.announce(
        notice_id=notice_id,
        post_id=people.organisation(post),
        announced=Announcement(Origin.CONSULATE, "GR", on, child, hour, come, frozenset({"medical"})),
        identity={"name": "Lule Planted"},
        by=factories.actor(by),
    )
    return notice_id


def filled(page: str, **changed: object) -> dict[str, object]:
    """The form of a new announcement with the number that the page gave it."""
    found = re.search(r'name="id" value="([0-9a-f-]+)"', page)
    assert found
    return {
        "id": found.group(1),
        "origin": "consulate",
        "country": "Greece",
        "post": "RINAS",
        "day-day": 2,
        "day-month": 3,
        "day-year": 2026,
        "hour": "8",
        "child": "yes",
        "companions": "2",
        "name": "Lule Planted",
        **changed,
    }


def rows() -> list[AnnouncedReturn]:
    db.session.rollback()
    return list(db.session.scalars(select(AnnouncedReturn)))


def line_of(page: str, notice_id: uuid.UUID) -> str:
    (found,) = (each for each in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if str(notice_id) in each)
    return str(found)


@pytest.mark.slow
def test_who_announced_reads_which_colleague_took_it_back_also_once_the_desk_has_seen_it(
    sign_in: SignIn, second: str
) -> None:
    child = announced(child="yes", come=1)
    clock.set_clock(lambda: NIGHT + timedelta(minutes=5))
    announced_returns.cancel(notice_id=child, why=BackReason.MISTAKE, by=factories.actor(second))
    false = announced(child="yes", come=1, by=second, post="DURRES", minutes=6)
    home = sign_in(CONSUL).get("/?lang=en")
    told = "What colleagues changed in the last 7 days"
    assert told in home
    said = home[home.index(told) :]
    assert f"Test {second} took it back on 2 March 2026, 04:35" in said
    assert "entered by mistake" in said
    assert f"/notices/new?again={child}" in said
    for each in ("2 March 2026, 08:00", "under 18", "1 comes along", "2 March 2026, 04:30"):
        assert each in said, each
    assert f"Announced by Test {second}, 2 March 2026, 04:36" in line_of(home, false)
    assert told not in sign_in(second).get("/?lang=en"), "whoever took it back knows it"
    desk = sign_in(DESK)
    page = desk.get("/?lang=en")
    assert "Announced by Test consular_officer, 2 March 2026, 04:30" in line_of(page, child)
    assert f"Announced by Test {second}, 2 March 2026, 04:36" in line_of(page, false)
    assert "Test consular_officer, 2 March 2026, 04:30" in desk.get(f"/notices/{child}?lang=en")
    assert f"Test {second}, 2 March 2026, 04:36" in desk.get(f"/notices/{false}?lang=en")
    seen(desk, f"/notices/{child}")
    home = sign_in(CONSUL).get("/?lang=en")
    assert f"Test {second} took it back on 2 March 2026, 04:35" in home, (
        "the duty desk has seen it; the office reads it"
    )
    assert "2 March 2026, 08:00" not in home[home.index(told) : home.index("<table")], "the hour is destroyed"
    clock.set_clock(lambda: NIGHT + timedelta(days=7, minutes=6))
    assert told not in sign_in(CONSUL).get("/?lang=en")


def test_only_the_own_office_is_told_and_nobody_of_what_they_took_back_themselves(second: str) -> None:
    own, others = announced(child="yes"), announced(child="yes", by=second)
    for each in (own, others):
        announced_returns.cancel(notice_id=each, why=BackReason.ELSEWHERE, by=factories.actor(second))
    (line,) = notices_told.lines(by=factories.actor(CONSUL))
    assert (line.notice_id, line.hour, line.why) == (own, 8, "elsewhere")
    for login in (second, "helpline.helpline_operator", DESK, POST):
        assert notices_told.lines(by=factories.actor(login)) == [], login


@pytest.mark.slow
def test_an_adult_and_a_child_of_one_day_are_told_apart_where_they_are_taken_back(sign_in: SignIn, second: str) -> None:
    adult, child = (
        announced(on=date(2026, 3, 5)),
        announced(child="yes", hour=9, on=date(2026, 3, 5), come=2, minutes=9),
    )
    consul = sign_in(second)
    home = consul.get("/?lang=en")
    for notice_id, words, others in (
        (adult, ("adult", "5 March 2026, 08:00", "2 March 2026, 04:30"), "under 18"),
        (child, ("under 18", "2 come along", "5 March 2026, 09:00", "2 March 2026, 04:39"), "adult"),
    ):
        for shown in (line_of(home, notice_id), consul.get(f"/notices/{notice_id}/cancel?lang=en")):
            assert others not in shown
            assert "Test consular_officer" in shown
            for each in words:
                assert each in shown, each
            assert "Lule" not in shown
    unsure = announced(child="unknown", hour=None)
    assert "age not sure" in consul.get(f"/notices/{unsure}/cancel?lang=en")
    assert "age not sure" in line_of(consul.get("/?lang=en"), unsure)


@pytest.mark.slow
def test_the_post_reads_by_what_the_one_that_was_taken_back_is_told_from_another(sign_in: SignIn) -> None:
    back, stays = announced(child="yes", come=1), announced(child="yes", come=1, minutes=3)
    assert "04:33" not in sign_in(POST).get("/?lang=en")
    announced_returns.cancel(notice_id=back, why=BackReason.ELSEWHERE, by=factories.actor(CONSUL))
    for address in ("/?lang=en", "/notices?lang=en"):
        page = sign_in(POST).get(address)
        gone = next(each for each in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if "Taken back by" in each)
        for each in ("Announced on 2 March 2026, 04:30", "08:00", "1 comes along"):
            assert each in gone, each
        assert "Announced on 2 March 2026, 04:33" in line_of(page, stays)


@pytest.mark.slow
def test_who_returns_on_another_day_is_announced_again_on_the_page_to_which_it_leads(sign_in: SignIn) -> None:
    child, consul = announced(child="yes", come=2), sign_in(CONSUL)
    led = consul.post(f"/notices/{child}/cancel", {"why": "elsewhere"})
    assert led.startswith("/notices/new?")
    page = consul.get(f"{led}&lang=en")
    assert "The notice is taken back" in page
    assert "The new day is not announced yet" in page
    for each in ('value="Greece"', '<option value="RINAS" selected', 'value="yes" checked', 'value="2"'):
        assert each in page, each
    assert "Lule" not in page
    again = consul.get(f"{led}&lang=en")
    assert "The notice is taken back" not in again, "it is said once"
    assert "The new day is not announced yet" in again
    assert f"/notices/new?again={child}" in line_of(consul.get("/?lang=en"), child)
    form = filled(page, again=str(child), name="")
    assert "The new day is not announced yet" in consul.post("/notices?lang=en", form, 422)
    consul.post("/notices", {**form, "name": "Lule Planted", "day-day": 4})
    assert sorted((each.status, each.child) for each in rows()) == [("announced", "yes"), ("cancelled", "yes")]
    sign_in("helpline.helpline_operator").get(f"/notices/new?again={child}", 404)
    consul.get("/notices/new?again=x", 404)
    standing = announced(on=date(2026, 3, 6))
    consul.get(f"/notices/new?again={standing}", 409)


@pytest.mark.slow
def test_what_is_taken_back_without_a_reason_is_said_at_home_or_announced_again(sign_in: SignIn) -> None:
    consul = sign_in(CONSUL)
    first, other = announced(on=date(2026, 3, 5)), announced(on=date(2026, 3, 5), come=3, minutes=5)
    led = consul.post(f"/notices/{first}/cancel")
    assert "The notice is taken back" in consul.get(f"{led}&lang=en")
    assert "The notice is taken back" not in consul.get(f"{led}&lang=en")
    assert 'name="again"' in consul.get(f"/notices/{other}/cancel")
    led = consul.post(f"/notices/{other}/cancel", {"again": "yes"})
    page = consul.get(f"{led}&lang=en")
    assert "The new day is not announced yet" in page
    assert 'value="3"' in page
    assert [each.companions for each in rows()] == [None, None]


def test_nobody_returns_from_the_home_country(sign_in: SignIn) -> None:
    consul = sign_in(CONSUL)
    form = filled(consul.get("/notices/new"), country="Shqipëria")
    said = consul.post("/notices?lang=en", form, 422)
    assert '<a href="#country">Enter the country from which the person returns' in said
    assert rows() == []
    with pytest.raises(AnnouncedReturnRefused, match=r"^home$"):
        announced_returns.announce(
            notice_id=uuid.uuid4(),
            post_id=people.organisation("RINAS"),
            announced=Announcement(Origin.CONSULATE, "AL", TODAY, "yes"),
            identity={"name": "Lule Planted"},
            by=factories.actor(CONSUL),
        )


@pytest.mark.slow
def test_an_hour_that_has_passed_today_is_asked_about_once(sign_in: SignIn) -> None:
    consul = sign_in(CONSUL)
    form = filled(consul.get("/notices/new"), hour="1")
    for sent in (form, {**form, "hour_right": "y"}, {**form, "hour_right": "y", "asked_hour": "2026-03-02-02-00"}):
        page = consul.post("/notices?lang=en", sent, 422)
        assert "2 March 2026, 01:00 has passed" in page
        assert 'name="asked_hour" type="hidden" value="2026-03-02-01-00"' in page
    consul.post("/notices", {**form, "hour_right": "y", "asked_hour": "2026-03-02-01-00"})
    assert [each.hour for each in rows()] == [1]
    for number, right in enumerate(({"hour": "4"}, {"hour": ""}, {"hour": "1", "day-day": 3})):
        consul.post("/notices", {**filled(consul.get("/notices/new"), companions=str(number)), **right})
    assert len(rows()) == 4


@pytest.mark.slow
def test_what_was_announced_is_read_back(sign_in: SignIn) -> None:
    consul = sign_in(CONSUL)
    led = consul.post("/notices", filled(consul.get("/notices/new")))
    home = consul.get(f"{led}&lang=en")
    said = home[home.index("The return is recorded") :]
    said = said[: said.index("</div>")]
    for each in ("2 March 2026, 08:00", "Rinas", "Greece", "under 18", "2 come along"):
        assert each in said, each
    assert "Lule" not in home
    assert "The return is recorded" not in consul.get(f"{led}&lang=en")
    led = consul.post("/notices", filled(consul.get("/notices/new"), hour="", companions="", child="unknown"))
    home = consul.get(f"{led}&lang=en")
    for each in ("hour not known", "comes alone", "age not sure"):
        assert each in home[home.index("The return is recorded") :], each
    desk = sign_in(DESK)
    led = desk.post("/notices", filled(desk.get("/notices/new"), origin="foreign_ngo", hour="9"))
    assert (
        "2 March 2026, 09:00"
        in desk.get(f"{led}&lang=en").partition("The return is recorded")[2].partition("</div>")[0]
    )


@pytest.mark.slow
def test_one_that_looks_like_another_of_the_last_half_hour_is_asked_about_once(sign_in: SignIn, second: str) -> None:
    consul, other = sign_in(CONSUL), sign_in(second)
    form = filled(consul.get("/notices/new"))
    for _ in range(2):
        consul.post("/notices", form)
    (first,) = rows()
    clock.set_clock(lambda: NIGHT + timedelta(minutes=10))
    form = filled(other.get("/notices/new"), hour="9", name="Another Planted")
    for sent in (form, {**form, "is_another": "y"}, {**form, "is_another": "y", "asked_alike": str(uuid.uuid4())}):
        page = other.post("/notices?lang=en", sent, 422)
        assert "This looks like the one that Test consular_officer announced on 2 March 2026, 04:30" in page
        assert f'value="{first.id}"' in page
    assert len(rows()) == 1
    sure = {**form, "is_another": "y", "asked_alike": str(first.id)}
    for _ in range(2):
        other.post("/notices", sure)
    assert len(rows()) == 2
    for right in ({"child": "no"}, {"companions": "3"}, {"post": "DURRES"}, {"country": "Italy"}, {"day-day": 3}):
        other.post("/notices", {**filled(other.get("/notices/new")), **right})
    line = sign_in("helpline.helpline_operator")
    line.post("/notices", filled(line.get("/notices/new"), origin="helpline"))
    clock.set_clock(lambda: NIGHT + timedelta(minutes=41))
    late = sign_in(second)
    late.post("/notices", filled(late.get("/notices/new")))
    assert len(rows()) == 9


@pytest.mark.slow
def test_each_page_says_what_it_is_for(sign_in: SignIn) -> None:
    consul, notice_id = sign_in(CONSUL), announced(on=date(2026, 3, 5))
    here = "Here you announce who comes home, when and where"
    assert here in consul.get("/notices/new?lang=en")
    assert here in consul.post("/notices?lang=en", {"id": str(uuid.uuid4())}, 422)
    page = consul.get(f"/notices/{notice_id}/cancel?lang=en")
    assert "begin the interview from here" not in page
    assert "Here a return that was announced is taken back" in page
    assert "begin the interview from here" in sign_in(POST).get(f"/notices/{notice_id}?lang=en")
