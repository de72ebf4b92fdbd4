"""Which function finds the records of which report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy import Connection

from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.reports import report_list as reports
from nrm.domain.reports.counting import Codes, Row
from nrm.store.reports import care_counting, crossing_counting, decision_counting, year_counting


class Count(Protocol):
    """Finds the records of a report in the quarters from `first` to `last`, for the program alone."""

    def __call__(self, connection: Connection, first: Quarter, last: Quarter, codes: Codes, *, by: Actor) -> list[Row]:
        """`codes`: those that the country prints, by dimension. A row holds a code for each dimension and `person`."""


COUNTING: Mapping[reports.Report, Count] = {
    reports.RETURNEES: crossing_counting.returns,
    reports.EXPLOITED: crossing_counting.exploited,
    reports.WITNESSES: decision_counting.witnesses,
    reports.PERMITS: decision_counting.permits,
    reports.COMPENSATION: decision_counting.claims,
    reports.IDENTIFICATIONS: decision_counting.identifications,
    reports.REFERRALS: care_counting.referrals,
    reports.DEPENDANTS: care_counting.dependants,
    reports.SERVICES: care_counting.services,
    reports.AFTERWARDS: care_counting.followed_up,
    reports.FEEDBACK: care_counting.answered,
    reports.CHILDREN: care_counting.returned_children,
    reports.ANNUAL: year_counting.people_of_year,
}
"""How the records of each report are found. People accommodated go on from quarter to quarter: `people` finds them."""
