"""The way through the questionnaire: what is asked, what stays answered, what is dropped."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm.demo import made_up_interviews
from nrm.domain.interviews import example_interview, questionnaire_flow, wordings
from nrm.domain.interviews.interview_findings import whole_interview
from nrm.domain.interviews.interviews import Answers, Page
from tests.unit.domain.interviews.small_questionnaire import returnee

TODAY = date(2026, 3, 1)
STANDARD = ["screen", "six", "way", "happened", "signs", "consent", "identity", "check", "decision"]
Q = returnee()


def names(answers: Answers) -> list[str]:
    return [page.id for page in questionnaire_flow.pages(Q, answers)]


def asked(answers: Answers) -> set[str]:
    return {question.id for question in questionnaire_flow.reachable(Q, answers)}


def made_up(seed: int, **fixed: Any) -> dict[str, Any]:
    return made_up_interviews.random_answers(Q, random.Random(seed), today=TODAY, fixed=fixed)


def test_an_adult_takes_nine_pages_before_it_is_sent() -> None:
    assert names({"urgent": "no", "age": "adult"}) == STANDARD


@pytest.mark.parametrize("age", ["child", "unsure"])
def test_a_child_or_someone_not_sure_is_not_asked_what_happened_nor_for_consent(age: str) -> None:
    answers = {"urgent": "no", "age": age}
    assert names(answers) == ["screen", "signs_child", "people_child", "check_child"]
    never = {"story", "promised", "start", "conditions", "control", "cooperate", "consent_services", "parties"}
    assert not asked(answers) & never
    assert {"trusts", "fears", "child_with", "unasked", "returned_from"} <= asked(answers)


def test_the_urgent_way_has_three_pages_and_asks_no_name() -> None:
    answers = {"urgent": "yes", "age": "adult"}
    assert names(answers) == ["urgent_first", "urgent_consent", "urgent_send"]
    assert not any(question.compartment == "identity" for question in questionnaire_flow.reachable(Q, answers))


def test_an_urgent_child_is_not_asked_for_consent() -> None:
    assert names({"urgent": "yes", "age": "child"}) == ["urgent_first", "urgent_avoid", "urgent_send"]


@pytest.mark.parametrize("said", ["no", "dont_know", "no_answer"])
@pytest.mark.parametrize("consent", ["consent_services", "consent_sharing"])
def test_who_does_not_say_yes_is_not_asked_who_they_are(consent: str, said: str) -> None:
    answers = {"age": "adult", "consent_services": "yes", "consent_sharing": "yes", consent: said}
    assert names(answers) == [*STANDARD[:6], *(["refusal"] if said == "no" else ["check", "decision"])]
    assert not any(question.compartment == "identity" for question in questionnaire_flow.reachable(Q, answers))


def test_refusing_the_statistics_alone_refuses_nothing_else() -> None:
    answers = {"age": "adult", "consent_services": "yes", "consent_sharing": "yes", "consent_statistics": "no"}
    assert names(answers) == STANDARD


def test_stopping_for_a_shelter_keeps_what_both_ways_ask_and_drops_the_rest() -> None:
    before = made_up(
        3, urgent="no", age="adult", could_leave="no", consent_services="yes", consent_sharing="yes", hurt="yes"
    )
    after = questionnaire_flow.with_page(Q, before, Q.home, {"urgent": "yes"})
    assert after["language"] == before["language"]
    assert after["hurt"] == "yes"
    assert "given" not in after
    assert "control" not in after
    assert set(after) <= asked(after)


def test_changing_the_age_resets_what_depended_on_it() -> None:
    fixed = {"urgent": "no", "age": "adult", "consent_services": "yes", "consent_sharing": "yes", "given": "Arta"}
    before = made_up(5, alone="yes", could_leave="no", **fixed)
    page = Q.pages["screen"]
    own = {name: before[name] for name in page.questions if name in before}
    child = questionnaire_flow.with_page(Q, before, page, {**own, "age": "child"})
    assert not {"consent_services", "consent_sharing", "control", "given", "assessment"} & set(child)
    again = questionnaire_flow.with_page(Q, child, page, {**own, "age": "adult"})
    assert "consent_services" not in again
    assert again["needs"] == before["needs"]


def test_answering_a_page_again_with_the_same_changes_nothing() -> None:
    before = made_up(7)
    for page in questionnaire_flow.pages(Q, before):
        own = {name: before[name] for name in page.questions if name in before}
        assert questionnaire_flow.with_page(Q, before, page, own) == before


def test_an_answer_left_out_the_second_time_is_gone() -> None:
    before = made_up(8, urgent="no", age="adult", could_leave="no", apart="go_on", wish="near")
    page = Q.pages["signs"]
    own = {name: before[name] for name in page.questions if name in before and name != "wish"}
    assert "wish" not in questionnaire_flow.with_page(Q, before, page, own)


def test_a_page_cannot_answer_questions_of_another() -> None:
    after = questionnaire_flow.with_page(
        Q, {}, Q.pages["screen"], {"alone": "yes", "age": "adult", "given": "Arta", "colour": "red"}
    )
    assert after == {"alone": "yes", "age": "adult"}


def test_the_answer_under_an_option_goes_with_it() -> None:
    page = Q.pages["screen"]
    before = questionnaire_flow.with_page(Q, {}, page, {"hurt": "yes", "hurt_what": "krahu"})
    assert before == {"hurt": "yes", "hurt_what": "krahu"}
    assert questionnaire_flow.with_page(Q, before, page, {"hurt": "no", "hurt_what": "krahu"}) == {"hurt": "no"}


def _accepted(page: Page, made: Answers) -> dict[str, Any]:
    return {name: made[name] for name in page.questions if name in made}


@pytest.mark.slow
@settings(max_examples=60)
@given(seeds=st.lists(st.integers(0, 10_000), min_size=2, max_size=6), data=st.data())
def test_after_any_walk_the_answers_are_exactly_those_that_can_be_reached(
    seeds: list[int], data: st.DataObject
) -> None:
    """People go back and change their mind: pages are answered from different made-up interviews, in any order."""
    answers: dict[str, Any] = {}
    last: dict[str, Any] = {}
    for seed in seeds:
        made = made_up(seed)
        journey = [Q.home, *questionnaire_flow.pages(Q, answers)]
        chosen = data.draw(st.lists(st.sampled_from(range(len(journey))), min_size=1, max_size=8))
        for position in chosen:
            page = journey[position]
            given_now = _accepted(page, made)
            answers = questionnaire_flow.with_page(Q, answers, page, given_now)
            last.update(given_now)
    reached = asked(answers)
    assert set(answers) <= reached
    assert all(answers[name] == last[name] for name in answers)
    assert questionnaire_flow.prune(Q, answers) == answers
    answered, blank = questionnaire_flow.asked(Q, answers)
    assert (set(answered), set(answered) | set(blank)) == (set(answers), reached)


@settings(max_examples=60)
@given(first=st.integers(0, 10_000), second=st.integers(0, 10_000))
def test_stale_answers_of_a_branch_that_was_left_are_dropped(first: int, second: int) -> None:
    mixed = {**made_up(first), **made_up(second)}
    kept = questionnaire_flow.prune(Q, mixed)
    assert set(kept) == asked(kept) & set(mixed)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), severity=st.floats(0, 1), answered=st.floats(0, 1))
def test_a_made_up_interview_is_accepted_as_it_is(seed: int, severity: float, answered: float) -> None:
    made = made_up_interviews.random_answers(Q, random.Random(seed), today=TODAY, severity=severity, answered=answered)
    assert whole_interview(Q, made, today=TODAY) == (made, {})
    assert questionnaire_flow.first_incomplete(Q, made) is None


def test_the_same_seed_makes_up_the_same_interview() -> None:
    assert made_up(11) == made_up(11)
    assert made_up(11) != made_up(12)


def test_the_example_answers_every_question_of_its_journey() -> None:
    example = example_interview.example_answers(Q)
    assert set(example) == asked(example)
    assert whole_interview(Q, example, today=TODAY) == (example, {})


def test_a_page_is_complete_when_what_it_must_have_is_answered() -> None:
    page = Q.pages["screen"]
    whole = {"language": "sq", "alone": "yes", "hurt": "no", "age": "adult", "gender": "feminine"}
    whole |= {"citizenship_class": "albanian", "returned_from": "GR", "announced": "no"}
    assert [question.id for question in questionnaire_flow.missing(Q, page, whole)] == ["danger"]
    assert not questionnaire_flow.complete(Q, page, whole)
    assert questionnaire_flow.complete(Q, page, {**whole, "danger": "no_answer"})


def test_a_question_hidden_under_an_option_is_on_the_page_but_not_asked() -> None:
    page = Q.pages["screen"]
    assert "hurt_what" in [question.id for question in questionnaire_flow.page_questions(Q, page, {"hurt": "no"})]
    assert "hurt_what" not in asked({"hurt": "no"})


def test_the_wording_that_was_read_depends_on_the_age_and_is_hashed() -> None:
    adult = wordings.wording_read(Q, {"age": "adult"}, "en")
    child = wordings.wording_read(Q, {"age": "unsure"}, "en")
    assert adult is not None
    assert child is not None
    assert (adult.id, child.id, adult.version, adult.status) == ("purpose", "purpose_child", 1, "original")
    assert len(adult.sha256) == 64
    other = wordings.wording_read(Q, {"age": "adult"}, "sq")
    assert other is not None
    assert len({adult.sha256, child.sha256, other.sha256}) == 3
    assert wordings.wording_read(Q, {}, "en") is None
    assert wordings.wording_read(Q, {"age": "adult"}, "xx") is None
    consent = wordings.wording_read(Q, {"age": "adult"}, "en", among=Q.pages["consent"].wordings)
    assert consent is not None
    assert consent.id == "consent"


def test_a_language_without_a_wording_is_read_in_the_officers() -> None:
    assert wordings.reading_language(Q, "sw", staff="sq") == "sq"
    assert wordings.reading_language(Q, None, staff="en") == "en"
    assert wordings.reading_language(Q, "en", staff="sq") == "en"


def test_settled_answers_refuse_every_change() -> None:
    """They carry the way they lead: an answer put in afterwards would make it another one, unseen."""
    answers = questionnaire_flow.settled(Q, made_up(1))
    before = dict(answers)
    assert before
    name = next(iter(before))
    for change in (
        lambda: answers.__setitem__(name, "other"),
        lambda: answers.__delitem__(name),
        lambda: answers.__ior__({name: "other"}),
        lambda: answers.update({name: "other"}),
        lambda: answers.setdefault("new", "other"),
        lambda: answers.pop(name),
        answers.popitem,
        answers.clear,
    ):
        with pytest.raises(TypeError, match="cannot be changed"):
            change()
    assert answers == before
    assert {**answers, name: "other"} != before  # a copy can


@settings(max_examples=120)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.data())
def test_answers_that_lead_the_way_of_earlier_ones_settle_as_if_it_was_walked_again(
    seed: int, other: int, data: st.DataObject
) -> None:
    before, elsewhere = questionnaire_flow.settled(Q, made_up(seed)), made_up(other)
    taken = data.draw(st.sets(st.sampled_from(sorted(elsewhere)), max_size=6)) if elsewhere else set()
    dropped = data.draw(st.sets(st.sampled_from(sorted(before)), max_size=3)) if before else set()
    after = {name: value for name, value in before.items() if name not in dropped}
    after |= {name: elsewhere[name] for name in taken}
    fresh, reused = questionnaire_flow.settled(Q, after), questionnaire_flow.settled(Q, after, like=before)
    assert reused == fresh
    assert reused.way.steps == fresh.way.steps
    assert (reused.way.pages, reused.way.required) == (fresh.way.pages, fresh.way.required)


def test_the_way_is_not_walked_again_for_an_answer_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    before = questionnaire_flow.settled(Q, {"urgent": "no", "age": "adult"})
    walked: list[Answers] = []
    walk = questionnaire_flow._walk
    monkeypatch.setattr(questionnaire_flow, "_walk", lambda *asked: walked.append(asked[1]) or walk(*asked))
    questionnaire_flow.with_page(Q, before, Q.pages["happened"], {"story": "a long one"})
    assert not walked
    questionnaire_flow.with_page(Q, before, Q.home, {"urgent": "yes", "age": "adult"})
    assert walked
