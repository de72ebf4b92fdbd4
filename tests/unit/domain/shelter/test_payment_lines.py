"""Nights that are paid for on the days of a contract: held against a count day by day."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as some

from nrm.domain.quarters import Quarter
from nrm.domain.shelter.payment_lines import ByDay, Nights, each_day, grew, kept, payable
from nrm.domain.support.subsidies import NightTerms, covered, standing

Q = Quarter(2026, 2)
DAYS = some.dates(date(2026, 2, 1), date(2026, 8, 31))
STAYS = some.lists(some.tuples(DAYS, some.integers(0, 120)), max_size=8)


def terms(first: date, length: int) -> list[NightTerms]:
    """Of a contract, and of one that follows it a week later."""
    last = first + timedelta(days=length)
    again = last + timedelta(days=8)
    return [NightTerms("1", 9, 9, first, last), NightTerms("2", 9, 9, again, again + timedelta(days=20))]


def paid_days(contracts: list[NightTerms]) -> set[date]:
    days = {Q.start + timedelta(days=number) for number in range((Q.end - Q.start).days + 1)}
    inside = {day for day in days if any(each.from_on <= day <= each.last_on for each in contracts)}
    return inside or days


@given(STAYS, DAYS, some.integers(0, 90))
def test_nights_and_places_are_those_of_the_days_that_a_contract_pays_for(
    stays: list[tuple[date, int]], first: date, length: int
) -> None:
    there = [(admitted, admitted + timedelta(days=nights)) for admitted, nights in stays]
    days = paid_days(contracts := terms(first, length))
    naive = sum(1 for since, until in there for day in days if since <= day < until)
    assert payable(Nights.of(there), covered(contracts, Q), before=[]) == naive
    assert kept(there, covered(contracts, Q)) == naive
    assert kept([(None, None)], covered(contracts, Q)) == len(days)
    # As it is frozen before anybody knows of a contract.
    for number in (lambda day: Nights.of(there).between(*day), lambda day: kept(there, [day])):
        by_day = ByDay(Q.start, 0, tuple(map(number, each_day(Q))))
        assert ByDay.of(Q, str(by_day)).on(covered(contracts, Q)) == naive


def test_a_fourth_more_places_by_the_day_is_looked_at_and_a_shorter_time_is_not() -> None:
    whole, part = ((Q.start, Q.end),), ((date(2026, 6, 21), Q.end),)
    assert grew((40 * 91, whole), (50 * 91, whole)) is None
    assert grew((40 * 91, whole), (51 * 91, whole)) == (40, 51)
    assert grew((40 * 91, whole), (40 * 10, part)) is None
    assert grew((40 * 10, part), (60 * 91, whole)) == (40, 60)
    assert grew((0, whole), (91, whole)) == (0, 1)


def test_of_two_payments_the_one_that_stands_comes_back() -> None:
    """The amount that was taken off last was put on again, as if that had come back."""
    assert standing([5, 7, -7]) == [5]
    assert standing([5, -5, 5]) == [5]
    assert standing([5, 7, -7, -5]) == []
