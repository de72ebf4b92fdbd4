"""Who counts as a key holder, who may leave, and when a keyring is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nrm.domain.accounts.accounts import PERMISSIONS, NotPermitted, Role

KEY_HOLDERS_NEEDED = 2
"""An organisation accepts people only if this many could open what it is sent, so that one lost password is no loss."""

COMES_BACK = timedelta(days=14)
"""How long the keys of somebody who left are kept, under their own password: colleagues can let them in again."""
A_DAY = timedelta(hours=24)
"""A rolling period: what administrators did longer ago does not count."""
ENDED_OF_ONE, ENDED_OF_ALL = 1, 3
"""How many accounts all administrators together end within a day: of one organisation, and at all."""
SUSPENDED_OF_ALL, SHELTERS_LEFT = 3, 2
"""How many organisations they suspend within a day, and how many shelters must still be able to accept people."""


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
    CAME_BACK = "came_back"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    FOUNDED = "founded"
    RECOVERED = "recovered"
    FACTOR_SET = "factor_set"
    FACTOR_CHANGED = "factor_changed"
    ANEW_ASKED = "anew_asked"
    ANEW_AGREED = "anew_agreed"
    ANEW_STOPPED = "anew_stopped"
    OBJECTED = "objected"
    ROLE_CHANGED = "role_changed"
    RENAMED = "renamed"
    LACKS_KEY = "lacks_key"
    KEY_GIVEN = "key_given"
    HOLDS_AGAIN = "holds_again"


OBJECTIONABLE = (
    KeyHappening.CONFIRMED,
    KeyHappening.FOUNDED,
    KeyHappening.ANEW_ASKED,
    KeyHappening.BEGINS_ANEW,
    KeyHappening.RECOVERED,
    KeyHappening.FACTOR_SET,
    KeyHappening.FACTOR_CHANGED,
    KeyHappening.ROLE_CHANGED,
    KeyHappening.RENAMED,
)
"""What a holder whose own account is older may object to."""
TOLD = (
    *OBJECTIONABLE,
    KeyHappening.ANEW_STOPPED,
    KeyHappening.OBJECTED,
    KeyHappening.RESUMED,
    KeyHappening.CAME_BACK,
    KeyHappening.DISABLED,
    KeyHappening.LACKS_KEY,
    KeyHappening.KEY_GIVEN,
)
"""What every colleague's home page tells for 14 days."""


def takes_away(before: str, after: str) -> bool:
    """Whether the new of two roles may not do all that the old one may; of two names: no."""
    if not {before, after} <= set(Role):
        return False
    return not PERMISSIONS[Role(before)] <= PERMISSIONS[Role(after)]


def favours_doer(event: KeyHappening, before: str, after: str) -> bool:
    """Whether a change serves who did it rather than the account that it changed: a name that a colleague was given,
    or a role that was taken away."""
    return event is KeyHappening.RENAMED or (event is KeyHappening.ROLE_CHANGED and takes_away(before, after))


class LastKeyHolder(Exception):
    """Without this member nobody could open the organisation's cases any more."""


class GoneForGood(Exception):
    """Who left longer ago, or never had keys, comes back by an invitation alone."""


class ChangeRefusal(StrEnum):
    """Why a colleague gets no other role or name."""

    NOT_IN = "not_in"  # not active, or the key log does not have them yet: there is nothing to change
    ROLE = "role"  # no role of this organisation
    SAME = "same"  # they have it already
    SIGNED = "signed"  # the actor has signed it, and it waits for a second hand
    OPEN = "open"  # another role of theirs is proposed, and waits
    NEW = "new"  # whom the actor alone let in less than 14 days ago: more rights take another hand
    NOT_THEIRS = "not_theirs"  # nobody but the person changes a name
    NEWCOMER = "newcomer"  # let in lately, and it is about somebody who was there before
    LATELY = "lately"  # the name was changed within 14 days, or a colleague typed the words for it within these
    SUSPENDED = "suspended"  # the actor, or who is one hand with them, suspended this person: proposes no lower role
    HANDS = "hands"  # the key log does not take the actor's hand for it


class ChangeRefused(Exception):
    """Role and name stay; `reason` says why."""

    def __init__(self, reason: ChangeRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class HoldingRefusal(StrEnum):
    """Why nothing is said of who holds the newest version of an organisation's keyring."""

    HOLDS = "holds"  # it opens for them
    LACKS = "lacks"  # it does not open for them
    SAID = "said"  # they said so, or nobody said that they do not hold it


class HoldingRefused(Exception):
    """The key log says what it said before; `reason` says why."""

    def __init__(self, reason: HoldingRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class OwnAccount(Exception):
    """A member can do this to a colleague, but not to their own account."""


class WrongCode(Exception):
    """What was typed is not the account's recovery code."""


class TooFewKeyHolders(Exception):
    """Fewer than two people of the organisation hold its key and checked their recovery code."""


class KeyHoldersDecide(NotPermitted):
    """Who belongs to the organisation is up to its own key holders; the administrator invites founders at most."""


class TooFewLeft(Exception):
    """An administrator never takes a key away where fewer than two people would be left who could accept somebody."""


class EndsTooMany(Exception):
    """Administrators ended as many accounts as they may within a day."""


class NoSecondHandThere(Exception):
    """The Responsible Authority is suspended by two hands alone, and the key log has none who could be the second."""


class ProposedAlready(Exception):
    """The same organisation is proposed to be suspended, and others are asked: of two the second would do it again."""


class SuspendsTooMany(Exception):
    """Administrators suspended as many organisations as they may within a day."""


class TooFewShelters(Exception):
    """Fewer than two shelters could accept anybody."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The state of an organisation's keyring. `behind`: how many grants are still made to older versions.

    `seal_again_since`: since when there are epochs whose keys a former key holder knew; `exposed`: how many there are.
    `version` is 0 without a keyring; `code_checked` is about the actor; `receives`: whether the organisation takes
    people in. `held`: whether the newest is wrapped to the actor, by the rows.
    """

    version: int
    due_at: datetime | None
    behind: int
    old_wraps: bool
    holders: int
    code_checked: bool
    receives: bool
    seal_again_since: datetime | None = None
    exposed: int = 0
    held: bool = True

    @property
    def unfinished(self) -> bool:
        """Whether a new version was made and the move to it has not ended."""
        return self.behind > 0 or self.old_wraps

    @property
    def under_way(self) -> bool:
        """Whether there is still work for the present version, and no newer version is due."""
        return self.due_at is None and (self.unfinished or self.seal_again_since is not None)

    @property
    def enough(self) -> bool:
        """Whether the organisation may accept people."""
        return self.holders >= KEY_HOLDERS_NEEDED


def check_leaving(*, holds: bool, others: int) -> None:
    """Raise LastKeyHolder when the member holds the keyring and no other active member does."""
    if holds and others == 0:
        raise LastKeyHolder


def leaves_few(*, holds: bool, others: int) -> bool:
    """Whether fewer than two people hold the keyring once the member has left; `others`: who holds it then."""
    return holds and others < KEY_HOLDERS_NEEDED


def check_coming_back(left_at: datetime | None, *, has_keys: bool, now: datetime) -> None:
    """Raise GoneForGood unless the member left within 14 days."""
    if left_at is None or not has_keys or now >= left_at + COMES_BACK:
        raise GoneForGood


def check_inviting(*, own: bool, holds: bool, keeps_accounts: bool, holds_keys: bool, founded: bool) -> None:
    """Raise KeyHoldersDecide unless a key holder invites into the own organisation, or who keeps the accounts into one
    that holds no keys or is not founded yet."""
    if not (own and holds) and not (keeps_accounts and not (holds_keys and founded)):
        raise KeyHoldersDecide


def is_ended_by_founding(*, from_colleague: bool, holds_keys: bool, founded: bool) -> bool:
    """Whether a link that nobody of the organisation made is dead: its founders hold the key and invite themselves."""
    return not from_colleague and holds_keys and founded


def check_new_link_from_outside(*, invited: bool, from_colleague: bool, founded: bool) -> None:
    """Raise KeyHoldersDecide unless somebody who was only ever invited by administrators gets another link of theirs,
    before the organisation is founded.

    A key holder's link is never replaced: they hear the words of whoever comes with it.
    """
    if not invited or from_colleague or founded:
        raise KeyHoldersDecide


def check_letting_in(*, own: bool, holds: bool, holds_keys: bool, keeps_accounts: bool) -> None:
    """Raise KeyHoldersDecide unless a key holder of the organisation lets the colleague in; where an organisation holds
    no keys, any colleague or who keeps the accounts."""
    if not (own and holds if holds_keys else own or keeps_accounts):
        raise KeyHoldersDecide


def check_ending_from_outside(*, holds: bool, others: int, of_organisation: int, of_all: int) -> None:
    """Raise TooFewLeft, EndsTooMany. `others`: who could accept people without the member; the last two: how many
    accounts administrators ended within a day."""
    if holds and others < KEY_HOLDERS_NEEDED:
        raise TooFewLeft
    if of_organisation >= ENDED_OF_ONE or of_all >= ENDED_OF_ALL:
        raise EndsTooMany


def check_suspending(*, accepts: bool, other_shelters: int, of_all: int) -> None:
    """Raise TooFewShelters, SuspendsTooMany. `accepts`: whether it is a shelter that could accept somebody now."""
    if accepts and other_shelters < SHELTERS_LEFT:
        raise TooFewShelters
    if of_all >= SUSPENDED_OF_ALL:
        raise SuspendsTooMany
