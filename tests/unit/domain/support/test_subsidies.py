"""What follows from nights and a contract: its part of a quarter, the price of a night, and no more than it says."""

from __future__ import annotations

import json
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some

from nrm.domain.quarters import Quarter
from nrm.domain.support.subsidies import (
    NightTerms,
    Share,
    amount,
    covered,
    file_of,
    is_statement,
    overlap,
    said,
    shares,
    statement,
)

Q = Quarter(2026, 2)  # 91 days
WHOLE = NightTerms("1", 910, 91_000, date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("first", "last", "share"),
    [
        (date(2026, 1, 1), date(2026, 12, 31), (910, 91_000)),
        (date(2026, 4, 1), date(2026, 6, 30), (910, 91_000)),
        (date(2026, 6, 30), date(2026, 6, 30), (10, 1_000)),
        (date(2025, 1, 1), date(2026, 4, 30), (300, 30_000)),
        (date(2026, 7, 1), date(2026, 9, 30), None),
        (date(2026, 1, 1), date(2026, 3, 31), None),
    ],
)
def test_a_contract_says_of_a_quarter_what_its_days_there_are_worth(
    first: date, last: date, share: tuple[int, int] | None
) -> None:
    found = shares([NightTerms("1", 910, 91_000, first, last)], Q)
    assert [(each.nights, each.amount) for each in found] == ([share] if share else [])


def test_one_that_follows_another_within_a_quarter_gives_the_rest_of_it() -> None:
    first = NightTerms("2/2026", 910, 91_000, date(2026, 1, 1), date(2026, 5, 15))
    second = NightTerms("1/2026", 910, 182_000, date(2026, 5, 16), date(2027, 5, 15))
    assert shares([first, second], Q) == (Share("1/2026", 460, 92_000), Share("2/2026", 450, 45_000))
    assert not overlap(first, second)
    assert overlap(WHOLE, second)


@given(some.integers(-500, 2_000), some.integers(1, 1_000), some.integers(1, 10**9))
def test_what_is_paid_is_the_price_of_each_night_counted_one_by_one(nights: int, most: int, price: int) -> None:
    price_of_one = Fraction(price, most)
    naive = sum((price_of_one for _ in range(min(nights, most))), Fraction(0)) if nights > 0 else nights * price_of_one
    paid = amount(nights, [Share("1", most, price)])
    assert paid is not None
    assert abs(paid - naive) <= Fraction(1, 2)
    assert paid <= price


def test_without_a_contract_that_pays_for_nights_there_is_no_amount() -> None:
    assert amount(90, ()) is None
    assert shares([NightTerms("1", 1, 100, date(2026, 6, 30), date(2026, 7, 30))], Q) == ()  # less than half a night


def test_a_file_says_what_was_signed_and_which_contract_it_follows() -> None:
    agreed = shares([WHOLE], Q)
    value = statement("VATRA", Q, "nights", 880, agreed)
    again = json.loads(file_of({**value, "signatures": []}))
    assert is_statement(again)
    assert said(again) == value
    assert (value["to_pay"], value["contracts"]) == (88_000, [{"number": "1", "nights": 910, "amount": 91_000}])
    assert not is_statement([value])
    assert statement("VATRA", Q, "nights", 880 + timedelta(days=1).days, agreed) != value


def test_the_days_that_are_paid_for_are_those_of_the_contracts_or_all_of_them() -> None:
    assert covered([], Q) == ((Q.start, Q.end),)
    assert covered([NightTerms("1", 910, 1, date(2026, 7, 1), date(2026, 9, 30))], Q) == ((Q.start, Q.end),)
    first = NightTerms("2", 910, 91_000, date(2026, 1, 1), date(2026, 5, 15))
    second = NightTerms("1", 910, 182_000, date(2026, 5, 20), date(2027, 5, 15))
    assert covered([second, first], Q) == ((Q.start, date(2026, 5, 15)), (date(2026, 5, 20), Q.end))
