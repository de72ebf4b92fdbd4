"""Hearings of a witness: announced with court, day and the protection that was asked for; ordered; called off.

What is said of a hearing is sealed, because a court and a day lead to a name: lists of hearings hang in every court.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

AHEAD_DAYS = 30
"""The hearings of so many days stand first on the desk of the witness liaison."""
LATEST_DAYS = 730
KEPT = "kept_hearing"
"""The compartment, under its own id, of a hearing that the prosecution keeps when it stops reading the case."""
SATURDAY = 5


class HearingEntryKind(StrEnum):
    """What an entry says."""

    ANNOUNCED = "announced"
    ORDERED = "ordered"  # what the court ordered to protect the witness
    CALLED_OFF = "called_off"


class Measure(StrEnum):
    """What protects a witness at a hearing."""

    SCREEN = "screen"  # out of sight of the accused
    VIDEO_LINK = "video_link"
    CLOSED_SESSION = "closed_session"
    EARLIER_RECORDING = "earlier_recording"
    SUPPORT_PERSON = "support_person"
    HIDDEN_IDENTITY = "hidden_identity"
    ESCORT = "escort"
    OTHER = "other"


class CalledOff(StrEnum):
    """Why there is no hearing on that day."""

    POSTPONED = "postponed"
    NOT_NEEDED = "not_needed"
    NOT_FIT = "not_fit"  # the witness cannot be heard
    OTHER = "other"


class HearingRefusal(StrEnum):
    """Why an entry is refused."""

    COURT = "court"  # none of the country's
    PAST = "past"
    TOO_LATE = "too_late"
    TWICE = "twice"  # of this person there is one on that day, at that court
    STATE = "state"  # called off, struck, or ordered already
    NOT_YOURS = "not_yours"  # entered by the prosecution, which alone corrects it


class HearingRefused(Exception):
    """The entry cannot be made; `reason` says why."""

    def __init__(self, reason: HearingRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Hearing:
    """A hearing as it was announced. `asked`: the protection that was asked for; empty: none."""

    court: str
    on: date
    asked: tuple[Measure, ...]

    @property
    def value(self) -> dict[str, Any]:
        """What is sealed."""
        return {"court": self.court, "on": self.on.isoformat(), "asked": [str(each) for each in self.asked]}


def hearing_of(value: Mapping[str, Any]) -> Hearing:
    """A hearing from what was sealed."""
    return Hearing(value["court"], date.fromisoformat(value["on"]), measures_of(value["asked"]))


def measures_of(codes: Iterable[str]) -> tuple[Measure, ...]:
    """Each measure once, in the order of the list."""
    chosen = set(codes)
    return tuple(each for each in Measure if each in chosen)


def check_announced(hearing: Hearing, *, courts: Iterable[str], today: date) -> None:
    """Raise HearingRefused for a court that the country does not have, or a day that is over or years away."""
    if hearing.court not in set(courts):
        raise HearingRefused(HearingRefusal.COURT)
    if hearing.on < today:
        raise HearingRefused(HearingRefusal.PAST)
    if hearing.on > today + timedelta(days=LATEST_DAYS):
        raise HearingRefused(HearingRefusal.TOO_LATE)


def is_weekend(on: date) -> bool:
    """Whether it is a Saturday or a Sunday: courts rarely sit, and a day is easily mistyped."""
    return on.weekday() >= SATURDAY


def is_ahead(on: date, today: date) -> bool:
    """Whether a hearing is one of the next thirty days."""
    return today <= on <= today + timedelta(days=AHEAD_DAYS)
