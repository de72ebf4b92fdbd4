"""Every combination of codes that somebody who comes can have: how likely it is, and what figures tell of it.

Part of the gate for differences (`one_person.py`). Where there are more than MOST_COMBINATIONS, DRAWN people stand for
all. A person of another combination is then never named (who names one of so many has a factor far beyond the limit of
the gate), and the factor is an estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nrm.statistics.reading import Record, predicate
from nrm.statistics.tables import Cell, TableSet

EXCHANGED = 0.3  # how often an attribute of a fictitious person is another than that of the record it was made from
MOST_COMBINATIONS = 2_000_000
DRAWN = 20_000

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Belief:
    """log of posterior / prior of some people; and the likeliest combination, with its prior and its posterior."""

    log_factors: Floats
    likeliest: int
    prior: float
    posterior: float


@dataclass(frozen=True)
class _Kind:
    """The figures by the same attributes, one layer for those by codes, others for those by groups of them.

    `layers[l, i, j]`: the number of the figure that counts who has the codes i and j; one past the last if none does.
    """

    axes: tuple[int, ...]
    layers: Ints


class Combinations:
    """The combinations of the people of a quarter, and fictitious people made from them."""

    def __init__(
        self, table_set: TableSet, cells: Sequence[Cell], records: Sequence[Record], chance: np.random.Generator
    ) -> None:
        self.table_set, self.cells, self.records, self.chance = table_set, cells, records, chance
        flow = table_set.stock_flow
        # Who was there at the opening is in a figure that is printed already: who comes was admitted.
        self.fixed = {} if flow is None else {table_set.roots.index(flow.arrival): flow.admitted}
        every = [table_set.dimensions[root].codes for root in table_set.roots]
        self._number_of = [{code: number for number, code in enumerate(codes)} for codes in every]
        self._codes = [np.array(codes, dtype=object) for codes in every]
        self._own = self._numbers(records)
        used = {root for cell in cells for root, _ in cell}
        self._places = [place for place, root in enumerate(table_set.roots) if root in used]
        self._roots = [table_set.roots[place] for place in self._places]
        self._may_have = [
            [self._number_of[place][self.fixed[place]]] if place in self.fixed else list(range(len(every[place])))
            for place in self._places
        ]
        self.shape = tuple(map(len, self._may_have))
        self._kinds = self._by_attributes()
        self._rules = [
            [(table_set.roots.index(root), self._flags(root, codes)) for root, codes in rule.items()]
            for rule in table_set.impossible
        ]
        self._whole = np.prod([float(size) for size in self.shape]) <= MOST_COMBINATIONS
        if self._whole:
            self.prior = self._whole_prior()
        else:
            self._drawn, number = np.unique(self._along(self._somebody(DRAWN)), axis=0, return_counts=True)
            self.prior = (number / number.sum()).astype(np.float32)
            self._known = {tuple(row): place for place, row in enumerate(self._drawn.tolist())}
        self._told_of = self._of_combinations()

    def _numbers(self, people: Sequence[Record]) -> Ints:
        """The codes of people (rows) as numbers in the classifications."""
        columns = [[number[record[at]] for record in people] for at, number in enumerate(self._number_of)]
        return np.array(columns, dtype=np.int64).reshape(len(self._number_of), len(people)).T

    def _flags(self, root: str, codes: frozenset[str]) -> NDArray[np.bool_]:
        return np.array([code in codes for code in self.table_set.dimensions[root].codes], dtype=np.bool_)

    def _by_attributes(self) -> list[_Kind]:
        layers: dict[tuple[int, ...], dict[tuple[bool, ...], Ints]] = {}
        for figure, cell in enumerate(self.cells):
            axes = tuple(self._roots.index(root) for root, _ in cell)
            dimensions = [self.table_set.dimensions[root] for root, _ in cell]
            is_group = tuple(member not in d.codes for d, (_, member) in zip(dimensions, cell, strict=True))
            kind = layers.setdefault(axes, {})
            if is_group not in kind:
                kind[is_group] = np.full([len(d.codes) for d in dimensions], len(self.cells))
            where = predicate(self.table_set, cell)
            inside = [np.flatnonzero(self._flags(root, where[root])) for root, _ in cell]
            kind[is_group][np.ix_(*inside)] = figure
        return [_Kind(axes, np.stack(list(kind.values()))) for axes, kind in layers.items()]

    def _of_combinations(self) -> list[tuple[tuple[int, ...], list[_Kind]]]:
        """Kinds, reduced to what somebody who comes can have, under the largest sets of axes of which they are part."""
        largest: list[tuple[tuple[int, ...], list[_Kind]]] = []
        for kind in sorted(self._kinds, key=lambda kind: (-len(kind.axes), kind.axes)):
            may_have = (self._may_have[axis] for axis in kind.axes)
            order = np.argsort(kind.axes).tolist()
            layers = kind.layers[np.ix_(range(len(kind.layers)), *may_have)]
            mine = _Kind(tuple(sorted(kind.axes)), layers.transpose(0, *(1 + place for place in order)))
            for axes, kinds in largest:
                if set(mine.axes) <= set(axes):
                    kinds.append(mine)
                    break
            else:
                largest.append((mine.axes, [mine]))
        return largest

    def _whole_prior(self) -> NDArray[np.float32]:
        held = np.zeros(self.shape)
        np.add.at(held, tuple(self._along(self._own).T), 1)
        for axis, size in enumerate(self.shape):
            held = (1 - EXCHANGED) * held + EXCHANGED * held.sum(axis=axis, keepdims=True) / size
        for rule in self.table_set.impossible:
            if set(rule) <= set(self._roots):
                flags = [self._flags(root, rule.get(root, frozenset())) for root in self._roots]
                inside = [
                    np.flatnonzero(flag[may_have]) if root in rule else np.arange(len(may_have))
                    for root, flag, may_have in zip(self._roots, flags, self._may_have, strict=True)
                ]
                held[np.ix_(*inside)] = 0
        prior: NDArray[np.float32] = (held / held.sum()).astype(np.float32).reshape(-1)
        return prior

    def _along(self, numbers: Ints) -> Ints:
        """People along the axes of the combinations; of who was there at the opening, as of who comes."""
        columns = [
            np.zeros(len(numbers), dtype=np.int64) if place in self.fixed else numbers[:, place]
            for place in self._places
        ]
        return np.stack(columns, axis=1)

    def place(self, record: Record) -> int:
        """The place of the combination of a person; -1 where it was not drawn."""
        numbers = self._along(self._numbers([record]))[0]
        if not self._whole:
            return self._known.get(tuple(numbers.tolist()), -1)
        return int(np.ravel_multi_index(numbers.tolist(), self.shape))

    def _somebody(self, wanted: int) -> Ints:
        found: list[Ints] = []
        while sum(map(len, found)) < wanted:
            made = self._own[self.chance.integers(len(self._own), size=wanted)]
            for place, codes in enumerate(self._codes):
                exchanged = self.chance.random(wanted) < EXCHANGED
                made[exchanged, place] = self.chance.integers(len(codes), size=int(exchanged.sum()))
                if place in self.fixed:
                    made[:, place] = self._number_of[place][self.fixed[place]]
            forbidden = np.zeros(wanted, dtype=np.bool_)
            for rule in self._rules:
                forbidden |= np.logical_and.reduce([flags[made[:, place]] for place, flags in rule])
            found.append(made[~forbidden])
        return np.concatenate(found)[:wanted]

    def somebody(self, wanted: int) -> list[Record]:
        """Fictitious people who can be: records with some attributes exchanged."""
        columns = [codes[numbers] for codes, numbers in zip(self._codes, self._somebody(wanted).T, strict=True)]
        return list(zip(*columns, strict=True))

    def population(self) -> list[Record]:
        """As many fictitious people as there are records. Who was there at the opening stays as recorded."""
        made = self.somebody(len(self.records))
        return [
            new if all(record[place] == code for place, code in self.fixed.items()) else record
            for record, new in zip(self.records, made, strict=True)
        ]

    def leavers(self, wanted: int) -> list[int]:
        """Places of records that may go, one each time; not of who was at the opening, while there are others."""
        free = [n for n, record in enumerate(self.records) if all(record[p] == c for p, c in self.fixed.items())]
        return [int(place) for place in self.chance.choice(free or range(len(self.records)), size=wanted)]

    def _figures_of(self, people: Sequence[Record]) -> list[Ints]:
        """The figures in which people (columns) are counted, one row for each layer."""
        numbers = self._numbers(people)
        along = [numbers[:, place] for place in self._places]
        return [
            np.array([layer[tuple(along[axis] for axis in kind.axes)] for layer in kind.layers]) for kind in self._kinds
        ]

    def counts(self, people: Sequence[Record]) -> Ints:
        """How many of these people each figure counts."""
        counts = np.zeros(len(self.cells) + 1, dtype=np.int64)
        for figures in self._figures_of(people):
            counts += np.bincount(figures.reshape(-1), minlength=len(counts))
        return counts[:-1]

    def counted(self, people: Sequence[Record]) -> NDArray[np.bool_]:
        """Which person (row) is counted in which figure (column)."""
        found = np.zeros((len(people), len(self.cells) + 1), dtype=np.bool_)
        for figures in self._figures_of(people):
            found[np.arange(len(people)), figures] = True
        return found[:, :-1]

    def believed(self, told: Floats, counted: NDArray[np.bool_], trusts: Sequence[float] = (1.0,)) -> list[Belief]:
        """What somebody believes to whom each figure tells that much of who is counted in it, of people (rows): once
        for each trust by which it is multiplied."""
        padded = np.append(told, 0.0).astype(np.float32)
        score = np.zeros((1,) * len(self.shape) if self._whole else len(self.prior), dtype=np.float32)
        for axes, kinds in self._told_of:
            sums = np.zeros([self.shape[axis] for axis in axes], dtype=np.float32)
            for kind in kinds:
                wide = [self.shape[axis] if axis in kind.axes else 1 for axis in axes]
                sums += padded[kind.layers].sum(axis=0).reshape(wide)
            if self._whole:
                score = score + sums.reshape([n if axis in axes else 1 for axis, n in enumerate(self.shape)])
            else:
                score += sums[tuple(self._drawn[:, axis] for axis in axes)]
        if self._whole:
            score = np.broadcast_to(score, self.shape).reshape(-1)
        top = score.max()
        apart = score - top
        own = np.where(counted, told, 0.0).sum(axis=1)
        beliefs = []
        for trust in trusts:
            weights = self.prior * np.exp(np.float32(trust) * apart)
            whole = float(weights.sum(dtype=np.float64))
            likeliest = int(weights.argmax())
            logs = trust * (own - float(top)) - np.log(whole)
            beliefs.append(Belief(logs, likeliest, float(self.prior[likeliest]), float(weights[likeliest]) / whole))
        return beliefs
