"""An interview in which everything is answered, for the example of an import file and for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nrm.domain.interviews.interviews import ALONE, Answers, Question, Questionnaire, chosen
from nrm.domain.interviews.questionnaire_flow import prune, route_of

PREFECTURE_TOWNS = ("Berat", "Durrës", "Elbasan", "Fier", "Gjirokastër", "Korçë", "Lezhë", "Shkodër", "Tiranë", "Vlorë")


TEXTS: Mapping[str, Sequence[str]] = {
    "given": ("Arta", "Besmir", "Drita", "Elira", "Fatos", "Irena", "Luan", "Mirela"),
    "family": ("Bregu", "Çela", "Deda", "Gjoni", "Hoxha", "Kola", "Marku", "Prifti"),
    "father": ("Agim", "Bujar", "Ilir", "Petrit", "Sokol"),
    "origin": PREFECTURE_TOWNS,
    "citizenship_2": ("Maqedoni e Veriut", "Kosovë"),
}


SAMPLE = ("Shembull përgjigjeje.",)


@dataclass(slots=True)
class Life:
    """One made-up person's dates, drawn once so that the answers agree with each other."""

    born: date
    left: date
    began: date
    ended: date


def example_answers(questionnaire: Questionnaire, *, today: date = date(2026, 1, 1)) -> dict[str, Any]:
    """Answers to every question one journey can reach: an adult who agrees to everything, with every reveal open.

    They do not disagree with each other: of the answers to a question, the first is taken that no warning is about.
    """
    reveals = {question.under for question in questionnaire.questions.values() if question.under}
    life = Life(date(1998, 3, 14), date(2023, 2, 10), date(2023, 5, 1), date(2024, 9, 20))
    assert life.ended < today

    def fitting(question: Question, codes: Sequence[str], earlier: Answers) -> str:
        warnings = [each for each in questionnaire.warnings if not each.at_once]
        held = {each.id for each in warnings if each.when.holds(earlier)}
        for code in codes:
            after = {**earlier, question.id: code}
            if not any(each.when.holds(after) and each.id not in held for each in warnings):
                return code
        return codes[0]

    def answer(question: Question, earlier: Answers) -> Any:
        derived = {asked: part for part, asked in questionnaire.derive.items()}.get(question.id, "")
        if question.kind == "partial_date":
            return getattr(life, {"birth": "born"}.get(derived, derived), life.left).isoformat()
        if question.kind == "number":
            return min(question.highest, 28)
        if question.kind in ("place", "short_text", "long_text"):
            return TEXTS.get(question.id, SAMPLE)[0][: question.longest]
        if question.kind == "parties":
            return []
        codes = [option.code for option in question.options]
        opening = [code for code in codes if (question.id, code) in reveals]
        if question.kind == "some_of":
            return [next(code for code in codes if code not in ALONE)] + [code for code in opening if code != codes[0]]
        if derived == "age":
            return "adult"
        if question.routing == "urgent":
            return "no"
        if question.under or question.select:
            return fitting(question, [code for code in reversed(codes) if code not in ALONE], earlier)
        return opening[0] if opening else fitting(question, codes, earlier)

    return answered_through(questionnaire, answer)


def answered_through(questionnaire: Questionnaire, answer: Callable[[Question, Answers], Any]) -> dict[str, Any]:
    """Answer question after question, each page once, following the route as it changes."""
    answers: dict[str, Any] = {}
    done: set[str] = set()
    while True:
        ahead = (questionnaire.home, *(questionnaire.pages[name] for name in route_of(questionnaire, answers).pages))
        page = next((page for page in ahead if page.id not in done and page.when.holds(answers)), None)
        if page is None:
            return prune(questionnaire, answers)
        done.add(page.id)
        for name in page.questions:
            question = questionnaire.questions[name]
            if question.under is not None and not chosen(answers.get(question.under[0]), question.under[1]):
                continue
            value = answer(question, answers) if question.when.holds(answers) else None
            if value is not None:
                answers[name] = value
