"""What an interview leaves of how it was led, and what it must not leave."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm import countries
from nrm.demo.made_up_interviews import random_answers
from nrm.domain.conditions import ALWAYS
from nrm.domain.interviews.example_interview import example_answers
from nrm.domain.interviews.procedures import Procedure, child_told, goes_on, indicated, procedure
from nrm.domain.interviews.questionnaire_flow import asked, pages, route_of

COUNTRY = countries.load("albania")
ASKED = COUNTRY.questionnaires["returnee-1"]
assert COUNTRY.checklist is not None
KEPT = COUNTRY.checklist.kept
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def led(answers: dict[str, Any], *, times: dict[str, int] | None = None, minutes: int = 20) -> Procedure:
    return procedure(
        ASKED,
        answers,
        KEPT,
        wordings={},
        times=times or {},
        took=timedelta(minutes=minutes),
        profile="possible",
        assessment="suspected",
    )


def test_that_an_official_took_part_is_not_to_be_seen() -> None:
    """Both interviews leave the very same record, although one has a question more."""
    with_official = {**example_answers(ASKED), "official": "yes", "official_what": "he stamped the passport"}
    without = {**example_answers(ASKED), "official": "no"}
    without.pop("official_what", None)
    assert asked(ASKED, with_official) != asked(ASKED, without)
    assert led(with_official) == led(without)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_no_answer_but_those_about_the_procedure_can_be_read_from_a_record(seed: int) -> None:
    """Any two interviews on the same way that agree on those differ in their records only by what was left blank."""
    answers = random_answers(ASKED, Random(seed), today=date(2026, 3, 2), fixed={}, severity=0.3, answered=0.9)
    record = led(answers)
    names = {*record.asked, *record.not_asked}
    every = {name for page in route_of(ASKED, answers).pages for name in ASKED.pages[page].questions}
    assert names <= every
    assert all(ASKED.questions[name].under is None and ASKED.questions[name].when is ALWAYS for name in names)
    assert set(record.answers) <= set(KEPT.questions)
    said = json.dumps([record.answers, record.asked, record.not_asked, record.pages, record.language])
    for name, value in answers.items():
        if isinstance(value, str) and ASKED.questions[name].kind in ("long_text", "short_text", "place"):
            assert value not in said, name


def test_a_rare_language_is_not_named() -> None:
    assert led({**example_answers(ASKED), "language": "tr"}).language == "tr"
    assert led({**example_answers(ASKED), "language": "am"}).language == "other"


def test_times_are_classes_and_the_last_page_is_saved_by_sending() -> None:
    answers = example_answers(ASKED)
    names = [page.id for page in pages(ASKED, answers)]
    times = {name: 30 * (place + 1) for place, name in enumerate(names[:-1])}
    record = led(answers, times=times, minutes=20)
    assert set(record.pages) == set(names)
    assert {record.pages[name] for name in names[:-1]} == {"under_1"}
    assert record.pages[names[-1]] == "over_15"
    assert record.duration == "10_30"


def test_what_was_typed_in_later_has_no_times() -> None:
    record = led(example_answers(ASKED), minutes=60 * 30)
    assert (record.duration, set(record.pages.values()), record.in_time) == ("", {""}, "no")


@pytest.mark.parametrize(
    ("due", "done", "told"),
    [
        (None, None, "told"),
        (1, None, "told"),
        (-1, None, "late"),
        (1, 0, "known"),
        (-2, -1, "late"),
        (None, 0, "known"),
    ],
)
def test_whether_child_protection_knew_in_time(due: int | None, done: int | None, told: str) -> None:
    at = [None if each is None else NOON + timedelta(hours=each) for each in (due, done)]
    assert child_told(at[0], at[1], NOON) == told


def test_of_a_negative_screen_only_answers_that_carry_indicators_are_kept() -> None:
    kept = indicated(ASKED, example_answers(ASKED))
    assert kept
    for name in kept:
        question = ASKED.questions[name]
        assert question.closed
        assert any(option.indicators or (question.fact and option.named) for option in question.options)
    assert not {"age", "gender", "citizenship", "citizenship_class", "returned_from", "where", "language"} & set(kept)


@settings(max_examples=80)
@given(st.dates(date(2020, 1, 1), date(2100, 1, 1)))
def test_a_negative_screen_goes_on_a_monday_within_its_days(day: date) -> None:
    gone = goes_on(day, 180)
    assert gone.weekday() == 0
    assert timedelta(days=174) <= gone - day <= timedelta(days=180)
