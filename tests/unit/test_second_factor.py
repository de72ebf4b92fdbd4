"""The code of a telephone, and how long somebody waits who fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm import crypto
from nrm.domain.accounts import failed_attempts, second_factor

# RFC 6238, appendix B, for HMAC-SHA-1: (seconds since 1970, code of eight digits).
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    step = seconds // second_factor.STEP_SECONDS
    assert crypto.one_time_code(b"12345678901234567890", step, digits=8) == code
    assert crypto.one_time_code(b"12345678901234567890", step) == code[2:]
    assert second_factor.steps_at(datetime.fromtimestamp(seconds, UTC)) == range(step - 1, step + 2)


@pytest.mark.parametrize("text", ["", "12345", "1234567", "١٢٣٤٥٦", "12 34 5x", "\ud80012345"])
def test_what_is_no_code_is_none(text: str) -> None:
    assert second_factor.typed_code(text) == ""
    assert second_factor.typed_code(" 123 456 ") == "123456"


def test_a_network_is_a_24_or_a_64() -> None:
    assert failed_attempts.network_of("192.0.2.77") == failed_attempts.network_of("::ffff:192.0.2.1") == "192.0.2.0/24"
    assert failed_attempts.network_of("2001:db8::1:2") == "2001:db8::/64"
    assert {failed_attempts.network_of(text) for text in (None, "", "junk", "1.2.3")} == {"unknown"}


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.slow
@given(st.integers(0, 10_000), st.sampled_from([failed_attempts.ACCOUNT, failed_attempts.NETWORK]))
def test_nobody_waits_for_ever(number: int, limit: failed_attempts.Limit) -> None:
    later = NOW + max(failed_attempts.DELAYS)
    failed_attempts.check(number, NOW, later, limit)
    assert failed_attempts.counted(number, NOW, NOW + timedelta(days=1), limit) == 0


@given(st.integers(0, 10_000), st.sampled_from([failed_attempts.ACCOUNT, failed_attempts.NETWORK]))
def test_more_failures_never_wait_less(number: int, limit: failed_attempts.Limit) -> None:
    assert failed_attempts.delay_after(number, limit) <= failed_attempts.delay_after(number + 1, limit)


def test_the_first_failures_cost_nothing_and_the_next_does() -> None:
    failed_attempts.check(failed_attempts.ACCOUNT.free - 1, NOW, NOW, failed_attempts.ACCOUNT)
    with pytest.raises(failed_attempts.TooSoon) as refused:
        failed_attempts.check(failed_attempts.ACCOUNT.free, NOW, NOW + timedelta(seconds=1.5), failed_attempts.ACCOUNT)
    assert (refused.value.delay, refused.value.left) == (timedelta(seconds=5), 4)
