"""People who did not come back, left on their own, or died: an alarm, and facts that two members confirm. They happen
to an organisation; it does not do them.

Decided in ADR 0045.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from enum import StrEnum

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement.agreements import MISSING, Agreement
from nrm.domain.shelter.permits import GateClosed, GateRefusal
from nrm.domain.shelter.stays import ExitReason, ImpossibleStay, StayRefusal


class Feared(StrEnum):
    """Whether somebody may have taken, found or lured the person away."""

    YES = "yes"
    NO = "no"
    NOT_KNOWN = "not_known"


class Outcome(StrEnum):
    """How the alarm ended; empty while it is open."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    MISTAKE = "mistake"  # nobody had to look for the person: struck, and kept (ADR 0086)


class Kind(StrEnum):
    """What two members of a shelter confirm about a person; it ends the stay."""

    LEFT = "left"
    DIED = "died"


class Ground(StrEnum):
    """Why the police, or in its place the prosecution, may be told of a missing person (ADR 0076)."""

    AGREED = "agreed"  # at admission she said that they may be told
    DANGER = "danger"  # her life is in danger: a second member says so too
    CHILD = "child"  # a child, or who may be one


class Danger(StrEnum):
    """Why the life of a missing adult is in danger."""

    THREATENED = "threatened"
    TAKEN = "taken"
    ILL = "ill"
    SELF_HARM = "self_harm"
    SEARCH = "search"  # cold, water, mountains: only a search finds her


class Way(StrEnum):
    """How somebody was told."""

    TELEPHONE = "telephone"
    SHARE = "share"


ALARM = "alarm"
"""The compartment of what is given of a missing person; sealed under the id of the telling, and not of the case."""
GIVEN = ("name", "born", "description", "seen")
"""What can be given, by its field: each is named when it is given, and nothing else is."""


ASKED = "missing_tell"
"""The field of the care in which stands what she answered: whom they may tell if she does not come back, and whether
they may call the police."""


def may_be_told(ground: str, *, confirmed: bool) -> bool:
    """Whether the police, or the prosecution, may be told now."""
    return ground in (Ground.AGREED, Ground.CHILD) or (ground == Ground.DANGER and confirmed)


class AbsenceRefusal(StrEnum):
    """Why an absence, or its end, is refused."""

    SINCE = "since"  # in the future, or before the admission
    ALREADY = "already"  # it stands
    OVER = "over"
    TOO_EARLY = "too_early"  # to end it
    AUTHORITY = "authority"  # a child: the child authority has not said that it knows
    SAME_MEMBER = "same_member"
    NO_HAND = "no_hand"  # who came lately, or one of the two let the other one in
    CHANGED = "changed"  # the audit chain names another one who recorded it, or nobody (ADR 0217)
    PLACE_KEPT = "place_kept"  # the place of a missing person, for as many hours as the country says
    NO_PLACE = "no_place"  # it was given up already
    NO_GROUND = "no_ground"  # she did not agree, and nobody, or one member only, says that her life is in danger
    NOTHING_GIVEN = "nothing_given"  # a share names what it gives
    NO_DESK = "no_desk"  # nobody there holds a key
    NO_ANSWER = "no_answer"  # nothing that she answered about it stands, or is open (ADR 0217)
    GROUND_STANDS = "ground_stands"
    TOLD = "told"  # they were told on this ground
    BACK_SINCE = "back_since"  # she was said to be back since the page about the mistake was opened
    MISTAKE_LATE = "mistake_late"  # it was raised too long ago to have been a mistake


class AbsenceRefused(ValueError):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: AbsenceRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


LONGEST_AGO = timedelta(days=31)
"""An alarm about a longer absence than this is refused as a typing error."""


def check_since(since: datetime, *, now: datetime, on: date, admitted_on: date | None) -> None:
    """Raise AbsenceRefused for an impossible hour; `on` is its day on the country's clocks."""
    if not now - LONGEST_AGO <= since <= now or (admitted_on is not None and on < admitted_on):
        raise AbsenceRefused(AbsenceRefusal.SINCE)


def may_end_on(reported_on: date, days: int) -> date:
    """The first day on which an alarm can be ended without the person: counted from the day on which it was raised,
    so that the duty desk has all of them to look, whatever day somebody typed as the last on which she was seen."""
    return reported_on + timedelta(days=days)


def check_end(*, reported_on: date, today: date, days: int, age_class: str, authority_knows: bool) -> None:
    """Raise AbsenceRefused before the country's days are over, or before the child authority knows of a child."""
    if today < may_end_on(reported_on, days):
        raise AbsenceRefused(AbsenceRefusal.TOO_EARLY)
    if age_class != "adult" and not authority_knows:
        raise AbsenceRefused(AbsenceRefusal.AUTHORITY)


MISTAKE_WITHIN = timedelta(days=7)
"""How long after it was raised an alarm can be struck as a mistake: its nights count again, and are paid."""


def check_mistake(outcome: str, *, reported_on: date, today: date, lives_here: bool) -> None:
    """Raise AbsenceRefused for an alarm that cannot be struck as one about the wrong person.

    It stands, or it ended because she was said to be back, and she lives there still (`lives_here`): the end of a stay
    is corrected by itself, behind its own gates.
    """
    if outcome not in ("", Outcome.FOUND) or (outcome == Outcome.FOUND and not lives_here):
        raise AbsenceRefused(AbsenceRefusal.OVER)
    if today - reported_on > MISTAKE_WITHIN:
        raise AbsenceRefused(AbsenceRefusal.MISTAKE_LATE)


def child_authority(agreement: Agreement) -> str:
    """The party that is told of a missing child: of child protection, by the clause about missing people, else by the
    first that names one; empty: none."""
    for clause in sorted(agreement.clauses, key=lambda clause: clause.on != MISSING):
        for duty in clause.duties:
            party = agreement.parties.get(duty.party)
            if party is not None and party.kind is OrganisationKind.CHILD_PROTECTION:
                return duty.party
    return ""


def check_left_alone(age_class: str, left_on: date, *, admitted_on: date, today: date) -> None:
    """Raise GateClosed (`child_alone`) for a child, or a person who may be one: they count as missing. Raise
    ImpossibleStay for an impossible day."""
    if age_class != "adult":
        raise GateClosed(GateRefusal.CHILD_ALONE)
    if left_on < admitted_on:
        raise ImpossibleStay(StayRefusal.EXIT_BEFORE_ADMISSION)
    if left_on > today:
        raise ImpossibleStay(StayRefusal.EXIT_IN_FUTURE)


def check_died(died_on: date, *, admitted_on: date, today: date) -> None:
    """Raise ImpossibleStay for a day before the admission or in the future."""
    if died_on < admitted_on:
        raise ImpossibleStay(StayRefusal.EXIT_BEFORE_ADMISSION)
    if died_on > today:
        raise ImpossibleStay(StayRefusal.EXIT_IN_FUTURE)


def check_second(first: uuid.UUID, second: uuid.UUID | None) -> None:
    """Raise AbsenceRefused unless somebody else confirms what the first recorded."""
    if second is None or first == second:
        raise AbsenceRefused(AbsenceRefusal.SAME_MEMBER)


BY_ANOTHER_PAGE = {
    ExitReason.MISSING: StayRefusal.MISSING,
    ExitReason.LEFT_ALONE: StayRefusal.LEFT_ALONE,
    ExitReason.DIED: StayRefusal.DIED,
    ExitReason.ENTERED_BY_MISTAKE: StayRefusal.TAKEN_BACK,
}
"""Reasons that no form of an organisation's own acts offers -> the code that says where they are recorded."""
