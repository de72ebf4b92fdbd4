"""Everything that an instance has published, as an outsider reads it: compared between formats, and attacked at once.

The attacker has the sealed files alone. Each figure of each release is a whole number of people within the bounds that
the page states for it, and one programme holds all of them: sums within a release, what follows from definitions, who
stays from quarter to quarter, who is in a year because they are in a quarter, reports on people who may be the same,
and releases of one report over quarters that overlap. `learnt` says what nobody may learn from it.

Nothing of the program's own attack is used (`nrm/statistics/attack.py`), and no record of a person.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

import highspy
import numpy as np
import openpyxl

from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.reports.report_list import ANNUAL, JOINT, MAIN, SEALED
from nrm.domain.reports.reports import filled, formats
from nrm.domain.reports.year import SHARED
from nrm.statistics.cells import lay_out
from nrm.statistics.definitions import by_definition
from nrm.statistics.highs import quiet_solver
from nrm.statistics.printed import at_step
from nrm.statistics.protect import round_jointly, round_total, secret_stream
from nrm.statistics.tables import TOTAL, Cell, Linked, TableSet
from nrm.store.countries import country
from nrm.store.reports import reports as store
from tests import printed

RELEASE = Actor.system("release")
NO_FIGURE = {"", "not_recorded", "no_report"}
CHANGES = {"stay_bucket", "stay_status"}
"""What the year counts by that is another code from quarter to quarter; all else of `SHARED` stays as it is."""
LEAST_WIDTH = 2
"""So many numbers, at least, must be possible behind every figure."""

FORMATS = formats(("sq", "en"))  # of a release of the shipped country


@dataclass(frozen=True)
class Published:
    """One release: its figures by cell, the printed total under `()`. What cannot be is None."""

    report: str
    first: Quarter
    last: Quarter
    step: str
    table_set: TableSet
    figures: Mapping[Cell, int | None]
    joint: bool = False  # as a joint report prints it

    @property
    def name(self) -> str:
        where = f"{self.report} in joint" if self.joint else self.report
        return f"{where} {self.last}" if self.first == self.last else f"{where} {self.first}-{self.last}"


def files_of_everything() -> Iterator[tuple[str, Quarter, Quarter, str, dict[str, bytes]]]:
    """(report, first and last quarter, step, files by format) of every sealed release of the instance."""
    for report in SEALED:
        for line in reversed(store.releases(by=RELEASE, report=report.name)):
            files = {
                each: store.release_file(line.quarter, each, by=RELEASE, report=report.name)
                for each in FORMATS
                if each in line.formats
            }
            yield report.name, line.first_quarter, line.quarter, line.step, files


def everything() -> list[Published]:
    """All releases, each report from its first one on; and what a joint report prints otherwise than they do."""
    found = [
        read(report, first, last, step, json.loads(files["json"]))
        for report, first, last, step, files in files_of_everything()
        if report != JOINT.name
    ]
    return found + [again for each in found for again in _in_joint_reports(each)]


def _in_joint_reports(release: Published) -> Iterator[Published]:
    """The figures of the same release in joint reports, where one of them differs: a second release of these people."""
    begin = f"{release.report}:"
    for line in store.releases(by=RELEASE, report=JOINT.name):
        if release.first <= line.quarter <= release.last:
            value = json.loads(store.release_file(line.quarter, "json", by=RELEASE, report=JOINT.name))
            tables = [
                {**t, "name": t["name"].removeprefix(begin)} for t in value["tables"] if t["name"].startswith(begin)
            ]
            there = read(release.report, release.first, release.last, release.step, {**value, "tables": tables})
            if not there.figures.items() <= release.figures.items():
                yield replace(there, joint=True)


def read(report: str, first: Quarter, last: Quarter, step: str, value: Mapping[str, Any]) -> Published:
    """A release from its JSON."""
    tables = country().tables[report].of_release(filled(value))
    figures: dict[Cell, int | None] = {}
    for table in value["tables"]:
        for row in table["rows"]:
            cell = tuple(sorted((tables.dimensions[n].root, row[n]) for n in table["dimensions"] if row[n] != TOTAL))
            figure = row["value"]
            assert figures.setdefault(cell, figure) == figure, (report, cell)
    return Published(report, first, last, step, tables, figures)


# The same figures in every format


def differing(files: Mapping[str, bytes]) -> list[str]:
    """In which formats a release says something else than in its JSON: cell by cell, in the order of each format.

    The files with a row for each cell are compared row by row. Pages and papers fold rows that are 0 throughout, so of
    them every figure above 0 is compared, and the paper with the page cell by cell, dashes and words too.
    """
    value = json.loads(files["json"])
    told = [
        {
            "table": table["name"],
            **{name: row[name] for name in table["dimensions"]},
            "value": "" if row["value"] is None else str(row["value"]),
        }
        for table in value["tables"]
        for row in table["rows"]
    ]
    printed_tables = {row["table"] for row in told}
    head, *lines = csv.reader(io.StringIO(files["csv"].decode("utf-8-sig")))
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    found = []
    names = {"table", "value", *(name for table in value["tables"] for name in table["dimensions"])}
    as_csv = [
        {name: member for name, member in row.items() if name in names and (member or name == "value")}
        for row in rows
        if row["table"] in printed_tables and (row["value"] not in NO_FIGURE or row[head[-1]] == "M")
    ]
    if as_csv != told:
        found.append("csv")
    sheet = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))["data"]
    if [["" if cell is None else str(cell) for cell in line] for line in sheet.iter_rows(values_only=True)] != [
        head,
        *lines,
    ]:
        found.append("xlsx")
    above = Counter(int(row["value"]) for row in told if row["value"].strip("0"))
    for language in (each for each in ("sq", "en") if f"html.{each}" in files):
        page = files[f"html.{language}"].decode()
        cells = [" ".join(unescape(cell).split()) for cell in re.findall(r"<td[^>]*>([^<]*)", page)]
        shares = [cell for cell in cells if cell.endswith("%")]
        shown = Counter(int(cell) for cell in cells if cell.isdigit() and int(cell))
        if len(told) == 1:  # a bare total stands in no table
            shown = Counter(int(total) for total in re.findall(r"<dd><strong>(\d+)</strong></dd>", page) if int(total))
        if shown != above:
            found.append(f"html.{language}")
        if f"pdf.{language}" in files:
            on_paper = [cell for table in printed.tables(files[f"pdf.{language}"]) for row in table for cell in row]
            if Counter(on_paper) != Counter(cells) or [c for c in on_paper if c.endswith("%")] != shares:
                found.append(f"pdf.{language}")
    return found


# All of them attacked at once


@dataclass(frozen=True)
class Learnt:
    """What nobody may learn of a release: `what` is "somebody", "nobody", "few", "all alike" or "exact"; "shape", if it
    is seen in the figures alone; "contradiction", if no people could have given all releases."""

    release: str
    what: str
    cell: Cell
    figure: int | None = None


def unpromised(found: Sequence[Learnt]) -> list[Learnt]:
    """What breaks a promise. That a printed 5 stands for fewer than five is promised of one release and not of several:
    two reports may print the same few people as 0 and as 5 (`docs/statistics.md`, honest limits)."""
    return [each for each in found if each.what != "few"]


def learnt(releases: Sequence[Published]) -> list[Learnt]:
    """What all these releases tell together that one alone does not tell."""
    wrong = [each for release in releases for each in _shape(release)]
    if wrong:
        return wrong
    together = Together(releases)
    return together.learnt() if together.is_possible else [Learnt("all", "contradiction", ())]


def _shape(release: Published) -> Iterator[Learnt]:
    for cell, figure in release.figures.items():
        if figure is not None and (figure < 0 or figure % 5):
            yield Learnt(release.name, "shape", cell, figure)
    for whole, parts in _sums(release):
        if (release.figures[whole] or 0) != sum(release.figures[part] or 0 for part in parts):
            yield Learnt(release.name, "shape", whole, release.figures[whole])


def _sums(release: Published) -> Iterator[tuple[Cell, tuple[Cell, ...]]]:
    for cell in release.figures:
        fixed = dict(cell)
        for root in release.table_set.roots:
            dimension = release.table_set.dimensions[root]
            wholes: list[Sequence[str]] = [dimension.top, dimension.codes] if root not in fixed else []
            wholes += [dimension.groups[fixed[root]]] if fixed.get(root) in dimension.groups else []
            for members in wholes:
                parts = tuple(tuple(sorted({**fixed, root: member}.items())) for member in members)
                if parts and all(part in release.figures for part in parts):
                    yield cell, parts


def _bounds(cell: Cell, figure: int | None) -> tuple[int, int]:
    if figure is None:
        return 0, 0
    if not cell:
        return max(0, figure - 4), figure + 4
    return (0, 4) if figure == 0 else (0, 14) if figure == 5 else (max(5, figure - 9), figure + 9)


Terms = list[tuple[int, float]]


class Together:
    """All figures as one programme in whole numbers, and the numbers that were met so far.

    `believed`: how many pairs of reports were taken to be on the same people, because their figures allow it.
    """

    def __init__(self, releases: Sequence[Published]) -> None:
        self.releases = releases
        self.column: dict[tuple[int, Cell], int] = {}
        self.low: list[float] = []
        self.high: list[float] = []
        self.rows: list[tuple[float, float, Terms]] = []
        for place, release in enumerate(releases):
            for cell, figure in release.figures.items():
                self.column[place, cell] = self._number(*_bounds(cell, figure))
        for place, release in enumerate(releases):
            cells = list(release.figures)
            for whole, parts in _sums(release):
                self._equal([(place, whole)], [(place, part) for part in parts])
            for number, numbers in by_definition(release.table_set, cells):
                self._equal([(place, cells[number])], [(place, cells[each]) for each in numbers])
        for relate in (self._stays, self._year, self._overlaps):
            relate()
        self.believed = self.asked = 0
        self._solver = self._made()
        self.is_possible = self._has_numbers()
        for rows in self._beliefs() if self.is_possible else ():
            self._believe(rows)
        self.seen_low = np.full(len(self.low), np.inf)
        self.seen_high = np.full(len(self.low), -np.inf)

    def _number(self, low: float, high: float) -> int:
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1

    def _has(self, *cells: tuple[int, Cell]) -> bool:
        return all(cell in self.column for cell in cells)

    def _terms(self, left: Iterable[tuple[int, Cell]], right: Iterable[tuple[int, Cell]]) -> Terms:
        sides = ((1.0, left), (-1.0, right))
        return [(self.column[each], factor) for factor, cells in sides for each in cells]

    def _equal(self, left: Iterable[tuple[int, Cell]], right: Iterable[tuple[int, Cell]]) -> None:
        self.rows.append((0.0, 0.0, self._terms(left, right)))

    def _at_most(self, left: Iterable[tuple[int, Cell]], right: Iterable[tuple[int, Cell]]) -> None:
        self.rows.append((-highspy.kHighsInf, 0.0, self._terms(left, right)))

    def _of(self, report: str) -> dict[tuple[Quarter, Quarter], list[int]]:
        found: dict[tuple[Quarter, Quarter], list[int]] = {}
        for place, each in enumerate(self.releases):
            if each.report == report:
                found.setdefault((each.first, each.last), []).append(place)
        return found

    def _stays(self) -> None:
        """Who is there when a quarter ends is there when the next one opens."""
        for place, after in enumerate(self.releases):
            flow = after.table_set.stock_flow
            if flow is None:
                continue
            for other, before in enumerate(self.releases):
                if before.report != after.report or before.last.next != after.first:
                    continue
                for cell in after.figures:
                    if (flow.arrival, flow.opening) in cell:
                        rest = {each for each in cell if each[0] != flow.arrival}
                        closing = tuple(sorted({*rest, (flow.departure, flow.closing)}))
                        if self._has((other, closing)):
                            self._equal([(place, cell)], [(other, closing)])

    def _year(self) -> None:
        """Who is in a quarter is in the year; who is in the year was there when it began, or was admitted in it; who is
        there at the end of the year is there at the end of its last quarter."""
        quarters = {first: place for (first, last), [place, *_] in self._of(MAIN.name).items() if first == last}
        for (first, last), years in self._of(ANNUAL.name).items():
            within = [quarters[each] for each in _quarters(first, last) if each in quarters]
            whole = within and len(within) == len(_quarters(first, last))
            for year, place in itertools.product(years, within):
                for cell in self.releases[place].figures.keys() & self.releases[year].figures.keys():
                    if {root for root, _ in cell} <= set(SHARED) - CHANGES:
                        self._at_most([(place, cell)], [(year, cell)])
                    elif place == quarters.get(last) and ("stay_status", "still_there") in cell:
                        self._equal([(place, cell)], [(year, cell)])
                for rule in self.releases[year].table_set.follows:
                    self._follows(place, year, rule)
            for year in years if whole else ():
                for cell in self.releases[year].figures:
                    came = [(within[0], _with(cell, arrival="opening"))]
                    came += [(place, _with(cell, arrival="admitted")) for place in within]
                    for ways in (came, [(place, cell) for place in within]):
                        if self._has(*ways) and {root for root, _ in cell} <= set(SHARED):
                            self._at_most([(year, cell)], ways)

    def _follows(self, place: int, year: int, rule: Any) -> None:
        root, codes = rule.year
        parts = [[(place, _with((), **{name: code})) for code in held] for name, held in rule.quarter.items()]
        counted = [(year, _with((), **{root: code})) for code in codes]
        for cells in parts:
            if len(parts) == 1 and self._has(*cells, *counted):
                self._at_most(cells, counted)

    def _overlaps(self) -> None:
        """Two releases of one report over the same quarters are of the same people; of longer ones the people of the
        shorter are a part. Gender alone stays as it is in every report."""
        for one, other in itertools.permutations(range(len(self.releases)), 2):
            inner, outer = self.releases[one], self.releases[other]
            if inner.report != outer.report or not (outer.first <= inner.first and inner.last <= outer.last):
                continue
            same = (inner.first, inner.last) == (outer.first, outer.last)
            for cell in inner.figures.keys() & outer.figures.keys():
                if same and one < other:
                    self._equal([(one, cell)], [(other, cell)])
                elif not same and (inner.table_set.adds_up or {root for root, _ in cell} <= {"sex"}):
                    self._at_most([(one, cell)], [(other, cell)])

    def _beliefs(self) -> Iterator[list[tuple[float, float, Terms]]]:
        """Reports whose people may be the same: one list of equations for each pair."""
        for place, release in enumerate(self.releases):
            for link in release.table_set.linked:
                others = [
                    number
                    for number, each in enumerate(self.releases)
                    if each.report == link.report and release.first <= each.first and each.last <= release.last
                ]
                covered = [
                    q for number in others for q in _quarters(self.releases[number].first, self.releases[number].last)
                ]
                if others and sorted(covered) == _quarters(release.first, release.last):
                    yield list(self._linked(place, others, link))

    def _linked(self, place: int, others: Sequence[int], link: Linked) -> Iterator[tuple[float, float, Terms]]:
        here, there = self.releases[place].table_set, self.releases[others[0]].table_set
        choices: list[list[tuple[str, str, str] | None]] = []
        for own, other in link.by.items():
            roots = here.dimensions[own].root, there.dimensions[other].root
            common = sorted({*here.members(own)} & {*there.members(other)} - {"other", "unknown", "other_or_unknown"})
            choices.append([None, *((*roots, member) for member in common)])
        for picked in itertools.product(*choices):
            chosen = [each for each in picked if each]
            if not link.crossed and len(chosen) > 1:
                continue
            own_cells = _spread({root: member for root, _, member in chosen}, link.where)
            cells = _spread({root: member for _, root, member in chosen}, link.there)
            left = [(place, cell) for cell in own_cells]
            right = [(number, cell) for number in others for cell in cells]
            if self._has(*left, *right):
                yield 0.0, 0.0, self._terms(left, right)

    def _made(self) -> highspy.Highs:
        solver = quiet_solver()
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.low), len(self.rows)
        lp.col_cost_ = np.zeros(len(self.low))
        lp.col_lower_, lp.col_upper_ = np.array(self.low, dtype=float), np.array(self.high, dtype=float)
        lp.row_lower_ = np.array([low for low, _, _ in self.rows])
        lp.row_upper_ = np.array([high for _, high, _ in self.rows])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *(len(terms) for *_, terms in self.rows)])
        lp.a_matrix_.index_ = np.array([column for *_, terms in self.rows for column, _ in terms])
        lp.a_matrix_.value_ = np.array([factor for *_, terms in self.rows for _, factor in terms])
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(self.low)
        solver.passModel(lp)
        return solver

    def _has_numbers(self) -> bool:
        self._solver.run()
        return bool(self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    def _believe(self, rows: Sequence[tuple[float, float, Terms]]) -> None:
        """Take the people of two reports for the same, unless their figures say that they are not."""
        before = list(self.rows)
        self.rows += rows
        self._solver = self._made()
        if self._has_numbers():
            self.believed += bool(rows)
        else:
            self.rows = before
            self._solver = self._made()

    # What is asked

    def learnt(self) -> list[Learnt]:
        """What is not open; `asked` says how much had to be."""
        open_, groups = self._questions()
        self.asked = (
            len(open_) + len(groups) + sum(each is not None for r in self.releases for each in r.figures.values())
        )
        chance = random.Random(5)
        cost = np.zeros(len(self.low))
        for _ in range(40):  # many are answered at once by the same numbers
            cost[:] = 0
            wrong = [(place, cell, what) for place, cell, what in open_ if not self._is_open(place, cell, what)]
            narrow = [column for column in self.column.values() if self._is_narrow(column)]
            if not wrong and not narrow and not groups:
                break
            for place, cell, what in chance.sample(wrong, (len(wrong) + 1) // 2):
                cost[self.column[place, cell]] += 1 if what == "somebody" else -1
            for column in chance.sample(narrow, len(narrow) // 2):
                cost[column] += chance.choice((-1, 1))
            for _, whole, part in chance.sample(groups, (len(groups) + 1) // 2):
                cost[whole] -= 1
                cost[part] += 1
            point = self._solve(cost)
            groups = [each for each in groups if point[each[1]] - point[each[2]] < 1 - 1e-6]
        found = [
            Learnt(self.releases[place].name, what, cell, self.releases[place].figures[cell])
            for place, cell, what in open_
            if not self._answered(self.column[place, cell], lambda: self._is_open(place, cell, what))  # noqa: B023
        ]
        found += [
            Learnt(self.releases[place].name, "exact", cell, figure)
            for (place, cell), column in self.column.items()
            if (figure := self.releases[place].figures[cell]) is not None
            and not self._answered(column, lambda: not self._is_narrow(column))  # noqa: B023
        ]
        for key, whole, part in groups:
            cost[:] = 0
            cost[whole], cost[part] = -1, 1
            point = self._solve(cost)
            if point[whole] - point[part] < 1 - 1e-6:
                place, cell = key
                found.append(Learnt(self.releases[place].name, "all alike", cell, self.releases[place].figures[cell]))
        return found

    def _questions(self) -> tuple[list[tuple[int, Cell, str]], list[tuple[tuple[int, Cell], int, int]]]:
        open_: list[tuple[int, Cell, str]] = []
        groups = []
        for place, release in enumerate(self.releases):
            for cell, figure in release.figures.items():
                if not cell or figure is None or figure > 5 or self._is_whole(release, cell):
                    continue
                open_.append((place, cell, "somebody"))
                open_.append((place, cell, "few" if figure else "nobody"))
            for whole, parts in _sums(release):
                possible = [part for part in parts if release.figures[part] is not None]
                if release.figures[whole] and len(possible) > 1 and len(parts[0]) > len(whole):
                    groups += [
                        ((place, part), self.column[place, whole], self.column[place, part])
                        for part in possible
                        if release.figures[part]
                    ]
        return open_, groups

    def _is_whole(self, release: Published, cell: Cell) -> bool:
        """Whether somebody is certain to be there because the cell is a larger one by another name, or by what cannot
        be: all that is left of it is shown elsewhere as more."""
        fixed = dict(cell)
        for root, member in cell:
            codes = release.table_set.dimensions[root].codes
            if release.table_set.leaves(root, member) >= set(codes):
                return True
        return not fixed

    def _is_open(self, place: int, cell: Cell, what: str) -> bool:
        column = self.column[place, cell]
        least = {"somebody": 0, "nobody": 1, "few": 5}[what]
        return bool(self.seen_low[column] < 1e-6 if what == "somebody" else self.seen_high[column] > least - 1e-6)

    def _is_narrow(self, column: int) -> bool:
        possible = self.high[column] - self.low[column] + 1
        return bool(self.seen_high[column] - self.seen_low[column] < min(LEAST_WIDTH, possible) - 1 - 1e-6)

    def _answered(self, column: int, is_so: Callable[[], bool]) -> bool:
        for factor in (1.0, -1.0):
            if not is_so():
                cost = np.zeros(len(self.low))
                cost[column] = factor
                self._solve(cost)
        return is_so()

    def _solve(self, cost: np.ndarray) -> np.ndarray:
        columns = np.arange(len(cost), dtype=np.int32)
        self._solver.changeColsCost(len(cost), columns, cost)
        self._solver.run()
        assert self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        point = np.array(self._solver.getSolution().col_value)
        self.seen_low = np.minimum(self.seen_low, point)
        self.seen_high = np.maximum(self.seen_high, point)
        return point


def _quarters(first: Quarter, last: Quarter) -> list[Quarter]:
    found = [first]
    while found[-1] < last:
        found.append(found[-1].next)
    return found


def _with(cell: Cell, **members: str) -> Cell:
    return tuple(sorted({**dict(cell), **members}.items()))


def _spread(fixed: Mapping[str, str], spread: Mapping[str, Iterable[str]]) -> list[Cell]:
    codes = itertools.product(*([(root, code) for code in sorted(several)] for root, several in spread.items()))
    return [tuple(sorted({**fixed, **dict(each)}.items())) for each in codes]


# What is planted to see that it is found


def with_figure(releases: Sequence[Published], name: str, cell: Cell, figure: int) -> list[Published]:
    """The releases with one figure of one of them changed, and nothing else."""
    return [replace(each, figures={**each.figures, cell: figure}) if each.name == name else each for each in releases]


def drawn_again(release: Published, rows: Sequence[Mapping[str, str]], seed: bytes) -> Published:
    """A second release of the same people: the same tables, rounded once more with other noise and no inertia."""
    layout = lay_out(at_step(release.table_set, release.step))
    records, _ = release.table_set.records(rows)
    counts = layout.membership(records).sum(axis=1).astype(np.int64)
    noise = secret_stream(seed, "again")
    drawn = round_jointly(layout, counts, round_total(len(records), noise), noise)
    impossible = {cell for cell, figure in release.figures.items() if figure is None}
    return replace(release, figures={c: None if c in impossible else 5 * f for c, f in drawn.items()})
