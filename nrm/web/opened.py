"""What was opened, as rows of question and answer in the reader's language."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from forms.names import country_name, language_name
from forms.shelter.cases import CARE_FIELDS, CASE_REFUSED, IDENTIFICATION_FIELDS, LEGAL_FIELDS
from nrm.domain import written_over
from nrm.domain.interviews.endings import is_child
from nrm.domain.interviews.interviews import Question, Questionnaire
from nrm.domain.shelter.cases import CaseRefusal
from nrm.domain.shelter.direct_intake import CAME_WITH
from nrm.store.accounts import second_hands
from nrm.store.shelter import cases as case_store
from nrm.web import access, errors, formats
from nrm.web.language import current_language, gettext, text_in, translated

Rows = list[tuple[str, str]]


def unless_parked(page: Callable[[uuid.UUID], errors.Answer]) -> Callable[[uuid.UUID], errors.Answer]:
    """The page of a form on a case, or why it is no use: the case is closed to everybody, so that whatever is sent
    would be refused (ADR 0102)."""

    @wraps(page)
    def view(case_id: uuid.UUID) -> errors.Answer:
        case_store.visible(case_id, by=access.actor())
        if second_hands.of_case(case_id, by=access.actor()) is not None:
            return errors.error_page(409, CASE_REFUSED[CaseRefusal.PARKED])
        return page(case_id)

    return view


def answer_rows(questionnaire: Questionnaire | None, value: Mapping[str, Any], parties: Mapping[str, str]) -> Rows:
    """(question, answer) of a sealed compartment, in the questionnaire's order.

    `parties`: code -> name in the reader's language. Only answers to questions that the questionnaire has are shown,
    and the person with whom a child came.
    """
    if questionnaire is None:
        return []
    rows = list(_answer_rows(questionnaire, value, parties))
    return rows + _replaced(value, lambda was: list(_answer_rows(questionnaire, was, parties)))


def _answer_rows(
    questionnaire: Questionnaire, value: Mapping[str, Any], parties: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    child = is_child(value.get(questionnaire.derive["age"]))
    for name, question in questionnaire.questions.items():
        if child and question.kind == "parties":  # a child strikes out nobody, even if something was ticked before
            continue
        if name in value:
            yield text_in(question.text), _answer(question, value[name], parties)
    for page in questionnaire.pages.values():
        for number, row in enumerate(value.get(page.id) or () if page.repeat else (), start=1):
            for question in (questionnaire.questions[name] for name in page.questions if name in row):
                label = f"{text_in(page.row)} {number}: {text_in(question.text)}"
                yield label, _answer(question, row[question.id], parties)
    if CAME_WITH in value:
        yield gettext("Came with"), str(value[CAME_WITH])


def _answer(question: Question, value: Any, parties: Mapping[str, str]) -> str:
    language = current_language()
    if isinstance(value, list):
        if question.kind == "parties":
            return ", ".join(parties.get(code, code) for code in value) or gettext("none")
        return ", ".join(_code(question, code, language) for code in value)
    if isinstance(value, str):
        if question.kind == "partial_date" and question.option(value) is None:
            return formats.day(value, language)
        return _code(question, value, language)
    return str(value)


def _code(question: Question, value: Any, language: str) -> str:
    option = question.option(value) if isinstance(value, str) else None
    if option is not None:
        return text_in(option.text)
    if question.kind == "country":
        return country_name(value, language)
    if question.kind == "language":
        return language_name(value, language)
    return str(value)


def written_rows(value: Mapping[str, Any]) -> Rows:
    """(heading, text) of what was written in own words: care, legal file, identification; empty ones are left out."""
    labels = {**CARE_FIELDS, **LEGAL_FIELDS, **IDENTIFICATION_FIELDS}
    rows = [(translated(labels[name]), text) for name, text in value.items() if name in labels and text]
    return [*rows, *_replaced(value, written_rows)]


def _replaced(value: Mapping[str, Any], read: Callable[[Mapping[str, Any]], Rows]) -> Rows:
    """What somebody else had written and a later save replaced (ADR 0249), each with who replaced it and when."""
    rows = []
    for was, at, login in written_over.replaced(value):
        until = formats.moment(at, current_language())
        words = gettext("replaced on %(at)s by %(login)s", at=until, login=login)
        rows += [(f"{label} ({words})", text) for label, text in read(was)]
    return rows
