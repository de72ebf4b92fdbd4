"""Temporary Residence Permits of third-country victims, and the gates that nobody can override (ADR 0045).

Foreign victims are told of the permit *before* any step towards repatriation (Cooperation Agreement 2005); permits are
given for legal or recuperative purposes (Action Plan II.1(b)(viii)). How a permit stands is derived from its entries:
`permit_entries` (ADR 0071).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from nrm.domain.shelter.cases import HOME_CITIZEN
from nrm.domain.shelter.stays import HOME, UNKNOWN_COUNTRY, Destination, ExitReason


class PermitStatus(StrEnum):
    """Where the permit of one person stands."""

    NOT_INFORMED = "not_informed"
    INFORMED = "informed"
    APPLIED = "applied"
    ISSUED = "issued"
    RENEWAL_APPLIED = "renewal_applied"  # a permit was issued; whether it is renewed is not decided yet
    REFUSED = "refused"
    APPEALED = "appealed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class PermitEvent(StrEnum):
    """What can be recorded. Nobody records that a permit expired: its last day says so."""

    INFORM = "inform"
    COUNSEL = "counsel"
    APPLY = "apply"  # for a permit, or for a longer one while one is valid
    ISSUE = "issue"
    RENEW = "renew"
    REFUSE = "refuse"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"


DECISIONS = frozenset({PermitEvent.ISSUE, PermitEvent.RENEW, PermitEvent.REFUSE})
"""What the permit unit decides. The holder of the case enters it from the unit's paper only."""
ASKED_OR_DECIDED = frozenset(PermitEvent) - {PermitEvent.INFORM, PermitEvent.COUNSEL}
GIVEN = frozenset({PermitEvent.ISSUE, PermitEvent.RENEW})
OPENS = frozenset({PermitEvent.APPLY, PermitEvent.APPEAL})
"""What closes the way home until it is decided."""


class Ground(StrEnum):
    """What a permit is given for."""

    LEGAL = "legal"
    RECUPERATIVE = "recuperative"


APPEAL_DAYS = 30
"""Where the country says nothing else."""

_S, _E = PermitStatus, PermitEvent

TRANSITIONS: Mapping[tuple[PermitStatus, PermitEvent], PermitStatus] = MappingProxyType(
    {
        (_S.NOT_INFORMED, _E.INFORM): _S.INFORMED,
        **{(status, _E.COUNSEL): status for status in _S if status is not _S.NOT_INFORMED},
        (_S.INFORMED, _E.APPLY): _S.APPLIED,
        (_S.APPLIED, _E.ISSUE): _S.ISSUED,
        (_S.APPLIED, _E.REFUSE): _S.REFUSED,
        (_S.APPLIED, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.REFUSED, _E.APPEAL): _S.APPEALED,
        (_S.REFUSED, _E.APPLY): _S.APPLIED,
        (_S.APPEALED, _E.ISSUE): _S.ISSUED,
        (_S.APPEALED, _E.REFUSE): _S.REFUSED,
        (_S.APPEALED, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.ISSUED, _E.APPLY): _S.RENEWAL_APPLIED,
        (_S.ISSUED, _E.RENEW): _S.ISSUED,
        (_S.ISSUED, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.RENEWAL_APPLIED, _E.RENEW): _S.ISSUED,
        (_S.RENEWAL_APPLIED, _E.REFUSE): _S.REFUSED,
        (_S.RENEWAL_APPLIED, _E.WITHDRAW): _S.ISSUED,
        (_S.WITHDRAWN, _E.APPLY): _S.APPLIED,
        (_S.EXPIRED, _E.APPLY): _S.APPLIED,
    }
)

UNDECIDED = frozenset({PermitStatus.APPLIED, PermitStatus.RENEWAL_APPLIED, PermitStatus.APPEALED})


class PermitRefusal(StrEnum):
    """Why an entry of a permit is refused."""

    STATE = "state"
    NOT_THIRD_COUNTRY = "not_third_country"
    INFORMED_INCOMPLETE = "informed_incomplete"
    GROUND = "ground"
    DATES = "dates"
    RENEWAL_NOT_LONGER = "renewal_not_longer"
    BEFORE_APPLICATION = "before_application"  # a first day, of a renewal one before that of the permit
    IN_FUTURE = "in_future"
    BEFORE_LAST_STEP = "before_last_step"
    UNIT_DECIDES = "unit_decides"  # a decision without the unit's paper
    NUMBER = "number"  # a paper without one
    UNIT_CANNOT_OBJECT = "unit_cannot_object"  # the legal file is not shared with it
    WAITS = "waits"  # an entry waits for a second member or for the unit
    SAME_MEMBER = "same_member"
    NOTHING_WAITS = "nothing_waits"
    OTHERS_ENTRY = "others_entry"
    LATER_STEPS = "later_steps"  # what follows would stand on nothing
    SEALED_NOW = "sealed_now"  # nothing is sealed while a shelter is asked


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
class Shut:
    """Days on which the way home is shut, both included; without `last` it still is."""

    first: date
    last: date | None
    why: GateRefusal

    def holds(self, on: date) -> bool:
        """Whether it is shut on that day."""
        return self.first <= on and (self.last is None or on <= self.last)


@dataclass(frozen=True, slots=True)
class PermitFacts:
    """What is known of one person's permit. Validity includes both days.

    `appeal_until`: the last day for an appeal against the last refusal; `shut`: see `Shut`; `earlier`: first and last
    days of the permit that was renewed, and of its renewals before the last one, which `issued_from` begins.
    """

    status: PermitStatus = PermitStatus.NOT_INFORMED
    informed: Informing | None = None
    issued_from: date | None = None
    issued_until: date | None = None
    ground: Ground | None = None
    applied_on: date | None = None
    decided_on: date | None = None
    counselled_on: date | None = None
    appeal_until: date | None = None
    shut: tuple[Shut, ...] = ()
    earlier: tuple[tuple[date, date], ...] = ()

    @property
    def periods(self) -> tuple[tuple[date, date], ...]:
        """All periods of the permit, by first day."""
        if self.issued_from is None or self.issued_until is None:
            return ()
        return tuple(sorted((*self.earlier, (self.issued_from, self.issued_until))))

    def present(self, today: date) -> tuple[date, date] | None:
        """The last period that has begun, where another one is yet to begin; else None."""
        begun = [each for each in self.periods if each[0] <= today]
        return begun[-1] if begun and len(begun) < len(self.periods) else None

    def ends_on(self, today: date) -> date | None:
        """The last day without a gap before it; of a gap that is over, none is made."""
        end: date | None = None
        for first, last in self.periods:
            if end is not None and has_gap(end, first) and first > today:
                return end
            end = last if end is None else max(end, last)
        return end or self.issued_until


def has_gap(ends: date | None, first: date | None) -> bool:
    """Whether there are days without a permit between the last day of one and the first of the next."""
    return ends is not None and first is not None and first - ends > timedelta(days=1)


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
    appeal_days: int = APPEAL_DAYS,
) -> PermitFacts:
    """The facts after `event`; raises PermitRefused. A recorded citizen of the country needs no permit."""
    if citizenship_class == HOME_CITIZEN:
        raise PermitRefused(PermitRefusal.NOT_THIRD_COUNTRY)
    before = as_on(facts, on)
    after = TRANSITIONS.get((before.status, event))
    if after is None:
        raise PermitRefused(PermitRefusal.STATE)
    informing, start, end, purpose = facts.informed, facts.issued_from, facts.issued_until, facts.ground
    earlier = facts.earlier
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
            earlier = facts.periods if event is PermitEvent.RENEW else ()
            start, end, purpose = issued_from, issued_until, ground
    decided = event in DECISIONS or event is PermitEvent.WITHDRAW
    return replace(
        facts,
        status=after,
        informed=informing,
        issued_from=start,
        issued_until=end,
        ground=purpose,
        applied_on=on if event is PermitEvent.APPLY else facts.applied_on,
        decided_on=on if decided else facts.decided_on,
        counselled_on=on if event is PermitEvent.COUNSEL else facts.counselled_on,
        appeal_until=_appeal_until(facts, event, on, appeal_days),
        shut=shut_after(facts.shut, event, on, appeal_days),
        earlier=earlier,
    )


def as_on(facts: PermitFacts, day: date) -> PermitFacts:
    """The facts on that day: a permit is expired on the day after its last."""
    over = facts.issued_until is not None and facts.issued_until < day
    return replace(facts, status=PermitStatus.EXPIRED) if facts.status is PermitStatus.ISSUED and over else facts


def _appeal_until(facts: PermitFacts, event: PermitEvent, on: date, appeal_days: int) -> date | None:
    match event:
        case PermitEvent.REFUSE:
            return on + timedelta(days=appeal_days)
        case PermitEvent.APPEAL | PermitEvent.ISSUE | PermitEvent.RENEW:
            return None
    return facts.appeal_until


def shut_after(shut: tuple[Shut, ...], event: PermitEvent, on: date, appeal_days: int) -> tuple[Shut, ...]:
    """The days on which the way home is shut, after what happened on that day.

    Shut is: from an application or appeal until the day before it is decided or withdrawn, and the period for an appeal
    after a refusal, until she appeals or gets a permit.
    """
    eve = on - timedelta(days=1)
    if event in OPENS or event in DECISIONS or event is PermitEvent.WITHDRAW:
        shut = tuple(replace(each, last=eve) if each.last is None else each for each in shut)
    if event is PermitEvent.APPEAL or event in GIVEN:
        why = GateRefusal.APPEAL_PERIOD
        shut = tuple(replace(each, last=eve) if each.why is why and each.holds(on) else each for each in shut)
    if event in OPENS:
        shut = (*shut, Shut(on, None, GateRefusal.APPLICATION_OPEN))
    elif event is PermitEvent.REFUSE:
        shut = (*shut, Shut(on, on + timedelta(days=appeal_days), GateRefusal.APPEAL_PERIOD))
    return tuple(each for each in shut if each.last is None or each.first <= each.last)


def check_first_day(facts: PermitFacts, event: PermitEvent, first: date | None) -> None:
    """Raise PermitRefused where a permit would begin before she applied for it, or a renewed one before the one that it
    renews. Of what is written now alone: what stands there already counts as it is."""
    bound = facts.issued_from if event is PermitEvent.RENEW else facts.applied_on
    if event in GIVEN and first is not None and bound is not None and first < bound:
        raise PermitRefused(PermitRefusal.BEFORE_APPLICATION)


def check_day(on: date, *, today: date, last_step: date | None) -> None:
    """Raise PermitRefused for a step that has not happened yet, or that would have come before the one it follows."""
    if on > today:
        raise PermitRefused(PermitRefusal.IN_FUTURE)
    if last_step is not None and on < last_step:
        raise PermitRefused(PermitRefusal.BEFORE_LAST_STEP)


DISCHARGES: Mapping[PermitEvent, str] = MappingProxyType(
    {
        PermitEvent.INFORM: "inform_of_trp_options",
        PermitEvent.COUNSEL: "legal_counsel",
        PermitEvent.ISSUE: "trp_decision",
        PermitEvent.REFUSE: "trp_decision",
    }
)
"""The step of the agreement that an event fulfils."""


class GateRefusal(StrEnum):
    """Why a gate of the law is closed."""

    NOT_INFORMED = "not_informed"
    APPLICATION_OPEN = "application_open"
    APPEAL_PERIOD = "appeal_period"
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
    WHEREABOUTS = "whereabouts"  # nobody knows where the child is: it is missing
    NO_HOUSEHOLD = "no_household"  # a hospital
    NOT_AS_DECIDED = "not_as_decided"  # a reason for which nobody goes to a household
    NOT_HANDED_OVER = "not_handed_over"
    CHILD_ALONE = "child_alone"
    UNTOLD = "untold"  # in the country: one member alone ends the stay of somebody who was not told of the permit
    REFLECTS = "reflects"  # one member alone says that somebody needs no support, or wants none


class GateClosed(Exception):
    """A step that the law forbids now; nobody can override it. `reason` says which gate."""

    def __init__(self, reason: GateRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def check_repatriation(citizenship_class: str, facts: PermitFacts, *, on: date) -> None:
    """The TRP gate: raise GateClosed for a step towards repatriation, on that day, of anyone but a home citizen.

    Unknown and stateless count as none. The person must have been told before the step. An undecided
    application or appeal blocks too, now or on that day, and so does the period in which a refusal can be appealed
    against: a refusal without a known end of that period blocks for ever.
    """
    if citizenship_class == HOME_CITIZEN:
        return
    if facts.informed is None or facts.informed.on > on:
        raise GateClosed(GateRefusal.NOT_INFORMED)
    if facts.status in UNDECIDED:
        raise GateClosed(GateRefusal.APPLICATION_OPEN)
    if facts.status is PermitStatus.REFUSED and (facts.appeal_until is None or on <= facts.appeal_until):
        raise GateClosed(GateRefusal.APPEAL_PERIOD)
    for each in facts.shut:
        if each.holds(on):
            raise GateClosed(each.why)


def check_reflection(until: date | None, *, on: date) -> None:
    """Raise GateClosed for a step towards repatriation on a day on which the reflection period still runs.

    Nobody can override it, not even with the person's wish: a trafficker would make them say so.
    """
    if until is not None and on <= until:
        raise GateClosed(GateRefusal.REFLECTION)


BY_ONE_WORD = frozenset(
    {
        ExitReason.LEFT_VOLUNTARILY,
        ExitReason.REFUSED_SERVICE,
        ExitReason.NO_LONGER_ELIGIBLE,
        ExitReason.NO_LONGER_NEEDS_SUPPORT,
    }
)
"""Reasons that say nothing but that somebody wants or needs no support any more: of one member, about another."""


def check_one_word(
    reason: ExitReason,
    citizenship_class: str,
    permit: PermitFacts,
    *,
    on: date,
    reflection_until: date | None,
    others: bool = False,
) -> None:
    """Raise GateClosed where one member alone ends the stay of somebody who stays in the country.

    Of anybody but a home citizen before the person was told of the permit, whatever the reason is (ADR 0271), unless
    somebody else has a say (`others`: another shelter took the person over, or a decision about a child says where to);
    that somebody wants or needs no support is then said alone all the same of nobody. The latter of nobody, either,
    while the reflection period runs. That an adult left on their own is recorded by two members (ADR 0260).
    """
    alone = reason in BY_ONE_WORD
    untold = citizenship_class != HOME_CITIZEN and (permit.informed is None or permit.informed.on > on)
    if untold and (alone or not others):
        raise GateClosed(GateRefusal.UNTOLD)
    if alone and reflection_until is not None and on <= reflection_until:
        raise GateClosed(GateRefusal.REFLECTS)


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


TO_A_HOUSEHOLD: Mapping[ExitReason, frozenset[Destination]] = MappingProxyType(
    {
        ExitReason.REINTEGRATED_WITH_FAMILY: frozenset({Destination.FAMILY}),
        ExitReason.FOSTER_OR_EXTENDED_FAMILY: frozenset({Destination.FOSTER_FAMILY, Destination.EXTENDED_FAMILY}),
        ExitReason.REPATRIATED: REPATRIATION_DESTINATIONS,
        ExitReason.TRANSFERRED: frozenset({Destination.INSTITUTION}),
        ExitReason.WITNESS_PROTECTION: frozenset({Destination.PROTECTED_PLACE}),
    }
)
"""Reason -> the destinations where somebody has charge of a child: the household of a decision is one of them. Nobody
goes to a household who left by own choice, was sent away, or lives alone (ADR 0231)."""


def check_household(
    opened: str,
    child: ChildFacts,
    household: uuid.UUID | None,
    *,
    reason: ExitReason,
    destination: Destination,
    country: str,
) -> None:
    """Raise GateClosed where the decision opens the child gate and the child goes to another household, to none, for a
    reason for which nobody goes to one, or nobody knows where: who is not known to have come there is missing (ADR
    0211)."""
    if opened != "assessed":
        return
    secret = destination is Destination.PROTECTED_PLACE  # of which not even the country is kept
    if destination is Destination.UNKNOWN or (country == UNKNOWN_COUNTRY and not secret):
        raise GateClosed(GateRefusal.WHEREABOUTS)
    if destination is Destination.HOSPITAL:
        raise GateClosed(GateRefusal.NO_HOUSEHOLD)
    if destination not in TO_A_HOUSEHOLD.get(reason, ()):
        raise GateClosed(GateRefusal.NOT_AS_DECIDED)
    if child.opening is None or household != child.opening.household:
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
    destination. In the country it counts whether the person was told, and the reason: `check_one_word`.

    Returns (repatriation gate, child gate) as kept with the stay: by what each was opened.
    """
    opened = check_child(child, destination, on=on)
    if destination is Destination.NONE:
        return "", opened
    if reason is not ExitReason.REPATRIATED and destination not in REPATRIATION_DESTINATIONS and country == HOME:
        taken_over = destination is Destination.OTHER_SHELTER and child.handed_over
        others = taken_over or opened != "adult"
        check_one_word(reason, citizenship_class, permit, on=on, reflection_until=reflection_until, others=others)
        return "home", opened
    check_repatriation(citizenship_class, permit, on=on)
    check_reflection(reflection_until, on=on)
    return "home_citizen" if citizenship_class == HOME_CITIZEN else "informed", opened
