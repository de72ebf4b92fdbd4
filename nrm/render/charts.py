"""Charts as SVG pictures: horizontal bars below their labels and figures, and a curve within a band.

The text is outside the pictures, where it can wrap, be enlarged and be checked for contrast; a picture's
`<title>` says the same to screen readers. Presentation attributes only: a `style` attribute would be refused by the
content policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

FILL, PALE, GRID = "#0b4f8a", "#b4cbe2", "#8a949e"
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


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is of, and in words what it shows; `reach`: what may be behind the figure. None: a break."""

    label: str
    text: str
    figure: int | None
    reach: tuple[int, int] | None


def reaching(rows: Sequence[Bar]) -> str:
    """Bars from one zero line, each with a thin line for what may be behind it, and a broken line for a break."""
    most = max((bar.reach[1] for bar in rows if bar.reach), default=0) or 1
    items = []
    for bar in rows:
        label, text = escape(bar.label), escape(bar.text)
        if bar.figure is None or bar.reach is None:
            drawn = f'<path d="M0 8H{WIDTH}" stroke="{GRID}" stroke-width="2" stroke-dasharray="4 8"/>'
        else:
            width, low, high = (round(each / most * WIDTH) for each in (bar.figure, *bar.reach))
            drawn = (
                f'<rect width="{max(LEAST, width)}" height="{HEIGHT}" fill="{PALE}"/>'
                f'<path d="M{low} 8H{high}M{low} 4v8M{high} 4v8" stroke="{FILL}" stroke-width="2"/>'
            )
        items.append(
            f'<li><span aria-hidden="true">{label}: <b>{text}</b></span>'
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{label}: {text}</title>{drawn}</svg>'
        )
    return f'<ul class="bars">{"".join(items)}</ul>'


def curve(points: Sequence[tuple[int, int, int]], marks: Sequence[int], name: str, said: Sequence[bool] = ()) -> str:
    """A falling line within its band: from 100 at the left to a point (least, line, most, in percent) at each mark.

    Marks stand at equal distances. `name` is what screen readers say instead of the picture; `said`: of each point
    whether its line is drawn (all, when left out), or its band alone.
    """
    across = [round(place * WIDTH / len(points)) for place in range(len(points) + 1)]
    height = WIDTH // 2

    def line(percents: Sequence[int]) -> list[str]:
        return [f"{x},{height - each * height // 100}" for x, each in zip(across, (100, *percents), strict=True)]

    least, middle, most = (line(percents) for percents in zip(*points, strict=True))
    drawn = [""]
    for point, shown in zip(middle, (True, *(said or [True] * len(points))), strict=True):
        drawn[-1:] = [f"{drawn[-1]} {point}".strip()] if shown else [drawn[-1], ""]
    grid = "".join(f"M{x} 0V{height}" for x in across)
    return (
        '<div class="curve"><ul aria-hidden="true"><li>100%<li>50%<li>0%</ul>'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img"><title>{escape(name)}</title>'
        f'<polygon points="{" ".join([*most, *reversed(least)])}" fill="{PALE}"/>'
        f'<path d="M0 0H{WIDTH}M0 {height // 2}H{WIDTH}M0 {height}H{WIDTH}{grid}" stroke="{GRID}" stroke-width=".5"/>'
        f"{''.join(_stroke(each) for each in drawn if ' ' in each)}</svg>"
        f'<ol aria-hidden="true">{"".join(f"<li>{mark}" for mark in marks)}</ol></div>'
    )


def _stroke(points: str) -> str:
    return f'<polyline points="{points}" fill="none" stroke="{FILL}" stroke-width="3"/>'
