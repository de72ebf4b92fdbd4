"""The way through the questionnaire: what is asked, what stays answered, what is dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NoReturn

from nrm.domain.conditions import ALWAYS, Condition
from nrm.domain.interviews.interviews import Answers, Check, Page, Question, Questionnaire, Route, chosen
from nrm.domain.interviews.understanding import asked_of_doubt, doubts

# For a child, and for a person who may be one.
CHILD_AGES = ("child", "unsure")


def route_of(questionnaire: Questionnaire, answers: Answers) -> Route:
    """The route these answers lead to: the first whose condition holds; the last one has none."""
    return next(route for route in questionnaire.routes if route.when.holds(answers))


def ended_as(questionnaire: Questionnaire, answers: Answers) -> str:
    """The outcome with which the last page of this way ends the interview; empty if it goes on to a shelter."""
    kept = settled(questionnaire, answers)
    return ends_with(questionnaire, kept) if first_incomplete(questionnaire, kept) is None else ""


def ends_with(questionnaire: Questionnaire, answers: Answers) -> str:
    """The outcome with which the way of these answers ends, once what else it asks is answered; empty if none."""
    return route_of(questionnaire, settled(questionnaire, answers)).ends


@lru_cache(maxsize=1024)
def opener_of(questionnaire: Questionnaire, page: Page, question: Question) -> Question | None:
    """The question of the same page that opens this one.

    It is closed, no list, and stands before it, with nothing between the two but what it opens by the same condition.
    """
    names = question.when.names()
    if question.id not in page.questions or question.under is not None or len(names) != 1:
        return None
    for name in reversed(page.questions[: page.questions.index(question.id)]):
        before = questionnaire.questions[name]
        if name in names:
            return before if before.closed and not before.select else None
        if before.when != question.when:
            return None
    return None


ANY_OTHER = "-"
"""Stands for a country or language that is none of the listed ones, among what opens a question."""


def opening(opener: Question, question: Question) -> frozenset[str]:
    """The answers of `opener` after which the question is asked; ANY_OTHER for one that is not listed."""
    several = opener.kind == "some_of"
    codes = [option.code for option in opener.options]
    if opener.kind in ("country", "language"):
        codes.append(ANY_OTHER)
    return frozenset(code for code in codes if question.when.holds({opener.id: [code] if several else code}))


Step = tuple[Page, Question]


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """One question with a condition, or those in a row that have none: asked together or not at all.

    `told` are those of them that a condition of the questionnaire looks at. `opener`: the question of the same page
    that must be answered first.
    """

    when: Condition
    opener: str
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
    names = _decisive(questionnaire).union(*(route.when.names() for route in questionnaire.routes))
    doubtful = any(page.after_yes for page in questionnaire.pages.values())
    return names | asked_of_doubt(questionnaire) if doubtful else names


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
        opener = opener_of(questionnaire, page, questions[0])
        yield _Group(
            questions[0].when,
            opener.id if opener is not None else "",
            questions[0].under,
            steps,
            frozenset(question.id for question in questions),
            tuple(step for step in steps if step[1].required),
            tuple(question.id for question in questions if question.id in decisive),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """Where answers lead: every question asked, with its page; the ids of all that may be answered (`asked_later` too);
    the required ones; the pages in order."""

    steps: tuple[Step, ...]
    names: frozenset[str]
    required: tuple[Step, ...]
    pages: tuple[Page, ...]


def _walk(questionnaire: Questionnaire, answers: Answers) -> _Way:
    """The way, judged only by answers that were themselves reached.

    A request goes through a hundred questions, most of which are always asked; so, for speed, it goes by groups.
    """
    telephone = questionnaire.telephone
    reached: dict[str, Any] = {telephone: answers[telephone]} if telephone in answers else {}
    steps: list[Step] = []
    names: set[str] = set()
    required: list[Step] = []
    pages: list[Page] = []
    for page, groups in _groups(questionnaire, route_of(questionnaire, answers)):
        if page.when is not ALWAYS and not page.when.holds(reached):
            continue
        if page.after_yes and doubts(questionnaire, answers):
            continue
        before = len(steps)
        for group in groups:
            if group.under is not None and not chosen(reached.get(group.under[0]), group.under[1]):
                continue
            if group.when is not ALWAYS and not group.when.holds(reached):
                continue
            if group.opener and group.opener not in reached:
                continue
            steps += group.steps
            names |= group.names
            required += group.required
            for name in group.told:
                if name in answers:
                    reached[name] = answers[name]
        if len(steps) > before:
            pages.append(page)
    return _Way(tuple(steps), frozenset(names) | asked_later(questionnaire), tuple(required), tuple(pages))


@lru_cache(maxsize=64)
def asked_later(questionnaire: Questionnaire) -> frozenset[str]:
    """The questions that the receiver asks once, and no post: they are on no way. The telephone's is on none either.

    A file or an old paper may answer them; such an answer is kept where it is given, and nobody waits for one.
    """
    later = (page for page in questionnaire.pages.values() if page.asked_by == "receiver" and not page.repeat)
    return frozenset(name for page in later for name in page.questions) | (
        {questionnaire.telephone} if questionnaire.telephone else frozenset()
    )


class Settled(dict[str, Any]):
    """Answers without those of branches that were left, and the way they lead, so that it is computed only once.

    They cannot be changed, because the way would change too.
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

    If `like`, settled before, leads the same way, that way is used and not computed again.
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
        kept = _without_closed(questionnaire, kept)
        way = _walk(questionnaire, kept)
        if kept.keys() <= way.names:
            return Settled(kept, questionnaire, way)
        kept = {name: value for name, value in kept.items() if name in way.names}


@lru_cache(maxsize=64)
def _conditional(questionnaire: Questionnaire) -> tuple[tuple[str, tuple[Condition, ...]], ...]:
    """The questions that are not always asked, each with the conditions of which one must hold."""
    found: dict[str, list[Condition]] = {}
    for page in questionnaire.pages.values():
        for name in page.questions:
            parts = tuple(each for each in (page.when, questionnaire.questions[name].when) if each is not ALWAYS)
            found.setdefault(name, []).append(Condition("and", parts=parts) if parts else ALWAYS)
    return tuple((name, tuple(whens)) for name, whens in found.items() if ALWAYS not in whens)


def _without_closed(questionnaire: Questionnaire, answers: Answers) -> Answers:
    """The answers without those that others close, wherever they are asked: they say nothing of the way."""
    kept = answers
    while True:
        closed = {
            name
            for name, whens in _conditional(questionnaire)
            if name in kept and not any(when.holds(kept) for when in whens)
        }
        if not closed:
            return kept
        kept = {name: value for name, value in kept.items() if name not in closed}


def prune(questionnaire: Questionnaire, answers: Answers) -> dict[str, Any]:
    """The settled answers as a new dict, which the caller may change."""
    return dict(settled(questionnaire, answers))


def reachable(questionnaire: Questionnaire, answers: Answers) -> tuple[Question, ...]:
    """The questions these answers lead to, in order, the home page's included."""
    return tuple(question for _, question in settled(questionnaire, answers).way.steps)


def weighed(questionnaire: Questionnaire, answers: Answers) -> tuple[Question, ...]:
    """As `reachable`, and after them what was answered already of `asked_later`: whatever can tell something."""
    kept = settled(questionnaire, answers)
    on_the_way = reachable(questionnaire, kept)
    early = asked_later(questionnaire).intersection(kept) - {question.id for question in on_the_way}
    return (*on_the_way, *(questionnaire.questions[name] for name in sorted(early)))


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
    """The journey of these answers; for the same settled answers it is computed only once."""
    kept = settled(questionnaire, answers)
    if kept.ahead is None:
        lacking = frozenset(page.id for page, question in kept.way.required if question.id not in kept)
        kept.ahead = Journey(tuple(page for page in kept.way.pages if page is not questionnaire.home), lacking)
    return kept.ahead


def pages(questionnaire: Questionnaire, answers: Answers) -> tuple[Page, ...]:
    """The pages of this journey in order, without the home page and without pages that have nothing to ask."""
    return journey(questionnaire, answers).pages


def page_questions(questionnaire: Questionnaire, page: Page, answers: Answers) -> tuple[Question, ...]:
    """The questions this page shows given the answers of earlier pages.

    Those still hidden under an option, or closed by another answer of the page, are among them. Once the rules for
    children apply they are as a child is asked.
    """
    kept = settled(questionnaire, answers)
    own = frozenset(page.questions)
    earlier = {name: value for name, value in kept.items() if name not in own}
    shown: dict[str, Question] = {}
    for name in page.questions:
        question = questionnaire.questions[name]
        if question.under:
            shows = question.under[0] in shown
        elif opener := opener_of(questionnaire, page, question):
            shows = opener.id in shown
        else:
            shows = question.when is ALWAYS or question.when.holds(earlier)
        if shows:
            shown[name] = question
    if kept.get(questionnaire.derive["age"]) not in CHILD_AGES:
        return tuple(shown.values())
    to_child = _to_child(questionnaire)
    return tuple(to_child.get(name, question) for name, question in shown.items())


@lru_cache(maxsize=64)
def _to_child(questionnaire: Questionnaire) -> Mapping[str, Question]:
    """The questions that a child is asked in other words, with those as their text."""
    questions = questionnaire.questions.values()
    return {each.id: replace(each, text={**each.text, **each.to_child}) for each in questions if each.to_child}


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


@lru_cache(maxsize=64)
def decided_anew(questionnaire: Questionnaire) -> frozenset[str]:
    """The questions that are asked again once the age is another: consent, and what the officer concludes.

    Not who the person is, nor which parties they struck out: both stay true.
    """
    age = questionnaire.derive["age"]
    return frozenset(
        name
        for name, question in questionnaire.questions.items()
        if age in question.depends_on and question.compartment != "identity" and question.kind != "parties"
    )


def set_aside(questionnaire: Questionnaire, before: Answers, after: Answers, aside: Answers) -> dict[str, Any]:
    """What was said and these answers do not ask, because the age or the haste is another now.

    `aside`: what was there already. What another answer of the same way closed is not among it.
    """
    found = dict(aside)
    if _kind_of_way(questionnaire, before) != _kind_of_way(questionnaire, after):
        steps = settled(questionnaire, after).way.steps
        still_asked = {*questionnaire.home.questions, *(question.id for _, question in steps)}
        reset = {
            name for name in still_asked if questionnaire.derive["age"] in questionnaire.questions[name].depends_on
        }
        found |= {name: value for name, value in before.items() if name not in still_asked or name in reset}
    return {name: value for name, value in found.items() if name not in after}


def _kind_of_way(questionnaire: Questionnaire, answers: Answers) -> tuple[Any, bool]:
    return answers.get(questionnaire.home.questions[0]), answers.get(questionnaire.derive["age"]) in CHILD_AGES


def taken_up(questionnaire: Questionnaire, answers: Answers, aside: Answers, page: Page) -> Settled:
    """The answers after `page` was filled in, with those that were set aside and this way asks again elsewhere."""
    left = decided_anew(questionnaire).union(page.questions, answers)
    back = {name: value for name, value in aside.items() if name not in left}
    return settled(questionnaire, {**back, **answers})


def asked(questionnaire: Questionnaire, answers: Answers) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(ids answered, ids offered and left blank) on this journey: what the procedure record keeps."""
    kept = settled(questionnaire, answers)
    names = [question.id for _, question in kept.way.steps]
    return tuple(name for name in names if name in kept), tuple(name for name in names if name not in kept)


def contradictions(questionnaire: Questionnaire, page: Page, answers: Answers) -> tuple[Check, ...]:
    """The declared inconsistencies that these answers show at a question of this page."""
    return tuple(
        check for check in questionnaire.checks if check.question in page.questions and check.when.holds(answers)
    )
