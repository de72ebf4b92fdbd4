"""The short screen: when its answers end the interview with "no indicator", and when they make it the whole interview.

Nobody writes that condition by hand. It follows from what the data say of each answer: an alarm, something named, a
sign that is more than weak. A question that was not answered is never taken for a no.

Decided in ADR 0054.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations

from nrm.domain.conditions import Condition
from nrm.domain.interviews.interviews import ALONE, UNKNOWN, Option, Page, Question, Questionnaire, Route

SCREENED = "none"
"""What a route of the short screen ends with."""


def calm(questionnaire: Questionnaire, route: Route) -> Route:
    """The route with its whole condition: its own, and, where it ends with `none`, that nothing said is an alarm."""
    if route.ends != SCREENED:
        return route
    parts = (route.when, *_conditions(questions_of(questionnaire, route)))
    return replace(route, when=Condition("and", parts=parts))


def questions_of(questionnaire: Questionnaire, route: Route) -> list[Question]:
    """The questions of a route, in order."""
    return [questionnaire.questions[name] for page in route.pages for name in questionnaire.pages[page].questions]


def alarms(question: Question) -> frozenset[str]:
    """The answers that are an alarm by themselves."""
    return question.alarm | (frozenset(UNKNOWN) if question.alarm_unsure == "alone" else frozenset())


def goes_on(question: Question, option: Option) -> bool:
    """Whether this answer to a question without `alarm` makes it the whole interview: it names something, or it is a
    sign that is more than weak."""
    sign = question.border and not option.weak and option.code not in ALONE
    return sign or option.named == "everybody" or bool(option.indicators)


def _conditions(asked: Iterable[Question]) -> Iterator[Condition]:
    asked = list(asked)
    for question in asked:
        if question.alarm:
            allowed = frozenset(option.code for option in question.options) - alarms(question)
            yield Condition("in", question.id, allowed)
            continue
        operator = "has" if question.kind == "some_of" else "eq"
        for option in question.options:
            if goes_on(question, option):
                yield _not(Condition(operator, question.id, option.code))  # type: ignore[arg-type]  # one of the two
    unsure = [Condition("in", each.id, frozenset(UNKNOWN)) for each in asked if each.alarm_unsure == "together"]
    for pair in combinations(unsure, 2):
        yield _not(Condition("and", parts=pair))


def _not(part: Condition) -> Condition:
    return Condition("not", parts=(part,))


def screen_of(questionnaire: Questionnaire) -> tuple[Page, ...]:
    """The pages of the short screen; none in a questionnaire that has no such route."""
    route = next((each for each in questionnaire.routes if each.ends == SCREENED), None)
    return tuple(questionnaire.pages[name] for name in route.pages) if route is not None else ()
