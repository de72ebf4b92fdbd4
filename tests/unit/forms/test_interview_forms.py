"""The forms of the interview's pages: what a browser sends becomes answers, and nothing sent can break them."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from forms import names
from forms.interviews.interviews import FIELDS, PageForm, form_data, page_form
from nrm.demo import made_up_interviews
from nrm.domain.interviews import questionnaire_flow
from nrm.domain.interviews.questionnaires import parse_questionnaire
from tests.unit.domain.interviews.small_questionnaire import question, returnee, small

TODAY = date(2026, 3, 1)
Q = returnee()
ADULT = {"urgent": "no", "age": "adult"}
OPENED = {"interpreter", "companions"}
"""Asked only after another answer of the same page."""
AGREED = {**ADULT, "consent_services": "yes", "consent_sharing": "yes"}


def form(page: str, sent: Any, language: str = "en") -> PageForm:
    return page_form(Q, Q.pages[page], language)(MultiDict(sent))


def errors(page: str, sent: Any, language: str = "en", **earlier: Any) -> dict[str, str]:
    tried = form(page, sent, language)
    assert tried.accept({**AGREED, **earlier}, today=TODAY) is None
    return {str(name): str(found[0]) for name, found in tried.errors.items()}


def accepted(page: str, sent: Any, **earlier: Any) -> dict[str, Any]:
    tried = form(page, sent)
    taken = tried.accept({**AGREED, **earlier}, today=TODAY)
    assert taken is not None, tried.errors
    return taken


def test_a_form_class_is_made_once() -> None:
    assert page_form(Q, Q.pages["screen"], "sq") is page_form(Q, Q.pages["screen"], "sq")
    assert page_form(Q, Q.pages["screen"], "sq") is not page_form(Q, Q.pages["screen"], "en")


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), language=st.sampled_from(["sq", "en"]))
def test_what_a_browser_sends_of_an_interview_gives_its_answers_back(seed: int, language: str) -> None:
    made = made_up_interviews.random_answers(Q, random.Random(seed), today=TODAY)
    answers: dict[str, Any] = {"urgent": made["urgent"]}
    while page := next((p for p in questionnaire_flow.pages(Q, answers) if not set(p.questions) & set(answers)), None):
        sent = form_data(Q, page, made, language)
        taken = page_form(Q, page, language)(MultiDict(sent)).accept(answers, today=TODAY)
        expected = {name: made[name] for name in page.questions if name in made and Q.questions[name].kind in FIELDS}
        assert taken == expected
        if not taken:
            break
        answers = questionnaire_flow.with_page(Q, answers, page, taken)
    assert set(answers) <= set(made)


def test_an_empty_page_says_what_to_do_in_the_officers_language() -> None:
    asked = errors("screen", {}, "sq")
    assert asked["language"] == "Zgjidhni një përgjigje: Në cilën gjuhë do të flisni?"
    assert asked["danger"] == "Zgjidhni një përgjigje: A keni frikë se dikush do t’ju bëjë keq sot?"
    assert set(asked) == {name for name in Q.pages["screen"].questions if Q.questions[name].required} - OPENED
    assert accepted("happened", {}) == {}


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ({"birth": "2001", "birth-month": "3", "birth-day": "09"}, "2001-03-09"),
        ({"birth": " 2001 ", "birth-month": "03", "birth-day": ""}, "2001-03"),
        ({"birth": "2001"}, "2001"),
        ({"birth": "", "birth-month": " ", "birth-day": ""}, None),
        ({"birth": ["2001", "2001"]}, "2001"),
    ],
)
def test_a_partial_date_is_read_from_its_parts(sent: dict[str, Any], answer: str | None) -> None:
    assert accepted("identity", sent).get("birth") == answer


WHEN = "When were you born?"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"birth-month": "3"}, f"Enter the year with four digits: {WHEN}"),
        ({"birth": "01"}, f"Enter the year with four digits: {WHEN}"),
        ({"birth": "２００１"}, f"Enter the year with four digits: {WHEN}"),
        ({"birth": "2001", "birth-day": "3"}, f"Enter the month as well, or leave the day empty: {WHEN}"),
        ({"birth": "2001", "birth-month": "13"}, f"Enter the month as a number from 1 to 12: {WHEN}"),
        ({"birth": "2001", "birth-month": "mars"}, f"Enter the month as a number from 1 to 12: {WHEN}"),
        ({"birth": "2001", "birth-month": "2", "birth-day": "30"}, f"Enter a day that exists in that month: {WHEN}"),
        ({"birth": "2001", "birth-month": "2", "birth-day": "\0"}, f"Enter a day that exists in that month: {WHEN}"),
        ({"birth": ["2001", "2002"]}, f"Enter an answer: {WHEN}"),
        ({"birth": "2" * 5000}, f"Enter the year with four digits: {WHEN}"),
        ({"birth": "2026", "birth-month": "4"}, f"Enter a date that is not in the future: {WHEN}"),
    ],
)
def test_a_part_of_a_date_that_is_wrong_doubled_or_junk_is_answered_in_words(sent: dict[str, Any], said: str) -> None:
    assert errors("identity", sent) == {"birth": said}


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ({"citizenship": "XK"}, "XK"),
        ({"citizenship-other": "Suedia"}, "SE"),
        ({"citizenship-other": "sweden"}, "SE"),
        ({"citizenship-other": "SE"}, "SE"),
        ({"citizenship-other": "Ελλάδα"}, "GR"),
        ({"citizenship-other": "Deutschland"}, "DE"),
        ({"citizenship-other": "Magyarország"}, "HU"),
        ({"citizenship": "RO", "citizenship-other": "România"}, "RO"),
        ({"citizenship": "no_answer"}, "no_answer"),
        ({"citizenship": "", "citizenship-other": " "}, None),
    ],
)
def test_a_country_is_chosen_or_written_by_its_name(sent: dict[str, Any], answer: str | None) -> None:
    assert accepted("identity", sent).get("citizenship") == answer


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"citizenship-other": "Atlantis"}, "Enter the name of a country, for example Sweden: Citizenship"),
        ({"citizenship-other": "x" * 9000}, "Enter the name of a country, for example Sweden: Citizenship"),
        (
            {"citizenship": "AL", "citizenship-other": "Suedi"},
            "Choose an answer or enter another, not both: Citizenship",
        ),
        ({"citizenship": "QQ"}, "Choose one of the answers in the list: Citizenship"),
        ({"citizenship": ["AL", "RO"]}, "Choose an answer: Citizenship"),
    ],
)
def test_a_country_nobody_knows_is_answered_in_words(sent: dict[str, Any], said: str) -> None:
    assert errors("identity", sent) == {"citizenship": said}


@pytest.mark.parametrize(
    ("before", "sent", "answer"),
    [
        ("sq", {"language": "sq", "language-other": "Pashto"}, "ps"),  # what stood there was not chosen
        ("ps", {"language": "sq", "language-other": "Pashto"}, "sq"),
        ("sq", {"language": "sq", "language-other": "Albanian"}, "sq"),
        ("sq", {"language": "it", "language-other": ""}, "it"),
    ],
)
def test_of_an_option_and_a_name_the_one_that_stood_there_before_gives_way(
    before: str, sent: dict[str, Any], answer: str
) -> None:
    checked = form("screen", sent)
    checked.accept({"language": before}, today=TODAY)
    assert checked["language"].data == answer


def test_who_chose_and_wrote_finds_nothing_chosen_because_nobody_can_untick_it() -> None:
    checked = form("screen", {"language": "sq", "language-other": "Pashto"})
    checked.accept({}, today=TODAY)
    assert checked["language"].errors == [
        "Choose an answer or enter another, not both: In which language will you talk?"
    ]
    assert checked.typed()["language"] == {"": [], "-other": ["Pashto"]}
    unknown = form("screen", {"language": "sq", "language-other": "Pashtooo"})
    unknown.accept({"language": "sq"}, today=TODAY)
    assert unknown["language"].errors
    assert unknown.typed()["language"] == {"": [], "-other": ["Pashtooo"]}


def test_every_country_is_found_by_its_name_in_the_languages_of_those_who_type_it() -> None:
    codes = list(names._codes())
    assert len(codes) > 240
    lost = [c for c in codes for lang in ("sq", "en", "mk") if names.country_code(names.country_name(c, lang)) != c]
    assert lost == []
    assert [names.country_code(each) for each in ("maqedonia", "Македонија", "Англија")] == ["MK", "MK", "GB"]


@pytest.mark.parametrize(
    ("name", "code"), [("arabisht", "ar"), ("Ukrainian", "uk"), ("русский", "ru"), ("abcdefg", None)]
)
def test_a_language_is_found_by_its_name(name: str, code: str | None) -> None:
    assert names.language_code(name) == code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Rromisht", "rom"),
        ("gjuha e shenjave", "sgn"),
        ("Sign language", "sgn"),
        ("e panjohur", "und"),
        ("unknown", "und"),
    ],
)
def test_a_language_that_nobody_at_the_post_speaks_or_knows_stops_no_talk(name: str, code: str) -> None:
    assert names.language_code(name) == code
    tried = form("screen", {"language-other": name})
    tried.accept({}, today=TODAY)
    field = tried.question_fields()["language"]
    assert (list(field.errors), field.data) == ([], code)
    for staff in ("sq", "en"):
        shown = names.language_name(code, staff)
        assert shown != code or code == "rom"
        assert names.language_code(shown) == code


def test_every_language_of_the_cards_is_found_by_its_own_name_and_by_what_the_staff_calls_it() -> None:
    called = {code: {name} for code, name in Q.language_names.items()}
    for code, words in Q.language_words.items():
        called[code] |= set(words.values())
    assert len(called) > 14
    for code, every in called.items():
        for name in every:
            assert names.language_code(name) == code, name


def test_a_list_that_is_ticked_twice_or_in_any_order_is_one_answer() -> None:
    assert accepted("happened", {"conditions": ["pay", "hours", "pay"]}) == {"conditions": ["hours", "pay"]}


def test_none_of_these_beside_a_tick_is_pointed_out() -> None:
    assert errors("happened", {"conditions": ["pay", "none"]}) == {
        "conditions": "Choose either the answers that apply or only the last one: What were the conditions?"
    }


def test_what_stands_hidden_under_an_option_is_neither_read_nor_criticised() -> None:
    sent = {"where_more": "no", "where_2-other": "Atlantis", "official": "no", "official_what": "a\0b"}
    assert accepted("happened", sent) == {"where_more": "no", "official": "no"}
    assert set(errors("happened", {**sent, "where_more": "country"})) == {"where_2"}


def test_a_question_the_page_does_not_ask_is_not_read() -> None:
    assert accepted("happened", {"story": "fjalë", "given": "Arta", "colour": "red"}) == {"story": "fjalë"}


def test_answers_of_the_page_given_before_are_not_taken_for_given_again() -> None:
    assert "alone" in errors("screen", {"language": "sq"}, alone="yes")


def test_what_another_answer_of_the_page_closes_is_dropped_and_not_required() -> None:
    whole = {"language": "sq", "alone": "yes", "hurt": "no", "danger": "no", "age": "adult", "gender": "feminine"}
    whole |= {"citizenship_class": "albanian", "returned_from": "GR", "announced": "no"}
    closed = {"interpreter": "present", "companions": ["partner"], "companions_who": "burri"}
    assert accepted("screen", {**whole, **closed}) == whole
    assert set(errors("screen", {**whole, "language": "el", "alone": "no"})) == OPENED
    opened = {**whole, **closed, "language": "el", "alone": "no"}
    assert accepted("screen", opened) == opened
    named = {**whole, "language": "", "language-other": "Arabic"}
    assert set(errors("screen", named)) == {"interpreter"}


def test_what_was_typed_is_kept_to_be_shown_again() -> None:
    tried = form("identity", {"birth": "20x1", "birth-day": "3", "given": "Arta"})
    assert tried.accept(AGREED, today=TODAY) is None
    assert tried.typed()["birth"] == {"-day": ["3"], "-month": [], "": ["20x1"]}
    assert tried.typed()["given"] == {"": ["Arta"]}


@pytest.mark.parametrize("name", ["validate", "page", "data"])
def test_a_question_with_the_name_of_a_part_of_the_form_stops_the_start(name: str) -> None:
    data = small()
    data["question"].append(question(name, "number"))
    data["page"][1]["questions"].append(name)
    broken = parse_questionnaire(data, file="q.toml")
    with pytest.raises(ValueError, match=f"the question `{name}` has the name of a part of the form"):
        page_form(broken, broken.pages["first"], "sq")


PARTS = [name + part for name in Q.questions for part in ("", "-day", "-month", "-other")]
VALUES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["yes", "none", "2001", "31", "GR", "\0", "\N{RIGHT-TO-LEFT OVERRIDE}abc", "x" * 20_000, "٣", "\ud800"]
    ),
    st.sampled_from([option.code for each in Q.questions.values() for option in each.options]),
)


@settings(max_examples=150)
@given(
    page=st.sampled_from(sorted(Q.pages)),
    sent=st.lists(st.tuples(st.sampled_from(PARTS), VALUES), max_size=40),
    language=st.sampled_from(["sq", "en"]),
    age=st.sampled_from(["adult", "child"]),
)
def test_nothing_that_can_be_sent_breaks_a_page(
    page: str, sent: list[tuple[str, str]], language: str, age: str
) -> None:
    """Missing, doubled, junk and huge parts: either answers that stay, or words in the officer's language."""
    earlier = {"urgent": "no", "age": age}
    tried = page_form(Q, Q.pages[page], language)(MultiDict(sent))
    taken = tried.accept(earlier, today=TODAY)
    starts = {"sq": ("Zgjidhni ", "Shkruani "), "en": ("Choose ", "Enter ")}[language]
    if taken is None:
        assert all(text.startswith(starts) for found in tried.errors.values() for text in found)
    else:
        again = page_form(Q, Q.pages[page], language)(MultiDict(form_data(Q, Q.pages[page], taken, language)))
        assert again.accept(earlier, today=TODAY) == taken
