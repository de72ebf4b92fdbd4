"""Which crossing point uses what, which directive binds, and assessment against profile."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.interviews import directives, rollout
from nrm.domain.interviews.directives import Directive
from nrm.domain.interviews.rollout import State, Use
from nrm.domain.interviews.screenings import Compared, compared

RINAS = Use("rinas", "returnee-1", date(2026, 2, 10))
AGAIN = Use("rinas", "returnee-2", date(2026, 9, 1))
USES = (AGAIN, Use("durres", "returnee-1", date(2025, 1, 1)), RINAS)


def test_a_post_uses_what_began_last_and_nothing_before_its_day() -> None:
    used = [rollout.present(USES, "rinas", day) for day in (date(2026, 2, 9), RINAS.starts_on, AGAIN.starts_on)]
    assert used == [None, RINAS, AGAIN]
    assert rollout.following(USES, "rinas", date(2026, 2, 9)) == RINAS
    assert rollout.following(USES, "rinas", RINAS.starts_on) == AGAIN
    assert rollout.following(USES, "rinas", AGAIN.starts_on) is None
    assert rollout.present(USES, "kakavija", AGAIN.starts_on) is None


@pytest.mark.parametrize(
    ("post", "today", "counted", "expected"),
    [
        ("kakavija", date(2026, 5, 1), date(2026, 4, 1), State.NO_DATE),
        ("rinas", date(2026, 2, 9), date(2026, 1, 1), State.LATER),
        ("rinas", date(2026, 2, 10), None, State.UNUSED),
        ("rinas", date(2026, 2, 10), date(2025, 10, 1), State.UNUSED),  # before its day does not count as use
        ("rinas", date(2026, 2, 10), date(2026, 1, 1), State.USED),  # the quarter it began in
        ("rinas", date(2026, 6, 30), date(2026, 1, 1), State.USED),  # in the quarter that is over
        ("rinas", date(2026, 7, 1), date(2026, 1, 1), State.QUIET),  # neither in that quarter nor in this one
    ],
)
def test_where_a_post_stands(post: str, today: date, counted: date | None, expected: State) -> None:
    assert rollout.state(USES, post, today, counted=counted) is expected


def directive(version: int, starts_on: date, *, ends_on: date | None = None, party: str = "POLICE") -> Directive:
    words = {"sq": "x", "en": "y"}
    return Directive("apart", version, party, starts_on, ends_on, ("safety",), words, words, words)


def test_the_newest_version_that_has_begun_binds_until_its_last_day() -> None:
    known = (directive(1, date(2026, 1, 1)), directive(2, date(2026, 5, 1), ends_on=date(2026, 5, 31)))
    bound = [
        [each.version for each in directives.in_force(known, "POLICE", day)]
        for day in (date(2025, 12, 31), date(2026, 4, 30), date(2026, 5, 1), date(2026, 5, 31), date(2026, 6, 1))
    ]
    # A version that ended does not bring the one before it back.
    assert bound == [[], [1], [2], [2], []]
    assert directives.in_force(known, "HELPLINE", date(2026, 5, 1)) == ()
    assert directives.on_page(known, "check") == ()


@given(st.lists(st.integers(0, 400), unique=True, max_size=6).map(sorted), st.integers(-5, 410))
def test_at_most_one_version_binds_and_none_from_the_future(starts: list[int], today: int) -> None:
    begin = date(2026, 1, 1)
    known = [directive(number, begin + timedelta(days=day)) for number, day in enumerate(starts, start=1)]
    bound = directives.in_force(known, "POLICE", begin + timedelta(days=today))
    assert [each.version for each in bound] == [sum(day <= today for day in starts)][: any(d <= today for d in starts)]


def test_assessment_against_profile_is_as_it_more_or_less() -> None:
    counts = [
        ("possible", "possible", 4),  # as the profile
        ("none", "none", 3),  # as the profile
        ("none", "suspected", 2),  # the officer saw more
        ("suspected", "possible", 1),  # the officer saw more
        ("possible", "suspected", 5),  # the officer saw less
        ("suspected", "none", 6),  # the officer saw less
        ("possible", "99", 7),  # an urgent hand-over is not assessed
        ("", "", 8),  # a refusal keeps neither
    ]
    assert compared(counts) == Compared(same=7, more=3, less=11)
    assert compared(counts).assessed == 21
