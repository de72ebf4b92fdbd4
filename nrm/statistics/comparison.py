"""What two printed figures say of each other: how they changed, and what the true numbers may have done.

A printed figure stands for an interval (`reading.bounds`). Only what is so for all numbers of both is certain.
The intervals are the promise of every release, so this holds whatever the rounder drew, and for any two releases
(ADR 0093).

For a figure of part of the people, b before and a after, both at least 10: the true numbers lie in b - 9 .. b + 9 and
a - 9 .. a + 9. So the true change lies in (a - 9) - (b + 9) .. (a + 9) - (b - 9), that is, `SLACK` = 18 to either side
of the printed one, and it is a rise for certain if a - 9 > b + 9, which is a - b > 18. Printed changes are multiples
of 5, so 20 is the first that is certain. 15 may be rounding alone: 17 people may be printed 10, which is 8 to 19, and
25, which is 16 to 34. Near 0 the intervals are shorter, because 0 stands for 0 to 4, 5 for 0 to 14, and 10 and more for
at least 5:

- from 0 to 10 (or back) is certain: at most 4 before, at least 5 after. From 0 to 5 is not: 0 to 4 fit both.
- from 5 on nothing is gained: at most 14 before, and 20 is 11 or more, 25 is 16 or more.

For the number of all people of a report the intervals are 4 to either side, so `SLACK_OF_ALL` = 8, and 10 is the first
change that is certain; 5 may be rounding alone.

`tests/unit/statistics/test_comparison.py` tries every pair of true numbers behind every pair of printed ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nrm.statistics.reading import bounds
from nrm.statistics.tables import TOTAL, Cell

SLACK, SLACK_OF_ALL = 18, 8
"""So much less or more than the printed change the true one may be."""
CERTAIN, CERTAIN_FROM_NOUGHT, CERTAIN_OF_ALL = 20, 10, 10
"""The least printed change that is certain: of a figure, of one that was or became 0, of the number of all people."""

_PART: Cell = ((TOTAL, TOTAL),)
"""Any cell that is not the grand total: of those the bounds do not depend on which it is."""


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

    @property
    def printed(self) -> int:
        """By how much the printed figure changed."""
        return self.after - self.before

    @property
    def slack(self) -> int:
        """So far the true change may be from the printed one, to the side where it may be farther."""
        return max(self.printed - self.least, self.most - self.printed)


def change(cell: Cell, before: int, after: int) -> Change:
    """What may have happened between two printed figures of a cell."""
    (low, high), (new_low, new_high) = bounds(cell, before), bounds(cell, after)
    return Change(cell, before, after, new_low - high, new_high - low)


def changes(before: Mapping[Cell, int], after: Mapping[Cell, int]) -> Iterator[Change]:
    """Every figure that both releases print and that is not the same, in the order of the later one."""
    for cell, now in after.items():
        then = before.get(cell)
        if then is not None and then != now:
            yield change(cell, then, now)


def surely_more(one: int, other: int) -> bool:
    """Whether there are more people behind one printed figure than behind another, both of parts of a report."""
    return change(_PART, other, one).certain == "rose"


def surely_more_than(share: tuple[int, int], part: int, whole: int) -> bool:
    """Whether a part is certainly more than a share (3, 4: three quarters) of all people of a report, as printed."""
    above, below = share
    return below * bounds(_PART, part)[0] > above * bounds((), whole)[1]
