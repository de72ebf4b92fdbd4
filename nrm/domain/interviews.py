"""The standardized questionnaire and the way through it: pages, branches, what stays answered.

Answers are a JSON-able mapping from question id to value. Values by kind:

    yes_no, one_of      a code: "yes", "adult", or a code every closed question has: "dont_know", "no_answer"
    some_of             a list of codes in the questionnaire's order; ["none"], ["dont_know"], ["no_answer"] stand alone
    country, language   an ISO 3166 alpha-2 or ISO 639 code, or "dont_know", "no_answer"
    number              an int
    partial_date        "2024", "2024-03" or "2024-03-15"
    place, short_text, long_text    text in NFC
    parties             a list of the codes of parties the person struck out (the page lists them itself)

A question without an answer was not asked: that is a third thing beside "does not know" and "does not want to say".
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, NoReturn

from nrm.domain.conditions import ALWAYS, Condition

Answers = Mapping[str, Any]
Texts = Mapping[str, str]
Compartment = Literal["hand_over", "identity", "story", "fact"]
Strength = Literal["S", "M", "W", "-"]

CLOSED_KINDS = frozenset({"yes_no", "one_of", "some_of", "country", "language"})
KINDS = CLOSED_KINDS | {"number", "partial_date", "place", "short_text", "long_text", "parties"}
# One plain field may open under an option; a list of choices may not.
PLAIN_KINDS = frozenset({"number", "partial_date", "place", "short_text", "long_text", "country"})
COMPARTMENTS = frozenset({"hand_over", "identity", "story", "fact"})
UNKNOWN = ("dont_know", "no_answer")
ALONE = frozenset({"none", *UNKNOWN})


@dataclass(frozen=True, slots=True)
class Indicator:
    """An operational indicator an answer stands for (ILO/EC 2009), with its strength for adults and children."""

    id: str
    dimension: str
    adult: Strength
    child: Strength
    source: str
    weight_source: str

    def strength(self, *, child: bool) -> Strength:
        """S, M or W, or "-" where the item does not count for that age."""
        return self.child if child else self.adult


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a closed question; `gives` are coded facts it stands for, as (fact, code).

    `source` is where a sign that can be noticed at the border comes from.
    """

    code: str
    text: Texts
    indicators: tuple[Indicator, ...] = ()
    gives: tuple[tuple[str, str], ...] = ()
    group: Texts | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One question. `by` is "person" (asked aloud) or "officer" (the officer's own answer, not asked).

    `options` holds every choice in order, "none", "dont_know" and "no_answer" included. `under` is (question, option)
    of the same page. `frequent` are the codes a country or language question offers as choices. `reads` has the
    wording for the person by language, beyond the staff languages of `text`.
    """

    id: str
    kind: str
    text: Texts
    compartment: Compartment
    hint: Texts | None = None
    options: tuple[Option, ...] = ()
    when: Condition = ALWAYS
    under: tuple[str, str] | None = None
    required: bool = False
    by: Literal["person", "officer"] = "person"
    fact: str | None = None
    routing: str | None = None
    border: bool = False
    select: bool = False
    frequent: tuple[str, ...] = ()
    lowest: int = 0
    highest: int = 0
    longest: int = 0
    depends_on: frozenset[str] = frozenset()
    reads: Texts = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """Whether the answer is a code, so that it can be a statistical fact."""
        return self.kind in CLOSED_KINDS

    def option(self, code: str) -> Option | None:
        """The option with that code, or None."""
        return next((option for option in self.options if option.code == code), None)


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """A text read out to the person: versioned, by language, with who it is for."""

    id: str
    version: int
    when: Condition
    title: Texts
    text: Texts


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One page load. `questions` in order, a revealed question right after the one that reveals it."""

    id: str
    title: Texts
    questions: tuple[str, ...]
    when: Condition = ALWAYS
    wordings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A way through the questionnaire; the first route whose condition holds is the person's."""

    id: str
    when: Condition
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A closed statistical code: its values, and what "does not know" and "no answer" become."""

    name: str
    many: bool
    codes: frozenset[str]
    dont_know: str = "8"
    no_answer: str = "9"
    not_collected: str = "99"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """An inconsistency to be pointed out at `question` when `when` holds."""

    question: str
    when: Condition
    text: Texts


@dataclass(frozen=True, slots=True)
class Dimension:
    """One of the six dimensions of the indicators."""

    id: str
    text: Texts


@dataclass(frozen=True, slots=True, eq=False)
class Questionnaire:
    """The whole questionnaire, checked. `home` is answered by the button on the home page, not on a page of its own.

    `reading` is (status, translator) of each language the questions are read out in, beyond the staff languages.
    `derive` names the questions from which times and places are derived. `consent` are conditions in order.
    """

    id: str
    version: int
    title: Texts
    languages: tuple[str, ...]
    questions: Mapping[str, Question]
    pages: Mapping[str, Page]
    routes: tuple[Route, ...]
    home: Page
    wordings: Mapping[str, Wording]
    facts: Mapping[str, Fact]
    checks: tuple[Check, ...]
    dimensions: Mapping[str, Dimension]
    derive: Mapping[str, str]
    consent: tuple[tuple[str, Condition], ...]
    countries: Mapping[str, Texts]
    language_names: Mapping[str, str]
    reading: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class WordingRead:
    """Which wording was read out: `sha256` is over id, version, language and text, so that a change shows.

    `status` is draft or approved for a translation, original for a staff language.
    """

    id: str
    version: int
    language: str
    status: str
    sha256: str


def chosen(value: object, code: str) -> bool:
    """Whether a closed answer is, or contains, that code."""
    return value == code or (isinstance(value, list | tuple) and code in value)


def route_of(questionnaire: Questionnaire, answers: Answers) -> Route:
    """The route these answers lead to: the first whose condition holds; the last one has none."""
    return next(route for route in questionnaire.routes if route.when.holds(answers))


Step = tuple[Page, Question]


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """One question with a condition, or those in a row that have none: asked together or not at all.

    `told` are those of them that a condition of the questionnaire looks at.
    """

    when: Condition
    under: tuple[str, str] | None
    steps: tuple[Step, ...]
    names: frozenset[str]
    required: tuple[Step, ...]
    told: tuple[str, ...]


@lru_cache(maxsize=64)
def _decisive(questionnaire: Questionnaire) -> frozenset[str]:
    """The questions that others, or whole pages, depend on."""
    names = {name for question in questionnaire.questions.values() for name in question.depends_on}
    for page in questionnaire.pages.values():
        names |= page.when.names()
    for question in questionnaire.questions.values():
        names |= question.when.names() | ({question.under[0]} if question.under else set())
    return frozenset(names)


@lru_cache(maxsize=64)
def _leading(questionnaire: Questionnaire) -> frozenset[str]:
    """The questions whose answers the way follows from."""
    return _decisive(questionnaire).union(*(route.when.names() for route in questionnaire.routes))


@lru_cache(maxsize=64)
def _groups(questionnaire: Questionnaire, route: Route) -> tuple[tuple[Page, tuple[_Group, ...]], ...]:
    """The pages of a route in order, each with its questions in groups."""
    pages = (questionnaire.home, *(questionnaire.pages[name] for name in route.pages))
    return tuple((page, tuple(_grouped(questionnaire, page))) for page in pages)


def _grouped(questionnaire: Questionnaire, page: Page) -> Iterator[_Group]:
    together: list[list[Question]] = []
    follows = False  # whether the question before has no condition either
    for question in (questionnaire.questions[name] for name in page.questions):
        always = question.under is None and question.when is ALWAYS
        if always and follows:
            together[-1].append(question)
        else:
            together.append([question])
        follows = always
    decisive = _decisive(questionnaire)
    for questions in together:
        steps = tuple((page, question) for question in questions)
        yield _Group(
            questions[0].when,
            questions[0].under,
            steps,
            frozenset(question.id for question in questions),
            tuple(step for step in steps if step[1].required),
            tuple(question.id for question in questions if question.id in decisive),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """Where answers lead: every question asked, with its page; their ids; the required ones; the pages in order."""

    steps: tuple[Step, ...]
    names: frozenset[str]
    required: tuple[Step, ...]
    pages: tuple[Page, ...]


def _walk(questionnaire: Questionnaire, answers: Answers) -> _Way:
    """The way, judged only by answers that were themselves reached.

    A request walks past a hundred questions, most of which are asked always: so it walks from group to group.
    """
    reached: dict[str, Any] = {}
    steps: list[Step] = []
    names: set[str] = set()
    required: list[Step] = []
    pages: list[Page] = []
    for page, groups in _groups(questionnaire, route_of(questionnaire, answers)):
        if page.when is not ALWAYS and not page.when.holds(reached):
            continue
        before = len(steps)
        for group in groups:
            if group.under is not None and not chosen(reached.get(group.under[0]), group.under[1]):
                continue
            if group.when is not ALWAYS and not group.when.holds(reached):
                continue
            steps += group.steps
            names |= group.names
            required += group.required
            for name in group.told:
                if name in answers:
                    reached[name] = answers[name]
        if len(steps) > before:
            pages.append(page)
    return _Way(tuple(steps), frozenset(names), tuple(required), tuple(pages))


class Settled(dict[str, Any]):
    """Answers without those of branches that were left, with the way they lead, so that it need not be walked again.

    They cannot be changed: the way would be another one.
    """

    __slots__ = ("ahead", "questionnaire", "way")

    def __init__(self, answers: Answers, questionnaire: Questionnaire, way: _Way) -> None:
        super().__init__(answers)
        self.questionnaire = questionnaire
        self.way = way
        self.ahead: Journey | None = None

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("settled answers cannot be changed")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse


def _leads_alike(questionnaire: Questionnaire, answers: Answers, like: Settled) -> bool:
    return like.questionnaire is questionnaire and all(
        answers.get(name) == like.get(name) for name in _leading(questionnaire)
    )


def settled(questionnaire: Questionnaire, answers: Answers, *, like: Answers | None = None) -> Settled:
    """The answers without those of branches that were left, repeatedly, since one drop may cause another.

    Where `like`, settled before, leads the same way, that is not walked again.
    """
    if isinstance(answers, Settled) and answers.questionnaire is questionnaire:
        return answers
    kept, questions = answers, questionnaire.questions
    if None in answers.values() or not answers.keys() <= questions.keys():
        kept = {name: value for name, value in answers.items() if value is not None and name in questions}
    if isinstance(like, Settled) and _leads_alike(questionnaire, kept, like):
        names = like.way.names
        return Settled({name: value for name, value in kept.items() if name in names}, questionnaire, like.way)
    while True:
        way = _walk(questionnaire, kept)
        if kept.keys() <= way.names:
            return Settled(kept, questionnaire, way)
        kept = {name: value for name, value in kept.items() if name in way.names}


def prune(questionnaire: Questionnaire, answers: Answers) -> dict[str, Any]:
    """The same as answers of the caller's own, to go on with."""
    return dict(settled(questionnaire, answers))


def reachable(questionnaire: Questionnaire, answers: Answers) -> tuple[Question, ...]:
    """The questions these answers lead to, in order, the home page's included."""
    return tuple(question for _, question in settled(questionnaire, answers).way.steps)


@dataclass(frozen=True, slots=True)
class Journey:
    """The way these answers lead: its pages in order, and the ids of those that still lack a required answer.

    Without the home page and without pages that have nothing to ask.
    """

    pages: tuple[Page, ...]
    lacking: frozenset[str]

    def place(self, page: str) -> int | None:
        """Where the page stands, from 0; None when it is not on this journey."""
        return next((number for number, each in enumerate(self.pages) if each.id == page), None)

    def after(self, page: str) -> Page | None:
        """The page that follows; None after the last. Off the journey: the first page that is not complete."""
        place = self.place(page)
        if place is None:
            return next((each for each in self.pages if each.id in self.lacking), None)
        return self.pages[place + 1] if place + 1 < len(self.pages) else None


def journey(questionnaire: Questionnaire, answers: Answers) -> Journey:
    """The journey of these answers, worked out once for the same settled ones."""
    kept = settled(questionnaire, answers)
    if kept.ahead is None:
        lacking = frozenset(page.id for page, question in kept.way.required if question.id not in kept)
        kept.ahead = Journey(tuple(page for page in kept.way.pages if page is not questionnaire.home), lacking)
    return kept.ahead


def pages(questionnaire: Questionnaire, answers: Answers) -> tuple[Page, ...]:
    """The pages of this journey in order, without the home page and without pages that have nothing to ask."""
    return journey(questionnaire, answers).pages


def next_page(questionnaire: Questionnaire, answers: Answers, *, after: str) -> Page | None:
    """The page that follows `after` on this journey.

    None after the last one. When `after` is no longer on the journey, the first page that is not complete.
    """
    ahead = journey(questionnaire, answers)
    return ahead.pages[0] if after == questionnaire.home.id else ahead.after(after)


def page_questions(questionnaire: Questionnaire, page: Page, answers: Answers) -> tuple[Question, ...]:
    """The questions this page shows given the answers of earlier pages, those still hidden under an option included."""
    kept = settled(questionnaire, answers)
    own = frozenset(page.questions)
    earlier = {name: value for name, value in kept.items() if name not in own}
    shown: dict[str, Question] = {}
    for name in page.questions:
        question = questionnaire.questions[name]
        if question.under[0] in shown if question.under else (question.when is ALWAYS or question.when.holds(earlier)):
            shown[name] = question
    return tuple(shown.values())


def missing(questionnaire: Questionnaire, page: Page, answers: Answers) -> tuple[Question, ...]:
    """The questions of the page that must still be answered before it is complete."""
    kept = settled(questionnaire, answers)
    return tuple(question for asked_on, question in kept.way.required if asked_on is page and question.id not in kept)


def complete(questionnaire: Questionnaire, page: Page, answers: Answers) -> bool:
    """Whether everything the page must have is answered."""
    return not missing(questionnaire, page, answers)


def first_incomplete(questionnaire: Questionnaire, answers: Answers) -> Page | None:
    """Where a resumed interview goes on, or None when every page is complete."""
    ahead = journey(questionnaire, answers)
    return next((page for page in ahead.pages if page.id in ahead.lacking), None)


def with_page(questionnaire: Questionnaire, answers: Answers, page: Page, given: Answers) -> Settled:
    """The answers after `page` was filled in with `given`.

    What the page had before and is not given again is gone; what depended on a changed answer is reset, except on the
    page itself, where it was given together with it; branches that were left are pruned.
    """
    own = frozenset(page.questions)
    after = {name: value for name, value in answers.items() if name not in own}
    after.update((name, value) for name, value in given.items() if name in own and value is not None)
    changed = {name for name in own if answers.get(name) is not None and answers.get(name) != after.get(name)}
    if changed & _decisive(questionnaire):
        questions = questionnaire.questions
        after = {
            name: value
            for name, value in after.items()
            if name in own or (name in questions and not questions[name].depends_on & changed)
        }
    return settled(questionnaire, after, like=answers)


def asked(questionnaire: Questionnaire, answers: Answers) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(ids answered, ids offered and left blank) on this journey: what the procedure record keeps."""
    kept = settled(questionnaire, answers)
    names = [question.id for _, question in kept.way.steps]
    return tuple(name for name in names if name in kept), tuple(name for name in names if name not in kept)


@lru_cache(maxsize=64)
def language_question(questionnaire: Questionnaire) -> str:
    """The question which language the person speaks; "" where it is not asked."""
    return next((each.id for each in questionnaire.questions.values() if each.kind == "language"), "")


def reading_language(questionnaire: Questionnaire, language: str | None, *, staff: str) -> str:
    """The language the texts are read out in: the person's when there is a wording for it, else the officer's."""
    if language in questionnaire.languages or language in questionnaire.reading:
        return str(language)
    return staff


def wording_read(
    questionnaire: Questionnaire, answers: Answers, language: str, *, page: Page | None = None
) -> WordingRead | None:
    """The wording that belongs to these answers in `language`, identified for the record; None before it is known.

    Without a page it is the one about the purpose, the first that fits. A language without the wording has None: it
    was the officer's language that was read (`reading_language`).
    """
    among = questionnaire.wordings if page is None else page.wordings
    for wording in (questionnaire.wordings[name] for name in among):
        if wording.when.holds(answers) and language in wording.text:
            return _identified(questionnaire, wording, language)
    return None


@lru_cache(maxsize=256)
def _identified(questionnaire: Questionnaire, wording: Wording, language: str) -> WordingRead:
    text = unicodedata.normalize("NFC", wording.text[language])
    digest = hashlib.sha256(f"{wording.id}\n{wording.version}\n{language}\n{text}".encode()).hexdigest()
    status = questionnaire.reading.get(language, ("original", ""))[0]
    return WordingRead(wording.id, wording.version, language, status, digest)


def contradictions(questionnaire: Questionnaire, page: Page, answers: Answers) -> tuple[Check, ...]:
    """The declared inconsistencies that these answers show at a question of this page."""
    return tuple(
        check for check in questionnaire.checks if check.question in page.questions and check.when.holds(answers)
    )
