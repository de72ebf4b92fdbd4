"""How often a network may send something without an account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nrm.domain.support.request_limits import (
    LONGEST,
    MOST_KEPT,
    MOST_SENT,
    Counts,
    Few,
    Sent,
    count,
    forget,
    forget_sent,
    keep_sent,
    left,
)

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


def test_what_was_sent_is_known_for_an_hour_and_so_many_of_it() -> None:
    sent: Sent = {}
    assert keep_sent(sent, "a", NOW)
    assert not keep_sent(sent, "a", NOW + timedelta(minutes=59))
    assert keep_sent(sent, "a", NOW + timedelta(seconds=LONGEST + 60))
    for number in range(MOST_SENT):
        assert keep_sent(sent, str(number), NOW + timedelta(seconds=LONGEST + 120))
    assert len(sent) == MOST_SENT
    assert "a" not in sent
    forget_sent(sent, NOW + timedelta(days=1))
    assert sent == {}
