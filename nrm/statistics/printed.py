"""What is printed: the steps of detail, tables as plain rows, and the figures that are kept for the next release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nrm.statistics.cells import Layout
from nrm.statistics.protect import NOTHING_PRINTED, Figures
from nrm.statistics.reading import EarlierRelease
from nrm.statistics.tables import BASE, Cell, TableSet

STEPS = (
    ("three_way", 3, False),
    ("two_way", 2, False),
    ("two_way_groups", 2, True),
    ("one_way", 1, False),
    ("total", 0, False),
)
FORMAT = 1


class MalformedHistory(ValueError):
    """A kept value of an earlier release cannot be read; the message says what is wrong with it."""


def read_history(history: Sequence[Mapping[str, Any]]) -> tuple[Figures, tuple[EarlierRelease, ...]]:
    """What the last release printed, and all of them as an attacker reads them, the newest first."""
    releases = []
    last = NOTHING_PRINTED
    for number, kept in enumerate(history, 1):
        if not isinstance(kept, Mapping) or kept.get("format") != FORMAT or kept.get("base") != BASE:
            raise MalformedHistory(f"release {number}: not a kept value of format {FORMAT} and base {BASE}")
        try:
            figures = {_cell(cell): int(figure) for cell, figure in kept["figures"]}
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedHistory(f"release {number}: the figures cannot be read") from error
        if () not in figures or any(figure < 0 for figure in figures.values()):
            raise MalformedHistory(f"release {number}: the figures are not those of a release")
        last = figures
        releases.append(EarlierRelease({cell: BASE * figure for cell, figure in figures.items()}))
    return last, tuple(reversed(releases))


def history_of(figures: Mapping[Cell, int]) -> dict[str, Any]:
    """A kept value of printed figures, in people: only of those that the next release should stay near to."""
    return {"format": FORMAT, "base": BASE, "figures": [[cell, figure // BASE] for cell, figure in figures.items()]}


def at_step(table_set: TableSet, step: str) -> TableSet:
    """The tables as they are printed at a step."""
    ways, coarse = next((ways, coarse) for name, ways, coarse in STEPS if name == step)
    return table_set.reduced(ways, coarse=coarse)


def render(layout: Layout, figures: Mapping[Cell, int]) -> tuple[dict[str, Any], ...]:
    """Plain rows in the order of the classification, totals first; `figures` in units of 5."""
    tables = []
    for table, rows in layout.rows:
        tables.append(
            {
                "name": table.name,
                "dimensions": list(table.by),
                "title": dict(table.title),
                "rows": [
                    {**dict(zip(table.by, row.members, strict=True)), "value": BASE * figures[layout.cells[row.cell]]}
                    for row in rows
                ],
            }
        )
    return tuple(tables)


def scaled(tables: Sequence[Mapping[str, Any]], factor: int) -> tuple[dict[str, Any], ...]:
    """The tables with each value so many times as large."""
    return tuple(
        {**table, "rows": [{**row, "value": factor * row["value"]} for row in table["rows"]]} for table in tables
    )


def in_units(figures: Mapping[Cell, int]) -> dict[Cell, int]:
    """Figures of people as the rounder has them."""
    return {cell: figure // BASE for cell, figure in figures.items()}


def in_people(figures: Figures) -> dict[Cell, int]:
    """Figures of the rounder as they are printed."""
    return {cell: BASE * figure for cell, figure in figures.items()}


def _cell(data: Any) -> Cell:
    return tuple((str(root), str(member)) for root, member in data)
