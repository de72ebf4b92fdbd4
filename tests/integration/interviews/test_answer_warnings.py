"""Answers that do not fit together are shown once, each with what to do, and nothing is refused (ADR 0060)."""

from __future__ import annotations

import html
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.db import db, transaction
from nrm.domain.interviews import answer_warnings
from nrm.domain.interviews.questionnaire_flow import pages
from nrm.models.interviews.monitoring import ProcedureRecord
from nrm.vault import compartments as vault
from tests import factories
from tests.conftest import Person
from tests.factories_interviews import (
    LOGIN,
    begin,
    example,
    fields,
    naming_nothing,
    page_id,
    questionnaire,
    walk,
)

SignIn = Callable[[str], Person]


def calm(**changed: Any) -> dict[str, Any]:
    """An adult's interview about which nothing warns."""
    return example(**{"hurt": "no", "hurt_what": None, "danger": "no", **changed})


# An adult who is not alone, or whom nobody interprets, is asked how to go on, on a page of its own: no warning.
CHILD = {"age": "child", "age_stated": 12, "birth": None, "noticed_child": ["none"]}


def not_alone() -> dict[str, Any]:
    """A child's interview that warns because the child is not alone."""
    return calm(**CHILD, alone="no")


def text_of(warning: str, language: str = "sq") -> str:
    return next(each.text[language] for each in questionnaire().warnings if each.id == warning)


def page_asking(question: str, answers: dict[str, Any]) -> str:
    """The page of this person's way that asks the question."""
    return next(each.id for each in pages(questionnaire(), answers) if question in each.questions)


def to_page(person: Person, question: str, answers: dict[str, Any], *, urgent: bool = False) -> str:
    """The address of the page that asks `question`, after all pages before it were answered."""
    page = page_asking(question, answers)
    address = begin(person, urgent=urgent)
    while page_id(address) != page:
        address = person.post(address, fields(page_id(address), person.get(address), answers))
    return address


def interview_of(address: str) -> uuid.UUID:
    return uuid.UUID(address.split("/")[2])


@pytest.mark.parametrize(
    ("warning", "question", "changed"),
    [
        ("not_alone", "alone", {**CHILD, "alone": "no"}),
        ("not_apart", "apart", {"alone": "no", "companions": ["friend"], "apart": "telephone"}),
        ("no_interpreter", "interpreter", {**CHILD, "language": "el", "interpreter": "not_found"}),
        ("not_understood", "purpose_read", {"purpose_read": "partly"}),
        ("not_understood", "purpose_read", {"purpose_read": "not_read"}),
        ("low_risk", "risk", {"danger": "yes", "risk": "low"}),
        ("class_citizenship", "citizenship", {"citizenship_class": "albanian", "citizenship": "UA"}),
        ("class_citizenship", "citizenship", {"citizenship_class": "third_country", "citizenship": "AL"}),
        ("class_citizenship", "citizenship", {"citizenship_class": "stateless", "citizenship": "RS"}),
    ],
)
def test_what_does_not_fit_is_shown_once_beside_its_question_and_in_a_summary_and_then_goes_on(
    sign_in: SignIn, warning: str, question: str, changed: dict[str, Any]
) -> None:
    person, answers = sign_in(LOGIN), calm(**changed)
    address = to_page(person, question, answers)
    page = page_id(address)
    sent = fields(page, person.get(address), answers)
    shown = html.unescape(person.post(address, sent, status=200))
    assert shown.count(text_of(warning)) == 2, "once in the summary, once beside the question"
    assert f'href="#{question}"' in shown
    assert f"id={question}-warning" in shown
    assert "Gabim" not in shown, "a warning is no error"
    assert "checked" in shown or "selected" in shown, "what was chosen is kept"
    after = person.post(address, fields(page, shown, answers))
    assert page_id(after) != page
    again = person.post(address, fields(page, person.get(address), answers))
    assert page_id(again) == page_id(after), "who saw it is not shown it a second time"


@pytest.mark.parametrize(
    "changed",
    [
        {"alone": "no", "companions": ["friend"], "apart": "go_on"},
        {"language": "el", "interpreter": "not_found", "apart": "telephone"},
    ],
)
def test_who_is_apart_and_understood_goes_on_and_no_answer_names_both(sign_in: SignIn, changed: dict[str, Any]) -> None:
    person, answers = sign_in(LOGIN), calm(**changed)
    address = to_page(person, "apart", answers)
    sent = fields("apart", person.get(address), answers)
    missing = html.unescape(person.post(f"{address}?lang=en", {**sent, "apart": ""}, status=422))
    assert "Choose an answer: Is the person apart now, and do you understand each other?" in missing
    assert page_id(person.post(address, sent)) == "six"


def test_nothing_is_shown_a_second_time_where_nothing_warns(sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), calm(assessment="none", assessment_why="s", **naming_nothing())
    loaded = walk(person, answers, begin(person), until="check")
    assert len(loaded) == len(set(loaded))


def test_danger_and_hurt_say_the_numbers_and_the_urgent_way_at_once_on_the_page_itself(sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example()
    address = to_page(person, "danger", answers)
    body = person.get(address)
    for warning in ("hurt_now", "danger_now"):
        assert text_of(warning) in html.unescape(body)
    assert 'href="tel:127"' in body
    assert 'href="tel:129"' in body
    assert body.count("name=stop") == 3, "beside each of the two, and at the end of the page"
    person.post(address, fields(page_id(address), body, answers))  # without being shown again
    urgent = person.get(to_page(person, "danger", {**answers, "urgent": "yes"}, urgent=True))
    assert "name=stop" not in urgent, "it is on its way already"
    assert 'href="tel:129"' in urgent


def test_a_child_that_fears_somebody_is_parted_from_them(sign_in: SignIn) -> None:
    child = calm(**CHILD, child_with="me dajën", fears="dajën")
    person = sign_in(LOGIN)
    address = to_page(person, "fears", child)
    shown = person.post(address, fields(page_id(address), person.get(address), child), status=200)
    assert text_of("with_feared") in html.unescape(shown)
    without = {name: value for name, value in child.items() if name != "fears"}
    other = to_page(person, "child_with", without)
    assert page_id(person.post(other, fields(page_id(other), person.get(other), without))) != page_id(other)


def test_a_warning_that_the_corrected_answer_no_longer_deserves_is_gone(sign_in: SignIn, app: Flask) -> None:
    person, answers = sign_in(LOGIN), not_alone()
    address = to_page(person, "alone", answers)
    shown = person.post(address, fields(page_id(address), person.get(address), answers), status=200)
    mended = {**fields(page_id(address), shown, answers), "alone": "yes"}
    assert page_id(person.post(address, mended)) != page_id(address)


def test_an_error_beside_a_warning_is_mended_first_and_the_warning_is_not_lost(sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), not_alone()
    address = to_page(person, "alone", answers)
    sent = fields(page_id(address), person.get(address), answers)
    wrong = {name: value for name, value in sent.items() if not name.startswith("language")}
    first = person.post(address, wrong, status=422)
    assert "not_alone" not in first
    shown = person.post(address, fields(page_id(address), first, answers), status=200)
    assert "not_alone-1" in shown
    again = person.post(address, {**wrong, "warned": "not_alone-1"}, status=422)
    assert 'value="not_alone-1"' in again, "it was seen, and is not shown again after the error"


def test_save_and_leave_asks_nothing_and_the_page_says_it_when_it_is_opened_again(sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), not_alone()
    address = to_page(person, "alone", answers)
    assert person.post(address, {**fields(page_id(address), person.get(address), answers), "leave": "1"}) == "/"
    opened = person.get(address)
    assert text_of("not_alone") in html.unescape(opened)
    assert page_id(person.post(address, fields(page_id(address), opened, answers))) != page_id(address)


def test_what_a_form_says_it_showed_is_believed_only_of_warnings_that_exist(sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), not_alone()
    address = to_page(person, "alone", answers)
    sent = fields(page_id(address), person.get(address), answers)
    for made_up in ("not_alone", "not_alone-2", "not_alone-1-1", "x" * 5000, "\x00"):
        assert "not_alone-1" in person.post(address, {**sent, "warned": made_up}, status=200)


def test_what_was_seen_is_sealed_with_the_case_and_kept_as_codes_in_the_procedure_record(
    sign_in: SignIn, app: Flask
) -> None:
    person = sign_in(LOGIN)
    answers = example(risk="low", danger="yes", consent_statistics="yes", official="no")
    address = begin(person)
    while page_id(address) != page_asking("assessment", answers):
        address = person.post(address, fields(page_id(address), person.get(address), answers))
    sent = person.post(address, fields(page_id(address), person.get(address), answers))
    assert sent.endswith("/sent")
    expected = {"hurt_now": 1, "danger_now": 1, "low_risk": 1}
    record = db.session.scalars(select(ProcedureRecord)).one()
    assert record.warned == sorted(expected)
    by = factories.actor(LOGIN)
    with transaction() as session:
        vault.allow(session, interview_of(address), "story", "handover", by=by)
        assert vault.read(session, interview_of(address), "story", by=by).value["warned"] == expected


def test_of_a_yes_that_counts_as_a_wish_the_code_of_the_doubt_is_kept(sign_in: SignIn, app: Flask) -> None:
    person = sign_in(LOGIN)
    answers = calm(purpose_read="partly", consent_statistics="yes", official="no")
    assert walk(person, answers, begin(person))[-1] == "sent"
    assert db.session.scalars(select(ProcedureRecord)).one().warned == ["not_understood"]


def test_no_code_is_kept_of_one_who_does_not_want_to_be_counted(sign_in: SignIn, app: Flask) -> None:
    person = sign_in(LOGIN)
    answers = example(consent_statistics="no", official="no")
    walk(person, answers, begin(person))
    assert db.session.scalars(select(ProcedureRecord)).one().warned == []


def test_the_codes_of_a_form_are_read_back(app: Flask) -> None:
    asked = questionnaire()
    every = answer_warnings.codes(asked.warnings, {})
    assert answer_warnings.seen_of(asked, every) == {each.id: each.version for each in asked.warnings}
