"""Formal identification: a joint interview, a second look by somebody who has not seen the first, and an appeal.

`TRANSITIONS` is the only table of steps; everything else is refused and changes nothing. Until the decision a person is
a possible victim, and is helped as one.

Decided in ADR 0032.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.documents import Words
from nrm.domain.shelter.cases import Compartment, IdentificationStatus


class State(StrEnum):
    """Where an identification stands."""

    NOT_ASKED = "not_asked"
    ASKED = "asked"
    FIRST_LOOK = "first_look"
    DIFFERING = "differing"
    DECIDED = "decided"
    APPEALED = "appealed"
    FINAL = "final"

    @property
    def is_decided(self) -> bool:
        """Whether there is an outcome that everybody concerned may know."""
        return self in (State.DECIDED, State.APPEALED, State.FINAL)


class Event(StrEnum):
    """What can happen to it."""

    ASK = "ask"
    INTERVIEW = "interview"  # the joint interview, with the first look
    SECOND = "second"
    THIRD = "third"
    APPEAL = "appeal"
    DECIDE_APPEAL = "decide_appeal"
    NO_APPEAL = "no_appeal"  # it was entered by mistake: whoever would decide it says so, not who entered it


class Who(StrEnum):
    """What the asker is to it."""

    HOLDER = "holder"
    REVIEWER = "reviewer"  # of an organisation that the person lets read the record


_S, _E, _W = State, Event, Who
TRANSITIONS: Mapping[tuple[State, Event, Who], frozenset[State]] = MappingProxyType(
    {
        (_S.NOT_ASKED, _E.ASK, _W.HOLDER): frozenset({_S.ASKED}),
        (_S.ASKED, _E.INTERVIEW, _W.REVIEWER): frozenset({_S.FIRST_LOOK}),
        (_S.FIRST_LOOK, _E.SECOND, _W.REVIEWER): frozenset({_S.DECIDED, _S.DIFFERING}),
        (_S.DIFFERING, _E.THIRD, _W.REVIEWER): frozenset({_S.DECIDED}),
        (_S.DECIDED, _E.APPEAL, _W.HOLDER): frozenset({_S.APPEALED}),
        (_S.APPEALED, _E.DECIDE_APPEAL, _W.REVIEWER): frozenset({_S.FINAL}),
        (_S.APPEALED, _E.NO_APPEAL, _W.REVIEWER): frozenset({_S.DECIDED}),
    }
)
"""(state, event, actor) -> what it can become; the second look decides which."""


class PlaceKind(StrEnum):
    """Where the joint interview was held; never an address."""

    SHELTER = "shelter"
    SOCIAL_SERVICES = "social_services"
    POLICE = "police"
    HOSPITAL = "hospital"
    OTHER = "other"


class Basis(StrEnum):
    """What a decision rests on."""

    ACT_MEANS_PURPOSE = "act_means_purpose"
    CHILD_ACT_PURPOSE = "child_act_purpose"
    OWN_ACCOUNT = "own_account"
    INDICATORS = "indicators"
    MEDICAL = "medical"
    DOCUMENTS = "documents"
    OTHER_WITNESSES = "other_witnesses"
    FOREIGN_DECISION = "foreign_decision"
    ELEMENT_MISSING = "element_missing"
    ANOTHER_OFFENCE = "another_offence"


FOR_A_VICTIM = frozenset({Basis.ACT_MEANS_PURPOSE, Basis.CHILD_ACT_PURPOSE})
AGAINST = frozenset({Basis.ELEMENT_MISSING})
"""What says by itself that somebody is a victim, and what says that nobody is: neither carries the other conclusion."""


class PartnerSaid(StrEnum):
    """What whoever is named as having held the interview too says of it, as steps of the audit chain (ADR 0259)."""

    AGREES = "partner_agrees"
    OBJECTS = "partner_objects"


class Appellant(StrEnum):
    """Who lodges an appeal."""

    PERSON = "person"
    COUNSEL = "counsel"
    GUARDIAN = "guardian"


OUTCOMES = (IdentificationStatus.IDENTIFIED, IdentificationStatus.NOT_A_VICTIM)
DECISIONS = (Compartment.FIRST_DECISION, Compartment.SECOND_DECISION, Compartment.THIRD_DECISION)
"""The reasons of each look, under a key of its own that only the holder and the organisation that looked have."""

POLICE_SIDE = frozenset({OrganisationKind.POLICE})
SOCIAL_SIDE = frozenset({OrganisationKind.RESPONSIBLE_AUTHORITY, OrganisationKind.CHILD_PROTECTION})
REVIEWING = POLICE_SIDE | SOCIAL_SIDE


class IdentificationRefusal(StrEnum):
    """Why a step of an identification is refused."""

    STATE = "state"  # not in the table
    SIDES = "sides"  # not police and social services
    TOOK_PART = "took_part"
    SAME_ORGANISATION = "same_organisation"  # as the first look
    HAS_SEEN = "has_seen"  # opened an earlier decision
    UNREAD = "unread"  # did not open what the person told
    NOT_AGREED = "not_agreed"
    BASIS = "basis"
    OUTCOME = "outcome"
    CONTRADICTS = "contradicts"  # what it rests on says the opposite
    TIME = "time"  # the reflection period runs, and nobody says that the person wants it now
    DAY = "day"  # in the future, or before what it follows


class IdentificationRefused(Exception):
    """It cannot be recorded; `reason` says why."""

    def __init__(self, reason: IdentificationRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the record: by whom, and what they concluded."""

    member_id: uuid.UUID
    organisation_id: uuid.UUID
    outcome: IdentificationStatus


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who wants to look: a person, their organisation, and whether they opened an earlier decision of this case, and
    the record of what the person told."""

    member_id: uuid.UUID
    organisation_id: uuid.UUID
    has_seen: bool = False
    has_read: bool = True


def check_event(state: State, event: Event, who: Who) -> None:
    """Raise IdentificationRefused unless the table has the triple."""
    if (state, event, who) not in TRANSITIONS:
        raise IdentificationRefused(IdentificationRefusal.STATE)


def check_asked(kinds: Collection[OrganisationKind], *, agreed: bool) -> None:
    """Police and social services read the record, and nobody else; the person was told and agrees."""
    if not agreed:
        raise IdentificationRefused(IdentificationRefusal.NOT_AGREED)
    if not set(kinds) <= REVIEWING or not set(kinds) & POLICE_SIDE or not set(kinds) & SOCIAL_SIDE:
        raise IdentificationRefused(IdentificationRefusal.SIDES)


def check_time(reflection_until: date | None, *, on: date, wants_now: bool) -> bool:
    """Whether that day is within the reflection period; then the person must want it now, else IdentificationRefused is
    raised: the time is theirs, and nobody decides for them that it is over."""
    within = reflection_until is not None and on <= reflection_until
    if within and not wants_now:
        raise IdentificationRefused(IdentificationRefusal.TIME)
    return within


def check_joint(police: tuple[uuid.UUID, OrganisationKind], social: tuple[uuid.UUID, OrganisationKind]) -> None:
    """Two people, one of each side."""
    if police[1] not in POLICE_SIDE or social[1] not in SOCIAL_SIDE or police[0] == social[0]:
        raise IdentificationRefused(IdentificationRefusal.SIDES)


def check_conclusion(outcome: str, bases: Collection[str]) -> None:
    """An outcome that decides, on at least one basis of the list, and on none that says the opposite."""
    if outcome not in OUTCOMES:
        raise IdentificationRefused(IdentificationRefusal.OUTCOME)
    if not bases or not set(bases) <= set(Basis):
        raise IdentificationRefused(IdentificationRefusal.BASIS)
    if set(bases) & (AGAINST if outcome == IdentificationStatus.IDENTIFIED else FOR_A_VICTIM):
        raise IdentificationRefused(IdentificationRefusal.CONTRADICTS)


def check_look(reviewer: Reviewer, looks: Sequence[Look], interviewed: Collection[uuid.UUID]) -> None:
    """A later look is by somebody who took no part in what came before and has not opened a decision of it.

    The second look must also come from another organisation than the first: a person who shares an office with the
    first must not look second.
    """
    if reviewer.member_id in {*interviewed, *(look.member_id for look in looks)}:
        raise IdentificationRefused(IdentificationRefusal.TOOK_PART)
    if reviewer.has_seen:
        raise IdentificationRefused(IdentificationRefusal.HAS_SEEN)
    if len(looks) == 1 and looks[0].organisation_id == reviewer.organisation_id:
        raise IdentificationRefused(IdentificationRefusal.SAME_ORGANISATION)


def check_read(reviewer: Reviewer) -> None:
    """Nobody concludes about a person without having opened what she told (ADR 0269)."""
    if not reviewer.has_read:
        raise IdentificationRefused(IdentificationRefusal.UNREAD)


def after_second(first: IdentificationStatus, second: IdentificationStatus, said: PartnerSaid | None = None) -> State:
    """Decided where both conclude the same; else a third looks, and also where whoever is named beside the first says
    that she was not there or does not agree: one hand spoke for two."""
    return State.DECIDED if first == second and said is not PartnerSaid.OBJECTS else State.DIFFERING


def check_appeal_decision(member_id: uuid.UUID, looks: Sequence[Look], interviewed: Collection[uuid.UUID]) -> None:
    """An appeal is decided by somebody who had no part in any look."""
    if member_id in {*interviewed, *(look.member_id for look in looks)}:
        raise IdentificationRefused(IdentificationRefusal.TOOK_PART)


def opposite(outcome: IdentificationStatus) -> IdentificationStatus:
    """What an appeal that is granted makes of the outcome."""
    return (
        IdentificationStatus.NOT_A_VICTIM
        if outcome is IdentificationStatus.IDENTIFIED
        else IdentificationStatus.IDENTIFIED
    )


@dataclass(frozen=True, slots=True)
class Course:
    """What a report looks at: the days, and what the looks and an appeal came to. `looks`: (day, outcome) in order."""

    asked_on: date
    is_decided: bool
    looks: Sequence[tuple[date, str]]
    status: str
    appeal_decided_on: date | None = None


def counted(course: Course, first: date, last: date) -> tuple[str, str] | None:
    """(status, how it was decided) at the end of the period; None if it was neither asked for nor decided in it.

    How: `two_looks`, `third_look`, `appeal`, or `none` for one that was not decided by then.
    """
    decided_on, outcome = course.looks[-1] if course.is_decided else (None, "")
    days = (course.asked_on, decided_on, course.appeal_decided_on)
    if not any(day is not None and first <= day <= last for day in days):
        return None
    if course.appeal_decided_on is not None and course.appeal_decided_on <= last:
        return course.status, "appeal"
    if decided_on is not None and decided_on <= last:
        return outcome, "two_looks" if len(course.looks) == 2 else "third_look"
    return str(IdentificationStatus.POSSIBLE), "none"


def decided_by(kind: OrganisationKind) -> str:
    """The statistical code of the deciding organisation (IOM HTCDS)."""
    return "police" if kind in POLICE_SIDE else "other_government"


@dataclass(frozen=True, slots=True)
class ReflectionPeriod:
    """How many days, for whom (citizenship classes), and from which text."""

    days: int
    citizenship_classes: frozenset[str]
    source: Words

    def until(self, citizenship_class: str, possible_since: date | None) -> date | None:
        """The last day of the period, which runs from the first day as a possible victim; None if there is none."""
        if possible_since is None or citizenship_class not in self.citizenship_classes:
            return None
        return possible_since + timedelta(days=self.days)
