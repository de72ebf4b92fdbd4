"""The form of the first talk, and what its answers become."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nrm.countries
from nrm.demo import made_up_interviews
from nrm.domain.interviews.interviews import PLAIN_KINDS
from nrm.domain.interviews.questionnaire_flow import opener_of, page_questions
from nrm.domain.shelter import first_talks

Q = nrm.countries.load("albania").questionnaires["returnee-1"]
TODAY = date(2026, 3, 1)
MOVED = {"before", "depend", "why_late", "method", "travel_by", "father", "wish_region"}


def form(**story: Any) -> first_talks.FirstTalk:
    return first_talks.form_of(Q, first_talks.rows_for(Q, story))


def test_the_form_asks_what_no_post_asks_and_requires_nothing() -> None:
    talk = form()
    assert set(talk.page.questions) >= MOVED
    assert not any(talk.questionnaire.questions[name].required for name in talk.page.questions)
    on_routes = {name for route in Q.routes for page in route.pages for name in Q.pages[page].questions}
    assert not on_routes & {name for page in first_talks.pages(Q) for name in page.questions}


def test_every_question_of_the_form_is_shown_or_opened_by_one_above_it() -> None:
    talk = form()
    shown = {question.id for question in page_questions(talk.questionnaire, talk.page, {"age": "adult"})}
    assert shown == set(talk.page.questions)
    opened = {
        name
        for section in talk.sections
        for page in section.rows or (section.page,)
        for name in page.questions
        if opener_of(talk.questionnaire, page, talk.questionnaire.questions[name])
    }
    assert opened == {"others_official", "others_tell", "others_what", "talk_interpreter_code", "talk_interpreter_sex"}


@pytest.mark.parametrize(("kept", "rows"), [(0, 1), (1, 2), (4, 5), (5, 5), (9, 5)])
def test_there_is_one_empty_row_more_while_there_is_room(kept: int, rows: int) -> None:
    talk = form(receiver_episodes=[{"episode_kind": "other"}] * kept)
    [section] = [each for each in talk.sections if each.page.id == "receiver_episodes"]
    assert len(section.rows) == rows


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000))
def test_what_is_saved_is_what_the_form_shows_again(seed: int) -> None:
    made = made_up_interviews.first_talk(Q, random.Random(seed), today=TODAY, answered=0.8)
    parts = first_talks.sorted_into(Q, made)
    kept = {
        compartment: {name: value for name, value in part.items() if value is not None}
        for compartment, part in parts.items()
    }
    assert first_talks.typed_from(Q, kept, {}) == made
    assert "father" not in kept["story"]
    assert "wish_region" not in kept["story"]


@pytest.mark.parametrize(
    ("method", "code"), [("at_work", "at_work"), ("dont_know", "8"), ("no_answer", "9"), (None, "99")]
)
def test_the_method_becomes_its_code(method: str | None, code: str) -> None:
    assert first_talks.facts_of(Q, {"method": method}) == {"recruitment_method": code}
    back = first_talks.from_facts(Q, {"recruitment_method": code})
    assert back == ({"method": "at_work"} if code == "at_work" else {})


def test_forms_are_known_again_from_the_facts_of_a_case() -> None:
    coded = {"exploitation": ["forced_begging", "servitude"], "statistics": "yes", "duration_months": None}
    assert set(first_talks.from_facts(Q, coded)["forms"]) == {"forced_begging", "servitude"}
    assert first_talks.from_facts(Q, {"statistics": "no"}) == {}


@pytest.mark.parametrize("consent", ["refused", "not_asked_urgent", "", "anything"])
def test_nobody_is_asked_without_a_yes_or_the_rules_for_children(consent: str) -> None:
    assert not first_talks.may_ask(consent)
    assert first_talks.may_ask("given")
    assert first_talks.may_ask("not_asked_child")


def test_an_episode_does_not_end_before_it_begins() -> None:
    assert first_talks.wrong_spans(Q, {"episode_from_1": "2024-05", "episode_until_1": "2024"}) == {}
    wrong = first_talks.wrong_spans(Q, {"episode_from_1": "2024-05", "episode_until_1": "2024-04-30"})
    assert set(wrong) == {"episode_until_1"}
    assert set(wrong["episode_until_1"]) == {"sq", "en"}


def test_a_row_is_made_of_fields_that_can_be_repeated() -> None:
    for page in first_talks.pages(Q):
        for name in page.questions if page.repeat else ():
            question = Q.questions[name]
            assert question.under is None
            assert not question.when.names()
            assert question.kind in PLAIN_KINDS | {"one_of"}
