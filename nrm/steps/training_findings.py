"""One sentence of the answer to an exercise, and the comparison of the answers that were recorded (ADR 0189)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nrm.domain.documents import Words
from nrm.domain.exercises import Exercise
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.domain.words import N_, Phrase

CLASS = "citizenship_class"


@dataclass(frozen=True, slots=True)
class Differs:
    """A question that is entered otherwise: every answer that agrees, and what was entered, if anything."""

    question: str
    agree: Sequence[Any]
    entered: Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of the answer. `right`: None where it is neither; `unfinished`: there is nothing yet to be right or
    wrong; `differ`: what was entered otherwise, by `questionnaire`; `places`: by name, what the rules propose."""

    right: bool | None
    text: Phrase
    unfinished: bool = False
    compares: bool = False
    differ: Sequence[Differs] = ()
    questionnaire: Questionnaire | None = None
    places: Sequence[Words] = ()


def is_unfinished(found: Sequence[Finding]) -> bool:
    """Whether nothing was done yet that could be right or wrong."""
    return any(each.unfinished for each in found)


def answers_as_said(found: Sequence[Finding]) -> str:
    """What is kept of the comparison of the sealed answers: `yes`, `no`, or nothing where nobody could compare."""
    compared = [each.right for each in found if each.compares and each.right is not None]
    return ("yes" if all(compared) else "no") if compared else ""


def is_right(found: Sequence[Finding]) -> bool:
    """Whether nothing is wrong, and something is right."""
    return any(each.right for each in found) and all(each.right is not False for each in found)


def coded(questionnaire: Questionnaire, answers: Answers) -> dict[str, Any]:
    """The answers of an exercise by the codes of this country's questionnaire."""
    found: dict[str, Any] = {}
    for name, value in answers.items():
        options = questionnaire.questions[name].options
        by_meaning = {option.stands_for: option.code for option in options}
        if isinstance(value, str):
            found[name] = by_meaning.get(value, value)
        else:
            found[name] = [by_meaning.get(each, each) for each in value]
    return found


def compared(questionnaire: Questionnaire, exercise: Exercise, recorded: Mapping[str, Any]) -> list[Finding]:
    """Which questions were entered otherwise than the exercise says: what the person said, and apart from it what the
    officer judges. What is kept as a fact and not as an answer, and was not found among the answers, is left out."""
    options = questionnaire.questions[CLASS].options
    # Of what is kept as a fact the code of the mechanism is known.
    kept = {each.stands_for: each.code for each in options if each.stands_for not in {one.code for one in options}}
    entered = {**recorded, CLASS: kept.get(recorded.get(CLASS, ""), recorded.get(CLASS))}
    said = {name: [value] for name, value in coded(questionnaire, exercise.answers).items()}
    differ = [
        Differs(name, agree, entered.get(name))
        for name, agree in {**said, **exercise.seen}.items()
        if (questionnaire.questions[name].compartment != "fact" or name in recorded)
        and not any(_same(each, entered.get(name)) for each in agree)
    ]
    told = [each for each in differ if questionnaire.questions[each.question].by == "person"]
    judged = [each for each in differ if each not in told]
    found = []
    if told:
        words = N_("These questions are answered otherwise than the person said:")
        found.append(Finding(False, words, compares=True, differ=told, questionnaire=questionnaire))
    if judged:
        words = N_("This you enter yourself, and the exercise says that you see something else:")
        found.append(Finding(False, words, compares=True, differ=judged, questionnaire=questionnaire))
    return found or [Finding(True, N_("All answers that matter here are as the person gave them."), compares=True)]


def _same(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, list):
        return isinstance(found, list) and set(wanted) == set(found)
    if isinstance(found, str):
        return found.strip().casefold() == str(wanted).casefold()
    return bool(wanted == found)
