"""Suspending a person: for a time they open and sign nothing. What it is for, how long, how often, and who ends it.

Decided in ADR 0103.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from nrm.domain.accounts.members import KEY_HOLDERS_NEEDED

BY_HOLDER, BY_ADMINISTRATOR = timedelta(hours=72), timedelta(hours=24)
LONGER = timedelta(days=14)
"""How much longer a second hand makes it, counted from when it says so."""
OF_ONE, OF_ALL = 1, 3
"""How many people all administrators together suspend within a day: of one organisation, and at all."""
OF_HOLDER = 2
"""How many people one member suspends within a day."""
AGAIN = timedelta(days=14)
"""How long after a suspension nobody suspends the same person alone: a second hand makes it longer, or nobody. If it
was ended before its time, this binds only who had done it."""
SLIP = timedelta(hours=1)
"""A suspension that who did it takes back within this time was a slip, and does not count."""


class SuspensionReason(StrEnum):
    """Why; the person reads it."""

    LOST_DEVICE = "lost_device"
    NOT_THEMSELVES = "not_themselves"
    MISUSE = "misuse"
    ASKED = "asked"
    OBJECTED = "objected"  # to something that happened with the account; never chosen from a list


class OrganisationReason(StrEnum):
    """Why an organisation is suspended; everybody reads it who reads that it is."""

    KEY_LOST = "key_lost"
    AGAINST_US = "against_us"
    ASKED = "asked"
    CLOSED = "closed"


class SuspensionEnd(StrEnum):
    """Who ended it before its time."""

    COLLEAGUE = "colleague"
    AUTHORITY = "authority"
    TAKEN_BACK = "taken_back"


class SuspensionRefusal(StrEnum):
    """Why a person cannot be suspended, or a suspension not be changed."""

    ALREADY = "already"
    AGAIN = "again"
    MANY = "many"
    NEWCOMER = "newcomer"
    LEFT_ALONE = "left_alone"
    ADMINISTRATORS_MANY = "administrators_many"
    TOO_FEW = "too_few"
    OWN = "own"
    OVER = "over"
    NO_SECOND_HAND = "no_second_hand"
    ONE_HAND = "one_hand"  # the actor is one hand with who is suspended, so does not end it
    NEW_AT_DESK = "new_at_desk"  # the actor was let in at the duty desk lately, so ends none of another house


class SuspensionRefused(Exception):
    """Nothing is changed; `reason` says why."""

    def __init__(self, reason: SuspensionRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def counts_lately(*, taken_back: timedelta | None, ended: bool, same_hand: bool) -> bool:
    """Whether a suspension of the last days (AGAIN) keeps a holder from suspending the person alone once more.

    `taken_back`: how soon who did it ended it, if they did; `ended`: before its time, by anybody; `same_hand`: the one
    who did it is the one who would do it again.
    """
    if taken_back is not None and taken_back <= SLIP:
        return False
    return same_hand or not ended


def leaves_alone(*, others: int, able: int) -> bool:
    """Whether the actor would be the only one left who opens the cases of the house, although more people could.

    `others`: how many besides the suspended person hold the newest key; `able`: how many of them are not suspended, and
    are no second hand of the actor (`vouching.is_same_hand`); both with the actor. In a house of two people nobody else
    is left anyway: there one may stop the other.
    """
    return able < KEY_HOLDERS_NEEDED <= others


def check_by_holder(*, lately: bool, taken: int, newcomer: bool, alone: bool) -> None:
    """Raise SuspensionRefused. `lately`: the person was suspended within AGAIN; `taken`: how many others the actor
    suspended within a day; `newcomer`: the actor was let in lately, and the person was there before; `alone`: the
    actor would be the only one left (`leaves_alone`)."""
    if lately:
        raise SuspensionRefused(SuspensionRefusal.AGAIN)
    if newcomer:
        raise SuspensionRefused(SuspensionRefusal.NEWCOMER)
    if alone:
        raise SuspensionRefused(SuspensionRefusal.LEFT_ALONE)
    if taken >= OF_HOLDER:
        raise SuspensionRefused(SuspensionRefusal.MANY)


def check_by_administrator(*, lately: bool, holds: bool, others: int, of_organisation: int, of_all: int) -> None:
    """Raise SuspensionRefused. `others`: who else of the organisation holds its key and is not suspended; the last two:
    how many people administrators suspended within a day."""
    if lately:
        raise SuspensionRefused(SuspensionRefusal.AGAIN)
    if holds and others < KEY_HOLDERS_NEEDED:
        raise SuspensionRefused(SuspensionRefusal.TOO_FEW)
    if of_organisation >= OF_ONE or of_all >= OF_ALL:
        raise SuspensionRefused(SuspensionRefusal.ADMINISTRATORS_MANY)
