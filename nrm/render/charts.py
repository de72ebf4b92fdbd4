"""One kind of chart: horizontal bars below their labels and figures, each bar an SVG picture.

The text stands outside of the pictures, where it can wrap, be enlarged and be checked for contrast; a bar's `<title>`
says the same to screen readers. Presentation attributes only: a `style` attribute would be refused by the content
policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

FILL = "#0b4f8a"
WIDTH, HEIGHT = 400, 16
# A bar of nothing is still a line, so that it is not taken for a missing one.
LEAST = 1


def bars(rows: Sequence[tuple[str, int]]) -> str:
    """`rows` (label, figure) as bars from one zero line. The figure's title with the finding is the caller's."""
    most = max((figure for _, figure in rows), default=0) or 1
    items = []
    for label, figure in rows:
        text, width = escape(label), max(LEAST, round(figure / most * WIDTH))
        items.append(
            f'<li><span aria-hidden="true">{text}: <b>{figure}</b></span>'
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{text}: {figure}</title>'
            f'<rect width="{width}" height="{HEIGHT}" fill="{FILL}"/></svg>'
        )
    return f'<ul class="bars">{"".join(items)}</ul>'
