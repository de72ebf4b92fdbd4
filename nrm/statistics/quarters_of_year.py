"""A year attacked together with its quarters: they count the same people, each with a rounding of its own (ADR 0090).

In a world of this attack a person has the codes of the year and a *course*: for each quarter what they were counted as
in it, or nothing. A figure of a quarter counts the people of the year whose course has it, so the figures of the year
and of its quarters are conditions on one set of people. Who is there when a quarter ends is there when the next opens.
What must stay open is asked of the year and again of each quarter: its figures cannot change any more.

Of a quarter those figures are used that are by one or two attributes, which the year prints together or which are
followed from quarter to quarter. A figure that the people as they are known now cannot give (a case was erased since)
tells an attacker who believes it something wrong; it is left out.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, product

import numpy as np

from nrm.statistics.conditions import Frame
from nrm.statistics.possible_worlds import PossibleWorld
from nrm.statistics.questions import Questions
from nrm.statistics.reading import Crowd, Fact, Predicate, Record, Scenario, bounds, predicate
from nrm.statistics.search import search
from nrm.statistics.tables import TOTAL, Cell, Dimension, StockFlow, TableSet
from nrm.statistics.walk import walk

COURSE = "course"
MOST_COURSES = 400  # that people of a world may have; fewer make the verdict stricter, never milder
MOST_WAYS = 2  # attributes of a figure of a quarter that is used
MOST_OTHERS = 8  # courses that are tried instead of that of one record
OF_EACH = 4  # courses, besides the true ones, that are counted in each figure
ROUNDS = 5
FEW = 60  # with more open questions the solver is not asked: such a year has failed

State = Mapping[str, str]
"""What somebody was counted as in one quarter: a code by dimension."""

Course = tuple[State | None, ...]


@dataclass(frozen=True)
class QuarterOfYear:
    """A release of one quarter of the year. `states`: by person of the year, what they were counted as in it."""

    name: str
    table_set: TableSet
    figures: Mapping[Cell, int]
    states: Mapping[str, State]


@dataclass(frozen=True)
class YearWithQuarters:
    """The quarters, the oldest first, and the course of each record of the year."""

    quarters: tuple[QuarterOfYear, ...]
    courses: tuple[Course, ...]

    @classmethod
    def of(cls, quarters: Sequence[QuarterOfYear], persons: Sequence[str]) -> YearWithQuarters:
        """`persons`: of the records, in their order. A quarter that counts none of them says nothing of the year."""
        held = tuple(each for each in quarters if each.states)
        return cls(held, tuple(tuple(each.states.get(who) for each in held) for who in persons))


Answer = tuple[str, Cell | None, str]
"""(guarantee, cell, what is learnt); the cell of a quarter has no place in the tables of the year and is left out."""


def findings(
    table_set: TableSet,
    figures: Mapping[Cell, int],
    records: Sequence[Record],
    year: YearWithQuarters,
    chance: random.Random,
    *,
    tell: Callable[[int], None] = lambda _: None,
) -> tuple[list[Answer], int]:
    """What somebody learns who reads the year beside its quarters, and how many questions were asked."""
    joined = joint(table_set, figures, records, year, chance)
    frame = _Frame(joined.table_set, joined.figures, joined.scenario)
    questions = _Questions(frame, joined.records, joined.figures)
    start = PossibleWorld(frame, joined.records)
    ends = walk(start, questions, chance, ROUNDS, tell=tell)
    if ends and 0 < questions.left() <= FEW:
        search(questions, ends, chance.getrandbits(30))
    left = questions.unanswered()
    if left:
        told = _told_before(joined, figures, questions, chance)
        left = [each for each in left if each not in told]
    return [(g, cell if cell in figures else None, learns) for g, cell, learns in left], questions.number_asked()


def _told_before(joined: Joint, figures: Mapping[Cell, int], open_: Questions, chance: random.Random) -> list[Answer]:
    """Of what the year and its quarters leave no doubt about, what the quarters alone leave none about: the year does
    not tell it. Of records nothing is taken away."""
    before = {cell: figure for cell, figure in joined.figures.items() if cell not in figures}
    frame = _Frame(joined.table_set, before, joined.scenario)
    questions = _Questions(frame, joined.records, before)
    places = [open_.frame.number[cell] for cell in frame.cells]
    for own, other in zip(questions.flags, open_.flags, strict=True):
        np.logical_and(own, other[places], out=own)
    unsure = {cell for guarantee, cell, _ in open_.unanswered() if guarantee == "G5"}
    questions.groups = {group for group in questions.groups if frame.cells[group[1]] in unsure}
    questions.neighbours = set()
    ends = walk(PossibleWorld(frame, joined.records), questions, chance, ROUNDS)
    if ends and 0 < questions.left() <= FEW:
        search(questions, ends, chance.getrandbits(30))
    return questions.unanswered()


class _Frame(Frame):
    """The conditions of year and quarters. Of the many groups that a course is in, only those that have figures by the
    other dimensions are looked at."""

    def __init__(self, table_set: TableSet, figures: Mapping[Cell, int], scenario: Scenario) -> None:
        held: dict[str, list[str]] = {}
        for group, codes in table_set.dimensions[COURSE].groups.items():
            for code in codes:
                held.setdefault(code, []).append(group)
        self._held = held
        self._printed: dict[tuple[str, ...], frozenset[str]] = {}
        super().__init__(table_set, figures, scenario)

    def _cells_of(self, kind: tuple[str, ...], key: Record) -> Iterator[Cell]:
        if COURSE not in kind:
            yield from super()._cells_of(kind, key)
            return
        if kind not in self._printed:
            own = (dict(cell) for cell in self.cells if len(cell) > 1 and {root for root, _ in cell} <= set(kind))
            self._printed[kind] = frozenset(cell[COURSE] for cell in own if COURSE in cell)
        options = []
        for root, code in zip(kind, key, strict=True):
            if root == COURSE:
                options.append([group for group in self._held.get(code, ()) if group in self._printed[kind]])
                continue
            groups = [group for group, codes in self.table_set.dimensions[root].groups.items() if code in codes]
            options.append([TOTAL, code, *groups])
        place = kind.index(COURSE)
        yield from (((COURSE, group),) for group in self._held.get(key[place], ()))
        others = (*kind[:place], *kind[place + 1 :])
        yield from super()._cells_of(others, (*key[:place], *key[place + 1 :]))
        for members in product(*options):
            yield tuple((root, member) for root, member in zip(kind, members, strict=True) if member != TOTAL)


class _Questions(Questions):
    """Instead of each other course, a few are asked about: those that are the most like the true one."""

    def __init__(self, frame: Frame, truth: Sequence[Record], figures: Mapping[Cell, int]) -> None:
        self._alike: dict[str, list[str]] = {}
        self._known: dict[tuple[Record, str], tuple[Record, ...]] = {}
        super().__init__(frame, truth, figures)

    def others(self, record: Record, root: str) -> Iterator[Record]:
        """The record with another value of one attribute, as of any release; of a course, with one of a few."""
        found = self._known.get((record, root))
        if found is None:
            others = self._with_courses(record) if root == COURSE else super().others(record, root)
            found = self._known[record, root] = tuple(islice(others, MOST_OTHERS if root == COURSE else None))
        yield from found

    def _with_courses(self, record: Record) -> Iterator[Record]:
        own = self.frame.code(record, COURSE)
        if own not in self._alike:
            parts = own.split("|")
            self._alike[own] = sorted(
                (code for code in self.frame.codes[COURSE] if code != own),
                key=lambda code: sum(a != b for a, b in zip(parts, code.split("|"), strict=True)),
            )
        for code in self._alike[own]:
            other = self.frame.changed(record, COURSE, code)
            if self.frame.possible(other):
                yield other


@dataclass(frozen=True)
class Joint:
    """The year and its quarters as one release."""

    table_set: TableSet
    figures: Mapping[Cell, int]
    records: list[Record]
    scenario: Scenario


def joint(
    table_set: TableSet,
    figures: Mapping[Cell, int],
    records: Sequence[Record],
    year: YearWithQuarters,
    chance: random.Random,
) -> Joint:
    """Year and quarters as one release of people with a course."""
    wanted = {
        (place, *split): figure
        for place, quarter in enumerate(year.quarters)
        for cell, figure in quarter.figures.items()
        if (split := _split(table_set, quarter, cell)) is not None
    }
    courses = _courses(year, {(place, changing) for place, _, changing in wanted}, chance)
    names = {course: _name(course) for course in courses}
    groups: dict[str, tuple[str, ...]] = {}
    cells: dict[Cell, int] = dict(figures)
    for (place, shared, changing), figure in wanted.items():
        group = _group(year.quarters[place].name, changing)
        if group not in groups:
            groups[group] = tuple(names[c] for c in courses if _counts(year.quarters[place], c[place], changing))
        cells[tuple(sorted((*shared, (COURSE, group))))] = figure
    never = _name((None,) * len(year.quarters))
    codes = (*dict.fromkeys(names.values()), *(() if never in names.values() else (never,)))
    dimension = Dimension(COURSE, COURSE, codes, groups)
    own = [(*record, names[_frozen(course)]) for record, course in zip(records, year.courses, strict=True)]
    rules = [*_rules(table_set, year, names), {COURSE: frozenset({never})}]
    together = dataclasses.replace(
        table_set, dimensions={**table_set.dimensions, COURSE: dimension}, known=(), linked=(), sums=()
    )
    # A rule that the truth breaks is none: an attacker who believes it is wrong.
    broken = dataclasses.replace(together, impossible=())
    crowd = Crowd(broken, own)
    held = tuple(rule for rule in rules if not crowd.number(rule))
    together = dataclasses.replace(together, impossible=(*table_set.impossible, *held))
    fitting = {
        cell: figure
        for cell, figure in cells.items()
        if cell in figures or _fits(figure, crowd.number(predicate(together, cell)), cell)
    }
    facts = tuple(
        Fact({COURSE: frozenset(groups[each.name])}, max(0, whole - 4), whole + 4)
        for each in year.quarters
        if (whole := each.figures.get(())) is not None
        and each.name in groups
        and abs(crowd.number({COURSE: frozenset(groups[each.name])}) - whole) <= 4
    )
    return Joint(together, fitting, own, Scenario("A4", facts, several=True))


def people_of(year: YearWithQuarters, place: int, records: Sequence[Record]) -> list[Record]:
    """The records of the year that a quarter counts."""
    return [record for record, course in zip(records, year.courses, strict=True) if course[place] is not None]


def printed_alike(table_set: TableSet, quarter: QuarterOfYear, cells: Iterable[Cell]) -> dict[Cell, int]:
    """The figures of the quarter for cells that the year prints, too."""
    found = {cell: quarter.figures[cell] for cell in cells if cell in quarter.figures}
    return {
        cell: figure
        for cell, figure in found.items()
        if (split := _split(table_set, quarter, cell)) is not None and not split[1]
    }


def last_printed(year: YearWithQuarters, table_set: TableSet, cells: Iterable[Cell]) -> dict[Cell, int]:
    """What the year has inertia towards, in people: where no quarter printed more than 5, the most it printed."""
    most: dict[Cell, int] = {}
    wanted = list(cells)
    for quarter in year.quarters:
        for cell, figure in printed_alike(table_set, quarter, wanted).items():
            most[cell] = max(figure, most.get(cell, 0))
    return few(most)


def few(figures: Mapping[Cell, int]) -> dict[Cell, int]:
    """The figures that stand for few people, which the year keeps if it can."""
    return {cell: figure for cell, figure in figures.items() if cell and figure <= 5}


Part = tuple[tuple[str, str], ...]


def _split(table_set: TableSet, quarter: QuarterOfYear, cell: Cell) -> tuple[Part, Part] | None:
    """(what the year counts by, what is followed) of a cell; None if it is by anything else."""
    if len(cell) > MOST_WAYS:
        return None
    followed = _followed(quarter)
    shared, changing = [], []
    for root, member in cell:
        if root in followed:
            changing.append((root, member))
        elif root in table_set.roots and table_set.leaves(root, member) == quarter.table_set.leaves(root, member):
            if not table_set.leaves(root, member) <= set(table_set.dimensions[root].codes):
                return None
            shared.append((root, member))
        else:
            return None
    printed = ({table_set.dimensions[name].root for name in table.by} for table in table_set.tables)
    if not any(together.issuperset(root for root, _ in shared) for together in printed):
        return None
    return tuple(shared), tuple(changing)


def _followed(quarter: QuarterOfYear) -> frozenset[str]:
    return frozenset(next(iter(quarter.states.values()), {}))


def _counts(quarter: QuarterOfYear, state: State | None, changing: Part) -> bool:
    return state is not None and all(state[root] in quarter.table_set.leaves(root, member) for root, member in changing)


def _fits(figure: int, true: int, cell: Cell) -> bool:
    low, high = bounds(cell, figure)
    return low <= true <= high


def _frozen(course: Course) -> Course:
    return tuple(None if state is None else _State(sorted(state.items())) for state in course)


class _State(dict[str, str]):
    """A state that can be in a set."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


def _name(course: Course) -> str:
    return "|".join("-" if state is None else ",".join(state.values()) for state in course)


def _group(quarter: str, changing: Part) -> str:
    return " ".join((quarter, *(f"{root}={member}" for root, member in changing)))


def _courses(year: YearWithQuarters, wanted: Iterable[tuple[int, Part]], chance: random.Random) -> list[Course]:
    """The true courses, and others that differ from one of them in one quarter: some for each figure, then any."""
    true = list(dict.fromkeys(map(_frozen, year.courses)))
    pool = sorted({other for course in true for other in _neighbours(year, course)} - set(true), key=_name)
    chance.shuffle(pool)
    found = dict.fromkeys(true)
    for place, changing in sorted(wanted):
        quarter = year.quarters[place]
        fitting = (course for course in pool if _counts(quarter, course[place], changing))
        for _, course in zip(range(OF_EACH), fitting, strict=False):
            found[course] = None
    for course in pool:
        if len(found) >= MOST_COURSES:
            break
        found[course] = None
    return list(found)


def _neighbours(year: YearWithQuarters, course: Course) -> Iterator[Course]:
    for place, state in enumerate(course):
        quarter = year.quarters[place]
        codes = {root: quarter.table_set.dimensions[root].codes for root in sorted(_followed(quarter))}
        if state is None:
            others: Iterable[State | None] = (
                _State(zip(codes, each, strict=True)) for each in product(*codes.values())
            )
        else:
            others = [None]
            others += [
                _State(sorted({**state, root: c}.items())) for root in codes for c in codes[root] if c != state[root]
            ]
        for other in others:
            changed = (*course[:place], other, *course[place + 1 :])
            if any(changed) and _goes_on(year, changed):
                yield changed


def _goes_on(year: YearWithQuarters, course: Course) -> bool:
    """Whether whoever is there when a quarter ends is there when the next one opens, and nobody else."""
    flow = year.quarters[0].table_set.stock_flow
    return flow is None or all(_ends(flow, before) == _opens(flow, after) for before, after in pairwise(course))


def _ends(flow: StockFlow, state: State | None) -> bool:
    return state is not None and state.get(flow.departure) == flow.closing


def _opens(flow: StockFlow, state: State | None) -> bool:
    return state is not None and state.get(flow.arrival) == flow.opening


def _rules(table_set: TableSet, year: YearWithQuarters, names: Mapping[Course, str]) -> Iterator[Predicate]:
    """What cannot be: a year that does not fit its course, and what no quarter can have."""
    last = {name: next((s for s in reversed(course) if s is not None), None) for course, name in names.items()}
    for root in sorted({root for quarter in year.quarters for root in _followed(quarter)} & set(table_set.roots)):
        codes = frozenset(table_set.dimensions[root].codes)
        for code in sorted(codes):
            ends = frozenset(name for name, state in last.items() if state is not None and state[root] == code)
            if ends and len(codes) > 1:
                yield {COURSE: ends, root: codes - {code}}
    for follow in table_set.follows:
        held = frozenset(
            name
            for course, name in names.items()
            if any(s is not None and all(s[root] in codes for root, codes in follow.quarter.items()) for s in course)
        )
        root, allowed = follow.year
        if held:
            yield {COURSE: held, root: frozenset(table_set.dimensions[root].codes) - allowed}
    for place, quarter in enumerate(year.quarters):
        followed = _followed(quarter)
        for rule in quarter.table_set.impossible:
            shared = {root: codes for root, codes in rule.items() if root not in followed}
            if len(shared) == len(rule) or not shared.keys() <= set(table_set.roots):
                continue
            held = frozenset(
                name
                for course, name in names.items()
                if (s := course[place]) is not None
                and all(s[root] in codes for root, codes in rule.items() if root in followed)
            )
            if held:
                yield {**shared, COURSE: held}
