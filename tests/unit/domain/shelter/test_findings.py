"""How long findings hold, and from which day on something can be found of a person."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.findings import Entry, FindingRefused, Found, begun_on, check_entry, safe_until
from nrm.domain.shelter.permits import GateClosed, check_household

DAY = date(2026, 3, 10)


def test_three_findings_hold_as_long_as_the_oldest_of_them() -> None:
    last = {
        kind: Entry(kind, Found.SAFE, DAY - timedelta(days=days))
        for days, kind in zip((0, 5, 9), Assessment, strict=True)
    }
    assert safe_until(last, 90) == DAY + timedelta(days=81)
    last[Assessment.RISK] = Entry(Assessment.RISK, Found.NOT_YET_CLEAR, DAY)
    assert safe_until(last, 90) is None


def test_the_first_day_is_of_the_interview_or_the_first_admission_and_else_the_month() -> None:
    month = date(2026, 3, 1)
    assert begun_on(month, interviewed_on=DAY, admitted_on=DAY + timedelta(days=1)) == DAY
    assert begun_on(month, interviewed_on=None, admitted_on=date(2026, 2, 3)) == date(2026, 2, 3)
    assert begun_on(month, interviewed_on=None, admitted_on=None) == month


@pytest.mark.parametrize(("days", "why"), [(-1, "begun"), (6, "day")])
def test_no_finding_is_from_before_the_case_nor_from_tomorrow(days: int, why: str) -> None:
    with pytest.raises(FindingRefused, match=why):
        check_entry(
            Entry(Assessment.RISK, Found.NOT_SAFE, DAY + timedelta(days=days)),
            [],
            assessor="Mira",
            today=DAY + timedelta(days=5),
            begun=DAY,
        )


@pytest.mark.parametrize("opened", ["assessed", "adult", "handed_over", "died"])
def test_only_who_goes_by_findings_is_asked_whether_they_are_of_this_household(opened: str) -> None:
    check_household(opened, same_household=True)
    if opened == "assessed":
        with pytest.raises(GateClosed, match="other_household"):
            check_household(opened, same_household=False)
    else:
        check_household(opened, same_household=False)
