"""What an attacker reads off a release: figures, what each may hide, and how they add up.

Written for the attack alone and on purpose not shared with the rounder: sums are found from the figures that exist,
not from the list of tables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from nrm.statistics.tables import BASE, TOTAL, Cell, Known, Linked, TableSet

Record = tuple[str, ...]
Relation = tuple[Cell, tuple[Cell, ...]]
Predicate = Mapping[str, frozenset[str]]

# What somebody learns where a guarantee does not hold.
SOMEBODY = "that somebody is there"
FEWER_THAN_FIVE = "that fewer than 5 are there"
NOBODY = "that nobody is there"
ALL_ALIKE = "that all others of the group are in one category"
AMOUNT = "a sum more nearly than what one person can have"
ATTRIBUTE = "an attribute of somebody whose other attributes are known"


@dataclass(frozen=True)
class Fact:
    """People who satisfy `where` number `low` to `high`."""

    where: Predicate
    low: int
    high: int


@dataclass(frozen=True)
class EarlierRelease:
    """The figures an earlier release printed."""

    figures: Mapping[Cell, int]


@dataclass(frozen=True)
class LinkedReleases:
    """Releases of another report that together cover the same quarters, and how its people may be the same."""

    link: Linked
    releases: tuple[tuple[TableSet, Mapping[Cell, int]], ...]


@dataclass(frozen=True)
class AttackerBelief:
    """What an attacker believes: the people of a linked report are the same as here, so sums of cells are equal.

    `equal`: own cells, and the cells of the linked releases with the same sum. `at_least`: an own cell that counts
    other people too, and the cells whose people are all counted in it.
    """

    releases: tuple[tuple[TableSet, Mapping[Cell, int]], ...]
    equal: tuple[tuple[tuple[Cell, ...], tuple[Cell, ...]], ...]
    at_least: tuple[tuple[Cell, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class Scenario:
    """What an attacker knows besides the release.

    Nothing is disclosed to a person who knows it already: `exempt` are the cells whose figure the attacker has,
    `present` the cells in which they know somebody is, `registers` the attributes that they know of people.
    """

    name: str
    facts: tuple[Fact, ...] = ()
    earlier: tuple[EarlierRelease, ...] = ()
    beliefs: tuple[AttackerBelief, ...] = ()
    registers: tuple[Known, ...] = ()
    exempt: frozenset[Cell] = field(default_factory=frozenset)
    present: frozenset[Cell] = field(default_factory=frozenset)
    several: bool = False  # releases of other periods on the same people are read as one with this one

    @property
    def asks_for_five(self) -> bool:
        """Whether a small number printed as 5 must possibly be 5 or more.

        Not for an attacker who reads two reports on the same people: one may print them as 0 and the other as 5, so
        that they are 0 to 4. Even then it must be possible that nobody is there.
        """
        return not self.beliefs and not self.several


def bounds(cell: Cell, figure: int) -> tuple[int, int]:
    """The numbers of people that may stand behind a printed figure."""
    if not cell:
        return max(0, figure - 4), figure + 4
    if figure == 0:
        return 0, 4
    if figure == 5:
        return 0, 14
    return max(5, figure - 9), figure + 9


@dataclass(frozen=True)
class Sums:
    """Printed sums of what people have, and what each person of the records has; nobody has more than `most`."""

    column: str
    most: int
    table_set: TableSet
    figures: Mapping[Cell, int]
    amounts: Sequence[int]


def bounds_of_sum(figure: int, most: int) -> tuple[int, int]:
    """The sums that may stand behind a printed one. In units of `most` they are those of `bounds`, and all between.

    The grand total is rounded like any other sum, so that the sum of very few people tells nothing of one of them.
    """
    base = BASE * most
    steps = figure // base
    if steps == 0:
        return 0, base - 1
    if steps == 1:
        return 0, 3 * base - 1
    return max(base, (steps - 2) * base + 1), (steps + 2) * base - 1


def sums(table_set: TableSet, cells: Collection[Cell]) -> list[Relation]:
    """Every (whole, parts) whose figures all exist: along a whole dimension, and within a group."""
    roots = [table_set.dimensions[name] for name in table_set.roots]
    found = []
    for cell in cells:
        fixed = dict(cell)
        for root in roots:
            members = root.groups.get(fixed[root.name], ()) if root.name in fixed else root.top
            parts = []
            for member in members:
                part = tuple(sorted((fixed | {root.name: member}).items()))
                if part not in cells:
                    break
                parts.append(part)
            else:
                if parts:
                    found.append((cell, tuple(parts)))
    return found


def predicate(table_set: TableSet, cell: Cell) -> dict[str, frozenset[str]]:
    """The codes that a person of the cell may have, by root dimension."""
    return {root: table_set.leaves(root, member) for root, member in cell}


def is_whole(table_set: TableSet, cell: Cell) -> bool:
    """Whether a member of the cell stands for its whole dimension, so that the cell is a larger one again."""
    return any(table_set.leaves(root, member) >= set(table_set.dimensions[root].codes) for root, member in cell)


class Crowd:
    """Records, to be counted: of each code a whole number whose nth bit says whether the nth record has it."""

    def __init__(self, table_set: TableSet, records: Sequence[Record]) -> None:
        self._everybody = (1 << len(records)) - 1
        self._bits: dict[str, dict[str, int]] = {root: {} for root in table_set.roots}
        for number, record in enumerate(records):
            for bits, code in zip(self._bits.values(), record, strict=True):
                bits[code] = bits.get(code, 0) | 1 << number

    def number(self, where: Predicate) -> int:
        """How many records satisfy it."""
        return self.matching(where).bit_count()

    def members(self, where: Predicate) -> list[int]:
        """The places of the records that satisfy it."""
        bits = self.matching(where)
        found = []
        while bits:
            lowest = bits & -bits
            found.append(lowest.bit_length() - 1)
            bits ^= lowest
        return found

    def matching(self, where: Predicate) -> int:
        """Which records satisfy it, a bit for each."""
        found = self._everybody
        for root, codes in where.items():
            bits = self._bits[root]
            either = 0
            for code in codes:
                either |= bits.get(code, 0)
            found &= either
        return found


def matcher(table_set: TableSet) -> Callable[[Record, Predicate], bool]:
    """A function that says whether a record fits a predicate."""
    place = {root: number for number, root in enumerate(table_set.roots)}
    return lambda record, where: all(record[place[root]] in codes for root, codes in where.items())


def scenario(
    name: str,
    table_set: TableSet,
    cells: Collection[Cell],
    records: Sequence[Record],
    *,
    registers: Sequence[Known] = (),
    people: bool = False,
    earlier: Sequence[EarlierRelease] = (),
    beliefs: Sequence[tuple[AttackerBelief, Sequence[Fact]]] = (),
) -> Scenario:
    """What follows from exact registers, from the exact number of people, and from releases on the same people."""
    crowd = Crowd(table_set, records)
    wanted: list[Predicate] = [{}] if people else []
    for register in registers:
        for members in product(*((TOTAL, *table_set.members(name)) for name in register.by)):
            fixed = {table_set.dimensions[n].root: m for n, m in zip(register.by, members, strict=True) if m != TOTAL}
            where: dict[str, frozenset[str]] = dict(register.where)
            for root, codes in predicate(table_set, tuple(fixed.items())).items():
                where[root] = where[root] & codes if root in where else codes
            wanted.append(where)
    facts = []
    for known in wanted:
        held = crowd.number(known)
        facts.append(Fact(known, held, held))
    exempt, present = set(), set()
    # Whom the rules of the table set put into a register's figure, whatever they are called in another table.
    meant = [narrowed(table_set, fact.where) if registers else fact.where for fact in facts]
    for cell in cells:
        own = predicate(table_set, cell)
        if registers:
            own = narrowed(table_set, own)
        if not all(own.values()):
            exempt.add(cell)  # the rules together leave nobody
        for fact, whom in zip(facts, meant, strict=True):
            if own == whom or (fact.high == 0 and _within(own, whom)):
                exempt.add(cell)
            elif fact.low and _within(whom, own):
                present.add(cell)
    facts += [fact for _, follows in beliefs for fact in follows]
    believed = tuple(belief for belief, _ in beliefs)
    return Scenario(
        name, tuple(facts), tuple(earlier), believed, tuple(registers), frozenset(exempt), frozenset(present)
    )


def narrowed(table_set: TableSet, where: Predicate) -> dict[str, frozenset[str]]:
    """The same people by as few codes as the rules leave: who was decided on by nothing is not decided on.

    Dimensions that are left open are not named. Of an impossible combination no code of some dimension is left.
    """
    whole = {root: frozenset(table_set.dimensions[root].codes) for root in table_set.roots}
    held = whole | dict(where)
    taken = True
    while taken:
        taken = False
        for rule in table_set.impossible:
            outside = [root for root, codes in rule.items() if not held[root] <= codes]
            if not outside:
                return dict.fromkeys(rule, frozenset())
            if len(outside) == 1 and held[outside[0]] & rule[outside[0]]:
                held[outside[0]] -= rule[outside[0]]
                taken = True
    return {root: codes for root, codes in held.items() if codes != whole[root]}


def open_categories(
    table_set: TableSet, parts: Sequence[Cell], true: Callable[[Cell], int], against: Scenario
) -> list[Cell]:
    """The categories somebody may be in, as far as this attacker knows; none when they know all figures already."""
    if all(part in against.exempt for part in parts):
        return []
    return [
        part for part in parts if not table_set.is_impossible(part) and not (part in against.exempt and true(part) == 0)
    ]


def _within(narrow: Predicate, wide: Predicate) -> bool:
    return all(root in narrow and narrow[root] <= codes for root, codes in wide.items())


def before(table_set: TableSet, cell: Cell) -> Cell | None:
    """The closing figure of the release before that an opening figure of this one is."""
    flow = table_set.stock_flow
    if flow is None or (flow.arrival, flow.opening) not in cell:
        return None
    rest = set(cell) - {(flow.arrival, flow.opening)}
    return tuple(sorted({*rest, (flow.departure, flow.closing)}))
