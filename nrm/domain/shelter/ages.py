"""From which day a person counts as an adult or as a child: rules and reports follow the date, not the first answer.

In clear stands the month in which a minor turns 18, never the day. The day is under seal, in the identity.

Decided in ADR 0070, ADR 0078, ADR 0216 and ADR 0231.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from nrm.domain.interviews.interview_findings import turns_adult
from nrm.domain.shelter.cases import ADULT_AGE

ADULT, CHILD = "adult", "child"
CONSENT_WITHIN = timedelta(days=7)
"""Within this time after somebody counts as an adult her own consent is asked."""
WORD_WAITS = timedelta(days=30)
"""So long one organisation's word that a child is an adult waits for another one's, and is shown afterwards."""
SLIP_WITHIN = timedelta(days=7)
"""So long after a case began one hand puts right what the questionnaire alone says of the age; so long after it, too, a
shelter says that it recorded an adult as a child by mistake (ADR 0255)."""
SLIP = "slip"
"""How the chain calls a word that somebody was recorded as a child by mistake."""
MONTH_ALONE_AFTER = 6
"""So many months at least lie before a month of 18 that the house enters alone. What it says of the birth may be its
own word; a wrong one makes nobody an adult before child protection, which assesses, has had half a year to see it."""
SMALL = "0-8"
"""The band of children who are years from 18."""
_CHILD_BANDS, _FIRST_ADULT_BAND, _LAST_CHILD_BAND = ("0-8", "9-17"), "18-20", "9-17"


class Kind(StrEnum):
    """What an entry says."""

    MONTH = "month"  # in which the person turns 18
    BIRTHDAY = "birthday"
    ASSESSED = "assessed"


class Word(StrEnum):
    """What somebody says, or said, of a child who is to count as an adult."""

    SAID = "said"
    AGREED = "agreed"
    NO = "no"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Told:
    """What is known when somebody says that a child is 18 or over. `by_house`: a shelter opened the case itself, and
    wrote down the age; `said`: somebody recorded an age or a month since then; `undoes`: the asker turned an adult into
    a child today, by a slip; `recorded`: child protection recorded something; `not_safe`: the child is not safe, or
    missing; `first`: the first day of the case."""

    age_class: str
    band: str
    month: date | None
    by_house: bool
    said: bool
    undoes: bool
    recorded: bool
    not_safe: bool
    first: date


class AgeRefusal(StrEnum):
    """Why an age is not recorded."""

    STATE = "state"  # somebody was faster
    MONTH = "month"
    OVER = "over"  # a month that is over: the child authority assesses the age
    FAR = "far"
    ADULT = "adult"
    CONTRADICTS = "contradicts"  # the day of birth under seal
    UNKNOWN = "unknown"  # nothing under seal says when the person was born: the age is assessed
    OPEN_FIRST = "open_first"
    NOT_YET = "not_yet"
    SAME = "same"
    WAITS = "waits"  # somebody said so already
    SAID_NO = "said_no"  # another organisation did not agree, within the last 30 days
    NO_WORD = "no_word"  # nobody's word waits
    OTHER = "other"  # somebody of another organisation agrees
    BROUGHT = "brought"  # a month that makes an adult at once
    DAY = "day"
    SURE_CHILD = "sure_child"  # an adult becomes a child: asked about once
    SURE_ADULT = "sure_adult"  # the other way round, at once
    NO_SLIP = "no_slip"  # the shelter made no child of an adult within seven days


class AgeRefused(Exception):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: AgeRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Change:
    """From `on` on the person counts as `age_class`, and before that as `was`."""

    on: date
    age_class: str
    was: str


Born = tuple[date, date]
"""The first and the last day on which somebody can be born, by what is known."""


def class_on(now: str, changes: Iterable[Change], day: date) -> str:
    """As what the person counts on that day; `changes` in the order in which they were recorded, `now`: after them."""
    found = list(changes)
    for each in reversed(found):
        if each.on <= day:
            return each.age_class
    return found[0].was if found else now


def band_on(band: str, age_class: str) -> str:
    """The age band as it is printed for somebody who counts as `age_class` on the day in question."""
    if age_class == ADULT and band in _CHILD_BANDS:
        return _FIRST_ADULT_BAND
    if age_class == CHILD and band[:1].isdigit() and band not in _CHILD_BANDS:
        return _LAST_CHILD_BAND
    return band


def after(month: date) -> date:
    """The first day of the month that follows."""
    return (month + timedelta(days=31)).replace(day=1)


def has_begun(month: date, today: date) -> bool:
    """Whether the task is open: from the first day of the month on."""
    return today >= month


def check_month(month: date, *, age_class: str, born: Born | None, today: date) -> None:
    """Raise AgeRefused unless a minor turns 18 in this month, by what the identity says of the day of birth.

    Where it says nothing the shelter alone would make an adult with any month, and so open the child gate.
    """
    if age_class == ADULT:
        raise AgeRefused(AgeRefusal.ADULT)
    if month < today.replace(day=1):
        raise AgeRefused(AgeRefusal.OVER)
    if month.year > today.year + ADULT_AGE:
        raise AgeRefused(AgeRefusal.FAR)
    if born is None:
        raise AgeRefused(AgeRefusal.UNKNOWN)
    if not turns_adult(born[0]).replace(day=1) <= month <= turns_adult(born[1]):
        raise AgeRefused(AgeRefusal.CONTRADICTS)


def sure_from(month: date, born: Born | None) -> date:
    """The first day on which somebody who turns 18 in this month surely is: where the day is not known, the first day
    after the month."""
    return after(month) if born is None else max(month, min(after(month), turns_adult(born[1])))


def check_turned(month: date | None, *, age_class: str, born: Born | None, today: date) -> None:
    """Raise AgeRefused before the day on which the person surely is 18 (`sure_from`)."""
    if age_class == ADULT:
        raise AgeRefused(AgeRefusal.ADULT)
    if month is None or today < sure_from(month, born):
        raise AgeRefused(AgeRefusal.NOT_YET)


def assessable(now: str, *, holds: bool) -> tuple[str, ...]:
    """As what somebody who counts as `now` may be assessed. The shelter alone (`holds`) makes nobody an adult."""
    return tuple(each for each in ((CHILD,) if holds else (ADULT, CHILD)) if each != now)


def check_assessed(now: str, age_class: str, *, on: date, first: date, today: date) -> None:
    """Raise AgeRefused for an assessment that changes nothing, or of a day that is not between `first` and today."""
    if age_class == now:
        raise AgeRefused(AgeRefusal.SAME)
    if not first <= on <= today:
        raise AgeRefused(AgeRefusal.DAY)


def needs_two(told: Told, *, today: date) -> bool:
    """Whether two people of two organisations say that this child is 18 or over: not once the recorded month is over
    (ADR 0249), nor while nothing but the questionnaire speaks against it. In that month the person is a child until the
    day, which the house records from what is under seal (`check_turned`)."""
    if told.month is not None and today >= after(told.month):
        return False
    if told.recorded or told.not_safe:
        return True
    if told.said:
        return not told.undoes
    return told.age_class == CHILD and (told.by_house or told.band == SMALL or today - told.first > SLIP_WITHIN)


def month_needs_another(month: date, before: date | None, *, today: date) -> bool:
    """Whether a month of 18 that the house enters counts only once somebody of another organisation agrees: it comes
    soon, and no month was recorded that is not later (`before`)."""
    if before is not None and before <= month:
        return False
    return 12 * (month.year - today.year) + month.month - today.month < MONTH_ALONE_AFTER


def check_brought_forward(month: date, before: date | None, *, today: date) -> None:
    """Raise AgeRefused for a month that makes an adult at once of whom a later one was recorded (`before`)."""
    if before is not None and has_begun(month, today) and not has_begun(before, today):
        raise AgeRefused(AgeRefusal.BROUGHT)
