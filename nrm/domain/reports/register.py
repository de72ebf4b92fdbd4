"""The register of the Revised Statistical Reporting Requirements (Action Plan 2005-2007): what is due, from whom, when.

A requirement is answered by a sealed release that the system makes itself, or by tables its agencies file. A table is
a matrix: dimensions crossed down the side, one dimension across, and the sums that must hold.

Decided in ADR 0034.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import product
from types import MappingProxyType

from nrm.domain.quarters import Quarter

Words = Mapping[str, str]
"""Language code -> text."""

QUARTERS_BACK = 4
"""How many quarters that have ended can be filed for and are called late; older ones are history."""


class Answer(StrEnum):
    """What an agency says of one table of one quarter. The last three are three different things.

    `figures`: a number for each cell. `zero`: looked, and there was nothing. `no_report`: nobody looked, or the figures
    are not at hand. `not_applicable`: the question does not arise, in this quarter, for this agency.
    """

    FIGURES = "figures"
    ZERO = "zero"
    NO_REPORT = "no_report"
    NOT_APPLICABLE = "not_applicable"


class State(StrEnum):
    """The state of a table of a quarter, for everybody who sees the register."""

    FILED = "filed"
    ZERO = "zero"
    NO_REPORT = "no_report"
    NOT_APPLICABLE = "not_applicable"
    DUE = "due"
    LATE = "late"


class QuarterIsClosed(Exception):
    """The joint report of the quarter is made, or the figures of the table are published: nothing is filed any more."""


class NotOverYet(Exception):
    """The quarter has not ended, or lies too far back to be filed for."""


class FiledMeanwhile(Exception):
    """Somebody of the agency filed this table since the page was shown."""


class JointTooEarly(Exception):
    """Tables are outstanding and their day has not passed, or a release is not sealed; `names` says which."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class JointMade(Exception):
    """There is one joint report of a quarter, and it is made."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A dimension of a matrix: its members in their order, by their code."""

    code: str
    names: Words
    members: Mapping[str, Words]


@dataclass(frozen=True, slots=True)
class Rule:
    """Of every line of a matrix: the column `whole` is at least the sum of the columns `parts`."""

    whole: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """Lines of a matrix that are filed as one, with words of its own: whoever belongs into `lines` counts in `line`."""

    line: str
    lines: tuple[str, ...]
    names: Words


@dataclass(frozen=True)
class Matrix:
    """One table that an agency files; never changes while an instance runs.

    `totals` holds "rows" when the rows of a column add up to the last line, "columns" when a line adds up to its last
    column. `rules` hold in every line, unless the agency says why not, by one of the register's `reasons`. `joined`
    lines are filed as one (ADR 0088).
    """

    code: str
    requirement: int
    names: Words
    counted: Words
    filed_by: str
    rows: tuple[Axis, ...]
    columns: Axis
    totals: frozenset[str]
    rules: tuple[Rule, ...]
    protected: bool
    due_after_days: int
    joined: tuple[Joined, ...] = ()

    @cached_property
    def lines(self) -> Mapping[str, tuple[Words, ...]]:
        """The words of each line that is filed, by its code."""
        within = {line for each in self.joined for line in each.lines}
        named = {each.line: (each.names,) for each in self.joined}
        return MappingProxyType(
            {line: named.get(line, words) for line, words in self.combinations.items() if line not in within}
        )

    @cached_property
    def combinations(self) -> Mapping[str, tuple[Words, ...]]:
        """The words of each combination down the side by its code: the codes of its members, joined by `/`."""
        return MappingProxyType(
            {
                "/".join(code for code, _ in each): tuple(words for _, words in each)
                for each in product(*(axis.members.items() for axis in self.rows))
            }
        )

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Codes of the dimensions, the one across last."""
        return (*(axis.code for axis in self.rows), self.columns.code)

    def due_on(self, quarter: Quarter) -> date:
        """The last day on which it is in time."""
        return quarter.end + timedelta(days=self.due_after_days)

    def days_late(self, quarter: Quarter, today: date) -> int:
        """How many days it is late if it is not filed; 0 while it is not."""
        return max(0, (today - self.due_on(quarter)).days)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of the Plan; `release` names the report that answers it, else `tables` are filed."""

    number: int
    section: str
    names: Words
    lead: str
    contributing: tuple[str, ...]
    release: str | None
    tables: tuple[Matrix, ...]


@dataclass(frozen=True)
class Register:
    """All requirements, by number; and the reasons an agency may give for figures that break a rule, by their code."""

    requirements: tuple[Requirement, ...]
    reasons: Mapping[str, Words] = field(default_factory=dict)

    @cached_property
    def tables(self) -> Mapping[str, Matrix]:
        """Every table that is filed, by its code."""
        return MappingProxyType({table.code: table for each in self.requirements for table in each.tables})

    @cached_property
    def agencies(self) -> frozenset[str]:
        """Codes of the organisations that file something."""
        return frozenset(table.filed_by for table in self.tables.values())

    def of(self, agency: str) -> tuple[Matrix, ...]:
        """The tables one agency files."""
        return tuple(table for table in self.tables.values() if table.filed_by == agency)

    @cached_property
    def protected(self) -> frozenset[str]:
        """Codes of the tables about victims and children: reports of their own."""
        return frozenset(code for code, table in self.tables.items() if table.protected)


def open_quarters(today: date, since: Quarter, *, closed: Quarter | None = None) -> Sequence[Quarter]:
    """The quarters that can be filed for, the oldest first: ended, not too far back, after the last closed one.

    `since`: the first one that is filed here; `closed`: the last one with a joint report.
    """
    found: list[Quarter] = []
    quarter = Quarter.of(today).previous
    while len(found) < QUARTERS_BACK and quarter >= since and (closed is None or quarter > closed):
        found.append(quarter)
        quarter = quarter.previous
    return found[::-1]


def state_of(answer: Answer | None, matrix: Matrix, quarter: Quarter, today: date) -> State:
    """The state that everybody may see; for a protected table it does not show whether the figures are zero."""
    if answer is None:
        return State.LATE if matrix.days_late(quarter, today) else State.DUE
    if answer is Answer.FIGURES or (matrix.protected and answer is Answer.ZERO):
        return State.FILED
    return State(answer)
