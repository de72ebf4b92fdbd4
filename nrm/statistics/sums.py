"""Tables of sums over releases: inertia towards what was printed, and what two releases tell of one person (ADR 0089).

A sum is rounded as a count is, in units of what one person can have at most (ADR 0084). So its history is a figure for
each cell, too, and the gate for differences (`one_person.py`) is asked about each column that is added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nrm.statistics.attack import PrintedSums
from nrm.statistics.cells import Layout, lay_out
from nrm.statistics.next_rounding import Counts
from nrm.statistics.one_person import NoNextRelease, OnePerson, examine
from nrm.statistics.protect import NOTHING_PRINTED, CannotRound, Figures, round_jointly, secret_stream
from nrm.statistics.reading import Record
from nrm.statistics.tables import BASE, Cell, TableSet

SumsPrinted = Mapping[str, Figures]
"""What a release printed: for each column that is added up its figures, in units of BASE times `most`."""


@dataclass(frozen=True)
class Column:
    """One column of a release that is made: what each of the records has, and what was printed before, oldest first."""

    name: str
    most: int
    table_set: TableSet
    amounts: Sequence[int]
    before: tuple[Figures, ...]
    seed: bytes


def of_history(history: Sequence[Mapping[str, Any]]) -> tuple[SumsPrinted, ...]:
    """The sums of the kept values of earlier releases, the oldest first; one without any printed none."""
    return tuple(
        {
            column: {tuple((str(root), str(code)) for root, code in cell): int(units) for cell, units in figures}
            for column, figures in kept.get("sums", {}).items()
        }
        for kept in history
    )


def columns(
    table_set: TableSet, amounts: Mapping[str, Sequence[int]], before: Sequence[SumsPrinted], seed: bytes
) -> list[Column]:
    """The columns that the tables of this step add up."""
    found = []
    for name, each in amounts.items():
        most = next(table.most for table in table_set.sums if table.column == name)
        own = table_set.of_sum(name)
        earlier = tuple(printed[name] for printed in before if name in printed)
        found.append(Column(name, most, own, each, earlier, seed))
    return found


def rounded(column: Column, records: Sequence[Record], *label: object) -> Figures:
    """The sums, rounded together, near what was printed last. Raises CannotRound."""
    last = column.before[-1] if column.before else NOTHING_PRINTED
    noise = secret_stream(column.seed, "figures", *label, column.name)
    layout = lay_out(column.table_set)
    return _rounded(layout, Counts(layout), column.most, zip(records, column.amounts, strict=True), last, noise)


def _rounded(
    layout: Layout,
    counts: Counts,
    most: int,
    amounts: Iterable[tuple[Record, int]],
    last: Figures,
    noise: np.random.Generator,
) -> Figures:
    together: dict[Record, int] = {}
    for record, amount in amounts:
        together[record] = together.get(record, 0) + amount
    return round_jointly(layout, counts.added(together) / most, None, noise, last=last)


def told(
    column: Column, records: Sequence[Record], figures: Figures, *label: object, seed: int, people: int | None
) -> OnePerson:
    """What the sums would tell, beside those after them, of who comes or leaves. Raises NoNextRelease.

    Who comes has what a random one of the others has. Of people whose codes are the same the last one leaves.
    """
    held: dict[Record, list[int]] = {}
    for record, amount in zip(records, column.amounts, strict=True):
        held.setdefault(record, []).append(amount)
    layout = lay_out(column.table_set)
    counts = Counts(layout)

    def after(there: Sequence[Record], printed: Sequence[Mapping[Cell, int]], fresh: int) -> dict[Cell, int]:
        noise = secret_stream(column.seed, "after", *label, column.name, fresh)
        met: dict[Record, int] = {}
        amounts = []
        for record in there:
            number = met[record] = met.get(record, 0) + 1
            own = held.get(record, [])
            who = number - 1 if number <= len(own) else int(noise.integers(len(column.amounts)))
            amounts.append((record, own[who] if number <= len(own) else column.amounts[who]))
        last = {cell: figure // BASE for cell, figure in printed[-1].items()} if printed else NOTHING_PRINTED
        try:
            return in_people(_rounded(layout, counts, column.most, amounts, last, noise))
        except CannotRound as error:
            raise NoNextRelease from error

    printed = [in_people(each) for each in (*column.before, figures)]
    cells = printed[-1].keys()
    same = [each for each in printed if each.keys() >= cells]
    return examine(column.table_set, records, same, after, seed=seed, people=people)


def in_people(figures: Figures) -> dict[Cell, int]:
    """Figures as counts are printed, so that `most` is one person."""
    return {cell: BASE * figure for cell, figure in figures.items()}


def kept(printed: Sequence[PrintedSums], figures: Mapping[str, Figures]) -> dict[str, Any]:
    """What the next release needs of these; nothing if there are none."""
    if not printed:
        return {}
    return {"sums": {each.column: [[cell, units] for cell, units in figures[each.column].items()] for each in printed}}
