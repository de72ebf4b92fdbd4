"""From which day somebody counts as an adult or as a child, and what stands in clear of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.shelter.ages import (
    MONTH_ALONE_AFTER,
    AgeRefused,
    Change,
    after,
    band_on,
    check_assessed,
    check_month,
    check_turned,
    class_on,
    month_needs_another,
    sure_from,
)

TODAY = date(2026, 11, 27)
NOVEMBER = date(2026, 11, 1)
BORN = (date(2008, 11, 20), date(2008, 11, 20))


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["child", "adult", "unsure"])), max_size=5))
def test_the_class_of_a_day_is_that_of_the_last_entry_that_had_begun(steps: list[tuple[int, str]]) -> None:
    now, changes = "child", []
    for day, age_class in steps:
        if age_class != now:
            changes.append(Change(TODAY + timedelta(days=day), age_class, now))
            now = age_class
    for day in range(10):
        on = TODAY + timedelta(days=day)
        expected = "child"
        for each in changes:
            if each.on <= on:
                expected = each.age_class
        assert class_on(now, changes, on) == expected


@pytest.mark.parametrize(
    ("month", "age_class", "born", "why"),
    [
        (date(2026, 10, 1), "child", None, "over"),
        (date(2026, 10, 1), "child", BORN, "over"),
        (date(2026, 12, 1), "child", BORN, "contradicts"),
        (date(2045, 1, 1), "child", None, "far"),
        (NOVEMBER, "adult", BORN, "adult"),
    ],
)
def test_a_month_that_cannot_be_is_refused(
    month: date, age_class: str, born: tuple[date, date] | None, why: str
) -> None:
    with pytest.raises(AgeRefused, match=why):
        check_month(month, age_class=age_class, born=born, today=TODAY)


def test_the_month_agrees_with_what_is_known_of_the_birth() -> None:
    check_month(NOVEMBER, age_class="child", born=BORN, today=TODAY)
    check_month(NOVEMBER, age_class="unsure", born=BORN, today=TODAY)
    year = (date(2009, 1, 1), date(2009, 12, 31))
    check_month(date(2027, 12, 1), age_class="child", born=year, today=TODAY)
    with pytest.raises(AgeRefused, match="contradicts"):
        check_month(date(2028, 1, 1), age_class="child", born=year, today=TODAY)


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_where_no_birth_is_known_no_month_is_compared_with_nothing(age_class: str) -> None:
    with pytest.raises(AgeRefused, match="unknown"):
        check_month(NOVEMBER, age_class=age_class, born=None, today=TODAY)


@pytest.mark.parametrize(
    ("today", "born", "may"),
    [
        (date(2026, 10, 31), BORN, False),
        (date(2026, 11, 19), BORN, False),
        (date(2026, 11, 20), BORN, True),
        (date(2026, 11, 30), None, False),
        (date(2026, 12, 1), None, True),
        (date(2026, 12, 1), (date(2009, 1, 1), date(2009, 12, 31)), True),
    ],
)
def test_nobody_is_18_before_the_day_and_who_has_none_after_the_month(
    today: date, born: tuple[date, date] | None, may: bool
) -> None:
    assert (today >= sure_from(NOVEMBER, born)) is may
    if may:
        check_turned(NOVEMBER, age_class="child", born=born, today=today)
    else:
        with pytest.raises(AgeRefused, match="not_yet"):
            check_turned(NOVEMBER, age_class="child", born=born, today=today)


def test_an_assessment_changes_something_on_a_possible_day() -> None:
    check_assessed("child", "adult", on=TODAY, first=NOVEMBER, today=TODAY)
    for now, on, why in (
        ("adult", TODAY, "same"),
        ("child", TODAY + timedelta(days=1), "day"),
        ("child", NOVEMBER - timedelta(days=1), "day"),
    ):
        with pytest.raises(AgeRefused, match=why):
            check_assessed(now, "adult", on=on, first=NOVEMBER, today=TODAY)


@pytest.mark.parametrize(
    ("band", "age_class", "printed"),
    [
        ("9-17", "adult", "18-20"),
        ("0-8", "adult", "18-20"),
        ("18-20", "adult", "18-20"),
        ("30-38", "child", "9-17"),
        ("9-17", "child", "9-17"),
        ("99", "unsure", "99"),
        ("unknown", "child", "unknown"),
    ],
)
def test_a_report_prints_the_band_of_the_day(band: str, age_class: str, printed: str) -> None:
    assert band_on(band, age_class) == printed


def test_a_month_is_followed_by_its_next() -> None:
    assert [after(date(2026, month, 1)).month for month in range(1, 13)] == [*range(2, 13), 1]


@given(st.integers(-18 * 12, 18 * 12), st.one_of(st.none(), st.integers(0, 18 * 12)))
def test_no_house_alone_brings_the_month_of_18_within_half_a_year(months: int, before: int | None) -> None:
    def month(number: int) -> date:
        number += TODAY.year * 12 + TODAY.month - 1
        return date(number // 12, number % 12 + 1, 1)

    alone = not month_needs_another(month(months), None if before is None else month(before), today=TODAY)
    assert alone is (months >= MONTH_ALONE_AFTER or (before is not None and before <= months))
