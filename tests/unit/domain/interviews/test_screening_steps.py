"""How far a screening came, as steps that are counted, and the shares of a post that a monitor sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.interviews.screenings import (
    ASKED_AGAIN,
    FEWEST,
    LEFT_UNASKED,
    NONE,
    NOT_ASKED,
    POSSIBLE,
    REFUSED,
    SCREENED,
    STEPS,
    SUSPECTED,
    UNDECIDED,
    WENT_ON,
    StepShares,
    step_shares,
    steps_of,
)


@pytest.mark.parametrize(
    ("outcome", "short", "asked_again", "expected"),
    [
        (NONE, True, False, (SCREENED,)),
        (NONE, False, False, (SCREENED, WENT_ON)),
        (NONE, False, True, (SCREENED, WENT_ON, ASKED_AGAIN)),
        (SUSPECTED, False, False, (SCREENED, WENT_ON)),
        (POSSIBLE, False, True, (SCREENED, WENT_ON, ASKED_AGAIN)),
        (NOT_ASKED, True, False, (SCREENED, LEFT_UNASKED)),
        (REFUSED, False, True, ()),
        (UNDECIDED, False, False, ()),
    ],
)
def test_each_person_is_screened_once_and_counted_as_far_as_they_came(
    outcome: str, short: bool, asked_again: bool, expected: tuple[str, ...]
) -> None:
    assert steps_of(outcome, short=short, asked_again=asked_again) == expected


def test_of_few_people_no_share_is_shown() -> None:
    nothing = StepShares(None, None, None, None, None)
    assert step_shares({}) == nothing
    assert step_shares({SCREENED: FEWEST - 1, LEFT_UNASKED: FEWEST - 1}) == nothing
    assert step_shares({SCREENED: FEWEST, LEFT_UNASKED: FEWEST}) == StepShares(100, 0, 0, 0, 0)


@given(
    st.integers(FEWEST, 5_000).flatmap(lambda screened: st.tuples(st.just(screened), *[st.integers(0, screened)] * 3))
)
def test_a_share_is_a_multiple_of_five_next_to_the_true_one(numbers: tuple[int, ...]) -> None:
    screened = numbers[0]
    shown = step_shares(dict(zip(STEPS, numbers, strict=True)))
    for share, number in zip((shown.not_asked, shown.went_on, shown.asked_again), numbers[1:], strict=True):
        assert share is not None
        assert share % 5 == 0
        assert abs(share - 100 * number / screened) <= 2.5
