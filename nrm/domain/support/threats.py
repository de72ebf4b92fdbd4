"""A threat to a witness is told at once to the holder of the case and to the duty desk: that there is one, no more."""

from __future__ import annotations

from nrm.domain.shelter.testimony import THREATS, Reason


def is_told(reason: Reason | None) -> bool:
    """Whether a step with this reason raises the alarm."""
    return reason in THREATS
