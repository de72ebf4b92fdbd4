"""Durations and periods."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.durations import UnreadableDuration, check_period, duration_text, parse_duration


@given(st.integers(1, 8_000_000))
def test_a_duration_is_read_as_it_is_written(seconds: int):
    duration = timedelta(seconds=seconds)
    assert parse_duration(duration_text(duration)) == duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT30M", timedelta(minutes=30)),
        ("PT60M", timedelta(hours=1)),
        ("P1D", timedelta(days=1)),
        ("P1DT12H", timedelta(hours=36)),
        ("P2W", timedelta(days=14)),
    ],
)
def test_written_durations_have_their_length(text: str, duration: timedelta):
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "1H", "PT-1H", "PT1.5H", "P1M", "P1Y", "PT0S", "pt1h", "PT1H "]
)
def test_anything_else_is_refused_by_name(text: str):
    with pytest.raises(UnreadableDuration) as caught:
        parse_duration(text)
    assert str(caught.value) == f"`{text}` is not a duration such as PT30M or P1D"


def test_a_negative_duration_cannot_be_written():
    assert duration_text(timedelta(0)) == "PT0S"
    with pytest.raises(ValueError, match="not negative"):
        duration_text(timedelta(seconds=-1))


def test_periods_have_months_and_years_only():
    for text in ("P3M", "P1Y", "P1Y6M"):
        assert check_period(text) == text
    for text in ("P", "P1D", "PT1H", "3M", ""):
        with pytest.raises(UnreadableDuration, match="is not a period"):
            check_period(text)
