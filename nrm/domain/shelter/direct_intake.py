"""Cases a shelter opens itself, for somebody who came without a referral, and what the agreement asks from then on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from nrm.domain.agreement.agreements import POLICE_SIDE, RECEIVER, Agreement, Clause, Duty
from nrm.domain.agreement.routes import RouteObligation
from nrm.domain.agreement.routing_facts import RoutingFacts, parse_facts
from nrm.domain.interviews.answers import earliest, latest
from nrm.domain.interviews.interview_findings import turns_adult
from nrm.domain.shelter.cases import (
    NOT_COLLECTED,
    UNKNOWN,
    CaseFacts,
    Compartment,
    age_band,
    citizenship_class,
    parse_case_facts,
)
from nrm.domain.shelter.stays import Source

SEVERAL = "several"
CONSENTS = ("given", "refused", "not_asked_child")
STATISTICS = ("yes", "no", "not_asked")
CAME_WITH = "came_with"
"""A key next to the answers of a child's sealed identity: the code of the victim they came with."""
REFER_ON = "refer_on"
"""Owed by the shelter when a clause names another party that must accommodate the person."""
ONLY_WHEN_REFERRED = frozenset({"first_interview", "answer", "arrival"})
"""Steps of the agreement that are already done for a person who is in the shelter."""


class IntakeRefusal(StrEnum):
    """What contradicts itself in the answers about a person whom a shelter takes in itself."""

    AGE = "age"  # not the age of the age class
    BIRTH = "birth"  # not that of somebody of the age class, or no day until today
    CONSENT = "consent"  # the consent of a child is not asked, that of an adult is
    STATISTICS = "statistics"  # as CONSENT
    NAMES_REFUSED = "names_refused"  # a name or a story of somebody who did not agree that they are kept
    DEPENDANT = "dependant"  # who came with a victim as their child is a child, or may be one, and it is said with whom


class ImpossibleCase(ValueError):
    """The answers contradict each other; `reason` says which."""

    def __init__(self, reason: IntakeRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class OwnCase:
    """The closed answers about a person who came otherwise.

    `age`: completed years, if known. `citizenship`, `exploited_in`: ISO 3166 alpha-2, `stateless`, `unknown`.
    `home`: the country's own code, for what its rules ask of its citizens and of what happened in it.
    `consent`: whether name and story may be kept and told on; shelter is given in any case. `statistics`: whether
    their particulars may be counted.
    """

    source: Source
    age_class: str
    age: int | None
    gender: str
    citizenship: str
    consent: str
    statistics: str
    home: str
    exploited_in: tuple[str, ...] = ()
    exploitation: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    official_involved: str = UNKNOWN

    @property
    def citizenship_class(self) -> str:
        """As the gates and the rules see it."""
        return citizenship_class(self.citizenship, home=self.home)


def check(case: OwnCase, *, named: bool) -> None:
    """Raise ImpossibleCase; `named`: whether a name or a story is to be kept."""
    if case.age is not None and not 0 <= case.age <= 120:
        raise ImpossibleCase(IntakeRefusal.AGE)
    if case.age is not None and case.age_class != "unsure" and (case.age >= 18) != (case.age_class == "adult"):
        raise ImpossibleCase(IntakeRefusal.AGE)
    if case.source is Source.WITH_A_VICTIM and case.age_class == "adult":
        raise ImpossibleCase(IntakeRefusal.DEPENDANT)
    if (case.age_class == "adult") != (case.consent in ("given", "refused")):
        raise ImpossibleCase(IntakeRefusal.CONSENT)
    if (case.age_class == "adult") != (case.statistics in ("yes", "no")):
        raise ImpossibleCase(IntakeRefusal.STATISTICS)
    if named and case.consent == "refused":
        raise ImpossibleCase(IntakeRefusal.NAMES_REFUSED)


def check_birth(birth: str, age_class: str, *, today: date) -> None:
    """Raise ImpossibleCase (`birth`) where the year, month or day of birth says another age class: a child that is
    entered as an adult would pass no gate of a child. Empty where it is not known."""
    if birth and not fits(birth, age_class, today):
        raise ImpossibleCase(IntakeRefusal.BIRTH)


def fits(birth: str, age_class: str, today: date) -> bool:
    """Whether somebody who was born then, in a year, month or day, can be of the age class."""
    try:
        first, last = earliest(birth), latest(birth)
    except ValueError:
        return False
    if first > today:
        return False
    # On the birthday itself somebody may still be entered as a child.
    return {"adult": turns_adult(first) <= today, "child": turns_adult(last) >= today}.get(age_class, True)


def columns(case: OwnCase) -> Mapping[str, str]:
    """The codes a case shows in clear; raises cases.UnknownCode.

    For a person who does not wish to be counted: only gender and citizenship class, as for a person who refuses help.
    """
    facts = _facts(case)
    if case.statistics == "no":
        unsaid = dict.fromkeys(("age_band", "citizenship", "exploited_in"), NOT_COLLECTED)
        return {"gender": facts.gender, "citizenship_class": facts.citizenship_class, **unsaid}
    places = facts.exploited_in
    return {
        "gender": facts.gender,
        "citizenship_class": facts.citizenship_class,
        "age_band": facts.age_band,
        "citizenship": facts.citizenship,
        "exploited_in": NOT_COLLECTED if not places else places[0] if len(places) == 1 else SEVERAL,
    }


def further_facts(case: OwnCase) -> dict[str, Any]:
    """The closed codes kept beside the columns; `statistics`: whether the person agreed to be counted."""
    if case.statistics == "no":
        return {"statistics": "no"}
    facts = _facts(case).to_json()
    named = ("age_band", "gender", "citizenship", "citizenship_class")
    return {name: value for name, value in facts.items() if name not in named} | {"statistics": case.statistics}


def _facts(case: OwnCase) -> CaseFacts:
    return parse_case_facts(
        {
            "gender": case.gender,
            "age_band": NOT_COLLECTED if case.age is None else age_band(case.age),
            "majority_now": case.age_class,
            "citizenship": case.citizenship,
            "citizenship_class": case.citizenship_class,
            "exploited_in": list(case.exploited_in),
            "exploitation": list(case.exploitation),
        }
    )


def routing_facts(case: OwnCase, agreement: Agreement) -> RoutingFacts:
    """The facts the clauses look at; raises UnknownFact for a code the agreement does not know.

    Consent here means consent to help; a person who took a place has given it.
    """
    return parse_facts(
        {
            "age_class": case.age_class,
            "gender": case.gender,
            "citizenship_class": case.citizenship_class,
            "entry_point": UNKNOWN,
            "region_of_entry": UNKNOWN,
            "exploited_in": _exploited_in(case.exploited_in, case.home),
            "needs": sorted(case.needs),
            "security_risk": UNKNOWN,
            "proceedings_in": UNKNOWN,
            "wish_region": UNKNOWN,
            "avoid_regions": [],
            "refused_parties": [],
            "accompanied": case.source is Source.WITH_A_VICTIM,
            "announced": False,
            "urgent": False,
            "children_with": UNKNOWN,
            "official_involved": case.official_involved,
            "consent": "given" if case.age_class == "adult" else "not_asked_child",
        },
        agreement,
    )


def _exploited_in(codes: tuple[str, ...], home: str) -> str:
    known = [code for code in codes if len(code) == 2 and code.isalpha()]
    if not known:
        return UNKNOWN
    if home in known:
        return "both" if len(known) > 1 else "home"
    return "abroad"


def obligations(case: OwnCase, agreement: Agreement, at: datetime, *, party: str) -> tuple[RouteObligation, ...]:
    """What the agreement asks because `party` took this person in at `at`. What it owes itself is owed by `receiver`.

    Nobody is told about an adult who did not agree to it; steps that the shelter or others must do stay.
    """
    facts = routing_facts(case, agreement).values()
    owed: dict[tuple[str, str], RouteObligation] = {}
    elsewhere = belongs_elsewhere(case, agreement, party=party)
    if elsewhere is not None:
        owed[REFER_ON, RECEIVER] = RouteObligation(REFER_ON, RECEIVER, elsewhere.number, None)
    for clause in agreement.of_referral:
        if clause.when.holds(facts):
            for duty in clause.duties:
                for each in _owed(case, agreement, at, clause, duty, party):
                    known = owed.get((each.kind, each.party))
                    owed[each.kind, each.party] = each if known is None else _shorter(known, each)
    return tuple(owed.values())


def _owed(
    case: OwnCase, agreement: Agreement, at: datetime, clause: Clause, duty: Duty, receiver: str
) -> Iterator[RouteObligation]:
    if duty.kind in ONLY_WHEN_REFERRED:
        return
    code = receiver if duty.party == RECEIVER else duty.party
    party = agreement.parties[code]
    if not party.in_force(agreement.day(at)):
        return
    if duty.kind == "notify":
        if code == receiver or case.consent == "refused":
            return
        if case.official_involved == "yes" and party.kind in POLICE_SIDE:
            return
    yield RouteObligation(duty.kind, duty.party, clause.number, duty.within, duty.before, duty.grant)


def _shorter(first: RouteObligation, second: RouteObligation) -> RouteObligation:
    """The shorter time of two duties of one kind and party; what either grants is granted."""
    grant = tuple(each for each in Compartment if each in first.grant or each in second.grant)
    if first.within is not None and (second.within is None or first.within <= second.within):
        kept = first
    else:
        kept = second if second.within is not None else first
    return RouteObligation(kept.kind, kept.party, kept.clause, kept.within, kept.before or first.before, grant)


def belongs_elsewhere(case: OwnCase, agreement: Agreement, *, party: str) -> Clause | None:
    """The clause under which another party must accommodate this person, if there is one; the shelter refers then."""
    facts = routing_facts(case, agreement).values()
    for clause in agreement.clauses:
        named = {target.party for target in clause.refer_to}
        if clause.must and clause.when.holds(facts) and party not in named:
            return clause
    return None


def sealed(case: OwnCase, identity: Mapping[str, Any], story: str, note: str) -> dict[str, dict[str, Any]]:
    """Compartment -> answers sealed in it, under the names of the standardized questionnaire's questions.

    The hand-over is always there. Identity and story are there unless an adult did not agree.
    """
    hand_over: dict[str, Any] = {"needs": sorted(case.needs)} if case.needs else {}
    if note:
        hand_over["needs_note"] = note
    answers = {"hand_over": hand_over}
    if case.consent != "refused":
        told: dict[str, Any] = {"story": story} if story else {}
        if case.age is not None:
            told["age_stated"] = case.age
        answers |= {"identity": {name: value for name, value in identity.items() if value}, "story": told}
    return answers
