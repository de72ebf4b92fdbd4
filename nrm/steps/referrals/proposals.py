"""The route the agreement proposes for an interview now, and whom the officer can pick; it writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.routes import EXCLUSIONS, Candidate, Exclusion, Route
from nrm.domain.agreement.routing import Capacity
from nrm.domain.agreement.routing import route as route_under
from nrm.domain.agreement.routing_facts import parse_facts
from nrm.domain.documents import Words
from nrm.domain.interviews.facts import consent_of, routing_facts
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.domain.interviews.screenings import REFUSED
from nrm.domain.languages import ByLanguage
from nrm.domain.referrals.referrals import OverrideReason, ReferralRefusal, ReferralRefused, Relation, check_new
from nrm.models.accounts.accounts import Organisation
from nrm.store import names, training
from nrm.store.countries import country
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.agreement import agreements as agreement_rows
from nrm.vault import keyrings
from nrm.vault.keylog import log

# Against the route a sender may ask a party that is full or was not foreseen; never one that the person struck out,
# that a clause forbids, or that has not signed, and one that lies where they are not safe only if nobody else is left.
OVERRIDABLE = frozenset({Exclusion.NO_ROOM, Exclusion.NOT_COMPETENT})


UNCONNECTED: Words = ByLanguage("Is not connected to the system yet; telephone.")


ONE_HOLDER: Words = ByLanguage(
    "One person alone holds its key: it can be asked and can promise a place by telephone, but accepts "
    "in the system once two people hold it. Telephone."
)


DISAGREES: Words = ByLanguage(
    "Cannot be asked now: its key is not the one that is known here, or somebody left who held it. Telephone."
)


SUSPENDED: Words = ByLanguage(
    "Takes no part now: two duty officers suspended it for 72 hours. Telephone the duty desk."
)


UNSAFE: Words = ByLanguage(
    "It lies where the person does not feel safe, and nobody else can be asked. Call the duty officer first; ask it "
    "only if the person says yes to this very place."
)


ITSELF: Words = ByLanguage("Is your own organisation.")


@dataclass(frozen=True, slots=True)
class Choice:
    """A party that can be asked: its organisation, room as senders see it, and whether its desk is open now.

    `proposed` parties follow the route (in the urgent way the first alone); the others need a coded reason. `caution`:
    what to know before asking, else None.
    """

    party: str
    organisation: Organisation
    room: Capacity
    proposed: bool
    must: bool
    clause: str
    reason: Words
    desk_open: bool
    caution: Words | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """The route of one interview now. `unreachable` says why a party that signed is still not asked.

    `instead`: who would be on the route if the person had not struck out those who must or may receive them, or, where
    nobody at all is left, had named no region in which they are not safe. They can be asked with a reason; without them
    one strike, or one tick in a country whose shelters lie in one town, would leave nobody.
    """

    route: Route
    choices: tuple[Choice, ...]
    unreachable: Mapping[str, Words]
    agreement: Agreement
    instead: tuple[Candidate, ...] = ()

    def reason_of(self, party: str, reason: Exclusion) -> Words:
        """Why a party is not asked, in words; empty where the reason would reveal too much."""
        if reason is Exclusion.WITHHELD:
            return EXCLUSIONS[reason]
        return self.unreachable.get(party, EXCLUSIONS[reason])

    @property
    def against(self) -> str:
        """The clause that a choice outside the route goes against; empty when no clause names anybody."""
        first = next(iter((*self.route.candidates, *self.instead)), None)
        return first.clause if first is not None else ""

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


def proposal(
    questionnaire: Questionnaire,
    answers: Answers,
    *,
    by: Actor,
    before_consent: bool = False,
    consent: str | None = None,
) -> Proposal:
    """The route for answers that were already opened; `consent` as of `routing_facts`. `before_consent`: as if an adult
    agreed, also after a no that is about to be put right."""
    now = clock.now()
    if before_consent and consent is None and consent_of(questionnaire, answers) == REFUSED:
        consent = "given"
    agreement = country().in_force(now)
    entry_point, region = country().entry(agreement, by.crossing_point)
    data = routing_facts(
        questionnaire,
        answers,
        entry_point=entry_point,
        region_of_entry=region,
        assume_consent=before_consent,
        consent=consent,
    )
    # A party that the person struck out stays so, even if it has left the agreement since.
    data["refused_parties"] = [party for party in data["refused_parties"] if party in agreement.parties]
    facts = parse_facts(data, agreement)
    desks = agreement_rows.desks()
    rooms = names.capacity()
    barred = _barred(agreement, desks, by)
    rooms |= {code: room for code, (room, _) in barred.items()}
    unreachable = {code: why for code, (_, why) in barred.items()}
    reachable = {party: desk for party, desk in desks.items() if party not in unreachable}
    route = route_under(facts, agreement, now, rooms)
    instead: tuple[Candidate, ...] = ()
    if facts.refused_parties and not route.candidates and not route.reserve:
        unstruck = route_under(replace(facts, refused_parties=frozenset()), agreement, now, rooms)
        standing = (*unstruck.candidates, *unstruck.reserve)
        instead = tuple(each for each in standing if each.party not in facts.refused_parties)
    if others := training.others_houses(by):
        route = replace(route, excluded=tuple(each for each in route.excluded if each.party not in others))
    choices = _choices(route, instead, agreement, now, reachable, rooms, unreachable)
    if facts.urgent:
        choices = _first_alone(choices)
    if not choices and facts.avoid_regions:
        anywhere = route_under(replace(facts, avoid_regions=frozenset()), agreement, now, rooms)
        instead = (*anywhere.candidates, *anywhere.reserve)
        offered = _choices(route, instead, agreement, now, reachable, rooms, unreachable)
        choices = tuple(replace(each, caution=UNSAFE) for each in offered)
    return Proposal(route, choices, unreachable | _stood_in_for(by), agreement, instead)


def _stood_in_for(by: Actor) -> dict[str, Words]:
    """At the post of a trainee: why the state shelter is not asked, which in earnest nothing forbids (ADR 0189)."""
    found = training.stood_in_for(by)
    if found is None:
        return {}
    party, own = found
    return {party: ByLanguage("In this training %(shelter)s stands in its place.", shelter=own.names)}


def _barred(agreement: Agreement, desks: Mapping[str, Organisation], by: Actor) -> dict[str, tuple[Capacity, Words]]:
    """Party -> why it is not asked although it signed: for the route, and in words."""
    disagree = keyrings.not_known(db.session(), {desk.id for desk in desks.values()})
    out = log.parties_out(db.session)
    barred = {}
    for code, party in agreement.parties.items():
        if party.competence is None:
            continue
        if code not in desks:
            barred[code] = Capacity.NO_KEY, UNCONNECTED
        elif desks[code].id == by.organisation_id:
            barred[code] = Capacity.NONE_FREE, ITSELF
        elif desks[code].id in disagree:
            barred[code] = Capacity.NOT_VOUCHED, SUSPENDED if desks[code].id in out else DISAGREES
    return barred


def _choices(
    route: Route,
    instead: tuple[Candidate, ...],
    agreement: Agreement,
    now: datetime,
    desks: Mapping[str, Organisation],
    rooms: Mapping[str, Capacity],
    unreachable: Mapping[str, Words],
) -> tuple[Choice, ...]:
    """Whom the officer can pick: first the route's parties in its order, then those that need a reason."""
    first = next(iter((*route.candidates, *instead)), None)
    against = first.clause if first is not None else ""
    one_holder = member_rows.parties_short_of_holders()
    listed = [(each.party, True, each.must, each.clause, each.reason) for each in route.candidates]
    listed += [(each.party, False, False, each.clause, each.reason) for each in (*route.reserve, *instead)]
    listed += [
        (each.party, False, False, against, unreachable.get(each.party, EXCLUSIONS[each.reason]))
        for each in route.excluded
        if each.reason in OVERRIDABLE and each.party not in {other.party for other in instead}
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
            ONE_HOLDER if party in one_holder else None,
        )
        for party, proposed, must, clause, reason in listed
        if party in desks
    )


def _first_alone(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """The urgent way asks the first party of the route; every other one with a reason (ADR 0244). Nobody read out to
    the person who there is, and nothing else would say why one officer's hand-overs go to one house."""
    first = next((each.party for each in choices if each.proposed), None)
    return tuple(each if each.party == first else replace(each, proposed=False, must=False) for each in choices)


def chosen(proposed: Proposal, party: str, override_reason: str) -> Choice:
    """The choice for `party`; raises ReferralRefused."""
    choice = next((each for each in proposed.choices if each.party == party), None)
    if choice is None:
        struck = any(each.party == party and each.reason is Exclusion.STRUCK_OUT for each in proposed.route.excluded)
        raise ReferralRefused(ReferralRefusal.STRUCK_OUT if struck else ReferralRefusal.NO_SHELTER)
    reason = OverrideReason(override_reason) if override_reason in list(OverrideReason) else None
    check_new((), Relation.SENDER, follows_route=choice.proposed, override=reason)
    return choice
