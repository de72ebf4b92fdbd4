"""What whoever takes a person in asks in peace after the arrival, all of it optional (ADR 0062).

The questions are those of the questionnaire's pages that the receiver asks. They stand here on one page of their own,
with a row of questions for each episode and each person who came along. The answers are kept in the case's `story`, by
question id, and the rows as lists of answers under the id of their page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from nrm.domain.conditions import ALWAYS
from nrm.domain.interviews.answers import earliest, latest, message
from nrm.domain.interviews.interviews import Answers, Page, Question, Questionnaire, Texts, chosen
from nrm.domain.interviews.questionnaire_flow import CHILD_AGES
from nrm.domain.roles import MechanismRole

AGREED = ("given", "not_asked_child")
"""With which consent of the case the person may be asked: given, or a child's, which is protected first."""
PAGE = "first_talk"
# The answers that decide it, and the row in which an official is named.
OTHERS, TELL, BY_OFFICIAL, OFFICIAL = "others_there", "others_tell", "others_official", "official"
EPISODE_WHO, EPISODE_KIND = "episode_who", "episode_kind"
# The coded fact that says what somebody was made to do.
EXPLOITATION = "exploitation"
# A partial date of a row, and the one that must not be before it.
SPANS = (("episode_from", "episode_until"),)
# Of somebody who came along: the code of a case of their own, and the age class.
CODE, ALONG_AGE = "along_code", "along_age"


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """One part of the form: a page of the questionnaire, and its rows as pages; without rows it is one page itself."""

    page: Page
    rows: tuple[Page, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FirstTalk:
    """The whole form: `page` has every question of it, `sections` the same ones in parts."""

    questionnaire: Questionnaire
    page: Page
    sections: tuple[Section, ...]


def may_ask(consent: str) -> bool:
    """Whether the person may be asked: an adult who said yes, or a child; nobody who was not asked yet, or refused."""
    return consent in AGREED


def pages(questionnaire: Questionnaire) -> tuple[Page, ...]:
    """The pages that the receiver asks, in order."""
    return tuple(page for page in questionnaire.pages.values() if page.asked_by == "receiver")


def told_before(questionnaire: Questionnaire, story: Mapping[str, Any], coded: Mapping[str, Any]) -> dict[str, Any]:
    """What was told, with the answers that are kept as coded facts alone: who reads a story reads those, too."""
    return {**from_facts(questionnaire, coded), **story}


def begun_with(questionnaire: Questionnaire, story: Mapping[str, Any], coded: Mapping[str, Any]) -> Mapping[str, Any]:
    """The story with one row for each thing that somebody was made to do, as it was said before the talk; as it is once
    anything of the talk is kept."""
    asked = pages(questionnaire)
    if any(story.get(name) is not None for page in asked for name in (page.id, *page.questions)):
        return story
    rows = {}
    for page in asked:
        if page.repeat and EPISODE_KIND in page.questions:
            kind = questionnaire.questions[EPISODE_KIND]
            said = [code for code in coded.get(EXPLOITATION) or () if kind.option(code) is not None]
            rows[page.id] = [{EPISODE_KIND: code} for code in said[: page.repeat]]
    return {**story, **rows}


def rows_for(questionnaire: Questionnaire, story: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """(page, how many rows the form has): those that are kept, and one more while there is room for one."""
    return tuple(
        (page.id, min(page.repeat, len(story.get(page.id) or ()) + 1)) for page in pages(questionnaire) if page.repeat
    )


@lru_cache(maxsize=128)
def form_of(questionnaire: Questionnaire, rows: tuple[tuple[str, int], ...]) -> FirstTalk:
    """The form with so many rows on each page that has rows (`rows_for`).

    The age class, which decides how somebody is spoken to, is known beforehand and asked nowhere.
    """
    age = questionnaire.derive["age"]
    questions = {age: replace(questionnaire.questions[age], when=ALWAYS, under=None)}
    sections = []
    for page in pages(questionnaire):
        asked = [questionnaire.questions[name] for name in page.questions]
        if not page.repeat:
            sections.append(Section(page, ()))
            questions |= {each.id: replace(each, required=False) for each in asked}
            continue
        several = []
        for number in range(dict(rows)[page.id]):
            of_row = {each.id: _in_row(each, number) for each in asked}
            questions |= {each.id: each for each in of_row.values()}
            title = {language: f"{text} {number + 1}" for language, text in page.row.items()}
            names = tuple(each.id for each in of_row.values())
            several.append(Page(f"{page.id}_{number}", title, names))
        sections.append(Section(page, tuple(several)))
    whole = Page(PAGE, questionnaire.title, tuple(name for name in questions if name != age))
    count = "/".join(str(number) for _, number in rows)
    alone = replace(
        questionnaire,
        id=f"{questionnaire.id}/{PAGE}/{count}",
        questions=questions,
        pages={whole.id: whole},
        routes=(replace(questionnaire.routes[-1], id=PAGE, when=ALWAYS, pages=(PAGE,), ends=""),),
        home=replace(questionnaire.home, questions=(age,), when=ALWAYS),
        checks=(),
    )
    return FirstTalk(alone, whole, tuple(sections))


def _in_row(question: Question, number: int) -> Question:
    return replace(question, id=in_row(question.id, number), required=False, when=ALWAYS, under=None)


def in_row(name: str, number: int) -> str:
    """What a question is called in a row, counted from 0."""
    return f"{name}_{number}"


def typed_from(
    questionnaire: Questionnaire, parts: Mapping[str, Mapping[str, Any]], coded: Mapping[str, Any]
) -> dict[str, Any]:
    """The answers that the form begins with: of the compartments that are open, and of the coded facts of the case."""
    begun: dict[str, Any] = {}
    known = from_facts(questionnaire, coded)
    for page in pages(questionnaire):
        for number, row in enumerate(_rows(parts.get("story", {}), page)):
            begun |= {in_row(name, number): value for name, value in row.items() if name in page.questions}
        for name in () if page.repeat else page.questions:
            kept = parts.get(kept_in(questionnaire.questions[name]), {}).get(name, known.get(name))
            if kept is not None:
                begun[name] = kept
    return begun


def _rows(story: Mapping[str, Any], page: Page) -> list[Mapping[str, Any]]:
    return list(story.get(page.id) or ())[: page.repeat]


def kept_in(question: Question) -> str:
    """The compartment in which an answer is kept; one that is also a coded fact is kept with what was told."""
    return "story" if question.compartment == "fact" else question.compartment


def sorted_into(questionnaire: Questionnaire, given: Answers) -> dict[str, dict[str, Any]]:
    """The answers of the form by compartment. In `story` what was left empty is None, and a row without an answer is
    gone; in the others, which are not open here, what was left empty stays as it was."""
    parts: dict[str, dict[str, Any]] = {"story": {}}
    for page in pages(questionnaire):
        if page.repeat:
            rows = [
                {name: given[in_row(name, row)] for name in page.questions if given.get(in_row(name, row)) is not None}
                for row in range(page.repeat)
            ]
            parts["story"][page.id] = [row for row in rows if row] or None
            continue
        for name in page.questions:
            compartment = kept_in(questionnaire.questions[name])
            if compartment == "story" or given.get(name) is not None:
                parts.setdefault(compartment, {})[name] = given.get(name)
    return parts


def facts_of(questionnaire: Questionnaire, given: Answers) -> dict[str, str]:
    """The coded facts that the form asks for, as they are now answered; unanswered ones are `not collected`."""
    facts = {}
    for page in pages(questionnaire):
        for question in (questionnaire.questions[name] for name in page.questions):
            if question.fact is None or page.repeat:
                continue
            fact, value = questionnaire.facts[question.fact], given.get(question.id)
            codes = [
                code
                for option in question.options
                if chosen(value, option.code)
                for name, code in option.gives
                if name == fact.name
            ]
            unknown = {"dont_know": fact.dont_know, "no_answer": fact.no_answer}.get(str(value), fact.not_collected)
            facts[fact.name] = codes[0] if codes else unknown
    return facts


def from_facts(questionnaire: Questionnaire, coded: Mapping[str, Any]) -> dict[str, Any]:
    """The answers for which the coded facts of a case stand, of the questions that are kept as facts alone."""
    answers: dict[str, Any] = {}
    for question in questionnaire.questions.values():
        if question.compartment != "fact" or question.fact is None or question.fact not in coded:
            continue
        value = coded[question.fact]
        codes = value if isinstance(value, list) else [value]
        ticked = [option.code for option in question.options for _, code in option.gives if code in codes]
        if ticked:
            answers[question.id] = ticked if question.kind == "some_of" else ticked[0]
    return answers


def wrong_spans(questionnaire: Questionnaire, given: Answers) -> dict[str, Texts]:
    """Question id in its row -> what to do, where an episode ends before it begins."""
    found = {}
    for page in pages(questionnaire):
        for began, ended in SPANS:
            for row in range(page.repeat if began in page.questions else 0):
                first, last = given.get(in_row(began, row)), given.get(in_row(ended, row))
                if first and last and latest(last) < earliest(first):
                    found[in_row(ended, row)] = message("enter_later", questionnaire.questions[ended])
    return found


def whom_to_tell(questionnaire: Questionnaire, story: Mapping[str, Any]) -> MechanismRole | None:
    """Who is told that others are still there: nobody (None) unless the person says so.

    The prosecution alone, where an official is involved or nobody knows; the duty desk only where it was said here that
    none is, and nothing told before speaks of one.
    """
    if story.get(OTHERS) != "yes" or story.get(TELL) != "yes":
        return None
    told_before = story.get(OFFICIAL) in ("yes", "dont_know", "no_answer")
    rows = [row for page in pages(questionnaire) for row in _rows(story, page)]
    in_an_episode = any(row.get(EPISODE_WHO) == "official" for row in rows)
    clear = story.get(BY_OFFICIAL) == "no" and not told_before and not in_an_episode
    return MechanismRole.AUTHORITY if clear else MechanismRole.PROSECUTION


def is_to_child(age_class: str) -> bool:
    """Whether the rules for children hold: for a child, and for a person who may be one."""
    return age_class in CHILD_AGES


def came_along(questionnaire: Questionnaire, story: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of those who came with the person."""
    return [row for page in pages(questionnaire) if CODE in page.questions for row in _rows(story, page)]


def is_child_row(row: Mapping[str, Any]) -> bool:
    """Whether somebody who came along is a child, or may be one: a person of its own, with a case of its own."""
    return row.get(ALONG_AGE) in CHILD_AGES
