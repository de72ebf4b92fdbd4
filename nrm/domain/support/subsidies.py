"""What the state pays a shelter for a quarter: nights that its manager signs, against the nights and the amount of the
contract (Action Plan II.1(b)(iv)).

The nights are those of `payment_lines`, frozen when the quarter was closed, with what became known of earlier ones. The
manager signs what the payment desk sees and no more, so that her file tells it nothing new. Decided in ADR 0157.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from nrm.domain.accounts.accounts import Role
from nrm.domain.quarters import Quarter

FORMAT = 1
STATEMENT = "nights"
"""What a signed file says that it is, under `statement`."""
SIGNER = str(Role.SHELTER_MANAGER)
MOST_NIGHTS = 100_000
LONGEST_REASON = 300
RETURNED = "returned"
"""The reason of a record that takes an amount off because the transfer came back, and not because it was a mistake."""
NOT_RETURNED = "not_returned"
"""The reason of a record that puts the amount back: that the transfer came back was a mistake (ADR 0209)."""
MISTAKE = "mistake"


class Stand(StrEnum):
    """Whether a quarter of a shelter is paid."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"  # nobody answered: nothing is paid
    CHANGED = (
        "changed"  # it is, and the contract says something else now: the difference counts once it is signed again
    )
    BROKEN = "broken"  # what is kept is not what a manager signed
    FOREIGN = "foreign"  # another hand changed the nights, or what was recorded as paid: nothing is signed or paid
    BEFORE = "before"  # of a time in which nights were not signed


class NightsRefusal(StrEnum):
    """Why a manager signs nothing."""

    SIGNED = "signed"  # it is, as it stands
    CHANGED = "changed"  # something else stands there now than was shown
    FOREIGN = "foreign"  # another hand changed what is kept of it


class PaymentRefusal(StrEnum):
    """Why the payment desk records nothing."""

    NOTHING = "nothing"  # nothing is left to be paid, or to be taken back
    ALREADY = "already"  # nothing is left, because it was recorded since the page was shown: pressed twice
    CHANGED = "changed"  # something else stands there now than was shown
    FOREIGN = "foreign"  # another hand changed what is kept of it
    DIFFERS = "differs"  # the contract of now gives another amount, and no reason says why this one is paid


class PaymentRefused(Exception):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: PaymentRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class NightsRefused(Exception):
    """Nothing is signed; `reason` says why."""

    def __init__(self, reason: NightsRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class NightTerms:
    """What a contract says of nights: so many in a whole quarter for so much, from its first day to its last."""

    number: str
    nights: int
    amount: int
    from_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class Share:
    """What a contract says for one quarter: of one that it covers in part, its nights and amount for these days."""

    number: str
    nights: int
    amount: int


def shares(terms: Iterable[NightTerms], quarter: Quarter) -> tuple[Share, ...]:
    """What each contract says for a quarter, by number; those that pay for no night of it are left out."""
    length = (quarter.end - quarter.start).days + 1
    found = []
    for each in terms:
        covered = (min(each.last_on, quarter.end) - max(each.from_on, quarter.start)).days + 1
        if covered > 0 and (nights := _rounded(each.nights * covered, length)):
            found.append(Share(each.number, nights, _rounded(each.amount * covered, length)))
    return tuple(sorted(found, key=lambda share: share.number))


def covered(terms: Iterable[NightTerms], quarter: Quarter) -> tuple[tuple[date, date], ...]:
    """The days of a quarter for which a contract pays: (first, last) of each contract, in their order. All of it where
    none pays for any: what is counted then is paid by nobody (ADR 0206, ADR 0209)."""
    inside = sorted(
        (max(each.from_on, quarter.start), min(each.last_on, quarter.end))
        for each in terms
        if each.from_on <= quarter.end and each.last_on >= quarter.start
    )
    return tuple(inside) or ((quarter.start, quarter.end),)


def amount(nights: int, agreed: Sequence[Share]) -> int | None:
    """What is paid for so many nights: each at the price that follows from the contract, and no more than it says.

    Less than nothing where more nights of earlier quarters are taken off than there are. None without a contract that
    pays for nights.
    """
    most = sum(each.nights for each in agreed)
    if not most:
        return None
    return _rounded(sum(each.amount for each in agreed) * min(nights, most), most)


def _rounded(number: int, divisor: int) -> int:
    """To the nearest whole one; a half is rounded up."""
    return (2 * number + divisor) // (2 * divisor)


def statement(shelter: str, quarter: Quarter, basis: str, nights: int, agreed: Sequence[Share]) -> dict[str, Any]:
    """What a manager signs, as the JSON value of the file."""
    return {
        "format": FORMAT,
        "statement": STATEMENT,
        "shelter": shelter,
        "quarter": str(quarter),
        "basis": basis,
        "nights": nights,
        "contracts": [{"number": each.number, "nights": each.nights, "amount": each.amount} for each in agreed],
        "to_pay": amount(nights, agreed),
    }


def is_statement(value: object) -> bool:
    """Whether a JSON value says that it is such a file."""
    return isinstance(value, dict) and value.get("statement") == STATEMENT


def file_of(value: Mapping[str, Any]) -> bytes:
    """The bytes of a signed file."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def said(value: Mapping[str, Any]) -> dict[str, Any]:
    """What a signed file says, without its signature."""
    return {name: each for name, each in value.items() if name != "signatures"}


def shares_in(value: Mapping[str, Any]) -> tuple[Share, ...]:
    """What a signed file says of the contracts. Raises KeyError, TypeError for what is none."""
    return tuple(Share(each["number"], each["nights"], each["amount"]) for each in value["contracts"])


def in_part(terms: Iterable[NightTerms], quarter: Quarter) -> bool:
    """Whether a contract that pays for nights of the quarter begins or ends within it."""
    inside = [each for each in terms if each.from_on <= quarter.end and each.last_on >= quarter.start]
    return any(each.from_on > quarter.start or each.last_on < quarter.end for each in inside)


def standing(amounts: Iterable[int]) -> list[int]:
    """What was paid and stands, of the records of a quarter in their order: one that takes the last amount off again
    leaves those before it."""
    found: list[int] = []
    for each in amounts:
        if found and found[-1] == -each:
            found.pop()
        else:
            found.append(each)
    return found


def overlap(one: NightTerms, other: NightTerms) -> bool:
    """Whether two contracts would pay for the same night."""
    return one.from_on <= other.last_on and other.from_on <= one.last_on
