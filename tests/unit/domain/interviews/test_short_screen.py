"""The short screen: what ends it, what makes it the whole interview, and what its data must say."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.interviews.interviews import ALONE, UNKNOWN
from nrm.domain.interviews.questionnaire_flow import ended_as, pages, route_of, settled
from nrm.domain.interviews.questionnaires import MalformedQuestionnaire, parse_questionnaire
from nrm.domain.interviews.short_screen import goes_on, screen_of
from tests.unit.domain.interviews.small_questionnaire import both, option, question, returnee, small

Q = returnee()
SIX = ["papers_kept", "debt_work", "could_leave", "pay_taken", "hurt_for", "waited_for"]
TOGETHER = [name for name in SIX if Q.questions[name].alarm_unsure == "together"]
CALM: dict[str, Any] = {
    "urgent": "no",
    "language": "sq",
    "alone": "yes",
    "hurt": "no",
    "danger": "no",
    "age": "adult",
    "gender": "masculine",
    "citizenship_class": "albanian",
    "returned_from": "GR",
    "announced": "no",
    **{name: next(code for code in ("no", "yes") if code not in Q.questions[name].alarm) for name in SIX},
}


def ends(**changed: Any) -> str:
    answers = {name: value for name, value in {**CALM, **changed}.items() if value is not None}
    return ended_as(Q, answers)


def way(**changed: Any) -> str:
    return route_of(Q, settled(Q, {**CALM, **changed})).id


def test_everything_asked_and_nothing_alarming_ends_with_no_indicator() -> None:
    assert [page.id for page in pages(Q, CALM)] == ["screen", "six"]
    assert ends() == "none"
    assert ends(could_leave="nobody", pay_taken="nobody") == "none"
    assert ends(hurt="yes", hurt_what="këmba") == "none"


def test_the_alarms_of_the_six_are_data_and_each_is_named() -> None:
    assert [name for name, asked in Q.questions.items() if asked.alarm] == SIX
    found = {name: (sorted(Q.questions[name].alarm), Q.questions[name].alarm_unsure) for name in SIX}
    assert found == {
        "papers_kept": (["yes"], "together"),
        "debt_work": (["yes"], "together"),
        "could_leave": (["no"], "alone"),
        "pay_taken": (["yes"], "together"),
        "hurt_for": (["yes"], "alone"),
        "waited_for": (["yes"], "alone"),
    }
    for name in SIX:
        for answer in Q.questions[name].options:
            assert (answer.named == "everybody") is (answer.code in Q.questions[name].alarm), (name, answer.code)


@pytest.mark.parametrize("name", SIX)
def test_each_alarm_alone_goes_on(name: str) -> None:
    for code in Q.questions[name].alarm:
        assert ends(**{name: code}) == ""
        assert way(**{name: code}) == "standard"


def test_locked_in_and_unpaid_goes_on_with_everything_else_clean() -> None:
    assert ends(could_leave="no", pay_taken="yes") == ""
    assert way(could_leave="no", pay_taken="yes") == "standard"


@pytest.mark.parametrize("unsure", UNKNOWN)
@pytest.mark.parametrize("name", SIX)
def test_who_does_not_know_or_will_not_say_goes_on_alone_in_c_e_f_only(name: str, unsure: str) -> None:
    assert (ends(**{name: unsure}) == "") is (name not in TOGETHER)


@pytest.mark.parametrize(("first", "second"), [(a, b) for a in TOGETHER for b in TOGETHER if a < b])
@pytest.mark.parametrize("unsure", UNKNOWN)
def test_two_unsure_answers_of_a_b_d_go_on_and_one_does_not(first: str, second: str, unsure: str) -> None:
    assert ends(**{first: unsure}) == "none"
    assert ends(**{first: unsure, second: "dont_know"}) == ""


@pytest.mark.parametrize("name", SIX)
def test_not_asked_is_never_no(name: str) -> None:
    assert ends(**{name: None}) == ""
    assert way(**{name: None}) == "standard"


SIGNS = [answer for answer in Q.questions["noticed"].options if answer.code not in ALONE]


@pytest.mark.parametrize("sign", SIGNS, ids=[answer.code for answer in SIGNS])
def test_a_strong_sign_goes_on_and_a_weak_one_does_not(sign: Any) -> None:
    weak = sign.code in ("bags", "distrust", "fear", "address", "work", "changes")
    assert sign.weak is weak
    assert ends(noticed=[sign.code]) == ("none" if weak else "")


def test_weak_signs_do_not_hide_a_strong_one() -> None:
    assert ends(noticed=["fear", "bags"]) == "none"
    assert ends(noticed=["fear", "injury"]) == ""
    assert ends(noticed=["none"]) == "none"


NAMED = [
    (asked.id, answer.code)
    for page in screen_of(Q)
    for asked in (Q.questions[name] for name in page.questions)
    for answer in asked.options
    if goes_on(asked, answer) and not asked.border
]


def test_what_is_named_on_the_screen_is_known() -> None:
    assert {("danger", "yes"), ("companions", "arranger"), ("could_leave", "no")} <= set(NAMED)


@pytest.mark.parametrize(("name", "code"), NAMED)
def test_whatever_is_named_on_the_screen_goes_on(name: str, code: str) -> None:
    apart = {"alone": "no", "companions": ["parent"], "apart": "go_on"}
    assert ends(**apart) == "none"
    assert ends(**{**apart, name: [code] if Q.questions[name].kind == "some_of" else code}) == ""


@pytest.mark.parametrize(
    "why",
    [{"alone": "no", "companions": ["partner"]}, {"language": "el", "interpreter": "not_found"}],
    ids=["not alone", "not understood"],
)
def test_who_cannot_be_asked_in_private_is_not_asked_and_that_is_no_no_indicator(why: dict[str, Any]) -> None:
    asked = {name: value for name, value in CALM.items() if name not in SIX}
    assert [page.id for page in pages(Q, {**asked, **why})][:3] == ["screen", "apart", "six"]
    assert ends(**why) == ""  # the page on it comes first
    for on in ("go_on", "telephone"):
        assert ends(**why, apart=on) == "none"
        assert ends(**why, apart=on, could_leave="no") == ""
    assert ended_as(Q, {**asked, **why, "apart": "not_asked"}) == "not_asked"
    assert ends(**why, apart="not_asked") == "not_asked"
    assert not set(SIX) & set(settled(Q, {**CALM, **why, "apart": "not_asked"}))


def test_who_is_alone_and_understood_cannot_be_not_asked() -> None:
    assert ends(apart="not_asked") == "none"


@given(
    said=st.fixed_dictionaries({name: st.sampled_from([o.code for o in Q.questions[name].options]) for name in SIX}),
    noticed=st.sets(st.sampled_from([answer.code for answer in SIGNS])),
)
def test_it_ends_exactly_when_no_rule_of_the_design_is_met(said: dict[str, str], noticed: set[str]) -> None:
    """The rules once more, by hand, over every combination of answers."""
    alarm = {"papers_kept": "yes", "debt_work": "yes", "could_leave": "no", "pay_taken": "yes", "hurt_for": "yes"}
    alarm |= {"waited_for": "yes"}
    goes = any(said[name] == code for name, code in alarm.items())
    goes |= any(said[name] in UNKNOWN for name in ("could_leave", "hurt_for", "waited_for"))
    goes |= sum(said[name] in UNKNOWN for name in ("papers_kept", "debt_work", "pay_taken")) >= 2
    goes |= bool(noticed - {"bags", "distrust", "fear", "address", "work", "changes"})
    answers = {**CALM, **said, **({"noticed": sorted(noticed)} if noticed else {})}
    assert ended_as(Q, answers) == ("" if goes else "none")


@pytest.mark.parametrize("age", ["child", "unsure"])
def test_a_child_never_sees_the_six(age: str) -> None:
    asked = {name: value for name, value in CALM.items() if name not in SIX}
    shown = {name for page in pages(Q, {**asked, "age": age}) for name in page.questions}
    assert not shown & set(SIX)
    assert ended_as(Q, {**CALM, "age": age}) == ""


# What the data must say

YES_NO = {"alarm": ["yes"], "named": ["yes"], "required": True}


def screening(**changed: Any) -> dict[str, Any]:
    """The small questionnaire with a short screen of one question."""
    data = copy.deepcopy(small())
    data["question"].append(question("kept", "yes_no", **{**YES_NO, **changed}))
    data["page"].append({"id": "quick", "title": both("Quick"), "questions": ["kept"]})
    data["route"] = [
        {"id": "quick", "when": {"eq": ["age", "adult"]}, "ends": "none", "pages": ["first", "quick"]},
        {"id": "standard", "pages": ["first", "quick", "second", "last"]},
    ]
    return data


def test_a_short_screen_is_read_and_its_condition_is_composed() -> None:
    read = parse_questionnaire(screening(), file="small.toml")
    assert ended_as(read, {"age": "adult", "kept": "no"}) == "none"
    assert ended_as(read, {"age": "adult", "kept": "dont_know"}) == "none"
    assert ended_as(read, {"age": "adult", "kept": "yes"}) == ""
    assert ended_as(read, {"age": "adult"}) == ""
    unsure = parse_questionnaire(screening(alarm_unsure="alone"), file="small.toml")
    assert ended_as(unsure, {"age": "adult", "kept": "dont_know"}) == ""


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"named": []}, "question.kept.alarm: `yes` must be named as well: it names something of everybody"),
        ({"alarm": ["maybe"]}, "question.kept.alarm: `kept` has no option `maybe`"),
        ({"required": False}, "question.kept.alarm: a question with an alarm is required: not asked is never no"),
        ({"alarm_unsure": "often"}, "question.kept.alarm_unsure: `often` is none of alone, together"),
        ({"alarm": [], "alarm_unsure": "alone"}, "question.kept.alarm_unsure: needs `alarm`: the answers that are an "),
        (
            {"alarm_unsure": "alone", "by": "officer"},
            "question.kept.alarm_unsure: the question cannot be answered with “does not know”",
        ),
        ({"alarm": []}, "route.quick.ends: asks no question that has an `alarm`"),
    ],
)
def test_a_mistake_in_the_alarms_is_named(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(MalformedQuestionnaire) as caught:
        parse_questionnaire(screening(**changed), file="small.toml")
    assert str(caught.value).startswith(f"small.toml: {reason}")


def test_every_alarm_is_asked_on_the_screen() -> None:
    data = screening()
    data["question"].append(question("more", "yes_no", **YES_NO))
    data["page"][2]["questions"].append("more")
    with pytest.raises(MalformedQuestionnaire, match="does not ask `more`, which has an alarm"):
        parse_questionnaire(data, file="small.toml")


def test_the_receivers_page_is_on_no_route_and_its_questions_keep_their_texts() -> None:
    receiver = [page for page in Q.pages.values() if page.asked_by == "receiver"]
    asked = {name for page in receiver for name in page.questions}
    assert {"before", "depend", "why_late", "method", "travel_by", "father", "wish_region"} <= asked
    assert not {name for route in Q.routes for name in route.pages} & {page.id for page in receiver}
    assert all(Q.questions[name].text["sq"] for name in asked)


def test_a_route_cannot_name_the_receivers_page() -> None:
    data = small()
    data["page"].append({"id": "later", "title": both("Later"), "questions": ["more"], "asked_by": "receiver"})
    data["question"].append(question("more", "one_of", options=[option("one"), option("two")]))
    assert parse_questionnaire(copy.deepcopy(data), file="small.toml").pages["later"].asked_by == "receiver"
    data["route"][-1]["pages"].append("later")
    with pytest.raises(MalformedQuestionnaire, match="names the page `later`, which is the receiver’s"):
        parse_questionnaire(data, file="small.toml")
    data["page"][-1]["asked_by"] = "robot"
    with pytest.raises(MalformedQuestionnaire, match="`robot` is none of post, receiver"):
        parse_questionnaire(data, file="small.toml")
