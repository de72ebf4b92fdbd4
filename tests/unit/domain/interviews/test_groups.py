"""What people who come back together share: the data that say it, and how a group learns it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.interviews.groups import PAGE, learned
from nrm.domain.interviews.interviews import GroupFacts
from nrm.domain.interviews.questionnaire_checks import MalformedQuestionnaire
from nrm.domain.interviews.questionnaire_differences import diff
from nrm.domain.interviews.questionnaires import parse_questionnaire
from tests.unit.domain.interviews.small_questionnaire import option, question, returnee, small


def with_group(**group: Any) -> dict[str, Any]:
    """The small questionnaire with facts that a group can share, and these keys of `group`."""
    data = small(group=group)
    data["question"] += [
        question("tongue", "language", frequent=["sq"], by="officer", compartment="hand_over"),
        question("manner", "one_of", compartment="hand_over", options=[option("deported"), option("other")]),
        question("found", "one_of", under=None, options=[option("a"), option("b")]),
        question("note", "country", frequent=["GR"], under=["manner", "other"], compartment="hand_over"),
    ]
    for each in data["question"]:
        if each.get("under", "") is None:
            del each["under"]
    next(page for page in data["page"] if page["id"] == "first")["questions"] += ["tongue", "manner", "note", "found"]
    return data


SHARED = {"questions": ["tongue", "manner"], "title": ["manner"]}


def test_the_facts_of_a_group_are_read_and_a_questionnaire_may_have_none() -> None:
    assert parse_questionnaire(with_group(**SHARED), file="q.toml").group == GroupFacts(
        ("tongue", "manner"), ("manner",)
    )
    assert parse_questionnaire(small(), file="q.toml").group == GroupFacts()


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (
            {"questions": ["colour"], "title": ["colour"]},
            "group.questions: names the question `colour`, which does not",
        ),
        ({"questions": ["signs"], "title": ["signs"]}, "group.questions: `signs` is a some_of, and a group shares one"),
        ({"questions": ["birth"], "title": ["birth"]}, "group.questions: `birth` is a partial_date, and a group"),
        ({"questions": ["found"], "title": ["found"]}, "group.questions: `found` is kept in story, which is of one"),
        ({"questions": ["note"], "title": ["note"]}, "group.questions: `note` stands under an option, which is chosen"),
        ({"questions": ["manner"], "title": ["tongue"]}, "group.title: `tongue` is not among the questions of the"),
        ({"questions": ["manner"]}, "group.title: names no question"),
        ({**SHARED, "rows": ["manner"]}, "group.rows: is no key that is known here"),
        ({**SHARED, "questions": "manner"}, "group.questions: must be a list of codes"),
    ],
)
def test_a_mistake_in_it_is_named(group: dict[str, Any], expected: str) -> None:
    with pytest.raises(MalformedQuestionnaire) as caught:
        parse_questionnaire(with_group(**group), file="q.toml")
    assert any(finding.startswith(f"q.toml: {expected}") for finding in caught.value.findings), caught.value.findings


@pytest.mark.parametrize("name", ["age", "urgent"])
def test_what_is_asked_of_each_person_is_no_fact_of_a_group(name: str) -> None:
    data = with_group(questions=[name], title=[name])
    for each in data["question"]:
        if each["id"] == name:
            each["compartment"] = "hand_over"
    with pytest.raises(MalformedQuestionnaire, match=f"`{name}` is asked of each person"):
        parse_questionnaire(data, file="q.toml")


def test_another_choice_of_facts_is_a_change_of_the_questionnaire() -> None:
    old, new = (parse_questionnaire(with_group(**group), file="q.toml") for group in (SHARED, {}))
    assert [(each.noun, each.parts) for each in diff(old, new)] == [("questionnaire", ("group",))]


def test_no_page_of_the_questionnaire_has_the_name_of_the_page_of_a_group() -> None:
    assert PAGE not in returnee().pages


ANSWERS = st.dictionaries(
    st.sampled_from(["tongue", "manner", "age", "found"]), st.sampled_from(["sq", "deported", "dont_know", "no_answer"])
)


@given(known=ANSWERS, given_now=ANSWERS, begun=st.integers(1, 40))
def test_a_group_keeps_what_the_first_said_and_learns_only_what_nobody_knew(
    known: dict[str, str], given_now: dict[str, str], begun: int
) -> None:
    asked = parse_questionnaire(with_group(**SHARED), file="q.toml")
    known = {name: value for name, value in known.items() if name in asked.group.questions}
    before = copy.deepcopy(known)
    after = learned(asked, known, asked.pages["first"], given_now, begun=begun)
    assert known == before
    assert set(after) <= set(asked.group.questions)
    assert set(known) <= set(after)
    for name, value in after.items():
        if name in known and (begun > 1 or value == known[name]):
            assert value == known[name]
        else:
            assert value == given_now[name]
            assert value not in ("dont_know", "no_answer")
    differs = any(known.get(name, value) != value for name, value in given_now.items() if name in SHARED["questions"])
    if differs and begun > 1:
        assert after == known
    assert learned(asked, known, asked.pages["last"], given_now, begun=begun) == known
