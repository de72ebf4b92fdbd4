"""Whole interviews made up: one that answers everything, and random plausible ones.

Deterministic for a given `random.Random`. Every interview made here is accepted as it is: `whole_interview` finds
nothing in it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from nrm.domain.interviews import example_interview
from nrm.domain.interviews.answers import earliest
from nrm.domain.interviews.example_interview import SAMPLE, TEXTS, Life
from nrm.domain.interviews.interviews import ALONE, Answers, Question, Questionnaire
from nrm.domain.shelter import first_talks

LONGEST_AWAY = timedelta(days=5 * 365)


def random_answers(
    questionnaire: Questionnaire,
    rng: random.Random,
    *,
    today: date,
    fixed: Answers | None = None,
    severity: float = 0.3,
    answered: float = 0.9,
    texts: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """A plausible interview.

    `fixed` answers win wherever their question is reached (`{"age": "adult", "consent_services": "yes"}`). `severity`
    is the chance of each option that stands for an indicator or is an alarm, `answered` of a question that may stay
    open; 0 and 1 are allowed. `texts` are the choices for a text question by its id, beside the ones built in.
    """
    wanted = dict(fixed or {})
    choices = {**TEXTS, **(texts or {})}
    derived = {asked: part for part, asked in questionnaire.derive.items()}
    life: list[Life] = []

    def dates(so_far: Answers) -> Life:
        if not life:
            life.append(_life(rng, so_far.get(questionnaire.derive["age"]), wanted, questionnaire, today))
        return life[0]

    def answer(question: Question, so_far: Answers) -> Any:
        if question.id in wanted:
            return wanted[question.id]
        chosen_before = question.id in questionnaire.home.questions
        if not question.required and not chosen_before and rng.random() >= answered:
            return None
        part = derived.get(question.id, "")
        if question.kind == "partial_date":
            day = getattr(dates(so_far), {"birth": "born"}.get(part, part), None) or dates(so_far).left
            return day.isoformat()[: rng.choice((4, 7, 10))]
        if question.kind == "number":
            born = dates(so_far).born
            return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        if question.kind in ("place", "short_text", "long_text"):
            return rng.choice(choices.get(question.id, SAMPLE))[: question.longest]
        if question.kind == "parties":
            return []
        return _closed(question, part, rng, severity)

    return example_interview.answered_through(questionnaire, answer)


def first_talk(
    questionnaire: Questionnaire, rng: random.Random, *, today: date, answered: float = 0.9
) -> dict[str, Any]:
    """Plausible answers to what whoever takes a person in asks: one episode, and nobody who came along."""
    asked = [page for page in first_talks.pages(questionnaire) if first_talks.CODE not in page.questions]
    lasted = _life(rng, "adult", {}, questionnaire, today)
    days = {"episode_from": lasted.began, "episode_until": lasted.ended}
    given: dict[str, Any] = {}
    for page in asked:
        for question in (questionnaire.questions[name] for name in page.questions):
            if rng.random() >= answered or not question.when.holds(given):
                continue
            name = first_talks.in_row(question.id, 0) if page.repeat else question.id
            if question.kind == "partial_date":
                given[name] = days.get(question.id, lasted.ended).isoformat()[:7]
            elif question.closed:
                given[name] = _closed(question, "", rng, 0.3)
            else:
                given[name] = rng.choice(TEXTS.get(question.id, SAMPLE))[: question.longest]
    return given


def _closed(question: Question, part: str, rng: random.Random, severity: float) -> Any:
    codes = [option.code for option in question.options]
    plain = [code for code in codes if code not in ALONE] or codes
    if question.alarm:
        alarm = rng.random() < severity
        return rng.choice([code for code in plain if (code in question.alarm) is alarm])
    if question.id == "apart":
        return plain[0] if rng.random() < 0.95 else rng.choice(plain)
    if question.kind == "some_of":
        ticked = []
        for option in question.options:
            serious = bool(option.indicators) or question.border
            if option.code not in ALONE and rng.random() < (severity if serious else 0.2):
                ticked.append(option.code)
        rest = [code for code in codes if code in ALONE] or plain[:1]
        return ticked or [rest[0] if rng.random() < 0.8 else rng.choice(rest)]
    if part == "age":
        return rng.choices(("adult", "child", "unsure"), (80, 16, 4))[0]
    if question.routing == "urgent":
        return "yes" if rng.random() < 0.05 else "no"
    if question.kind == "yes_no" and question.id.startswith("consent"):
        return "yes" if rng.random() < 0.9 else "no"
    return rng.choice(plain) if rng.random() < 0.95 else rng.choice(codes)


def _life(rng: random.Random, age: str | None, wanted: Answers, questionnaire: Questionnaire, today: date) -> Life:
    known = wanted.get(questionnaire.derive["birth"])
    if known:
        born = earliest(known)
    elif age == "child" or (age == "unsure" and rng.random() < 0.5):
        born = _within(rng, _years_earlier(today, 18) + timedelta(days=2), _years_earlier(today, 9))
    else:
        born = _within(rng, _years_earlier(today, 55), _years_earlier(today, 18))
    left = _within(rng, max(born, today - LONGEST_AWAY), today)
    began = _within(rng, left, today)
    return Life(born, left, began, _within(rng, began, today))


def _years_earlier(day: date, years: int) -> date:
    return day.replace(year=day.year - years, day=min(day.day, 28))


def _within(rng: random.Random, first: date, last: date) -> date:
    return first + timedelta(days=rng.randint(0, max(0, (last - first).days)))
