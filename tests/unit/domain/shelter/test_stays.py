"""Nights, lengths and exits."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.shelter.places import PlaceRefused, check_closing, place_names
from nrm.domain.shelter.stays import (
    DESTINATIONS,
    LENGTHS,
    Destination,
    ExitReason,
    ImpossibleStay,
    Period,
    check_dates,
    check_exit,
    check_no_overlap,
    length_bucket,
    nights,
)

DAY = timedelta(days=1)
TODAY = date(2026, 3, 31)
days = st.dates(min_value=date(2024, 1, 1), max_value=date(2027, 12, 31))
periods = st.builds(
    lambda admitted, length: Period(admitted, None if length is None else admitted + length * DAY),
    days,
    st.none() | st.integers(0, 400),
)


def is_present(stay: Period, day: date) -> bool:
    """Whether the night that begins on `day` is spent there."""
    return nights(stay, day, day) == 1


@given(periods, days, st.integers(0, 120))
def test_nights_are_counted_one_by_one(stay: Period, first: date, length: int):
    last = first + length * DAY
    slept = [
        first + offset * DAY
        for offset in range(length + 1)
        if stay.admitted_on <= first + offset * DAY
        and (stay.exited_on is None or first + offset * DAY < stay.exited_on)
    ]
    assert nights(stay, first, last) == len(slept)
    assert [day for day in slept if not is_present(stay, day)] == []


@given(periods, days, st.integers(0, 60), st.integers(1, 60))
def test_nights_of_two_neighbouring_periods_add_up(stay: Period, first: date, one: int, two: int):
    middle, last = first + one * DAY, first + (one + two) * DAY
    assert nights(stay, first, middle) + nights(stay, middle + DAY, last) == nights(stay, first, last)


def test_the_day_of_exit_is_not_a_night():
    stay = Period(date(2026, 1, 30), date(2026, 2, 2))
    assert nights(stay, date(2026, 1, 1), date(2026, 3, 31)) == 3
    assert nights(stay, date(2026, 1, 1), date(2026, 1, 31)) == 2
    assert nights(stay, date(2026, 2, 2), date(2026, 2, 28)) == 0
    assert not is_present(stay, date(2026, 2, 2))


def test_who_leaves_on_the_day_of_coming_has_no_night():
    assert nights(Period(TODAY, TODAY), date.min, date.max) == 0


@pytest.mark.parametrize(
    ("dates", "why"),
    [
        ({"admitted_on": TODAY + DAY}, "admission_in_future"),
        ({"admitted_on": TODAY, "anticipated_end_on": TODAY - DAY}, "anticipated_before_admission"),
        ({"admitted_on": TODAY, "exited_on": TODAY - DAY}, "exit_before_admission"),
        ({"admitted_on": TODAY, "exited_on": TODAY + DAY}, "exit_in_future"),
    ],
)
def test_dates_that_contradict_each_other_are_refused(dates: dict[str, date], why: str):
    with pytest.raises(ImpossibleStay) as caught:
        check_dates(**dates, today=TODAY)
    assert caught.value.reason == why


def test_dates_at_the_limits_are_possible():
    check_dates(TODAY, today=TODAY, anticipated_end_on=TODAY, exited_on=TODAY)
    check_dates(TODAY - DAY, today=TODAY, anticipated_end_on=TODAY + 99 * DAY)


@pytest.mark.parametrize("reason", ExitReason)
@pytest.mark.parametrize("destination", Destination)
def test_a_destination_that_contradicts_the_reason_is_refused(reason: ExitReason, destination: Destination):
    if destination in DESTINATIONS[reason]:
        check_exit(reason, destination)
        return
    with pytest.raises(ImpossibleStay) as caught:
        check_exit(reason, destination)
    assert caught.value.reason == "destination"


def test_only_a_repatriation_or_a_free_adult_leads_to_the_country_of_citizenship():
    leading = {reason for reason in ExitReason if Destination.COUNTRY_OF_CITIZENSHIP in DESTINATIONS[reason]}
    assert leading == {ExitReason.REPATRIATED, ExitReason.LEFT_ALONE}


def test_every_destination_can_be_chosen_for_some_reason():
    assert frozenset().union(*DESTINATIONS.values()) == frozenset(Destination)


@given(periods, periods)
def test_two_stays_overlap_exactly_when_they_share_a_night(one: Period, other: Period):
    horizon = date(2030, 1, 1)
    first, last = max(one.admitted_on, other.admitted_on), min(one.exited_on or horizon, other.exited_on or horizon)
    if first < last:
        with pytest.raises(ImpossibleStay) as caught:
            check_no_overlap(one, [other])
        assert caught.value.reason == "overlaps"
    else:
        check_no_overlap(one, [other])


@pytest.mark.parametrize(
    ("number", "bucket"),
    [(0, "0-7"), (7, "0-7"), (8, "8-14"), (14, "8-14"), (15, "15-21"), (21, "15-21"), (22, "22-30"), (30, "22-30"),
     (31, "31-60"), (60, "31-60"), (61, "61-90"), (90, "61-90"), (91, "91-180"), (180, "91-180"), (181, "181-365"),
     (365, "181-365"), (366, "366+"), (4000, "366+")],
)  # fmt: skip
def test_lengths_fall_into_their_classes(number: int, bucket: str):
    assert length_bucket(number) == bucket
    assert bucket in LENGTHS


def test_a_negative_length_is_refused():
    with pytest.raises(ImpossibleStay):
        length_bucket(-1)


@pytest.mark.parametrize(
    ("first", "number", "names"),
    [
        ("V46", 3, ["V46", "V47", "V48"]),
        ("V09", 2, ["V09", "V10"]),
        ("R99", 2, ["R99", "R100"]),
        ("  Garden   room ", 1, ["Garden room"]),
        ("Room 2-1", 2, ["Room 2-1", "Room 2-2"]),
    ],
)
def test_several_beds_count_on_from_the_first(first: str, number: int, names: list[str]) -> None:
    assert place_names(first, number) == names


@pytest.mark.parametrize(
    ("first", "number", "why"),
    [
        ("", 1, "name_missing"),
        ("R1", 0, "too_many"),
        ("R1", 51, "too_many"),
        ("Room", 2, "no_number"),
        ("R1234567", 2, "no_number"),
        ("x" * 41, 1, "name_too_long"),
        ("x" * 38 + "99", 2, "name_too_long"),
    ],
)
def test_beds_that_cannot_be_named(first: str, number: int, why: str) -> None:
    with pytest.raises(PlaceRefused) as refused:
        place_names(first, number)
    assert refused.value.reason == why


def test_a_bed_is_never_closed_over_somebody_who_sleeps_in_it_or_is_awaited() -> None:
    today, later = date(2026, 3, 2), date(2026, 3, 9)
    check_closing(today, today=today, free_from=None, kept=False)
    check_closing(later, today=today, free_from=later, kept=False)
    overdue = date(2026, 2, 20)
    check_closing(date(2026, 3, 3), today=today, free_from=overdue, kept=False)
    for closed_from, free_from, kept, why in (
        (today, None, True, "kept"),
        (date(2026, 3, 1), None, False, "closed_in_past"),
        (date(2026, 3, 8), later, False, "occupied"),
        (today, overdue, False, "occupied"),
        (date(2030, 1, 1), None, False, "closed_too_late"),
    ):
        with pytest.raises(PlaceRefused) as refused:
            check_closing(closed_from, today=today, free_from=free_from, kept=kept)
        assert refused.value.reason == why
