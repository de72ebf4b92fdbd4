"""Acts that need a second hand, or time: what one member does alone, what waits, and for whom.

Withdrawing everything and erasing close a case to everybody at once. They destroy nothing before a second hand says so,
or 72 hours after a second member has seen it. An account ends at once, unless too few people would be left, or too many
ended that day: then a second hand comes first.

Decided in ADR 0047, ADR 0102 and ADR 0103.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from nrm.domain.accounts.accounts import Permission

AT_ONCE = 2
"""How many cases one member closes to everybody within WEEK, and one holder within DAY; how many accounts of an
organisation end within DAY. From the next one on a second hand comes first."""
SIGNED_A_DAY = 4
"""How many cases one member closes to everybody within DAY with forms of which the member alone says that the persons
signed them; from the next one on a second hand comes first, as without a form."""
DAY, WEEK = timedelta(hours=24), timedelta(days=7)
WAITS = timedelta(hours=72)
"""How long an act that waits for a second hand waits before it is over, undone; and how long a case that a second
member has seen stays closed to everybody before what it keeps is destroyed."""
CLIMBS = timedelta(hours=24)
"""After which time an act that no second member has seen stands on the duty desk."""
SHOWN_UNDONE = timedelta(days=7)
"""How long an act that nobody agreed to is shown on the home page, so that the person's wish is not lost."""


class ActKind(StrEnum):
    """What is done."""

    WITHDRAW = "withdraw"  # everything a person agreed to is taken back, and what is under seal destroyed
    ERASE = "erase"
    END_ACCOUNT = "end_account"
    BEGIN_ANEW = "begin_anew"  # the old keys die like those of an account that is ended
    LET_BACK = "let_back"  # an account works again that was ended for a suspicion, or by two hands


class ActReason(StrEnum):
    """Why, as the one who asked for it said by the way they chose."""

    TAKEN_BACK = "taken_back"
    ERASURE_ASKED = "erasure_asked"
    REFUSED = "refused"  # who could not be asked before said no
    LEFT = "left"
    SUSPECTED = "suspected"  # what the colleague did must be looked into, or they were arrested
    LOST_KEYS = "lost_keys"
    COMES_BACK = "comes_back"


class ActStatus(StrEnum):
    """What became of it."""

    DONE = "done"  # by one member alone, or by time after the case was closed to everybody
    ASKED = "asked"  # nothing is done before a second hand agrees
    PARKED = "parked"  # the case opens for nobody; what it keeps is still there
    AGREED = "agreed"  # and done by it
    DECLINED = "declined"  # or undone
    EXPIRED = "expired"


OPEN = (ActStatus.ASKED, ActStatus.PARKED)
OF_CASES = (ActKind.WITHDRAW, ActKind.ERASE)
OF_ACCOUNTS = (ActKind.END_ACCOUNT, ActKind.BEGIN_ANEW, ActKind.LET_BACK)
WHY_ENDED = (ActReason.LEFT, ActReason.SUSPECTED)
"""Why an account ends, as who ends it says."""
PERMISSION: Mapping[ActKind, Permission] = {
    ActKind.WITHDRAW: Permission.CASE_OPEN,
    ActKind.ERASE: Permission.STAY_MANAGE,
    ActKind.END_ACCOUNT: Permission.ACCOUNT_DISABLE,
    ActKind.BEGIN_ANEW: Permission.ACCOUNT_DISABLE,
    ActKind.LET_BACK: Permission.ACCOUNT_DISABLE,
}
"""The permission that both the member who asks for the act and the colleague who agrees must have."""


class Heard(StrEnum):
    """From where a second hand knows that it is the person's own wish."""

    SPOKE = "spoke"
    SIGNED = "signed"  # read the form that the person signed


class Undone(StrEnum):
    """Who undid it."""

    HOLDER = "holder"  # a member of the holder: a mistake, or no wish of the person
    AUTHORITY = "authority"
    PERSON = "person"  # changed her mind, at the holder
    HELP_LINE = "help_line"  # changed her mind, and told the help line, which passed it on unread
    ASKER = "asker"  # who asked took it back
    WRONG_PERSON = "wrong_person"  # the request behind it had been recorded for the wrong person (ADR 0277)
    FELL = "fell"  # who asked was suspended, or their account was ended


class WaitsForSecond(Exception):
    """It was recorded, and not or not yet done for good. `act_id`: where it stands."""

    def __init__(self, act_id: uuid.UUID) -> None:
        super().__init__(act_id)
        self.act_id = act_id


class ActRefusal(StrEnum):
    """Why a second person cannot agree."""

    ANSWERED = "answered"  # not open any more
    OWN = "own"  # who asked does not agree
    NEW = "new"  # nor does who was let in less than 14 days ago
    VOUCHED = "vouched"  # nor does whom the one who asked let in alone: it would be the same hand
    SEEN = "seen"  # a second member has seen it already
    FELL = "fell"  # who asked is suspended, or their account was ended
    ONE_HAND = "one_hand"  # nor, of whom who asked suspended before, does who is one hand with that person
    NEW_AT_DESK = "new_at_desk"  # nor anything of another house who was let in at the duty desk lately


class ActRefused(Exception):
    """Nothing is done; `reason` says why."""

    def __init__(self, reason: ActRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def family(kind: ActKind) -> tuple[ActKind, ...]:
    """The kinds that count together."""
    return OF_CASES if kind in OF_CASES else OF_ACCOUNTS


def is_many(of_member: int, of_holder: int) -> bool:
    """Whether a case is one too many: so many others the member closed to everybody in seven days, and the holder in
    a day."""
    return of_member >= AT_ONCE or of_holder >= AT_ONCE


def parks(*, many: bool, signed: bool, held_back: bool) -> bool:
    """Whether the case is closed to everybody at once.

    Not from the third on, for which one member's word is not enough; what the person signed herself waits for nobody.
    `held_back`: a colleague undid or declined the same, lately and when the same member asked for it; or the member was
    let in lately, and others were there before. Then only a second hand goes on.
    """
    return not held_back and (signed or not many)


def form_counts(of_member_today: int, *, stopped: bool) -> bool:
    """Whether a form of which the member says that the person signed it spares a second hand: not beyond so many a day,
    and not of who stopped a colleague lately, who could have looked at it."""
    return of_member_today < SIGNED_A_DAY and not stopped


def final_at(parked_at: datetime, seen_at: datetime | None, *, many: bool, signed: bool) -> datetime | None:
    """When what a case keeps is destroyed without another word; None: not before a second member has seen it.

    Of what the person signed the 72 hours run from the beginning, unless it is one too many: that there is a form is
    said by one hand alone, and so somebody else must have seen that it is said.
    """
    if signed and not many:
        return parked_at + WAITS
    return seen_at + WAITS if seen_at is not None else None


def ends_at_once(ended: int, *, few: bool, held_back: bool) -> bool:
    """Whether an account ends without a second hand. `ended`: how many others of the organisation ended in a day;
    `few`: fewer than two people would hold the key."""
    return ended < AT_ONCE and not few and not held_back


def climbs(asked_at: datetime, seen_at: datetime | None, now: datetime) -> bool:
    """Whether an act that no second member has seen stands on the duty desk."""
    return seen_at is None and now >= asked_at + CLIMBS


def is_over(expires_at: datetime, now: datetime) -> bool:
    """Whether the time to agree has passed."""
    return now >= expires_at
