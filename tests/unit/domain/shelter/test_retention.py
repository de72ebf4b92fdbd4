"""How long what is sealed is kept."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from nrm.domain.shelter.cases import AGE_BANDS
from nrm.domain.shelter.retention import ends_on

months = some.dates(date(2000, 1, 1), date(2060, 12, 31)).map(lambda day: day.replace(day=1))


@pytest.mark.parametrize(
    ("years", "closed", "registered", "age_class", "age_band", "expected"),
    [
        (2, date(2026, 3, 1), date(2026, 1, 1), "adult", "24-26", date(2028, 4, 1)),
        (5, date(2026, 12, 1), date(2026, 1, 1), "adult", "48+", date(2032, 1, 1)),
        (2, date(2026, 3, 1), date(2026, 1, 1), "child", "9-17", date(2038, 2, 1)),
        (2, date(2026, 3, 1), date(2026, 1, 1), "child", "0-8", date(2047, 2, 1)),
        (2, date(2026, 3, 1), date(2026, 1, 1), "unsure", "18-20", date(2029, 2, 1)),
        (2, date(2026, 3, 1), date(2026, 1, 1), "unsure", "99", date(2047, 2, 1)),
        (None, date(2000, 1, 1), date(2000, 1, 1), "adult", "48+", None),
    ],
)
def test_the_first_day_on_which_it_is_erased(
    years: int | None, closed: date, registered: date, age_class: str, age_band: str, expected: date | None
) -> None:
    assert (
        ends_on(
            years,
            closed_month=closed,
            registered_month=registered,
            age_class=age_class,
            age_band=age_band,
            children_until_age=21,
        )
        == expected
    )


@given(
    some.integers(1, 30), months, months, some.sampled_from(["adult", "child", "unsure"]), some.sampled_from(AGE_BANDS)
)
def test_nothing_is_erased_before_its_years_are_full_and_a_childs_never_sooner_than_an_adults(
    years: int, registered: date, closed: date, age_class: str, age_band: str
) -> None:
    def of(who: str) -> date:
        ends = ends_on(
            years,
            closed_month=closed,
            registered_month=registered,
            age_class=who,
            age_band=age_band,
            children_until_age=21,
        )
        assert ends is not None
        return ends

    assert of(age_class) >= of("adult") >= date(closed.year + years, closed.month, 28)
