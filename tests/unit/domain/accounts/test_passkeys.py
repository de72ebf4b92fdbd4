"""What is enough beside a password, when a challenge is late, what a count tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.accounts.passkeys import (
    LASTS,
    LONGEST_NAME,
    Factors,
    PasskeyRefused,
    Refusal,
    is_late,
    name_of,
    went_back,
)

FACTORS = st.builds(Factors, st.booleans(), st.integers(0, 3), st.booleans(), st.booleans())


@pytest.mark.parametrize(
    ("factors", "enough", "takes_code"),
    [
        (Factors(False, 0, False, False), True, False),
        (Factors(False, 0, True, False), False, False),
        (Factors(True, 0, True, False), True, True),
        (Factors(False, 1, True, False), True, False),
        (Factors(True, 1, True, False), True, True),
        (Factors(True, 0, True, True), False, True),  # the code lets in to make a passkey, and no further
        (Factors(False, 0, False, True), False, False),
        (Factors(True, 1, True, True), True, False),
    ],
)
def test_what_is_enough(factors: Factors, enough: bool, takes_code: bool) -> None:
    assert (factors.are_enough, factors.takes_code) == (enough, takes_code)


@given(FACTORS)
def test_a_passkey_that_is_removed_never_leaves_too_little(factors: Factors) -> None:
    after = Factors(factors.code, factors.passkeys - 1, factors.any_demanded, factors.passkey_demanded)
    if after.are_enough:
        factors.check_removal()
        return
    with pytest.raises(PasskeyRefused) as refused:
        factors.check_removal()
    assert refused.value.reason is Refusal.LAST


@given(FACTORS)
def test_who_has_nothing_beside_the_password_where_something_is_demanded_never_has_enough(factors: Factors) -> None:
    if (factors.any_demanded or factors.passkey_demanded) and not factors.has_any:
        assert not factors.are_enough


@pytest.mark.parametrize(
    ("known", "told", "back"), [(0, 0, False), (0, 1, False), (1, 2, False), (1, 1, True), (2, 1, True), (1, 0, True)]
)
def test_a_count_rises_or_is_always_nought(known: int, told: int, back: bool) -> None:
    assert went_back(known, told) is back


@pytest.mark.parametrize(
    ("after", "late"),
    [(timedelta(0), False), (LASTS - timedelta(microseconds=1), False), (LASTS, True), (-timedelta(seconds=1), True)],
)
def test_a_challenge_is_answered_within_five_minutes(after: timedelta, late: bool) -> None:
    made = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    assert is_late(made, made + after) is late


@given(st.text(max_size=60))
def test_a_name_is_one_printable_line_or_refused(text: str) -> None:
    line = " ".join(text.split())
    if line and line.isprintable() and len(line) <= LONGEST_NAME:
        assert name_of(text) == line
        return
    with pytest.raises(PasskeyRefused) as refused:
        name_of(text)
    assert refused.value.reason is Refusal.NAME
