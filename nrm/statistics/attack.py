"""The attack a release must survive: it knows the algorithm, every figure, and something about the people (ADR 0024).

Nothing here is shared with the rounder. A release is safe when its shape is right, no figure is pinned by arithmetic
(`linear.py`, HiGHS), and for everything that must stay open a possible world has been found that shows it
(`possible_worlds.py`, `search.py`). Everything that could not be shown within the work limit is a finding.

Scenarios: A0 an outsider; A1 knows the exact number of people; A2 knows one member of a group (guarantee G5); A3
holds the registers named `known`; A4 has all earlier releases, and those of other reports on people who may be the
same (`linked_reports.py`); A5, reported only, the registers named `reported`.
An attacker who knows less learns no more, so A1 stands for A0 too.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from nrm.statistics.conditions import Frame
from nrm.statistics.deduction import Deduction, crossings, disclosures, exact
from nrm.statistics.earlier_release import EarlierWorld, possible_earlier_world
from nrm.statistics.linear import NotOptimal, narrow_sums, pinned, pinned_in_linked
from nrm.statistics.linked_reports import believed
from nrm.statistics.possible_worlds import PossibleWorld
from nrm.statistics.quarters_of_year import YearWithQuarters
from nrm.statistics.quarters_of_year import findings as findings_with_quarters
from nrm.statistics.questions import Questions
from nrm.statistics.reading import (
    AttackerBelief,
    Crowd,
    EarlierRelease,
    Fact,
    LinkedReleases,
    Record,
    Scenario,
    Sums,
    before,
    bounds,
    bounds_of_sum,
    is_whole,
    predicate,
    scenario,
)
from nrm.statistics.reading import sums as relations
from nrm.statistics.search import search
from nrm.statistics.tables import BASE, MAX_WAYS, TOTAL, Cell, TableSet
from nrm.statistics.walk import walk

ARITHMETIC = 2000  # of more figures arithmetic is not asked: a possible world shows more
MANY_SUMS, SUMS = 500, 60  # of more sums of a column arithmetic is asked about so many
MANY = 1000  # with more open questions the solver is not asked: such a release has failed
MANY_BETWEEN = 300  # cells between the printed ones of an unrounded table that are looked at
EARLIER_WORK_LIMIT = 1.0
SHAPE = {"G1": "more than a multiple of 5 tells"}


@dataclass(frozen=True)
class Finding:
    """Why a release fails. `cell` and `learns` are only for the statistician's own tool; an instance shows neither."""

    guarantee: str
    scenario: str
    table: str
    cell: Cell | None = None
    learns: str = ""


@dataclass(frozen=True)
class Audit:
    """`scenarios` says for each scenario whether the release survived; A5 alone may be false in a safe one.

    `questions` is how many things must stay open, over all scenarios, and `untried` how many of them were left out of a
    sample.
    """

    findings: tuple[Finding, ...]
    scenarios: Mapping[str, bool]
    questions: int = 0
    untried: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing was found, so that the release may be made."""
        return not self.findings


@dataclass(frozen=True)
class PrintedSums:
    """Tables of sums as they are printed, and what each of the records has."""

    column: str
    most: int
    table_set: TableSet
    tables: Sequence[Mapping[str, Any]]
    amounts: Sequence[int]


def audit(
    table_set: TableSet,
    tables: Sequence[Mapping[str, Any]],
    records: Sequence[Record],
    *,
    earlier: Sequence[EarlierRelease] = (),
    linked_reports: Sequence[LinkedReleases] = (),
    seed: int = 0,
    sample: int | None = None,
    sums: Sequence[PrintedSums] = (),
    year: YearWithQuarters | None = None,
    progress: Callable[[str], None] | None = None,
    open_questions: Callable[[int], None] | None = None,
) -> Audit:
    """Attack the printed tables, each `{"name", "dimensions", "rows": [{dimension: member, "value": n}]}`.

    `records` are the true ones; `earlier` are the releases before, the newest first; `linked_reports` are the releases
    of other reports on people who may be the same; `year` the releases of quarters that count the same people, when
    these tables are of the whole year. `seed` decides which worlds are tried, and so only how long the
    attack takes. Of more open groups or records than `sample` only so many are asked about. `open_questions` hears how
    many questions are left. Returns the findings and a verdict for each scenario.

    Arithmetic comes first, as it is quick to find what is wrong. A possible world shows more than arithmetic can: its
    numbers satisfy every equation. So of many figures arithmetic is not asked at all (ADR 0083).
    """
    tell = progress or (lambda _: None)
    tell("shape")
    figures, findings = check_shape(table_set, tables, earlier[:1])
    if not findings:
        findings = _check_truth(table_set, figures, records) + _check_definitions(table_set, figures, records)
    elif any(finding.guarantee == "G1" for finding in findings):
        findings += _told_by_counts(table_set, figures)
    printed_sums = []
    for each in sums:
        read, faults = _read_sums(each, records, table_set.ways_for(figures[()]) if figures else 0)
        printed_sums.append(read)
        findings += faults
    if findings:
        return Audit(tuple(findings), {})
    try:
        beliefs = [
            belief for each in linked_reports if (belief := believed(table_set, figures, records, each)) is not None
        ]
    except NotOptimal:
        return Audit((Finding("audit", "A4", TOTAL),), {})
    attack = _Attack(table_set, figures, records, tuple(earlier), beliefs, seed, sample, open_questions)
    attack.sums = tuple(printed_sums)
    if attack.is_by_arithmetic:
        tell("linear bounds")
        findings = attack.by_arithmetic()
    if not findings and sums:
        tell("sums")
        findings = attack.of_sums()
    if not findings:
        tell("possible worlds")
        findings = attack.by_worlds()
    if not findings and year is not None:
        tell("quarters of the year")
        findings = attack.with_quarters(year)
    named = [dataclasses.replace(finding, table=_table_of(table_set, finding.cell)) for finding in findings]
    failed = {finding.scenario for finding in findings}
    verdicts = {name: name not in failed for name in attack.gates()}
    verdicts["A0"] = verdicts["A1"]
    if earlier or year is not None:  # earlier releases that say nothing about these people add nothing to what A1 knows
        verdicts.setdefault("A4", verdicts["A1"])
    if "A4" in failed:
        verdicts["A4"] = False
    verdicts["A2"] = not any(finding.guarantee == "G5" for finding in findings)
    if table_set.reported:
        verdicts["A5"] = attack.is_withstood(attack.reported())
    return Audit(tuple(named), dict(sorted(verdicts.items())), attack.questions, attack.untried)


def check_shape(
    table_set: TableSet, tables: Sequence[Mapping[str, Any]], last: Sequence[EarlierRelease] = ()
) -> tuple[dict[Cell, int], list[Finding]]:
    """Read the figures; G1 multiples of 5, G2 every row there and every sum right, G6 frozen figures, G9 sizes."""
    figures: dict[Cell, int] = {}
    findings = []
    expected = {table.name: table.by for table in table_set.tables}
    if sorted(str(table.get("name")) for table in tables) != sorted(expected):
        return {}, [Finding("G2", "shape", "*")]
    for table in tables:
        name, by = str(table["name"]), expected[str(table["name"])]
        here, faults = _read_table(table_set, by, table)
        findings += [Finding(guarantee, "shape", name, cell, SHAPE.get(guarantee, "")) for guarantee, cell in faults]
        for cell, figure in here.items():
            if figures.setdefault(cell, figure) != figure:
                findings.append(Finding("G2", "shape", name, cell))
    if findings:
        return figures, findings
    for whole, parts in relations(table_set, figures.keys()):
        if figures[whole] != sum(figures[part] for part in parts):
            findings.append(Finding("G2", "shape", _table_of(table_set, parts[0]), whole))
    allowed = table_set.ways_for(figures[()])
    findings += [Finding("G9", "shape", table.name) for table in table_set.tables if len(table.by) > allowed]
    for cell, figure in figures.items():
        closing = before(table_set, cell)
        if closing is not None and any(closing in r.figures and r.figures[closing] != figure for r in last):
            findings.append(Finding("G6", "A4", _table_of(table_set, cell), cell))
    return figures, findings


def _read_sums(printed: PrintedSums, records: Sequence[Record], ways: int) -> tuple[Sums, list[Finding]]:
    """The figures of tables of sums; their shape is that of counts, in units of what one person can have at most.

    How many dimensions they may have is decided by the number of people.
    """
    scaled = [
        {**table, "rows": [{**row, "value": _units(row["value"], printed.most)} for row in table["rows"]]}
        for table in printed.tables
    ]
    units, faults = check_shape(printed.table_set, scaled)
    findings = [finding for finding in faults if finding.guarantee != "G9"]
    findings += [Finding("G9", "shape", table.name) for table in printed.table_set.tables if len(table.by) > ways]
    figures = {cell: printed.most * figure for cell, figure in units.items()}
    if not findings:
        crowd = Crowd(printed.table_set, records)
        for cell, figure in figures.items():
            low, high = bounds_of_sum(figure, printed.most)
            held = sum(printed.amounts[who] for who in crowd.members(predicate(printed.table_set, cell)))
            if not low <= held <= high:
                findings.append(Finding("bounds", "shape", _table_of(printed.table_set, cell), cell))
    return Sums(printed.column, printed.most, printed.table_set, figures, printed.amounts), findings


def _units(value: Any, most: int) -> Any:
    """The value in units of `most`; one that is no multiple, so that it is seen to be none of 5 either."""
    return value // most if type(value) is int and value % most == 0 else 1


def check_again(
    table_set: TableSet, tables: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]] | None
) -> list[tuple[str, str, str]]:
    """(table, scenario, guarantee) of what is wrong with a release, without the records: its shape and its history.

    `before` are the tables of the release before, of any step of the same table set.
    """
    last = []
    if before is not None:
        last = [EarlierRelease(figures_of(table_set, before))]
    _, findings = check_shape(table_set, tables, last)
    return sorted({(finding.table, finding.scenario, finding.guarantee) for finding in findings})


def figures_of(table_set: TableSet, tables: Sequence[Mapping[str, Any]]) -> dict[Cell, int]:
    """The figures of published tables, whatever their step; nothing is judged."""
    figures = {}
    for table in tables:
        for row in table["rows"]:
            fixed = [(table_set.dimensions[d].root, row[d]) for d in table["dimensions"] if row[d] != TOTAL]
            figures[tuple(sorted(fixed))] = row["value"]
    return figures


def _read_table(
    table_set: TableSet, by: Sequence[str], table: Mapping[str, Any]
) -> tuple[dict[Cell, int], list[tuple[str, Cell | None]]]:
    figures: dict[Cell, int] = {}
    faults: list[tuple[str, Cell | None]] = []
    rows = table.get("rows", [])
    wanted = 1
    for name in by:
        wanted *= 1 + len(table_set.members(name))
    if list(table.get("dimensions", [])) != list(by) or len(rows) != wanted:
        return {}, [("G2", None)]
    for row in rows:
        if set(row) != {*by, "value"} or any(row[d] != TOTAL and row[d] not in table_set.members(d) for d in by):
            return {}, [("G2", None)]
        cell = tuple(sorted((table_set.dimensions[d].root, row[d]) for d in by if row[d] != TOTAL))
        value = row["value"]
        if type(value) is not int or value < 0:
            faults.append(("G1", cell))
        elif cell in figures or (value and table_set.is_impossible(cell)):
            faults.append(("G2", cell))
        else:
            figures[cell] = value
            if value % BASE:
                faults.append(("G1", cell))
    return figures, faults


def _told_by_counts(table_set: TableSet, figures: Mapping[Cell, int]) -> list[Finding]:
    """What unrounded figures reveal directly, about people in printed cells and in cells between them."""
    deduction = Deduction(table_set, exact(figures))
    unprinted = (cell for cell in crossings(table_set, MAX_WAYS) if cell not in figures)
    between = list(islice(unprinted, MANY_BETWEEN)) if deduction.looks_between else []
    try:
        told = disclosures(deduction, [*figures, *between])
    except NotOptimal:
        told = []  # figures that contradict each other
    return [Finding(t.guarantee, t.scenario, _table_of(table_set, t.cell), t.cell, t.says) for t in told]


def _check_truth(table_set: TableSet, figures: Mapping[Cell, int], records: Sequence[Record]) -> list[Finding]:
    """Every figure must be one that the words on the page allow for the true number."""
    findings = []
    for cell, true in _count(table_set, figures, records).items():
        low, high = bounds(cell, figures[cell])
        if not low <= true <= high:
            findings.append(Finding("bounds", "shape", _table_of(table_set, cell), cell))
    return findings


def _check_definitions(table_set: TableSet, figures: Mapping[Cell, int], records: Sequence[Record]) -> list[Finding]:
    """Two cells that hold the same people by the rules must have the same figure: else one narrows the other down.

    Only of a new release: older ones were made without this. Cells with the same people now are compared code by code.
    """
    if not table_set.impossible:
        return []
    crowd = Crowd(table_set, records)
    alike: dict[int, list[Cell]] = {}
    for cell in figures:
        alike.setdefault(crowd.matching(predicate(table_set, cell)), []).append(cell)

    codes = {root: frozenset(table_set.dimensions[root].codes) for root in table_set.roots}

    def within(one: Cell, other: Cell) -> bool:
        fixed = dict(one)
        outside = (
            {root: code}
            for root, member in other
            for code in (table_set.leaves(root, fixed[root]) if root in fixed else codes[root])
            - table_set.leaves(root, member)
        )
        return all(table_set.is_impossible(tuple(sorted((fixed | each).items()))) for each in outside)

    found = []
    for people, cells in alike.items():
        for one, other in combinations(cells, 2):
            apart = figures[one] != figures[other] and not (people == 0 and table_set.is_impossible(one))
            if apart and within(one, other) and within(other, one):
                found.append(Finding("G2", "shape", _table_of(table_set, one), one))
    return found


def _count(table_set: TableSet, cells: Mapping[Cell, int], records: Sequence[Record]) -> dict[Cell, int]:
    crowd = Crowd(table_set, records)
    return {cell: crowd.number(predicate(table_set, cell)) for cell in cells}


def _table_of(table_set: TableSet, cell: Cell | None) -> str:
    """The first table that prints a cell; `*` when the finding is about a person and so about all tables."""
    for table in table_set.tables:
        rows = {(table_set.dimensions[name].root, m) for name in table.by for m in table_set.members(name)}
        if cell is not None and rows.issuperset(cell):
            return table.name
    return TOTAL


class _Attack:
    def __init__(
        self,
        table_set: TableSet,
        figures: Mapping[Cell, int],
        records: Sequence[Record],
        earlier: tuple[EarlierRelease, ...],
        beliefs: Sequence[tuple[AttackerBelief, tuple[Fact, ...]]],
        seed: int,
        sample: int | None,
        open_questions: Callable[[int], None] | None,
    ) -> None:
        self.table_set, self.figures, self.records = table_set, figures, records
        self.true = _count(table_set, figures, records)
        self.earlier = earlier if any(before(table_set, cell) for cell in figures) else ()
        self.beliefs = beliefs
        self.seed, self.sample = seed, sample
        self.tell = open_questions or (lambda _: None)
        self.is_by_arithmetic = len(figures) <= ARITHMETIC or bool(beliefs)
        self.chance = random.Random(seed)  # noqa: S311 - which worlds are tried is no secret
        self.questions = self.untried = 0
        self.sums: tuple[Sums, ...] = ()

    def gates(self) -> dict[str, Scenario]:
        """The scenarios that a release must survive, by name."""
        found = {"A1": self._scenario("A1", people=True)}
        if self.table_set.known:
            found["A3"] = self._scenario("A3", registers=self.table_set.known)
        if self.earlier or self.beliefs:
            found["A4"] = self._scenario("A4", earlier=self.earlier, beliefs=self.beliefs)
        return found

    def reported(self) -> Scenario:
        """Scenario A5, which is reported and blocks no release."""
        return self._scenario("A5", registers=self.table_set.reported)

    def _scenario(self, name: str, **knowledge: Any) -> Scenario:
        return scenario(name, self.table_set, self.figures.keys(), self.records, **knowledge)

    def pins(self, against: Scenario) -> list[Finding]:
        """Findings of what arithmetic alone shows to this attacker."""
        try:
            found = pinned(self.table_set, self.figures, self.true, against)
        except NotOptimal:
            return [Finding("audit", against.name, TOTAL)]
        return [Finding(pin.guarantee, against.name, "", pin.cell, pin.learns) for pin in found]

    def by_arithmetic(self) -> list[Finding]:
        """Findings of what arithmetic alone shows to any attacker."""
        found = [finding for against in self.gates().values() for finding in self.pins(against)]
        return found + (self._pins_in_linked() if self.beliefs else [])

    def _pins_in_linked(self) -> list[Finding]:
        """What this release would reveal about figures of linked reports that are published already."""
        try:
            found = pinned_in_linked(self.table_set, self.figures, self.gates()["A4"])
        except NotOptimal:
            return [Finding("audit", "A4", TOTAL)]
        return [Finding(pin.guarantee, "A4", TOTAL, None, pin.learns) for pin in found]

    def of_sums(self) -> list[Finding]:
        """Findings of what arithmetic tells about sums to somebody who knows the number of people."""
        found = []
        for printed in self.sums:
            asked = [
                cell
                for cell in printed.figures
                if not self.table_set.is_impossible(cell) and not (cell and is_whole(self.table_set, cell))
            ]
            if not self.records:
                asked = []  # somebody who knows that nobody is there knows the sum
            self.questions += len(asked)
            if len(asked) > MANY_SUMS:
                self.untried += len(asked) - SUMS
                asked = self.chance.sample(asked, SUMS)
            true = _count(self.table_set, dict.fromkeys(asked, 0), self.records)
            figures: Mapping[Cell, int] = self.figures
            if not self.is_by_arithmetic:
                figures = {cell: figure for cell, figure in figures.items() if cell in printed.figures}
            try:
                against = self._scenario("A1", people=True)
                pins = narrow_sums(self.table_set, figures, true, against, printed, asked)
            except NotOptimal:
                return [Finding("audit", "A1", TOTAL)]
            found += [Finding(pin.guarantee, "A1", "", pin.cell, pin.learns) for pin in pins]
        return found

    def by_worlds(self) -> list[Finding]:
        """Findings by possible worlds. The first attacker knows everything at once: what they cannot know, nobody
        can."""
        earlier_world = None
        if self.earlier:
            earlier_world = possible_earlier_world(self.table_set, self.earlier, self.records, EARLIER_WORK_LIMIT)
            if earlier_world is None:
                return [Finding("audit", "A4", TOTAL)]
        knows_all = self._scenario(
            "all", registers=self.table_set.known, people=True, earlier=self.earlier, beliefs=self.beliefs
        )
        together = self._questions(knows_all)
        self._walk(PossibleWorld(together.frame, self.records, earlier_world), together)
        findings = []
        for against in self.gates().values():
            questions = self._questions(against)
            self.questions += questions.number_asked()
            questions.narrow(together)
            self._try(questions, earlier_world if against.earlier else None)
            self.untried += len(questions.untried)
            findings += [Finding(g, against.name, "", cell, learns) for g, cell, learns in questions.unanswered()]
        return findings

    def with_quarters(self, year: YearWithQuarters) -> list[Finding]:
        """Findings of what the quarters of a year tell beside it, and it beside them."""
        found, asked = findings_with_quarters(
            self.table_set, self.figures, self.records, year, self.chance, tell=self.tell
        )
        self.questions += asked
        return [Finding(guarantee, "A4", "", cell, learns) for guarantee, cell, learns in found]

    def is_withstood(self, against: Scenario) -> bool:
        """Whether an attacker whom no release must survive learns nothing."""
        if self.is_by_arithmetic:
            return not self.pins(against)
        questions = self._questions(against)
        self._try(questions, None)
        return not questions.left()

    def _try(self, questions: Questions, earlier_world: EarlierWorld | None) -> None:
        if questions.left():
            ends = self._walk(PossibleWorld(questions.frame, self.records, earlier_world), questions, rounds=8)
            if 0 < questions.left() <= MANY and not self.sums:
                search(questions, ends, self.seed)

    def _walk(self, start: PossibleWorld, questions: Questions, rounds: int = 4) -> list[PossibleWorld]:
        return walk(start, questions, self.chance, rounds, sample=self.sample, tell=self.tell)

    def _questions(self, against: Scenario) -> Questions:
        frame = Frame(self.table_set, self.figures, against, self.sums)
        return Questions(frame, self.records, self.figures)
