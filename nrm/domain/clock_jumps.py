"""Whether the clock of the machine can be believed: against the last minute in which the instance was tended.

Decided in ADR 0190 and 0194.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_REST = timedelta(days=5)
"""The longest weekend, from the evening before Good Friday to the Tuesday after Easter, with a day to spare."""
TOLERATED = timedelta(minutes=5)
"""Clocks are put right by less than that without anybody."""


class Jump(StrEnum):
    """How the clock jumped."""

    AHEAD = "ahead"
    BACK = "back"


def jump(last: datetime | None, now: datetime) -> Jump | None:
    """How far from belief the clock is; `last`: when the instance was tended last, None for never."""
    if last is None:
        return None
    if now > last + LONGEST_REST:
        return Jump.AHEAD
    return Jump.BACK if now < last - TOLERATED else None
