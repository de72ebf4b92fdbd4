"""The survival curve of lengths of stay for a page or for paper: percentages from published figures, a picture, words.

Every percentage is a multiple of 5: the least is rounded down, the most up, so that the band stays true.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nrm.domain.reports.survival import Group, Point, curve, group, half, together
from nrm.render import charts
from nrm.statistics.tables import TOTAL, Survival

FEWEST = 25
"""If the published number of people who left is lower, there is no curve: its band would allow nearly every curve."""

WIDEST = 50
"""Where the band is wider, in percent, it says nothing of use: so the table says, and no line is drawn (ADR 0091)."""

Label = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Curve:
    """`lines`: (days, least, estimate, most) in percent of stays that last longer than so many days.

    `half`: the classes after which half have ended: at the earliest, as estimated, at the latest; none when the figures
    allow all of them, and no estimate (empty) where the table says nothing of where its class begins and ends.
    """

    lines: tuple[tuple[int, int, int, int], ...]
    half: tuple[str, str, str] | None

    @property
    def rows(self) -> list[tuple[int, tuple[int, int, int] | None]]:
        """The lines for a table; none in place of the percentages where the band is too wide."""
        return [(line[0], None if _too_wide(line) else line[1:]) for line in self.lines]

    def picture(self, name: str) -> str:
        """The chart; `name` is read out instead of it."""
        said = [not _too_wide(line) for line in self.lines]
        return charts.curve([line[1:] for line in self.lines], [line[0] for line in self.lines], name, said)


def curve_of(releases: Sequence[Mapping[str, Any]], of: Survival, label: Label) -> Curve | None:
    """The curve of one release, or of several that follow one another, the oldest first.

    None when one of them does not print the table, or when too few left.
    """
    left = [_group(release, of, of.ended) for release in releases]
    going_on = _group(releases[-1], of, of.going_on)
    known = [each for each in left if each is not None]
    if going_on is None or len(known) < len(left) or sum(sum(each.figures) for each in known) < FEWEST:
        return None
    first_days = [*of.first_days.values()]
    points = curve(together(known), going_on, first_days)
    lines = tuple((day - 1, *_percents(point)) for day, point in zip(first_days[1:], points, strict=True))
    return Curve(lines, _half(points, lines, [label(of.length, code) for code in of.first_days]))


def has_curve(release: Mapping[str, Any], of: Survival) -> bool:
    """Whether a release prints what the curve is made of."""
    return _group(release, of, of.ended) is not None


def _group(release: Mapping[str, Any], of: Survival, status: str) -> Group | None:
    for table in release["tables"]:
        if set(table["dimensions"]) == {of.length, of.status}:
            figures = {row[of.length]: row["value"] for row in table["rows"] if row[of.status] == status}
            unknown = [figure for code, figure in figures.items() if code not in of.first_days and code != TOTAL]
            return group([figures[code] for code in of.first_days], figures[TOTAL], unknown)
    return None


def _percents(point: Point) -> tuple[int, int, int]:
    slack = 1e-9  # of the arithmetic
    return (
        5 * max(0, math.floor(20 * point.low + slack)),
        5 * round(20 * point.estimate),
        5 * min(20, math.ceil(20 * point.high - slack)),
    )


def _too_wide(line: tuple[int, int, int, int]) -> bool:
    _, least, _, most = line
    return most - least > WIDEST


def _half(
    points: Sequence[Point], lines: Sequence[tuple[int, int, int, int]], classes: Sequence[str]
) -> tuple[str, str, str] | None:
    earliest, estimated, latest = half(points)
    if (earliest, latest) == (0, len(points)):
        return None
    names = [name[:1].lower() + name[1:] for name in classes]
    beside = lines[max(0, estimated - 1) : estimated + 1]  # where the class begins, and where it ends
    return names[earliest], "" if all(map(_too_wide, beside)) else names[estimated], names[latest]
