"""Quarters tile the calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.quarters import Quarter, UnreadableQuarter

days = st.dates(min_value=date(1001, 1, 1), max_value=date(2998, 12, 31))


@given(days)
def test_every_day_lies_in_exactly_one_quarter(day: date):
    quarter = Quarter.of(day)
    assert day in quarter
    assert day not in quarter.previous
    assert day not in quarter.next
    assert quarter.end + timedelta(days=1) == quarter.next.start
    assert quarter.next.previous == quarter


@given(days)
def test_a_quarter_is_read_as_it_is_written(day: date):
    quarter = Quarter.of(day)
    assert Quarter.parse(f" {str(quarter).lower()} ") == quarter
    assert quarter.previous < quarter < quarter.next


def test_the_first_quarter_of_2006_is_january_to_march():
    quarter = Quarter.parse("2006Q1")
    assert (quarter.start, quarter.end) == (date(2006, 1, 1), date(2006, 3, 31))
    assert str(quarter.previous) == "2005Q4"


@pytest.mark.parametrize("text", ["", "2006", "2006Q5", "2006Q0", "06Q1", "2006-Q1", "2006Q11", "٢٠٠٦Q1", "9999Q1"])
def test_anything_else_is_not_a_quarter(text: str):
    with pytest.raises(UnreadableQuarter, match="a quarter is written as in 2006Q1"):
        Quarter.parse(text)


@pytest.mark.parametrize(("year", "number"), [(2006, 5), (2006, 0), (999, 1), (3000, 1)])
def test_a_quarter_that_could_not_be_written_cannot_be_made(year: int, number: int):
    with pytest.raises(UnreadableQuarter):
        Quarter(year, number)


def test_labels_are_complete_in_both_languages():
    assert Quarter(2006, 3).label("sq") == "tremujori i tretë 2006"
    assert Quarter(2006, 3).label("en") == "third quarter of 2006"
    for language in ("sq", "en"):
        assert len({Quarter(2006, number).label(language) for number in (1, 2, 3, 4)}) == 4
