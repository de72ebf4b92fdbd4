"""Tables of a sealed release, turned so that people can read them: a matrix with totals, groups above their members.

Only turns: every figure is one of the release, none is computed. Words come from the caller, in one language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from nrm.render.charts import bars
from nrm.statistics.comparison import surely_more

TOTAL = "*"
# Above so many columns a table needs the long side of the paper.
NARROW_COLUMNS = 8
# So many fit on half the width of a sheet.
HALF_COLUMNS = 5
# What fits on one sheet below a title, and beside another table, where it is set smaller.
SHORT_ROWS, SHORT_ROWS_BESIDE = 36, 48

Groups = Mapping[str, Mapping[str, Sequence[str]]]
Impossible = Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True, slots=True)
class Words:
    """What codes are called: a member of a dimension, a dimension, a table ("" when it has no title), and totals.

    `reason`: why nothing is recorded by one of these dimensions.
    """

    label: Callable[[str, str], str]
    dimension: Callable[[str], str]
    table: Callable[[Mapping[str, Any]], str]
    total: str
    reason: Callable[[Sequence[str]], str] = lambda _: ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: `kind` is `all` (a total), `part` (a group, or the head of a block), `in` (below it) or empty.

    `top`: it is a group, or a code in none, and of no further dimension; all of these together are the total.
    """

    kind: str
    label: str
    figures: tuple[int | None, ...]
    top: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` as of a row."""

    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """A table as printed. A figure that is None cannot occur."""

    name: str
    title: str
    heading: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    ways: int

    @property
    def breadth(self) -> int:
        """0: two such tables have room side by side on paper; 1: it needs the short side; 2: the long side."""
        return (len(self.columns) > HALF_COLUMNS) + self.wide

    @property
    def wide(self) -> bool:
        """Whether it needs the long side of the paper."""
        return len(self.columns) > NARROW_COLUMNS

    @property
    def long(self) -> bool:
        """Whether it needs a page of paper or more."""
        return len(self.rows) > (SHORT_ROWS if self.breadth else SHORT_ROWS_BESIDE)


@dataclass(frozen=True, slots=True)
class Finding:
    """The largest of the top members of a dimension; `label` is empty when the figures do not say which it is."""

    rows: tuple[tuple[str, int], ...]
    label: str
    figure: int
    total: int


def page_values(
    release: Mapping[str, Any], *, words: Words, groups: Groups, impossible: Impossible, told: Sequence[str]
) -> dict[str, Any]:
    """What the templates of a report take: `release`, `tables` (the narrow ones first), `total`, `glance`
    [(title, finding)] of the dimensions `told` that the release prints, `bars`, and `not_recorded` [(title, why)] of
    the tables that nothing fills.

    `release` has the JSON shape of a sealed release. `groups`: per dimension, the members that are groups and the codes
    in them. `impossible` says of {dimension: member} that nobody can be both.
    """
    return {
        "release": release,
        "tables": [table for _, table in in_order(release, words=words, groups=groups, impossible=impossible)],
        "not_recorded": [
            (title_of(table, words), words.reason(table["dimensions"]))
            for table in release["tables"]
            if table.get("not_recorded")
        ],
        "total": grand_total(release),
        "glance": [
            (words.dimension(name), found)
            for name in told
            if (found := finding(release, name, words=words, groups=groups)) is not None
        ],
        "bars": bars,
    }


def in_order(
    release: Mapping[str, Any], *, words: Words, groups: Groups, impossible: Impossible
) -> list[tuple[str, Matrix]]:
    """(name, table) as a page numbers them, the narrow ones first; without the tables that nothing fills, and without
    those that say what one before them says: by groups alone, a table and its view by groups are the same.
    """
    said: set[frozenset[tuple[frozenset[str], int | None]]] = set()
    found = []
    for table in release["tables"]:
        figures = frozenset(
            (frozenset(row[name] for name in table["dimensions"]), row["value"]) for row in table.get("rows", ())
        )
        if table.get("not_recorded") or (len(table["dimensions"]) > 1 and figures in said):
            continue
        said.add(figures)
        found.append((table["name"], matrix(table, words=words, groups=groups, impossible=impossible)))
    return sorted(found, key=lambda each: each[1].breadth)  # those of one kind of paper together


def grand_total(release: Mapping[str, Any]) -> int | None:
    """The number of people in the release: the total that every table shares."""
    for table in release["tables"]:
        figure = _figures(table).get((TOTAL,) * len(table["dimensions"]))
        if figure is not None:
            return figure
    return None


def finding(release: Mapping[str, Any], dimension: str, *, words: Words, groups: Groups) -> Finding | None:
    """The top members of a dimension as bars, or None when the release says nothing of it."""
    for table in release["tables"]:
        if dimension in table["dimensions"]:
            figures = _margin(table, dimension)
            total = figures.get(TOTAL) or 0
            members = [code for code, level in _members(table, dimension, groups) if level == 0 and code != TOTAL]
            rows = tuple((words.label(dimension, code), figures.get(code) or 0) for code in members)
            ranked = sorted((figure for _, figure in rows), reverse=True)
            if not total or len(rows) < 2:
                return None
            clear = surely_more(ranked[0], ranked[1])
            label = next(name for name, figure in rows if figure == ranked[0]) if clear else ""
            return Finding(rows, label, ranked[0], total)
    return None


def _margin(table: Mapping[str, Any], dimension: str) -> dict[str, int | None]:
    others = [name for name in table["dimensions"] if name != dimension]
    return {
        row.get(dimension, TOTAL): row["value"]
        for row in table["rows"]
        if all(row.get(name, TOTAL) == TOTAL for name in others)
    }


def _figures(table: Mapping[str, Any]) -> dict[tuple[str, ...], int | None]:
    names = table["dimensions"]
    return {tuple(row.get(name, TOTAL) for name in names): row["value"] for row in table["rows"]}


def _members(table: Mapping[str, Any], dimension: str, groups: Groups) -> list[tuple[str, int]]:
    """Members in the order of the release, each group before its own, the total last; with their level."""
    seen = list(dict.fromkeys(row.get(dimension, TOTAL) for row in table["rows"]))
    inside = {code: group for group, codes in groups.get(dimension, {}).items() if group in seen for code in codes}
    ordered: dict[str, int] = {}
    for member in seen:
        top = inside.get(member, member)
        if member == TOTAL or top in ordered:
            continue
        ordered[top] = 0
        ordered.update({code: 1 for code in seen if inside.get(code) == top})
    if TOTAL in seen:
        ordered[TOTAL] = 0
    return list(ordered.items())


def matrix(table: Mapping[str, Any], *, words: Words, groups: Groups, impossible: Impossible) -> Matrix:
    """One table of a release: the last dimension across, the others down, totals last."""
    names: Sequence[str] = table["dimensions"]
    figures = {
        key: None if not figure and impossible(_fixed(names, key)) else figure
        for key, figure in _figures(table).items()
    }
    across = _members(table, names[-1], groups) if len(names) > 1 else [(TOTAL, 0)]
    down = names[:-1] if len(names) > 1 else names
    rows = []
    for path in product(*(_members(table, name, groups) for name in down)):
        codes = tuple(code for code, _ in path)
        keys = [(*codes, code) for code, _ in across] if len(names) > 1 else [codes]
        if any(key in figures for key in keys):
            kind = ("part" if codes[-1] == TOTAL else "in") if len(path) > 1 else _kind(path, down, groups)
            top = bool(path) and path[0] != (TOTAL, 0) and path[0][1] == 0 and set(codes[1:]) <= {TOTAL}
            rows.append(Row(kind, _row_label(codes, down, words), tuple(figures.get(key) for key in keys), top))
    return Matrix(
        name=table["name"],
        title=title_of(table, words),
        heading=" / ".join(words.dimension(name) for name in down) or words.total,
        columns=tuple(
            Column(
                _kind([member], names[-1:], groups),
                words.total if member[0] == TOTAL else words.label(names[-1], member[0]),
            )
            for member in across
        ),
        rows=tuple(_blocks(rows, len(down))),
        ways=len(names),
    )


def title_of(table: Mapping[str, Any], words: Words) -> str:
    """What a table is called; without a title of its own, by its dimensions."""
    return words.table(table) or " × ".join(words.dimension(name) for name in table["dimensions"]) or words.total


def _fixed(names: Sequence[str], key: Sequence[str]) -> dict[str, str]:
    return {name: code for name, code in zip(names, key, strict=True) if code != TOTAL}


def _kind(path: Sequence[tuple[str, int]], names: Sequence[str], groups: Groups) -> str:
    """The kind of one member (`path` holds it alone, or nothing in a table without dimensions)."""
    if not path or path[0][0] == TOTAL:
        return "all"
    (code, level), name = path[0], names[0]
    return "in" if level else "part" if code in groups.get(name, {}) else ""


def _row_label(codes: Sequence[str], names: Sequence[str], words: Words) -> str:
    if not codes:
        return words.total
    place = 0 if codes[-1] == TOTAL else len(codes) - 1
    return words.total if codes[place] == TOTAL else words.label(names[place], codes[place])


def _blocks(rows: Sequence[Row], depth: int) -> list[Row]:
    """In a table of three dimensions the sum of a block stands above its lines, as the block's heading."""
    if depth < 2:
        return list(rows)
    ordered: list[Row] = []
    block: list[Row] = []
    for row in rows:
        if row.kind == "part":
            ordered += [row, *block]
            block = []
        else:
            block.append(row)
    return ordered + block
