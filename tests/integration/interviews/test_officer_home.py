"""The officer's home, the telephones, and the answer to a referral that comes by itself."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions.referrals import next_receiver, referrals
from nrm.db import db
from nrm.domain.accounts.accounts import SESSION_IDLE_MINUTES
from nrm.domain.referrals.referrals import DeclineReason, Escort, OverrideReason
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Referral
from nrm.store.countries import country
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_agreements import colleague
from tests.factories_interviews import LOGIN, begin, example, fields, page_id, questionnaire, walk

SignIn = Callable[[str], Person]


@pytest.fixture
def second(app: Flask) -> str:
    """A second officer of the post."""
    organisation = db.session.scalar(select(Organisation).where(Organisation.code == "RINAS"))
    assert organisation is not None
    return colleague(organisation, LOGIN, factories.actor(LOGIN))


def part(home: str, table: str) -> str:
    """The text of one table."""
    found = re.search(rf'<table[^>]*id="?{table}"?.*?</table>', home, re.DOTALL) or re.search(
        rf'id="?{table}"?.*?</table>', home, re.DOTALL
    )
    assert found, table
    return re.sub(r"<[^>]+>", " ", found[0])


def numbers() -> list[str]:
    known = country().emergency
    desk = next(
        each.on_call
        for each in country().in_force(clock.now()).parties.values()
        if each.kind == "responsible_authority"
    )
    return [known.ambulance, known.police, known.helpline, known.children, desk]


def asking(question: str) -> str:
    return next(page.id for page in questionnaire().pages.values() if question in page.questions)


def test_own_drafts_say_age_class_and_page_and_those_of_colleagues_the_page(sign_in: SignIn, second: str) -> None:
    owner = sign_in(LOGIN)
    address = begin(owner)
    walk(owner, example(), address, until=asking("consent_services"))
    own = part(owner.get("/"), "drafts")
    saved = {page.title["sq"] for page in questionnaire().pages.values() if page.title["sq"] in own}
    assert "18 vjeç e lart" in own
    assert len(saved) == 1
    others = part(sign_in(second).get("/"), "colleagues")
    assert next(iter(saved)) in others
    assert re.search(r"\d\d:\d\d", others)
    assert "18 vjeç e lart" not in others


def test_a_child_and_an_interview_just_begun(sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    begin(person)
    address = begin(person)
    child = example(age="child", age_stated="15")
    walk(person, child, address, until=asking("age"))
    page = f"{address.rsplit('/', 1)[0]}/{asking('age')}"
    person.post(page, fields(page_id(page), person.get(page), child))
    own = part(person.get("/"), "drafts")
    assert own.count("nën 18") == 1
    assert "18 vjeç e lart" not in own
    # A child who stands there is not "nothing waits".
    home = person.get("/?lang=en")
    assert "An interview is not finished or not sent: it stands below." in home
    assert "Nothing waits for you." not in home


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_the_telephones_stand_at_home_on_urgent_pages_and_on_error_pages(sign_in: SignIn, lang: str) -> None:
    person = sign_in(LOGIN)
    person.get(f"/?lang={lang}")
    urgent = begin(person, urgent=True)
    for body in (person.get("/"), person.get(urgent), person.get("/no/such/page", status=404)):
        for number in numbers():
            assert f'href="tel:{number.replace(" ", "")}"' in body, number
    ordinary = person.get(begin(person))
    listed = [each for each in numbers() if f"tel:{each.replace(' ', '')}" in ordinary]
    assert set(listed) <= {"127", "129"}, "only beside the warnings of hurt and danger"


def test_a_page_of_the_interview_leads_nowhere_but_back(sign_in: SignIn) -> None:
    """The screen is shown to the person: it holds no way to other people."""
    person = sign_in(LOGIN)
    address = begin(person)
    for _ in range(2):
        body = person.get(address)
        head = body[body.index("<header") : body.index("</header>")]
        assert "name=leave" in head
        assert "name=stop" in head
        assert "/hide-screen" in head
        assert "/sign-out" not in head
        links = [
            each for each in re.findall(r'href="?([^" >]+)', body) if not each.startswith(("#", "/assets", "http"))
        ]
        here = address.rsplit("/", 1)[0]
        own_pages = [each for each in links if not each.startswith("/") or each.startswith(here)]
        rest = [each for each in links if each not in own_pages and "lang=" not in each]
        help_alone = {"/cards/greetings", "/greetings", "/languages", "/signs"}
        assert {each.partition("#")[0] for each in rest} <= help_alone, rest
        address = person.post(address, fields(page_id(address), body, example()))


def test_what_waits_is_said_first_with_the_way_there(sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    assert "Asgjë nuk ju pret." in person.get("/")
    sent = people.sent(factories.actor(LOGIN))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker"))
    home = person.get("/")
    waiting = home[home.index("Çfarë më pret") : home.index('id="sent"')]
    assert f'href="/referrals/{sent.referral_id}"' in waiting
    assert f"{sent.pseudonym}: u pranua" in waiting


def test_what_was_sent_is_found_by_whose_day_and_answer(sign_in: SignIn, second: str) -> None:
    start = clock.now()
    clock.set_clock(lambda: start - timedelta(days=1))
    before = people.sent(factories.actor(LOGIN))
    clock.set_clock(lambda: start)
    today = people.sent(factories.actor(LOGIN))
    others = people.sent(factories.actor(second))
    referrals.decline(
        referral_id=today.referral_id, reason=DeclineReason.CANNOT_KEEP_SAFE, by=factories.actor("nrc.case_worker")
    )
    person = sign_in(LOGIN)

    def found(query: str) -> set[str]:
        page = person.get(f"/referrals/sent?{query}")
        return {each.pseudonym for each in (before, today, others) if each.pseudonym in page}

    assert found("whose=mine&day=&answer=") == {before.pseudonym, today.pseudonym}
    assert found("whose=post&day=&answer=") == {each.pseudonym for each in (before, today, others)}
    assert found("whose=mine&day=today&answer=") == {today.pseudonym}
    assert found("whose=mine&day=yesterday&answer=") == {before.pseudonym}
    assert found("whose=mine&day=&answer=declined") == {today.pseudonym}
    assert found("whose=mine&day=yesterday&answer=declined") == set()
    assert "Asgjë nga të dërguarat nuk përputhet" in person.get("/referrals/sent?whose=mine&day=today&answer=arrived")
    home = person.get("/")
    assert others.pseudonym not in part(home, "sent")
    for wrong in ("whose=all&day=&answer=", "whose=mine&day=never&answer=", "whose=mine&day=&answer=x"):
        person.get(f"/referrals/sent?{wrong}", status=404)


def test_the_answer_is_asked_for_without_prolonging_the_session(sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    sent = people.sent(factories.actor(LOGIN))
    page = person.get(f"/interviews/{sent.case_id}/sent")
    assert "Shikoni sërish" in page
    assert f'data-asks="/interviews/{sent.case_id}/answer"' in page
    start = clock.now()
    for minute in range(1, SESSION_IDLE_MINUTES):
        clock.set_clock(lambda minute=minute: start + timedelta(minutes=minute))  # type: ignore[misc]
        assert "data-state" in person.get(f"/interviews/{sent.case_id}/answer")
    clock.set_clock(lambda: start + timedelta(minutes=SESSION_IDLE_MINUTES, seconds=1))
    answer = person.client.get(f"/interviews/{sent.case_id}/answer")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in"


def test_a_person_who_looks_does_prolong_it(sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    sent = people.sent(factories.actor(LOGIN))
    start = clock.now()
    clock.set_clock(lambda: start + timedelta(minutes=SESSION_IDLE_MINUTES - 2))
    person.get(f"/interviews/{sent.case_id}/sent")
    clock.set_clock(lambda: start + timedelta(minutes=SESSION_IDLE_MINUTES + 5))
    person.get(f"/interviews/{sent.case_id}/sent")


def test_the_part_says_what_was_answered_and_to_nobody_else(sign_in: SignIn) -> None:
    sent = people.sent(factories.actor(LOGIN))
    person = sign_in(LOGIN)
    waits = person.get(f"/interviews/{sent.case_id}/answer")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker"))
    accepted = person.get(f"/interviews/{sent.case_id}/answer")
    state = re.compile(r'data-state="([^"]+)"')
    assert state.findall(waits) != state.findall(accepted)
    assert "data-over" not in waits
    assert "data-over" in accepted
    assert re.search(rf'data-title="[^"]+: {sent.pseudonym}"', accepted)
    sign_in("durres.border_officer").get(f"/interviews/{sent.case_id}/answer", status=404)
    person.get(f"/interviews/{uuid.uuid4()}/answer", status=404)


def waiting_for_me(home: str) -> str:
    return home[home.index("Çfarë më pret") : home.index('id="sent"')]


def test_whom_nobody_is_asked_for_any_more_waits_until_the_person_is_somewhere(sign_in: SignIn) -> None:
    """What was seen: a withdrawn referral was forgotten, and who had arrived elsewhere still waited."""
    person, by = sign_in(LOGIN), factories.actor(LOGIN)
    withdrawn, declined = people.sent(by), people.sent(by)
    referrals.withdraw(referral_id=withdrawn.referral_id, by=by)
    cannot = DeclineReason.CANNOT_KEEP_SAFE
    referrals.decline(referral_id=declined.referral_id, reason=cannot, by=factories.actor("nrc.case_worker"))
    again = select(Referral).where(Referral.case_id == declined.case_id, Referral.status == "sent")
    asked = db.session.scalars(again).one()
    receiver = db.session.get_one(Organisation, asked.receiver_id)
    there = factories.actor(f"{receiver.code.lower()}.case_worker")
    referral_id, bed = asked.id, people.bed(receiver.code)
    db.session.rollback()
    said = waiting_for_me(person.get("/"))
    assert f"{withdrawn.pseudonym}: tani nuk po pyetet askush" in said
    assert f"{declined.pseudonym}: tani" not in said
    referrals.accept(referral_id=referral_id, place_id=bed, by=there)
    soon = clock.now() + timedelta(hours=2)
    referrals.depart(referral_id=referral_id, escort=Escort.WOMAN_OFFICER, expected_at=soon, by=by)
    referrals.arrive(referral_id=referral_id, by=there)
    said = waiting_for_me(person.get("/"))
    assert withdrawn.pseudonym in said
    assert declined.pseudonym not in said
    factories.later(days=4)
    assert withdrawn.pseudonym not in waiting_for_me(sign_in(LOGIN).get("/"))


def test_keys_for_whom_the_duty_officer_chose_are_asked_for_at_home_and_on_the_open_page(sign_in: SignIn) -> None:
    rinas, nrc = factories.actor(LOGIN), factories.actor("nrc.case_worker")
    sent = people.sent(rinas)
    second = referrals.decline(referral_id=sent.referral_id, reason=DeclineReason.OTHER, by=nrc)
    assert second is not None
    referrals.decline(referral_id=second, reason=DeclineReason.OTHER, by=factories.actor("iom.case_worker"))
    person = sign_in(LOGIN)
    interview = sent.case_id
    told = "the duty officer chose a shelter, send it the keys now"
    assert told not in person.get("/?lang=en")
    where = next_receiver.direct(
        case_id=sent.case_id,
        receiver_id=people.organisation("NRC"),
        reason=OverrideReason.SAFETY,
        by=factories.actor("ra.duty_officer"),
    )
    assert told in person.get("/?lang=en")
    offer = f"/referrals/{where}/offer"
    for page in ("sent", "answer"):
        shown = person.get(f"/interviews/{interview}/{page}?lang=en")
        assert offer in shown, page
        assert "Send now" in shown
        assert "outside the route" not in shown
    person.post(offer)
    assert told not in person.get("/?lang=en")
    assert offer not in person.get(f"/interviews/{interview}/answer")
