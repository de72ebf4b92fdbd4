"""Possible worlds: other sets of people that would have given the same release.

A world is a list of records. It is possible when every printed figure could stand for what it counts and every fact
of the scenario holds. What a release keeps from an attacker is shown by such worlds: `Questions` are what must stay
open, and a world answers many of them at once. Worlds come from a walk that moves one person at a time; what the
walk leaves open is put to CP-SAT (`search.py`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product

import numpy as np
from numpy.typing import NDArray

from nrm.statistics.reading import Predicate, Record, Scenario, bounds, is_whole, matcher, predicate, sums
from nrm.statistics.tables import TOTAL, Cell, TableSet

Flags = NDArray[np.bool_]


class Frame:
    """The conditions a world must meet: one per printed figure, then one per fact of the scenario."""

    def __init__(self, table_set: TableSet, figures: Mapping[Cell, int], scenario: Scenario) -> None:
        self.table_set = table_set
        self.scenario = scenario
        self.cells = tuple(figures)
        self.number = {cell: place for place, cell in enumerate(self.cells)}
        limits = [bounds(cell, figure) for cell, figure in figures.items()]
        limits += [(fact.low, fact.high) for fact in scenario.facts]
        self.low = [low for low, _ in limits]
        self.high = [high for _, high in limits]
        self.roots = table_set.roots
        self.codes = {root: table_set.dimensions[root].codes for root in self.roots}
        self._matches = matcher(table_set)
        self._places = {root: place for place, root in enumerate(self.roots)}
        self._facts = [(place + len(self.cells), fact.where) for place, fact in enumerate(scenario.facts)]
        self._groups = self._group_cells()
        self._parts: list[dict[Record, frozenset[int]]] = [{} for _ in self._groups]
        self._conditions: dict[Record, frozenset[int]] = {}

    def _group_cells(self) -> list[tuple[str, ...]]:
        """The sets of dimensions that have figures, each with everything below it in one walk over the products."""
        kinds = {tuple(root for root, _ in cell) for cell in self.cells}
        return sorted(kind for kind in kinds if not any(set(kind) < set(other) for other in kinds))

    def possible(self, record: Record) -> bool:
        return not any(self._matches(record, rule) for rule in self.table_set.impossible)

    def matches(self, record: Record, where: Predicate) -> bool:
        return self._matches(record, where)

    def conditions(self, record: Record) -> frozenset[int]:
        """The conditions in which this record counts."""
        held = self._conditions.get(record)
        if held is None:
            parts = []
            for kind, cache in zip(self._groups, self._parts, strict=True):
                key = tuple(record[self._places[root]] for root in kind)
                if key not in cache:
                    cache[key] = frozenset(self._of(kind, key))
                parts.append(cache[key])
            facts = (place for place, where in self._facts if self._matches(record, where))
            held = self._conditions[record] = frozenset(chain(*parts, facts))
        return held

    def _of(self, kind: tuple[str, ...], key: Record) -> Iterator[int]:
        options = []
        for root, code in zip(kind, key, strict=True):
            groups = [group for group, codes in self.table_set.dimensions[root].groups.items() if code in codes]
            options.append([TOTAL, code, *groups])
        for members in product(*options):
            cell = tuple((root, member) for root, member in zip(kind, members, strict=True) if member != TOTAL)
            if cell in self.number:
                yield self.number[cell]

    def changed(self, record: Record, root: str, code: str) -> Record:
        place = self._places[root]
        return (*record[:place], code, *record[place + 1 :])

    def code(self, record: Record, root: str) -> str:
        return record[self._places[root]]


class World:
    """A possible world that can be walked: people are moved while every condition holds."""

    def __init__(self, frame: Frame, records: Sequence[Record]) -> None:
        self.frame = frame
        self.records = list(records)
        self.counts = [0] * len(frame.low)
        for record in self.records:
            for place in frame.conditions(record):
                self.counts[place] += 1

    def is_possible(self) -> bool:
        return all(
            low <= count <= high for low, count, high in zip(self.frame.low, self.counts, self.frame.high, strict=True)
        )

    def move(self, person: int, record: Record) -> bool:
        """Give a person other codes, if the world stays possible."""
        frame, counts = self.frame, self.counts
        old, new = frame.conditions(self.records[person]), frame.conditions(record)
        leaving, entering = old - new, new - old
        if any(counts[place] <= frame.low[place] for place in leaving):
            return False
        if any(counts[place] >= frame.high[place] for place in entering):
            return False
        if not frame.possible(record):
            return False
        for place in leaving:
            counts[place] -= 1
        for place in entering:
            counts[place] += 1
        self.records[person] = record
        return True

    def wander(self, steps: int, chance: random.Random) -> None:
        frame = self.frame
        if not self.records:
            return
        for _ in range(steps):
            person = chance.randrange(len(self.records))
            root = chance.choice(frame.roots)
            self.move(person, frame.changed(self.records[person], root, chance.choice(frame.codes[root])))

    def fill(self, cell: Cell, least: int, chance: random.Random) -> bool:
        """Move people into a cell until it holds `least`."""
        frame, place = self.frame, self.frame.number[cell]
        leaves = {root: sorted(codes) for root, codes in predicate(frame.table_set, cell).items()}
        order = []
        for person, record in enumerate(self.records):
            apart = sum(frame.code(record, root) not in codes for root, codes in leaves.items())
            if apart:
                order.append((apart, chance.random(), person))
        for _, _, person in sorted(order):
            if self.counts[place] >= least:
                break
            record = self.records[person]
            for root, codes in leaves.items():
                if frame.code(record, root) not in codes:
                    record = frame.changed(record, root, chance.choice(codes))
            self.move(person, record)
        return self.counts[place] >= least

    def empty(self, cell: Cell, chance: random.Random) -> bool:
        """Move everybody out of a cell."""
        frame, place = self.frame, self.frame.number[cell]
        outside = [
            (root, code)
            for root, codes in predicate(frame.table_set, cell).items()
            for code in frame.codes[root]
            if code not in codes
        ]
        for person, record in enumerate(self.records):
            if place in frame.conditions(record):
                chance.shuffle(outside)
                any(self.move(person, frame.changed(record, root, code)) for root, code in outside)
        return self.counts[place] == 0


class Questions:
    """What must stay open, and which of it a possible world has shown to be open.

    G3: a true 1 to 4 may be 0, and may be 5 or more where 5 is printed. G4: a true 0 may be 1. G5: in a group of two
    or more, with one member known, two others may differ. G7: beside a record, one that differs in one attribute.
    """

    def __init__(self, frame: Frame, truth: Sequence[Record], figures: Mapping[Cell, int]) -> None:
        self.frame = frame
        counts = World(frame, truth).counts
        self.size = len(frame.cells)
        self.may_be_none = np.zeros(self.size, dtype=np.bool_)
        self.may_be_five = self.may_be_none.copy()
        self.may_be_one = self.may_be_none.copy()
        table_set, scenario = frame.table_set, frame.scenario
        for place, cell in enumerate(frame.cells):
            if cell in scenario.exempt or table_set.is_impossible(cell) or is_whole(table_set, cell):
                continue
            if counts[place] == 0:
                self.may_be_one[place] = True
            elif counts[place] < 5 and cell:
                self.may_be_none[place] = cell not in scenario.present
                self.may_be_five[place] = figures[cell] > 0
        self.groups = self._all_groups(figures, counts)
        self.neighbours = self._all_neighbours(truth)
        self.asked = (tuple(flags.copy() for flags in self._flags()), set(self.groups), set(self.neighbours))

    def _all_groups(self, figures: Mapping[Cell, int], counts: Sequence[int]) -> set[tuple[int, int, tuple[int, ...]]]:
        """(group, category of the member known, all categories)."""
        number = self.frame.number
        found = set()
        for whole, parts in sums(self.frame.table_set, figures.keys()):
            if len(parts[0]) == len(whole) or counts[number[whole]] < 2:
                continue
            categories = tuple(number[p] for p in parts if not self.frame.table_set.is_impossible(p))
            if len(categories) > 1:
                found |= {(number[whole], known, categories) for known in categories if counts[known]}
        return found

    def _all_neighbours(self, truth: Sequence[Record]) -> set[tuple[Record, str]]:
        """(record, attribute) where another value of the attribute is lawful and not known to somebody already."""
        frame = self.frame
        found = set()
        for record in set(truth):
            known = {
                frame.table_set.dimensions[name].root
                for register in frame.scenario.registers
                if frame.matches(record, register.where)
                for name in register.by
            }
            found |= {(record, root) for root in frame.roots if root not in known and any(self.others(record, root))}
        return found

    def others(self, record: Record, root: str) -> Iterator[Record]:
        """The record with another value of one attribute, of another group where there is a choice of groups."""
        dimension = self.frame.table_set.dimensions[root]
        code = self.frame.code(record, root)
        own = next((codes for codes in dimension.groups.values() if code in codes), (code,))
        apart = [other for other in dimension.codes if other not in own] or [o for o in own if o != code]
        for other in apart:
            changed = self.frame.changed(record, root, other)
            if self.frame.possible(changed):
                yield changed

    def answer(self, world: World) -> None:
        """Strike out what this world leaves open. The world must be possible."""
        counts = np.array(world.counts[: self.size])
        self.may_be_none &= counts > 0
        self.may_be_five &= counts < 5
        self.may_be_one &= counts < 1
        self.groups = {group for group in self.groups if not differ(world.counts, group)}
        present = set(world.records)
        self.neighbours = {
            (record, root)
            for record, root in self.neighbours
            if not any(other in present for other in self.others(record, root))
        }

    def narrow(self, stricter: Questions) -> None:
        """Keep open only what stayed open, or was not asked, against somebody who knows more."""
        flags, groups, neighbours = stricter.asked
        for own, other, asked in zip(self._flags(), stricter._flags(), flags, strict=True):
            np.logical_and(own, ~asked | other, out=own)
        self.groups -= groups - stricter.groups
        self.neighbours -= neighbours - stricter.neighbours

    def _flags(self) -> tuple[Flags, Flags, Flags]:
        return self.may_be_none, self.may_be_five, self.may_be_one

    def left(self) -> int:
        flags = int(self.may_be_none.sum() + self.may_be_five.sum() + self.may_be_one.sum())
        return flags + len(self.groups) + len(self.neighbours)

    def unanswered(self) -> list[tuple[str, Cell | None]]:
        """(guarantee, cell) of all that no world has answered; a record has no cell."""
        found: list[tuple[str, Cell | None]] = []
        for guarantee, flags in (("G3", self.may_be_none | self.may_be_five), ("G4", self.may_be_one)):
            found += [(guarantee, self.frame.cells[place]) for place in np.flatnonzero(flags)]
        found += [("G5", self.frame.cells[known]) for _, known, _ in sorted(self.groups)]
        return found + [("G7", None)] * len(self.neighbours)


def differ(counts: Sequence[int], group: tuple[int, int, tuple[int, ...]]) -> bool:
    """Whether, beside the known member, two others of the group are not in one category."""
    _, known, categories = group
    others = sum(counts[place] - (place == known) > 0 for place in categories)
    return counts[known] > 0 and others > 1


def walk(truth: Sequence[Record], questions: Questions, chance: random.Random, rounds: int = 3) -> list[World]:
    """Answer what can be answered by moving people; returns the worlds at which each round ended."""
    frame = questions.frame
    world = World(frame, truth)
    if not world.is_possible():
        return []
    questions.answer(world)
    ends = []
    for number in range(rounds):
        if number:
            world.wander(6 * len(truth), chance)
            questions.answer(world)
        _drive(world, questions, chance)
        ends.append(world)
        if not questions.left():
            break
        world = World(frame, truth if number % 2 else world.records)
    return ends


def _drive(world: World, questions: Questions, chance: random.Random) -> None:
    frame = questions.frame
    for flags, least in ((questions.may_be_one, 1), (questions.may_be_five, 5), (questions.may_be_none, 0)):
        for place in np.flatnonzero(flags).tolist():
            cell = frame.cells[place]
            if world.fill(cell, least, chance) if least else world.empty(cell, chance):
                flags[place] = False
        questions.answer(world)
    for group in sorted(questions.groups):
        _, known, categories = group
        for place in (known, *categories):
            if differ(world.counts, group):
                break
            world.fill(frame.cells[place], 2 if place == known and len(categories) == 2 else 1, chance)
    questions.answer(world)
    for record, root in sorted(questions.neighbours):
        if (record, root) in questions.neighbours:
            options = list(questions.others(record, root))
            chance.shuffle(options)
            if _reach(world, record, options):
                questions.neighbours.discard((record, root))
    questions.answer(world)


def _reach(world: World, record: Record, options: Sequence[Record]) -> bool:
    """Turn the record, else whoever can, into one of the options."""
    people = sorted(range(len(world.records)), key=lambda person: world.records[person] != record)
    return any(world.move(person, option) for person in people for option in options)
