"""An answer of the child authority that somebody else wrote down waits until it says yes or no (ADR 0243)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm.actions.interviews import child_alerts as actions
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.interviews.endings import ChildAnswer, as_answered
from nrm.domain.referrals.referrals import IllegalTransition
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Call, ChildAlert
from nrm.store.interviews import child_alerts, written_answers
from nrm.store.rows import entries
from tests import factories
from tests.conftest import Person
from tests.factories import actor
from tests.factories_agreements import colleague
from tests.factories_interviews import LOGIN
from tests.integration.interviews.test_ending import asked_about, told_long_ago
from tests.integration.interviews.test_holds import by_telephone, confirmation

SignIn = Callable[[str], Person]
AUTHORITY, SERVICE, DUTY = (
    "child_protection.case_worker",
    "child_protection.child_protection_officer",
    "ra.duty_officer",
)
ASKS, UNCONFIRMED = "Did you say that?", "the child authority has not confirmed what was written down"
DENIED = "they did not say what was written down: keep the child here"


def id_of(interview: str) -> uuid.UUID:
    return uuid.UUID(interview.rsplit("/", 1)[1])


def seen(interview: str) -> str:
    db.session.rollback()
    alert = db.session.get_one(ChildAlert, id_of(interview))
    return as_answered(alert.answer, alert.answered_at)


def top(page: str) -> str:
    """What waits, at the top of the home page of a post."""
    return page.partition("<h2>What waits for me")[2].partition("</section>")[0]


def second_of_post() -> str:
    organisation = db.session.scalar(select(Organisation).where(Organisation.code == "RINAS"))
    assert organisation is not None
    return colleague(organisation, LOGIN, actor(LOGIN))


@pytest.mark.slow
def test_an_answer_that_was_written_down_is_due_until_the_child_authority_says_yes(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    interview = asked_about(person)
    second = second_of_post()
    by_telephone(person, interview)
    for login in (LOGIN, second):
        assert top(sign_in(login).get("/?lang=en")).count(UNCONFIRMED) == 1
        assert "the child authority has answered" not in top(sign_in(login).get("/?lang=en"))
    for login in ("durres.border_officer", "nrc.case_worker", DUTY):
        assert UNCONFIRMED not in sign_in(login).get("/?lang=en")
    desk = sign_in(AUTHORITY)
    assert ASKS in desk.get("/?lang=en")
    assert ASKS not in sign_in(DUTY).get("/?lang=en")
    page = desk.get(f"/children/{id_of(interview)}/answer?lang=en")
    assert "Yes, we said that" in page
    form = {"seen": re.findall(r'name="seen" value="([^"]+)"', page)[0]}
    for login in (LOGIN, DUTY, "nrc.case_worker", "trp_unit.trp_officer"):
        answer = sign_in(login).client.post(f"/children/{id_of(interview)}/confirm", data=form)
        assert answer.status_code in (400, 403, 404), login
    assert desk.post(f"/children/{id_of(interview)}/confirm", form) == "/"
    assert desk.post(f"/children/{id_of(interview)}/confirm", form) == "/"  # pressed twice
    assert len(list(entries.since(entries.EVER, Event.CHILD_ANSWER_CONFIRMED))) == 1
    home = sign_in(SERVICE).get("/?lang=en")
    assert ASKS not in home
    assert "You said so" in home
    assert "You said so" in desk.get(f"/children/{id_of(interview)}/answer?lang=en")
    assert UNCONFIRMED not in sign_in(second).get("/?lang=en")
    assert "the child authority has answered" in top(sign_in(LOGIN).get("/?lang=en"))
    # Whoever of the desk knows better says no all the same.
    desk.post(f"/children/{id_of(interview)}/contradict", {"seen": seen(interview)})
    assert DENIED in top(sign_in(LOGIN).get("/?lang=en"))


def ended_by(person: Person, interview: str) -> None:
    person.post(f"{interview}/end", confirmation(person.get(f"{interview}/end")))
    assert person.get(f"{interview}/held")


@pytest.mark.slow
def test_a_yes_leaves_the_ordinary_hours_in_which_a_colleague_can_still_say_no(app: Flask, sign_in: SignIn) -> None:
    assert app
    person, desk = sign_in(LOGIN), sign_in(AUTHORITY)
    interview, confirmed_first = asked_about(person), asked_about(person)
    for each in (interview, confirmed_first):
        by_telephone(person, each)
    desk.post(f"/children/{id_of(confirmed_first)}/confirm", {"seen": seen(confirmed_first)})
    assert "So the interview stays sealed for 12 hours" in person.get(f"{confirmed_first}/end?lang=en")
    for each in (interview, confirmed_first):
        ended_by(person, each)
    assert "for 72 hours at most, and for 12 hours after your yes" in desk.get(
        f"/children/{id_of(interview)}/answer?lang=en"
    )
    assert factories.end_holds() == 1  # the answer was confirmed before
    desk = sign_in(AUTHORITY)
    for _ in range(2):  # pressed twice
        desk.post(f"/children/{id_of(interview)}/confirm", {"seen": seen(interview)})
    factories.later(hours=11)
    assert factories.finish_holds() == 0
    factories.later(hours=2)
    assert factories.finish_holds() == 1


@pytest.mark.slow
def test_what_waits_for_a_yes_stands_at_home_however_long_ago_it_was_asked(app: Flask, sign_in: SignIn) -> None:
    """The question was asked eight days ago, the answer is written down today: that is not an old question."""
    assert app
    person = sign_in(LOGIN)
    interview = asked_about(person)
    factories.later(days=8)
    person = sign_in(LOGIN)
    person.post(f"{interview}/resume", {"page": "end"})
    by_telephone(person, interview)
    for _ in range(2):
        assert ASKS in sign_in(AUTHORITY).get("/?lang=en")
        factories.later(hours=71)
    factories.later(days=7)
    assert ASKS not in sign_in(AUTHORITY).get("/?lang=en")


@pytest.mark.slow
def test_a_denial_after_a_day_brings_the_interview_back(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    interview = asked_about(person)
    by_telephone(person, interview)
    ended_by(person, interview)
    factories.later(hours=30)
    assert factories.finish_holds() == 0
    sign_in("nrc.case_worker").post(f"/children/{id_of(interview)}/contradict", status=404)
    sign_in(AUTHORITY).post(f"/children/{id_of(interview)}/contradict", {"seen": seen(interview)})
    assert DENIED in top(sign_in(LOGIN).get("/?lang=en"))
    assert factories.finish_holds() == 0


@pytest.mark.slow
def test_a_denial_stands_at_the_top_of_the_home_page_of_the_whole_post(app: Flask, sign_in: SignIn) -> None:
    assert app
    person, desk = sign_in(LOGIN), sign_in(AUTHORITY)
    interview, other = asked_about(person), asked_about(person)
    second = second_of_post()
    by_telephone(person, interview)
    desk.post(f"/children/{id_of(interview)}/contradict")
    for login in (LOGIN, second):
        part = top(sign_in(login).get("/?lang=en"))
        assert part.count(DENIED) == 1
        assert f"/children/{id_of(interview)}/answer/call" in part
        assert str(id_of(other)) not in part  # of which nothing was written down
    assert DENIED not in sign_in("durres.border_officer").get("/?lang=en")
    assert written_answers.of_post(by=actor("durres.border_officer")) == []
    assert written_answers.of_post(by=actor("nrc.case_worker")) == []
    sign_in(second).get(f"/children/{id_of(interview)}/answer/call")
    actions.answer_child(interview_id=id_of(interview), answer=ChildAnswer.COMING, by=actor(AUTHORITY))
    assert DENIED not in top(sign_in(LOGIN).get("/?lang=en"))


@pytest.mark.slow
def test_an_old_page_of_a_call_replaces_no_newer_answer(app: Flask, sign_in: SignIn) -> None:
    assert app
    person, duty = sign_in(LOGIN), sign_in(DUTY)
    interview = asked_about(person)
    told_long_ago(interview)
    address = f"/children/{id_of(interview)}/answer/call"
    old = person.get(f"{address}?lang=en")
    number = re.findall(r'name="number" value="([^"]+)"', old)[0]
    stood = re.findall(r'name="seen" value="([^"]*)"', old)[0]
    assert stood == ""
    actions.answer_child(interview_id=id_of(interview), answer=ChildAnswer.COMING, by=actor(AUTHORITY))
    call = {"number": number, "answer": "answered", "name": "Drita Hoxha", "when": "15", "seen": stood}
    for caller in (person, duty):
        page = caller.post(f"{address}?lang=en", {**call, "decision": "bring"}, 409)
        assert "Nothing is recorded" in page
        assert "Drita Hoxha" in page  # what was typed stays
        db.session.rollback()
        assert db.session.get_one(ChildAlert, id_of(interview)).answer == "coming"
    assert person.post(address, {**call, "decision": "coming"}) == "/"  # both say the same
    now = re.findall(r'name="seen" value="([^"]*)"', page)[0]
    assert now == seen(interview)
    assert person.post(address, {**call, "decision": "bring", "seen": now}) == "/"
    db.session.rollback()
    assert db.session.get_one(ChildAlert, id_of(interview)).answer == "bring"
    page = duty.post(f"{address}?lang=en", {**call, "name": "Ana Lala", "decision": "coming", "seen": now}, 409)
    assert "Nothing is recorded: Drita Hoxha answered" in page  # a name under seal is opened for who may read it
    assert "sealed:" not in page


@pytest.mark.slow
def test_a_yes_or_no_from_an_old_page_counts_for_no_other_answer(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    interview = asked_about(person)
    with pytest.raises(IllegalTransition):  # nothing was written down
        actions.confirm(interview_id=id_of(interview), seen="", by=actor(AUTHORITY))
    by_telephone(person, interview, "coming")
    old = seen(interview)
    by_telephone_again(person, interview, "bring")
    for action in (actions.confirm, actions.contradict):
        with pytest.raises(IllegalTransition):
            action(interview_id=id_of(interview), seen=old, by=actor(AUTHORITY))
    actions.confirm(interview_id=id_of(interview), seen=seen(interview), by=actor(AUTHORITY))
    assert not child_alerts.of_desk(id_of(interview), by=actor(AUTHORITY)).to_confirm
    by_telephone_again(person, interview, "coming")
    assert child_alerts.of_desk(id_of(interview), by=actor(AUTHORITY)).to_confirm
    for login, refused in ((LOGIN, NotPermitted), (DUTY, NotVisible)):
        with pytest.raises((refused, NotVisible)):
            actions.confirm(interview_id=id_of(interview), seen=seen(interview), by=actor(login))


def by_telephone_again(person: Person, interview: str, decision: str) -> None:
    address = f"/children/{id_of(interview)}/answer/call"
    page = person.get(address)
    found = {name: re.findall(rf'name="{name}" value="([^"]*)"', page)[0] for name in ("number", "seen")}
    call = {**found, "answer": "answered", "name": "Drita Hoxha", "when": "0", "decision": decision}
    assert person.post(address, call) == "/"


@pytest.mark.slow
@pytest.mark.parametrize("login", [LOGIN, DUTY])
def test_no_answer_beside_a_name_and_a_decision_is_no_answer(app: Flask, sign_in: SignIn, login: str) -> None:
    assert app
    interview = asked_about(sign_in(LOGIN))
    told_long_ago(interview)
    person, address = sign_in(login), f"/children/{id_of(interview)}/answer/call"
    number = re.findall(r'name="number" value="([^"]+)"', person.get(address))[0]
    call = {"number": number, "answer": "nobody", "name": "nobody took it", "when": "0", "decision": "parents"}
    page = person.post(f"{address}?lang=en", call, 422)
    assert re.findall(r'name="answer"[^>]* value="(\w+)"[^>]* checked', page) == ["nobody"]
    beside = re.findall(r'name="beside"[^>]* value="([^"]*)"', page)[0]
    assert person.post(address, {**call, "beside": beside}) == address
    assert seen(interview) == ""


@pytest.mark.slow
@pytest.mark.parametrize("decision", ["parents", "coming"])
def test_an_answer_by_telephone_that_is_pressed_twice_is_recorded_once(
    app: Flask, sign_in: SignIn, decision: str
) -> None:
    assert app
    interview = asked_about(sign_in(LOGIN))
    told_long_ago(interview)
    duty, address = sign_in(DUTY), f"/children/{id_of(interview)}/answer/call"
    page = duty.get(address)
    found = {name: re.findall(rf'name="{name}"[^>]* value="([^"]*)"', page)[0] for name in ("number", "seen", "once")}
    call = {**found, "answer": "answered", "name": "Drita Hoxha", "when": "0", "decision": decision}
    assert duty.post(address, call) == "/"
    assert duty.post(address, call) == "/"
    duty.post(address, {**call, "decision": "nothing"}, 409)
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Call)) == 1


@pytest.mark.slow
def test_the_duty_desk_is_no_child_authority_to_a_post(app: Flask, sign_in: SignIn) -> None:
    """The number of the duty desk with "the child goes with the parents" let the interview end."""
    assert app
    person, desk_number = sign_in(LOGIN), "+355 4 000 0105"
    interview = asked_about(person)
    told_long_ago(interview)
    address = f"/children/{id_of(interview)}/answer/call"
    page = person.get(f"{address}?lang=en")
    assert f'value="{desk_number}"' not in page
    assert desk_number in page.split("Nobody answers? Call the duty desk, it asks them:")[1].split("</p>")[0]
    call = {"number": desk_number, "answer": "answered", "name": "Gentiana", "when": "0", "decision": "parents"}
    person.post(address, call, 422)
    person.post(address, {**call, "answer": "nobody", "name": ""}, 422)
    assert seen(interview) == ""
    number = re.findall(r'name="number" value="([^"]+)"', page)[0]
    assert person.post(address, {**call, "number": number}) == "/"
    home = re.sub(r"<[^>]+>", "", sign_in(AUTHORITY).get("/?lang=en"))
    assert f"written down for you by telephone: Gentiana, {number}" in home
    sign_in(AUTHORITY).post(f"/children/{id_of(interview)}/contradict")
    page = person.get(f"{address}?lang=en")
    assert re.findall(r'name="answer" value="(\w+)"', page) == ["nobody"]
    assert 'name="decision"' not in page
    assert desk_number in page.split("Call the duty desk, it asks them:")[1].split("</p>")[0]
    assert "or the duty desk calls" in person.post(f"{address}?lang=en", {**call, "number": number}, 422)
    duty = sign_in(DUTY).get(address)
    assert 'name="decision"' in duty
