"""Warnings: what answers say together that one answer does not say, each with what to do (ADR 0060).

A warning never refuses anything. It is shown once; who went on has seen it, and that is kept by id and version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nrm.domain.interviews.interviews import Answers, AnswerWarning, Page, Questionnaire
from nrm.domain.interviews.questionnaire_flow import settled

Seen = Mapping[str, int]
"""Id of a warning -> the version that was seen."""


def holding(questionnaire: Questionnaire, answers: Answers) -> tuple[AnswerWarning, ...]:
    """The warnings of these answers, in the order of the file."""
    kept = settled(questionnaire, answers)
    return tuple(each for each in questionnaire.warnings if each.when.holds(kept))


def unseen(questionnaire: Questionnaire, answers: Answers, seen: Seen) -> tuple[AnswerWarning, ...]:
    """Those of them that nobody has seen yet in this version."""
    return tuple(each for each in holding(questionnaire, answers) if seen.get(each.id) != each.version)


def still_seen(questionnaire: Questionnaire, answers: Answers, seen: Seen) -> dict[str, int]:
    """Those that were seen, and that hold with the answers as they are at the end."""
    return {each.id: each.version for each in holding(questionnaire, answers) if seen.get(each.id) == each.version}


def shown_at_once(questionnaire: Questionnaire, page: Page) -> dict[str, int]:
    """What the page itself shows as soon as an answer is ticked."""
    return {
        each.id: each.version for each in questionnaire.warnings if each.at_once and each.question in page.questions
    }


def codes(shown: Iterable[AnswerWarning], before: Seen) -> list[str]:
    """How a form says which warnings its page shows, and which it showed `before`: `low_risk-1`."""
    every = {**before, **{each.id: each.version for each in shown}}
    return [f"{name}-{version}" for name, version in every.items()]


def seen_of(questionnaire: Questionnaire, said: Iterable[str]) -> dict[str, int]:
    """The warnings that a form says it showed; anything else is passed over."""
    known = {f"{each.id}-{each.version}": each for each in questionnaire.warnings}
    return {known[each].id: known[each].version for each in said if each in known}
