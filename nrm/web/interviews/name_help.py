"""Help with names on the page that asks them: letters, a name in Latin letters, the lines of a passport (ADR 0060).

What is typed stays as it is typed. A proposal is taken by its own box. The lines of a passport fill empty fields, are
shown before anything is saved, and are kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict

from forms import names
from forms.interviews.interviews import OTHER, PageForm, Typed, form_data, page_form
from forms.interviews.passports import LONGEST, Person, UnreadableLines, read_lines
from forms.latin import proposed, with_latin
from nrm.domain.interviews.interviews import Page, Questionnaire
from nrm.domain.words import Phrase
from nrm.web import formats
from nrm.web.language import current_language, gettext

NAMES = ("given", "family", "known_as", "father")
ZONE, READ, LATIN, TAKE = "zone", "read_zone", "latin", "take-"
Sent = MultiDict[str, str]


@dataclass(frozen=True, slots=True)
class Helped:
    """The page with what was asked for filled in, not saved. `beside`: what the lines say of a field that was filled
    already. With `problems` nothing was filled in, and `zone` is shown again to be mended."""

    form: PageForm
    read: bool = False
    beside: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Phrase, ...] = ()
    zone: str = ""


def is_wanted(page: Page) -> bool:
    """Whether the page asks for a person's names."""
    return {"given", "family"} <= set(page.questions)


def sent_with_latin(page: Page) -> Sent:
    """What was sent, with the proposals in place whose boxes were ticked."""
    sent: Sent = MultiDict(request.form)
    for name in NAMES if is_wanted(page) else ():
        if TAKE + name in sent and name in sent:
            sent[name] = with_latin(sent[name][:LONGEST])
    return sent


def proposals(page: Page, typed: Mapping[str, Typed]) -> dict[str, str]:
    """Question -> the name in Latin letters, where it was written in others."""
    found: dict[str, str] = {}
    for name in NAMES if is_wanted(page) else ():
        values = typed.get(name, {}).get("", ())
        latin = proposed(values[0][:LONGEST]) if values else None
        if latin:
            found[name] = latin
    return found


def is_asked(page: Page) -> bool:
    """Whether help was asked for: a button of it was pressed, or lines stand in their box and nobody leaves."""
    if not is_wanted(page):
        return False
    leaves = any(name in request.form for name in ("leave", "stop", "aloud", "spoken", "without"))
    return READ in request.form or LATIN in request.form or (bool(request.form.get(ZONE, "").strip()) and not leaves)


def given(questionnaire: Questionnaire, page: Page, sent: Sent, *, today: date) -> Helped:
    """The page as it was typed, with what the lines say where there are some."""
    make = page_form(questionnaire, page, current_language())
    zone = sent.get(ZONE, "")
    if not zone.strip() and READ not in sent:
        return Helped(make(sent))
    try:
        person = read_lines(zone, today=today)
    except UnreadableLines as error:
        return Helped(make(sent), problems=error.problems, zone=zone[:LONGEST])
    found = _answers(questionnaire, page, person)
    beside = {}
    for name, value in found.items():
        controls = form_data(questionnaire, page, {name: value}, current_language())
        if not any(sent.get(control, "").strip() for control in _controls(questionnaire, name)):
            for control, values in controls.items():
                sent.setlist(control, values)
        elif any(sent.getlist(control) != values for control, values in controls.items() if any(values)):
            beside[name] = _words(questionnaire, name, value)
    return Helped(make(sent), read=True, beside=beside)


def _controls(questionnaire: Questionnaire, name: str) -> tuple[str, ...]:
    kind = questionnaire.questions[name].kind
    more = {"partial_date": ("-day", "-month"), "country": (OTHER,)}.get(kind, ())
    return (name, *(name + part for part in more))


def _answers(questionnaire: Questionnaire, page: Page, person: Person) -> dict[str, Any]:
    """The answers of the page that the lines give, in words where the answer is a text."""
    document = gettext("Passport") if person.passport else gettext("Card")
    said = {
        "given": person.given,
        "family": person.family,
        "birth": person.birth,
        "sex": person.sex,
        "citizenship": person.citizenship,
        "document": f"{document} {person.document} ({person.issuer})" if person.document else "",
    }
    asked = questionnaire.questions
    return {
        name: value
        for name, value in said.items()
        if value and name in page.questions and (not asked[name].options or _has(asked[name], value))
    }


def _has(question: Any, code: str) -> bool:
    return question.kind == "country" or question.option(code) is not None


def _words(questionnaire: Questionnaire, name: str, value: str) -> str:
    question, language = questionnaire.questions[name], current_language()
    if question.kind == "partial_date":
        return formats.day(value, language)
    if question.kind == "country":
        return names.country_name(value, language)
    option = question.option(value)
    return option.text[language] if option is not None else value
