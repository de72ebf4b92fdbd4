"""A threat to a witness is told at once to the holder of the case and to the duty desk: that there is one, no more.

What a desk does about it, and that it was told twice or by mistake, are closed codes: no word of a threat is kept.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from enum import StrEnum

from nrm.domain.shelter.testimony import THREATS, Reason

SEEN_IS_SHOWN = timedelta(days=7)
"""So long it stands on the home page that the desk has seen an alarm, and can be taken back."""
SENT_AGAIN = timedelta(minutes=10)
"""The same form sent again within so long is one alarm, while nobody has seen it."""
DOUBTED_WITHIN = timedelta(days=30)
"""So long whoever told an alarm may say of it that it was told twice or by mistake."""
_MARK = 4


class Acts(StrEnum):
    """What a desk does about a threat."""

    AGREED = "agreed"  # with the prosecution: who protects the person
    POLICE = "police"
    ELSEWHERE = "elsewhere"  # the person is brought to another place
    HERE = "here"  # the person is protected where they are
    OTHER = "other"


class Doubt(StrEnum):
    """What who told an alarm says of it afterwards. The alarm stands all the same."""

    TWICE = "twice"
    MISTAKE = "mistake"


class ThreatRefusal(StrEnum):
    """Why something about an alarm is refused."""

    NOT_SEEN = "not_seen"  # nothing to take back, or not any more
    DOUBTED = "doubted"
    NOT_DOUBTED = "not_doubted"


class ThreatRefused(Exception):
    """It cannot be said of the alarm; `reason` says why."""

    def __init__(self, reason: ThreatRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def is_told(reason: Reason | None) -> bool:
    """Whether a step with this reason raises the alarm."""
    return reason in THREATS


def mark_of(alarm_id: uuid.UUID) -> str:
    """Four signs by which those who tell and those who are told speak of the same alarm; nothing follows from them."""
    return alarm_id.hex[:_MARK].upper()
