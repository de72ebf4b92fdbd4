"""The gate for differences: what two releases tell about the one person who came or left between them (ADR 0079).

Nothing here knows how figures are made. A method is a function that makes the release after given ones, for given
people, with fresh noise; the gate calls it and looks at nothing but printed figures.

**One person.** The attacker holds all releases, knows the method, and knows that exactly one person came (or that
exactly one left) since the draft. `PEOPLE` times somebody fictitious comes: a record of the quarter with each attribute
exchanged at random in three of ten. `PEOPLE` times a resident leaves. Each time the method makes the next release. The
attacker learns, from all these runs but the one judged, how often a figure moves by m steps of 5 when the person is
counted in it, P(m | in, class), and when not, P(m | out, class). The class of a figure is the number of its dimensions,
whether it was shown as 0, and the direction in which the grand total moved. For every combination k of codes

    posterior(k) ~ prior(k) x product over the figures c in which k is counted of (P(m_c | in) / P(m_c | out)) ^ trust

where the prior is the true distribution of the fictitious people. Figures move together, so the product says too much;
the attacker tries each of `TRUSTS`. They *claim* a combination when its posterior is above one half and at least twice
its prior. Claims of a trust of which most are wrong in these runs are no claims: the attacker can run them too.

- `named`: right claims of 100 people, less how many of them would be right by guessing from the prior.
- `p95_bits`: 95th percentile of the factor, log2 of posterior / prior of the true combination, with the trust at which
  it is largest on average; less the same percentile for the others of these people, who did not come (the placebo).

**An unchanged group.** `QUIET` quarters without any change follow the draft. Somebody who knows that a group did not
change lays `SERIES` of them over each other. A group whose figure was both 0 and 5 has 0 to 4 people.

- `by_series`: the posterior of 1 to 4 for such groups, less that after one release, times the share of groups of 1 to 4
  to which it happens; that is, on average over the groups of 1 to 4.

Sources: the posterior is a naive Bayes classifier. Posterior against prior odds as a measure of disclosure: A.
Evfimievski, J. Gehrke, R. Srikant, Limiting privacy breaches in privacy preserving data mining (PODS 2003). An attacker
who learns from releases with and without a person: R. Shokri et al., Membership inference attacks (IEEE S&P 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nrm.statistics.reading import Record, predicate
from nrm.statistics.tables import BASE, Cell, TableSet

PEOPLE = 100  # so many come, and so many leave
FEWEST, WORK = 20, 100_000  # people tried of a release with many figures: WORK / figures, at least FEWEST
QUIET = 40  # quarters without any change
SERIES = 8  # releases that somebody lays over each other
EXCHANGED = 0.3  # how often an attribute of a fictitious person is another than that of the record it was made from
MOST_NAMED = 2  # from so many of 100 on a draft is refused
MOST_BITS = 6.0
MOST_BY_SERIES = 0.05
TRUSTS = (1.0, 0.5, 0.25)
MOVES = 2  # a move of more steps of 5 is as one of so many
SHRINK = 5.0  # moves of all figures of a class that the attacker adds to those with, and without, the person
# Where there are more combinations, DRAWN of them stand for all. A person of another combination is then never named
# (who names one of so many has a factor far beyond MOST_BITS), and the factor is an estimate.
MOST_COMBINATIONS = 2_000_000
DRAWN = 20_000

Figures = Mapping[Cell, int]
"""Printed figures, in people."""

Method = Callable[[Sequence[Record], Sequence[Figures], int], Figures | None]
"""(people, the releases before, the oldest first, a fresh seed) -> the next release; None: it cannot be made."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class OnePerson:
    """What was found, as the module says; `draws`: how many people came, and how many left."""

    draws: int
    named: float
    p95_bits: float
    by_series: float

    @property
    def ok(self) -> bool:
        """Whether the draft may be released, as far as nothing else tells of these people."""
        return self.ok_beside(0.0)

    def ok_beside(self, bits: float) -> bool:
        """Whether the draft may be released beside others on the same people that tell so many bits of one of them.

        Each release has noise of its own. So what two of them tell of the same person multiplies, and the bits add; one
        that tells nothing adds nothing.
        """
        told = self.p95_bits + bits if self.p95_bits else 0.0
        return self.named < MOST_NAMED and told <= MOST_BITS and self.by_series <= MOST_BY_SERIES

    def and_also(self, other: OnePerson) -> OnePerson:
        """The worse of two, for somebody who may do the one or the other."""
        return OnePerson(
            max(self.draws, other.draws),
            max(self.named, other.named),
            max(self.p95_bits, other.p95_bits),
            max(self.by_series, other.by_series),
        )

    def to_json(self) -> dict[str, float]:
        """As a verdict carries it."""
        return {
            "draws": self.draws,
            "named": self.named,
            "p95_bits": self.p95_bits,
            "by_series": self.by_series,
        }


NOTHING_TOLD = OnePerson(0, 0.0, 0.0, 0.0)


class NoNextRelease(Exception):
    """The method cannot make the release after the draft, so nothing can be said about it."""


def examine(
    table_set: TableSet,
    records: Sequence[Record],
    printed: Sequence[Figures],
    method: Method,
    *,
    seed: int,
    people: int | None = None,
) -> OnePerson:
    """Try what a draft would tell, beside the release after it. `printed` are all releases, the draft last. `people`:
    how many come and leave, PEOPLE without it and at most; where the records are invented, FEWEST are enough.

    Raises NoNextRelease.
    """
    most = PEOPLE if people is None else min(people, PEOPLE)
    cells = [cell for cell in printed[-1] if cell and not table_set.is_impossible(cell)]
    if not cells or not records or not most:
        return NOTHING_TOLD
    return _Trial(table_set, records, printed, method, cells, np.random.default_rng(seed), most).run()


class _Trial:
    def __init__(
        self,
        table_set: TableSet,
        records: Sequence[Record],
        printed: Sequence[Figures],
        method: Method,
        cells: Sequence[Cell],
        chance: np.random.Generator,
        most: int,
    ) -> None:
        self.records, self.printed, self.method, self.cells, self.chance = records, printed, method, cells, chance
        self.draft = self._row(printed[-1])
        self.runs = min(most, max(FEWEST, WORK // len(cells)))
        self.people = _Combinations(table_set, cells, records, chance)

    def run(self) -> OnePerson:
        """All of it: quarters in which nothing happens, who comes, and who leaves."""
        by_series = self._by_series(self._quiet())
        found = [self._learned(*self._changed(comes=comes)) for comes in (True, False)]
        named, bits = (max(each) for each in zip(*found, strict=True))
        return OnePerson(self.runs, round(named, 2), round(bits, 2), round(by_series, 3))

    def _row(self, figures: Figures) -> Ints:
        """Figures in the order of the cells, the total last."""
        return np.array([figures[cell] for cell in (*self.cells, ())], dtype=np.int64)

    def _next(self, people: Sequence[Record], printed: Sequence[Figures]) -> Figures:
        made = self.method(people, printed, int(self.chance.integers(1 << 30)))
        if made is None:
            raise NoNextRelease
        return made

    def _quiet(self) -> Ints:
        """Figures of quarters without any change, one after the other."""
        printed = list(self.printed)
        for _ in range(QUIET):
            printed.append(self._next(self.records, printed))
        return np.array([self._row(figures) for figures in printed[len(self.printed) - 1 :]])

    def _by_series(self, quiet: Ints) -> float:
        figures = quiet[:, :-1]
        counts = self.people.counted(self.records).sum(axis=0)
        small = (counts > 0) & (counts < BASE)
        after_one = 0.0
        for shown in (figures == 0, figures == BASE):
            if shown.any():
                after_one = max(after_one, float(shown[:, small].sum() / shown.sum()))
        windows = np.lib.stride_tricks.sliding_window_view(figures, min(SERIES, len(figures)), axis=0)
        both = (windows == 0).any(axis=2) & (windows == BASE).any(axis=2)
        if not both[:, small].any():
            return 0.0
        return float(both[:, small].mean() * (both[:, small].sum() / both.sum() - after_one))

    def _changed(self, *, comes: bool) -> tuple[list[Record], Ints]:
        """Who came or left, one in each run, and the figures after it."""
        who, rows = [], []
        for _ in range(self.runs):
            if comes:
                who.append(self.people.somebody())
                people = [*self.records, who[-1]]
            else:
                place = self.people.leaver()
                who.append(self.records[place])
                people = [*self.records[:place], *self.records[place + 1 :]]
            rows.append(self._row(self._next(people, self.printed)))
        return who, np.array(rows)

    def _learned(self, who: Sequence[Record], after: Ints) -> tuple[float, float]:
        """(named of 100, 95th percentile of the factor in bits)."""
        moves, kinds = self._moves(after)
        counted = self.people.counted(who)
        inside = counted.astype(int)
        seen = np.zeros((2, int(kinds.max()) + 1, 2 * MOVES + 1))
        np.add.at(seen, (inside, kinds, moves), 1)
        factors = np.zeros((len(TRUSTS), self.runs, self.runs))  # after the run, of the person in the last place
        claims = np.zeros((len(TRUSTS), 3))  # how many, how many are right, how many would be by guessing
        for run in range(self.runs):
            own = np.zeros_like(seen)
            np.add.at(own, (inside[run], kinds[run], moves[run]), 1)
            told = _told(seen - own)[kinds[run], moves[run]]
            for place, trust in enumerate(TRUSTS):
                believed = self.people.believed(trust * told, counted)
                factors[place, run] = believed.log_factors
                if believed.posterior > 0.5 and believed.posterior >= 2 * believed.prior:
                    claims[place] += 1, believed.likeliest == self.people.place(who[run]), believed.prior
        own_factor = np.eye(self.runs, dtype=bool)
        best = factors[int(np.argmax([each[own_factor].mean() for each in factors]))]
        bits = (np.percentile(best[own_factor], 95) - np.percentile(best[~own_factor], 95)) / np.log(2)
        named = [100 * (right - guessed) / self.runs for made, right, guessed in claims if 2 * right >= made]
        return float(max([0.0, *named])), float(max(0.0, bits))

    def _moves(self, after: Ints) -> tuple[Ints, Ints]:
        """For every run and figure: the move in steps of 5, as an index, and the class of the figure."""
        steps = (after - self.draft) // BASE
        levels = np.array([len(cell) for cell in self.cells])
        kinds = (2 * levels + (self.draft[:-1] == 0)) * 3 + np.sign(steps[:, -1:]) + 1
        return np.clip(steps[:, :-1], -MOVES, MOVES) + MOVES, kinds


def _told(seen: Floats) -> Floats:
    """log P(move | in) / P(move | out) by class and move, from counts by (out, in), class and move."""
    pooled = seen.sum(axis=0) + 1 / seen.shape[2]
    shares = seen + SHRINK * pooled / pooled.sum(axis=1, keepdims=True)
    shares /= shares.sum(axis=2, keepdims=True)
    logs: Floats = np.log(shares[1]) - np.log(shares[0])
    return logs


@dataclass(frozen=True)
class _Belief:
    """log of posterior / prior of some people; and the likeliest combination, with its prior and its posterior."""

    log_factors: Floats
    likeliest: int
    prior: float
    posterior: float


class _Combinations:
    """Every combination of codes that somebody who comes can have, its prior, and the figures in which it counts."""

    def __init__(
        self, table_set: TableSet, cells: Sequence[Cell], records: Sequence[Record], chance: np.random.Generator
    ) -> None:
        self.table_set, self.cells, self.records, self.chance = table_set, cells, records, chance
        flow = table_set.stock_flow
        # Who was there at the opening is in a figure that is printed already: who comes was admitted.
        self.fixed = {} if flow is None else {table_set.roots.index(flow.arrival): flow.admitted}
        self.all_codes = [
            (self.fixed[place],) if place in self.fixed else table_set.dimensions[root].codes
            for place, root in enumerate(table_set.roots)
        ]
        used = {root for cell in cells for root, _ in cell}
        self.places = [place for place, root in enumerate(table_set.roots) if root in used]
        self.roots = [table_set.roots[place] for place in self.places]
        self.codes = [self.all_codes[place] for place in self.places]
        self.number_of = [{code: number for number, code in enumerate(codes)} for codes in self.codes]
        self.shape = tuple(map(len, self.codes))
        self.where = [predicate(table_set, cell) for cell in cells]
        self.tables = list(self._tables())
        self.drawn: Ints | None = None
        if np.prod([float(size) for size in self.shape]) <= MOST_COMBINATIONS:
            self.prior = self._whole_prior()
        else:
            drawn = np.array([self.numbers(self.somebody()) for _ in range(DRAWN)], dtype=np.int64)
            self.drawn, number = np.unique(drawn, axis=0, return_counts=True)
            self.prior = (number / number.sum()).astype(np.float32)
            self.known = {tuple(row): place for place, row in enumerate(self.drawn.tolist())}

    def _tables(self) -> list[tuple[list[int], list[int], NDArray[np.float32]]]:
        """(axes, numbers of figures, which figure counts which combination of the axes); each figure once."""
        axes_of = [tuple(sorted(self.roots.index(root) for root, _ in cell)) for cell in self.cells]
        tables, taken = [], set()
        for axes in sorted(set(axes_of), key=lambda axes: (-len(axes), axes)):
            mine = [n for n, own in enumerate(axes_of) if n not in taken and set(own) <= set(axes)]
            if not mine:
                continue
            taken.update(mine)
            matrix = np.zeros((len(mine), *(self.shape[axis] for axis in axes)), dtype=np.float32)
            for counts, figure in zip(matrix, mine, strict=True):
                counts[np.ix_(*self._inside(self.where[figure], axes))] = 1
            tables.append((list(axes), mine, matrix.reshape(len(mine), -1)))
        return tables

    def _inside(self, where: Mapping[str, frozenset[str]], axes: Sequence[int]) -> list[list[int]]:
        return [
            [number for number, code in enumerate(self.codes[axis]) if code in where.get(self.roots[axis], {code})]
            for axis in axes
        ]

    def _whole_prior(self) -> NDArray[np.float32]:
        held = np.zeros(self.shape)
        for record in self.records:
            held[tuple(self.numbers(record))] += 1
        for axis, size in enumerate(self.shape):
            held = (1 - EXCHANGED) * held + EXCHANGED * held.sum(axis=axis, keepdims=True) / size
        for rule in self.table_set.impossible:
            if set(rule) <= set(self.roots):
                held[np.ix_(*self._inside(rule, range(len(self.roots))))] = 0
        prior: NDArray[np.float32] = (held / held.sum()).astype(np.float32).reshape(-1)
        return prior

    def numbers(self, record: Record) -> list[int]:
        """The codes of a person as numbers along the axes; of who was there at the opening, as of who comes."""
        codes = (self.fixed.get(place, record[place]) for place in self.places)
        return [numbers[code] for numbers, code in zip(self.number_of, codes, strict=True)]

    def place(self, record: Record) -> int:
        """The place of the combination of a person; -1 where it was not drawn."""
        numbers = self.numbers(record)
        if self.drawn is not None:
            return self.known.get(tuple(numbers), -1)
        return int(np.ravel_multi_index(numbers, self.shape))

    def somebody(self) -> Record:
        """A fictitious person who can be: a record with some attributes exchanged."""
        while True:
            record = self.records[int(self.chance.integers(len(self.records)))]
            exchanged = self.chance.random(len(record)) < EXCHANGED
            made = tuple(
                codes[int(self.chance.integers(len(codes)))] if exchanged[place] or place in self.fixed else code
                for place, (codes, code) in enumerate(zip(self.all_codes, record, strict=True))
            )
            if not self.table_set.is_impossible(tuple(sorted(zip(self.table_set.roots, made, strict=True)))):
                return made

    def leaver(self) -> int:
        """The place of a record that may go; not of who was at the opening, while there are others."""
        free = [n for n, record in enumerate(self.records) if all(record[p] == c for p, c in self.fixed.items())]
        return int(self.chance.choice(free or range(len(self.records))))

    def counted(self, people: Sequence[Record]) -> NDArray[np.bool_]:
        """Which person (row) is counted in which figure (column)."""
        held = np.array(people, dtype=object)
        at = {root: number for number, root in enumerate(self.table_set.roots)}
        found = np.ones((len(people), len(self.cells)), dtype=np.bool_)
        known: dict[tuple[str, frozenset[str]], NDArray[np.bool_]] = {}
        for number, where in enumerate(self.where):
            for root, codes in where.items():
                if (root, codes) not in known:
                    known[root, codes] = np.isin(held[:, at[root]].astype(str), sorted(codes))
                found[:, number] &= known[root, codes]
        return found

    def believed(self, told: Floats, counted: NDArray[np.bool_]) -> _Belief:
        """What somebody believes to whom each figure tells that much of who is counted in it, of people (rows)."""
        score = np.zeros((1,) * len(self.shape) if self.drawn is None else len(self.prior), dtype=np.float32)
        for axes, mine, matrix in self.tables:
            sums = told[mine].astype(np.float32) @ matrix
            if self.drawn is None:
                score = score + sums.reshape([n if axis in axes else 1 for axis, n in enumerate(self.shape)])
            else:
                sizes = [self.shape[axis] for axis in axes]
                score = score + sums[np.ravel_multi_index(self.drawn[:, axes].T, sizes)]
        if self.drawn is None:
            score = np.broadcast_to(score, self.shape).reshape(-1)
        top = score.max()
        weights = self.prior * np.exp(score - top)
        whole = float(weights.sum(dtype=np.float64))
        likeliest = int(weights.argmax())
        logs = counted @ told - float(top) - np.log(whole)
        return _Belief(logs, likeliest, float(self.prior[likeliest]), float(weights[likeliest]) / whole)
