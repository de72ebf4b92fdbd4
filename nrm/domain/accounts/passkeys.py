"""Passkeys: a second factor whose secret never leaves a device or a security key (Web Authentication, W3C, level 2).

The program keeps a public key and asks the device to sign a challenge. A passkey opens nothing: the member's keys stay
sealed under the password (ADR 0105).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# For so long a challenge can be answered, once.
LASTS = timedelta(minutes=5)
MOST = 10
LONGEST_NAME = 40
LONGEST_ANSWER = 16_384  # characters of JSON; an answer without attestation has a tenth of that


class Purpose(StrEnum):
    """What a challenge was made for; it is answered for nothing else."""

    MAKE = "make"
    PROVE = "prove"
    SIGN_IN = "sign_in"
    RECOVER = "recover"


class Refusal(StrEnum):
    """Why a passkey was not made, not taken or not removed."""

    LATE = "late"  # the challenge was answered, is too old, or was made for another session
    WRONG = "wrong"  # the answer is not one of this member's passkeys, or not for this program
    KNOWN = "known"
    MANY = "many"
    NAME = "name"
    LAST = "last"  # without it nothing would be asked beside the password, or no passkey where one is demanded


class PasskeyRefused(Exception):
    """`reason` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Factors:
    """What a member has beside the password, and what the instance demands. `code`: a telephone that gives codes."""

    code: bool
    passkeys: int
    any_demanded: bool
    passkey_demanded: bool

    @property
    def has_any(self) -> bool:
        """Whether anything is asked beside the password."""
        return self.code or self.passkeys > 0

    @property
    def are_enough(self) -> bool:
        """Whether nothing has to be set up before anything else."""
        return bool(self.passkeys) or not (self.passkey_demanded or (self.any_demanded and not self.code))

    @property
    def takes_code(self) -> bool:
        """Whether a code alone is enough: not in a browser where passkeys are demanded and the member has one."""
        return self.code and not (self.passkey_demanded and self.passkeys)

    def check_removal(self) -> None:
        """Raise PasskeyRefused unless enough is left without one passkey."""
        if not Factors(self.code, self.passkeys - 1, self.any_demanded, self.passkey_demanded).are_enough:
            raise PasskeyRefused(Refusal.LAST)


def name_of(text: str) -> str:
    """The name that its member gives a passkey, in one line; raises PasskeyRefused."""
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise PasskeyRefused(Refusal.NAME)
    return name


def went_back(known: int, told: int) -> bool:
    """Whether a key counted its signatures and the count did not rise: there may be a copy of it (level 2, 6.1.1)."""
    return (known > 0 or told > 0) and told <= known


def is_late(made_at: datetime, now: datetime) -> bool:
    """Whether a challenge is too old to be answered."""
    return not timedelta(0) <= now - made_at < LASTS
