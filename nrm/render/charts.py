"""One kind of chart: horizontal bars with their figures, as SVG.

Presentation attributes only: a `style` attribute would be refused by the content policy. The table with the same
figures stands below every chart, so the picture is one image with one name to a screen reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

# Two fills that stay apart in grey print.
FILLS = ("#0b4f8a", "#9db8cf")
WIDTH, LABELS, FIGURES = 640, 210, 44
BAR, GAP = 20, 8
TEXT = 15
# About how many signs of text fit beside a bar.
LONGEST = 28


def bars(title: str, rows: Sequence[tuple[str, int]], *, identifier: str = "chart") -> str:
    """`rows` (label, figure) as bars from one zero line; `title` is the finding and the accessible name."""
    most = max((figure for _, figure in rows), default=0) or 1
    room = WIDTH - LABELS - FIGURES
    height = len(rows) * (BAR + GAP)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{escape(identifier)}" font-size="{TEXT}">',
        f'<title id="{escape(identifier)}">{escape(title)}</title>',
    ]
    for position, (label, figure) in enumerate(rows):
        top = position * (BAR + GAP)
        length = round(figure / most * room)
        middle = top + BAR - 5
        parts.append(f'<text x="{LABELS - 8}" y="{middle}" text-anchor="end">{escape(_short(label))}</text>')
        parts.append(f'<rect x="{LABELS}" y="{top}" width="{length}" height="{BAR}" fill="{FILLS[0]}"/>')
        parts.append(f'<text x="{LABELS + length + 6}" y="{middle}">{figure}</text>')
    parts.append(f'<path d="M{LABELS} 0V{height - GAP}" stroke="#10171f"/>')
    parts.append("</svg>")
    return "".join(parts)


def _short(label: str) -> str:
    return label if len(label) <= LONGEST else label[: LONGEST - 1].rstrip() + "…"
