"""Consent as several answers: what holds, what runs out, and of whom what is asked."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm import countries
from nrm.domain.referrals.referrals import ReferralRefused
from nrm.domain.shelter.consents import (
    SAID_OF,
    Answer,
    ByName,
    ConsentRefused,
    Said,
    Topic,
    Validity,
    Weighed,
    asking,
    check_asked,
    check_weighed,
    consent_of_case,
    due_on,
    is_due,
    of_interview,
    of_own_case,
    towards,
)

DAY = date(2026, 3, 1)
VALIDITY = Validity(services_days=365, sharing_days=180, ask_again_days=30)
ANSWERS = [Answer(topic, said) for topic, every in SAID_OF.items() for said in every]


@pytest.mark.parametrize(
    ("answer", "days"),
    [
        (Answer(Topic.SERVICES, Said.GIVEN), 365),
        (Answer(Topic.SHARING, Said.GIVEN, "TRP_UNIT"), 180),
        (Answer(Topic.STATISTICS, Said.GIVEN), None),
        (Answer(Topic.SERVICES, Said.REFUSED), None),
        (Answer(Topic.SHARING, Said.REFUSED, "VATRA"), None),
        (Answer(Topic.WISH, Said.AGREES), None),
    ],
)
def test_only_a_yes_to_help_or_to_sharing_runs_out(answer: Answer, days: int | None) -> None:
    assert due_on(answer, DAY, VALIDITY) == (DAY + timedelta(days=days) if days else None)


def test_the_holder_is_told_before_the_end() -> None:
    last = DAY + timedelta(days=180)
    assert not is_due(last, last - timedelta(days=31), VALIDITY)
    assert is_due(last, last - timedelta(days=30), VALIDITY)


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_a_child_and_a_person_who_may_be_one_is_asked_for_a_wish_and_for_nothing_else(age_class: str) -> None:
    for answer in ANSWERS:
        if answer.topic is Topic.WISH:
            check_asked(age_class, [answer])
            with pytest.raises(ConsentRefused, match="adult"):
                check_asked("adult", [answer])
        else:
            check_asked("adult", [answer])
            with pytest.raises(ConsentRefused, match="child"):
                check_asked(age_class, [answer])


@given(st.sampled_from(list(Topic)), st.sampled_from(list(Said)), st.sampled_from(["", "VATRA"]))
@settings(max_examples=40)
def test_an_answer_that_does_not_belong_to_the_question_is_refused(topic: Topic, said: Said, party: str) -> None:
    fits = said in SAID_OF[topic] and (not party or topic is Topic.SHARING)
    age_class = "child" if topic is Topic.WISH else "adult"
    if fits:
        check_asked(age_class, [Answer(topic, said, party)])
    else:
        with pytest.raises(ConsentRefused):
            check_asked(age_class, [Answer(topic, said, party)])


@given(st.sampled_from(ANSWERS), st.sampled_from([None, *Weighed]))
@settings(max_examples=40)
def test_a_wish_that_was_said_is_weighed_and_nothing_else_is(answer: Answer, weighed: Weighed | None) -> None:
    if (answer.topic is Topic.WISH and answer.said is not Said.UNSAID) == (weighed is not None):
        check_weighed(answer, weighed)
    else:
        with pytest.raises(ConsentRefused, match="weighed"):
            check_weighed(answer, weighed)


@pytest.mark.parametrize(
    ("services", "sharing", "consent"),
    [("given", "given", "given"), ("given", "refused", "refused"), ("refused", "given", "refused")],
)
def test_help_and_sharing_together_are_the_consent_of_the_case(services: str, sharing: str, consent: str) -> None:
    said = [Answer(Topic.SERVICES, Said(services)), Answer(Topic.SHARING, Said(sharing))]
    assert consent_of_case(said) == consent


def test_who_takes_a_bed_accepts_help_whatever_may_be_kept() -> None:
    assert of_own_case("not_asked_child", "not_asked") == ()
    said = {each.topic: each.said for each in of_own_case("refused", "no")}
    assert said == {Topic.SERVICES: Said.GIVEN, Topic.SHARING: Said.REFUSED, Topic.STATISTICS: Said.REFUSED}


def test_the_wording_is_the_one_of_the_language_and_the_officers_where_there_is_none() -> None:
    questionnaire = countries.load("albania").questionnaires["returnee-1"]
    asked = {
        code: asking(questionnaire, {"age": "adult"}, language=code, interpreter="nobody")
        for code in ("sq", "en", "ro", "ar")
    }
    assert {each.wording for each in asked.values()} == {"consent_again"}
    hashes = {code: each.sha256 for code, each in asked.items()}
    assert len({hashes["sq"], hashes["en"], hashes["ro"]}) == 3
    assert hashes["ar"] == hashes["sq"]
    assert asked["ar"].language == "ar"
    child = asking(questionnaire, {"age": "child"}, language="sq", interpreter="nobody")
    assert (child.wording, child.version, child.sha256) == ("", 0, "")


def test_no_yes_holds_towards_who_was_not_named_or_was_struck_out() -> None:
    parties = ("IOM", "NRC", "VATRA")
    sets = [frozenset(each) for size in range(4) for each in itertools.combinations(parties, size)]
    consents = ("given", "refused", "not_asked_child", "not_asked_urgent")
    for said, named, struck, party, by_name in itertools.product(consents, sets, sets, parties, (None, *ByName)):
        refused = party in struck or by_name is ByName.NO
        if refused or (said == "given" and party not in named and by_name is None):
            with pytest.raises(ReferralRefused, match="struck_out" if refused else "by_name"):
                towards(said, party, named=named, struck_out=struck, by_name=by_name)
            continue
        consent = towards(said, party, named=named, struck_out=struck, by_name=by_name)
        assert party not in struck
        assert by_name is not ByName.NO
        if consent == "given":
            assert said == "given"
            assert party in named or by_name is ByName.YES
        elif said == "given":
            assert (consent, by_name) == ("not_asked_urgent", ByName.NOT_ASKED)
        else:
            assert consent == said


@pytest.mark.parametrize(
    ("answered", "kept"),
    [("yes", [Said.GIVEN]), ("no", [Said.REFUSED]), ("dont_know", []), ("no_answer", []), (None, [])],
)
def test_who_does_not_know_whether_to_be_counted_has_refused_nothing(answered: str | None, kept: list[Said]) -> None:
    asked = countries.load("albania").questionnaires["returnee-1"]
    answers = {"urgent": "no", "age": "adult", "consent_services": "yes", "consent_sharing": "dont_know"}
    if answered:
        answers["consent_statistics"] = answered
    said = of_interview(asked, answers, consent="not_asked_urgent", agreed=(), struck_out=())
    assert [each.said for each in said if each.topic is Topic.STATISTICS] == kept
