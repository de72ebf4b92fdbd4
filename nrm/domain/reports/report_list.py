"""The reports of a quarter: one value for each, and one tuple of them. No other place lists their names (ADR 0052).

What a country says of a report (its title in every language, the instrument that asks for it, who is counted, how many
quarters are published together, which other reports speak of the same people) stands in `tables-NAME.toml` of its
folder. How the records of a report are found stands in `store/reports/counting.py`, one function for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nrm.domain.accounts.accounts import SHELTERS, OrganisationKind
from nrm.domain.reports import counting, tabulation, year
from nrm.domain.reports.reports import JOINT_SIGNERS, SIGNERS


@dataclass(frozen=True, slots=True)
class Report:
    """A report whose records the program finds itself.

    `name` stands in addresses, commands, rows of the database and names of files: it never changes.
    `title` stands in the help of its command, which speaks English.
    `dimensions`: what a record is counted by; the tables of a country use all of them and no other.
    `unfilled`: those of them that nothing in the program can fill yet. A country says why.
    `contributors`: whose entries are counted. Before a quarter is closed, each of these organisations is asked whether
    its part is whole. Empty: an entry is whole as soon as it is made.
    `goes_on`: who was there at the end of a quarter is there at the opening of the next one
    (`domain/reports/tabulation.py`).
    Every other report counts each period on its own.
    """

    name: str
    title: str
    dimensions: tuple[str, ...]
    contributors: frozenset[OrganisationKind] = frozenset()
    unfilled: frozenset[str] = frozenset()
    goes_on: bool = False
    signers: ClassVar[frozenset[str]] = SIGNERS


@dataclass(frozen=True, slots=True)
class FiledReport:
    """A report whose figures an agency files, as the protected table of the register that has the report's name.

    The table says who files it and by which dimensions. `name` and `title` as of a `Report`.
    """

    name: str
    title: str
    signers: ClassVar[frozenset[str]] = SIGNERS


@dataclass(frozen=True, slots=True)
class JointReport:
    """The report on all requirements of a quarter. It counts nothing: it prints sealed releases and filed tables."""

    name: str
    title: str
    signers: ClassVar[frozenset[str]] = JOINT_SIGNERS


# Action Plan II.1(b)(ix)
ACCOMMODATED = Report(
    name="ix",
    title="people accommodated (ix)",
    dimensions=tabulation.DIMENSIONS,
    contributors=SHELTERS,
    goes_on=True,
)
# II.1(b)(x)
RETURNEES = Report(name="x", title="returns at crossing points (x)", dimensions=counting.RETURNEE)
EXPLOITED = Report(
    name="exploited", title="forms of exploitation found at crossing points (beside x)", dimensions=counting.EXPLOITED
)
# II.1(a)(vi)
WITNESSES = Report(
    name="vi",
    title="victims and others as witnesses (vi)",
    dimensions=counting.WITNESS,
    contributors=frozenset({OrganisationKind.PROSECUTION}),
)
# II.1(b)(viii)
PERMITS = Report(
    name="trp",
    title="temporary residence permits",
    dimensions=counting.PERMIT,
    contributors=frozenset({OrganisationKind.TRP_UNIT}),
)
# II.1(a)(iii)
COMPENSATION = Report(
    name="compensation",
    title="claims for compensation",
    dimensions=counting.CLAIM,
    contributors=SHELTERS | {OrganisationKind.PROSECUTION},
)
IDENTIFICATIONS = Report(name="identifications", title="formal identification", dimensions=counting.IDENTIFICATION)
REFERRALS = Report(name="referrals", title="referrals and answers", dimensions=counting.REFERRAL, contributors=SHELTERS)
DEPENDANTS = Report(name="dependants", title="children who came with a victim", dimensions=counting.DEPENDANT)
# II.1(b)(iv)
SERVICES = Report(
    name="services", title="services that people received", dimensions=counting.SERVICE, contributors=SHELTERS
)
# II.1(b)(vi)
AFTERWARDS = Report(
    name="followup",
    title="what became of people after the shelter",
    dimensions=counting.AFTERWARDS,
)
# II.1(b)(iii)
FEEDBACK = Report(
    name="feedback",
    title="what people say about the shelters",
    dimensions=counting.FEEDBACK,
)
# I.1(a)(iv)
VICTIMS = FiledReport(name="victims", title="victims in criminal cases, as filed")
# II.2(a)(vi)
CHILDREN = Report(name="children", title="returned children", dimensions=counting.RETURNED_CHILD)
ANNUAL = Report(
    name="annual",
    title="victims of a year, each once",
    dimensions=year.DIMENSIONS,
    contributors=SHELTERS | {OrganisationKind.PROSECUTION, OrganisationKind.TRP_UNIT},
)

REPORTS: tuple[Report | FiledReport, ...] = (
    ACCOMMODATED,
    RETURNEES,
    EXPLOITED,
    WITNESSES,
    PERMITS,
    COMPENSATION,
    IDENTIFICATIONS,
    REFERRALS,
    DEPENDANTS,
    SERVICES,
    AFTERWARDS,
    FEEDBACK,
    VICTIMS,
    CHILDREN,
    ANNUAL,
)
"""In the order of closing and of every list."""

MAIN = ACCOMMODATED
"""It is made first and closes the quarter: with its release nights are frozen, and the next quarter can follow."""

JOINT = JointReport(name="joint", title="all reporting requirements of the Action Plan")

SEALED: tuple[Report | FiledReport | JointReport, ...] = (*REPORTS, JOINT)
"""Whatever is sealed, chained and signed."""

COUNTED = tuple(each for each in REPORTS if isinstance(each, Report))
FILED = tuple(each for each in REPORTS if isinstance(each, FiledReport))

BY_NAME = {each.name: each for each in REPORTS}
"""For what comes from outside as a name: an address, a command, a row, a file. All but the joint report."""
