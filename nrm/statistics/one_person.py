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

Releases on the same people have noise of their own, so what they tell of one person adds up. The 95th percentiles are
added as they are: somebody whose attributes are rare is told of by each release, so what is above the mean does not
cancel (measured in ADR 0111).

Where there are many figures fewer than PEOPLE come. One of twenty who is named by chance is 5 of 100, so then twice and
three times as many come, before a draft is refused; all of them are judged together (ADR 0107).

**An unchanged group.** `QUIET` quarters without any change follow the draft. Somebody who knows that a group did not
change lays `SERIES` of them over each other. A group whose figure was both 0 and 5 has 0 to 4 people.

- `by_series`: the posterior of 1 to 4 for such groups, less that of a group of which one release shows a 5, times the
  share of groups of 1 to 4 to which it happens; that is, on average over the groups of 1 to 4.

In a small table every group behind a 5 may happen to have 1 to 4 people, and nothing could be gained: but nobody knows
that who has the release alone. So where there are few figures the same is asked of `POPULATIONS` of as many fictitious
people each, whose draft the method makes too, and the larger answer counts (ADR 0095).

Sources: the posterior is a naive Bayes classifier. Posterior against prior odds as a measure of disclosure: A.
Evfimievski, J. Gehrke, R. Srikant, Limiting privacy breaches in privacy preserving data mining (PODS 2003). An attacker
who learns from releases with and without a person: R. Shokri et al., Membership inference attacks (IEEE S&P 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nrm.statistics.combinations import Combinations
from nrm.statistics.reading import Record
from nrm.statistics.tables import BASE, Cell, TableSet

PEOPLE = 100  # so many come, and so many leave
FEWEST, WORK = 20, 100_000  # people tried of a release with many figures: WORK / figures, at least FEWEST
MORE = 3  # so many times as many, at most, are tried before a draft is refused
SERIES = 8  # releases that somebody lays over each other
QUIET, FEWEST_QUIET = 40, 2 * SERIES  # quarters without any change; as people, fewer where there are many figures
POPULATIONS, FIGURES = 12, 400  # fictitious populations: until so many figures were made of them
MOST_NAMED = 2  # from so many of 100 on a draft is refused
MOST_BITS = 6.0
MOST_BY_SERIES = 0.05
TRUSTS = (1.0, 0.5, 0.25)
MOVES = 2  # a move of more steps of 5 is as one of so many
SHRINK = 5.0  # moves of all figures of a class that the attacker adds to those with, and without, the person

Figures = Mapping[Cell, int]
"""Printed figures, in people."""

Method = Callable[[Sequence[Record], Sequence[Figures], int], Figures | None]
"""(people, the releases before, the oldest first, a fresh seed) -> the next release; None: it cannot be made."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_Quiet = tuple[Ints, NDArray[np.bool_]]
"""Figures of quarters (rows) without any change, without the total; and which of them stand for 1 to 4 people."""


@dataclass(frozen=True)
class OnePerson:
    """What was found, as the module says; `draws`: how many people came, and how many left, at least."""

    draws: int
    named: float
    p95_bits: float
    by_series: float

    @property
    def ok(self) -> bool:
        """Whether the draft may be released, as far as nothing else tells of these people."""
        return self.ok_beside([])

    def ok_beside(self, others: Sequence[float]) -> bool:
        """Whether the draft may be released beside others on the same people, of which each tells so many bits; one
        that tells nothing adds nothing."""
        told = self.p95_bits + sum(others) if self.p95_bits else 0.0
        return self.named < MOST_NAMED and told <= MOST_BITS and self.by_series <= MOST_BY_SERIES

    def and_also(self, other: OnePerson) -> OnePerson:
        """The worse of two, for somebody who may do the one or the other."""
        return OnePerson(
            min(self.draws or other.draws, other.draws or self.draws),
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
    elsewhere: Sequence[float] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> OnePerson:
    """Try what a draft would tell, beside the release after it. `printed` are all releases, the draft last. `people`:
    how many come and leave at first, PEOPLE without it and at most; where the records are invented, FEWEST are enough.
    `elsewhere`: what other releases tell. A draft that is refused is not tried to the end.

    Raises NoNextRelease.
    """
    most = PEOPLE if people is None else min(people, PEOPLE)
    cells = [cell for cell in printed[-1] if cell and not table_set.is_impossible(cell)]
    if not cells or not records or not most:
        return NOTHING_TOLD
    trial = _Trial(table_set, records, printed, method, cells, np.random.default_rng(seed), most)
    return trial.run(elsewhere, tell)


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
        self.quarters = max(FEWEST_QUIET, min(QUIET, WORK // len(cells)) if most == PEOPLE else 0)
        self.people = Combinations(table_set, cells, records, chance)

    def run(self, elsewhere: Sequence[float] = (), tell: Callable[[str], None] = lambda _: None) -> OnePerson:
        """All of it: quarters in which nothing happens, who comes, and who leaves."""
        tell("one person: quarters without change")
        by_series = self._by_series([self._quiet(self.records, self.printed, self.quarters)])
        by_series = max(by_series, self._by_series(list(self._populations())))
        found = OnePerson(0, 0.0, 0.0, round(by_series, 3))
        for comes in (True, False):
            tell(f"one person: {'comes' if comes else 'leaves'}")
            told = self._one(elsewhere, comes=comes)
            found = found.and_also(told)
            if not told.ok_beside(elsewhere):
                break
        return found

    def _one(self, elsewhere: Sequence[float], *, comes: bool) -> OnePerson:
        """What is told of who comes, or leaves; of more people where few could be refused by chance."""
        most = min(PEOPLE, MORE * self.runs)
        who: list[Record] = []
        rows: list[Ints] = []
        while True:
            for record, after in self._changed(min(self.runs, most - len(who)), comes=comes):
                who.append(record)
                rows.append(after)
            named, bits = self._learned(who, np.array(rows))
            told = OnePerson(len(who), round(named, 2), round(bits, 2), 0.0)
            hopeless = named * len(who) >= MOST_NAMED * most
            if told.ok_beside(elsewhere) or hopeless or len(who) >= most:
                return told

    def _row(self, figures: Figures) -> Ints:
        """Figures in the order of the cells, the total last."""
        return np.array([figures[cell] for cell in (*self.cells, ())], dtype=np.int64)

    def _next(self, people: Sequence[Record], printed: Sequence[Figures]) -> Figures:
        made = self.method(people, printed, int(self.chance.integers(1 << 30)))
        if made is None:
            raise NoNextRelease
        return made

    def _quiet(self, people: Sequence[Record], printed: Sequence[Figures], quarters: int) -> _Quiet:
        """The draft and the quarters without any change that follow it, one after the other."""
        made = list(printed)
        for _ in range(quarters):
            made.append(self._next(people, made))
        rows = np.array([self._row(figures)[:-1] for figures in made[len(printed) - 1 :]])
        counts = self.people.counts(people)
        return rows, (counts > 0) & (counts < BASE)

    def _populations(self) -> Iterator[_Quiet]:
        """Quarters of fictitious people. Who was there at the opening, which is printed already, stays."""
        for _ in range(min(POPULATIONS, FIGURES // len(self.cells))):
            people = self.people.population()
            before = self.printed[:-1]
            draft = self.method(people, before, int(self.chance.integers(1 << 30)))
            if draft is not None:  # others may have no release of which the openings are these
                yield self._quiet(people, [*before, draft], SERIES - 1)

    @staticmethod
    def _by_series(quiet: Sequence[_Quiet]) -> float:
        fives = sum(int((rows == BASE).sum()) for rows, _ in quiet)
        small_fives = sum(int((rows == BASE)[:, small].sum()) for rows, small in quiet)
        seen = both = both_of_small = 0
        for rows, small in quiet:
            windows = np.lib.stride_tricks.sliding_window_view(rows, SERIES, axis=0)
            turned = (windows == 0).any(axis=2) & (windows == BASE).any(axis=2)
            seen += turned[:, small].size
            both += int(turned.sum())
            both_of_small += int(turned[:, small].sum())
        if not both_of_small:
            return 0.0
        return max(0.0, both_of_small / seen * (both_of_small / both - small_fives / fives))

    def _changed(self, runs: int, *, comes: bool) -> Iterator[tuple[Record, Ints]]:
        """Who came or left, one in each run, and the figures after it."""
        if comes:
            for record in self.people.somebody(runs):
                yield record, self._row(self._next([*self.records, record], self.printed))
        else:
            for place in self.people.leavers(runs):
                people = [*self.records[:place], *self.records[place + 1 :]]
                yield self.records[place], self._row(self._next(people, self.printed))

    def _learned(self, who: Sequence[Record], after: Ints) -> tuple[float, float]:
        """(named of 100, 95th percentile of the factor in bits)."""
        best, claims = self._factors(who, after)
        own = np.eye(len(who), dtype=bool)
        bits = (np.percentile(best[own], 95) - np.percentile(best[~own], 95)) / np.log(2)
        named = [100 * (right - guessed) / len(who) for made, right, guessed in claims if 2 * right >= made]
        return float(max([0.0, *named])), float(max(0.0, bits))

    def _factors(self, who: Sequence[Record], after: Ints) -> tuple[Floats, Floats]:
        """log of the factor after each run (row) of the person of each (column), with the trust that tells most; and by
        trust how many claims there are, how many are right, and how many would be by guessing."""
        runs = len(who)
        moves, kinds = self._moves(after)
        counted = self.people.counted(who)
        inside = counted.astype(int)
        seen = np.zeros((2, int(kinds.max()) + 1, 2 * MOVES + 1))
        np.add.at(seen, (inside, kinds, moves), 1)
        factors = np.zeros((len(TRUSTS), runs, runs))
        claims = np.zeros((len(TRUSTS), 3))
        for run in range(runs):
            own = np.zeros_like(seen)
            np.add.at(own, (inside[run], kinds[run], moves[run]), 1)
            told = _told(seen - own)[kinds[run], moves[run]]
            for place, believed in enumerate(self.people.believed(told, counted, TRUSTS)):
                factors[place, run] = believed.log_factors
                if believed.posterior > 0.5 and believed.posterior >= 2 * believed.prior:
                    claims[place] += 1, believed.likeliest == self.people.place(who[run]), believed.prior
        return factors[int(np.argmax([each.diagonal().mean() for each in factors]))], claims

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
