"""Screenings are kept as numbers alone: whatever was counted can be read again, on both databases, up and down."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from nrm import audit, schema
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.interviews.screenings import Screening
from nrm.domain.quarters import Quarter
from nrm.models.interviews.screenings import ScreeningKind
from nrm.store.reports import crossing_counting
from nrm.store.rows.interviews import screenings as screening_rows
from tests import screened
from tests.integration.test_races import instance
from tests.races import race

__all__ = ["instance"]

RELEASE = Actor.system("release")
BEFORE = "0029_indexes"
MONTHS = [date(2026, month, 1) for month in (1, 3, 4, 6, 7)]
QUARTERS = MONTHS[0], MONTHS[2]


def kept(one: Screening) -> Screening:
    """As it can be read again: of the month only its quarter (ADR 0242)."""
    return replace(one, month=Quarter.of(one.month).start)


some_screening = st.builds(
    Screening,
    month=st.sampled_from(MONTHS),
    citizenship_class=st.sampled_from(["home", "third_country"]),
    outcome=st.sampled_from(["none", "possible"]),
    processed=st.sampled_from(["no_indicator", "returned_to_family"]),
    age_class=st.just("adult"),
    gender=st.sampled_from(["feminine", "unknown"]),
    crossing_point=st.sampled_from(["", "rinas"]),
    returned_from=st.sampled_from(["GR", "99"]),
    agency=st.sampled_from(["yes", "99"]),
    profile=st.sampled_from(["", "none", "possible"]),
    assessment=st.sampled_from(["none", "possible"]),
    reason=st.sampled_from(["", "fear"]),
)


def returnees_of(counted: Counter[Screening], first: Quarter, last: Quarter) -> Counter[tuple[str, ...]]:
    """What report x counts of these, one by one."""
    found: Counter[tuple[str, ...]] = Counter()
    for one in counted.elements():
        at_a_point = one.crossing_point != "" or one.outcome == "refused"
        if one.citizenship_class == "home" and at_a_point and first.start <= one.month <= last.end:
            found[
                one.crossing_point, one.outcome, one.processed, one.age_class,
                one.gender, one.returned_from, one.announced, one.agency,
            ] += 1  # fmt: skip
    return found


def asked(first: Quarter, last: Quarter) -> Counter[tuple[str, ...]]:
    with db.engine.connect() as connection:
        return crossing_counting.returnees(connection, first, last, by=RELEASE)


def test_whatever_was_counted_in_whatever_order_is_read_again(instance: Flask) -> None:
    assert instance
    so_far: Counter[Screening] = Counter()

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(some_screening, max_size=25))
    def more(each: list[Screening]) -> None:
        screened.count(each)
        so_far.update(map(kept, each))
        assert screened.counted() == so_far
        for first, last in ((Quarter(2026, 1), Quarter(2026, 1)), (Quarter(2026, 2), Quarter(2026, 3))):
            assert asked(first, last) == returnees_of(so_far, first, last)

    more()


def test_two_posts_that_count_the_same_kind_at_once_lose_none(instance: Flask) -> None:
    one = Screening(MONTHS[0], "home", "none", "no_indicator", "adult", "feminine", crossing_point="rinas")

    def count() -> None:
        for _ in range(4):
            with transaction() as session:
                audit.append(session, audit.Event.INTERVIEW_ENDED, by=RELEASE)
                screening_rows.count(session, [one])

    race(instance, *[count] * 4)
    assert screened.counted() == {one: 16}
    assert db.session.scalar(select(func.count()).select_from(ScreeningKind)) == 1


@pytest.mark.slow
def test_screenings_from_before_become_numbers_and_rows_again(instance: Flask) -> None:
    assert instance
    common = {"citizenship_class": "home", "processed": "no_indicator", "age_class": "adult", "gender": "feminine"}
    before = Counter(
        {
            Screening(QUARTERS[0], **common, outcome="none", crossing_point="rinas", profile="possible"): 3,
            Screening(QUARTERS[0], **common, outcome="none", crossing_point="rinas", profile="none"): 2,
            Screening(QUARTERS[1], **common, outcome="none", crossing_point="rinas", agency="yes"): 1,
            Screening(QUARTERS[1], **common, outcome="refused", reason="fear"): 1,
            Screening(QUARTERS[1], **common, outcome="possible", crossing_point="durres", assessment="possible"): 2,
        }
    )
    screened.count(before.elements())
    with transaction() as session:
        for mark in (b"one", b"two"):
            screening_rows.remember_line(session, mark)
    db.session.remove()
    schema.downgrade(BEFORE)
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT month, outcome, crossing_point, profile, reason, agency, import_mark FROM screenings"
        ).all()
    assert len(rows) == before.total()
    assert sorted(bytes(row.import_mark) for row in rows if row.import_mark) == [b"one", b"two"]
    assert {row.outcome for row in rows if row.import_mark} <= {"none", "refused"}
    assert Counter((str(row.month), *row[1:6]) for row in rows) == Counter(
        (str(each.month), each.outcome, each.crossing_point, each.profile, each.reason, each.agency)
        for each in before.elements()
    )
    schema.upgrade()
    assert screened.counted() == before
    assert screening_rows.is_screened(b"one")
    assert not screening_rows.is_screened(b"three")


def test_a_number_says_of_somebody(instance: Flask) -> None:
    assert instance
    screened.count([Screening(QUARTERS[0], "home", "none", "no_indicator", "adult", "feminine")])
    with pytest.raises(Exception, match="somebody"), db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE screening_counts SET number = 0")
