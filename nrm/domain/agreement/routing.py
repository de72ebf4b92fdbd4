"""Routing under the agreement: who may or must receive a person, by which clause, and what else is owed.

Pure and deterministic: the same facts, document, instant and capacity give the same route.

What follows a must is decided in ADR 0123.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement.agreements import POLICE_SIDE, RECEIVER, Agreement, Clause, Duty, Party, Target
from nrm.domain.agreement.routes import Candidate, Excluded, Exclusion, Fallback, Route, RouteObligation
from nrm.domain.agreement.routing_facts import RoutingFacts
from nrm.domain.shelter.cases import Compartment


class Capacity(StrEnum):
    """What senders see of a party's places; numbers are for the shelter and the duty desk only."""

    FREE = "free"
    NONE_FREE = "none_free"
    NOT_VOUCHED = "not_vouched"  # nobody vouches for its key, or it is another than the known one
    NO_KEY = "no_key"  # nobody of it holds its key
    NO_PLACES = "no_beds"  # its shelter has not entered any
    ASK = "ask"


_NOT_READY_BECAUSE = {
    Capacity.NOT_VOUCHED: Exclusion.NOT_VOUCHED,
    Capacity.NO_KEY: Exclusion.NO_KEY,
    Capacity.NO_PLACES: Exclusion.NO_PLACES,
}
_NOT_TONIGHT_BECAUSE = {**_NOT_READY_BECAUSE, Capacity.NONE_FREE: Exclusion.NO_ROOM}
NOT_READY = frozenset(_NOT_READY_BECAUSE)
"""A party that takes part and still cannot be asked (the duty desk and the party see what is missing)."""
_NOT_TONIGHT = frozenset(_NOT_TONIGHT_BECAUSE.values())
_UNWANTED = frozenset({Exclusion.STRUCK_OUT, Exclusion.AVOIDED_REGION})


def route(facts: RoutingFacts, agreement: Agreement, at: datetime, capacity: Mapping[str, Capacity]) -> Route:
    """Who receives, in the order of the document's rules.

    `at`: aware, or naive in the country's time. `capacity`: party -> room; a party that is not in it is asked.
    """
    return _Routing(facts, agreement, at, capacity).route()


def not_overridden(applying: Iterable[Clause]) -> list[Clause]:
    """The referring clauses that no applying clause overrides; an overridden one overrides nothing itself."""
    standing: dict[str, bool] = {}
    by_number = {clause.number: clause for clause in applying}

    def stands(number: str) -> bool:
        if number not in standing:
            above = [clause.number for clause in by_number.values() if number in clause.overrides]
            standing[number] = not any(stands(other) for other in above)
        return standing[number]

    return [clause for clause in by_number.values() if clause.refer_to and stands(clause.number)]


class _Routing:
    """One computation; the steps share what they found out."""

    def __init__(
        self, facts: RoutingFacts, agreement: Agreement, at: datetime, capacity: Mapping[str, Capacity]
    ) -> None:
        self.facts, self.agreement, self.capacity = facts, agreement, capacity
        self.local, self.day = agreement.local(at), agreement.day(at)
        self.values = facts.values()
        self.applying = tuple(clause for clause in agreement.of_referral if clause.when.holds(self.values))
        self.refused: dict[str, Excluded] = {}
        self.official = facts.official_involved == "yes"

    def route(self) -> Route:
        ending = next((clause for clause in self.applying if clause.ends), None)
        if ending is not None:
            return self._answer((), (), (ending,), Fallback.ENDED, ended_by=ending.number)
        referring = not_overridden(self.applying)
        musts = [clause for clause in referring if clause.must]
        may = self._usable(self._named([(clause, clause.may) for clause in referring], must=False))
        if not musts:
            named = any(clause.refer_to for clause in referring)
            return self._answer(may, (), self.applying, None if may else self._why_nobody(named))
        sets = [self._named([(clause, clause.refer_to)], must=True) for clause in musts]
        common = [each for each in sets[0] if all(each.party in {other.party for other in s} for s in sets[1:])]
        if not common:
            conflict = Fallback.CONTRADICTION if all(sets) else Fallback.EXCLUDED
            return self._answer((), (), self.applying, conflict)
        bound = self._usable(common)
        if bound:
            taken = {each.party for each in common}
            reserve = tuple(each for each in may if each.party not in taken)
            return self._answer(bound, reserve, self.applying, None)
        lost = {self.refused[each.party].reason for each in common}
        if lost & _NOT_TONIGHT or (lost & _UNWANTED and any(clause.then for clause in musts)):
            told = tuple(
                RouteObligation("tell_duty_officer", party.code, musts[0].number, None)
                for party in self.agreement.parties.values()
                if party.kind is OrganisationKind.RESPONSIBLE_AUTHORITY and party.in_force(self.day)
            )
            return self._answer(may, (), self.applying, None if may else self._why_nobody(True), told)
        return self._answer((), (), self.applying, Fallback.EXCLUDED)

    def _named(self, naming: Iterable[tuple[Clause, Iterable[Target]]], *, must: bool) -> list[Candidate]:
        """The parties the clauses name, in document order, each with the first clause that names it."""
        read: dict[str, Candidate] = {}
        for clause, targets in naming:
            for target in targets:
                for party in self._parties(target):
                    if party.code not in read:
                        is_open = party.desk.is_open(self.local)
                        read[party.code] = Candidate(
                            party.code, clause.number, must, clause.text, is_open, party.on_call
                        )
        return list(read.values())

    def _parties(self, target: Target) -> list[Party]:
        """A kind stands for its parties: in the wished region first, then with free places, then by place."""
        parties = self.agreement.parties
        if target.party is not None:
            bound = target.coalition is None or parties[target.coalition].in_force(self.day)
            return [parties[target.party]] if bound else []
        return sorted(
            (party for party in parties.values() if party.kind is target.kind),
            key=lambda party: (
                self.facts.wish_region not in party.regions,
                self._room(party.code) is not Capacity.FREE,
                party.asked,
            ),
        )

    def _room(self, party: str) -> Capacity:
        return self.capacity.get(party, Capacity.ASK)

    def _usable(self, named: Iterable[Candidate]) -> tuple[Candidate, ...]:
        """Those who can receive; why the others cannot is kept."""
        usable: list[Candidate] = []
        for each in named:
            exclusion = self._exclusion(self.agreement.parties[each.party])
            if exclusion is None:
                usable.append(each)
            else:
                self.refused[each.party] = exclusion
        return tuple(usable)

    def _exclusion(self, party: Party) -> Excluded | None:
        """The first reason that holds: before every clause, forbidden, not competent, not ready, no room."""
        before = self._before_every_clause(party)
        if before is not None:
            return Excluded(party.code, before)
        for clause in self.applying:
            if any(target.party == party.code or target.kind is party.kind for target in clause.forbid):
                return Excluded(party.code, Exclusion.FORBIDDEN, clause.number)
        if party.competence is None or not party.competence.holds(self.values):
            return Excluded(party.code, Exclusion.NOT_COMPETENT)
        if self._room(party.code) in _NOT_TONIGHT_BECAUSE:
            return Excluded(party.code, _NOT_TONIGHT_BECAUSE[self._room(party.code)])
        return None

    def _before_every_clause(self, party: Party) -> Exclusion | None:
        unreachable = self._unreachable(party)
        if unreachable is not None:
            return unreachable
        if self.facts.avoid_regions.intersection(party.regions):
            return Exclusion.AVOIDED_REGION
        if party.code in self.facts.refused_parties:
            return Exclusion.STRUCK_OUT
        return None

    def _unreachable(self, party: Party) -> Exclusion | None:
        """Why a party neither receives nor is told."""
        if not party.has_signed(self.day):
            return Exclusion.NOT_SIGNED
        if not party.in_force(self.day):
            return Exclusion.NOT_IN_FORCE
        if self.official and party.kind in POLICE_SIDE:
            return Exclusion.OFFICIAL_INVOLVED
        return None

    def _why_nobody(self, named: bool) -> Fallback:
        if not named:
            return Fallback.NO_CLAUSE
        full = any(each.reason is Exclusion.NO_ROOM for each in self.refused.values())
        return Fallback.NO_ROOM if full else Fallback.EXCLUDED

    def _answer(
        self,
        candidates: tuple[Candidate, ...],
        reserve: tuple[Candidate, ...],
        clauses: tuple[Clause, ...],
        fallback: Fallback | None,
        told: tuple[RouteObligation, ...] = (),
        ended_by: str | None = None,
    ) -> Route:
        owed: dict[tuple[str, str], RouteObligation] = {(each.kind, each.party): each for each in told}
        for clause in clauses:
            for duty in clause.duties:
                for obligation in self._obligations(clause, duty, candidates):
                    key = (obligation.kind, obligation.party)
                    owed[key] = _shorter(owed[key], obligation) if key in owed else obligation
        excluded = () if fallback is Fallback.ENDED else self._all_excluded(candidates, reserve)
        whoever = () if candidates or fallback is Fallback.ENDED else self._of_whoever(clauses)
        return Route(
            self.agreement.version, candidates, excluded, tuple(owed.values()), fallback, reserve, ended_by, whoever
        )

    def _of_whoever(self, clauses: Iterable[Clause]) -> tuple[RouteObligation, ...]:
        """What the clauses ask of whoever receives the person, where nobody of the route can."""
        owed: dict[str, RouteObligation] = {}
        for clause in clauses:
            for duty in clause.duties:
                if duty.party == RECEIVER:
                    new = RouteObligation(duty.kind, RECEIVER, clause.number, duty.within, duty.before)
                    owed[duty.kind] = _shorter(owed[duty.kind], new) if duty.kind in owed else new
        return tuple(owed.values())

    def _obligations(self, clause: Clause, duty: Duty, candidates: tuple[Candidate, ...]) -> Iterable[RouteObligation]:
        codes = [each.party for each in candidates] if duty.party == RECEIVER else [duty.party]
        for code in codes:
            unreachable = self._unreachable(self.agreement.parties[code])
            # A party on the police side still has its own steps to do; it is only told nothing.
            if unreachable is not None and (unreachable is not Exclusion.OFFICIAL_INVOLVED or duty.kind == "notify"):
                continue
            grant = duty.grant
            if duty.kind == "notify" and code in self.facts.refused_parties:
                # An adult's no is final. The child authority is still told that there is a child, and nothing sealed.
                if self.facts.age_class == "adult":
                    continue
                grant = ()
            yield RouteObligation(duty.kind, code, clause.number, duty.within, duty.before, grant)

    def _all_excluded(self, *asked: tuple[Candidate, ...]) -> tuple[Excluded, ...]:
        """Every party that receives people at all, or was named, and cannot receive this person."""
        taken = {each.party for group in asked for each in group}
        read: list[Excluded] = []
        for party in self.agreement.parties.values():
            if party.code in taken or (party.competence is None and party.code not in self.refused):
                continue
            exclusion = self.refused.get(party.code) or self._exclusion(party)
            if exclusion is not None:
                read.append(Excluded(party.code, Exclusion.WITHHELD) if self.official else exclusion)
        return tuple(read)


def _shorter(first: RouteObligation, second: RouteObligation) -> RouteObligation:
    """The shorter time of two duties of one kind and party; what either grants is granted."""
    grant = tuple(each for each in Compartment if each in first.grant or each in second.grant)
    longer = second.within is None or (first.within is not None and first.within <= second.within)
    kept = first if longer else second
    return RouteObligation(kept.kind, kept.party, kept.clause, kept.within, kept.before or first.before, grant)
