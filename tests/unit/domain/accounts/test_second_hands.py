"""What one hand does alone, what waits, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.accounts import second_hands as rules
from nrm.domain.accounts.second_hands import AT_ONCE, WAITS
from nrm.domain.accounts.suspensions import (
    SuspensionRefused,
    check_by_administrator,
    check_by_holder,
    counts_lately,
    leaves_alone,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
COUNTS = st.integers(min_value=0, max_value=20)


@given(of_member=COUNTS, of_holder=COUNTS, signed=st.booleans(), held_back=st.booleans())
def test_a_third_is_closed_only_if_she_signed_and_never_what_a_colleague_undid(
    of_member: int, of_holder: int, signed: bool, held_back: bool
) -> None:
    many = rules.is_many(of_member, of_holder)
    assert many is (max(of_member, of_holder) >= AT_ONCE)
    closed = rules.parks(many=many, signed=signed, held_back=held_back)
    assert closed is (not held_back and (signed or not many))


@given(seen=st.none() | st.timedeltas(timedelta(0), timedelta(days=30)), many=st.booleans(), signed=st.booleans())
def test_time_destroys_only_what_somebody_saw_or_what_she_signed_within_the_number(
    seen: timedelta | None, many: bool, signed: bool
) -> None:
    seen_at = None if seen is None else AT + seen
    end = rules.final_at(AT, seen_at, many=many, signed=signed)
    if signed and not many:
        assert end == AT + WAITS
    elif seen_at is None:
        assert end is None
    else:
        assert end == seen_at + WAITS
    assert end is None or end >= AT + WAITS  # never sooner than three days


@given(ended=COUNTS, few=st.booleans(), held_back=st.booleans())
def test_an_account_ends_at_once_only_within_the_number_and_if_two_are_left(
    ended: int, few: bool, held_back: bool
) -> None:
    assert rules.ends_at_once(ended, few=few, held_back=held_back) is (ended < AT_ONCE and not few and not held_back)


def test_what_nobody_saw_climbs_after_a_day_and_what_was_seen_does_not() -> None:
    assert not rules.climbs(AT, None, AT + timedelta(hours=23, minutes=59))
    assert rules.climbs(AT, None, AT + timedelta(hours=24))
    assert not rules.climbs(AT, AT + timedelta(hours=1), AT + timedelta(days=9))


@pytest.mark.parametrize(
    ("given_", "why"),
    [
        ({"lately": True}, "again"),
        ({"holds": True, "others": 1}, "too_few"),
        ({"of_organisation": 1}, "administrators_many"),
        ({"of_all": 3}, "administrators_many"),
        ({"holds": True, "others": 2, "of_all": 2}, ""),
        ({"holds": False, "others": 0}, ""),
    ],
)
def test_an_administrator_suspends_few_and_leaves_two(given_: dict[str, int], why: str) -> None:
    asked = {"lately": False, "holds": False, "others": 5, "of_organisation": 0, "of_all": 0, **given_}
    if not why:
        check_by_administrator(**asked)  # type: ignore[arg-type]
        return
    with pytest.raises(SuspensionRefused, match=why):
        check_by_administrator(**asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given_", "why"),
    [
        ({"taken": 1}, ""),
        ({"taken": 2}, "many"),
        ({"lately": True}, "again"),
        ({"newcomer": True}, "newcomer"),
        ({"alone": True}, "left_alone"),
    ],
)
def test_a_holder_suspends_two_a_day_and_never_empties_the_house(given_: dict[str, int], why: str) -> None:
    asked = {"lately": False, "taken": 0, "newcomer": False, "alone": False, **given_}
    if not why:
        check_by_holder(**asked)  # type: ignore[arg-type]
        return
    with pytest.raises(SuspensionRefused, match=why):
        check_by_holder(**asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("others", "able", "alone"), [(1, 1, False), (2, 2, False), (2, 1, True), (5, 1, True), (5, 2, False)]
)
def test_in_a_house_of_two_one_stops_the_other_and_in_a_larger_one_nobody_is_left_alone(
    others: int, able: int, alone: bool
) -> None:
    assert leaves_alone(others=others, able=able) is alone


@pytest.mark.parametrize(
    ("taken_back", "ended", "same_hand", "counts"),
    [
        (None, False, False, True),
        (None, True, False, False),
        (None, True, True, True),
        (timedelta(minutes=59), True, True, False),
        (timedelta(hours=71), True, True, True),
        (timedelta(hours=71), True, False, False),
    ],
)
def test_a_suspension_that_was_ended_binds_who_did_it_and_a_slip_nobody(
    taken_back: timedelta | None, ended: bool, same_hand: bool, counts: bool
) -> None:
    assert counts_lately(taken_back=taken_back, ended=ended, same_hand=same_hand) is counts
