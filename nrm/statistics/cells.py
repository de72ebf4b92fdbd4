"""The figures of a table set: which cells it prints, how they add up, and what the records give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from nrm.statistics.definitions import by_definition
from nrm.statistics.tables import TOTAL, Cell, Table, TableSet


@dataclass(frozen=True)
class PrintedRow:
    """One row of a printed table, and the index of its figure in `Layout.cells`."""

    members: tuple[str, ...]  # one per dimension of the table, `*` for a total
    cell: int


@dataclass(frozen=True)
class Layout:
    """Every figure once: a margin shared by tables has one index.

    `relations` are (whole, its parts): along the dimensions of each table, and what holds by definition between
    tables. A relation of one part says that two figures are equal: they are one variable.
    """

    table_set: TableSet
    cells: tuple[Cell, ...]
    index: dict[Cell, int]
    rows: tuple[tuple[Table, tuple[PrintedRow, ...]], ...]
    relations: tuple[tuple[int, tuple[int, ...]], ...]
    impossible: frozenset[int]

    def membership(self, records: Sequence[tuple[str, ...]]) -> NDArray[np.bool_]:
        """Which cell (row) counts which record (column); `records` as TableSet.records gives them."""
        holds: dict[tuple[str, str], NDArray[np.bool_]] = {}
        for position, root in enumerate(self.table_set.roots):
            codes = np.array([record[position] for record in records], dtype=object)
            dimension = self.table_set.dimensions[root]
            by_code = {code: codes == code for code in dimension.codes}
            for member in (*dimension.codes, *dimension.groups):
                inside = [by_code[code] for code in self.table_set.leaves(root, member)]
                holds[root, member] = np.logical_or.reduce(inside)
        matrix = np.ones((len(self.cells), len(records)), dtype=np.bool_)
        for number, cell in enumerate(self.cells):
            for fixed in cell:
                matrix[number] &= holds[fixed]
        return matrix


def cell_of(table_set: TableSet, by: Sequence[str], members: Sequence[str]) -> Cell:
    """The cell a printed row stands for."""
    fixed = [
        (table_set.dimensions[name].root, member) for name, member in zip(by, members, strict=True) if member != TOTAL
    ]
    return tuple(sorted(fixed))


def lay_out(table_set: TableSet) -> Layout:
    """Number the figures of all tables. The grand total has index 0."""
    index: dict[Cell, int] = {(): 0}
    rows = []
    relations: dict[tuple[int, tuple[int, ...]], None] = {}
    for table in table_set.tables:
        axes = [(TOTAL, *table_set.members(name)) for name in table.by]
        printed = []
        for members in product(*axes):
            cell = cell_of(table_set, table.by, members)
            printed.append(PrintedRow(members, index.setdefault(cell, len(index))))
        rows.append((table, tuple(printed)))
    for table, printed_rows in rows:
        number = {row.members: row.cell for row in printed_rows}
        for row in printed_rows:
            for position, name in enumerate(table.by):
                parts = _parts(table_set, name, row.members[position])
                if parts:
                    before, after = row.members[:position], row.members[position + 1 :]
                    relations[row.cell, tuple(number[(*before, part, *after)] for part in parts)] = None
    cells = tuple(index)
    relations |= dict.fromkeys(by_definition(table_set, cells))
    impossible = frozenset(number for cell, number in index.items() if table_set.is_impossible(cell))
    return Layout(table_set, cells, index, tuple(rows), tuple(relations), impossible)


def _parts(table_set: TableSet, name: str, member: str) -> tuple[str, ...]:
    """What a member is the sum of, at the level printed; empty for the finest."""
    root = table_set.dimensions[table_set.dimensions[name].root]
    if member == TOTAL:
        return root.top
    return tuple(part for part in root.groups.get(member, ()) if part in table_set.members(name))
