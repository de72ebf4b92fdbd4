"""Who lets whom in, who is a second hand, and who may object (ADR 0100, ADR 0101)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nrm.domain.accounts.accounts import UnusableInvitation
from nrm.domain.accounts.words import CannotVouch, WordPurpose

SEASONED = timedelta(days=14)
"""How long somebody must have been active to be a second hand."""
ANEW_AFTER = timedelta(hours=24)
"""After how long a colleague's word alone lets somebody begin anew."""
OBJECTED_FOR = timedelta(hours=72)
TOLD_FOR = timedelta(days=14)
"""How long every colleague's home page tells of who joined, began anew, recovered or has another telephone."""
REMEMBERED = timedelta(days=30)
"""How long a second hand is told that the person ended the same request before."""
ANEW_BY_ONE = SEASONED
"""After how long somebody begins anew by the word of who would be left alone. What who was let in lately asks waits so
long for a second hand, and is over then: it never happens by time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Since when somebody has been a member with their present keys, and who let them in with these.

    `vouched_by`: nobody for the first founders and for members from before there were words.
    """

    member_id: uuid.UUID
    since: datetime
    vouched_by: frozenset[uuid.UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Typist:
    """Who types words: where they stand to the person who reads them.

    `holds`: an active holder of the newest keyring of the own organisation. `alone`: nobody else there could do it.
    `attests`: of another organisation, and the key log takes their signature for this person. `called_back`: they say
    that they called the number that is known of the person, or saw them.
    """

    same_organisation: bool
    oneself: bool
    active: bool
    holds: bool
    founder: bool
    alone: bool
    keeps_accounts: bool
    duty_desk: bool
    called_back: bool = False
    attests: bool = False


class HandRefusal(StrEnum):
    """Why somebody is not the second hand for what a colleague began."""

    OWN = "own"  # they began it, or it is about them
    NEW = "new"  # active for less than 14 days
    VOUCHED = "vouched"  # one of the two, or a third person alone, let the other in, or both
    ELSEWHERE = "elsewhere"  # the duty desk is asked only where an organisation has nobody
    NOT_CALLED = "not_called"  # and after a call back alone
    ENDED = "ended"  # the account was ended within 14 days: its keys are there, and open it again
    STOPPED = "stopped"  # they asked that this member begins anew, and it was ended within a day
    ONE_HAND = "one_hand"  # with whom they would let in again
    SUSPENDED = "suspended"  # they suspended who would begin anew, or are one hand with who did


class NoSecondHand(Exception):
    """This person's agreement does not count; `reason` says why."""

    def __init__(self, reason: HandRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class NotYet(UnusableInvitation):
    """The link works from `at` on, or once a second hand has agreed: until then the old account goes on. `needs_hand`:
    only if one agrees before."""

    def __init__(self, at: datetime, *, needs_hand: bool = False) -> None:
        super().__init__(at)
        self.at, self.needs_hand = at, needs_hand


class ObjectionRefusal(StrEnum):
    """Why somebody cannot object."""

    NEWER = "newer"  # their own account is not older than what they object to
    ONCE = "once"  # somebody objected to it already
    LATE = "late"  # the 14 days are over
    OWN = "own"  # it is about themselves, or they did it
    OVER = "over"  # that somebody may begin anew was ended
    LEFT_ALONE = "left_alone"  # all others are suspended already, or are whom the actor alone let in lately
    NEWCOMER = "newcomer"  # let in lately, and whom it would suspend was there before
    ELSEWHERE = "elsewhere"  # the duty desk agreed to it, and nobody suspends its people from here
    MANY = "many"  # suspended as many people today as one member may


class ObjectionRefused(Exception):
    """Nothing is suspended; `reason` says why."""

    def __init__(self, reason: ObjectionRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def check_typing(purpose: WordPurpose, who: Typist, *, holds_keys: bool) -> None:
    """Raise CannotVouch unless this person may type the words of that one.

    In an organisation that holds keys a holder does it, in another office an active member; founders do it for each
    other. Where the organisation has nobody else, after a call back: the words of a lost telephone are typed by the
    duty desk of the Responsible Authority, or for an office by the administrator of accounts, whose own are typed by
    the duty desk; those of who joins by whom the key log lets vouch for them (two of other organisations for an office,
    the duty desk as a second hand).
    """
    if who.oneself:
        raise CannotVouch
    if purpose is WordPurpose.FOUNDED:
        allowed = who.same_organisation and who.founder
    elif who.same_organisation:
        allowed = who.holds if holds_keys else who.active
    else:
        outside = who.duty_desk if holds_keys else who.keeps_accounts
        vouches = outside if purpose is WordPurpose.FACTOR else who.attests
        allowed = who.alone and vouches and who.called_back
    if not allowed:
        raise CannotVouch


def hangs_on(member_id: uuid.UUID, vouched_by: Callable[[uuid.UUID], frozenset[uuid.UUID]]) -> frozenset[uuid.UUID]:
    """By whom alone somebody is there: themselves, and whoever every way back through those who let them in passes.

    Who lets in two accounts of the same accomplice, or lets one let in the next, is found by it.
    """
    return _hangs_on(member_id, vouched_by, frozenset())


def _hangs_on(
    member_id: uuid.UUID, vouched_by: Callable[[uuid.UUID], frozenset[uuid.UUID]], seen: frozenset[uuid.UUID]
) -> frozenset[uuid.UUID]:
    own, seen = frozenset({member_id}), seen | {member_id}
    ways = [_hangs_on(each, vouched_by, seen) for each in vouched_by(member_id) if each not in seen]
    return own | frozenset.intersection(*ways) if ways else own


def refusal_of_hand(
    hand: Standing,
    *,
    first_id: uuid.UUID | None,
    subject_id: uuid.UUID,
    now: datetime,
    vouched_by: Callable[[uuid.UUID], frozenset[uuid.UUID]],
) -> HandRefusal | None:
    """Why this person is not a second hand for what `first_id` began about `subject_id`; None if they are one.

    Another person, active for 14 days since they last joined or began anew; and no single person let both of them in,
    or one of them the other, alone or through others whom they let in (`vouched_by` says who let in whom).
    """
    if hand.member_id in (first_id, subject_id):
        return HandRefusal.OWN
    if first_id is not None and hangs_on(first_id, vouched_by) & hangs_on(hand.member_id, vouched_by):
        return HandRefusal.VOUCHED
    if now - hand.since < SEASONED:
        return HandRefusal.NEW
    return None


def has_seen_for(
    seer: Standing,
    asker_id: uuid.UUID,
    *,
    now: datetime,
    vouched_by: Callable[[uuid.UUID], frozenset[uuid.UUID]],
) -> bool:
    """Whether somebody who has seen a person is a second member beside whoever asks: active for 14 days, and neither
    let the other one in alone, or through others whom they let in. That a third one let both in is how most houses
    begin, so it does not count here (ADR 0162)."""
    alone = seer.member_id in hangs_on(asker_id, vouched_by) or asker_id in hangs_on(seer.member_id, vouched_by)
    return not alone and now - seer.since >= SEASONED


def is_same_hand(
    member_id: uuid.UUID, first_id: uuid.UUID, vouched_by: Callable[[uuid.UUID], frozenset[uuid.UUID]]
) -> bool:
    """Whether somebody is nobody else than `first_id`: themselves, or one of the two let in the other alone, also
    through others whom they let in, however long ago."""
    return first_id in hangs_on(member_id, vouched_by) or member_id in hangs_on(first_id, vouched_by)


def anew_after(*, newcomer: bool, alone: bool) -> timedelta:
    """After how long somebody begins anew who has an account that works, if no second hand agrees before."""
    return ANEW_BY_ONE if newcomer or alone else ANEW_AFTER


def is_newcomer(hand: Standing, other: Standing, now: datetime) -> bool:
    """Whether the one was let in within the last 14 days, and the other was there before."""
    return now - hand.since < SEASONED <= now - other.since


def check_objecting(
    hand: Standing,
    *,
    about: uuid.UUID,
    by_id: uuid.UUID | None,
    at: datetime,
    objected: bool,
    now: datetime,
    alone: bool = False,
    newcomer: bool = False,
    many: bool = False,
) -> None:
    """Raise ObjectionRefused unless this holder may object to what happened to the account `about` at that time.

    What binds every suspension binds this one: `alone`: nobody else of the house would be left who opens its cases
    (`suspensions.leaves_alone`); `newcomer`: the holder was let in lately, and whom it suspends was there before;
    `many`: the holder suspended as many people today as one may.
    """
    if hand.member_id in (about, by_id):
        raise ObjectionRefused(ObjectionRefusal.OWN)
    if objected:
        raise ObjectionRefused(ObjectionRefusal.ONCE)
    if now - at >= TOLD_FOR:
        raise ObjectionRefused(ObjectionRefusal.LATE)
    if hand.since >= at:
        raise ObjectionRefused(ObjectionRefusal.NEWER)
    if newcomer:
        raise ObjectionRefused(ObjectionRefusal.NEWCOMER)
    if alone:
        raise ObjectionRefused(ObjectionRefusal.LEFT_ALONE)
    if many:
        raise ObjectionRefused(ObjectionRefusal.MANY)
