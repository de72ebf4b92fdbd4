"""What an urgent hand-over left out, as questions: what may be asked depends on the consent, and none must be answered.

Without consent there is no name: only what was told and whom it concerns can be added then.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache

from nrm.domain.conditions import ALWAYS
from nrm.domain.interviews.interview_findings import born_as
from nrm.domain.interviews.interviews import Answers, Page, Questionnaire
from nrm.domain.languages import ByLanguage

TITLE = ByLanguage("What was left out")
_TOLD = ("story", "official", "official_what", "needs_note")
_WHO = (
    "given",
    "family",
    "known_as",
    "father",
    "birth",
    "citizenship",
    "document",
    "origin",
    "contact",
)
AGREED = ("given", "not_asked_child")
"""With which consent of the case an identity may be written down: given, or a child's."""


@lru_cache(maxsize=16)
def owed_part(questionnaire: Questionnaire, consent: str) -> tuple[Questionnaire, Page]:
    """The questionnaire with one page alone, on which every question stands by itself and may stay empty."""
    names = (*_TOLD, *_WHO) if consent in AGREED else _TOLD
    known = [name for name in names if name in questionnaire.questions]
    questions = {}
    for name in known:
        question = questionnaire.questions[name]
        under = question.under if question.under is not None and question.under[0] in known else None
        questions[name] = replace(question, required=False, when=ALWAYS, under=under)
    page = Page("supplement", TITLE, tuple(known))
    route = replace(questionnaire.routes[-1], id=page.id, when=ALWAYS, pages=(page.id,))
    alone = replace(
        questionnaire,
        id=f"{questionnaire.id}/{page.id}/{consent}",
        questions=questions,
        pages={page.id: page},
        routes=(route,),
        home=replace(questionnaire.home, questions=()),
        checks=(),
    )
    return alone, page


def against_age(questionnaire: Questionnaire, answers: Answers, age_class: str, *, today: date) -> str | None:
    """As what somebody counts ("child", "adult") by the date of birth among the answers, where the case says something
    else; None otherwise."""
    birth = answers.get(questionnaire.derive["birth"])
    return born_as(age_class, birth, today=today) if isinstance(birth, str) else None


def by_compartment(questionnaire: Questionnaire, answers: Answers) -> dict[str, dict[str, object]]:
    """The answers of a supplement, each under the compartment of the case where it belongs; a fact is told as `story`,
    since the codes of the case stand already."""
    sorted_: dict[str, dict[str, object]] = {}
    for name, value in answers.items():
        question = questionnaire.questions.get(name)
        if question is not None:
            compartment = "story" if question.compartment == "fact" else question.compartment
            sorted_.setdefault(compartment, {})[name] = value
    return sorted_
