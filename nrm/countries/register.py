"""Reading `register.toml`: the requirements of the Action Plan, every reference against what it refers to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from nrm.domain.documents import Table
from nrm.domain.reports.filings import of_first_codes
from nrm.domain.reports.register import Axis, Joined, Matrix, Register, Requirement, Rule, Words
from nrm.domain.reports.report_list import BY_NAME, FILED, FiledReport
from nrm.statistics.tables import TableSet

MOST_CELLS = 80
_TOTALS = ("rows", "columns")


def read_register(table: Table, organisations: Collection[str], reports: Mapping[str, TableSet]) -> Register:
    """The register of the file; raises MalformedDocument with `KEY: reason`."""
    days = table.number("due_after_days", least=1)
    axes = _axes(table.table("dimension"))
    found: list[Requirement] = []
    for entry in table.tables("requirement"):
        requirement = _requirement(entry, days, organisations, axes, reports)
        if requirement.number != len(found) + 1:
            entry.wrong("number", f"must be {len(found) + 1}: requirements are numbered in their order")
        found.append(requirement)
    read = Register(tuple(found), _reasons(table))
    if not read.reasons and any(each.rules for each in read.tables.values()):
        table.wrong("reason", "must name at least one: a table has rules")
    codes = [each.code for requirement in found for each in requirement.tables]
    for code in codes:
        if codes.count(code) > 1:
            table.wrong("requirement", f"table `{code}` stands twice")
    table.close()
    return read


def _axes(table: Table) -> Mapping[str, Axis]:
    read: dict[str, Axis] = {}
    for code in table.data:
        entry = table.table(code)
        _must_be_code(entry, code)
        members = entry.table("codes")
        for member in members.data:
            _must_be_code(members, member)
        read[code] = Axis(
            code, entry.words("names"), MappingProxyType({each: members.words(each) for each in members.data})
        )
        if not members.data:
            entry.wrong("codes", "must name at least one code")
        entry.close()
    return MappingProxyType(read)


def _must_be_code(table: Table, code: str) -> None:
    if not (code.isascii() and code.replace("_", "").isalnum()) or code in ("code", "total"):
        table.wrong(code, "a code has letters, digits and _, and is neither `code` nor `total`")


def _requirement(
    entry: Table,
    days: int,
    organisations: Collection[str],
    axes: Mapping[str, Axis],
    reports: Mapping[str, TableSet],
) -> Requirement:
    number = entry.number("number", least=1)
    lead = entry.one_of("lead", organisations)
    contributing = entry.texts("contributing", codes=organisations)
    if lead in contributing:
        entry.wrong("contributing", f"`{lead}` is the lead agency already")
    release = entry.one_of("release", set(BY_NAME) & set(reports)) if entry.has("release") else None
    due = entry.number("due_after_days", least=1, default=days)
    tables: list[Matrix] = []
    for each in entry.tables("table", optional=True):
        tables.append(_matrix(each, number, due, {lead, *contributing}, axes, reports))
    if (release is None) == (not tables):
        entry.wrong("table", "a requirement has a `release` or tables that are filed, one of the two")
    read = Requirement(number, entry.text("section"), entry.words("names"), lead, contributing, release, tuple(tables))
    entry.close()
    return read


def _matrix(
    entry: Table,
    number: int,
    days: int,
    agencies: Collection[str],
    axes: Mapping[str, Axis],
    reports: Mapping[str, TableSet],
) -> Matrix:
    code = entry.text("code")
    _must_be_code(entry, code)
    rows = entry.texts("rows", codes=axes)
    columns = entry.one_of("columns", axes)
    if not rows or columns in rows:
        entry.wrong("rows", "must name at least one dimension, and not the one of `columns`")
    read = Matrix(
        code=code,
        requirement=number,
        names=entry.words("names"),
        counted=entry.words("counted"),
        filed_by=entry.one_of("filed_by", agencies),
        rows=tuple(axes[name] for name in rows),
        columns=axes[columns],
        totals=frozenset(entry.texts("totals", codes=_TOTALS, optional=True)),
        rules=_rules(entry, axes[columns]),
        protected=entry.flag("protected", default=False),
        due_after_days=days,
        joined=_joined(entry),
    )
    if read.protected:
        _check_protected(entry, read, reports)
        if read.rules:
            entry.wrong("rules", "a protected table has none: why one is broken would tell of its figures")
    elif code in BY_NAME:
        entry.wrong("code", f"`{code}` is the name of a report")
    _check_joined(entry, read)
    if len(read.lines) * len(read.columns.members) > MOST_CELLS:
        entry.wrong("rows", f"makes more than {MOST_CELLS} cells: too many for one page")
    entry.close()
    return read


def _joined(entry: Table) -> tuple[Joined, ...]:
    found = []
    for each in entry.tables("joined", optional=True):
        found.append(Joined(each.text("line"), tuple(each.texts("lines")), each.words("names")))
        each.close()
    return tuple(found)


def _check_joined(entry: Table, matrix: Matrix) -> None:
    """Each combination is filed in one line; and how many lines figures have tells by which they were filed."""
    kept = [each.line for each in matrix.joined]
    within = [line for each in matrix.joined for line in each.lines]
    for line in (*kept, *within):
        if line not in matrix.combinations:
            entry.wrong("joined", f"`{line}` is no line of this table")
        if (*kept, *within).count(line) > 1:
            entry.wrong("joined", f"`{line}` stands twice")
    if matrix.joined and len(matrix.lines) in (len(matrix.combinations), of_first_codes(matrix)):
        entry.wrong("joined", "leaves as many lines as figures that were filed before have: join others")


def _reasons(table: Table) -> Mapping[str, Words]:
    if not table.has("reason"):
        return MappingProxyType({})
    entry = table.table("reason")
    for code in entry.data:
        _must_be_code(entry, code)
    read = {code: entry.words(code) for code in entry.data}
    entry.close()
    return MappingProxyType(read)


def _rules(entry: Table, columns: Axis) -> tuple[Rule, ...]:
    """`rules` of a table: "convicted >= fine_or_suspended + prison", in columns of it."""
    found = []
    for text in entry.texts("rules", optional=True):
        whole, least, rest = text.partition(">=")
        names = [each.strip() for each in (whole, *rest.split("+"))]
        if not least or not all(names):
            entry.wrong("rules", f"`{text}` must be `COLUMN >= COLUMN` or `COLUMN >= COLUMN + COLUMN`")
        for name in names:
            if name not in columns.members:
                entry.wrong("rules", f"`{name}` is none of {', '.join(columns.members)}")
            if names.count(name) > 1:
                entry.wrong("rules", f"`{name}` stands twice in `{text}`")
        found.append(Rule(names[0], tuple(names[1:])))
    return tuple(found)


def _check_protected(entry: Table, matrix: Matrix, reports: Mapping[str, TableSet]) -> None:
    """What is filed cell by cell must be what the rounder's tables are made of."""
    if not isinstance(BY_NAME.get(matrix.code), FiledReport):
        filed = ", ".join(each.name for each in FILED)
        entry.wrong("code", f"`{matrix.code}` is protected: it must be one of {filed}")
    table_set = reports.get(matrix.code)
    if table_set is None:
        entry.wrong("protected", f"tables-{matrix.code}.toml is missing")
    if set(table_set.roots) != set(matrix.dimensions):
        entry.wrong("rows", f"tables-{matrix.code}.toml has the dimensions {', '.join(table_set.roots)}")
    for axis in (*matrix.rows, matrix.columns):
        if set(table_set.dimensions[axis.code].codes) != set(axis.members):
            entry.wrong("rows", f"tables-{matrix.code}.toml has other codes in dimension {axis.code}")
    if matrix.totals != frozenset(_TOTALS):
        entry.wrong("totals", "a protected table counts each person once: rows and columns both add up")
