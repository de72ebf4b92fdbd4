"""A country as values: places, organisations, lists, periods, and the versions of its agreement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nrm.countries.former_words import Formerly
from nrm.domain.accounts.accounts import ROLES_OF, OrganisationKind, Role
from nrm.domain.accounts.alarms import Watch
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.safeguards import Safeguards
from nrm.domain.documents import Words
from nrm.domain.interviews.directives import Directive
from nrm.domain.interviews.handouts import Handouts
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.interviews.monitoring import Checklist
from nrm.domain.interviews.rollout import Use
from nrm.domain.interviews.spoken import NO_CHOICES, Choices
from nrm.domain.quarters import Quarter
from nrm.domain.reports.register import Register
from nrm.domain.roles import MechanismRole
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.consents import Validity
from nrm.domain.shelter.identifications import ReflectionPeriod
from nrm.domain.shelter.matching import MatchingRules
from nrm.domain.shelter.permit_entries import PermitPeriods
from nrm.domain.support.benefits import Limits
from nrm.domain.support.follow_ups import FollowUpRules
from nrm.statistics.tables import TableSet

Days = Mapping[str, Mapping[str, date]]
OTHER_POINT = "other"
UNKNOWN_PLACE = "unknown"
LEAVING_DAYS = 30
"""How long before its last day under the agreement a party is said to leave."""


def _no_days() -> Days:
    return {"crossing_point": {}, "region": {}}


class NoAgreement(LookupError):
    """No version of the agreement is in force at the instant."""


@dataclass(frozen=True, slots=True)
class CrossingPoint:
    """A place where people return; `other` stands for all that are not listed and has no region."""

    code: str
    names: Words
    group: str
    region: str | None
    neighbour: str | None


@dataclass(frozen=True, slots=True)
class ListedOrganisation:
    """An organisation that an instance of the country starts with."""

    code: str
    kind: OrganisationKind
    names: Words
    region: str | None
    party: str | None
    on_call: str
    beds: tuple[str, ...] = ()
    crossing_point: str | None = None
    roles: frozenset[Role] | None = None  # None: all that an organisation of its kind can have
    face_to_face: bool = False  # counts as a help line, and meets those with whom it talks


@dataclass(frozen=True, slots=True)
class Emergency:
    """Telephones that stand where somebody may be in danger; `children`: the help line for children."""

    police: str
    ambulance: str
    helpline: str
    children: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Whom to call with a complaint about the Responsible Authority itself. `post`: the address for letters to that
    authority, as it stands on slips; empty where the file does not say it."""

    names: Mapping[str, str]
    telephone: str
    post: str = ""


@dataclass(frozen=True, slots=True)
class NextNumber:
    """Whom to call when a party of this kind does not answer; without a region: wherever the person is."""

    kind: OrganisationKind
    names: Words
    region: str | None
    telephone: str


@dataclass(frozen=True, slots=True)
class Retention:
    """How long sealed things live. A compartment maps to years after closing, or None: as long as the court file."""

    years_after_closing: Mapping[Compartment, int | None]
    children_until_age: int
    draft_days: int
    draft_warning_days: int
    group_hours: int
    hold_hours: int  # of an interview that the post ended against what was said: until the end of the next shift
    child_word_hours: int  # at most, of a child whose interview ended by a word that nobody confirmed
    refused_minutes: int  # of a person who said no, or left
    thinking_hours: int
    negative_screen_days: int
    notice_days: int
    answer_request_days: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """When quarterly reports begin, how long after the quarter they are released, and to whom."""

    first_quarter: Quarter
    release_after_days: int
    recipient: str


@dataclass(frozen=True, slots=True)
class Building:
    """What a country says of the buildings of its shelters."""

    for_whom: Mapping[str, Words]  # for whom a unit can be; the first is for everybody
    first_unit: str  # what the unit is called in which the places of this file are
    kept_days: int  # how long a place is kept after the day on which somebody is expected
    kept_without_hour_days: int  # and where nobody said when
    kept_overdue_days: int  # how long it is shown as overdue, and kept, before it is free by itself
    extra_place_days: int  # how long an extra place can be there
    missing_place_hours: int  # how long the place of somebody who is missing is kept


@dataclass(frozen=True, slots=True)
class TrainingDesks:
    """What one trainee has: the organisation at an own crossing point, and an own shelter (ADR 0189)."""

    post: str
    house: str


@dataclass(frozen=True, slots=True)
class Country:
    """Everything national. Mappings keep the order of the files."""

    code: str
    iso: str
    names: Words
    timezone: ZoneInfo
    currency: Words  # of contracts, as it stands after “in”
    languages: tuple[str, ...]  # of pages and files, the default first
    emergency: Emergency
    regions: Mapping[str, Words]
    region_tiles: Mapping[str, tuple[int, int]]  # (column, row) of each region on the schematic map
    crossing_groups: Mapping[str, Words]
    crossing_points: Mapping[str, CrossingPoint]
    organisations: Mapping[str, ListedOrganisation]
    lists: Mapping[str, Mapping[str, Words]]
    retention: Retention
    validity: Validity  # of consents
    reflection: ReflectionPeriod
    missing_days: int  # before the alarm of a missing person can be ended without her
    away_nights_counted: int  # of each absence; the place is kept and paid for them
    building: Building
    findings_hold_days: int  # how many days the findings on a child open the gate
    permits: PermitPeriods  # days for an appeal, an objection, a decision; how long before its end one is told
    calendar: Calendar
    courts: Mapping[str, Words]  # before which witnesses are heard
    amount_bands: Mapping[str, Words]  # of compensation, the smallest first
    watches: tuple[Watch, ...]
    roles: Mapping[MechanismRole, str]  # the code of the organisation that has it
    plan_late_days: int  # after so many days a step of a plan that is not done is the manager's, too
    benefit_limits: Limits = field(default_factory=Limits)  # what a member of a house asks for alone
    matching: MatchingRules = field(default_factory=MatchingRules)  # days, and checks a day
    complaints: Elsewhere | None = None
    follow_up: FollowUpRules = field(default_factory=FollowUpRules)  # months, tries, and days
    next_numbers: tuple[NextNumber, ...] = ()
    opened: Days = field(default_factory=_no_days)  # of `crossing_point` and `region`: code -> its first day
    closed: Days = field(default_factory=_no_days)  # code -> the first day on which it is offered no more (ADR 0137)
    texts: Mapping[str, str] = field(default_factory=dict)  # of its versions of the agreement, as in their files
    formerly: Formerly = field(default_factory=dict)  # codes of facts as texts say them that were signed before
    agreements: tuple[Agreement, ...] = ()
    safeguards: Safeguards = field(default_factory=Safeguards)  # what no version weakens without saying so
    tables: Mapping[str, TableSet] = field(default_factory=dict)  # by the name of the report
    questionnaires: Mapping[str, Questionnaire] = field(default_factory=dict)  # by id
    choices: Mapping[str, Choices] = field(default_factory=dict)  # by the questionnaire's id
    handouts: Handouts = field(default_factory=lambda: Handouts({}, {}, {}))
    register: Register = field(default_factory=lambda: Register(()))
    uses: tuple[Use, ...] = ()
    directives: tuple[Directive, ...] = ()
    checklist: Checklist | None = None  # what a monitor checks; every country folder has one
    training: tuple[TrainingDesks, ...] = ()  # of each trainee, where this is the country of a training

    def is_open(self, kind: str, code: str, day: date) -> bool:
        """Whether a `crossing_point` or `region` is offered on that day; one that has no days always is."""
        opened, closed = self.opened.get(kind, {}).get(code), self.closed.get(kind, {}).get(code)
        return (opened is None or opened <= day) and (closed is None or day < closed)

    def entry(self, agreement: Agreement, point: str) -> tuple[str, str]:
        """(entry point, its region) in the words of an agreement. A text that was signed before the post or its region
        were there knows it as `other`, the region as unknown (ADR 0137)."""
        known = self.crossing_points.get(point)
        region = (known.region if known else None) or UNKNOWN_PLACE
        points, regions = agreement.facts["entry_point"], agreement.facts["region_of_entry"]
        if known is not None and point not in points:
            point = OTHER_POINT
        return point or UNKNOWN_PLACE, region if region in regions else UNKNOWN_PLACE

    @property
    def language(self) -> str:
        """The default: what stands where a text or a choice is missing."""
        return self.languages[0]

    def label(self, name: str, code: str, language: str) -> str:
        """The words of a code in the closed list `name`; KeyError for a code that is not in it."""
        return self.lists[name][code][language]

    def in_force(self, at: datetime) -> Agreement:
        """The version of the agreement in force at that instant (naive: local time); raises NoAgreement.

        A version without an end is replaced by the next one that starts.
        """
        for agreement in reversed(self.agreements):
            if agreement.in_force(at):
                return agreement
        raise NoAgreement(f"no agreement is in force on {at:%Y-%m-%d}")

    def binds(self, party: str, day: date) -> bool:
        """Whether the version in force on that day binds the party; if none is in force, nobody is bound."""
        return party in self._bound(day)

    def _bound(self, day: date) -> set[str]:
        """The parties that the version in force on that day binds."""
        try:
            agreement = self.in_force(datetime.combine(day, time(12)))
        except NoAgreement:
            return set()
        return {code for code, party in agreement.parties.items() if party.in_force(day)}

    def is_proposed(self, party: str) -> bool:
        """Whether no text that was signed names the party: what acts for it came with a text that waits for
        signatures."""
        return party != "" and all(party not in each.parties for each in self.agreements)

    def is_to_come(self, party: str, today: date) -> bool:
        """Whether the party has taken part on no day until today, and may later."""
        begins = [
            max(each.starts_on, each.parties[party].joined_on or each.starts_on)
            for each in self.agreements
            if party in each.parties
        ]
        return party != "" and all(day > today for day in begins)

    def leaving(self, today: date) -> dict[str, date]:
        """Party -> its last day under the agreement, for those that left or leave within LEAVING_DAYS: by their
        `until`, by a version without them, or because a version ends. Who comes back by then does not leave; where no
        version is in force today, nobody does."""
        if not any(agreement.in_force(datetime.combine(today, time(12))) for agreement in self.agreements):
            return {}
        last_days = {agreement.ends_on for agreement in self.agreements}
        last_days |= {agreement.starts_on - timedelta(days=1) for agreement in self.agreements}
        last_days |= {party.until for agreement in self.agreements for party in agreement.parties.values()}
        horizon = today + timedelta(days=LEAVING_DAYS)
        found: dict[str, date] = {}
        for day in sorted(day for day in last_days if day is not None and day <= horizon):
            found |= dict.fromkeys(self._bound(day), day)
        stay = self._bound(horizon + timedelta(days=1))
        return {code: day for code, day in found.items() if code not in stay}

    def with_versions(self, versions: Iterable[Agreement]) -> Country:
        """The country with these versions in addition to its own, which come first if two start on the same day."""
        every = [*((each, 0) for each in self.agreements), *((each, 1) for each in versions)]
        every.sort(key=lambda pair: (pair[0].starts_on, pair[1], pair[0].version))
        return replace(self, agreements=tuple(each for each, _ in every))

    def agreement(self, version: str) -> Agreement:
        """The version a referral was made under; KeyError when there is none."""
        return {agreement.version: agreement for agreement in self.agreements}[version]

    def choices_of(self, questionnaire: Questionnaire) -> Choices:
        """The words of its answers for the person; none where the country has no file of them."""
        return self.choices.get(questionnaire.id, NO_CHOICES)

    def numbers_after(self, kind: OrganisationKind, region: str | None) -> list[NextNumber]:
        """Whom to call next, in the order of the directory, when a party of that kind does not answer."""
        return [each for each in self.next_numbers if each.kind is kind and each.region in (None, region)]

    def party_in(self, role: MechanismRole | None) -> str:
        """The party of the organisation that has the role; empty for None."""
        return "" if role is None else self.party_of(self.roles[role])

    def roles_of(self, organisation: str, kind: OrganisationKind) -> frozenset[Role]:
        """The roles that people of this organisation can have: an agency that files a table has no statistician."""
        known = self.organisations.get(organisation)
        return ROLES_OF[kind] if known is None or known.roles is None else ROLES_OF[kind] & known.roles

    def party_of(self, organisation: str) -> str:
        """The party an organisation acts as; one that came with a new agreement is called as its party."""
        known = self.organisations.get(organisation)
        return (known.party or "") if known else organisation
