"""Who uses the questionnaire from when, directives that are acknowledged once, and assessment against profile."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from nrm import clock
from nrm.actions.interviews import directives, interviews
from nrm.countries import Country
from nrm.db import db
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.interviews.rollout import Use
from nrm.domain.interviews.screenings import FEWEST, Screening
from nrm.domain.quarters import Quarter
from nrm.models.accounts.accounts import Member
from nrm.models.audit import AuditEntry
from nrm.models.interviews.directives import DirectiveAcknowledgement
from nrm.models.interviews.interviews import Interview
from nrm.store.interviews import directives as directive_store
from nrm.store.interviews import screenings
from tests import screened
from tests.conftest import Person
from tests.factories import actor, later
from tests.factories_interviews import LOGIN, begin, example, fields, walk

SignIn = Callable[[str], Person]
BOX = 'name="directive" value="apart.{}"'


@pytest.fixture(autouse=True)
def in_september(app: Flask) -> None:
    clock.set_clock(lambda: datetime(2026, 9, 15, 10, tzinfo=UTC))


def known(app: Flask) -> Country:
    found: Country = app.extensions["nrm.country"]
    return found


def acknowledged() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(DirectiveAcknowledgement)) or 0


def entries() -> list[str]:
    statement = select(AuditEntry.details).where(AuditEntry.event == "directive_acknowledged")
    return list(db.session.scalars(statement))


def test_an_officer_acknowledges_a_version_once_and_it_is_in_the_chain_once(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    assert "2 udhëzime për t’u lexuar" in person.get("/")
    for _ in range(2):
        assert person.post("/directives/apart/1") == "/directives"
    assert (acknowledged(), entries()) == (1, ['{"directive":"apart","version":1}'])
    assert "1 udhëzim për t’u lexuar" in person.get("/")
    assert person.get("/directives").count("E keni lexuar") == 1


@pytest.mark.parametrize("address", ["apart/2", "apart/7", "safe_to_talk/1", "junk/1"])
def test_nothing_else_can_be_acknowledged_than_what_binds_today(app: Flask, sign_in: SignIn, address: str) -> None:
    """A version that begins later, one that never was, one of another party."""
    assert app
    sign_in(LOGIN).post(f"/directives/{address}", status=404)
    assert acknowledged() == 0


def test_the_page_of_the_interview_shows_it_until_it_is_ticked(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    address = begin(person)
    page = person.get(address)
    assert BOX.format(1) in page
    assert "Flisni veçmas me personin" in page
    sent = fields("screen", page, example())
    away = person.post(address, {**sent, "directive": "apart.1"})
    assert away.endswith("/six")
    again = person.get(address)
    assert "<summary>Udhëzim: Flisni veçmas me personin</summary>" in again
    assert BOX.format(1) not in again
    assert "directive" not in person.get(away).partition("<main")[2]  # it applies elsewhere


def test_who_does_not_tick_it_goes_on_all_the_same_and_junk_changes_nothing(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    address = begin(person)
    sent = fields("screen", person.get(address), example())
    assert person.post(address, {**sent, "directive": "stay.1"}).endswith("/six")  # of another page
    assert person.post(address, {**sent, "directive": "\u202e.x"}).endswith("/six")
    assert acknowledged() == 0
    assert BOX.format(1) in person.get(address)


def test_what_was_ticked_on_a_page_with_mistakes_is_kept(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    address = begin(person)
    sent = {"seen": "1", "directive": "apart.1"}
    assert BOX.format(1) not in person.post(address, sent, status=422)
    assert acknowledged() == 1


def test_a_new_version_is_asked_again(app: Flask, sign_in: SignIn) -> None:
    assert app
    sign_in(LOGIN).post("/directives/apart/1")
    later(days=16)
    person = sign_in(LOGIN)
    assert BOX.format(2) in person.get(begin(person))
    person.post("/directives/apart/1", status=404)
    person.post("/directives/apart/2")
    assert acknowledged() == 2


def test_who_has_no_directive_is_asked_nothing(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in("vatra.case_worker")
    assert "Sot asnjë udhëzim nuk vlen" in person.get("/directives")
    assert directive_store.binding(by=actor("vatra.case_worker")) == ()
    assert directive_store.binding(by=actor("iom.case_worker"), page="screen") == ()


def test_only_who_conducts_interviews_acknowledges_and_others_do_not_count(app: Flask) -> None:
    assert app
    with pytest.raises(NotPermitted):
        directives.acknowledge(directive="apart", version=1, by=actor("ra.duty_officer"))
    with pytest.raises(NotVisible):
        directives.acknowledge(directive="apart", version=1, by=actor("vatra.case_worker"))
    with pytest.raises(NotPermitted):
        directive_store.readers(by=actor(LOGIN))


@pytest.mark.parametrize(
    "login",
    [LOGIN, "nrc.shelter_manager", "molsa.statistician", "molsa.payment_officer", "oms.reader", "administrator"],
)
def test_nobody_else_asks_how_a_post_interviews(app: Flask, login: str) -> None:
    assert app
    by = actor(login)
    with pytest.raises(NotPermitted):
        screenings.last_counted(by=by)
    for refused in (by, actor("oms.coordinator")):
        with pytest.raises(NotPermitted):
            screenings.against_profile(Quarter(2026, 1), Quarter(2026, 2), by=refused)


def test_the_coordinator_sees_how_many_of_each_post_have_read_it_and_never_who(app: Flask, sign_in: SignIn) -> None:
    assert app
    directives.acknowledge(directive="apart", version=1, by=actor(LOGIN))
    by = actor("oms.coordinator")
    read = {each.key: {line.names["en"]: (line.read, line.officers) for line in lines}
            for each, lines in directive_store.readers(by=by)}  # fmt: skip
    assert read["apart", 1]["Rinas airport"] == (1, 1)
    assert read["apart", 1]["Port of Durrës"] == (0, 1)
    assert "Rinas airport" not in read["safe_to_talk", 1]
    page = sign_in("oms.coordinator").get("/rollout")
    assert "Aeroporti i Rinasit" in page
    assert "rinas.border_officer" not in page
    assert "Test border_officer" not in page


def test_an_officer_who_left_is_neither_a_reader_nor_one_who_should_be(app: Flask) -> None:
    assert app
    by = actor(LOGIN)
    directives.acknowledge(directive="apart", version=1, by=by)
    db.session.execute(update(Member).where(Member.id == by.member_id).values(status="disabled"))
    db.session.commit()
    lines = directive_store.readers(by=actor("oms.coordinator"))
    apart = next(rows for each, rows in lines if each.id == "apart")
    assert "Rinas airport" not in {line.names["en"] for line in apart}


def test_before_its_day_a_post_is_told_so_and_interviews_as_ever(app: Flask, sign_in: SignIn) -> None:
    app.extensions["nrm.country"] = replace(known(app), uses=(Use("rinas", "returnee-1", date(2027, 3, 1)),))
    person = sign_in(LOGIN)
    assert "Kjo pikë kufitare e përdor pyetësorin nga 1 mars 2027." in person.get("/")
    assert walk(person, example(), begin(person))[-1] == "sent"
    assert "1 mars 2027" in sign_in("ra.duty_officer").get("/rollout")


def test_a_post_begins_with_the_questionnaire_of_its_day(app: Flask) -> None:
    country = known(app)
    other = replace(country.questionnaires["returnee-1"], id="returnee-2")
    uses = (Use("rinas", "returnee-1", date(2026, 1, 1)), Use("rinas", "returnee-2", date(2026, 9, 15)))
    both = {**country.questionnaires, "returnee-2": other}
    app.extensions["nrm.country"] = replace(country, uses=uses, questionnaires=both)
    for login in (LOGIN, "durres.border_officer"):
        interviews.start(interview_id=uuid.uuid4(), by=actor(login))
    db.session.rollback()
    assert sorted(db.session.scalars(select(Interview.questionnaire))) == ["returnee-1", "returnee-2"]


def test_the_page_says_who_uses_it_and_who_does_not_yet(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    walk(person, example(), begin(person))
    page = sign_in("oms.coordinator").get("/rollout").partition("<h2>")[0]
    rows = {row.split("</th>")[0]: row for row in page.split('<tr><th scope="row">')}
    assert "e përdor" in rows["Aeroporti i Rinasit"]
    assert "ende asnjë intervistë" in rows["Porti i Durrësit"]
    assert "ende jo" in rows["Muriqani"]
    assert "nuk është caktuar data" in rows["Qafë Bota"]


def screening(profile: str, assessment: str, month: date = date(2026, 5, 1), post: str = "rinas") -> Screening:
    return Screening(
        month=month, crossing_point=post, outcome="possible", processed="joint_interview", age_class="adult",
        gender="feminine", citizenship_class="home", returned_from="GR", announced="yes", profile=profile,
        assessment=assessment,
    )  # fmt: skip


def compared_rows(page: str) -> list[list[str]]:
    table = page.split('id="screened"', maxsplit=1)[0]
    rows = [row.split("</tr>")[0] for row in table.split('<tr><th scope="row">')[1:]]
    return [[re.sub(r"<[^>]*>", "", part) for part in re.split(r"<td[^>]*>", row)] for row in rows]


def test_assessment_against_profile_is_told_in_shares_by_post_over_quarters_that_are_over(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    screened.count([
        *[screening("possible", "suspected")] * 3, *[screening("possible", "possible")] * 16,
        *[screening("none", "possible")] * 2, screening("suspected", "99"),
        *[screening("possible", "none", post="")] * 2,
        *[screening("possible", "none", month=date(2026, 7, 1))] * 9,  # this quarter is not over
        *[screening("possible", "none", month=date(2025, 6, 1))] * 9,  # more than four quarters ago
    ])  # fmt: skip
    for login in ("ra.duty_officer", "oms.monitor"):
        page = sign_in(login).get("/rollout/assessments?lang=en")
        assert compared_rows(page) == [
            ["Rinas airport", "75 %", "10 %", "15 %"],
            ["Help line and shelters", "fewer than 20 people"],
        ]
    sign_in("oms.coordinator").get("/rollout/assessments", status=403)


@pytest.mark.parametrize("number", [1, 2, FEWEST - 1])
def test_a_monitor_reads_no_count_of_few_people(app: Flask, sign_in: SignIn, number: int) -> None:
    """One person whom an officer at a small post had assessed otherwise stood there as a 1."""
    assert app
    screened.count([screening("possible", "none")] * number)
    page = sign_in("oms.monitor").get("/rollout/assessments?lang=en")
    assert compared_rows(page) == [["Rinas airport", "fewer than 20 people"]]


def test_an_interview_against_its_profile_is_counted_without_leading_to_the_case(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    walk(person, example(assessment="suspected"), begin(person))
    later(days=30)
    page = sign_in("oms.monitor").get("/rollout/assessments")
    assert "Punonjësi pa më pak" in page
    db.session.rollback()
    pseudonym = db.session.scalars(select(Interview.pseudonym)).one()
    assert pseudonym not in page


def test_on_a_telephone_each_post_is_a_card_whose_cells_say_what_they_are(sign_in: SignIn) -> None:
    page = sign_in("oms.monitor").get("/rollout?lang=en")
    [found] = re.findall(r'<table class="stack">\s*<caption id="posts">.*?</table>', page, re.DOTALL)
    cells = re.findall(r"<td[^>]*>", found)
    assert cells
    assert all("data-l=" in each for each in cells)
