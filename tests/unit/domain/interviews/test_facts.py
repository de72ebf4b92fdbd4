"""What answers become: facts for routing, statistical codes, and what is sealed where."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nrm.countries
from nrm.demo import made_up_interviews
from nrm.domain.agreement.routing_facts import parse_facts
from nrm.domain.interviews import example_interview, facts
from nrm.domain.interviews.questionnaire_flow import prune
from nrm.domain.shelter.cases import CaseFacts, parse_case_facts
from tests.unit.domain.interviews.small_questionnaire import returnee

TODAY = date(2026, 3, 1)
Q = returnee()
ADULT = {"urgent": "no", "age": "adult"}
AGREED = {**ADULT, "consent_services": "yes", "consent_sharing": "yes"}
ALBANIA = nrm.countries.load("albania")


def routing(*, assume_consent: bool = False, **answers: Any) -> dict[str, Any]:
    return facts.routing_facts(Q, answers, entry_point="rinas", region_of_entry="tirane", assume_consent=assume_consent)


def coded(**answers: Any) -> dict[str, Any]:
    return facts.case_facts(Q, {**AGREED, **answers}, today=TODAY)


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), severity=st.floats(0, 1))
def test_every_interview_gives_facts_that_the_agreement_and_the_statistics_read(seed: int, severity: float) -> None:
    made = made_up_interviews.random_answers(Q, random.Random(seed), today=TODAY, severity=severity)
    parse_facts(routing(**made), ALBANIA.agreements[0])
    assert isinstance(parse_case_facts(facts.case_facts(Q, made, today=TODAY)), CaseFacts)
    assert set(facts.screening_facts(Q, made)) >= {"returned_from", "return_manner", "announced", "assessment"}


def test_routing_knows_nothing_of_an_interview_that_has_not_begun() -> None:
    assert routing() == {
        "age_class": "unsure", "gender": "unknown", "citizenship_class": "unknown", "entry_point": "rinas",
        "region_of_entry": "tirane", "exploited_in": "unknown", "needs": [], "security_risk": "unknown",
        "proceedings_in": "unknown", "wish_region": "unknown", "avoid_regions": [], "refused_parties": [],
        "accompanied": False, "announced": False, "urgent": False, "children_with": "unknown",
        "official_involved": "unknown", "consent": "refused",
    }  # fmt: skip


def test_routing_sees_what_was_answered() -> None:
    seen = routing(
        **AGREED, gender="feminine", citizenship_class="albanian", announced="yes", alone="no",
        companions=["partner"], apart="go_on",
        needs=["medical", "other"], risk="high", children="2+", proceedings="tirana",
        avoid=["fier", "vlore"], parties=["IOM"], official="yes", where="GR",
    )  # fmt: skip
    expected = {
        "age_class": "adult", "gender": "feminine", "citizenship_class": "home", "announced": True,
        "accompanied": True, "needs": ["medical", "other"], "security_risk": "high", "children_with": "2+",
        "proceedings_in": "capital", "wish_region": "unknown", "avoid_regions": ["fier", "vlore"],
        "refused_parties": ["IOM"], "official_involved": "yes", "exploited_in": "abroad", "consent": "given",
    }  # fmt: skip
    assert {name: seen[name] for name in expected} == expected


def test_what_the_person_does_not_know_or_say_is_unknown_to_routing() -> None:
    seen = routing(**ADULT, gender="no_answer", children="dont_know", needs=["dont_know"], companions=["none"],
                   official="no_answer", proceedings="dont_know", avoid=["none"])  # fmt: skip
    assert (seen["gender"], seen["children_with"], seen["official_involved"]) == ("unknown", "unknown", "unknown")
    assert (seen["needs"], seen["avoid_regions"], seen["accompanied"]) == ([], [], False)


@pytest.mark.parametrize(
    ("answers", "consent"),
    [
        (ADULT, "refused"),
        (AGREED, "given"),
        ({**AGREED, "consent_sharing": "no"}, "refused"),
        ({**AGREED, "consent_services": "no"}, "refused"),
        ({**AGREED, "consent_services": "no_answer"}, "not_asked_urgent"),
        ({**AGREED, "consent_sharing": "dont_know"}, "not_asked_urgent"),
        ({**AGREED, "consent_services": "dont_know", "consent_sharing": "no"}, "refused"),
        ({"urgent": "yes", "age": "adult", "consent_urgent": "undecided"}, "not_asked_urgent"),
        ({**ADULT, "consent_services": "yes"}, "refused"),
        ({**AGREED, "consent_statistics": "no"}, "given"),
        ({"urgent": "no", "age": "child"}, "not_asked_child"),
        ({"urgent": "no", "age": "unsure"}, "not_asked_child"),
        ({**AGREED, "age": "child"}, "not_asked_child"),
        ({"urgent": "yes", "age": "adult", "consent_urgent": "given"}, "given"),
        ({"urgent": "yes", "age": "adult", "consent_urgent": "refused"}, "refused"),
        ({"urgent": "yes", "age": "adult", "consent_urgent": "not_asked"}, "not_asked_urgent"),
        ({"urgent": "yes", "age": "child", "consent_urgent": "given"}, "not_asked_child"),
    ],
)
def test_only_a_clear_yes_is_consent(answers: dict[str, Any], consent: str) -> None:
    assert routing(**answers)["consent"] == consent


def test_a_route_may_be_proposed_before_the_question_but_not_after_a_no() -> None:
    assert routing(assume_consent=True, **ADULT)["consent"] == "given"
    assert routing(assume_consent=True, **{**AGREED, "consent_sharing": "no"})["consent"] == "refused"


@pytest.mark.parametrize(
    ("answers", "exploited_in", "countries", "country"),
    [
        ({}, "unknown", ["99"], "99"),
        ({"where": "dont_know"}, "unknown", ["8"], "8"),
        ({"where": "no_answer"}, "unknown", ["9"], "9"),
        ({"where": "AL"}, "home", ["AL"], "AL"),
        ({"where": "GR"}, "abroad", ["GR"], "GR"),
        ({"where": "GR", "where_more": "no"}, "abroad", ["GR"], "GR"),
        ({"where": "GR", "where_more": "albania"}, "both", ["AL", "GR"], "GR"),
        ({"where": "GR", "where_more": "country", "where_2": "IT"}, "abroad", ["GR", "IT"], "GR"),
        ({"where": "GR", "where_more": "country", "where_2": "AL"}, "both", ["AL", "GR"], "GR"),
        ({"where": "AL", "where_more": "country"}, "both", ["AL"], "AL"),
        ({"where": "AL", "where_more": "albania"}, "home", ["AL"], "AL"),
        ({"where": "dont_know", "where_more": "many"}, "unknown", ["8"], "several"),
        ({"where": "GR", "where_more": "no", "where_2": "IT"}, "abroad", ["GR"], "GR"),
    ],
)
def test_where_it_happened(answers: dict[str, Any], exploited_in: str, countries: list[str], country: str) -> None:
    answers = {**AGREED, **answers}
    assert routing(**answers)["exploited_in"] == exploited_in
    assert facts.case_facts(Q, answers, today=TODAY)["exploited_in"] == countries
    assert facts.screening_facts(Q, answers)["country_of_exploitation"] == country


def test_means_of_control_come_from_every_question_that_names_them() -> None:
    found = coded(promised=["job"], start=["abducted"], conditions=["hours"], control=["papers", "drugs", "kids"])
    assert found["means_of_control"] == [
        "excessive_working_hours", "false_promises", "other", "psychoactive_substances", "uses_children",
        "withholds_documents",
    ]  # fmt: skip
    assert found["abduction"] == "yes"


@pytest.mark.parametrize(
    ("answers", "means", "abduction"),
    [
        ({}, ["99"], "99"),
        ({"start": ["dont_know"]}, ["8"], "8"),
        ({"start": ["no_answer"]}, ["9"], "9"),
        ({"start": ["none"]}, [], "no"),
        ({"start": ["debt"]}, ["debt_bondage"], "no"),
    ],
)
def test_not_known_not_said_and_not_asked_are_three_things(
    answers: dict[str, Any], means: list[str], abduction: str
) -> None:
    found = coded(**answers)
    assert (found["means_of_control"], found["abduction"]) == (means, abduction)


def test_work_and_sexual_exploitation_are_told_apart() -> None:
    found = coded(work=["farm", "sex", "private"], forms=["forced_labour", "sexual_exploitation"])
    assert found["labour"] == ["agriculture"]
    assert found["sexual"] == ["private_sexual_services", "prostitution"]
    assert found["exploitation"] == ["forced_labour", "sexual_exploitation"]


def test_every_means_of_control_can_be_said() -> None:
    given_codes = {code for q in Q.questions.values() for o in q.options for name, code in o.gives}
    for name in ("means_of_control", "exploitation", "labour", "sexual"):
        assert Q.facts[name].codes <= given_codes, name


@pytest.mark.parametrize(
    ("answers", "band"),
    [
        ({}, "99"),
        ({"birth": "2008-03-01"}, "18-20"),
        ({"birth": "2005-03-02"}, "18-20"),
        ({"birth": "2005-03-01"}, "21-23"),
        ({"birth": "1978"}, "39-47"),
        ({"birth": "1977-12"}, "48+"),
        ({"birth": "2017", "age": "child"}, "0-8"),
        ({"age_stated": 40}, "39-47"),
        ({"age_stated": 40, "birth": "2000"}, "24-26"),
    ],
)
def test_the_age_band_is_of_the_day_and_a_birth_goes_before_an_age_said(answers: dict[str, Any], band: str) -> None:
    assert coded(**answers)["age_band"] == band


@pytest.mark.parametrize(
    ("answers", "then"),
    [
        ({"birth": "2000-06-15"}, "99"),
        ({"began": "2018"}, "unsure"),
        ({"birth": "2000-06-15", "began": "2018-06-15"}, "adult"),
        ({"birth": "2000-06-15", "began": "2018-06-14"}, "child"),
        ({"birth": "2000-06-15", "began": "2018-06"}, "unsure"),
        ({"birth": "2000", "began": "2017"}, "child"),
        ({"birth": "2000", "began": "2019"}, "adult"),
        ({"age_stated": 30, "began": "2025"}, "adult"),
    ],
)
def test_child_or_adult_when_it_began(answers: dict[str, Any], then: str) -> None:
    assert coded(**answers)["majority_at_exploitation"] == then


def test_a_child_is_not_asked_when_it_left() -> None:
    found = facts.case_facts(Q, {"urgent": "no", "age": "child"}, today=TODAY)
    assert (found["majority_now"], found["majority_at_entry"], found["majority_at_exploitation"]) == (
        "child", "99", "99",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "months"),
    [
        ({}, None),
        ({"began": "2024-01"}, None),
        ({"began": "2024-01", "still": "no"}, None),
        ({"began": "2024-01", "ended": "2024-12"}, 11),
        ({"began": "2024", "ended": "2024"}, 0),
        ({"began": "2024-12", "ended": "2024"}, 0),
        ({"began": "2025-03", "still": "yes"}, 12),
    ],
)
def test_how_long_it_lasted_in_months(answers: dict[str, Any], months: int | None) -> None:
    assert coded(**answers)["duration_months"] == months


def test_a_stateless_person_has_no_country_of_citizenship() -> None:
    assert coded(citizenship_class="stateless")["citizenship"] == "stateless"
    assert coded(citizenship_class="albanian", citizenship="AL")["citizenship"] == "AL"
    assert coded(citizenship="no_answer")["citizenship"] == "9"


def test_an_official_who_took_part_is_never_among_the_codes_in_clear() -> None:
    answers = {**AGREED, "official": "yes", "official_what": "mori para"}
    clear = [facts.case_facts(Q, answers, today=TODAY), facts.screening_facts(Q, answers)]
    assert not any("official" in name for each in clear for name in each)
    assert facts.compartments(Q, answers)["story"]["official"] == "yes"


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_every_answer_is_sealed_in_one_compartment_or_kept_as_a_code(seed: int) -> None:
    made = made_up_interviews.random_answers(Q, random.Random(seed), today=TODAY)
    sealed = facts.compartments(Q, made)
    assert set(sealed) == {"hand_over", "identity", "story"}
    names = [name for part in sealed.values() for name in part]
    assert len(names) == len(set(names))
    left = set(prune(Q, made)) - set(names)
    assert all(Q.questions[name].compartment == "fact" and Q.questions[name].fact for name in left)


def test_what_a_shelter_reads_before_it_says_yes_has_no_name() -> None:
    sealed = facts.compartments(Q, example_interview.example_answers(Q))
    who = {"given", "family", "known_as", "birth", "origin", "document", "contact", "citizenship_2"}
    assert who <= set(sealed["identity"])
    assert not who & (set(sealed["hand_over"]) | set(sealed["story"]))
    assert {"needs", "risk", "avoid", "language", "proceedings"} <= set(sealed["hand_over"])
    people = {"companions_who", "trusts", "fears", "child_with"}
    assert all(Q.questions[name].compartment == "story" for name in people)


def test_only_four_things_stay_of_someone_who_refused() -> None:
    answers = {**ADULT, "gender": "feminine", "citizenship_class": "albanian", "consent_services": "no",
               "refusal_reason": "fear", "control": ["papers"], "needs": ["medical"]}  # fmt: skip
    assert facts.refused_facts(Q, answers, today=TODAY) == {
        "gender": "feminine", "citizenship_class": "home", "refusal_reason": "fear", "month": "2026-03",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({**AGREED, "consent_statistics": "yes"}, "yes"),
        ({**AGREED, "consent_statistics": "no"}, "no"),
        ({**AGREED, "consent_statistics": "dont_know"}, "no"),
        (AGREED, "not_asked"),
        ({"urgent": "no", "age": "child", "consent_statistics": "yes"}, "not_asked"),
    ],
)
def test_being_counted_is_asked_for_by_itself(answers: dict[str, Any], said: str) -> None:
    assert facts.statistics_consent(Q, answers) == said
