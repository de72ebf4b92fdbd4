"""Children whose return another country asks for: what is asked, who answers by when, and the steps of the return.

Source: National Action Plan, II.2(a)(iii), (v), (vi); the agreement with Greece on unaccompanied children; Cooperation
Agreement: risk, security and family are assessed by trained staff before a child returns to the family, otherwise the
extended family or foster care.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum

from nrm.domain.accounts.accounts import OrganisationKind

FURTHEST = timedelta(days=366)
LONGEST_TEXT = 2000


class Asked(StrEnum):
    """What the other country asks for."""

    TRACING = "tracing"
    ASSESSMENT = "assessment"
    BOTH = "both"


class Direction(StrEnum):
    """Where the child returns to."""

    HERE = "here"
    THERE = "there"


class Sex(StrEnum):
    """As the table on returned children counts it."""

    FEMININE = "feminine"
    MASCULINE = "masculine"


class Outcome(StrEnum):
    """What became of a returned child."""

    FAMILY = "family"
    FAMILY_NO_SCHOOL = "family_no_school"
    CARE = "care"
    LEFT_AGAIN = "left_again"
    UNKNOWN = "unknown"


MONTHS = (3, 6, 12)
"""After how many months it is asked what became of a returned child."""
KEPT_MONTHS = 15
"""After so many months who the child was is destroyed, even if nobody said what became of it."""


class State(StrEnum):
    """How far the return has come; the last three end it."""

    REQUESTED = "requested"
    ASSESSED = "assessed"
    GUARDIAN_READY = "guardian_ready"
    TRAVELLING = "travelling"
    RECEIVED = "received"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def is_over(self) -> bool:
        """Whether no step follows."""
        return self in (State.RECEIVED, State.REFUSED, State.WITHDRAWN)


class Finding(StrEnum):
    """The coded answer to the other country."""

    RETURN_SAFE = "return_safe"
    RETURN_NOT_SAFE = "return_not_safe"
    FAMILY_NOT_FOUND = "family_not_found"
    NOT_FROM_HERE = "not_from_here"


class Assessment(StrEnum):
    """What trained staff look into before a child returns."""

    RISK = "risk"
    SECURITY = "security"
    FAMILY = "family"


class Guardian(StrEnum):
    """Who is ready to take the child in."""

    PARENT = "parent"
    RELATIVE = "relative"
    FOSTER_FAMILY = "foster_family"
    INSTITUTION = "institution"


class Escort(StrEnum):
    """Who travels with the child. A companion never does."""

    SOCIAL_WORKER = "social_worker"
    INTERNATIONAL_ORGANISATION = "international_organisation"
    FOREIGN_AUTHORITY = "foreign_authority"
    CONSULAR_OFFICER = "consular_officer"
    GUARDIAN = "guardian"


FAMILY = frozenset({Guardian.PARENT, Guardian.RELATIVE})
_CHILD_PROTECTION, _AUTHORITY = OrganisationKind.CHILD_PROTECTION, OrganisationKind.RESPONSIBLE_AUTHORITY
STEPS: Mapping[tuple[State, State], OrganisationKind] = {
    (State.REQUESTED, State.ASSESSED): _CHILD_PROTECTION,
    (State.ASSESSED, State.GUARDIAN_READY): _CHILD_PROTECTION,
    (State.GUARDIAN_READY, State.TRAVELLING): _AUTHORITY,
    (State.TRAVELLING, State.RECEIVED): _CHILD_PROTECTION,
    (State.ASSESSED, State.REFUSED): _CHILD_PROTECTION,
    (State.GUARDIAN_READY, State.REFUSED): _CHILD_PROTECTION,
    (State.REQUESTED, State.WITHDRAWN): _AUTHORITY,
    (State.ASSESSED, State.WITHDRAWN): _AUTHORITY,
    (State.GUARDIAN_READY, State.WITHDRAWN): _AUTHORITY,
    (State.TRAVELLING, State.WITHDRAWN): _AUTHORITY,
}
"""(before, after) -> who takes the step; every other pair is refused."""


class ReturnRefusal(StrEnum):
    """Why a step of the return of a child is refused."""

    COUNTRY = "country"
    RECEIVED = "received"
    DUE = "due"
    NAME = "name"
    STEP = "step"
    DAY = "day"
    FINDING = "finding"
    ASSESSMENTS = "assessments"
    TEXT = "text"
    GUARDIAN = "guardian"
    GATE = "gate"  # the family only while risk, security and family are found safe
    ESCORT = "escort"
    SEX = "sex"
    OUTCOME = "outcome"
    NOT_YET = "not_yet"  # the months are not over


class ReturnRefused(Exception):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: ReturnRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def check_request(received_on: date, due_on: date, today: date) -> None:
    """Raise ReturnRefused for a request of the future, or an answer due before it or later than a year after."""
    if received_on > today or received_on < today - FURTHEST:
        raise ReturnRefused(ReturnRefusal.RECEIVED)
    if not received_on <= due_on <= received_on + FURTHEST:
        raise ReturnRefused(ReturnRefusal.DUE)


def following(state: State, kind: OrganisationKind | None) -> tuple[State, ...]:
    """The steps that an organisation of the kind may take now."""
    return tuple(after for (before, after), taker in STEPS.items() if before is state and taker is kind)


def check_step(
    state: State,
    after: State,
    *,
    kind: OrganisationKind | None,
    on: date,
    last_on: date,
    today: date,
) -> None:
    """Raise ReturnRefused unless this step may follow now, by this organisation, on that day."""
    if after not in following(state, kind):
        raise ReturnRefused(ReturnRefusal.STEP)
    if not last_on <= on <= today:
        raise ReturnRefused(ReturnRefusal.DAY)


def check_answer(finding: Finding | None, *, found_safe: bool) -> None:
    """Raise ReturnRefused for an answer that says safe while risk, security and family are not all found safe."""
    if finding is None:
        raise ReturnRefused(ReturnRefusal.FINDING)
    if finding is Finding.RETURN_SAFE and not found_safe:
        raise ReturnRefused(ReturnRefusal.ASSESSMENTS)


def check_guardian(guardian: Guardian | None, finding: str, *, found_safe: bool) -> None:
    """The gate: a child goes to its family only if the answer was "safe" and all three findings are still safe."""
    if guardian is None or finding == Finding.NOT_FROM_HERE:
        raise ReturnRefused(ReturnRefusal.GUARDIAN)
    if guardian in FAMILY and (finding != Finding.RETURN_SAFE or not found_safe):
        raise ReturnRefused(ReturnRefusal.GATE)


def check_travel(guardian: str, *, found_safe: bool) -> None:
    """The gate again: if a later finding is not safe, the child cannot travel to the family."""
    if guardian in FAMILY and not found_safe:
        raise ReturnRefused(ReturnRefusal.GATE)


def month_after(month: date, months: int) -> date:
    """The first day of the month so many months later."""
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def due(returned_month: date | None, known: Collection[int], today: date) -> tuple[tuple[int, date], ...]:
    """(months, first day of the month in which it is due) of each outcome that is owed now; `known`: those entered."""
    if returned_month is None:
        return ()
    owed = ((months, month_after(returned_month, months)) for months in MONTHS if months not in known)
    return tuple((months, month) for months, month in owed if month <= today)


def check_outcome(returned_month: date | None, months: int, outcome: Outcome | None, *, today: date) -> None:
    """Raise ReturnRefused for an outcome of nobody who returned, of a time that is not over, or of no code."""
    if returned_month is None or months not in MONTHS:
        raise ReturnRefused(ReturnRefusal.STEP)
    if month_after(returned_month, months) > today:
        raise ReturnRefused(ReturnRefusal.NOT_YET)
    if outcome is None:
        raise ReturnRefused(ReturnRefusal.OUTCOME)


def integration(guardian: str, entries: Iterable[tuple[int, str]]) -> str:
    """What the table prints of a child: the entry of the latest time, the last one of that; before any, what is known
    of who took the child in. `entries`: (months, outcome) in the order of recording."""
    last = sorted(entries, key=lambda each: each[0])
    if last:
        return [outcome for months, outcome in last if months == last[-1][0]][-1]
    return str(Outcome.CARE if guardian in (Guardian.FOSTER_FAMILY, Guardian.INSTITUTION) else Outcome.UNKNOWN)


def is_late(state: State, due_on: date | None, today: date) -> bool:
    """Whether the answer is still open and its day is over."""
    return state is State.REQUESTED and due_on is not None and today > due_on
