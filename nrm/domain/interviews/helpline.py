"""Calls to the help line: day and part of day, language, who calls, what about, what came of it; never a name in clear.

Source: National Action Plan, II.1(b)(vii): a nationwide toll-free line for victims and their families.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_NOTE = 500
OTHER_LANGUAGE = "other"
CORRECTED_WITHIN = timedelta(days=1)
"""So long whoever recorded a call corrects what was ticked (ADR 0277)."""


class PartOfDay(StrEnum):
    """Six hours each, from midnight."""

    NIGHT = "night"
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class Caller(StrEnum):
    """Who calls, as far as they say."""

    PERSON = "person"
    FAMILY = "family"
    FRIEND = "friend"
    PROFESSIONAL = "professional"
    OFFICIAL = "official"
    UNKNOWN = "unknown"


class Topic(StrEnum):
    """What the call is about."""

    DANGER = "danger"
    SHELTER = "shelter"
    RETURN = "return"
    MISSING = "missing"
    CHILD = "child"
    JOB_OFFER = "job_offer"
    RIGHTS = "rights"
    INFORMATION = "information"
    OTHER = "other"


class Outcome(StrEnum):
    """What came of it. The first two begin an interview."""

    URGENT = "urgent"
    REFERRAL = "referral"
    NOTICE = "notice"
    POLICE = "police"
    OTHER_SERVICE = "other_service"
    CALL_BACK = "call_back"
    ADVICE = "advice"
    ENDED = "ended"

    @property
    def begins_interview(self) -> bool:
        """Whether the operator goes on with the interview of the help line."""
        return self in (Outcome.URGENT, Outcome.REFERRAL)

    @property
    def owes(self) -> bool:
        """Whether what it says is done elsewhere, after the call (ADR 0277)."""
        return self in (Outcome.URGENT, Outcome.NOTICE)


class Followed(StrEnum):
    """Whether what an outcome says was done, where it is done elsewhere; of calls from before nobody knows."""

    OWED = "owed"
    DONE = "done"


class CameOf(StrEnum):
    """What came of calling somebody back; only who was not reached is still called (ADR 0258)."""

    SPOKE = "spoke"
    PASSED_ON = "passed_on"
    NOT_AGREED = "not_agreed"  # it was ticked by mistake
    NOT_REACHED = "not_reached"


class HelplineRefusal(StrEnum):
    """Why a call of the help line is refused."""

    LANGUAGE = "language"
    NOTE = "note"  # a call back needs one
    OVER = "over"
    LATE = "late"  # corrected by another hand, or after a day


class HelplineRefused(Exception):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: HelplineRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def part_of_day(local: datetime) -> PartOfDay:
    """The part of the day on the country's clocks."""
    return tuple(PartOfDay)[local.hour // 6]


def check_note(outcome: Outcome, note: str) -> None:
    """Raise HelplineRefused: nobody can be called back without what is needed for it."""
    if outcome is Outcome.CALL_BACK and not note:
        raise HelplineRefused(HelplineRefusal.NOTE)
    if len(note) > LONGEST_NOTE:
        raise HelplineRefused(HelplineRefusal.NOTE)
