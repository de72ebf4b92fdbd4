"""What a person may ask for at any time: a copy of what is kept, that it is erased, or to take back a consent."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from nrm.domain.accounts.failed_attempts import Limit

ANSWER_WITHIN = timedelta(days=30)
"""Counted from the day the person asked."""
OF_ONE_MEMBER = Limit(10, timedelta(minutes=6))
"""So many requests, of all kinds, one member records in an hour: some of them end something at once (ADR 0272)."""


class RequestKind(StrEnum):
    """What the person asks for."""

    COPY = "copy"
    ERASURE = "erasure"
    WITHDRAWAL = "withdrawal"  # of a consent, as a whole or in part
    NO_FOLLOW_UP = "no_follow_up"  # nobody stays in touch any more
    KEEP = "keep"  # what was to be destroyed is kept: the person changed her mind


AT_ONCE = frozenset({RequestKind.KEEP, RequestKind.NO_FOLLOW_UP})
"""What is done when it is recorded, whether there was anything or not, and who recorded it reads no answer. That nobody
stays in touch any more waits with the house while the person is not safe (ADR 0197)."""


class RequestStatus(StrEnum):
    """What became of it."""

    OPEN = "open"
    GIVEN = "given"
    ERASED = "erased"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    MISTAKEN = "mistaken"  # it was recorded for the wrong person: nobody was refused anything (ADR 0277)
    PASSED_ON = "passed_on"  # at once, whether there was anything to keep or not


class Refusal(StrEnum):
    """Why a request is refused."""

    NO_CASE = "no_case"
    NOT_THE_PERSON = "not_the_person"
    COURT_FILE = "court_file"
    DANGER = "danger"
    NOTHING_KEPT = "nothing_kept"
    TAKEN_BACK = "taken_back"


REFUSALS_OF = {
    RequestKind.COPY: (Refusal.NOT_THE_PERSON, Refusal.DANGER, Refusal.NOTHING_KEPT, Refusal.TAKEN_BACK),
    RequestKind.ERASURE: (Refusal.NOT_THE_PERSON, Refusal.COURT_FILE, Refusal.NOTHING_KEPT, Refusal.TAKEN_BACK),
    RequestKind.WITHDRAWAL: (Refusal.NOT_THE_PERSON, Refusal.NOTHING_KEPT, Refusal.TAKEN_BACK),
    RequestKind.NO_FOLLOW_UP: (Refusal.NOT_THE_PERSON, Refusal.TAKEN_BACK),
}
"""The reasons if there is a case with the code; if there is none, the Responsible Authority says so."""


class RequestRefusal(StrEnum):
    """Why the answer to a request is refused."""

    ANSWERED = "answered"  # not open any more
    REASON = "reason"  # not one of this kind
    KIND = "kind"  # another kind of request
    MANAGER = "manager"  # the person is not safe after the shelter: the manager answers


class RequestRefused(Exception):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: RequestRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def due_on(asked_on: date) -> date:
    """The last day for the answer."""
    return asked_on + ANSWER_WITHIN


def refusals(kind: RequestKind, *, known: bool) -> tuple[Refusal, ...]:
    """The reasons there are; `known`: there is a case with the code."""
    return REFUSALS_OF[kind] if known else (Refusal.NO_CASE, Refusal.TAKEN_BACK)
