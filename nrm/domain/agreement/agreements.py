"""The agreement between the parties (the Memorandum of Understanding) as a dated, versioned document.

What one version holds. agreement_documents.py reads it from its tables, routing.py applies it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final, Literal
from zoneinfo import ZoneInfo

from nrm.clock import day_of
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.conditions import Condition
from nrm.domain.documents import Words
from nrm.domain.shelter.cases import Compartment

RECEIVER = "receiver"
"""A word in place of a party in a duty: the party that receives the person."""

POLICE_SIDE = frozenset({OrganisationKind.BORDER_POLICE, OrganisationKind.POLICE, OrganisationKind.TRP_UNIT})
"""Kinds that belong to the police or its ministry; they learn nothing when an official is said to be involved."""

ASKED_BY_KIND = frozenset(
    {
        OrganisationKind.RESPONSIBLE_AUTHORITY,
        OrganisationKind.BORDER_POLICE,
        OrganisationKind.POLICE,
        OrganisationKind.CHILD_PROTECTION,
    }
)
"""Kinds that act by what they are, whatever a text says: the duty desk, posts, who reviews, who is told of a child."""

MISSING = "missing"
"""The event of a clause that is owed when a person is missing, and not when a referral is sent."""

FactShape = Literal["one", "set", "flag"]
ONE: Final = "one"
SET: Final = "set"
FLAG: Final = "flag"

FACTS: Mapping[str, FactShape] = MappingProxyType(
    {
        "age_class": ONE,
        "gender": ONE,
        "citizenship_class": ONE,
        "entry_point": ONE,
        "region_of_entry": ONE,
        "exploited_in": ONE,
        "needs": SET,
        "security_risk": ONE,
        "proceedings_in": ONE,
        "wish_region": ONE,
        "avoid_regions": SET,
        "refused_parties": SET,
        "accompanied": FLAG,
        "announced": FLAG,
        "urgent": FLAG,
        "children_with": ONE,
        "official_involved": ONE,
        "consent": ONE,
    }
)
"""Every routing fact and its shape. An agreement says which codes they take."""


@dataclass(frozen=True, slots=True)
class Desk:
    """When a party's duty desk answers; outside these hours its on-call number does."""

    opens: time
    closes: time
    weekends: bool
    telephone: str = ""  # of the desk itself, where it is another than the on-call number

    def is_open(self, local: datetime) -> bool:
        """At that local time; equal opening and closing means around the clock."""
        if local.weekday() >= 5 and not self.weekends:
            return False
        return self.opens == self.closes or self.opens <= local.time() < self.closes


@dataclass(frozen=True, slots=True)
class Party:
    """One signatory, or one that has not signed yet. Without a competence it receives nobody."""

    code: str
    kind: OrganisationKind
    names: Words
    signed_on: date | None
    joined_on: date | None
    until: date | None
    desk: Desk
    on_call: str
    regions: tuple[str, ...]
    languages: tuple[str, ...]
    competence: Condition | None
    members: tuple[str, ...] = ()
    place: int = 0  # among those of its kind: a lower number is asked first; of the same number the code decides
    receives: Words | None = None  # what the competence cannot say, for the officer who chooses (ADR 0013)

    @property
    def asked(self) -> tuple[int, str]:
        """The sort key of the order in which a document asks those of a kind."""
        return self.place, self.code

    def has_signed(self, day: date) -> bool:
        """Whether the signature existed on that day."""
        return self.signed_on is not None and self.signed_on <= day

    def in_force(self, day: date) -> bool:
        """Whether the party is bound on that day: signed, joined, not left."""
        joined = self.joined_on or self.signed_on
        return (
            self.has_signed(day) and joined is not None and joined <= day and (self.until is None or day <= self.until)
        )


@dataclass(frozen=True, slots=True)
class Target:
    """What a clause refers to: a party, a kind of parties, or a member of a coalition."""

    party: str | None = None
    kind: OrganisationKind | None = None
    coalition: str | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """What a clause obliges a party to do (`receiver`: the party that receives).

    Under a clause of an event `party` may be a kind of organisation that is no party.
    `kind` is `notify` or the name of a step or deadline; `before` is the step that must wait for it.
    """

    kind: str
    party: str
    within: timedelta | None = None
    before: str | None = None
    grant: tuple[Compartment, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule. It applies to every profile of which `when` is true.

    `then`: who may be asked after a must, when its parties declined for a reason that counts, or the person wants none
    of them. `on`: the event from which the clause is owed; empty for a referral.
    """

    number: str
    text: Words
    origin: Literal["agreement", "proposal"]
    when: Condition
    refer_to: tuple[Target, ...]
    must: bool
    forbid: tuple[Target, ...]
    duties: tuple[Duty, ...]
    overrides: tuple[str, ...]
    ends: bool
    then: tuple[Target, ...] = ()
    on: str = ""

    @property
    def may(self) -> tuple[Target, ...]:
        """Those who may receive and need not."""
        return self.then if self.must else self.refer_to


@dataclass(frozen=True, slots=True)
class Escalation:
    """Whom to turn to after how long without an answer (`next_number`, `duty_officer`, `emergency_bed`).

    `party`: who keeps the emergency place.
    """

    after: timedelta
    to: str
    party: str | None = None


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of the critical path."""

    step: str
    names: Words
    responsible: str
    within: timedelta
    escalation: tuple[Escalation, ...]


@dataclass(frozen=True, slots=True)
class ReportingDuty:
    """Who reports what to whom, how often (ISO 8601 period)."""

    who: tuple[str, ...]
    through: str | None
    to: str
    every: str
    text: Words


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version. `facts` maps a fact to its codes (flags: none)."""

    version: str
    title: Words
    signed_on: date
    starts_on: date
    ends_on: date | None
    timezone: ZoneInfo
    expires_within: timedelta
    facts: Mapping[str, tuple[str, ...]]
    parties: Mapping[str, Party]
    clauses: tuple[Clause, ...]
    path: tuple[PathStep, ...]
    reporting: tuple[ReportingDuty, ...]

    @property
    def of_referral(self) -> tuple[Clause, ...]:
        """The clauses that a referral is judged by; those of an event are not among them."""
        return tuple(clause for clause in self.clauses if not clause.on)

    def local(self, at: datetime) -> datetime:
        """The instant on the clocks of the country; a naive time is taken as local already."""
        return at.astimezone(self.timezone) if at.tzinfo is not None else at.replace(tzinfo=self.timezone)

    def day(self, at: datetime) -> date:
        """The day of the instant on the clocks of the country."""
        return day_of(self.local(at), self.timezone)

    def in_force(self, at: datetime) -> bool:
        """Whether the version itself is in force at that instant."""
        day = self.day(at)
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def clause(self, number: str) -> Clause:
        """The clause with that number; KeyError when there is none."""
        for clause in self.clauses:
            if clause.number == number:
                return clause
        raise KeyError(number)
