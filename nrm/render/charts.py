"""One kind of chart: horizontal bars with their figures, as SVG.

Labels stand above their bars, so that the picture stays readable on a telephone.

Presentation attributes only: a `style` attribute would be refused by the content policy. The table with the same
figures stands below every chart, so the picture is one image with one name to a screen reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

FILL = "#0b4f8a"
WIDTH, FIGURES = 400, 40
LABEL, BAR, GAP = 20, 16, 10
TEXT = 14


def bars(title: str, rows: Sequence[tuple[str, int]], *, identifier: str = "chart") -> str:
    """`rows` (label, figure) as bars from one zero line; `title` is the finding and the accessible name."""
    most = max((figure for _, figure in rows), default=0) or 1
    room, step = WIDTH - FIGURES, LABEL + BAR + GAP
    height = len(rows) * step
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{escape(identifier)}" font-size="{TEXT}">',
        f'<title id="{escape(identifier)}">{escape(title)}</title>',
    ]
    for position, (label, figure) in enumerate(rows):
        top = position * step
        length = round(figure / most * room)
        bar = top + LABEL
        parts.append(f'<text y="{bar - 5}">{escape(label)}</text>')
        parts.append(f'<rect y="{bar}" width="{length}" height="{BAR}" fill="{FILL}"/>')
        parts.append(f'<text x="{length + 6}" y="{bar + BAR - 3}">{figure}</text>')
    parts.append("</svg>")
    return "".join(parts)
