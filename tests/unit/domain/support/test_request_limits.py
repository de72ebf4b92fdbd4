"""How often a network may send something without an account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nrm.domain.support.request_limits import LONGEST, MOST_KEPT, Counts, Few, count, forget, left

NOW = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)
FEW = Few("x", 3, 600)


def test_so_many_are_taken_in_so_many_seconds_and_then_it_says_how_long_to_wait() -> None:
    counts: Counts = {}
    for minute in (0, 0, 2):
        assert left(counts, "a", FEW, NOW + timedelta(minutes=minute)) == 0
        count(counts, "a", NOW + timedelta(minutes=minute))
    assert left(counts, "a", FEW, NOW + timedelta(minutes=3)) == 600 - 30 - 180
    assert left(counts, "b", FEW, NOW + timedelta(minutes=3)) == 0  # nobody closes it for another one
    assert left(counts, "a", FEW, NOW + timedelta(minutes=9)) > 0
    assert left(counts, "a", FEW, NOW + timedelta(minutes=10)) == 0


def test_what_is_old_is_forgotten_and_so_is_who_sent_longest_ago() -> None:
    counts: Counts = {}
    count(counts, "old", NOW)
    count(counts, "new", NOW + timedelta(seconds=LONGEST / 2))
    forget(counts, NOW + timedelta(seconds=LONGEST + 60))
    assert set(counts) == {"new"}
    for number in range(MOST_KEPT):
        count(counts, str(number), NOW + timedelta(seconds=LONGEST))
    assert len(counts) == MOST_KEPT
    assert "new" not in counts
