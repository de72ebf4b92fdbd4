"""Who counts as a key holder, who may leave, and when a keyring is due (vault.md rules 10 and 11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

KEY_HOLDERS_NEEDED = 2
"""An organisation accepts people only once this many could open what it is sent: one lost password loses nothing."""


class KeyHappening(StrEnum):
    """What can happen with the keys of an organisation's members."""

    JOINED = "joined"
    CONFIRMED = "confirmed"
    CODE_MADE = "code_made"
    CODE_CHECKED = "code_checked"
    BEGINS_ANEW = "begins_anew"
    DISABLED = "disabled"
    WAITS_AGAIN = "waits_again"
    KEYRING_MADE = "keyring_made"
    KEYRING_MOVED = "keyring_moved"
    SEALED_ANEW = "sealed_anew"


class LastKeyHolder(Exception):
    """Without this member nobody could open the organisation's cases any more."""


class OwnAccount(Exception):
    """This is done to a colleague, never to oneself."""


class WrongCode(Exception):
    """What was typed is not the account's recovery code."""


class TooFewKeyHolders(Exception):
    """Fewer than two people of the organisation hold its key and checked their recovery code."""


class NotThisOrganisation(Exception):
    """Only somebody of the organisation holds its key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Where an organisation's keyring stands. `behind`: how many grants are still made to older versions.

    `anew_at`: since when the epochs that a key holder knew who left live on; `exposed`: how many of them there are.
    `version` is 0 without a keyring; `code_checked` is of the asker, `receives` whether the organisation takes people
    in.
    """

    version: int
    due_at: datetime | None
    behind: int
    old_wraps: bool
    holders: int
    code_checked: bool
    receives: bool
    anew_at: datetime | None = None
    exposed: int = 0

    @property
    def unfinished(self) -> bool:
        """Whether a new version was made and the move to it has not ended."""
        return self.behind > 0 or self.old_wraps

    @property
    def under_way(self) -> bool:
        """Whether something is left to do for the present version, and no newer one is due."""
        return self.due_at is None and (self.unfinished or self.anew_at is not None)

    @property
    def enough(self) -> bool:
        """Whether the organisation may accept people."""
        return self.holders >= KEY_HOLDERS_NEEDED


def check_leaving(*, holds: bool, others: int) -> None:
    """Raise LastKeyHolder when the member holds the keyring and no other active member does."""
    if holds and others == 0:
        raise LastKeyHolder
