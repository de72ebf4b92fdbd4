"""One figure over the releases of a report, with breaks for quarters without it; figures are picked, never computed.

A cell is picked by its address: `all`, or the members it fixes, as `nationality=AL/sex=feminine`, in the order of the
table set's dimensions, each named by the dimension that holds the codes. `by=sex` at its end asks for every member of
a further dimension.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nrm.domain.quarters import Quarter
from nrm.domain.reports.reports import Window, behind
from nrm.render.charts import Bar
from nrm.statistics.tables import TOTAL, Cell, TableSet

ALL = "all"
_BY = "by"


class UnknownCell(ValueError):
    """The address names no cell of the report, or not in its one spelling."""


@dataclass(frozen=True, slots=True)
class Picked:
    """The cell, and the dimension whose members are asked for; empty: the cell alone."""

    cell: Cell
    by: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """One release: the quarters it speaks of, and its figures."""

    window: Window
    figures: Mapping[Cell, int]

    @property
    def name(self) -> str:
        """As it stands beside a figure."""
        first, last = self.window.first, self.window.last
        return str(last) if first == last else f"{first}–{last}"


@dataclass(frozen=True, slots=True)
class Step:
    """One release or one quarter without: `figure` is none when it has no such figure; `missing`: nothing came out.

    `quarters`: of so many the release speaks.
    """

    name: str
    figure: int | None
    missing: bool = False
    quarters: int = 1


def pick(address: str, table_set: TableSet) -> Picked:
    """Read the address of a cell; raises UnknownCell."""
    parts = [] if address == ALL else address.split("/")
    cell, by = [], ""
    for place, part in enumerate(parts):
        name, _, member = part.partition("=")
        if name == _BY and place == len(parts) - 1:
            by = member
        else:
            cell.append((name, member))
    picked = Picked(tuple(sorted(cell)), by)
    roots = table_set.roots
    fixed = dict(cell)
    lawful = all(name in roots and member in table_set.members(name) for name, member in cell)
    if not lawful or (by and (by not in roots or by in fixed)) or written(picked, table_set) != address:
        raise UnknownCell(address)
    return picked


def written(picked: Picked, table_set: TableSet) -> str:
    """The address of a cell."""
    fixed = dict(picked.cell)
    parts = [f"{root}={fixed[root]}" for root in table_set.roots if root in fixed]
    return "/".join([*parts, f"{_BY}={picked.by}"] if picked.by else parts) or ALL


def read(release: Mapping[str, Any], table_set: TableSet) -> dict[Cell, int]:
    """The figures of a release (its JSON value, of any format) by cell.

    Left out are structural zeros, which are no figures, and those of a dimension that is no longer counted by.
    """
    found: dict[Cell, int] = {}
    for table in release["tables"]:
        if not set(table["dimensions"]) <= set(table_set.dimensions):
            continue
        roots = [(name, table_set.dimensions[name].root) for name in table["dimensions"]]
        for row in table["rows"]:
            cell = tuple(sorted((root, row[name]) for name, root in roots if row[name] != TOTAL))
            if row["value"] or (row["value"] == 0 and not table_set.is_impossible(cell)):
                found[cell] = row["value"]
    return found


def steps(releases: Sequence[Published], cell: Cell) -> list[Step]:
    """A step for every release, the oldest first, and one for every quarter between them that none speaks of."""
    found: list[Step] = []
    expected: Quarter | None = None
    for release in releases:
        while expected is not None and expected < release.window.first:
            found.append(Step(str(expected), None, missing=True))
            expected = expected.next
        found.append(Step(release.name, release.figures.get(cell), quarters=len(release.window.quarters)))
        expected = release.window.last.next
    return found


def chart_rows(found: Iterable[Step], words: Mapping[bool, str], *, whole: bool) -> list[Bar]:
    """The bars of steps; `words`: what stands for a figure, by `missing`; `whole`: of the number of all people."""
    return [
        Bar(step.name, words[step.missing], None, None)
        if step.figure is None
        else Bar(step.name, str(step.figure), step.figure, behind(step.figure, whole=whole))
        for step in found
    ]


def narrower(releases: Iterable[Published], cell: Cell, table_set: TableSet) -> list[str]:
    """The dimensions by which some release prints the cell in parts, in their order."""
    fixed = set(cell)
    further = {
        next(name for name, member in other if (name, member) not in fixed)
        for release in releases
        for other in release.figures
        if len(other) == len(cell) + 1 and fixed.issubset(other)
    }
    return [root for root in table_set.roots if root in further]
