"""A picture for a table, where one helps: a bar for each group, in parts by the columns.

The parts are told apart by how they are filled and not by colour: they hold in black and white, in forced colours and
for who sees no difference of colour. All figures stand in words above their bar, the parts in the order of the key; so
the drawings themselves are left out for screen readers. They are lines 16 high, in the one colour of the style sheet
(`.drawn` in `figures.css`); there is no `style` attribute, which the content policy would refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape

from nrm.render.charts import HEIGHT, WIDTH
from nrm.render.matrices import Matrix

FEWEST_BARS = 2
Drawn = Callable[[int, int], str]


def _solid(x: int, width: int) -> str:
    return f'<path d="M{x} 8H{x + width}"/>'


def _striped(x: int, width: int) -> str:
    return f'<path d="M{x} 8H{x + width}" stroke-dasharray="2 3"/>'


def _hollow(x: int, width: int) -> str:
    return f'<path d="M{x + 1} 1H{x + max(2, width) - 1}V15H{x + 1}z" stroke-width="2"/>'


def _thin(x: int, width: int) -> str:
    return f'<path d="M{x} 8H{x + width}" stroke-width="4"/>'


FILLS: Sequence[Drawn] = (_solid, _striped, _hollow, _thin)


def picture(table: Matrix) -> str:
    """The picture of a table, or nothing where it would not help: one bar, two halves, too many parts."""
    rows = [row for row in table.rows if row.top]
    held = [row for row in rows if any(row.figures)]
    if table.ways == 1:
        shown = [(row.label, row.figures[-1] or 0) for row in held]
        return _plain(shown) if len(rows) > FEWEST_BARS and len(shown) > 1 else ""
    places = [
        place
        for place, column in enumerate(table.columns)
        if column.kind in ("", "part") and any(row.figures[place] for row in held)
    ]
    if not (1 < len(places) <= len(FILLS) and len(held) >= FEWEST_BARS):
        return ""
    names = [table.columns[place].label for place in places]
    parts = [(row.label, row.figures[-1] or 0, [row.figures[place] or 0 for place in places]) for row in held]
    return _key(names) + _stacked(parts)


def _plain(rows: Sequence[tuple[str, int]]) -> str:
    most = max(figure for _, figure in rows)
    items = (
        f"<li>{escape(label)}: <b>{figure}</b>{_drawing([_solid(0, round(figure / most * WIDTH))], WIDTH)}"
        for label, figure in rows
    )
    return f'<ul class="bars drawn">{"".join(items)}</ul>'


def _stacked(rows: Sequence[tuple[str, int, Sequence[int]]]) -> str:
    """`rows` (label, figure, figures of its parts) as bars of parts, from one zero line."""
    most = max((whole for _, whole, _ in rows), default=0) or 1
    items = []
    for label, whole, figures in rows:
        drawn, x = [], 0
        for figure, fill in zip(figures, FILLS, strict=False):
            width = round(figure / most * WIDTH)
            if figure:
                drawn.append(fill(x, width))
            x += width
        items.append(f"<li>{escape(label)}: <b>{whole}</b> ({', '.join(map(str, figures))}){_drawing(drawn, WIDTH)}")
    return f'<ul class="bars drawn">{"".join(items)}</ul>'


def _drawing(parts: Iterable[str], width: int) -> str:
    return f'<svg viewBox="0 0 {width} {HEIGHT}" aria-hidden="true">{"".join(parts)}</svg>'


def _key(names: Sequence[str]) -> str:
    """How each part is filled, in their order."""
    items = (f"<li>{_drawing([fill(0, 24)], 24)} {escape(name)}" for name, fill in zip(names, FILLS, strict=False))
    return f'<ul class="key drawn">{"".join(items)}</ul>'
