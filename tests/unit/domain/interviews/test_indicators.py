"""The indicator profile against cases worked by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.interviews.indicators import (
    VULNERABILITY,
    Profile,
    Rule,
    is_possible_victim,
    outcome_sentence,
    profile,
    profile_of_answered,
    rule_for,
)
from nrm.domain.interviews.interviews import ALONE
from tests.unit.domain.interviews.small_questionnaire import returnee

Q = returnee()
# The post no longer asks about vulnerability; the arithmetic is the same for whoever does.
EVERYTHING = replace(Q, routes=(replace(Q.routes[-1], pages=(*Q.routes[-1].pages, "receiver")),))
QUIET = {name: ["none"] for name in ("promised", "start", "before", "conditions", "control", "depend", "noticed")}


def drawn(*, child: bool = False, **answers: Any) -> Profile:
    given_answers = {"urgent": "no", "age": "adult", **QUIET, **answers}
    return profile(EVERYTHING, given_answers, child=child)


@pytest.mark.parametrize(
    ("strong", "medium", "weak", "rule"),
    [
        (0, 0, 0, None), (1, 0, 0, None), (2, 0, 0, "2S"), (3, 5, 5, "2S"),
        (1, 1, 0, "1S+1"), (1, 0, 1, "1S+1"), (1, 4, 0, "1S+1"),
        (0, 1, 0, None), (0, 2, 0, None), (0, 3, 0, "3M"), (0, 4, 2, "3M"),
        (0, 2, 1, "2M+1W"), (0, 1, 1, None), (0, 1, 9, None), (0, 0, 1, None), (0, 0, 9, None), (0, 2, 5, "2M+1W"),
    ],
)  # fmt: skip
def test_a_dimension_is_positive_by_these_rules_only(strong: int, medium: int, weak: int, rule: Rule | None) -> None:
    assert rule_for(strong, medium, weak) == rule


@given(counts=st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), more=st.integers(0, 2))
def test_one_more_indicator_never_makes_a_dimension_negative(counts: tuple[int, int, int], more: int) -> None:
    raised = [count + (position == more) for position, count in enumerate(counts)]
    assert rule_for(*counts) is None or rule_for(*raised) is not None


@pytest.mark.parametrize(
    ("positive", "adult", "child"),
    [
        ({"D1", "D4", "D5"}, True, True), ({"D2", "D4", "D5"}, True, True), ({"D1", "D2", "D4", "D5"}, True, True),
        ({"D4", "D5"}, False, True), ({"D1", "D4"}, False, True), ({"D4"}, False, True),
        ({"D1", "D5"}, False, False), ({"D1", "D2", "D3", "D5", "D6"}, False, False),
        ({"D3", "D4", "D5", "D6"}, False, True),
        (set(), False, False),
    ],
)  # fmt: skip
def test_the_means_are_needed_for_an_adult_and_not_for_a_child(positive: set[str], adult: bool, child: bool) -> None:
    assert is_possible_victim(frozenset(positive), child=False) is adult
    assert is_possible_victim(frozenset(positive), child=True) is child


def rules(found: Profile) -> dict[str, str]:
    return {finding.dimension: finding.rule for finding in found.findings if finding.rule}


CASES: list[tuple[str, dict[str, Any], dict[str, str], str]] = [
    ("nothing named", {}, {}, "none"),
    ("deceived, overworked and locked in",
     {"promised": ["job", "pay"], "conditions": ["hours", "pay"], "control": ["papers", "locked"]},
     {"D1": "1S+1", "D4": "1S+1", "D5": "2S"}, "possible"),
    ("forced, then exploited",
     {"start": ["violence", "threats"], "conditions": ["pay", "living", "risky"],
      "control": ["threats", "lie", "shame"]},
     {"D2": "1S+1", "D4": "3M", "D5": "2M+1W"}, "possible"),
    ("bad conditions alone", {"conditions": ["hours", "pay", "living"]}, {"D4": "1S+1"}, "suspected"),
    ("deceived and exploited, but free", {"promised": ["job", "pay"], "conditions": ["hours", "pay"]},
     {"D1": "1S+1", "D4": "1S+1"}, "suspected"),
    ("vulnerability alone", {"before": ["poverty", "home", "school"], "depend": ["need", "poverty", "past"]},
     {"D3": "3M", "D6": "2M+1W"}, "none"),
    ("one strong indicator alone", {"conditions": ["hours"]}, {}, "suspected"),
    ("two medium alone", {"promised": ["pay", "housing"]}, {}, "suspected"),
    ("two answers for the same indicator count once", {"control": ["violence", "abuse"]}, {}, "suspected"),
    ("the same twice, and another", {"control": ["violence", "abuse", "lie"]}, {"D5": "1S+1"}, "suspected"),
    ("abduction and sale are one indicator", {"start": ["abducted", "sold", "debt"]}, {}, "suspected"),
    ("a weak sign at the border", {"noticed": ["fear"]}, {}, "none"),
    ("two weak signs", {"noticed": ["address", "fear"]}, {}, "suspected"),
    ("a sign that is not weak", {"noticed": ["taught"]}, {}, "suspected"),
    ("vulnerability and a weak sign", {"before": ["poverty"], "noticed": ["bags"]}, {}, "none"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "expected", "outcome"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_case_worked_by_hand_has_this_profile(
    answers: dict[str, Any], expected: dict[str, str], outcome: str
) -> None:
    found = drawn(**answers)
    assert rules(found) == expected
    assert found.outcome == outcome
    assert found.possible_victim is (outcome == "possible")


# The arithmetic in words; then the answers, and what is positive by which rule for an adult and for a child.
WORKED: list[tuple[str, dict[str, Any], tuple[dict[str, str], str], tuple[dict[str, str], str]]] = [
    ("lied to about the job, strong for both, and schooling, weak for an adult and strong for a child: "
     "one strong and one other; two strong",
     {"promised": ["job", "school"]}, ({"D1": "1S+1"}, "suspected"), ({"D1": "2S"}, "suspected")),
    ("about pay and housing, medium and medium, and schooling: two medium and one weak; one strong and two others",
     {"promised": ["pay", "housing", "school"]}, ({"D1": "2M+1W"}, "suspected"), ({"D1": "1S+1"}, "suspected")),
    ("made to leave by threats and debt: two medium, which is not enough; two strong",
     {"start": ["threats", "debt"]}, ({}, "suspected"), ({"D2": "2S"}, "suspected")),
    ("papers, confinement and money taken: three medium for both",
     {"start": ["papers", "locked", "money"]}, ({"D2": "3M"}, "suspected"), ({"D2": "3M"}, "suspected")),
    ("beliefs and context, weak and weak, and poverty, medium: one medium and two weak, not enough; three medium",
     {"before": ["belief", "context", "poverty"]}, ({}, "none"), ({"D3": "3M"}, "none")),
    ("lies about the law, medium and not counted for a child, home and family: three medium; two medium, not enough",
     {"before": ["law", "home", "kin"]}, ({"D3": "3M"}, "none"), ({}, "none")),
    ("no insurance, not counted for a child, little pay, and no school, weak and medium: "
     "two medium and one weak; two medium, not enough",
     {"conditions": ["cover", "pay", "school"]}, ({"D4": "2M+1W"}, "suspected"), ({}, "suspected")),
    ("too many hours, strong, and no insurance: one strong and one other; one strong alone",
     {"conditions": ["hours", "cover"]}, ({"D4": "1S+1"}, "suspected"), ({}, "suspected")),
    ("pay, living and hazard: three medium; exploited, so an adult without means is suspected, a child a victim",
     {"conditions": ["pay", "living", "risky"]}, ({"D4": "3M"}, "suspected"), ({"D4": "3M"}, "possible")),
    ("crime and clients by force: two medium, not enough; two strong, but no exploitation was named",
     {"control": ["crime", "clients"]}, ({}, "suspected"), ({"D5": "2S"}, "suspected")),
    ("threats, lying and shame: two medium and one weak; one strong and two others",
     {"control": ["threats", "lie", "shame"]}, ({"D5": "2M+1W"}, "suspected"), ({"D5": "1S+1"}, "suspected")),
    ("held by the past, by what one is, and by need: one medium and two weak, not enough; three medium",
     {"depend": ["past", "self", "need"]}, ({}, "none"), ({"D6": "3M"}, "none")),
    ("forced with violence, a strong, and shame, a medium: one strong and one other; hours and pay: the same; "
     "papers kept, a strong, and lying, a medium: the same; coerced, exploited and held: a possible victim",
     {"start": ["violence", "shame"], "conditions": ["hours", "pay"], "control": ["papers", "lie"]},
     ({"D2": "1S+1", "D4": "1S+1", "D5": "1S+1"}, "possible"),
     ({"D2": "1S+1", "D4": "1S+1", "D5": "1S+1"}, "possible")),
    ("the same without what held them: recruited by force and exploited, an adult is suspected; a child a victim",
     {"start": ["violence", "shame"], "conditions": ["hours", "pay"]},
     ({"D2": "1S+1", "D4": "1S+1"}, "suspected"), ({"D2": "1S+1", "D4": "1S+1"}, "possible")),
    ("vulnerable before and there, exploited and held, but neither deceived nor forced: an adult is suspected",
     {"before": ["home", "poverty", "kin"], "depend": ["need", "unknown", "poverty"], "conditions": ["hours", "pay"],
      "control": ["papers", "debt"]},
     ({"D3": "3M", "D4": "1S+1", "D5": "2S", "D6": "3M"}, "suspected"),
     ({"D3": "3M", "D4": "1S+1", "D5": "2S", "D6": "3M"}, "possible")),
]  # fmt: skip


@pytest.mark.parametrize(("words", "answers", "adult", "child"), WORKED, ids=range(1, len(WORKED) + 1))
def test_adults_and_children_are_worked_out_by_hand(
    words: str, answers: dict[str, Any], adult: tuple[dict[str, str], str], child: tuple[dict[str, str], str]
) -> None:
    for expected, is_child in ((adult, False), (child, True)):
        found = drawn(child=is_child, **answers)
        assert (rules(found), found.outcome) == expected, words


def test_a_child_is_measured_with_the_strengths_for_children() -> None:
    answers: dict[str, Any] = {
        "start": ["threats", "debt"],
        "conditions": ["school", "risky", "bad"],
        "promised": ["school"],
    }
    assert rules(drawn(**answers)) == {"D4": "2M+1W"}
    assert rules(drawn(child=True, **answers)) == {"D2": "2S", "D4": "3M"}
    assert drawn(child=True, **answers).possible_victim
    assert not drawn(**answers).possible_victim


def test_what_does_not_count_for_a_child_is_not_named() -> None:
    found = drawn(child=True, conditions=["cover"])
    assert not any(finding.named for finding in found.findings)


def test_border_signs_count_in_no_dimension() -> None:
    found = drawn(noticed=["fear", "injury", "address", "speaks"])
    assert rules(found) == {}
    assert [each.option for each in found.border] == ["address", "speaks", "fear", "injury"]


def test_silence_is_suspected_and_never_no_indicator() -> None:
    silent = profile(Q, {"urgent": "no", "age": "adult"}, child=False)
    refusing = drawn(promised=["no_answer"], start=["no_answer"], conditions=["dont_know"])
    assert (silent.outcome, refusing.outcome, drawn().outcome) == ("suspected", "suspected", "none")
    assert silent.sentences["en"][1] == "The person said little. That means “suspected”, not “no indicator”."


def test_answers_of_a_branch_that_was_left_do_not_count() -> None:
    answers = {"urgent": "no", "age": "child", "conditions": ["hours", "pay"], "noticed": ["none"]}
    assert rules(profile(Q, answers, child=True)) == {}


def test_the_explanation_names_the_rule_s_ground_in_both_languages() -> None:
    found = drawn(promised=["job", "pay"], conditions=["hours", "pay"], control=["papers", "locked"])
    assert found.sentences["en"][1] == (
        "Deceptive recruitment: positive, on 1 strong and 1 medium (the rule: one strong and one other): "
        "the job, the place or the employer; the pay."
    )
    assert found.sentences["sq"][1].startswith("Rekrutim me mashtrim: pozitiv, me 1 i fortë dhe 1 mesatar (rregulli: ")
    three = drawn(promised=["job", "pay", "housing", "school"])
    assert ": positive, on 1 strong, 2 medium and 1 weak (" in three.sentences["en"][1]
    assert ": pozitiv, me 1 i fortë, 2 mesatarë dhe 1 i dobët (" in three.sentences["sq"][1]
    assert found.sentences["en"][2] == "Coercive recruitment: asked and not named."
    assert found.sentences["en"][0].endswith("a possible victim.")
    assert found.sentences["en"][-1] == "The profile does not decide. You decide and say why."
    assert len(found.sentences["sq"]) == len(found.sentences["en"])


SIZES = {"D1": 10, "D2": 10, "D3": 16, "D4": 9, "D5": 15, "D6": 7}


def test_every_indicator_of_the_six_dimensions_is_asked_for() -> None:
    linked = {i.id: i for q in Q.questions.values() for option in q.options for i in option.indicators}
    assert len(linked) == 67
    assert {name: sum(i.dimension == name for i in linked.values()) for name in Q.dimensions} == SIZES
    assert {i.source for i in linked.values()} == {"ILO/EC 2009"}
    assert {i.weight_source for i in linked.values()} == {"to be checked"}


def test_an_indicator_has_the_same_strength_wherever_it_is_linked() -> None:
    found: dict[str, set[tuple[str, str]]] = {}
    for question in Q.questions.values():
        for option in question.options:
            for indicator in option.indicators:
                found.setdefault(indicator.id, set()).add((indicator.adult, indicator.child))
    assert {name for name, strengths in found.items() if len(strengths) > 1} == set()


SAID = {
    "forms": "What were you made to do?",
    "control": "How did they control you?",
    "paid_by": "Who paid for the journey?",
    "still": "Does someone still control you?",
    "documents_held": "Who held the documents on the way?",
}
# Every single answer by which a person says that something was done to them.
SINGLE = [
    *(("forms", option.code) for option in Q.questions["forms"].options if option.code not in ALONE),
    *(("control", option.code) for option in Q.questions["control"].options if option.code not in ALONE),
    *(("promised", option.code) for option in Q.questions["promised"].options if option.code not in ALONE),
    *(("start", option.code) for option in Q.questions["start"].options if option.code not in ALONE),
    ("paid_by", "loan"), ("still", "yes"), ("official", "yes"), ("danger", "yes"),
    ("documents_held", "other"), ("documents_held", "employer"), ("documents_held", "arranger"),
    ("companions", "arranger"),
]  # fmt: skip


@pytest.mark.parametrize("child", [False, True], ids=["adult", "child"])
@pytest.mark.parametrize(("question", "option"), SINGLE)
def test_whatever_is_named_alone_is_suspected_and_stands_in_the_profile(
    question: str, option: str, child: bool
) -> None:
    asked = Q.questions[question]
    answer: Any = [option] if asked.kind == "some_of" else option
    found = drawn(child=child, alone="no", **{question: answer})
    chosen_option = asked.option(option)
    assert chosen_option is not None
    assert found.outcome in ("suspected", "possible")
    for language in ("sq", "en"):
        said = " ".join(found.sentences[language]).lower()
        assert chosen_option.text[language].lower() in said
        if question in SAID and not chosen_option.indicators:
            assert asked.text[language].lower() in found.sentences[language][0].lower()
        assert chosen_option.text[language] in outcome_sentence(EVERYTHING, found, {}, language)[0]
    assert "No indicator was named, and none was noticed." not in found.sentences["en"]
    assert "Nuk u përmend dhe nuk u vu re asnjë tregues." not in found.sentences["sq"]


NAMED = [
    (question.id, option.code, option.named)
    for question in Q.questions.values()
    for option in question.options
    if option.named
]


@pytest.mark.parametrize(("name", "code", "whose"), NAMED, ids=[f"{name}.{code}" for name, code, _ in NAMED])
def test_every_option_that_the_data_call_named_is_at_least_suspected_alone(name: str, code: str, whose: str) -> None:
    question = Q.questions[name]
    answer: Any = [code] if question.kind == "some_of" else code
    for child in (False, True):
        found = profile_of_answered(Q, {**QUIET, name: answer}, child=child)
        if child or whose == "everybody":
            assert found.outcome in ("suspected", "possible")
            assert f"{name}.{code}" in found.codes
        else:
            assert (found.outcome, found.codes) == ("none", ())


def test_each_alarm_of_the_six_is_among_what_is_named() -> None:
    alarms = {(each.id, code) for each in Q.questions.values() for code in each.alarm}
    assert len(alarms) == 6
    assert alarms <= {(name, code) for name, code, whose in NAMED if whose == "everybody"}


def test_two_years_of_forced_prostitution_are_not_called_nothing() -> None:
    found = drawn(
        forms=["sexual_exploitation"], still="yes", official="yes", paid_by="loan", documents_held="other",
        work=["sex"], began="2024-01", ended="2026-01",
    )  # fmt: skip
    first = found.sentences["en"][0]
    assert found.outcome == "suspected"
    for words in ("sexual services", "someone still control you? Yes", "a debt to be worked off", "Someone else"):
        assert words.lower() in first.lower()


@pytest.mark.parametrize(
    "answers",
    [
        {"forms": ["none"]}, {"forms": ["no_answer"]}, {"paid_by": "self"}, {"paid_by": "family"}, {"still": "no"},
        {"still": "dont_know"}, {"official": "no"}, {"documents_held": "self"}, {"documents_held": "family"},
        {"documents_held": "authority"}, {"documents_held": "escort"}, {"documents_held": "carrier"},
        {"companions": ["none"]}, {"companions": ["partner"]}, {"danger": "no"},
        {"work": ["farm"]}, {"work": ["sex"]}, {"paid_by": "other"},
    ],
)  # fmt: skip
def test_nobody_is_flagged_for_answering(answers: dict[str, Any]) -> None:
    found = drawn(**answers)
    assert (found.outcome, found.said) == ("none", ())


@pytest.mark.parametrize("work", ["sex", "film", "online", "private", "beg", "illicit", "mine"])
def test_of_a_child_these_kinds_of_work_are_named(work: str) -> None:
    assert drawn(child=True, work=[work]).outcome == "suspected"


def test_what_a_route_never_asks_is_said_to_be_not_asked_and_not_to_be_not_named() -> None:
    child = {"urgent": "no", "age": "child", "noticed": ["none"], "noticed_child": ["none"], "danger": "no"}
    found = profile(Q, child, child=True)
    assert [finding.state for finding in found.findings] == ["not_asked"] * 6
    said = " ".join(found.sentences["en"])
    assert "not named" not in said.lower()
    assert "Not asked: deceptive recruitment; coercive recruitment; " in said
    assert found.sentences["en"][0] == "Of what was asked, nothing was named. Not everything was asked."
    urgent = profile(Q, {"urgent": "yes", "age": "adult", "danger": "yes"}, child=False)
    assert (urgent.outcome, [each.state for each in urgent.findings]) == ("suspected", ["not_asked"] * 6)
    assert urgent.sentences["en"][0].startswith("It was named: Are you afraid that someone will harm you today? Yes")


def test_asked_and_not_named_is_a_state_of_its_own() -> None:
    found = drawn(start=None, promised=["pay"])
    assert [finding.state for finding in found.findings] == ["named", "not_asked", *["not_named"] * 4]
    assert "Abuse of vulnerability at destination: asked and not named." in found.sentences["en"]
    assert "Not asked: coercive recruitment." in found.sentences["en"]


@pytest.mark.parametrize("question", ["fears", "unasked"])
def test_what_a_child_says_in_own_words_is_never_nothing(question: str) -> None:
    child = {"urgent": "no", "age": "child", "noticed": ["none"], "noticed_child": ["none"], question: "xhaxhai"}
    found = profile(Q, child, child=True)
    assert found.outcome == "suspected"
    assert Q.questions[question].text["en"] in found.sentences["en"][0]
    assert "xhaxhai" not in " ".join(found.sentences["en"])


@pytest.mark.parametrize(
    "said",
    [
        {"hurt": "yes"},
        {"alone": "no"},
        {"alone": "no", "companions": ["friend"]},
        {"needs": ["medical", "security"]},
        {"danger": "yes"},
    ],
)
def test_nothing_is_not_said_of_who_is_hurt_not_alone_or_asks_for_protection(said: dict[str, Any]) -> None:
    quiet = {
        "alone": "yes",
        "hurt": "no",
        "danger": "no",
        "needs": ["medical"],
        "age": "adult",
    }
    first = profile(Q, {"urgent": "yes", **quiet}, child=False).sentences["en"]
    assert any("nothing was named" in each for each in first)
    for age in ("adult", "unsure"):
        found = profile(Q, {"urgent": "yes", **quiet, "age": age, **said}, child=age != "adult")
        words = " ".join(found.sentences["en"])
        assert "nothing was named" not in words
        assert "none was noticed" not in words
        option = list(said)[-1]
        assert Q.questions[option].text["en"].lower() in words.lower()


def test_a_partner_is_no_family_of_a_child() -> None:
    answers = {
        "urgent": "yes",
        "alone": "no",
        "companions": ["partner"],
        "hurt": "no",
        "danger": "no",
        "age": "unsure",
    }
    assert "Spouse or partner" in " ".join(profile(Q, answers, child=True).sentences["en"])
    assert "Spouse or partner" not in " ".join(profile(Q, answers, child=False).sentences["en"])


NAMED = [
    (question.id, option.code, option.named)
    for question in Q.questions.values()
    for option in question.options
    if option.named
]
VULNERABLE = [
    (question.id, option.code)
    for question in Q.questions.values()
    for option in question.options
    if any(each.dimension in VULNERABILITY for each in option.indicators)
]
WEAK = [option.code for option in Q.questions["noticed"].options if option.weak]


def naming_nothing() -> dict[str, Any]:
    """To every question whose answers mean something for the profile, the answer that means nothing."""
    quiet: dict[str, Any] = {"urgent": "no", "age": "adult", "alone": "no"}  # else nobody asks who is there
    for question in Q.questions.values():
        if question.border or any(option.declared for option in question.options):
            neutral = [option.code for option in question.options if option.neutral]
            quiet[question.id] = ["none"] if question.kind == "some_of" else neutral[0]
    return quiet


def test_one_of_six_signs_alone_is_weak() -> None:
    assert set(WEAK) == {"bags", "distrust", "fear", "address", "work", "changes"}
    assert not any(option.weak for option in Q.questions["noticed_child"].options)


@given(
    one=st.sampled_from(NAMED),
    child=st.booleans(),
    beside=st.dictionaries(st.sampled_from(["where", "returned_from", "gender", "relation"]), st.just("dont_know")),
    vulnerable=st.lists(st.sampled_from(VULNERABLE), max_size=4, unique=True),
)
def test_whatever_is_named_alone_makes_it_suspected_and_is_said_on_the_page(
    one: tuple[str, str, str], child: bool, beside: dict[str, Any], vulnerable: list[tuple[str, str]]
) -> None:
    name, code, whose = one
    asked = Q.questions[name]
    answers = {**naming_nothing(), **beside, name: [code] if asked.kind == "some_of" else code}
    for question, weak in vulnerable:
        answers[question] = [*(each for each in answers[question] if each != "none"), weak]
    for found in (profile(EVERYTHING, answers, child=child), profile_of_answered(Q, answers, child=child)):
        option = asked.option(code)
        assert option is not None
        if whose == "child" and not child:
            assert (found.outcome, found.codes) == ("none", ())
            continue
        assert found.outcome in ("suspected", "possible")
        assert found.codes == (f"{name}.{code}",)
        for language in ("sq", "en"):
            first = found.sentences[language][0]
            assert asked.text[language] in first
            assert option.text[language] in first


@given(
    vulnerable=st.sets(st.sampled_from(VULNERABLE)),
    sign=st.sampled_from(["none", *WEAK]),
    child=st.booleans(),
)
def test_vulnerability_alone_or_one_weak_sign_is_no_suspicion_and_is_said(
    vulnerable: set[tuple[str, str]], sign: str, child: bool
) -> None:
    answers: dict[str, Any] = {**naming_nothing(), "noticed": [sign]}
    for question in ("before", "depend"):
        answers[question] = [code for name, code in sorted(vulnerable) if name == question] or ["none"]
    found = profile(EVERYTHING, answers, child=child)
    counted = any(finding.named for finding in found.findings) or sign != "none"
    assert (found.outcome, found.codes, found.vulnerable) == ("none", (), counted)
    said = " ".join(found.sentences["en"])
    assert ("Vulnerable; no sign of exploitation was named." in said) == counted
    if vulnerable or counted:
        assert "No indicator was named" not in said


@given(signs=st.sets(st.sampled_from(WEAK), min_size=2))
def test_two_weak_signs_are_a_suspicion(signs: set[str]) -> None:
    assert profile(EVERYTHING, {**naming_nothing(), "noticed": sorted(signs)}, child=False).outcome == "suspected"


@pytest.mark.parametrize("sign", [each.code for each in Q.questions["noticed"].options if not each.weak][:-1])
def test_one_sign_that_is_not_weak_is_a_suspicion(sign: str) -> None:
    assert profile(EVERYTHING, {**naming_nothing(), "noticed": [sign]}, child=False).outcome == "suspected"


@pytest.mark.parametrize("question", ["promised", "start", "conditions", "control"])
def test_one_indicator_beyond_vulnerability_is_a_suspicion(question: str) -> None:
    for option in Q.questions[question].options:
        if option.indicators:
            found = profile(EVERYTHING, {**naming_nothing(), question: [option.code]}, child=False)
            assert found.outcome == "suspected"


ACTS = [
    ({"relation": "family"}, "possible"), ({"method": "online_social_network"}, "possible"),
    ({"promised": ["school"]}, "possible"), ({"start": ["sold"]}, "possible"), ({"travel_by": "stranger"}, "possible"),
    ({"documents_held": "employer"}, "possible"), ({"control": ["locked"]}, "possible"), ({"still": "yes"}, "possible"),
    ({"paid_by": "loan"}, "possible"), ({"companions": ["arranger"]}, "possible"),
    ({}, "suspected"), ({"travel_by": "self"}, "suspected"), ({"relation": "dont_know"}, "suspected"),
    ({"before": ["poverty"]}, "suspected"), ({"documents_held": "self"}, "suspected"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "outcome"), ACTS)
def test_a_form_named_by_a_child_with_any_act_is_possible_and_the_means_are_not_needed(
    act: dict[str, Any], outcome: str
) -> None:
    answers = {**naming_nothing(), "forms": ["forced_begging"], **act}
    found = profile(EVERYTHING, answers, child=True)
    assert (found.outcome, found.possible_victim) == (outcome, outcome == "possible")
    assert profile(EVERYTHING, answers, child=False).outcome == "suspected"
    if outcome == "possible":
        assert "for a child the means are not needed: a possible victim" in found.sentences["en"][1]


def test_work_of_a_child_without_a_named_form_is_not_yet_possible() -> None:
    answers = {**naming_nothing(), "work": ["sex"], "relation": "family"}
    assert profile(EVERYTHING, answers, child=True).outcome == "suspected"


@pytest.mark.parametrize("text", ["fears", "unasked", "official_what"])
def test_own_words_are_said_first_and_are_a_suspicion_for_a_child_alone(text: str) -> None:
    answers = {**naming_nothing(), text: "someone at the garage"}
    for child, outcome in ((True, "suspected"), (False, "none")):
        found = profile_of_answered(Q, answers, child=child)
        assert found.outcome == outcome
        assert (f"{text}.said" in found.codes) is child
        assert found.sentences["en"][0].startswith("It was named: ")
        assert Q.questions[text].text["en"] in found.sentences["en"][0]
        assert "No indicator was named" not in " ".join(found.sentences["en"])


def test_a_dimension_of_which_something_without_weight_was_named_is_not_called_not_named() -> None:
    found = profile(EVERYTHING, {**naming_nothing(), "control": ["doctor"]}, child=False)
    assert {each.dimension: each.state for each in found.findings}["D5"] == "named"
    assert "Coercion at destination: named, with no weight of its own: no doctor." in found.sentences["en"]


@pytest.mark.parametrize(("question", "option"), [("before", "law"), ("conditions", "cover")])
def test_what_has_no_weight_for_a_child_is_said_all_the_same(question: str, option: str) -> None:
    found = profile(EVERYTHING, {**naming_nothing(), question: [option]}, child=True)
    assert (found.outcome, found.codes) == ("none", ())
    text = Q.questions[question].option(option).text["en"]  # type: ignore[union-attr]
    assert text in found.sentences["en"][0]
    assert "asked and not named" not in next(each for each in found.sentences["en"] if text.lower() in each)


def test_nothing_asked_is_never_no() -> None:
    for answers in ({}, {"age": "adult"}, {"age": "child"}, {"relation": "friend", "where": "IT"}):
        assert profile_of_answered(Q, answers, child=False).outcome == "suspected"


def test_answers_on_no_journey_are_weighed_by_themselves() -> None:
    found = profile_of_answered(Q, {"before": ["poverty"]}, child=False)
    assert (found.outcome, [each.asked for each in found.findings]) == ("none", [False, False, True, *[False] * 3])
    refused = profile_of_answered(Q, {"promised": ["no_answer"], "before": ["none"]}, child=False)
    assert (refused.outcome, refused.little_said) == ("suspected", True)


@given(
    answers=st.fixed_dictionaries(
        {},
        optional={
            question.id: st.sampled_from([[option.code] if question.kind == "some_of" else option.code
                                          for option in question.options])
            for question in Q.questions.values()
            if question.kind in ("one_of", "some_of", "yes_no")
        },
    ),
    child=st.booleans(),
)  # fmt: skip
def test_the_page_never_says_that_nothing_was_named_when_something_was(answers: dict[str, Any], child: bool) -> None:
    for found in (profile(EVERYTHING, answers, child=child), profile_of_answered(Q, answers, child=child)):
        said = " ".join(found.sentences["en"])
        touched = found.codes or found.border or any(finding.named for finding in found.findings)
        assert bool(touched) <= ("othing was named" not in said and "No indicator was named" not in said)
        for finding in found.findings:
            never = f"{finding.text['en']}: asked and not named."
            assert (never in found.sentences["en"]) == (finding.state == "not_named")


def first_sentence(answers: dict[str, Any], language: str = "en", *, child: bool = False) -> tuple[str, bool]:
    asked = {"urgent": "no", "age": "child" if child else "adult", **QUIET, **answers}
    return outcome_sentence(EVERYTHING, profile(EVERYTHING, asked, child=child), asked, language)


def test_the_outcome_is_one_sentence_with_what_was_named_in_the_person_s_words() -> None:
    held = Q.questions["documents_held"]
    option = held.option("employer")
    assert option is not None
    sentence, whole = first_sentence({"documents_held": "employer"})
    assert sentence.startswith("Suspected, because this was said: ")
    assert f"{held.text['en']} {option.text['en']}" in sentence
    assert whole
    in_albanian, _ = first_sentence({"documents_held": "employer"}, "sq")
    assert in_albanian.startswith("Ka dyshim, sepse u tha: ")
    assert f"{held.text['sq']} {option.text['sq']}" in in_albanian


def test_a_text_is_quoted_as_it_was_said_and_no_longer_than_a_line() -> None:
    said = "xhaxhai më rreh " * 20
    child = {"urgent": "no", "age": "child", "noticed": ["none"], "noticed_child": ["none"], "fears": said}
    sentence, _ = outcome_sentence(Q, profile(Q, child, child=True), child, "en")
    assert "“xhaxhai më rreh xhaxhai" in sentence
    assert said.strip() not in sentence
    assert sentence.endswith("…”.")
    albanian, _ = outcome_sentence(Q, profile(Q, child, child=True), child, "sq")
    assert "“xhaxhai më rreh xhaxhai" in albanian
    assert albanian.endswith("…”.")


def test_of_much_that_was_named_the_sentence_says_how_much_more_there_is() -> None:
    many = {"promised": ["job"], "documents_held": "employer", "debt": "yes", "danger": "yes", "still": "yes"}
    known = {name: value for name, value in many.items() if name in Q.questions}
    sentence, whole = first_sentence({**known, "control": ["threats"], "conditions": ["law_wage"]})
    assert re.search(r"; and \d+ more\.$", sentence)
    assert not whole
    assert sentence.count("?") == 3


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"noticed": ["fear"]}, "Vulnerable; no sign of exploitation was named."),
        ({}, None),
    ],
)
def test_where_nothing_was_named_the_sentence_does_not_say_that_something_was(
    answers: dict[str, Any], sentence: str | None
) -> None:
    found, _ = first_sentence(answers)
    assert "because this was said" not in found
    if sentence is not None:
        assert found == sentence
