"""What a contract of the state with a centre says, and how it comes to say something else: one member of the office
asks with a reason, another one agrees, and until then what it said before stands. Decided in ADR 0187."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Terms:
    """What a contract says. `amount` in the country's currency; `ended_on` is a day before its end, or None.

    `nights`: so many in a whole quarter, for so much; None where it pays for no nights.
    """

    number: str
    subject: str
    amount: int
    from_on: date
    until_on: date
    ended_on: date | None = None
    nights: tuple[int, int] | None = None


PRICE_JUMPS = 2
"""A night that costs so many times as much, or as little, as before is asked about once: a figure is easily left
out."""


def price(nights: int | None, amount: int | None) -> int | None:
    """What one night costs, rounded to the currency's unit; None where a contract pays for no nights."""
    return round(amount / nights) if nights and amount is not None else None


def jumps(before: int | None, after: int | None) -> bool:
    """Whether the price of a night changes so much that it may be a mistyped figure; never of a new contract."""
    if before is None or after is None:
        return False
    return after > PRICE_JUMPS * before or before > PRICE_JUMPS * after


class Why(StrEnum):
    """Why a contract is entered, or says something else."""

    SIGNED = "signed"  # a new contract was signed
    ANNEX = "annex"  # the state and the centre signed a change of it
    MISTYPED = "mistyped"  # the paper says something else than what was typed
    ENDED = "ended"  # it ended early
    OTHER = "other"  # in words


FOR_NEW = (Why.SIGNED, Why.OTHER)
FOR_CHANGE = (Why.ANNEX, Why.MISTYPED, Why.ENDED, Why.OTHER)


class ChangeState(StrEnum):
    """How it stands with what was asked for."""

    WAITS = "waits"
    AGREED = "agreed"
    DECLINED = "declined"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, and a line beside it: needed where the code says nothing."""

    why: Why
    words: str = ""


class ContractRefusal(StrEnum):
    """Why nothing is asked for, or nothing comes of it."""

    NUMBER = "number"  # the centre has another contract with this number, or one is asked for
    NIGHTS = "nights"  # another contract of the centre pays for nights of the same days
    WAITS = "waits"  # another change of the contract waits already
    OVER = "over"  # it was agreed to, declined or taken back already
    OWN = "own"  # who asked for it, or is one hand with who did, does not agree to it
    NEW = "new"  # who has been there for less than 14 days does not, where others are there for longer
    NOT_YOURS = "not_yours"  # only who asked takes it back
    OTHER_OFFICE = "other_office"  # a second one of the office that asked does
    FORGED = "forged"  # this program did not write the row as it is


class ContractRefused(Exception):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: ContractRefusal) -> None:
        super().__init__(reason)
        self.reason = reason
