"""Telling somebody by telephone: which number was called, who answered, when. No answer: the next of the directory."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_AGO = timedelta(hours=12)
LONGEST_NAME = 60
ROUNDED_BY = timedelta(minutes=1)
"""Whoever writes a call down says how many minutes ago it was: it may be that much earlier than it can have been."""


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call as whoever made it writes it down: which number, who answered (`name`, empty where nobody did), when.
    `id`: of the press; the same again records nothing twice (ADR 0227)."""

    number: str
    name: str
    answered: bool
    at: datetime
    id: uuid.UUID | None = None


class CallRefusal(StrEnum):
    """Why a call is refused."""

    NUMBER = "number"  # not in the directory
    NAME = "name"  # nobody named
    TIME = "time"
    EARLY = "early"  # there was nothing to tell yet
    DENIED = "denied"  # a call was written down before, and who was called says that nobody told them


class CallRefused(ValueError):
    """The call cannot be recorded; `reason` says why."""

    def __init__(self, reason: CallRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def check_call(
    number: str,
    name: str,
    *,
    answered: bool,
    numbers: Collection[str],
    at: datetime,
    now: datetime,
    since: datetime | None,
) -> None:
    """Raise CallRefused for a number outside the directory, an answer without a name, or an impossible hour.

    `since`: from when on there was something to tell; None where that is longer ago than any call.
    """
    if number not in numbers:
        raise CallRefused(CallRefusal.NUMBER)
    if answered and not (name and len(name) <= LONGEST_NAME):
        raise CallRefused(CallRefusal.NAME)
    if not now - LONGEST_AGO <= at <= now:
        raise CallRefused(CallRefusal.TIME)
    if not may_be_at(at, since):
        raise CallRefused(CallRefusal.EARLY)


def may_be_at(at: datetime, since: datetime | None) -> bool:
    """Whether a call at `at` can have told somebody what there is to tell since then."""
    return since is None or at >= since - ROUNDED_BY


def next_number(numbers: Collection[str], unanswered: Collection[str]) -> str | None:
    """The first number of the directory that was not called without an answer; if all were, the first again."""
    return next((each for each in numbers if each not in unanswered), next(iter(numbers), None))
