"""What an interview leaves behind about how it was led: codes that tell nothing of the person.

Source: National Action Plan, II.1(b)(ii): "random monitoring" of whether the procedure is known and kept.

Only questions that everybody on the same way is asked are recorded as asked. If a question depends on an answer, that
it was asked would reveal the answer (for example whether an official took part).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from nrm.domain.conditions import ALWAYS
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.domain.interviews.questionnaire_flow import asked, pages, route_of

GAPS = ("under_1", "1_5", "5_15", "over_15")
"""Minutes from one saved page to the next."""
DURATIONS = ("under_10", "10_30", "30_60", "1_3h", "over_3h")
OTHER_LANGUAGE = "other"
YES, NO = "yes", "no"
CHILD_TOLD = ("", "known", "told", "late")
"""Of a child: the authority said in time that it knows; was told and has time left; was late. Empty: no child."""

_GAP_ENDS = ((60, "under_1"), (300, "1_5"), (900, "5_15"))
_DURATION_ENDS = ((600, "under_10"), (1800, "10_30"), (3600, "30_60"), (10800, "1_3h"))
_INDICATED_KINDS = frozenset({"yes_no", "one_of", "some_of"})


@dataclass(frozen=True, slots=True)
class Procedure:
    """How one interview was led. `pages`: id of a page of the way -> a class of GAPS, empty where no time is known.

    `answers`: question id -> code, of the questions the country keeps (`Kept.questions`). `wordings`: {"id", "version",
    "language", "status", "sha256"} of each text that was read out.
    """

    route: str
    language: str
    answers: Mapping[str, str]
    wordings: tuple[Mapping[str, Any], ...]
    asked: tuple[str, ...]
    not_asked: tuple[str, ...]
    pages: Mapping[str, str]
    duration: str
    profile: str
    assessment: str
    in_time: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What a country keeps: the question of the language, closed questions about the procedure, and the hours within
    which an interview is to be sent."""

    language: str
    questions: tuple[str, ...]
    send_within: timedelta = field(default=timedelta(hours=24))


def procedure(
    questionnaire: Questionnaire,
    answers: Answers,
    kept: Kept,
    *,
    wordings: Mapping[str, Mapping[str, Any]],
    times: Mapping[str, int],
    took: timedelta,
    profile: str,
    assessment: str,
) -> Procedure:
    """The record of an interview. `times`: seconds from the beginning at which each page was last saved, empty for what
    was typed in later; `took`: from the beginning until it was sent."""
    given, blank = asked(questionnaire, answers)
    common = _asked_of_everybody(questionnaire, answers)
    language = str(answers.get(kept.language, ""))
    return Procedure(
        route=route_of(questionnaire, answers).id,
        language=language if language in (*questionnaire.languages, *questionnaire.reading) else OTHER_LANGUAGE,
        answers={name: _code(answers[name]) for name in kept.questions if name in answers},
        wordings=tuple({"id": name, **wordings[name]} for name in sorted(wordings) if name in questionnaire.wordings),
        asked=tuple(name for name in given if name in common),
        not_asked=tuple(name for name in blank if name in common),
        pages=_gaps([page.id for page in pages(questionnaire, answers)], times, took),
        duration=_class(took.total_seconds(), _DURATION_ENDS, DURATIONS[-1]) if times else "",
        profile=profile,
        assessment=assessment,
        in_time=YES if took <= kept.send_within else NO,
    )


def _asked_of_everybody(questionnaire: Questionnaire, answers: Answers) -> Collection[str]:
    """The questions of the way that depend on no answer but the one that chose the way."""
    route = route_of(questionnaire, answers)
    names = [name for page in route.pages for name in questionnaire.pages[page].questions]
    questions = questionnaire.questions
    return {name for name in names if questions[name].under is None and questions[name].when is ALWAYS}


def _code(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _gaps(journey: Iterable[str], times: Mapping[str, int], took: timedelta) -> dict[str, str]:
    """The last page of the way is saved by sending."""
    ordered = list(journey)
    saved = {page: times[page] for page in ordered if page in times}
    if saved and ordered[-1] not in saved:
        saved[ordered[-1]] = int(took.total_seconds())
    gaps = dict.fromkeys(ordered, "")
    before = 0
    for page, at in sorted(saved.items(), key=lambda item: item[1]):
        gaps[page] = _class(at - before, _GAP_ENDS, GAPS[-1])
        before = at
    return gaps


def _class(seconds: float, ends: Iterable[tuple[int, str]], last: str) -> str:
    return next((name for end, name in ends if seconds < end), last)


def child_told(due: Any, done: Any, now: Any) -> str:
    """A code of CHILD_TOLD from when the authority was to know, and when it said that it does; instants or None."""
    if done is not None:
        return "known" if due is None or done <= due else "late"
    return "told" if due is None or due >= now else "late"


def indicated(questionnaire: Questionnaire, answers: Answers) -> dict[str, Any]:
    """The coded answers of a negative screen that are kept for a while: of questions that carry indicators, and of
    facts by which something is named; no others.

    No age, gender, country, place, time or text is among them.
    """
    return {
        name: value
        for name, value in answers.items()
        if (question := questionnaire.questions.get(name)) is not None
        and question.kind in _INDICATED_KINDS
        and question.fact not in ("gender", "citizenship_class")
        and any(option.indicators or (question.fact and option.named) for option in question.options)
    }


def goes_on(day: date, days: int) -> date:
    """The day a negative screen of `day` goes: the last Monday that is not later than `days` days after it.

    A whole number of days would say on which day the interview was.
    """
    last = day + timedelta(days=days)
    return last - timedelta(days=last.weekday())
