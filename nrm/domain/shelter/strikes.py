"""Why an entry that was recorded wrongly is struck: it stays, with who struck it, when and why (ADR 0071)."""

from __future__ import annotations

from enum import StrEnum


class StrikeReason(StrEnum):
    """Why an entry is struck."""

    WRONG_PERSON = "wrong_person"
    WRONG_DAY = "wrong_day"
    WRONG_STEP = "wrong_step"
    TWICE = "twice"
    OTHER = "other"
