"""From which day on something can be found of a child, and what opens the child gate."""

from __future__ import annotations

import uuid
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.findings import (
    Decision,
    Entry,
    FindingRefused,
    Found,
    Look,
    Outcome,
    Record,
    begun_on,
    check_decision,
    check_entry,
    check_look,
    has_conflict,
    opening,
)
from nrm.domain.shelter.permits import ChildFacts, GateClosed, Opening, check_child, check_household
from nrm.domain.shelter.stays import Destination, ExitReason
from tests.unit.domain.shelter.gates import HOUSEHOLD, decided

DAY = date(2026, 3, 10)
HOME: dict[str, Any] = {
    "reason": ExitReason.REINTEGRATED_WITH_FAMILY,
    "destination": Destination.FAMILY,
    "country": "home",
}


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
def test_only_who_goes_by_a_decision_goes_to_the_household_that_was_decided(opened: str) -> None:
    child = ChildFacts("child", decided(DAY))
    check_household(opened, child, HOUSEHOLD, **HOME)
    for other in (uuid.uuid4(), None):
        if opened == "assessed":
            with pytest.raises(GateClosed, match="other_household"):
                check_household(opened, child, other, **HOME)
        else:
            check_household(opened, child, other, **HOME)


@pytest.mark.parametrize(
    ("guardian", "household", "conflict"),
    [
        ("Ana Kola", "Aunt: Ana KOLA, Fier", True),
        ("Ana Köla", "ana kola", True),
        ("Ana Kola", "The Kola family", False),
        ("Ana", "Ana of Fier", True),
        ("A.", "A house", False),
        ("", "Ana Kola", False),
    ],
)
def test_a_guardian_whose_name_stands_in_a_household_is_in_conflict(
    guardian: str, household: str, conflict: bool
) -> None:
    assert has_conflict(guardian, ["Somebody else", household]) is conflict


# The gate against a rule that a child could write down: it walks through everything in the order of recording.

HOUSES = [uuid.UUID(int=each) for each in (11, 12)]
SERVICE, SHELTER, AUTHORITY = (uuid.UUID(int=each) for each in (21, 22, 23))
HOLDS = 5


@dataclass
class Naive:
    """Per household: what was found last of each kind, and whether somebody looked since it was last doubted."""

    found: dict[tuple[uuid.UUID, Assessment], tuple[Found, int]] = field(default_factory=dict)
    looked: set[uuid.UUID] = field(default_factory=set)
    decided: tuple[uuid.UUID, int] | None = None

    def safe(self, house: uuid.UUID) -> bool:
        return all(self.found.get((house, kind), (None,))[0] is Found.SAFE for kind in Assessment)

    def doubt(self, house: uuid.UUID) -> None:
        self.looked.discard(house)
        if self.decided is not None and self.decided[0] == house:
            self.decided = None

    def is_open(self, house: uuid.UUID, day: int) -> bool:
        if self.decided is None or self.decided[0] != house or self.decided[1] > day or not self.safe(house):
            return False
        return day <= min(self.found[house, kind][1] for kind in Assessment) + HOLDS


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["safe", "safe", "doubt", "look", "look", "unlook", "decide", "decide", "stay", "day"]),
        st.sampled_from([0, 0, 1]),
        st.sampled_from([None, None, *Assessment]),
        st.sampled_from([SERVICE, SHELTER, SHELTER]),
    ),
    max_size=20,
)


@settings(max_examples=300)
@given(STEPS, st.integers(0, 2))
def test_the_gate_opens_exactly_when_the_plain_rule_says_so(
    steps: list[tuple[str, int, Assessment | None, uuid.UUID]], back: int
) -> None:
    entries: list[Entry] = []
    looks: list[Look] = []
    decisions: list[Decision] = []
    record, naive, day = Record(entries, looks, decisions), Naive(), 0
    for what, which, kind, organisation in steps:
        house, today, made = HOUSES[which], DAY + timedelta(days=day), uuid.uuid4()
        found = Found.SAFE if what in ("safe", "look") else Found.NOT_SAFE
        if what == "day":
            day += 1
        elif what in ("safe", "doubt"):
            for each in [kind] if kind else list(Assessment):
                number = sum(one.kind is each for one in entries) + 1
                entries.append(Entry(each, found, today, house, uuid.uuid4(), number, SERVICE, uuid.UUID(int=31)))
                naive.found[house, each] = (found, day)
        elif what in ("look", "unlook"):
            may = naive.safe(house) and organisation is not SERVICE
            with nullcontext() if may else pytest.raises(FindingRefused):
                at = check_look(record, house, organisation=organisation, member=made, on=today, today=today)
            if not may:
                continue
            looks.append(Look(made, house, found, today, organisation, made, at, len(looks) + 1))
            naive.looked.add(house)
        elif what == "stay":
            assert check_decision(record, None, Outcome.STAYS, member=AUTHORITY, on=today, today=today) is None
            decisions.append(Decision(made, Outcome.STAYS, today))
            naive.decided = None
        else:
            may = naive.safe(house) and house in naive.looked
            with nullcontext() if may else pytest.raises(FindingRefused):
                look = check_decision(record, house, Outcome.GOES, member=AUTHORITY, on=today, today=today)
            if may:
                decisions.append(Decision(made, Outcome.GOES, today, house, look))
                naive.decided = (house, day)
        if what in ("doubt", "unlook"):
            naive.doubt(house)
    for house in HOUSES:
        for left in range(max(0, day - back), day + 8):
            assert _opens(record, house, DAY + timedelta(days=left)) == naive.is_open(house, left)


def _opens(record: Record, house: uuid.UUID, on: date) -> bool:
    found = opening(record, HOLDS)
    child = ChildFacts("child", found) if isinstance(found, Opening) else ChildFacts("child", None, found)
    try:
        check_household(check_child(child, Destination.FAMILY, on=on), child, house, **HOME)
    except GateClosed:
        return False
    return True
