"""The standardized questionnaire: its pages, questions, routes and wordings, and what an answer is.

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
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

from nrm.domain.conditions import ALWAYS, Condition

Answers = Mapping[str, Any]
Texts = Mapping[str, str]
Compartment = Literal["hand_over", "identity", "story", "fact"]
Strength = Literal["S", "M", "W", "-"]
Who = Literal["", "child", "everybody"]
Unsure = Literal["", "alone", "together"]
AskedBy = Literal["post", "receiver"]
Ends = Literal["", "none", "not_asked"]

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
class Help:
    """What a sign looks like, and what it does not mean: one sentence each."""

    looks: Texts
    proves_not: Texts


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a closed question; `gives` are coded facts it stands for, as (fact, code).

    `source` is where a sign that can be noticed at the border comes from, `weak` that it alone is not enough for a
    suspicion. `named`: who gives this answer names something that was done to them, beside any indicator: `everybody`,
    or `child` for a child alone. `neutral`: it names nothing. `help` is for the officer who ticks a sign. `means`: the
    code of the mechanism that it stands for in a fact and in routing, such as `home` or `capital`; empty: its own.
    """

    code: str
    text: Texts
    indicators: tuple[Indicator, ...] = ()
    gives: tuple[tuple[str, str], ...] = ()
    group: Texts | None = None
    source: str = ""
    named: Who = ""
    neutral: bool = False
    weak: bool = False
    help: Help | None = None
    means: str = ""

    @property
    def stands_for(self) -> str:
        """The mechanism's code for this answer."""
        return self.means or self.code

    @property
    def declared(self) -> bool:
        """Whether the data say what this answer means for the profile."""
        return bool(self.indicators or self.named or self.neutral)

    def names(self, *, child: bool) -> bool:
        """Whether it names something of a person of that age, whatever its indicators."""
        return self.named == "everybody" or (child and self.named == "child")


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One question. `by` is "person" (asked aloud) or "officer" (the officer's own answer, not asked).

    `options` holds every choice in order, "none", "dont_know" and "no_answer" included. `under` is (question, option)
    of the same page. `frequent` are the codes a country or language question offers as choices. `reads` has the
    wording for the person by language, beyond the staff languages of `text`; `to_child` has the text as a child is
    asked, in the languages in which a child is spoken to in another way. `named`: whose own words, whatever they
    are, name something. `acts`: the answers that stand for an act of trafficking: recruiting, transporting, keeping.
    `alarm`: the answers after which the short screen goes on; `alarm_unsure`: whether "does not know" and "will not
    answer" do so too, `alone`, or `together` with a second one. `announced_by`: the wording that
    is read out before a question that may be hard, which stands apart from the others.
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
    named: Who = ""
    alarm: frozenset[str] = frozenset()
    alarm_unsure: Unsure = ""
    acts: frozenset[str] = frozenset()
    announced_by: str = ""
    reads: Texts = field(default_factory=dict)
    to_child: Texts = field(default_factory=dict)

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
    """One page load. `questions` in order, a revealed question right after the one that reveals it.

    `asked_by`: the post, or the organisation that receives the person; the second is on no route. `summary`: the page
    shows what was answered on the pages before it. `after_yes`: it is left out where a yes would be no more than a wish
    (`understanding.doubts`). `repeat`: the questions are asked for up to so many rows, each of which is called `row`; 0
    on every other page.
    """

    id: str
    title: Texts
    questions: tuple[str, ...]
    when: Condition = ALWAYS
    wordings: tuple[str, ...] = ()
    asked_by: AskedBy = "post"
    summary: bool = False
    after_yes: bool = False
    row: Texts = field(default_factory=dict)
    repeat: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A way through the questionnaire; the first route whose condition holds is the person's.

    `ends`: its last page ends the interview with that outcome. For `none` the condition holds only if nothing said is
    an alarm (`short_screen`).
    """

    id: str
    when: Condition
    pages: tuple[str, ...]
    ends: Ends = ""


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
class AnswerWarning:
    """Answers that do not fit together, or that need an act at once. It says what to do, and never refuses anything.

    It stands at `question`. `at_once`: the page shows it as soon as that answer is ticked, so nothing is shown again.
    `numbers`: telephones of the country that it names (`police`, `ambulance`, `helpline`). `urgent`: it offers the
    urgent hand-over. Who saw a `version` is not shown it a second time.
    """

    id: str
    version: int
    question: str
    when: Condition
    text: Texts
    at_once: bool = False
    numbers: tuple[str, ...] = ()
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Dimension:
    """One of the six dimensions of the indicators."""

    id: str
    text: Texts


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """What is asked once of people who come back together: coded answers that fit all of them, and none of one person.

    `title` are those questions whose answers say which group it is.
    """

    questions: tuple[str, ...] = ()
    title: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Questionnaire:
    """The whole questionnaire, checked. `home` is answered by the button on the home page, not on a page of its own.

    `reading` is (status, translator) of each language the questions are read out in, beyond the staff languages.
    `derive` names the questions from which times and places are derived. `consent` are conditions in order.
    `language_names` are languages by their own names; `language_words` what the staff calls those of them that it
    would not know by that name. `home_country` is the country's own code (ISO 3166 alpha-2) as it stands among answers.
    `telephone`: the question that is on no page, and is answered by itself where the help line begins an interview.
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
    warnings: tuple[AnswerWarning, ...]
    dimensions: Mapping[str, Dimension]
    derive: Mapping[str, str]
    consent: tuple[tuple[str, Condition], ...]
    countries: Mapping[str, Texts]
    language_names: Mapping[str, str]
    language_words: Mapping[str, Texts]
    reading: Mapping[str, tuple[str, str]]
    group: GroupFacts = GroupFacts()
    home_country: str = ""
    telephone: str = ""


@lru_cache(maxsize=64)
def content_of(questionnaire: Questionnaire) -> str:
    """The SHA-256 of everything the questionnaire says: what is made of it is kept under this, for its id and version
    stay the same while somebody edits its file."""
    return hashlib.sha256(repr(questionnaire).encode()).hexdigest()


@lru_cache(maxsize=64)
def face_to_face(questionnaire: Questionnaire) -> Questionnaire:
    """The questionnaire without what is asked by telephone alone, as a paper has it (ADR 0282)."""
    telephone, questions = questionnaire.telephone, questionnaire.questions
    if not telephone:
        return questionnaire
    only = {telephone} | {name for name, each in questions.items() if each.when == _by_telephone(telephone)}
    only |= {name for name, each in questions.items() if each.under is not None and each.under[0] in only}
    kept = {
        name: replace(each, when=ALWAYS) if telephone in each.when.names() else each
        for name, each in questions.items()
        if name not in only
    }
    pages = {
        name: replace(page, questions=tuple(each for each in page.questions if each not in only))
        if only.intersection(page.questions)
        else page
        for name, page in questionnaire.pages.items()
    }
    home = pages[questionnaire.home.id]
    warnings = tuple(each for each in questionnaire.warnings if each.question not in only)
    return replace(questionnaire, questions=kept, pages=pages, home=home, warnings=warnings, telephone="")


def _by_telephone(telephone: str) -> Condition:
    return Condition("eq", telephone, "yes")


def telephone_conditions(telephone: str) -> tuple[Condition, Condition]:
    """What a question may say of the telephone: that it is asked by telephone alone, or in no talk by telephone."""
    by_telephone = _by_telephone(telephone)
    return by_telephone, Condition("not", parts=(by_telephone,))


def telephoned_answers(questionnaire: Questionnaire, answers: Answers) -> dict[str, Any]:
    """What was answered of what is asked by telephone alone: where the person is, and how they are reached."""
    left = face_to_face(questionnaire).questions
    return {name: value for name, value in answers.items() if name in questionnaire.questions and name not in left}


def chosen(value: object, code: str) -> bool:
    """Whether a closed answer is, or contains, that code."""
    return value == code or (isinstance(value, list | tuple) and code in value)
