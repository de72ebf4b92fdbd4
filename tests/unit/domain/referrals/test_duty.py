"""What the duty desk shows first, as rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nrm import countries
from nrm.domain.conditions import parse
from nrm.domain.referrals.duty import AHEAD, OLD_AFTER, Part, clauses_of_danger, part_of, says_danger

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("due", "at_post", "part"),
    [
        (NOW, True, Part.POST),
        (NOW + timedelta(days=30), True, Part.POST),
        (NOW - OLD_AFTER + INSTANT, True, Part.POST),
        (NOW - OLD_AFTER, True, Part.OLD),
        (NOW - OLD_AFTER, False, Part.OLD),
        (NOW - OLD_AFTER + INSTANT, False, Part.DUE),
        (NOW + AHEAD, False, Part.DUE),
        (NOW + AHEAD + INSTANT, False, Part.LATER),
    ],
)
def test_a_thing_stands_in_one_part_of_the_desk(due: datetime, at_post: bool, part: Part) -> None:
    assert part_of(due, NOW, at_post=at_post) is part


@pytest.mark.parametrize(
    ("condition", "danger"),
    [
        ({"eq": ["security_risk", "high"]}, True),
        ({"eq": ["security_risk", "low"]}, False),
        ({"in": ["security_risk", ["high"]]}, True),
        ({"in": ["security_risk", ["high", "medium"]]}, False),
        ({"has": ["needs", "security"]}, True),
        ({"has": ["needs", "medical"]}, False),
        ({"or": [{"eq": ["security_risk", "high"]}, {"has": ["needs", "security"]}]}, True),
        ({"or": [{"eq": ["security_risk", "high"]}, {"eq": ["urgent", True]}]}, False),
        ({"and": [{"eq": ["security_risk", "high"]}, {"eq": ["urgent", True]}]}, True),
        ({"not": {"eq": ["security_risk", "high"]}}, False),
    ],
)
def test_a_clause_says_danger_only_where_it_is_for_people_in_danger_alone(condition: object, danger: bool) -> None:
    assert says_danger(parse(condition)) is danger


def test_of_the_shipped_agreement_one_clause_says_danger() -> None:
    assert clauses_of_danger(countries.load("albania").agreements) == [("2005", "2.3")]
