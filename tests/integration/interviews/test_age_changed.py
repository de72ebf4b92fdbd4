"""A child who was told of does not become an adult by the post's word: the child authority is asked, and answers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions.interviews import child_alerts, interview_sending, interviews
from nrm.db import db
from nrm.domain.interviews.endings import ChildAnswer
from nrm.domain.interviews.questionnaire_flow import prune
from nrm.domain.referrals.referrals import IllegalTransition
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import ChildAlert, Referral
from nrm.models.shelter.cases import SealedCompartment
from nrm.vault import grants
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories import actor
from tests.factories_interviews import LOGIN, begin, confirmation, example, fields, last_of, questionnaire, walk
from tests.integration.interviews.test_ending import CHILD, alert, asked_about, at_check, drafts, seen, told_long_ago

SignIn = Callable[[str], Person]
AUTHORITY = "child_protection.case_worker"
NOT_YET = "Autoriteti për fëmijët u pyet"
SAYS_ADULT = "Pika kufitare tani thotë: 18 vjeç e lart"


def change_age(person: Person, interview: str, age: str, **more: Any) -> None:
    answers = example(age=age, **more)
    person.post(f"{interview}/screen", fields("screen", person.get(f"{interview}/screen"), answers))


def told_of(person: Person) -> str:
    """A child of whom the notice merely stands."""
    return at_check(person, example(**CHILD), "people_child")


@pytest.mark.slow
def test_who_was_said_to_be_a_child_was_told_of_although_the_page_asked_about_something_else(
    app: Flask, sign_in: SignIn
) -> None:
    """A child with a parent: the page warned, kept nothing, and "18 or over" on the next press left no trace."""
    person, answers = sign_in(LOGIN), example(**CHILD, alone="no", companions=["parent"])
    page = begin(person)
    person.post(page, fields("screen", person.get(page), answers), status=200)
    interview = page.rsplit("/", 1)[0]
    told = alert(interview)
    assert told is not None
    assert told.age_class == "child"
    assert f"/children/{interview.rsplit('/', 1)[1]}" in sign_in(AUTHORITY).get("/")
    change_age(person, interview, "adult")
    told = alert(interview)
    assert told is not None
    assert (told.withdrawn_at, told.age_class, told.opinion_why) == (None, "adult", "age_changed")
    assert SAYS_ADULT in sign_in(AUTHORITY).get("/")


@pytest.mark.parametrize("before", [told_of, asked_about])
def test_an_age_changed_to_adult_takes_nothing_back_and_lets_the_post_destroy_nothing(
    app: Flask, sign_in: SignIn, before: Callable[[Person], str]
) -> None:
    person = sign_in(LOGIN)
    interview = before(person)
    change_age(person, interview, "adult")
    told = alert(interview)
    assert told is not None
    assert (told.withdrawn_at, told.age_class, told.answer) == (None, "adult", "")
    assert told.opinion_why == ("age_changed" if before is told_of else "explained")
    body = person.get(f"{interview}/discard")
    assert NOT_YET in body
    assert "danger" not in body
    sent = {"seen": seen(person.get(f"{interview}/screen")), "reason": "explained", "sentence": "Fjali."}
    person.post(f"{interview}/discard", sent, status=409)
    assert person.post(f"{interview}/without", {}).startswith(interview)
    by, interview_id = actor(LOGIN), uuid.UUID(interview.rsplit("/", 1)[1])
    interviews.resume(interview_id=interview_id, by=by)
    with pytest.raises(interviews.ChildWaits):
        interviews.discard(interview_id=interview_id, by=by, reason="explained", sentence="Fjali.")
    assert drafts() == 1
    # The desk reads it, and can answer.
    desk = sign_in(AUTHORITY)
    address = f"/children/{interview_id}/answer"
    home = desk.get("/")
    assert address in home
    assert SAYS_ADULT in home
    assert SAYS_ADULT in desk.get(address)
    assert f"/children/{interview_id}/answer/call" in sign_in("ra.duty_officer").get("/")


@pytest.mark.parametrize("button", ["leave", "spoken"])
def test_an_age_that_is_taken_out_is_no_adult_to_the_child_authority(app: Flask, sign_in: SignIn, button: str) -> None:
    person = sign_in(LOGIN)
    interview = told_of(person)
    sent = fields("screen", person.get(f"{interview}/screen"), example(**CHILD))
    del sent["age"]
    person.post(f"{interview}/screen", {**sent, button: ""})
    told = alert(interview)
    assert told is not None
    assert (told.withdrawn_at, told.age_class, told.opinion_why) == (None, "unsure", "")
    assert SAYS_ADULT not in sign_in(AUTHORITY).get("/")
    change_age(person, interview, "adult")
    told = alert(interview)
    assert told is not None
    assert (told.withdrawn_at, told.age_class, told.opinion_why) == (None, "adult", "age_changed")


def test_neither_a_refusal_nor_no_indicator_of_who_was_a_child_ends_anything(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    for answers, last in (
        (example(consent_services="no", refusal_reason="fear"), "refusal"),
        (example(assessment="none"), last_of(example())),
    ):
        interview = told_of(person)
        change_age(person, interview, "adult")
        walk(person, answers, interview + "/six", until=last)
        sent = {**fields(last, person.get(f"{interview}/{last}"), answers), "end": "1"}
        assert person.post(f"{interview}/{last}", sent).split("?")[0] == f"{interview}/end"
        body = person.get(f"{interview}/end")
        assert NOT_YET in body
        person.post(f"{interview}/end", {"seen": seen(person.get(f"{interview}/six")), "reason": "other"}, status=409)
        told = alert(interview)
        assert told is not None
        assert told.withdrawn_at is None


def test_the_child_authority_agrees_and_the_post_may_end_an_adults_interview(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = told_of(person)
    interview_id = uuid.UUID(interview.rsplit("/", 1)[1])
    address = f"/children/{interview_id}/answer"
    change_age(person, interview, "adult")
    desk = sign_in(AUTHORITY)
    assert 'value="adult"' in desk.get(address)
    desk.post(address, {"answer": "adult", "sure": "yes"})
    told = alert(interview)
    assert told is not None
    assert (told.answer, told.withdrawn_why) == ("adult", "age_changed")
    body = person.get(f"{interview}/discard")
    person.post(f"{interview}/discard", {"seen": seen(body)}, status=422)  # who was a child's still needs a reason
    person.post(f"{interview}/discard", confirmation(body))
    assert factories.end_holds() == 1
    assert drafts() == 0


def test_of_a_child_nobody_agrees_that_it_is_an_adult(app: Flask, sign_in: SignIn) -> None:
    interview = asked_about(sign_in(LOGIN))
    interview_id = uuid.UUID(interview.rsplit("/", 1)[1])
    desk = sign_in(AUTHORITY)
    assert 'value="adult"' not in desk.get(f"/children/{interview_id}/answer")
    desk.post(f"/children/{interview_id}/answer", {"answer": "adult", "sure": "yes"}, status=422)
    with pytest.raises(IllegalTransition):
        child_alerts.answer_child(interview_id=interview_id, answer=ChildAnswer.ADULT, by=actor(AUTHORITY))
    assert 'value="adult"' not in sign_in("ra.duty_officer").get(f"/children/{interview_id}/answer/call")


def test_a_child_again_is_a_child_again(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = told_of(person)
    for _ in range(2):
        change_age(person, interview, "adult")
        change_age(person, interview, "child", age_stated=None, birth=None)
        told = alert(interview)
        assert told is not None
        assert (told.age_class, told.withdrawn_at, told.opinion_at) == ("child", None, None)
    change_age(person, interview, "adult")
    interview_id = uuid.UUID(interview.rsplit("/", 1)[1])
    child_alerts.answer_child(interview_id=interview_id, answer=ChildAnswer.ADULT, by=actor(AUTHORITY))
    db.session.expire_all()
    change_age(person, interview, "unsure")
    told = alert(interview)
    assert told is not None
    assert (told.age_class, told.withdrawn_at, told.answer, told.done_at) == ("unsure", None, "", None)


def test_sent_as_an_adult_stays_before_the_child_authority_for_a_day(app: Flask, sign_in: SignIn) -> None:
    officer = actor(LOGIN)
    interview_id = people.interview(officer, age="child", consent_services=None)
    draft = interviews.read(interview_id=interview_id, by=officer)
    answers = prune(questionnaire(), example())
    interviews.save_answers(interview_id=draft.interview_id, answers=answers, named=people.NAMED, by=officer)
    told = db.session.get(ChildAlert, interview_id, populate_existing=True)
    assert told is not None
    assert told.withdrawn_at is None
    interview_sending.send(interview_id=interview_id, party="NRC", by=officer)
    told = db.session.get(ChildAlert, interview_id, populate_existing=True)
    assert told is not None
    assert (told.age_class, told.withdrawn_why) == ("adult", "not_named")
    assert "u dërgua si i rritur" in sign_in(AUTHORITY).get("/")


@pytest.mark.parametrize("answer", ["parents", "nothing"])
def test_the_last_word_is_repeated_before_it_counts_and_can_be_read_again(
    app: Flask, sign_in: SignIn, answer: str
) -> None:
    interview = asked_about(sign_in(LOGIN))
    desk = sign_in(AUTHORITY)
    address = f"/children/{interview.rsplit('/', 1)[1]}/answer"
    again = desk.post(address, {"answer": answer}, status=200)
    assert alert(interview).answer == ""  # type: ignore[union-attr]
    assert f'name="answer" value="{answer}"' in again
    assert "asgjësohet" in again
    assert f'href="{address}"' in again
    desk.post(address, {"answer": answer, "sure": "yes"})
    assert alert(interview).answer == answer  # type: ignore[union-attr]
    read = desk.get(address)
    assert "U përgjigj" in read
    assert "<form id" not in read
    desk.post(address, {"answer": "coming"}, status=409)
    assert desk.post(address, {"answer": answer, "sure": "yes"}) == address  # the same button, pressed twice
    sign_in("nrc.case_worker").get(address, status=404)


def written_down(person: Person, interview: str, decision: str, *, name: str = "Ana") -> None:
    """An answer of the child authority by telephone that nobody gave."""
    told_long_ago(interview)
    address = f"/children/{interview.rsplit('/', 1)[1]}/answer/call"
    number = re.findall(r'name="number" value="([^"]+)"', person.get(address))[0]
    call = {"number": number, "answer": "answered", "name": name, "when": "0", "decision": decision}
    person.post(address, call)


def goes_on(person: Person, interview: str) -> None:
    """The interview is a draft again, and its interviewer goes on with it."""
    interview_id = uuid.UUID(interview.rsplit("/", 1)[1])
    db.session.rollback()
    assert db.session.get_one(Interview, interview_id, populate_existing=True).status == "draft"
    person.post(f"{interview}/resume", {"page": "screen"})
    change_age(person, interview, "child", age_stated=None, birth=None)
    told = alert(interview)
    assert told is not None
    assert (told.age_class, told.answer, told.withdrawn_at) == ("child", "", None)


@pytest.mark.slow
@pytest.mark.parametrize("login", [AUTHORITY, "child_protection.child_protection_officer"])
def test_the_child_authority_denies_an_answer_by_which_somebody_who_was_a_child_was_thrown_away(
    app: Flask, sign_in: SignIn, login: str
) -> None:
    person, duty = sign_in(LOGIN), sign_in("ra.duty_officer")
    interview = told_of(person)
    interview_id = uuid.UUID(interview.rsplit("/", 1)[1])
    change_age(person, interview, "adult")
    written_down(person, interview, "nothing")
    person.post(f"{interview}/discard", confirmation(person.get(f"{interview}/discard")))
    look = f"/duty/held/{interview_id}"
    home = duty.get("/?lang=en")
    assert look in home
    assert "Under 18 or not sure was chosen before" in home
    shown = duty.get(look)
    assert "Under 18 or not sure was chosen before" in shown
    assert "the post wrote down itself" in shown
    duty.post(look, {"why": "Was a child."})  # it opened it, too
    before = epoch(interview_id)
    desk = sign_in(login)
    assert f"/children/{interview_id}/contradict" in desk.get(f"/children/{interview_id}/answer")
    desk.post(f"/children/{interview_id}/contradict")
    desk.post(f"/children/{interview_id}/contradict", status=409)
    assert look not in duty.get("/")
    duty.get(look, status=404)
    assert grants.holders_of(db.session(), interview_id, "draft") == {actor(LOGIN).organisation_id}
    goes_on(person, interview)
    assert epoch(interview_id) == before + 1  # what the duty desk kept opens nothing that is written from now on
    person.post(f"{interview}/resume", {"page": "screen"})
    assert epoch(interview_id) == before + 1


def epoch(interview_id: uuid.UUID) -> int:
    db.session.rollback()
    here = (SealedCompartment.case_id == interview_id, SealedCompartment.compartment == "draft")
    return db.session.scalars(select(SealedCompartment.epoch).where(*here)).one()


def test_after_a_denial_the_post_writes_no_other_answer_down(app: Flask, sign_in: SignIn) -> None:
    """It wrote down the same answer after each denial, and the denied line left the duty desk each time."""
    person, duty, desk = sign_in(LOGIN), sign_in("ra.duty_officer"), sign_in(AUTHORITY)
    interview = told_of(person)
    interview_id = uuid.UUID(interview.rsplit("/", 1)[1])
    change_age(person, interview, "adult")
    written_down(person, interview, "nothing")
    desk.post(f"/children/{interview_id}/contradict")
    address = f"/children/{interview_id}/answer/call"
    assert "It was written down that Ana answered" in person.get(f"{address}?lang=en")
    number = re.findall(r'name="number" value="([^"]+)"', person.get(address))[0]
    call = {"number": number, "answer": "answered", "name": "Ana", "when": "0", "decision": "nothing"}
    refused = person.post(f"{address}?lang=en", call, 422)
    assert "it counts once they say themselves that they know, or the duty desk calls" in refused
    told = alert(interview)
    assert told is not None
    assert told.answer == ""
    waiting = duty.get("/duty?lang=en")
    assert "the answer that was written down is denied" in waiting
    assert "may be a child" in waiting, "the post says 18 or over, and the authority has not said so"
    written_down(duty, interview, "nothing")
    told = alert(interview)
    assert told is not None
    assert told.answer == "nothing"


def thrown_away(person: Person, duty: Person) -> tuple[str, uuid.UUID]:
    """An interview of a child that became an adult, held since the duty desk wrote down that the authority agreed."""
    interview = told_of(person)
    change_age(person, interview, "adult")
    written_down(duty, interview, "adult")
    person.post(f"{interview}/discard", confirmation(person.get(f"{interview}/discard")))
    return interview, uuid.UUID(interview.rsplit("/", 1)[1])


def test_the_child_authority_denies_that_it_agreed_by_telephone_to_an_adult(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview, interview_id = thrown_away(person, sign_in("ra.duty_officer"))
    desk = sign_in(AUTHORITY)
    assert f"/children/{interview_id}/contradict" in desk.get(f"/children/{interview_id}/answer")
    desk.post(f"/children/{interview_id}/contradict")
    goes_on(person, interview)


def test_nobody_denies_an_answer_once_the_interview_is_destroyed(app: Flask, sign_in: SignIn) -> None:
    person, duty = sign_in(LOGIN), sign_in("ra.duty_officer")
    _, interview_id = thrown_away(person, duty)
    assert factories.end_holds() == 1
    desk = sign_in(AUTHORITY)  # half a day later
    assert "/contradict" not in desk.get(f"/children/{interview_id}/answer")
    desk.post(f"/children/{interview_id}/contradict", status=409)


@pytest.mark.slow
@pytest.mark.parametrize("decision", ["adult", "bring"])
def test_an_answer_by_which_an_interview_was_sent_without_the_child_authority_is_denied_by_it(
    app: Flask, sign_in: SignIn, decision: str
) -> None:
    """The authority read "taken back" and not that somebody had answered in its name, and could say nothing."""
    officer, duty, desk = actor(LOGIN), sign_in("ra.duty_officer"), sign_in(AUTHORITY)
    interview_id = people.interview(officer, age="child", consent_services=None)
    answers = prune(questionnaire(), example())
    interviews.save_answers(interview_id=interview_id, answers=answers, named=people.NAMED, by=officer)
    written_down(duty, f"/interviews/{interview_id}", decision)
    interview_sending.send(interview_id=interview_id, party="NRC", by=officer)
    address = f"/children/{interview_id}/answer"
    home = desk.get("/?lang=en")
    assert "written down for you by telephone: Ana" in home
    assert address in home
    page = desk.get(f"{address}?lang=en")
    assert "the interview was sent without you" in page
    sign_in(LOGIN).post(f"/children/{interview_id}/contradict", status=404)
    assert desk.post(f"/children/{interview_id}/contradict") == address
    desk.post(f"/children/{interview_id}/contradict", status=409)
    told = db.session.get_one(ChildAlert, interview_id, populate_existing=True)
    assert (told.withdrawn_at, told.answer, told.answered_name) == (None, "", "")
    assert "the answer that was written down is denied" in duty.get("/duty?lang=en")
    asks = duty.get(f"{address}/call?lang=en")
    assert "changed the age to 18 or over. Ask what happens with the child.<" in asks  # it cannot be ended any more
    referral_id = db.session.scalar(select(Referral.id).where(Referral.case_id == interview_id))
    for page in (asks, duty.get(f"/referrals/{referral_id}?lang=en")):
        assert "Child protection was told of a child and has not agreed" in page
    assert "has not agreed" not in sign_in(LOGIN).get(f"/referrals/{referral_id}?lang=en")
    assert address in desk.get("/")
    desk.post(address, {"answer": "bring"})
    db.session.rollback()
    told = db.session.get_one(ChildAlert, interview_id, populate_existing=True)
    assert (told.withdrawn_why, told.answer, told.answer_how) == ("not_named", "bring", "system")
    assert "the answer that was written down is denied" not in duty.get("/duty?lang=en")
    desk.post(f"/children/{interview_id}/contradict", status=409)


def test_what_the_child_authority_said_itself_of_an_interview_that_was_sent_stays(app: Flask, sign_in: SignIn) -> None:
    officer, desk = actor(LOGIN), sign_in(AUTHORITY)
    interview_id = people.interview(officer, age="child", consent_services=None)
    answers = prune(questionnaire(), example())
    interviews.save_answers(interview_id=interview_id, answers=answers, named=people.NAMED, by=officer)
    child_alerts.answer_child(interview_id=interview_id, answer=ChildAnswer.ADULT, by=actor(AUTHORITY))
    interview_sending.send(interview_id=interview_id, party="NRC", by=officer)
    assert "/contradict" not in desk.get(f"/children/{interview_id}/answer")
    desk.post(f"/children/{interview_id}/contradict", status=409)


@pytest.mark.slow
def test_whoever_calls_about_a_child_reads_the_one_reason_and_that_the_age_is_the_posts_word_alone(
    app: Flask, sign_in: SignIn
) -> None:
    person, duty = sign_in(LOGIN), sign_in("ra.duty_officer")
    changed, doubt = told_of(person), "Child protection was told of a child and has not agreed"
    interview_id = changed.rsplit("/", 1)[1]
    assert doubt not in duty.get(f"/children/{interview_id}/call?lang=en")
    change_age(person, changed, "adult")
    for page in (f"/children/{interview_id}/answer/call", f"/children/{interview_id}/call"):
        assert doubt in duty.get(f"{page}?lang=en")
    asks = duty.get(f"/children/{interview_id}/answer/call?lang=en")
    assert "changed the age to 18 or over. Ask what happens with the child; until" in asks
    assert "saw no indicator" not in asks
    opinion = asked_about(person).rsplit("/", 1)[1]
    asks = duty.get(f"/children/{opinion}/answer/call?lang=en")
    assert "The post saw no indicator in a child. Ask what happens" in asks
    assert "18 or over" not in asks
