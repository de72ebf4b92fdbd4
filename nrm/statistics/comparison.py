"""What two releases of the same tables say together: how figures changed, and what the true numbers may have done.

A printed figure stands for an interval. Only what is so for all numbers of both intervals is certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nrm.statistics.reading import bounds
from nrm.statistics.tables import Cell


@dataclass(frozen=True)
class Change:
    """One figure as it was printed before and after; `least` and `most` are the bounds of the true change."""

    cell: Cell
    before: int
    after: int
    least: int
    most: int

    @property
    def certain(self) -> str:
        """`rose` or `fell` where that is certain; else nothing."""
        return "rose" if self.least > 0 else "fell" if self.most < 0 else ""


def changes(before: Mapping[Cell, int], after: Mapping[Cell, int]) -> Iterator[Change]:
    """Every figure that both releases print and that is not the same, in the order of the later one."""
    for cell, now in after.items():
        then = before.get(cell)
        if then is not None and then != now:
            (low, high), (new_low, new_high) = bounds(cell, then), bounds(cell, now)
            yield Change(cell, then, now, new_low - high, new_high - low)
