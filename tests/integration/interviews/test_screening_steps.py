"""How far screenings come, counted by post: shares for the monitor, and nothing of who refused or did not decide."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.interviews.screenings import (
    ASKED_AGAIN,
    FAMILIES,
    FAMILY_CHILDREN,
    LEFT_UNASKED,
    NOT_ASKED,
    SCREENED,
    WENT_ON,
    Screening,
)
from nrm.domain.quarters import Quarter
from nrm.domain.reports.counting import RETURNEE
from nrm.models.interviews.screenings import ScreenStep
from nrm.store.countries import country
from nrm.store.reports import crossing_counting
from nrm.store.rows.interviews import screenings as screening_rows
from tests import screened
from tests.conftest import Person
from tests.factories import end_holds, later
from tests.factories_interviews import LOGIN, begin, example, left_unasked, naming_nothing, questionnaire, walk

RELEASE = Actor.system("release")
SignIn = Callable[[str], Person]
ORDINARY: dict[str, Any] = {"age": "adult", "alone": "yes", "assessment": "none", "risk": "low"}


def ordinary(**changed: Any) -> dict[str, Any]:
    """An adult who names nothing, in the whole interview."""
    return {**example(**naming_nothing()), **ORDINARY, **changed}


def steps() -> dict[str, int]:
    """The numbers of the post, this month."""
    db.session.rollback()
    rows = db.session.execute(select(ScreenStep.step, ScreenStep.number).where(ScreenStep.crossing_point == "rinas"))
    return {row.step: row.number for row in rows}


ASKED_BEFORE_OTHERS = {"alone": "no", "companions": ["friend"], "apart": "not_asked"}


def test_who_could_not_be_asked_is_counted_as_that_and_never_as_no_indicator(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    answers = ordinary(**ASKED_BEFORE_OTHERS, language="sq", returned_from="GR")
    assert left_unasked(person, answers).endswith("/ended/not_asked")
    (one,) = screened.counted()
    assert (one.outcome, one.processed, one.profile, one.age_class) == (NOT_ASKED, NOT_ASKED, "", "adult")
    assert (one.crossing_point, one.returned_from) == ("rinas", "GR")
    assert steps() == {SCREENED: 1, LEFT_UNASKED: 1}
    later(days=120)
    assert 'id="assessments"' not in sign_in("oms.monitor").get("/rollout/assessments")  # nothing was assessed


def test_report_x_prints_who_could_not_be_asked(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    left_unasked(person, ordinary(**ASKED_BEFORE_OTHERS, language="sq"))
    quarter = Quarter.of(clock.today(country().timezone))
    with db.engine.connect() as connection:
        found = crossing_counting.returnees(connection, quarter, quarter, by=RELEASE)
    place = RETURNEE.index("outcome"), RETURNEE.index("processed")
    assert [tuple(codes[each] for each in place) for codes in found] == [(NOT_ASKED, NOT_ASKED)]
    outcomes = country().tables["x"].dimensions["outcome"]
    assert NOT_ASKED in outcomes.codes


def test_a_child_is_never_left_unasked(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    child = {"age": "child", "age_stated": None, "birth": None, "child_with": "nëna", "noticed_child": ["alone"]}
    loaded = walk(person, example(**ASKED_BEFORE_OTHERS, **child, assessment="suspected"), begin(person))
    assert "apart" not in "".join(each for page in loaded for each in asked_on(page))
    assert all(one.outcome != NOT_ASKED for one in screened.counted())


def asked_on(page: str) -> tuple[str, ...]:
    """The questions of a page that was loaded; none of a page that is not of the questionnaire."""
    pages = questionnaire().pages
    return pages[page].questions if page in pages else ()


@pytest.mark.slow
def test_an_interview_is_counted_as_far_as_it_came(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    walk(person, example(assessment="possible"), begin(person))
    assert steps() == {SCREENED: 1, WENT_ON: 1}
    walk(person, example(assessment="none"), begin(person))  # against everything that was named
    assert steps() == {SCREENED: 1, WENT_ON: 1}  # it is held
    assert end_holds() == 1
    assert steps() == {SCREENED: 2, WENT_ON: 2, ASKED_AGAIN: 1}


@pytest.mark.parametrize(
    "answers",
    [
        {"consent_services": "no", "refusal_reason": "fear"},
        {"consent_statistics": "no"},
        {"age": "child", "age_stated": None, "birth": None, "child_with": "nëna", "noticed_child": ["alone"]},
    ],
    ids=["refused", "not to be counted", "a child"],
)
def test_of_these_no_step_is_counted(answers: dict[str, Any], app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    walk(person, example(assessment="possible", **answers), begin(person))
    assert steps() == {}


def test_an_urgent_hand_over_is_no_screening(app: Flask, sign_in: SignIn) -> None:
    assert app
    person = sign_in(LOGIN)
    walk(person, example(consent_urgent="given"), begin(person, urgent=True))
    assert steps() == {}


def count(month: date, point: str, **numbers: int) -> None:
    one = Screening(month, "ALB", "none", "no_indicator", "adult", "feminine", point)
    with transaction() as session:
        for step, number in numbers.items():
            screening_rows.count_steps(session, [one] * number, [step])


def rows_of(page: str) -> dict[str, list[str]]:
    """Crossing point -> what its row says, of the table of shares."""
    table = page.partition('id="screened"')[2].partition("</table>")[0].replace("<strong>", "").replace("</strong>", "")
    rows = [row.split("</tr>")[0] for row in table.split('<tr><th scope="row">')[1:]]
    return {
        row.split("<")[0]: [
            part.split("<")[0] for part in row.replace('td colspan="5"', 'td class="n"').split('<td class="n">')[1:]
        ]
        for row in rows
    }


def test_the_monitor_sees_rounded_shares_of_quarters_that_are_over_and_no_count(app: Flask, sign_in: SignIn) -> None:
    assert app
    clock.set_clock(lambda: datetime(2026, 7, 20, 9, tzinfo=UTC))
    may = date(2026, 5, 1)
    count(
        may, "rinas", **{SCREENED: 61, LEFT_UNASKED: 14, WENT_ON: 21, ASKED_AGAIN: 2, FAMILIES: 11, FAMILY_CHILDREN: 31}
    )
    count(may, "durres", **{SCREENED: 40})
    count(may, "muriqan", **{SCREENED: 19, LEFT_UNASKED: 19})
    count(may, "", **{SCREENED: 50, LEFT_UNASKED: 50})
    count(date(2026, 7, 1), "rinas", **{SCREENED: 100, LEFT_UNASKED: 100})  # this quarter is not over
    count(date(2025, 6, 1), "rinas", **{SCREENED: 100, LEFT_UNASKED: 100})  # more than four quarters ago
    for login in ("oms.monitor", "ra.duty_officer"):
        page = sign_in(login).get("/rollout/assessments")
        assert rows_of(page) == {
            "Aeroporti i Rinasit": ["25 %", "35 %", "5 %", "20 %", "50 %"],
            "Porti i Durrësit": ["0 %", "0 %", "0 %", "0 %", "0 %"],
            "Muriqani": ["më pak se 20 persona"],
        }
        assert not {"61", "14", "21"}.intersection(page.partition('id="screened"')[2].split('"n">'))
    sign_in("oms.coordinator").get("/rollout/assessments", status=403)
    sign_in(LOGIN).get("/rollout/assessments", status=403)


def test_a_number_is_of_one_quarter_and_one_post(app: Flask) -> None:
    assert app
    count(date(2026, 5, 1), "rinas", screened=2)
    count(date(2026, 6, 1), "rinas", screened=1)
    count(date(2026, 7, 1), "rinas", screened=1)
    count(date(2026, 5, 1), "durres", screened=1)
    db.session.rollback()
    found = db.session.execute(select(ScreenStep.quarter_on, ScreenStep.crossing_point, ScreenStep.number))
    assert sorted(map(tuple, found)) == [
        (date(2026, 4, 1), "durres", 1),
        (date(2026, 4, 1), "rinas", 3),
        (date(2026, 7, 1), "rinas", 1),
    ]
