"""Paper numbers, the order of the paper, its gates in words, the codes of its answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.conditions import parse
from nrm.domain.interviews.answers import UnacceptableAnswer
from nrm.domain.interviews.example_interview import example_answers
from nrm.domain.interviews.interviews import Questionnaire, face_to_face
from nrm.domain.interviews.paper_forms import (
    MistypedNumber,
    PaperRefused,
    check_time,
    codes,
    condition_words,
    gate_words,
    labels_of,
    new_number,
    parse_number,
    plan,
    typed_codes,
)
from nrm.domain.interviews.questionnaire_flow import pages, route_of
from nrm.domain.shelter.cases import ALPHABET, MistypedPseudonym, new_pseudonym, parse_pseudonym
from tests.unit.domain.interviews.small_questionnaire import returnee

RANDOM = st.binary(min_size=16, max_size=16)
NOW = datetime(2026, 11, 24, 21, 40, 30, tzinfo=UTC)


@pytest.fixture
def questionnaire() -> Questionnaire:
    return returnee()


@given(RANDOM, st.sampled_from(["{}", " {} ", "{} ", "-{}."]), st.booleans(), st.booleans())
def test_a_number_is_read_in_whatever_way_it_is_typed(random: bytes, around: str, small: bool, dashes: bool) -> None:
    number = new_number(random)
    typed = number if dashes else number.replace("-", " ")
    assert parse_number(around.format(typed.lower() if small else typed)) == number


@given(RANDOM, st.integers(0, 8), st.sampled_from(ALPHABET))
def test_every_wrong_character_is_noticed(random: bytes, place: int, other: str) -> None:
    symbols = list(new_number(random).replace("-", ""))
    if symbols[place] == other:
        return
    symbols[place] = other
    with pytest.raises(MistypedNumber, match="check"):
        parse_number("".join(symbols))


@given(RANDOM, st.integers(0, 7))
def test_two_characters_that_changed_places_are_noticed(random: bytes, place: int) -> None:
    symbols = list(new_number(random).replace("-", ""))
    if symbols[place] == symbols[place + 1]:
        return
    symbols[place], symbols[place + 1] = symbols[place + 1], symbols[place]
    with pytest.raises(MistypedNumber, match="check"):
        parse_number("".join(symbols))


@given(RANDOM)
def test_a_pseudonym_is_never_taken_for_a_number_nor_the_other_way_round(random: bytes) -> None:
    with pytest.raises(MistypedNumber, match="check"):
        parse_number(new_pseudonym(random))
    with pytest.raises(MistypedPseudonym):
        parse_pseudonym(new_number(random))


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_says_what_is_wrong(text: str) -> None:
    try:
        number = parse_number(text)
    except MistypedNumber as error:
        number = str(error)
    assert number in ("length", "character", "check") or parse_number(number) == number


def test_too_little_chance_makes_no_number() -> None:
    with pytest.raises(ValueError, match="16"):
        new_number(b"short")


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (NOW + timedelta(seconds=1), "future"),
        (NOW - timedelta(days=30, seconds=1), "too_old"),
        (NOW - timedelta(hours=2), "before_print"),
    ],
)
def test_a_talk_is_neither_ahead_nor_long_ago_nor_before_its_paper(at: datetime, why: str) -> None:
    with pytest.raises(PaperRefused) as refused:
        check_time(at, NOW - timedelta(hours=1), NOW)
    assert refused.value.reason == why


def test_a_talk_of_the_minute_in_which_the_paper_was_printed_is_taken() -> None:
    check_time(NOW.replace(second=0), NOW, NOW)


def test_every_question_stands_once_and_in_the_order_of_the_usual_way(questionnaire: Questionnaire) -> None:
    paper = plan(questionnaire)
    numbered = [question.id for question in paper.questions]
    posts = {name for page in questionnaire.pages.values() if page.asked_by == "post" for name in page.questions}
    by_telephone = {"meet_where", "reach", "reach_number", "reach_through", "reach_hours", "leaflet_read"}
    assert sorted(numbered) == sorted(posts - by_telephone if questionnaire.telephone else posts)
    questionnaire = face_to_face(questionnaire)
    assert [paper.numbers[name] for name in numbered] == list(range(1, len(numbered) + 1))
    usual = [name for page in questionnaire.routes[-1].pages for name in questionnaire.pages[page].questions]
    assert numbered[1 : 1 + len(usual)] == usual
    assert [part.page.id for part in paper.parts if part.ends] == [questionnaire.routes[-1].pages[-1]]


def test_who_follows_the_gates_answers_what_the_screen_would_ask(questionnaire: Questionnaire) -> None:
    paper = plan(questionnaire)
    questionnaire = face_to_face(questionnaire)
    for changed in ({"age": "child"}, {"consent_services": "no"}, {"urgent": "yes", "consent_urgent": "given"}):
        answers = {**example_answers(questionnaire), **changed}
        route = route_of(questionnaire, answers)
        gate = next(
            (name, gate)
            for name, found in paper.gates.items()
            for gate in found
            if gate.when.holds(answers) and name in changed
        )
        before = {name for name, number in paper.numbers.items() if number <= paper.numbers[gate[0]]}
        after = {
            number
            for step in gate[1].steps
            if step.when.holds(answers)
            for first, last in step.ranges
            for number in range(first, last + 1)
        }
        on_screen = {name for page in pages(questionnaire, answers) for name in page.questions}
        assert {paper.numbers[name] for name in on_screen - before} == after, route.id


def test_gates_say_in_words_where_to_go_on(questionnaire: Questionnaire) -> None:
    paper = plan(questionnaire)
    (gate,) = paper.gates["age"]
    number = paper.numbers["age"]
    assert gate_words(paper, gate, "en").startswith(f"If {number} is “Under 18” or “Not sure”, go on only with")
    assert gate_words(paper, gate, "sq").startswith(f"Nëse {number} është “Nën 18 vjeç” ose “Nuk dihet me siguri”")
    (urgent,) = paper.gates["urgent"]
    assert f"only if {paper.numbers['consent_urgent']} is not “No”" in gate_words(paper, urgent, "en")


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"eq": ["hurt", "yes"]}, "7 is “Yes”"),
        ({"not": {"in": ["hurt", ["yes", "no"]]}}, "7 is not “Yes” or “No”"),
        ({"has": ["needs", "medical"]}, "45 has “A doctor”"),
        ({"lt": ["age_stated", 18]}, "12 is less than 18"),
        ({"and": [{"eq": ["hurt", "yes"]}, {"lt": ["age_stated", 9]}]}, "7 is “Yes” and 12 is less than 9"),
        ({"not": {"lt": ["age_stated", 18]}}, "it is not so that 12 is less than 18"),
    ],
)
def test_conditions_are_put_in_words_whatever_they_compare(condition: object, words: str) -> None:
    paper = plan(returnee())
    at = {"7": "hurt", "45": "needs", "12": "age_stated"}
    for number, name in at.items():
        words = words.replace(f"{number} ", f"<{name}> ")
    for name in at.values():
        words = words.replace(f"<{name}>", str(paper.numbers[name]))
    assert condition_words(paper, parse(condition), "en") == words
    assert condition_words(paper, parse(condition), "sq")


def test_codes_are_those_a_tired_hand_expects(questionnaire: Questionnaire) -> None:
    asked = questionnaire.questions
    assert [label for label, _ in codes(asked["hurt"])] == ["1", "2", "88", "89"]
    assert [label for label, _ in codes(asked["children"])] == ["0", "1", "2+", "88", "89"]
    assert [label for label, _ in codes(asked["promised"])][-3:] == ["0", "88", "89"]
    for question in asked.values():
        labels = [label for label, _ in codes(question)]
        assert len(set(labels)) == len(labels) == len(question.options)


@given(st.data())
def test_what_is_typed_for_an_answer_is_read_as_that_answer(data: st.DataObject) -> None:
    question = data.draw(st.sampled_from([each for each in returnee().questions.values() if each.options]))
    picked = data.draw(st.lists(st.sampled_from([each.code for each in question.options]), min_size=1, unique=True))
    assert typed_codes(question, labels_of(question, picked)) == picked


@pytest.mark.parametrize("text", ["7", "1 7", "x", "1-2", "١", "1,,999"])
def test_a_code_that_is_not_printed_is_refused(questionnaire: Questionnaire, text: str) -> None:
    with pytest.raises(UnacceptableAnswer):
        typed_codes(questionnaire.questions["hurt"], text)
