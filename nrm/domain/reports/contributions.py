"""Who contributes to which report, and what they say of their part of a quarter before it is closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.quarters import Quarter
from nrm.domain.reports.report_list import COUNTED, Report
from nrm.domain.reports.reports import CannotClose, due_on


class Answer(StrEnum):
    """`confirmed`: everything that happened until the last day is entered. `no_report`: it will not be entered."""

    CONFIRMED = "confirmed"
    NO_REPORT = "no_report"


CONTRIBUTING: frozenset[OrganisationKind] = frozenset().union(*(report.contributors for report in COUNTED))
"""Who contributes to some report."""


class PartsOutstanding(CannotClose):
    """Contributors (`codes`) have not answered, and their last day to answer is not over."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        super().__init__(", ".join(codes))
        self.codes = codes


class SilenceUnconfirmed(CannotClose):
    """Contributors (`codes`) are silent, and no second office has confirmed that the quarter is closed without them."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        super().__init__(", ".join(codes))
        self.codes = codes


class AnsweredAlready(Exception):
    """An answer is given once; the quarter may be closed with it at any moment."""


class NothingToAnswer(Exception):
    """The quarter is not over, or is closed."""


@dataclass(frozen=True, slots=True)
class Without:
    """A closing without a silent contributor: a statistician asked for it, and a second office may have confirmed it.

    `office`: the code of that office; with `confirmed_at`, or neither.
    """

    office: str = ""
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One contributor's part of one quarter; no answer yet: both None. `code` and `names` are the organisation's.

    `without`: of one that is silent, whether the quarter is to be closed without it.
    """

    code: str
    kind: OrganisationKind
    names: Mapping[str, str]
    answer: Answer | None = None
    answered_at: datetime | None = None
    without: Without | None = None


def silent(parts: tuple[Part, ...], report: Report) -> tuple[str, ...]:
    """The codes of those of a report's contributors who said that they do not report, or said nothing."""
    return tuple(
        sorted(part.code for part in parts if part.kind in report.contributors and part.answer is not Answer.CONFIRMED)
    )


def check_parts(parts: tuple[Part, ...], quarter: Quarter, *, days: int, today: date) -> None:
    """Raise PartsOutstanding while an answer is missing, until the day on which the report is due.

    From that day on raise SilenceUnconfirmed until a second office has confirmed each silence (ADR 0082): one office
    alone must not decide that a quarter is told without somebody.
    """
    waiting = tuple(sorted(part.code for part in parts if part.answer is None))
    if waiting and today < due_on(quarter, days):
        raise PartsOutstanding(waiting)
    if unconfirmed := tuple(sorted(part.code for part in parts if is_unconfirmed(part))):
        raise SilenceUnconfirmed(unconfirmed)


def is_unconfirmed(part: Part) -> bool:
    """Whether the contributor is silent, and nobody has confirmed a closing without it."""
    return part.answer is None and (part.without is None or part.without.confirmed_at is None)


def confirmations(parts: tuple[Part, ...], report: Report) -> tuple[tuple[str, datetime], ...]:
    """(office, when) of each confirmation that a report is made without some of its contributors."""
    found = {
        (part.without.office, part.without.confirmed_at)
        for part in parts
        if part.kind in report.contributors and part.answer is None and part.without and part.without.confirmed_at
    }
    return tuple(sorted(found))
