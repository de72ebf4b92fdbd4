"""How many of 1,000 ordinary adult returnees the short screen lets go on, and how often the officer is asked once more.

A screen that flags everybody is worth as little as one that flags nobody: officers learn to click it away. The people
are invented from the rates in `questionnaire.toml`, each of which is assumed; the ways they take, the alarms and the
profile are those of the questionnaire itself.
"""

from __future__ import annotations

import random
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nrm import countries
from nrm.domain.interviews.answers import is_unknown
from nrm.domain.interviews.endings import HIGH, Against
from nrm.domain.interviews.facts import consent_of, routing_facts
from nrm.domain.interviews.indicators import profile
from nrm.domain.interviews.interviews import Question, Questionnaire, Route, chosen
from nrm.domain.interviews.questionnaire_flow import ended_as, journey, page_questions, settled, with_page
from nrm.domain.interviews.screenings import NONE, NOT_ASKED, REFUSED
from nrm.domain.interviews.short_screen import goes_on, questions_of
from nrm.domain.shelter.cases import UNKNOWN

RATES = Path(__file__).parent / "questionnaire.toml"
GO_ON, ASKED_AGAIN = 1 / 3, 1 / 20
CALLED = "returnee-1"
_OPTIONAL_STAYS_OPEN = object()


class UnusableRates(ValueError):
    """The rates do not fit the questionnaire; the message says where."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How one question is answered: `one` of several with probabilities, or `some` options each with its own."""

    question: str
    one: Mapping[str, float]
    some: Mapping[str, float]

    def draw(self, chance: random.Random) -> Any:
        """One person's answer."""
        if self.one:
            return chance.choices(list(self.one), list(self.one.values()))[0]
        picked = [code for code, probability in self.some.items() if chance.random() < probability]
        return picked or ["none"]


@dataclass(frozen=True, slots=True)
class Found:
    """What became of the people. `by_alarm`: of those asked again, who gave one of the alarm answers themselves;
    `because`: what made it an interview, and how often; `speaks`: what spoke against
    "no indicator" in those interviews."""

    people: int
    not_asked: int
    went_on: int
    refused: int
    asked_again: int
    by_alarm: int
    because: Counter[str]
    speaks: Counter[str]


def main() -> None:
    """Print the shares beside what is aimed at."""
    data = tomllib.loads(RATES.read_text("utf-8"))
    questionnaire = countries.load("albania").questionnaires[CALLED]
    try:
        rates = read_rates(data, questionnaire)
        found = measure(questionnaire, rates, people=int(data["people"]), seed=int(data["seed"]))
    except UnusableRates as error:
        sys.exit(f"bench: {RATES.name}: {error}")
    print(f"{found.people} ordinary adults, {len(rates)} rates, every one of them assumed")
    for called, number, aim in (
        ("become an interview", found.went_on, GO_ON),
        ("asked once more before “no indicator”", found.asked_again, ASKED_AGAIN),
    ):
        share = number / found.people
        verdict = "ok" if share <= aim else "above the aim"
        print(f"{called:40} {number:5}   1 in {1 / share if share else 0:5.1f}   aim 1 in {1 / aim:.0f}   {verdict}")
    print(f"{'could not be asked':40} {found.not_asked:5}")
    print(f"{'refused help in the interview':40} {found.refused:5}")
    print(f"{'asked once more after an alarm answer':40} {found.by_alarm:5}")
    print(why(found))
    for called, numbers in (("an interview because of", found.because), ("asked once more because of", found.speaks)):
        print(f"{called} (one person may have several):")
        for answer, number in numbers.most_common(12):
            print(f"    {answer:36} {number:5}")


def why(found: Found) -> str:
    """Why the second aim is not met with the first: it follows from two rules that protect people, not from a rate."""
    stay = found.went_on - found.refused
    return (
        "  An alarm answer is named, and what is named is at least suspected: who goes on by one and does not refuse\n"
        "  help is asked about once more.\n"
        f"  Here {stay} of {found.went_on} did not refuse, {found.by_alarm} of them with an alarm answer. Both aims\n"
        f"  together would mean to ask about {ASKED_AGAIN / GO_ON:.0%} at most of those who go on. No rate is changed\n"
        "  for that: the shares of a post, which the monitor sees, replace them."
    )


def read_rates(data: Mapping[str, Any], questionnaire: Questionnaire) -> dict[str, Rate]:
    """The rates by question; raises UnusableRates for what the questionnaire does not know, does not need, or lacks."""
    rates: dict[str, Rate] = {}
    for entry in data["rate"]:
        name = entry["question"]
        rate = Rate(name, entry.get("one", {}), entry.get("some", {}))
        question = questionnaire.questions.get(name)
        if question is None:
            raise UnusableRates(f"{name}: the questionnaire has no such question")
        if not str(entry.get("assumed", "")).strip():
            raise UnusableRates(f"{name}: does not say what is assumed")
        if bool(rate.one) == bool(rate.some) or bool(rate.some) != (question.kind == "some_of"):
            raise UnusableRates(f"{name}: `some` is for several answers, `one` for one")
        for code in (*rate.one, *rate.some):
            if question.option(code) is None:
                raise UnusableRates(f"{name}: the question has no answer `{code}`")
        if rate.one and abs(sum(rate.one.values()) - 1) > 1e-9:
            raise UnusableRates(f"{name}: the probabilities do not add up to 1")
        rates[name] = rate
    alarming = [question for question in questionnaire.questions.values() if question.alarm]
    if not alarming:
        raise UnusableRates("the questionnaire has no question with an alarm: there is no short screen to measure")
    for question in alarming:
        # What nobody is assumed to answer would be skipped in silence.
        if question.id not in rates:
            raise UnusableRates(f"{question.id}: has no rate for any answer")
        missing = {option.code for option in question.options} - rates[question.id].one.keys()
        if missing:
            raise UnusableRates(f"{question.id}: has no rate for {', '.join(sorted(missing))}")
    return rates


def measure(questionnaire: Questionnaire, rates: Mapping[str, Rate], *, people: int, seed: int) -> Found:
    """Let that many people go through the questionnaire, each ended by an officer who sees no indicator."""
    chance = random.Random(seed)
    not_asked = went_on = refused = asked_again = by_alarm = 0
    alarms = [question for question in questionnaire.questions.values() if question.alarm]
    because: Counter[str] = Counter()
    speaks: Counter[str] = Counter()
    for _ in range(people):
        answers = interview(questionnaire, rates, chance)
        ended = ended_as(questionnaire, answers)
        not_asked += ended == NOT_ASKED
        if ended:
            continue
        went_on += 1
        because.update(alarming(questionnaire, answers))
        if consent_of(questionnaire, answers) == REFUSED:
            refused += 1
            continue
        routed = routing_facts(questionnaire, answers, entry_point=UNKNOWN, region_of_entry=UNKNOWN)
        against = Against(profile(questionnaire, answers, child=False), routed["security_risk"] == HIGH)
        if against:
            asked_again += 1
            by_alarm += any(answers.get(each.id) in each.alarm for each in alarms)
            speaks.update(speaking(against))
    return Found(people, not_asked, went_on, refused, asked_again, by_alarm, because, speaks)


def interview(questionnaire: Questionnaire, rates: Mapping[str, Rate], chance: random.Random) -> Mapping[str, Any]:
    """One person's answers, page by page, to the end of the way that they lead."""
    answers = settled(questionnaire, {questionnaire.home.questions[0]: "no"})
    seen: set[str] = set()
    while True:
        page = next((each for each in journey(questionnaire, answers).pages if each.id not in seen), None)
        if page is None:
            return answers
        seen.add(page.id)
        asked = page_questions(questionnaire, page, answers)
        drawn = {question.id: _answer(question, rates, chance) for question in asked}
        given = {name: value for name, value in drawn.items() if value is not _OPTIONAL_STAYS_OPEN}
        answers = with_page(questionnaire, answers, page, given)


def _answer(question: Question, rates: Mapping[str, Rate], chance: random.Random) -> Any:
    if question.id in rates:
        return rates[question.id].draw(chance)
    codes = [option.code for option in question.options]
    if question.kind == "some_of" and "none" in codes:
        return ["none"]
    neutral = [option.code for option in question.options if option.neutral]
    if neutral:
        return neutral[0]
    if question.required and question.kind in ("short_text", "long_text"):
        return "..."  # what is written decides nothing here
    if question.required:
        raise UnusableRates(f"{question.id}: is required and has neither a rate nor an answer that names nothing")
    return _OPTIONAL_STAYS_OPEN


def alarming(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> Iterator[str]:
    """What on the short screen made it an interview: an alarm, an unsure answer, something named, a sign."""
    for question in questions_of(questionnaire, _screening(questionnaire)):
        value = answers.get(question.id)
        if question.alarm:
            if value in question.alarm or is_unknown(value):
                yield f"{question.id}: {value}"
            continue
        for option in question.options:
            if chosen(value, option.code) and goes_on(question, option):
                yield f"{question.id}: {option.code}"


def _screening(questionnaire: Questionnaire) -> Route:
    return next(route for route in questionnaire.routes if route.ends == NONE)


def speaking(against: Against) -> Iterator[str]:
    """What speaks against ending such an interview."""
    drawn = against.profile
    yield from (said.question for said in drawn.said)
    yield from (each.indicator for finding in drawn.findings for each in finding.named)
    yield from (f"noticed: {each.option}" for each in drawn.border)
    if drawn.little_said:
        yield "little was said"
    if against.high_risk:
        yield "high risk"
