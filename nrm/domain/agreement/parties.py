"""Why the key log does not get it that a party takes part, or does no more."""

from __future__ import annotations

from enum import StrEnum


class PartyRefusal(StrEnum):
    """The reason."""

    NOT_FOUNDED = "not_founded"  # nobody vouched for its keys
    NOT_BOUND = "not_bound"  # no version in force names it today
    STILL_BOUND = "still_bound"  # a version in force names it today, or a signed one will
    DESK = "desk"  # the desk itself: nobody could end it
    SAID = "said"  # the log says so already, or the actor has signed
    NEW = "new"  # the actor is new at the duty desk, and another one of it could sign
    HOLDS_CASES = "holds_cases"  # or is asked for somebody: told to the Responsible Authority alone


class PartyRefused(Exception):
    """The log does not get this entry; `reason` says why."""

    def __init__(self, reason: PartyRefusal) -> None:
        super().__init__(reason)
        self.reason = reason
