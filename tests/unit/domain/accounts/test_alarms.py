"""When openings are unusually many."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.accounts.alarms import Watch, busiest

START = datetime(2026, 1, 1, tzinfo=UTC)
WATCH = Watch(hours=1, cases=12)


@pytest.mark.parametrize(
    ("cases", "usual", "unusual"),
    [
        (11, 0, False),  # fewer than the watch allows, however new the person is
        (12, 0, True),
        (12, 7, True),
        (12, 8, False),  # half as many again as ever before: not yet
        (13, 8, True),
        (30, 20, False),
        (35, 30, False),
        (36, 30, True),  # three times the watch, whatever is usual
        (36, 1000, True),
    ],
)
def test_what_is_unusual(cases: int, usual: int, unusual: bool) -> None:
    assert WATCH.is_unusual(cases, usual) is unusual


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 8)), max_size=40), st.integers(1, 120))
def test_the_busiest_stretch_is_as_counted_one_by_one(drawn: list[tuple[int, int]], minutes: int) -> None:
    length = timedelta(minutes=minutes)
    openings = [(START + timedelta(minutes=at), uuid.UUID(int=case)) for at, case in sorted(drawn)]
    each = [{case for at, case in openings if end - length < at <= end} for end, _ in openings]
    assert busiest(openings, length) == max(map(len, each), default=0)
