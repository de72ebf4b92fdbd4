"""Closing a case and opening it again: what is asked, what stops it, and how long it can be taken back (ADR 0074).

What blocks is a fact and is asked of the rows; what is only reminded is shown and stops nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Way(StrEnum):
    """How a case was closed."""

    CHECKLIST = "checklist"
    LETTER = "letter"  # with a letter to somebody outside of the agreement
    ERASED = "erased"  # the person asked that nothing is kept
    WITHDRAWN = "withdrawn"  # the person took every yes back
    BEFORE = "before"  # before closings were written down: nobody knows the day, or who it was


BY_HER_WISH = frozenset({Way.ERASED, Way.WITHDRAWN})
"""The person wished that nothing is kept: nobody opens such a case again."""


class FollowUp(StrEnum):
    """Whether somebody stays in touch."""

    AGREED = "agreed"
    NOT_WANTED = "not_wanted"
    NOT_SAFE = "not_safe"
    NOT_ASKED = "not_asked"


class Documents(StrEnum):
    """What became of the person's own documents."""

    RETURNED = "returned"
    NONE_HELD = "none_held"
    STILL_HERE = "still_here"


class Debts(StrEnum):
    """Whether the house and the person owe each other something."""

    NONE = "none"
    OPEN = "open"


class Owed(StrEnum):
    """What can be settled after the closing."""

    DOCUMENTS = "documents"
    DEBTS = "debts"


SETTLED: dict[Owed, tuple[str, str]] = {
    Owed.DOCUMENTS: (Documents.STILL_HERE, Documents.RETURNED),
    Owed.DEBTS: (Debts.OPEN, Debts.NONE),
}
"""How each stands while it is open, and once it is settled."""


class ReopenReason(StrEnum):
    """Why a closed case is opened again."""

    BY_MISTAKE = "by_mistake"
    CAME_BACK = "came_back"
    NEEDS_SUPPORT = "needs_support"
    COURT = "court"
    CORRECTION = "correction"


class Reminder(StrEnum):
    """What is still open in a case that is about to be closed. None of it stops the closing."""

    OWED = "owed"
    PERMIT_UNDECIDED = "permit_undecided"
    PERMIT_RUNS = "permit_runs"
    IDENTIFICATION = "identification"
    CLAIM = "claim"
    REQUEST = "request"
    CONSENT = "consent"
    KEY_HOLDERS = "key_holders"


class ReopenRefusal(StrEnum):
    """Why a case cannot be opened again."""

    NOT_CLOSED = "not_closed"
    BY_HER_WISH = "by_her_wish"
    TIME_OVER = "time_over"


class ReopenRefused(Exception):
    """The case cannot be opened again; `reason` says why."""

    def __init__(self, reason: ReopenRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answers:
    """What the holder answers when a case is closed; closed codes that say nothing of where the person is."""

    follow_up: FollowUp
    documents: Documents
    debts: Debts


NOTHING_AGREED = Answers(FollowUp.NOT_ASKED, Documents.NONE_HELD, Debts.NONE)
"""The answers of a case in which nothing had to be settled."""


def check_reopening(
    status: str, *, by_her_wish: bool, kept: Collection[str], erased: Collection[str], until: date, today: date
) -> None:
    """Raise ReopenRefused unless the holder may open the case again.

    `kept` and `erased`: the compartments that are there and those whose keys were destroyed. One that is kept is
    enough. `until`: the first day on which nothing would be kept any more by time alone, for a case that never had any.
    """
    if status != "closed":
        raise ReopenRefused(ReopenRefusal.NOT_CLOSED)
    if by_her_wish:
        raise ReopenRefused(ReopenRefusal.BY_HER_WISH)
    if not kept and (erased or until <= today):
        raise ReopenRefused(ReopenRefusal.TIME_OVER)
