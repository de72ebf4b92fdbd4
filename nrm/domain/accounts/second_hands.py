"""Acts that destroy, and how many of them one member may do alone: two in an hour; the third waits for a second member.

So an account that is stolen or hostile can destroy two cases, and not all of them, before somebody else must agree.

Decided in ADR 0047.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from nrm.domain.accounts.accounts import Permission

AT_ONCE = 2
"""How many acts in a rolling hour are done as soon as they are asked for."""
WINDOW = timedelta(hours=1)
WAITS = timedelta(hours=72)
"""How long an act waits for a second member; then it is over, undone."""
SHOWN_UNDONE = timedelta(days=7)
"""How long an act that nobody agreed to is shown on the home page, so that the person's wish is not lost."""


class ActKind(StrEnum):
    """What is done."""

    WITHDRAW = "withdraw"  # everything a person agreed to is taken back, and what is under seal destroyed
    ERASE = "erase"
    END_ACCOUNT = "end_account"
    BEGIN_ANEW = "begin_anew"  # the old keys die like those of an account that is ended


class ActReason(StrEnum):
    """Why, as the one who asked for it said by the way they chose."""

    TAKEN_BACK = "taken_back"
    ERASURE_ASKED = "erasure_asked"
    REFUSED = "refused"  # who could not be asked before said no
    LEFT = "left"
    LOST_KEYS = "lost_keys"


class ActStatus(StrEnum):
    """What became of it."""

    DONE = "done"  # by one member alone
    ASKED = "asked"
    AGREED = "agreed"  # and done by it
    DECLINED = "declined"
    EXPIRED = "expired"


OF_CASES = (ActKind.WITHDRAW, ActKind.ERASE)
OF_ACCOUNTS = (ActKind.END_ACCOUNT, ActKind.BEGIN_ANEW)
PERMISSION: Mapping[ActKind, Permission] = {
    ActKind.WITHDRAW: Permission.CASE_OPEN,
    ActKind.ERASE: Permission.STAY_MANAGE,
    ActKind.END_ACCOUNT: Permission.ACCOUNT_DISABLE,
    ActKind.BEGIN_ANEW: Permission.ACCOUNT_DISABLE,
}
"""The permission that both the member who asks for the act and the one who agrees must have."""


class WaitsForSecond(Exception):
    """It was recorded and is not done: a second member has to agree. `act_id`: where it stands."""

    def __init__(self, act_id: uuid.UUID) -> None:
        super().__init__(act_id)
        self.act_id = act_id


class ActRefusal(StrEnum):
    """Why a second person cannot agree."""

    ANSWERED = "answered"  # not open any more
    OWN = "own"  # who asked does not agree
    NEW = "new"  # nor does who was confirmed after it was asked for: who asked may have let them in for it


class ActRefused(Exception):
    """Nothing is done; `reason` says why."""

    def __init__(self, reason: ActRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def family(kind: ActKind) -> tuple[ActKind, ...]:
    """The kinds that count together."""
    return OF_CASES if kind in OF_CASES else OF_ACCOUNTS


def at_once(taken: int, *, held_back: bool, alone: bool) -> bool:
    """Whether a member does it alone who did `taken` others in the last hour.

    `held_back`: they asked for this one lately and it waits or was declined; then it stays with the second member.
    `alone`: nobody else in the organisation could agree; then the member waits until the hour allows it. No desk of
    another organisation is asked, because it holds no key, does not know the person, and must not learn the code; and
    a shelter with one member must be able to fulfil a person's wish.
    """
    return taken < AT_ONCE and (alone or not held_back)


def alone_from(done_at: Sequence[datetime]) -> datetime | None:
    """The time from which a member who did these acts may do the next one alone; None: at once."""
    newest = sorted(done_at, reverse=True)
    return newest[AT_ONCE - 1] + WINDOW if len(newest) >= AT_ONCE else None


def is_over(expires_at: datetime, now: datetime) -> bool:
    """Whether the time to agree has passed."""
    return now >= expires_at
