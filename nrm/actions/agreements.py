"""What a draft of the agreement would have done with the cases of past quarters; published like any statistic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from nrm import clock
from nrm.domain import simulation as rules
from nrm.domain.accounts import Actor
from nrm.domain.agreements import Agreement
from nrm.domain.quarters import Quarter, UnreadableQuarter
from nrm.statistics import description as statistics
from nrm.store import simulation as store
from nrm.store.countries import country
from nrm.vault import signing

MOST_QUARTERS = 4


class NoWholeQuarter(Exception):
    """The period holds no quarter that is over, or more than can be protected together."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """The protected tables (`{"name", "dimensions", "rows"}`) of the days `first` to `last`, and how fine they are."""

    first: date
    last: date
    step: str
    tables: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Withheld:
    """No tables could be made that survive the attack."""


def whole_quarters(first: date, last: date, today: date) -> tuple[date, date]:
    """The quarters that the days touch and that are over; raises NoWholeQuarter.

    Only whole quarters: two periods that differ by a week would tell who came in that week.
    """
    try:
        start, end = Quarter.of(first), min(Quarter.of(last), Quarter.of(today).previous)
    except UnreadableQuarter:
        raise NoWholeQuarter("a year has four digits and lies before 3000") from None
    if end < start:
        raise NoWholeQuarter("no quarter of this period is over")
    if 4 * (end.year - start.year) + end.number - start.number >= MOST_QUARTERS:
        raise NoWholeQuarter(f"at most {MOST_QUARTERS} quarters can be simulated together")
    return start.start, end.end


def simulate(
    draft: Agreement, first: date, last: date, *, by: Actor, progress: Callable[[str], None] = lambda _: None
) -> Simulated | Withheld:
    """Route the cases of the period under the draft. Raises NotPermitted (a person), NoWholeQuarter."""
    # The solvers take long to import and much memory.
    from nrm.statistics import release

    first, last = whole_quarters(first, last, clock.now().astimezone(country().timezone).date())
    progress("reading the cases")
    past = store.past(first, last, country(), by=by)
    beds = store.beds(by=by)
    texts = {each.version: each for each in country().agreements}
    placed = rules.simulate(draft, past, texts, beds, first, last, progress)
    receiving = [code for code, party in draft.parties.items() if party.competence is not None]
    parties = list(dict.fromkeys([*receiving, *beds, *(stay.party for case in past for stay in case.stays)]))
    nights = rules.weeks(first, last)
    made = release.make(
        statistics.parse(rules.tables(parties, nights)),
        rules.rows(placed, parties, nights),
        seed=signing.repeatable_seed("simulation", repr(draft), first.isoformat(), last.isoformat()),
        contributor_key=signing.contributor_key(),
        progress=progress,
    )
    if isinstance(made, release.Refused):
        return Withheld()
    return Simulated(first, last, made.step, made.tables)
