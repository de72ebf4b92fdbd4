"""What was recorded of a referral by mistake: it is taken back, and kept with who, when and why (ADR 0086)."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What was recorded by mistake."""

    DEPARTURE = "departure"  # they had not left
    ACCEPTANCE = "acceptance"  # of a person whom this shelter does not take in
    NOT_COME = "not_come"  # the person is still awaited (ADR 0162); of a move: never left, and never came (ADR 0267)
