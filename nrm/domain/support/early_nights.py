"""Nights of before a stay was entered: whoever opens a case can type any day on which the person came.

The nights of a few days before count like others. Those before these days are one member's word, and count for payment
once a second member has confirmed them. Who came by a referral was seen by another organisation. Decided in ADR 0182.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

ENTERED_WITHIN = timedelta(days=14)
"""Nights of so many days before the day on which the stay was entered count by one member's word."""


class EarlyRefusal(StrEnum):
    """Why nights are not confirmed, or that is not taken back."""

    NONE = "none"  # nothing waits
    OWN = "own"  # who entered them, or is one hand with who did, does not confirm them
    MANAGER = "manager"  # what somebody else entered the manager confirms
    CHANGED = "changed"  # other nights wait than the page showed
    CONFIRMED = "confirmed"  # already
    SIGNED = "signed"  # a quarter was signed since they were confirmed


class EarlyRefused(Exception):
    """Nothing is confirmed; `reason` says why."""

    def __init__(self, reason: EarlyRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def counts_from(admitted_on: date, known_on: date, *, referred: bool, counted: date | None = None) -> date | None:
    """From which day on the nights count before somebody confirmed the others; None: all of them count.

    `known_on`: the day on which the stay was entered; `counted`: of a day of admission that is corrected, from which
    day on nights counted before.
    """
    if referred:
        return None
    first = known_on - ENTERED_WITHIN
    if counted is not None:
        first = min(first, counted)
    return first if admitted_on < first else None
