"""Warnings as data: what the reader refuses, when they hold, and what counts as seen."""

from __future__ import annotations

from typing import Any

import pytest

from nrm.domain import conditions
from nrm.domain.interviews.answer_warnings import holding, seen_of, shown_at_once, still_seen, unseen
from nrm.domain.interviews.example_interview import example_answers
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.interviews.questionnaire_checks import MalformedQuestionnaire
from nrm.domain.interviews.questionnaire_differences import diff
from nrm.domain.interviews.questionnaires import parse_questionnaire
from tests.unit.domain.interviews.small_questionnaire import both, returnee, small

WARNING = {"id": "hours", "question": "signs", "when": {"has": ["signs", "hours"]}, "text": both("Ask again")}


def with_warning(**changes: Any) -> dict[str, Any]:
    return {**small(), "warning": [{**WARNING, **changes}]}


def read(data: dict[str, Any]) -> Questionnaire:
    return parse_questionnaire(data, file="q.toml")


def ids(warnings: Any) -> list[str]:
    return [each.id for each in warnings]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "Hours"}, "warning.Hours.id: must be small letters, digits and underscores"),
        ({"question": "colour"}, "warning.hours.question: names the question `colour`, which does not exist"),
        ({"when": {"has": ["signs", "colour"]}}, "warning.hours.when: `signs` has no option `colour`"),
        ({"when": {"said": "colour"}}, "warning.hours.when: names the question `colour`, which does not exist"),
        ({"when": {"said": ["signs"]}}, "warning.hours.when: `said` takes a name"),
        (
            {"when": {"and": [{"eq": ["age", "adult"]}, {"eq": ["age", "child"]}]}},
            "warning.hours.when: can never hold",
        ),
        ({"text": {"sq": "Pyetni"}}, "warning.hours.text: has no text in en"),
        ({"numbers": ["fire"]}, "warning.hours.numbers: `fire` is none of police, ambulance, helpline"),
        (
            {"at_once": True},
            "warning.hours.at_once: is for one answer of its own question, which lists its answers: "
            "`eq` and nothing else",
        ),
        ({"colour": "red"}, "warning.hours.colour: is no key that is known here"),
        ({"version": "one"}, "warning.hours.version: must be a whole number"),
    ],
)
def test_a_mistake_in_a_warning_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedQuestionnaire) as caught:
        read(with_warning(**changes))
    assert str(caught.value) == f"q.toml: {message}"


def test_a_warning_without_a_condition_or_of_the_same_id_twice_is_refused() -> None:
    data = with_warning()
    del data["warning"][0]["when"]
    with pytest.raises(MalformedQuestionnaire, match=r"warning\.hours\.when: is missing"):
        read(data)
    with pytest.raises(MalformedQuestionnaire, match=r"warning\.hours: is there twice"):
        read({**small(), "warning": [WARNING, WARNING]})


def test_anything_said_is_a_condition_of_warnings_alone() -> None:
    with pytest.raises(MalformedQuestionnaire, match="`said` is none of"):
        read({**small(), "check": [{"question": "years", "when": {"said": "years"}, "text": both("x")}]})
    when = conditions.parse({"said": "fears"}, said=True)
    assert [when.holds({"fears": value}) for value in ("dajën", 0, ["a"], "", [], None)] == [
        True, True, True, False, False, False,
    ]  # fmt: skip
    assert not when.holds({})


def test_a_new_version_is_seen_anew_and_only_what_still_holds_is_kept() -> None:
    first, second = read(with_warning()), read(with_warning(version=2))
    answers = {"urgent": "no", "age": "adult", "signs": ["hours"]}
    assert ids(unseen(first, answers, {})) == ["hours"]
    assert ids(unseen(first, answers, {"hours": 1})) == []
    assert ids(unseen(second, answers, {"hours": 1})) == ["hours"]
    assert still_seen(first, answers, {"hours": 1, "gone": 1}) == {"hours": 1}
    assert still_seen(first, {**answers, "signs": ["pay"]}, {"hours": 1}) == {}
    assert seen_of(first, ["hours-1", "hours-2", "other-1", ""]) == {"hours": 1}


def test_an_answer_that_the_way_does_not_ask_warns_of_nothing() -> None:
    assert holding(read(with_warning()), {"urgent": "no", "age": "child", "signs": ["hours"]}) == ()


def test_the_difference_of_two_versions_names_the_warnings() -> None:
    changes = diff(read(with_warning()), read(with_warning(version=2)))
    assert [(each.key, each.what) for each in changes if each.noun == "warning"] == [("hours", "changes")]


# -- the questionnaire of Albania


def test_the_made_up_example_disagrees_with_nothing() -> None:
    asked = returnee()
    at_once = {each.id for each in asked.warnings if each.at_once}
    assert set(ids(holding(asked, example_answers(asked)))) <= at_once


@pytest.mark.parametrize(
    ("own", "country", "warns"),
    [
        ("albanian", "AL", False),
        ("albanian", "UA", True),
        ("albanian", "dont_know", False),
        ("albanian", None, False),
        ("third_country", "UA", False),
        ("third_country", "AL", True),
        ("third_country", "no_answer", False),
        ("stateless", "UA", True),
        ("stateless", "AL", True),
        ("stateless", "dont_know", False),
        ("dont_know", "AL", False),
    ],
)
def test_class_and_country_of_citizenship(own: str, country: str | None, warns: bool) -> None:
    answers = {**example_answers(returnee()), "citizenship_class": own, "citizenship": country}
    assert ("class_citizenship" in ids(holding(returnee(), answers))) is warns


def test_what_a_page_shows_at_once_is_of_its_own_questions() -> None:
    asked = returnee()
    for page in asked.pages.values():
        expected = {f"{name}_now" for name in ("hurt", "danger") if name in page.questions}
        assert shown_at_once(asked, page).keys() == expected
