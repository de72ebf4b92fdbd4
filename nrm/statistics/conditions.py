"""The conditions that a possible world must meet, and in which of them somebody with certain codes counts."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice, product

import numpy as np
from numpy.typing import NDArray

from nrm.statistics.earlier_release import Kind, who_opened
from nrm.statistics.reading import Predicate, Record, Scenario, Sums, bounds, bounds_of_sum, matcher
from nrm.statistics.tables import TOTAL, Cell, TableSet

Flags = NDArray[np.bool_]

_Placed = tuple[tuple[int, Collection[str]], ...]
"""A predicate: the codes that are allowed, by the place of the dimension in a record."""

WAYS = 3  # how many ways to make a record possible are tried


class Frame:
    """The conditions a world must meet: one per printed figure, one per fact of the scenario, one per printed sum."""

    def __init__(
        self, table_set: TableSet, figures: Mapping[Cell, int], scenario: Scenario, printed_sums: Sequence[Sums] = ()
    ) -> None:
        self.table_set = table_set
        self.scenario = scenario
        self.cells = tuple(figures)
        self.number = {cell: place for place, cell in enumerate(self.cells)}
        limits = [bounds(cell, figure) for cell, figure in figures.items()]
        limits += [(fact.low, fact.high) for fact in scenario.facts]
        self.sums = tuple(printed_sums)
        self._sums_at: dict[Cell, list[tuple[int, int]]] = {}  # (condition, which sum) of a cell
        for which, printed in enumerate(self.sums):
            for cell, figure in printed.figures.items():
                self._sums_at.setdefault(cell, []).append((len(limits), which))
                limits.append(bounds_of_sum(figure, printed.most))
        self.low = [low for low, _ in limits]
        self.high = [high for _, high in limits]
        self.roots = table_set.roots
        self.codes = {root: table_set.dimensions[root].codes for root in self.roots}
        self._matches = matcher(table_set)
        self._places = {root: place for place, root in enumerate(self.roots)}
        self._code_numbers = [{code: n for n, code in enumerate(codes)} for codes in self.codes.values()]
        self._numbers: dict[Record, tuple[int, ...]] = {}
        self._facts = [(place + len(self.cells), self._placed(fact.where)) for place, fact in enumerate(scenario.facts)]
        self._rules = [self._placed(rule) for rule in table_set.impossible]
        self._groups = self._kinds(self.cells)
        self._sum_kinds = self._kinds(self._sums_at)
        self._parts: list[dict[Record, frozenset[int]]] = [{} for _ in self._groups]
        self._opened: dict[Record, Kind | None] = {}
        self._possible: dict[Record, bool] = {}
        self._conditions: dict[Record, frozenset[int]] = {}
        self._summed: dict[Record, frozenset[tuple[int, int]]] = {}

    @staticmethod
    def _kinds(cells: Collection[Cell]) -> list[tuple[str, ...]]:
        """The sets of dimensions that have figures, each with everything below it in one walk over the products."""
        kinds = {tuple(root for root, _ in cell) for cell in cells}
        return sorted(kind for kind in kinds if not any(set(kind) < set(other) for other in kinds))

    def _placed(self, where: Predicate) -> _Placed:
        return tuple((self._places[root], codes) for root, codes in where.items())

    def possible(self, record: Record) -> bool:
        """Whether no rule forbids the record."""
        known = self._possible.get(record)
        if known is None:
            known = self._possible[record] = not any(_fits(record, rule) for rule in self._rules)
        return known

    def who_opened(self, record: Record) -> Kind | None:
        """The kind under which the release before counted this record at its closing; None if it did not."""
        if record not in self._opened:
            self._opened[record] = who_opened(self.table_set, record)
        return self._opened[record]

    def matches(self, record: Record, where: Predicate) -> bool:
        """Whether the record fits the predicate."""
        return self._matches(record, where)

    def conditions(self, record: Record) -> frozenset[int]:
        """The conditions in which this record counts."""
        held = self._conditions.get(record)
        if held is None:
            parts = []
            for kind, cache in zip(self._groups, self._parts, strict=True):
                key = tuple(record[self._places[root]] for root in kind)
                if key not in cache:
                    cache[key] = frozenset(
                        self.number[cell] for cell in self._cells_of(kind, key) if cell in self.number
                    )
                parts.append(cache[key])
            facts = (place for place, where in self._facts if _fits(record, where))
            held = self._conditions[record] = frozenset(chain(*parts, facts))
        return held

    def summed(self, record: Record) -> frozenset[tuple[int, int]]:
        """The conditions on sums to which somebody with this record adds an amount: (condition, which sum)."""
        held = self._summed.get(record)
        if held is None:
            cells = {
                cell
                for kind in self._sum_kinds
                for cell in self._cells_of(kind, tuple(record[self._places[root]] for root in kind))
            }
            held = frozenset(each for cell in cells for each in self._sums_at.get(cell, ()))
            self._summed[record] = held
        return held

    def _cells_of(self, kind: tuple[str, ...], key: Record) -> Iterator[Cell]:
        """Every cell of these dimensions, printed or not, that counts somebody with these codes."""
        options = []
        for root, code in zip(kind, key, strict=True):
            groups = [group for group, codes in self.table_set.dimensions[root].groups.items() if code in codes]
            options.append([TOTAL, code, *groups])
        for members in product(*options):
            yield tuple((root, member) for root, member in zip(kind, members, strict=True) if member != TOTAL)

    def changed(self, record: Record, root: str, code: str) -> Record:
        """The record with another code of one root dimension."""
        place = self._places[root]
        return (*record[:place], code, *record[place + 1 :])

    def numbers(self, record: Record) -> tuple[int, ...]:
        """The places of the codes in their classifications."""
        held = self._numbers.get(record)
        if held is None:
            held = tuple(numbers[code] for numbers, code in zip(self._code_numbers, record, strict=True))
            self._numbers[record] = held
        return held

    def outside(self, root: str, codes: Collection[str]) -> tuple[int, Flags]:
        """The place of a root dimension in a record, and which codes are none of these, by their numbers."""
        return self._places[root], np.array([code not in codes for code in self.codes[root]], dtype=np.bool_)

    def code(self, record: Record, root: str) -> str:
        """The code of the record in a root dimension."""
        return record[self._places[root]]

    def lawful(self, record: Record, kept: Collection[str], chance: random.Random) -> list[Record]:
        """The record if it is possible; else a few close ones that are, with the codes of `kept` as they are.

        Some codes occur only together (a person who refused help has no crossing point, no country, no agency), so they
        cannot be reached by changing one code at a time.
        """
        return list(islice(self._mended(record, frozenset(kept), chance), WAYS))

    def _mended(self, record: Record, kept: frozenset[str], chance: random.Random) -> Iterator[Record]:
        if self.possible(record):
            yield record
            return
        forbids = zip(self.table_set.impossible, self._rules, strict=True)
        rule = next(rule for rule, placed in forbids if _fits(record, placed))
        free = [root for root in rule if root not in kept]
        ways = [(root, code) for root in free for code in self.codes[root] if code not in rule[root]]
        for root, code in chance.sample(ways, len(ways)):
            yield from self._mended(self.changed(record, root, code), kept | {root}, chance)


def _fits(record: Record, where: _Placed) -> bool:
    """Whether a record fits a predicate: asked half a million times for one release."""
    for place, codes in where:  # noqa: SIM110 - a generator takes twice as long
        if record[place] not in codes:
            return False
    return True
