"""What was entered about a stay and was wrong: struck by a new entry with its reason, and never overwritten.

A correction counts in the quarter in which it becomes known. Until then a report says what was known at its end; the
nights that were paid are corrected by the next payment (ADR 0066).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from nrm.domain.shelter.stays import Period


class Kind(StrEnum):
    """What of a stay is corrected."""

    ADMISSION = "admission"  # the day of it
    EXIT = "exit"  # the stay goes on, or ended otherwise
    ARRIVAL = "arrival"  # the person was never there
    PLACE = "place"  # where the person slept, from a day on
    AWAY = "away"  # the person was not away


class Why(StrEnum):
    """Why an entry was wrong. Coded: an own text would say in clear what belongs into the sealed notes."""

    MISTYPED = "mistyped"
    MISTOLD = "mistold"
    OTHER_PERSON = "other_person"
    KNOWN_LATER = "known_later"
    CAME_BACK = "came_back"  # within hours: she had not left


PLACE_FROM = "place from "
"""How a correction names a place that it struck: with the day from which it was entered."""

FORMER_RULE = "former_rule"
"""Why an end of two members was struck while one member could still do that."""


class CorrectionRefusal(StrEnum):
    """Why an entry cannot be corrected like this."""

    SAME = "same"  # nothing changes
    NOT_HELD = "not_held"  # the case is closed, or another shelter's
    STILL_OPEN = "still_open"  # a stay that has not ended has no end to correct
    AS_MISSING = "as_missing"  # who comes back from being missing is admitted anew
    LATER_STAY = "later_stay"  # the person was in a shelter since
    MISSING_STANDS = "missing_stands"
    AWAY_STANDS = "away_stands"  # away, and not back on the day (ADR 0217)
    NO_ARRIVAL = "no_arrival"  # the person came without a referral, or has left since
    OF_A_MOVE = "of_a_move"  # from another shelter, where stay and keys ended with the arrival
    SENT_ON = "sent_on"  # another shelter was asked since
    TOO_LATE = "too_late"
    OPENED_LATE = "opened_late"  # a case that was opened more than a month ago was no mistake
    BEFORE_ABSENCE = "before_absence"  # the admission would come after a day on which the person was away or missing
    TWO_MEMBERS = "two_members"  # who left alone or died: two members said so, and it can only be struck
    BEFORE_MOVE = "before_move"  # the admission would come after a move to another place
    TWO_STRIKE = "two_strike"  # who struck what two members said has to be two members as well
    NO_DOUBT = "no_doubt"  # nobody says that the end is wrong, or it was not recorded by two members
    SAME_MEMBER = "same_member"  # who said that it is wrong cannot confirm it
    NOT_THERE = "not_there"  # the day is not one of the stay
    ANOTHER = "another"  # who entered the stay, or is one hand with who did, says it alone for a day only
    REFERRED = "referred"  # the person came by a referral: its arrival is taken back


class CorrectionRefused(ValueError):
    """Nothing is changed; `reason` says why."""

    def __init__(self, reason: CorrectionRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


ALONE_WITHIN = timedelta(days=1)
"""How long after it was entered whoever entered a stay says alone that its case was opened by mistake (ADR 0182)."""
TAKE_BACK_WITHIN = timedelta(days=7)
"""How long after it was entered an arrival can be taken back; after that the person has lived there, and has left."""


OPENED_WITHIN = timedelta(days=31)


def was_opened_lately(known_on: date, *, today: date) -> bool:
    """Whether a case was opened so lately that it may have been a mistake: nobody lives somewhere for months by one."""
    return today - known_on <= OPENED_WITHIN


def check_opened_by_mistake(known_on: date, *, today: date) -> None:
    """Raise CorrectionRefused (`opened_late`) unless it was opened lately."""
    if not was_opened_lately(known_on, today=today):
        raise CorrectionRefused(CorrectionRefusal.OPENED_LATE)


def check_take_back(known_on: date, *, today: date) -> None:
    """Raise CorrectionRefused (`too_late`) for an arrival that was entered too long ago to have been a mistake."""
    if today - known_on > TAKE_BACK_WITHIN:
        raise CorrectionRefused(CorrectionRefusal.TOO_LATE)


@dataclass(frozen=True, slots=True)
class Struck:
    """What a correction struck: the stay as it stood before, and the day on which that became known."""

    known_on: date
    was: Period


def as_known(stay: Period | None, struck: Sequence[Struck], day: date) -> Period | None:
    """The stay as it was known at the end of that day. `struck`: its corrections, in their order.

    `stay`: as it is known now; None if the person was never there.
    """
    return next((each.was for each in struck if each.known_on > day), stay)


# A child's case that was opened by mistake: two organisations say so, and days later it can be closed (ADR 0229).
MISTAKE_WAITS = timedelta(days=30)
"""So long the word of the house waits, and so long after child protection agreed the case can be closed by it."""
MISTAKE_CLOSES_AFTER = timedelta(days=3)
"""So long after child protection agreed nothing is closed: who knows better takes it back."""


class MistakeWhy(StrEnum):
    """Why a case was opened by mistake. But for `NOBODY` there is another case, of who is really there."""

    TWICE = "twice"
    WRONG_PERSON = "wrong_person"
    NOBODY = "nobody"


class MistakeWord(StrEnum):
    """What was said last of a case that may have been opened by mistake."""

    SAID = "said"
    AGREED = "agreed"
    NO = "no"
    BACK = "back"


class AgainstMistake(StrEnum):
    """Something that a child would lose if the case were taken for a mistake."""

    HANDED_OVER = "handed_over"  # it came from an interview or another organisation: the house did not open it
    STAY = "stay"
    ALARM = "alarm"
    HEARING = "hearing"
    PLAN = "plan"
    FOUND = "found"
    OTHER = "other"
    REOPENED = "reopened"
    NAMED = "named"  # another case was said to be a mistake, and this one to be the right one


class MistakeRefusal(StrEnum):
    """Why nothing is said of a mistake."""

    STANDS = "stands"
    CODE = "code"
    WAITS = "waits"  # it was said already, or child protection said no lately
    NO_WORD = "no_word"
    NO_NAME = "no_name"  # nobody can read who it is about
    OPEN_FIRST = "open_first"


class MistakeRefused(Exception):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: MistakeRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def mistake_closes(agreed_at: datetime, now: datetime) -> bool:
    """Whether a case of which child protection agreed then can be closed now."""
    return MISTAKE_CLOSES_AFTER <= now - agreed_at <= MISTAKE_WAITS
