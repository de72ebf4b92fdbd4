"""The survival curve of lengths of stay: the band holds whatever the figures hide, and hand-made life tables agree."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm.domain.reports.reports import Span, behind
from nrm.domain.reports.survival import Group, Point, curve, group, half, together

DAYS = (0, 8, 31, 91)
LAST = len(DAYS) - 1

Stay = tuple[int, bool, int]
"""Days to the leaving, or to the planned one; whether it has happened; how long somebody still there has been there."""

STAY = st.tuples(st.integers(0, 150), st.booleans(), st.floats(0, 1)).map(
    lambda drawn: (drawn[0], drawn[1], int(drawn[2] * drawn[0]))
)


def class_of(days: int) -> int:
    return sum(days >= first for first in DAYS) - 1


def kaplan_meier(stays: Sequence[Stay], after: int) -> float:
    """The product-limit estimate, day by day; who is not seen after a day was at risk on that day."""
    share = 1.0
    for day in range(after):
        at_risk = sum((days if left else seen) >= day for days, left, seen in stays)
        leaving = sum(left and days == day for days, left, _ in stays)
        share *= 1 - leaving / at_risk if at_risk else 1.0
    return share


def printed(true: int, chance: random.Random) -> int:
    """Any figure that may stand for this number."""
    return chance.choice(
        [figure for figure in range(0, true + 20, 5) if behind(figure)[0] <= true <= behind(figure)[1]]
    )


def counts(stays: Sequence[Stay], left: bool) -> list[int]:
    return [sum(class_of(days) == place and was is left for days, was, _ in stays) for place in range(len(DAYS))]


def published(stays: Sequence[Stay], left: bool, chance: random.Random) -> Group:
    true = counts(stays, left)
    return group([printed(each, chance) for each in true], printed(sum(true), chance), [printed(0, chance)])


@settings(max_examples=150, deadline=None)
@given(st.lists(STAY, max_size=40), st.integers(0, 1000))
def test_the_estimate_from_the_stays_themselves_lies_in_the_band(stays: list[Stay], seed: int) -> None:
    chance = random.Random(seed)
    points = curve(published(stays, True, chance), published(stays, False, chance), DAYS)
    assert len(points) == LAST
    for place, point in enumerate(points, 1):
        assert point.low - 1e-9 <= kaplan_meier(stays, DAYS[place]) <= point.high + 1e-9


@settings(max_examples=80, deadline=None)
@given(st.lists(STAY, max_size=30), st.lists(STAY, max_size=30), st.integers(0, 1000))
def test_two_releases_together_hold_everybody_who_left_in_either_and_who_is_there_at_the_end(
    first: list[Stay], second: list[Stay], seed: int
) -> None:
    chance = random.Random(seed)
    left = together([published(first, True, chance), published(second, True, chance)])
    points = curve(left, published(second, False, chance), DAYS)
    everybody = [stay for stay in first if stay[1]] + second
    for place, point in enumerate(points, 1):
        assert point.low - 1e-9 <= kaplan_meier(everybody, DAYS[place]) <= point.high + 1e-9


FIGURES = st.lists(st.integers(0, 12).map(lambda fives: 5 * fives), min_size=len(DAYS), max_size=len(DAYS))


@settings(max_examples=150, deadline=None)
@given(FIGURES, FIGURES)
def test_the_life_table_lies_in_the_band_and_no_line_ever_rises(left: list[int], there: list[int]) -> None:
    points = curve(group(left, sum(left)), group(there, sum(there)), DAYS)
    for point in points:
        assert -1e-9 <= point.low <= point.estimate + 1e-9 <= point.high + 2e-9 <= 1 + 3e-9
    for one, next_one in pairwise(points):
        assert next_one.estimate <= one.estimate + 1e-9
        assert next_one.low <= one.low + 1e-9
        assert next_one.high <= one.high + 1e-9


def exactly(*numbers: int) -> Group:
    """A group of which everything is known."""
    return Group(numbers, tuple((number, number) for number in numbers), (sum(numbers), sum(numbers)))


def test_when_everybody_has_left_the_curve_is_the_share_of_longer_stays() -> None:
    # 40 stays: 10, 20, 5, 5. Longer than the classes: 30, 10 and 5 of 40.
    points = curve(exactly(10, 20, 5, 5), exactly(0, 0, 0, 0), DAYS)
    assert [point.estimate for point in points] == pytest.approx([0.75, 0.25, 0.125])
    assert [(point.low, point.high) for point in points] == [(0.75, 0.75), (0.25, 0.25), (0.125, 0.125)]


def test_a_life_table_by_hand() -> None:
    # 30 left (10, 10, 10, 0) and 19.5 planned for days 8 to 30, whose middle is day 19.5: 8 of 19.5 are gone from sight
    # in the first class, 11.5 in the second.
    # 1: of 49.5, half of 8 exposed: 10/45.5. 2: of 31.5, half of 11.5: 10/25.75. 3: of 10, all leave.
    left, there = exactly(10, 10, 10, 0), Group((0, 19.5, 0, 0), ((0, 0), (20, 20), (0, 0), (0, 0)), (20, 20))  # type: ignore[arg-type]
    first, second, third = curve(left, there, DAYS)
    assert first.estimate == pytest.approx(1 - 10 / 45.5)
    assert second.estimate == pytest.approx((1 - 10 / 45.5) * (1 - 10 / 25.75))
    assert third.estimate == pytest.approx(0)
    # The lower edge: 20, 10 and 0 of 30. The upper one: 40 of 50, then 30 of 40, then 0 of 10.
    assert [first.low, second.low, third.low] == pytest.approx([2 / 3, 1 / 3, 0])
    assert [first.high, second.high, third.high] == pytest.approx([40 / 50, 40 / 50 * 30 / 40, 0])


def test_the_band_of_one_release_by_hand() -> None:
    # Shown 20 (11..29) and 40 (31..49), in all 60 (51..69), less 0 to 4 of unknown length: 47..69. Nobody is there.
    # At the least: 31 longer stays and 29 shorter ones. At the most: 49 and 11.
    point = curve(group((20, 40), 60, [0]), Group((0, 0), ((0, 0), (0, 0)), (0, 0)), (0, 31))[0]
    assert (point.low, point.high) == (31 / 60, 49 / 60)


def test_a_sum_that_is_printed_narrows_the_band() -> None:
    # Ten classes shown 10 may hide 5 to 19 each; the sum shown 100 hides 91 to 109, never 50 or 190.
    spans = group((10,) * 10, 100)
    nobody = Group((0,) * 10, ((0, 0),) * 10, (0, 0))
    points = curve(spans, nobody, tuple(range(10)))
    assert points[4].low == pytest.approx(25 / 109, abs=0.05)
    assert points[4].low > 25 / (25 + 95)


def test_which_classes_may_hold_the_half() -> None:
    points = [Point(0.7, 0.8, 0.9), Point(0.4, 0.6, 0.8), Point(0.2, 0.5, 0.6), Point(0.2, 0.3, 0.5)]
    assert half(points) == (1, 2, 3)
    assert half(points[:3]) == (1, 2, 3)
    assert half(points[:1]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("figure", "span"), [(0, (0, 4)), (5, (0, 14)), (10, (5, 19)), (15, (6, 24)), (100, (91, 109))]
)
def test_what_may_be_behind_a_figure(figure: int, span: Span) -> None:
    assert behind(figure) == span


@pytest.mark.parametrize(("figure", "span"), [(0, (0, 4)), (5, (1, 9)), (100, (96, 104))])
def test_what_may_be_behind_the_number_of_all_people(figure: int, span: Span) -> None:
    assert behind(figure, whole=True) == span
