"""The route that the agreement proposes for an interview, and the parties the officer can pick. Writes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nrm import clock
from nrm.actions import drafts
from nrm.db import db
from nrm.domain.accounts import Actor, Permission
from nrm.domain.agreements import Agreement
from nrm.domain.cases import UNKNOWN
from nrm.domain.documents import Words
from nrm.domain.facts import routing_facts
from nrm.domain.interviews import Answers, Questionnaire
from nrm.domain.referrals import OverrideReason, ReferralRefusal, ReferralRefused, Relation, check_new
from nrm.domain.routes import EXCLUSIONS, Exclusion, Route
from nrm.domain.routing import Capacity
from nrm.domain.routing import route as route_under
from nrm.domain.routing_facts import parse_facts
from nrm.models.accounts import Organisation
from nrm.store import agreements as desks_store
from nrm.store import interviews as store
from nrm.store import members as members_store
from nrm.store.countries import country
from nrm.vault import keyrings

# Against the route a sender may ask a party that is full or was not foreseen; never one that the person struck out,
# that lies where they are not safe, that a clause forbids, or that has not signed.
OVERRIDABLE = frozenset({Exclusion.NO_ROOM, Exclusion.NOT_COMPETENT})
UNCONNECTED: Words = {
    "sq": "Nuk është ende e lidhur me sistemin; telefononi.",
    "en": "Is not connected to the system yet; telephone.",
}
UNREADY: Words = {
    "sq": "Ende nuk mund të pranojë: më pak se dy veta e kanë çelësin e saj. Telefononi.",
    "en": "Cannot accept yet: fewer than two people hold its key. Telephone.",
}
DISAGREES: Words = {
    "sq": "Tani nuk mund të pyetet: çelësi i saj nuk është ai që njihet këtu. Telefononi.",
    "en": "Cannot be asked now: its key is not the one that is known here. Telephone.",
}
ITSELF: Words = {"sq": "Është organizata juaj.", "en": "Is your own organisation."}


@dataclass(frozen=True, slots=True)
class Choice:
    """A party that can be asked: its organisation, room as senders see it, and whether its desk is open now.

    `proposed` parties follow the route; the others need a coded reason.
    """

    party: str
    organisation: Organisation
    room: Capacity
    proposed: bool
    must: bool
    clause: str
    reason: Words
    desk_open: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """The route of one interview now. `unreachable` says why a party that signed is still not asked."""

    route: Route
    choices: tuple[Choice, ...]
    unreachable: Mapping[str, Words]
    agreement: Agreement

    def reason_of(self, party: str, reason: Exclusion) -> Words:
        """Why a party is not asked, in words; empty where the reason would reveal too much."""
        if reason is Exclusion.WITHHELD:
            return EXCLUSIONS[reason]
        return self.unreachable.get(party, EXCLUSIONS[reason])

    @property
    def against(self) -> str:
        """The clause that a choice outside the route goes against; empty when no clause names anybody."""
        return self.route.candidates[0].clause if self.route.candidates else ""

    @property
    def proposed(self) -> tuple[Choice, ...]:
        """The parties that follow the route."""
        return tuple(choice for choice in self.choices if choice.proposed)

    @property
    def named(self) -> tuple[Choice, ...]:
        """The parties that the person is asked about: those of the route, and those asked when all of these decline."""
        standing = {each.party for each in (*self.route.candidates, *self.route.reserve)}
        return tuple(choice for choice in self.choices if choice.party in standing)

    def in_order(self, choice: Choice) -> tuple[Choice, ...]:
        """The parties to which this case can be offered: the one that is asked first, then the route as computed."""
        standing = {each.party for each in (*self.route.candidates, *self.route.reserve)}
        others = [each for each in self.choices if each.party in standing and each.party != choice.party]
        return (choice, *others)


def propose(*, interview_id: uuid.UUID, by: Actor, before_consent: bool = False) -> Proposal:
    """The route for a draft as it is now; writes nothing.

    `before_consent`: as if an adult agreed, for the page that asks. Raises NotVisible, OpeningEnded, NoLongerDraft,
    countries.NoAgreement.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    draft = drafts.opened(db.session(), store.interview(interview_id, by=by), by=by)
    return proposal(draft.questionnaire, draft.answers, by=by, before_consent=before_consent)


def proposal(
    questionnaire: Questionnaire,
    answers: Answers,
    *,
    by: Actor,
    before_consent: bool = False,
    consent: str | None = None,
) -> Proposal:
    """The route for answers that were already opened; `consent` as of `routing_facts`."""
    now = clock.now()
    place = country().crossing_points.get(by.crossing_point)
    agreement = country().in_force(now)
    data = routing_facts(
        questionnaire,
        answers,
        entry_point=by.crossing_point or UNKNOWN,
        region_of_entry=(place.region if place else None) or UNKNOWN,
        assume_consent=before_consent,
        consent=consent,
    )
    # A party that the person struck out stays so, even if it has left the agreement since.
    data["refused_parties"] = [party for party in data["refused_parties"] if party in agreement.parties]
    facts = parse_facts(data, agreement)
    desks = desks_store.desks()
    rooms = desks_store.capacity()
    unreachable = {
        code: ITSELF if code in desks and desks[code].id == by.organisation_id else UNCONNECTED
        for code, party in agreement.parties.items()
        if party.competence is not None and (code not in desks or desks[code].id == by.organisation_id)
    }
    disagree = keyrings.not_known(db.session(), {desk.id for desk in desks.values()})
    unreachable |= {
        code: DISAGREES
        for code, party in agreement.parties.items()
        if party.competence is not None and code in desks and desks[code].id in disagree
    }
    rooms |= dict.fromkeys(unreachable, Capacity.NONE_FREE)
    reachable = {party: desk for party, desk in desks.items() if party not in unreachable}
    # These are asked only against the route and with a reason, after a telephone call.
    unreachable |= dict.fromkeys(members_store.parties_short_of_holders() & reachable.keys(), UNREADY)
    route = route_under(facts, agreement, now, rooms)
    return Proposal(route, _choices(route, agreement, now, reachable, rooms, unreachable), unreachable, agreement)


def _choices(
    route: Route,
    agreement: Agreement,
    now: datetime,
    desks: Mapping[str, Organisation],
    rooms: Mapping[str, Capacity],
    unreachable: Mapping[str, Words],
) -> tuple[Choice, ...]:
    """Whom the officer can pick: first the route's parties in its order, then those that need a reason."""
    against = route.candidates[0].clause if route.candidates else ""
    listed = [(each.party, True, each.must, each.clause, each.reason) for each in route.candidates]
    listed += [(each.party, False, False, each.clause, each.reason) for each in route.reserve]
    listed += [
        (each.party, False, False, against, unreachable.get(each.party, EXCLUSIONS[each.reason]))
        for each in route.excluded
        if each.reason in OVERRIDABLE
    ]
    return tuple(
        Choice(
            party,
            desks[party],
            rooms.get(party, Capacity.ASK),
            proposed,
            must,
            clause,
            reason,
            agreement.parties[party].desk.is_open(agreement.local(now)),
        )
        for party, proposed, must, clause, reason in listed
        if party in desks
    )


def chosen(proposed: Proposal, party: str, override_reason: str) -> Choice:
    """The choice for `party`; raises ReferralRefused."""
    choice = next((each for each in proposed.choices if each.party == party), None)
    if choice is None:
        struck = any(each.party == party and each.reason is Exclusion.STRUCK_OUT for each in proposed.route.excluded)
        raise ReferralRefused(ReferralRefusal.STRUCK_OUT if struck else ReferralRefusal.NO_SHELTER)
    reason = OverrideReason(override_reason) if override_reason in list(OverrideReason) else None
    check_new((), Relation.SENDER, follows_route=choice.proposed, override=reason)
    return choice
