"""Whether a yes can have been free and understood; one that was not is kept as a wish (ADR 0058)."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.domain.interviews.wordings import language_question


class Doubt(StrEnum):
    """Why a yes is only a wish; the receiver asks again."""

    NOT_READ = "not_read"
    IN_PART = "partly"
    NO_INTERPRETER = "no_interpreter"
    DRAFT = "draft"
    NOT_ALONE = "not_alone"


READ, INTERPRETER, ALONE, APART = "purpose_read", "interpreter", "alone", "apart"
TAKEN_APART = "go_on"
_INTERPRETED = ("present", "telephone")


@lru_cache(maxsize=64)
def asked_of_doubt(questionnaire: Questionnaire) -> frozenset[str]:
    """The questions whose answers say whether a yes was free and understood."""
    return (
        frozenset({READ, INTERPRETER, ALONE, APART, language_question(questionnaire)}) & questionnaire.questions.keys()
    )


def doubts(questionnaire: Questionnaire, answers: Answers) -> tuple[Doubt, ...]:
    """Why a yes of these answers is only a wish, in the order in which a page says it; empty if it is a yes.

    What was not asked raises no doubt: a question that must be answered keeps the interview from being sent. Who was
    taken apart was alone after that, and who got an interpreter by telephone had one.
    """
    found = [doubt for doubt in (Doubt.NOT_READ, Doubt.IN_PART) if answers.get(READ) == doubt]
    spoken, interpreted = answers.get(language_question(questionnaire)), answers.get(INTERPRETER)
    if answers.get(APART) == "telephone":
        interpreted = "telephone"
    if interpreted == "not_found":
        found.append(Doubt.NO_INTERPRETER)
    elif spoken is not None and spoken not in questionnaire.languages and interpreted not in _INTERPRETED:
        status = questionnaire.reading.get(spoken, ("",))[0]
        if status != "approved":
            found.append(Doubt.DRAFT if status else Doubt.NO_INTERPRETER)
    if answers.get(ALONE) not in (None, "yes") and answers.get(APART) != TAKEN_APART:
        found.append(Doubt.NOT_ALONE)
    return tuple(found)
