"""The duty officer's home at two in the morning: whom to help first, what is due, and what is old in one line."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select

from nrm import clock
from nrm.actions.accounts import suspensions
from nrm.actions.interviews import interviews
from nrm.actions.referrals import referrals
from nrm.actions.shelter import absences
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.accounts.suspensions import SuspensionReason
from nrm.domain.referrals.referrals import DeclineReason, Relation
from nrm.domain.shelter.absences import Feared
from nrm.models.accounts.accounts import KeyringWrap, Member
from nrm.models.accounts.suspensions import Suspension
from nrm.store.referrals import referrals as store
from nrm.store.rows.referrals.duty import sources
from nrm.web import telephones
from nrm.web.referrals.duty import SHOWN
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import admitted
from tests.integration.test_home_statements import statements

SignIn = Callable[[str], Person]
OFFICER = "ra.duty_officer"
HEAD = "Who waits at a post now"
BOX = "You do not hold the newest key of your organisation"


def old_ones(number: int) -> list[str]:
    """People long in a shelter, of whom the desk was never said to know: their codes."""
    codes = []
    for _ in range(number):
        sent = people.sent(factories.actor("rinas.border_officer"))
        nrc = factories.actor("nrc.case_worker")
        free = people.bed("NRC", len(codes))
        referrals.accept(referral_id=sent.referral_id, place_id=free, by=nrc)
        referrals.arrive(referral_id=sent.referral_id, by=nrc)
        codes.append(sent.pseudonym)
    return codes


def part(page: str, heading: str) -> str:
    """What stands under a heading, to the next."""
    assert heading in page, page[page.find("<main") :][:3000]
    return page.split(heading, 1)[1].split("<h2", 1)[0]


def codes_in(text: str) -> list[str]:
    return re.findall(r'class="pn">([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z])<', text)


@pytest.mark.slow
def test_who_waits_at_a_post_now_stands_first_whatever_is_old(app: Flask, sign_in: SignIn) -> None:
    forgotten = old_ones(9)
    factories.later(days=10)
    rinas = factories.actor("rinas.border_officer")
    adult = people.sent(rinas)
    factories.later(minutes=5)
    child = people.sent(rinas, age="child")
    page = sign_in(OFFICER).get("/?lang=en")
    first = part(page, HEAD)
    shown = codes_in(first)
    assert shown[0] == child.pseudonym, "the child first, though the adult's answer is awaited as long"
    assert adult.pseudonym in shown
    assert not set(forgotten) & set(codes_in(page)), "what is old is one line"
    assert page.index(HEAD) < page.index("12 hours")
    assert "Rinas airport" in first
    assert re.search(r'<a href="/duty/old">\d+ things are older than seven days</a>', page)
    assert "no hour is set" not in page


def test_each_row_says_what_who_has_it_and_by_when_and_leads_to_where_it_is_done(app: Flask, sign_in: SignIn) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"), urgent=True, consent_urgent="given")
    person = sign_in(OFFICER)
    first = part(person.get("/?lang=en"), HEAD)
    assert f'href="/referrals/{sent.referral_id}"' in first
    for said in ("National Reception Centre", "Rinas airport", "urgent", sent.pseudonym):
        assert said in first, said
    assert re.search(r"\d\d:\d\d", first)
    nrc, iom = factories.actor("nrc.case_worker"), factories.actor("iom.case_worker")
    tried = referrals.decline(referral_id=sent.referral_id, reason=DeclineReason.CANNOT_KEEP_SAFE, by=nrc)
    while tried is not None:
        by = next(
            each
            for each in (iom, *(factories.actor(f"{code}.case_worker") for code in ("vatra", "tjeter_vizion")))
            if _is_asked(tried, each)
        )
        tried = referrals.decline(referral_id=tried, reason=DeclineReason.FULL, by=by)
    first = part(person.get("/?lang=en"), HEAD)
    assert f'href="/cases/{sent.case_id}/direct"' in first
    assert "danger" in first, "a shelter said that it cannot keep the person safe"


@pytest.mark.slow
def test_people_stand_before_boxes_about_keys(app: Flask, sign_in: SignIn) -> None:
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent, waits = people.sent(rinas), people.sent(rinas, age="child", consent_services=None)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    absences.report(case_id=sent.case_id, since=clock.now(), feared=Feared.YES, by=nrc)
    for login, codes in (
        (OFFICER, (sent.pseudonym, waits.pseudonym)),
        ("nrc.case_worker", (sent.pseudonym,)),
        ("child_protection.case_worker", ()),
    ):
        mine = KeyringWrap.member_id == factories.actor(login).member_id
        with transaction() as session:
            session.execute(delete(KeyringWrap).where(mine))
        page = sign_in(login).get("/?lang=en")
        for code in codes:
            assert page.index(code) < page.index(BOX), (login, code)
    page = sign_in(OFFICER).get("/?lang=en")
    assert page.index(HEAD) < page.index(BOX)
    # An error page names to staff who the guide names, and not the help line of victims.
    wrong = sign_in(OFFICER).get("/no-such-page?lang=en", 404)
    (operator,) = telephones.operator()
    called = wrong.split("If it stays like this, call:", 1)[1][:120]
    assert operator.number in called
    assert "116 006" not in called


def _is_asked(referral_id: uuid.UUID, by: Actor) -> bool:
    try:
        return store.referral(referral_id, by=by).relation is Relation.RECEIVER
    except NotVisible:
        return False


def test_danger_that_the_clause_itself_says_is_said_in_words(app: Flask, sign_in: SignIn) -> None:
    plain = people.sent(factories.actor("rinas.border_officer"))
    risky = people.sent(factories.actor("rinas.border_officer"), risk="high")
    first = part(sign_in(OFFICER).get("/?lang=en"), HEAD)
    assert codes_in(first)[0] == risky.pseudonym
    row = next(each for each in first.split("<tr") if risky.pseudonym in each)
    other = next(each for each in first.split("<tr") if plain.pseudonym in each)
    assert "danger" in row
    assert "danger" not in other


def test_a_child_of_whom_only_the_post_knows_waits_at_the_post(app: Flask, sign_in: SignIn) -> None:
    by = factories.actor("kakavija.border_officer")
    interview_id = people.interview(by, age="child")
    draft = interviews.read(interview_id=interview_id, by=by)
    page = next(each for each in draft.questionnaire.pages.values() if "age" in each.questions)
    given = {name: draft.answers[name] for name in page.questions if name in draft.answers}
    interviews.save_page(draft=draft, page=page.id, given=given, seen=draft.revision, by=by)
    first = part(sign_in(OFFICER).get("/?lang=en"), HEAD)
    assert "Kakavija" in first
    assert f'href="/children/{interview_id}/call"' in first


@pytest.mark.slow
def test_what_is_old_has_a_page_of_its_own_page_by_page(app: Flask, sign_in: SignIn) -> None:
    forgotten = old_ones(3)
    factories.later(days=10)
    person = sign_in(OFFICER)
    page = person.get("/duty/old?lang=en")
    assert set(forgotten) <= set(codes_in(page))
    assert "days late" in page
    assert not set(forgotten) & set(codes_in(person.get("/duty?lang=en")))
    for login in ("nrc.shelter_manager", "rinas.border_officer", "molsa.statistician", "administrator"):
        sign_in(login).get("/duty/old", 403)
    person.get("/duty/old?after=x", 404)


def test_with_nobody_there_the_page_says_so(app: Flask, sign_in: SignIn) -> None:
    page = sign_in(OFFICER).get("/?lang=en")
    assert "Nobody waits at a post now." in page
    assert "older than seven days" not in page


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "sq"])
def test_the_page_is_light_and_costs_as_many_statements_however_much_waits(
    app: Flask, sign_in: SignIn, language: str
) -> None:
    person = sign_in(OFFICER)
    with statements() as few:
        person.get("/")
    old_ones(12)
    factories.later(days=8)
    rinas = factories.actor("rinas.border_officer")
    for number in range(12):
        people.sent(rinas, age="child" if number % 2 else "adult")
    factories.later(minutes=50)
    person = sign_in(OFFICER)
    with statements() as many:
        page = person.get(f"/?lang={language}")
    # Of nothing nobody asks: one statement for each kind of thing that waits, and one for the calls made about them.
    assert len(many) <= len(few) + len(sources()) + 1, "\n".join(many)
    assert len(page.encode()) < 11_700, "with the style sheet and the script below 15 KB"


@pytest.mark.slow
def test_a_child_of_tonight_stands_above_old_alarms(app: Flask, sign_in: SignIn) -> None:
    """By harm and by time: a child of tonight first, then alarms of the last days, then old ones."""
    assert app
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    missed = admitted(nrc, days_ago=1)  # also an hour ago it was there, whatever the hour is
    absences.report(case_id=missed.case_id, since=clock.now() - timedelta(hours=1), feared=Feared.NO, by=nrc)
    assert before_post(sign_in(OFFICER).get("/?lang=en"), "Missing now")
    old = [people.sent(rinas, age="child").pseudonym for _ in range(SHOWN)]
    factories.later(days=3)
    child = people.sent(rinas, age="child")
    page = sign_in(OFFICER).get("/?lang=en")
    assert codes_in(part(page, HEAD))[0] == child.pseudonym, "not the seventh, after those of days ago"
    assert set(codes_in(part(page, HEAD))[1:]) < set(old)
    assert not before_post(page, "Missing now")
    factories.later(days=7)
    page = sign_in(OFFICER).get("/?lang=en")
    assert "Missing now" not in page
    assert not before_post(page, "Missing for more than a week")
    assert missed.pseudonym in part(page, "Missing for more than a week")


def before_post(page: str, heading: str) -> bool:
    return page.index(heading) < page.index(HEAD)


@pytest.mark.slow
def test_nobody_is_said_not_to_come_before_they_can_be_late_and_what_was_answered_is_not_asked_again(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    sent = people.sent(factories.actor("rinas.border_officer"))
    in_two = clock.now() + timedelta(hours=2)
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), expected_at=in_two, by=nrc)
    address, desk, officer = f"/referrals/{sent.referral_id}", sign_in(OFFICER), sign_in("rinas.border_officer")
    gone = {"escort": "woman_officer", "expected": "2", "seen": "", "without": "y"}
    assert officer.post(f"{address}/depart", gone) == address
    assert officer.post(f"{address}/depart", gone) == address  # pressed twice: it was answered
    assert "They have left<" not in officer.get(f"{address}?lang=en")
    page = officer.get(f"{address}/depart?lang=en")
    assert "They have left<" not in page
    assert re.search(r'value="woman_officer"[^>]* checked', page)
    assert "Recorded now" in officer.post(f"{address}/depart?lang=en", {**gone, "expected": "8"}, 409)
    assert "is expected on" in desk.get(f"{address}/not-arrived?lang=en")
    assert "Ask both first, and tick it" in desk.post(f"{address}/not-arrived?lang=en", {}, 422)
    desk.get(address)
    factories.later(hours=3, minutes=5)
    late = sign_in(OFFICER)
    assert "is expected on" not in late.get(f"{address}/not-arrived?lang=en")
    late.post(f"{address}/not-arrived", {})
    # And early, by who asked both: no dead end.
    other = people.sent(factories.actor("rinas.border_officer"))
    referrals.accept(referral_id=other.referral_id, place_id=people.bed("NRC"), by=nrc)
    late.post(f"/referrals/{other.referral_id}/not-arrived", {}, 422)
    late.post(f"/referrals/{other.referral_id}/not-arrived", {"asked": "y"})


@pytest.mark.slow
def test_the_map_shows_no_free_place_of_a_house_that_cannot_accept(app: Flask, sign_in: SignIn) -> None:
    assert app
    worker, manager = (factories.actor(f"vatra.{each}") for each in ("case_worker", "shelter_manager"))
    desk = sign_in(OFFICER)
    free = re.search(r"<tr><th[^>]*>[^<]*Vatra.*?</tr>", desk.get("/duty/map?lang=en"))
    assert free is not None
    assert "free" in free[0]
    assert worker.member_id is not None
    assert manager.member_id is not None
    suspensions.suspend(member_id=manager.member_id, reason=SuspensionReason.MISUSE, by=worker)
    with transaction() as session:  # and the other one, as a second hand from outside would
        first = session.scalars(select(Suspension).where(Suspension.member_id == manager.member_id)).one()
        values = {each.key: getattr(first, each.key) for each in Suspension.__table__.columns}
        session.add(
            Suspension(**{**values, "id": uuid.uuid4(), "member_id": worker.member_id, "by_id": manager.member_id})
        )
    page = desk.get("/duty/map?lang=en")
    row = re.search(r"<tr><th[^>]*>[^<]*Vatra.*?</tr>", page)
    assert row is not None
    assert "everybody there is suspended: nobody can answer" in row[0]
    assert ">free<" not in row[0]
    with transaction() as session:
        nrc = session.scalars(select(Member.id).where(Member.login == "nrc.case_worker")).one()
        session.execute(delete(KeyringWrap).where(KeyringWrap.member_id == nrc))
    row = re.search(r"<tr><th[^>]*>National Reception.*?</tr>", desk.get("/duty/map?lang=en"))
    assert row is not None
    assert "cannot accept yet" in row[0]
