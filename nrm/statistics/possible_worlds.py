"""Possible worlds: other sets of people that would have given the same release.

A world is a list of records. It is possible if every printed figure can stand for what the world counts, and every fact
of the scenario is true (`conditions.py`). Possible worlds show what a release hides from an attacker: the things that
must stay open are `questions.py`, and one world answers many of them. Worlds come from a walk that moves one person at
a time (`walk.py`); questions that the walk does not answer go to CP-SAT (`search.py`).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nrm.statistics.conditions import Frame
from nrm.statistics.earlier_release import EarlierWorld
from nrm.statistics.reading import Record, predicate
from nrm.statistics.tables import Cell

CANDIDATES = 40  # people tried for one step of a walk
TRIES = 8


class PossibleWorld:
    """A possible world that can be walked: people are changed while every condition holds. They keep their amounts."""

    def __init__(self, frame: Frame, records: Sequence[Record], earlier_world: EarlierWorld | None = None) -> None:
        self.frame = frame
        self.earlier_world = earlier_world
        self.records = list(records)
        self.counts = [0] * len(frame.low)
        for record, number in Counter(self.records).items():
            for place in frame.conditions(record):
                self.counts[place] += number
        for person, record in enumerate(self.records if frame.sums else ()):
            for place, which in frame.summed(record):
                self.counts[place] += frame.sums[which].amounts[person]
        self._numbers = np.array([frame.numbers(record) for record in self.records], dtype=np.int32)
        self._numbers = self._numbers.reshape(len(self.records), len(frame.roots))

    def copy(self) -> PossibleWorld:
        """A copy that can be changed on its own."""
        other = object.__new__(PossibleWorld)
        other.frame, other.records, other.counts = self.frame, list(self.records), list(self.counts)
        other.earlier_world = self.earlier_world.copy() if self.earlier_world else None
        other._numbers = self._numbers.copy()
        return other

    def is_possible(self) -> bool:
        """Whether every condition of the frame holds."""
        return all(
            low <= count <= high for low, count, high in zip(self.frame.low, self.counts, self.frame.high, strict=True)
        )

    def move(self, *changes: tuple[int, Record]) -> bool:
        """Give people other codes, all at once, if the world stays possible."""
        frame, counts = self.frame, self.counts
        delta: dict[int, int] = {}
        for person, record in changes:
            if not frame.possible(record):
                return False
            old, new = frame.conditions(self.records[person]), frame.conditions(record)
            for place in old - new:
                delta[place] = delta.get(place, 0) - 1
            for place in new - old:
                delta[place] = delta.get(place, 0) + 1
            if frame.sums:
                before, after = frame.summed(self.records[person]), frame.summed(record)
                for place, which in before ^ after:
                    amount = frame.sums[which].amounts[person]
                    delta[place] = delta.get(place, 0) + (amount if (place, which) in after else -amount)
        for place, number in delta.items():
            if number and not frame.low[place] <= counts[place] + number <= frame.high[place]:
                return False
        if self.earlier_world is not None:
            leaving = [who for person, _ in changes if (who := frame.who_opened(self.records[person])) is not None]
            entering = [who for _, record in changes if (who := frame.who_opened(record)) is not None]
            if sorted(leaving) != sorted(entering) and not self.earlier_world.follow(leaving, entering):
                return False
        for place, number in delta.items():
            counts[place] += number
        for person, record in changes:
            self.records[person] = record
            self._numbers[person] = frame.numbers(record)
        return True

    def wander(self, steps: int, chance: random.Random) -> None:
        """Change people at random while the world stays possible."""
        frame = self.frame
        if not self.records:
            return
        for _ in range(steps):
            person = chance.randrange(len(self.records))
            root = chance.choice(frame.roots)
            changed = frame.changed(self.records[person], root, chance.choice(frame.codes[root]))
            for option in frame.lawful(changed, {root}, chance)[:1]:
                self.move((person, option))

    def fill(self, cell: Cell, least: int, chance: random.Random) -> bool:
        """Move people into a cell until it holds `least`."""
        place = self.frame.number[cell]
        for person, record in self._towards(cell, chance):
            if self.counts[place] >= least:
                break
            if self.records[person] != record and place in self.frame.conditions(self.records[person]):
                continue  # the person has been moved into the cell already, in another way
            if not self.move((person, record)):
                self._exchange(person, record, chance)
        return self.counts[place] >= least

    def _towards(self, cell: Cell, chance: random.Random) -> Iterator[tuple[int, Record]]:
        """People outside a cell, those with the least to change first, and what they would become in it."""
        frame = self.frame
        leaves = {root: sorted(codes) for root, codes in predicate(frame.table_set, cell).items()}
        apart = self._apart(leaves)
        order = np.where(apart > 0, apart + _shaken(len(apart), chance), np.inf)
        for person in _first(order, min(CANDIDATES, int((apart > 0).sum()))):
            record = self.records[person]
            for root, codes in leaves.items():
                if frame.code(record, root) not in codes:
                    record = frame.changed(record, root, chance.choice(codes))
            for option in frame.lawful(record, leaves, chance):
                yield person, option

    def _apart(self, leaves: Mapping[str, Collection[str]]) -> NDArray[np.int64]:
        """In how many dimensions each person has none of these codes."""
        apart = np.zeros(len(self.records), dtype=np.int64)
        for root, codes in leaves.items():
            place, outside = self.frame.outside(root, codes)
            apart += outside[self._numbers[:, place]]
        return apart

    def empty(self, cell: Cell, chance: random.Random) -> bool:
        """Move everybody out of a cell."""
        frame, place = self.frame, self.frame.number[cell]
        leaves = predicate(frame.table_set, cell)
        outside = [(root, code) for root, codes in leaves.items() for code in frame.codes[root] if code not in codes]
        for person in np.flatnonzero(self._apart(leaves) == 0).tolist():
            record = self.records[person]
            if place not in frame.conditions(record):
                continue  # another exchange has moved the person out
            chance.shuffle(outside)
            others = [
                option
                for root, code in outside
                for option in frame.lawful(frame.changed(record, root, code), {root}, chance)
            ]
            if not any(self.move((person, other)) for other in others):
                any(self._exchange(person, other, chance, unless=place) for other in others[:TRIES])
        return self.counts[place] == 0

    def become(self, record: Record, options: Sequence[Record], chance: random.Random) -> bool:
        """Turn somebody with this record, else anybody close to it, into one of the options."""
        close = _first(-self._alike(record).astype(float), CANDIDATES)
        return any(self.move((person, option)) for person in close for option in options) or any(
            self._exchange(person, option, chance) for person in close[:TRIES] for option in options[:TRIES]
        )

    def _alike(self, record: Record) -> NDArray[np.int64]:
        """In how many dimensions each person has the code of the record."""
        same = self._numbers == np.array(self.frame.numbers(record), dtype=np.int32)
        return np.asarray(same.sum(axis=1), dtype=np.int64)

    def _exchange(self, person: int, wanted: Record, chance: random.Random, unless: int | None = None) -> bool:
        """As `move`, but another person takes over the codes that this one gives up, so that more sums stay the
        same."""
        record = self.records[person]
        changed = [place for place, (a, b) in enumerate(zip(record, wanted, strict=True)) if a != b]
        numbers = self.frame.numbers(wanted)
        has = np.ones(len(self.records), dtype=np.bool_)
        has[person] = False
        for place in changed:
            has &= self._numbers[:, place] == numbers[place]
        partners = np.flatnonzero(has)
        if not len(partners):
            return False
        alike = self._alike(record)[partners]
        for found in _first(_shaken(len(partners), chance) - alike, CANDIDATES):
            other = int(partners[found])
            held = list(self.records[other])
            for place in changed:
                held[place] = record[place]
            if unless is not None and unless in self.frame.conditions(tuple(held)):
                continue
            if self.move((person, wanted), (other, tuple(held))):
                return True
        return False


def _shaken(number: int, chance: random.Random) -> NDArray[np.float64]:
    """Numbers below 1, by which what is equal comes in a random order."""
    return np.random.Generator(np.random.PCG64(chance.getrandbits(64))).random(number)


def _first(order: NDArray[np.float64], number: int) -> list[int]:
    """The places of the lowest, the lowest first; of equal ones those that come first."""
    if number < len(order):
        near = np.flatnonzero(order <= np.partition(order, number)[number])
    else:
        near = np.arange(len(order))
    found: list[int] = near[np.argsort(order[near], kind="stable")][:number].tolist()
    return found
