"""The questions of an interview page as ready markup, into which only the answers are filled.

Half of the time of a page goes into escaping texts that never change. So the macros of `interviews/questions.html`
render each question once per language pair, with marks where answers go, and the pieces are kept. The markup is written
only in the macros; they render a page with errors directly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from forms.interviews.interviews import PageForm, Typed, typed_answer
from forms.names import country_name, language_name
from nrm.domain.interviews.interviews import Answers, AnswerWarning, Page, Question, Questionnaire
from nrm.domain.interviews.paper_forms import codes, plan
from nrm.domain.interviews.questionnaire_flow import ANY_OTHER, opener_of, opening, page_questions
from nrm.domain.interviews.spoken import NO_CHOICES, Choices
from nrm.domain.interviews.wordings import reading_language
from nrm.domain.languages import QUOTED, ByLanguage, words_in

TEMPLATE = "interviews/interviews/questions.html"
MOST_BESIDE = 8
"""Of more questions than this a page shows what is read out in one language only."""
WORDS: Mapping[str, ByLanguage] = MappingProxyType(
    {
        "error": ByLanguage("Error:"),
        "optional": ByLanguage("(optional)"),
        "all_optional": ByLanguage("Every question on this page is optional."),
        "other_country": ByLanguage("Another country"),
        "other_language": ByLanguage("Another language"),
        "in_it": ByLanguage("Show this language too"),
        "draft": ByLanguage("translation not yet approved"),
        "day": ByLanguage("Day"),
        "month": ByLanguage("Month"),
        "year": ByLanguage("Year"),
        "signs": ByLanguage("What these signs look like, and what they do not mean"),
        "warning": ByLanguage("Warning:"),
        "stop": ByLanguage("Stop, go to shelter"),
        "police": ByLanguage("Police"),
        "ambulance": ByLanguage("Ambulance"),
        "helpline": ByLanguage("Help line"),
        "take": ByLanguage("Take it in Latin letters too (compare with the document):"),
        "in_lines": ByLanguage("In the lines of the document:"),
        "no_text": ByLanguage("there is no text in this language, an interpreter has to translate what stands here"),
    }
)
OR = ByLanguage("or")
ONLY = ByLanguage("Only if the answer above is %(texts)s.")
ONLY_NOT = ByLanguage("Only if the answer above is not %(texts)s.")
# A mark in prepared markup: what goes there, the question, and its option or part. NUL never occurs in a text.
MARK = re.compile("\0([cst])([a-z0-9_]+)/([^\0]*)\0")
_MOST = 512  # ways to show a page, far more than there are; a limit so that nothing can fill the memory
NO_TEXTS: Mapping[str, int] = MappingProxyType({})
NO_OPTIONS: Mapping[str, tuple[int, str]] = MappingProxyType({})
NO_ERRORS: Mapping[str, str] = MappingProxyType({})
NO_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType({"latin": {}, "in_lines_of": {}})


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
class Beside:
    """What stands beside a question in the person's language: its number on paper, and (code on paper, words) of each
    answer."""

    number: int
    options: Mapping[str, tuple[str, str]]


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
        return _without_empty("".join(read))


_PlanKey = tuple[Page, tuple[Question, ...], str, str | None, bool]


@dataclass(slots=True)
class QuestionMarkup:
    """The ready markup of one questionnaire, made at first use and kept.

    `staff` is the officer's language, `spoken` the person's; both decide which pieces are used.
    """

    environment: Environment
    questionnaire: Questionnaire
    numbers: Mapping[str, str]  # telephones of the country by what they are called in a warning
    choices: Choices = NO_CHOICES
    _pieces: dict[tuple[Page, frozenset[Question], str, str | None, bool, bool], _Piece] = field(default_factory=dict)
    _above: dict[tuple[bool, bool, str, str | None], list[Markup]] = field(default_factory=dict)
    _wordings: dict[tuple[str, str, str, bool], Markup] = field(default_factory=dict)
    _plans: dict[_PlanKey, tuple[str, list[_Piece]]] = field(default_factory=dict)

    def page(self, page: Page, answers: Answers, *, staff: str, spoken: str | None, leads: bool = True) -> Markup:
        """The questions the page shows, with the answers given so far; without `leads` nothing stands above them."""
        shown = page_questions(self.questionnaire, page, answers)
        own = {
            question.id: typed_answer(question, answers[question.id], staff)
            for question in shown
            if answers.get(question.id) is not None
        }
        say = self._other_language_to_read(staff, spoken)
        above, pieces = self._ready(page, shown, staff, say, self._is_urgent(answers))
        html = [self._no_text(page, shown, staff, spoken), above] if leads else []
        for piece in pieces:
            html.append(piece.blank if own.keys().isdisjoint(piece.questions) else piece.filled(own))
        return Markup("".join(html))  # noqa: S704 - every answer was escaped above

    def _is_urgent(self, answers: Answers) -> bool:
        """Whether the hand-over is on its way already; what is added after it has no home page."""
        home = self.questionnaire.home.questions
        return not home or answers.get(home[0]) == "yes"

    def _ready(
        self, page: Page, shown: tuple[Question, ...], staff: str, say: str | None, urgent: bool
    ) -> tuple[str, list[_Piece]]:
        """(what stands above, the pieces) for these questions of the page."""
        key = (page, shown, staff, say, urgent)
        ready = self._plans.get(key)
        if ready is None:
            marked = not _all_optional(shown)
            pieces = [
                self._piece(page, question, revealed, staff, say, marked, urgent)
                for question, revealed in _nested(shown)
            ]
            ready = "".join(self._leads(page, shown, staff, say)), pieces
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
        warnings: Sequence[AnswerWarning] = (),
        only: Page | None = None,
        leads: bool = True,
    ) -> Markup:
        """The page as it was typed, with what to put right beside each question, and warnings at theirs.

        Of `only` a part of it, that part.
        """
        errors = {name: str(field.errors[0]) for name, field in form.question_fields().items() if field.errors}
        controls = Controls(form.typed())
        return self.rendered(
            only or form.page, answers, controls, errors, staff=staff, spoken=spoken, warnings=warnings, leads=leads
        )

    def with_names(
        self,
        page: Page,
        answers: Answers,
        controls: Controls | None,
        latin: Mapping[str, str],
        in_lines: Mapping[str, str],
        *,
        staff: str,
        spoken: str | None,
    ) -> Markup:
        """The page as it was typed (without `controls`, as it was saved), with help at its names.

        `latin`: question -> the name in Latin letters; `in_lines`: question -> what the lines of a document say.
        """
        if controls is None:
            shown = page_questions(self.questionnaire, page, answers)
            saved = [each for each in shown if answers.get(each.id) is not None]
            controls = Controls({each.id: typed_answer(each, answers[each.id], staff) for each in saved})
        names = {"latin": latin, "in_lines_of": in_lines}
        return self.rendered(page, answers, controls, NO_ERRORS, staff=staff, spoken=spoken, names=names)

    def rendered(
        self,
        page: Page,
        answers: Answers,
        controls: Controls,
        errors: Mapping[str, str],
        *,
        staff: str,
        spoken: str | None,
        warnings: Sequence[AnswerWarning] = (),
        names: Mapping[str, Mapping[str, str]] = NO_NAMES,
        leads: bool = True,
    ) -> Markup:
        """The questions of the page by the macros themselves."""
        shown = page_questions(self.questionnaire, page, answers)
        say = self._other_language_to_read(staff, spoken)
        marked, urgent = not _all_optional(shown), self._is_urgent(answers)
        above = [Markup(self._no_text(page, shown, staff, spoken)), *self._leads(page, shown, staff, say)]  # noqa: S704
        html = above if leads else []
        for question, revealed in _nested(shown):
            here = [each for each in warnings if each.question in (question.id, *(q.id for q in revealed.values()))]
            html.append(
                self._macro(page, question, revealed, controls, errors, staff, say, marked, urgent, here, names)
            )
        return Markup("").join(html)

    def wordings(self, page: Page, *, staff: str, spoken: str | None) -> Markup:
        """What is read out on the page, in the person's language when there is a wording in it; in the officer's too,
        unless the page is one of many questions, and heavy already."""
        few = len(page.questions) <= MOST_BESIDE
        say = reading_language(self.questionnaire, spoken, staff=staff)
        html = [Markup(self._lacking(staff, spoken))] if page.wordings else []  # noqa: S704 - a macro's own output
        for name in page.wordings:
            key = (name, staff, say, few)
            if key not in self._wordings:
                wording = self.questionnaire.wordings[name]
                note = self._draft(staff, say) if say in wording.text else ""
                both = few and say != staff and say in wording.text
                text = self._template.wording(wording, staff, say, note, both)
                self._wordings[key] = Markup(text)  # noqa: S704 - a macro's own output
            html.append(self._wordings[key])
        return Markup("").join(html)

    def _leads(self, page: Page, shown: tuple[Question, ...], staff: str, say: str | None) -> list[Markup]:
        """What stands above the questions: that all are optional, that a translation is a draft, unless what is read
        out above says so already."""
        draft = not page.wordings and any(say in question.reads for question in shown)
        key = (_all_optional(shown), draft, staff, say)
        if key not in self._above:
            leads = [self._template.all_optional(words_in(WORDS, staff))] if key[0] else []
            if say is not None and key[1]:
                leads.append(self._draft(staff, say))
            self._above[key] = [Markup(lead) for lead in leads]  # noqa: S704 - a macro's own output
        return list(self._above[key])

    def _no_text(self, page: Page, shown: tuple[Question, ...], staff: str, spoken: str | None) -> str:
        """That the person's language has no text, where the page asks the person and reads nothing out before."""
        asks = any(question.by == "person" for question in shown)
        return self._lacking(staff, spoken) if asks and not page.wordings else ""

    def _lacking(self, staff: str, spoken: str | None) -> str:
        asked = self.questionnaire
        if not spoken or spoken in asked.languages or spoken in asked.reading:
            return ""
        words = asked.language_words.get(spoken)
        name = words[staff] if words else language_name(spoken, staff).capitalize()
        return str(self._template.no_text(name, words_in(WORDS, staff)))

    def _draft(self, staff: str, say: str) -> str:
        """That the texts in `say` wait for a translator's check; empty when they do not."""
        if self.questionnaire.reading.get(say, ("",))[0] != "draft":
            return ""
        name = self.questionnaire.language_names.get(say, say)
        return str(self._template.draft(name, say, words_in(WORDS, staff)))

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
        urgent: bool,
        warnings: Sequence[AnswerWarning] = (),
        names: Mapping[str, Mapping[str, str]] = NO_NAMES,
    ) -> Markup:
        words: dict[str, object] = {**words_in(WORDS, staff), "numbers": self.numbers, **names}
        if not marked:
            words["optional"] = ""
        if urgent:  # it is on its way already
            words["stop"] = ""
        words["warned"] = {name: [w for w in warnings if w.question == name] for name in (w.question for w in warnings)}
        declared = self.questionnaire.warnings
        words["at_once"] = {str(w.when.operand): w for w in declared if w.at_once and w.question == question.id}
        beside = self._beside(question, say)
        opens, only, last = (
            self._opens(page, question),
            self._only(page, question, staff),
            self._is_last(page, question),
        )
        wording = self.questionnaire.wordings.get(question.announced_by)
        announced = wording.text if wording is not None else None
        html = self._template.question(
            question, revealed, controls, errors, staff, say, words, opens, only, last, beside, announced
        )
        return Markup(html)  # noqa: S704 - a macro's own output

    def _beside(self, question: Question, say: str | None) -> Beside | None:
        """The question and its answers in the person's language, by the numbers of paper, card and interpreter."""
        if say is None or question.by != "person" or say not in question.reads:
            return None
        words = {
            option.code: (label, self.choices.words(question, option, say, country_name))
            for label, option in codes(question)
        }
        return Beside(plan(self.questionnaire).numbers[question.id], words)

    def _opens(self, page: Page, question: Question) -> frozenset[str]:
        """The answers of this question that open one after it on the page; empty if it opens none."""
        opened = self._opened_by(page, question)
        return opening(question, self.questionnaire.questions[opened[0]]) if opened else frozenset()

    def _opened_by(self, page: Page, opener: Question | None) -> list[str]:
        """The questions of the page that this one opens, which stand one after the other."""
        asked = [self.questionnaire.questions[name] for name in page.questions]
        return [each.id for each in asked if opener and opener_of(self.questionnaire, page, each) is opener]

    def _is_last(self, page: Page, question: Question) -> bool:
        """Whether it is the last question that the one above opens."""
        return question.id in self._opened_by(page, opener_of(self.questionnaire, page, question))[-1:]

    def _only(self, page: Page, question: Question, staff: str) -> str:
        """After which answers of the question above it and those behind it are asked, in words; empty for any other."""
        opener = opener_of(self.questionnaire, page, question)
        if opener is None or question.id != self._opened_by(page, opener)[0]:
            return ""
        opens = opening(opener, question)
        closes = [option for option in opener.options if option.code not in opens]
        opening_options = [option for option in opener.options if option.code in opens]
        shorter = closes if ANY_OTHER in opens or len(closes) < len(opening_options) else opening_options
        texts = f" {OR[staff]} ".join(QUOTED.of(staff, text=option.text[staff]) for option in shorter)
        return (ONLY_NOT if shorter is closes else ONLY).of(staff, texts=texts)

    def _piece(
        self,
        page: Page,
        question: Question,
        revealed: Mapping[str, Question],
        staff: str,
        say: str | None,
        marked: bool,
        urgent: bool,
    ) -> _Piece:
        names = (question.id, *(each.id for each in revealed.values()))
        key = (page, frozenset((question, *revealed.values())), staff, say, marked, urgent)
        piece = self._pieces.get(key)
        if piece is None:
            html = str(self._macro(page, question, revealed, _Marks(), NO_ERRORS, staff, say, marked, urgent))
            cut = MARK.split(html)
            texts: dict[str, dict[str, int]] = {}
            options: dict[str, dict[str, tuple[int, str]]] = {}
            for place, (kind, name, rest) in enumerate(zip(cut[1::4], cut[2::4], cut[3::4], strict=True)):
                if kind == "t":
                    texts.setdefault(name, {})[rest] = place
                else:
                    options.setdefault(name, {})[rest] = (place, " checked" if kind == "c" else " selected")
            piece = self._pieces[key] = _Piece(
                names, _without_empty("".join(cut[::4])), tuple(cut[::4]), texts, options
            )
        return piece


def _without_empty(html: str) -> str:
    """Without the fields' empty values, as the macros leave them out; what somebody typed has no quotation mark."""
    return html.replace(' value=""', "")


def _all_optional(shown: tuple[Question, ...]) -> bool:
    return not any(question.required for question in shown)


def _nested(shown: tuple[Question, ...]) -> list[tuple[Question, dict[str, Question]]]:
    """The questions that stand by themselves, each with those that open under its options."""
    return [
        (question, {each.under[1]: each for each in shown if each.under is not None and each.under[0] == question.id})
        for question in shown
        if question.under is None
    ]
