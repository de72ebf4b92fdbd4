"""What an agency files for one table: cells that were typed or read from a file, checked one by one and by their sums.

A figure is a whole number, or one of two words: `no_report` (not known here) and `not_applicable` (cannot arise). Zero
is a number. A table about victims or children has numbers only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nrm.domain.languages import text_for
from nrm.domain.reports.grids import FORMULA, Grid, place
from nrm.domain.reports.register import Matrix, Rule, Words
from nrm.domain.words import N_, Phrase

LARGEST, LARGEST_SUM = 999_999, 99_999_999
TOTAL, CODE = "total", "code"


class Missing(StrEnum):
    """The words that may be in a cell instead of a number."""

    NO_REPORT = "no_report"
    NOT_APPLICABLE = "not_applicable"


WRITTEN: Mapping[str, Missing] = {"nr": Missing.NO_REPORT, "na": Missing.NOT_APPLICABLE}
"""How the two words are typed, in every language; `..` and `-` are read too, as statisticians write them."""
_ALSO: Mapping[str, Missing] = {
    **WRITTEN,
    "..": Missing.NO_REPORT,
    "-": Missing.NOT_APPLICABLE,
    "–": Missing.NOT_APPLICABLE,
    "no_report": Missing.NO_REPORT,
    "not_applicable": Missing.NOT_APPLICABLE,
}

Figure = int | Missing
Figures = tuple[tuple[Figure, ...], ...]
"""Line by line in the order of the matrix."""

ADDED: Mapping[str, frozenset[str]] = {
    "age_class": frozenset({"unknown"}),
    "sex": frozenset({"other_or_unknown"}),
}
"""Codes that lines of tables about people did not have at first, by dimension. What was filed before stays readable."""

Key = tuple[str, str]
"""(code of a line, code of a column); `total` stands for either."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to correct: where (in words, and as a key of the form), and what to do. `cell`: as in a spreadsheet."""

    key: Key
    message: Phrase
    line: tuple[Words, ...] = ()
    column: Words | None = None
    cell: str = ""


class Faulty(Exception):
    """The table cannot be filed as it is; `faults` are in the order of the matrix.

    `may_have_reason`: nothing is wrong but that rules are broken, and the agency may say why they are.
    """

    def __init__(self, faults: Sequence[Fault], *, may_have_reason: bool = False) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = tuple(faults)
        self.may_have_reason = may_have_reason


class WithoutReason(Exception):
    """The figures break a rule of their table, and none of the register's reasons is given."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold in a line: the number of the whole, and the sum of its parts."""

    line: str
    rule: Rule
    whole: int
    parts: int


@dataclass(frozen=True, slots=True)
class Typed:
    """The cells as they were typed, and where a file had them."""

    cells: Mapping[Key, str]
    places: Mapping[Key, str] = field(default_factory=dict)


def keys(matrix: Matrix) -> list[Key]:
    """Every cell that can be typed: line by line, the totals of a line behind it, those of the columns last."""
    columns = [*matrix.columns.members, *([TOTAL] if "columns" in matrix.totals else [])]
    lines = [*matrix.lines, *([TOTAL] if "rows" in matrix.totals else [])]
    return [(line, column) for line in lines for column in columns]


def read(matrix: Matrix, typed: Typed, *, empty_is_zero: bool = False, reason: bool = False) -> Figures:
    """The figures. A total may be left empty; one that is there must be right. Raises Faulty.

    `reason`: the agency says why a rule is broken, if one is.
    """
    faults: list[Fault] = []
    figures: dict[Key, Figure] = {}
    for key in keys(matrix):
        text = typed.cells.get(key, "").strip()
        if not text and (TOTAL in key or empty_is_zero):
            if TOTAL not in key:
                figures[key] = 0
            continue
        found = _figure(text, protected=matrix.protected, largest=LARGEST_SUM if TOTAL in key else LARGEST)
        if isinstance(found, Phrase):
            faults.append(_fault(matrix, typed, key, found))
        else:
            figures[key] = found
    if not faults:
        faults = [_fault(matrix, typed, key, message) for key, message in _contradictions(matrix, figures)]
    if faults:
        raise Faulty(faults)
    filled = tuple(tuple(figures[line, column] for column in matrix.columns.members) for line in matrix.lines)
    if not reason and (broken_ := broken(matrix, filled)):
        raise Faulty(
            [_fault(matrix, typed, (each.line, each.rule.whole), _broken_words(each)) for each in broken_],
            may_have_reason=True,
        )
    return filled


def broken(matrix: Matrix, figures: Figures) -> list[Broken]:
    """The rules that do not hold, line by line. A part without a number counts as 0, a whole without one as any."""
    by_key = dict(cells(matrix, figures))
    found = []
    for line in matrix.lines:
        for rule in matrix.rules:
            whole = by_key[line, rule.whole]
            parts = sum(part for column in rule.parts if isinstance(part := by_key[line, column], int))
            if isinstance(whole, int) and parts > whole:
                found.append(Broken(line, rule, whole, parts))
    return found


def _broken_words(each: Broken) -> Phrase:
    return N_(
        "Correct it, or say below why it is so: %(whole)s is less than its parts, which are %(parts)s together",
        whole=each.whole,
        parts=each.parts,
    )


def _figure(text: str, *, protected: bool, largest: int) -> Figure | Phrase:
    """The figure, or what to do about it."""
    if not text:
        if protected:
            return N_("Enter a number; 0 if there was nobody")
        return N_("Enter a number, 0 if there was nothing; nr for no report, na if it does not apply")
    if text == FORMULA:
        return N_("Enter the number itself: this cell holds a formula")
    word = _ALSO.get(text.casefold())
    if word is not None:
        if protected:
            return N_("Enter a number: people are counted in this table, so a cell cannot be left open")
        return word
    if not (text.isascii() and text.isdigit()):
        return N_("Enter a whole number in figures, without signs, points or blanks")
    if len(text.lstrip("0")) > len(str(largest)):
        return N_("Enter a number up to %(largest)s", largest=largest)
    return int(text)


def _contradictions(matrix: Matrix, figures: Mapping[Key, Figure]) -> list[tuple[Key, Phrase]]:
    found: list[tuple[Key, Phrase]] = []
    columns, lines = [*matrix.columns.members], [*matrix.lines]
    if "columns" in matrix.totals:
        for line in lines:
            found += _sum((line, TOTAL), [figures[line, column] for column in columns], figures)
    if "rows" in matrix.totals:
        for column in columns:
            found += _sum((TOTAL, column), [figures[line, column] for line in lines], figures)
    if matrix.totals >= {"rows", "columns"}:
        every = [figures[line, column] for line in lines for column in columns]
        found += _sum((TOTAL, TOTAL), every, figures)
    return found


def _sum(key: Key, parts: Sequence[Figure], figures: Mapping[Key, Figure]) -> list[tuple[Key, Phrase]]:
    if key not in figures or isinstance(figures[key], Missing):
        return []
    total = sum(part for part in parts if isinstance(part, int))
    if figures[key] == total:
        return []
    return [
        (
            key,
            N_(
                "Correct the total or a part: the total says %(written)s, the parts add up to %(sum)s",
                written=figures[key],
                sum=total,
            ),
        )
    ]


def _fault(matrix: Matrix, typed: Typed, key: Key, message: Phrase) -> Fault:
    line, column = key
    return Fault(
        key, message, matrix.lines.get(line, ()), matrix.columns.members.get(column), typed.places.get(key, "")
    )


def totals(matrix: Matrix, figures: Figures) -> dict[Key, int]:
    """Every sum that holds, by its key: of the numbers that are there."""
    by_key = dict(cells(matrix, figures))
    found: dict[Key, int] = {}
    for line, column in keys(matrix):
        if TOTAL in (line, column):
            found[line, column] = sum(
                figure
                for (row, col), figure in by_key.items()
                if isinstance(figure, int) and line in (TOTAL, row) and column in (TOTAL, col)
            )
    return found


def is_short(key: Key, filed: Iterable[tuple[Key, object]]) -> bool:
    """Whether it is a sum to which a cell without a report belongs: it says less than the whole. `filed`: what each
    cell says, by its key."""
    line, column = key
    return TOTAL in key and any(
        figure == Missing.NO_REPORT and line in (TOTAL, row) and column in (TOTAL, col) for (row, col), figure in filed
    )


def cells(matrix: Matrix, figures: Figures) -> list[tuple[Key, Figure]]:
    """Each figure with its key, in the order of the matrix or of the lines that it had when they were filed."""
    return [
        ((line, column), figures[row][place_])
        for row, line in enumerate(lines_of(matrix, figures))
        for place_, column in enumerate(matrix.columns.members)
    ]


def lines_of(matrix: Matrix, figures: Figures) -> Mapping[str, tuple[Words, ...]]:
    """The words of each line of these figures: those of today, or every combination before some were one (ADR 0088)."""
    return matrix.lines if len(figures) == len(matrix.lines) else matrix.combinations


def is_zero(figures: Figures) -> bool:
    """Whether every figure is the number 0."""
    return all(figure == 0 for line in figures for figure in line)


def zeros(matrix: Matrix) -> Figures:
    """0 in every cell: what an agency files that looked and found nothing."""
    return tuple((0,) * len(matrix.columns.members) for _ in matrix.lines)


def canonical(figures: Figures) -> bytes:
    """What is kept and signed: JSON lists of numbers and words, no blanks."""
    return json.dumps([list(line) for line in figures], separators=(",", ":")).encode()


def figures_of(content: bytes | list[Any], matrix: Matrix) -> Figures:
    """Read `canonical` again, in the lines they were filed by; ValueError when they are not of this matrix."""
    value = json.loads(content) if isinstance(content, bytes) else content
    read_ = tuple(tuple(Missing(each) if isinstance(each, str) else int(each) for each in line) for line in value)
    if len(read_) not in (len(matrix.lines), len(matrix.combinations)):
        read_ = _of_fewer_codes(matrix, read_)
    if len(read_) not in (len(matrix.lines), len(matrix.combinations)) or any(
        len(line) != len(matrix.columns.members) for line in read_
    ):
        raise ValueError("figures of another matrix")
    return read_


def of_first_codes(matrix: Matrix) -> int:
    """How many lines figures have that were filed before some codes of the lines could be."""
    return _are_added(matrix).count(False)


def _are_added(matrix: Matrix) -> list[bool]:
    """Of each combination: whether it has a code that lines did not have at first."""
    names = [axis.code for axis in matrix.rows]
    return [
        any(code in ADDED.get(name, ()) for name, code in zip(names, line.split("/"), strict=True))
        for line in matrix.combinations
    ]


def _of_fewer_codes(matrix: Matrix, figures: Figures) -> Figures:
    """Figures that were filed before some codes of the lines could be: nobody was counted in the lines of these."""
    held = iter(figures)
    zeros_ = (0,) * len(matrix.columns.members)
    added = _are_added(matrix)
    if len(figures) != added.count(False):
        return figures
    return tuple(zeros_ if is_added else next(held) for is_added in added)


def records(matrix: Matrix, figures: Figures, quarter: str) -> list[dict[str, str]]:
    """A protected table as one record per person: a code per dimension, and an opaque `person`."""
    names = [axis.code for axis in matrix.rows]
    found = []
    for (line, column), figure in cells(matrix, figures):
        codes = {**dict(zip(names, line.split("/"), strict=True)), matrix.columns.code: column}
        number = figure if isinstance(figure, int) else 0
        found += [{**codes, "person": f"{quarter} {line} {column} {each}"} for each in range(number)]
    return found


def template(matrix: Matrix, quarter: str, language: str, total: str) -> list[list[str]]:
    """The matrix to be filled in: codes in the first line and column, words in the reader's language beside them."""
    columns = [*matrix.columns.members, *([TOTAL] if "columns" in matrix.totals else [])]
    lines = [*matrix.lines, *([TOTAL] if "rows" in matrix.totals else [])]
    words = {**{code: text_for(text, language) for code, text in matrix.columns.members.items()}, TOTAL: total}
    heading = " / ".join(text_for(axis.names, language) for axis in matrix.rows)
    return [
        ["table", matrix.code, quarter],
        [CODE, "", *columns],
        ["", heading, *(words[column] for column in columns)],
        *(
            [
                line,
                " / ".join(text_for(text, language) for text in matrix.lines.get(line, ())) or total,
                *[""] * len(columns),
            ]
            for line in lines
        ),
    ]


def from_grid(matrix: Matrix, quarter: str, grid: Grid) -> Typed:
    """The cells of a filled template: lines and columns are found by code, wherever they stand. Raises Faulty."""
    head = next((number for number, row in enumerate(grid) if row and row[0].casefold() == CODE), None)
    if head is None:
        raise Faulty([_misplaced(N_("Keep the line of codes that begins with `code`: it is not in the file"))])
    faults = _of_another(matrix, quarter, grid[:head])
    wanted_columns = {column for _, column in keys(matrix)}
    wanted_lines = {line for line, _ in keys(matrix)}
    columns = _positions_found(grid[head][1:], wanted_columns, lambda at: place(head, at + 1), faults)
    lines = _positions_found(
        [row[0] if row else "" for row in grid[head + 1 :]], wanted_lines, lambda at: place(head + 1 + at, 0), faults
    )
    for kind, found, wanted in (("column", columns, matrix.columns.members), ("line", lines, matrix.lines)):
        for code in wanted:
            if code not in found:
                message = (
                    N_("Add the column `%(code)s`: it is missing", code=code)
                    if kind == "column"
                    else N_("Add the line `%(code)s`: it is missing", code=code)
                )
                faults.append(_misplaced(message))
    if faults:
        raise Faulty(faults)
    cells_: dict[Key, str] = {}
    places: dict[Key, str] = {}
    for key in keys(matrix):
        if key[0] in lines and key[1] in columns:
            row, column = head + 1 + lines[key[0]], columns[key[1]] + 1
            cells_[key] = grid[row][column] if column < len(grid[row]) else ""
            places[key] = place(row, column)
    return Typed(cells_, places)


def _of_another(matrix: Matrix, quarter: str, above: Grid) -> list[Fault]:
    """A template that was filled for another table or quarter; its first line may be missing."""
    for row in above:
        if row[:1] == ["table"]:
            if row[1:2] != [matrix.code]:
                return [
                    _misplaced(
                        N_(
                            "Send this file on the page of its own table: it is of `%(table)s`",
                            table=row[1] if len(row) > 1 else "",
                        )
                    )
                ]
            if len(row) > 2 and row[2] and row[2].upper() != quarter:
                return [
                    _misplaced(
                        N_("Send this file on the page of its own quarter: it is of %(quarter)s", quarter=row[2][:20])
                    )
                ]
    return []


def _positions_found(codes: Sequence[str], wanted: set[str], where: Any, faults: list[Fault]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, code in enumerate(codes):
        if not code:
            continue
        if code not in wanted:
            faults.append(
                _misplaced(N_("Take out `%(code)s`: it is no code of this table", code=_shown(code)), where(at))
            )
        elif code in found:
            faults.append(_misplaced(N_("Take out one of the two: `%(code)s` is there twice", code=code), where(at)))
        else:
            found[code] = at
    return found


def _shown(code: str) -> str:
    return "?" if code == FORMULA else code[:40]


def _misplaced(message: Phrase, cell: str = "") -> Fault:
    return Fault((TOTAL, TOTAL), message, cell=cell)
