"""What is published: dimensions, classifications, tables; what is impossible, and what others know beforehand.

A `TableSet` is data, read from TOML by `description.parse`. A *root* dimension has the codes of a record; a *view* (`of
= "age_band"`) is a root at the level of its groups (`majority` is `age_band` as child / adult), so a figure that is
printed in both is the same figure.

A *member* of a dimension is a code or a group of codes. A *cell* is the members it fixes, one per root dimension,
in the order of the names; what it leaves out is a total, and `()` is the grand total.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

Cell = tuple[tuple[str, str], ...]
Texts = Mapping[str, str]

BASE = 5
TOTAL = "*"
UNCLASSIFIED = "is not in the classification"
SIZES = (0, 25, 55, 105)  # smallest published total for 0, 1, 2 and 3 dimensions in one table
MAX_WAYS = 3


class MalformedTableSet(ValueError):
    """The description of the tables is wrong; the message names the place and the value."""


class MalformedMicrodata(ValueError):
    """A record does not fit the table set. `row` counts from 0; `dimension` is the one at fault."""

    def __init__(self, row: int, dimension: str, problem: str) -> None:
        super().__init__(f"record {row + 1}, {dimension}: {problem}")
        self.row = row
        self.dimension = dimension
        self.problem = problem


@dataclass(frozen=True)
class Dimension:
    """`codes` is the classification, in printing order; `recode` maps codes of records to published ones."""

    name: str
    column: str
    codes: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    of: str | None = None
    recode: Mapping[str, str] = field(default_factory=dict)
    observed: bool = False
    title: Texts = field(default_factory=dict)
    labels: Mapping[str, Texts] = field(default_factory=dict)
    not_recorded: Texts = field(default_factory=dict)  # why nothing can fill it yet; empty: something does

    @property
    def root(self) -> str:
        """The dimension that has the codes: `of` for a view, else itself."""
        return self.of or self.name

    @cached_property
    def top(self) -> tuple[str, ...]:
        """The members directly below the total: groups, and codes that are in no group."""
        grouped = {code for codes in self.groups.values() for code in codes}
        return (*self.groups, *(code for code in self.codes if code not in grouped))


@dataclass(frozen=True)
class Table:
    """One table: the dimensions by which it counts, and its title by language."""

    by: tuple[str, ...]
    title: Texts = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The dimensions joined by `*`; `total` for none."""
        return "*".join(self.by) or "total"


@dataclass(frozen=True)
class SumTable:
    """A table of sums of what a column says of each person, such as nights. Nobody can have more than `most`.

    Measured in `most`, a person counts as at most one. So sums are rounded to multiples of `BASE * most`, as counts are
    to multiples of `BASE`, and what 0 to 4 people have in all is always printed as 0 or as `BASE * most` (ADR 0084).
    """

    by: tuple[str, ...]
    column: str
    most: int

    @property
    def base(self) -> int:
        """What every printed sum is a multiple of."""
        return BASE * self.most

    @property
    def key(self) -> str:
        """Under which a row of microdata has the amount. No dimension can have this name."""
        return TOTAL + self.column


@dataclass(frozen=True)
class Known:
    """Figures an authority holds exactly in its own registers: people with `where`, by `by` (scenario A3)."""

    by: tuple[str, ...]
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class StockFlow:
    """At opening + admitted - left = at closing, for the total and every margin of `by`.

    A person was there at the opening or was admitted, and has left or is there at the closing; so both pairs add
    up to everyone accommodated. The opening of a quarter is the frozen closing of the one before.
    """

    by: tuple[str, ...]
    arrival: str
    opening: str
    admitted: str
    departure: str
    closing: str
    left: str


@dataclass(frozen=True)
class Survival:
    """What the survival curve is made of: classes of length, each with its first day, by whether the stay has ended."""

    length: str
    status: str
    ended: str
    going_on: str
    first_days: Mapping[str, int]


@dataclass(frozen=True)
class Linked:
    """Another report that may be on the same people: those of this one with `where` are those of that one with `there`.

    `by` maps dimensions of this report to those of the other; members of the same name mean the same. Not `crossed`:
    the other report has figures by each of them, and none by two.
    """

    report: str
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    there: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by: Mapping[str, str] = field(default_factory=dict)
    crossed: bool = True


@dataclass(frozen=True)
class Follows:
    """Who is counted with `quarter` in a quarter is counted with one of the codes of `year` (dimension, codes)."""

    quarter: Mapping[str, frozenset[str]]
    year: tuple[str, frozenset[str]]


@dataclass(frozen=True)
class TableSet:
    """All tables of one report, with what is impossible or known about them."""

    dimensions: Mapping[str, Dimension]
    tables: tuple[Table, ...]
    impossible: tuple[Mapping[str, frozenset[str]], ...] = ()
    known: tuple[Known, ...] = ()
    reported: tuple[Known, ...] = ()  # registers for scenario A5, which is reported and blocks no release
    stock_flow: StockFlow | None = None
    sizes: tuple[int, int, int, int] = SIZES
    weights: tuple[int, int, int, int] = (50, 8, 1, 1)  # of an error in a figure of 0, 1, 2, 3 dimensions
    coarse: bool = False
    title: Texts = field(default_factory=dict)
    version: int = 1
    windows: tuple[int, ...] = (1,)  # quarters published together: the first that is large enough, else the last
    basis: Texts = field(default_factory=dict)  # the instrument that asks for the report
    counted: Texts = field(default_factory=dict)  # who is counted
    charted: str = ""  # the dimension shown first, as bars
    told: tuple[str, ...] = ()  # those after it; a report begins with a sentence and a picture of each
    survival: Survival | None = None
    coarser: tuple[Table, ...] = ()  # what tables are called that larger ones are replaced by
    linked: tuple[Linked, ...] = ()
    adds_up: bool = False  # each record belongs to one quarter alone, so that the figures of quarters may be added
    quarters_of: str = ""  # the report whose quarters count the same people, each of them once here
    follows: tuple[Follows, ...] = ()
    sums: tuple[SumTable, ...] = ()
    stands_for: str = ""  # the column of the microdata that says how many people a line stands for
    described: tuple[Table, ...] = ()  # the tables that are asked for, where some cannot be filled; else empty

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """Every dimension a record must have, in the order of the description."""
        return tuple(
            name for name, dimension in self.dimensions.items() if dimension.of is None and not dimension.not_recorded
        )

    def lacking(self, names: Iterable[str]) -> tuple[str, ...]:
        """The dimensions, of those given, that nothing can fill."""
        known = (name for name in names if name in self.dimensions)
        return tuple(name for name in known if self.dimensions[self.dimensions[name].root].not_recorded)

    @property
    def unrecorded(self) -> tuple[Table, ...]:
        """The tables that are asked for and cannot be filled."""
        return tuple(table for table in self.described if self.lacking(table.by))

    def recorded(self) -> TableSet:
        """The report with only tables that can be filled; other tables are printed without the missing dimension."""
        rests = [tuple(name for name in table.by if not self.lacking([name])) for table in self.tables]
        kept = [
            table if rest == table.by else Table(rest, self.dimensions[rest[0]].title if len(rest) == 1 else {})
            for table, rest in zip(self.tables, rests, strict=True)
            if rest == table.by or (rest and not any(set(rest) <= set(other) for other in rests if other != rest))
        ]
        unique = {frozenset(table.by): table for table in reversed(kept)}
        tables = tuple(table for table in kept if unique[frozenset(table.by)] is table)
        return dataclasses.replace(self, tables=tables, described=self.tables)

    def of_release(self, tables: Sequence[Mapping[str, Any]]) -> TableSet:
        """The tables as they were asked for when `tables` were sealed, perhaps before some were marked not recorded, or
        while they were.

        Left out are dimensions that came later, with the tables by them, and codes that came later: a release prints
        every code of its classification, also where nobody is.
        """
        sealed = self
        if any(table["rows"] and self.lacking(table["dimensions"]) for table in tables):
            dimensions = {
                name: dataclasses.replace(dimension, not_recorded={}) for name, dimension in self.dimensions.items()
            }
            sealed = dataclasses.replace(self, dimensions=dimensions, tables=self.described, described=())
        elif (before := self._before_recorded(tables)) is not None:
            sealed = before
        return sealed._printed_in(tables)

    def _before_recorded(self, tables: Sequence[Mapping[str, Any]]) -> TableSet | None:
        """The set while nothing filled the dimensions that `tables` have not, if what was printed without them shows
        that it was so."""
        printed = {frozenset(table["dimensions"]) for table in tables}
        there = {self.dimensions[name].root for names in printed for name in names if name in self.dimensions}
        absent = {name: {"en": name} for name in self.roots if name not in there}
        if not there or not absent:
            return None
        dimensions = {
            name: dataclasses.replace(each, not_recorded=absent.get(name, each.not_recorded))
            for name, each in self.dimensions.items()
        }
        before = dataclasses.replace(self, dimensions=dimensions).recorded()
        asked = {frozenset(table.by) for table in self.tables}
        rests = {frozenset(table.by) for table in before.tables} - asked
        return before if rests & printed else None

    def _printed_in(self, tables: Sequence[Mapping[str, Any]]) -> TableSet:
        printed: dict[str, set[str]] = {}
        for table in tables:
            for name in table["dimensions"]:
                known = self.dimensions.get(name)
                if known is not None:
                    printed.setdefault(known.root, set()).update(row[name] for row in table["rows"])
        if not printed:  # a bare total
            return self
        later = {
            root: gone
            for root, members in printed.items()
            if (gone := frozenset(code for code in self.dimensions[root].codes if not self._is_in(root, code, members)))
        }
        added = {
            name for name, each in self.dimensions.items() if each.root not in printed and not self.lacking([name])
        }
        if not later and not added:
            return self
        dimensions = {
            name: dataclasses.replace(
                each,
                codes=tuple(code for code in each.codes if code not in later.get(name, ())),
                groups={
                    group: kept
                    for group, codes in each.groups.items()
                    if (kept := tuple(code for code in codes if code not in later.get(name, ())))
                },
            )
            for name, each in self.dimensions.items()
            if name not in added
        }
        roots = {name for name, each in dimensions.items() if each.of is None}
        return dataclasses.replace(
            self,
            dimensions=dimensions,
            tables=tuple(table for table in self.tables if not added.intersection(table.by)),
            described=tuple(table for table in self.described if not added.intersection(table.by)),
            impossible=tuple(
                {root: codes - later.get(root, frozenset()) for root, codes in rule.items()}
                for rule in self.impossible
                if set(rule) <= roots and all(codes - later.get(root, frozenset()) for root, codes in rule.items())
            ),
            known=tuple(each for each in self.known if not added.intersection((*each.by, *each.where))),
            reported=tuple(each for each in self.reported if not added.intersection((*each.by, *each.where))),
            linked=tuple(each for each in self.linked if not added.intersection((*each.by, *each.where))),
        )

    def _is_in(self, root: str, code: str, members: set[str]) -> bool:
        group = next((group for group, codes in self.dimensions[root].groups.items() if code in codes), code)
        return code in members or group in members

    def members(self, name: str) -> tuple[str, ...]:
        """The rows of a dimension without its total: each group before its codes."""
        dimension = self.dimensions[name]
        if dimension.of is not None or self.coarse:
            return self.dimensions[dimension.root].top
        rows: list[str] = []
        for member in dimension.top:
            rows += [member, *dimension.groups.get(member, ())]
        return tuple(rows)

    def leaves(self, root: str, member: str) -> frozenset[str]:
        """The codes a member stands for."""
        return frozenset(self.dimensions[root].groups.get(member, (member,)))

    def is_impossible(self, cell: Cell) -> bool:
        """Whether a rule forbids everybody the cell could hold; the grand total never is."""
        if not cell or not self.impossible:
            return False
        held = self._whole | {root: self.leaves(root, member) for root, member in cell}
        return any(all(held[root] <= codes for root, codes in rule.items()) for rule in self.impossible)

    @cached_property
    def _whole(self) -> dict[str, frozenset[str]]:
        """The codes of each root dimension."""
        return {root: frozenset(self.dimensions[root].codes) for root in self.roots}

    def ways_for(self, published_total: int) -> int:
        """How many dimensions a table may have when this total is printed."""
        return max(ways for ways, size in enumerate(self.sizes) if published_total >= size)

    def reduced(self, ways: int, *, coarse: bool = False) -> TableSet:
        """The report with tables of at most `ways` dimensions; larger tables are replaced by their margins."""
        wanted: dict[frozenset[str], Table] = {}
        for table in self.tables:
            parts = [table.by] if len(table.by) <= ways else list(combinations(table.by, ways))
            for by in parts:
                title = table.title if by == table.by else {}
                if title or frozenset(by) not in wanted:
                    wanted[frozenset(by)] = Table(by, title)
        kept = [table for key, table in wanted.items() if not any(key < other for other in wanted)]
        sums = {
            (frozenset(by), table.column): dataclasses.replace(table, by=by)
            for table in self.sums
            for by in ([table.by] if len(table.by) <= ways else combinations(table.by, ways))
        }
        return dataclasses.replace(
            self, tables=tuple(kept) or (Table(()),), coarse=coarse or self.coarse, sums=tuple(sums.values())
        )

    def of_sum(self, column: str) -> TableSet:
        """The tables of sums of one column, as a set of its own: its figures add up in the same way."""
        tables = tuple(Table(table.by) for table in self.sums if table.column == column)
        return dataclasses.replace(self, tables=tables, sums=(), stock_flow=None, known=(), reported=())

    def amounts(self, rows: Sequence[Mapping[str, str]]) -> dict[str, list[int]]:
        """What each person of `records` has in all, by the column that is added up; several lines are added.

        Raises MalformedMicrodata.
        """
        found: dict[str, list[int]] = {}
        for table in self.sums:
            if table.column in found:
                continue
            held: dict[str, int] = {}
            for number, row in enumerate(rows):
                person, written = row.get("person", f"row {number}"), row.get(table.key, "")
                if not (written.isascii() and written.isdigit() and len(written) <= 15):
                    raise MalformedMicrodata(number, table.key, f"{written!r} is not a whole number from 0")
                held[person] = held.get(person, 0) + int(written)
                if held[person] > table.most:
                    raise MalformedMicrodata(number, table.key, f"{held[person]} is more than `most`, {table.most}")
            found[table.column] = list(held.values())
        return found

    def with_observed(self, rows: Sequence[Mapping[str, str]]) -> TableSet:
        """Take the codes of dimensions without a classification from the records."""
        dimensions = dict(self.dimensions)
        for name, dimension in self.dimensions.items():
            if dimension.observed and not dimension.codes:
                codes = tuple(sorted({row[name] for row in rows if name in row})) or ("none",)
                dimensions[name] = dataclasses.replace(dimension, codes=codes)
        return dataclasses.replace(self, dimensions=dimensions)

    def records(self, rows: Sequence[Mapping[str, str]]) -> tuple[list[tuple[str, ...]], list[str]]:
        """Published codes of each person in the order of `roots`, and their opaque `person` identifiers.

        A person met twice with the same codes is counted once. Raises MalformedMicrodata for a missing dimension,
        a code outside the classification, an impossible combination, or one person with two sets of codes.
        """
        roots = self.roots
        allowed = {name: frozenset(self.dimensions[name].codes) for name in roots}
        seen: dict[str, tuple[str, ...]] = {}
        for number, row in enumerate(rows):
            record = []
            for name in roots:
                if name not in row:
                    raise MalformedMicrodata(number, name, "is missing")
                code = self.dimensions[name].recode.get(row[name], row[name])
                if code not in allowed[name]:
                    raise MalformedMicrodata(number, name, f"{row[name]!r} {UNCLASSIFIED}")
                record.append(code)
            held = tuple(record)
            if rule := next((r for r in self.impossible if self._matches(held, r)), None):
                raise MalformedMicrodata(number, next(iter(rule)), f"impossible with {', '.join(rule)}")
            person = row.get("person", f"row {number}")
            if seen.setdefault(person, held) != held:
                raise MalformedMicrodata(number, "person", "the same person was met with other codes")
        return list(seen.values()), list(seen)

    def _matches(self, record: tuple[str, ...], rule: Mapping[str, frozenset[str]]) -> bool:
        held = dict(zip(self.roots, record, strict=True))
        return all(held[root] in codes for root, codes in rule.items())
