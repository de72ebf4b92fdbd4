"""What is wrong with a page or with a whole interview when each answer is acceptable by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from nrm.domain.interviews.answers import MESSAGES, UnacceptableAnswer, checked, earliest, latest, message
from nrm.domain.interviews.interviews import Answers, Check, Page, Questionnaire, Texts
from nrm.domain.interviews.questionnaire_flow import contradictions, missing, pages, prune, settled
from nrm.domain.languages import ByLanguage

ADULT_AGE = 18
ASKED_ON = ByLanguage("%(text)s (asked on “%(page)s”)")


def page_findings(questionnaire: Questionnaire, page: Page, answers: Answers, *, today: date) -> dict[str, Texts]:
    """What is wrong with a page as a whole: question id -> what to do, by staff language.

    `answers` are those of earlier pages with this page's. What must be answered and is not; dates of the future or in
    the wrong order; a birth that contradicts the age class; the questionnaire's own checks.
    """
    found: dict[str, Texts] = {}
    kept = settled(questionnaire, answers)
    for question in missing(questionnaire, page, kept):
        found[question.id] = message("choose" if question.closed else "enter", question)
    for name in page.questions:
        question = questionnaire.questions[name]
        if question.kind == "partial_date" and name in kept and earliest(kept[name]) > today:
            found.setdefault(name, message("enter_past", question))
    found.update(_order(questionnaire, page, kept, found))
    for check in contradictions(questionnaire, page, kept):
        found.setdefault(check.question, _with_page(questionnaire, page, kept, check))
    birth = questionnaire.derive["birth"]
    age = questionnaire.derive["age"]
    here = birth in page.questions and birth in kept and birth not in found
    if here and born_as(kept.get(age), kept[birth], today=today) is not None:
        asked_on = next(each for each in pages(questionnaire, kept) if age in each.questions)
        found[birth] = message("enter_birth", questionnaire.questions[birth], page=asked_on.title)
    return found


def _order(questionnaire: Questionnaire, page: Page, kept: Answers, found: Mapping[str, Texts]) -> Mapping[str, Texts]:
    began, ended = questionnaire.derive["began"], questionnaire.derive["ended"]
    here = ended in page.questions and ended not in found and began in kept and ended in kept
    if here and latest(kept[ended]) < earliest(kept[began]):
        return {ended: message("enter_later", questionnaire.questions[ended])}
    return {}


def _with_page(questionnaire: Questionnaire, page: Page, kept: Answers, check: Check) -> Texts:
    """What the check says, with the page of another answer that it speaks of: it may be some pages back."""
    elsewhere = check.when.names() - set(page.questions)
    asked_on = next((each for each in pages(questionnaire, kept) if elsewhere.intersection(each.questions)), None)
    if asked_on is None:
        return check.text
    return ASKED_ON.filled(text=check.text, page=asked_on.title).among(check.text)


def born_as(age: object, birth: str, *, today: date) -> str | None:
    """As what somebody counts by a partial date of birth, where that contradicts the age class: "child" of an adult who
    is surely under 18, "adult" of a child who is surely 18; None where both agree, or it is not sure."""
    if age == "adult" and turns_adult(earliest(birth)) > today:
        return "child"
    return "adult" if age == "child" and turns_adult(latest(birth)) <= today else None


def turns_adult(born: date) -> date:
    """The eighteenth birthday; of someone born on 29 February, 1 March."""
    try:
        return born.replace(year=born.year + ADULT_AGE)
    except ValueError:
        return date(born.year + ADULT_AGE, 3, 1)


class UnacceptableInterview(Exception):
    """Answers that were given all at once and cannot be kept: question id -> what to do, by staff language."""

    def __init__(self, findings: Mapping[str, Texts]) -> None:
        super().__init__("unacceptable answers")
        self.findings = findings


def whole_interview(
    questionnaire: Questionnaire, answers: Mapping[str, object], *, today: date
) -> tuple[dict[str, Any], dict[str, Texts]]:
    """Read a whole interview given at once: (the answers as stored, question id -> what to do).

    Unlike on a page, nothing is dropped without notice: an answer to a question that is not asked is a finding.
    """
    read: dict[str, Any] = {}
    found: dict[str, Texts] = {}
    for name, value in answers.items():
        question = questionnaire.questions.get(name)
        if question is None:
            found[name] = MESSAGES["leave_unknown"]
            continue
        try:
            stored = checked(question, value)
        except UnacceptableAnswer as error:
            found[name] = error.texts
            continue
        if stored is not None:
            read[name] = stored
    kept = prune(questionnaire, read)
    for name in read:
        if name not in kept:
            found.setdefault(name, message("leave_out", questionnaire.questions[name]))
    for page in (questionnaire.home, *pages(questionnaire, kept)):
        for name, texts in page_findings(questionnaire, page, kept, today=today).items():
            found.setdefault(name, texts)
    return kept, found
