"""Temporary Residence Permits of third-country victims, and the gates that nobody can override (ADR 0045).

Foreign victims are told of the permit *before* any step towards repatriation (Cooperation Agreement 2005); permits are
given for legal or recuperative purposes (Action Plan II.1(b)(viii)).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from nrm.domain.shelter.stays import HOME, Destination, ExitReason


class PermitStatus(StrEnum):
    """Where the permit of one person stands."""

    NOT_INFORMED = "not_informed"
    INFORMED = "informed"
    APPLIED = "applied"
    ISSUED = "issued"
    REFUSED = "refused"
    APPEALED = "appealed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class PermitEvent(StrEnum):
    """What can be recorded."""

    INFORM = "inform"
    APPLY = "apply"
    ISSUE = "issue"
    RENEW = "renew"
    REFUSE = "refuse"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


class Ground(StrEnum):
    """What a permit is given for."""

    LEGAL = "legal"
    RECUPERATIVE = "recuperative"


_S, _E = PermitStatus, PermitEvent

TRANSITIONS: Mapping[tuple[PermitStatus, PermitEvent], PermitStatus] = MappingProxyType(
    {
        (_S.NOT_INFORMED, _E.INFORM): _S.INFORMED,
        (_S.INFORMED, _E.APPLY): _S.APPLIED,
        (_S.APPLIED, _E.ISSUE): _S.ISSUED,
        (_S.APPLIED, _E.REFUSE): _S.REFUSED,
        (_S.APPLIED, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.REFUSED, _E.APPEAL): _S.APPEALED,
        (_S.REFUSED, _E.APPLY): _S.APPLIED,
        (_S.APPEALED, _E.ISSUE): _S.ISSUED,
        (_S.APPEALED, _E.REFUSE): _S.REFUSED,
        (_S.APPEALED, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.ISSUED, _E.RENEW): _S.ISSUED,
        (_S.ISSUED, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.ISSUED, _E.EXPIRE): _S.EXPIRED,
        (_S.WITHDRAWN, _E.APPLY): _S.APPLIED,
        (_S.EXPIRED, _E.APPLY): _S.APPLIED,
    }
)

UNDECIDED = frozenset({PermitStatus.APPLIED, PermitStatus.APPEALED})


class PermitRefusal(StrEnum):
    """Why an event of a permit is refused."""

    STATE = "state"
    NOT_THIRD_COUNTRY = "not_third_country"
    INFORMED_INCOMPLETE = "informed_incomplete"
    GROUND = "ground"
    DATES = "dates"
    RENEWAL_NOT_LONGER = "renewal_not_longer"
    STILL_VALID = "still_valid"
    IN_FUTURE = "in_future"
    BEFORE_LAST_STEP = "before_last_step"


class PermitRefused(ValueError):
    """The event cannot be recorded; `reason` says why."""

    def __init__(self, reason: PermitRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Informing:
    """The proof that the options were explained: when, by whom (organisation code), in which language."""

    on: date
    by: str
    language: str


@dataclass(frozen=True, slots=True)
class PermitFacts:
    """What is known of one person's permit. Validity includes both days."""

    status: PermitStatus = PermitStatus.NOT_INFORMED
    informed: Informing | None = None
    issued_from: date | None = None
    issued_until: date | None = None
    ground: Ground | None = None


def record(
    facts: PermitFacts,
    event: PermitEvent,
    *,
    citizenship_class: str,
    on: date,
    informed: Informing | None = None,
    issued_from: date | None = None,
    issued_until: date | None = None,
    ground: Ground | None = None,
) -> PermitFacts:
    """The facts after `event`; raises PermitRefused. A person who is recorded as Albanian needs no permit."""
    if citizenship_class == "albanian":
        raise PermitRefused(PermitRefusal.NOT_THIRD_COUNTRY)
    after = TRANSITIONS.get((facts.status, event))
    if after is None:
        raise PermitRefused(PermitRefusal.STATE)
    informing, start, end, purpose = facts.informed, facts.issued_from, facts.issued_until, facts.ground
    match event:
        case PermitEvent.INFORM:
            if informed is None or not informed.by or not informed.language:
                raise PermitRefused(PermitRefusal.INFORMED_INCOMPLETE)
            informing = informed
        case PermitEvent.ISSUE | PermitEvent.RENEW:
            if ground is None:
                raise PermitRefused(PermitRefusal.GROUND)
            if issued_from is None or issued_until is None or issued_until < issued_from:
                raise PermitRefused(PermitRefusal.DATES)
            if event is PermitEvent.RENEW and end is not None and issued_until <= end:
                raise PermitRefused(PermitRefusal.RENEWAL_NOT_LONGER)
            start, end, purpose = issued_from, issued_until, ground
        case PermitEvent.EXPIRE if end is not None and on <= end:
            raise PermitRefused(PermitRefusal.STILL_VALID)
    return PermitFacts(after, informing, start, end, purpose)


def check_day(on: date, *, today: date, last_step: date | None) -> None:
    """Raise PermitRefused for a step that has not happened yet, or that would have come before the one it follows."""
    if on > today:
        raise PermitRefused(PermitRefusal.IN_FUTURE)
    if last_step is not None and on < last_step:
        raise PermitRefused(PermitRefusal.BEFORE_LAST_STEP)


DISCHARGES: Mapping[PermitEvent, str] = MappingProxyType(
    {
        PermitEvent.INFORM: "inform_of_trp_options",
        PermitEvent.ISSUE: "trp_decision",
        PermitEvent.REFUSE: "trp_decision",
    }
)
"""The step of the agreement that an event fulfils."""


class GateRefusal(StrEnum):
    """Why a gate of the law is closed."""

    NOT_INFORMED = "not_informed"
    APPLICATION_OPEN = "application_open"
    REFLECTION = "reflection"
    AT_CROSSING_POINT = "at_crossing_point"
    ASSESSMENTS_MISSING = "assessments_missing"
    ASSESSED_NOT_SAFE = "assessed_not_safe"
    ASSESSED_LATER = "assessed_later"  # than the person left
    ASSESSED_TOO_OLD = "assessed_too_old"
    SECOND_LOOK_MISSING = "second_look_missing"
    NOT_DECIDED = "not_decided"  # or not again, after something said other than safe
    DECIDED_TO_STAY = "decided_to_stay"
    OTHER_HOUSEHOLD = "other_household"  # than the one that was decided
    NOT_HANDED_OVER = "not_handed_over"
    CHILD_ALONE = "child_alone"


class GateClosed(Exception):
    """A step that the law forbids now; nobody can override it. `reason` says which gate."""

    def __init__(self, reason: GateRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def check_repatriation(citizenship_class: str, facts: PermitFacts, *, on: date) -> None:
    """The TRP gate: raise GateClosed for a step towards repatriation, on that day, of anyone not recorded as Albanian.

    Unknown and stateless count as not Albanian. The person must have been told before the step. An undecided
    application or appeal blocks too.
    """
    if citizenship_class == "albanian":
        return
    if facts.informed is None or facts.informed.on > on:
        raise GateClosed(GateRefusal.NOT_INFORMED)
    if facts.status in UNDECIDED:
        raise GateClosed(GateRefusal.APPLICATION_OPEN)


def check_reflection(until: date | None, *, on: date) -> None:
    """Raise GateClosed for a step towards repatriation on a day on which the reflection period still runs.

    Nobody can override it, not even with the person's wish: a trafficker would make them say so.
    """
    if until is not None and on <= until:
        raise GateClosed(GateRefusal.REFLECTION)


def check_return_to_family(age_class: str) -> None:
    """At a crossing point no child, and nobody whose age is not sure, is returned to the family: raise GateClosed."""
    if age_class != "adult":
        raise GateClosed(GateRefusal.AT_CROSSING_POINT)


REPATRIATION_DESTINATIONS = frozenset({Destination.COUNTRY_OF_CITIZENSHIP, Destination.OTHER_COUNTRY})


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens the child gate: the decision, for which household, and what it rests on.

    `safe_until`: the last day on which the findings hold. `assessed_by`, `looked_by`: two different organisations.
    """

    decision: uuid.UUID
    household: uuid.UUID
    safe_since: date
    looked_on: date
    decided_on: date
    safe_until: date
    assessed_by: uuid.UUID | None
    looked_by: uuid.UUID


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """What the child gate looks at. `opening`: what opens it, else `shut_by`: why it is shut; `handed_over`: another
    shelter of the system took the person in charge."""

    age_class: str
    opening: Opening | None = None
    shut_by: GateRefusal = GateRefusal.ASSESSMENTS_MISSING
    handed_over: bool = False

    def kept(self, opened: str) -> dict[str, object]:
        """The columns of the stay that say what opened the gate; all None where no decision did."""
        found = self.opening
        if opened != "assessed" or found is None:
            return dict.fromkeys(
                ("safe_on", "looked_on", "decided_on", "assessed_by_id", "looked_by_id", "child_decision_id")
            )
        return {
            "safe_on": found.safe_since,
            "looked_on": found.looked_on,
            "decided_on": found.decided_on,
            "assessed_by_id": found.assessed_by,
            "looked_by_id": found.looked_by,
            "child_decision_id": found.decision,
        }


CHILD_GATE = frozenset(
    {
        GateRefusal.ASSESSMENTS_MISSING,
        GateRefusal.ASSESSED_NOT_SAFE,
        GateRefusal.ASSESSED_LATER,
        GateRefusal.ASSESSED_TOO_OLD,
        GateRefusal.SECOND_LOOK_MISSING,
        GateRefusal.NOT_DECIDED,
        GateRefusal.DECIDED_TO_STAY,
        GateRefusal.NOT_HANDED_OVER,
    }
)
"""Why the child gate is shut."""


def check_child(child: ChildFacts, destination: Destination, *, on: date) -> str:
    """The child gate for the end of a stay on that day, for a child or a person who may be one: raise GateClosed.

    Returns what it was opened by, as it is kept with the stay: `adult`, `assessed`, `handed_over`, `died`.
    """
    if child.age_class == "adult":
        return "adult"
    if destination is Destination.NONE:
        return "died"
    if destination is Destination.OTHER_SHELTER:
        if not child.handed_over:
            raise GateClosed(GateRefusal.NOT_HANDED_OVER)
        return "handed_over"
    if child.opening is None:
        raise GateClosed(child.shut_by)
    if child.opening.decided_on > on:
        raise GateClosed(GateRefusal.ASSESSED_LATER)
    if child.opening.safe_until < on:
        raise GateClosed(GateRefusal.ASSESSED_TOO_OLD)
    return "assessed"


def check_household(opened: str, child: ChildFacts, household: uuid.UUID | None) -> None:
    """Raise GateClosed where the decision opens the child gate and the child goes to another household."""
    if opened == "assessed" and (child.opening is None or household != child.opening.household):
        raise GateClosed(GateRefusal.OTHER_HOUSEHOLD)


def check_leaving(
    reason: ExitReason,
    destination: Destination,
    *,
    child: ChildFacts,
    citizenship_class: str,
    permit: PermitFacts,
    on: date,
    country: str,
    reflection_until: date | None = None,
) -> tuple[str, str]:
    """The gates for the end of a stay on that day: raise GateClosed.

    Every destination outside the home country is a repatriation step, independent of the names of reason and
    destination.

    Returns (repatriation gate, child gate) as kept with the stay: by what each was opened.
    """
    opened = check_child(child, destination, on=on)
    if destination is Destination.NONE:
        return "", opened
    if reason is not ExitReason.REPATRIATED and destination not in REPATRIATION_DESTINATIONS and country == HOME:
        return "home", opened
    check_repatriation(citizenship_class, permit, on=on)
    check_reflection(reflection_until, on=on)
    return "albanian" if citizenship_class == "albanian" else "informed", opened
