"""What destroys an interview asks first, says what is lost, and ends no child's interview on the post's word alone."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import child_alerts, interview_imports, interviews
from nrm.db import db, transaction
from nrm.domain.interviews.endings import ChildAnswer
from nrm.domain.referrals.referrals import IllegalTransition
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Call, ChildAlert
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.store.interviews import child_alerts as alert_store
from nrm.vault.unattended import call_names
from tests import factories_referrals as people
from tests import screened
from tests.conftest import Person
from tests.factories import actor
from tests.factories_interviews import (
    LOGIN,
    begin,
    confirmation,
    example,
    fields,
    last_of,
    naming_nothing,
    page_asking,
    page_id,
    walk,
)
from tests.integration.test_races import instance
from tests.races import race

__all__ = ["instance"]

SignIn = Callable[[str], Person]
CHILD = {"age": "child", "age_stated": None, "birth": None, "child_with": "me xhaxhain", "noticed_child": ["alone"]}


def ordinary(**changed: Any) -> dict[str, Any]:
    """The interview of an ordinary returnee: nothing named, nothing noticed, no danger, little risk."""
    return example(**{**naming_nothing(), "risk": "low", "hurt": "no", "assessment": "none", **changed})


def at_check(person: Person, answers: dict[str, Any], last: str = "") -> str:
    """An interview held up to its last page; the address of the interview."""
    address = begin(person)
    walk(person, answers, address, until=last or last_of(answers))
    return f"/interviews/{address.split('/')[2]}"


def drafts() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(SealedCompartment.compartment == "draft")) or 0


def alert(interview: str) -> ChildAlert | None:
    db.session.rollback()
    return db.session.get(ChildAlert, uuid.UUID(interview.rsplit("/", 1)[1]))


def last_page(person: Person, interview: str, answers: dict[str, Any], page: str = "") -> dict[str, Any]:
    """What a browser sends of the last page when the first button of the form is pressed."""
    page = page or last_of(answers)
    sent = fields(page, person.get(f"{interview}/{page}"), answers)
    sent.pop("end", None)
    return sent


def seen(body: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', body)
    assert found
    return found.group(1)


def test_send_never_destroys_and_end_never_sends(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(assessment="none")
    interview = at_check(person, answers)
    body = person.get(f"{interview}/{last_of(answers)}")
    assert "Dërgoje, ose mbylle pa referim" not in body
    refused = person.post(f"{interview}/{last_of(answers)}", last_page(person, interview, answers), status=422)
    assert "Zgjidhët “Asnjë tregues”: me të nuk dërgohet asgjë" in refused
    assert drafts() == 1
    sent = {**last_page(person, interview, example(assessment="possible")), "end": "1"}
    refused = person.post(f"{interview}/{last_of(answers)}", sent, status=422)
    assert "Për ta mbyllur pa referim zgjidhni “Asnjë tregues”" in refused
    assert (drafts(), db.session.scalar(select(func.count()).select_from(Case))) == (1, 0)


def test_no_indicator_over_what_was_named_repeats_it_and_asks_before_anything_is_destroyed(
    app: Flask, sign_in: SignIn
) -> None:
    person = sign_in(LOGIN)
    answers = example(assessment="none", danger="yes", risk="high", forms=["sexual_exploitation"], still="yes")
    interview = at_check(person, answers)
    sent = {**last_page(person, interview, answers), "end": "1", "party": "NRC"}
    confirm = person.post(f"{interview}/{last_of(answers)}", sent)
    assert confirm.split("?")[0] == f"{interview}/end"
    assert drafts() == 1
    body = person.get(confirm)
    said = re.sub(r"<[^>]+>", " ", body)
    for repeated in (
        "Shërbime seksuale", "A ju kontrollon dikush ende?", "A keni frikë se dikush do t’ju bëjë keq sot?",
        "Sa i rrezikuar është personi?", "Shumë", "Qendra Kombëtare", "Shembull përgjigjeje.",
    ):  # fmt: skip
        assert repeated in said, repeated
    assert "mbetet e vulosur për 12 orë" in said
    assert "nuk e kthen dot askush" in said
    whole = confirmation(body)
    without = person.post(f"{interview}/end", {**whole, "reason": ""}, status=422)
    assert "Zgjidhni pse" in without
    assert "Fjali." in without
    assert "Zgjidhni pse" in person.post(f"{interview}/end", {**whole, "reason": "because"}, status=422)
    assert "Shkruani një fjali" in person.post(f"{interview}/end", {**whole, "sentence": " "}, status=422)
    assert "500" in person.post(f"{interview}/end", {**whole, "sentence": "a" * 501}, status=422)
    assert drafts() == 1
    # The way back loses nothing, and what was chosen can still be changed and sent.
    back = person.get(f"{interview}/{last_of(answers)}")
    assert "value=none checked" in back
    assert "Shembull përgjigjeje." in back
    assert person.post(f"{interview}/end", whole) == f"{interview}/held"
    assert drafts() == 1
    assert screened.counted().total() == 0


def test_of_whom_nothing_was_named_the_interview_is_ended_at_once(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = ordinary()
    interview = at_check(person, answers)
    sent = {**last_page(person, interview, answers), "end": "1"}
    del sent["party"]
    assert person.post(f"{interview}/{last_of(answers)}", sent) == "/interviews/ended/none"
    assert drafts() == 0


@pytest.mark.parametrize(
    "changed", [{"danger": "yes"}, {"risk": "high"}, {"paid_by": "loan"}, {"noticed": ["taught"]}, {"party": "NRC"}]
)
def test_any_one_of_them_is_enough_to_be_asked(app: Flask, sign_in: SignIn, changed: dict[str, Any]) -> None:
    person = sign_in(LOGIN)
    chosen = changed.get("party")
    answers = ordinary(**{**changed, "party": None})
    interview = at_check(person, answers)
    sent = {**last_page(person, interview, answers), "end": "1"}
    if not chosen:
        del sent["party"]
    assert page_id(person.post(f"{interview}/{last_of(answers)}", sent)).split("?")[0] == "end"
    assert drafts() == 1
    by = actor(LOGIN)
    interview_id = uuid.UUID(interview.rsplit("/", 1)[1])
    if not chosen:  # the rule stands in the action too
        interviews.resume(interview_id=interview_id, by=by)
        with pytest.raises(interviews.ReasonNeeded):
            interviews.end(interview_id=interview_id, by=by)
        with pytest.raises(interviews.ReasonNeeded):
            interviews.end(interview_id=interview_id, by=by, reason="because")
    assert drafts() == 1


def test_a_refusal_is_confirmed_on_a_page_that_says_what_is_gone(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(consent_services="no", refusal_reason="fear")
    interview = at_check(person, answers, "refusal")
    confirm = person.post(f"{interview}/refusal", last_page(person, interview, answers, "refusal"))
    assert confirm == f"{interview}/end"
    assert drafts() == 1
    body = person.get(confirm)
    assert "pas 30 minutash" in body
    assert "gjinia" in body
    person.get(f"{interview}/refusal")
    assert person.post(confirm, confirmation(body)) == f"{interview}/held"
    assert drafts() == 1


def test_what_was_changed_in_another_window_is_not_destroyed_unseen(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(assessment="none")
    interview = at_check(person, answers)
    confirm = person.post(f"{interview}/{last_of(answers)}", {**last_page(person, interview, answers), "end": "1"})
    body = person.get(confirm)
    page = f"{interview}/{page_asking('forms', answers)}"
    person.post(page, fields(page_id(page), person.get(page), example(forms=["forced_begging"])))
    again = person.post(f"{interview}/end", {"seen": seen(body), "reason": "explained"}, status=409)
    assert "Lypje" in again
    assert drafts() == 1


@pytest.mark.parametrize("age", ["child", "unsure"])
def test_a_childs_interview_is_not_ended_by_the_post(app: Flask, sign_in: SignIn, age: str) -> None:
    person = sign_in(LOGIN)
    answers = example(**{**CHILD, "age": age}, assessment="none")
    interview = at_check(person, answers)
    confirm = person.post(f"{interview}/{last_of(answers)}", {**last_page(person, interview, answers), "end": "1"})
    assert confirm.split("?")[0] == f"{interview}/end"
    body = person.get(confirm)
    assert "nuk e mbyll pika kufitare" in body
    assert "Zgjidhni pse" in person.post(f"{interview}/end", {"seen": seen(body)}, status=422)
    person.post(f"{interview}/end", {"seen": seen(body), "reason": "explained"})
    told = alert(interview)
    assert drafts() == 1
    assert told is not None
    assert told.withdrawn_at is None
    assert (told.opinion_why, told.answer) == ("explained", "")
    waiting = person.get(f"{interview}/end")
    for words in ("Fëmija qëndron këtu", "Asnjëherë në qeli", "ushqim"):
        assert words in waiting
    # However it is tried: neither the last page, nor the page of its own, nor destroying the draft ends it.
    person.post(f"{interview}/end", {"seen": seen(body), "reason": "explained"}, status=409)
    person.post(f"{interview}/discard", {"seen": seen(body), "reason": "explained"}, status=409)
    by, interview_id = actor(LOGIN), uuid.UUID(interview.rsplit("/", 1)[1])
    interviews.resume(interview_id=interview_id, by=by)
    for act in (interviews.end, interviews.discard):
        with pytest.raises(interviews.ChildWaits):
            act(interview_id=interview_id, by=by, reason="explained")
    assert drafts() == 1
    told = alert(interview)
    assert told is not None
    assert told.withdrawn_at is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "ends"), [("parents", True), ("nothing", True), ("coming", False), ("bring", False)]
)
def test_the_child_authority_answers_and_only_two_answers_let_the_post_end_it(
    app: Flask, sign_in: SignIn, answer: str, ends: bool
) -> None:
    person = sign_in(LOGIN)
    interview = asked_about(person)
    desk = sign_in("child_protection.case_worker")
    address = f"/children/{interview.rsplit('/', 1)[1]}/answer"
    assert address in desk.get("/")
    assert "Zgjidhni çfarë ndodh" in desk.post(address, {}, status=422)
    for login, status in (("nrc.case_worker", 404), ("durres.border_officer", 404), (LOGIN, 404)):
        sign_in(login).get(address, status=status)
        sign_in(login).post(address, {"answer": answer}, status=status)
    desk.get(address)
    desk.post(address, {"answer": answer, "sure": "yes"})
    if ends:
        desk.post(address, {"answer": "coming"}, status=409)
    found = alert(interview)
    assert found is not None
    assert (found.answer, found.answer_how, found.done_at is not None) == (answer, "system", True)
    assert "Autoriteti për fëmijët u përgjigj" in person.get("/")
    assert "Autoriteti për fëmijët u përgjigj" in person.get(interview)
    body = person.get(f"{interview}/end")
    if not ends:
        assert "Mbylleni dhe asgjësojeni" not in body
        person.post(f"{interview}/end", {"seen": seen(person.get(f"{interview}/screen"))}, status=409)
        assert drafts() == 1
        old = desk.post(f"{address}?lang=en", {"answer": "nothing", "sure": "yes"}, status=409)
        assert "Nothing is recorded" in old
        desk.post(
            address, {"answer": "nothing", "sure": "yes", "seen": stood(desk.get(address))}
        )  # they came, and nothing is left to do
        assert "Mbylleni dhe asgjësojeni" in person.get(f"{interview}/end")
        return
    assert person.post(f"{interview}/end", {"seen": seen(body)}) == "/interviews/ended/none"
    assert drafts() == 0
    (line,) = screened.counted().elements()
    assert (line.outcome, line.age_class) == ("none", "child")
    withdrawn = alert(interview)
    assert withdrawn is not None
    assert withdrawn.withdrawn_why == "answered"


def stood(body: str) -> str:
    """What stood of an answer when this page was shown."""
    return re.findall(r'name="seen" value="([^"]*)"', body)[0]


def test_a_confirmation_of_before_does_not_replace_what_was_answered_since(app: Flask, sign_in: SignIn) -> None:
    """One window asks *nothing further?*; in the other one a colleague records that they come."""
    assert app
    interview = asked_about(sign_in(LOGIN))
    desk = sign_in("child_protection.case_worker")
    address = f"/children/{interview.rsplit('/', 1)[1]}/answer"
    first = stood(desk.get(address))
    sure = desk.post(address, {"answer": "nothing", "seen": first}, status=200)
    assert 'name="sure"' in sure
    assert stood(sure) == first == ""
    desk.post(address, {"answer": "coming", "seen": first})
    refused = desk.post(f"{address}?lang=en", {"answer": "nothing", "sure": "yes", "seen": stood(sure)}, status=409)
    assert "Nothing is recorded: " in refused
    assert "after you opened the page" in refused
    found = alert(interview)
    assert found is not None
    assert found.answer == "coming"
    desk.post(address, {"answer": "coming", "seen": first})  # pressed twice
    again = desk.post(address, {"answer": "nothing", "seen": stood(refused)}, status=200)
    desk.post(address, {"answer": "nothing", "sure": "yes", "seen": stood(again)})
    found = alert(interview)
    assert found is not None
    assert found.answer == "nothing"


def test_what_is_late_stands_above_what_waits_and_that_above_what_is_answered(app: Flask, sign_in: SignIn) -> None:
    assert app
    person, authority = sign_in(LOGIN), actor("child_protection.case_worker")
    late, waits, answered = (asked_about(person) for _ in range(3))
    first, second, third = (uuid.UUID(each.rsplit("/", 1)[1]) for each in (late, waits, answered))
    child_alerts.answer_child(interview_id=third, answer=ChildAnswer.COMING, by=authority)
    past = clock.now() - timedelta(hours=3)
    with transaction() as session:  # told and known long ago, and still owed an answer
        its = update(ChildAlert).where(ChildAlert.id == first)
        session.execute(its.values(told_at=past, done_at=past, due_at=past, answer_due_at=clock.now()))
    lines = alert_store.alerts(by=authority)
    assert [line.id for line in lines] == [first, second, third]
    assert [line.answer_late for line in lines] == [True, False, False]


def asked_about(person: Person, **changed: Any) -> str:
    """A child's interview of which the post said that it saw no indicator."""
    answers = example(**{**CHILD, **changed}, assessment="none")
    interview = at_check(person, answers)
    person.post(f"{interview}/{last_of(answers)}", {**last_page(person, interview, answers), "end": "1"})
    person.post(f"{interview}/end", {"seen": seen(person.get(f"{interview}/end")), "reason": "explained"})
    return interview


def told_long_ago(interview: str) -> None:
    """As if the child authority had been told of the child half an hour before."""
    its = update(ChildAlert).where(ChildAlert.id == uuid.UUID(interview.rsplit("/", 1)[1]))
    with transaction() as session:
        session.execute(its.values(told_at=clock.now() - timedelta(minutes=30)))


def test_the_duty_desk_records_what_was_answered_by_telephone(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = asked_about(person)
    told_long_ago(interview)
    duty = sign_in("ra.duty_officer")
    address = f"/children/{interview.rsplit('/', 1)[1]}/answer/call"
    assert address in duty.get("/")
    body = duty.get(address)
    numbers = re.findall(r'name="number" value="([^"]+)"', body)
    call = {"number": numbers[0], "answer": "answered", "name": "Drita Hoxha", "when": "15"}
    early = duty.post(address, {**call, "decision": "parents", "when": "60"}, status=422)
    assert "më parë nuk kishte çfarë të njoftohej" in early
    assert "Zgjidhni çfarë ndodh" in duty.post(address, call, status=422)
    assert "Shkruani emrin" in duty.post(address, {**call, "name": "", "decision": "parents"}, status=422)
    duty.post(address, {"number": numbers[0], "answer": "nobody", "when": "0"})
    assert alert(interview).answer == ""  # type: ignore[union-attr]
    duty.post(address, {**call, "decision": "parents"})
    found = alert(interview)
    assert found is not None
    assert "Drita" not in found.answered_name
    name = call_names.opened(found.id, found.answered_name)
    assert (found.answer, found.answer_how, name) == ("parents", "telephone", "Drita Hoxha")
    assert found.answered_at is not None
    assert timedelta(minutes=14) < clock.now() - found.answered_at < timedelta(minutes=16)
    duty.post(address, {**call, "decision": "nothing"}, status=409)
    assert "Drita Hoxha" in person.get(f"{interview}/end")

    # What an earlier program wrote in clear is sealed by time, of the call and of the answer.
    with transaction() as session:
        session.execute(update(Call).where(Call.answered).values(name="Drita Hoxha"))
        session.execute(update(ChildAlert).values(answered_name="Drita Hoxha"))
    assert tending.tend()["names_sealed"] == 2
    found = alert(interview)
    assert found is not None
    assert "Drita" not in found.answered_name
    assert call_names.opened(found.id, found.answered_name) == "Drita Hoxha"
    assert tending.tend()["names_sealed"] == 0


def test_destroying_a_draft_repeats_what_is_in_it_and_asks_why(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    answers = example(danger="yes", forms=["forced_begging"])
    interview = at_check(person, answers, "signs")
    body = person.get(f"{interview}/discard")
    assert "Lypje" in body
    assert "A keni frikë se dikush do t’ju bëjë keq sot?" in body
    assert "Zgjidhni pse" in person.post(f"{interview}/discard", {"seen": seen(body)}, status=422)
    assert person.post(f"{interview}/discard", confirmation(body)) == f"{interview}/held"
    assert drafts() == 1


@pytest.mark.slow
def test_a_childs_draft_does_not_run_out_unanswered(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = at_check(person, example(**CHILD), "people_child")
    at = clock.now() + timedelta(days=7, minutes=1)
    clock.set_clock(lambda: at)
    assert tending.tend()["drafts_expired"] == 0
    found = alert(interview)
    assert found is not None
    assert (found.withdrawn_at, found.opinion_why, found.answer) == (None, "draft_over", "")
    assert drafts() == 1
    # Asked; what is answered decides, and nothing is asked twice meanwhile.
    assert f"/children/{interview.rsplit('/', 1)[1]}/answer" in sign_in("child_protection.case_worker").get("/")
    later = at + timedelta(days=7, minutes=1)
    clock.set_clock(lambda: later)
    assert tending.tend()["drafts_expired"] == 0
    assert alert(interview).opinion_at == at  # type: ignore[union-attr]
    sign_in("child_protection.case_worker").post(
        f"/children/{interview.rsplit('/', 1)[1]}/answer", {"answer": "nothing", "sure": "yes"}
    )
    last = later + timedelta(days=7, minutes=1)
    clock.set_clock(lambda: last)
    assert tending.tend()["drafts_expired"] == 1
    assert drafts() == 0
    assert alert(interview).withdrawn_why == "answered"  # type: ignore[union-attr]


def test_an_import_does_not_end_a_childs_interview(app: Flask) -> None:
    from nrm.domain.interviews.questionnaire_flow import prune
    from tests.factories_interviews import questionnaire

    by = actor(LOGIN)
    answers = prune(questionnaire(), example(**CHILD, assessment="none"))
    line = {"questionnaire": "returnee-1", "interviewed_at": "2026-01-05T10:00:00", "answers": answers}
    pseudonym = interview_imports.take_in(line=line, by=by)
    assert pseudonym is not None
    assert interview_imports.take_in(line=line, by=by) == pseudonym
    assert db.session.scalars(select(Interview.status)).all() == ["completed"]
    assert screened.counted().total() == 0


def test_the_last_word_and_the_end_at_once_leave_no_child_unanswered(instance: Flask) -> None:
    officer, authority = actor(LOGIN), actor("child_protection.case_worker")
    interview_id = people.interview(officer, age="child")
    seen = interviews.read(interview_id=interview_id, by=officer).revision
    interviews.ask_child_authority(interview_id=interview_id, reason="explained", seen=seen, by=officer)
    race(
        instance,
        lambda: child_alerts.answer_child(interview_id=interview_id, answer=ChildAnswer.NOTHING, by=authority),
        lambda: child_alerts.answer_child(interview_id=interview_id, answer=ChildAnswer.PARENTS, by=authority),
        *[lambda: interviews.discard(interview_id=interview_id, by=officer)] * 2,
        refusals=(IllegalTransition, interviews.ChildWaits, interviews.NoLongerDraft),
    )
    told = db.session.get(ChildAlert, interview_id, populate_existing=True)
    assert told is not None
    assert told.answer in ("nothing", "parents")
    gone = db.session.get(Interview, interview_id, populate_existing=True)
    assert gone is not None
    assert (gone.status == "ended") == (told.withdrawn_why == "answered")
