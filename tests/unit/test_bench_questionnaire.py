"""The ordinary returnees that `bench questionnaire` invents: assumed rates, and the questionnaire's own alarms."""

from __future__ import annotations

import copy
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from bench import questionnaire as bench
from nrm.domain.interviews.interviews import Questionnaire
from tests.unit.domain.interviews.small_questionnaire import returnee

PEOPLE = 60


def data() -> dict[str, Any]:
    return copy.deepcopy(tomllib.loads(bench.RATES.read_text("utf-8")))


def rate(read: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in read["rate"] if each["question"] == name)
    return found


def measured(read: dict[str, Any]) -> bench.Found:
    rates = bench.read_rates(read, returnee())
    return bench.measure(returnee(), rates, people=PEOPLE, seed=read["seed"])


def alarming() -> list[str]:
    return [question.id for question in returnee().questions.values() if question.alarm]


def certain(read: dict[str, Any], name: str, answer: str) -> None:
    """Let everybody give this answer."""
    one = rate(read, name)["one"]
    rate(read, name)["one"] = {**dict.fromkeys(one, 0.0), answer: 1.0}


def calm() -> dict[str, Any]:
    """Everybody gives the first answer that is no alarm, and nothing is noticed."""
    read = data()
    for name in alarming():
        question = returnee().questions[name]
        certain(read, name, next(o.code for o in question.options if o.code not in {*question.alarm, "dont_know"}))
    for name, answer in (("alone", "yes"), ("danger", "no"), ("language", "sq")):
        certain(read, name, answer)
    rate(read, "noticed")["some"] = {"fear": 0.0}
    return read


def test_the_same_rates_give_the_same_people_and_every_rate_says_what_is_assumed() -> None:
    assert measured(data()) == measured(data())
    assert all(each["assumed"].strip() for each in data()["rate"])
    assert {"papers_kept", "debt_work", "could_leave", "pay_taken", "hurt_for", "waited_for"} == set(alarming())


def test_who_alarms_nobody_ends_on_the_short_screen() -> None:
    found = measured(calm())
    assert (found.went_on, found.not_asked, found.asked_again) == (0, 0, 0)


@pytest.mark.parametrize("name", ["papers_kept", "debt_work", "could_leave", "pay_taken", "hurt_for", "waited_for"])
def test_an_answer_that_the_questionnaire_calls_an_alarm_makes_everybody_go_on(name: str) -> None:
    for answer in returnee().questions[name].alarm:
        read = calm()
        certain(read, name, answer)
        found = measured(read)
        assert found.went_on == PEOPLE
        assert found.because == {f"{name}: {answer}": PEOPLE}
        assert found.by_alarm == found.asked_again
        assert found.refused + found.asked_again == PEOPLE  # it is named, so nobody ends without being asked about it


def test_who_is_not_alone_can_be_left_unasked() -> None:
    read = calm()
    certain(read, "alone", "no")
    certain(read, "apart", "not_asked")
    assert measured(read).not_asked == PEOPLE


def without_alarm() -> Questionnaire:
    questions = {name: replace(each, alarm=frozenset()) for name, each in returnee().questions.items()}
    return replace(returnee(), questions=questions)


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("debt_work", {"question": "colour"}, "colour: the questionnaire has no such question"),
        ("debt_work", {"one": {"no": 0.9, "maybe": 0.1}}, "debt_work: the question has no answer `maybe`"),
        ("debt_work", {"one": {"no": 0.9, "yes": 0.2}}, "debt_work: the probabilities do not add up to 1"),
        ("debt_work", {"one": {"no": 0.9, "yes": 0.1}}, "debt_work: has no rate for dont_know, no_answer"),
        ("debt_work", {"one": {}, "some": {"yes": 0.1}}, "debt_work: `some` is for several answers"),
        ("debt_work", {"assumed": " "}, "debt_work: does not say what is assumed"),
    ],
)
def test_rates_that_do_not_fit_the_questionnaire_are_refused(name: str, change: dict[str, Any], why: str) -> None:
    read = data()
    rate(read, name).update(change)
    with pytest.raises(bench.UnusableRates, match=why):
        bench.read_rates(read, returnee())


def test_nothing_is_skipped_in_silence() -> None:
    read = data()
    read["rate"] = [each for each in read["rate"] if each["question"] != "debt_work"]
    with pytest.raises(bench.UnusableRates, match="debt_work: has no rate for any answer"):
        bench.read_rates(read, returnee())
    with pytest.raises(bench.UnusableRates, match="no question with an alarm"):
        bench.read_rates(data(), without_alarm())
    read = data()
    read["rate"] = [each for each in read["rate"] if each["question"] != "children"]
    with pytest.raises(bench.UnusableRates, match="children: is required"):
        measured(read)


def test_it_prints_both_shares_beside_their_aims(capsys: pytest.CaptureFixture[str]) -> None:
    bench.main()
    printed = capsys.readouterr().out
    assert "1000 ordinary adults" in printed
    assert "aim 1 in 3" in printed
    assert "aim 1 in 20" in printed
    assert "of them with an alarm answer" in printed
