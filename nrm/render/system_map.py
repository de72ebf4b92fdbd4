"""The map of the system: the regions as tiles where they lie, and in each tile who works there.

A schematic, not a survey: what matters is who has room and what is late. Presentation attributes only; dark text on
light tiles, and a thick frame where something is late, so that it prints in grey.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

TILE, GAP, LINE, TOP = 300, 10, 22, 30
INK, PLAIN, LATE = "#10171f", "#eef1f4", "#fff4d6"


@dataclass(frozen=True, slots=True)
class Entry:
    """One party in a tile: its name, what is said of it, and whether something of it is late."""

    name: str
    words: str
    late: bool


def draw(
    tiles: Mapping[str, Sequence[Entry]], grid: Mapping[str, tuple[int, int]], names: Mapping[str, str], title: str
) -> str:
    """`tiles` by region, `grid`: region -> (column, row), `names`: region -> words."""
    columns = max(column for column, _ in grid.values()) + 1
    rows = sorted({row for _, row in grid.values()})
    tall = {
        row: TOP + 2 * LINE * max([1, *(len(tiles.get(each, ())) for each, at in grid.items() if at[1] == row)])
        for row in rows
    }
    top, at = {}, 0
    for row in rows:
        top[row] = at
        at += tall[row] + GAP
    width = columns * (TILE + GAP) - GAP
    parts = [
        _tile(column * (TILE + GAP), top[row], tall[row], names[region], tiles.get(region, ()))
        for region, (column, row) in grid.items()
    ]
    return (
        f'<svg width="{width}" height="{at - GAP}" viewBox="-2 -2 {width + 4} {at - GAP + 4}" role="img" '
        f'font-size="16" fill="{INK}"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def _tile(x: int, y: int, height: int, name: str, entries: Sequence[Entry]) -> str:
    late = any(entry.late for entry in entries)
    frame = f'stroke="{INK}" stroke-width="{4 if late else 1}"'
    lines = [
        f'<rect x="{x}" y="{y}" width="{TILE}" height="{height}" fill="{LATE if late else PLAIN}" {frame}/>',
        f'<text x="{x + 10}" y="{y + 20}" font-weight="700">{escape(name)}</text>',
    ]
    for place, entry in enumerate(entries):
        down = y + TOP + place * 2 * LINE + 14
        weight = ' font-weight="700"' if entry.late else ""
        lines.append(f'<text x="{x + 10}" y="{down}">{escape(entry.name)}</text>')
        lines.append(f'<text x="{x + 24}" y="{down + LINE - 3}"{weight}>{escape(entry.words)}</text>')
    return "".join(lines)
