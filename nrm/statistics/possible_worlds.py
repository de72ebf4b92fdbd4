"""Possible worlds: other sets of people that would have given the same release.

A world is a list of records. It is possible if every printed figure can stand for what the world counts, and every fact
of the scenario is true. Possible worlds show what a release hides from an attacker: `Questions` are the things that
must stay open, and one world answers many of them. Worlds come from a walk that moves one person at a time; questions
that the walk does not answer go to CP-SAT (`search.py`).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain, islice, product

import numpy as np
from numpy.typing import NDArray

from nrm.statistics.earlier_release import EarlierWorld, Kind, who_opened
from nrm.statistics.reading import (
    ALL_ALIKE,
    ATTRIBUTE,
    FEWER_THAN_FIVE,
    NOBODY,
    SOMEBODY,
    Predicate,
    Record,
    Scenario,
    Sums,
    bounds,
    bounds_of_sum,
    is_whole,
    matcher,
    open_categories,
    predicate,
    sums,
)
from nrm.statistics.tables import TOTAL, Cell, TableSet

Flags = NDArray[np.bool_]
Group = tuple[int, int, tuple[int, ...]]  # the group, the category of the member known, all categories

CANDIDATES = 40  # people tried for one step of a walk
TRIES = 8
MOST_STEPS = 20_000  # of one walk at random
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
        self._facts = [(place + len(self.cells), fact.where) for place, fact in enumerate(scenario.facts)]
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

    def possible(self, record: Record) -> bool:
        """Whether no rule forbids the record."""
        known = self._possible.get(record)
        if known is None:
            known = self._possible[record] = not any(self._matches(record, rule) for rule in self.table_set.impossible)
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
            facts = (place for place, where in self._facts if self._matches(record, where))
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
        rule = next(rule for rule in self.table_set.impossible if self._matches(record, rule))
        free = [root for root in rule if root not in kept]
        ways = [(root, code) for root in free for code in self.codes[root] if code not in rule[root]]
        for root, code in chance.sample(ways, len(ways)):
            yield from self._mended(self.changed(record, root, code), kept | {root}, chance)


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


def walk(
    start: PossibleWorld,
    questions: Questions,
    chance: random.Random,
    rounds: int = 4,
    *,
    sample: int | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> list[PossibleWorld]:
    """Answer what can be answered by changing a few people; returns the worlds at which each round ended.

    `sample`: of more open groups or records than this only so many are asked about. `tell` hears how many questions
    are open.
    """
    if not start.is_possible():
        return []
    questions.answer(start)
    if sample is not None:
        questions.thin(sample, chance)
    ends = []
    world = start.copy()
    for number in range(rounds):
        if number:
            world.wander(min((2, 12, 4)[number % 3] * len(start.records), MOST_STEPS), chance)
            questions.answer(world)
        _drive(world, questions, chance, tell)
        ends.append(world)
        if not questions.left():
            break
        world = (world if number % 2 else start).copy()
    return ends


def _drive(world: PossibleWorld, questions: Questions, chance: random.Random, tell: Callable[[int], None]) -> None:
    frame = world.frame
    none, five, one = questions.flags
    for kind, least in ((2, 1), (1, 5), (0, 0)):
        flags = (none, five, one)[kind]
        for number, place in enumerate(np.flatnonzero(questions.still_open()[kind]).tolist()):
            if number % 100 == 0:
                tell(questions.left())
            cell = frame.cells[place]
            if flags[place] and (world.fill(cell, least, chance) if least else world.empty(cell, chance)):
                flags[place] = False
        questions.answer(world)
    for number, group in enumerate(sorted(questions.groups)):
        if number % 100 == 0:
            tell(questions.left())
        _, known, categories = group
        for place in (known, *categories):
            if differ(world.counts, group):
                questions.groups.discard(group)
                break
            world.fill(frame.cells[place], 2 if place == known and len(categories) == 2 else 1, chance)
    questions.answer(world)
    for number, (record, root) in enumerate(sorted(questions.neighbours)):
        if number % 100 == 0:
            tell(questions.left())
        options = list(questions.others(record, root))
        chance.shuffle(options)
        if world.become(record, options, chance):
            questions.neighbours.discard((record, root))
    questions.answer(world)
