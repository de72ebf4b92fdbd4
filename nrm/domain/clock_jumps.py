"""Whether the clock of the machine can be believed: against the last minute in which the instance was tended.

Decided in ADR 0190.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_REST = timedelta(days=3)
"""A machine is seldom off for longer, and what ends in less than that is begun anew in an hour."""
TOLERATED = timedelta(minutes=5)


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
