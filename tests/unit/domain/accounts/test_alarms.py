"""When openings are unusually many."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.accounts.alarms import AlarmKind, Watch, busiest, least, median_day

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


@pytest.mark.parametrize(
    ("kind", "usual", "of_all", "number"),
    [
        (AlarmKind.ERASURES, 0, False, 3),
        (AlarmKind.ERASURES, 0, True, 6),
        (AlarmKind.ENDINGS, 50, False, 3),
        (AlarmKind.SHARES, 0, False, 10),
        (AlarmKind.SHARES, 0, True, 20),
        (AlarmKind.MANY_OPENINGS, 0, False, 16),
        (AlarmKind.MANY_OPENINGS, 7, False, 16),
        (AlarmKind.MANY_OPENINGS, 7.5, False, 16),
        (AlarmKind.MANY_OPENINGS, 12, False, 25),
        (AlarmKind.MANY_OPENINGS, 12, True, 50),
    ],
)
def test_from_how_many_acts_a_day_somebody_asks(kind: AlarmKind, usual: float, of_all: bool, number: int) -> None:
    assert least(kind, usual, of_all=of_all) == number


def test_the_usual_day_is_the_median_of_the_last_twenty_on_which_anything_was_opened() -> None:
    def day(number: int, cases: int) -> list[tuple[date, uuid.UUID]]:
        return [(date(2026, 1, 1) + timedelta(days=number), uuid.uuid4()) for _ in range(cases)]

    assert median_day([]) == 0
    assert median_day([*day(0, 3), *day(5, 5)]) == 4
    often = day(0, 1) * 9  # one case, however often
    assert median_day(often) == 1
    old = [each for number in range(20) for each in day(number, 30)]
    new = [each for number in range(30, 50) for each in day(number, 4)]
    assert median_day([*old, *new]) == 4
