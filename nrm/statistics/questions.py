"""What must stay open, and which of it a possible world has shown to be open."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nrm.statistics.conditions import Flags, Frame
from nrm.statistics.possible_worlds import PossibleWorld
from nrm.statistics.reading import (
    ALL_ALIKE,
    ATTRIBUTE,
    FEWER_THAN_FIVE,
    NOBODY,
    SOMEBODY,
    Record,
    is_whole,
    open_categories,
    sums,
)
from nrm.statistics.tables import Cell

Group = tuple[int, int, tuple[int, ...]]  # the group, the category of the member known, all categories


class Questions:
    """What must stay open, and which of it a possible world has shown to be open.

    G3: a true 1 to 4 may be 0, and may be 5 or more where 5 is printed. G4: a true 0 may be 1. G5: in a group of two
    or more, with one member known, two others may differ. G7: instead of a record, one that differs in one attribute
    may exist.
    """

    def __init__(self, frame: Frame, truth: Sequence[Record], figures: Mapping[Cell, int]) -> None:
        self.frame = frame
        counts = PossibleWorld(frame, truth).counts
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
                self.may_be_five[place] = figures[cell] > 0 and scenario.asks_for_five
        self.groups = self._all_groups(figures, counts)
        self.neighbours = self._all_neighbours(truth)
        none, five, one = self.flags
        self.asked = ((none.copy(), five.copy(), one.copy()), set(self.groups), set(self.neighbours))
        self.untried: set[Group | tuple[Record, str]] = set()

    def _all_groups(self, figures: Mapping[Cell, int], counts: Sequence[int]) -> set[Group]:
        number = self.frame.number
        found = set()
        for whole, parts in sums(self.frame.table_set, figures.keys()):
            if len(parts[0]) == len(whole) or counts[number[whole]] < 2:
                continue
            names = open_categories(self.frame.table_set, parts, lambda p: counts[number[p]], self.frame.scenario)
            categories = tuple(number[part] for part in names)
            if len(categories) > 1:
                found |= {(number[whole], known, categories) for known in categories if counts[known]}
        return found

    def _all_neighbours(self, truth: Sequence[Record]) -> set[tuple[Record, str]]:
        """(record, attribute) for which another value is possible and which the attacker does not know already."""
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

    def answer(self, world: PossibleWorld) -> None:
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

    def thin(self, most: int, chance: random.Random) -> None:
        """Ask about a sample of groups and of records where more than `most` are open. Every cell is asked about."""
        if len(self.groups) > most:
            tried = set(chance.sample(sorted(self.groups), most))
            self.untried |= self.groups - tried
            self.groups = tried
        if len(self.neighbours) > most:
            chosen = set(chance.sample(sorted(self.neighbours), most))
            self.untried |= self.neighbours - chosen
            self.neighbours = chosen

    def number_asked(self) -> int:
        """How many questions there are, tried or not."""
        flags, groups, neighbours = self.asked
        return sum(int(each.sum()) for each in flags) + len(groups) + len(neighbours)

    def narrow(self, stricter: Questions) -> None:
        """Keep open only what stayed open, or was not asked, against somebody who knows more."""
        flags, groups, neighbours = stricter.asked
        for own, other, asked in zip(self.flags, stricter.flags, flags, strict=True):
            np.logical_and(own, ~asked | other, out=own)
        self.untried |= stricter.untried & (self.groups | self.neighbours)
        self.groups -= groups - stricter.groups
        self.neighbours -= neighbours - stricter.neighbours

    @property
    def flags(self) -> tuple[Flags, Flags, Flags]:
        """The flags of the questions G3 (may be none, may be five) and G4 (may be one), by cell."""
        return self.may_be_none, self.may_be_five, self.may_be_one

    def still_open(self) -> tuple[Flags, Flags, Flags]:
        """The flags of what no world has shown yet.

        A holder of registers knows that many people are there; for such cells, "none" or "five or more" is enough.
        """
        none, five, one = self.flags
        if self.frame.scenario.registers:
            asked_none, asked_five, _ = self.asked[0]
            shown = (asked_none & ~none) | (asked_five & ~five)
            none, five = none & ~shown, five & ~shown
        return none, five, one

    def left(self) -> int:
        """How many questions are still open."""
        return sum(int(flags.sum()) for flags in self.still_open()) + len(self.groups) + len(self.neighbours)

    def unanswered(self) -> list[tuple[str, Cell | None, str]]:
        """(guarantee, cell, what is learnt) of all that no world has answered; a record has no cell."""
        found: list[tuple[str, Cell | None, str]] = []
        names = (("G3", SOMEBODY), ("G3", FEWER_THAN_FIVE), ("G4", NOBODY))
        for (guarantee, learns), flags in zip(names, self.still_open(), strict=True):
            found += [(guarantee, self.frame.cells[place], learns) for place in np.flatnonzero(flags)]
        found += [("G5", self.frame.cells[known], ALL_ALIKE) for _, known, _ in sorted(self.groups)]
        return found + [("G7", None, ATTRIBUTE)] * len(self.neighbours)


def differ(counts: Sequence[int], group: Group) -> bool:
    """Whether two members of the group, other than the known one, are in different categories."""
    _, known, categories = group
    others = sum(counts[place] - (place == known) > 0 for place in categories)
    return counts[known] > 0 and others > 1
