"""What `nrm protect --compare` says: which figures of two releases differ, and what may be concluded from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nrm.statistics.comparison import Change, changes
from nrm.statistics.reading import bounds_of_sum
from nrm.statistics.tables import BASE

SHOWN = 40  # lines about changes of which nothing is certain
READ_SO = (
    "\nThe change of a count is certain from 20 on (from 10 on where one is 0), of the total from 10 on. A"
    "\nfigure printed alike may stand for another number: each is rounded with secret noise. Do not add up changes"
    "\nof single figures: read the change of their total. Nothing here says who came or left, and several changes"
    "\nthat point the same way are not independent of each other."
)
Compared = tuple[list[str], dict[str, Any]]
"""The same in lines and as values."""


def counts(then: Mapping[Any, int], now: Mapping[Any, int]) -> Compared:
    """Of the figures of two releases by cell."""
    found = list(changes(then, now))
    both = sum(cell in then for cell in now)
    lines = [f"{both} figures are in both releases, {both - len(found)} of them printed alike."]
    only_before, only_after = len(then) - both, len(now) - both
    if only_before or only_after:
        lines.append(f"Only before: {only_before} figures. Only after: {only_after}.")
    values = {
        "in_both": both,
        "alike": both - len(found),
        "only_before": only_before,
        "only_after": only_after,
        "changes": [_value(change) for change in found],
    }
    return [*lines, *_lines(found)], values


def sums(column: str, then: Mapping[Any, int] | None, now: Mapping[Any, int] | None, most: int) -> Compared:
    """Of the sums of a column, whose bounds are wider: they are in units of what one person can have."""
    if then is None or now is None:
        said = f"\nSums of {column}: not in both releases in multiples of {BASE * most}, and not compared."
        return [said], {"in_both": 0, "alike": 0, "changes": []}
    old = {cell: BASE * most * steps for cell, steps in then.items()}
    new = {cell: BASE * most * steps for cell, steps in now.items() if cell in old}
    found = []
    for cell, figure in new.items():
        if figure != old[cell]:
            (low, high), (new_low, new_high) = bounds_of_sum(old[cell], most), bounds_of_sum(figure, most)
            found.append(Change(cell, old[cell], figure, new_low - high, new_high - low))
    alike = len(new) - len(found)
    head = f"\nSums of {column}: {len(new)} are in both releases, {alike} of them printed alike."
    return [head, *_lines(found)], {"in_both": len(new), "alike": alike, "changes": [_value(each) for each in found]}


def _lines(found: Sequence[Change]) -> list[str]:
    certain = [change for change in found if change.certain]
    open_ones = [change for change in found if not change.certain]
    lines = []
    if certain:
        lines.append(f"\nCertain, whatever stands behind the printed figures ({len(certain)}):")
    for change in certain:
        size = (change.least, change.most) if change.certain == "rose" else (-change.most, -change.least)
        lines.append(f"  {_named(change)}: {change.certain} by {size[0]} to {size[1]}")
    if open_ones:
        number = len(open_ones)
        lines.append(f"\nPrinted differently, and the true number may have risen, fallen or stayed ({number}):")
    lines += [f"  {_named(each)}: true change {each.least:+} to {each.most:+}" for each in open_ones[:SHOWN]]
    if len(open_ones) > SHOWN:
        lines.append(f"  and {len(open_ones) - SHOWN} more")
    return lines


def _named(change: Change) -> str:
    return f"{_cell(change)}: {change.before} -> {change.after}"


def _cell(change: Change) -> str:
    return ", ".join(f"{root} {member}" for root, member in change.cell) or "total"


def _value(change: Change) -> dict[str, Any]:
    return {
        "cell": dict(change.cell),
        "before": change.before,
        "after": change.after,
        "least": change.least,
        "most": change.most,
        "certain": change.certain or None,
    }
