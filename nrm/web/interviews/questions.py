"""The questions of an interview page as ready markup, into which only the answers are filled.

Half of the time of a page goes into escaping texts that never change. So the macros of `interviews/questions.html`
render each question once per language pair, with marks where answers go, and the pieces are kept. The markup is written
only in the macros; they render a page with errors directly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from forms.interviews.interviews import PageForm, Typed, typed_answer
from nrm.domain.interviews.interviews import Answers, Page, Question, Questionnaire
from nrm.domain.interviews.questionnaire_flow import ANY_OTHER, opener_of, opening, page_questions
from nrm.domain.interviews.wordings import reading_language

TEMPLATE = "interviews/interviews/questions.html"
WORDS: Mapping[str, Mapping[str, str]] = {
    "sq": {
        "optional": "(jo e detyrueshme)",
        "all_optional": "Asnjë pyetje e kësaj faqeje nuk është e detyrueshme.",
        "other_country": "Vend tjetër",
        "other_language": "Gjuhë tjetër",
        "draft": "përkthim ende i pamiratuar",
        "day": "Dita",
        "month": "Muaji",
        "year": "Viti",
        "only": "Vetëm nëse përgjigjja më sipër është {texts}.",
        "only_not": "Vetëm nëse përgjigjja më sipër nuk është {texts}.",
        "or": " ose ",
        "signs": "Si duken këto shenja dhe çfarë nuk duan të thonë",
    },
    "en": {
        "optional": "(optional)",
        "all_optional": "Every question on this page is optional.",
        "other_country": "Another country",
        "other_language": "Another language",
        "draft": "translation not yet approved",
        "day": "Day",
        "month": "Month",
        "year": "Year",
        "only": "Only if the answer above is {texts}.",
        "only_not": "Only if the answer above is not {texts}.",
        "or": " or ",
        "signs": "What these signs look like, and what they do not mean",
    },
}
# A mark in prepared markup: what goes there, the question, and its option or part. NUL never occurs in a text.
MARK = re.compile("\0([cst])([a-z0-9_]+)/([^\0]*)\0")
_MOST = 512  # ways to show a page, far more than there are; a limit so that nothing can fill the memory
NO_TEXTS: Mapping[str, int] = MappingProxyType({})
NO_OPTIONS: Mapping[str, tuple[int, str]] = MappingProxyType({})
NO_ERRORS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Controls:
    """What stands in the controls of a page: question -> part -> values."""

    typed: Mapping[str, Typed]

    def checked(self, question: str, code: str) -> str:
        """The attribute of a radio or checkbox."""
        return " checked" if code in self.typed.get(question, {}).get("", ()) else ""

    def selected(self, question: str, code: str) -> str:
        """The attribute of an option of a list."""
        return " selected" if code in self.typed.get(question, {}).get("", ()) else ""

    def text(self, question: str, part: str) -> str:
        """The text in a part."""
        values = self.typed.get(question, {}).get(part, ())
        return values[0] if values else ""


class _Marks:
    """Stands in for the controls while the pieces are made."""

    def checked(self, question: str, code: str) -> Markup:
        return Markup(f"\0c{question}/{code}\0")  # noqa: S704 - ids and codes are checked by the questionnaire

    def selected(self, question: str, code: str) -> Markup:
        return Markup(f"\0s{question}/{code}\0")  # noqa: S704 - ids and codes are checked by the questionnaire

    def text(self, question: str, part: str) -> Markup:
        return Markup(f"\0t{question}/{part}\0")  # noqa: S704 - ids and parts are checked by the questionnaire


@dataclass(frozen=True, slots=True)
class _Piece:
    """One question with what opens under it: `blank` without any answer, else `parts` with a slot after each.

    `texts`: question -> part -> the slot of its text; `options`: question -> code -> its slot and what is put there.
    """

    questions: tuple[str, ...]
    blank: str
    parts: tuple[str, ...]
    texts: Mapping[str, Mapping[str, int]]
    options: Mapping[str, Mapping[str, tuple[int, str]]]

    def filled(self, typed: Mapping[str, Typed]) -> str:
        """The question with what was typed."""
        read = list(self.parts)
        for question in self.questions:
            values = typed.get(question)
            if values is None:
                continue
            for part, place in self.texts.get(question, NO_TEXTS).items():
                given = values.get(part)
                if given:
                    read[place] += str(escape(given[0]))
            options = self.options.get(question, NO_OPTIONS)
            for code in values.get("", ()):
                if code in options:
                    place, attribute = options[code]
                    read[place] += attribute
        return "".join(read)


@dataclass(slots=True)
class QuestionMarkup:
    """The ready markup of one questionnaire, made at first use and kept.

    `staff` is the officer's language, `spoken` the person's; both decide which pieces are used.
    """

    environment: Environment
    questionnaire: Questionnaire
    _pieces: dict[tuple[Page, frozenset[Question], str, str | None, bool], _Piece] = field(default_factory=dict)
    _above: dict[tuple[bool, bool, str, str | None], list[Markup]] = field(default_factory=dict)
    _wordings: dict[tuple[str, str, str], Markup] = field(default_factory=dict)
    _plans: dict[tuple[Page, tuple[Question, ...], str, str | None], tuple[str, list[_Piece]]] = field(
        default_factory=dict
    )

    def page(self, page: Page, answers: Answers, *, staff: str, spoken: str | None, leads: bool = True) -> Markup:
        """The questions the page shows, with the answers given so far; without `leads` nothing stands above them."""
        shown = page_questions(self.questionnaire, page, answers)
        own = {
            question.id: typed_answer(question, answers[question.id], staff)
            for question in shown
            if answers.get(question.id) is not None
        }
        above, pieces = self._ready(page, shown, staff, self._other_language_to_read(staff, spoken))
        html = [above] if leads else []
        for piece in pieces:
            html.append(piece.blank if own.keys().isdisjoint(piece.questions) else piece.filled(own))
        return Markup("".join(html))  # noqa: S704 - every answer was escaped above

    def _ready(self, page: Page, shown: tuple[Question, ...], staff: str, say: str | None) -> tuple[str, list[_Piece]]:
        """(what stands above, the pieces) for these questions of the page."""
        key = (page, shown, staff, say)
        ready = self._plans.get(key)
        if ready is None:
            marked = not _all_optional(shown)
            pieces = [
                self._piece(page, question, revealed, staff, say, marked) for question, revealed in _nested(shown)
            ]
            ready = "".join(self._leads(shown, staff, say)), pieces
            if len(self._plans) < _MOST:
                self._plans[key] = ready
        return ready

    def again(
        self,
        form: PageForm,
        answers: Answers,
        *,
        staff: str,
        spoken: str | None,
        only: Page | None = None,
        leads: bool = True,
    ) -> Markup:
        """The page as it was typed, with what to put right beside each question; of `only` a part of it, that part."""
        errors = {name: str(field.errors[0]) for name, field in form.question_fields().items() if field.errors}
        controls = Controls(form.typed())
        return self.rendered(only or form.page, answers, controls, errors, staff=staff, spoken=spoken, leads=leads)

    def rendered(
        self,
        page: Page,
        answers: Answers,
        controls: Controls,
        errors: Mapping[str, str],
        *,
        staff: str,
        spoken: str | None,
        leads: bool = True,
    ) -> Markup:
        """The questions of the page by the macros themselves."""
        shown = page_questions(self.questionnaire, page, answers)
        say = self._other_language_to_read(staff, spoken)
        marked = not _all_optional(shown)
        html = self._leads(shown, staff, say) if leads else []
        for question, revealed in _nested(shown):
            html.append(self._macro(page, question, revealed, controls, errors, staff, say, marked))
        return Markup("").join(html)

    def wordings(self, page: Page, *, staff: str, spoken: str | None) -> Markup:
        """What is read out on the page, in the person's language when there is a wording in it."""
        say = reading_language(self.questionnaire, spoken, staff=staff)
        html = []
        for name in page.wordings:
            key = (name, staff, say)
            if key not in self._wordings:
                wording = self.questionnaire.wordings[name]
                note = self._draft(staff, say) if say in wording.text else ""
                text = self._template.wording(wording, staff, say, note)
                self._wordings[key] = Markup(text)  # noqa: S704 - a macro's own output
            html.append(self._wordings[key])
        return Markup("").join(html)

    def _leads(self, shown: tuple[Question, ...], staff: str, say: str | None) -> list[Markup]:
        """What stands above the questions: that all are optional, that a translation is a draft."""
        key = (_all_optional(shown), any(say in question.reads for question in shown), staff, say)
        if key not in self._above:
            leads = [self._template.all_optional(WORDS[staff])] if key[0] else []
            if say is not None and key[1]:
                leads.append(self._draft(staff, say))
            self._above[key] = [Markup(lead) for lead in leads]  # noqa: S704 - a macro's own output
        return list(self._above[key])

    def _draft(self, staff: str, say: str) -> str:
        """That the texts in `say` wait for a translator's check; empty when they do not."""
        if self.questionnaire.reading.get(say, ("",))[0] != "draft":
            return ""
        name = self.questionnaire.language_names.get(say, say)
        return str(self._template.draft(name, say, WORDS[staff]))

    @property
    def _template(self) -> Any:
        return self.environment.get_template(TEMPLATE).module

    def _other_language_to_read(self, staff: str, spoken: str | None) -> str | None:
        say = reading_language(self.questionnaire, spoken, staff=staff)
        return None if say == staff else say

    def _macro(
        self,
        page: Page,
        question: Question,
        revealed: Mapping[str, Question],
        controls: Controls | _Marks,
        errors: Mapping[str, str],
        staff: str,
        say: str | None,
        marked: bool,
    ) -> Markup:
        words = WORDS[staff] if marked else {**WORDS[staff], "optional": ""}
        opens, only = self._opens(page, question), self._only(page, question, staff)
        last = bool(only) and self._is_last_opened(page, question)
        html = self._template.question(question, revealed, controls, errors, staff, say, words, opens, only, last)
        return Markup(html)  # noqa: S704 - a macro's own output

    def _opens(self, page: Page, question: Question) -> frozenset[str]:
        """The answers of this question that open one after it on the page; empty if it opens none."""
        asked = (self.questionnaire.questions[name] for name in page.questions)
        opened = next((each for each in asked if opener_of(self.questionnaire, page, each) is question), None)
        return opening(question, opened) if opened is not None else frozenset()

    def _is_last_opened(self, page: Page, question: Question) -> bool:
        """Whether the next question of the page is not opened by the same one."""
        after = page.questions[page.questions.index(question.id) + 1 :][:1]
        openers = [opener_of(self.questionnaire, page, self.questionnaire.questions[name]) for name in after]
        return opener_of(self.questionnaire, page, question) not in openers

    def _only(self, page: Page, question: Question, staff: str) -> str:
        """After which answers of the question above this one is asked, in words; empty if it is always asked."""
        opener = opener_of(self.questionnaire, page, question)
        if opener is None:
            return ""
        opens = opening(opener, question)
        closes = [option for option in opener.options if option.code not in opens]
        opening_options = [option for option in opener.options if option.code in opens]
        shorter = closes if ANY_OTHER in opens or len(closes) < len(opening_options) else opening_options
        texts = WORDS[staff]["or"].join(f"“{option.text[staff]}”" for option in shorter)
        return WORDS[staff]["only_not" if shorter is closes else "only"].format(texts=texts)

    def _piece(
        self,
        page: Page,
        question: Question,
        revealed: Mapping[str, Question],
        staff: str,
        say: str | None,
        marked: bool,
    ) -> _Piece:
        names = (question.id, *(each.id for each in revealed.values()))
        key = (page, frozenset((question, *revealed.values())), staff, say, marked)
        piece = self._pieces.get(key)
        if piece is None:
            html = str(self._macro(page, question, revealed, _Marks(), NO_ERRORS, staff, say, marked))
            cut = MARK.split(html)
            texts: dict[str, dict[str, int]] = {}
            options: dict[str, dict[str, tuple[int, str]]] = {}
            for place, (kind, name, rest) in enumerate(zip(cut[1::4], cut[2::4], cut[3::4], strict=True)):
                if kind == "t":
                    texts.setdefault(name, {})[rest] = place
                else:
                    options.setdefault(name, {})[rest] = (place, " checked" if kind == "c" else " selected")
            piece = self._pieces[key] = _Piece(names, "".join(cut[::4]), tuple(cut[::4]), texts, options)
        return piece


def _all_optional(shown: tuple[Question, ...]) -> bool:
    return not any(question.required for question in shown)


def _nested(shown: tuple[Question, ...]) -> list[tuple[Question, dict[str, Question]]]:
    """The questions that stand by themselves, each with those that open under its options."""
    return [
        (question, {each.under[1]: each for each in shown if each.under is not None and each.under[0] == question.id})
        for question in shown
        if question.under is None
    ]
