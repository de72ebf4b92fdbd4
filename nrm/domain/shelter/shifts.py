"""Openings that fit a day: what somebody opens once for a shift, and how a session with a shift covers itself.

Decided in ADR 0073.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from nrm.domain.shelter.cases import Compartment

SHIFT = "shift"
"""What the record of an opening says instead of a compartment when it was that of a shift."""


class ShiftKind(StrEnum):
    """Whose parts a shift opens."""

    PEOPLE = "people"  # of those for whom the member is key worker or deputy
    DUTY = "duty"  # of everybody in the building


OPENS: Mapping[ShiftKind, frozenset[Compartment]] = {
    ShiftKind.PEOPLE: frozenset({Compartment.IDENTITY, Compartment.CARE, Compartment.LEGAL}),
    ShiftKind.DUTY: frozenset({Compartment.CARE}),
}

COVER_MINUTES, COVER_MINUTES_SHARED = 5, 2
"""After so many idle minutes the session covers itself; the second on tablets that several people use."""
WRONG_PROOFS = 3
"""So many wrong passwords end a covered session."""
_ROW_FROM, _ROW_TO = timedelta(hours=8), timedelta(hours=16)


class ShiftRefusal(StrEnum):
    """Why a shift is not begun."""

    NOBODY = "nobody"  # is key worker or deputy of nobody
    OVER = "over"  # the session ends at this moment


class ShiftRefused(ValueError):
    """Nothing is opened; `reason` says why."""

    def __init__(self, reason: ShiftRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def is_second_in_a_row(begun_at: datetime, earlier: Iterable[datetime]) -> bool:
    """Whether a shift begins where the member's last one ended, as if she worked sixteen hours: perhaps nobody of that
    name is at work. A shift that is begun again after a new sign-in within the same eight hours is not meant."""
    return any(_ROW_FROM <= begun_at - at < _ROW_TO for at in earlier)
