"""The short screen on its pages: it ends at once, becomes the interview, or says that nobody could ask."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm.actions.interviews import interviews
from nrm.db import db
from nrm.models.interviews.monitoring import NegativeScreen, ProcedureRecord
from nrm.models.shelter.cases import SealedCompartment
from tests import screened
from tests.conftest import Person
from tests.factories import actor, end_holds
from tests.factories_interviews import (
    LOGIN,
    begin,
    example,
    fields,
    left_unasked,
    nothing_alarming,
    page_asking,
    page_id,
    walk,
)

SignIn = Callable[[str], Person]
SIX = "could_leave"


def drafts() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(SealedCompartment.compartment == "draft")) or 0


def answers_of(address: str) -> dict[str, Any]:
    db.session.rollback()
    by, interview_id = actor(LOGIN), uuid.UUID(address.split("/")[2])
    interviews.resume(interview_id=interview_id, by=by)
    return dict(interviews.read(interview_id=interview_id, by=by).answers)


def on(address: str, name: str, answers: dict[str, Any]) -> str:
    """The address of the page that asks the question."""
    return f"/interviews/{address.split('/')[2]}/{page_asking(name, answers)}"


def test_nothing_alarming_is_ended_at_once_counted_and_destroyed(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    loaded = walk(person, nothing_alarming(), begin(person))
    assert loaded[-1] == "none"
    assert len(loaded) == 3
    assert drafts() == 0
    (line,) = screened.counted().elements()
    assert (line.outcome, line.processed, line.age_class) == ("none", "no_indicator", "adult")
    (record,) = db.session.scalars(select(ProcedureRecord))
    assert record.route == "screened"
    assert [each["id"] for each in record.wordings] == ["six"]
    assert db.session.scalars(select(NegativeScreen)).all() == []


def test_the_sentence_is_on_the_page_of_the_six_in_the_persons_language(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    answers = nothing_alarming(language="it", interpreter="present")
    walk(person, answers, address, until=page_asking(SIX, answers))
    body = person.get(on(address, SIX, answers))
    assert "A tutti faccio le stesse domande." in body
    assert "Poteva lasciare il lavoro o il posto quando voleva?" in body
    assert "Nuk punova dhe nuk jetova te askush" in body


def test_the_screen_says_that_it_has_two_pages_until_it_is_more(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    assert "1 / 2" in person.get(address)
    assert "<dt>Short screen:</dt> <dd>1 / 2" in person.get(f"{address}?lang=en")
    walk(person, example(), address, until=page_asking("story", example()))
    assert "4 / 9" in person.get(on(address, "story", example()))
    assert "<dt>Page:</dt> <dd>4 / 9" in person.get(f"{on(address, 'story', example())}?lang=en")


def test_one_alarm_makes_it_the_interview_and_everything_said_is_carried_over(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    answers = nothing_alarming(could_leave="no")
    first = person.post(address, fields(page_id(address), person.get(address), answers))
    following = person.post(first, fields(page_id(first), person.get(first), answers))
    assert page_id(following) == page_asking("purpose_read", answers)
    kept = answers_of(address)
    assert kept["could_leave"] == "no"
    assert kept["returned_from"] == answers["returned_from"]
    assert drafts() == 1


@pytest.mark.parametrize("missing", ["papers_kept", "waited_for"])
def test_a_question_of_the_six_that_is_empty_ends_nothing(app: Flask, sign_in: SignIn, missing: str) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    answers = nothing_alarming()
    second = person.post(address, fields(page_id(address), person.get(address), answers))
    sent = fields(page_id(second), person.get(second), {**answers, missing: None})
    sent.pop(missing, None)
    assert "Zgjidhni një përgjigje" in person.post(second, sent, status=422)
    assert drafts() == 1


def test_a_child_is_never_shown_the_six(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    for age in ("child", "unsure"):
        answers = example(age=age, age_stated=None, birth=None, noticed_child=["alone"], child_with="me tezen")
        loaded = walk(person, answers, begin(person))
        assert len(loaded) == 5
        assert "six" not in loaded
        assert loaded[-1] == "sent"


def apart(person: Person, choice: str, **changed: Any) -> tuple[str, str]:
    """Up to the page that asks how to go on with somebody who is not alone; where it leads."""
    address = begin(person)
    answers = nothing_alarming(alone="no", companions=["friend"], apart=choice, **changed)
    following = person.post(address, fields(page_id(address), person.get(address), answers))
    assert page_id(following) == "apart"
    return address, person.post(following, fields("apart", person.get(following), answers))


def test_who_is_not_alone_is_taken_apart_before_anything_is_asked(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    for choice in ("go_on", "telephone"):
        _, following = apart(person, choice)
        assert page_id(following) == "six"


def test_not_asked_is_counted_as_not_asked_and_never_as_no_indicator(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    ended = left_unasked(person, nothing_alarming(alone="no", companions=["friend"], apart="not_asked"))
    assert ended == "/interviews/ended/not_asked"
    body = person.get(ended)
    assert "Nuk u pyet" in body
    assert "116" in body
    (line,) = screened.counted().elements()
    assert (line.outcome, line.processed) == ("not_asked", "not_asked")
    assert drafts() == 0


def test_one_press_does_not_destroy_an_interview_in_which_nobody_could_ask(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    answers = nothing_alarming(alone="no", companions=["friend"], apart="not_asked")
    following = person.post(address, fields(page_id(address), person.get(address), answers))
    sent = fields("apart", person.get(following), answers)
    shown = person.post(f"{following}?lang=en", sent, status=200)
    for words in (
        "End without having asked?",
        "are destroyed at once: nobody can bring them back",
        "Back, the answers stay as they were",
    ):
        assert words in shown
    assert 'class="sum"' not in shown  # nothing was said that would have to be weighed
    assert drafts() == 1
    assert not screened.counted()
    asked = {**answers, "apart": "go_on"}
    assert page_id(person.post(following, fields("apart", person.get(following), asked))) == "six"


def test_whoever_is_afraid_today_does_not_go_on_unasked_without_a_reason(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    answers = nothing_alarming(alone="no", companions=["friend"], apart="not_asked", danger="yes")
    following = person.post(address, fields(page_id(address), person.get(address), answers))
    sent = fields("apart", person.get(following), answers)
    shown = person.post(following, sent, status=200)
    assert "Ta mbyllni pa pyetur?" in shown
    assert drafts() == 1
    confirmed = {**sent, "shorter": "1"}
    assert "Zgjidhni pse" in person.post(following, confirmed, status=422)
    assert drafts() == 1
    assert "Shkruani një fjali" in person.post(following, {**confirmed, "reason": "explained"}, status=422)
    why = {"reason": "explained", "sentence": "Nxiton të kapë autobusin."}
    held = person.post(following, {**confirmed, **why})
    assert held == f"/interviews/{address.split('/')[2]}/held"
    assert "Mbyllur kundër asaj që u tha" in person.get(held)
    assert not screened.counted()
    assert end_holds() == 1
    (line,) = screened.counted().elements()
    assert (line.outcome, line.processed) == ("not_asked", "not_asked")
    assert drafts() == 0


def test_whoever_was_left_unasked_although_afraid_can_still_be_asked(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    answers = nothing_alarming(alone="no", companions=["friend"], apart="not_asked", danger="yes")
    following = person.post(address, fields(page_id(address), person.get(address), answers))
    sent = fields("apart", person.get(following), answers)
    held = person.post(following, {**sent, "shorter": "1", "reason": "explained", "sentence": "Nxiton."})
    assert page_id(person.post(held, {})) == "apart"
    assert answers_of(address)["danger"] == "yes"
    asked = {**answers, "apart": "go_on"}
    assert page_id(person.post(following, fields("apart", person.get(following), asked))) == page_asking(SIX, asked)


def test_an_alarm_taken_back_loses_no_text_unseen(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    told = example(story="Më mbyllën dy vjet.", **dict.fromkeys(("papers_kept", "debt_work", "pay_taken"), "no"))
    told |= {"could_leave": "no", "hurt_for": "no", "waited_for": "no", "danger": "no", "noticed": ["none"]}
    walk(person, told, address, until=page_asking("children", told))
    six = on(address, SIX, told)
    calm = fields(page_id(six), person.get(six), {**told, "could_leave": "yes"})
    for button in ({}, {"leave": "1"}):
        shown = person.post(six, {**calm, **button}, status=200)
        assert "Çfarë ndodhi, me fjalët tuaja?" in shown
        assert "Më mbyllën" not in shown
        assert answers_of(address)["story"] == "Më mbyllën dy vjet."
    assert "Zgjidhni pse" in person.post(six, {**calm, "shorter": "1"}, status=422)
    assert answers_of(address)["could_leave"] == "no"
    shown = person.post(six, {**calm, "shorter": "1", "reason": "mistaken"}, status=422)
    assert "Shkruani një fjali" in shown
    assert "12 orë" in shown
    held = person.post(six, {**calm, "shorter": "1", "reason": "mistaken", "sentence": "U shtyp gabim."})
    assert page_id(held) == "held"
    person.post(held, {})  # what was said before is what was held
    assert answers_of(address)["story"] == "Më mbyllën dy vjet."
    assert answers_of(address)["could_leave"] == "no"
    calm = fields(page_id(six), person.get(six), {**told, "could_leave": "yes"})
    person.post(six, {**calm, "shorter": "1", "reason": "mistaken", "sentence": "U shtyp gabim."})
    assert end_holds() == 1
    (line,) = screened.counted().elements()
    assert line.outcome == "none"
    assert drafts() == 0


def test_an_answer_corrected_that_was_no_alarm_asks_nothing(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    told = nothing_alarming(could_leave="dont_know")
    second = person.post(address, fields(page_id(address), person.get(address), told))
    person.post(second, fields(page_id(second), person.get(second), told))
    calm = fields(page_id(second), person.get(second), {**told, "could_leave": "yes"})
    assert person.post(second, calm) == "/interviews/ended/none"


def test_a_form_that_comes_again_after_the_end_is_not_told_that_nothing_was_counted(
    app: Flask, sign_in: SignIn
) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    told = nothing_alarming()
    second = person.post(address, fields(page_id(address), person.get(address), told))
    sent = fields(page_id(second), person.get(second), told)
    assert person.post(second, sent) == "/interviews/ended/none"
    assert person.post(second, sent) == "/interviews/ended/before"
    body = person.get("/interviews/ended/before")
    assert "Asgjë nuk u numërua" not in body
    assert "Kush duhej numëruar, u numërua një herë" in body
    assert screened.counted().total() == 1


def test_the_rule_stands_in_the_action_too(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    told = nothing_alarming(papers_kept="yes")
    second = person.post(address, fields(page_id(address), person.get(address), told))
    person.post(second, fields(page_id(second), person.get(second), told))
    by, interview_id = actor(LOGIN), uuid.UUID(address.split("/")[2])
    interviews.resume(interview_id=interview_id, by=by)
    draft = interviews.read(interview_id=interview_id, by=by)
    page = page_asking(SIX, told)
    given = {name: told[name] for name in draft.questionnaire.pages[page].questions if name in told}
    last = interviews.LastPage(page, {**given, "papers_kept": "no"}, draft.revision)
    with pytest.raises(interviews.ReasonNeeded):
        interviews.end(interview_id=interview_id, last=last, by=by)
    with pytest.raises(interviews.ReasonNeeded):
        interviews.end(interview_id=interview_id, last=last, reason="mistaken", by=by)
    why = {"reason": "mistaken", "sentence": "U shtyp gabim."}
    assert interviews.end(interview_id=interview_id, last=last, **why, by=by) == "none"
    assert drafts() == 1  # held


def test_a_screen_that_was_left_goes_on_where_it_was(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    told = nothing_alarming()
    second = person.post(address, fields(page_id(address), person.get(address), told))
    assert person.post(second, {**fields(page_id(second), person.get(second), told), "leave": "1"}) == "/"
    assert drafts() == 1
    resumed = person.post(f"/interviews/{address.split('/')[2]}/resume", {})
    assert page_id(resumed) == page_id(second)
    assert person.post(second, fields(page_id(second), person.get(second), told)) == "/interviews/ended/none"
