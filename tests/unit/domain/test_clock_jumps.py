"""Whether the clock can be believed, at its bounds and between them (ADR 0190, 0194)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.clock_jumps import LONGEST_REST, TOLERATED, Jump, jump

LAST = datetime(2026, 4, 2, 18, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
instants = st.integers(0, 200 * 365 * 24 * 60).map(
    lambda minutes: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
lengths = st.timedeltas(timedelta(), timedelta(days=4000))


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (timedelta(), None),
        (timedelta(minutes=1), None),
        (timedelta(days=3, minutes=1), None),
        (LONGEST_REST, None),
        (LONGEST_REST + INSTANT, Jump.AHEAD),
        (timedelta(days=365), Jump.AHEAD),
        (-TOLERATED, None),
        (-TOLERATED - INSTANT, Jump.BACK),
        (timedelta(hours=-1), Jump.BACK),
        (timedelta(days=-365), Jump.BACK),
    ],
)
def test_how_the_clock_jumped(after: timedelta, found: Jump | None) -> None:
    assert jump(LAST, LAST + after) is found


def test_from_the_evening_before_good_friday_to_the_morning_after_easter_monday_nobody_is_asked() -> None:
    assert jump(LAST, datetime(2026, 4, 7, 8, 0, tzinfo=UTC)) is None


@given(instants)
def test_an_instance_that_was_never_tended_has_nothing_to_be_held_against(now: datetime) -> None:
    assert jump(None, now) is None


@given(instants, lengths, lengths)
def test_what_is_further_off_is_believed_no_more_than_what_is_nearer(
    last: datetime, near: timedelta, more: timedelta
) -> None:
    for sign, found in ((1, Jump.AHEAD), (-1, Jump.BACK)):
        if jump(last, last + sign * near) is not None:
            assert jump(last, last + sign * near) is found
            assert jump(last, last + sign * (near + more)) is found


@given(instants, st.timedeltas(-TOLERATED, LONGEST_REST))
def test_a_clock_that_is_noted_is_believed_from_then_on(last: datetime, after: timedelta) -> None:
    """Each minute is held against the one before: a machine that is never off is never asked about."""
    now = last + after
    assert jump(last, now) is None
    assert jump(now, now) is None


@given(instants, lengths)
def test_ahead_and_back_are_never_mixed_up(last: datetime, far: timedelta) -> None:
    assert jump(last, last + far) is not Jump.BACK
    assert jump(last, last - far) is not Jump.AHEAD
