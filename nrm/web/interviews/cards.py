"""What is shown to a person who reads: one question in big letters, the page's questions beside each other, greetings,
that an interpreter is being called.

Nothing is kept by any of these pages, and no address tells an answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.names import country_name, language_name
from nrm.actions.interviews import interviews
from nrm.actions.interviews.interviews import Draft, NoLongerDraft, OpeningEnded
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.interviews.interviews import Page, Question
from nrm.domain.interviews.paper_forms import codes, plan
from nrm.domain.interviews.questionnaire_flow import page_questions
from nrm.domain.interviews.wordings import language_question, reading_language
from nrm.store.countries import country
from nrm.web import access, formats
from nrm.web.interviews import naming
from nrm.web.language import current_language, text_in

blueprint = Blueprint("cards", __name__)
Answer = BaseResponse | tuple[str, int] | str


@dataclass(frozen=True, slots=True)
class Line:
    """One answer in the officer's words and in the person's, with the number that it has on paper and on the page."""

    number: str
    text: str
    said: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """One question in the officer's words and in the person's, with its answers and its number on paper; `before`: what
    is read out first."""

    id: str
    number: int
    text: str
    said: str
    lines: tuple[Line, ...]
    before: str


@blueprint.get("/greetings")
@access.requires(Permission.INTERVIEW_CONDUCT)
def greetings() -> str:
    """For a person whose language nobody knows: a greeting in each language, which asks the person to point at it."""
    found = country().handouts.greetings.values()
    ordered = sorted(found, key=lambda each: formats.sort_key(each.parts["name"], current_language()))
    lines = [(each, language_name(each.language, current_language()), each.status == "draft") for each in ordered]
    return render_template("interviews/cards/greetings.html", greetings=lines)


@blueprint.get("/greetings/<language>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def language(language: str) -> str:
    """For a person with whom nobody can talk yet: that an interpreter is being called, and whom to call in need."""
    handouts = country().handouts
    greeting, leaflet = handouts.greetings.get(language), handouts.leaflets.get(language)
    if greeting is None:
        raise NotVisible
    return render_template(
        "interviews/cards/language.html",
        say=language,
        greeting=greeting,
        leaflet=leaflet,
        called=language_name(language, current_language()),
        draft="draft" in (greeting.status, leaflet.status if leaflet else ""),
        emergency=country().emergency,
    )


@blueprint.get("/interviews/<uuid:interview_id>/<page>/aloud")
@access.requires(Permission.INTERVIEW_CONDUCT)
def aloud(interview_id: uuid.UUID, page: str) -> Answer:
    """The interpreter's view: the questions of a page in both languages."""
    draft, asked = _draft_and_page(interview_id, page)
    if draft is None or asked is None:
        return redirect(url_for("interviews.page", interview_id=interview_id, page=page), 303)
    say = _language_to_read(draft)
    wordings = [
        (each.title[current_language()], each.text[current_language()], each.text.get(say, ""))
        for each in (draft.questionnaire.wordings[name] for name in asked.wordings)
        if each.when.holds(draft.answers)
    ]
    return render_template(
        "interviews/cards/aloud.html",
        interview_id=interview_id,
        page=asked,
        code=draft.pseudonym,
        say=say,
        language=draft.questionnaire.language_names.get(say, say),
        lacking=_lacking(draft),
        is_draft=draft.questionnaire.reading.get(say, ("",))[0] == "draft",
        wordings=wordings,
        named=naming.named(draft, by=access.actor()) if naming.strikes_out(draft, asked) else (),
        questions=[_spoken(draft, question, say) for question in _asked(draft, asked)],
    )


@blueprint.get("/interviews/<uuid:interview_id>/<page>/aloud/<question>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def card(interview_id: uuid.UUID, page: str, question: str) -> Answer:
    """One question in big letters; the answers are numbered for a finger."""
    draft, asked = _draft_and_page(interview_id, page)
    if draft is None or asked is None:
        return redirect(url_for("interviews.page", interview_id=interview_id, page=page), 303)
    found = next((each for each in _asked(draft, asked) if each.id == question), None)
    if found is None:
        raise NotVisible
    say = _language_to_read(draft)
    return render_template(
        "interviews/cards/card.html",
        interview_id=interview_id,
        page=asked,
        say=say,
        question=_spoken(draft, found, say),
    )


def _draft_and_page(interview_id: uuid.UUID, name: str) -> tuple[Draft | None, Page | None]:
    """(draft, page), or (None, None) if the interview's own page must say why not; raises NotVisible for no page."""
    try:
        draft = interviews.read(interview_id=interview_id, by=access.actor())
    except (OpeningEnded, NoLongerDraft):
        return None, None
    if name not in draft.questionnaire.pages:
        raise NotVisible
    asked = draft.questionnaire.pages[name]
    reached = asked in draft.pages and draft.pages.index(asked) <= draft.pages.index(draft.page_to_do)
    return draft, asked if reached else None


def _asked(draft: Draft, page: Page) -> Iterator[Question]:
    """The questions of the page that the person is asked; not the organisations to strike out, which are named."""
    for question in page_questions(draft.questionnaire, page, draft.answers):
        if question.by == "person" and question.kind != "parties":
            yield question


def _language_to_read(draft: Draft) -> str:
    return reading_language(
        draft.questionnaire, draft.answers.get(language_question(draft.questionnaire)), staff=current_language()
    )


def _lacking(draft: Draft) -> str:
    """What the officer calls the person's language, if there is no text in it."""
    asked = draft.questionnaire
    spoken = draft.answers.get(language_question(asked))
    if spoken is None or spoken in asked.languages or spoken in asked.reading:
        return ""
    words = asked.language_words.get(spoken)
    return text_in(words) if words else language_name(spoken, current_language()).capitalize()


def _spoken(draft: Draft, question: Question, say: str) -> Spoken:
    choices = country().choices_of(draft.questionnaire)
    lines = tuple(
        Line(number, text_in(option.text), choices.words(question, option, say, country_name))
        for number, option in codes(question)
    )
    said = question.reads.get(say) or question.text.get(say) or text_in(question.text)
    number = plan(draft.questionnaire).numbers[question.id]
    wording = draft.questionnaire.wordings.get(question.announced_by)
    before = (wording.text.get(say) or text_in(wording.text)) if wording else ""
    return Spoken(question.id, number, text_in(question.text), said, lines, before)
