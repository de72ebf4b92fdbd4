"""A calendar year from the sealed releases of its four quarters: published figures are added up, no person is counted.

People there at the opening, admitted and left are added over the quarters: the opening of a quarter is the closing of
the one before, so the account of the year balances as that of each quarter does. How many *different* people there
were is not published; it lies between the largest quarter and the opening with everybody admitted.

Decided in ADR 0037.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from nrm.domain.quarters import Quarter
from nrm.render.matrices import Words
from nrm.render.series import Published
from nrm.statistics.tables import TOTAL, Cell, StockFlow, TableSet

Balance = tuple[int, int, int, int]
"""There at the start, admitted, left, there at the end."""


@dataclass(frozen=True, slots=True)
class Account:
    """Lines (kind as of `matrices.Row`, label, balance), the last one of all people.

    `least`, `most`: how many different people there may have been, from the figures as they are printed.
    """

    heading: str
    lines: tuple[tuple[str, str, Balance], ...]
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Line:
    """One report: its number of all records by quarter (none: not published alone), and of the year.

    `year` is none where a quarter is missing, or where quarters may not be added.
    """

    report: str
    quarters: tuple[int | None, ...]
    year: int | None


def quarters_of(year: int) -> tuple[Quarter, ...]:
    """The four quarters of a year."""
    return tuple(Quarter(year, number) for number in (1, 2, 3, 4))


def within(found: Sequence[Published], year: int) -> list[Published | None]:
    """The release of each quarter of a year; none for a quarter that has no release of its own."""
    single = {each.window.first: each for each in found if each.window.first == each.window.last}
    return [single.get(quarter) for quarter in quarters_of(year)]


def account(found: Sequence[Published | None], table_set: TableSet, words: Words) -> Account | None:
    """The stock and flow of a year; none when a quarter has no release, or one without them."""
    flow = table_set.stock_flow
    quarters = [each.figures for each in found if each is not None]
    if flow is None or len(quarters) < len(found):
        return None
    lines = []
    for kind, label, cell in _cells(flow, table_set, words):
        balance = _balance(quarters, flow, cell)
        if balance is not None:
            lines.append((kind, label, balance))
    whole = _balance(quarters, flow, ())
    if whole is None:
        return None
    least = max(figures[()] for figures in quarters)
    heading = " / ".join(words.dimension(name) for name in flow.by)
    return Account(heading, tuple(lines), least, max(least, whole[0] + whole[1]))


def line(report: str, found: Sequence[Published | None], *, adds_up: bool) -> Line:
    """The totals of one report."""
    totals = tuple(each.figures.get(()) if each else None for each in found)
    known = [total for total in totals if total is not None]
    return Line(report, totals, sum(known) if adds_up and len(known) == len(totals) else None)


def _cells(flow: StockFlow, table_set: TableSet, words: Words) -> Iterator[tuple[str, str, Cell]]:
    """(kind, label, cell) of every margin of stock and flow, each group before its parts, all people last."""
    first, *others = flow.by
    parts = [each for each in product(*((TOTAL, *table_set.members(name)) for name in others)) if set(each) != {TOTAL}]
    whole = (TOTAL,) * len(others)
    for member in table_set.members(first):
        yield "part", words.label(first, member), _cell(table_set, flow.by, (member, *whole))
        for part in parts:
            yield "in", _label(others, part, words), _cell(table_set, flow.by, (member, *part))
    for part in parts:
        yield "", _label(others, part, words), _cell(table_set, flow.by, (TOTAL, *part))
    yield "all", words.total, ()


def _label(names: Sequence[str], members: Sequence[str], words: Words) -> str:
    return ", ".join(words.label(name, member) for name, member in zip(names, members, strict=True) if member != TOTAL)


def _cell(table_set: TableSet, names: Sequence[str], members: Sequence[str]) -> Cell:
    fixed = zip(names, members, strict=True)
    return tuple(sorted((table_set.dimensions[name].root, member) for name, member in fixed if member != TOTAL))


def _balance(quarters: Sequence[Mapping[Cell, int]], flow: StockFlow, cell: Cell) -> Balance | None:
    def of(dimension: str, code: str) -> Cell:
        return tuple(sorted((*cell, (dimension, code))))

    admitted = [figures.get(of(flow.arrival, flow.admitted)) for figures in quarters]
    left = [figures.get(of(flow.departure, flow.left)) for figures in quarters]
    start, end = quarters[0].get(of(flow.arrival, flow.opening)), quarters[-1].get(of(flow.departure, flow.closing))
    came, went = [each for each in admitted if each is not None], [each for each in left if each is not None]
    if start is None or end is None or len(came) < len(admitted) or len(went) < len(left):
        return None
    return start, sum(came), sum(went), end
