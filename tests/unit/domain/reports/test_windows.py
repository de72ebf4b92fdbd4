"""Windows: what is published together, each quarter once."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.countries import load
from nrm.domain.quarters import Quarter
from nrm.domain.reports.reports import Window, last_window, quarter_window, window_ending

Q = Quarter.parse
FIRST = Q("2025Q3")
FEW = ("vi", "trp", "compensation", "children", "identifications", "dependants", "services", "exploited")
FEW = ("vi", "trp", "compensation", "children", "identifications", "dependants", "exploited", "followup")


def test_windows_are_fixed_pieces_of_time() -> None:
    assert [str(quarter_window(Q("2026Q3"))(size).first) for size in (1, 2, 4, 8)] == [
        *("2026Q3", "2026Q3", "2026Q1", "2026Q1"),
    ]
    assert quarter_window(Q("2027Q4"))(8) == Window(Q("2026Q1"), Q("2027Q4"))
    assert quarter_window(Q("2025Q4"))(8) == Window(Q("2024Q1"), Q("2025Q4"))
    assert len(quarter_window(Q("2027Q4"))(8).quarters) == 8


@pytest.mark.parametrize("report", FEW)
def test_reports_about_few_people_wait_for_up_to_two_years(report: str) -> None:
    assert load("albania").tables[report].windows[-1] == 8


@given(st.lists(st.booleans(), min_size=24, max_size=24), st.sampled_from([(1, 2, 4, 8), (2, 4, 8), (4,), (8,)]))
def test_every_quarter_is_published_once_at_most_and_none_stays_for_ever(
    few: list[bool], sizes: tuple[int, ...]
) -> None:
    """Quarters are closed in their turn; `few`: whether there would be a total alone at that moment."""
    released: list[Window] = []
    quarter = FIRST
    for total_alone in few:
        window, may_wait = window_ending(quarter, sizes, released)
        if window is not None and not (may_wait and total_alone):
            released.append(window)
        quarter = quarter.next
    counts = Counter(name for window in released for name in window.quarters)
    assert set(counts.values()) <= {1}
    # What lies before the last end of the longest window is out.
    ends = [str(each) for each in map(Q, ("2025Q4", "2027Q4", "2029Q4"))]
    assert set(ends) <= set(counts)


def test_until_when_a_quarter_waits_knows_what_is_out_already() -> None:
    sizes, third = (1, 2, 4, 8), Q("2026Q3")
    assert last_window(third, sizes, []).last == Q("2027Q4")
    assert last_window(third, sizes, [Window(Q("2026Q1"), Q("2026Q2"))]).last == Q("2026Q4")
    assert last_window(third, (4,), [Window(Q("2026Q1"), Q("2026Q2"))]).last == Q("2026Q4")
