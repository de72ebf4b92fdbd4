"""Nights, dates, exits: rules over days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.shelter.stays import (
    DESTINATIONS,
    LATE_ENTRY,
    Destination,
    ExitReason,
    ImpossibleStay,
    Period,
    check_admission,
    check_dates,
    check_exit,
    check_no_overlap,
    earliest_admission,
    length_bucket,
    nights,
)

DAYS = st.dates(date(2004, 1, 1), date(2030, 12, 31))
LENGTHS = st.integers(0, 900)


def is_present(stay: Period, day: date) -> bool:
    """Whether the night that begins on `day` is spent there."""
    return nights(stay, day, day) == 1


@given(DAYS, LENGTHS)
def test_the_nights_of_a_whole_stay_are_the_days_between(admitted: date, length: int) -> None:
    ended = admitted + timedelta(days=length)
    assert nights(Period(admitted, ended), date(2000, 1, 1), date(2040, 1, 1)) == length


@given(DAYS, LENGTHS, DAYS, st.integers(0, 400), st.integers(0, 400))
def test_nights_add_up_over_neighbouring_spans(admitted: date, length: int, first: date, one: int, two: int) -> None:
    stay = Period(admitted, admitted + timedelta(days=length))
    middle = first + timedelta(days=one)
    last = middle + timedelta(days=two + 1)
    whole = nights(stay, first, last)
    assert whole == nights(stay, first, middle) + nights(stay, middle + timedelta(days=1), last)


@given(DAYS, LENGTHS, DAYS)
def test_nights_are_the_days_on_which_somebody_was_present(admitted: date, length: int, first: date) -> None:
    stay = Period(admitted, admitted + timedelta(days=length))
    span = [first + timedelta(days=number) for number in range(40)]
    assert nights(stay, span[0], span[-1]) == sum(is_present(stay, day) for day in span)


@given(DAYS)
def test_a_stay_that_goes_on_never_has_negative_nights(admitted: date) -> None:
    assert nights(Period(admitted), date(2004, 1, 1), admitted - timedelta(days=1)) == 0


def test_the_day_of_leaving_is_not_a_night() -> None:
    assert not is_present(Period(date(2026, 3, 1), date(2026, 3, 4)), date(2026, 3, 4))
    assert is_present(Period(date(2026, 3, 1), date(2026, 3, 4)), date(2026, 3, 3))


@pytest.mark.parametrize(
    ("keywords", "why"),
    [
        ({"admitted_on": date(2026, 3, 11)}, "admission_in_future"),
        ({"admitted_on": date(2026, 3, 1), "anticipated_end_on": date(2026, 2, 28)}, "anticipated_before_admission"),
        ({"admitted_on": date(2026, 3, 1), "anticipated_end_on": date(2096, 2, 28)}, "anticipated_too_late"),
        ({"admitted_on": date(2026, 3, 1), "exited_on": date(2026, 2, 28)}, "exit_before_admission"),
        ({"admitted_on": date(2026, 3, 1), "exited_on": date(2026, 3, 11)}, "exit_in_future"),
    ],
)
def test_dates_that_contradict_each_other_are_refused(keywords: dict[str, date], why: str) -> None:
    with pytest.raises(ImpossibleStay) as refused:
        check_dates(today=date(2026, 3, 10), **keywords)
    assert refused.value.reason == why


def test_leaving_on_the_first_day_is_possible() -> None:
    check_dates(date(2026, 3, 1), today=date(2026, 3, 10), exited_on=date(2026, 3, 1))


@given(DAYS, LENGTHS, DAYS, LENGTHS)
def test_two_stays_overlap_exactly_when_they_share_a_night(one: date, first: int, two: date, second: int) -> None:
    a = Period(one, one + timedelta(days=first))
    b = Period(two, two + timedelta(days=second))
    shared = any(is_present(b, one + timedelta(days=number)) for number in range(first))
    if shared:
        with pytest.raises(ImpossibleStay):
            check_no_overlap(a, [b])
    else:
        check_no_overlap(a, [b])


def test_moving_on_the_same_day_is_no_overlap_but_an_open_stay_is() -> None:
    check_no_overlap(Period(date(2026, 3, 4)), [Period(date(2026, 3, 1), date(2026, 3, 4))])
    with pytest.raises(ImpossibleStay, match="place_taken"):
        check_no_overlap(Period(date(2026, 3, 4)), [Period(date(2026, 3, 1))], "place_taken")


def test_every_reason_has_a_destination_and_died_has_none_to_choose() -> None:
    assert set(DESTINATIONS) == set(ExitReason)
    assert DESTINATIONS[ExitReason.DIED] == {Destination.NONE}
    for reason, fitting in DESTINATIONS.items():
        for destination in Destination:
            if destination in fitting:
                check_exit(reason, destination)
            else:
                with pytest.raises(ImpossibleStay):
                    check_exit(reason, destination)


def test_a_referred_person_is_not_admitted_before_the_referral() -> None:
    earliest = earliest_admission("crossing_point", date(2026, 3, 1), date(2026, 3, 9))
    check_admission(date(2026, 3, 9), earliest=earliest)
    with pytest.raises(ImpossibleStay, match="admission_before_case"):
        check_admission(date(2026, 3, 8), earliest=earliest)


def test_a_late_entry_goes_back_a_month_and_who_was_there_already_any_time() -> None:
    assert earliest_admission("own", date(2026, 3, 1), None) == date(2026, 3, 1) - LATE_ENTRY
    assert earliest_admission("already_there", date(2026, 3, 1), None) < date(2005, 1, 1)


@given(st.integers(0, 2000))
def test_every_length_has_one_class(number: int) -> None:
    low, _, high = length_bucket(number).rstrip("+").partition("-")
    assert int(low) <= number <= (int(high) if high else 10_000)
