"""What several releases on the same people tell of one person together, beside the rule that adds it up (ADR 0108).

Panels of 30 to 300 people over eight quarters, of whom 60 to 90 in 100 stay. Three releases on them, each with noise of
its own, have printed all eight quarters. The same 100 people come, one each time, and each release prints the next
quarter. Two attackers learn from it: that of the gate, and one who knows everything but the seed: the records of all
others, and so how far each figure was from the true number before, which decides how easily it moves.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.statistics import QUARTERS, STAYING, large, somebody
from nrm.statistics import one_person
from nrm.statistics.cells import lay_out
from nrm.statistics.next_rounding import NextRoundings
from nrm.statistics.one_person import MOST_BITS, MOST_NAMED, PEOPLE
from nrm.statistics.protect import NOTHING_PRINTED, round_jointly, round_total, secret_stream
from nrm.statistics.reading import Record
from nrm.statistics.tables import BASE, Cell

SIZES = (30, 60, 120, 300)
RELEASES, POPULATIONS = 3, 3
SEED = b"told".ljust(32)
# 1,200 combinations in about 100 figures by two attributes.
TABLES = large({"a": 6, "b": 2, "c": 5, "d": 4, "e": 5}, {"a": 2}, ("ab", "ac", "bd", "de"))
Bits = tuple[float, float]
"""Mean and 95th percentile over people of what one release tells."""
FAR = 9  # how far a figure may be from the true number


class Knowing(one_person._Trial):
    """Who knows all others: the class of a figure is also how far it was from the number of people before."""

    def _moves(self, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        moves, kinds = super()._moves(after)
        away = np.clip(self.people.counts(self.records) - self.draft[:-1], -FAR, FAR) + FAR
        return moves, kinds * (2 * FAR + 1) + away


@dataclass(frozen=True)
class Told:
    """What one release tells in the run of each of the same people: of every figure; and what its verdict says."""

    trial: one_person._Trial
    who: Sequence[Record]
    each: np.ndarray
    factors: np.ndarray
    bits: Bits


def panel(people: int, staying: float, population: int) -> list[list[Record]]:
    """The records of eight quarters; at each a share of the people goes, and as many others come."""
    chance = random.Random(f"told {people} {staying} {population}")
    pool, _ = TABLES.records(somebody(TABLES, people * (QUARTERS + 1) + population))
    quarters = [pool[:people]]
    rest = pool[people:]
    for _ in range(QUARTERS - 1):
        stay = chance.sample(quarters[-1], round(staying * people))
        quarters.append(stay + chance.sample(rest, people - len(stay)))
    return quarters


def told(attacker: type[one_person._Trial], quarters: Sequence[Sequence[Record]], number: int) -> Told:
    """What one release tells of each of the same 100 people; `number` is that of its noise."""
    ways = TABLES.ways_for(len(quarters[-1]))
    table_set = TABLES.reduced(min(2, ways))
    layout = lay_out(table_set)
    last: Mapping[Cell, int] = NOTHING_PRINTED
    for place, records in enumerate(quarters):
        noise = secret_stream(SEED, number, place)
        counts = layout.membership(list(records)).sum(axis=1).astype(np.int64)
        last = round_jointly(layout, counts, round_total(len(records), noise, last), noise, last=last)
    following = NextRoundings(layout, quarters[-1], last)

    def after(records: Sequence[Record], printed: Sequence[Mapping[Cell, int]], fresh: int) -> dict[Cell, int]:
        before = {cell: figure // BASE for cell, figure in printed[-1].items()}
        made = following.round(records, before, SEED, (number, fresh))
        return {cell: BASE * figure for cell, figure in made.items()}

    draft = {cell: BASE * figure for cell, figure in last.items()}
    cells = [cell for cell in draft if cell]
    trial = attacker(table_set, list(quarters[-1]), [draft], after, cells, np.random.default_rng(7), PEOPLE)
    who: list[Record] = []
    rows = []
    for record, figures in trial._changed(PEOPLE, comes=True):
        who.append(record)
        rows.append(figures)
    _, p95 = trial._learned(who, np.array(rows))
    factors, _ = trial._factors(who, np.array(rows))
    mean = min(max(0.0, float(factors.diagonal().mean() / np.log(2))), p95)
    return Told(trial, who, told_of_figures(trial, who, np.array(rows)), factors / np.log(2), (mean, p95))


def told_of_figures(trial: one_person._Trial, who: Sequence[Record], after: np.ndarray) -> np.ndarray:
    """For each run and figure log P(move | counted) / P(move | not), learned from the other runs."""
    moves, kinds = trial._moves(after)
    inside = trial.people.counted(who).astype(int)
    seen = np.zeros((2, int(kinds.max()) + 1, 2 * one_person.MOVES + 1))
    np.add.at(seen, (inside, kinds, moves), 1)
    found = np.zeros(moves.shape)
    for run in range(len(who)):
        own = np.zeros_like(seen)
        np.add.at(own, (inside[run], kinds[run], moves[run]), 1)
        found[run] = one_person._told(seen - own)[kinds[run], moves[run]]
    return found


def named(releases: Sequence[Told]) -> float:
    """Of 100 people, how many all releases together name rightly, less those by guessing; as the gate counts."""
    people, who = releases[0].trial.people, releases[0].who
    counted = people.counted(who)
    claims = np.zeros((len(one_person.TRUSTS), 3))
    for run, each in enumerate(sum(release.each for release in releases)):
        for place, held in enumerate(people.believed(each, counted, one_person.TRUSTS)):
            if held.posterior > 0.5 and held.posterior >= 2 * held.prior:
                claims[place] += 1, held.likeliest == people.place(who[run]), held.prior
    return max([0.0, *(100 * (right - guess) / len(who) for made, right, guess in claims if 2 * right >= made)])


def measured(releases: Sequence[Told]) -> float:
    """The 95th percentile, over people, of what these releases tell together, less that of who did not come."""
    added = sum(each.factors for each in releases)
    own = np.eye(len(added), dtype=bool)
    return max(0.0, float(np.percentile(added[own], 95) - np.percentile(added[~own], 95)))


def squares(releases: Sequence[Bits]) -> float:
    """The rule that was left (ADR 0111): the means are added, and what the percentiles are above them in squares."""
    return sum(mean for mean, _ in releases) + math.sqrt(sum((p95 - mean) ** 2 for mean, p95 in releases))


def main() -> None:
    """Print, by size and share that stays: bits by both attackers, as measured and by the two rules, and the named."""
    print(f"{RELEASES} releases on the same people: bits that they tell together; limits {MOST_BITS} and {MOST_NAMED}")
    print(f"{'':12} | {'the attacker of the gate':35} | who knows everything but the seed")
    print(
        f"{'people':>6} {'stay':>5} | {'measured':>8} {'squares':>7} {'added':>6} {'named':>7}    |"
        f" {'measured':>8} {'named':>7}"
    )
    found = []
    for people in SIZES:
        for staying in STAYING:
            for population in range(POPULATIONS):
                quarters = panel(people, staying, population)
                gate = [told(one_person._Trial, quarters, number) for number in range(RELEASES)]
                knowing = [told(Knowing, quarters, number) for number in range(RELEASES)]
                bits = [each.bits for each in gate]
                rules = squares(bits), sum(p95 for _, p95 in bits)
                told_to = [(measured(each), named(each)) for each in (gate, knowing)]
                found.append((*rules, *(number for each in told_to for number in each)))
                (by_gate, of_gate), (by_knowing, of_knowing) = told_to
                print(
                    f"{people:6} {100 * staying:4.0f}% | {by_gate:8.1f} {rules[0]:7.1f} {rules[1]:6.1f} {of_gate:7.1f}"
                    f"    | {by_knowing:8.1f} {of_knowing:7.1f}",
                    flush=True,
                )
    table = np.array(found)
    for name, rule in (("in squares", table[:, 0]), ("added", table[:, 1])):
        admitted = table[rule <= MOST_BITS]
        over = table[:, 2] - rule
        print(
            f"{name}: measured is more in {int((over > 0.05).sum())} of {len(table)}, by {over.max():.1f} at most;"
            f" {len(admitted)} pass, of which {int((admitted[:, 2] > MOST_BITS).sum())} tell more than the limit"
            f" ({admitted[:, 2].max():.1f} at most; to the knowing {admitted[:, 4].max():.1f}), and name"
            f" {admitted[:, 3].max():.1f} and {admitted[:, 5].max():.1f} of 100 at most"
        )


if __name__ == "__main__":
    main()
