"""Nights by which shelters are paid (Action Plan II.1(b)(iv)). Exact, and of nobody: a sum over all stays of a shelter.

The day of exit is not a night. Children who came with a victim have stays of their own, which count. The nights of
people who do not wish to be in the statistics count too: they only say that a place was used.

Decided in ADR 0020.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from nrm.domain.quarters import Quarter

Days = tuple[date, date | None]
"""Of one stay: admission, and exit if there was one."""


def nights(admitted_on: date, ended_on: date | None, *, first: date, last: date) -> int:
    """The nights of a stay that begin on a day from `first` to `last`."""
    after = last + timedelta(days=1)
    return max(0, (min(ended_on or after, after) - max(admitted_on, first)).days)


def of_quarter(stays: Iterable[Days], quarter: Quarter) -> int:
    """The nights of a quarter."""
    return sum(nights(*stay, first=quarter.start, last=quarter.end) for stay in stays)


def earlier(stays: Iterable[Days], quarter: Quarter, *, since: Quarter | None, paid: int) -> int:
    """What entries made since then change in the quarters frozen before: they are paid, or taken off, with this one.

    `since` is the first frozen quarter (None: there is none), `paid` all nights of frozen quarters as they were frozen.
    """
    if since is None:
        return 0
    until = quarter.start - timedelta(days=1)
    return sum(nights(*stay, first=since.start, last=until) for stay in stays) - paid
