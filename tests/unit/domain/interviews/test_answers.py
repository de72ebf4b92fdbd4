"""One answer at a time: what is taken, in which form it is kept, and what is said otherwise."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.interviews.answers import MESSAGES, UnacceptableAnswer, checked, earliest, latest
from nrm.domain.interviews.example_interview import example_answers
from nrm.domain.interviews.interview_findings import page_findings, whole_interview
from tests.unit.domain.interviews.small_questionnaire import returnee

TODAY = date(2026, 3, 1)
Q = returnee()


def refused(name: str, value: object) -> str:
    with pytest.raises(UnacceptableAnswer) as caught:
        checked(Q.questions[name], value)
    return caught.value.texts["en"]


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("alone", "yes", "yes"),
        ("danger", "no_answer", "no_answer"),
        ("needs", ["other", "medical", "other"], ["medical", "other"]),
        ("needs", ["dont_know"], ["dont_know"]),
        ("returned_from", "SE", "SE"),
        ("returned_from", "dont_know", "dont_know"),
        ("language", "ar", "ar"),
        ("age_stated", 0, 0),
        ("birth", "2001", "2001"),
        ("birth", "2001-02", "2001-02"),
        ("birth", "2000-02-29", "2000-02-29"),
        ("given", "  Zëri\N{NO-BREAK SPACE} ", "Zëri"),
        ("given", "e\N{COMBINING DIAERESIS}", "ë"),
        ("given", "Ελένη", "Ελένη"),
        ("given", " ", None),
        ("story", "a\r\nb\rc", "a\nb\nc"),
        ("story", "x" * 15_000, "x" * 15_000),
        ("parties", ["VATRA", "IOM", "IOM"], ["IOM", "VATRA"]),
        ("parties", [], []),
    ],
)
def test_an_acceptable_answer_is_kept_in_one_form(name: str, value: object, kept: object) -> None:
    assert checked(Q.questions[name], value) == kept


NAMES = "Given names"
CODE = "Enter the country’s code of two letters (ISO 3166), for example SE"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("alone", "dont_know", "Choose one of the answers in the list: Are you alone with the person?"),
        ("alone", True, "Choose one of the answers in the list: Are you alone with the person?"),
        ("needs", "medical", "Choose one of the answers in the list: What do you need?"),
        ("needs", ["medical", 3], "Choose one of the answers in the list: What do you need?"),
        ("needs", ["gold"], "Choose one of the answers in the list: What do you need?"),
        ("needs", [], "Choose an answer: What do you need?"),
        ("needs", ["none", "medical"], "Choose either the answers that apply or only the last one: What do you need?"),
        ("returned_from", "gr", f"{CODE}: Which country have you come from?"),
        ("returned_from", "XX", f"{CODE}: Which country have you come from?"),
        ("returned_from", 3, f"{CODE}: Which country have you come from?"),
        (
            "language",
            "SQ",
            "Enter the name of a language, for example Arabic, or “unknown”: In which language will you talk?",
        ),
        ("age_stated", 121, "Enter a number from 0 to 120: How old are you?"),
        ("age_stated", -1, "Enter a number from 0 to 120: How old are you?"),
        ("age_stated", True, "Enter a number from 0 to 120: How old are you?"),
        ("age_stated", "30", "Enter a number from 0 to 120: How old are you?"),
        ("birth", "01", "Enter the year with four digits: When were you born?"),
        ("birth", "1899", "Enter the year with four digits: When were you born?"),
        ("birth", 2001, "Enter the year with four digits: When were you born?"),
        ("birth", "2001-13", "Enter the month as a number from 1 to 12: When were you born?"),
        ("birth", "2001-02-29", "Enter a day that exists in that month: When were you born?"),
        ("given", 3, f"Enter text: {NAMES}"),
        ("given", "x" * 101, f"Enter fewer than 101 characters: {NAMES}"),
        ("given", "a\0b", f"Enter the text again without invisible characters: {NAMES}"),
        ("given", "a\N{RIGHT-TO-LEFT OVERRIDE}b", f"Enter the text again without invisible characters: {NAMES}"),
        ("given", "a\N{FIRST STRONG ISOLATE}b", f"Enter the text again without invisible characters: {NAMES}"),
        ("given", "a\nb", f"Enter the text again without invisible characters: {NAMES}"),
        ("given", "a\ud800b", f"Enter the text again without invisible characters: {NAMES}"),
        ("story", "a\x1bb", "Enter the text again without invisible characters: What happened, in your own words?"),
        ("story", "x" * 15_001, "Enter fewer than 15001 characters: What happened, in your own words?"),
        ("parties", "VATRA", "Choose one of the answers in the list: Which organisations must not know?"),
        ("parties", ["<b>"], "Choose one of the answers in the list: Which organisations must not know?"),
    ],
)
def test_what_is_not_acceptable_is_answered_with_what_to_do(name: str, value: object, said: str) -> None:
    assert refused(name, value) == said


def test_every_message_says_in_both_languages_what_to_do() -> None:
    starts = {"sq": ("Zgjidhni ", "Shkruani ", "Hiqeni "), "en": ("Choose ", "Enter ", "Leave ")}
    for name, texts in MESSAGES.items():
        assert set(texts) >= {"sq", "en"}, name
        filled = texts.filled(question="", lowest=1, highest=2, longest=3, page="", parties="")
        for language, start in starts.items():
            assert filled[language].startswith(start), filled[language]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)


@pytest.mark.slow
@given(name=st.sampled_from(sorted(Q.questions)), value=ANYTHING)
def test_any_value_is_kept_in_a_form_that_stays_or_is_refused_with_words(name: str, value: Any) -> None:
    try:
        kept = checked(Q.questions[name], value)
    except UnacceptableAnswer as error:
        assert set(error.texts) == {"sq", "en"}  # noqa: PT017 - anything else but this error fails the test
        return
    if kept is not None:
        assert checked(Q.questions[name], kept) == kept
        if isinstance(kept, str):
            assert unicodedata.is_normalized("NFC", kept)
            assert "\0" not in kept


@given(year=st.integers(1900, 2100), month=st.integers(1, 12))
def test_a_partial_date_spans_all_it_can_mean(year: int, month: int) -> None:
    assert (earliest(f"{year}"), latest(f"{year}")) == (date(year, 1, 1), date(year, 12, 31))
    first, last = earliest(f"{year}-{month:02d}"), latest(f"{year}-{month:02d}")
    assert (first.day, first.month, last.month) == (1, month, month)
    assert date.fromordinal(last.toordinal() + 1).day == 1


def findings(page: str, **answers: Any) -> dict[str, str]:
    found = page_findings(Q, Q.pages[page], answers, today=TODAY)
    return {name: texts["en"] for name, texts in found.items()}


def test_what_must_be_answered_and_is_not_is_said() -> None:
    assert findings("screen")["alone"] == "Choose an answer: Are you alone with the person?"
    assert findings("people_child", urgent="no", age="child")["child_with"] == "Enter an answer: Who are you with?"


def test_a_date_of_the_future_is_pointed_out_and_todays_is_not() -> None:
    assert findings("way", left="2026-03-02")["left"] == (
        "Enter a date that is not in the future: When did you leave home?"
    )
    assert "left" not in findings("way", left="2026-03-01")
    assert "left" not in findings("way", left="2026")


def test_an_end_before_the_beginning_is_pointed_out() -> None:
    adult = {"urgent": "no", "age": "adult"}
    assert findings("happened", **adult, began="2024-05", ended="2024-04") == {
        "ended": "Enter a date that is not before the beginning: When did it end?"
    }
    assert findings("happened", **adult, began="2024-05", ended="2024") == {}


@pytest.mark.parametrize(
    ("age", "stated", "wrong"),
    [("adult", 17, True), ("adult", 18, False)],
)
def test_the_age_said_must_fit_the_age_chosen(age: str, stated: int, wrong: bool) -> None:
    assert ("age_stated" in findings("signs", age=age, age_stated=stated)) is wrong


@pytest.mark.parametrize(
    ("birth", "wrong"),
    [("2008-03-01", False), ("2008-03-02", True), ("2008", False), ("2009", True), ("1990", False), ("2008-02", False)],
)
def test_a_birth_that_makes_a_child_contradicts_an_adult(birth: str, wrong: bool) -> None:
    consent = {"consent_services": "yes", "consent_sharing": "yes"}
    assert ("birth" in findings("identity", urgent="no", age="adult", **consent, birth=birth)) is wrong


@pytest.mark.parametrize(
    ("birth", "wrong"), [("2008-02-29", True), ("2008-03-02", False), ("2008", False), ("2007", True)]
)
def test_a_birth_that_makes_an_adult_contradicts_a_child(birth: str, wrong: bool) -> None:
    assert ("birth" in findings("people_child", urgent="no", age="child", birth=birth)) is wrong


def test_a_whole_interview_says_what_is_wrong_question_by_question() -> None:
    given_answers = {**example_answers(Q), "colour": "red", "age_stated": "many", "trusts": "the sister"}
    del given_answers["alone"]
    kept, found = whole_interview(Q, given_answers, today=TODAY)
    assert {name: texts["en"] for name, texts in found.items()} == {
        "colour": "Leave this answer out, because the question is not in the questionnaire",
        "age_stated": "Enter a number from 0 to 120: How old are you?",
        "trusts": "Leave this answer out, because the question is not asked: Who do you trust?",
        "alone": "Choose an answer: Are you alone with the person?",
    }
    assert "trusts" not in kept
