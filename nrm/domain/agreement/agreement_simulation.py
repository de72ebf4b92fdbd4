"""What a draft of the agreement would have done with the cases of a period, against what happened (ADR 0014).

It works on the closed codes that are not sealed. What only the sealed file knows is taken, as far as it is needed, from
the clauses that applied then (`as_routed`). Nothing here is published; `tables` says how it may be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from heapq import heappop, heappush
from typing import Any

from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.fact_diagrams import Profiles
from nrm.domain.agreement.routes import Fallback, Route
from nrm.domain.agreement.routing import Capacity, route
from nrm.domain.agreement.routing_diagrams import everyone_signed, neutral
from nrm.domain.agreement.routing_facts import RoutingFacts
from nrm.domain.conditions import Condition
from nrm.domain.shelter.cases import UNKNOWN

NOBODY, DUTY_OFFICER, BEFORE, ELSEWHERE = "nobody", "duty_officer", "there_before", "elsewhere"
TOGETHER = "others_together"
FEWEST, FEWEST_TOGETHER = 25, 10
"""So many people, as printed, must go one way under a draft for that way to be told apart from the others: a draft can
be written that sends one person, whom its writer describes, where nobody else goes. And so many must be in the ways
that are not told apart: 10 stands for five people at least."""
NOON = time(12)
WEEK = timedelta(days=7)
MOST_NIGHTS, WEEKS_OF_QUARTER = 14, 13
YES_NO = ("yes", "no")


@dataclass(frozen=True, slots=True)
class PastStay:
    """Days in one shelter; the day of exit is not a night."""

    party: str
    admitted_on: date
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class PastStep:
    """A step that the agreement asked for. `due_at` None: before another step. Of when it was done only the quarter is
    kept."""

    kind: str
    party: str
    clause: str
    due_at: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class PastCase:
    """One case as the columns in clear tell it; `known` are the routing facts among them.

    `clauses` sent it then, under `agreement`, with `candidates`. `expired`: parties that did not answer in time.
    """

    person: str
    registered_on: date
    known: Mapping[str, str]
    agreement: str
    clauses: frozenset[str]
    candidates: tuple[str, ...]
    sent_at: datetime | None
    stays: tuple[PastStay, ...]
    steps: tuple[PastStep, ...]
    expired: frozenset[str] = frozenset()

    @property
    def on(self) -> date:
        """The day that counts: of the first admission, else the first of the month of registration."""
        return self.stays[0].admitted_on if self.stays else self.registered_on

    def place_on(self, day: date) -> str | None:
        """Where the person spent the night of the day."""
        for stay in self.stays:
            if stay.admitted_on <= day and (stay.ended_on is None or day < stay.ended_on):
                return stay.party
        return None


@dataclass(frozen=True, slots=True)
class Placed:
    """One case under the draft."""

    case: PastCase
    happened: str
    simulated: str
    late_happened: bool
    late_simulated: bool


def as_routed(case: PastCase, agreement: Agreement) -> RoutingFacts:
    """Facts that agree with the codes in clear and under which the clauses that sent the person then apply.

    What neither says is `unknown`, no or none.
    """
    unsaid = {"wish_region": "none", "age_class": "unsure", "consent": "given", "entry_point": "other"}
    start = {name: UNKNOWN if UNKNOWN in agreement.facts[name] else value for name, value in neutral(agreement).items()}
    start |= {name: code for name, code in unsaid.items() if code in agreement.facts[name]}
    known = {name: code for name, code in case.known.items() if code in agreement.facts[name]}
    told = [clause.when for clause in agreement.clauses if clause.number in case.clauses and clause.when.names()]
    told += [
        party.competence
        for code, party in agreement.parties.items()
        if code in case.candidates and party.competence is not None
    ]
    told += [Condition("eq", name, code) for name, code in known.items()]
    profiles = Profiles(told, agreement.facts)
    profile = profiles.satisfied(profiles.all_of(map(profiles.where, told)), {**start, **known})
    return RoutingFacts(**(profile or {**start, **known}))


def simulate(
    draft: Agreement,
    past: Iterable[PastCase],
    agreements: Mapping[str, Agreement],
    places: Mapping[str, int],
    first: date,
    last: date,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Placed]:
    """Place the cases again, in their order, as if every party had signed the draft.

    `places`: party -> places of the shelter; a party that is not in it is asked and has room. People who were in a
    shelter before `first` stay there. Stays keep their length. `agreements`: version -> the text under which people
    were sent.
    """
    signed = everyone_signed(draft, on=date.min)
    usual = list(agreements.values())[-1]
    places_taken = _Places(places)
    over_at = datetime.combine(last + timedelta(days=1), time.min, draft.timezone)
    placed: list[Placed] = []
    read: dict[Hashable, RoutingFacts] = {}
    for number, case in enumerate(sorted(past, key=lambda case: (case.on, case.person)), start=1):
        if number % 1000 == 0:
            progress(f"{number} cases placed")
        if case.on < first and case.stays:
            places_taken.take(case.stays[0].party, case)
            placed.append(Placed(case, BEFORE, BEFORE, False, False))
            continue
        alike = (case.agreement, frozenset(case.known.items()), case.clauses, case.candidates)
        if alike not in read:
            read[alike] = _facts_under(signed, as_routed(case, agreements.get(case.agreement, usual)))
        facts = read[alike]
        answer = route(facts, signed, datetime.combine(case.on, NOON), places_taken.capacity(case.on))
        party = _receiver(answer)
        places_taken.take(party, case)
        happened = case.stays[0].party if case.stays else NOBODY
        late, would_be = _was_late(case, over_at), _would_be_late(case, answer, party, over_at)
        placed.append(Placed(case, happened, party, late, would_be))
    return placed


def _facts_under(draft: Agreement, facts: RoutingFacts) -> RoutingFacts:
    """The facts in the codes of the draft; one that it does not know is its most open code."""
    profile = neutral(draft)
    for name, value in facts.values().items():
        if isinstance(value, frozenset):
            profile[name] = frozenset(code for code in value if code in draft.facts[name])
        elif isinstance(value, bool) or value in draft.facts[name]:
            profile[name] = value
    return RoutingFacts(**profile)


def _receiver(answer: Route) -> str:
    if answer.candidates:
        return answer.candidates[0].party
    return NOBODY if answer.fallback is Fallback.ENDED else DUTY_OFFICER


class _Places:
    """Who sleeps where as the cases come one after the other."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self.places = places
        self.leaving: dict[str, list[date]] = {party: [] for party in places}

    def capacity(self, day: date) -> dict[str, Capacity]:
        for ends in self.leaving.values():
            while ends and ends[0] <= day:
                heappop(ends)
        return {
            party: Capacity.FREE if len(self.leaving[party]) < places else Capacity.NONE_FREE
            for party, places in self.places.items()
        }

    def take(self, party: str, case: PastCase) -> None:
        if party in self.leaving and case.stays:
            heappush(self.leaving[party], case.stays[-1].ended_on or date.max)


def _was_late(case: PastCase, over_at: datetime) -> bool:
    """Whether somebody did not answer in time, or a step was or still is done after its time."""
    late = any(step.due_at is not None and _is_late(step.due_at, step.done_at, over_at) for step in case.steps)
    return late or bool(case.expired)


def _would_be_late(case: PastCase, answer: Route, party: str, over_at: datetime) -> bool:
    """Whether the steps, done as fast as they were, would be late by the times of the draft."""
    if party in case.expired:
        return True
    if case.sent_at is None:
        return False
    within = {(each.kind, each.party): each.within for each in answer.obligations if each.within is not None}
    return any(
        _is_late(case.sent_at + within[step.kind, step.party], step.done_at, over_at)
        for step in case.steps
        if (step.kind, step.party) in within
    )


def _is_late(due_at: datetime, done_at: datetime | None, over_at: datetime) -> bool:
    if done_at is None:
        return due_at < over_at
    return done_at > due_at


# How it may be published: one person is one record, and every week is one dimension.


def weeks(first: date, last: date) -> list[date]:
    """The Wednesdays of the weeks in the period: people who sleep there that night are counted."""
    day = first + timedelta(days=(2 - first.weekday()) % 7)
    found = []
    while day <= last:
        found.append(day)
        day += WEEK
    return found


def windows(first: date, last: date) -> list[list[date]]:
    """Which nights are told of, the finest first: a night in each week or in some, `MOST_NIGHTS` at most; one in each
    quarter; none. Few people can be told of in few nights alone: thirteen nights of one person are thirteen draws."""
    every = weeks(first, last)
    stride = max(1, -(-len(every) // MOST_NIGHTS))
    return [every[::stride], every[WEEKS_OF_QUARTER // 2 :: WEEKS_OF_QUARTER], []]


def week_name(wednesday: date, what: str) -> str:
    """`2006-W03_happened`."""
    year, week, _ = wednesday.isocalendar()
    return f"{year}-W{week:02}_{what}"


def counted_together(printed: Mapping[str, int]) -> frozenset[str]:
    """The ways under the draft that are not told apart: those of few people, and the smallest of the others if these
    are very few together. `printed`: the figure of each way."""
    ways = sorted((figure, way) for way, figure in printed.items() if way != BEFORE)
    found, people = set[str](), 0
    for figure, way in ways:
        if figure >= FEWEST and (not found or people >= FEWEST_TOGETHER):
            break
        found.add(way)
        people += figure
    return frozenset(found)


def tables(parties: Sequence[str], nights: Sequence[date], together: Collection[str] = frozenset()) -> dict[str, Any]:
    """The description of the tables, as the rounder reads it (TABLES.toml). `together`: see `counted_together`."""
    ways = [*parties, DUTY_OFFICER, NOBODY]
    happened = (*parties, NOBODY, BEFORE)
    simulated = (*(way for way in ways if way not in together), *([TOGETHER] if together else []), BEFORE)
    apart = [party for party in parties if party not in together]
    dimensions: dict[str, Any] = {
        "happened": {"column": "happened", "codes": list(happened)},
        "simulated": {"column": "simulated", "codes": list(simulated)},
        "late_happened": {"column": "late_happened", "codes": list(YES_NO)},
        "late_simulated": {"column": "late_simulated", "codes": list(YES_NO)},
    }
    for night in nights:
        for what, told in (("happened", parties), ("simulated", apart)):
            if told:
                name = week_name(night, what)
                dimensions[name] = {"column": name, "codes": [*told, ELSEWHERE]}
    crossed: list[dict[str, Any]] = [{"by": ["happened", "simulated"]}]
    return {
        "base": 5,
        "dimension": dimensions,
        "table": [*crossed, *({"by": [name]} for name in dimensions if name not in ("happened", "simulated"))],
    }


def happened_names(nights: Sequence[date]) -> list[str]:
    """The dimensions that say what happened: they are the same for every draft over the same quarters."""
    return ["happened", "late_happened", *night_names(nights)]


def night_names(nights: Sequence[date]) -> list[str]:
    """The dimensions that say where people really were on a night: they are the same for every draft over any quarters
    with that night, but for who was `ELSEWHERE`."""
    return [week_name(night, "happened") for night in nights]


def rows(
    placed: Iterable[Placed],
    parties: Sequence[str],
    nights: Sequence[date],
    together: Collection[str] = frozenset(),
) -> list[dict[str, str]]:
    """One record per person, by the dimensions of `tables`."""
    found = []
    apart = [party for party in parties if party not in together]
    for each in placed:
        row = {
            "person": each.case.person,
            "happened": each.happened,
            "simulated": TOGETHER if each.simulated in together else each.simulated,
            "late_happened": YES_NO[not each.late_happened],
            "late_simulated": YES_NO[not each.late_simulated],
        }
        for night in nights:
            place = each.case.place_on(night)
            row[week_name(night, "happened")] = place if place is not None and place in parties else ELSEWHERE
            would = each.simulated if place is not None and each.simulated != BEFORE else place
            row[week_name(night, "simulated")] = would if would is not None and would in apart else ELSEWHERE
        found.append(row)
    return found
