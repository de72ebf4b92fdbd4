"""Rows of a printed table that say the same nothing, in one row: below a group, its members of which each is 0.

Only the markup is shorter. The one row names every member, and each of its columns says what it says for all of them: a
dash stays a dash and a 0 a 0, because only rows that are alike in every column are put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nrm.render.matrices import Matrix, Row


@dataclass(frozen=True, slots=True)
class Folded:
    """One line of paper or page: `kind` and `figures` as of `Row`, and the rows it stands for."""

    kind: str
    labels: tuple[str, ...]
    figures: tuple[int | None, ...]


def folded(table: Matrix) -> list[Folded]:
    """The lines of a table. In a table of three dimensions blocks that are 0 throughout are put together as well."""
    blocks = _blocks(table.rows)
    if table.ways > 2:
        return [line for alike in _alike(blocks) for line in _together(alike)]
    tops = [[row] for row in _heads(blocks) if row.kind == "" and is_nothing(row)]
    lines = []
    waiting = _alike(tops)
    for head, *inside in blocks:
        mine = next((alike for alike in waiting if any(row is head for (row,) in alike)), None)
        if mine is None:
            lines += _together([[head, *inside]])
        elif mine[-1][0] is head:
            lines += _together(mine)
    return lines


def is_nothing(row: Row) -> bool:
    """Whether every figure of a row is 0, or cannot be."""
    return not any(row.figures) and 0 in row.figures


def _heads(blocks: Iterable[Sequence[Row]]) -> Iterable[Row]:
    return (block[0] for block in blocks)


def _blocks(rows: Sequence[Row]) -> list[list[Row]]:
    """Each row that is below none, with those below it."""
    found: list[list[Row]] = []
    for row in rows:
        if row.kind == "in" and found:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def _alike(blocks: Iterable[list[Row]]) -> list[list[list[Row]]]:
    """Blocks that are 0 throughout and of one form together, in the place of the last of them; others alone."""
    found: list[list[list[Row]]] = []
    for block in blocks:
        form = [(row.kind, row.figures) for row in block]
        nothing = all(map(is_nothing, block))
        same = next((each for each in found if nothing and [(r.kind, r.figures) for r in each[0]] == form), None)
        if same is None:
            found.append([block])
        else:
            found.remove(same)
            found.append([*same, block])
    return found


def _together(alike: Sequence[Sequence[Row]]) -> list[Folded]:
    """Blocks of one form as one: their heads in one line, then the lines below."""
    first = alike[0]
    lines = [Folded(first[0].kind, tuple(block[0].label for block in alike), first[0].figures)]
    for rows in _alike([row] for row in first[1:]):
        lines.append(Folded("in", tuple(row.label for (row,) in rows), rows[0][0].figures))
    return lines
