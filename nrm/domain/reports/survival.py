"""How long people stay, as a survival curve made from published figures alone (ADR 0036).

A release prints how many left, by the length of their stay, and how many are still there, by the length that is planned
for them. Two things are not printed: the number behind a figure, and how long those still there have been there so far.
So the curve is a band: whatever the numbers behind the figures are, and on whatever day of their plan those still there
are met, the Kaplan-Meier estimate (Kaplan and Meier 1958) from the stays themselves lies in it.

- The lower edge takes those still there as gone from sight on their first day: only who left is counted.
- The upper edge takes them as seen to the end of the class planned for them.
- Between them is the actuarial estimate (Berkson and Gage 1950) from the figures as printed: of those who go from sight
  within a class half count as exposed in it. Who is met at a random moment is anywhere in their stay with equal chance
  (Cox, Renewal Theory, 1962), so those still there are spread evenly over the days up to the middle of their class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nrm.domain.reports.reports import Span, behind


@dataclass(frozen=True, slots=True)
class Group:
    """Published figures of one group of stays by class of length, the shortest first, and what may be behind them.

    `whole`: what may be behind the sum of the classes.
    """

    figures: tuple[int, ...]
    spans: tuple[Span, ...]
    whole: Span


@dataclass(frozen=True, slots=True)
class Point:
    """Shares (0 to 1) of stays that last longer than a class."""

    low: float
    estimate: float
    high: float


def group(figures: Sequence[int], total: int, unknown: Sequence[int] = ()) -> Group:
    """A group of one release: a figure per class, their printed total, and figures of stays of unknown length."""
    (low, high), (least, most) = behind(total), _sum([*map(behind, unknown)])
    return Group(tuple(figures), tuple(map(behind, figures)), (max(0, low - most), high - least))


def together(groups: Sequence[Group]) -> Group:
    """The group of several releases together: figures are added, and so are the numbers that may be behind them."""
    return Group(
        tuple(map(sum, zip(*(each.figures for each in groups), strict=True))),
        tuple(map(_sum, zip(*(each.spans for each in groups), strict=True))),
        _sum([each.whole for each in groups]),
    )


def curve(left: Group, there: Group, first_days: Sequence[int]) -> list[Point]:
    """A point for the end of each class but the last, which has none.

    `left`: who left, by the length of the stay; `there`: who is still there, by the planned length; `first_days`: the
    first day of each class, from 0.
    """
    estimates = _actuarial(left.figures, there.figures, first_days)
    return [
        Point(_lowest(left, classes), estimate, _highest(left, there, classes))
        for classes, estimate in enumerate(estimates, 1)
    ]


def half(points: Sequence[Point]) -> tuple[int, int, int]:
    """The classes (from 0) by whose end half have left: at the earliest, as estimated, at the latest.

    The class after the last point stands for later.
    """
    earliest, estimated, latest = (
        next((place for place, share in enumerate(shares) if share <= 0.5), len(points))
        for shares in zip(*((point.low, point.estimate, point.high) for point in points), strict=True)
    )
    return earliest, estimated, latest


def _lowest(left: Group, classes: int) -> float:
    """The smallest share of those who left that stayed longer than the first `classes`.

    The share falls with every short stay and rises with every long one; both sums and their sum are within spans.
    """
    most = _sum(left.spans[:classes])[1]
    longer = max(_sum(left.spans[classes:])[0], left.whole[0] - most)
    shorter = min(most, left.whole[1] - longer)
    return longer / (longer + shorter) if longer else 0.0


def _highest(left: Group, there: Group, classes: int) -> float:
    """The largest estimate with everybody still there seen to the end of their class.

    It falls with every leaving within the `classes`, and rises with every one after them and with everybody still
    there, the later their class the more. A sum that cannot hold everybody loses its earliest.
    """
    short = [low for low, _ in left.spans[:classes]]
    at_risk = min(_sum(left.spans[classes:])[1], max(0, left.whole[1] - sum(short)))
    room = there.whole[1]
    seen = min(_sum(there.spans[classes:])[1], room)
    at_risk, room, share = at_risk + seen, room - seen, 1.0
    for leaving, (_, most) in zip(reversed(short), reversed(there.spans[:classes]), strict=True):
        seen = min(most, room)
        staying, room = at_risk + seen, room - seen
        at_risk = staying + leaving
        share *= staying / at_risk if at_risk else 1.0
    return share


def _actuarial(left: Sequence[int], there: Sequence[int], first_days: Sequence[int]) -> list[float]:
    withdrawn = [0.0] * len(first_days)
    ends = [*pairwise(first_days), (first_days[-1], first_days[-1])]
    for people, (start, end) in zip(there, ends, strict=True):
        middle = (start + end) / 2
        for place, (first, last) in enumerate(ends):
            withdrawn[place] += people * max(0.0, min(middle, last) - first) / middle
    at_risk, share, shares = float(sum(left) + sum(there)), 1.0, []
    for leaving, gone in zip(left[:-1], withdrawn, strict=False):
        exposed = at_risk - gone / 2
        share = max(0.0, share * (1 - leaving / exposed)) if leaving else share
        shares.append(share)
        at_risk -= leaving + gone
    return shares


def _sum(spans: Sequence[Span]) -> Span:
    return sum(low for low, _ in spans), sum(high for _, high in spans)
