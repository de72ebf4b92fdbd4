"""Of which children a family notice can be written: how many, how old, and under which conditions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.interviews.family_notices import (
    ALLOWS,
    MOST_CHILDREN,
    OLDEST,
    AgesRefusal,
    AgesRefused,
    Condition,
    InterviewNeeded,
    ages_of,
    check_ages,
    check_conditions,
)

ANYTHING = st.dictionaries(st.sampled_from([*Condition]), st.sampled_from(["yes", "no", "", "dont_know"]))


@pytest.mark.parametrize(
    ("text", "ages"),
    [("2, 5, 11", (2, 5, 11)), ("0", (0,)), (" 17;17 ", (17, 17)), ("3 4\t5", (3, 4, 5)), ("", ()), ("99", (99,))],
)
def test_ages_are_read_however_they_are_divided(text: str, ages: tuple[int, ...]) -> None:
    assert ages_of(text) == ages


@pytest.mark.parametrize("text", ["two", "2.5", "-1", "100", "2, Ana", "٣", "1/2", "5 vjeç"])
def test_what_is_no_whole_number_of_years_is_refused(text: str) -> None:
    with pytest.raises(AgesRefused) as refused:
        ages_of(text)
    assert refused.value.reason is AgesRefusal.UNREADABLE


@pytest.mark.parametrize(
    ("ages", "children", "reason"),
    [
        ([], 0, AgesRefusal.NUMBER),
        ([5] * (MOST_CHILDREN + 1), MOST_CHILDREN + 1, AgesRefusal.NUMBER),
        ([5, 6], 3, AgesRefusal.OTHER_NUMBER),
        ([5, 6], 1, AgesRefusal.OTHER_NUMBER),
        ([5, OLDEST + 1], 2, AgesRefusal.GROWN_UP),
        ([-1], 1, AgesRefusal.GROWN_UP),
    ],
)
def test_other_ages_are_refused_with_the_reason(ages: list[int], children: int, reason: AgesRefusal) -> None:
    with pytest.raises(AgesRefused) as refused:
        check_ages(ages, children)
    assert refused.value.reason is reason


@given(st.lists(st.integers(0, OLDEST), min_size=1, max_size=MOST_CHILDREN))
def test_every_family_of_children_is_taken(ages: list[int]) -> None:
    check_ages(ages_of(", ".join(map(str, ages))), len(ages))


@given(ANYTHING)
def test_a_notice_needs_every_condition_answered_as_it_must_be(said: dict[Condition, str]) -> None:
    unmet = [each for each in Condition if said.get(each) != ALLOWS[each]]
    if not unmet:
        check_conditions(said)
        return
    with pytest.raises(InterviewNeeded) as needed:
        check_conditions(said)
    assert sorted(needed.value.conditions) == sorted(unmet)


@pytest.mark.parametrize("alike", ["yes", "no"])
def test_one_answer_to_all_conditions_gives_no_notice(alike: str) -> None:
    with pytest.raises(InterviewNeeded):
        check_conditions(dict.fromkeys(Condition, alike))
