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


class AnsweredAlready(Exception):
    """An answer is given once; the quarter may be closed with it at any moment."""


class NothingToAnswer(Exception):
    """The quarter is not over, or is closed."""


@dataclass(frozen=True, slots=True)
class Part:
    """One contributor's part of one quarter; no answer yet: both None. `code` and `names` are the organisation's."""

    code: str
    kind: OrganisationKind
    names: Mapping[str, str]
    answer: Answer | None = None
    answered_at: datetime | None = None


def silent(parts: tuple[Part, ...], report: Report) -> tuple[str, ...]:
    """The codes of those of a report's contributors who said that they do not report, or said nothing."""
    return tuple(
        sorted(part.code for part in parts if part.kind in report.contributors and part.answer is not Answer.CONFIRMED)
    )


def check_parts(parts: tuple[Part, ...], quarter: Quarter, *, days: int, today: date) -> None:
    """Raise PartsOutstanding while an answer is missing, until the day on which the report is due."""
    waiting = tuple(sorted(part.code for part in parts if part.answer is None))
    if waiting and today < due_on(quarter, days):
        raise PartsOutstanding(waiting)
