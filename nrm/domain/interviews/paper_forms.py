"""The questionnaire on paper: its numbers, the order of its questions, its gates in words, the codes of its answers.

A paper number cannot be guessed, and a typing error does not make another valid number. It is built like a pseudonym,
but its check character follows another rule, so that the two cannot be confused.

Decided in ADR 0027.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from nrm.domain.conditions import ALWAYS, Condition
from nrm.domain.interviews.answers import unacceptable
from nrm.domain.interviews.interviews import Option, Page, Question, Questionnaire, Route, face_to_face
from nrm.domain.interviews.questionnaire_flow import route_of
from nrm.domain.interviews.short_screen import SCREENED, goes_on, questions_of, screen_of
from nrm.domain.languages import QUOTED, ByLanguage
from nrm.domain.shelter.cases import ALPHABET, MistypedPseudonym, new_pseudonym, parse_pseudonym

MOST_AT_ONCE = 5
OLDEST = timedelta(days=30)
"""How long after the talk a paper may still be typed in: the quarter it belongs to is counted soon after."""

COMMON_CODES: Mapping[str, str] = MappingProxyType({"none": "0", "dont_know": "88", "no_answer": "89"})
"""On every paper the same: none of these, does not know, will not answer (8 and 9 in the coded facts)."""

_SEPARATORS = "-‐‑‒–—_. \t\r\n\u00a0"
_SPLIT = re.compile(r"[,;.\s]+")


class MistypedNumber(ValueError):
    """The argument says how: `length`, `character` or `check`; never the text itself."""


class PaperRefusal(StrEnum):
    """Why a paper cannot be typed in."""

    NOT_ISSUED = "not_issued"
    USED = "used"
    KEYED = "keyed"
    FUTURE = "future"
    TOO_OLD = "too_old"
    BEFORE_PRINT = "before_print"


class PaperRefused(Exception):
    """A paper cannot be typed in; `reason` says why.

    `pseudonym`: of the person it led to, where the asker's post may know it.
    """

    def __init__(self, reason: PaperRefusal, pseudonym: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.pseudonym = pseudonym


def new_number(random_bytes: bytes) -> str:
    """A paper number such as `K7Q-M4T-2XA` from at least 16 random bytes (fewer: ValueError)."""
    symbols = new_pseudonym(random_bytes).replace("-", "")
    return _written(symbols[:-1] + _shifted(symbols[-1], 1))


def parse_number(text: str) -> str:
    """The number in its usual form; case, spaces and dashes may be typed freely. Raises MistypedNumber."""
    typed = text.strip(_SEPARATORS)
    if not typed:
        raise MistypedNumber("length")
    last = typed[-1].upper()
    if last not in ALPHABET:
        raise MistypedNumber("character")
    try:
        symbols = parse_pseudonym(typed[:-1] + _shifted(last, -1)).replace("-", "")
    except MistypedPseudonym as error:
        raise MistypedNumber(str(error)) from None
    return _written(symbols[:-1] + last)


def _shifted(symbol: str, by: int) -> str:
    return ALPHABET[(ALPHABET.index(symbol) + by) % len(ALPHABET)]


def _written(symbols: str) -> str:
    return "-".join(symbols[place : place + 3] for place in range(0, len(symbols), 3))


def check_time(at: datetime, printed_at: datetime, now: datetime) -> None:
    """Raise PaperRefused unless the talk was after the paper was printed, not in the future and not too long ago."""
    if at > now:
        raise PaperRefused(PaperRefusal.FUTURE)
    if at < now - OLDEST:
        raise PaperRefused(PaperRefusal.TOO_OLD)
    if at < printed_at.replace(second=0, microsecond=0):
        raise PaperRefused(PaperRefusal.BEFORE_PRINT)


# -- the order of the paper


@dataclass(frozen=True, slots=True)
class Step:
    """Questions to answer one after another, as ranges of numbers; `when`: only if that holds."""

    when: Condition
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Gate:
    """The note under a question: if `when` holds, continue with these steps and with nothing else.

    `route`: the way it leads to; one that ends the interview has no steps.
    """

    when: Condition
    steps: tuple[Step, ...]
    route: Route


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and the questions that stand under it for the first time.

    `usual`: on the usual way, which `ends` with the last of these; the others are reached through a gate alone.
    """

    page: Page
    questions: tuple[Question, ...]
    usual: bool
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole paper. `numbers` are those of the questions, from 1, in the paper's order."""

    questionnaire: Questionnaire
    parts: tuple[Part, ...]
    numbers: Mapping[str, int]
    gates: Mapping[str, tuple[Gate, ...]]

    @property
    def questions(self) -> Iterator[Question]:
        """Every question once, in the paper's order."""
        return (question for part in self.parts for question in part.questions)


@lru_cache(maxsize=16)
def plan(questionnaire: Questionnaire) -> Plan:
    """The paper of a questionnaire: the usual way first, then what only the other ways ask, the last one first.

    The usual way is the last route, which has no condition. A question that several pages ask stands on the paper once.
    What is asked by telephone alone stands on none.
    """
    questionnaire = face_to_face(questionnaire)
    usual, others = questionnaire.routes[-1], questionnaire.routes[-2::-1]
    parts: list[Part] = []
    numbers: dict[str, int] = {}
    for page in _pages(questionnaire, (usual, *others)):
        new = [questionnaire.questions[name] for name in page.questions if name not in numbers]
        for question in new:
            numbers[question.id] = len(numbers) + 1
        if new:
            is_usual = page is questionnaire.home or page.id in usual.pages
            parts.append(Part(page, tuple(new), is_usual, page.id == usual.pages[-1]))
    found = Plan(questionnaire, tuple(parts), MappingProxyType(numbers), MappingProxyType({}))
    return replace(found, gates=MappingProxyType(_gates(found, questionnaire.routes[:-1])))


LAYOUTS = ("long", "urgent", "screen")
"""The whole interview; the urgent way on one side; the short screen of ten people on one side."""
PEOPLE_ON_ONE = 10
SHARED = frozenset({"language", "interpreter", "citizenship_class", "returned_from", "return_manner", "announced"})
"""What is the same for people who come back together."""


def parts_of(paper: Plan, layout: str) -> tuple[Part, ...]:
    """What stands on a paper of that layout."""
    asked = paper.questionnaire
    if layout == "long":
        return paper.parts
    pages = screen_of(asked)
    if layout == "urgent":
        names = route_of(asked, {asked.home.questions[0]: "yes"}).pages
        pages = (asked.home, *(asked.pages[name] for name in names))
    seen: set[str] = set()
    parts: list[Part] = []
    for page in pages:
        new = tuple(asked.questions[name] for name in page.questions if name not in seen)
        seen.update(page.questions)
        if new:
            parts.append(Part(page, new, usual=True))
    return tuple(parts)


def page_words(paper: Plan, page: Page, language: str) -> str:
    """In which case the page is asked at all; empty if always."""
    if page.when is ALWAYS:
        return ""
    return WORDS["asked"].of(language, condition=condition_words(paper, page.when, language))


def _pages(questionnaire: Questionnaire, routes: Iterable[Route]) -> Iterator[Page]:
    names = dict.fromkeys(name for route in routes for name in route.pages)
    yield from (questionnaire.home, *(questionnaire.pages[name] for name in names))


def _gates(paper: Plan, others: Sequence[Route]) -> dict[str, tuple[Gate, ...]]:
    """Where another way begins: under the last question its condition looks at."""
    gates: dict[str, tuple[Gate, ...]] = {}
    for route in others:
        for when in route.when.parts if route.when.operator == "or" else (route.when,):
            here = max(when.names(), key=lambda name: paper.numbers[name])
            gates[here] = (*gates.get(here, ()), Gate(when, _steps(paper, route, paper.numbers[here]), route))
    return gates


def _steps(paper: Plan, route: Route, after: int) -> tuple[Step, ...]:
    steps: list[Step] = []
    done: set[int] = set()
    for name in route.pages:
        page = paper.questionnaire.pages[name]
        numbers = [paper.numbers[each] for each in page.questions]
        new = [number for number in numbers if number > after and (number not in done or page.when is not ALWAYS)]
        done.update(new)
        if new and steps and steps[-1].when is page.when:
            steps[-1] = Step(page.when, _ranges([*_each(steps[-1].ranges), *new]))
        elif new:
            steps.append(Step(page.when, _ranges(new)))
    return tuple(steps)


def _each(ranges: Iterable[tuple[int, int]]) -> Iterator[int]:
    for first, last in ranges:
        yield from range(first, last + 1)


def _ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """The numbers in their order, neighbours that follow each other drawn together."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] + 1 == number:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


# -- in words

WORDS: Mapping[str, ByLanguage] = MappingProxyType(
    {
        "eq": ByLanguage("%(number)s is %(texts)s"),
        "in": ByLanguage("%(number)s is %(texts)s"),
        "has": ByLanguage("%(number)s has %(texts)s"),
        "lt": ByLanguage("%(number)s is less than %(texts)s"),
        "not": ByLanguage("%(number)s is not %(texts)s"),
        "not_so": ByLanguage("it is not so that %(texts)s"),
        "or": ByLanguage("or"),
        "and": ByLanguage("and"),
        "only": ByLanguage("only if %(condition)s: %(ranges)s"),
        "then": ByLanguage("then"),
        "gate": ByLanguage("If %(condition)s, go on only with %(steps)s."),
        "asked": ByLanguage("Only if %(condition)s."),
        "ends": ByLanguage("If %(condition)s, stop here: give the leaflet."),
        "calm": ByLanguage(
            "Stop here and give the leaflet, but only if all of %(numbers)s were answered and none of "
            "these holds: %(alarms)s; “does not know” or “will not answer” in %(alone)s, or in two of "
            "%(together)s; anything else that names or shows violence, danger or exploitation: "
            "%(others)s. Otherwise go on."
        ),
    }
)


def condition_words(paper: Plan, condition: Condition, language: str) -> str:
    """A condition as a tired reader needs it: `12 is “Under 18” or “Not sure”`."""
    if condition.operator in ("and", "or"):
        return f" {WORDS[condition.operator][language]} ".join(
            condition_words(paper, part, language) for part in condition.parts
        )
    if condition.operator == "not":
        inner = condition.parts[0]
        if inner.operator in ("eq", "in", "has"):
            return WORDS["not"].of(language, number=paper.numbers[inner.name], texts=_texts(paper, inner, language))
        return WORDS["not_so"].of(language, texts=condition_words(paper, inner, language))
    return WORDS[condition.operator].of(
        language, number=paper.numbers[condition.name], texts=_texts(paper, condition, language)
    )


def _texts(paper: Plan, comparison: Condition, language: str) -> str:
    question, operand = paper.questionnaire.questions[comparison.name], comparison.operand
    if not isinstance(operand, str | frozenset):
        return str(operand)
    wanted = operand if isinstance(operand, frozenset) else {operand}
    said = [QUOTED.of(language, text=option.text[language]) for option in question.options if option.code in wanted]
    return f" {WORDS['or'][language]} ".join(said)


def gate_words(paper: Plan, gate: Gate, language: str) -> str:
    """`If 12 is “Under 18”, go on only with 13–22; then only if ...: 80.`"""
    if gate.route.ends == SCREENED:
        return _calm_words(paper, gate.route, language)
    if gate.route.ends:
        return WORDS["ends"].of(language, condition=condition_words(paper, gate.when, language))
    steps = f"; {WORDS['then'][language]} ".join(_step(paper, step, language) for step in gate.steps)
    return WORDS["gate"].of(language, condition=condition_words(paper, gate.when, language), steps=steps)


def _calm_words(paper: Plan, route: Route, language: str) -> str:
    """When the short screen ends: which answers are an alarm, by the numbers and codes of the paper."""
    asked = questions_of(paper.questionnaire, route)
    labels = {(question.id, option.code): label for question in asked for label, option in codes(question)}

    def numbers(questions: Iterable[Question]) -> str:
        return ", ".join(str(paper.numbers[each.id]) for each in questions)

    def answers(question: Question, chosen: Iterable[str]) -> str:
        return f"{paper.numbers[question.id]}: {', '.join(labels[question.id, code] for code in chosen)}"

    six = [question for question in asked if question.alarm]
    rest = {
        question.id: [option.code for option in question.options if goes_on(question, option)]
        for question in asked
        if not question.alarm
    }
    return WORDS["calm"].of(
        language,
        numbers=numbers(six),
        alarms="; ".join(answers(question, sorted(question.alarm)) for question in six),
        alone=numbers(question for question in six if question.alarm_unsure == "alone"),
        together=numbers(question for question in six if question.alarm_unsure == "together"),
        others="; ".join(answers(question, rest[question.id]) for question in asked if rest.get(question.id)),
    )


def only_words(paper: Plan, question: Question, language: str) -> str:
    """After which answers before it a question of the usual way is asked; empty for what is always asked."""
    usual = paper.questionnaire.routes[-1].pages
    pages = [paper.questionnaire.pages[name] for name in usual]
    page = next((each for each in pages if question.id in each.questions), None)
    whens = [each for each in (page.when if page else ALWAYS, question.when) if each is not ALWAYS]
    if not whens:
        return ""
    condition = whens[0] if len(whens) == 1 else Condition("and", parts=tuple(whens))
    return WORDS["asked"].of(language, condition=condition_words(paper, condition, language))


def _step(paper: Plan, step: Step, language: str) -> str:
    ranges = ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in step.ranges)
    if step.when is ALWAYS:
        return ranges
    condition = condition_words(paper, step.when, language)
    return WORDS["only"].of(language, condition=condition, ranges=ranges)


# -- the codes of the answers


def codes(question: Question) -> tuple[tuple[str, Option], ...]:
    """(what stands in front of it, option) of a closed question, in order.

    Options are counted from 1; those that are numbers already (how many children) keep them.
    """
    own = [option for option in question.options if option.code not in COMMON_CODES]
    counted = bool(own) and all(option.code[:1].isdigit() for option in own)
    labels = {option.code: option.code if counted else str(place) for place, option in enumerate(own, start=1)}
    return tuple((labels.get(option.code) or COMMON_CODES[option.code], option) for option in question.options)


def typed_codes(question: Question, text: str) -> list[str]:
    """The options whose codes were typed, separated by commas or spaces; raises UnacceptableAnswer."""
    by_label = {label: option.code for label, option in codes(question)}
    found: list[str] = []
    for label in _SPLIT.split(text.strip()):
        if not label:
            continue
        if label not in by_label:
            raise unacceptable("choose_listed", question)
        if by_label[label] not in found:
            found.append(by_label[label])
    return found


def labels_of(question: Question, value: object) -> str:
    """What would have been typed for this answer."""
    labels = {option.code: label for label, option in codes(question)}
    chosen = value if isinstance(value, list | tuple) else [value]
    return ", ".join(labels.get(str(code), str(code)) for code in chosen)
